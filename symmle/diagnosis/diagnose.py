"""Follow a run, say what it came to and why, and find a run that converges."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp

from symmle.diagnosis.case import Case
from symmle.diagnosis.causes import NEAR, Facts, cause
from symmle.diagnosis.orbit import Orbit, follow, observed_rate
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
    target = _nearest(case, place)
    units = _units(case, target, place)
    runner = case.runner(scheme, step, units.tolist())
    count = count or (_MOST_PASSES if runner.passes else MOST)
    begin = (*place, *[0.0] * (len(runner.state) - len(place)))
    orbit = follow(runner, begin, count, NEAR**2)
    if orbit.run.stop is Stop.DONE:
        target = _nearest(case, orbit.run.state)
    found = None if target is None else _stability(case, scheme, target, step)
    outcome = _outcome(case, runner, orbit, target, units)
    at_step = None if found is None else found.at_step
    marginal = at_step is not None and at_step.verdict is Verdict.MARGINAL
    if outcome in (Outcome.SLOW, Outcome.DIVERGES) and marginal:
        outcome = Outcome.CYCLE
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


def _nearest(case: Case, state: Sequence[float]) -> Mapping[sp.Symbol, float] | None:
    """The target nearest to a point, each in its own units."""
    if not case.targets:
        return None

    def distance(target: Mapping[sp.Symbol, float]) -> float:
        away = np.array(state[: len(target)]) - np.array(list(target.values()))
        far = float(np.max(np.abs(away / case.units(target))))
        return far if math.isfinite(far) else math.inf

    return min(case.targets, key=distance)


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
        grown = any(not math.isfinite(x) or abs(x) > 1e150 for x in run.state)
        return Outcome.LEAVES_DOMAIN if bounded or not grown else Outcome.DIVERGES
    if orbit.cycle:
        return Outcome.CYCLE
    if orbit.standstill:
        return Outcome.CYCLE if orbit.run.largest_gradient > 0 else Outcome.CONVERGES
    if orbit.lyapunov is not None and orbit.lyapunov[0] > max(3 * orbit.lyapunov[1], 1e-3):
        return Outcome.CHAOTIC
    return _trend(runner, run.state, target, units)


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
) -> Outcome:
    """Towards the target, away from everything, or round and round."""
    middle = np.zeros(len(units)) if target is None else np.array(list(target.values()))

    def far(point: Sequence[float]) -> float:
        return float(np.max(np.abs(np.array(point[: len(middle)]) - middle) / units))

    windows = []
    here = tuple(state)
    for _ in range(2):
        distances = []
        for _ in range(50):
            here = runner.run(here, 20).state
            distances.append(far(here))
        windows.append((min(distances), max(distances)))
    (_, before), (least, after) = windows
    if after < before and target is not None:
        return Outcome.SLOW
    if least > _GROWN or target is None:
        return Outcome.DIVERGES
    return Outcome.CYCLE
