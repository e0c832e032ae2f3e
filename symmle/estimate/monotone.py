"""Whether a reduced equation is monotone, so that it has at most one root."""

from collections.abc import Iterator, Sequence

import sympy as sp

from symmle.budget import bounded
from symmle.domain import Variable
from symmle.errors import BudgetError
from symmle.estimate.known_functions import with_known_functions
from symmle.estimate.one_root import crosses_once
from symmle.estimate.positive_sums import positive_sums
from symmle.estimate.records import Equation
from symmle.fraction import reduced_fraction
from symmle.sample_mean import SampleMean, has_data, linear_in_means, masked, nodes, separate

_MOST_OPERATIONS = 400  # the sign of a larger slope is not looked for
_MOST_MEANS = 8  # of an expression whose pairs are looked through
_SECONDS = 2.0
_POWERS = (1, -1, 2, -2)  # of a positive unknown, by which an equation is multiplied


def signed_equation(
    expression: sp.Expr,
    unknown: Variable,
    concave: bool,
    own: bool,
    data: Sequence[Variable] = (),
) -> Equation:
    """The reduced equation, signed so that it falls where that can be proved.

    concave: whether the whole log-likelihood is known to be, so that its profile is too.
    own: whether it is the slope of the profile likelihood, up to a positive factor.
    data: the columns, whose domains tell whole numbers.
    Times a positive factor an equation has the same root, and its slope there the same sign: so
    (a - mean(x))/s**2 - 1/s is looked at as a - mean(x) - s, too, and -1/s + mean(x**2/(s**2 +
    x**2))/s as -1 + mean(x**2/(s**2 + x**2)), which falls in every row.
    """
    where = unknown.domain
    for each in dict.fromkeys((expression, _without_powers(expression, unknown))):
        sign = _sign(each.diff(unknown.symbol))
        if sign:
            return Equation(unknown.symbol, -sign * each, where, True, sign < 0, own)
    try:
        found = bounded(_SECONDS, lambda: next(_falling(expression, unknown, data), None))
    except BudgetError:
        found = None
    if found is not None:
        factor, sign = found
        falling = -sign * expression
        if factor != 1:
            falling = sp.expand_mul(factor * falling, deep=False)
        return Equation(unknown.symbol, falling, where, True, sign < 0, own)
    once = crosses_once(expression, unknown, data)
    if once is not None:
        turned = once.sign * expression
        return Equation(unknown.symbol, turned, where, False, once.sign > 0, own, once.exists)
    return Equation(unknown.symbol, expression, where, concave, False, own)


def _falling(
    expression: sp.Expr, unknown: Variable, data: Sequence[Variable]
) -> Iterator[tuple[sp.Expr, int]]:
    """(a positive factor, the sign of the slope of the expression times it), where rows, sums or
    known functions show that."""
    symbol = unknown.symbol
    above = {v.symbol: sp.Dummy(positive=True) for v in data if v.symbol.is_nonnegative}
    factors = [sp.S.One, *(symbol**k for k in _POWERS if symbol.is_positive)]
    shown = with_known_functions(separate(expression))
    for form in (*positive_sums(shown, symbol, data), shown):
        sign = _sign(form.diff(symbol))
        if sign:
            yield sp.S.One, sign
        row = _row(form)
        if row is None or row.count_ops() > _MOST_OPERATIONS:
            continue
        # a sign at every x > 0 holds at x = 0 by continuity, weakly: not all rows are zero
        row = row.xreplace(above)
        for factor in factors:
            sign = _sign_of_letters(sp.expand_mul(factor * row).diff(symbol))
            if sign:
                yield factor, sign


def _row(expression: sp.Expr) -> sp.Expr | None:
    """One row of an expression that is linear in means, whose mean it is; None for any other."""
    linear, rest = linear_in_means(sp.expand_mul(expression))
    if nodes([rest]):
        return None
    return sp.Add(rest, *(weight * inside for inside, weight in linear))


def _without_powers(expression: sp.Expr, unknown: Variable) -> sp.Expr:
    """The expression times the power of the unknown that clears it from below its terms."""
    symbol = unknown.symbol
    if not symbol.is_positive:
        return expression
    terms = sp.Add.make_args(expression)
    powers = [dict(factor.as_base_exp() for factor in sp.Mul.make_args(t)) for t in terms]
    lowest = min(each.get(symbol, sp.S.Zero) for each in powers)
    if not lowest.is_Integer or lowest >= 0:
        return expression
    return sp.Add(*(sp.expand_mul(term * symbol**-lowest, deep=False) for term in terms))


def _sign(slope: sp.Expr) -> int:
    """1 or -1 where signs decide it, else 0.

    Each mean(w*T**2) is written by a weighted variance of T first:
    mean(w*T**2)/mean(w) - (mean(w*T)/mean(w))**2 is a variance with weights w > 0, by
    Cauchy-Schwarz positive unless T is constant.
    """
    if slope.count_ops() > _MOST_OPERATIONS:
        return 0
    present = {node.args[0]: node for node in nodes([slope]) if isinstance(node, SampleMean)}
    for zeroth, first, factor in weighted_means(slope):
        second = present.get(sp.powsimp(first.args[0] * factor))
        if second is not None:
            spread = sp.Dummy("spread", positive=True)
            slope = slope.xreplace({second: zeroth * spread + first**2 / zeroth})
    return _sign_of_letters(slope)


def _sign_of_letters(slope: sp.Expr) -> int:
    """1 or -1 where the signs of the letters decide it, a mean being a letter, else 0."""
    letters, _ = masked(trigamma_bounded(slope))
    short = sp.factor_terms(reduced_fraction(letters))
    return int(bool(short.is_positive)) - int(bool(short.is_negative))


def trigamma_bounded(slope: sp.Expr) -> sp.Expr:
    """trigamma(u) written as 1/u + 1/(2*u**2) and a positive rest, for u > 0.

    Source: Alzer, On some inequalities for the gamma and psi functions, Math. Comp. 66 (1997),
    theorem 9 with k = 1.
    """
    return slope.replace(
        lambda call: (
            isinstance(call, sp.polygamma) and call.args[0] == 1 and call.args[1].is_positive
        ),
        lambda call: 1 / call.args[1] + 1 / (2 * call.args[1] ** 2) + sp.Dummy(positive=True),
    )


def weighted_means(expr: sp.Expr) -> list[tuple[SampleMean, SampleMean, sp.Expr]]:
    """(mean(w), mean(w*T), T) for each pair in the expression with w > 0 and T not constant."""
    means = [node for node in nodes([expr]) if isinstance(node, SampleMean)]
    found = []
    for zeroth in means[:_MOST_MEANS]:
        for first in means[:_MOST_MEANS] if zeroth.is_positive else ():
            factor = reduced_fraction(first.args[0] / zeroth.args[0])
            if has_data(factor):
                found.append((zeroth, first, factor))
    return found
