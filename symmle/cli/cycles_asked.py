"""`stability --cycles`: the maps whose cycles are looked for, at numbers."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy as sp

from symmle.budget import bounded
from symmle.cli.chosen_schemes import step_asked
from symmle.cli.numbers_of_rows import numbers_of_rows
from symmle.derive import Derivation, Score
from symmle.domain import Variable
from symmle.dynamics import Cycles, Recurrence, cycles, of_map, of_scheme
from symmle.dynamics.cycles import MOST
from symmle.em import em
from symmle.errors import BudgetError, InputError
from symmle.known import Known
from symmle.problem import Problem
from symmle.sample_mean import nodes
from symmle.schemes import Metric, Scheme, update

_SECONDS = 4.0  # for the statistics at which a score vanishes

Point = Mapping[sp.Symbol, sp.Expr]


def longest_asked(arguments: argparse.Namespace) -> int | None:
    """The number of --cycles; None without it."""
    text: str | None = arguments.cycles
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 2 <= int(text) <= MOST:
        raise InputError(
            f"--cycles {text!r} is no period that is looked for; give a whole number "
            f"from 2 to {MOST}"
        )
    return int(text)


def cycles_of_problem(
    problem: Problem,
    schemes: Sequence[Scheme],
    near: Sequence[Point],
    arguments: argparse.Namespace,
) -> tuple[Cycles, ...]:
    """Those of an explicit map, or of each scheme at the number of --step."""
    longest = longest_asked(arguments)
    if longest is None:
        return ()
    maps = recurrences_of_problem(problem, schemes, step_asked(arguments))
    return tuple(cycles(each, longest, near) for each in maps)


def recurrences_of_problem(
    problem: Problem, schemes: Sequence[Scheme], step: sp.Expr | None
) -> list[Recurrence]:
    """The map of a problem, or that of each scheme at a step; constants must be numbers."""
    if problem.is_map:
        return [of_map(problem.name, problem.variables, problem.image)]
    return [_at_step(problem.field, each, problem.variables, step, None) for each in schemes]


def cycles_of_model(
    derivation: Derivation,
    schemes: Sequence[Scheme],
    point: Point,
    arguments: argparse.Namespace,
) -> tuple[Cycles, ...]:
    """Those of each scheme on data, or on statistics whose estimate is the point of --at."""
    longest = longest_asked(arguments)
    if longest is None:
        return ()
    if not point:
        raise InputError("cycles are looked for at numbers; give --at or --data with --cycles")
    maps, level = recurrences_of_model(derivation, schemes, point, arguments)
    near = [{symbol: point[symbol] for symbol in derivation.model.symbols}]
    return tuple(cycles(each, longest, near).weakened(level) for each in maps)


def recurrences_of_model(
    derivation: Derivation,
    schemes: Sequence[Scheme],
    point: Point,
    arguments: argparse.Namespace,
) -> tuple[list[Recurrence], Known]:
    """(the map of each scheme at the step, how well its numbers are known).

    Raises InputError where the data enter in ways that are not written out.
    """
    given = {each.symbol: point[each.symbol] for each in derivation.model.given}
    variables = [
        Variable(each.symbol, each.domain.at(given)) for each in derivation.model.parameters
    ]
    score, divisors = derivation.score, [_divisor(derivation, each) for each in schemes]
    images = [value for each in schemes for _, value in each.image]
    exprs = [*score.gradient, *score.hessian, *images, *(e for each in divisors for e in each)]
    values, level = _numbers(derivation, nodes(exprs), point, arguments)

    def put(expr: sp.Expr) -> sp.Expr:
        return expr.xreplace(values).xreplace(given)

    hessian = sp.ImmutableMatrix(score.hessian.applyfunc(put))
    field = Score(score.parameters, tuple(map(put, score.gradient)), hessian)
    maps = []
    for scheme, divisor in zip(schemes, divisors, strict=True):
        here = replace(scheme, image=tuple((p, put(value)) for p, value in scheme.image))
        maps.append(_at_step(field, here, variables, step_asked(arguments), divisor.applyfunc(put)))
    return maps, level


def _divisor(derivation: Derivation, scheme: Scheme) -> sp.Matrix:
    """The information that a scheme divides by; no rows where it divides by none."""
    if scheme.metric is Metric.COMPLETE:
        return em(derivation.model).information
    if scheme.metric in (Metric.EXPECTED, Metric.DIAGONAL_EXPECTED):
        return sp.Matrix(derivation.information.matrix)
    return sp.Matrix()


def _at_step(
    field: Score,
    scheme: Scheme,
    variables: Sequence[Variable],
    at: sp.Expr | None,
    information: sp.Matrix | None,
) -> Recurrence:
    if at is None:
        raise InputError("the cycles of a scheme are looked for at one step; add --step NUMBER")
    step = sp.Dummy("step", positive=True)
    return of_scheme(update(field, scheme, step, information), variables, at)


def _numbers(
    derivation: Derivation, means: Sequence[sp.Expr], point: Point, arguments: argparse.Namespace
) -> tuple[dict[sp.Expr, sp.Expr], Known]:
    """Numbers for what depends on the data, and how well they are known."""
    given = {each.symbol: point[each.symbol] for each in derivation.model.given}
    if arguments.data:
        return numbers_of_rows(derivation, means, given, arguments)
    return _of_point(derivation, means, point), Known.PROVED


def _of_point(
    derivation: Derivation, means: Sequence[sp.Expr], point: Point
) -> dict[sp.Expr, sp.Expr]:
    """The statistics at which the score vanishes at the point, where it leaves no choice."""
    letters = {node: sp.Dummy() for node in means}
    equations = [each.xreplace(letters).xreplace(dict(point)) for each in derivation.score.gradient]
    unknowns = list(letters.values())
    try:
        solutions = bounded(_SECONDS, lambda: sp.solve(equations, unknowns, dict=True))
    except (BudgetError, NotImplementedError):
        solutions = []
    solution = solutions[0] if len(solutions) == 1 else {}
    values = {node: solution.get(letter, letter) for node, letter in letters.items()}
    if derivation.passes or any(each.free_symbols for each in values.values()):
        raise InputError(
            f"the estimate does not tell what the update of {derivation.model.name} is away "
            "from it, for the data enter in other ways too; give --data FILE"
        )
    return values
