"""Every zero of a function of one unknown in an interval: bisection with the slope beside it.

An interval is thrown away where the function, or its mean-value form, has no zero on it; where
the slope has one sign, the signs at the two ends tell whether there is one zero or none.
Source: A. Neumaier, Interval Methods for Systems of Equations (1990), chapter 5.
"""

import time
from dataclasses import dataclass

from flint import arb, ctx

from symmle.enclosed import Enclosed

_NARROW = 2.0**-40  # beside the place and the first width
_REFINEMENTS = 200


@dataclass(frozen=True, slots=True)
class Zeros:
    """places: a ball round each zero, that holds no other.  undecided: closed intervals left.
    done: whether all was looked at in the time; where not, nothing is known of the interval."""

    places: tuple[arb, ...]
    undecided: tuple[tuple[float, float], ...]
    done: bool


def zeros_on_line(laid: Enclosed, low: float, high: float, stop: float) -> Zeros:
    """laid: the function and its slope, of one symbol.  low < high: the closed interval.

    stop: the time of the processor at which it is left.
    """
    found: list[arb] = []
    left: list[tuple[float, float]] = []
    pending = [(low, high)]
    with ctx.workprec(laid.precision):
        while pending:
            if time.process_time() > stop:
                return Zeros(tuple(found), tuple(left), False)
            a, b = pending.pop()
            verdict = _looked_at(laid, a, b)
            if isinstance(verdict, arb):
                found.append(verdict)
            elif verdict:
                middle = _middle(a, b)
                narrow = b - a <= _NARROW * max(abs(a), abs(b), 0.001 * (high - low))
                if narrow or not a < middle < b:
                    left.append((a, b))
                else:
                    pending += [(a, middle), (middle, b)]
    return Zeros(tuple(_distinct(found)), tuple(left), True)


def _looked_at(laid: Enclosed, a: float, b: float) -> arb | bool:
    """False: no zero.  A ball: round the one zero.  True: not known."""
    wide = arb(a).union(arb(b))
    value, slope = laid.at([wide])
    if value > 0 or value < 0:
        return False
    if not (value.is_finite() and slope.is_finite()):
        return True
    centre = wide.mid()
    here = laid.at([centre])[0] + slope * (wide - centre)
    if here > 0 or here < 0:
        return False
    if not (slope > 0 or slope < 0):
        return True
    first, last = (laid.at([arb(end)])[0] for end in (a, b))
    if not (_signed(first) and _signed(last)):
        return True
    return False if (first > 0) == (last > 0) else _refined(laid, wide)


def _refined(laid: Enclosed, wide: arb) -> arb:
    """Newton's interval operator, from an interval with one zero where the slope has one sign."""
    for _ in range(_REFINEMENTS):
        slope = laid.at([wide])[1]
        centre = wide.mid()
        step = laid.at([centre])[0] / slope
        if not step.is_finite():
            return wide
        narrower = wide.intersection(centre - step)
        if not narrower.rad() < wide.rad() * 0.9:
            return narrower
        wide = narrower
    return wide


def _signed(value: arb) -> bool:
    return bool(value > 0 or value < 0)


def _middle(a: float, b: float) -> float:
    """Off the middle, so that symmetric data do not have a zero at every end."""
    if a > 0 and b > 2 * a:
        return float(a**0.4871 * b**0.5129)
    if b < 0 and a < 2 * b:
        return -float((-a) ** 0.4871 * (-b) ** 0.5129)
    return a + (b - a) * 0.4871


def _distinct(found: list[arb]) -> list[arb]:
    return sorted(found, key=lambda place: place.mid())
