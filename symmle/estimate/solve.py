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
from symmle.estimate.existence import (
    closed_form_exists,
    conjunction,
    is_positive,
    root_exists,
)
from symmle.estimate.monotone import signed_equation
from symmle.estimate.records import Equation, Estimator, Kind
from symmle.estimate.second_order import concavity, is_singular_at_points, second_order
from symmle.known import Known
from symmle.sample_mean import masked, recentred, separate


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
    if len(left.unknowns) > 0 and is_singular_at_points(derivation):
        return _not_identified(values, left, hessian)
    kind = (Kind.CLOSED, Kind.REDUCED, Kind.SYSTEM)[min(len(left.unknowns), 2)]
    concave = concavity(derivation)
    equation = None
    if kind is Kind.REDUCED:
        expression, unknown = left.equations[0][1], left.unknowns[0]
        equation = signed_equation(expression, unknown, concave is not Known.UNKNOWN)
    exists = _existence(derivation, values, left, equation)
    if exists == sp.false:
        return _outside(
            values, hessian, "the only stationary point lies outside the domain, whatever the data"
        )
    if kind is Kind.CLOSED and any(
        masked(hessian)[0][i, i].is_positive for i in range(len(values))
    ):
        return _outside(values, hessian, "the only stationary point is no maximum")
    second = second_order(
        derivation, hessian, values, exists, concave, equation if left.own else None
    )
    unique = kind is Kind.CLOSED or concave is not Known.UNKNOWN
    by_slope = equation is not None and equation.slope_proved
    return Estimator(
        kind,
        MappingProxyType(values),
        tuple(variable.symbol for variable in left.unknowns),
        equation,
        exists,
        (unique or (equation is not None and equation.falling)) or None,
        hessian,
        second.known,
        second.road,
        Known.PROVED if kind is Kind.CLOSED or by_slope or not unique else concave,
    )


def _existence(
    derivation: Derivation,
    values: dict[sp.Symbol, sp.Expr],
    left: Elimination,
    equation: Equation | None,
) -> sp.Basic | None:
    """The condition for an estimate: of a closed form, or of the root of a reduced equation."""
    needed = [is_positive(each.xreplace(values)) for each in left.positive]
    if not left.unknowns:
        average = derivation.average_log_likelihood
        closed = closed_form_exists(values, derivation.model.parameters, average)
        return conjunction([closed, *needed])
    root = None if equation is None else root_exists(equation)
    return None if root is None else conjunction([root, *needed])


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
        kind,
        MappingProxyType({}),
        derivation.score.parameters,
        None,
        None if moved else sp.false,
        None,
        derivation.score.hessian,
        Known.UNKNOWN,
        road,
        Known.PROVED,
    )


def _kinked(derivation: Derivation) -> Estimator:
    """The answer where the log-density has kinks: the maximum may sit on one."""
    road = "the log-density has kinks in its parameters, and the maximum may sit on one"
    return Estimator(
        Kind.SYSTEM,
        MappingProxyType({}),
        derivation.score.parameters,
        None,
        None,
        None,
        derivation.score.hessian,
        Known.UNKNOWN,
        road,
        Known.UNKNOWN,
    )


def _outside(values: dict[sp.Symbol, sp.Expr], hessian: sp.ImmutableMatrix, road: str) -> Estimator:
    """The answer where the only stationary point is never a maximum inside the domain."""
    return Estimator(
        Kind.NONE,
        MappingProxyType(values),
        (),
        None,
        sp.false,
        None,
        hessian,
        Known.UNKNOWN,
        road,
        Known.PROVED,
    )


def _not_identified(
    values: dict[sp.Symbol, sp.Expr], left: Elimination, hessian: sp.ImmutableMatrix
) -> Estimator:
    """The answer where an equation of the score follows from the others."""
    road = "an equation of the score follows from the others: not every parameter is identified"
    unknowns = tuple(variable.symbol for variable in left.unknowns)
    return Estimator(
        Kind.NONE,
        MappingProxyType(values),
        unknowns,
        None,
        sp.false,
        False,
        hessian,
        Known.UNKNOWN,
        road,
        Known.PROVED,
    )


def _at(hessian: sp.ImmutableMatrix, values: Mapping[sp.Symbol, sp.Expr]) -> sp.ImmutableMatrix:
    """The Hessian with the solved parameters replaced, each entry reduced."""
    if not values:
        return hessian
    return hessian.applyfunc(lambda entry: recentred(reduced(separate(entry).xreplace(values))))
