"""An expression that keeps its sign next to an end of an interval: a distance without a zero.

With t the distance from the end (1/u where that is infinite), the numerator of the expression is
written as a polynomial in log(t) whose coefficients have a Taylor series at t = 0.  Each is
t**v*C by Taylor's theorem, where C lies in the v-th derivative over [0, t] divided by v!, and all
coefficients before are zero by algebra, not in numbers.  Where the leading term outweighs the
others on 0 < t <= d, there is no zero so near.
Source: Rudin, Principles of Mathematical Analysis (1976), theorem 5.15, for Taylor's theorem.
"""

import math
from dataclasses import dataclass

import sympy as sp
from flint import arb, ctx

from symmle.budget import bounded
from symmle.enclosed import Counts, Enclosed, Rows, enclosed
from symmle.errors import BudgetError, InputError
from symmle.exp_quotient import ExpQuotient
from symmle.fraction import reduced_fraction
from symmle.sample_mean import OverData, SampleMean, masked, raw

_PRECISION = 128
_MOST_ORDERS = 6  # derivatives that are looked at, before an expansion is given up
_MOST_OPERATIONS = 600
_NEAREST = 160  # halvings of one, for the smallest distance that is tried
_FURTHEST = -60  # and for the largest
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Term:
    """t**power * log(t)**logs * C, with C in the enclosure."""

    power: int
    logs: int
    enclosure: Enclosed


def clear_distance(
    expr: sp.Expr, unknown: sp.Symbol, end: sp.Expr, side: int, rows: Rows, counts: Counts
) -> float | None:
    """A distance from the end, within which the expression has no zero; None where none is shown.

    expr: in the unknown, with means over the data.  end: a number or an infinity.  side: 1 where
    the unknown lies above the end, else -1.  The distance from an infinite end is 1/|unknown|.
    """
    t = sp.Symbol("t_end", positive=True)
    place = -side / t if end.is_infinite else end + side * t
    try:
        terms = bounded(_SECONDS, lambda: _terms(expr.xreplace({unknown: place}), t, rows, counts))
    except (BudgetError, InputError):
        return None
    if not terms:
        return None
    with ctx.workprec(_PRECISION):
        fails, works = _FURTHEST, _NEAREST
        if not _outweighs(terms, works):
            return None
        while works - fails > 4:  # what holds at a distance holds nearer by, as good as always
            middle = (fails + works) // 2
            if _outweighs(terms, middle):
                works = middle
            else:
                fails = middle
    return 2.0**-works


def _terms(expr: sp.Expr, t: sp.Symbol, rows: Rows, counts: Counts) -> list[_Term] | None:
    """What the numerator is made of, the log of t taken apart."""
    if expr.count_ops() > _MOST_OPERATIONS:
        return None
    logs = sp.Symbol("log_t_end", real=True)
    plain = _without_log(_shown(_over_data(raw(expr), t), t), t, logs)
    letters, back = masked(plain)
    numerator = sp.expand_mul(sp.fraction(sp.together(letters))[0])
    if any(logs in node.free_symbols for node in back.values()):
        return None
    if not numerator.is_polynomial(logs):
        return None
    found = []
    for (power,), coefficient in sp.Poly(numerator, logs).terms():
        term = _expanded(coefficient.xreplace(back), t, power, rows, counts)
        if term is None:
            return None
        found.append(term)
    return found


def _over_data(expr: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """Each mean of a fraction in t as that of a reduced one, so that powers of t come out of it."""
    return expr.replace(
        lambda e: isinstance(e, SampleMean),
        lambda e: SampleMean(_smooth(e.args[0], t)),
    )


def _smooth(expr: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """What stands in a mean, with its powers shown and its fractions reduced."""
    smooth = _shown(expr, t)
    inner = {
        call: call.func(*(_fraction(arg) for arg in call.args)) for call in smooth.atoms(sp.log)
    }
    return sp.factor_terms(_fraction(smooth.xreplace(inner)))


def _shown(expr: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """Powers that tend to one at t = 0 as one plus what shows how fast."""
    shown = {}
    for power in (e for e in expr.atoms(sp.Pow, sp.exp) if _tends_to_one(e, t)):
        base, exponent = power.as_base_exp()
        y = exponent * sp.log(base)
        shown[power] = 1 + y * ExpQuotient(sp.S.Zero, y)
    return expr.xreplace(shown)


def _fraction(expr: sp.Expr) -> sp.Expr:
    return sp.factor_terms(reduced_fraction(expr))


def _tends_to_one(power: sp.Expr, t: sp.Symbol) -> bool:
    base, exponent = power.as_base_exp()
    if t in base.free_symbols or t not in exponent.free_symbols:
        return False
    return bool(exponent.is_polynomial(t) and exponent.xreplace({t: sp.S.Zero}) == 0)


def _without_log(expr: sp.Expr, t: sp.Symbol, logs: sp.Symbol) -> sp.Expr:
    """log(t**k*rest) as k*log(t) + log(rest), with a letter for log(t)."""

    def split(call: sp.Expr) -> sp.Expr:
        rest, power = _fraction(call.args[0]), sp.S.Zero
        factors = []
        for factor in sp.Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            if base == t:
                power += exponent
            else:
                factors.append(factor)
        return power * logs + sp.log(sp.Mul(*factors))

    return expr.replace(lambda e: isinstance(e, sp.log) and t in e.free_symbols | _inside(e), split)


def _inside(expr: sp.Expr) -> set[sp.Symbol]:
    return set().union(*(node.args[0].free_symbols for node in expr.atoms(OverData)))


def _expanded(expr: sp.Expr, t: sp.Symbol, logs: int, rows: Rows, counts: Counts) -> _Term | None:
    """The first derivative at t = 0 that algebra does not show to vanish."""
    low = _lowest_power(expr, t)
    slope = sp.expand_mul(expr * t**-low)
    for order in range(_MOST_ORDERS):
        here = slope.xreplace({t: sp.S.Zero})
        if here.has(sp.nan, sp.zoo, sp.oo, -sp.oo) or t in here.free_symbols:
            return None
        if not _vanishes(here):
            share = slope / math.factorial(order)
            laid = enclosed([share], (t,), rows, counts, _PRECISION)
            return _Term(low + order, logs, laid)
        slope = slope.diff(t)
        if slope.count_ops() > 8 * _MOST_OPERATIONS:
            return None
    return None


def _lowest_power(expr: sp.Expr, t: sp.Symbol) -> int:
    """The lowest power of t among the factors of the terms: not above the true order."""
    powers = []
    for term in sp.Add.make_args(sp.expand_mul(expr)):
        exponent = term.as_powers_dict().get(t, sp.S.Zero)
        powers.append(int(exponent) if exponent.is_Integer else 0)
    return min(powers)


def _vanishes(value: sp.Expr) -> bool:
    letters, _ = masked(raw(value))
    return bool(sp.expand(letters) == 0)


def _outweighs(terms: list[_Term], halvings: int) -> bool:
    """Whether the leading term is larger than all others for 0 < t <= 2**-halvings."""
    least = min(term.power for term in terms)
    lead = max((term for term in terms if term.power == least), key=lambda term: term.logs)
    near = arb(2) ** -halvings
    log = -near.log()
    if any(term.logs for term in terms) and not log > 1:
        return False
    total, here = arb(0), arb(0).union(near)
    for term in terms:
        value = term.enclosure.at([here])[0]
        power, logs = term.power - least, term.logs - lead.logs
        if term is lead:
            total += value
            continue
        if logs > 0 and not log * power > logs:  # else t**power*|log t|**logs rises with t
            return False
        total += value * arb(0).union(near**power * log**logs).union(-(near**power) * log**logs)
    return bool(total > 0 or total < 0)
