"""Coordinates in which a domain has no ends: log for a half-line, logit for an interval."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from symmle.model import Model

_MOST = 690.0  # exp of more than this leaves the doubles


@dataclass(frozen=True, slots=True)
class Chart:
    """One parameter between low and high, either of which may be infinite.

    period: of an angle, whose turns are the same point; 0 elsewhere.
    """

    low: float
    high: float
    period: float = 0.0

    def apart(self, a: float, b: float) -> float:
        """How far two values are apart, in the coordinate."""
        gap = self.coordinate(a) - self.coordinate(b)
        return abs(math.remainder(gap, self.period) if self.period else gap)

    def coordinate(self, value: float) -> float:
        """The coordinate of a value inside the domain."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            return math.log(value - self.low) - math.log(self.high - value)
        if math.isfinite(self.low):
            return math.log(value - self.low)
        return -math.log(self.high - value) if math.isfinite(self.high) else value

    def value(self, coordinate: float) -> float:
        """The value at a coordinate, and inside the domain unless rounding makes it an end."""
        if math.isinf(self.low) and math.isinf(self.high):
            return coordinate
        c = min(max(coordinate, -_MOST), _MOST)
        if math.isinf(self.high):
            return self.low + math.exp(c)
        if math.isinf(self.low):
            return self.high - math.exp(-c)
        width = self.high - self.low
        if c < 0:
            return self.low + width * math.exp(c) / (1 + math.exp(c))
        return self.high - width * math.exp(-c) / (1 + math.exp(-c))

    def slopes(self, value: float) -> tuple[float, float]:
        """The first and second derivative of the value in the coordinate."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            a, b = value - self.low, self.high - value
            first = a * b / (a + b)
            return first, first * (b - a) / (a + b)
        if math.isfinite(self.low):
            return value - self.low, value - self.low
        if math.isfinite(self.high):
            return self.high - value, value - self.high
        return 1.0, 0.0


def charts(model: Model, theta: Mapping[sp.Symbol, float]) -> tuple[Chart, ...]:
    """One for each parameter; an end that another parameter moves stands where it is at theta."""
    values = {symbol: sp.Float(value, 17) for symbol, value in theta.items()}
    found = []
    for parameter in model.parameters:
        where = parameter.domain.at(values)
        period = 0.0 if where.period is None else float(where.period)
        found.append(Chart(float(where.lower), float(where.upper), period))
    return tuple(found)


def between_moving_ends(model: Model) -> Callable[[Sequence[float]], bool]:
    """Whether a point lies strictly between the ends that parameters move, as q < 1 - p does."""
    ends = [
        (i, sp.lambdify(model.symbols, [p.domain.lower, p.domain.upper], "math"))
        for i, p in enumerate(model.parameters)
        if p.domain.depends_on
    ]

    def inside(point: Sequence[float]) -> bool:
        between = (low < point[i] < high for i, of in ends for low, high in (of(*point),))
        return all(between)

    return inside


def mapped(chart_of: Sequence[Chart], coordinates: Sequence[float]) -> tuple[float, ...]:
    """The values at coordinates, one chart each."""
    return tuple(c.value(at) for c, at in zip(chart_of, coordinates, strict=True))
