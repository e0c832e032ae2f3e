"""`symmle stability`: step ranges, best steps and rates of update schemes."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import sympy as sp

from symmle.cli.attractors_asked import Search, attractors_of_model
from symmle.cli.chosen_schemes import chosen_schemes, step_asked, step_named
from symmle.cli.naming import is_problem_file, named_model
from symmle.cli.point import Point, at_data, at_estimate, at_values
from symmle.derive import Derivation, derive
from symmle.dynamics import Cycles
from symmle.em import em, expected_information
from symmle.errors import InputError, NoEstimateError
from symmle.estimate import Kind, estimate
from symmle.estimate.own_maximum import own_maxima
from symmle.known import Known
from symmle.model import Model
from symmle.report.attractors import attractor_sections, with_attractors
from symmle.report.basin import basin_sections, basins_json
from symmle.report.encoding import dumped
from symmle.report.stability import stability_document, stability_json
from symmle.report.text import render
from symmle.schemes import Metric, Scheme
from symmle.stability import Comparison, SchemeStability, compared, stability

if TYPE_CHECKING:
    from symmle.dynamics.basin import Start


def run(arguments: argparse.Namespace) -> int:
    """Print what is known of each scheme at the point asked for."""
    if is_problem_file(arguments.model) and not arguments.data_free:
        from symmle.cli.problem import stability_of_problem

        return stability_of_problem(arguments)
    if arguments.data_free:
        return _without_data(arguments)
    model = named_model(arguments)
    derivation = derive(model)
    schemes = chosen_schemes(
        model.symbols,
        model.symbol,
        arguments,
        lambda: em(model).explicit(),
        lambda: own_maxima(derivation.score, model.parameters),
    )
    if arguments.over is not None:
        from symmle.cli.over_asked import print_over

        return print_over(derivation, schemes, arguments)
    point = _point(derivation, arguments)
    at = step_asked(arguments)
    step = step_named(arguments, {s.name for s in model.log_density.free_symbols})
    found = tuple(analysed_at(derivation, each, step, point, at) for each in schemes)
    pairs = tuple(compared(*pair, model.parameters) for pair in combinations(found, 2))
    if arguments.cycles is None:
        cycles: tuple[Cycles, ...] = ()
    else:
        from symmle.cli.cycles_asked import cycles_of_model

        cycles = cycles_of_model(derivation, schemes, point.values, arguments)
    starts = _basins(derivation, arguments, point, found)
    searched = attractors_of_model(derivation, found, point.values, arguments)
    _print(arguments, derivation, point, found, pairs, cycles, starts, searched)
    return 0


def _without_data(arguments: argparse.Namespace) -> int:
    from symmle.cli.data_free_asked import data_free_asked
    from symmle.cli.problem import stability_of
    from symmle.report.data_free import data_free_json, data_free_section

    found = data_free_asked(arguments)
    return stability_of(found.problem, arguments, data_free_section(found), data_free_json(found))


def _basins(
    derivation: Derivation,
    arguments: argparse.Namespace,
    point: Point,
    found: Sequence[SchemeStability],
) -> "tuple[Start, ...]":
    if not (arguments.basin or arguments.certificate):
        return ()
    from symmle.cli.basin import starts

    if not point.rows or point.evaluate is None:
        raise InputError("--basin follows the map on numbers; give the data with --data FILE")
    domains = derivation.model.parameters
    bends = [point.evaluate(entry) for entry in derivation.score.hessian.diagonal()]
    place = [point.values[each.symbol] for each in domains]
    return starts(arguments, found, domains, (point.rows, point.counts), place, bends)


def _print(
    arguments: argparse.Namespace,
    derivation: Derivation,
    point: Point,
    found: tuple[SchemeStability, ...],
    pairs: tuple[Comparison, ...],
    cycles: tuple[Cycles, ...],
    basins: "tuple[Start, ...]",
    searched: "tuple[Search | None, ...]",
) -> None:
    where = {symbol.name: value for symbol, value in point.values.items()}
    if arguments.json:
        where |= {symbol.name: value for symbol, value in point.letters.items()}
        record = stability_json(derivation.model, where, point.meaning, found, pairs, cycles)
        record = with_attractors(record, searched)
        sys.stdout.write(dumped(record | basins_json(basins)))
        return
    width = max(60, min(shutil.get_terminal_size((80, 24)).columns, 120))
    document = stability_document(derivation.model, where, point.meaning, found, pairs, cycles)
    names = [each.name for each in found]
    more = attractor_sections(searched, names, [s.name for s in derivation.model.symbols])
    document = replace(document, sections=(*document.sections, *basin_sections(basins), *more))
    sys.stdout.write(render(document, width))


def analysed_at(
    derivation: Derivation,
    scheme: Scheme,
    step: sp.Symbol,
    point: Point,
    at: sp.Expr | None,
) -> SchemeStability:
    """One scheme of a model at a point; what EM divides by is worked out where it is asked for."""
    divisor = derivation.information.matrix
    if scheme.metric in (Metric.COMPLETE, Metric.OWN) and point.values:
        at = at or sp.S.One  # EM, or exact maximisation, itself
    if scheme.metric is Metric.COMPLETE:
        divisor = em(derivation.model).information
        if point.values and not point.rows:
            point = _with_complete_data(point, derivation.model)
    found = stability(
        derivation.score,
        scheme,
        step,
        {},
        information=divisor,
        evaluate=point.evaluate,
        strict_maximum=point.strict_maximum,
        at=at,
    )
    return point.weakened(found)


def _with_complete_data(point: Point, model: Model) -> Point:
    """At numbers without data: the complete data's information is integrated there."""
    numbers = expected_information(model, point.values)
    known = dict(zip(em(model).information, numbers, strict=True))
    place = point.evaluate

    def evaluate(expr: sp.Expr) -> sp.Expr:
        return known[expr] if expr in known or place is None else place(expr)

    return replace(point, evaluate=evaluate, level=point.level.weaker(Known.CHECKED))


def _point(derivation: Derivation, arguments: argparse.Namespace) -> Point:
    if arguments.at and arguments.data:
        raise InputError("both --at and --data were given; give one of them")
    if not arguments.data:
        for option, value in (
            ("--column", arguments.column),
            ("--weights", arguments.weights),
            ("--drop-missing", arguments.drop_missing),
        ):
            if value:
                raise InputError(f"{option} says how to read data; give --data FILE with it")
    if arguments.at:
        return at_values(derivation, arguments.at)
    estimator = estimate(derivation)
    if estimator.follows_score and arguments.data:
        return at_data(derivation, estimator, arguments)
    undecided = estimator.kind in (Kind.BOUNDARY, Kind.NONE) or bool(estimator.whole)
    if undecided or not derivation.smooth:
        raise NoEstimateError(
            f"{derivation.model.name} has no fixed point to analyse: {estimator.road}"
        )
    return at_estimate(derivation, estimator)
