"""The largest box round a point in which every stationary point is settled.

All sides go out together while they can; then each goes on alone, at last by parts of a step, until
it fails: at a singularity of the density, or where the time does not suffice.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp
from flint import arb, ctx

from symmle.derive import Derivation
from symmle.enclosed import Counts, Enclosed, Rows
from symmle.errors import InputError
from symmle.fit.certify import Certificate
from symmle.fit.divided import divided
from symmle.fit.first_box import Box, Sides, ring
from symmle.fit.many_boxes import narrowed
from symmle.fit.single_use import single_use
from symmle.fit.wide import Wide, wide

_PRECISION = 80
_SHARE = 1 / 6  # of the time, for one step outwards of all sides; half of it for one side
_FIRST = 1 / 2  # of the time, for the first box, when every function is enclosed anew
_PARTS = 5  # of a step that fails: the whole, a half, a quarter, ...
_LAST = 2.0**-8  # of the time that is left, below which no step is begun


class Searching:
    """A likelihood laid out twice: for balls, and for many boxes at once."""

    def __init__(self, derivation: Derivation, laid: Enclosed, rows: Rows, counts: Counts) -> None:
        self.derivation, self.laid, self.rows, self.counts = derivation, laid, rows, counts
        self.wide = _wide(derivation, rows, counts)

    def few(self, part: Box, unit: Sequence[float], stop: float) -> list[Box]:
        """Boxes in the part that may hold a stationary point; the part itself if not searched."""
        found = None if self.wide is None else narrowed(self.wide, part, unit, stop)
        return [part] if found is None else found

    def settled(self, part: Box, unit: Sequence[float], stop: float) -> list[Certificate] | None:
        """Every stationary point in the part, perhaps others; None where more may be there."""
        if self.wide is None:
            few: list[Box] | None = [part]
        else:
            few = narrowed(self.wide, part, unit, stop)
        if few is None:
            return None
        found: list[Certificate] = []
        with ctx.workprec(_PRECISION):
            for each in few:
                if divided(self.derivation, self.laid, self.rows, self.counts, each, stop, found):
                    return None
        return found


def _wide(derivation: Derivation, rows: Rows, counts: Counts) -> Wide | None:
    """The score and the Hessian for many boxes at once; None where that is not laid out."""
    score = derivation.score
    exprs = [single_use(each) for each in (*score.gradient, *score.hessian)]
    try:
        return wide(exprs, score.parameters, rows, counts)
    except InputError:
        return None


def units_of(laid: Enclosed, near: Mapping[sp.Symbol, float]) -> dict[sp.Symbol, float]:
    """How far the likelihood is about a parabola in each parameter: 1 over the root of -H."""
    size = len(laid.symbols)
    values = laid.at([arb(near[s]) for s in laid.symbols])
    bends = [abs(float(values[size + i * size + i].mid())) for i in range(size)]
    return {s: b**-0.5 if b > 0 else 1.0 for s, b in zip(laid.symbols, bends, strict=True)}


@dataclass(slots=True)
class _Growth:
    """A box on its way out, with what was found in it; the steps that each side may take."""

    searching: Searching
    unit: Sequence[float]
    stop: float
    budget: float
    box: Box | None = None
    found: list[Certificate] = field(default_factory=list)

    def takes(self, outer: Box, share: float) -> bool:
        """Whether everything in the larger box was settled; then it is the box."""
        late = min(self.stop, time.process_time() + share * self.budget)
        more: list[Certificate] = []
        for part in ring(outer, self.box):
            points = self.searching.settled(part, self.unit, late)
            if points is None:
                return False
            more += points
        self.found += [p for p in more if not any(_same(p, other) for other in self.found)]
        self.box = outer
        return True

    @property
    def has_time(self) -> bool:
        return self.stop - time.process_time() > _LAST * self.budget


def grown(
    searching: Searching, boxes: Sequence[Sides], units: Mapping[sp.Symbol, float], stop: float
) -> tuple[Sides | None, list[Certificate]]:
    """(the largest box that was settled, or None; every point in it).

    boxes: each within the next.  units: of length, by parameter.  stop: the time of the processor.
    """
    symbols = searching.laid.symbols
    ladder = [tuple(sides[s] for s in symbols) for sides in boxes]
    budget = stop - time.process_time()
    growth = _Growth(searching, [units[s] for s in symbols], stop, budget)
    reached = 0
    while reached < len(ladder) and growth.has_time:
        if not growth.takes(ladder[reached], _SHARE if growth.box else _FIRST):
            break
        reached += 1
    if growth.box is None:
        return None, []
    open_sides = {(i, end): reached for i in range(len(symbols)) for end in (0, 1)}
    while open_sides and growth.has_time:
        for side, rung in list(open_sides.items()):
            if rung >= len(ladder) or not _step(growth, side, ladder[rung]):
                del open_sides[side]
            else:
                open_sides[side] = rung + 1
    return dict(zip(symbols, growth.box, strict=True)), growth.found


def _step(growth: _Growth, side: tuple[int, int], rung: Box) -> bool:
    """Whether one side went out to the rung; else it went a part of the way, if it could."""
    i, end = side
    here, there = (growth.box or rung)[i][end], rung[i][end]
    for part in range(_PARTS):
        if not growth.has_time or here == there:
            return False
        if growth.takes(_moved(growth, side, there), _SHARE / 2):
            return part == 0
        there = (
            math.copysign((here * there) ** 0.5, here) if here * there > 0 else (here + there) / 2
        )
    return False


def _moved(growth: _Growth, side: tuple[int, int], place: float) -> Box:
    i, end = side
    sides = list(growth.box or ())
    low, high = sides[i]
    sides[i] = (place, high) if end == 0 else (low, place)
    return tuple(sides)


def _same(one: Certificate, other: Certificate) -> bool:
    return all(
        abs(one.centre[s] - other.centre[s]) <= one.radius[s] + other.radius[s] for s in one.centre
    )
