"""Whose spectral radius is the smaller one at equal steps, by samples: a hint, nothing proved.

The samples lie at equal distances, and close to both ends at equal ratios: at step 0 and at
infinity two radii may tend to the same value.

For schemes whose resultants are too long.  Changes between two samples are looked for, and no
others seen.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import sympy as sp

from symmle.known import Known
from symmle.schemes import Rule
from symmle.stability.parts import Part
from symmle.stability.records import Faster, Interval, SameSteps, Side
from symmle.stability.rules import coefficients_of, sweep_of

_SAMPLES = 200  # of an interval of steps
_ALIKE = 1e-14  # what rounding leaves of two equal radii
_APART = 1e-7  # a double multiplier has no more digits in floats: nothing is said in between
_HALVINGS = 50

Radius = Callable[[float], float]


def sampled(
    first: Sequence[Part],
    second: Sequence[Part],
    intervals: Sequence[Interval],
) -> SameSteps:
    """Who is the faster on each of the intervals; checked at 200 steps of each, and no more."""
    import numpy as np  # not needed elsewhere

    one, other = radius_in_floats(first), radius_in_floats(second)

    def side(step: float, least: float = 0.0) -> Side | None:
        gap = one(step) - other(step)
        if abs(gap) <= _ALIKE:
            return Side.EQUAL
        if abs(gap) <= least:
            return None
        return Side.FIRST if gap < 0 else Side.SECOND

    found: list[Faster] = []
    size = max(abs(float(entry)) for part in first for row in part.field for entry in row)
    pace = 1 / size if size else 1.0
    for interval in intervals:
        low = float(interval.lower)
        finite = interval.upper.is_finite
        high = float(interval.upper) if finite else 2 * low + 100 * pace
        near = np.geomspace(1e-4 * min(pace, high - low), high - low, _SAMPLES // 4)[:-1]
        far = high - near if finite else high * np.geomspace(1.0, 1e6, _SAMPLES // 4)
        even = np.linspace(low, high, _SAMPLES // 2 + 2)[1:-1]
        grid = np.unique(np.concatenate([low + near, even, far]))
        each = [(float(step), side(float(step), _APART)) for step in grid]
        told = [(step, here) for step, here in each if here is not None]
        if not told:
            return SameSteps(None, Known.UNKNOWN, "the two rates were not told apart")
        start = interval.lower
        for (left, here), (right, there) in pairwise(told):
            if there is not here:
                place = sp.Float(_between(side, left, right), 12)
                found.append(Faster(start, place, here, sp.Float("1e-10")))
                start = place
        found.append(Faster(start, interval.upper, told[-1][1], interval.error))
    return SameSteps(tuple(found), Known.CHECKED, "seen at 200 steps of each range, not proved")


def _between(side: Callable[[float], Side | None], left: float, right: float) -> float:
    before = side(left)
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        left, right = (middle, right) if side(middle) is before else (left, middle)
    return (left + right) / 2


def radius_in_floats(parts: Sequence[Part]) -> Radius:
    """The spectral radius of a sweep at a step, by floating eigenvalues."""
    import numpy as np  # not needed elsewhere

    def lift(numerator: int, denominator: int) -> float:
        return numerator / denominator

    def radius(step: float) -> float:
        largest = 0.0
        for part in parts:
            if part.rule is Rule.IMPLICIT:
                values = np.roots(coefficients_of(part, float, step, lift))
            else:
                values = np.linalg.eigvals(np.array(sweep_of(part, float, step, lift)))
            largest = max(largest, float(max(abs(values), default=0.0)))
        return largest

    return radius
