"""Ascents by steps of fixed size."""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from symmle.codegen.runtime.types import Floats, Point


def _checked_start(start: Sequence[float], domain: Sequence[tuple[float, float]]) -> Point:
    """A start as floats; ValueError unless it has one value inside its domain a parameter."""
    point = tuple(float(value) for value in start)
    if len(point) != len(domain):
        raise ValueError(f"start has {len(point)} values; give one for each of {len(domain)}")
    for value, (low, high) in zip(point, domain, strict=True):
        if not low < value < high:
            raise ValueError(f"start holds {value!r}, which is not between {low!r} and {high!r}")
    return point


def _ranked(value: Callable[..., float], data: object, points: Sequence[Point]) -> list[Point]:
    """The points by falling value; those where it cannot be evaluated come last."""

    def height(point: Point) -> float:
        with np.errstate(all="ignore"):
            try:
                here = value(data, *point)
            except (ArithmeticError, ValueError):
                return -math.inf
        return here if math.isfinite(here) else -math.inf

    return sorted(points, key=height, reverse=True)


def _iterate(
    updates: Iterable[Callable[[Point], Point]],
    start: Point,
    domain: Sequence[tuple[float, float]],
) -> Floats:
    """The start and the point after each update, one a row; nan once a point is outside."""
    path, point, nowhere = [start], start, (math.nan,) * len(start)
    with np.errstate(all="ignore"):
        for update in updates:
            try:
                point = update(point)
            except (ArithmeticError, ValueError):
                point = nowhere
            if not all(low < v < high for v, (low, high) in zip(point, domain, strict=True)):
                point = nowhere
            path.append(point)
    return np.array(path)


def _cautious_step(bend: Floats) -> float:
    """One over the largest curvature: half of what alternating updates bear at a maximum."""
    return 1 / float(np.max(np.abs(np.diag(bend))))
