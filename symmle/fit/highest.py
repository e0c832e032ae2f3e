"""When the highest of all stationary points is the maximum over the whole domain.

On a line where the likelihood is smooth, it rises from the lower end to the first stationary
point if that is a strict maximum, and falls beyond the last one if that is; then no end is higher
than the highest.  Where other parameters were solved for, the same holds of the profile, if for
each value of the one left they sit at their only stationary point, inside their domain, and that
is a maximum in them.
"""

from collections.abc import Mapping, Sequence

import sympy as sp

from symmle.derive import Derivation
from symmle.sample_mean import OverData, masked, on_support

_ELEMENTARY = (sp.exp, sp.sin, sp.cos, sp.atan, sp.sinh, sp.cosh, sp.tanh)
_SMOOTH = (sp.Add, sp.Mul, OverData, *_ELEMENTARY, sp.erf, sp.erfc, sp.erfi)
_SMOOTH_IF_POSITIVE = (sp.log, sp.loggamma, sp.gamma, sp.besseli)
_MOST_OPERATIONS = 400


def rises_to_all(kinds: Sequence[str]) -> bool:
    """Whether the first and the last stationary point on a line, in order, are maxima."""
    return bool(kinds) and kinds[0] == kinds[-1] == "maximum"


def is_smooth_inside(derivation: Derivation) -> bool:
    """Whether SymPy shows that the likelihood has no pole and no jump anywhere in the domain."""
    expr = derivation.average_log_likelihood
    return expr.count_ops() <= _MOST_OPERATIONS and _is_regular(expr)


def _is_regular(expr: sp.Expr) -> bool:
    if expr.is_Symbol:
        return True
    if expr.is_number:
        return bool(sp.N(expr, 15).is_finite)
    if not all(_is_regular(arg) for arg in expr.args):
        return False
    if isinstance(expr, sp.Pow):
        base, exponent = expr.args
        if exponent.is_Integer and exponent.is_nonnegative:
            return True
        inside = on_support(base)
        return bool(inside.is_positive or (exponent.is_Integer and inside.is_nonzero))
    if isinstance(expr, _SMOOTH_IF_POSITIVE):
        return bool(on_support(expr.args[-1]).is_positive)
    return isinstance(expr, _SMOOTH)


def profiles_are_maxima(derivation: Derivation, solved: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether each solution is positive, as its domain is, and H negative there; one at the most.

    The solution is the only stationary point in its parameter, for any value of the one left.
    """
    if not solved:
        return True
    if len(solved) > 1:
        return False
    ((symbol, value),) = solved.items()
    domains = {p.symbol: p.domain for p in derivation.model.parameters}
    inside = (domains[symbol].lower, domains[symbol].upper) == (0, sp.oo)
    place = list(derivation.score.parameters).index(symbol)
    bend = derivation.score.hessian[place, place]
    if bend.count_ops() > _MOST_OPERATIONS or value.count_ops() > _MOST_OPERATIONS:
        return False
    if not inside and domains[symbol].lower > -sp.oo:
        return False
    if inside and not masked(value)[0].is_positive:
        return False
    letters = masked(bend.xreplace({symbol: value}))[0]
    return bool(letters.is_negative or sp.factor_terms(sp.together(letters)).is_negative)
