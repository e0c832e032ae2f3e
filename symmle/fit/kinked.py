"""The maximum of a density with one kink that one parameter moves: a location, mostly.

The kink meets the rows at places that the data set.  With the parameter held at one of them, or
between two, the likelihood is smooth; so the profile likelihood is climbed to at every place, its
one-sided slopes there tell where it turns, and each stretch in which it does is searched.
Source: Koenker & Machado, Goodness of fit and related inference processes for quantile
regression, JASA 94 (1999), for the likelihood; the envelope theorem for the slopes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from symmle.fit.chart import Chart, charts
from symmle.fit.climb import Point, Top, climb
from symmle.fit.kink_surface import Floats, KinkRows, Sides
from symmle.fit.setting import Setting
from symmle.fit.simple_root import is_simple_root

_MOST_PLACES = 240  # at all of which the profile is climbed to
_COARSE = 48  # places to begin with, where there are more
_SPLIT = 8  # parts of a gap between two places where the profile turns
_MOST_TURNS = 3
_MOST_CLIMBS = 600
_BESIDE = 1e-9  # of the distance to the next place, where a one-sided slope is taken
_LEVEL = 1e-9  # of the rows' slopes taken absolutely, below which a slope is zero
_EDGE = 30.0  # in the coordinate of a stretch, from which a climb has run into its end


@dataclass(frozen=True, slots=True)
class Place:
    """The profile likelihood with the kink at a place: its top, and its slopes on both sides.

    size: of the slopes, to tell what is rounding.
    """

    index: int
    value: float
    top: Top
    left: float
    right: float
    size: float

    @property
    def is_maximum(self) -> bool:
        """Whether the profile falls on both sides."""
        return self.left > _LEVEL * self.size and self.right < -_LEVEL * self.size

    def is_level(self, side: int) -> bool:
        return abs(self.left if side < 0 else self.right) <= _LEVEL * self.size


@dataclass(frozen=True, slots=True)
class KinkSearch:
    """What was found.

    peaks: the maxima, the highest first: (top, whether the kink lies on a row there).
    level: {index of the peak: the ends of an interval that is as high}.
    lost: the highest point from which a climb ran away, if it lies above every peak.
    places, searched: how many places there are, and how many were climbed at.
    """

    peaks: tuple[tuple[Top, bool], ...]
    level: tuple[float, float] | None
    lost: Top | None
    places: int
    searched: int


def search_places(asked: Setting, rows: KinkRows, start: Point) -> KinkSearch:
    """Every maximum of the profile likelihood at and between the places of the kink.

    With very many places, those about the highest turns of a coarse choice.
    """
    line = _Line(asked, rows, rows.places[0], _places(asked, rows, rows.places[0]), start)
    found = line.climbed()
    peaks = [(place.top, True) for place in found if place.top.settled and place.is_maximum]
    for low, high in _stretches(line, found):
        top = _between(line, found, low, high)
        if top is not None:
            peaks.append((top, False))
    level: tuple[float, float] | None = None
    for a, b in _neighbours(found):
        if a.top.settled and b.top.settled and a.is_level(1) and b.is_level(-1):
            peaks.append((_moved(a.top, line.i, (a.value + b.value) / 2), False))
            level = (a.value, b.value)
    peaks.sort(key=lambda peak: -peak[0].height)
    if level is not None and not level[0] < peaks[0][0].point[line.i] < level[1]:
        level = None
    lost = max(
        (p.top for p in found if not p.top.settled), key=lambda top: top.height, default=None
    )
    if lost is not None and peaks and lost.height <= peaks[0][0].height:
        lost = None
    return KinkSearch(tuple(peaks), level, lost, len(line.values), len(found))


def _moved(top: Top, i: int, value: float) -> Top:
    point = list(top.point)
    point[i] = value
    return Top(tuple(point), top.height, top.settled, top.steps)


def _places(asked: Setting, rows: KinkRows, i: int) -> Floats:
    """The distinct values of the parameter at which a row lies on the kink."""
    offset, slope = rows.planes.T
    places = -offset[slope != 0] / slope[slope != 0]
    where = asked.model.parameters[i].domain
    low, high = float(where.lower), float(where.upper)
    found: Floats = np.unique(places[(places > low) & (places < high)])
    return found


def _at(point: Point, i: int, value: float) -> Point:
    return (*point[:i], float(value), *point[i + 1 :])


def sides_at(rows: KinkRows, value: float, side: int = 0) -> Sides:
    """The side of each row with the parameter at a place; those on the kink as just beside it."""
    offset, slope = rows.planes.T
    with np.errstate(all="ignore"):
        on = (slope != 0) & (-offset / slope == value)
    found: Sides = np.sign(offset + slope * value).astype(np.int8)
    found[on] = side * np.sign(slope[on]).astype(np.int8)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """The places of the kink on the line of its parameter, the i-th, and where to begin."""

    asked: Setting
    rows: KinkRows
    i: int
    values: Floats
    start: Point

    def climbed(self) -> list[Place]:
        """The profile at every place, or at a choice that is refined where it turns."""
        count = len(self.values)
        few = count <= _MOST_PLACES
        chosen = range(count) if few else np.linspace(0, count - 1, _COARSE).astype(int).tolist()
        found = self._swept(list(chosen))
        while not few and len(found) < _MOST_CLIMBS:
            fresh = _refined([found[k] for k in sorted(found)])
            if not fresh:
                break
            for k in fresh:
                near = min(found, key=lambda other: abs(other - k))
                self._add(found, k, found[near].top.point)
        return [found[k] for k in sorted(found)]

    def _swept(self, order: list[int]) -> dict[int, Place]:
        """From the middle outwards, each climb from where its neighbour's ended."""
        middle = len(order) // 2
        found: dict[int, Place] = {}
        for way in (order[middle:], order[:middle][::-1]):
            first = found.get(order[middle]) if found else None
            warm = first.top.point if first is not None and first.top.settled else self.start
            for k in way:
                self._add(found, k, warm)
                if k in found and found[k].top.settled:
                    warm = found[k].top.point
        return found

    def _add(self, found: dict[int, Place], k: int, warm: Point) -> None:
        place = self._place(k, warm)
        if place is None or not place.top.settled:
            again = self._place(k, self.start)
            place = again if again is not None and again.top.settled else place or again
        if place is not None:
            found[k] = place

    def _place(self, k: int, warm: Point) -> Place | None:
        rows, value = self.rows, float(self.values[k])
        guess = _at(warm, self.i, value)
        symbols = self.asked.model.symbols
        chart_of = charts(self.asked.model, dict(zip(symbols, guess, strict=True)))
        surface = rows.surface(sides_at(rows, value))
        top = climb(surface, guess, chart_of, rows.others)
        if top is None:
            return None
        if top.settled and rows.others and not is_simple_root(surface, top.point, rows.others):
            top = replace(top, settled=False)  # so flat that it is on the way to an end
        left, right, size = one_sided(rows, self.values, k, top.point, self.i)
        return Place(k, value, top, left, right, size)


def _neighbours(found: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Pairs with no place of the kink between them."""
    return [(a, b) for a, b in pairwise(found) if b.index == a.index + 1]


def _refined(found: Sequence[Place]) -> list[int]:
    """Places between two that are not neighbours, where the profile turns highest."""
    turning = []
    for a, b in pairwise(found):
        if b.index > a.index + 1 and a.top.settled and b.top.settled:
            height = max(a.top.height, b.top.height)
            if (a.right > 0 > b.left) or height >= max(p.top.height for p in found):
                turning.append((height, a.index, b.index))
    turning.sort(reverse=True)
    return sorted(
        {
            k
            for _, a, b in turning[:_MOST_TURNS]
            for k in np.linspace(a, b, _SPLIT).astype(int).tolist()[1:-1]
            if a < k < b
        }
    )


def one_sided(
    rows: KinkRows, values: Floats, k: int, point: Point, i: int
) -> tuple[float, float, float]:
    """(the slope just left of a place, just right of it, the size of the rows' slopes)."""
    value = float(values[k])
    slopes: list[float] = []
    size = 0.0
    for side, neighbour in ((-1, k - 1), (1, k + 1)):
        inside = 0 <= neighbour < len(values)
        gap = abs(float(values[neighbour]) - value) if inside else abs(value) + 1.0
        beside = _at(point, i, value + side * max(_BESIDE * gap, math.ulp(value)))
        surface = rows.surface(sides_at(rows, value, side))
        each = [(b.slopes(c, beside)[i], w) for b, c, w in surface.parts]
        slopes.append(float(sum(s @ w for s, w in each)))
        size = max(size, float(sum(np.abs(s) @ w for s, w in each)))
    return slopes[0], slopes[1], size


def _stretches(line: _Line, found: Sequence[Place]) -> list[tuple[float, float]]:
    """Where the profile rises from one end and falls to the other, so that it turns between."""
    if not found:
        return []
    where = line.asked.model.parameters[line.i].domain
    ends: list[tuple[float, float]] = []
    if found[0].left < 0 or not found[0].top.settled:
        ends.append((float(where.lower), found[0].value))
    for a, b in _neighbours(found):
        lost = not (a.top.settled and b.top.settled)
        rises, falls = a.right > _LEVEL * a.size, b.left < -_LEVEL * b.size
        if lost or (rises and falls):
            ends.append((a.value, b.value))
    if found[-1].right > 0 or not found[-1].top.settled:
        ends.append((found[-1].value, float(where.upper)))
    return ends


def _between(line: _Line, found: Sequence[Place], low: float, high: float) -> Top | None:
    """The maximum inside a stretch, from its better end; None where it runs into an end."""
    chart = Chart(low, high)
    near = [p for p in found if p.value in (low, high) and p.top.settled]
    if not near or not low < high:
        return None
    warm = max(near, key=lambda p: p.top.height).top.point
    if math.isfinite(low) and math.isfinite(high):
        middle = chart.value(0.0)
    else:
        middle = low + 1.0 if math.isfinite(low) else high - 1.0
    guess = _at(warm, line.i, middle)
    symbols = line.asked.model.symbols
    chart_of = list(charts(line.asked.model, dict(zip(symbols, guess, strict=True))))
    chart_of[line.i] = chart
    sides = np.sign(line.rows.kink([middle])).astype(np.int8)
    surface, every = line.rows.surface(sides), range(len(guess))
    try:
        top = climb(surface, guess, tuple(chart_of), every)
    except ValueError:  # rounded to an end of the stretch, where the coordinate is infinite
        return None
    if top is None or not top.settled or not low < top.point[line.i] < high:
        return None
    bounded = math.isfinite(low) and math.isfinite(high)
    if bounded and abs(chart.coordinate(top.point[line.i])) >= _EDGE:
        return None
    return top if is_simple_root(surface, top.point, every) else None
