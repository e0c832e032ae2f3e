"""Estimates at an end of the support that the data set.

Where parameters move the ends of the support, each end is taken as a coordinate of its own: a
lower end A <= min(x), an upper end B >= max(x).  If the likelihood is monotone in such an end
whatever the other parameters are, its maximum lies where the data stop it; there the end is an
order statistic, and the other parameters are left to the ordinary elimination.
Source: Casella & Berger, Statistical Inference (2002), example 7.2.9 and section 6.2; Smith,
Maximum likelihood estimation in a class of nonregular cases, Biometrika 72 (1985), for thresholds
where the likelihood is not monotone: nothing is claimed of those here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from types import MappingProxyType

import sympy as sp

from symmle.derive import Derivation
from symmle.derive.logs import split_logs
from symmle.domain import Datum, Domain, Variable
from symmle.estimate.isolate import isolate
from symmle.estimate.records import Estimator, Kind
from symmle.estimate.remaining import Remaining, remaining
from symmle.estimate.slope_sign import Slope, slope_sign
from symmle.known import Known
from symmle.model import Model
from symmle.order_statistics import Maximum, Minimum

_MOST_ENDS = 4


@dataclass(frozen=True, slots=True)
class End:
    """An end of the support of one column that parameters move."""

    column: sp.Symbol
    place: sp.Expr
    lower: bool
    closed: bool
    whole: bool = False

    @property
    def extreme(self) -> sp.Expr:
        """The observation that stops it; the next whole number where both are and it is open."""
        if self.whole and not self.closed:
            return Minimum(self.column) - 1 if self.lower else Maximum(self.column) + 1
        return Minimum(self.column) if self.lower else Maximum(self.column)


@dataclass(frozen=True, slots=True)
class Pin:
    """A coordinate with the ends that it moves, and how the likelihood changes in it.

    parameter: what it stands in for; letter: the coordinate.  below, above: what the coordinate
    may not go below or above, by the data.
    """

    parameter: sp.Symbol
    letter: sp.Symbol
    below: tuple[sp.Expr, ...]
    above: tuple[sp.Expr, ...]
    slope: Slope

    @property
    def value(self) -> sp.Expr | None:
        """Where the coordinate comes to rest; None where nothing stops it."""
        low = sp.Max(*self.below) if self.below else None
        high = sp.Min(*self.above) if self.above else None
        if self.slope.sign < 0:
            return low
        if self.slope.sign > 0:
            return high
        return None if low is None or high is None else (low + high) / 2


def boundary(derivation: Derivation) -> Estimator | None:
    """The estimate where every moved end is pinned by the data; None where that is not shown."""
    model = derivation.model
    ends = moved_ends(model)
    by_rows = any(isinstance(s, Datum) for end in ends for s in end.place.free_symbols)
    if not derivation.smooth or by_rows or len(ends) > _MOST_ENDS:
        return None
    log_density = split_logs(model)
    for groups in _assignments(model, ends):
        coordinates = _coordinates(model, groups)
        if coordinates is None:
            continue
        pins = _pins(model, log_density.xreplace(dict(coordinates)), groups, coordinates)
        if pins is not None:
            return _estimator(derivation, ends, coordinates, pins)
    return None


def moved_ends(model: Model) -> list[End]:
    """The ends of the data's domains that depend on parameters."""
    theta = set(model.symbols)
    whole_numbers = {p.symbol for p in model.parameters if p.domain.integer}
    found = []
    for variable in model.data:
        where = variable.domain
        for place, lower, closed in (
            (where.lower, True, where.lower_closed),
            (where.upper, False, where.upper_closed),
        ):
            moving = place.free_symbols & theta
            if moving:
                whole = where.integer and moving <= whole_numbers
                found.append(End(variable.symbol, place, lower, closed, whole))
    return found


def _assignments(model: Model, ends: list[End]) -> Iterator[dict[sp.Symbol, list[End]]]:
    """{parameter: the ends that it is to stand for}, in all ways that leave none out."""
    theta = set(model.symbols)
    alone: dict[sp.Symbol, list[End]] = {}
    shared = []
    for end in ends:
        symbols = end.place.free_symbols & theta
        if len(symbols) == 1:
            alone.setdefault(symbols.pop(), []).append(end)
        else:
            shared.append(end)
    free = [s for s in model.symbols if s not in alone]
    for chosen in permutations(free, len(shared)):
        if all(s in end.place.free_symbols for s, end in zip(chosen, shared, strict=True)):
            yield alone | {s: [end] for s, end in zip(chosen, shared, strict=True)}


def _coordinates(
    model: Model, groups: Mapping[sp.Symbol, list[End]]
) -> dict[sp.Symbol, sp.Expr] | None:
    """{parameter: itself in the coordinates}: an end that several parameters move is a letter."""
    theta = set(model.symbols)
    variables = {v.symbol: v for v in model.parameters}
    found: dict[sp.Symbol, sp.Expr] = {}
    for symbol, ends in groups.items():
        if len(ends[0].place.free_symbols & theta) == 1:
            continue
        letter = sp.Dummy(f"end_{symbol}", real=True)
        solution = isolate(ends[0].place.xreplace(found) - letter, variables[symbol])
        if solution is None or solution.positive:
            return None
        found = {s: value.xreplace({symbol: solution.value}) for s, value in found.items()}
        found[symbol] = solution.value
    return found


def _letter(symbol: sp.Symbol, coordinates: Mapping[sp.Symbol, sp.Expr]) -> sp.Symbol:
    """The coordinate that stands for a parameter: itself, or the letter of its end."""
    if symbol not in coordinates:
        return symbol
    return next(
        s for s in coordinates[symbol].free_symbols if s.name == f"end_{symbol}" and s.is_Dummy
    )


def _pins(
    model: Model,
    log_density: sp.Expr,
    groups: Mapping[sp.Symbol, list[End]],
    coordinates: Mapping[sp.Symbol, sp.Expr],
) -> list[Pin] | None:
    pins = []
    variables = {v.symbol: v for v in model.parameters}
    for symbol, ends in groups.items():
        letter = _letter(symbol, coordinates)
        whole = Variable(letter, Domain("real", -sp.oo, sp.oo))
        below: list[sp.Expr] = []
        above: list[sp.Expr] = []
        for end in ends:
            place = sp.expand(end.place.xreplace(dict(coordinates)))
            rises = place.diff(letter)
            stop = isolate(place - end.extreme, variables[symbol] if letter == symbol else whole)
            if variables[symbol].domain.integer and not _steps_by_one(place, letter, end):
                return None
            if stop is None or not (rises.is_positive or rises.is_negative):
                return None
            (above if end.lower == bool(rises.is_positive) else below).append(stop.value)
        slope = slope_sign(model, log_density, letter, dict(coordinates))
        pin = None if slope is None else Pin(symbol, letter, tuple(below), tuple(above), slope)
        if pin is None or pin.value is None:
            return None
        pins.append(pin)
    return pins


def _steps_by_one(place: sp.Expr, symbol: sp.Symbol, end: End) -> bool:
    """Whether a whole-number parameter moves the end of whole-number data by whole numbers."""
    shift = sp.expand(place - place.diff(symbol) * symbol)
    return end.whole and abs(place.diff(symbol)) == 1 and bool(shift.is_Integer)


def _estimator(
    derivation: Derivation,
    ends: list[End],
    coordinates: dict[sp.Symbol, sp.Expr],
    pins: list[Pin],
) -> Estimator | None:
    model = derivation.model
    fixed = {pin.letter: sp.Dummy(pin.letter.name, **_signs(pin)) for pin in pins}
    places = {fixed[pin.letter]: pin.value for pin in pins}
    held = {
        pin.parameter: coordinates.get(pin.parameter, pin.letter).xreplace(fixed) for pin in pins
    }
    average = derivation.average_log_likelihood.xreplace(coordinates).xreplace(fixed)
    left = remaining(model, average, held, places, _room(pins))
    rest = [v for v in model.parameters if v.symbol not in held]
    if any(v.domain.integer for v in rest):
        return None
    if left.runaway is not None:
        return _runs_away(derivation, left.runaway)
    if not left.values:
        return None
    known = Known.PROVED
    for pin in pins:
        known = known.weaker(pin.slope.known)
    optima = {
        pin.parameter: (sp.Max(*pin.below), sp.Min(*pin.above))
        for pin in pins
        if pin.slope.sign == 0
    }
    return Estimator(
        Kind.BOUNDARY,
        MappingProxyType(left.values),
        left.unknowns,
        left.equation,
        left.exists,
        (left.complete and not optima) or None,
        derivation.score.hessian.applyfunc(lambda h: h.xreplace(left.values)),
        known.weaker(left.maximum),
        _road(ends, pins, left),
        known,
        tuple(pin.parameter for pin in pins),
        MappingProxyType(optima),
    )


def _signs(pin: Pin) -> dict[str, bool]:
    """What is assumed of the value that the data give: real, and positive where it must be."""
    return {"positive": True} if pin.letter.is_positive else {"real": True}


def _room(pins: list[Pin]) -> list[sp.Basic]:
    """Conditions that the stops leave room: the lowest place is below the highest."""
    return [
        sp.StrictGreaterThan(high - low, 0, evaluate=False)
        for pin in pins
        for low in pin.below
        for high in pin.above
    ]


def _road(ends: list[End], pins: list[Pin], left: Remaining) -> str:
    """By what the estimate is known, in one sentence."""
    told = []
    for pin in pins:
        side = "lower" if pin.above else "upper"
        what = pin.parameter if pin.letter == pin.parameter else f"the {side} end of the support"
        if pin.slope.sign == 0:
            told.append(f"the likelihood does not depend on {what} while the data lie inside")
        else:
            way = "rises" if pin.slope.sign > 0 else "falls"
            seen = "" if pin.slope.known is Known.PROVED else " (its slope at random points)"
            told.append(
                f"the likelihood {way} in {what} until the data stop it at {pin.value}{seen}"
            )
    if not all(end.closed or end.whole for end in ends):
        told.append(
            "the support is open at its end, so this is the supremum, attained once the end "
            "is counted in"
        )
    others = {*left.values, *left.unknowns} - {pin.parameter for pin in pins}
    if others and left.maximum is not Known.PROVED:
        told.append("in the other parameters the sign of H is decided at numbers only")
    return "; ".join(dict.fromkeys(told))


def _runs_away(derivation: Derivation, symbol: sp.Symbol) -> Estimator:
    return Estimator(
        Kind.NONE,
        MappingProxyType({}),
        derivation.score.parameters,
        None,
        sp.false,
        None,
        derivation.score.hessian,
        Known.UNKNOWN,
        f"the likelihood is monotone in {symbol}: it runs to the end of its domain",
        Known.PROVED,
    )
