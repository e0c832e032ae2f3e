"""An explicit map at its fixed points, and a scheme of fixed step over the values of a constant."""

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from symmle.known import Known
from symmle.problem import Problem
from symmle.schemes import Map, Scheme, simultaneous, update
from symmle.stability.analysis import stability
from symmle.stability.jacobian import field_jacobian, sweep_jacobian
from symmle.stability.normal_form import Local, jet
from symmle.stability.over import Moving, stable_values
from symmle.stability.parts import program
from symmle.stability.records import Edge, SchemeStability


def map_stability(
    problem: Problem, values: Mapping[sp.Symbol, sp.Expr], over: sp.Symbol | None
) -> SchemeStability:
    """An explicit map at a fixed point: for which values of a constant it attracts.

    over: the constant, the only symbol left; None with numbers for all, or with several symbols,
    where the Jacobian and its multipliers are all that is said.
    """
    scheme = Scheme("map", simultaneous(problem.symbols).blocks)
    if over is not None:
        return scheme_over(problem, scheme, values, over, sp.S.One)
    step = sp.Symbol("step", positive=True)
    numbers = not problem.given and all(value.is_number for value in values.values())
    found = stability(problem.field, scheme, step, values, at=sp.S.One if numbers else None)
    names = ", ".join(each.name for each in problem.given)
    why = f"name one with --over, and numbers for the others: {names}" if names else ""
    return replace(
        _at_step_one(found, problem),
        stable_steps=None,
        best_step=None,
        rate=None,
        edge=None,
        conditions=(),
        known=found.at_step.known if found.at_step is not None else Known.UNKNOWN,
        reason=f"a map has no step; {why}" if why else "a map has no step",
    )


def _at_step_one(found: SchemeStability, problem: Problem) -> SchemeStability:
    """With the map as it was given, and its Jacobian, instead of a step towards it."""
    one = {found.step: sp.S.One}
    polynomial = found.characteristic_polynomial
    return replace(
        found,
        map=_as_given(found.map, problem),
        jacobian=found.jacobian.xreplace(one).applyfunc(sp.factor_terms),
        eigenvalues=found.eigenvalues and tuple(each.xreplace(one) for each in found.eigenvalues),
        characteristic_polynomial=None if polynomial is None else polynomial.xreplace(one),
    )


def _as_given(written: Map, problem: Problem) -> Map:
    """The map in the words of the problem, and not as a step of size one towards it."""
    (line,) = written.statements
    line = replace(line, values=problem.image)
    return replace(written, image=problem.image, statements=(line,), step=sp.S.One)


def scheme_over(
    problem: Problem,
    scheme: Scheme,
    values: Mapping[sp.Symbol, sp.Expr],
    over: sp.Symbol,
    step: sp.Expr,
) -> SchemeStability:
    """A scheme with a number for its step: the values of a constant at which the point attracts."""
    field = problem.field
    here = dict(values)
    hessian = field.hessian.xreplace(here)
    linear = field_jacobian(hessian, scheme, field.parameters)
    blocks = program(scheme, field.parameters)
    derivatives = jet(field.gradient, field.parameters, linear, lambda e: e.xreplace(here))
    jacobian = sweep_jacobian(hessian, scheme, field.parameters, step).applyfunc(sp.factor_terms)
    where = next(each.domain for each in problem.given if each.symbol == over)
    gaps = []
    for variable in problem.variables:
        domain, value = variable.domain.at(here), here[variable.symbol]
        gaps += [value - domain.lower] if domain.lower.is_finite else []
        gaps += [domain.upper - value] if domain.upper.is_finite else []
    moving = Moving(
        over,
        where,
        jacobian,
        tuple(here.values()),
        tuple(gap for gap in gaps if gap.free_symbols),
        None
        if derivatives is None
        else Local(derivatives, blocks, scheme.rule, scheme.momentum, scheme.sweeps),
        step,
    )
    written = update(field, scheme, step)
    return over_values(moving, _as_given(written, problem) if problem.is_map else written)


def over_values(moving: Moving, written: Map) -> SchemeStability:
    """What is said of a scheme of fixed step over the values of a symbol.

    written: its update.
    """
    scheme, jacobian = written.scheme, moving.jacobian
    found = stable_values(moving)
    polynomial = jacobian.charpoly(sp.Symbol("z")).as_expr()
    first = found.intervals[0] if found.intervals else None
    return SchemeStability(
        scheme.name,
        scheme.order,
        moving.symbol,
        written,
        jacobian,
        _multipliers(jacobian),
        polynomial,
        found.intervals,
        None,
        None,
        None
        if first is None
        else Edge(
            first.upper, first.upper_event, first.upper_criticality, None, first.upper_passage
        ),
        found.known,
        (),
        found.reason,
    )


def _multipliers(jacobian: sp.ImmutableMatrix) -> tuple[sp.Expr, ...] | None:
    if jacobian.rows == 1:
        return (jacobian[0, 0],)
    if jacobian.rows > 2:
        return None
    half, determinant = jacobian.trace() / 2, jacobian.det()
    root = sp.sqrt(sp.expand(half**2 - determinant))
    return half - root, half + root
