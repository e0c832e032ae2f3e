"""Columns of data: checked, and their means to the last digits."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symmle.codegen.runtime.types import Floats, Point

_BLOCK = 16_384  # rows that are summed at once; up to as many, sums are correctly rounded
_FEW = 4_000  # rows that are enough to start from
_SMALLEST = 2.0**-1022


def _column(values: ArrayLike, name: str) -> Floats:
    """One column as an array of doubles; ValueError unless it is one, not empty and finite."""
    try:
        column = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a sequence of numbers, and this is none") from None
    if column.ndim != 1 or len(column) == 0:
        shape = column.shape
        raise ValueError(f"{name} must be one column with at least one row, not of shape {shape}")
    _require(np.isfinite(column), column, name, "finite")
    return column


def _require(good: NDArray[np.bool_], column: Floats, name: str, what: str) -> None:
    """ValueError naming the first row that is not `good`."""
    if not good.all():
        row = int(np.argmin(good))
        value = float(column[row])
        raise ValueError(f"{name} must be {what}, but row {row} (counted from 0) is {value!r}")


def _checked_weights(weights: ArrayLike, rows: int) -> Floats:
    """Weights as an array; ValueError unless nonnegative, one a row and not all zero."""
    column = _column(weights, "weights")
    if len(column) != rows:
        raise ValueError(f"weights has {len(column)} rows and the data have {rows}; give one a row")
    _require(column >= 0, column, "weights", "nonnegative")
    if not column.any():
        raise ValueError("the weights are all zero; at least one row must count")
    return column


def _sum(terms: Floats) -> float:
    """The sum, correctly rounded up to _BLOCK terms; beyond, exact over pairwise block sums."""
    if len(terms) <= _BLOCK:
        return math.fsum(terms.tolist())
    return math.fsum(float(terms[i : i + _BLOCK].sum()) for i in range(0, len(terms), _BLOCK))


def _mean(values: Floats, weights: Floats | None = None) -> float:
    """The (weighted) mean to the last digits: a first mean, corrected by that of the residuals."""
    if weights is None and len(values) > _BLOCK:
        pilot = _pilot(values)
        total = _sums_about(values, pilot)[0]
        if math.isfinite(total):
            return pilot + total / len(values)
    largest = max(float(values.max()), -float(values.min()))
    if not math.isfinite(largest):
        raise ValueError("a sample mean overflows double precision; divide the data by a constant")
    if largest > 2.0**900:
        return _mean(values * 2.0**-100, weights) * 2.0**100
    if weights is None:
        return _sum(values) / len(values)
    total = _sum(weights)
    first = _sum(weights * values) / total
    return first + _sum(weights * (values - first)) / total


def _pilot(values: Floats) -> float:
    """A value in the midst of the others: moments about it do not cancel."""
    return float(np.median(values[:: 1 + len(values) // _FEW]))


def _sums_about(values: Floats, pilot: float) -> tuple[float, float]:
    """The sums of d = values - pilot and of d**2, block by block, in one read."""
    sums, squares = [], []
    for i in range(0, len(values), _BLOCK):
        d = values[i : i + _BLOCK] - pilot
        sums.append(float(d.sum()))
        d *= d
        squares.append(float(d.sum()))
    return math.fsum(sums), math.fsum(squares)


def _moments(values: Floats, weights: Floats | None = None) -> tuple[float, float]:
    """The (weighted) mean and variance, divisor n; of many rows in one read."""
    if weights is None and len(values) > _BLOCK:
        pilot, rows = _pilot(values), len(values)
        total, squares = _sums_about(values, pilot)
        variance = squares / rows - (total / rows) ** 2
        if _SMALLEST <= variance < math.inf:
            return pilot + total / rows, variance
    return _mean(values, weights), _covariance(values, values, weights)


def _covariance(first: Floats, second: Floats, weights: Floats | None = None) -> float:
    """The (weighted) covariance, divisor n; the raw difference of moments would cancel."""
    if second is first and weights is None and len(first) > _BLOCK:
        total, squares = _sums_about(first, _pilot(first))
        value = squares / len(first) - (total / len(first)) ** 2
        if _SMALLEST <= value < math.inf:
            return value
    left = _deviations(first, weights)
    right = left if second is first else _deviations(second, weights)
    value = _mean(left * right, weights)
    if abs(value) < _SMALLEST and left.any() and second is first:
        raise ValueError("a variance underflows double precision; multiply the data by a constant")
    return value


def _deviations(values: Floats, weights: Floats | None) -> Floats:
    """Deviations from the mean; exactly zero when all values are equal."""
    apart: Floats = values - _mean(values, weights)
    if apart.min() == apart.max():
        return np.zeros_like(values)
    apart -= _mean(apart, weights)
    return apart


def _average(values: Floats, weights: Floats | None) -> float:
    """The (weighted) mean of a pass, summed pairwise."""
    if weights is None:
        return float(values.sum() / len(values))
    return float((weights * values).sum() / weights.sum())


def _quantile(values: Floats, weights: Floats | None, share: float) -> float:
    """A (weighted) sample quantile, of some of many rows: a place to start from."""
    values, weights = _few(values, weights)
    order = np.argsort(values)
    below = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    return float(values[order[np.searchsorted(below, share * below[-1])]])


def _few(values: Floats, weights: Floats | None) -> tuple[Floats, Floats | None]:
    """Some of many rows, evenly spread: enough to start from."""
    step = 1 + len(values) // _FEW
    return values[::step], None if weights is None else weights[::step]


def _median_low(values: Floats, weights: Floats | None) -> float:
    """The lower of the two middle values; weights count as repetitions."""
    return _middle(values, weights)[0]


def _median_high(values: Floats, weights: Floats | None) -> float:
    """The higher of the two middle values; weights count as repetitions."""
    return _middle(values, weights)[1]


def _median(values: Floats, weights: Floats | None) -> float:
    """The midpoint of the two middle values."""
    low, high = _middle(values, weights)
    return low if low == high else low / 2 + high / 2


def _middle(values: Floats, weights: Floats | None) -> Point:
    """Both middle values: half of the rows, or of the weight, lies at or beyond each of them."""
    if weights is None:
        low, high = (len(values) - 1) // 2, len(values) // 2
        halves = np.partition(values, (low, high))
        return float(halves[low]), float(halves[high])
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    low, high = (int(np.searchsorted(below, below[-1] / 2, side)) for side in ("left", "right"))
    return float(values[order[low]]), float(values[order[high]])


def _unit(values: Floats) -> float:
    """A power of two near the typical size of the data, 1 when they are mostly zero."""
    size = float(np.median(np.abs(_few(values, None)[0])))
    return 2.0 ** math.frexp(size)[1] if size > 0 else 1.0


def _size(values: Floats, weights: Floats | None) -> float:
    """The median of the absolute values; where that is zero, their mean, then 1."""
    size = np.abs(values)
    return _quantile(size, weights, 0.5) or _average(size, weights) or 1.0


def _spreads(values: Floats, weights: Floats | None) -> Point:
    """Half the distance of the quartiles, and the root mean square distance from the median."""
    low, middle, high = (_quantile(values, weights, share) for share in (0.25, 0.5, 0.75))
    with np.errstate(over="ignore"):
        values, weights = _few(values, weights)
        wide = math.sqrt(_average((values - middle) ** 2, weights))
    return ((high - low) / 2 or wide or 1.0), (wide or 1.0)
