"""Every optimum of a likelihood with a kink in its one parameter, on the whole line.

Between two places at which a row lies on the kink each row has its side, and the score is smooth:
its zeros there are enclosed.  At a place the slopes on both sides are enclosed, and a maximum is
where they fall through zero.  Beyond the outer places Taylor's theorem at infinity is asked.
"""

import math
import time
from collections.abc import Sequence
from itertools import pairwise

import mpmath
import sympy as sp
from flint import arb, ctx

from symmle.balls import ball
from symmle.domain import Datum
from symmle.enclosed import Rows, enclosed, exactly
from symmle.errors import InputError
from symmle.fit.highest import rises_to_all
from symmle.fit.kink_form import KinkForm, kink_form
from symmle.fit.near_end import clear_distance
from symmle.fit.record import Maximum, Searched
from symmle.fit.setting import Setting
from symmle.fit.zeros_on_line import zeros_on_line
from symmle.sample_mean import mean

_PRECISION = 128
_MOST_PLACES = 150
_SECONDS = 6.0
_FAR = 4.0  # times the places' range and size, how far out is looked at least
_ROAD = (
    "every maximum and minimum {where} is listed: {count} places of {symbol} put a row "
    "on the kink, where the slopes on both sides are enclosed, and between them all zeros of the "
    "score are; any other is proved absent"
)


def kinks_on_line(asked: Setting) -> Searched | None:
    """What is proved; None for another density, or where a part was not decided."""
    rows, model = asked.rows, asked.model
    if rows is None or asked.counts is None or len(model.parameters) != 1:
        return None
    (parameter,) = model.parameters
    form = kink_form(model)
    if form is None or parameter.domain.integer:
        return None
    if (parameter.domain.lower, parameter.domain.upper) != (-sp.oo, sp.oo):
        return None
    try:
        with ctx.workprec(_PRECISION):
            places = _places(form, rows)
            found = None if places is None else _optima(asked, form, rows, places)
    except InputError:
        return None
    if found is None or places is None:
        return None
    turns, (low, high) = found
    points = [_point(asked, parameter.symbol, at, kind) for at, kind in sorted(turns)]
    if any(point is None for point in points):
        return None
    listed = [point for point in points if point is not None]
    ordered = tuple(sorted(listed, key=lambda point: -point.log_likelihood))
    whole = math.isinf(low) and math.isinf(high)
    highest = whole and rises_to_all([point.kind for point in listed])
    where = "on the whole line" if whole else f"from {low:.6g} to {high:.6g}"
    road = _ROAD.format(count=len(set(places)), symbol=parameter.name, where=where)
    return Searched(ordered, whole, {parameter.name: (low, high)}, highest, road)


def _places(form: KinkForm, rows: Rows) -> list[float] | None:
    """Where each row lies on the kink; None where that is no double."""
    found = []
    for row in zip(*rows.values(), strict=True):
        known: dict[sp.Expr, arb] = {
            s: arb(exactly(value)) for s, value in zip(rows, row, strict=True)
        }
        place = -ball(form.offset, known) / ball(form.slopes[0], known)
        value = float(place.mid())
        if not (place.is_exact() and place == arb(value)):
            return None
        found.append(value)
    return found


def _optima(
    asked: Setting, form: KinkForm, rows: Rows, places: Sequence[float]
) -> tuple[list[tuple[float, str]], tuple[float, float]] | None:
    """((place, maximum or minimum) of each, over what range); None where one was not decided."""
    edges = sorted(set(places))
    if len(edges) > _MOST_PLACES:
        return None
    stop = time.process_time() + _SECONDS
    symbol = form.moving[0]
    found: list[tuple[float, str]] = []
    width = max(edges[-1] - edges[0], abs(edges[0]), abs(edges[-1]), 1.0)
    before: arb | None = None
    reached = [0.0, 0.0]
    for low, high in pairwise([-math.inf, *edges, math.inf]):
        sides = _sides(form, rows, places, _between(low, high))
        score, here = _with_sides(form, rows, sides)
        ends = [low, high]
        for i in (0, 1):
            if math.isinf(ends[i]):
                ends[i], reached[i] = _reach(asked, (score, symbol), here, ends[i], width)
        laid = enclosed(
            [score, score.diff(symbol)], (symbol,), here, asked.counts or [], _PRECISION
        )
        zeros = zeros_on_line(laid, ends[0], ends[1], stop)
        if not zeros.done or zeros.undecided:
            return None
        for zero in zeros.places:
            if zero.overlaps(arb(low)) or zero.overlaps(arb(high)):
                return None
            bend = laid.at([zero])[1]
            if not (bend > 0 or bend < 0):
                return None
            found.append((float(zero.mid()), "maximum" if bend < 0 else "minimum"))
        if before is not None:
            after = laid.at([arb(low)])[0]
            if not all(slope > 0 or slope < 0 for slope in (before, after)):
                return None
            if before > 0 > after:
                found.append((low, "maximum"))
            if before < 0 < after:
                found.append((low, "minimum"))
        before = None if math.isinf(high) else laid.at([arb(high)])[0]
    return found, (reached[0], reached[1])


def _reach(
    asked: Setting, score: tuple[sp.Expr, sp.Symbol], here: Rows, end: float, width: float
) -> tuple[float, float]:
    """(how far out zeros are looked for, how far out it is then known that there are no others)."""
    infinity, side = (sp.oo, -1) if end > 0 else (-sp.oo, 1)
    away = clear_distance(*score, infinity, side, here, asked.counts or [])
    if away is None:
        return math.copysign(_FAR * width, end), math.copysign(_FAR * width, end)
    return math.copysign(max(2 / away, _FAR * width), end), end


def _with_sides(form: KinkForm, rows: Rows, sides: Sequence[int]) -> tuple[sp.Expr, Rows]:
    """The score with each row on its side, and its columns.

    A row of the other side is one of this side without weight: there the branch has a value.
    """
    score, columns = sp.S.Zero, {}
    for side, branch in ((1, form.above), (-1, form.below)):
        one = next((i for i, each in enumerate(sides) if each == side), None)
        if one is None:
            continue
        weight = Datum(f"on_side_{side}", real=True)
        columns[weight] = [mpmath.mpf(each == side) for each in sides]
        letters = {s: Datum(f"{s.name}_{side}", real=True) for s in rows}
        for symbol, letter in letters.items():
            column = rows[symbol]
            columns[letter] = [
                value if each == side else column[one]
                for value, each in zip(column, sides, strict=True)
            ]
        score += mean(weight * branch.diff(form.moving[0]).xreplace(letters))
    return score, columns


def _between(low: float, high: float) -> float:
    if math.isinf(low):
        return high - 1 - abs(high)
    return low + 1 + abs(low) if math.isinf(high) else low + (high - low) / 2


def _sides(form: KinkForm, rows: Rows, places: Sequence[float], at: float) -> list[int]:
    """The side of each row with the parameter at a place that is on no kink."""
    found = []
    for i, place in enumerate(places):
        row: dict[sp.Expr, arb] = {s: arb(exactly(column[i])) for s, column in rows.items()}
        slope = 1 if ball(form.slopes[0], row) > 0 else -1
        found.append(slope if at > place else -slope)
    return found


def _point(asked: Setting, symbol: sp.Symbol, at: float, kind: str) -> Maximum | None:
    height = asked.exact_height([at])
    return None if height is None else Maximum({symbol.name: at}, asked.n * height, kind)
