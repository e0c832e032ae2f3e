"""Whether a stationary point is a strict maximum, and the likelihood concave; and by which road."""

from dataclasses import dataclass
from itertools import product

import mpmath
import sympy as sp

from symmle.derive import Derivation
from symmle.derive.quadrature import integrates_to_one
from symmle.derive.signs import inside_coordinates, is_positive_definite_inside
from symmle.errors import InputError
from symmle.estimate.elimination import reduced
from symmle.estimate.monotone import trigamma_bounded
from symmle.estimate.positive_sums import positive_sums
from symmle.estimate.records import Equation
from symmle.fraction import reduced_fraction
from symmle.known import Known
from symmle.precise import evaluate
from symmle.sample_mean import masked, nodes
from symmle.trial import points, sample

_DIGITS = 40
_MOST_OPERATIONS = 400  # the sign of a larger entry is not looked for
_MOST_OF_ALL = 1200  # nor are those of the minors of a larger matrix


@dataclass(frozen=True, slots=True)
class SecondOrder:
    """How a strict local maximum is known, and by which road."""

    known: Known
    road: str


def concavity(derivation: Derivation) -> Known:
    """How the average log-likelihood is known to be strictly concave on the whole domain.

    Either -H has positive leading minors by signs alone; or H is free of the data, so H = E[H]
    = -I is minus a covariance matrix, which holds for a density: its total mass is checked, and
    that -H is positive definite at two points.  The data then enter linearly, so if some
    combination of the T is constant at one theta it is constant at all: nonsingular somewhere is
    nonsingular everywhere.  Source: Lehmann & Casella, section 1.5.
    """
    hessian = derivation.score.hessian
    if sum(entry.count_ops() for entry in hessian) > _MOST_OF_ALL:
        return Known.UNKNOWN
    if is_negative_definite(hessian, sp.true):
        return Known.PROVED
    if nodes(hessian) or not _negative_definite_at_points(derivation):
        return Known.UNKNOWN
    return Known.CHECKED if integrates_to_one(derivation.model) else Known.UNKNOWN


def second_order(
    derivation: Derivation,
    hessian: sp.ImmutableMatrix,
    values: dict[sp.Symbol, sp.Expr],
    exists: sp.Basic | None,
    concave: Known,
    own_equation: Equation | None,
) -> SecondOrder:
    """What is known of the Hessian at the stationary point.

    hessian: there, with `values` substituted.  exists: the condition under which there is one.
    concave: what `concavity` said.
    own_equation: the reduced equation, when it is the slope of the profile likelihood.
    """
    if concave is Known.PROVED:
        road = "every leading minor of -H is positive, everywhere: the likelihood is concave"
        return SecondOrder(Known.PROVED, road)
    given = sp.true if exists is None else exists
    many = hessian.shape[0] > 2  # then a determinant by signs is dear, and the other road cheap
    strict = strict_wherever_stationary(derivation) if many else None
    if strict is None and is_negative_definite(hessian, given):
        return SecondOrder(Known.PROVED, "every leading minor of -H is positive")
    if own_equation is not None and own_equation.slope_proved:
        profiled = [i for i, s in enumerate(derivation.score.parameters) if s in values]
        if not profiled:
            return SecondOrder(Known.PROVED, "its score falls through zero")
        block = hessian.extract(profiled, profiled).as_immutable()
        sums = positive_sums(block, own_equation.unknown, derivation.model.data)
        if any(is_negative_definite(form.as_immutable(), given) for form in (block, *sums)):
            road = (
                "the slope of the profile likelihood falls through zero, and the profiled block of "
                "H is negative definite: both Schur factors of H are negative"
            )
            return SecondOrder(Known.PROVED, road)
    strict = strict if many else strict_wherever_stationary(derivation)
    if strict is not None:
        return strict
    if concave is Known.CHECKED:
        road = (
            "H is free of the data, so H = -I, minus a covariance matrix: the likelihood is concave"
        )
        return SecondOrder(Known.CHECKED, road)
    information = derivation.information.matrix.xreplace(values)
    if (
        not derivation.information.unresolved
        and sum(entry.count_ops() for entry in (*hessian, *information)) <= _MOST_OPERATIONS
        and not hessian.has(sp.LambertW)
        and all(reduced(entry) == 0 for entry in hessian + information)
        and _is_not_singular(information)
        and integrates_to_one(derivation.model)
    ):
        road = "H equals minus the Fisher information there, a covariance matrix"
        return SecondOrder(Known.CHECKED, road)
    return SecondOrder(Known.UNKNOWN, "the sign of H is decided at numbers only")


def strict_wherever_stationary(derivation: Derivation) -> SecondOrder | None:
    """A proof that every zero of the score is a strict maximum, or None.

    The score of an exponential family of full rank is solved for its statistics; with these, -H is
    an expression in the parameters alone, whose leading minors may be seen to be positive.
    """
    inside = inside_coordinates(derivation.model.parameters)
    if inside is None or not (derivation.information.from_score and derivation.smooth):
        return None
    if not is_positive_definite_inside(derivation.information.matrix, inside):
        return None
    road = (
        "where the score vanishes, -H is an expression in the parameters alone, and its leading "
        "minors are positive everywhere"
    )
    return SecondOrder(Known.PROVED, road)


def is_negative_definite(matrix: sp.ImmutableMatrix, given: sp.Basic) -> bool:
    """Sylvester's criterion, by signs that follow from the symbols' assumptions.

    given: conditions on means, such as mean(x) > 0 & 1 - mean(x) > 0, taken to hold.
    """
    sizes = [entry.count_ops() for entry in matrix]
    if max(sizes) > _MOST_OPERATIONS or sum(sizes) > _MOST_OF_ALL:
        return False
    letters = _with_signs(matrix, given)
    if not all(_is_positive(-letters[i, i]) for i in range(matrix.shape[0])):
        return False  # cheaper than a determinant, and settles most
    for k in range(1, matrix.shape[0] + 1):
        minor = (-1) ** k * letters[:k, :k].det(method="berkowitz")
        if not _is_positive(minor):
            return False
    return True


def _is_positive(expr: sp.Expr) -> bool:
    short = reduced_fraction(sp.expand_mul(trigamma_bounded(expr)))
    return bool(sp.factor_terms(short).is_positive)


def _with_signs(matrix: sp.ImmutableMatrix, given: sp.Basic) -> sp.ImmutableMatrix:
    """The matrix with letters for the means, as positive or negative as the conditions say."""
    left = {each.lhs for each in given.atoms(sp.StrictGreaterThan)}
    sums = {each: sp.Dummy(positive=True) for each in left if each.is_Add and nodes([each])}
    letters, back = masked(matrix.xreplace(sums))
    signs: dict[sp.Symbol, sp.Expr] = {}
    for letter, node in back.items():
        if node in left and (1 - node) in left:  # between 0 and 1
            odds = sp.Dummy(positive=True)
            signs[letter] = odds / (1 + odds)
        elif node in left:
            signs[letter] = sp.Dummy(positive=True)
        elif -node in left:
            signs[letter] = sp.Dummy(negative=True)
    return letters.xreplace(signs)


def _is_not_singular(matrix: sp.ImmutableMatrix) -> bool:
    letters, _ = masked(matrix)
    return bool(reduced_fraction(letters.det(method="berkowitz")) != 0)


def _negative_definite_at_points(derivation: Derivation) -> bool:
    """Refutes what is no maximum, or not identified, before anything is claimed."""
    matrices = _hessians_at_points(derivation)
    return bool(matrices) and all(_cholesky_of_minus(matrix) for matrix in matrices)


def is_flat_along_a_line(derivation: Derivation) -> bool:
    """Whether some combination of the score's components vanishes wherever it was tried.

    Then the likelihood is constant along a line, and not every parameter is identified.
    """
    theta, rows = derivation.score.parameters, sample(derivation.model)
    first, second = points(derivation.model)
    given = {each.symbol: first[each.symbol] for each in derivation.model.given}
    size = len(theta)
    with mpmath.workdps(_DIGITS):
        slopes = mpmath.matrix(size + 2, size)
        for k, choice in zip(range(size + 2), product((0, 1), repeat=max(size, 2)), strict=False):
            mixed = given | {
                s: (first, second)[choice[i]][s] * (10 + k) / 10 for i, s in enumerate(theta)
            }
            try:
                for i, each in enumerate(derivation.score.gradient):
                    slopes[k, i] = evaluate(each, rows, mixed)
            except (InputError, ArithmeticError):
                return False
        columns = _unit_rows(_unit_rows(slopes).T)
        return bool(abs(mpmath.det(columns * columns.T)) < mpmath.mpf(10) ** (10 - _DIGITS))


def _unit_rows(matrix: mpmath.matrix) -> mpmath.matrix:
    """Each row divided by its length, so that no row is lost beside a huge one."""
    for k in range(matrix.rows):
        matrix[k, :] = matrix[k, :] / (mpmath.norm(matrix[k, :]) or mpmath.mpf(1))
    return matrix


def _hessians_at_points(derivation: Derivation) -> list[mpmath.matrix]:
    """At two points; nothing where a function in it has no value here."""
    hessian, rows = derivation.score.hessian, sample(derivation.model)
    size = range(hessian.shape[0])
    with mpmath.workdps(_DIGITS):
        try:
            return [
                mpmath.matrix([[evaluate(hessian[i, j], rows, point) for j in size] for i in size])
                for point in points(derivation.model)
            ]
        except (InputError, ArithmeticError):
            return []


def _cholesky_of_minus(matrix: mpmath.matrix) -> bool:
    with mpmath.workdps(_DIGITS):
        try:
            mpmath.cholesky(-matrix)
        except ValueError:
            return False
    return True
