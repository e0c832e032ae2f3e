"""Profile-likelihood intervals: the values that a likelihood-ratio test would not reject.

For one parameter, held at t, the others are moved to where the likelihood is largest; the signed
root r(t) = sqrt(2*(lmax - lprofile(t))) is nearly straight in t, and its slope is known from the
score of that parameter alone, so a few steps find where it is the normal quantile.
Source: Venzon & Moolgavkar, A method for computing profile-likelihood-based confidence
intervals, Appl. Stat. 37 (1988); Pawitan, In All Likelihood (2001), sections 3.4 and 9.11.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from symmle.fit.chart import Chart
from symmle.fit.climb import Point, Surface, climb
from symmle.fit.record import Ends

_MOST_POINTS = 60  # of one profile, on each side
_CLOSE = 1e-9  # of the signed root, relative to the quantile
_HIGHER = 1e-7  # by which a profile above the maximum is more than rounding


@dataclass(frozen=True, slots=True)
class Profile:
    """The two ends, None where there is none, and why; `higher`: a point above the maximum."""

    ends: Ends
    reason: str
    higher: Point | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """The maximum that the profiles start from.

    point, covariance: the estimate and that of its errors; free: the parameters that may move.
    """

    surface: Surface
    point: Point
    charts: tuple[Chart, ...]
    covariance: NDArray[np.float64]
    free: tuple[int, ...]
    n: float


def profile_interval(peak: Peak, i: int, name: str, level: float) -> Profile:
    """The interval for parameter number i (of `peak.free`)."""
    wanted = NormalDist().inv_cdf((1 + level) / 2)
    top = peak.surface.height(peak.point)
    ends: list[float | None] = []
    reasons = []
    for side in (-1, 1):
        search = _Side(peak, i, side, wanted, top)
        found = search.end()
        ends.append(found)
        if search.higher is not None:
            return Profile((None, None), "the profile rises above the maximum", search.higher)
        if found is None:
            reasons.append(search.reason(name, level))
    return Profile((ends[0], ends[1]), "; ".join(reasons))


class _Side:
    """The search on one side of the estimate."""

    def __init__(self, peak: Peak, i: int, side: int, wanted: float, top: float) -> None:
        self.peak, self.i, self.side, self.wanted, self.top = peak, i, side, wanted, top
        self.chart = peak.charts[i]
        self.centre = self.chart.coordinate(peak.point[i])
        self.error = math.sqrt(peak.covariance[_place(peak, i), _place(peak, i)])
        self.unit = self.error / self.chart.slopes(peak.point[i])[0]
        self.warm = peak.point
        self.points = 0
        self.higher: Point | None = None
        self.lost = False

    def reason(self, name: str, level: float) -> str:
        """Why there is no end on this side, in a sentence."""
        if self.lost or self.points > _MOST_POINTS:
            return f"the profile likelihood of {name} could not be followed"
        end, word = (self.chart.low, "below") if self.side < 0 else (self.chart.high, "above")
        place = f"{end:.6g}" if math.isfinite(end) else "minus infinity" if end < 0 else "infinity"
        return (
            f"no value of {name} {word} its estimate is unlikely enough to be rejected at "
            f"{100 * level:.4g} %, as far as {place}"
        )

    def end(self) -> float | None:
        """The value at which the signed root is the quantile; None where it never is."""
        inside, outside = 0.0, None
        reach = self.wanted * self.unit
        while outside is None:
            value = self._root(reach)
            if value is None:
                return None
            if value[0] >= self.wanted:
                outside = reach
            else:
                inside = reach
                step = (self.wanted - value[0]) / value[1] if value[1] > 0 else math.inf
                reach += min(max(1.02 * step, 0.05 * reach), 2.0 * reach)
                if not self._is_inside(reach):
                    return None
        return self._between(inside, outside)

    def _between(self, inside: float, outside: float) -> float | None:
        """Newton's method on the signed root, by bisection where that leaves the bracket."""
        reach = outside
        value = self._root(reach)
        while value is not None:
            gap = value[0] - self.wanted
            if abs(gap) <= _CLOSE * self.wanted or outside - inside <= 1e-13 * abs(outside):
                return self._value(reach)
            inside, outside = (inside, reach) if gap > 0 else (reach, outside)
            step = reach - gap / value[1] if value[1] > 0 else math.nan
            reach = step if inside < step < outside else (inside + outside) / 2
            value = self._root(reach)
        return None

    def _value(self, reach: float) -> float:
        return self.chart.value(self.centre + self.side * reach)

    def _is_inside(self, reach: float) -> bool:
        """Whether the value there is a number strictly between the ends, and still moves."""
        value = self._value(reach)
        apart = abs(self.centre + self.side * reach) < 650 or not self._is_bent()
        return apart and self.chart.low < value < self.chart.high and math.isfinite(value)

    def _is_bent(self) -> bool:
        return math.isfinite(self.chart.low) or math.isfinite(self.chart.high)

    def _root(self, reach: float) -> tuple[float, float] | None:
        """(signed root, its slope in the reach) so far from the estimate; None if lost."""
        self.points += 1
        if self.points > _MOST_POINTS:
            return None
        value = self._value(reach)
        start = list(self.warm)
        start[self.i] = value
        others = [j for j in self.peak.free if j != self.i]
        found = climb(self.peak.surface, tuple(start), self.peak.charts, others)
        if found is None or not found.settled:
            found = climb(self.peak.surface, self._tangent(reach), self.peak.charts, others)
        if found is None or not found.settled:
            self.lost = True
            return None
        self.warm = found.point
        fall = 2 * self.peak.n * (self.top - found.height)
        if fall < -_HIGHER * (1 + self.peak.n * abs(self.top) * 1e-6):
            self.higher = found.point
            return None
        root = math.sqrt(max(fall, 0.0))
        slope = float(self.peak.surface.slope(found.point)[self.i])
        downhill = -self.side * slope * self.chart.slopes(value)[0]
        return root, self.peak.n * downhill / root if root > 0 else 1 / self.unit

    def _tangent(self, reach: float) -> Point:
        """Where the others would be if the likelihood were a normal one."""
        peak, here = self.peak, _place(self.peak, self.i)
        start = list(peak.point)
        for j in peak.free:
            ratio = peak.covariance[_place(peak, j), here] / peak.covariance[here, here]
            slopes = (
                peak.charts[j].slopes(peak.point[j])[0],
                self.chart.slopes(peak.point[self.i])[0],
            )
            move = self.side * reach * ratio * slopes[1] / slopes[0]
            start[j] = peak.charts[j].value(peak.charts[j].coordinate(peak.point[j]) + move)
        start[self.i] = self._value(reach)
        return tuple(start)


def _place(peak: Peak, i: int) -> int:
    return peak.free.index(i)


def profile_intervals(
    peak: Peak, names: Sequence[str], level: float
) -> tuple[dict[str, Ends], dict[str, str], Point | None]:
    """({parameter: ends}, {parameter: why an end is None}, a point above the maximum if met)."""
    ends: dict[str, Ends] = {}
    reasons: dict[str, str] = {}
    for i in peak.free:
        found = profile_interval(peak, i, names[i], level)
        ends[names[i]] = found.ends
        if found.reason:
            reasons[names[i]] = found.reason
        if found.higher is not None:
            return ends, reasons, found.higher
    return ends, reasons, None
