"""`symmle stability FILE` for a problem without data: an objective, a game, an explicit map."""

import argparse
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import sympy as sp

from symmle.cli.attractors_asked import attractors_of_problem
from symmle.cli.chosen_schemes import schemes_of_problem, step_asked, step_named
from symmle.cli.cycles_asked import cycles_of_problem
from symmle.coordinates import assignments
from symmle.dynamics import Cycles
from symmle.errors import InputError, NoEstimateError
from symmle.fixed_points import FixedPoint, fixed_points
from symmle.known import Known
from symmle.parsing import parse
from symmle.problem import Problem, load_problem
from symmle.report.attractors import attractor_sections, with_attractors
from symmle.report.basin import basin_sections, basins_json
from symmle.report.document import Section
from symmle.report.encoding import Object, dumped
from symmle.report.problem import Analysed, problem_document, problem_json
from symmle.report.text import render
from symmle.schemes import Metric, Scheme
from symmle.stability import SchemeStability, compared, stability
from symmle.stability.definite import Stationary, kind_of_point
from symmle.stability.of_problem import map_stability, scheme_over

if TYPE_CHECKING:
    from symmle.dynamics.basin import Start

_ONLY_DATA = ("data", "column", "weights", "drop_missing", "logpdf", "coordinates", "dimension")


def stability_of_problem(arguments: argparse.Namespace) -> int:
    """Print what is known of each scheme at each fixed point."""
    for name in _ONLY_DATA:
        if getattr(arguments, name, None):
            raise InputError(
                f"--{name.replace('_', '-')} belongs to a model with data; {arguments.model!r} "
                "holds a problem without them, so leave it out"
            )
    problem = placed(with_numbers(load_problem(arguments.model), arguments.fix or ()), arguments)
    return stability_of(problem, arguments)


def stability_of(
    problem: Problem,
    arguments: argparse.Namespace,
    before: Section | None = None,
    more: Object | None = None,
) -> int:
    """The same of a problem that is there; before, more: what its page and record begin with."""
    informed = {"scoring", "natural", "diagonal_scoring"} & set(arguments.scheme or ())
    if informed:
        raise InputError(
            f"{min(informed)} divides by the Fisher information, which a problem without data has "
            "not; choose newton or diagonal_newton"
        )
    if problem.is_map and (arguments.scheme or arguments.step or arguments.steps):
        raise InputError(
            f"{problem.name} is an explicit map, its own scheme; leave --scheme and --step out"
        )
    found = fixed_points(problem)
    if not found.points:
        raise NoEstimateError(f"{problem.name} has no fixed point to analyse: {found.none}")
    analysed = tuple(_analysed(problem, each, arguments) for each in found.points)
    cycles: tuple[Cycles, ...] = ()
    if arguments.cycles is not None:
        schemes = schemes_of_problem(problem, arguments)
        near = [each.values for each in found.points]
        cycles = cycles_of_problem(problem, schemes, near, arguments)
    basins = _basins(problem, analysed, arguments)
    searched = [
        found
        for each in analysed
        for found in attractors_of_problem(problem, each.schemes, each.values, arguments)
    ]
    if arguments.json:
        record = problem_json(problem, found, analysed, cycles)
        record = with_attractors(record, searched)
        sys.stdout.write(dumped(record | basins_json(basins) | (more or {})))
        return 0
    width = max(60, min(shutil.get_terminal_size((80, 24)).columns, 120))
    document = problem_document(problem, found, analysed, cycles)
    names = [scheme.name for each in analysed for scheme in each.schemes]
    others = attractor_sections(searched, names, [s.name for s in problem.symbols])
    first = () if before is None else (before,)
    sections = (*first, *document.sections, *basin_sections(basins), *others)
    document = replace(document, sections=sections)
    sys.stdout.write(render(document, width))
    return 0


def _basins(
    problem: Problem, analysed: tuple[Analysed, ...], arguments: argparse.Namespace
) -> "tuple[Start, ...]":
    """The basins of --basin, of every scheme at every fixed point."""
    if not (arguments.basin or arguments.certificate):
        return ()
    from symmle.cli.basin import starts

    if arguments.certificate and len(analysed) > 1:
        raise InputError("--certificate is of one fixed point; name it with --at")
    found: list[Start] = []
    for each in analysed:
        if problem.given or not all(value.is_number for value in each.values.values()):
            raise InputError("--basin needs numbers for all constants; give them with --fix")
        place = [each.values[symbol] for symbol in problem.symbols]
        bends = problem.field.hessian.xreplace(dict(each.values)).diagonal()
        if problem.is_map:
            bends = [sp.S.Zero for _ in place]
        found += starts(arguments, each.schemes, problem.variables, ({}, ()), place, list(bends))
    return tuple(found)


def _analysed(problem: Problem, point: FixedPoint, arguments: argparse.Namespace) -> Analysed:
    """Every scheme at one fixed point; of a map, the map itself."""
    values = point.values
    hessian = problem.field.hessian.xreplace(dict(values))
    kind = kind_of_point(hessian) if len(problem.objectives) == 1 else None
    if kind is not None and point.known is Known.UNKNOWN:
        kind = Stationary.SINGULAR
    over = _over(problem, arguments)
    if problem.is_map:
        found: tuple[SchemeStability, ...] = (map_stability(problem, values, over),)
    else:
        at = step_asked(arguments)
        schemes = schemes_of_problem(problem, arguments)
        if over is not None and at is None:
            raise InputError(f"--over {over} needs the step as a number; add --step")
        strict = kind is not None and kind.is_strict_maximum
        numbers = all(entry.is_number for entry in hessian)
        found = tuple(
            scheme_over(problem, scheme, values, over, at)
            if over is not None and at is not None
            else stability(
                problem.field,
                scheme,
                step_named(arguments, _names(problem)),
                values,
                strict_maximum=strict,
                at=(at or _usual(scheme)) if numbers else None,
            )
            for scheme in schemes
        )
    found = tuple(each.weakened(point.known) for each in found)
    pairs = () if over is not None else tuple(combinations(found, 2))
    compared_pairs = tuple(compared(*pair, problem.given).weakened(point.known) for pair in pairs)
    return Analysed(values, kind, found, compared_pairs)


def _usual(scheme: Scheme) -> sp.Expr | None:
    """The step at which a scheme is what it is named after, where there is one."""
    return sp.S.One if scheme.metric is Metric.OWN else None


def _over(problem: Problem, arguments: argparse.Namespace) -> sp.Symbol | None:
    """The constant of --over; of a map with one symbol left, that one."""
    names = {each.name: each.symbol for each in problem.given}
    if arguments.over is None:
        return next(iter(names.values())) if problem.is_map and len(names) == 1 else None
    if arguments.over not in names:
        there = ", ".join(names) or "none"
        raise InputError(
            f"--over {arguments.over!r} must name a constant that is given as a domain; "
            f"{problem.name} has {there}"
        )
    left = [name for name in names if name != arguments.over]
    if left:
        raise InputError(
            f"--over {arguments.over} needs numbers for {left[0]}; add --fix {left[0]}=..."
        )
    return names[arguments.over]


def _names(problem: Problem) -> set[str]:
    return {each.name for each in (*problem.variables, *problem.given)}


def with_numbers(problem: Problem, texts: tuple[str, ...] | list[str]) -> Problem:
    """The problem with --fix NAME=VALUE put in for constants that are symbols."""
    if not texts:
        return problem
    values = _numbers("--fix", texts, {each.name: each.symbol for each in problem.given})
    for each in problem.given:
        if each.symbol in values and each.domain.contains(values[each.symbol]) is False:
            raise InputError(
                f"--fix {each.name}={values[each.symbol]} is outside its domain "
                f"'{each.domain.text}'; choose a value inside"
            )
    return problem.at_constants(values)


def placed(problem: Problem, arguments: argparse.Namespace) -> Problem:
    """The problem with the fixed point of --at, where one is given."""
    if not arguments.at:
        return problem
    names = {each.name: each.symbol for each in problem.variables}
    point = _numbers("--at", [arguments.at], names)
    missing = [name for name, symbol in names.items() if symbol not in point]
    if missing:
        raise InputError(
            f"--at {arguments.at!r} has no value for {missing[0]}; add {missing[0]}=..."
        )
    return replace(problem, at=point)


def _numbers(
    option: str, texts: tuple[str, ...] | list[str], names: Mapping[str, sp.Symbol]
) -> dict[sp.Symbol, sp.Expr]:
    values: dict[sp.Symbol, sp.Expr] = {}
    for text in assignments(texts):
        name, found, written = (part.strip() for part in text.partition("="))
        if not found or name not in names:
            there = ", ".join(names) or "none"
            raise InputError(f"{option} {text!r} must be NAME=VALUE with a name among {there}")
        values[names[name]] = parse(written, {}, f"value of {name}")
    return values
