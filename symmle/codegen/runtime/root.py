"""One equation in one unknown."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from symmle.codegen.runtime.types import _EPSILON, _MOST_STEPS


def _no_root(name: str) -> ValueError:
    return ValueError(
        f"there is no finite estimate of {name} for these data: its equation has no root"
    )


def _inside(coordinate: float, low: float, high: float) -> tuple[float, float]:
    """A point of the interval (low, high) for any real coordinate, and its derivative."""
    if math.isinf(low) and math.isinf(high):
        return math.sinh(coordinate), math.cosh(coordinate)
    if math.isinf(high):
        return low + math.exp(coordinate), math.exp(coordinate)
    if math.isinf(low):
        return high - math.exp(-coordinate), math.exp(-coordinate)
    share = 1 / (1 + math.exp(-coordinate))
    return low + (high - low) * share, (high - low) * share * (1 - share)


def _valued(
    equation: Callable[[float], tuple[float, float, float]], point: float
) -> tuple[float, float, float]:
    """equation(point), or nan where it overflows or divides by zero."""
    with np.errstate(all="ignore"):
        try:
            return equation(point)
        except (ArithmeticError, ValueError):
            return math.nan, math.nan, math.nan


def _brackets(
    equation: Callable[[float], tuple[float, float, float]], low: float, high: float
) -> Iterator[tuple[float, float, bool]]:
    """Coordinates between which the equation changes sign beyond rounding, searched outwards.

    With each pair: whether it falls there.  A pair may come again, nearer to its root.
    """
    positive: dict[float, bool] = {}
    for reach in (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 96.0, 0.25, 0.03):
        for coordinate in dict.fromkeys((reach, -reach)):
            value, _, size = _valued(equation, _inside(coordinate, low, high)[0])
            if math.isfinite(value) and abs(value) > 16 * _EPSILON * size:
                positive[coordinate] = value > 0
                for left, right in pairwise(sorted(positive)):
                    if coordinate in (left, right) and positive[left] != positive[right]:
                        yield left, right, positive[left]


def _root(
    equation: Callable[[float], tuple[float, float, float]], low: float, high: float, name: str
) -> list[float]:
    """Points that lead to where the equation falls through zero, the last one its root.

    equation: gives value, slope and the size of the value's terms.  ValueError where it has no
    root.
    """
    for left, right, falls in _brackets(equation, low, high):
        try:
            if falls:
                return _root_between(equation, (left, right), low, high, name)
        except ValueError:
            continue  # a pole between the two, and no root that was met
    raise _no_root(name)


def _highest_root(
    equation: Callable[[float], tuple[float, float, float]],
    low: float,
    high: float,
    name: str,
    height: Callable[[float], float],
) -> list[float]:
    """The same for the root, falling or rising, at which `height` is largest."""

    def turned(point: float) -> tuple[float, float, float]:
        value, slope, size = equation(point)
        return -value, -slope, size

    best, paths = -math.inf, []
    for left, right, falls in _brackets(equation, low, high):
        try:
            path = _root_between(equation if falls else turned, (left, right), low, high, name)
            with np.errstate(all="ignore"):
                here = height(path[-1])
        except (ArithmeticError, ValueError):
            continue
        if here > best:
            best, paths = here, path
    if not paths:
        raise _no_root(name)
    return paths


def _root_between(
    equation: Callable[[float], tuple[float, float, float]],
    bracket: tuple[float, float],
    low: float,
    high: float,
    name: str,
) -> list[float]:
    """Newton's method in a coordinate without ends, by bisection where that leaves the bracket or
    is slow, and at the end in the unknown itself.
    """
    left, right = bracket
    now, last, path = (left + right) / 2, right - left, []
    for _ in range(_MOST_STEPS):
        point, stretch = _inside(now, low, high)
        path.append(point)
        value, slope, _ = _valued(equation, point)
        if not math.isfinite(value):
            raise _no_root(name)
        left, right = (now, right) if value > 0 else (left, now)
        move = -value / (slope * stretch) if slope * stretch != 0 else math.inf
        if not (left < now + move < right and abs(move) < last / 2):
            move = (left + right) / 2 - now
        now, last = now + move, abs(move)
        if last <= 1e-9 * max(1.0, abs(now)):
            break
    point, last = _inside(now, low, high)[0], math.inf
    for _ in range(_MOST_STEPS):
        path.append(point)
        value, slope, _ = _valued(equation, point)
        move = -value / slope if slope != 0 else 0.0
        if not abs(move) < last / 2 or not low < point + move < high:
            break
        point, last = point + move, abs(move)
    return path
