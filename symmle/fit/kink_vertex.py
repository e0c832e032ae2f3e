"""Maxima where several parameters move a kink: least absolute deviations, quantile regression.

u = 0 is a plane in these parameters for every row, and where as many planes as parameters meet
is a vertex.  From the best of many vertices the search goes along edges, each to its highest
point, until none rises; then the slopes along every ray on which the planes meet decide, since
between those rays the likelihood's first-order change is linear.
Source: Barrodale & Roberts, An improved algorithm for discrete L1 linear approximation, SIAM J.
Numer. Anal. 10 (1973); Koenker, Quantile Regression (2005), section 6.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from symmle.fit.chart import charts
from symmle.fit.climb import Point, Top, climb
from symmle.fit.kink_surface import Floats, KinkRows, Sides
from symmle.fit.setting import Setting
from symmle.fit.simple_root import is_simple_root

_DRAWN = 300  # vertices to begin with
_MOST_PIVOTS = 400
_MOST_RAYS = 400
_NEAR = 1e-11  # of the terms of u, below which a row is on its kink
_BESIDE = 1e-7  # of the way to the next plane, where a slope along a ray is taken
_LEVEL = 1e-9  # of the rows' slopes taken absolutely, below which a slope is zero
_GAIN = 1e-13  # of the height, by which a pivot must rise


@dataclass(frozen=True, slots=True)
class Vertex:
    """A maximum on a vertex.

    rows: how many rows have their kink there.  slope: the largest along a ray, negative at a
    strict maximum.  level: the far end of an edge that is as high, if there is one.
    """

    top: Top
    rows: int
    slope: float
    level: Point | None


def search_vertices(asked: Setting, rows: KinkRows, start: Point) -> Vertex | Top | None:
    """The maximum that edges lead to; None where it is not confirmed, or not on a vertex.

    A top alone is a point from which the other parameters ran away.
    """
    point = _first(rows, start)
    if point is None:
        return None
    top = None
    for _ in range(20):
        moved = _along_edges(rows, point)
        surface = rows.surface(sides_of(rows, moved))
        chart_of = charts(asked.model, dict(zip(rows.symbols, moved, strict=True)))
        top = climb(surface, moved, chart_of, rows.others)
        if top is None:
            return None
        if not top.settled or (rows.others and not is_simple_root(surface, top.point, rows.others)):
            return replace(top, point=_with(rows, start, _moving(rows, moved)))
        if np.allclose(top.point, point, rtol=1e-12, atol=0):
            break
        point = top.point
    return None if top is None else _confirmed(rows, top)


def sides_of(rows: KinkRows, point: Point) -> Sides:
    """The side of each row, 0 for those on their kink within rounding."""
    moving = _moving(rows, point)
    u = rows.kink(moving)
    size = np.abs(rows.planes[:, 0]) + np.abs(rows.planes[:, 1:]) @ np.abs(moving)
    sides: Sides = np.where(np.abs(u) <= _NEAR * size, 0, np.sign(u)).astype(np.int8)
    return sides


def _moving(rows: KinkRows, point: Point) -> Floats:
    return np.array([point[i] for i in rows.places])


def _with(rows: KinkRows, point: Point, moving: Floats) -> Point:
    there = list(point)
    for i, value in zip(rows.places, moving.tolist(), strict=True):
        there[i] = value
    return tuple(there)


def _height(rows: KinkRows, point: Point) -> float:
    return rows.surface(sides_of(rows, point)).height(point)


def _first(rows: KinkRows, start: Point) -> Point | None:
    """The highest of some vertices, drawn with a fixed seed."""
    n, k = len(rows.planes), len(rows.places)
    if n < k:
        return None
    draw = np.random.default_rng(0)
    best: tuple[float, Point] | None = None
    for _ in range(_DRAWN):
        chosen = draw.choice(n, k, replace=False).tolist()
        moving = _meeting(rows, chosen)
        if moving is None:
            continue
        point = _with(rows, start, moving)
        height = _height(rows, point)
        if best is None or height > best[0]:
            best = height, point
    return None if best is None or not np.isfinite(best[0]) else best[1]


def _meeting(rows: KinkRows, chosen: Sequence[int]) -> Floats | None:
    """Where the planes of the chosen rows meet; None where they do in no one point."""
    matrix = rows.planes[chosen, 1:]
    if np.linalg.matrix_rank(matrix) < len(rows.places):
        return None
    return np.asarray(np.linalg.solve(matrix, -rows.planes[chosen, 0]), dtype=float)


def _along_edges(rows: KinkRows, point: Point) -> Point:
    """From vertex to vertex, while an edge rises; the other parameters held."""
    height = _height(rows, point)
    for _ in range(_MOST_PIVOTS):
        best = None
        for ray in _rays(rows, point):
            there = _highest(rows, point, ray)
            if there is not None and (best is None or there[0] > best[0]):
                best = there
        if best is None or best[0] <= height + _GAIN * (1 + abs(height)):
            return point
        height, point = best
    return point


def _rays(rows: KinkRows, point: Point) -> list[Floats]:
    """The directions of the lines in which all planes of a vertex but one meet."""
    active = np.flatnonzero(sides_of(rows, point) == 0)
    k = len(rows.places)
    found: list[Floats] = []
    for chosen in combinations(active.tolist(), k - 1):
        if len(found) >= _MOST_RAYS:
            break
        matrix = rows.planes[list(chosen), 1:]
        _, sizes, directions = np.linalg.svd(matrix)
        if k > 1 and sizes[-1] <= 1e-12 * sizes[0]:
            continue
        found.append(directions[-1])
    return found


def _breaks(rows: KinkRows, point: Point, ray: Floats) -> Floats:
    """How far along a ray, forwards and backwards, the planes of the other rows lie."""
    sides = sides_of(rows, point)
    u, speed = rows.kink(_moving(rows, point)), rows.planes[:, 1:] @ ray
    crossing = (sides != 0) & (np.abs(speed) > 1e-14 * np.max(np.abs(speed)))
    found: Floats = np.unique(-u[crossing] / speed[crossing])
    return found


def _highest(rows: KinkRows, point: Point, ray: Floats) -> tuple[float, Point] | None:
    """The highest vertex on a line, if the likelihood has one peak on it."""
    moving = _moving(rows, point)
    breaks = _breaks(rows, point, ray)

    def at(j: int) -> tuple[float, Point]:
        there = _with(rows, point, moving + breaks[j] * ray)
        return _height(rows, there), there

    low, high = 0, len(breaks) - 1
    if high < 0:
        return None
    while high - low > 2:
        first = low + (high - low) // 3
        second = high - (high - low) // 3
        if at(first)[0] < at(second)[0]:
            low = first + 1
        else:
            high = second
    return max((at(j) for j in range(low, high + 1)), key=lambda each: each[0])


def _confirmed(rows: KinkRows, top: Top) -> Vertex | None:
    """The vertex, if the likelihood rises along no ray from it."""
    rays = _rays(rows, top.point)
    if not rays or len(rays) >= _MOST_RAYS:
        return None
    moving = _moving(rows, top.point)
    sides = sides_of(rows, top.point)
    worst, level = -np.inf, None
    for ray in (direction for each in rays for direction in (each, -each)):
        breaks = _breaks(rows, top.point, ray)
        ahead = breaks[breaks > 0]
        reach = float(ahead[0]) if len(ahead) else 1.0 + float(np.max(np.abs(moving)))
        beside = _with(rows, top.point, moving + _BESIDE * reach * ray)
        speed = rows.planes[:, 1:] @ ray
        speed[np.abs(speed) <= 1e-12 * np.max(np.abs(speed))] = 0.0
        now = np.where(sides == 0, np.sign(speed), sides).astype(np.int8)
        surface = rows.surface(now)
        slope = float(surface.slope(beside)[list(rows.places)] @ ray)
        size = sum(
            float(np.abs(ray @ b.slopes(c, beside)[list(rows.places)]) @ w)
            for b, c, w in surface.parts
        )
        if not slope <= _LEVEL * size:
            return None
        if slope >= -_LEVEL * size and len(ahead):
            level = _with(rows, top.point, moving + reach * ray)
        worst = max(worst, slope)
    return Vertex(top, int(np.sum(sides == 0)), worst, level)
