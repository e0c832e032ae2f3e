"""Solve score = 0 by taking the parameters in turn, and say what is known of the result.

A parameter that enters an equation as a power or a log, outside every pass, is solved for and
substituted ("profiled out").  Either nothing is left (closed), or one equation in one unknown
(reduced), or a smaller system.  No general solver is called.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import sympy as sp

from symmle.budget import allowance
from symmle.derive import Derivation
from symmle.domain import Datum, Domain
from symmle.estimate.boundary import boundary
from symmle.estimate.concave_elsewhere import concave_elsewhere
from symmle.estimate.elimination import (
    Elimination,
    back_substituted,
    eliminate,
    reduced,
    shortened,
)
from symmle.estimate.existence import (
    closed_form_exists,
    conjunction,
    is_positive,
    root_exists,
)
from symmle.estimate.flat_direction import flat_direction
from symmle.estimate.gamma_sums import maximum_of_gamma_sums
from symmle.estimate.invariance import in_coordinates
from symmle.estimate.kinks import median_estimate
from symmle.estimate.known_functions import with_known_functions
from symmle.estimate.monotone import signed_equation
from symmle.estimate.positive_sums import positive_sums
from symmle.estimate.records import Equation, Estimator, Kind
from symmle.estimate.residuals import with_residuals
from symmle.estimate.second_order import concavity, is_flat_along_a_line, second_order
from symmle.estimate.sufficient import exists_if
from symmle.estimate.whole_number import whole_estimate
from symmle.known import Known
from symmle.model import Model
from symmle.sample_mean import masked, separate

_MOST_OPERATIONS = 500  # of a Hessian, beyond which values are put into -I instead
_SECONDS = 10.0  # of all bounded steps of one estimate together


def estimate(derivation: Derivation) -> Estimator:
    """Find the stationary points of the average log-likelihood, as far as algebra goes.

    Sources: Casella & Berger, Statistical Inference (2002), section 7.2.2; profiling:
    Barndorff-Nielsen & Cox, Inference and Asymptotics (1994), section 3.4.
    """
    with allowance(_SECONDS):
        if derivation.original is not None:
            return in_coordinates(_estimate(derivation.original), derivation)
        return _estimate(derivation)


def _estimate(derivation: Derivation) -> Estimator:
    model, score = derivation.model, derivation.score
    components = dict(zip(score.parameters, score.gradient, strict=True))
    monotone = [s for s, slope in components.items() if slope.is_positive or slope.is_negative]
    moved = set().union(*(variable.domain.depends_on for variable in model.data))
    moved &= set(model.symbols)
    if moved:
        found = boundary(derivation) or whole_estimate(derivation)
        return found or _boundary(derivation, monotone, moved)
    if monotone:
        return _boundary(derivation, monotone, moved)
    if not derivation.smooth:
        return median_estimate(derivation) or _undecided(
            derivation,
            "the log-density has kinks in its parameters, and the maximum may sit on one",
        )
    whole = whole_estimate(derivation)
    if whole is not None:
        return whole
    left = eliminate(components, model.parameters, derivation.mean_equations)
    solved = back_substituted(left.solved)
    values = {symbol: solved[symbol] for symbol in score.parameters if symbol in solved}
    information = derivation.information
    by_score = not left.unknowns and information.from_score and _is_long(score.hessian)
    hessian = _at(-information.matrix if by_score else score.hessian, values)
    if any(equation == 0 for _, equation in left.equations):
        return _not_identified(derivation, values, left, hessian, Known.PROVED)
    if left.unknowns and is_flat_along_a_line(derivation):
        return _not_identified(derivation, values, left, hessian, Known.CHECKED)
    unknowns = {variable.symbol for variable in left.unknowns}
    if any(not equation.free_symbols & unknowns for _, equation in left.equations):
        return _no_maximum(values, hessian, "an equation of the score has no parameter left in it")
    return _stationary(derivation, left, values, hessian)


def _stationary(
    derivation: Derivation,
    left: Elimination,
    values: dict[sp.Symbol, sp.Expr],
    hessian: sp.ImmutableMatrix,
) -> Estimator:
    """The estimator that an elimination came to, with all that is known of it."""
    kind = (Kind.CLOSED, Kind.REDUCED, Kind.SYSTEM)[min(len(left.unknowns), 2)]
    concave = concavity(derivation)
    equation = _equation(derivation, left, values, concave) if kind is Kind.REDUCED else None
    exists = _existence(derivation, values, left, equation)
    if exists == sp.false:
        road = "the only stationary point lies outside the domain, whatever the data"
        return _no_maximum(values, hessian, road)
    diagonal = masked(hessian)[0].diagonal()
    if kind is Kind.CLOSED and any(entry.is_positive for entry in diagonal):
        return _no_maximum(values, hessian, "the only stationary point is no maximum")
    own = equation if left.own else None
    second = second_order(derivation, hessian, values, exists, concave, own)
    closed = kind is Kind.CLOSED and left.complete
    complete = left.complete or _opposite_is_none(derivation, left, values)
    falling = equation is not None and equation.has_one_root and complete
    by_slope = equation is not None and equation.slope_proved
    by_concavity = concave is not Known.UNKNOWN and not closed and not by_slope
    found = Estimator(
        kind,
        MappingProxyType(values),
        tuple(variable.symbol for variable in left.unknowns),
        equation,
        exists,
        (closed or falling or concave is not Known.UNKNOWN) or None,
        hessian,
        second.known,
        second.road,
        concave if by_concavity else Known.PROVED,
    )
    decided = found.unique and found.exists is not None and second.known is Known.PROVED
    if not decided and not left.positive:
        found = _with_one_maximum(found, derivation)
    if found.exists is None and left.own and equation is not None:
        enough = exists_if(equation, hessian, derivation)
        always = enough == sp.true
        found = replace(found, exists=enough) if always else replace(found, exists_if=enough)
    return with_residuals(found, derivation)


def _with_one_maximum(found: Estimator, derivation: Derivation) -> Estimator:
    """The same, where other coordinates show that the likelihood has at most one maximum."""
    there = concave_elsewhere(derivation.model)
    if there is None:
        return found
    road = f"in the coordinates {there.shown} the log-density of every row is strictly concave"
    return replace(
        found,
        exists=there.exists if found.exists is None else found.exists,
        unique=True,
        maximum=Known.PROVED,
        road=found.road if found.maximum is Known.PROVED else road,
        concave_in=MappingProxyType(dict(there.coordinates)),
    )


def _equation(
    derivation: Derivation,
    left: Elimination,
    values: dict[sp.Symbol, sp.Expr],
    concave: Known,
) -> Equation:
    """The reduced equation; not called falling unless the solved values stay in their domains."""
    expression, unknown = left.equations[0][1], left.unknowns[0]
    concave_too = left.own and concave is not Known.UNKNOWN
    data = derivation.model.data
    found = signed_equation(expression, unknown, concave_too, left.own, data)
    inside = all(
        _stays_inside(
            values[parameter.symbol],
            unknown.symbol,
            parameter.domain.at(values),
            derivation.model,
        )
        for parameter in derivation.model.parameters
        if parameter.symbol in values
    )
    return found if inside else replace(found, falling=False, slope_proved=False, crossing=None)


def _opposite_is_none(
    derivation: Derivation, left: Elimination, values: dict[sp.Symbol, sp.Expr]
) -> bool:
    """Whether the angles half a turn away, at which their own equations hold too, are no zeros.

    Where an angle's equation vanishes identically, any angle gives the same in the others.
    """
    if len(left.opposites) != 1 or not left.regular or len(left.unknowns) != 1:
        return False
    angle, gradient = (
        left.opposites[0],
        dict(zip(derivation.score.parameters, derivation.score.gradient, strict=True)),
    )
    own = sp.Mul.make_args(sp.factor_terms(masked(separate(gradient[angle]))[0]))
    if any(e.free_symbols & values.keys() - {angle} and not e.is_positive for e in own):
        return False  # it may vanish identically at some values of the others, not for some data
    there = separate(gradient[left.equations[0][0]]).xreplace(
        {**values, angle: values[angle] + sp.pi}
    )
    slope = masked(with_known_functions(reduced(there)))[0]
    return bool(slope.is_negative or slope.is_positive)


def _stays_inside(value: sp.Expr, unknown: sp.Symbol, where: Domain, model: Model) -> bool:
    """Whether a value lies in a domain by signs alone, of the data's domains among them."""
    gaps = [value - where.lower] if where.lower.is_finite else []
    gaps += [where.upper - value] if where.upper.is_finite else []
    if not gaps:
        parts = value.args if isinstance(value, sp.atan2) else (value,)
        return all(part.is_real for part in parts)
    return all(_is_shown_positive(gap, unknown, model) for gap in gaps)


def _is_shown_positive(gap: sp.Expr, unknown: sp.Symbol, model: Model) -> bool:
    if is_positive(gap) == sp.true or gap.is_positive:
        return True
    above = {
        v.symbol: v.domain.lower + Datum(f"{v.name}_above", nonnegative=True)
        for v in model.data
        if v.domain.lower.is_number and v.domain.lower > 0
    }
    forms = (gap.xreplace(above), *positive_sums(gap, unknown, model.data))
    return any(reduced(form).is_positive for form in forms)


def _existence(
    derivation: Derivation,
    values: dict[sp.Symbol, sp.Expr],
    left: Elimination,
    equation: Equation | None,
) -> sp.Basic | None:
    """The condition for an estimate: of a closed form, or of the root of a reduced equation."""
    needed = [is_positive(each.xreplace(values)) for each in left.positive]
    average = derivation.average_log_likelihood
    if not left.unknowns:
        closed = closed_form_exists(values, derivation.model.parameters, average)
        return conjunction([closed, *needed])
    if equation is None:
        model = derivation.model
        return None if needed else maximum_of_gamma_sums(average, model.parameters)
    root = root_exists(equation)
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


def _undecided(derivation: Derivation, road: str) -> Estimator:
    """The answer where the zeros of the score do not tell the maximum."""
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


def _no_maximum(
    values: dict[sp.Symbol, sp.Expr], hessian: sp.ImmutableMatrix, road: str
) -> Estimator:
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
    derivation: Derivation,
    values: dict[sp.Symbol, sp.Expr],
    left: Elimination,
    hessian: sp.ImmutableMatrix,
    known: Known,
) -> Estimator:
    """The answer where an equation of the score follows from the others."""
    flat = flat_direction(derivation)
    road = "the likelihood is constant along a line: not every parameter is identified"
    if flat is not None:
        read = ", ".join(f"{symbol}: {rate}" for symbol, rate in flat.along.items())
        road = f"the likelihood does not change along the direction ({read})"
        road += f": of {' and '.join(map(str, flat.along))} only {flat.identified[0]} is identified"
    return Estimator(
        Kind.NONE,
        MappingProxyType(values),
        tuple(variable.symbol for variable in left.unknowns),
        None,
        sp.false,
        False,
        hessian,
        Known.UNKNOWN,
        road,
        known if flat is None else Known.PROVED,
        identified=() if flat is None else flat.identified,
    )


def _is_long(hessian: sp.ImmutableMatrix) -> bool:
    """Whether putting values into it is dear, so that -I, which it equals there, is taken."""
    return bool(sum(entry.count_ops() for entry in hessian) > _MOST_OPERATIONS)


def _at(hessian: sp.ImmutableMatrix, values: Mapping[sp.Symbol, sp.Expr]) -> sp.ImmutableMatrix:
    """The Hessian with the solved parameters replaced, each entry reduced."""
    if not values:
        return hessian
    different = dict.fromkeys(hessian)  # half of them: it is symmetric
    known = {entry: shortened(separate(entry).xreplace(values)) for entry in different}
    return hessian.applyfunc(known.__getitem__)
