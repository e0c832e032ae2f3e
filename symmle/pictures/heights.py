"""What is climbed, at many points, and the heights at which contours are drawn."""

from collections.abc import Sequence

import numpy as np
import sympy as sp

from symmle.derive import derive
from symmle.diagnosis import Case
from symmle.diagnosis.compiled import over_points
from symmle.diagnosis.running import Floats

_CONTOURS, _RATIO = 8, 4.0
_MOST_CONTOURS = 12
_ONE_ERROR = 0.5  # fall of a log-likelihood at one standard error


def height_name(case: Case) -> str:
    """In words."""
    if case.model is None:
        return "objective"
    return "log-likelihood" if case.sample is not None else "average log-likelihood"


def _objective(case: Case) -> tuple[sp.Expr, float] | None:
    """(what is climbed or descended, what it is multiplied by to be of the whole sample)."""
    if case.model is not None:
        times = 1.0
        if case.sample is not None:
            weights = case.sample.weights
            times = float(case.sample.n if weights is None else np.sum(weights))
        return derive(case.model).average_log_likelihood, times
    if case.problem is not None and len(case.problem.objectives) == 1:
        return case.problem.objectives[0].expression, 1.0
    return None


def heights_at(case: Case, points: Sequence[Floats]) -> Floats | None:
    """What is climbed, at places; nan where it is not defined, None where there is no such."""
    found = _objective(case)
    if found is None:
        return None
    objective, times = found
    values = over_points([objective], case.symbols, case.columns)
    block = max(64, 2**20 // rows_of(case))
    with np.errstate(all="ignore"):
        parts = [
            values([each[i : i + block] for each in points])[0]
            for i in range(0, len(points[0]), block)
        ]
    heights = times * np.concatenate(parts)
    return np.where(np.isfinite(heights), heights, np.nan)


def rows_of(case: Case) -> int:
    """How many rows one evaluation reads; one where there are none."""
    return max(1, len(case.columns.shares))


def levels_of(case: Case, heights: Floats) -> tuple[float, tuple[float, ...]]:
    """(the best height, the heights of the contours, ascending): a geometric ladder of falls.

    On data the first fall is a half, an ellipse of one standard error, where that is in view.
    """
    minimised = case.problem is not None and case.problem.objectives[0].sense < 0
    sign = -1.0 if minimised else 1.0
    climbed = sign * heights
    if not np.any(np.isfinite(climbed)):
        return 0.0, ()
    top, lowest = float(np.nanmax(climbed)), float(np.nanquantile(climbed, 0.03))
    if case.targets:
        places = [np.array([float(each[s]) for each in case.targets]) for s in case.symbols]
        known = heights_at(case, places)
        if known is not None and np.any(np.isfinite(known)):
            best = sign * float(np.nanmax(sign * known))
            top = max(top, sign * best)
    depth = top - lowest
    if depth <= 0:
        return sign * top, ()
    first = float(f"{depth / _RATIO ** (_CONTOURS - 2):.0e}")
    if case.sample is not None and depth / 2 > _ONE_ERROR:
        first = _ONE_ERROR
    falls = [first * _RATIO**k for k in range(_MOST_CONTOURS) if first * _RATIO**k < 1.01 * depth]
    return sign * top, tuple(sorted(sign * (top - fall) for fall in falls))
