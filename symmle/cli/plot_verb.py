"""`symmle plot`: a picture of a run or of stability, as SVG or PNG."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import sympy as sp

from symmle.cli.chosen_schemes import chosen_schemes, step_asked, step_name
from symmle.cli.files import require_writable, write_bytes
from symmle.cli.naming import is_problem_file, named_model, sample_for
from symmle.cli.options import PICTURES
from symmle.cli.radius_asked import radius_asked
from symmle.cli.run_asked import count_asked, ranges_asked, some_starts, start_asked
from symmle.errors import InputError, NoEstimateError
from symmle.estimate.own_maximum import own_maxima
from symmle.report.encoding import dumped
from symmle.schemes import Scheme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from symmle.diagnosis import Case
    from symmle.report.pictures import Picture

_DRAWN = 2_000  # updates of a trajectory
_STAIRS = 60  # updates of a cobweb


def run(arguments: argparse.Namespace) -> int:
    """Compute the numbers of a picture, draw it, and write it all or nothing."""
    from symmle.pictures.canvas import ending_of, rendered, require_matplotlib

    if arguments.kind not in PICTURES:
        raise InputError(
            f"there is no picture {arguments.kind!r}; the pictures are {', '.join(PICTURES)}"
        )
    if not arguments.output:
        raise InputError("a picture needs a file; add -o FILE.svg or -o FILE.png")
    path, ending = Path(arguments.output), ending_of(arguments.output)
    require_writable(path, arguments.force)
    require_matplotlib()
    _sort_words(arguments)
    found = _found(arguments)
    write_bytes(path, rendered(_drawing(found), ending), arguments.force)
    if arguments.json:
        from symmle.report.pictures import picture_json

        record = {"kind": arguments.kind, "file": str(path)} | picture_json(found)
        print(dumped(record), end="")
    else:
        print(f"wrote {path}")
    return 0


def _sort_words(arguments: argparse.Namespace) -> None:
    """MODEL and FILE as words: with --logpdf the one word is the data."""
    if arguments.logpdf and not arguments.file:
        arguments.model, arguments.file = None, arguments.model
    if arguments.file and arguments.data:
        raise InputError("the data were given twice, as a word and with --data; give them once")
    arguments.data = arguments.data or arguments.file
    if arguments.data and arguments.data_free:
        raise InputError("--data-free is without data; leave one of the two out")
    if arguments.data and arguments.at:
        raise InputError("both --at and data were given; give one of them")
    for option, value in (
        ("--column", arguments.column),
        ("--weights", arguments.weights),
        ("--drop-missing", arguments.drop_missing),
    ):
        if value and not arguments.data:
            raise InputError(f"{option} says how to read data; give a file with it")
    if arguments.over and arguments.kind != "bifurcation":
        raise InputError(f"--over belongs to a bifurcation, not to {arguments.kind}; leave it out")
    if is_problem_file(arguments.model):
        for name in ("data", "coordinates", "logpdf", "dimension"):
            if getattr(arguments, name):
                raise InputError(
                    f"--{name} belongs to a model with data; {arguments.model!r} holds a problem "
                    "without them, so leave it out"
                )


def _drawing(found: "Picture") -> "Callable[[Figure], None]":
    from functools import partial

    from symmle.pictures import draw_runs, draw_sets
    from symmle.pictures.basin import Basin
    from symmle.pictures.bifurcation import Bifurcation
    from symmle.pictures.cobweb import Cobweb
    from symmle.pictures.convergence import Convergence
    from symmle.pictures.paths import Trajectory
    from symmle.pictures.radius import Radius

    match found:
        case Trajectory():
            return partial(draw_runs.draw_trajectory, found=found)
        case Cobweb():
            return partial(draw_runs.draw_cobweb, found=found)
        case Convergence():
            return partial(draw_runs.draw_convergence, found=found)
        case Radius():
            return partial(draw_sets.draw_radius, found=found)
        case Bifurcation():
            return partial(draw_sets.draw_bifurcation, found=found)
        case Basin():
            return partial(draw_sets.draw_basin, found=found)


def _found(arguments: argparse.Namespace) -> "Picture":
    if arguments.kind == "radius":
        return radius_asked(arguments)
    if arguments.kind == "bifurcation" and _is_map(arguments):
        return _bifurcation_of_map(arguments)
    from symmle.pictures.basin import basin
    from symmle.pictures.bifurcation import bifurcation_of_scheme
    from symmle.pictures.cobweb import cobweb
    from symmle.pictures.convergence import convergence
    from symmle.pictures.paths import trajectory

    case, data = _case(arguments)
    names = [each.name for each in case.variables]
    if arguments.kind == "bifurcation":
        if arguments.over:
            raise InputError("--over names a constant of a map; a scheme is drawn over its step")
        if arguments.step or arguments.steps:
            raise InputError("a bifurcation has all steps on its axis; leave --step out")
        scheme = _one_scheme(case, arguments)
        start = start_asked(case.variables, arguments.start) if arguments.start else None
        name = step_name(arguments)
        window = ranges_asked(arguments.range, [name]).get(name)
        if window is not None and window.low < 0:
            raise InputError(f"a step is positive, and --range {name} begins at {window.low:g}")
        return bifurcation_of_scheme(case, scheme, start, window, data, name)
    window_of = ranges_asked(arguments.range, names)
    count = count_asked(arguments.iterations)
    if arguments.kind == "basin":
        scheme, step = _one_run(case, arguments)
        held = some_starts(case.variables, arguments.start) if arguments.start else {}
        return basin(case, scheme, step, held, count, window_of, data)
    start = start_asked(case.variables, arguments.start)
    if arguments.kind == "cobweb":
        scheme, step = _one_run(case, arguments)
        window = next(iter(window_of.values()), None)
        return cobweb(case, scheme, step, start, count or _STAIRS, window, data)
    runs = _runs(case, arguments)
    if arguments.kind == "trajectory":
        return trajectory(case, runs, start, count or _DRAWN, window_of, data)
    if arguments.range:
        raise InputError("a convergence curve finds its axes itself; leave --range out")
    return convergence(case, runs, start, count, data)


def _case(arguments: argparse.Namespace) -> "tuple[Case, str]":
    """What is run, and what its data are called in the title."""
    from symmle.diagnosis import case_of_model, case_of_problem

    if arguments.data_free:
        from symmle.cli.data_free_asked import data_free_asked

        free = data_free_asked(arguments, at_numbers=True)
        told = ", ".join(f"{symbol} = {value}" for symbol, value in free.numbers.items())
        return case_of_problem(free.problem), f"estimate {told}" if told else ""
    if is_problem_file(arguments.model):
        from symmle.cli.problem import placed, with_numbers
        from symmle.problem import load_problem

        problem = placed(
            with_numbers(load_problem(arguments.model), arguments.fix or ()), arguments
        )
        if arguments.kind == "basin":
            problem = replace(problem, at=None)  # every fixed point has a basin
        return case_of_problem(problem), ", ".join(arguments.fix or ())
    model = named_model(arguments)
    if arguments.data:
        told = ", ".join([Path(arguments.data).name, *(arguments.fix or ())])
        return case_of_model(model, sample_for(model, arguments)), told
    if not arguments.at:
        raise InputError(
            f"{arguments.kind} is drawn at numbers; give data, as in "
            f"`symmle plot {arguments.kind} MODEL DATA`, or --at NAME=VALUE,..."
        )
    from symmle.cli.point import at_values
    from symmle.derive import derive
    from symmle.pictures.law import case_of_law

    values = at_values(derive(model), arguments.at).values
    told = ", ".join(f"{symbol} = {value}" for symbol, value in values.items())
    return case_of_law(model, values), f"law at {told}"


def _is_map(arguments: argparse.Namespace) -> bool:
    if not is_problem_file(arguments.model):
        return False
    from symmle.problem import load_problem

    return load_problem(arguments.model).is_map


def _bifurcation_of_map(arguments: argparse.Namespace) -> "Picture":
    from symmle.cli.problem import placed, with_numbers
    from symmle.pictures.bifurcation import bifurcation_of_map
    from symmle.pictures.view import within
    from symmle.problem import load_problem

    if arguments.scheme or arguments.step or arguments.steps:
        raise InputError("an explicit map is its own scheme; leave --scheme and --step out")
    problem = with_numbers(load_problem(arguments.model), arguments.fix or ())
    names = {each.name: each.symbol for each in problem.given}
    if arguments.over is None and len(names) == 1:
        arguments.over = next(iter(names))
    if arguments.over not in names:
        there = ", ".join(names) or "none"
        raise InputError(
            f"a bifurcation of a map needs --over NAME, a constant that the file gives as a "
            f"domain; {problem.name} has {there}"
        )
    left = [name for name in names if name != arguments.over]
    if left:
        raise InputError(
            f"--over {arguments.over} needs a number for {left[0]}; add --fix {left[0]}=..."
        )
    start = start_asked(problem.variables, arguments.start) if arguments.start else None
    window = ranges_asked(arguments.range, [arguments.over]).get(arguments.over)
    domain = next(each.domain for each in problem.given if each.name == arguments.over)
    if window is not None and not within(window, domain).holds(window):
        raise InputError(
            f"--range {arguments.over}={window.low:g}:{window.high:g} is not in the domain of "
            f"{arguments.over}, {domain.text}; choose values inside"
        )
    return bifurcation_of_map(placed(problem, arguments), names[arguments.over], start, window)


def _schemes(case: "Case", arguments: argparse.Namespace) -> list[Scheme]:
    from symmle.em import em

    names = {symbol.name: symbol for symbol in case.symbols}

    def named(name: str) -> sp.Symbol:
        if name not in names:
            raise InputError(f"--order names {name!r}; the variables are {', '.join(names)}")
        return names[name]

    if arguments.scheme is None and len(names) == 1:
        arguments.scheme = ["simultaneous"]
    model = case.model
    image = None if model is None else lambda: em(model).explicit()
    return chosen_schemes(
        case.symbols,
        named,
        arguments,
        image,
        lambda: own_maxima(case.score, case.variables),
        None if case.problem is None else case.problem.paces,
    )


def _runs(case: "Case", arguments: argparse.Namespace) -> list[tuple[Scheme, sp.Expr]]:
    """Schemes with their steps: that of --step, else the best of each."""
    if case.is_map:
        from symmle.diagnosis.case import scheme_of_map

        if arguments.scheme or arguments.step or arguments.steps:
            raise InputError(f"{case.name} is an explicit map; leave --scheme and --step out")
        return [(scheme_of_map(case), sp.S.One)]
    step = step_asked(arguments)
    schemes = _schemes(case, arguments)
    return [(each, _best(case, each) if step is None else step) for each in schemes]


def _one_scheme(case: "Case", arguments: argparse.Namespace) -> Scheme:
    if len(arguments.scheme or ()) > 1:
        raise InputError(f"a {arguments.kind} picture is of one scheme; give --scheme once")
    arguments.scheme = arguments.scheme or ["simultaneous"]
    return _schemes(case, arguments)[0]


def _one_run(case: "Case", arguments: argparse.Namespace) -> tuple[Scheme, sp.Expr]:
    if not case.is_map:
        _one_scheme(case, arguments)
    return _runs(case, arguments)[0]


def _best(case: "Case", scheme: Scheme) -> sp.Expr:
    if not case.targets:
        raise NoEstimateError(f"there is no fixed point, so no best step: {case.why_none}")
    best = case.stability(scheme, case.targets[0], None).best_step
    if best is None or not best.is_number or not best.is_finite:
        raise InputError(f"no best step of {scheme.name} is known here; add --step NUMBER")
    return best
