"""When the estimate exists: conditions on the statistics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.core.function import PoleError

from symmle.budget import bounded
from symmle.domain import Datum, Variable
from symmle.errors import BudgetError
from symmle.estimate.expansion import Leading, leading_term
from symmle.estimate.monotone import weighted_means
from symmle.estimate.records import Equation
from symmle.fraction import reduced_fraction
from symmle.order_statistics import Maximum, Minimum
from symmle.sample_mean import (
    SampleMean,
    linear_in_means,
    log_by_sign,
    masked,
    mean,
    nodes,
    on_support,
    var,
)

_SECONDS = 2.0  # for a limit


def closed_form_exists(
    values: Mapping[sp.Symbol, sp.Expr], parameters: Iterable[Variable], average: sp.Expr
) -> sp.Basic:
    """When the closed form is finite, real and inside the domain, as conditions on the statistics.

    average: the average log-likelihood, whose logs must be defined there too.
    """
    conditions: list[sp.Basic] = []
    for variable in parameters:
        value, where = values[variable.symbol], variable.domain.at(dict(values))
        conditions += _defined(value)
        if where.lower.is_finite and not (where.lower_closed and _is_range(value - where.lower)):
            conditions.append(is_positive(value - where.lower))
        if where.upper.is_finite and not (where.upper_closed and _is_range(where.upper - value)):
            conditions.append(is_positive(where.upper - value))
    outside, back = masked(average, cautious=True)
    for call in outside.atoms(sp.log):
        if not call.args[0].is_positive:
            conditions.append(is_positive(call.args[0].xreplace(back).xreplace(dict(values))))
    strict = {each.lhs for each in conditions if isinstance(each, sp.StrictGreaterThan)}
    nonzero = strict | {-left for left in strict}
    return conjunction(
        each for each in conditions if not (isinstance(each, sp.Ne) and each.lhs in nonzero)
    )


def _is_range(expr: sp.Expr) -> bool:
    """Whether it is max(T) - min(T), which may be zero but never less."""
    tops = [each for each in expr.args if isinstance(each, Maximum)]
    return expr.is_Add and any(expr == top - Minimum(*top.args) for top in tops)


def conjunction(conditions: Iterable[sp.Basic]) -> sp.Basic:
    """All of them.  Not SymPy's own And, which takes mean(x) > 0 for settled by assumption."""
    parts = dict.fromkeys(
        part for each in conditions for part in (each.args if isinstance(each, sp.And) else [each])
    )
    left = [each for each in parts if each != sp.true]
    if sp.false in left:
        return sp.false
    if len(left) < 2:
        return left[0] if left else sp.true
    return sp.And(*left, evaluate=False)


def _defined(value: sp.Expr) -> list[sp.Basic]:
    """Conditions for logs of positive numbers, roots of positive numbers, no division by zero."""
    letters, back = masked(value, cautious=True)
    arguments = [call.args[0] for call in letters.atoms(sp.log)]
    arguments += [power.base for power in letters.atoms(sp.Pow) if not power.exp.is_Integer]
    positive = [is_positive(each.xreplace(back)) for each in arguments if not each.is_positive]
    divisors = [
        power.base
        for power in letters.atoms(sp.Pow)
        if power.exp.is_negative and not power.base.is_positive and not power.base.is_negative
    ]
    divisors = [each for each in divisors if each not in arguments]
    return positive + [is_not_zero(each.xreplace(back)) for each in divisors]


def is_not_zero(expr: sp.Expr) -> sp.Basic:
    """`expr != 0`, as `expr > 0` where it is never negative."""
    if expr.is_nonnegative:
        return is_positive(expr)
    if sp.true in (is_positive(expr), is_positive(-expr)):
        return sp.true
    return sp.Ne(expr, 0, evaluate=False)


def is_positive(expr: sp.Expr) -> sp.Basic:
    """`expr > 0` with the factors of known sign taken off."""
    letters, back = masked(sp.together(expr), cautious=True)
    uncertain, sign = [], 1
    for factor in map(_without_root, sp.Mul.make_args(sp.factor_terms(reduced_fraction(letters)))):
        base, exponent = factor.as_base_exp()
        if factor.is_negative:
            sign = -sign
        elif not factor.is_positive:
            odd = exponent.is_Rational and not (exponent.is_Integer and exponent.is_even)
            uncertain.append(base if odd or base.is_nonnegative else factor)
    left = _without_exp(sign * sp.Mul(*uncertain)).xreplace(back)
    if left.is_Number:
        return sp.S(bool(left > 0))
    if _mean_is_positive(left):
        return sp.true
    if sign < 0 and all(factor.is_nonnegative for factor in uncertain):
        return sp.false
    return sp.StrictGreaterThan(left, 0, evaluate=False)


def _without_exp(expr: sp.Expr) -> sp.Expr:
    """An expression of the same sign: u for exp(u) - 1."""
    for sign in (1, -1):
        grown = sign * expr + 1
        if isinstance(grown, sp.exp):
            return sign * grown.args[0]
    return expr


def _without_root(factor: sp.Expr) -> sp.Expr:
    """One in place of c*sqrt(Q) + P where c*sqrt(Q) outweighs P: Q*c**2 > P**2."""
    terms = sp.Add.make_args(factor)
    roots = [term for term in terms if any(power.exp == sp.S.Half for power in term.atoms(sp.Pow))]
    if not factor.is_Add or len(roots) != 1 or not roots[0].is_nonnegative:
        return factor
    short = reduced_fraction(sp.expand(roots[0] ** 2 - (factor - roots[0]) ** 2))
    return sp.S.One if short.is_positive else factor


def _mean_is_positive(left: sp.Expr) -> bool:
    """Whether it is a sum of means that is the mean of something positive in every row."""
    terms, rest = linear_in_means(left)
    if rest != 0 or not all(coefficient.is_number for _, coefficient in terms):
        return False
    inside = sp.Add(*(coefficient * inside for inside, coefficient in terms))
    shown = on_support(sp.logcombine(inside, force=True)).replace(sp.log, log_by_sign)
    return bool(shown.is_positive)


def root_exists(equation: Equation) -> sp.Basic | None:
    """When a falling equation has its root: it must start above zero and end below.

    None where the equation is not known to fall or a limit is not found.
    """
    if equation.crossing is not None:
        return equation.crossing
    if not equation.falling:
        return None
    ends = [_sign_at_end(equation, below) for below in (False, True)]
    return None if None in ends else conjunction(each for each in ends if each is not None)


def _sign_at_end(equation: Equation, below: bool) -> sp.Basic | None:
    """When a falling expression is positive at the lower end, or negative at the upper one."""
    end = equation.domain.upper if below else equation.domain.lower
    leading = leading_term(equation.expression, equation.unknown, end, below)
    if leading is not None:
        return _sign_of_leading(equation, leading, below)
    try:
        limit = bounded(_SECONDS, lambda: _limit(equation, end))
    except BudgetError:
        return None
    if limit is None:
        return None
    limit = -limit if below else limit
    return sp.S(bool(limit > 0)) if limit.is_infinite else is_positive(limit)


def _sign_of_leading(equation: Equation, leading: Leading, below: bool) -> sp.Basic | None:
    """The same from the leading term of an expression that falls strictly.

    A finite limit: zero will not do, for the expression does not reach it.  An infinite one: where
    its coefficient may vanish, for data of zeros only, such data are looked at by themselves.
    """
    if leading.power > 0:
        return sp.false
    found = is_positive(-leading.coefficient if below else leading.coefficient)
    if (leading.power == 0 and leading.logs == 0) or found in (sp.true, sp.false):
        return found
    zeros = dict.fromkeys(_data(equation.expression), sp.S.Zero)
    if len(zeros) != 1 or not _vanishes_at_zeros_only(found):
        return None
    alone = equation.expression.xreplace({n: n.args[0] for n in nodes([equation.expression])})
    end = equation.domain.upper if below else equation.domain.lower
    rest = leading_term(alone.xreplace(zeros), equation.unknown, end, below)
    holds = rest is not None and is_positive(-rest.coefficient if below else rest.coefficient)
    return found if holds == sp.false else None


def _data(expr: sp.Expr) -> set[sp.Symbol]:
    insides = [arg.free_symbols for node in nodes([expr]) for arg in node.args]
    return {s for s in set().union(*insides) if isinstance(s, Datum)}


def _vanishes_at_zeros_only(condition: sp.Basic) -> bool:
    """Whether it is mean(T) > 0 for T >= 0 that is zero at a datum of zero and nowhere else."""
    node = condition.lhs
    if not isinstance(node, SampleMean) or not node.args[0].is_nonnegative:
        return False
    letters = {s: sp.Dummy(positive=True) for s in _data(node)}
    inside = node.args[0]
    return bool(
        inside.xreplace(letters).is_positive
        and inside.xreplace(dict.fromkeys(letters, sp.S.Zero)) == 0
    )


def _limit(equation: Equation, end: sp.Expr) -> sp.Expr | None:
    """The limit of the expression at an end of the domain; None where no rule decides.

    Passes are continuous at a finite end.  At infinity only mean(x**k*T)/mean(x**k) is known: it
    tends to the largest or smallest T, so it differs from mean(T) by a gap that vanishes as
    var(T) does.
    """
    unknown, expr = equation.unknown, equation.expression
    if end in (0, sp.oo):  # where 1/u, not u, is what the means are regular in
        inverse = sp.Dummy("inverse", positive=True)
        turned = expr.xreplace({unknown: 1 / inverse})
        at_zero, looked_at = (expr, unknown) if end == 0 else (turned, inverse)
        if _breaks_down_at_zero(at_zero, looked_at) == (end == 0):
            unknown, expr, end = inverse, turned, sp.oo if end == 0 else sp.S.Zero
    gaps: dict[sp.Expr, _Gap] = {}
    if end.is_finite:
        expr = _off_the_poles(
            expr.xreplace({node: node.xreplace({unknown: end}) for node in nodes([expr])}),
            unknown,
            end,
        )
    else:
        expr, gaps = _at_extremes(expr, unknown, end)
    letters, back = masked(expr)
    if any(unknown in node.free_symbols for node in back.values()):
        return None
    limit = _limit_of(letters, unknown, end)
    if limit.has(sp.Limit, unknown, sp.nan):
        return None
    if limit.is_infinite:
        return limit
    limit = limit.xreplace(back)
    if not gaps:
        return limit
    if limit.xreplace(dict.fromkeys(gaps, sp.S.Zero)) == 0:
        return limit.xreplace({gap: each.sign for gap, each in gaps.items()})
    return sp.expand(limit.xreplace({gap: each.size for gap, each in gaps.items()}))


@dataclass(frozen=True, slots=True)
class _Gap:
    """How far the extreme of T lies from its mean: sign: var(T), as positive; size: the gap."""

    sign: sp.Expr
    size: sp.Expr


def _at_extremes(
    expr: sp.Expr, unknown: sp.Symbol, end: sp.Expr
) -> tuple[sp.Expr, dict[sp.Expr, _Gap]]:
    """(the expression with each mean(w*T)/mean(w) at the extreme of T, {gap: what it is}).

    A mean(w) that is left over is as large as an exponential of the unknown, for w = exp(u*T),
    T > 0.  The extreme is reached exponentially fast, so that error is no more than what the
    expression's slope in mean(w*T), times mean(w), leaves of it: it must be bounded.
    """
    gaps: dict[sp.Expr, _Gap] = {}
    for zeroth, first, factor in weighted_means(expr):
        growth = reduced_fraction(sp.log(zeroth.args[0]).diff(unknown))
        if growth not in (factor, -factor) or not zeroth.args[0].is_positive:
            continue  # a row without weight has no say in the extreme
        gap = sp.Dummy("gap", positive=True)
        upwards = (growth == factor) == (end == sp.oo)
        extreme = SampleMean(factor) + (gap if upwards else -gap)
        if expr.has(first / zeroth):
            expr = expr.subs(first / zeroth, extreme)
        elif _grows(zeroth, growth, end) and expr.has(first):
            letter = sp.Dummy("first")
            size = sp.exp(sp.Dummy("rate", positive=True) * unknown)
            here = {letter: extreme * size, zeroth: size}
            moved = expr.xreplace({first: letter})
            error, _ = masked((moved.diff(letter) * zeroth).xreplace(here))
            if not _limit_of(error, unknown, sp.oo).is_finite:
                continue
            expr = moved.xreplace(here)
        else:
            continue
        size = Maximum(factor) - mean(factor) if upwards else mean(factor) - Minimum(factor)
        gaps[gap] = _Gap(var(factor), size)
    return expr, gaps


def _grows(zeroth: SampleMean, growth: sp.Expr, end: sp.Expr) -> bool:
    """Whether mean(exp(u*T)) tends to infinity: at plus infinity, for T >= 0 and not all zero."""
    return bool(end == sp.oo and isinstance(zeroth.args[0], sp.exp) and growth.is_nonnegative)


def _limit_of(letters: sp.Expr, unknown: sp.Symbol, end: sp.Expr) -> sp.Expr:
    """SymPy's limit from inside the domain, nan where it has no rule for this one."""
    try:
        return sp.limit(letters, unknown, end, "+" if end.is_finite else "-")
    except (NotImplementedError, ValueError, TypeError, PoleError):
        return sp.nan


def _breaks_down_at_zero(expr: sp.Expr, unknown: sp.Symbol) -> bool:
    """Whether some mean has no value with the unknown at zero, as mean(exp(-x/s)) has not."""
    insides = (arg.xreplace({unknown: sp.S.Zero}) for node in nodes([expr]) for arg in node.args)
    return any(inside.has(sp.zoo, sp.nan, sp.oo) for inside in insides)


def _off_the_poles(expr: sp.Expr, unknown: sp.Symbol, end: sp.Expr) -> sp.Expr:
    """Step polygamma off its pole at zero by the recurrence (DLMF 5.15.5)."""
    for call in expr.atoms(sp.polygamma):
        order, argument = call.args
        if argument.xreplace({unknown: end}) == 0:
            pole = (-1) ** (order + 1) * sp.factorial(order) / argument ** (order + 1)
            expr = expr.xreplace({call: sp.polygamma(order, argument + 1) + pole})
    return expr
