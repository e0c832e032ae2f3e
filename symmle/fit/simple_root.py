"""Whether a stationary point is a simple root of the score, as far as doubles can tell.

At a simple root the derivative of Newton's map is zero; at a root of multiplicity m it is
(m - 1)/m, and points on the way to such a root pass for stationary long before they arrive.  So
Newton's method is run from two points that lie a little apart in the direction of the least
curvature: at a simple root the two results all but meet.  Where a single parameter's own curvature
goes, it is small beside what it is a little further on.
Source: Decker, Keller & Kelley, Convergence rates for Newton's method at singular points, SIAM J.
Numer. Anal. 20 (1983).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from symmle.fit.climb import Point, Surface, Top

Floats = NDArray[np.float64]

_SINGULAR = 1e-9  # least curvature, beside the largest, that counts as one
_DOUBTFUL = 1e-2  # least curvature, beside the largest, from which a root is taken for simple
_SHARE = 0.1  # of the least curvature, which the two points lie apart
_SHORTEST = 1e-6
_MEETS = 0.25  # of that distance, below which the results have met; a double root leaves 1/2
_ASIDE = 1e-4  # in standard deviations of a parameter given the others, for one observation
_ALIKE = 4.0  # by which factor a parameter's own curvature may differ there
_POLISH = 3  # steps of Newton's method before the question is put


def is_simple_root(surface: Surface, point: Point, free: Sequence[int]) -> bool:
    """Whether the score, over the parameters `free`, has a simple root next to a point.

    False where the Hessian is not negative definite there, or not finite.
    """
    here = np.array(point, dtype=float)
    kept = list(free)
    hessian = surface.bend(point)[np.ix_(kept, kept)]
    diagonal = -np.diag(hessian)
    if not np.all(np.isfinite(hessian)) or not np.all(diagonal > 0):
        return False
    unit = 1 / np.sqrt(diagonal)
    values, vectors = np.linalg.eigh(-hessian * np.outer(unit, unit))
    least = float(values[0])
    if not all(_holds_its_curvature(surface, here, i, u) for i, u in zip(kept, unit, strict=True)):
        return False
    if least >= _DOUBTFUL or least < _SINGULAR:
        return least >= _DOUBTFUL
    apart = max(_SHARE * least, _SHORTEST)
    move = apart * vectors[:, 0] * unit
    with np.errstate(all="ignore"):
        try:
            for _ in range(_POLISH):
                here = _newton(surface, here, kept)
            beside = here.copy()
            beside[kept] += move
            gap = (_newton(surface, beside, kept) - _newton(surface, here, kept))[kept]
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return False
    return bool(np.linalg.norm(gap / unit) <= _MEETS * apart)


def polished(surface: Surface, top: Top, free: Sequence[int]) -> Top:
    """The top after two more steps of Newton's method, where these stay as high."""
    here = np.array(top.point, dtype=float)
    with np.errstate(all="ignore"):
        try:
            for _ in range(2 if free else 0):
                here = _newton(surface, here, list(free))
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return top
    point = tuple(here.tolist())
    height = surface.height(point)
    near = height >= top.height - 1e-14 * (1 + abs(top.height))
    return replace(top, point=point, height=height) if near else top


def _holds_its_curvature(surface: Surface, here: Floats, i: int, unit: float) -> bool:
    """Whether a parameter's own curvature is much the same a little to one side."""
    curvature = surface.bend(tuple(here.tolist()))[i, i]
    for side in (-_ASIDE, _ASIDE):
        beside = here.copy()
        beside[i] += side * unit
        with np.errstate(all="ignore"):
            try:
                ratio = surface.bend(tuple(beside.tolist()))[i, i] / curvature
            except (ArithmeticError, ValueError):
                continue
        if 1 / _ALIKE <= ratio <= _ALIKE:
            return True
    return False


def _newton(surface: Surface, here: Floats, kept: list[int]) -> Floats:
    """One step of Newton's method; FloatingPointError where it leaves what has a value."""
    point = tuple(here.tolist())
    slope, bend = surface.slope(point)[kept], surface.bend(point)[np.ix_(kept, kept)]
    after = here.copy()
    after[kept] -= np.linalg.solve(bend, slope)
    if not np.all(np.isfinite(after)):
        raise FloatingPointError("a step of Newton's method is not finite")
    return after
