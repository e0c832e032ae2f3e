"""`stability --cycles`: the maps whose cycles are looked for, at numbers."""

import argparse
from collections.abc import Mapping, Sequence

import sympy as sp

from symmle.budget import bounded
from symmle.cli.chosen_schemes import step_asked
from symmle.derive import Derivation, Score
from symmle.domain import Variable
from symmle.dynamics import Cycles, Recurrence, cycles, of_map, of_scheme
from symmle.dynamics.cycles import MOST
from symmle.errors import BudgetError, InputError
from symmle.known import Known
from symmle.problem import Problem
from symmle.sample_mean import nodes
from symmle.schemes import Scheme, update

_DIGITS = 30
_SECONDS = 4.0  # for the statistics at which a score vanishes
_MOST_ROWS = 60  # of which the terms of a mean over data and parameters are written out

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
    if problem.is_map:
        return (cycles(of_map(problem.name, problem.variables, problem.image), longest, near),)
    return tuple(
        cycles(_at_step(problem.field, each, problem.variables, arguments, None), longest, near)
        for each in schemes
    )


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
    field, level = _at_data(derivation, point, arguments)
    given = {each.symbol: point[each.symbol] for each in derivation.model.given}
    variables = [
        Variable(each.symbol, each.domain.at(given)) for each in derivation.model.parameters
    ]
    near = [{each.symbol: point[each.symbol] for each in variables}]
    information = derivation.information.matrix.xreplace(given)
    return tuple(
        cycles(_at_step(field, each, variables, arguments, information), longest, near).weakened(
            level
        )
        for each in schemes
    )


def _at_step(
    field: Score,
    scheme: Scheme,
    variables: Sequence[Variable],
    arguments: argparse.Namespace,
    information: sp.Matrix | None,
) -> Recurrence:
    at = step_asked(arguments)
    if at is None:
        raise InputError("the cycles of a scheme are looked for at one step; add --step NUMBER")
    step = sp.Dummy("step", positive=True)
    return of_scheme(update(field, scheme, step, information), variables, at)


def _at_data(
    derivation: Derivation, point: Point, arguments: argparse.Namespace
) -> tuple[Score, Known]:
    """The score with numbers for what depends on the data, and how well they are known."""
    score = derivation.score
    means = nodes([*score.gradient, *score.hessian])
    given = {each.symbol: point[each.symbol] for each in derivation.model.given}
    if arguments.data:
        values, level = _of_rows(derivation, means, given, arguments), Known.CHECKED
    else:
        values, level = _of_point(derivation, means, point), Known.PROVED
    put = {**values, **given}
    gradient = tuple(each.xreplace(values).xreplace(given) for each in score.gradient)
    hessian = sp.ImmutableMatrix(score.hessian.applyfunc(lambda each: each.xreplace(put)))
    return Score(score.parameters, gradient, hessian), level


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
            "from it, for the data enter in other ways too; give --data FILE with --cycles"
        )
    return values


def _of_rows(
    derivation: Derivation,
    means: Sequence[sp.Expr],
    given: Point,
    arguments: argparse.Namespace,
) -> dict[sp.Expr, sp.Expr]:
    """Statistics as numbers; means over data and parameters written out, row by row."""
    import mpmath

    from symmle.cli.naming import sample_for
    from symmle.cli.point import sample_rows
    from symmle.precise import evaluate
    from symmle.sample_mean import SampleMean

    rows, weights = sample_rows(derivation.model, sample_for(derivation.model, arguments))
    count = len(next(iter(rows.values())))
    found: dict[sp.Expr, sp.Expr] = {}
    with mpmath.workdps(_DIGITS):
        for node in means:
            if not node.xreplace(dict(given)).free_symbols & set(derivation.model.symbols):
                here = {s: mpmath.mpf(sp.N(v, _DIGITS)) for s, v in given.items()}
                value = evaluate(node, rows, here, weights)
                found[node] = sp.Rational(sp.Float(value, _DIGITS))
                continue
            if not isinstance(node, SampleMean) or count > _MOST_ROWS or nodes(node.args):
                raise InputError(
                    f"{node} is a mean over the data and the parameters, which is written out "
                    f"for at most {_MOST_ROWS} rows, and there are {count}; leave --cycles out"
                )
            shares = weights or [mpmath.mpf(1)] * count
            terms = [
                sp.Rational(sp.Float(shares[i] / mpmath.fsum(shares), _DIGITS))
                * node.args[0].xreplace(
                    {s: sp.Rational(sp.Float(column[i])) for s, column in rows.items()}
                )
                for i in range(count)
            ]
            found[node] = sp.Add(*terms)
    return found
