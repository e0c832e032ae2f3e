"""Why a run came to what it came to: one rule for each cause, in the order of asking."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symmle.diagnosis.case import Case
from symmle.diagnosis.orbit import Orbit, steps_of_the_flow
from symmle.diagnosis.record import Outcome
from symmle.diagnosis.running import Floats, Runner, Stop
from symmle.schemes import Metric, Scheme
from symmle.stability import Event, Interval, SchemeStability
from symmle.stability.records import Criticality, Verdict

_FAR = 10.0  # times its distance that a first update may throw a run
_MOST = 1e15  # updates of a way back that is worth a number
_FLAT = 1e-10  # of the information in units of its own, below which it is singular
_THERE = 1e-3  # of a unit from the target, nearer than which a run is at it
_NO_RATE = 1e-12  # a spectral radius that is zero, or one, but for rounding
NEAR = 1e-10  # the scaled score of a point that is reached


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the causes look at.

    target: where the run should come to, in the order of the variables; None where there is none.
    stability: of the scheme there; None where it was not found.
    """

    case: Case
    scheme: Scheme
    step: sp.Expr
    start: tuple[float, ...]
    runner: Runner
    orbit: Orbit
    outcome: Outcome
    target: Mapping[sp.Symbol, float] | None
    units: Floats
    stability: SchemeStability | None
    observed_rate: float | None

    @property
    def verdict(self) -> Verdict | None:
        """Of the step at the target."""
        at_step = None if self.stability is None else self.stability.at_step
        if at_step is None:
            return None
        if self.case.is_map and abs(at_step.spectral_radius - 1) < _NO_RATE:
            return Verdict.MARGINAL  # the point is a double, and no nearer to the true one
        return at_step.verdict

    @property
    def predicted_rate(self) -> float | None:
        """The spectral radius at the target."""
        at_step = None if self.stability is None else self.stability.at_step
        return None if at_step is None else float(at_step.spectral_radius)

    @property
    def is_at_target(self) -> bool:
        """Whether the run ended at the target."""
        return self.target is not None and self.distance(self.orbit.run.state) <= _THERE

    def distance(self, state: Sequence[float]) -> float:
        """From the target, in units of each variable; infinite without one."""
        if self.target is None:
            return math.inf
        away = np.array(state[: len(self.target)]) - np.array(list(self.target.values()))
        return float(np.max(np.abs(away / self.units)))

    def shown(self, state: Sequence[float]) -> str:
        """A point as a person reads it."""
        names = (each.name for each in self.case.variables)
        return ", ".join(f"{n} = {v:.6g}" for n, v in zip(names, state, strict=False))


def cause(facts: Facts) -> str:
    """The first cause that holds, as a sentence."""
    for rule in _RULES:
        found = rule(facts)
        if found:
            return found
    return "the run did not settle in the steps that were made, and no cause was recognised"


def _no_target(facts: Facts) -> str:
    if facts.case.targets:
        return ""
    if facts.case.model is None and facts.outcome is Outcome.CONVERGES:
        run = facts.orbit.run
        return (
            f"the run converges, after {_updates(run.steps)}, to {facts.shown(run.state)}, where "
            "nothing moves; no isolated fixed point was found, so another start may lead elsewhere"
        )
    if facts.case.model is None:
        return f"there is nothing to converge to: {facts.case.why_none}"
    return f"no estimate exists, so there is nothing to converge to: {facts.case.why_none}"


def _bad_start(facts: Facts) -> str:
    run = facts.orbit.run
    if run.stop is Stop.BROKE and run.steps == 0:
        return (
            f"a bad start: at {facts.shown(facts.start)} the update is undefined or too large for "
            "double precision"
        )
    if facts.outcome is Outcome.CONVERGES or facts.scheme.metric is not Metric.OBSERVED:
        return ""
    bends = facts.case.hessian_at(dict(zip(facts.case.symbols, facts.start, strict=True)))
    if np.all(np.isfinite(bends)) and np.max(np.linalg.eigvalsh(bends)) >= 0:
        return (
            f"a bad start: at {facts.shown(facts.start)} the likelihood is not concave, so that "
            f"the step of {facts.scheme.name} does not lead uphill"
        )
    return ""


def _left(facts: Facts) -> str:
    run = facts.orbit.run
    if facts.outcome is not Outcome.LEAVES_DOMAIN:
        return ""
    before = facts.runner.run(facts.start, run.steps - 1).state if run.steps else facts.start
    for variable, old, new in zip(facts.case.variables, before, run.state, strict=False):
        if run.stop is Stop.LEFT and variable.domain.contains(sp.Float(new)) is not True:
            return (
                f"update {run.steps} takes {variable.name} from {old:.6g} to {new:.6g}, outside "
                f"its domain '{variable.domain.text}': the step {_number(facts.step)} is too long "
                f"at {facts.shown(before)}"
            )
    return (
        f"update {run.steps + 1} is undefined or too large for double precision, at "
        f"{facts.shown(run.state)}"
    )


def _overshoot(facts: Facts) -> str:
    if facts.target is None or facts.case.is_map:
        return ""
    if facts.outcome in (Outcome.CYCLE, Outcome.CHAOTIC):
        return ""  # it came back, and something else holds it
    first = facts.runner.run(facts.start, 1)
    before, after = facts.distance(facts.start), facts.distance(first.state)
    if first.stop is not Stop.COUNT or not after > _FAR * max(before, 1.0):
        return ""
    place = int(
        np.argmax(np.abs(np.array(first.state[: len(facts.units)]) - facts.start) / facts.units)
    )
    name = facts.case.variables[place].name
    told = (
        f"the first update overshoots: it throws {name} from {facts.start[place]:.6g} to "
        f"{first.state[place]:.6g}, {after / max(before, 1e-300):,.0f} times as far from the "
        f"maximum as the start, because the gradient there is {first.largest_gradient:.3g}"
    )
    if facts.outcome is Outcome.CONVERGES:
        return f"{told}; the run came back, after {_updates(facts.orbit.run.steps)}"
    target = list(facts.target.values())
    way = steps_of_the_flow(facts.runner, first.state, target, facts.units, _MOST)
    return told if way is None else f"{told}; the way back takes {_about(way)} updates"


def _outside(facts: Facts) -> str:
    if facts.verdict is not Verdict.UNSTABLE or facts.outcome is Outcome.CONVERGES:
        return ""
    if facts.case.is_map:
        where = f"the fixed point repels (spectral radius {facts.predicted_rate:.6g})"
    else:
        where = f"the step {_number(facts.step)} lies outside the stable steps{_range(facts)}"
    if facts.orbit.cycle:
        return f"{where}; a {len(facts.orbit.cycle)}-cycle takes the place of the point: " + (
            _between(facts)
        )
    if facts.outcome is Outcome.CHAOTIC:
        return f"{where}; {_chaos(facts)}"
    if facts.outcome is Outcome.CYCLE and not facts.orbit.standstill:
        return f"{where}; {_round(facts)}"
    if facts.outcome is Outcome.DIVERGES:
        return f"{where}; {_overflow(facts)}"
    return f"{where}; {_aliased(facts)}" if facts.orbit.standstill else where


def _range(facts: Facts) -> str:
    intervals = None if facts.stability is None else facts.stability.stable_steps
    if intervals is None:
        return ""
    if not intervals:
        return ", of which there are none"
    shown = " or ".join(f"{_number(i.lower)} < step < {_number(i.upper)}" for i in intervals)
    end = _end_passed(intervals, facts.step)
    return f" {shown}{end}"


def _end_passed(intervals: Sequence[Interval], step: sp.Expr) -> str:
    below = [each for each in intervals if each.upper < step]
    if not below:
        return ""
    last = below[-1]
    words = {
        Event.FLIP: "a multiplier passes -1 (a flip)",
        Event.NEIMARK_SACKER: "a pair of multipliers leaves the unit circle (Neimark-Sacker)",
        Event.FOLD: "a multiplier passes +1 (a fold)",
    }
    told = words.get(last.upper_event) if last.upper_event is not None else None
    if told is None:
        return ""
    side = ""
    if last.upper_criticality is Criticality.SUPERCRITICAL:
        side = ", supercritical"
    elif last.upper_criticality is Criticality.SUBCRITICAL:
        side = ", subcritical"
    return f", at whose upper end {told}{side}"


def _between(facts: Facts) -> str:
    points = [facts.shown(point) for point in facts.orbit.cycle]
    if len(points) > 4:
        return f"{points[0]} and {len(points) - 1} others"
    gradient = max(facts.runner.run(point, 1).largest_gradient for point in facts.orbit.cycle)
    return f"{'; '.join(points)} (gradients of at most {gradient:.3g} on it)"


def _coexisting(facts: Facts) -> str:
    if facts.verdict is not Verdict.STABLE or not facts.orbit.cycle:
        return ""
    here = "" if facts.case.is_map else " at this step"
    return (
        f"the fixed point attracts{here}, but only from nearer by: a "
        f"{len(facts.orbit.cycle)}-cycle attracts as well, and took this start: {_between(facts)}"
    )


def _period(facts: Facts) -> str:
    if not facts.orbit.cycle:
        return ""
    return f"the run ends on a cycle of period {len(facts.orbit.cycle)}: {_between(facts)}"


def _chaos(facts: Facts) -> str:
    if facts.outcome is not Outcome.CHAOTIC or facts.orbit.lyapunov is None:
        return ""
    exponent, error = facts.orbit.lyapunov
    return (
        f"the run is chaotic: near starts part by a factor {math.exp(exponent):.3g} each update "
        f"(Lyapunov exponent {exponent:.4f}, standard error {error:.4f})"
    )


def _aliased(facts: Facts) -> str:
    if not facts.orbit.standstill:
        return ""
    inner = max(block.repeat for block in facts.scheme.blocks)
    gradient = facts.runner.run(facts.orbit.run.state, 1).largest_gradient
    if inner > 1:
        return (
            f"an inner cycle that only looks converged: after each sweep of {inner} inner steps "
            f"the point is the same, but the gradient there is {gradient:.3g}; between sweeps it "
            "goes to and fro"
        )
    return (
        f"the updates are smaller than the rounding of {facts.shown(facts.orbit.run.state)}, where "
        f"the gradient is {gradient:.3g}: the step {_number(facts.step)} is too short there"
    )


def _marginal(facts: Facts) -> str:
    if facts.verdict is not Verdict.MARGINAL or facts.outcome is Outcome.CONVERGES:
        return ""
    what = "the map" if facts.case.is_map else f"the step {_number(facts.step)}"
    told = f"{what} is marginal: multipliers lie on the unit circle and none outside"
    if facts.outcome is Outcome.CYCLE:
        return f"{told}, so that the run goes round the point and comes no nearer"
    if facts.outcome is Outcome.SLOW:
        return f"{told}; the run comes nearer, but ever more slowly"
    return f"{told}; {_overflow(facts)}" if facts.outcome is Outcome.DIVERGES else told


def _slow(facts: Facts) -> str:
    if facts.outcome is not Outcome.SLOW or facts.predicted_rate is None:
        return ""
    rate, left = facts.predicted_rate, facts.distance(facts.orbit.run.state)
    flat = _flat(facts)
    if flat:
        return flat
    seen = f" ({facts.observed_rate:.9g} was observed)" if facts.observed_rate else ""
    shown = f"{rate:.9g}{seen}" if rate < 1 - 1e-9 else f"1 - {1 - rate:.3g}"
    if not 0 < rate < 1:
        return ""
    way = max(1.0, math.log(max(left, 2 * NEAR) / NEAR) / -math.log(rate))
    return (
        f"slow: near the target each update multiplies the error by {shown}; "
        f"{_about(way)} more updates are needed"
    )


def _flat(facts: Facts) -> str:
    if facts.target is None or facts.case.model is None:
        return ""
    bends = -facts.case.hessian_at(facts.target)
    scaled = bends * facts.units[:, None] * facts.units
    if not np.all(np.isfinite(scaled)) or np.min(np.linalg.eigvalsh(scaled)) > _FLAT:
        return ""
    return (
        "flat or singular information: there is a direction in which the likelihood hardly bends "
        f"at {facts.shown(list(facts.target.values()))}; hold a parameter with --fix"
    )


def _overflow(facts: Facts) -> str:
    if facts.outcome is not Outcome.DIVERGES:
        return ""
    run = facts.orbit.run
    if run.stop in (Stop.COUNT, Stop.DONE):
        faded = ", where the score has faded but does not vanish" * (run.stop is Stop.DONE)
        return (
            f"the run goes away from the target: after {_updates(run.steps)} it is at "
            f"{facts.shown(run.state)}{faded}"
        )
    return f"overflow: after {_updates(run.steps)} the numbers are too large for double precision"


def _converged(facts: Facts) -> str:
    run = facts.orbit.run
    if facts.outcome is not Outcome.CONVERGES:
        return ""
    if not facts.is_at_target:
        return (
            f"the run comes to {_kind(facts)}, {facts.shown(run.state)}, and not to the target, "
            f"after {_updates(run.steps)}: another start leads elsewhere"
        )
    if facts.verdict is Verdict.UNSTABLE:
        return (
            f"the run comes to {facts.shown(run.state)}, after {_updates(run.steps)}, and stays "
            f"there, although the point repels (spectral radius {facts.predicted_rate:.6g}): a "
            "start beside its path goes elsewhere"
        )
    told = _geometric(facts)
    inside = "" if facts.case.is_map else f": the step is among the stable steps{_range(facts)}"
    stable = inside if facts.verdict is Verdict.STABLE else ""
    return f"the run converges, after {_updates(run.steps)}{stable}{told}"


def _geometric(facts: Facts) -> str:
    """How fast the error shrinks near the end, to first order."""
    rate = facts.predicted_rate
    if rate is None:
        return ""
    if facts.verdict is Verdict.MARGINAL:
        return "; a multiplier on the unit circle makes it slower than any geometric rate"
    if rate < _NO_RATE:
        return "; near the end it is faster than any geometric rate"
    shown = f"{rate:.6g}" if rate < 1 - 1e-5 else f"1 - {1 - rate:.3g}"
    return f"; each update multiplies the error by {shown} near the end"


def _kind(facts: Facts) -> str:
    """What a stationary point is, by the signs of the curvatures there."""
    case, state = facts.case, facts.orbit.run.state
    if not case.climbs:
        return "another fixed point"
    bends = np.linalg.eigvalsh(case.hessian_at(dict(zip(case.symbols, state, strict=False))))
    turned = case.problem is not None and case.problem.objectives[0].sense < 0
    if np.max(bends) < 0:
        return f"another {'minimum' if turned else 'maximum'}"
    if np.min(bends) > 0:
        return f"a {'maximum' if turned else 'minimum'}"
    return "a saddle"


def _round(facts: Facts) -> str:
    if facts.outcome is not Outcome.CYCLE:
        return ""
    return (
        "the run neither settles nor leaves: it goes round the fixed point on a closed curve, or "
        f"on a cycle of more than 64 points (last at {facts.shown(facts.orbit.run.state)})"
    )


_RULES: tuple[Callable[[Facts], str], ...] = (
    _no_target,
    _bad_start,
    _left,
    _overshoot,
    _outside,
    _coexisting,
    _period,
    _chaos,
    _aliased,
    _marginal,
    _slow,
    _overflow,
    _converged,
    _round,
)


def _updates(count: int) -> str:
    return f"{count:,} update" + "s" * (count != 1)


def _number(value: sp.Expr) -> str:
    return f"{float(value):.6g}"


def _about(steps: float) -> str:
    """About how many, in words: 4.2 million, 32 billion."""
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if steps >= size:
            return f"about {float(f'{steps / size:.2g}'):g} {word}"
    return f"about {float(f'{steps:.2g}'):,.0f}"
