"""What a run comes to: a fixed point, a cycle, chaos, or nothing yet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from symmle.diagnosis.running import Run, Runner, State, Stop

Floats = NDArray[np.float64]

_CHUNKS = (1_000, 10_000, 100_000)  # after which a cycle is looked for
_LONGEST = 64  # period
_ALIKE = 1e-9  # of a cycle's size, by which its returns may differ
_SMALLEST = 1e-7  # a cycle, against the size of its points
_AGAIN = 2_000  # steps after which a cycle must still be there
_BATCHES, _TURNS, _TOGETHER = 20, 50, 10  # of the Lyapunov exponent: batches, turns, steps a turn
_APART = 1e-8
_BOUNDED = 2.0  # times its size, above which the second half of a run has grown
_STEPS_OF_A_FLOW, _SHARE = 5_000, 1e-4  # at most; of a place, that a step may err by
_LAST = 40  # steps from which a rate is read


@dataclass(frozen=True, slots=True)
class Orbit:
    """A run and what it settled to.

    cycle: the points of the cycle it ends on, in order; empty for none.
    standstill: it moves no more though the score is not nothing.
    lyapunov: (exponent a step, its standard error), where no cycle and no point was reached, and
    the run stays as large as it is.  middle: the mean of its points then; empty for none.
    """

    run: Run
    cycle: tuple[State, ...] = ()
    standstill: bool = False
    lyapunov: tuple[float, float] | None = None
    middle: State = ()


def follow(runner: Runner, start: Sequence[float], count: int, tolerance: float) -> Orbit:
    """Run the map until its scaled score is nothing, it breaks off, or it is seen to cycle."""
    run = Run(Stop.COUNT, 0, tuple(start), tuple(map(abs, start))[: len(runner.variables)], 0.0)
    for chunk in (*_CHUNKS, count):
        left = count - run.steps
        if left <= 0:
            break
        run = joined(run, runner.run(run.state, min(chunk, left), tolerance))
        if run.stop is not Stop.COUNT:
            return Orbit(run)
        if min(chunk, left) < _LONGEST:
            continue
        if _stands_still(runner, run.state):
            return Orbit(run, standstill=True)
        cycle = _cycle(runner, run.state, tolerance)
        if cycle:
            return Orbit(run, cycle)
    found = _lyapunov(runner, run.state)
    return Orbit(run) if found is None else Orbit(run, lyapunov=found[0], middle=found[1])


def observed_rate(
    runner: Runner, start: Sequence[float], steps: int, target: Sequence[float], units: Floats
) -> float | None:
    """By what the distance to a point was multiplied at each of the last steps before the end."""
    before = max(steps - _LAST, steps // 2)
    first = runner.run(start, before).state
    last = runner.run(first, steps - before).state
    distances = [_distance(each, target, units) for each in (first, last)]
    if steps == before or min(distances) <= 1e-14 or not all(map(math.isfinite, distances)):
        return None
    return float((distances[1] / distances[0]) ** (1 / (steps - before)))


def _distance(state: Sequence[float], target: Sequence[float], units: Floats) -> float:
    away = (np.array(state[: len(target)]) - np.array(target)) / units
    return float(np.max(np.abs(away)))


def joined(before: Run, after: Run) -> Run:
    """Two runs, one after the other."""
    return replace(
        after,
        steps=before.steps + after.steps,
        largest=tuple(map(max, before.largest, after.largest)),
        largest_gradient=max(before.largest_gradient, after.largest_gradient),
    )


def _recorded(runner: Runner, state: State, count: int) -> Floats | None:
    """The next states, a row each; None where the run breaks off."""
    found = [state]
    for _ in range(count):
        run = runner.run(found[-1], 1)
        if run.stop is not Stop.COUNT:
            return None
        found.append(run.state)
    return np.array(found)


def _stands_still(runner: Runner, state: State) -> bool:
    after = np.array(runner.run(state, 1).state)
    return bool(np.all(np.abs(after - state) <= 4e-16 * np.abs(after)))


def _cycle(runner: Runner, state: State, tolerance: float) -> tuple[State, ...]:
    """The points of a cycle that is still there after many more steps."""
    first = _recorded(runner, state, 2 * _LONGEST)
    if first is None:
        return ()
    size = np.ptp(first[-_LONGEST - 1 :], axis=0)
    if not np.any(size > _SMALLEST * np.max(np.abs(first), axis=0)):
        return ()
    for period in range(2, _LONGEST + 1):
        gaps = np.abs(first[period:] - first[:-period])[-_LONGEST:]
        if np.all(gaps <= _ALIKE * size):
            break
    else:
        return ()
    later = runner.run(tuple(first[-1]), _AGAIN * period, tolerance)
    if later.stop is not Stop.COUNT:
        return ()
    again = _recorded(runner, later.state, period)
    if again is None or np.any(np.abs(np.ptp(again, axis=0) - size) > 1e-3 * size):
        return ()  # it only shrinks, or grows, slowly
    return tuple(tuple(map(float, each)) for each in again[:period])


def _lyapunov(runner: Runner, state: State) -> tuple[tuple[float, float], State] | None:
    """By the growth of a small distance, restored after every few steps; and the mean point.

    Source: G. Benettin, L. Galgani & J.-M. Strelcyn, Kolmogorov entropy and numerical experiments,
    Phys. Rev. A 14 (1976) 2338.
    """
    here = np.array(state)
    apart = _APART * (np.abs(here) + 1e-300)
    length = float(np.linalg.norm(apart))
    means, places = [], []
    for _ in range(_BATCHES):
        total = 0.0
        for _ in range(_TURNS):
            one = runner.run(tuple(here), _TOGETHER)
            other = runner.run(tuple(here + apart), _TOGETHER)
            if Stop.COUNT is not one.stop or Stop.COUNT is not other.stop:
                return None
            moved = np.array(other.state) - np.array(one.state)
            now = float(np.linalg.norm(moved))
            if now == 0 or not math.isfinite(now):
                return None
            total += math.log(now / length)
            here, apart = np.array(one.state), moved * (length / now)
            places.append(here)
        means.append(total / (_TURNS * _TOGETHER))
    sizes = np.max(np.abs(places), axis=1)
    if np.max(sizes[len(sizes) // 2 :]) > _BOUNDED * np.max(sizes[: len(sizes) // 2]):
        return None  # it grows, and near starts part because they do
    exponent = float(np.mean(means)), float(np.std(means, ddof=1) / math.sqrt(_BATCHES))
    return exponent, tuple(map(float, np.mean(places, axis=0)))


def steps_of_the_flow(
    runner: Runner, start: Sequence[float], target: Sequence[float], units: Floats, most: float
) -> float | None:
    """About how many updates lead from a far point to within a unit of the target.

    The update is taken for a flow, d theta/d n = F(theta) - theta, which far out, where a step
    changes little, it is; and the flow is followed by linearly implicit Euler steps, which no
    stiffness holds up, once whole and twice half (Hairer & Wanner, Solving Ordinary Differential
    Equations II, 1996, section IV.9).  None where it does not get there within `most`.
    """
    place, passed, step = np.array(start[: len(target)]), 0.0, 1.0
    away = _distance(tuple(place), target, units)
    for _ in range(_STEPS_OF_A_FLOW):
        if away < 1:
            return passed
        if passed > most:
            return None
        try:
            once = _implicit_step(runner, place, step, units)
            half = _implicit_step(runner, place, step / 2, units)
            twice = _implicit_step(runner, half, step / 2, units)
        except (ArithmeticError, np.linalg.LinAlgError):
            step /= 4
            continue
        better = 2 * twice - once
        error = float(np.max(np.abs(twice - once) / (_SHARE * (np.abs(place) + units))))
        left = _distance(tuple(better), target, units)
        if error <= 1 and math.isfinite(left):
            part = min(1.0, (away - 1) / (away - left)) if left < 1 else 1.0
            place, passed, away = better, passed + part * step, left
        step *= min(4.0, max(0.2, 0.9 / math.sqrt(error))) if error > 0 else 4.0
    return None


def _implicit_step(runner: Runner, place: Floats, step: float, units: Floats) -> Floats:
    """One step of the flow, with its Jacobian by differences."""
    here = _move(runner, place)
    widths = _SHARE * (np.abs(place) + units)
    columns = [
        (_move(runner, place + width * unit) - here) / width
        for width, unit in zip(widths, np.eye(len(place)), strict=True)
    ]
    matrix = np.eye(len(place)) - step * np.array(columns).T
    found: Floats = place + step * np.linalg.solve(matrix, here)
    return found


def _move(runner: Runner, place: Floats) -> Floats:
    """What one update adds; ArithmeticError where there is none."""
    none = [0.0] * (len(runner.state) - len(place))
    run = runner.run((*map(float, place), *none), 1)
    if run.stop not in (Stop.COUNT, Stop.DONE):
        raise ArithmeticError
    return np.array(run.state[: len(place)]) - place
