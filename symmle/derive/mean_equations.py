"""Solve the score for the statistics instead of the parameters: mean(T) = E[T].

Where the average log-likelihood is linear in as many statistics as there are parameters, the
score is A(theta)*(m - mu(theta)): a linear system in the statistics m.  Where det A does not
vanish, score = 0 says no more and no less than m = mu(theta), which is mostly simpler.
Source: Lehmann & Casella, Theory of Point Estimation (1998), section 1.5 (mean parameters).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
from sympy.polys.domains.domain import Domain as Field
from sympy.polys.fields import FracElement, sfield
from sympy.polys.matrices import DomainMatrix

from symmle.budget import bounded
from symmle.derive.signs import inside_coordinates, is_positive_inside
from symmle.errors import BudgetError
from symmle.model import Variable
from symmle.sample_mean import masked, passes, raw, separate

_MOST_OPERATIONS = 1500  # of a score that is looked at
_SECONDS = 3.0

Rows = list[list[FracElement]]


@dataclass(frozen=True, slots=True)
class MeanEquations:
    """expected: {statistic: its value in the parameters at every zero of the score}.

    equivalent: whether that loses no zero of the score: det A vanishes nowhere in the domain.
    """

    expected: dict[sp.Expr, sp.Expr]
    equivalent: bool


def mean_equations(
    gradient: Sequence[sp.Expr], parameters: Sequence[Variable], positive: Sequence[sp.Expr] = ()
) -> MeanEquations | None:
    """What the statistics are equal to where the score vanishes; None where that is no rule.

    gradient: one score component a parameter.  positive: what is positive where the likelihood
    has a value, besides what the domains say.  None: a pass is left, a statistic enters other
    than linearly, there are more or fewer statistics than parameters, or A is singular.
    Statistics that enter with proportional coefficients only are taken together.
    """
    if sum(each.count_ops() for each in gradient) > _MOST_OPERATIONS:
        return None
    theta = [variable.symbol for variable in parameters]
    try:
        return bounded(_SECONDS, lambda: _solved(gradient, parameters, theta, positive))
    except BudgetError:
        return None


def _solved(
    gradient: Sequence[sp.Expr],
    parameters: Sequence[Variable],
    theta: Sequence[sp.Symbol],
    positive: Sequence[sp.Expr],
) -> MeanEquations | None:
    flat = raw(sp.Tuple(*(separate(each) for each in gradient)))
    if passes(flat, theta):
        return None
    letters, back = masked(flat)
    if len(back) < len(theta):
        return None
    field, rows = sfield(list(letters))
    system = _linear([row.numer for row in rows], field, list(back))
    if system is None:
        return None
    matrix, constants = system
    joined, groups = _proportional_columns_joined(matrix, list(back))
    if len(groups) != len(theta):
        return None
    square = DomainMatrix(joined, (len(theta), len(theta)), field.to_domain()).to_field()
    determinant = square.charpoly()[-1]
    if determinant == 0:
        return None
    right = DomainMatrix([[-each] for each in constants], (len(theta), 1), field.to_domain())
    values = square.lu_solve(right.to_field()).to_Matrix()
    expected = {
        sp.Add(*(weight * back[letter] for letter, weight in group)): sp.factor_terms(value)
        for group, value in zip(groups, values, strict=True)
    }
    inside = inside_coordinates(parameters, positive)
    regular = square.domain.to_sympy(determinant)
    equivalent = inside is not None and (
        is_positive_inside(regular, inside) or is_positive_inside(-regular, inside)
    )
    return MeanEquations(expected, equivalent)


def _linear(
    numerators: Sequence[sp.polys.rings.PolyElement], field: Field, letters: Sequence[sp.Symbol]
) -> tuple[Rows, list[FracElement]] | None:
    """(coefficients of the letters, what is left) of each numerator; None where not linear."""
    places = [field.symbols.index(letter) for letter in letters if letter in field.symbols]
    if len(places) != len(letters):
        return None
    matrix, constants = [], []
    for numerator in numerators:
        row, rest = [field.zero for _ in letters], field.zero
        for monomial, coefficient in numerator.terms():
            powers = [monomial[place] for place in places]
            if sum(powers) > 1:
                return None
            bare = tuple(0 if i in places else power for i, power in enumerate(monomial))
            term = field(field.ring({bare: coefficient}))
            if sum(powers) == 1:
                row[powers.index(1)] += term
            else:
                rest += term
        matrix.append(row)
        constants.append(rest)
    return matrix, constants


def _proportional_columns_joined(
    matrix: Rows, letters: Sequence[sp.Symbol]
) -> tuple[Rows, list[list[tuple[sp.Symbol, sp.Expr]]]]:
    """The matrix with columns that are numeric multiples of another one left out, and the sums."""
    kept: Rows = []
    groups: list[list[tuple[sp.Symbol, sp.Expr]]] = []
    for letter, column in zip(letters, zip(*matrix, strict=True), strict=True):
        for other, group in zip(kept, groups, strict=True):
            ratio = _ratio(column, other)
            if ratio is not None:
                group.append((letter, ratio))
                break
        else:
            kept.append(list(column))
            groups.append([(letter, sp.S.One)])
    return [list(row) for row in zip(*kept, strict=True)], groups


def _ratio(column: Sequence[FracElement], other: Sequence[FracElement]) -> sp.Expr | None:
    """The number that makes one column of the other, or None."""
    if any((a == 0) != (b == 0) for a, b in zip(column, other, strict=True)):
        return None
    ratios = [(a / b).as_expr() for a, b in zip(column, other, strict=True) if b != 0]
    return ratios[0] if ratios and ratios[0].is_number and len(set(ratios)) == 1 else None
