"""Every stationary point of a density of place and spread, over all places and all spreads.

With g and h of `standardised` and z_i = (x_i - place)/spread, both means must vanish; x is the
logarithm of positive data.

* g positive right of zero and negative left of it: no place outside the range of the data.
* h < 0 for |z| < a: no spread above range/a, where every |z_i| is smaller than a.
* h >= -b everywhere and h >= c > 0 for |z| >= Z: where the rows with |z_i| < Z have less than
  the share c/(b + c) of the weight, the mean of h is positive.  Rows that near one place lie in a
  window of width 2*Z*spread, so small spreads have no stationary point either.

What is left is compact, and is divided in many boxes at once, with rounding outwards; the few
boxes that remain are handed on, to be settled by Krawczyk's operator.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import mpmath
import numpy as np
from numpy.typing import NDArray

from symmle.derive import Derivation
from symmle.enclosed import Counts, Rows
from symmle.fit.standardised import Kernel, Ranges, kernel_of, ranges

Floats = NDArray[np.float64]

_NARROW = 0.02  # width of a box beside the spread, at which it is handed on
_MOST_BOXES = 60_000  # at a time
_AT_ONCE = 2_000_000  # boxes times rows
_MOST_CLUSTERS = 60
_LOOSE = 1e-9  # relative room for rounding, where a bound is made from data
_LOOSE_LOGS = 1e-4  # range beside the size, below which rounded logarithms are too rough
_LEAST = 2.0**-20  # of the range: the smallest spread where none is proved


@dataclass(frozen=True, slots=True)
class Remaining:
    """kernel: which parameter is which.  clusters: ((low, high) of place, of spread) of every
    part of the region that may hold a stationary point.  place, spread: the region.
    bounds: sentences that were proved of what is outside; whole: whether that is all there is."""

    kernel: Kernel
    clusters: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    place: tuple[float, float]
    spread: tuple[float, float]
    bounds: tuple[str, ...]
    whole: bool


def remaining(
    derivation: Derivation, rows: Rows, counts: Counts, seconds: float
) -> Remaining | None:
    """Where stationary points may be; None for another density, or where it takes too long."""
    kernel = kernel_of(derivation)
    if kernel is None:
        return None
    values = next(iter(rows.values()))
    rounded = np.array([kernel.row(value) for value in values])
    x = rounded.mean(axis=1) if kernel.of_logs else rounded[:, 0]
    weight = np.array([float(count) for count in counts])
    exact = all(mpmath.mpf(v) == e for v, e in zip(x, values, strict=True))
    if not (exact or kernel.of_logs) or len(x) < 2 or not np.all(np.isfinite(x)):
        return None
    if np.ptp(x) < 1e-290 or (kernel.of_logs and np.ptp(x) < _LOOSE_LOGS * np.abs(x).max()):
        return None
    g, h = (ranges(kernel, slope) for slope in kernel.slopes)
    if g is None or h is None or float(np.ptp(x)) > 1e290:
        return None
    width = float(np.ptp(x)) * (1 + _LOOSE)
    place, spread, bounds, whole = _region(kernel, h, x, weight, width)
    share = weight / weight.sum()
    boxes = _divided(g, h, (rounded[:, 0], rounded[:, 1]), share, (*place, *spread), seconds)
    if boxes is None:
        return None
    found = _clusters(boxes)
    if found is None:
        return None
    clusters = tuple((kernel.places(*one), kernel.spreads(*other)) for one, other in found)
    places, spreads = kernel.places(*place), kernel.spreads(*spread)
    return Remaining(kernel, clusters, places, spreads, bounds, whole)


def _region(
    kernel: Kernel, h: Ranges, x: Floats, weight: Floats, width: float
) -> tuple[tuple[float, float], tuple[float, float], tuple[str, ...], bool]:
    """(places, spreads, what was proved of those outside, whether nothing is left outside)."""
    bounds = []
    if kernel.has_one_top:
        room = float(np.spacing(np.abs(x)).max()) if kernel.of_logs else 0.0
        place = (float(x.min()) - room, float(x.max()) + room)
        ends = kernel.places(*place)
        bounds.append(
            f"outside {ends[0]:.6g} <= {kernel.place} <= {ends[1]:.6g} every row pulls it back"
        )
    else:
        place = (float(x.min()) - width, float(x.max()) + width)
    reach = float(max(x.max() - place[0], place[1] - x.min())) * (1 + _LOOSE)
    highest, lowest = _largest(h, reach), _smallest(h, x, weight)
    sides = ("below", "up", "above", "down") if kernel.inverse else ("above", "down", "below", "up")
    if highest is not None:
        end = 1 / highest if kernel.inverse else highest
        bounds.append(f"{sides[0]} {kernel.spread} = {end:.6g} every row pulls it {sides[1]}")
    if lowest is not None:
        end = 1 / lowest if kernel.inverse else lowest
        bounds.append(
            f"{sides[2]} {kernel.spread} = {end:.6g} the rows further off push it {sides[3]}"
        )
    spread = (lowest or width * _LEAST, highest or 100 * width)
    return place, spread, tuple(bounds), len(bounds) == 3


def _largest(h: Ranges, reach: float) -> float | None:
    """Above this spread h is negative at every row."""
    zero = int(np.searchsorted(h.edges, 0.0))
    after = np.flatnonzero(~(h.high[zero:] < 0))
    before = np.flatnonzero(~(h.high[:zero][::-1] < 0))
    ends = [
        float(h.edges[zero + int(after[0])]) if len(after) else np.inf,
        -float(h.edges[zero - int(before[0])]) if len(before) else np.inf,
    ]
    a = min(ends)
    return None if a <= 0 or not np.isfinite(a) else reach / a * (1 + _LOOSE)


def _smallest(h: Ranges, x: Floats, weight: Floats) -> float | None:
    """Below this spread the mean of h is positive, wherever the place is."""
    lowest = float(h.low.min())
    if not np.isfinite(lowest):
        return None
    order = np.argsort(x)
    x, total = x[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    zero = int(np.searchsorted(h.edges, 0.0))
    room = 4 * float(np.spacing(np.abs(x).max()))  # of rounded logarithms
    # Least value of h outside of the edges numbered zero -+ k.
    beyond = np.minimum.accumulate(h.low[::-1])[::-1]
    before = np.minimum.accumulate(h.low)
    best = 0.0
    for k in range(1, len(h.edges) - 1 - zero, 8):
        c = float(min(beyond[zero + k], before[zero - k - 1]))
        if not c > 0:
            continue
        share = c / (c - min(lowest, 0.0)) * (1 - _LOOSE) * total[-1]
        span = _shortest(x, total, share) - room
        best = max(best, span / (2 * float(h.edges[zero + k])) * (1 - _LOOSE))
    return best or None


def _shortest(x: Floats, total: Floats, share: float) -> float:
    """The shortest window, both ends included, whose rows weigh at least `share`."""
    last = np.searchsorted(total, total[:-1] + share, "left") - 1
    fits = last < len(x)
    spans = x[last[fits]] - x[np.arange(len(x))[fits]]
    return float(spans.min()) if len(spans) else float(np.ptp(x))


def _divided(
    g: Ranges,
    h: Ranges,
    x: tuple[Floats, Floats],
    share: Floats,
    region: tuple[float, float, float, float],
    seconds: float,
) -> Floats | None:
    """The narrow boxes (place from, to, spread from, to) that may hold a stationary point.

    x: doubles below and above each row.
    """
    stop = time.process_time() + seconds
    pending, narrow = np.array([region]), []
    while len(pending):
        kept = np.concatenate([_may_vanish(g, h, x, share, part) for part in _parts(pending, x[0])])
        pending = pending[kept]
        size = _sizes(pending)
        done = size.max(axis=1) < _NARROW
        narrow.append(pending[done])
        pending = _halved(pending[~done], size[~done])
        if len(pending) > _MOST_BOXES or time.process_time() > stop:
            return None
    return np.concatenate(narrow)


def _parts(boxes: Floats, x: Floats) -> Iterator[Floats]:
    step = max(1, _AT_ONCE // len(x))
    return (boxes[i : i + step] for i in range(0, len(boxes), step))


def _sizes(boxes: Floats) -> Floats:
    """Width in the place and in the log of the spread, both beside the spread."""
    low, high, small, large = boxes.T
    return np.column_stack([(high - low) / np.sqrt(small * large), 2 * np.log(large / small)])


def _halved(boxes: Floats, size: Floats) -> Floats:
    across = size[:, 0] >= size[:, 1]
    first, second = boxes.copy(), boxes.copy()
    low, high, small, large = boxes.T
    # Off the middle, so that symmetric data do not have a point on every edge.
    place, spread = low + (high - low) * 0.4871, np.sqrt(small) * np.sqrt(large)
    first[across, 1] = second[across, 0] = place[across]
    first[~across, 3] = second[~across, 2] = spread[~across]
    return np.concatenate([first, second])


def _may_vanish(
    g: Ranges, h: Ranges, x: tuple[Floats, Floats], share: Floats, boxes: Floats
) -> NDArray[np.bool_]:
    """Whether neither mean is proved to have a sign on each box."""
    low, high, small, large = (column[:, None] for column in boxes.T)
    start, end = _down(x[0] - high), _up(x[1] - low)
    start = _down(np.where(start >= 0, start / large, start / small))
    end = _up(np.where(end >= 0, end / small, end / large))
    kept = np.ones(len(boxes), dtype=bool)
    for table in (h, g):
        below, above = (part * share for part in table.between(start, end))
        rounding = [1e-12 * np.abs(each).sum(axis=1) + 1e-300 for each in (below, above)]
        least, most = below.sum(axis=1) - rounding[0], above.sum(axis=1) + rounding[1]
        kept &= ~((least > 0) | (most < 0))
    return kept


def _down(values: Floats) -> Floats:
    return np.nextafter(values, -np.inf)


def _up(values: Floats) -> Floats:
    return np.nextafter(values, np.inf)


def _clusters(
    boxes: Floats,
) -> tuple[tuple[tuple[float, float], tuple[float, float]], ...] | None:
    """Boxes that touch, drawn together, each a little wider than they are; None for too many."""
    found: list[Floats] = []
    for box in boxes[np.argsort(boxes[:, 0])]:
        joined, changed = box.copy(), True
        while changed:
            touching = [each for each in found if _touch(each, joined)]
            changed = bool(touching)
            found = [each for each in found if not _touch(each, joined)]
            for each in touching:
                joined = _hull(joined, each)
        found.append(joined)
        if len(found) > _MOST_CLUSTERS:
            return None
    return tuple((_wider(c[0], c[1]), _wider(c[2], c[3], above=0.0)) for c in found)


def _touch(one: Floats, other: Floats) -> bool:
    return bool(
        one[0] <= other[1] and other[0] <= one[1] and one[2] <= other[3] and other[2] <= one[3]
    )


def _hull(one: Floats, other: Floats) -> Floats:
    lower, upper = np.minimum(one, other), np.maximum(one, other)
    return np.array([lower[0], upper[1], lower[2], upper[3]])


def _wider(low: float, high: float, above: float = -np.inf) -> tuple[float, float]:
    room = 0.05 * (high - low)
    return (float(low - room) if low - room > above else float(low), float(high + room))
