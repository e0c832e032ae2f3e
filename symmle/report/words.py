"""The phrases that documents share: domains, events, levels."""

import sympy as sp

from symmle.model import Domain, Variable
from symmle.report.document import Sentence
from symmle.stability.records import Criticality, Edge, Event, Interval

_WORDS = {
    "positive": " > 0",
    "nonnegative": " >= 0",
    "unit": " in (0, 1)",
    "real": " real",
    "integer": " an integer",
    "nonnegative integer": " in 0, 1, 2, ...",
    "positive integer": " in 1, 2, ...",
}
_EVENTS = {
    Event.FLIP: "a multiplier leaves through -1 (a flip: period doubling)",
    Event.NEIMARK_SACKER: "a complex pair of multipliers leaves (Neimark-Sacker: a closed curve)",
    Event.FOLD: "a multiplier leaves through +1 (a fold)",
    Event.NONE: "nothing leaves the unit circle",
}
_CYCLES = {Event.FLIP: "2-cycle", Event.NEIMARK_SACKER: "closed curve"}


def declared(variable: Variable) -> Sentence:
    """`sigma > 0`, `x real`, `p in (0, 1)`."""
    return (variable.symbol, _domain(variable.domain))


def _domain(domain: Domain) -> str:
    return _WORDS.get(domain.text, f" in {domain.text}" if "in " not in domain.text
                      else f": {domain.text}")


def interval(each: Interval, step: sp.Symbol) -> Sentence:
    """`0 < step < upper`."""
    ends: list[str | sp.Basic] = [each.lower, " < ", step]
    return (*ends, " < ", each.upper) if each.upper.is_finite is not False else tuple(ends)


def at_the_edge(edge: Edge) -> Sentence:
    """What happens where the step crosses the end of the range, in words."""
    if edge.event is None:
        return ("which multiplier leaves depends on the symbols",)
    opening = _EVENTS[edge.event]
    cycle = _CYCLES.get(edge.event)
    if cycle is None:
        return (opening,)
    match edge.criticality:
        case Criticality.SUPERCRITICAL:
            tail = f"supercritical: beyond it an attracting {cycle} takes over"
        case Criticality.SUBCRITICAL:
            tail = f"subcritical: below it a repelling {cycle} narrows the basin"
        case Criticality.DEGENERATE:
            tail = "degenerate: the coefficient that decides is zero"
        case _:
            tail = "on which side the new cycle lives was not decided"
    found: list[str | sp.Basic] = [f"{opening}; {tail}"]
    if edge.coefficient is not None:
        found += [" (coefficient ", edge.coefficient, ")"]
    return tuple(found)
