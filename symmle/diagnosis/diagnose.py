"""Follow a run, say what it came to and why, and find a run that converges."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import sympy as sp

from symmle.diagnosis.case import Case
from symmle.diagnosis.causes import NEAR, Facts, cause
from symmle.diagnosis.orbit import Orbit, follow, joined, observed_rate
from symmle.diagnosis.record import Diagnosis, Outcome, Remedy
from symmle.diagnosis.remedies import remedy
from symmle.diagnosis.running import Floats, Runner, Stop
from symmle.errors import BudgetError, InputError
from symmle.schemes import Scheme
from symmle.stability import SchemeStability
from symmle.stability.records import Verdict

MOST = 1_000_000  # updates, where none are asked for
_MOST_PASSES = 20_000  # where each reads all rows
_GROWN = 1e3  # times its distance, at which a run is said to go away
_SHRUNK = 0.9  # of the size of a run that turns, below which it comes nearer
_MOST_PASSAGES = 50  # by points that repel
_PASSAGE = 30.0  # e-fold growth of what is left of a distance, after which a passage is seen
_STAYED = 1e-3  # of a unit, within which a run stays at a point that it came to


def diagnose(
    case: Case,
    scheme: Scheme,
    step: sp.Expr,
    start: Mapping[sp.Symbol, float],
    count: int | None = None,
    gradient: str = "",
) -> Diagnosis:
    """What this step from this start does, why, and what to do instead.

    step: a positive number; 1 for a map.  start: a number for every variable, in its domain.
    count: updates at most; None for a million, or 20,000 where each passes over the data.
    gradient: what a comparison with a user's own gradient found wrong; it is then the cause.
    Raises InputError for a start outside the domain, and for what cannot be followed.
    """
    place = tuple(float(start[symbol]) for symbol in case.symbols)
    _require_inside(case, place)
    target = _nearest(case, case.goals, place)
    units = _units(case, target, place)
    runner = case.runner(scheme, step, units.tolist())
    count = count or (_MOST_PASSES if runner.passes else MOST)
    begin = (*place, *[0.0] * (len(runner.state) - len(place)))
    orbit = _followed(case, scheme, step, runner, begin, count, units)
    target = _target(case, orbit, target)
    found = None if target is None else _stability(case, scheme, target, step)
    outcome = _outcome(case, runner, orbit, target, units, _verdict(found))
    rate = None
    if target is not None and outcome in (Outcome.CONVERGES, Outcome.SLOW):
        rate = observed_rate(runner, begin, orbit.run.steps, list(target.values()), units)
    facts = Facts(case, scheme, step, begin, runner, orbit, outcome, target, units, found, rate)
    why = cause(facts)
    if gradient:
        why = f"{gradient}; with the right one, {why}"
    arrived = outcome is Outcome.CONVERGES and facts.is_at_target
    needed = not arrived or orbit.run.steps > _MOST_PASSES or bool(gradient)
    better = remedy(facts) if needed and target is not None else None
    return _record(facts, why, better, gradient)


def _record(facts: Facts, why: str, better: Remedy | None, gradient: str) -> Diagnosis:
    run, reasons = facts.orbit.run, {}
    if facts.observed_rate is None:
        reasons["observed_rate"] = "the run did not come near the target, or too fast for a rate"
    if facts.predicted_rate is None:
        reasons["predicted_rate"] = "the stability at the target was not found"
    if not facts.orbit.cycle:
        reasons["period"] = "the run ends on no cycle of at most 64 points"
    if facts.stability is None or facts.stability.stable_steps is None:
        reasons["stable_steps"] = (
            "a map has no step" if facts.case.is_map else "they were not found at the target"
        )
    if facts.target is None:
        reasons["target"] = facts.case.why_none
    if better is None:
        reasons["remedy"] = (
            "the run converges as it is"
            if facts.outcome is Outcome.CONVERGES and facts.is_at_target
            else "a map has no step or scheme to choose"
            if facts.case.is_map
            else "no scheme that was tried converges from this start"
            if facts.target is not None
            else "there is nothing to converge to"
        )
    cycle = facts.orbit.cycle
    return Diagnosis(
        facts.case.name,
        facts.scheme.name,
        float(facts.step),
        _by_name(facts.case, facts.start),
        facts.outcome,
        run.steps,
        _by_name(facts.case, run.state),
        _by_name(facts.case, run.largest),
        run.largest_gradient,
        why,
        None if facts.target is None else _by_name(facts.case, list(facts.target.values())),
        len(cycle) or None,
        tuple(_by_name(facts.case, point) for point in cycle),
        facts.predicted_rate,
        facts.observed_rate,
        None if facts.stability is None else facts.stability.stable_steps,
        facts.orbit.lyapunov,
        better,
        gradient,
        reasons,
    )


def _by_name(case: Case, state: Sequence[float]) -> dict[str, float]:
    return {v.name: float(x) for v, x in zip(case.variables, state, strict=False)}


def _require_inside(case: Case, place: Sequence[float]) -> None:
    for variable, value in zip(case.variables, place, strict=True):
        if not math.isfinite(value) or variable.domain.contains(sp.Float(value)) is False:
            raise InputError(
                f"the start {variable.name} = {value:g} is outside its domain "
                f"'{variable.domain.text}'; choose one inside"
            )


def _followed(
    case: Case,
    scheme: Scheme,
    step: sp.Expr,
    runner: Runner,
    begin: tuple[float, ...],
    count: int,
    units: Floats,
) -> Orbit:
    """The run, past every point that repels and that it only comes close to on its way."""
    orbit = follow(runner, begin, count, NEAR**2)
    for _ in range(_MOST_PASSAGES):
        run = orbit.run
        point = _nearest(case, case.targets, run.state)
        if run.stop is not Stop.DONE or run.steps >= count or point is None:
            break
        there = _stability(case, scheme, point, step)
        if there is None or there.at_step is None or there.at_step.verdict is not Verdict.UNSTABLE:
            break
        more = math.ceil(_PASSAGE / math.log(max(float(there.at_step.spectral_radius), 1 + 1e-6)))
        on = runner.run(run.state, min(more, count - run.steps))
        away = (np.array(on.largest) - np.abs(run.state[: len(units)])) / units
        moved = np.abs(np.array(on.state) - np.array(run.state))[: len(units)] / units
        if on.stop is Stop.COUNT and max(*away, *moved) < _STAYED:
            break
        passed = joined(run, on)
        if on.stop is not Stop.COUNT or passed.steps >= count:
            orbit = Orbit(passed)
            break
        after = follow(runner, on.state, count - passed.steps, NEAR**2)
        orbit = replace(after, run=joined(passed, after.run))
    return orbit


def _target(
    case: Case, orbit: Orbit, target: Mapping[sp.Symbol, float] | None
) -> Mapping[sp.Symbol, float] | None:
    """Where the run came to or goes round, if anywhere; else the point nearest to its start."""
    run = orbit.run
    if run.stop in (Stop.LEFT, Stop.BROKE):
        return target
    middle = np.mean(orbit.cycle, axis=0) if orbit.cycle else orbit.middle or run.state
    return _nearest(case, case.goals, middle)


def _verdict(found: SchemeStability | None) -> Verdict | None:
    at_step = None if found is None else found.at_step
    return None if at_step is None else at_step.verdict


def _nearest(
    case: Case, points: Sequence[Mapping[sp.Symbol, float]], state: Sequence[float]
) -> Mapping[sp.Symbol, float] | None:
    """The nearest of some points, each in its own units."""
    if not points:
        return None

    def distance(target: Mapping[sp.Symbol, float]) -> float:
        away = np.array(state[: len(target)]) - np.array(list(target.values()))
        far = float(np.max(np.abs(away / case.units(target))))
        return far if math.isfinite(far) else math.inf

    return min(points, key=distance)


def _units(case: Case, target: Mapping[sp.Symbol, float] | None, place: Sequence[float]) -> Floats:
    if target is not None:
        return case.units(target)
    return np.array([abs(value) or 1.0 for value in place])


def _stability(
    case: Case, scheme: Scheme, target: Mapping[sp.Symbol, float], step: sp.Expr
) -> SchemeStability | None:
    try:
        return case.stability(scheme, target, step)
    except (InputError, BudgetError, ArithmeticError):
        return None


def _outcome(
    case: Case,
    runner: Runner,
    orbit: Orbit,
    target: Mapping[sp.Symbol, float] | None,
    units: Floats,
    verdict: Verdict | None,
) -> Outcome:
    run = orbit.run
    if run.stop is Stop.DONE:
        return Outcome.CONVERGES if _rests(case, run.state, units) else Outcome.DIVERGES
    if run.stop is not Stop.COUNT:
        bounded = any(
            (v.domain.lower.is_finite and x <= float(v.domain.lower))
            or (v.domain.upper.is_finite and x >= float(v.domain.upper))
            for v, x in zip(case.variables, run.state, strict=False)
        )
        ends = [end for v in case.variables for end in (v.domain.lower, v.domain.upper)]
        most = 1e150 if any(end.is_finite for end in ends) else 1e6  # there is nothing to leave
        grown = any(not math.isfinite(x) or abs(x) > most for x in run.state)
        return Outcome.LEAVES_DOMAIN if bounded or not grown else Outcome.DIVERGES
    if orbit.cycle:
        return Outcome.CYCLE
    if orbit.standstill:
        return Outcome.CYCLE if orbit.run.largest_gradient > 0 else Outcome.CONVERGES
    if orbit.lyapunov is not None and orbit.lyapunov[0] > max(3 * orbit.lyapunov[1], 1e-3):
        return Outcome.CHAOTIC
    return _trend(runner, run.state, target, units, verdict)


def _rests(case: Case, state: Sequence[float], units: Floats) -> bool:
    """Whether the score vanishes there, and does not only fade: Newton's next step is short."""
    point = dict(zip(case.symbols, state, strict=False))
    try:
        slopes = np.array([float(case.number(each, point)) for each in case.score.gradient])
        move = np.linalg.lstsq(case.hessian_at(point), -slopes, rcond=None)[0]
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return False
    return bool(np.all(np.abs(move) <= 1e-3 * units))


def _trend(
    runner: Runner,
    state: Sequence[float],
    target: Mapping[sp.Symbol, float] | None,
    units: Floats,
    verdict: Verdict | None,
) -> Outcome:
    """Towards the target, away from everything, or round and round.

    A run that moves on in about one direction does not go round, however little it moves.
    """
    size = len(units)
    middle = np.zeros(size) if target is None else np.array(list(target.values()))
    here, places = tuple(state), []
    for _ in range(100):
        run = runner.run(here, 20)
        if run.stop not in (Stop.COUNT, Stop.DONE):
            return Outcome.DIVERGES
        here = run.state
        places.append((np.array(here[:size]) - middle) / units)
    far = np.linalg.norm(places, axis=1)
    moved = np.linalg.norm(np.diff(places, axis=0), axis=1)
    straight = np.linalg.norm(places[-1] - places[0]) > np.sum(moved) / 2
    before, after = np.max(far[:50]), np.max(far[50:])
    if straight or target is None or np.min(far[50:]) > _GROWN:
        near = target is not None and after < before
        return Outcome.SLOW if near else Outcome.DIVERGES
    inwards = after < _SHRUNK * before and verdict is not Verdict.UNSTABLE
    return Outcome.SLOW if inwards or verdict is Verdict.STABLE else Outcome.CYCLE
