"""The phrases that documents share: domains, events, levels."""

from collections.abc import Sequence

import sympy as sp

from symmle.domain import Variable
from symmle.report.document import Label, Sentence
from symmle.report.printer import latex, text
from symmle.sample_mean import OverData
from symmle.stability.records import (
    Criticality,
    Edge,
    Event,
    Interval,
    Passage,
    SchemeStability,
)

_EVENTS = {
    Event.FLIP: "a multiplier leaves through -1 (a flip: period doubling)",
    Event.NEIMARK_SACKER: "a complex pair of multipliers leaves (Neimark-Sacker: a closed curve)",
    Event.FOLD: "a multiplier leaves through +1 (a fold)",
    Event.NONE: "nothing leaves the unit circle",
}
_PASSAGES = {
    Passage.FOLD: "a fold: the point meets another, and both vanish",
    Passage.TRANSCRITICAL: "transcritical: another point passes through and takes over",
    Passage.PITCHFORK: "a pitchfork: three points, or a point and a 2-cycle, meet",
}
_BRANCHES = {
    Criticality.SUPERCRITICAL: "the middle one attracts on one side, the outer two on the other",
    Criticality.SUBCRITICAL: "the outer two repel, and narrow the basin of the middle one",
}
_CYCLES = {Event.FLIP: "2-cycle", Event.NEIMARK_SACKER: "closed curve"}


def declared(variable: Variable) -> Sentence:
    """`sigma > 0`, `x real`, `0 < p < 1`, `x = 0, 1, 2, ...`."""
    where = variable.domain
    if where.integer:
        return (variable.symbol, f" ({where.text})")
    if where.period is not None:
        return (variable.symbol, " (an angle)")
    if where.lower.is_infinite and where.upper.is_infinite:
        return (variable.symbol, " real")
    if where.upper.is_infinite:
        sign = ">=" if where.lower_closed else ">"
        return (chain((variable.symbol, sign, where.lower)),)
    if where.lower.is_infinite:
        return (chain((variable.symbol, "<=" if where.upper_closed else "<", where.upper)),)
    signs = ["<=" if closed else "<" for closed in (where.lower_closed, where.upper_closed)]
    return (chain((where.lower, signs[0], variable.symbol, signs[1], where.upper)),)


def sentence_case(text: str) -> str:
    """The text with a capital first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


def chain(parts: Sequence[str | sp.Basic]) -> Label:
    """Expressions with comparison signs between them, as one formula."""
    signs = {"<=": "\\le", ">=": "\\ge"}
    return Label(
        " ".join(part if isinstance(part, str) else text(part) for part in parts),
        " ".join(signs.get(part, part) if isinstance(part, str) else latex(part) for part in parts),
    )


def interval(each: Interval, step: sp.Symbol) -> Label:
    """`0 < step < upper`."""
    opening = (each.lower, "<", step)
    return chain(opening if each.upper.is_infinite else (*opening, "<", each.upper))


def is_at_numbers(scheme: SchemeStability) -> bool:
    """Whether a scheme was analysed at numbers: its Jacobian has no symbol but the step.

    A mean over the data has no free symbols either, and is no number.
    """
    return not any(
        entry.free_symbols - {scheme.step} or entry.has(OverData) for entry in scheme.jacobian
    )


def at_the_edge(edge: Edge) -> Sentence:
    """What happens where the step crosses the end of the range, in words."""
    if edge.event is None:
        return ("which multiplier leaves depends on the symbols",)
    opening = _EVENTS[edge.event]
    cycle = _CYCLES.get(edge.event)
    if edge.passage is not None:
        tail = _BRANCHES.get(edge.criticality) if edge.criticality is not None else None
        side = f"; {edge.criticality}: {tail}" if tail else ""
        return (f"a multiplier leaves through +1 ({_PASSAGES[edge.passage]}){side}",)
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
