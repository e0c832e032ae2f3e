"""Where a program is doubted: a few rows, and points inside the domains at no special place.

The choice is fixed, so that an answer can be reproduced.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import mpmath
import sympy as sp

from symmle import trial
from symmle.domain import Domain
from symmle.model import Model

_SPREADS = (0.7, 0.7, 1.6, 2.5)  # of the points drawn beside the first two
_TRIES = 40
_ROWS = 7
_WEIGHTS = (1.0, 2.0, 0.0, 3.0, 1.0, 0.5, 4.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Rows, each repeated so many times, their weights or None, and a point."""

    columns: tuple[tuple[float, ...], ...]
    theta: tuple[float, ...]
    weights: tuple[float, ...] | None = None
    repeat: int = 1

    @property
    def all_columns(self) -> list[tuple[float, ...]]:
        """The columns as a program is given them."""
        return [column * self.repeat for column in self.columns]

    @property
    def all_weights(self) -> tuple[float, ...] | None:
        """One weight a row of those."""
        return None if self.weights is None else self.weights * self.repeat

    def weighted(self) -> "Place":
        """The same rows with unequal weights, one of them 0."""
        kept = len(self.columns[0])
        return replace(self, weights=(_WEIGHTS * (1 + kept // len(_WEIGHTS)))[:kept])

    def text(self, model: Model) -> str:
        """As one would type it."""
        names = [*(v.name for v in model.data), *(v.name for v in model.parameters)]
        told = [[_short(v) for v in column] for column in self.columns]
        rows = [f"[{', '.join(column)}]" for column in told]
        if self.repeat > 1:
            rows = [f"{self.repeat} times {each}" for each in rows]
        values = [*rows, *map(_short, self.theta)]
        said = [f"{name} = {value}" for name, value in zip(names, values, strict=False)]
        if self.weights is not None:
            said.append(f"weights [{', '.join(map(_short, self.weights))}]")
        return ", ".join(said)


def _short(value: float) -> str:
    return repr(value).removesuffix(".0")


def places(model: Model, has_value: Callable[[Place], bool]) -> tuple[Place, ...]:
    """Samples at points, where there is a value; the tame ones first."""
    draw = Random(7)
    found = []

    def is_place(place: Place) -> bool:
        return is_inside(place, model) and has_value(place)

    for columns in _samples(model, draw):
        named = [tuple(float(point[s]) for s in model.symbols) for point in trial.points(model)]
        tried = [Place(columns, theta) for theta in named]
        found += [place for place in tried if is_place(place)]
        for spread in _SPREADS:
            drawn = (_drawn_point(model, draw, spread) for _ in range(_TRIES))
            tries = (Place(columns, theta) for theta in drawn if theta is not None)
            found += [place for place in [next(filter(is_place, tries), None)] if place]
    return tuple(found)


def joined(samples: Sequence[Place]) -> Place:
    """The rows of all samples in one, at the first point."""
    columns = zip(*(place.columns for place in samples), strict=True)
    whole = tuple(tuple(value for part in parts for value in part) for parts in columns)
    return Place(whole, samples[0].theta)


def _samples(model: Model, draw: Random) -> Iterator[tuple[tuple[float, ...], ...]]:
    for columns in trial.samples(model):
        yield tuple(tuple(map(float, column)) for column in columns.values())
    if not any(variable.domain.depends_on for variable in model.data):
        rows = []
        for _ in range(_ROWS):
            here: dict[sp.Symbol, sp.Expr] = {}
            for variable in model.data:
                where = variable.domain.at(here)
                here[variable.symbol] = sp.Float(_drawn(where, draw, 2.0), 17)
            rows.append([float(value) for value in here.values()])
        yield tuple(zip(*rows, strict=True))


def _drawn_point(model: Model, draw: Random, spread: float) -> tuple[float, ...] | None:
    point: dict[sp.Symbol, sp.Expr] = {}
    for parameter in model.parameters:
        domain = parameter.domain.at(point)
        if not all(end.is_number for end in (domain.lower, domain.upper)):
            return None
        point[parameter.symbol] = sp.Float(_drawn(domain, draw, spread), 17)
    return tuple(float(value) for value in point.values())


def _drawn(domain: Domain, draw: Random, spread: float) -> float:
    """A number of the domain; the spread is that of the logarithm of its distance to an end."""
    low, high = float(domain.lower), float(domain.upper)
    u = draw.gauss(0, spread)
    if domain.integer:
        if math.isinf(low):
            return float(round(3 * u))
        return min(low + math.floor(math.exp(abs(u))), high - (not domain.upper_closed))
    if math.isinf(low):
        return 1.5 * u if math.isinf(high) else high - math.exp(u)
    if math.isinf(high):
        return low + math.exp(u)
    return low + (high - low) / (1 + math.exp(-u))


def simpler(place: Place, model: Model, fails: Callable[[Place], bool]) -> Place:
    """A place with fewer rows and shorter numbers at which the same fails."""
    for smaller in _smaller(place):
        if fails(smaller):
            return simpler(smaller, model, fails)
    for digits in (0, 1, 2):
        for rounded in _rounded(place, digits):
            if rounded != place and is_inside(rounded, model) and fails(rounded):
                place = rounded
    return place


def _smaller(place: Place) -> Iterator[Place]:
    if place.repeat > 1:
        yield replace(place, repeat=1)
    if place.weights is not None:
        yield replace(place, weights=None)
    rows = len(place.columns[0])
    parts = [range(k, k + 1) for k in range(rows)] if rows > 2 else []
    parts += [range(rows // 2), range(rows // 2, rows), range(rows - 1)] if rows > 1 else []
    for part in parts:
        weights = None if place.weights is None else tuple(place.weights[i] for i in part)
        if weights is None or any(weights):
            columns = tuple(tuple(column[i] for i in part) for column in place.columns)
            yield replace(place, columns=columns, weights=weights)


def _rounded(place: Place, digits: int) -> Iterator[Place]:
    columns = tuple(tuple(round(v, digits) for v in column) for column in place.columns)
    yield replace(place, columns=columns)
    for i, value in enumerate(place.theta):
        theta = (*place.theta[:i], round(value, digits), *place.theta[i + 1 :])
        yield replace(place, theta=theta)


def is_inside(place: Place, model: Model) -> bool:
    """Whether the rows lie in the support, and the point in its domains."""
    point = {s: sp.Float(v, 17) for s, v in zip(model.symbols, place.theta, strict=True)}
    if not all(p.domain.at(point).contains(point[p.symbol]) is True for p in model.parameters):
        return False
    for row in zip(*place.columns, strict=True):
        here = {v.symbol: sp.Float(x, 17) for v, x in zip(model.data, row, strict=True)}
        for variable in model.data:
            if variable.domain.at({**point, **here}).contains(here[variable.symbol]) is not True:
                return False
    return all(map(mpmath.isfinite, place.theta))
