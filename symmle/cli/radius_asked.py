"""`plot radius`: which schemes at which fixed point."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import sympy as sp

from symmle.cli.chosen_schemes import chosen_schemes, schemes_of_problem, step_named
from symmle.cli.naming import is_problem_file, named_model
from symmle.cli.run_asked import ranges_asked
from symmle.errors import InputError, NoEstimateError
from symmle.estimate.own_maximum import own_maxima

if TYPE_CHECKING:
    from symmle.pictures.radius import Radius
    from symmle.problem import Problem


def radius_asked(arguments: argparse.Namespace) -> "Radius":
    """The spectral radii of the schemes at --at, at data, or at a fixed point of a problem."""
    for name in ("start", "iterations", "step"):
        if getattr(arguments, name):
            raise InputError(f"a radius picture has all steps on its axis; leave --{name} out")
    if arguments.data_free:
        from symmle.cli.data_free_asked import data_free_asked

        return _of_problem(data_free_asked(arguments, at_numbers=True).problem, arguments)
    if not is_problem_file(arguments.model):
        return _of_model(arguments)
    from symmle.cli.problem import placed, with_numbers
    from symmle.problem import load_problem

    problem = placed(with_numbers(load_problem(arguments.model), arguments.fix or ()), arguments)
    return _of_problem(problem, arguments)


def _of_model(arguments: argparse.Namespace) -> "Radius":
    from symmle.cli.point import at_data, at_values
    from symmle.cli.stability_verb import analysed_at
    from symmle.derive import derive
    from symmle.em import em
    from symmle.estimate import estimate
    from symmle.pictures.radius import radius

    model = named_model(arguments)
    derivation = derive(model)
    schemes = chosen_schemes(
        model.symbols,
        model.symbol,
        arguments,
        lambda: em(model).explicit(),
        lambda: own_maxima(derivation.score, model.parameters),
    )
    step = step_named(arguments, {s.name for s in model.log_density.free_symbols})
    if arguments.at:
        point = at_values(derivation, arguments.at)
        where = "at " + ", ".join(f"{s} = {value}" for s, value in point.values.items())
    elif arguments.data:
        estimator = estimate(derivation)
        if not (estimator.follows_score and derivation.smooth):
            raise NoEstimateError(f"{model.name} has no fixed point to analyse: {estimator.road}")
        point = at_data(derivation, estimator, arguments)
        where = Path(arguments.data).name
    else:
        raise InputError(
            "a spectral radius is drawn at numbers; give data, as in "
            "`symmle plot radius MODEL DATA`, or --at NAME=VALUE,..."
        )
    found = [analysed_at(derivation, each, step, point, None) for each in schemes]
    window = ranges_asked(arguments.range, [step.name]).get(step.name)
    return radius(model.name, where, found, {}, window)


def _of_problem(problem: "Problem", arguments: argparse.Namespace) -> "Radius":
    from symmle.fixed_points import fixed_points
    from symmle.pictures.radius import radius
    from symmle.stability import stability

    if problem.is_map:
        raise InputError(f"{problem.name} is an explicit map without a step; draw `bifurcation`")
    if problem.given:
        name = problem.given[0].name
        raise InputError(f"{name} has no number here; give it with --fix {name}=NUMBER")
    points = fixed_points(problem)
    if not points.points:
        raise NoEstimateError(f"{problem.name} has no fixed point to analyse: {points.none}")
    if len(points.points) > 1:
        said = "; ".join(_spelt(each.values) for each in points.points)
        raise InputError(f"{problem.name} has several fixed points ({said}); name one with --at")
    values = points.points[0].values
    schemes = schemes_of_problem(problem, arguments)
    step = step_named(arguments, {each.name for each in problem.variables})
    found = [stability(problem.field, each, step, values, edges=False) for each in schemes]
    window = ranges_asked(arguments.range, [step.name]).get(step.name)
    return radius(problem.name, f"at {_spelt(values)}", found, values, window)


def _spelt(values: Mapping[sp.Symbol, sp.Expr]) -> str:
    return ",".join(f"{symbol}={sp.N(value, 6)}" for symbol, value in values.items())
