"""Where in a box stationary points may be: thousands of boxes at once, down to a few narrow ones.

A box is thrown away where a component of the score, its mean-value form, or that form multiplied
by an approximate inverse of the Hessian has no zero on it; it is cut down to its image under
Krawczyk's operator, and divided where the score moves most.  What is left are narrow boxes round
the stationary points, which are handed on to be settled.
Source: A. Neumaier, Interval Methods for Systems of Equations (1990), chapter 5.
"""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from symmle.fit.first_box import Box
from symmle.fit.wide import Floats, Interval, Wide, plus, times

_NARROW = 2.0**-11  # of the first width, at which a box is handed on
_ELEMENTS = 60_000  # boxes times rows, at once
_MOST_LEFT = 400  # narrow boxes, before the search is given up
_MOST_PENDING = 200_000


def narrowed(wide: Wide, box: Box, unit: Sequence[float], stop: float) -> list[Box] | None:
    """Boxes that hold every stationary point in `box`, few and narrow; None where it took too long.

    wide: the score, then the Hessian row by row.  unit: a length in each parameter, of which a
    narrow side is a small part.  stop: the time of the processor at which it is given up.
    """
    pending = np.array([box])
    narrow = _NARROW * np.array(unit)
    done: list[Floats] = []
    at_once = max(16, _ELEMENTS // wide.rows)
    while len(pending):
        if time.process_time() > stop or len(pending) > _MOST_PENDING or len(done) > _MOST_LEFT:
            return None
        here, pending = pending[-at_once:], pending[:-at_once]
        kept, weight = _cut(wide, here)
        small = ((kept[:, :, 1] - kept[:, :, 0]) <= narrow).all(axis=1)
        done += list(kept[small])
        pending = np.concatenate([pending, _halved(kept[~small], weight[~small])])
    return None if len(done) > _MOST_LEFT else _joined(done)


def _cut(wide: Wide, boxes: Floats) -> tuple[Floats, Floats]:
    """(what is left of each box that may hold a zero, how much the score moves along each side)."""
    size = boxes.shape[1]
    low, high = boxes[:, :, 0], boxes[:, :, 1]
    below, above = wide.at(low, high)
    kept = ~((below[:size] > 0) | (above[:size] < 0)).any(axis=0)
    boxes, low, high = boxes[kept], low[kept], high[kept]
    below, above = below[:, kept], above[:, kept]
    if not len(boxes):
        return boxes, low
    middle = np.clip(low + (high - low) / 2, low, high)
    here = wide.at(middle, middle)
    away = np.nextafter(low - middle, -np.inf).T, np.nextafter(high - middle, np.inf).T
    bends = [
        [(below[size + i * size + j], above[size + i * size + j]) for j in range(size)]
        for i in range(size)
    ]
    slopes = [(here[0][i], here[1][i]) for i in range(size)]
    apart = [(away[0][j], away[1][j]) for j in range(size)]
    gone = np.zeros(len(boxes), dtype=bool)
    with np.errstate(all="ignore"):
        for i in range(size):
            gone |= _has_no_zero(
                plus(slopes[i], *(times(bends[i][j], apart[j]) for j in range(size)))
            )
        weight = _movement(bends, apart, size)
        found, lost = _image(here, slopes, bends, apart, size)
        first = np.stack(
            [plus((middle[:, i], middle[:, i]), found[i])[0] for i in range(size)], axis=1
        )
        last = np.stack(
            [plus((middle[:, i], middle[:, i]), found[i])[1] for i in range(size)], axis=1
        )
    start, end = np.maximum(low, first), np.minimum(high, last)
    gone |= lost | (start > end).any(axis=1)
    left = np.stack([start, end], axis=2)
    return left[~gone], weight[~gone]


def _has_no_zero(value: Interval) -> NDArray[np.bool_]:
    return np.asarray((value[0] > 0) | (value[1] < 0))


def _movement(bends: list[list[Interval]], apart: list[Interval], size: int) -> Floats:
    """How much the score moves along each side, in units of the score's own movement."""
    moved = np.array(
        [
            [
                np.maximum(np.abs(bends[i][j][0]), np.abs(bends[i][j][1]))
                * (apart[j][1] - apart[j][0])
                for j in range(size)
            ]
            for i in range(size)
        ]
    )
    share = moved / moved.max(axis=1, keepdims=True)
    return np.asarray(share.max(axis=0).T)


def _image(
    here: Interval,
    slopes: list[Interval],
    bends: list[list[Interval]],
    apart: list[Interval],
    size: int,
) -> tuple[list[Interval], NDArray[np.bool_]]:
    """(Krawczyk's image from the middle, where the operator has a value; where it shows no zero).

    With Y about the inverse of the Hessian at the middle, a zero at the distance d satisfies
    d = -Y*score + (1 - Y*H)*d; and Y*score + Y*H*d = 0 itself.
    """
    centre = (here[0][size:] + here[1][size:]) / 2
    matrix = np.moveaxis(centre, 0, -1).reshape(-1, size, size)
    usable = np.isfinite(matrix).all(axis=(1, 2))
    matrix[~usable] = np.eye(size)
    usable &= np.abs(np.linalg.det(matrix)) > 0
    matrix[~usable] = np.eye(size)
    inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    usable &= np.isfinite(inverse).all(axis=(1, 2))
    inverse[~usable] = 0.0
    found, lost = [], np.zeros(len(matrix), dtype=bool)
    for i in range(size):
        exact = [(inverse[:, i, k], inverse[:, i, k]) for k in range(size)]
        step = plus(*(times(exact[k], slopes[k]) for k in range(size)))
        flow = [plus(*(times(exact[k], bends[k][j]) for k in range(size))) for j in range(size)]
        lost |= usable & _has_no_zero(plus(step, *(times(flow[j], apart[j]) for j in range(size))))
        image = (-step[1], -step[0])
        for j in range(size):
            unit = float(i == j)
            rest = plus(
                (np.full_like(flow[j][0], unit), np.full_like(flow[j][0], unit)),
                (-flow[j][1], -flow[j][0]),
            )
            image = plus(image, times(rest, apart[j]))
        found.append((np.where(usable, image[0], -np.inf), np.where(usable, image[1], np.inf)))
    return found, lost


def _halved(boxes: Floats, weight: Floats) -> Floats:
    """Each box divided across the side along which the score moves most."""
    if not len(boxes):
        return boxes
    width = boxes[:, :, 1] - boxes[:, :, 0]
    plain = np.isfinite(weight).all(axis=1) & (weight.max(axis=1) > 0)
    shares = np.where(plain[:, None], weight, width / width.max(axis=0))
    which = np.argmax(np.where(width > 0, shares, -1.0), axis=1)
    index = np.arange(len(boxes))
    low, high = boxes[index, which, 0], boxes[index, which, 1]
    # Off the middle, so that symmetric data do not have a point on every edge.
    far = (low > 0) & (high > 4 * low)
    with np.errstate(all="ignore"):
        middle = np.where(far, np.sqrt(low) * np.sqrt(high), low + (high - low) * 0.4871)
    first, second = boxes.copy(), boxes.copy()
    first[index, which, 1] = second[index, which, 0] = middle
    return np.concatenate([first, second])


def _joined(boxes: list[Floats]) -> list[Box]:
    """Boxes that touch, drawn together."""
    found: list[Floats] = []
    for box in boxes:
        joined = box
        while True:
            touching = [each for each in found if _touch(each, joined)]
            if not touching:
                break
            found = [each for each in found if not _touch(each, joined)]
            for each in touching:
                joined = np.stack(
                    [np.minimum(joined[:, 0], each[:, 0]), np.maximum(joined[:, 1], each[:, 1])],
                    axis=1,
                )
        found.append(joined)
    return [tuple(map(_roomy, each[:, 0].tolist(), each[:, 1].tolist())) for each in found]


def _roomy(low: float, high: float) -> tuple[float, float]:
    """A little wider, so that a point on the edge of a part lies inside."""
    room = (high - low) / 4 + 4 * max(abs(low), abs(high)) * 2.0**-52
    return (max(low - room, low / 2) if low > 0 else low - room, high + room)


def _touch(one: Floats, other: Floats) -> bool:
    return bool(((one[:, 0] <= other[:, 1]) & (other[:, 0] <= one[:, 1])).all())
