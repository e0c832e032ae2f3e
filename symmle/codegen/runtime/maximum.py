"""The maximum of a function of several parameters."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from symmle.codegen.runtime.types import _EPSILON, _MOST_STEPS, Floats, Point

_MOST_STARTS = 12
_WEAK = 100.0  # variance of a parameter (of its logarithm, if bounded) that one row leaves
_MOST_IDLE = 8  # steps without a rise beyond rounding
_MOST_HALVINGS = 40


def _evaluated(
    everything: Callable[..., tuple[float, Point, Floats]], data: object, point: Floats
) -> tuple[float, Floats, Floats]:
    """Value, gradient and Hessian at a point; nan where they overflow or are not defined."""
    with np.errstate(all="ignore"):
        try:
            value, slope, bend = everything(data, *point.tolist())
            return value, np.array(slope), bend
        except (ArithmeticError, ValueError):
            p = len(point)
            return math.nan, np.full(p, math.nan), np.full((p, p), math.nan)


def _valued_at(value: Callable[..., float], data: object, point: Floats) -> float:
    """The value at a point; nan where it overflows or is not defined."""
    with np.errstate(all="ignore"):
        try:
            return value(data, *point.tolist())
        except (ArithmeticError, ValueError):
            return math.nan


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


def _newton_move(
    slope: Floats, bend: Floats, bounded: NDArray[np.bool_]
) -> tuple[Floats, float, bool]:
    """(uphill Newton move, slope in standard units, whether it is curved as at a maximum).

    Not curved: a singular Hessian, a ridge, a plateau on which a bounded parameter may change its
    size at will, or a peak so sharp that rounding made it (the variance of the parameter's
    logarithm, for one row, is above 1e7 or below the 1e-14 that squares of deviations resolve).
    """
    unit = np.sqrt(np.abs(np.diag(bend)))
    unit[unit == 0] = 1.0
    values, vectors = np.linalg.eigh(-bend / np.outer(unit, unit))
    along = vectors.T @ (slope / unit)
    size = np.maximum(np.abs(values), 1e-10)
    spread = (vectors**2 @ (1 / size)) / unit**2
    decided = (spread[bounded] > 1e-14) & (spread[bounded] < 1e7)
    curved = bool(values[0] > 1e-7 and decided.all())
    return vectors @ (along / size) / unit, float(np.sqrt(np.sum(along**2 / size))), curved


def _maximise(
    evaluate: Callable[[Floats], tuple[float, Floats, Floats]],
    height: Callable[[Floats], float],
    starts: Sequence[Point],
    domain: Sequence[tuple[float, float]],
) -> list[Floats]:
    """Points that lead to a maximum, the last one the maximum, from the first start that does.

    evaluate: gives value, gradient and Hessian; height: the value alone.  ValueError where no
    maximum is found.
    """
    for start in starts[:_MOST_STARTS]:
        path = _climbed(evaluate, start, domain)
        if path is not None and _is_peak(evaluate, height, path[-1], domain):
            return path
    raise ValueError(
        "no maximum of the likelihood was found inside the domain for these data: "
        "it may be flat, or rise towards an end of the domain"
    )


def _led(
    evaluate: Callable[[Floats], tuple[float, Floats, Floats]],
    starts: list[Point],
    domain: Sequence[tuple[float, float]],
) -> list[Point]:
    """The starts, before them where a few of the rows have their maximum.

    evaluate: gives value, gradient and Hessian on those rows.
    """
    for start in starts[:_MOST_STARTS]:
        path = _climbed(evaluate, start, domain)
        if path is not None:
            return [tuple(path[-1].tolist()), *starts]
    return starts


def _climbed(
    evaluate: Callable[[Floats], tuple[float, Floats, Floats]],
    start: Point,
    domain: Sequence[tuple[float, float]],
) -> list[Floats] | None:
    """Newton's method in free coordinates (log, logit), uphill where the curvature is wrong.

    A move is halved until the value rises, or, close by, where rounding hides that, until the
    gradient falls.  A maximum is where the gradient vanishes in standard units, the move does too,
    and the Hessian is negative definite; None when none is reached, or when the value has stopped
    to rise before.
    """
    bounded = np.array([math.isfinite(low) or math.isfinite(high) for low, high in domain])
    path = [np.array(start)]
    value, slope, bend = evaluate(path[-1])
    best, idle = math.inf, 0
    for _ in range(_MOST_STEPS):
        if not np.isfinite(bend).all() or idle > _MOST_IDLE:
            return None
        first, second = _stretched(path[-1], domain)
        move, units, concave = _newton_move(
            slope * first, bend * np.outer(first, first) + np.diag(slope * second), bounded
        )
        longest = float(np.max(np.abs(move) / np.where(bounded, 1.0, 1.0 + np.abs(path[-1]))))
        if concave and longest < 1e-7 and units < 1e-7:
            if not units < best / 2:
                return path
            best = units
        move = move * min(1.0, 3.0 / max(float(np.max(np.abs(move[bounded]), initial=0.0)), 3.0))
        rounding = 8 * _EPSILON * (1 + abs(value))
        polishing = concave and units < 1e-4
        for _ in range(_MOST_HALVINGS):
            candidate = _moved(path[-1], move, domain)
            found = evaluate(candidate)
            rises = found[0] >= value - rounding
            if polishing and not rises:
                rises = _steepness(found[1], bend) < _steepness(slope, bend) / 2
            if rises and np.isfinite(found[2]).all():
                break
            move = move / 2
        else:
            return None
        idle = 0 if found[0] > value + rounding else idle + 1
        path.append(candidate)
        value, slope, bend = found
    return None


def _steepness(slope: Floats, bend: Floats) -> float:
    """The length of a gradient, each parameter in its own standard unit."""
    return float(np.sqrt(np.sum(slope * slope / np.abs(np.diag(bend)))))


def _is_peak(
    evaluate: Callable[[Floats], tuple[float, Floats, Floats]],
    height: Callable[[Floats], float],
    point: Floats,
    domain: Sequence[tuple[float, float]],
) -> bool:
    """Whether the value itself falls to both sides of a point, as each parameter moves.

    The others move along as the curvature says is best.  A Hessian that is negative definite only
    by its rounding errors, far out on a likelihood that rises for ever, is found out by this; and
    a value that is rounded there so much that it falls everywhere, by moves that change nothing.
    """
    value, slope, bend = evaluate(point)
    first, second = _stretched(point, domain)
    curvature = -(bend * np.outer(first, first) + np.diag(slope * second))
    unit = np.sqrt(np.abs(np.diag(curvature)))
    spread = np.linalg.inv(curvature / np.outer(unit, unit))
    bounded = np.array([math.isfinite(low) or math.isfinite(high) for low, high in domain])
    for variance, along, size in zip(np.diag(spread), spread, unit, strict=True):
        move = along / unit * math.sqrt(2e-8 * (1 + abs(value)) / variance)
        move = move / max(1.0, 2 * float(np.max(np.abs(move[bounded]), initial=0.0)))
        fall = float(move @ curvature @ move) / 2
        for side in (move, -move):
            if not value - height(_moved(point, side, domain)) > fall / 8:
                return False
            if variance > _WEAK * size**2:
                still = height(_moved(point, side / 1e6, domain))
                if not abs(value - still) < fall / 8:
                    return False
    return True


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
