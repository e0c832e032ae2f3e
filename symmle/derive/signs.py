"""Signs of expressions in the parameters, anywhere inside their domains.

SymPy knows that p is positive, not that 1 - p is.  So each parameter is written by a letter that
is free to take any positive (or any real) value, p = t/(1 + t); a rational function that is
positive inside then mostly shows it by the signs of its coefficients.
"""

from collections.abc import Mapping, Sequence

import sympy as sp
from sympy.polys.fields import FracElement, sfield
from sympy.polys.matrices import DomainMatrix

from symmle.budget import bounded
from symmle.errors import BudgetError
from symmle.fraction import reduced_fraction
from symmle.model import Domain, Variable

_SECONDS = 2.0


def inside_coordinates(parameters: Sequence[Variable]) -> dict[sp.Symbol, sp.Expr] | None:
    """{parameter: expression in free letters} that runs through the inside of the domains.

    None where the ends of the domains depend on each other in a circle.
    """
    here: dict[sp.Symbol, sp.Expr] = {}
    waiting = list(parameters)
    while waiting:
        ready = [each for each in waiting if each.domain.depends_on <= set(here)]
        if not ready:
            return None
        for variable in ready:
            here[variable.symbol] = _free(variable.domain.at(here))
        waiting = [each for each in waiting if each not in ready]
    return here


def _free(where: Domain) -> sp.Expr:
    free = sp.Dummy(positive=True)
    if where.lower.is_finite and where.upper.is_finite:
        return (where.lower + where.upper * free) / (1 + free)
    if where.lower.is_finite:
        return where.lower + free
    if where.upper.is_finite:
        return where.upper - free
    return sp.Dummy(real=True)


def is_positive_inside(expr: sp.Expr, inside: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether an expression is seen to be positive everywhere inside; False when not seen."""
    short = sp.factor_terms(reduced_fraction(sp.together(expr.xreplace(dict(inside)))))
    if short.is_positive:
        return True
    above, below = (sp.factor_terms(sp.expand(each)) for each in sp.fraction(short))
    return bool(above.is_positive and below.is_positive)


def is_positive_definite_inside(
    matrix: sp.ImmutableMatrix, inside: Mapping[sp.Symbol, sp.Expr]
) -> bool:
    """Whether every leading minor is seen to be positive everywhere inside; False if not seen.

    Takes a matrix of rational expressions; a function in them counts as a symbol.
    """
    size = matrix.shape[0]
    try:
        return bounded(_SECONDS, lambda: _has_positive_minors(matrix, inside, size))
    except BudgetError:
        return False


def _has_positive_minors(
    matrix: sp.ImmutableMatrix, inside: Mapping[sp.Symbol, sp.Expr], size: int
) -> bool:
    entries = [sp.powdenest(entry.xreplace(dict(inside)), force=True) for entry in matrix]
    field, found = sfield(entries)
    rows = [found[i * size : (i + 1) * size] for i in range(size)]
    if not all(_is_positive_element(rows[i][i]) for i in range(size)):
        return False  # cheaper than a determinant, and settles most
    for k in range(2, size + 1):
        leading = DomainMatrix([row[:k] for row in rows[:k]], (k, k), field.to_domain())
        if not _is_positive_element((-1) ** k * leading.charpoly()[-1]):
            return False
    return True


def _is_positive_element(element: FracElement) -> bool:
    sign = 1
    for part in (element.numer, element.denom):
        number, factors = part.factor_list()
        sign *= sp.sign(number)
        for factor, power in factors:
            shown = factor.as_expr()
            if shown.is_positive or (power % 2 == 0 and shown.is_nonzero):
                continue
            if not shown.is_negative:
                return False
            sign *= (-1) ** power
    return bool(sign > 0)
