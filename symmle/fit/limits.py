"""Where the likelihood goes when it has no maximum inside: which parameter runs to which end.

Decided by the profile likelihood on the way to the end: at many digits where all but one
parameter are solved for, else in doubles with the others climbed for.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp

from symmle.estimate import Kind
from symmle.fit.chart import Chart, charts
from symmle.fit.climb import Point, Surface, Top, climb
from symmle.fit.record import Status
from symmle.fit.setting import Setting
from symmle.model import Domain

_FAR = 250  # digits, for points up to 1e80 away
_POWERS = (20, 40, 80)
_MOST_ROWS = 500  # distinct rows that are evaluated at so many digits
_FARTHEST_DATA = 100  # powers of ten that data may lie off, for as many digits to be affordable
_NOTHING = 1e-15  # of a log-likelihood, below which it is zero
_RISING = 1e-6  # of the height, by which it still rises where it has no bound
_RAN = 200.0  # in the coordinate: a factor of 1e87
_DISTANCES = (12.0, 24.0, 48.0)  # in the coordinate, for doubles


@dataclass(frozen=True, slots=True)
class RunOff:
    """The parameter that runs off, the end it runs to, and the log-likelihood there.

    height: the limit of the whole sample's log-likelihood; None where it grows without bound.
    point: the farthest point that was looked at, where that was in doubles.
    """

    parameter: str
    end: str
    height: float | None
    point: Point | None = None

    @property
    def limit(self) -> tuple[str, str, float | None]:
        return self.parameter, self.end, self.height

    @property
    def status(self) -> Status:
        """Infinity is no estimate; at a finite end the likelihood is unbounded or largest."""
        if "infinity" in self.end:
            return Status.NO_FINITE_ESTIMATE
        return Status.UNBOUNDED if self.height is None else Status.BOUNDARY

    @property
    def sentence(self) -> str:
        going = f"{self.parameter} runs to {self.end}"
        if self.height is None:
            return f"{going}, and the likelihood grows without bound"
        return f"{going}, where the log-likelihood approaches {self.height:.7g} from below"


def run_off_exactly(setting: Setting) -> RunOff | None:
    """For a reduced equation: its unknown on the way to each end, the others solved for."""
    estimator, rows = setting.estimator, setting.rows
    if estimator.kind not in (Kind.REDUCED, Kind.BOUNDARY) or rows is None:
        return None
    if len(next(iter(rows.values()))) > _MOST_ROWS or len(estimator.unknowns) != 1:
        return None
    unknown = estimator.unknowns[0]
    where = next(p.domain for p in setting.model.parameters if p.symbol == unknown)
    gone = [
        (heights[-1], end, heights)
        for side, end in ((-1, where.lower), (1, where.upper))
        if (heights := _heights(setting, unknown, where, side)) is not None
        and heights[0] <= heights[1] <= heights[2]
    ]
    if not gone or (len(gone) == 2 and gone[0][0] == gone[1][0]):
        return None  # as high at both ends: the unknown does not matter
    _, end, heights = max(gone, key=lambda each: each[0])
    found = RunOff(str(unknown), end_name(end), _limit(setting, heights))
    return found if is_possible(setting, found) else None


def is_possible(setting: Setting, found: RunOff) -> bool:
    """No sum of logs of probabilities grows without bound."""
    return found.height is not None or not setting.model.discrete


def _heights(
    setting: Setting, unknown: sp.Symbol, where: Domain, side: int
) -> list[mpmath.mpf] | None:
    """The profile's average log-likelihood at three points on the way to an end."""
    values = setting.estimator.values
    heights = []
    beyond = setting.decades  # the point must lie past the data, and the digits reach as far
    if beyond > _FARTHEST_DATA:
        return None
    digits = _FAR + 4 * beyond
    with mpmath.workdps(digits):
        for power in _POWERS:
            try:
                theta = {unknown: _towards(where, side, power + 2 * beyond)}
                theta |= {s: setting.value(v, theta, digits) for s, v in values.items()}
                average = setting.derivation.average_log_likelihood
                heights.append(setting.value(average, theta, digits))
            except (ArithmeticError, ValueError, TypeError):
                return None
        return heights if all(mpmath.isfinite(h) for h in heights) else None


def _towards(where: Domain, side: int, power: int) -> mpmath.mpf:
    """A point 10**power away where that end is infinite, 10**-power from a finite one."""
    end = where.lower if side < 0 else where.upper
    if end.is_infinite:
        return side * mpmath.mpf(10) ** power
    return mpmath.mpf(sp.N(end, mpmath.mp.dps)) - side * mpmath.mpf(10) ** -power


def _limit(setting: Setting, heights: list[mpmath.mpf]) -> float | None:
    """What the heights approach; None where they go on rising."""
    if heights[2] - heights[1] > _RISING * (1 + abs(heights[2])):
        return None
    return _rounded(float(setting.n * heights[2]))


def _rounded(height: float) -> float:
    return height if abs(height) > _NOTHING else 0.0


def end_name(end: sp.Expr) -> str:
    if end.is_infinite:
        return "infinity" if end == sp.oo else "minus infinity"
    return str(end)


def run_off_in_doubles(
    setting: Setting, surface: Surface, start: Point, free: Sequence[int] | None = None
) -> RunOff | None:
    """For a system: each parameter held farther and farther out, the others climbed for.

    free: which parameters move at all; None for every one.
    None where the data span so much that a point far from some of them is not far from all.
    """
    if setting.spans_much:
        return None
    model = setting.model
    theta = dict(zip(model.symbols, start, strict=True))
    chart_of = charts(model, theta)
    ways: list[tuple[float, RunOff]] = []
    for i in range(len(start)) if free is None else free:
        parameter = model.parameters[i]
        for side, end in ((-1, parameter.domain.lower), (1, parameter.domain.upper)):
            tops = climbed(surface, start, chart_of, i, side, free)
            if not tops or not _rises([top.height for top in tops]):
                continue
            if _another_ran(chart_of, start, tops[-1].point, i):
                continue  # its own way is the one to be told
            heights = _at_many_digits(setting, tops)
            if not _rises(heights):
                continue
            rising = heights[2] - heights[1] > _RISING * (1 + abs(heights[2]))
            if rising and heights[2] - heights[1] < heights[1] - heights[0]:
                continue  # neither settled nor rising with the distance: the climbs fell short
            limit = None if rising else _rounded(setting.n * heights[2])
            found = RunOff(str(parameter.symbol), end_name(end), limit, tops[-1].point)
            if is_possible(setting, found):
                ways.append((heights[2], found))
    ways.sort(key=lambda way: -way[0])
    return ways[0][1] if ways else None


def _another_ran(chart_of: tuple[Chart, ...], start: Point, top: Point, i: int) -> bool:
    """Whether another parameter, too, went as far as doubles reach towards an end of its domain."""
    return any(
        (math.isfinite(chart.low) or math.isfinite(chart.high))
        and abs(chart.coordinate(top[j]) - chart.coordinate(start[j])) > _RAN
        for j, chart in enumerate(chart_of)
        if j != i
    )


def _rises(heights: Sequence[float]) -> bool:
    return len(heights) == 3 and heights[0] < heights[1] <= heights[2]


def _at_many_digits(setting: Setting, tops: Sequence[Top]) -> list[float]:
    """The heights again at many digits, for far out doubles lose all of theirs; fewer if none."""
    if setting.rows is None:
        return [top.height for top in tops]
    heights = (setting.exact_height(top.point) for top in tops)
    return [height for height in heights if height is not None]


def climbed(
    surface: Surface,
    start: Point,
    chart_of: tuple[Chart, ...],
    i: int,
    side: int,
    free: Sequence[int] | None = None,
) -> list[Top]:
    """The tops with one parameter held at each distance; none where a climb has no value."""
    moved = range(len(start)) if free is None else free
    here, others = chart_of[i], [j for j in moved if j != i]
    if not here.low < start[i] < here.high:
        return []
    centre = here.coordinate(start[i])
    bent = math.isfinite(here.low) or math.isfinite(here.high)
    tops: list[Top] = []
    at = start
    for distance in _DISTANCES:
        reach = distance if bent else (abs(centre) + 1) * math.exp(distance)
        there = list(at)
        there[i] = here.value(centre + side * reach)
        found = climb(surface, tuple(there), chart_of, others)
        if found is None:
            return []
        tops.append(found)
        at = found.point
    return tops


def first_value(work: Callable[[], RunOff | None]) -> RunOff | None:
    """What was found, or None where the arithmetic gave out on the way."""
    try:
        return work()
    except (ArithmeticError, ValueError):
        return None
