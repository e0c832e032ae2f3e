"""Solve score = 0 by taking the parameters in turn, and say what is known of the result.

A parameter that enters an equation as a power or a log, outside every pass, is solved for and
substituted ("profiled out").  Either nothing is left (closed), or one equation in one unknown
(reduced), or a smaller system.  No general solver is called.
"""

from collections.abc import Mapping
from types import MappingProxyType

import sympy as sp

from symmle.derive import Derivation
from symmle.estimate.elimination import Elimination, back_substituted, eliminate, reduced
from symmle.estimate.existence import closed_form_exists, root_exists
from symmle.estimate.monotone import signed_equation
from symmle.estimate.records import Equation, Estimator, Kind
from symmle.fraction import reduced_fraction
from symmle.known import Known
from symmle.sample_mean import masked, nodes, recentred, separate

_MOST_OPERATIONS = 400  # a minor larger than this is not reduced to find its sign


def estimate(derivation: Derivation) -> Estimator:
    """Find the stationary points of the average log-likelihood, as far as algebra goes.

    Sources: Casella & Berger, Statistical Inference (2002), section 7.2.2; profiling:
    Barndorff-Nielsen & Cox, Inference and Asymptotics (1994), section 3.4.
    """
    model, score = derivation.model, derivation.score
    components = dict(zip(score.parameters, score.gradient, strict=True))
    monotone = [s for s, slope in components.items() if slope.is_positive or slope.is_negative]
    moved = set().union(*(variable.domain.depends_on for variable in model.data))
    if monotone or moved:
        return _boundary(derivation, monotone, moved)
    if not derivation.smooth:
        return _kinked(derivation)
    left = eliminate(components, model.parameters)
    solved = back_substituted(left.solved)
    values = {symbol: solved[symbol] for symbol in score.parameters if symbol in solved}
    hessian = _at(score.hessian, values)
    if any(equation == 0 for _, equation in left.equations):
        return _not_identified(values, left, hessian)
    kind = (Kind.CLOSED, Kind.REDUCED, Kind.SYSTEM)[min(len(left.unknowns), 2)]
    concave = _data_free(score.hessian)
    equation, exists = None, None
    if kind is Kind.CLOSED:
        exists = closed_form_exists(values, model.parameters, derivation.average_log_likelihood)
        if exists == sp.false:
            return _outside(values, hessian)
    elif kind is Kind.REDUCED:
        equation = signed_equation(left.equations[0][1], left.unknowns[0], concave)
        exists = root_exists(equation)
    maximum, road = _second_order(derivation, hessian, values, left, equation)
    unique = kind is Kind.CLOSED or concave or (equation is not None and equation.falling)
    return Estimator(
        kind,
        MappingProxyType(values),
        tuple(variable.symbol for variable in left.unknowns),
        equation,
        exists,
        unique or None,
        hessian,
        maximum,
        road,
        Known.PROVED,
    )


def _boundary(
    derivation: Derivation, monotone: list[sp.Symbol], moved: set[sp.Symbol]
) -> Estimator:
    """The answer where the score does not decide: the likelihood is pushed to an end."""
    names = ", ".join(str(symbol) for symbol in [*monotone, *sorted(moved - {*monotone}, key=str)])
    kind = Kind.BOUNDARY if moved else Kind.NONE
    road = (
        f"the support depends on {names}, so the maximum may lie where the score is not zero"
        if moved
        else f"the likelihood is monotone in {names}: its score never vanishes"
    )
    return Estimator(
        kind, MappingProxyType({}), derivation.score.parameters, None, None if moved else sp.false,
        None, derivation.score.hessian, Known.UNKNOWN, road, Known.PROVED,
    )


def _kinked(derivation: Derivation) -> Estimator:
    """The answer where the log-density has kinks: the maximum may sit on one."""
    road = "the log-density has kinks in its parameters, and the maximum may sit on one"
    return Estimator(
        Kind.SYSTEM, MappingProxyType({}), derivation.score.parameters, None, None, None,
        derivation.score.hessian, Known.UNKNOWN, road, Known.UNKNOWN,
    )


def _outside(values: dict[sp.Symbol, sp.Expr], hessian: sp.ImmutableMatrix) -> Estimator:
    """The answer where the only stationary point is never inside the domain."""
    road = "the only stationary point lies outside the domain, whatever the data"
    return Estimator(
        Kind.NONE, MappingProxyType(values), (), None, sp.false, None, hessian, Known.UNKNOWN,
        road, Known.PROVED,
    )


def _not_identified(
    values: dict[sp.Symbol, sp.Expr], left: Elimination, hessian: sp.ImmutableMatrix
) -> Estimator:
    """The answer where an equation of the score follows from the others."""
    road = "an equation of the score follows from the others: not every parameter is identified"
    unknowns = tuple(variable.symbol for variable in left.unknowns)
    return Estimator(
        Kind.NONE, MappingProxyType(values), unknowns, None, sp.false, False, hessian,
        Known.UNKNOWN, road, Known.PROVED,
    )


def _at(hessian: sp.ImmutableMatrix, values: Mapping[sp.Symbol, sp.Expr]) -> sp.ImmutableMatrix:
    """The Hessian with the solved parameters replaced, each entry reduced."""
    if not values:
        return hessian
    return hessian.applyfunc(lambda entry: recentred(reduced(separate(entry).xreplace(values))))


def _data_free(hessian: sp.ImmutableMatrix) -> bool:
    """Whether no entry holds a mean and H is not singular: then H = -I is negative definite.

    The data then enter linearly, log f = theta.T(x) + c(theta) + h(x), so a combination of the T
    that is constant at one theta is constant at all: not singular somewhere is so everywhere.
    """
    if nodes(hessian):
        return False
    letters = {call: sp.Dummy() for call in hessian.atoms(sp.Function)}
    return bool(reduced_fraction(hessian.xreplace(letters).det(method="berkowitz")) != 0)


def _second_order(
    derivation: Derivation,
    hessian: sp.ImmutableMatrix,
    values: Mapping[sp.Symbol, sp.Expr],
    left: Elimination,
    equation: Equation | None,
) -> tuple[Known, str]:
    """Whether the Hessian is negative definite at the stationary point, and by which road."""
    if _is_negative_definite(hessian):
        return Known.PROVED, "every leading minor of -H is positive"
    if _data_free(derivation.score.hessian):
        return Known.PROVED, (
            "H is free of the data, so H = -I everywhere: minus a covariance matrix, that of the "
            "score, so the average log-likelihood is concave"
        )
    information = derivation.information.matrix.xreplace(dict(values))
    if not derivation.information.unresolved and all(
        reduced(entry) == 0 for entry in hessian + information
    ):
        return Known.PROVED, "H equals minus the Fisher information there, a covariance matrix"
    profiled = [i for i, s in enumerate(derivation.score.parameters) if s in values]
    if equation is not None and equation.falling and left.own and equation.slope_proved:
        if _is_negative_definite(hessian.extract(profiled, profiled).as_immutable()):
            return Known.PROVED, (
                "the profile score falls, and the profiled block of H is negative definite: "
                "both Schur factors of H are negative"
            )
    return Known.UNKNOWN, "the sign of H is decided at numbers only"


def _is_negative_definite(matrix: sp.ImmutableMatrix) -> bool:
    """Sylvester's criterion, by signs that follow from the symbols' assumptions."""
    letters, _ = masked(matrix)
    for k in range(1, matrix.shape[0] + 1):
        minor = (-1) ** k * letters[:k, :k].det(method="berkowitz")
        if minor.count_ops() > _MOST_OPERATIONS:
            return False
        if not sp.factor_terms(reduced_fraction(minor)).is_positive:
            return False
    return True
