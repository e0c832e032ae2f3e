"""Boxes to search, where the whole domain cannot be: a wide one, and a growing row of them."""

from collections.abc import Iterator, Mapping, Sequence

import sympy as sp

from symmle.derive import Derivation
from symmle.domain import Domain
from symmle.enclosed import Rows

Box = tuple[tuple[float, float], ...]
Sides = dict[sp.Symbol, tuple[float, float]]

_FACTORS = (
    1.05,
    1.2,
    1.5,
    2.2,
    4.0,
    10.0,
    30.0,
    100.0,
    400.0,
    2000.0,
    1e4,
)  # further and further off


def default_box(
    derivation: Derivation, rows: Rows, pulled: Sequence[sp.Symbol] = ()
) -> dict[sp.Symbol, tuple[float, float]] | None:
    """A wide box from the size and the range of the data; it proves nothing of what is outside.

    pulled: parameters that no stationary point has beyond the data.
    """
    values = [float(value) for column in rows.values() for value in column]
    low, high = min(values), max(values)
    size = max(abs(low), abs(high)) or 1.0
    spread = (high - low) or size
    result = {}
    for parameter in derivation.model.parameters:
        domain = parameter.domain
        if not (domain.lower.is_number and domain.upper.is_number):
            return None
        lower, upper = (
            float(end) if end.is_finite else None for end in (domain.lower, domain.upper)
        )
        if lower is not None and upper is not None:
            edge = (upper - lower) * 2.0**-20
            ends = (lower + edge, upper - edge)
        elif lower is not None:
            ends = (lower + spread * 2.0**-7, lower + 100 * max(1.0, spread))
        elif upper is not None:
            ends = (upper - 100 * max(1.0, spread), upper - spread * 2.0**-7)
        else:
            ends = (low - spread, high + spread)
        if parameter.symbol in pulled and low < high:
            first = low if lower is None or low > lower else lower + spread * 2.0**-12
            last = high if upper is None or high < upper else ends[1]
            ends = (first, last) if first < last else ends
        result[parameter.symbol] = ends
    return result


def pulls(
    box: Mapping[sp.Symbol, tuple[float, float]], pulled: Sequence[sp.Symbol], rows: Rows
) -> tuple[str, ...]:
    """What is proved of the outside, for each parameter whose side of the box is all there is."""
    values = [float(value) for column in rows.values() for value in column]
    return tuple(
        f"outside {box[s][0]:.6g} <= {s} <= {box[s][1]:.6g} every row pulls it back"
        for s in pulled
        if box[s] == (min(values), max(values))
    )


def growing(
    derivation: Derivation,
    near: Mapping[sp.Symbol, float],
    units: Mapping[sp.Symbol, float],
    held: Sides,
) -> list[Sides]:
    """Boxes round a point, each within the next; empty where the point is not inside.

    units: how far each parameter goes at first, if it goes over the whole line.  held: the sides
    of those parameters that keep them.
    """
    boxes = []
    for factor in _FACTORS:
        sides: Sides = {}
        for parameter in derivation.model.parameters:
            symbol, domain = parameter.symbol, parameter.domain
            if symbol in held:
                sides[symbol] = held[symbol]
                continue
            if not (domain.lower.is_number and domain.upper.is_number):
                return []
            sides[symbol] = _around(domain, near[symbol], factor, units[symbol])
        if not all(low < near[s] < high for s, (low, high) in sides.items()):
            return []
        boxes.append(sides)
    return boxes


def _around(domain: Domain, place: float, factor: float, unit: float) -> tuple[float, float]:
    low, high = float(domain.lower), float(domain.upper)
    down, up = place - low, high - place
    if down == up == float("inf"):
        return place - (factor - 1) * unit, place + (factor - 1) * unit
    first = low + down / factor if down < up or up < float("inf") else high - up * factor
    if down == float("inf"):
        return high - up * factor, high - up / factor
    return first, (high - up / factor if up < float("inf") else low + down * factor)


def ring(outer: Box, inner: Box | None) -> Iterator[Box]:
    """Boxes that cover what of the outer one is not in the inner; the outer one without one."""
    if inner is None:
        yield outer
        return
    rest = list(outer)
    for i, (low, high) in enumerate(inner):
        for side in ((rest[i][0], low), (high, rest[i][1])):
            if side[0] < side[1]:
                yield (*rest[:i], side, *rest[i + 1 :])
        rest[i] = (low, high)
