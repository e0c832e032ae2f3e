"""Uphill from a start, with some parameters held: Newton's method with a damped Hessian.

For what the generated module does not offer: the profile likelihood, where one parameter is
held, and climbs from several starts.  Levenberg's damping in coordinates without ends.
Source: Nocedal & Wright, Numerical Optimization (2006), section 10.3.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from symmle.fit.chart import Chart, mapped

Point = tuple[float, ...]
_MOST_STEPS = 60
_LONGEST = 4.0  # move of one step in a coordinate of log or logit
_SETTLED = 1e-22  # gain that Newton's method still expects, at which the climb ends


class Surface(Protocol):
    """The average log-likelihood on data, with its derivatives, at a point of p parameters."""

    @property
    def passes(self) -> bool:
        """Whether each evaluation passes over the rows."""

    def height(self, point: Point) -> float:
        """The average log-likelihood; -inf where it has no value."""

    def slope(self, point: Point) -> NDArray[np.float64]:
        """The score, p numbers."""

    def bend(self, point: Point) -> NDArray[np.float64]:
        """The Hessian, p x p."""


@dataclass(frozen=True, slots=True, eq=False)
class ModuleSurface:
    """The surface of a generated module.

    module: what `codegen.load` gave; data: its Statistics; passes: whether these hold the rows.
    inside: whether a point lies between the ends that other parameters move, which no chart tells.
    """

    module: ModuleType
    data: object
    passes: bool = True
    inside: Callable[[Point], bool] = lambda _: True

    def height(self, point: Point) -> float:
        """The average log-likelihood; -inf where it has no value, and outside the domain."""
        if not self.inside(point):
            return -math.inf
        return tried(lambda: float(self.module.average_log_likelihood(self.data, *point)))

    def slope(self, point: Point) -> NDArray[np.float64]:
        """The score, p numbers; not numbers where it has no value in doubles."""
        return self._array(self.module.score, point).reshape(-1)

    def bend(self, point: Point) -> NDArray[np.float64]:
        """The Hessian, p x p; not numbers where it has no value in doubles."""
        return self._array(self.module.hessian, point, len(point)).reshape(len(point), -1)

    def _array(
        self, work: Callable[..., object], point: Point, columns: int = 1
    ) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            try:
                return np.asarray(work(self.data, *point), dtype=float)
            except (ArithmeticError, ValueError):
                return np.full(len(point) * columns, math.nan)


def tried(work: Callable[[], float]) -> float:
    """A height, or -inf where it is no number."""
    with np.errstate(all="ignore"):
        try:
            value = work()
        except (ArithmeticError, ValueError):
            return -math.inf
    return value if math.isfinite(value) else -math.inf


@dataclass(frozen=True, slots=True)
class Top:
    """Where a climb ended.  settled: whether nothing more was to be gained there."""

    point: Point
    height: float
    settled: bool
    steps: int


def climb(
    surface: Surface, start: Point, chart_of: Sequence[Chart], free: Sequence[int]
) -> Top | None:
    """The top above a start, moving only the parameters `free`; None where it has no value.

    start: inside the domain.  At most 60 steps, so an answer always comes.
    """
    point, height = start, surface.height(start)
    if math.isinf(height):
        return None
    if not free:
        return Top(point, height, True, 0)
    damping = 0.0
    for step in range(_MOST_STEPS):
        local = _local(surface, point, chart_of, free)
        if local is None:
            return Top(point, height, False, step)
        slope, bend = local
        moved = False
        for attempt in range(80):
            if attempt == 40:
                damping = 0.0  # what suited the last step may be out of all proportion here
            move = _move(slope, bend, damping)
            if move is not None:
                if damping == 0 and _is_little(float(slope @ move), height, _SETTLED):
                    return Top(point, height, True, step)
                there = _after(point, move, chart_of, free)
                new = surface.height(there)
                if new > height:
                    moved, point, height = True, there, new
                    damping = 0.0 if damping < 1e-4 else damping / 16
                    break
            damping = max(16 * damping, 1e-6)
        if not moved:
            expected = _move(slope, bend, 0.0)
            if expected is None:  # level in some direction, as on a ridge
                expected = _move(slope, bend, 1e-3)
            flat = expected is not None and _is_little(float(slope @ expected), height)
            return Top(point, height, flat, step)
    return Top(point, height, False, _MOST_STEPS)


def _is_little(gain: float, height: float, share: float = 1e-13) -> bool:
    return bool(0 <= gain <= share * max(1.0, abs(height)))


def _local(
    surface: Surface, point: Point, chart_of: Sequence[Chart], free: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Slope and bend in the free coordinates."""
    with np.errstate(all="ignore"):
        try:
            slope, bend = surface.slope(point), surface.bend(point)
        except (ArithmeticError, ValueError):
            return None
        pairs = [chart_of[i].slopes(point[i]) for i in free]
        first = np.array([pair[0] for pair in pairs])
        second = np.array([pair[1] for pair in pairs])
        inner = slope[list(free)]
        here = bend[np.ix_(free, free)] * np.outer(first, first) + np.diag(inner * second)
        slope = inner * first
    return (slope, here) if np.all(np.isfinite(slope)) and np.all(np.isfinite(here)) else None


def _move(
    slope: NDArray[np.float64], bend: NDArray[np.float64], damping: float
) -> NDArray[np.float64] | None:
    """The damped Newton step, uphill; None where the damped Hessian is not negative definite."""
    size = np.maximum(np.abs(np.diag(bend)), slope**2)  # without a bend: a gain of one at most
    size = np.where(size > 0, size, max(float(size.max()), 1e-300))
    unit = 1 / np.sqrt(size)
    scaled = -bend * np.outer(unit, unit) + damping * np.eye(len(slope))
    try:
        np.linalg.cholesky(scaled)
        found: NDArray[np.float64] = np.linalg.solve(scaled, slope * unit) * unit
    except np.linalg.LinAlgError:
        return None
    return found


def _after(
    point: Point, move: NDArray[np.float64], chart_of: Sequence[Chart], free: Sequence[int]
) -> Point:
    """The point after a move; where coordinates are logs, no more than a factor of e**4."""
    bent = [math.isfinite(chart_of[i].low) or math.isfinite(chart_of[i].high) for i in free]
    far = max((abs(m) for m, log in zip(move.tolist(), bent, strict=True) if log), default=0.0)
    factor = min(1.0, _LONGEST / far) if far > 0 else 1.0
    there = list(point)
    for i, step in zip(free, move.tolist(), strict=True):
        at = chart_of[i].coordinate(point[i]) + factor * step
        there[i] = mapped([chart_of[i]], [at])[0]
    return tuple(there)
