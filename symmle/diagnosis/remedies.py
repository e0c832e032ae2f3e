"""A run that converges: candidates are tried, and the one that is told was made."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symmle.coordinates import in_coordinates
from symmle.diagnosis.case import Case, case_of_model
from symmle.diagnosis.causes import NEAR, Facts
from symmle.diagnosis.record import Remedy
from symmle.diagnosis.running import Floats, Runner, Stop
from symmle.em import em
from symmle.errors import BudgetError, InputError, SymmleError
from symmle.schemes import (
    Scheme,
    alternating,
    expectation_maximisation,
    newton,
    scoring,
    simultaneous,
)

_MOST = 100_000  # updates of a candidate
_MOST_PASSES = 2_000
_ASIDE = 1e-5  # of a unit, for the slopes of an update
_FAST = 1e-3  # a rate that is no rate: convergence is faster than linear, or nearly
_SOON = 2_000  # updates within which the user's own scheme is kept


@dataclass(frozen=True, slots=True)
class _Candidate:
    case: Case
    scheme: Scheme
    step: sp.Expr
    start: Mapping[sp.Symbol, float]
    coordinates: str = ""


def remedy(facts: Facts) -> Remedy | None:
    """The first candidate that converges soon, else the fastest that converges at all."""
    if facts.case.is_map:
        return None
    best: Remedy | None = None
    for candidate in _candidates(facts):
        found = _tried(candidate)
        if found is not None and (best is None or found.seen < best.seen):
            best = found
        if best is not None and best.seen <= _SOON:
            return best
    return best


def _candidates(facts: Facts) -> Iterator[_Candidate]:
    """The user's scheme at its best step first; then others; then a start near the target."""
    case, target = facts.case, facts.target
    if target is None:
        return
    start = dict(zip(case.symbols, facts.start, strict=False))
    others = [simultaneous(case.symbols), alternating(case.symbols)]
    schemes = [facts.scheme, *(each for each in others if each.name != facts.scheme.name)]
    steps = {}
    for scheme in schemes:
        step = steps[scheme.name] = _best_step(case, scheme, target)
        if step is not None:
            yield _Candidate(case, scheme, step, start)
    if case.information is not None:
        yield _Candidate(case, scoring(case.symbols), sp.S.One, start)
    yield _Candidate(case, newton(case.symbols), sp.S.One, start)
    if case.model is not None and case.model.complete is not None:
        image = em(case.model).image
        if image:
            yield _Candidate(case, expectation_maximisation(case.symbols, image), sp.S.One, start)
    yield from _in_logs(facts, start)
    near = {s: float(f"{v:.1g}") for s, v in target.items()}
    for scheme in schemes:
        step = steps[scheme.name]
        if step is not None:
            yield _Candidate(case, scheme, step, near)
    if case.information is not None:
        yield _Candidate(case, scoring(case.symbols), sp.S.One, near)
    yield _Candidate(case, newton(case.symbols), sp.S.One, near)


def _best_step(case: Case, scheme: Scheme, target: Mapping[sp.Symbol, float]) -> sp.Expr | None:
    try:
        found = case.stability(scheme, target, None)
    except (SymmleError, ArithmeticError):
        return None
    if found.best_step is not None and found.best_step.is_number:
        return sp.Float(found.best_step, 6)
    intervals = found.stable_steps or ()
    return next(
        (sp.Float((i.lower + i.upper) / 3, 6) for i in intervals if i.upper.is_finite), None
    )


def _in_logs(facts: Facts, start: Mapping[sp.Symbol, float]) -> Iterator[_Candidate]:
    """Gradient ascent in the logarithms of the positive parameters."""
    model, sample = facts.case.model, facts.case.sample
    if model is None or sample is None or model.origin is not None:
        return
    positive = [v.name for v in model.parameters if (v.domain.lower, v.domain.upper) == (0, sp.oo)]
    if not positive:
        return
    words = ",".join(f"{name}=log" for name in positive)
    try:
        moved = in_coordinates(model, [words])
        case = case_of_model(moved, sample)
    except SymmleError:
        return
    images = [
        math.log(start[old.symbol]) if old.name in positive else start[old.symbol]
        for old in model.parameters
    ]
    scheme = simultaneous(case.symbols)
    step = _best_step(case, scheme, case.targets[0]) if case.targets else None
    if step is not None:
        place = dict(zip(case.symbols, images, strict=True))
        yield _Candidate(case, scheme, step, place, words)


def _tried(candidate: _Candidate) -> Remedy | None:
    case = candidate.case
    try:
        units = case.units(case.goals[0])
        runner = case.runner(candidate.scheme, candidate.step, units.tolist())
    except (InputError, BudgetError, ArithmeticError, SymmleError):
        return None
    memory = [0.0] * (len(runner.state) - len(case.symbols))
    start = (*candidate.start.values(), *memory)
    run = runner.run(start, _MOST_PASSES if runner.passes else _MOST, NEAR**2)
    if run.stop is not Stop.DONE or run.steps == 0:
        return None
    target = _reached(case, run.state, units)
    if target is None:
        return None  # another stationary point
    return Remedy(
        candidate.scheme.name,
        float(candidate.step),
        {symbol.name: value for symbol, value in candidate.start.items()},
        _predicted(candidate, target, runner, units, run.steps),
        run.steps,
        candidate.coordinates,
    )


def _reached(
    case: Case, state: tuple[float, ...], units: Floats
) -> Mapping[sp.Symbol, float] | None:
    """The goal at which a run ended: of a model, the estimate alone."""
    for goal in case.goals if case.problem is not None else case.goals[:1]:
        away = (np.array(state[: len(goal)]) - np.array(list(goal.values()))) / units
        if np.max(np.abs(away)) <= 1e-6:
            return goal
    return None


def _predicted(
    candidate: _Candidate,
    goal: Mapping[sp.Symbol, float],
    runner: Runner,
    units: Floats,
    seen: int,
) -> int:
    """From the rate at the target; what was seen where it is faster than any rate."""
    target = list(goal.values())
    memory = [0.0] * (len(runner.state) - len(target))
    rest, sizes = [*target, *memory], [*units.tolist(), *units.tolist()[: len(memory)]]
    columns = []
    for k, size in enumerate(sizes):
        ends = []
        for side in (_ASIDE, -_ASIDE):
            moved = [v + side * size * (i == k) for i, v in enumerate(rest)]
            ends.append(np.array(runner.run(moved, 1).state) / sizes)
        columns.append((ends[0] - ends[1]) / (2 * _ASIDE))
    jacobian = np.array(columns).T
    if not np.all(np.isfinite(jacobian)):
        return seen
    rate = float(np.max(np.abs(np.linalg.eigvals(jacobian))))
    start = np.array(list(candidate.start.values()))
    far = float(np.max(np.abs(start - target) / units))
    if not _FAST < rate < 1 or far <= NEAR:
        return seen
    return math.ceil(math.log(far / NEAR) / -math.log(rate))
