"""Source of the helpers that a generated module carries along.

Nobody imports this file: the emitter copies from it, function by function, what a module needs,
so that the helpers are formatted, typed and tested like everything else.  A helper uses NumPy,
the standard library and other helpers here, nothing more, and every name starts with an
underscore, which no symbol of a user does.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Point = tuple[float, ...]

_BLOCK = 65_536  # rows that are summed at once; up to as many, sums are correctly rounded
_EPSILON = 2.0**-52
_SMALLEST = 2.0**-1022
_MOST_STEPS = 200


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
    largest = float(np.max(np.abs(values)))
    if not math.isfinite(largest):
        raise ValueError("a sample mean overflows double precision; divide the data by a constant")
    if largest > 2.0**900:
        return _mean(values * 2.0**-100, weights) * 2.0**100
    if weights is None:
        first = _sum(values) / len(values)
        return first if len(values) <= _BLOCK else first + _sum(values - first) / len(values)
    total = _sum(weights)
    first = _sum(weights * values) / total
    return first + _sum(weights * (values - first)) / total


def _covariance(first: Floats, second: Floats, weights: Floats | None = None) -> float:
    """The (weighted) covariance, divisor n; the raw difference of moments would cancel."""
    left = _deviations(first, weights)
    right = left if second is first else _deviations(second, weights)
    value = _mean(left * right, weights)
    if abs(value) < _SMALLEST and left.any() and second is first:
        raise ValueError("a variance underflows double precision; multiply the data by a constant")
    return value


def _deviations(values: Floats, weights: Floats | None) -> Floats:
    """Deviations from the mean; exactly zero when all values are equal."""
    apart = values - _mean(values, weights)
    if apart.min() == apart.max():
        return np.zeros_like(values)
    return apart - _mean(apart, weights)


def _average(values: Floats, weights: Floats | None) -> float:
    """The (weighted) mean of a pass, summed pairwise."""
    if weights is None:
        return float(values.sum() / len(values))
    return float((weights * values).sum() / weights.sum())


def _quantile(values: Floats, weights: Floats | None, share: float) -> float:
    """A (weighted) sample quantile: the least value that at least `share` lies at or below."""
    order = np.argsort(values)
    below = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    return float(values[order[np.searchsorted(below, share * below[-1])]])


def _unit(values: Floats) -> float:
    """A power of two near the typical size of the data, 1 when they are mostly zero."""
    size = float(np.median(np.abs(values)))
    return 2.0 ** math.frexp(size)[1] if size > 0 else 1.0


def _spread(values: Floats, weights: Floats | None) -> float:
    """Half the distance of the quartiles; where that is zero, a rougher size of the data."""
    half = (_quantile(values, weights, 0.75) - _quantile(values, weights, 0.25)) / 2
    return half or float(np.max(values) - np.min(values)) / 2 or 1.0


def _at(function: Callable[..., object], point: Point) -> object:
    """function(*point), or nan where it overflows, divides by zero or is not defined."""
    try:
        return function(*point)
    except (ArithmeticError, ValueError):
        return math.nan


def _iterate(
    update: Callable[[Point], Point],
    start: Point,
    count: int,
    domain: Sequence[tuple[float, float]],
) -> Floats:
    """The start and `count` updates, one a row; nan from the first point outside the domain on."""
    path = np.full((count + 1, len(start)), math.nan)
    path[0] = point = start
    for i in range(1, count + 1):
        try:
            point = update(point)
        except (ArithmeticError, ValueError):
            break
        if not all(low < value < high for value, (low, high) in zip(point, domain, strict=True)):
            break
        path[i] = point
    return path


def _checked_start(start: Sequence[float], domain: Sequence[tuple[float, float]]) -> Point:
    """A start as floats; ValueError unless it has one value inside its domain a parameter."""
    point = tuple(float(value) for value in start)
    if len(point) != len(domain):
        raise ValueError(f"start has {len(point)} values; give one for each of {len(domain)}")
    for value, (low, high) in zip(point, domain, strict=True):
        if not low < value < high:
            raise ValueError(f"start holds {value!r}, which is not between {low!r} and {high!r}")
    return point


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


def _bracket(
    equation: Callable[[float], tuple[float, float, float]], low: float, high: float
) -> tuple[float, float] | None:
    """Coordinates between which the equation changes sign beyond rounding, searched outwards."""
    positive: dict[float, bool] = {}
    for reach in (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 700.0):
        for coordinate in dict.fromkeys((reach, -reach)):
            try:
                value, _, size = equation(_inside(coordinate, low, high)[0])
            except (ArithmeticError, ValueError):
                continue
            if math.isfinite(value) and abs(value) > 16 * _EPSILON * size:
                positive[coordinate] = value > 0
            for left, right in pairwise(sorted(positive)):
                if positive[left] and not positive[right]:
                    return left, right
    return None


def _root(
    equation: Callable[[float], tuple[float, float, float]], low: float, high: float, name: str
) -> list[float]:
    """Points that lead to where the equation falls through zero, the last one its root.

    equation: gives value, slope and the size of the value's terms.  Newton's method in a
    coordinate without ends, by bisection where that leaves the bracket or is slow, and at the end
    in the unknown itself.  ValueError where there is no root.
    """
    bracket = _bracket(equation, low, high)
    if bracket is None:
        raise ValueError(
            f"there is no finite estimate of {name} for these data: its equation has no root"
        )
    left, right = bracket
    now, last, path = (left + right) / 2, right - left, []
    for _ in range(_MOST_STEPS):
        point, stretch = _inside(now, low, high)
        path.append(point)
        value, slope, _ = equation(point)
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
        value, slope, _ = equation(point)
        move = -value / slope if slope != 0 else 0.0
        if not abs(move) < last / 2 or not low < point + move < high:
            break
        point, last = point + move, abs(move)
    return path


def _stretched(point: Floats, domain: Sequence[tuple[float, float]]) -> tuple[Floats, Floats]:
    """First and second derivative of each parameter in its free coordinate (log, logit)."""
    first, second = np.ones(len(point)), np.zeros(len(point))
    for i, (low, high) in enumerate(domain):
        if math.isfinite(low) and math.isfinite(high):
            first[i] = (point[i] - low) * (high - point[i]) / (high - low)
            second[i] = first[i] * (low + high - 2 * point[i]) / (high - low)
        elif math.isfinite(low):
            first[i] = second[i] = point[i] - low
        elif math.isfinite(high):
            first[i], second[i] = high - point[i], point[i] - high
    return first, second


def _moved(point: Floats, move: Floats, domain: Sequence[tuple[float, float]]) -> Floats:
    """The point after a move in the free coordinates."""
    result = point + move
    for i, (low, high) in enumerate(domain):
        if math.isfinite(low) and math.isfinite(high):
            odds = (point[i] - low) / (high - point[i]) * math.exp(move[i])
            result[i] = low + (high - low) * odds / (1 + odds)
        elif math.isfinite(low):
            result[i] = low + (point[i] - low) * math.exp(move[i])
        elif math.isfinite(high):
            result[i] = high - (high - point[i]) * math.exp(-move[i])
    return result


def _newton_move(slope: Floats, bend: Floats) -> tuple[Floats, float, bool]:
    """(uphill Newton move, slope in standard units, whether the curvature is that of a maximum)."""
    unit = np.sqrt(np.abs(np.diag(bend)))
    unit[unit == 0] = 1.0
    values, vectors = np.linalg.eigh(-bend / np.outer(unit, unit))
    along = vectors.T @ (slope / unit)
    size = np.maximum(np.abs(values), 1e-10)
    return vectors @ (along / size) / unit, float(np.sqrt(np.sum(along**2 / size))), values[0] > 0


def _maximise(
    evaluate: Callable[[Floats], tuple[float, Floats, Floats]],
    start: Point,
    domain: Sequence[tuple[float, float]],
) -> list[Floats]:
    """Points that lead to a maximum, the last one the maximum.

    evaluate: gives value, gradient and Hessian.  Newton's method in free coordinates (log, logit),
    uphill where the curvature is wrong, halved until the value rises.  A maximum is where the
    gradient vanishes in standard units, the move does too, and the Hessian is negative definite.
    ValueError where none is found.
    """
    bounded = np.array([math.isfinite(low) or math.isfinite(high) for low, high in domain])
    path = [np.array(start)]
    value, slope, bend = evaluate(path[-1])
    best = math.inf
    for _ in range(_MOST_STEPS):
        first, second = _stretched(path[-1], domain)
        move, units, concave = _newton_move(
            slope * first, bend * np.outer(first, first) + np.diag(slope * second)
        )
        longest = float(np.max(np.abs(move) / np.where(bounded, 1.0, 1.0 + np.abs(path[-1]))))
        if concave and longest < 1e-7 and units < 1e-7:
            if not units < best / 2:
                return path
            best = units
        move = move * min(1.0, 3.0 / max(float(np.max(np.abs(move[bounded]), initial=0.0)), 3.0))
        for _ in range(60):
            candidate = _moved(path[-1], move, domain)
            found = evaluate(candidate)
            if found[0] >= value - 8 * _EPSILON * (1 + abs(value)) and np.isfinite(found[2]).all():
                break
            move = move / 2
        else:
            break
        path.append(candidate)
        value, slope, bend = found
    raise ValueError(
        "no maximum of the likelihood was found inside the domain for these data: "
        "it may rise towards an end of the domain"
    )


def _require_maximum(bend: Floats) -> None:
    """ValueError unless the Hessian is negative definite."""
    if not (np.isfinite(bend).all() and (np.diag(bend) < 0).all()):
        raise ValueError("the stationary point found for these data is not a maximum")
    unit = np.sqrt(-np.diag(bend))
    if not np.linalg.eigvalsh(bend / np.outer(unit, unit))[-1] < 0:
        raise ValueError("the stationary point found for these data is not a maximum")
