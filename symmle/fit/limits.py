"""Where the likelihood goes when it has no maximum inside: which parameter runs to which end.

Decided by the profile likelihood on the way to the end: at many digits where all but one
parameter are solved for, else in doubles with the others climbed for.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import mpmath
import sympy as sp

from symmle.domain import Domain
from symmle.estimate import Kind
from symmle.fit.chart import Chart, charts
from symmle.fit.climb import Point, Surface, Top, climb
from symmle.fit.outward import Outward, outward
from symmle.fit.record import Status
from symmle.fit.setting import Setting

Found = TypeVar("Found")

_FAR = 250  # digits, for points up to 1e80 away
_POWERS = (20, 40, 80)
_MOST_ROWS = 500  # distinct rows that are evaluated at so many digits
_FARTHEST_DATA = 100  # powers of ten that data may lie off, for as many digits to be affordable
_NOTHING = 1e-15  # of a log-likelihood, below which it is zero
_RISING = 1e-6  # of the height, by which it still rises where it has no bound
_ALIKE = 1e-8  # of a height, within which two ways lead as high
_TOGETHER = 1e-3  # of a step, within which two parameters move alike
_DISTANCES = (12.0, 24.0, 48.0)  # in the coordinate, for doubles


@dataclass(frozen=True, slots=True)
class RunOff:
    """The parameter that runs off, the end it runs to, and the log-likelihood there.

    height: the limit of the whole sample's log-likelihood; None where it grows without bound.
    point: the farthest point that was looked at, where that was in doubles.
    along: what the other parameters do, in words; "" where that was not looked at.
    infinite: whether any parameter runs to infinity.
    """

    parameter: str
    end: str
    height: float | None
    point: Point | None = None
    along: str = ""
    infinite: bool = False

    @property
    def limit(self) -> tuple[str, str, float | None]:
        return self.parameter, self.end, self.height

    @property
    def status(self) -> Status:
        """Infinity is no estimate; at a finite end the likelihood is unbounded or largest."""
        if "infinity" in self.end or (self.infinite and self.height is not None):
            return Status.NO_FINITE_ESTIMATE
        return Status.UNBOUNDED if self.height is None else Status.BOUNDARY

    @property
    def sentence(self) -> str:
        going = f"{self.parameter} runs to {self.end}{self.along}"
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


def level_everywhere(setting: Setting) -> tuple[str, float] | None:
    """(the unknown that does not matter, the log-likelihood whatever it is); None where it does.

    As far as the heights at many digits tell, on the way to both ends of its domain.
    """
    estimator, rows = setting.estimator, setting.rows
    if estimator.kind not in (Kind.REDUCED, Kind.BOUNDARY) or rows is None:
        return None
    if len(next(iter(rows.values()))) > _MOST_ROWS or len(estimator.unknowns) != 1:
        return None
    unknown = estimator.unknowns[0]
    where = next(p.domain for p in setting.model.parameters if p.symbol == unknown)
    ways = [_heights(setting, unknown, where, side) for side in (-1, 1)]
    heights = [height for way in ways for height in way or ()]
    same = len(heights) == 2 * len(_POWERS) and max(heights) - min(heights) <= _NOTHING
    return (str(unknown), rounded(float(setting.n * heights[0]))) if same else None


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
    return rounded(float(setting.n * heights[2]))


def rounded(height: float) -> float:
    """The height, or zero where it is nothing but rounding."""
    return height if abs(height) > _NOTHING else 0.0


def end_name(end: sp.Expr) -> str:
    if end.is_infinite:
        return "infinity" if end == sp.oo else "minus infinity"
    return str(end)


def run_off_in_doubles(
    setting: Setting,
    surface: Surface,
    start: Point,
    free: Sequence[int] | None = None,
    floor: float | None = None,
) -> RunOff | None:
    """For a system: each parameter held farther and farther out, the others climbed for.

    free: which parameters move at all; None for every one.  floor: an average log-likelihood; ends
    that are lower need not be found.
    None where the data span so much that a point far from some of them is not far from all.
    """
    return ways_out(setting, surface, start, free, floor)[0]


def ways_out(
    setting: Setting,
    surface: Surface,
    start: Point,
    free: Sequence[int] | None = None,
    floor: float | None = None,
) -> tuple[RunOff | None, list[Top]]:
    """(what `run_off_in_doubles` finds, the tops met on every way)."""
    met: list[Top] = []
    if setting.spans_much:
        return None, met
    model = setting.model
    chart_of = charts(model, dict(zip(model.symbols, start, strict=True)))
    ways: list[tuple[Outward, RunOff]] = []
    for i in range(len(start)) if free is None else free:
        where = model.parameters[i].domain
        for side, end in ((-1, where.lower), (1, where.upper)):
            way, tops = outward(setting, surface, start, chart_of, i, side, free, floor)
            met += tops
            if way is None:
                continue
            limit = None if way.rising else rounded(setting.n * way.height)
            along, infinite = _along(setting, chart_of, i, side, way)
            name = str(model.symbols[i])
            found = RunOff(name, end_name(end), limit, way.point, along, infinite)
            if is_possible(setting, found):
                ways.append((way, found))
    return _plainest(ways), met


def _plainest(ways: Sequence[tuple[Outward, RunOff]]) -> RunOff | None:
    """Of the highest ways, that on which the fewest parameters run off.

    Of those, where parameters run together to a limit, one to infinity says most; else one to a
    finite end.
    """
    if not ways:
        return None
    rising = [each for each in ways if each[0].rising]
    highest = max(way.height for way, _ in ways)
    near = highest - _ALIKE * (1 + abs(highest))
    kept = rising or [each for each in ways if each[0].height >= near]

    def rank(each: tuple[Outward, RunOff]) -> tuple[int, bool]:
        way, found = each
        more = sum(other.runs for other in way.others)
        return more, ("infinity" in found.end) is bool(rising or not more)

    return min(kept, key=rank)[1]


def _along(
    setting: Setting, chart_of: Sequence[Chart], i: int, side: int, way: Outward
) -> tuple[str, bool]:
    """(what the other parameters do on a way, in words; whether one of them runs to infinity)."""
    parameters = setting.model.parameters
    told, infinite = [], False
    for each in way.others:
        if not each.runs:
            continue
        where = parameters[each.index].domain
        end = end_name(where.upper if each.side > 0 else where.lower)
        infinite = infinite or "infinity" in end
        name = parameters[each.index].name
        told.append(f"{name} to {end}")
        halves = all(c.low == 0 and math.isinf(c.high) for c in (chart_of[i], chart_of[each.index]))
        if halves and abs(abs(each.moved) - 1) < _TOGETHER:
            own, value = parameters[i].name, way.point[i]
            alike = each.moved * side > 0
            kept = f"{own}/{name}" if alike else f"{own}*{name}"
            told[-1] += f" ({kept} near {value / each.value if alike else value * each.value:.4g})"
    still = [
        f"{parameters[each.index].name} near {each.value:.6g}"
        for each in way.others
        if not each.runs and not each.idle
    ]
    words = f" and {', '.join(told)}" if told else ""
    if told and still:
        words += f" with {', '.join(still)}"
    return words, infinite


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


def first_value(work: Callable[[], Found | None]) -> Found | None:
    """What was found, or None where the arithmetic gave out on the way."""
    try:
        return work()
    except (ArithmeticError, ValueError):
        return None
