"""One number as the step: is the fixed point stable there, and how strongly.

Decided from the characteristic polynomial by Schur-Cohn; floating eigenvalues of a double root
or of a nilpotent Jacobian lose half the digits.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import sympy as sp
from flint import arb, fmpq, fmpq_poly

from symmle.balls import ball, exact, to_float
from symmle.known import Known
from symmle.schemes import Rule
from symmle.stability.cells import Spectrum, Undecided, is_exact, spectrum
from symmle.stability.numeric import at_rising_precision
from symmle.stability.parts import Part
from symmle.stability.polynomials import (
    Element,
    characteristic,
    is_schur,
    product,
    scaled,
)
from symmle.stability.records import AtStep, Verdict
from symmle.stability.rules import exactly, implicit_matrix, inverse_of, sweep_of

_HALVINGS = 400  # enough for a radius of 1e-100
_SHARES = (fmpq(1, 2), fmpq(11, 25), fmpq(5, 9))
_NARROW = fmpq(1, 2**60)  # relative width of a bracket at which the search ends
_WIDEST = fmpq(1, 2**45)  # and at which it may be reported
_BEYOND = 1 + fmpq(1, 10**30)


def at_step(parts: Sequence[Part], sweeps: int, step: sp.Expr) -> AtStep:
    """Spectral radius, one-step gain and verdict of one full update, at numbers.

    step: a positive number.  The verdict is proved for fractions and certified for balls.
    """
    if not all(part.is_gradient or is_exact(part) for part in parts):
        found = at_step([exactly(part) for part in parts], sweeps, step)
        return replace(found, known=found.known.weaker(Known.CHECKED))
    return at_rising_precision(parts, partial(_at_step, parts, sweeps, step))


def _at_step(parts: Sequence[Part], sweeps: int, step: sp.Expr) -> AtStep:
    number = exact(step)
    known = Known.PROVED if number is not None and all(map(is_exact, parts)) else Known.CERTIFIED
    place = ball(step) if number is None else number
    verdict = Verdict.STABLE
    for part in parts:
        verdict = _worse(verdict, _verdict(spectrum(part), place))
    radius = max((_radius(spectrum(part).at(place)) for part in parts), key=lambda ends: ends[1])
    gain = max((_gain(part, sweeps, place) for part in parts), key=lambda ends: ends[1])
    return AtStep(
        step,
        to_float(*radius)[0] ** sweeps,
        sp.sqrt(to_float(*gain)[0]),
        verdict,
        Known.UNKNOWN if verdict is Verdict.UNKNOWN else known,
    )


def _worse(first: Verdict, second: Verdict) -> Verdict:
    order = [Verdict.STABLE, Verdict.MARGINAL, Verdict.UNKNOWN, Verdict.UNSTABLE]
    return max(first, second, key=order.index)


def _verdict(found: Spectrum, step: fmpq | arb) -> Verdict:
    coefficients = found.at(step)
    inside = is_schur(coefficients)
    if inside:
        return Verdict.STABLE
    if all(isinstance(c, fmpq) for c in coefficients):
        return Verdict.MARGINAL if _is_marginal(coefficients) else Verdict.UNSTABLE
    if is_schur(scaled(coefficients, _BEYOND)) is False:
        return Verdict.UNSTABLE
    return Verdict.UNKNOWN


def _is_marginal(coefficients: Sequence[fmpq]) -> bool:
    """Whether no root is outside the unit circle; some are known not to be inside.

    Roots on the circle are shared with the reversed polynomial.  What is shared has all roots on
    the circle iff its derivative, once it is square-free, has them all inside (A. Cohn, 1922).
    """
    polynomial = fmpq_poly(list(reversed(coefficients)))
    reverse = fmpq_poly(list(coefficients))
    shared = polynomial.gcd(reverse)
    rest = polynomial // shared
    simple = shared // shared.gcd(shared.derivative())
    return bool(is_schur(rest.coeffs()[::-1]) and is_schur(simple.derivative().coeffs()[::-1]))


def _radius(coefficients: Sequence[Element]) -> tuple[fmpq, fmpq]:
    """A bracket of the largest modulus of the roots, by bisection on a circle's radius."""
    if all(c == 0 for c in coefficients[1:]):
        return fmpq(0), fmpq(0)
    low, high = fmpq(0), fmpq(1)
    while not (inside := is_schur(scaled(coefficients, high))):
        low, high = (high if inside is False else low), high * 2
        if high > 2**400:
            raise Undecided("a multiplier was not bounded")
    for _ in range(_HALVINGS):
        if high - low <= high * _NARROW:
            break
        for share in _SHARES:  # balls cannot decide just where a pivot vanishes: step aside
            middle = low + (high - low) * share
            inside = is_schur(scaled(coefficients, middle))
            if inside is not None:
                break
        else:
            break
        low, high = (low, middle) if inside else (middle, high)
    if high - low > high * _WIDEST:
        raise Undecided("the largest multiplier was not bracketed")
    return low, high


def _gain(part: Part, sweeps: int, step: fmpq | arb) -> tuple[fmpq, fmpq]:
    """A bracket of the square of the largest singular value of a part's Jacobian."""
    convert: Callable[[sp.Expr], Element] = ball
    if is_exact(part) and isinstance(step, fmpq):
        convert = exact
    lift = fmpq if convert is exact else (lambda p, q: arb(fmpq(p, q)))
    if part.rule is Rule.IMPLICIT:
        field = [[convert(entry) for entry in row] for row in part.field]
        once = inverse_of(implicit_matrix(field, step, lift), lift)
    else:
        once = sweep_of(part, convert, step, lift)
    jacobian = once
    for _ in range(sweeps - 1):
        jacobian = product(once, jacobian)
    transposed = [list(row) for row in zip(*jacobian, strict=True)]
    return _radius(characteristic(product(transposed, jacobian), lift))
