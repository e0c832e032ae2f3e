"""Means written as positive sums of simpler rows, whose slopes show their signs.

Two identities, each a sum over letters that stand for numbers of known sign:

    mean(digamma(v + T)) - digamma(v) = sum over j of w[j]/(v + j),
        T a whole number >= 0, j = 0, 1, ..., w[j] >= 0 the part of the rows with T > j
        (DLMF 5.5.2, repeated)
    mean(exp(b*T)) = 1 + b*(integral of exp(b*s) over the part of the rows with T > s),
        T >= 0, and the derivatives of that in b

A sum over rows with weights is again a mean, of `w*row` with a positive letter w: what holds for
every mean holds for it.
"""

from collections.abc import Iterator, Sequence

import sympy as sp

from symmle.domain import Datum, Variable
from symmle.sample_mean import SampleMean, nodes


def positive_sums(
    expression: sp.Expr, unknown: sp.Symbol, data: Sequence[Variable]
) -> Iterator[sp.Expr]:
    """The expression in other letters, equal to it for the sums named above; none where no rule
    applies.  Means over the new letters bind them.
    """
    found = _without_digamma(expression, unknown, data), _without_exponential(expression, unknown)
    yield from (each for each in found if each is not None)


def is_whole(expr: sp.Expr, data: Sequence[Variable]) -> bool:
    """Whether it is a whole number >= 0 in every row, as x and x - 1 of whole columns may be."""
    lowest = {
        v.symbol: v.domain.lower + (not v.domain.lower_closed)
        for v in data
        if v.domain.integer and v.domain.lower.is_Integer
    }
    if not expr.free_symbols <= set(lowest) or not expr.is_polynomial(*lowest):
        return False
    letters = {s: low + sp.Dummy(integer=True, nonnegative=True) for s, low in lowest.items()}
    moved = sp.expand(expr.xreplace(letters))
    return bool(moved.is_integer and moved.is_nonnegative)


def _without_digamma(
    expression: sp.Expr, unknown: sp.Symbol, data: Sequence[Variable]
) -> sp.Expr | None:
    for node in nodes([expression]):
        inside = node.args[0]
        if not isinstance(inside, sp.polygamma) or inside.args[0] != 0:
            continue
        moved, start = inside.args[1].as_independent(unknown, as_Add=True)
        for whole, low in _offsets(moved, start, data):
            apart, other = sp.Dummy(), sp.Dummy()
            letters = expression.xreplace({node: apart, sp.polygamma(0, low): other})
            linear = sp.expand_mul(letters)
            weight = linear.coeff(apart)
            rest = sp.expand(linear - weight * (apart - other))
            if whole == 0 or rest.has(apart, other) or weight.has(apart, other):
                continue
            weights, step = Datum("w", positive=True), Datum("j", nonnegative=True)
            return rest + weight * SampleMean(weights / (low + step))
    return None


def _offsets(
    moved: sp.Expr, start: sp.Expr, data: Sequence[Variable]
) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """(T, v) with T + v = moved + start, T whole: the constant may stand on either side."""
    constant, _ = moved.as_coeff_Add()
    for shift in (sp.S.Zero, constant):
        if is_whole(moved - shift, data) and (start + shift).is_positive:
            yield moved - shift, start + shift


def _without_exponential(expression: sp.Expr, unknown: sp.Symbol) -> sp.Expr | None:
    """mean(exp(b*T)) and mean(T*exp(b*T)) by the integral and its derivative in b."""
    for node in nodes([expression]):
        inside = node.args[0]
        if not isinstance(inside, sp.exp):
            continue
        size = sp.cancel(inside.args[0] / unknown)
        if unknown in size.free_symbols or not size.is_nonnegative:
            continue
        weights, time = Datum("w", positive=True), Datum("s", nonnegative=True)
        held = SampleMean(weights * sp.exp(unknown * time))
        here: dict[sp.Basic, sp.Expr] = {node: 1 + unknown * held}
        here[SampleMean(size * inside)] = here[node].diff(unknown)
        return expression.xreplace(here)
    return None
