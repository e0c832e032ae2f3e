"""A score that is a rational function of one unknown: all its real zeros, isolated exactly.

The data are rational numbers, so the score is a quotient of two integer polynomials once it is put
over a common denominator; nothing is rounded before the roots of the numerator are enclosed.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import acb, arb, ctx, fmpq, fmpq_poly

from symmle.balls import fraction
from symmle.enclosed import Counts, Rows, exactly
from symmle.sample_mean import OverData, SampleCovariance, SampleMean

_MOST_ROWS = 100
_BITS = 200

Quotient = tuple[fmpq_poly, fmpq_poly]


@dataclass(frozen=True, slots=True)
class RationalRoot:
    """A zero of the score: a ball that holds it and no other, and what the score does there.

    kind: maximum where the score falls through zero, minimum where it rises, inflection where it
    keeps its sign; also right for a multiple zero, where the Hessian vanishes.
    """

    place: arb
    kind: str


class _NotRationalError(Exception):
    """Something other than a rational function was met."""


def rational_roots(
    expr: sp.Expr, symbol: sp.Symbol, rows: Rows, counts: Counts
) -> list[RationalRoot] | None:
    """Every real zero in ascending order; None where the expression is no rational function.

    Also None for more than 100 distinct rows, or where two zeros were not told apart.
    """
    if len(counts) > _MOST_ROWS:
        return None
    weights = [exactly(count) for count in counts]
    try:
        top, bottom = _quotient(expr, symbol, rows, weights, None)
    except _NotRationalError:
        return None
    if top.degree() < 0:
        return None
    # With the poles beside the zeros, no sign is read across one.
    changes = _real_roots(top * bottom)
    if changes is None:
        return None
    with ctx.workprec(_BITS):
        zeros = [
            not any(place.overlaps(pole) for pole in _real_roots(bottom) or ()) for place in changes
        ]
    return [
        RationalRoot(place, _kind(top * bottom, changes, i))
        for i, place in enumerate(changes)
        if zeros[i]
    ]


def _real_roots(polynomial: fmpq_poly) -> list[arb] | None:
    if polynomial.degree() < 1:
        return []
    with ctx.workprec(_BITS):
        pairs: list[Any] = list(polynomial.numer().complex_roots())  # (root, multiplicity)
        found = [acb(root) for root, _ in pairs]
        # Flint gives the real roots of a real polynomial an imaginary part that is exactly zero.
        real = sorted((root.real for root in found if root.imag == 0), key=lambda r: r.mid())
        apart = all(a < b for a, b in itertools.pairwise(real))
    return real if apart else None


def _kind(product: fmpq_poly, places: Sequence[arb], i: int) -> str:
    """By the sign of the score just outside of the ball, before the next zero of it.

    product: top*bottom, which has the sign of top/bottom; places: all its real roots.
    """
    with ctx.workprec(_BITS):
        here = places[i]
        before = places[i - 1].upper().fmpq() if i else here.lower().fmpq() - 2
        after = places[i + 1].lower().fmpq() if i + 1 < len(places) else here.upper().fmpq() + 2
        left = product((here.lower().fmpq() + before) / 2)
        right = product((here.upper().fmpq() + after) / 2)
    if left > 0 > right:
        return "maximum"
    return "minimum" if left < 0 < right else "inflection"


def _quotient(
    expr: sp.Expr, symbol: sp.Symbol, rows: Rows, weights: Sequence[fmpq], row: int | None
) -> Quotient:
    if expr == symbol:
        return fmpq_poly([0, 1]), fmpq_poly([1])
    if row is not None and expr in rows:
        return fmpq_poly([exactly(rows[expr][row])]), fmpq_poly([1])
    if isinstance(expr, sp.Rational | sp.Float) and expr.is_finite:
        return fmpq_poly([fraction(expr)]), fmpq_poly([1])
    if isinstance(expr, OverData):
        return _mean(expr, symbol, rows, weights)
    parts = [_quotient(arg, symbol, rows, weights, row) for arg in expr.args[:1]]
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer:
        return _power(parts[0], int(expr.exp))
    if not isinstance(expr, sp.Add | sp.Mul):
        raise _NotRationalError
    parts += [_quotient(arg, symbol, rows, weights, row) for arg in expr.args[1:]]
    if isinstance(expr, sp.Add):
        return _total(parts)
    top, bottom = fmpq_poly([1]), fmpq_poly([1])
    for part in parts:
        top, bottom = top * part[0], bottom * part[1]
    return _reduced(top, bottom)


def _mean(node: OverData, symbol: sp.Symbol, rows: Rows, weights: Sequence[fmpq]) -> Quotient:
    if isinstance(node, SampleCovariance):
        return _quotient(node.raw(), symbol, rows, weights, None)
    if not isinstance(node, SampleMean):
        raise _NotRationalError
    whole = sum(weights, fmpq(0))
    parts = [_quotient(node.args[0], symbol, rows, weights, i) for i in range(len(weights))]
    shares = [weight / whole for weight in weights]
    return _total([(top * w, bottom) for (top, bottom), w in zip(parts, shares, strict=True)])


def _total(parts: Sequence[Quotient]) -> Quotient:
    """The sum, in halves, so that the polynomials grow evenly."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    (a, b), (c, d) = _total(parts[:half]), _total(parts[half:])
    return _reduced(a + c, b) if b == d else _reduced(a * d + c * b, b * d)


def _power(base: Quotient, exponent: int) -> Quotient:
    if exponent >= 0:
        return base[0] ** exponent, base[1] ** exponent
    if base[0].degree() < 0:
        raise _NotRationalError
    return base[1] ** -exponent, base[0] ** -exponent


def _reduced(top: fmpq_poly, bottom: fmpq_poly) -> Quotient:
    common = top.gcd(bottom)
    return (top, bottom) if common.degree() < 1 else (top // common, bottom // common)
