"""Follow the likelihood outward: one parameter farther step by step, the others climbed for.

Each climb begins where the last two lead, so that parameters which run off together are followed
together: the two shapes of a beta-binomial whose ratio stays, a Burr's tail and shape whose
product does.  Where the heights settle in doubles, or go on rising, they are looked at again at
many digits, there and farther along the same line.
Source: Allgower & Georg, Introduction to Numerical Continuation Methods (2003), chapter 2.
"""

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from symmle.fit.chart import Chart, mapped
from symmle.fit.climb import Point, Surface, Top, climb
from symmle.fit.setting import Setting

_STEP = 3.0  # in the coordinate: a factor of 20
_STEPS = 16  # so that the farthest is 48 away
_DOUBLED = (1, 3, 7, 15)  # steps, less one
_EVEN = (1, 2, 3, 4)  # steps, less one, at which growth may be told where all rows are equal
_FEWEST = 3  # steps before a height may have settled
_NEARLY = 1e-5  # of a height in doubles, by which a step may change it where it settles
_SETTLED = 1e-6  # of a height at many digits, by which a step or the rest of the way may raise it
_LEVEL = 1e-9  # of a height, by which a step may lower it there
_RISING = 1e-6  # of a height, by which it still rises where it has no bound
_RAN = 200.0  # in the coordinate: a factor of 1e87
_ARRIVED = 30.0  # in the coordinate: the rounding of a double
_TOGETHER = 0.2  # of the step, by which a parameter must move to run off as well
# steps more along the line, and the share of a height that doubles may cost it there
_FARTHER = ((2.0, 1e-9), (4.0, 1e-9), (16.0, 1e-4))


@dataclass(frozen=True, slots=True)
class Beside:
    """What another parameter does on the way: runs to an end, or stays at a value.

    moved: by how much its coordinate moves with that of the first.  arrived: -1 or 1 where it has
    come to an end, though it no longer moves; else 0.  idle: whether the height is the same where
    it stays where it was.
    """

    index: int
    moved: float
    value: float
    arrived: int
    idle: bool = False

    @property
    def runs(self) -> bool:
        return not self.idle and (abs(self.moved) > _TOGETHER or self.arrived != 0)

    @property
    def side(self) -> float:
        """The end that it runs to: the upper one where this is positive."""
        return self.moved if abs(self.moved) > _TOGETHER else self.arrived


@dataclass(frozen=True, slots=True)
class Outward:
    """The end of a way: its farthest point that counts, the average log-likelihood there, whether
    that goes on rising, and what the other parameters do."""

    point: Point
    height: float
    rising: bool
    others: tuple[Beside, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """The last step of a way, in coordinates, from `before` to `here`: parameter `held` leads."""

    chart_of: Sequence[Chart]
    start: Sequence[float]
    before: Sequence[float]
    here: Sequence[float]
    held: int
    others: Sequence[int]

    def point(self, more: float, runs: Container[int], back: Iterable[int] = ()) -> Point:
        """The point so many steps on; the parameters `back` are where they were at the start."""
        steps = zip(self.chart_of, self.before, self.here, strict=True)
        line = [_farther(c, a, b, more if j in runs else 0) for j, (c, a, b) in enumerate(steps)]
        line = [
            first if j in back else at
            for j, (at, first) in enumerate(zip(line, self.start, strict=True))
        ]
        values = zip(self.chart_of, mapped(self.chart_of, line), strict=True)
        return tuple(_inside(chart, value) for chart, value in values)

    def beside(self) -> tuple[Beside, ...] | None:
        """What the others do; None where one goes faster than doubles reach."""
        steps = zip(self.chart_of, self.before, self.here, strict=True)
        gone = [_gone(c, a, b) for c, a, b in steps]
        if any(abs(gone[j]) * _STEPS > _RAN for j in self.others):
            return None
        values = mapped(self.chart_of, self.here)
        own = abs(gone[self.held])
        return tuple(
            Beside(j, gone[j] / own, values[j], self._arrived(j) if own else 0) for j in self.others
        )

    def _arrived(self, j: int) -> int:
        """Whether a parameter came so far in the coordinate that it is at an end in doubles."""
        chart, far = self.chart_of[j], self.here[j] - self.start[j]
        bent = math.isfinite(chart.low) or math.isfinite(chart.high)
        return (1 if far > 0 else -1) if bent and abs(far) > _ARRIVED else 0


def outward(
    setting: Setting,
    surface: Surface,
    start: Point,
    chart_of: Sequence[Chart],
    i: int,
    side: int,
    free: Sequence[int] | None = None,
    floor: float | None = None,
) -> tuple[Outward | None, list[Top]]:
    """(the height that one parameter on its way to an end approaches, the tops on that way).

    start: inside the domain.  side: -1 for the lower end, 1 for the upper.  free: which
    parameters move at all; None for every one.  floor: a way that settles below is not told.
    The height approached is one that the way rises to, at the end of it; None where none is seen.
    """
    others = [j for j in (range(len(start)) if free is None else free) if j != i]
    tops = followed(surface, start, chart_of, i, side, others)
    points = [_coordinates(chart_of, top.point) for top in tops]
    first = _coordinates(chart_of, start)
    lines = [_Line(chart_of, first, a, b, i, others) for a, b in pairwise(points)]
    best, lowest = None, min([surface.height(start), *(top.height for top in tops[:_FEWEST])])
    for k in range(_FEWEST, len(tops)):
        last, rise = (tops[j].height - tops[j - 1].height for j in (k, k - 1))
        level = rise >= 0 and abs(last) <= _NEARLY * (1 + abs(tops[k].height))
        if best is None and not (level and tops[k].height > lowest):
            continue
        if floor is not None and best is None and _is_low(setting, tops[k - 1 : k + 1], floor):
            return None, tops
        found = _settled(setting, lines[k - 1], tops[k - 1 : k + 1])
        if best is not None and (found is None or found.height <= best.height):
            break  # doubles have lost their digits, or there is nothing more to gain
        best = found
    return best or _still_rising(setting, lines, tops), tops


def followed(
    surface: Surface,
    start: Point,
    chart_of: Sequence[Chart],
    i: int,
    side: int,
    others: Sequence[int],
) -> list[Top]:
    """The tops with one parameter held farther and farther out, as far as a climb has a value."""
    here = chart_of[i]
    if not here.low < start[i] < here.high:
        return []
    centre = here.coordinate(start[i])
    tops: list[Top] = []
    for step in range(1, _STEPS + 1):
        held = centre + side * _reach(here, centre, step)
        ahead = [{**each, i: held} for each in _ahead(chart_of, start, tops)]
        points = [mapped(chart_of, [each[j] for j in range(len(start))]) for each in ahead]
        best = max(points, key=surface.height)
        found = climb(surface, best, chart_of, others)
        if found is None:
            break
        tops.append(found)
    return tops


def _reach(chart: Chart, centre: float, step: int) -> float:
    """How far a step goes in the coordinate; without an end there, by factors."""
    if math.isfinite(chart.low) or math.isfinite(chart.high):
        return step * _STEP
    return (abs(centre) + 1) * math.exp(step * _STEP)


def _ahead(chart_of: Sequence[Chart], start: Point, tops: Sequence[Top]) -> list[dict[int, float]]:
    """Coordinates to climb from: the last ones, and those a step farther."""
    points = [start, *(top.point for top in tops)][-2:]
    lines = [_coordinates(chart_of, point) for point in points]
    last = dict(enumerate(lines[-1]))
    if len(tops) < 2:
        return [last]
    pairs = [(c, *pair) for c, *pair in zip(chart_of, *lines, strict=True)]
    every = {j: _farther(c, a, b, 1) for j, (c, a, b) in enumerate(pairs)}
    runs = {j for j, (c, a, b) in enumerate(pairs) if abs(_gone(c, a, b)) > _TOGETHER * _STEP}
    return [last, {j: every[j] if j in runs else last[j] for j in every}, every]


def _gone(chart: Chart, before: float, here: float) -> float:
    """How far a parameter went towards an end: in the coordinate, or in logs where it has none."""
    if math.isfinite(chart.low) or math.isfinite(chart.high):
        return here - before
    away = before * here > 0 and abs(here) > abs(before)
    return math.copysign(math.log(here / before), here) if away else 0.0


def _farther(chart: Chart, before: float, here: float, more: float) -> float:
    """The coordinate so many steps on: by equal steps, or by equal factors where it has no end."""
    if math.isfinite(chart.low) or math.isfinite(chart.high):
        return here + more * (here - before)
    return here * math.exp(more * abs(_gone(chart, before, here)))


def _coordinates(chart_of: Sequence[Chart], point: Point) -> list[float]:
    return [c.coordinate(value) for c, value in zip(chart_of, point, strict=True)]


def _is_low(setting: Setting, tops: Sequence[Top], floor: float) -> bool:
    """Whether a way has settled so far below a height that what is left of it cannot get there.

    Two heights at many digits, where all that follows takes as many as fifty.
    """
    before, height = (_height(setting, top.point) for top in tops)
    if before is None or height is None:
        return False
    step = _NEARLY * (1 + abs(height))
    return abs(height - before) <= step and height + _STEPS * step < floor


def _settled(setting: Setting, line: _Line, tops: Sequence[Top]) -> Outward | None:
    """The end of a way whose height no longer changes, there and farther along the same line."""
    beside = line.beside()
    first, height = (_height(setting, top.point) for top in tops)
    if first is None or height is None or beside is None or not _follows(first, height):
        return None
    runs = {line.held, *(each.index for each in beside if each.runs)}
    for more, share in _FARTHER:
        there = _height(setting, line.point(more, runs))
        if there is None or not _follows(height, there, share):
            return None
        height = max(height, there)

    def without(back: Iterable[int]) -> bool:
        there = _height(setting, line.point(_FARTHER[-1][0], runs, back))
        return there is not None and _follows(height, there, _SETTLED)

    alone = without(runs - {line.held})
    if not alone and without({line.held}):
        return None  # the way of the others
    idle = {each.index for each in beside if each.runs and (alone or without({each.index}))}
    told = tuple(replace(each, idle=each.index in idle) for each in beside)
    return Outward(tops[-1].point, height, False, told)


def _follows(height: float, after: float, share: float = _LEVEL) -> bool:
    """Whether a height may come after another on the way to a limit from below."""
    unit = 1 + abs(height)
    return -share * unit <= after - height <= _SETTLED * unit


def _still_rising(setting: Setting, lines: Sequence[_Line], tops: list[Top]) -> Outward | None:
    """The end of a way whose height rises by as much as it did, each time the distance doubles."""
    if setting.counts is not None and len(setting.counts) == 1 and _grows_evenly(setting, tops):
        tops = tops[: _EVEN[-1] + 1]  # farther out doubles cannot tell a place from the observation
    elif not _grows_throughout(setting, tops):
        return None
    beside = lines[len(tops) - 2].beside()
    return None if beside is None else Outward(tops[-1].point, tops[-1].height, True, beside)


def _grows_throughout(setting: Setting, tops: Sequence[Top]) -> bool:
    if len(tops) < _STEPS:
        return False
    known: list[float] = []
    for k in _DOUBLED:
        height = _height(setting, tops[k].point)
        if height is None or (known and not height > known[-1]):
            return False
        known.append(height)
    rises = [b - a for a, b in pairwise(known)]
    if not min(rises) > _RISING * (1 + abs(known[-1])):
        return False
    if rises[-1] < 0.9 * rises[-2]:
        return False  # it may settle yet
    every = [_height(setting, top.point) for top in tops[_DOUBLED[-2] :]]
    return all(a is not None and b is not None and a < b for a, b in pairwise(every))


def _grows_evenly(setting: Setting, tops: Sequence[Top]) -> bool:
    """Whether equal steps raise the height by as much, as they do where it is a multiple of a log.

    Enough where all observations are equal, and no finite place is the size of their spread.
    """
    if len(tops) <= _EVEN[-1]:
        return False
    known = [h for k in _EVEN if (h := _height(setting, tops[k].point)) is not None]
    rises = [b - a for a, b in pairwise(known)]
    return len(known) == len(_EVEN) and min(rises) > 0.98 * max(rises) > _RISING


def _inside(chart: Chart, value: float) -> float:
    """The value, or the double next to an end that it was rounded to."""
    low, high = math.nextafter(chart.low, math.inf), math.nextafter(chart.high, -math.inf)
    return min(max(value, low), high)


def _height(setting: Setting, point: Point) -> float | None:
    """At many digits, for far out doubles lose all of theirs."""
    return None if setting.rows is None else setting.exact_height(point)
