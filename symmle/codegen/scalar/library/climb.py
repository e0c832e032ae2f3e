"""The maximum of a function of several parameters: `_evaluate`, which the program holds.

It gives the average log-likelihood, and fills its gradient and its Hessian, row by row.
"""

import math

from symmle.codegen.scalar.library.program import _HIGH, _LOW, _P, Statistics, _evaluate

_EPSILON = 2.0**-52
_MOST_STEPS = 200
_WEAK = 100.0  # variance of a parameter (of its logarithm, if bounded) that one row leaves
_MOST_IDLE = 8  # steps without a rise beyond rounding
_MOST_HALVINGS = 40


def _height_at(
    data: Statistics, theta: list[float], slope: list[float], bend: list[float]
) -> float:
    """Value, gradient and Hessian at a point; nan where they overflow or are not defined."""
    try:
        return _evaluate(data, theta, slope, bend)
    except (ArithmeticError, ValueError):
        return math.nan


def _is_inside(theta: list[float]) -> bool:
    """Whether every parameter is finite and inside its domain."""
    inside = True
    for i in range(_P):
        inside = inside and _LOW[i] < theta[i] < _HIGH[i] and math.isfinite(theta[i])
    return inside


def _is_bounded(i: int) -> bool:
    return math.isfinite(_LOW[i]) or math.isfinite(_HIGH[i])


def _stretched(theta: list[float], first: list[float], second: list[float]) -> None:
    """First and second derivative of each parameter in its free coordinate (log, logit)."""
    for i in range(_P):
        first[i], second[i] = 1.0, 0.0
        low, high, value = _LOW[i], _HIGH[i], theta[i]
        if math.isfinite(low) and math.isfinite(high):
            first[i] = (value - low) * (high - value) / (high - low)
            second[i] = first[i] * (low + high - 2.0 * value) / (high - low)
        elif math.isfinite(low):
            first[i] = value - low
            second[i] = first[i]
        elif math.isfinite(high):
            first[i] = high - value
            second[i] = -first[i]


def _moved(theta: list[float], move: list[float], share: float, out: list[float]) -> None:
    """The point after a share of a move in the free coordinates."""
    for i in range(_P):
        low, high, value, way = _LOW[i], _HIGH[i], theta[i], share * move[i]
        if math.isfinite(low) and math.isfinite(high):
            odds = (value - low) / (high - value) * math.exp(way)
            out[i] = low + (high - low) * odds / (1.0 + odds)
        elif math.isfinite(low):
            out[i] = low + (value - low) * math.exp(way)
        elif math.isfinite(high):
            out[i] = high - (high - value) * math.exp(-way)
        else:
            out[i] = value + way


def _eigen(matrix: list[float], vectors: list[float]) -> None:
    """The eigenvalues of a symmetric matrix, left on its diagonal, and its eigenvectors in columns.

    By rotations (Jacobi 1846; Golub & Van Loan, Matrix Computations, section 8.5).
    """
    for i in range(_P):
        for j in range(_P):
            vectors[i * _P + j] = 1.0 if i == j else 0.0
    for _ in range(60):
        apart, size = 0.0, 0.0
        for i in range(_P):
            size += abs(matrix[i * _P + i])
            for j in range(i):
                apart += abs(matrix[i * _P + j])
        if not apart > 1e-18 * size:
            return
        for i in range(_P):
            for j in range(i + 1, _P):
                _rotate(matrix, vectors, i, j)


def _rotate(matrix: list[float], vectors: list[float], i: int, j: int) -> None:
    """The rotation in the plane of i and j that makes their entry vanish."""
    beside = matrix[i * _P + j]
    if beside == 0.0:
        return
    ratio = (matrix[j * _P + j] - matrix[i * _P + i]) / (2.0 * beside)
    side = 1.0 if ratio >= 0.0 else -1.0
    tangent = side / (abs(ratio) + math.sqrt(1.0 + ratio * ratio))
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    sine = tangent * cosine
    for k in range(_P):
        a, b = matrix[k * _P + i], matrix[k * _P + j]
        matrix[k * _P + i] = cosine * a - sine * b
        matrix[k * _P + j] = sine * a + cosine * b
    for k in range(_P):
        a, b = matrix[i * _P + k], matrix[j * _P + k]
        matrix[i * _P + k] = cosine * a - sine * b
        matrix[j * _P + k] = sine * a + cosine * b
    matrix[i * _P + j], matrix[j * _P + i] = 0.0, 0.0
    for k in range(_P):
        a, b = vectors[k * _P + i], vectors[k * _P + j]
        vectors[k * _P + i] = cosine * a - sine * b
        vectors[k * _P + j] = sine * a + cosine * b


def _curvature(
    slope: list[float], bend: list[float], theta: list[float], up: list[float], out: list[float]
) -> None:
    """Minus the Hessian, and the gradient, in the free coordinates at a point."""
    first, second = [0.0] * _P, [0.0] * _P
    _stretched(theta, first, second)
    for i in range(_P):
        up[i] = slope[i] * first[i]
        for j in range(_P):
            out[i * _P + j] = -bend[i * _P + j] * first[i] * first[j]
        out[i * _P + i] -= slope[i] * second[i]


def _in_units(curvature: list[float], unit: list[float]) -> None:
    """Divides a matrix by the units of its rows and columns, the roots of its diagonal."""
    for i in range(_P):
        unit[i] = math.sqrt(abs(curvature[i * _P + i]))
        if unit[i] == 0.0:
            unit[i] = 1.0
    for i in range(_P):
        for j in range(_P):
            curvature[i * _P + j] = curvature[i * _P + j] / unit[i] / unit[j]


def _newton_move(
    up: list[float], curvature: list[float], move: list[float], told: list[float]
) -> None:
    """The uphill Newton move; told: the slope in standard units, whether curved as at a maximum.

    Not curved: a singular Hessian, a ridge, a plateau on which a bounded parameter may change its
    size at will, or a peak so sharp that rounding made it (the variance of the parameter's
    logarithm, for one row, is above 1e7 or below the 1e-14 that squares of deviations resolve).
    """
    unit, vectors = [0.0] * _P, [0.0] * (_P * _P)
    _in_units(curvature, unit)
    _eigen(curvature, vectors)
    told[0], told[1] = 0.0, 1.0
    for i in range(_P):
        move[i] = 0.0
    for k in range(_P):
        along, value = 0.0, curvature[k * _P + k]
        for i in range(_P):
            along += vectors[i * _P + k] * up[i] / unit[i]
        size = max(abs(value), 1e-10)
        told[0] += along * along / size
        if not value > 1e-7:
            told[1] = 0.0
        for i in range(_P):
            move[i] += vectors[i * _P + k] * along / size / unit[i]
    told[0] = math.sqrt(told[0])
    for i in range(_P):
        spread = 0.0
        for k in range(_P):
            part = vectors[i * _P + k]
            spread += part * part / max(abs(curvature[k * _P + k]), 1e-10)
        spread = spread / unit[i] / unit[i]
        if _is_bounded(i) and not 1e-14 < spread < 1e7:
            told[1] = 0.0


def _steepness(slope: list[float], bend: list[float]) -> float:
    """The length of a gradient, each parameter in its own standard unit."""
    total = 0.0
    for i in range(_P):
        total += slope[i] * slope[i] / abs(bend[i * _P + i])
    return math.sqrt(total)


def _all_finite(bend: list[float]) -> bool:
    """Whether every entry of a Hessian is."""
    finite = True
    for i in range(_P * _P):
        finite = finite and math.isfinite(bend[i])
    return finite


def _climb(data: Statistics, theta: list[float]) -> bool:
    """Newton's method in free coordinates (log, logit), uphill where the curvature is wrong.

    A move is halved until the value rises, or, close by, where rounding hides that, until the
    gradient falls.  A maximum is where the gradient vanishes in standard units, the move does too,
    and the Hessian is negative definite; False when none is reached, or when the value has stopped
    to rise before.  theta: the start, and afterwards the point that was reached.
    """
    slope, bend, up = [0.0] * _P, [0.0] * (_P * _P), [0.0] * _P
    curvature, move, told = [0.0] * (_P * _P), [0.0] * _P, [0.0] * 2
    there, slope_there, bend_there = [0.0] * _P, [0.0] * _P, [0.0] * (_P * _P)
    value = _height_at(data, theta, slope, bend)
    best, idle = math.inf, 0
    for _ in range(_MOST_STEPS):
        if not math.isfinite(value) or not _all_finite(bend) or idle > _MOST_IDLE:
            return False
        _curvature(slope, bend, theta, up, curvature)
        _newton_move(up, curvature, move, told)
        longest, far = 0.0, 3.0
        for i in range(_P):
            size = 1.0 if _is_bounded(i) else 1.0 + abs(theta[i])
            longest = max(longest, abs(move[i]) / size)
            if _is_bounded(i):
                far = max(far, abs(move[i]))
        concave, units = told[1] > 0.0, told[0]
        if concave and longest < 1e-7 and units < 1e-7:
            if not units < best / 2.0:
                return True
            best = units
        share = 3.0 / far
        rounding = 8.0 * _EPSILON * (1.0 + abs(value))
        polishing = concave and units < 1e-4
        rises, found = False, math.nan
        for _ in range(_MOST_HALVINGS):
            _moved(theta, move, share, there)
            found = _height_at(data, there, slope_there, bend_there)
            if math.isfinite(found) and _all_finite(bend_there):
                rises = found >= value - rounding
                if polishing and not rises:
                    rises = _steepness(slope_there, bend) < _steepness(slope, bend) / 2.0
            if rises:
                break
            share /= 2.0
        if not rises:
            return False
        idle = 0 if found > value + rounding else idle + 1
        value = found
        for i in range(_P):
            theta[i], slope[i] = there[i], slope_there[i]
        for i in range(_P * _P):
            bend[i] = bend_there[i]
    return False


def _is_peak(data: Statistics, theta: list[float]) -> bool:
    """Whether the value itself falls to both sides of a point, as each parameter moves.

    The others move along as the curvature says is best.  A Hessian that is negative definite only
    by its rounding errors, far out on a likelihood that rises for ever, is found out by this; and
    a value that is rounded there so much that it falls everywhere, by moves that change nothing.
    """
    slope, bend, up = [0.0] * _P, [0.0] * (_P * _P), [0.0] * _P
    curvature, inner = [0.0] * (_P * _P), [0.0] * (_P * _P)
    unit, vectors, along = [0.0] * _P, [0.0] * (_P * _P), [0.0] * _P
    value = _height_at(data, theta, slope, bend)
    there, other_slope, other_bend = [0.0] * _P, [0.0] * _P, [0.0] * (_P * _P)
    _curvature(slope, bend, theta, up, curvature)
    for i in range(_P * _P):
        inner[i] = curvature[i]
    _in_units(inner, unit)
    _eigen(inner, vectors)
    for i in range(_P):
        variance, longest, fall = 0.0, 1.0, 0.0
        for j in range(_P):
            along[j] = 0.0
            for k in range(_P):
                part = vectors[i * _P + k] * vectors[j * _P + k]
                along[j] += part / inner[k * _P + k]
            if i == j:
                variance = along[j]
        for j in range(_P):
            along[j] *= math.sqrt(2e-8 * (1.0 + abs(value)) / variance) / unit[j]
            if _is_bounded(j):
                longest = max(longest, 2.0 * abs(along[j]))
        for j in range(_P):
            for k in range(_P):
                fall += along[j] * curvature[j * _P + k] * along[k] / longest / longest / 2.0
        for side in range(2):
            _moved(theta, along, (1.0 if side == 0 else -1.0) / longest, there)
            lower = _height_at(data, there, other_slope, other_bend)
            if not value - lower > fall / 8.0:
                return False
            if variance > _WEAK * unit[i] * unit[i]:
                _moved(theta, along, (1e-6 if side == 0 else -1e-6) / longest, there)
                lower = _height_at(data, there, other_slope, other_bend)
                if not abs(value - lower) < fall / 8.0:
                    return False
    return True


def _solved(matrix: list[float], vector: list[float]) -> bool:
    """Leaves matrix**-1 * vector in the vector, by elimination with pivots; False if singular."""
    for k in range(_P):
        pivot = k
        for i in range(k + 1, _P):
            if abs(matrix[i * _P + k]) > abs(matrix[pivot * _P + k]):
                pivot = i
        if not abs(matrix[pivot * _P + k]) > 0.0:
            return False
        for j in range(_P):
            here, there = matrix[k * _P + j], matrix[pivot * _P + j]
            matrix[k * _P + j], matrix[pivot * _P + j] = there, here
        here, there = vector[k], vector[pivot]
        vector[k], vector[pivot] = there, here
        for i in range(k + 1, _P):
            share = matrix[i * _P + k] / matrix[k * _P + k]
            for j in range(k, _P):
                matrix[i * _P + j] -= share * matrix[k * _P + j]
            vector[i] -= share * vector[k]
    for k in range(_P - 1, -1, -1):
        for j in range(k + 1, _P):
            vector[k] -= matrix[k * _P + j] * vector[j]
        vector[k] /= matrix[k * _P + k]
    return True


def _is_negative_definite(bend: list[float]) -> bool:
    """Whether a symmetric matrix is, by its eigenvalues in standard units; it is overwritten."""
    unit, vectors = [0.0] * _P, [0.0] * (_P * _P)
    for i in range(_P * _P):
        bend[i] = -bend[i]
    for i in range(_P):
        if not bend[i * _P + i] > 0.0:
            return False
    _in_units(bend, unit)
    _eigen(bend, vectors)
    negative = True
    for i in range(_P):
        negative = negative and bend[i * _P + i] > 0.0
    return negative
