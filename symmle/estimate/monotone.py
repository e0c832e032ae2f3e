"""Whether a reduced equation is monotone, so that it has at most one root."""

import sympy as sp

from symmle.estimate.records import Equation
from symmle.fraction import reduced_fraction
from symmle.model import Variable
from symmle.sample_mean import SampleMean, has_data, masked, nodes

_MOST_OPERATIONS = 400  # the sign of a larger slope is not looked for
_MOST_MEANS = 8  # of an expression whose pairs are looked through


def signed_equation(expression: sp.Expr, unknown: Variable, concave: bool, own: bool) -> Equation:
    """The reduced equation, signed so that it falls where that can be proved.

    concave: whether the whole log-likelihood is known to be, so that its profile is too.
    own: whether it is the slope of the profile likelihood, up to a positive factor.
    Times a power of a positive unknown an equation has the same root, and its slope there the same
    sign: so (a - mean(x))/s**2 - 1/s is looked at as a - mean(x) - s, too.
    """
    for each in dict.fromkeys((expression, _without_powers(expression, unknown))):
        sign = _sign(each.diff(unknown.symbol))
        if sign:
            return Equation(unknown.symbol, -sign * each, unknown.domain, True, sign < 0, own)
    return Equation(unknown.symbol, expression, unknown.domain, concave, False, own)


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
    letters, _ = masked(trigamma_bounded(slope))
    short = reduced_fraction(letters)
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
