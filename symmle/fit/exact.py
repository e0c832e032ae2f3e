"""The maximum and its curvature at 40 digits, where double precision sees no curvature.

Parameters that are nearly collinear, as the intercept and the slope of a covariate far from
zero, have an information that is singular to sixteen digits though not singular.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mpmath
import numpy as np
import sympy as sp

from symmle.errors import InputError
from symmle.fit.setting import DIGITS, Setting
from symmle.fit.uncertainty import Spread

_MOST_STEPS = 6  # of Newton's method, which doubles its digits at a simple root
_SETTLED = mpmath.mpf(10) ** -20  # step, in standard errors, that is none
_LEAST = mpmath.mpf(10) ** -22  # curvature, beside the largest, that 40 digits tell from none
_MOST_VALUES = 100_000  # rows times entries of score and Hessian


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """theta: the doubles next to the maximum.  spread: from the Hessian there."""

    theta: Mapping[sp.Symbol, float]
    spread: Spread


def exact_maximum(
    setting: Setting, theta: Mapping[sp.Symbol, float], free: Sequence[int]
) -> Exact | None:
    """The simple maximum next to theta by Newton's method at 40 digits, moving `free` only.

    None where the data are too many, the Hessian is not negative definite by 22 digits, or the
    steps do not settle at once: towards a maximum without curvature they shrink by a third only.
    """
    symbols = list(theta)
    score = setting.derivation.score
    entries = len(free) * (len(free) + 3) // 2
    if setting.counts is None or len(setting.counts) * entries > _MOST_VALUES:
        return None
    with mpmath.workdps(DIGITS):
        point = {symbol: mpmath.mpf(value) for symbol, value in theta.items()}
        for _ in range(_MOST_STEPS):
            try:
                slopes = mpmath.matrix([setting.value(score.gradient[i], point) for i in free])
                bends = _hessian(setting, point, free)
                found = _inverse(bends)
            except (InputError, ArithmeticError, ValueError):
                return None
            if found is None:
                return None
            step = found * slopes
            errors = [mpmath.sqrt(found[k, k]) for k in range(len(free))]
            for k, i in enumerate(free):
                point[symbols[i]] += step[k]
            if not _inside(setting, point):
                return None
            if all(abs(s) <= _SETTLED * e for s, e in zip(step, errors, strict=True)):
                size = len(free)
                covariance = np.array(
                    [[float(found[i, j] / setting.n) for j in range(size)] for i in range(size)]
                )
                spread = Spread(covariance, np.sqrt(np.diag(covariance)))
                if not np.all(np.isfinite(covariance)) or not np.all(spread.errors > 0):
                    return None  # the numbers are there, and no doubles
                return Exact({s: float(value) for s, value in point.items()}, spread)
    return None


def _hessian(
    setting: Setting, point: Mapping[sp.Symbol, mpmath.mpf], free: Sequence[int]
) -> mpmath.matrix:
    size = len(free)
    found = mpmath.matrix(size, size)
    for a in range(size):
        for b in range(a, size):
            entry = setting.derivation.score.hessian[free[a], free[b]]
            found[a, b] = found[b, a] = setting.value(entry, point)
    return found


def _inverse(bends: mpmath.matrix) -> mpmath.matrix | None:
    """The inverse of minus a Hessian; None unless it is safely negative definite."""
    size = bends.rows
    if not all(bends[k, k] < 0 for k in range(size)):
        return None
    unit = [1 / mpmath.sqrt(-bends[k, k]) for k in range(size)]
    scaled = mpmath.matrix(size, size)
    for a in range(size):
        for b in range(size):
            scaled[a, b] = -bends[a, b] * unit[a] * unit[b]
    if not min(mpmath.eigsy(scaled, eigvals_only=True)) > _LEAST:
        return None
    found = scaled**-1
    for a in range(size):
        for b in range(size):
            found[a, b] *= unit[a] * unit[b]
    return found


def _inside(setting: Setting, point: Mapping[sp.Symbol, mpmath.mpf]) -> bool:
    values = {symbol: sp.Float(value, DIGITS) for symbol, value in point.items()}
    return all(
        parameter.domain.at(values).contains(values[parameter.symbol])
        for parameter in setting.model.parameters
    )
