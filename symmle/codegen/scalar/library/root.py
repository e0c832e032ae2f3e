"""One equation in one unknown: `_equation(data, value, out)`, which the program holds.

It gives (value, slope, size of the value's terms); here low and high are the ends of its domain.
"""

import math

from symmle.codegen.scalar.library.program import Statistics, _equation, _height

_EPSILON = 2.0**-52
_MOST_STEPS = 200
_REACHES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 96.0, 0.25, 0.03)


def _inside(coordinate: float, low: float, high: float) -> float:
    """A point of the interval (low, high) for any real coordinate."""
    if math.isinf(low) and math.isinf(high):
        return math.sinh(coordinate)
    if math.isinf(high):
        return low + math.exp(coordinate)
    if math.isinf(low):
        return high - math.exp(-coordinate)
    return low + (high - low) / (1.0 + math.exp(-coordinate))


def _stretch(coordinate: float, low: float, high: float) -> float:
    """The derivative of `_inside` in the coordinate."""
    if math.isinf(low) and math.isinf(high):
        return math.cosh(coordinate)
    if math.isinf(high):
        return math.exp(coordinate)
    if math.isinf(low):
        return math.exp(-coordinate)
    share = 1.0 / (1.0 + math.exp(-coordinate))
    return (high - low) * share * (1.0 - share)


def _valued(data: Statistics, point: float, out: list[float]) -> None:
    """The equation at a point; nan where it overflows or divides by zero."""
    try:
        _equation(data, point, out)
    except (ArithmeticError, ValueError):
        out[0], out[1], out[2] = math.nan, math.nan, math.nan


def _root(data: Statistics, low: float, high: float, highest: bool) -> float:
    """Where the equation falls through zero; nan where it does not.

    highest: of all roots, also those at which it rises, the one with the largest likelihood.
    Signs beyond rounding are looked for outwards, at coordinates kept in rising order.
    """
    at, sign, count = [0.0] * 22, [0.0] * 22, 0
    out = [0.0] * 3
    best, found = -math.inf, math.nan
    for k in range(22):
        side = 1.0 if k % 2 == 0 else -1.0
        coordinate = side * _REACHES[k // 2]
        if k == 1:
            continue
        _valued(data, _inside(coordinate, low, high), out)
        if not math.isfinite(out[0]) or not abs(out[0]) > 16.0 * _EPSILON * out[2]:
            continue
        place = count
        while place > 0 and at[place - 1] > coordinate:
            at[place], sign[place] = at[place - 1], sign[place - 1]
            place -= 1
        at[place] = coordinate
        sign[place] = 1.0 if out[0] > 0.0 else -1.0
        count += 1
        for left in range(place - 1, place + 1):
            if left < 0 or left + 1 >= count or sign[left] == sign[left + 1]:
                continue
            if sign[left] < 0.0 and not highest:
                continue
            root = _root_between(data, at[left], at[left + 1], low, high, sign[left])
            if math.isnan(root):
                continue  # a pole between the two, and no root that was met
            if not highest:
                return root
            here = _height(data, root)
            if here > best:
                best, found = here, root
    return found


def _root_between(
    data: Statistics, left: float, right: float, low: float, high: float, sign: float
) -> float:
    """Newton's method in a coordinate without ends, by bisection where that leaves the bracket or
    is slow, and at the end in the unknown itself; nan at a pole.
    """
    now, last = (left + right) / 2.0, right - left
    out = [0.0] * 3
    for _ in range(_MOST_STEPS):
        point, stretch = _inside(now, low, high), _stretch(now, low, high)
        _valued(data, point, out)
        if not math.isfinite(out[0]):
            return math.nan
        if sign * out[0] > 0.0:
            left = now
        else:
            right = now
        move = -out[0] / (out[1] * stretch) if out[1] * stretch != 0.0 else math.inf
        if not (left < now + move < right and abs(move) < last / 2.0):
            move = (left + right) / 2.0 - now
        now += move
        last = abs(move)
        if last <= 1e-9 * max(1.0, abs(now)):
            break
    point, last = _inside(now, low, high), math.inf
    for _ in range(_MOST_STEPS):
        _valued(data, point, out)
        move = -out[0] / out[1] if out[1] != 0.0 else 0.0
        if not abs(move) < last / 2.0 or not low < point + move < high:
            break
        point += move
        last = abs(move)
    return point
