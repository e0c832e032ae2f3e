"""Weighted means and covariances that keep their digits.

Two roads.  Up to `BLOCK` rows every sum is `math.fsum`: correctly rounded, so the result does
not depend on the order of the rows.  Beyond, block sums by NumPy's pairwise reduction of values
shifted by a pilot (the median of a thousand rows, which an outlier cannot move), and the block
sums again by `fsum`; there a permutation may change the last digit.
Deviations are always taken from the mean, held as a pair centre + remainder: the raw difference
mean(x**2) - mean(x)**2 loses every digit when the mean is large.
Temporaries are one block long, whatever the length of the data.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symmle.errors import InputError

Doubles = NDArray[np.float64]

BLOCK = 65_536
_PILOT_ROWS = 1_024
_PLAIN_EXPONENT = 300  # within 2**-300 ... 2**300 no square and no sum of squares can overflow
_SMALLEST_NORMAL = 2.0**-1022


def weighted_mean(values: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean of the values, or sum(w*x)/sum(w).

    values: n finite numbers, n >= 1.  weights: n numbers >= 0, not all zero; their scale is free.
    Unweighted and up to BLOCK rows it is the exact mean, rounded (a tie aside); else the error is
    a few 1e-16 of the mean of |x - mean(x)|, plus half a unit in the last place.
    Raises InputError when the values or weights are not such.
    """
    w, (x,) = _checked(weights, values)
    exponent = _exponent(x)
    centre, remainder = _mean_pair(x, w, -exponent)
    return math.ldexp(centre + remainder, exponent)


def variance(values: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The variance with divisor n, or the weights' sum: covariance(values, values, weights)."""
    return covariance(values, values, weights)


def covariance(a: ArrayLike, b: ArrayLike, weights: ArrayLike | None = None) -> float:
    """mean((a - mean(a))*(b - mean(b))), with divisor n, or the sum of the weights.

    a, b: n finite numbers each.  weights: as in `weighted_mean`.
    The error is below 1e-15 of the root of var(a)*var(b), so of the variance itself, wherever
    the data lie.  Constant data give exactly 0.
    Raises InputError also when the result has no double: above 1.8e308 or below 2.2e-308.
    """
    w, (x, y) = _checked(weights, a, b)
    k, j = _exponent(x), _exponent(y)
    mean_x = _mean_pair(x, w, -k)
    mean_y = mean_x if b is a else _mean_pair(y, w, -j)

    def products() -> Iterator[Doubles]:
        for rows, weight in _weight_blocks(len(x), w):
            left = _deviation(x[rows], -k, mean_x)
            right = left if b is a else _deviation(y[rows], -j, mean_y)
            yield _times(weight, left) * right

    scaled = _sum(products(), len(x)) / _total_weight(len(x), w)
    return _unscaled(scaled, k + j)


def blocks(n: int) -> Iterator[slice]:
    """Slices of at most BLOCK rows that cover range(n) in order."""
    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n))


def _checked(
    weights: ArrayLike | None, *columns: ArrayLike
) -> tuple[Doubles | None, list[Doubles]]:
    """The weights and the columns as doubles, without the rows of weight 0."""
    values = [np.asarray(column, dtype=np.float64) for column in columns]
    shapes = {x.shape for x in values}
    n = len(values[0]) if values[0].ndim == 1 else 0
    if n == 0 or len(shapes) > 1:
        given = " and ".join(str(x.shape) for x in values)
        raise InputError(f"a mean needs columns of one length, at least one row, not {given}")
    if weights is None:
        return None, values
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (n,):
        raise InputError(f"there must be one weight for each of the {n} rows, not {w.size}")
    if not (np.min(w) >= 0 and 0 < np.max(w) < math.inf):
        raise InputError("the weights must be finite, not negative and not all zero")
    if not w.all():
        counted = w > 0
        w, values = w[counted], [x[counted] for x in values]
    return np.ldexp(w, -_exponent_of(float(np.max(w)))), values


def _exponent(x: Doubles) -> int:
    """k such that x * 2**-k can be squared and summed; 0 for data of ordinary size.

    Raises InputError when a value is not finite.
    """
    return _exponent_of(float(np.max([np.max(np.abs(x[rows])) for rows in blocks(len(x))])))


def _exponent_of(largest: float) -> int:
    if not math.isfinite(largest):
        raise InputError(f"a mean needs finite values, and {largest} is among these")
    exponent = math.frexp(largest)[1]
    return exponent if largest > 0 and abs(exponent) > _PLAIN_EXPONENT else 0


def _mean_pair(x: Doubles, w: Doubles | None, shift: int) -> tuple[float, float]:
    """centre and remainder, whose exact sum is the mean of x * 2**shift to beyond one double."""
    n, total = len(x), _total_weight(len(x), w)
    centre = _pilot(x, w, shift, total)

    def differences() -> Iterator[Doubles]:
        for rows, weight in _weight_blocks(n, w):
            scaled = _scaled(x[rows], shift)
            apart = scaled - centre
            yield _times(weight, apart)
            if n <= BLOCK:  # what the subtraction rounded away (Knuth, TAOCP 2, section 4.2.2)
                back = apart - scaled
                yield _times(weight, (scaled - (apart - back)) - (centre + back))

    return centre, _sum(differences(), n) / total


def _pilot(x: Doubles, w: Doubles | None, shift: int, total: float) -> float:
    """A first centre: the rounded mean of a small sample, a sampled median of a large one."""
    n = len(x)
    if n <= BLOCK:
        terms = (_times(weight, _scaled(x[rows], shift)) for rows, weight in _weight_blocks(n, w))
        return _sum(terms, n) / total
    some = np.sort(x[:: max(1, n // _PILOT_ROWS)])
    return math.ldexp(float(some[len(some) // 2]), shift)


def _deviation(x: Doubles, shift: int, mean: tuple[float, float]) -> Doubles:
    centre, remainder = mean
    apart: Doubles = (_scaled(x, shift) - centre) - remainder
    return apart


def _scaled(x: Doubles, shift: int) -> Doubles:
    return np.ldexp(x, shift) if shift else x


def _times(weight: Doubles | None, x: Doubles) -> Doubles:
    return x if weight is None else weight * x


def _weight_blocks(n: int, w: Doubles | None) -> Iterator[tuple[slice, Doubles | None]]:
    for rows in blocks(n):
        yield rows, None if w is None else w[rows]


def _total_weight(n: int, w: Doubles | None) -> float:
    return float(n) if w is None else _sum((w[rows] for rows in blocks(n)), n)


def _sum(terms: Iterable[Doubles], n: int) -> float:
    if n <= BLOCK:
        return math.fsum(chain.from_iterable(block.tolist() for block in terms))
    return math.fsum(float(np.add.reduce(block)) for block in terms)


def _unscaled(scaled: float, exponent: int) -> float:
    """scaled * 2**exponent, refused where a double cannot hold it with all its digits."""
    try:
        value = math.ldexp(scaled, exponent)
    except OverflowError:
        raise InputError(
            "the variance is above 1.8e308, the largest double; divide the data by a constant"
        ) from None
    if scaled and abs(value) < _SMALLEST_NORMAL:
        raise InputError(
            "the variance is below 2.2e-308, the smallest double with all its digits; "
            "multiply the data by a constant"
        )
    return value
