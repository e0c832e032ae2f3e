"""Source of the helpers that a generated module carries along.

Nobody imports this file: the emitter copies from it, function by function, what a module needs,
so that the helpers are formatted, typed and tested like everything else.  A helper uses NumPy,
the standard library and other helpers here, nothing more, and every name starts with an
underscore, which no symbol of a user does.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Point = tuple[float, ...]

_BLOCK = 65_536  # rows that are summed at once; up to as many, sums are correctly rounded
_EPSILON = 2.0**-52
_SMALLEST = 2.0**-1022
_MOST_STEPS = 200
_MOST_TAILS = 20_000_000


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


def _log_gap(values: Floats, weights: Floats | None = None) -> float:
    """log(mean) - mean(log), from the relative deviations d: the mean of d - log(1 + d)."""
    d = _deviations(values, weights) / _mean(values, weights)
    short = np.zeros_like(d)
    for power in range(12, 1, -1):  # d**2/2 - d**3/3 + ..., where d - log(1 + d) cancels
        short = ((-1) ** power / power + short * d) if power > 2 else (0.5 + short * d) * d * d
    return _mean(np.where(np.abs(d) < 0.03, short, d - np.log1p(d)), weights)


def _tails(counts: Floats, weights: Floats | None = None) -> Floats:
    """The shares of the rows above 0, above 1, ... up to the largest count."""
    largest = float(counts.max())
    if largest > _MOST_TAILS:
        raise ValueError(f"a count of {largest:.0f} is too large; the most is {_MOST_TAILS}")
    table = np.bincount(counts.astype(np.int64), weights)
    return np.cumsum(table[:0:-1])[::-1] / table.sum()


def _rise(order: int, argument: float, tails: Floats) -> float:
    """mean(f(x + argument)) - f(argument) over counts x: the sum of the steps of f over the tails.

    f is loggamma for order -1 and polygamma(order, .) else.
    """
    at = argument + np.arange(len(tails))
    if order < 0:
        return float((tails * np.log(at)).sum())
    below = at.copy()
    for _ in range(order):
        below = below * at
    return (-1) ** order * math.factorial(order) * float((tails / below).sum())


def _log_minus_digamma(u: float) -> float:
    """log(u) - digamma(u) for u > 0 without the difference (DLMF 5.5.2, 5.11.2)."""
    steps, v = 0.0, u
    while v < 12:
        steps += 1 / v
        v += 1
    w = 1 / (v * v)
    tail = 1 / 240 - w * (1 / 132 - w * 691 / 32760)
    series = 1 / 12 - w * (1 / 120 - w * (1 / 252 - w * tail))
    return math.log(u / v) + steps + 0.5 / v + w * series


def _inverse_minus_trigamma(u: float) -> float:
    """1/u - trigamma(u) for u > 0 without the difference (DLMF 5.15.5, 5.15.8)."""
    steps, v = 0.0, u
    while v < 12:
        steps += 1 / (v * v)
        v += 1
    w = 1 / (v * v)
    series = 1 / 6 - w * (1 / 30 - w * (1 / 42 - w * (1 / 30 - w * (5 / 66 - w * 691 / 2730))))
    return (v - u) / (u * v) - steps - w * (0.5 + series / v)


def _expit(z: ArrayLike) -> Floats:
    """1/(1 + exp(-z)), without overflow and to full relative precision."""
    return np.asarray(np.exp(-np.logaddexp(0.0, np.negative(z))))


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


def _evaluated(
    functions: tuple[Callable[..., float], Callable[..., Point], Callable[..., Floats]],
    data: object,
    point: Floats,
) -> tuple[float, Floats, Floats]:
    """Value, gradient and Hessian at a point; nan where they overflow or are not defined."""
    value, slope, bend = functions
    theta = point.tolist()
    with np.errstate(all="ignore"):
        try:
            return value(data, *theta), np.array(slope(data, *theta)), bend(data, *theta)
        except (ArithmeticError, ValueError):
            p = len(theta)
            return math.nan, np.full(p, math.nan), np.full((p, p), math.nan)


def _highest(value: Callable[..., float], data: object, points: Sequence[Point]) -> Point:
    """The point with the largest value; the first one where none can be evaluated."""
    best, highest = points[0], -math.inf
    for point in points:
        try:
            here = value(data, *point)
        except (ArithmeticError, ValueError):
            continue
        if here > highest:
            best, highest = point, here
    return best


def _size(values: Floats, weights: Floats | None) -> float:
    """The median of the absolute values; where that is zero, their mean, then 1."""
    size = np.abs(values)
    return _quantile(size, weights, 0.5) or _average(size, weights) or 1.0


def _iterate(
    updates: Iterable[Callable[[Point], Point]],
    start: Point,
    domain: Sequence[tuple[float, float]],
) -> Floats:
    """The start and the point after each update, one a row; nan once a point is outside."""
    path, point = [start], start
    for update in updates:
        try:
            point = update(point)
        except (ArithmeticError, ValueError):
            point = (math.nan,) * len(start)
        if not all(low < value < high for value, (low, high) in zip(point, domain, strict=True)):
            point = (math.nan,) * len(start)
        path.append(point)
    return np.array(path)


def _cautious_step(bend: Floats) -> float:
    """One over the largest curvature: half of what alternating updates bear at a maximum."""
    return 1 / float(np.max(np.abs(np.diag(bend))))


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
    for reach in (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 96.0):
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


def _require_inside(point: Floats, domain: Sequence[tuple[float, float]]) -> None:
    """ValueError unless every value is finite and inside its domain."""
    for value, (low, high) in zip(point.tolist(), domain, strict=True):
        if not low < value < high or math.isinf(value):
            raise ValueError(f"no estimate exists for these data: it would be {value!r}")


def _require_maximum(bend: Floats) -> None:
    """ValueError unless the Hessian is negative definite."""
    if not (np.isfinite(bend).all() and (np.diag(bend) < 0).all()):
        raise ValueError("the stationary point found for these data is not a maximum")
    unit = np.sqrt(-np.diag(bend))
    if not np.linalg.eigvalsh(bend / np.outer(unit, unit))[-1] < 0:
        raise ValueError("the stationary point found for these data is not a maximum")
