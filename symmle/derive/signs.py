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
from symmle.domain import Datum, Domain, Variable
from symmle.errors import BudgetError
from symmle.fraction import reduced_fraction

_SECONDS = 2.0
_MOST_OPERATIONS = 1200  # of a matrix whose minors are looked at


def positive_where_defined(log_density: sp.Expr) -> list[sp.Expr]:
    """What a log-density takes the log of, of the parameters alone: positive where it has a value.

    The determinant of a covariance matrix is one of these.
    """
    arguments = (call.args[0] for call in log_density.atoms(sp.log))
    free = [each for each in arguments if not any(isinstance(s, Datum) for s in each.free_symbols)]
    return sorted((e for e in free if e.is_Add and not e.is_positive), key=sp.default_sort_key)


def inside_coordinates(
    parameters: Sequence[Variable], positive: Sequence[sp.Expr] = ()
) -> dict[sp.Symbol, sp.Expr] | None:
    """{parameter: expression in free letters} that runs through the inside of the domains.

    positive: polynomials in the parameters that are positive at every point meant; one parameter
    of the first that is linear in one is written by its size.  The letters may then run through
    more than the inside.  None where the ends of the domains depend on each other in a circle.
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
    return here | _by_size(here, positive)


def _by_size(
    here: Mapping[sp.Symbol, sp.Expr], positive: Sequence[sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    for each in positive:
        if is_positive_inside(each, here):
            continue  # the domains say so
        for symbol in sorted(each.free_symbols & set(here), key=str):
            slope = sp.expand(each.diff(symbol))
            rest = sp.expand(each - slope * symbol)
            plain = here[symbol].is_Symbol and symbol not in rest.free_symbols
            if plain and symbol not in slope.free_symbols and is_positive_inside(slope, here):
                size = sp.Dummy(positive=True)
                return {symbol: (size - rest.xreplace(dict(here))) / slope.xreplace(dict(here))}
    return {}


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
    if sum(entry.count_ops() for entry in matrix) > _MOST_OPERATIONS:
        return False
    entries = [sp.powdenest(entry.xreplace(dict(inside)), force=True) for entry in matrix]
    if _minors_are_positive(entries, size):
        return True
    below = _bounded_below(entries)
    return below != entries and _minors_are_positive(below, size)


def _bounded_below(entries: Sequence[sp.Expr]) -> list[sp.Expr]:
    """exp(a) as 1 + a + a rest, log(1 + a) as a/(1 + a) + a rest, the rests positive for a > 0.

    The same rest wherever the same a stands.  Source: DLMF 4.5.1 and 4.5.11.
    """
    here: dict[sp.Expr, sp.Expr] = {}
    rests: dict[sp.Expr, sp.Symbol] = {}
    for call in sp.Tuple(*entries).atoms(sp.exp):
        times, base = call.args[0].as_coeff_Mul()
        if times.is_Integer and base.is_positive:
            rest = rests.setdefault(sp.exp(base), sp.Dummy(positive=True))
            here[call] = (1 + base + rest) ** times
    for call in sp.Tuple(*entries).atoms(sp.log):
        above, below = sp.fraction(sp.cancel(call.args[0]))
        sign, inside = (1, above) if below == 1 else (-1, below)
        base = sp.expand(inside - 1)
        if sp.S.One in (above, below) and base.is_positive:
            rest = rests.setdefault(sp.log(inside), sp.Dummy(positive=True))
            here[call] = sign * (base / (1 + base) + rest)
    return [entry.xreplace(here) for entry in entries]


def _minors_are_positive(entries: Sequence[sp.Expr], size: int) -> bool:
    field, found = sfield(list(entries))
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
