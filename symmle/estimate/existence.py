"""When the estimate exists: conditions on the statistics."""

from collections.abc import Iterable, Mapping

import sympy as sp

from symmle.budget import budget
from symmle.errors import BudgetError
from symmle.estimate.monotone import weighted_means
from symmle.estimate.records import Equation
from symmle.model import Variable
from symmle.sample_mean import SampleCovariance, SampleMean, is_variance, masked, nodes


def closed_form_exists(
    values: Mapping[sp.Symbol, sp.Expr], parameters: Iterable[Variable]
) -> sp.Basic:
    """When the closed form lies inside the domain, as conditions on the statistics."""
    conditions: list[sp.Basic] = []
    for variable in parameters:
        value, where = values[variable.symbol], variable.domain.at(dict(values))
        conditions += [_positive(node) for node in nodes([value]) if is_variance(node)]
        if where.lower.is_finite:
            conditions.append(_positive(value - where.lower))
        if where.upper.is_finite:
            conditions.append(_positive(where.upper - value))
    return sp.And(*conditions)


def _positive(expr: sp.Expr) -> sp.Basic:
    """`expr > 0` with the factors of known sign taken off.  A variance is not known: it may be 0."""
    letters, back = masked(sp.together(expr))
    uncertain, sign = [], 1
    for factor in sp.Mul.make_args(sp.factor_terms(sp.cancel(letters))):
        base, exponent = factor.as_base_exp()
        may_vanish = base in back and not isinstance(back[base], SampleMean)
        if factor.is_negative and not may_vanish:
            sign = -sign
        elif may_vanish or not factor.is_positive:
            uncertain.append(base if may_vanish or (exponent.is_Integer and exponent.is_odd)
                             else factor)
    left = sign * sp.Mul(*uncertain).xreplace(back)
    if left.is_Number:
        return sp.S(bool(left > 0))
    return sp.StrictGreaterThan(left, 0, evaluate=False)


def root_exists(equation: Equation) -> sp.Basic | None:
    """When a falling equation has its root: it must start above zero and end below.

    None where the equation is not known to fall or a limit is not found.
    """
    if not equation.falling:
        return None
    try:
        with budget(2.0):
            left = _limit(equation, equation.domain.lower)
            right = _limit(equation, equation.domain.upper)
    except BudgetError:
        return None
    if left is None or right is None:
        return None
    return sp.And(
        *(sp.S(bool(end > 0)) if end.is_infinite else _positive(end) for end in (left, -right))
    )


def _limit(equation: Equation, end: sp.Expr) -> sp.Expr | None:
    """The limit of the expression at an end of the domain; None where no rule decides.

    Passes are continuous at a finite end.  At infinity only mean(x**k*T)/mean(x**k) is known: it
    tends to T at the largest x, so it exceeds mean(T) by a gap that vanishes as var(T) does.
    """
    unknown, expr = equation.unknown, equation.expression
    gaps: dict[sp.Expr, sp.Expr] = {}
    if end.is_finite:
        expr = _off_the_poles(
            expr.xreplace({node: node.xreplace({unknown: end}) for node in nodes([expr])}),
            unknown,
            end,
        )
    else:
        for zeroth, first, factor in weighted_means(expr):
            growth = sp.cancel(sp.log(zeroth.args[0]).diff(unknown))
            if expr.has(first / zeroth) and growth == factor:
                gap = sp.Dummy("gap", positive=True)
                gaps[gap] = SampleCovariance(factor, factor)
                expr = expr.subs(first / zeroth, SampleMean(factor) + gap)
    letters, back = masked(expr)
    if any(unknown in node.free_symbols for node in back.values()):
        return None
    limit = sp.limit(letters, unknown, end, "+" if end.is_finite else "-")
    if limit.has(sp.Limit, unknown, sp.nan):
        return None
    return limit if limit.is_infinite else limit.xreplace(back).xreplace(gaps)


def _off_the_poles(expr: sp.Expr, unknown: sp.Symbol, end: sp.Expr) -> sp.Expr:
    """Step polygamma off its pole at zero by the recurrence (DLMF 5.15.5)."""
    for call in expr.atoms(sp.polygamma):
        order, argument = call.args
        if argument.xreplace({unknown: end}) == 0:
            pole = (-1) ** (order + 1) * sp.factorial(order) / argument ** (order + 1)
            expr = expr.xreplace({call: sp.polygamma(order, argument + 1) + pole})
    return expr
