"""What part of an axis a picture shows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symmle.diagnosis.running import Floats
from symmle.domain import Domain

_MARGIN = 0.08  # of the span of what is marked, on each side
_FARTHER = 2.0  # times that span: a path is shown as far as this


@dataclass(frozen=True, slots=True)
class Window:
    """The ends of an axis; open: an end that the domain leaves out, so that no point is on it."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False

    def holds(self, other: "Window") -> bool:
        """Whether another window lies in this one, ends included."""
        return self.low <= other.low and other.high <= self.high

    def inner(self, count: int) -> tuple[float, float]:
        """The first and last of `count` points: half a cell inside an open end."""
        cell = (self.high - self.low) / count
        return (
            self.low + cell / 2 if self.open_low else self.low,
            self.high - cell / 2 if self.open_high else self.high,
        )


def around(
    marked: Sequence[float], near: Sequence[float], unit: float, domain: Domain, units: float = 3.0
) -> Window:
    """What shows all marked values with some units about them, and the values `near` too.

    marked: at least one value.  The window does not leave a domain with numbers for its ends.
    """
    low = min([min(marked) - units * unit, *near])
    high = max([max(marked) + units * unit, *near])
    return within(Window(low - _MARGIN * (high - low), high + _MARGIN * (high - low)), domain)


def near_by(marked: Floats, path: Floats, units: Floats) -> Floats:
    """The points of a path (rows) that are not far from the marked ones, in every variable."""
    low, high = marked.min(axis=0) - units, marked.max(axis=0) + units
    reach = _FARTHER * (high - low)
    here = np.all((path >= low - reach) & (path <= high + reach), axis=1)
    found: Floats = path[here]
    return found


def within(window: Window, domain: Domain) -> Window:
    """The window cut at the ends of a domain, where those are numbers."""
    low, high = window.low, window.high
    open_low = open_high = False
    lower, upper = bound(domain.lower), bound(domain.upper)
    if lower >= low:
        low, open_low = lower, not domain.lower_closed
    if upper <= high:
        high, open_high = upper, not domain.upper_closed
    return Window(low, high, open_low, open_high)


def bound(end: sp.Expr) -> float:
    """An end of a domain as a number; nan, which bounds nothing, where other variables move it."""
    return float(end) if end.is_number else math.nan
