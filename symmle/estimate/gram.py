"""Second derivatives that are a weighted Gram matrix of columns of the data.

Where the parameters enter each row through one linear predictor, d2 log f = -w*z*z' row by row,
with a weight w > 0 and columns z that are free of the parameters.  Then -H = mean(w*z*z') is
positive definite unless the columns z are collinear in the sample, for v'H v = -mean(w*(z'v)**2).
Regressions are of this kind: with the log link for counts, the logit and probit links for
successes, and least squares.  Source: McCullagh & Nelder, Generalized Linear Models (1989),
section 2.5; Wedderburn, On the existence and uniqueness of the maximum likelihood estimates,
Biometrika 63 (1976) 27.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import mpmath
import sympy as sp

from symmle.budget import bounded
from symmle.domain import Variable
from symmle.errors import BudgetError, InputError
from symmle.estimate.exponentials import without_exponentials
from symmle.estimate.log_tail import with_log_tails
from symmle.fraction import reduced_fraction
from symmle.model import Model
from symmle.sample_mean import has_data
from symmle.straight_line import steps
from symmle.trial import points, sample

_SECONDS = 2.0
_MOST_OPERATIONS = 300  # of the second derivatives of a row
_DIGITS, _AGREEING = 40, 15  # of numbers that refute; to how many a zero is not told from others


@dataclass(frozen=True, slots=True)
class Gram:
    """columns: z, one for each of the parameters, in their order."""

    parameters: tuple[sp.Symbol, ...]
    columns: tuple[sp.Expr, ...]

    @property
    def told(self) -> str:
        """How the proof reads."""
        shown = ", ".join(map(str, self.columns))
        alike = "these columns are collinear" if len(self.columns) > 1 else "it is zero"
        return (
            f"minus the second derivatives in {', '.join(map(str, self.parameters))} are "
            f"mean(w*z*z') with w > 0 and z = ({shown}): positive definite unless {alike} "
            "in the sample"
        )


def gram(model: Model, parameters: Sequence[sp.Symbol]) -> Gram | None:
    """The columns for these parameters; None where a row is not of that form."""
    try:
        columns = bounded(_SECONDS, lambda: _columns(model, parameters))
    except BudgetError:
        return None
    return None if columns is None else Gram(tuple(parameters), columns)


def _columns(model: Model, parameters: Sequence[sp.Symbol]) -> tuple[sp.Expr, ...] | None:
    log_density = with_log_tails(model.log_density)
    slopes = [log_density.diff(symbol) for symbol in parameters]
    rows = sp.Matrix([[slope.diff(symbol) for symbol in parameters] for slope in slopes])
    if sum(entry.count_ops() for entry in rows) > _MOST_OPERATIONS:
        return None
    if _has_a_minor(rows, model):
        return None
    plain = without_exponentials(rows)

    @cache
    def entry(i: int, j: int) -> sp.Expr:
        return reduced_fraction(plain[i, j]) if i <= j else entry(j, i)

    places = range(len(parameters))
    for i in places:
        column = _root_of_data(entry(i, i), model.data)
        if column is None:
            continue
        ratios = [reduced_fraction(entry(i, j) / entry(i, i)) for j in places]
        free = not any(each.free_symbols - log_density.free_symbols for each in ratios)
        free = free and not any(each.free_symbols & set(parameters) for each in ratios)
        if free and all(
            reduced_fraction(entry(j, k) - ratios[j] * ratios[k] * entry(i, i)) == 0
            for j in places
            for k in places[j:]
        ):
            columns = tuple(reduced_fraction(ratio * column) for ratio in ratios)
            return columns if not any(_is_of_parameters(each) for each in columns) else None
    return None


def _has_a_minor(rows: sp.Matrix, model: Model) -> bool:
    """Whether a determinant of two rows is not zero at some point, so that z*z' cannot be: cheap,
    and settles most.
    """
    if rows.cols == 1:
        return False
    columns = sample(model)
    row = next(zip(*columns.values(), strict=True))
    with mpmath.workdps(_DIGITS):
        try:
            (found,) = steps([*rows], list(columns)).over([row], points(model)[0])
        except (ArithmeticError, ValueError, InputError):
            return False  # no value here: nothing is refuted
        size = rows.cols
        for i, j in combinations(range(size), 2):
            h = [mpmath.re(found[place]) for place in (i * size + i, j * size + j, i * size + j)]
            diagonal, other = h[0] * h[1], h[2] ** 2
            if abs(diagonal - other) > mpmath.mpf(10) ** -_AGREEING * (abs(diagonal) + other):
                return True
    return False


def _is_of_parameters(column: sp.Expr) -> bool:
    return bool(column.free_symbols) and not has_data(column)


def _root_of_data(entry: sp.Expr, data: Sequence[Variable]) -> sp.Expr | None:
    """z with entry = -w*z**2, w > 0: the squares of data are taken off; None if no sign shows."""
    column, rest = sp.S.One, sp.S.One
    for factor in sp.Mul.make_args(sp.factor_terms(entry)):
        base, exponent = factor.as_base_exp()
        if has_data(base) and exponent.is_Integer and exponent > 0 and exponent % 2 == 0:
            column *= base ** (exponent / 2)
        else:
            rest *= factor
    return column if _is_negative(rest, data) else None


def _is_negative(expr: sp.Expr, data: Sequence[Variable]) -> bool:
    """Whether it is negative in every row: one that is linear in a bounded column, at its ends."""
    if expr.is_negative or not data:
        return bool(expr.is_negative)
    column, ends = data[0].symbol, (data[0].domain.lower, data[0].domain.upper)
    bounded_here = expr.has(column) and all(end.is_number and end.is_finite for end in ends)
    if bounded_here and expr.diff(column, 2) == 0:
        return all(_is_negative(expr.xreplace({column: end}), data[1:]) for end in ends)
    return _is_negative(expr, data[1:])


def curvature_where_flat(log_density: sp.Expr, symbol: sp.Symbol) -> sp.Expr | None:
    """The mean second derivative wherever the mean slope in the symbol vanishes, if free of data.

    -1/s + e**2/s**3 has the derivative 1/s**2 - 3*e**2/s**4, which is -2/s**2 - 3/s times it.
    """
    slope = sp.expand(log_density.diff(symbol))
    bend = sp.expand(slope.diff(symbol))
    moving = [term for term in sp.Add.make_args(slope) if has_data(term)]
    if not moving:
        return None
    factor = reduced_fraction(moving[0].diff(symbol) / moving[0])
    left = sp.expand(bend - factor * slope)
    return None if has_data(left) or has_data(factor) else left
