"""What is said of a certified basin."""

import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import TYPE_CHECKING

from symmle.report.document import Facts, Paragraph, Section, Sentence
from symmle.report.encoding import Object

if TYPE_CHECKING:
    from flint import fmpq

    from symmle.dynamics.basin import Basin, Start
    from symmle.dynamics.moves import Ends

_DIGITS = 6


def basin_sections(starts: "Sequence[Start]") -> list[Section]:
    """A section for each scheme."""
    return [_section(each) for each in starts]


def basins_json(starts: "Sequence[Start]") -> Object:
    """`basins`: an entry for each scheme."""
    return {"basins": [_record(each) for each in starts]} if starts else {}


def _section(start: "Start") -> Section:
    name = "the map" if start.scheme == "map" else f"{start.scheme} updates"
    heading, basin = f"Basin of {name}", start.basin
    if basin is None:
        return Section(heading, (Paragraph((f"Unknown: {start.reason}.",)),))
    rows: list[tuple[str, Sentence]] = [
        ("converges", (f"every start with {_told(start.variables, basin.largest)}",)),
        ("contracts", (_contraction(start.variables, basin),)),
    ]
    told = "The basin may be larger: this box is what was proved of it."
    return Section(heading, (Facts(tuple(rows)), Paragraph((told,))), "certified")


def _told(names: Sequence[str], box: "Ends") -> str:
    return " and ".join(
        f"{_up(low)} < {name} < {_down(high)}" for name, (low, high) in zip(names, box, strict=True)
    )


def _contraction(names: Sequence[str], basin: "Basin") -> str:
    parts = ", ".join(
        f"|{name} - {float(c):.{_DIGITS}g}|/{float(r):.{_DIGITS}g}"
        for name, c, r in zip(names, basin.centre, basin.radii, strict=True)
    )
    updates = "each update" if basin.updates == 1 else f"every {basin.updates} updates"
    norm = f"max({parts})" if len(names) > 1 else parts
    return f"where {norm} <= 1, {updates} by {float(basin.bound):.{_DIGITS}g} in that norm"


def _up(number: "fmpq") -> str:
    return _rounded(number, ROUND_CEILING)


def _down(number: "fmpq") -> str:
    return _rounded(number, ROUND_FLOOR)


def _rounded(number: "fmpq", side: str) -> str:
    """A few digits, to that side: a box that is told is no larger than the one proved."""
    with localcontext(prec=_DIGITS, rounding=side):
        return str(Decimal(int(number.p)) / Decimal(int(number.q)))


def _record(start: "Start") -> Object:
    basin = start.basin
    if basin is None:
        return {"scheme": start.scheme, "box": None, "reason": start.reason, "known": "unknown"}
    weights = zip(start.variables, basin.radii, strict=True)
    return {
        "scheme": start.scheme,
        "box": _inside(start.variables, basin.largest),
        "contraction": {
            "box": _inside(start.variables, basin.own),
            "weights": {name: float(radius) for name, radius in weights},
            "updates": basin.updates,
            "bound": math.nextafter(float(basin.bound), math.inf),
        },
        "known": "certified",
    }


def _inside(names: Sequence[str], box: "Ends") -> Object:
    """Doubles within the box."""
    return {
        name: [math.nextafter(float(low), math.inf), math.nextafter(float(high), -math.inf)]
        for name, (low, high) in zip(names, box, strict=True)
    }
