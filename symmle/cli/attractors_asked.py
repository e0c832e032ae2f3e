"""`stability --step`: after "stable", the search for what else attracts."""

import argparse
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import sympy as sp

from symmle.budget import bounded
from symmle.cli.chosen_schemes import step_asked
from symmle.cli.cycles_asked import Point, recurrences_of_model, recurrences_of_problem
from symmle.derive import Derivation
from symmle.dynamics import Recurrence
from symmle.errors import BudgetError, InputError
from symmle.known import Known
from symmle.problem import Problem
from symmle.schemes import Scheme
from symmle.stability import SchemeStability, Verdict

if TYPE_CHECKING:
    from symmle.diagnosis.attractors import Attractors
    from symmle.dynamics.every_start import EveryStart

_SECONDS = 6.0

# that nothing else attracts, what was found to, or why nothing was searched
Search: TypeAlias = "EveryStart | Attractors | str"


def attractors_of_model(
    derivation: Derivation,
    found: Sequence[SchemeStability],
    point: Point,
    arguments: argparse.Namespace,
) -> "tuple[Search | None, ...]":
    """For each scheme that is stable at the step asked: what else attracts; None for the others."""

    def recurrence(scheme: Scheme) -> tuple[Recurrence, Known]:
        (only,), level = recurrences_of_model(derivation, [scheme], point, arguments)
        return only, level

    searched: list[Search | None] = []
    for each in found:
        if arguments.step is None or not _is_stable(each):
            searched.append(None)
            continue
        try:
            here, level = recurrence(each.map.scheme)
        except InputError as error:
            searched.append(str(error))
            continue
        near = {symbol: point[symbol] for symbol in derivation.model.symbols}
        searched.append(_searched(here, near, level))
    return tuple(searched)


def attractors_of_problem(
    problem: Problem,
    found: Sequence[SchemeStability],
    point: Point,
    arguments: argparse.Namespace,
) -> "tuple[Search | None, ...]":
    """The same of a problem without data, at one of its fixed points."""
    searched: list[Search | None] = []
    for each in found:
        if (arguments.step is None and not problem.is_map) or not _is_stable(each):
            searched.append(None)
            continue
        try:
            (here,) = recurrences_of_problem(problem, [each.map.scheme], step_asked(arguments))
        except InputError as error:
            searched.append(str(error))
            continue
        searched.append(_searched(here, point, Known.PROVED))
    return tuple(searched)


def _is_stable(each: SchemeStability) -> bool:
    return each.at_step is not None and each.at_step.verdict is Verdict.STABLE


def _searched(recurrence: Recurrence, point: Point, level: Known) -> Search:
    """A proof that nothing else attracts, where there is one; else a search."""
    from symmle.diagnosis.attractors import attractors
    from symmle.dynamics.every_start import every_start

    with contextlib.suppress(BudgetError):
        proof = bounded(_SECONDS, lambda: every_start(recurrence))
        if proof is not None:
            return proof.weakened(level)
    try:
        here = {symbol: sp.sympify(value) for symbol, value in point.items()}
        return bounded(_SECONDS, lambda: attractors(recurrence, here)).weakened(level)
    except BudgetError:
        return f"the search took more than {_SECONDS:g} s and was given up"
    except InputError as error:
        return str(error)
