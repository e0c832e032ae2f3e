"""Parameters that are angles: a search goes once round, and points a turn apart are one."""

import math
from collections.abc import Mapping, Sequence

import sympy as sp

from symmle.fit.certify import Certificate
from symmle.model import Model

_SAME = 1e-9


def turns(model: Model) -> dict[sp.Symbol, float]:
    """{parameter: its period}, where SymPy shows that the density is the same a turn further."""
    found = {}
    for parameter in model.parameters:
        period, symbol = parameter.domain.period, parameter.symbol
        if period is None:
            continue
        if model.log_density.xreplace({symbol: symbol + period}) == model.log_density:
            found[symbol] = float(period)
    return found


def in_first_turn(
    theta: Mapping[sp.Symbol, float], periods: Mapping[sp.Symbol, float]
) -> dict[sp.Symbol, float]:
    """The same law, with each angle between minus and plus half a turn."""
    return {s: math.remainder(v, periods[s]) if s in periods else v for s, v in theta.items()}


def once_round(
    near: Mapping[sp.Symbol, float] | None, periods: Mapping[sp.Symbol, float]
) -> dict[sp.Symbol, tuple[float, float]]:
    """A side for each angle that is a turn wide, and a little more; about a point, or zero."""
    found = {}
    for symbol, period in periods.items():
        middle, half = 0.0 if near is None else near[symbol], period / 2 * (1 + 2.0**-30)
        found[symbol] = (middle - half, middle + half)
    return found


def without_repeats(
    found: Sequence[Certificate], periods: Mapping[sp.Symbol, float]
) -> list[Certificate]:
    """Each point once, where the two ends of a turn both have it."""
    kept: list[Certificate] = []
    for proof in found:
        if not any(_a_turn_apart(proof, other, periods) for other in kept):
            kept.append(proof)
    return kept


def _a_turn_apart(one: Certificate, other: Certificate, periods: Mapping[sp.Symbol, float]) -> bool:
    for symbol, place in one.centre.items():
        gap = float(place - other.centre[symbol])
        if symbol in periods:
            gap = math.remainder(gap, periods[symbol])
        if abs(gap) > _SAME * (1 + abs(float(place))):
            return False
    return True
