"""One scheme at one fixed point: everything that is said about its stability."""

from collections.abc import Callable, Mapping

import sympy as sp

from symmle.budget import bounded
from symmle.derive import Score
from symmle.errors import BudgetError, InputError
from symmle.schemes import Metric, Rule, Scheme, direction, update
from symmle.stability.algebra import is_zero
from symmle.stability.edge import edge, may_have_coefficient, with_criticality
from symmle.stability.jacobian import (
    assembled,
    characteristic_polynomial,
    field_jacobian,
    multipliers,
    part_jacobian,
)
from symmle.stability.normal_form import Local, jet
from symmle.stability.over_relaxation import over_relaxed
from symmle.stability.parts import Part, parts, program, with_rule_of
from symmle.stability.polynomials import Matrix
from symmle.stability.records import AtStep, Edge, Interval, SchemeStability, StableSet
from symmle.stability.symbolic import stable_set as stable_set_in_symbols

_SECONDS = 4.0  # for the third derivatives at an edge

Evaluation = Callable[[sp.Expr], sp.Expr]


def stability(
    score: Score,
    scheme: Scheme,
    step: sp.Symbol,
    fixed_point: Mapping[sp.Symbol, sp.Expr],
    *,
    information: sp.Matrix | None = None,
    evaluate: Evaluation | None = None,
    strict_maximum: bool = False,
    at: sp.Expr | None = None,
    edges: bool = True,
) -> SchemeStability:
    """Jacobian, stable steps, best step, rate and edge of a scheme at a zero of the score.

    step: a positive symbol.  fixed_point: parameters -> expressions or numbers; one left out
    stays a symbol.  information: n x n Fisher information in the parameters, for scoring.
    evaluate: applied to every expression after the fixed point is put in, to give numbers for
    means; by default they stay as they are.  strict_maximum: whether the caller has proved the
    Hessian negative definite there, for all values of the symbols.
    at: a number for the step, whose verdict is wanted too; the fixed point must be numbers then.
    edges: False leaves out the characteristic polynomial and which side of an edge a cycle is
    born on, which takes third derivatives; neither bears on the ranges and rates.
    Raises InputError for a scheme that does not fit the score, a step that is not positive, or
    `at` together with symbols.  Never guesses: what is not decided is None, with a reason.
    """
    values = dict(fixed_point)
    _require_parameters(score, values)

    def place(expr: sp.Expr) -> sp.Expr:
        found = expr.xreplace(values)
        return found if evaluate is None else evaluate(found)

    expected = None if information is None else sp.Matrix(information).applyfunc(place)
    hessian = sp.Matrix(score.hessian).applyfunc(place)
    field = field_jacobian(hessian, scheme, score.parameters, expected)
    blocks = program(scheme, score.parameters)
    pieces = with_rule_of(parts(field, blocks, is_zero), scheme)
    written = update(score, scheme, step, information)
    jacobians = [part_jacobian(part, scheme.sweeps, step) for part in pieces]
    numeric = all(entry.is_number for row in field for entry in row)
    if scheme.metric is Metric.OWN and not numeric:
        found = over_relaxed(pieces, scheme.sweeps, strict_maximum)
    else:
        found = _stable_set(pieces, scheme.sweeps, step, numeric, strict_maximum)

    def derivatives() -> Local | None:
        return _local(score, scheme, information, field, place) if edges else None

    linear = not set(score.hessian.free_symbols) & set(score.parameters)
    intervals, first = _edges(found, derivatives, linear)
    return SchemeStability(
        name=scheme.name,
        order=scheme.order,
        step=step,
        map=written,
        jacobian=assembled(jacobians, pieces),
        eigenvalues=multipliers(pieces, scheme.sweeps, step),
        characteristic_polynomial=(
            _polynomial(pieces, jacobians, scheme.sweeps, step) if edges else None
        ),
        stable_steps=intervals,
        best_step=found.best_step,
        rate=found.rate,
        edge=first,
        known=found.known,
        conditions=found.conditions,
        reason=found.reason,
        at_step=None if at is None else _at_step(pieces, scheme.sweeps, at, numeric),
        parts=pieces,
    )


def _require_parameters(score: Score, values: Mapping[sp.Symbol, sp.Expr]) -> None:
    there = set(score.parameters).union(*(slope.free_symbols for slope in score.gradient))
    strange = [str(symbol) for symbol in values if symbol not in there]
    if strange:
        names = ", ".join(str(symbol) for symbol in score.parameters)
        raise InputError(
            f"the fixed point names {', '.join(strange)}, but the parameters are {names}; "
            "use those names"
        )


def _stable_set(
    pieces: tuple[Part, ...], sweeps: int, step: sp.Symbol, numeric: bool, strict_maximum: bool
) -> StableSet:
    if not numeric:
        return stable_set_in_symbols(pieces, sweeps, step, strict_maximum)
    from symmle.stability.numeric import stable_set  # balls: not needed for symbols

    return stable_set(pieces, sweeps)


def _at_step(pieces: tuple[Part, ...], sweeps: int, at: sp.Expr, numeric: bool) -> AtStep:
    if not numeric:
        raise InputError(
            f"the step {at} was to be judged at a point that still has symbols in it; "
            "give numbers for them, or leave the step a symbol"
        )
    if not (at.is_number and at.is_positive):
        raise InputError(f"the step {at} is not a positive number; give one")
    from symmle.stability.at_step import at_step

    return at_step(pieces, sweeps, at)


def _polynomial(
    pieces: tuple[Part, ...], jacobians: list[Matrix], sweeps: int, step: sp.Expr
) -> sp.Expr | None:
    try:
        return characteristic_polynomial(pieces, jacobians, sweeps, step)
    except BudgetError:
        return None


def _local(
    score: Score,
    scheme: Scheme,
    information: sp.Matrix | None,
    field: tuple[tuple[sp.Expr, ...], ...],
    place: Evaluation,
) -> Local | None:
    closed = scheme.metric is not Metric.OWN or len(dict(scheme.image)) == len(score.parameters)
    if scheme.rule is Rule.IMPLICIT or not closed:
        return None  # its image is the solution of an equation
    if scheme.metric in (Metric.OBSERVED, Metric.EXPECTED) and len(field) > 1:
        return None  # two multipliers reach -1 together, and no coefficient is defined
    directions = direction(score, scheme, information)
    blocks = program(scheme, score.parameters)
    try:
        found = bounded(_SECONDS, lambda: jet(directions, score.parameters, field, place))
    except BudgetError:
        found = None
    if found is None:
        return None
    return Local(found, blocks, scheme.rule, scheme.momentum, scheme.sweeps)


def _edges(
    found: StableSet, derivatives: Callable[[], Local | None], linear: bool
) -> tuple[tuple[Interval, ...] | None, Edge | None]:
    """The intervals with the criticality of their ends, and the first upper edge."""
    if not found.intervals:
        return found.intervals, None
    ends = [(i.lower, i.lower_event) for i in found.intervals]
    ends += [(i.upper, i.upper_event) for i in found.intervals]
    needed = linear or any(may_have_coefficient(*end) for end in ends)
    here = derivatives() if needed else None
    edges = [
        (
            edge(each.lower, each.lower_event, each.error, here),
            edge(each.upper, each.upper_event, each.error, here),
        )
        for each in found.intervals
    ]
    judged = tuple(
        with_criticality(interval, *pair)
        for interval, pair in zip(found.intervals, edges, strict=True)
    )
    return judged, edges[0][1]
