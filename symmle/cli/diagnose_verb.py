"""`symmle diagnose`: what a run does, why, and what to do instead."""

import argparse
import sys
from typing import TYPE_CHECKING

import sympy as sp

from symmle.cli.chosen_schemes import chosen_schemes, step_asked
from symmle.cli.naming import is_problem_file, named_model, sample_for
from symmle.cli.run_asked import count_asked, start_asked
from symmle.em import em
from symmle.errors import InputError
from symmle.estimate.own_maximum import own_maxima
from symmle.report.encoding import dumped
from symmle.schemes import Scheme

if TYPE_CHECKING:
    from symmle.diagnosis.case import Case


def run(arguments: argparse.Namespace) -> int:
    """Print the diagnosis; 0 where there is a point to converge to, 1 where there is none."""
    from symmle.diagnosis import case_of_model, case_of_problem, diagnose
    from symmle.diagnosis.case import scheme_of_map
    from symmle.diagnosis.gradient import compared
    from symmle.report.diagnosis import diagnosis_json, diagnosis_text

    if arguments.logpdf and not arguments.data:
        arguments.model, arguments.data = None, arguments.model
    if is_problem_file(arguments.model):
        from symmle.cli.problem import with_numbers
        from symmle.problem import load_problem

        if arguments.data:
            raise InputError(f"{arguments.model!r} holds a problem without data; leave them out")
        case = case_of_problem(with_numbers(load_problem(arguments.model), arguments.fix or ()))
    else:
        model = named_model(arguments)
        if not arguments.data:
            raise InputError("diagnose needs data for a model; write `symmle diagnose MODEL DATA`")
        case = case_of_model(model, sample_for(model, arguments))
    if case.is_map:
        if arguments.scheme or arguments.step:
            raise InputError(f"{case.name} is an explicit map; leave --scheme and --step out")
        scheme, step = scheme_of_map(case), sp.S.One
    else:
        scheme, step = _scheme(case, arguments), _step(arguments)
    start = start_asked(case.variables, arguments.start)
    wrong = ""
    if arguments.gradient:
        wrong = compared(case, arguments.gradient, start)
    found = diagnose(case, scheme, step, start, count_asked(arguments.iterations), wrong)
    write = dumped(diagnosis_json(found)) if arguments.json else diagnosis_text(found)
    sys.stdout.write(write)
    arrived = case.model is None and found.outcome.value == "converges"
    return 0 if case.targets or arrived else 1


def _scheme(case: "Case", arguments: argparse.Namespace) -> Scheme:
    names = {symbol.name: symbol for symbol in case.symbols}
    model = case.model

    def named(name: str) -> sp.Symbol:
        if name not in names:
            raise InputError(f"--order names {name!r}; the variables are {', '.join(names)}")
        return names[name]

    if len(arguments.scheme or ()) > 1:
        raise InputError("a run has one scheme; give --scheme once")
    arguments.scheme = arguments.scheme or ["simultaneous"]
    image = None if model is None else lambda: em(model).explicit()
    return chosen_schemes(
        case.symbols, named, arguments, image, lambda: own_maxima(case.score, case.variables)
    )[0]


def _step(arguments: argparse.Namespace) -> sp.Expr:
    step = step_asked(arguments)
    if step is None:
        raise InputError("diagnose needs the step of the run; add --step NUMBER")
    return step
