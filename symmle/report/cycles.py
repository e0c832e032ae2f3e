"""What is said of the cycles of a map."""

import sympy as sp

from symmle.dynamics import Cycle, Cycles
from symmle.report.document import Block, Facts, Paragraph, Section, Sentence
from symmle.report.encoding import Object
from symmle.report.printer import exact


def cycles_section(found: Cycles, name: str) -> Section:
    """Each cycle with its points and multiplier, then what was searched; name: of the scheme."""
    rows = tuple((f"period {each.period}", (cycle_told(each),)) for each in found.cycles)
    blocks: list[Block] = [Facts(rows)] if rows else []
    for each in found.searched:
        count = sum(cycle.period == each.period for cycle in found.cycles)
        many = {0: "no cycle", 1: "one cycle"}.get(count, f"{count} cycles")
        sentence: Sentence = (f"Period {each.period}: {many}. Searched: {each.road}.",)
        blocks.append(Paragraph(sentence))
    called = "the map" if name == "map" else f"{name} updates"
    return Section(f"Cycles of {called}", tuple(blocks))


def cycles_json(found: Cycles) -> Object:
    """`cycles`, and beside it `cycles_searched`, an entry for each period."""
    return {
        "cycles": [cycle_json(each) for each in found.cycles],
        "cycles_searched": [
            {
                "period": each.period,
                "complete": each.complete,
                "known": each.known.value,
                "road": each.road,
            }
            for each in found.searched
        ],
    }


def cycle_json(each: Cycle) -> Object:
    """A cycle with its points and multipliers."""
    return {
        "period": each.period,
        "points": [{s.name: float(v) for s, v in point.items()} for point in each.points],
        "multiplier": _multiplier(each.multipliers[0]),
        "multipliers": [_multiplier(value) for value in each.multipliers],
        "verdict": each.verdict.value,
        "known": each.known.value,
    }


def _multiplier(value: sp.Expr) -> float | str:
    """A real one as a number, a complex one as text that SymPy reads."""
    return float(value) if value.is_real else exact(value)


def cycle_told(each: Cycle) -> str:
    """A cycle in a line."""
    symbols = list(each.points[0])
    places = "; ".join(
        f"{symbol} = {', '.join(_short(point[symbol]) for point in each.points)}"
        for symbol in symbols
    )
    size = "multiplier" if len(each.multipliers) == 1 else "multipliers"
    values = ", ".join(_short(value) for value in each.multipliers)
    return f"{places}; {size} {values}: {each.verdict} [{each.known}]"


def _short(value: sp.Expr) -> str:
    real, imaginary = value.as_real_imag()
    if imaginary == 0:
        return f"{float(real):.8g}"
    sign = "-" if imaginary < 0 else "+"
    return f"{float(real):.8g} {sign} {abs(float(imaginary)):.8g} i"
