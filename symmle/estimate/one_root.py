"""Equations known by their form to cross zero at most once, though they do not fall throughout.

Recognised is, for whole numbers T >= 0 and w a monotone expression in the unknown,

    g = log(w) - log(w + mean(T)) + mean(digamma(w + T)) - digamma(w),

the equation for the size of a negative binomial law.  It has at most one root in w > 0, a simple
one where it turns from positive to negative, and it has one exactly when var(T) > mean(T).

Proof.  Let m = mean(T), p[j] the part of the rows with T > j, P(s) the sum of p[j] over j <= s.
Then g is the Laplace transform at w of phi(t) = sum of p[j]*exp(-j*t) - (1 - exp(-m*t))/t, and
phi(t) = t**2 times the Laplace transform at t of V(s) = integral from 0 to s of P - min(., m).
V(0) = 0, V starts upwards if m > 0, and V tends to (m - var(T))/2.  At a whole k <= m put
e[k] = P(k) - k - 1, e[-1] = 0.  It is concave in k, for its steps p[k] - 1 fall, so e[i] >=
(i + 1)/(k + 1)*e[k] for i <= k, and V(k) = sum of (e[i] + 1/2) over 0 <= i < k is at least
k*(1 + e[k])/2.  So where V(k) < 0 also 1 + e[k] < 0: V falls from k on.  Between whole numbers V is
concave, and beyond m it falls.  So V changes its sign at most once, from + to -, and does exactly
when var(T) > m.  For F the Laplace transform of f that changes sign once, at c, exp(c*t)*F(t) has a
derivative of one strict sign; used twice, phi changes its sign at most once, from - to +, and
exp(c*w)*g(w) falls strictly for that c.  If V does not change its sign, g > 0.
Sources: Levin & Reeds, Compound multinomial likelihood functions are unimodal, Ann. Statist. 5
(1977) 79; Simonsen, Scand. Actuarial J. (1976) 220 and (1980) 53; Karlin, Total Positivity (1968).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from symmle.budget import bounded
from symmle.domain import Variable
from symmle.errors import BudgetError
from symmle.estimate.expansion import leading_term
from symmle.estimate.positive_sums import is_whole
from symmle.sample_mean import SampleMean, mean, nodes, separate, var

_SECONDS = 1.0
_MOST_OPERATIONS = 80  # of an equation that is compared


@dataclass(frozen=True, slots=True)
class Crossing:
    """sign: 1 if the equation turns from positive to negative at its root, -1 if the other way.

    exists: when there is a root.
    """

    sign: int
    exists: sp.Basic


def crosses_once(
    expression: sp.Expr, unknown: Variable, data: Sequence[Variable]
) -> Crossing | None:
    """The crossing of an equation of the form at the top of this file; None for any other.

    The form must be matched exactly, up to a factor of known sign that is free of the data.
    """
    if expression.count_ops() > _MOST_OPERATIONS or not expression.has(sp.polygamma):
        return None
    try:
        return bounded(_SECONDS, lambda: _matched(separate(expression), unknown, data))
    except BudgetError:
        return None


def _matched(expr: sp.Expr, unknown: Variable, data: Sequence[Variable]) -> Crossing | None:
    wide = sp.expand_mul(expr)
    for node in nodes([wide]):
        inside = node.args[0]
        if not isinstance(inside, sp.polygamma) or inside.args[0] != 0:
            continue
        whole, w = inside.args[1].as_independent(unknown.symbol, as_Add=True)
        constant, _ = whole.as_coeff_Add()
        for shift in dict.fromkeys((sp.S.Zero, constant)):
            found = _with_whole(wide, node, unknown, (whole - shift, w + shift), data)
            if found is not None:
                return found
    return None


def _with_whole(
    wide: sp.Expr,
    node: SampleMean,
    unknown: Variable,
    parts: tuple[sp.Expr, sp.Expr],
    data: Sequence[Variable],
) -> Crossing | None:
    """The crossing where `node` is mean(digamma(w + T)) for these T and w."""
    whole, w = parts
    if not w.is_positive or not is_whole(whole, data):
        return None
    factor, m = wide.coeff(node), mean(whole)
    slope = sp.factor_terms(sp.together(w.diff(unknown.symbol)))
    signs = [int(bool(e.is_positive)) - int(bool(e.is_negative)) for e in (factor, slope)]
    if nodes([factor]) or not signs[0] * signs[1] or not _fills_half_line(w, unknown):
        return None
    rest = sp.expand_mul((wide - factor * node) / factor)
    form = sp.log(w) - sp.log(w + m) - sp.polygamma(0, w)
    if _logs_of_sums(rest - form) != 0:
        return None
    return Crossing(signs[0] * signs[1], sp.StrictGreaterThan(var(whole) - m, 0))


def _fills_half_line(w: sp.Expr, unknown: Variable) -> bool:
    """Whether w takes every positive value: its ends are 0 and infinity."""
    ends = (unknown.domain.lower, False), (unknown.domain.upper, True)
    leading = [leading_term(w, unknown.symbol, end, below) for end, below in ends]
    powers = [sp.sign(each.power) for each in leading if each is not None]
    return sorted(powers) == [-1, 1]


def _logs_of_sums(expr: sp.Expr) -> sp.Expr:
    """With each log of a fraction as a difference of logs of its parts, so that equals cancel."""

    def parts(call: sp.Expr) -> sp.Expr:
        above, below = sp.fraction(sp.together(call.args[0]))
        return sp.expand_log(sp.log(sp.expand(above)), force=True) - sp.expand_log(
            sp.log(sp.expand(below)), force=True
        )

    return sp.expand_mul(expr.replace(lambda e: isinstance(e, sp.log), parts))
