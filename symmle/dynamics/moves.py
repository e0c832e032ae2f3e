"""An update map at numbers, carried out on boxes in ball arithmetic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import sympy as sp
from flint import arb, fmpq

from symmle.balls import fraction, sign_of
from symmle.domain import Variable
from symmle.enclosed import Counts, Enclosed, Rows, enclosed
from symmle.errors import InputError
from symmle.sample_mean import nodes
from symmle.schemes import Map, Statement

Box = list[arb]  # one ball for each variable
Ends = list[tuple[fmpq, fmpq]]
Matrix = list[list[arb]]

_PRECISION = 96
_DIGITS = 35  # of a statistic
_SHORT = 40  # operations of a short update
_ROWS = 4  # of the data that cost as much


@dataclass(frozen=True, slots=True)
class Line:
    """One statement: the places it moves, their new values and all their derivatives, in order.

    written: the statement itself, with a number for the step and letters for the statistics.
    """

    written: Statement
    places: tuple[int, ...]
    values: Enclosed
    slopes: Enclosed


@dataclass(frozen=True, slots=True)
class Constant:
    """A letter for a statistic of the data, and a decimal ball that contains it."""

    letter: sp.Symbol
    statistic: sp.Expr
    text: str
    ball: arb


@dataclass(frozen=True, slots=True)
class Moves:
    """A map, and what must stay positive after each of its lines: the gaps to the domains' ends.

    rows, counts: of the data, for the means that move; empty where there are none.
    cost: of one update, in units of a short one.
    """

    variables: tuple[sp.Symbol, ...]
    lines: tuple[Line, ...]
    sweeps: int
    positive: tuple[sp.Expr, ...]
    gaps: Enclosed
    constants: tuple[Constant, ...]
    rows: Rows
    counts: Counts
    cost: int

    def _at(self, laid: Enclosed, box: Box) -> Box:
        return laid.at([*box, *(each.ball for each in self.constants)])

    def stays_inside(self, box: Box) -> bool:
        """Whether a whole box lies in the domains."""
        return all(sign_of(gap) == 1 for gap in self._at(self.gaps, box))

    def advanced(self, box: Box, matrix: Matrix | None = None) -> tuple[Box, Matrix | None] | None:
        """The box after one update, and `matrix` multiplied by the update's Jacobian over it.

        None where a part of the box may leave the domains, or has no image.
        """
        here = list(box)
        for line in self.lines * self.sweeps:
            for _ in range(line.written.repeat):
                slopes = self._at(line.slopes, here)
                values = self._mean_value_form(line, here, slopes)
                if matrix is not None:
                    matrix = _multiplied(line, slopes, matrix)
                for place, value in zip(line.places, values, strict=True):
                    here[place] = value
                if not all(each.is_finite() for each in here) or not self.stays_inside(here):
                    return None
        return here, matrix

    def _mean_value_form(self, line: Line, box: Box, slopes: Sequence[arb]) -> Box:
        """Values over a box: from its middle by the slopes over it, and as they stand; both hold.

        As they stand, a step of ascent towards a point seems to move away from it: x - g*x**3.
        """
        size = len(box)
        middle = [each.mid() for each in box]
        away = [each - mid for each, mid in zip(box, middle, strict=True)]
        values = zip(self._at(line.values, box), self._at(line.values, middle), strict=True)
        found = []
        for k, (plain, start) in enumerate(values):
            row = slopes[k * size : (k + 1) * size]
            moved = sum((s * d for s, d in zip(row, away, strict=True)), start)
            both = plain.is_finite() and moved.is_finite()
            found.append(plain.intersection(moved) if both else arb.nan())
        return found


def moves(
    update: Map, step: sp.Expr, domains: Sequence[Variable], rows: Rows, counts: Counts
) -> Moves:
    """Lay a map out at a number for its step, over the rows of the data (none for a problem).

    domains: of the variables, in the order of the map's state; what a rule remembers has none.
    Raises InputError for a map that is given by an equation, or without an enclosure.
    """
    if any(line.implicit for line in update.statements):
        raise InputError("an implicit step is given by an equation, which is not followed on boxes")
    variables, number = update.state, {update.step: step}
    written = [[v.xreplace(number) for v in line.values] for line in update.statements]
    gaps = []
    for variable in domains:
        lower, upper = variable.domain.lower, variable.domain.upper
        gaps += [variable.symbol - lower] if lower.is_finite is not False else []
        gaps += [upper - variable.symbol] if upper.is_finite is not False else []
    fixed = [n for n in nodes([*chain(*written), *gaps]) if not variables_in(n, variables)]
    constants = tuple(_constants(fixed, rows, counts))
    letters = {each.statistic: each.letter for each in constants}
    symbols = (*variables, *letters.values())

    def laid(exprs: Sequence[sp.Expr]) -> Enclosed:
        return enclosed(exprs, symbols, rows, counts, _PRECISION)

    lines = []
    for line, plain in zip(update.statements, written, strict=True):
        values = tuple(each.xreplace(letters) for each in plain)
        slopes = [value.diff(v) for value in values for v in variables]
        places = tuple(variables.index(p) for p in line.parameters)
        lines.append(Line(replace(line, values=values), places, laid(values), laid(slopes)))
    positive = tuple(gap.xreplace(letters) for gap in gaps)
    passes = bool(nodes([value for line in lines for value in line.written.values]))
    size = sum(v.count_ops() * line.written.repeat for line in lines for v in line.written.values)
    over_rows = 1 + len(counts) // _ROWS if passes else 1
    cost = update.scheme.sweeps * over_rows * (1 + size // _SHORT)
    return Moves(
        variables,
        tuple(lines),
        update.scheme.sweeps,
        positive,
        laid(positive),
        constants,
        rows if passes else {},
        counts if passes else (),
        cost,
    )


def _constants(statistics: Sequence[sp.Expr], rows: Rows, counts: Counts) -> Iterator[Constant]:
    for k, statistic in enumerate(statistics, 1):
        (value,) = enclosed([statistic], (), rows, counts, 2 * _PRECISION).at(())
        text = value.str(_DIGITS, radius=True).strip("[]")
        letter = sp.Symbol(f"statistic_{k}", real=True)
        yield Constant(letter, statistic, text, arb(text))


def variables_in(expr: sp.Expr, variables: Sequence[sp.Symbol]) -> bool:
    """Whether an expression moves with the variables."""
    return not expr.free_symbols.isdisjoint(variables)


def box_of(ends: Ends) -> Box:
    """Balls that contain the intervals."""
    return [arb(low).union(arb(high)) for low, high in ends]


def rational_point(values: Sequence[sp.Expr]) -> list[fmpq]:
    """Numbers as fractions of no more digits than a double."""
    return [fraction(sp.Rational(sp.Float(value, 17))) for value in values]


def identity(size: int) -> Matrix:
    """The unit matrix."""
    return [[arb(int(i == j)) for j in range(size)] for i in range(size)]


def _multiplied(line: Line, slopes: Sequence[arb], matrix: Matrix) -> Matrix:
    """The rows that a line moves, by its slopes; the others stay."""
    size, found = len(matrix), list(matrix)
    for k, place in enumerate(line.places):
        row = slopes[k * size : (k + 1) * size]
        found[place] = [
            sum((s * matrix[i][j] for i, s in enumerate(row)), arb(0)) for j in range(size)
        ]
    return found
