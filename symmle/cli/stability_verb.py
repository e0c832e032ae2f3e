"""`symmle stability`: step ranges, best steps and rates of update schemes."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from itertools import pairwise

import sympy as sp

from symmle.cli.analysis import step_symbol
from symmle.cli.naming import named_model
from symmle.cli.point import Point, at_data, at_estimate, at_values
from symmle.derive import Derivation, derive
from symmle.errors import InputError, NoEstimateError
from symmle.estimate import Kind, estimate
from symmle.model import Model
from symmle.parsing import parse
from symmle.report.encoding import dumped
from symmle.report.stability import stability_document, stability_json
from symmle.report.text import render
from symmle.schemes import Scheme, alternating, coordinate, newton, scoring, simultaneous
from symmle.stability import Comparison, SchemeStability, comparison, stability

_DEFAULT = ("simultaneous", "alternating")


def run(arguments: argparse.Namespace) -> int:
    """Print what is known of each scheme at the point asked for."""
    model = named_model(arguments)
    derivation = derive(model)
    schemes = _schemes(model, arguments)
    point = _point(derivation, arguments)
    at = None if arguments.step is None else _number(arguments.step, "--step")
    step = step_symbol(model)
    found = tuple(_analysed(derivation, scheme, step, point, at) for scheme in schemes)
    compared = tuple(comparison(*pair) for pair in pairwise(found))
    _print(arguments, derivation, point, found, compared)
    return 0


def _print(
    arguments: argparse.Namespace,
    derivation: Derivation,
    point: Point,
    found: tuple[SchemeStability, ...],
    compared: tuple[Comparison, ...],
) -> None:
    where = {symbol.name: value for symbol, value in point.values.items()}
    if arguments.json:
        record = stability_json(derivation.model, where, point.meaning, found, compared)
        sys.stdout.write(dumped(record))
        return
    width = max(60, min(shutil.get_terminal_size((80, 24)).columns, 120))
    document = stability_document(derivation.model, where, point.meaning, found, compared)
    sys.stdout.write(render(document, width))


def _analysed(
    derivation: Derivation, scheme: Scheme, step: sp.Symbol, point: Point, at: sp.Expr | None
) -> SchemeStability:
    found = stability(
        derivation.score,
        scheme,
        step,
        {},
        information=derivation.information.matrix,
        evaluate=point.evaluate,
        strict_maximum=point.strict_maximum,
        at=at,
    )
    return point.weakened(found)


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
        return at_data(derivation, arguments)
    undecided = estimator.kind in (Kind.BOUNDARY, Kind.NONE) or bool(estimator.whole)
    if undecided or not derivation.smooth:
        raise NoEstimateError(
            f"{derivation.model.name} has no fixed point to analyse: {estimator.road}"
        )
    return at_estimate(derivation, estimator)


def _schemes(model: Model, arguments: argparse.Namespace) -> list[Scheme]:
    names: Sequence[str] = arguments.scheme or _DEFAULT
    order = _order(model, arguments.order)
    inner, outer = (_count(arguments, name) for name in ("inner", "outer"))
    if (arguments.inner or arguments.outer) and "coordinate" not in names:
        raise InputError("--inner and --outer belong to --scheme coordinate; add it")
    makers = {
        "simultaneous": lambda: simultaneous(model.symbols),
        "alternating": lambda: alternating(model.symbols, order),
        "coordinate": lambda: coordinate(model.symbols, inner, outer, order),
        "newton": lambda: newton(model.symbols),
        "scoring": lambda: scoring(model.symbols),
    }
    return [makers[name]() for name in dict.fromkeys(names)]


def _order(model: Model, text: str | None) -> tuple[sp.Symbol, ...] | None:
    if text is None:
        return None
    return tuple(model.symbol(name.strip()) for name in text.split(","))


def _count(arguments: argparse.Namespace, name: str) -> int:
    text = getattr(arguments, name)
    if text is None:
        return 1
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise InputError(f"--{name} {text!r} is no count; give a whole number from 1 to 1000")
    return int(text)


def _number(text: str, what: str) -> sp.Expr:
    value = parse(text, {}, what)
    if not value.is_positive:
        raise InputError(f"{what} {text!r} is not a positive number; give one such as 0.1 or 1/3")
    return value
