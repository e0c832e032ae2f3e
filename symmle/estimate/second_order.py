"""Whether a stationary point is a strict maximum, and the likelihood concave; and by which road."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import mpmath
import sympy as sp

from symmle.derive import Derivation
from symmle.derive.quadrature import integrates_to_one
from symmle.derive.signs import (
    inside_coordinates,
    is_positive_definite_inside,
    positive_where_defined,
)
from symmle.errors import InputError
from symmle.estimate.elimination import reduced
from symmle.estimate.gamma_sums import trigamma_of_sums_bounded
from symmle.estimate.gram import Gram, curvature_where_flat, gram
from symmle.estimate.monotone import trigamma_bounded
from symmle.estimate.positive_sums import positive_sums
from symmle.estimate.records import Equation
from symmle.fraction import reduced_fraction
from symmle.known import Known
from symmle.precise import evaluator
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
    if is_negative_definite(hessian, sp.true) or _gram_of_all(derivation) is not None:
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
        columns = _gram_of_all(derivation)
        road = "every leading minor of -H is positive, everywhere: the likelihood is concave"
        return SecondOrder(Known.PROVED, road if columns is None else columns.told)
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
    strict = strict or _gram_and_rest(derivation, hessian, given)
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


def _gram_of_all(derivation: Derivation) -> Gram | None:
    """The columns of which -H is a weighted Gram matrix, wherever the parameters are."""
    if not derivation.smooth or not nodes(derivation.score.hessian):
        return None
    return gram(derivation.model, derivation.score.parameters)


def _gram_and_rest(
    derivation: Derivation, hessian: sp.ImmutableMatrix, given: sp.Basic
) -> SecondOrder | None:
    """A proof by a Gram matrix in the real parameters, apart from the others at this point."""
    parameters = derivation.score.parameters
    real = [v.symbol for v in derivation.model.parameters if v.domain.lower == -sp.oo]
    first = [i for i, s in enumerate(parameters) if s in real]
    rest = [i for i, s in enumerate(parameters) if s not in real]
    if not rest or any(hessian[i, j] != 0 for i in first for j in rest):
        return None
    density = derivation.model.log_density
    columns = gram(derivation.model, real)
    if columns is None:
        return None
    bend = curvature_where_flat(density, parameters[rest[0]]) if len(rest) == 1 else None
    block = hessian.extract(rest, rest).as_immutable() if bend is None else sp.Matrix([[bend]])
    if not is_negative_definite(block.as_immutable(), given):
        return None
    others = ", ".join(str(parameters[i]) for i in rest)
    return SecondOrder(Known.PROVED, f"{columns.told}; H falls apart there, negative in {others}")


def strict_wherever_stationary(derivation: Derivation) -> SecondOrder | None:
    """A proof that every zero of the score is a strict maximum, or None.

    The score of an exponential family of full rank is solved for its statistics; with these, -H is
    an expression in the parameters alone, whose leading minors may be seen to be positive.
    """
    model = derivation.model
    inside = inside_coordinates(model.parameters, positive_where_defined(model.log_density))
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
    plain = trigamma_of_sums_bounded(_with_signs(matrix, given))
    if _has_negative_minors(plain):
        return True
    if all(len(nodes([each.lhs])) < 2 for each in given.atoms(sp.StrictGreaterThan)):
        return False
    return _has_negative_minors(_with_signs(matrix, given, solve=True))


def _has_negative_minors(letters: sp.ImmutableMatrix) -> bool:
    """Sylvester's criterion for minus a matrix in letters of known sign."""
    size = letters.shape[0]
    if not all(_is_positive(-letters[i, i]) for i in range(size)):
        return False  # cheaper than a determinant, and settles most
    for k in range(1, size + 1):
        minor = (-1) ** k * letters[:k, :k].det(method="berkowitz")
        if not _is_positive(minor):
            return False
    return True


def _is_positive(expr: sp.Expr) -> bool:
    short = reduced_fraction(sp.expand_mul(trigamma_bounded(expr)))
    return bool(sp.factor_terms(short).is_positive)


def _with_signs(
    matrix: sp.ImmutableMatrix, given: sp.Basic, solve: bool = False
) -> sp.ImmutableMatrix:
    """The matrix with letters for the means, as positive or negative as the conditions say.

    solve: whether one letter of a condition is written by its size and the others.
    """
    left = {each.lhs for each in given.atoms(sp.StrictGreaterThan)}
    sums = {each: sp.Dummy(positive=True) for each in left if each.is_Add and nodes([each])}
    if solve:
        letters, back = masked(matrix)
        letters = letters.xreplace(_solved_conditions(left, back))
    else:
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


def _solved_conditions(
    positive: Iterable[sp.Expr], back: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """{a letter: its value by another letter that is the size of a condition that holds}.

    var(x)*var(y) - cov(x, y)**2 > 0 so gives var(x) as (d + cov(x, y)**2)/var(y).
    """
    place = {node: letter for letter, node in back.items()}
    here: dict[sp.Symbol, sp.Expr] = {}
    for condition in sorted(positive, key=sp.default_sort_key):
        inside = sp.expand(condition.xreplace(place))
        for letter in sorted(inside.free_symbols & set(back), key=str):
            slope = inside.diff(letter)
            rest = inside - slope * letter
            used = here or letter in rest.free_symbols or not rest.has(*back)
            if slope.is_positive and letter.is_positive and inside.is_Add and not used:
                here[letter] = (sp.Dummy(positive=True) - sp.expand(rest)) / slope
    return here


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
    try:
        gradient = evaluator(derivation.score.gradient, rows)
    except InputError:
        return False
    with mpmath.workdps(_DIGITS):
        slopes = mpmath.matrix(size + 2, size)
        for k, choice in zip(range(size + 2), product((0, 1), repeat=max(size, 2)), strict=False):
            mixed = given | {
                s: (first, second)[choice[i]][s] * (10 + k) / 10 for i, s in enumerate(theta)
            }
            try:
                slopes[k, :] = mpmath.matrix([gradient(mixed)])
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
    hessian, size = derivation.score.hessian, derivation.score.hessian.rows
    with mpmath.workdps(_DIGITS):
        try:
            claimed = evaluator(list(hessian), sample(derivation.model))
            entries = [claimed(point) for point in points(derivation.model)]
            return [
                mpmath.matrix([found[size * i : size * (i + 1)] for i in range(size)])
                for found in entries
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
