"""A function that only Arb encloses, at many intervals: over cells that are made once and kept.

Where one argument moves and there are many intervals, the line is cut into cells.  An interval
within one is bounded by the mean-value form from its middle; over a run of cells, the least and
the most are read from a sparse table.  Elsewhere the function is enclosed interval by interval.
"""

import math
from collections.abc import Callable

import numpy as np
import sympy as sp
from flint import arb, ctx
from numpy.typing import NDArray

from symmle.enclosed import enclosed

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]

_PRECISION = 80
_OCTAVE = 64  # cells from each power of two to the next, where the argument is positive
_EVEN = 2048  # cells of one width over the range, about, where it is not
_MOST = 8192
_FEW = 16  # intervals that are enclosed one by one


def ends_of(value: arb) -> tuple[float, float]:
    """Doubles below and above a ball, itself where it is a double; infinite where not finite."""
    if not value.is_finite():
        return -math.inf, math.inf
    low, high = float(value.lower()), float(value.upper())
    if value.is_exact() and value == arb(low):
        return low, low
    return math.nextafter(low, -math.inf), math.nextafter(high, math.inf)


def one_by_one(function: Callable[..., arb], *values: Interval) -> Interval:
    """Bounds at each combination of the arguments, as arrays are broadcast."""
    shape = np.broadcast_shapes(*(each[0].shape for each in values))
    columns = []
    for low, high in values:
        wide = (np.broadcast_to(end, shape).ravel().tolist() for end in (low, high))
        columns.append([_ball(a, b) for a, b in zip(*wide, strict=True)])
    with ctx.workprec(_PRECISION):
        found = [ends_of(function(*row)) for row in zip(*columns, strict=True)]
    table = np.array(found).reshape(*shape, 2)
    return table[..., 0], table[..., 1]


class Lookup:
    """A function of one number, with what is known of it; of each kind of cells, those met."""

    def __init__(self, expr: sp.Expr, z: sp.Symbol) -> None:
        self.laid = enclosed([expr, expr.diff(z)], (z,), {}, (), _PRECISION)
        self.cells: dict[int | None, _Cells] = {}

    def __call__(self, value: Interval) -> Interval:
        low, high = value
        first, last = float(low.min()), float(high.max())
        if low.size > _FEW and math.isfinite(first) and math.isfinite(last) and first < last:
            width = None if first > 0 else math.frexp((last - first) / _EVEN)[1]
            cells = self.cells.setdefault(width, _Cells(width))
            if cells.reach(low, high, self._on):
                return cells.between(low, high)
        return one_by_one(self._enclosed, value)

    def _enclosed(self, here: arb) -> arb:
        if here.is_exact():
            return self.laid.at([here])[0]
        plain, slope = self.laid.at([here])
        return _meeting(plain, slope, self.laid.at([here.mid()])[0], here)

    def _on(self, low: float, high: float) -> tuple[float, ...]:
        """Bounds on a cell, at the middle of it, and of the slope."""
        cell = _ball(low, high)
        plain, slope = self.laid.at([cell])
        middle = self.laid.at([arb(low + (high - low) / 2)])[0]
        bounds = _meeting(plain, slope, self.laid.at([cell.mid()])[0], cell)
        return *ends_of(bounds), *ends_of(middle), *ends_of(slope)


def _meeting(plain: arb, slope: arb, centre: arb, here: arb) -> arb:
    """Narrower than the plain enclosure where parts of the expression cancel."""
    around = centre + slope * (here - here.mid())
    return plain.intersection(around) if plain.is_finite() and around.is_finite() else plain


class _Cells:
    """Cells in a row: 64 to an octave, or of the width 2**width; and bounds on each."""

    def __init__(self, width: int | None) -> None:
        self.width = width
        self.first = 0
        self.bounds: list[tuple[float, ...]] = []
        self.table = self.least = self.most = np.empty((0, 0))

    def reach(
        self, low: Floats, high: Floats, on: Callable[[float, float], tuple[float, ...]]
    ) -> bool:
        """Whether there are bounds on all cells that the intervals meet; made where need be."""
        first, last = int(self._number(low, -1).min()), int(self._number(high, 1).max())
        if last - first > _MOST:
            return False
        if not self.bounds:
            self.first = first
        before = range(first, self.first)
        after = range(self.first + len(self.bounds), last + 1)
        if before or after:
            with ctx.workprec(_PRECISION):
                lower, upper = (
                    [on(self._edge(k), self._edge(k + 1)) for k in part] for part in (before, after)
                )
            self.bounds = [*lower, *self.bounds, *upper]
            self.first = min(self.first, first)
            self.table = np.array(self.bounds).T
            self.least = _doubled(self.table[0], np.minimum)
            self.most = _doubled(self.table[1], np.maximum)
        return True

    def between(self, low: Floats, high: Floats) -> Interval:
        """Bounds over the intervals."""
        start = self._number(low, -1) - self.first
        end = self._number(high, 1) - self.first
        level = np.frexp((end - start + 1).astype(float))[1] - 1
        second = end - (1 << level) + 1
        least = np.minimum(self.least[level, start], self.least[level, second])
        most = np.maximum(self.most[level, start], self.most[level, second])
        alone = start == end
        if alone.any():
            below, above = self._within(start, low, high)
            least = np.where(alone & (below > least), below, least)
            most = np.where(alone & (above < most), above, most)
        return least, most

    def _within(self, cell: NDArray[np.int64], low: Floats, high: Floats) -> Interval:
        """The mean-value form from the middle of the cell."""
        number = cell + self.first
        edges = self._edges(number), self._edges(number + 1)
        middle = edges[0] + (edges[1] - edges[0]) / 2
        away = np.nextafter(low - middle, -np.inf), np.nextafter(high - middle, np.inf)
        _, _, here_low, here_high, down, up = self.table[:, cell]
        moves = [slope * end for slope in (down, up) for end in away]
        least = here_low + np.nextafter(np.minimum.reduce(moves), -np.inf)
        most = here_high + np.nextafter(np.maximum.reduce(moves), np.inf)
        return np.nextafter(least, -np.inf), np.nextafter(most, np.inf)

    def _number(self, place: Floats, side: int) -> NDArray[np.int64]:
        """The number of a cell that holds the place; with room for rounding on that side."""
        exact = np.log2(place) * _OCTAVE if self.width is None else np.ldexp(place, -self.width)
        room = 1e-9 if self.width is None else 0.0
        return np.asarray(np.floor(exact + side * room), dtype=np.int64)

    def _edge(self, number: int) -> float:
        return float(self._edges(np.array(number)))

    def _edges(self, number: NDArray[np.int64]) -> Floats:
        if self.width is None:
            return np.asarray(np.exp2(number / _OCTAVE))
        return np.asarray(np.ldexp(number.astype(float), self.width))


def _ball(low: float, high: float) -> arb:
    if not (math.isfinite(low) and math.isfinite(high)):
        return arb.nan()
    return arb(low) if low == high else arb(low).union(arb(high))


def _doubled(cells: Floats, choose: np.ufunc) -> Floats:
    """Row k: over 2**k cells from each; past the last one, over those that are left."""
    table = [cells]
    width = 1
    while 2 * width <= len(cells):
        before = table[-1]
        shifted = np.concatenate([before[width:], before[-1:].repeat(width)])
        table.append(choose(before, shifted))
        width *= 2
    return np.stack(table)
