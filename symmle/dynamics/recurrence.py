"""A map as it is run: assignments, one after the other, with their slopes.

The composed formula of many blocks is long and its derivatives longer; running the lines and
multiplying their Jacobians gives the same numbers, in any arithmetic.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symmle.domain import Variable
from symmle.errors import InputError
from symmle.schemes import Map

Number = Any  # a ball, or an array of floats
Value = Callable[[sp.Expr, dict[sp.Expr, Number]], Number]


@dataclass(frozen=True, slots=True)
class Line:
    """Entries of the state that are given new values at once, `repeat` times in a row.

    slopes: of each value in each entry of the state, zeros left out.
    """

    places: tuple[int, ...]
    values: tuple[sp.Expr, ...]
    slopes: tuple[Mapping[int, sp.Expr], ...]
    repeat: int


@dataclass(frozen=True, slots=True)
class Recurrence:
    """x -> F(x) at numbers.

    state: the variables first, and behind them what a rule remembers.  variables: with their
    domains, which the state must not leave.
    """

    name: str
    state: tuple[sp.Symbol, ...]
    variables: tuple[Variable, ...]
    lines: tuple[Line, ...]
    sweeps: int

    @property
    def size(self) -> int:
        """How many numbers the state has."""
        return len(self.state)

    def run(self, point: Sequence[Number], value: Value) -> list[Number]:
        """One image; value: an expression at numbers, in the arithmetic of the point."""
        here = list(point)
        for line in self.turns:
            known = dict(zip(self.state, here, strict=True))
            new = [value(each, known) for each in line.values]
            for place, number in zip(line.places, new, strict=True):
                here[place] = number
        return here

    def run_with_slopes(
        self, point: Sequence[Number], matrix: list[list[Number]], value: Value
    ) -> tuple[list[Number], list[list[Number]]]:
        """(the image, its Jacobian times `matrix`)."""
        here, rows = list(point), [list(row) for row in matrix]
        for line in self.turns:
            known = dict(zip(self.state, here, strict=True))
            new = [value(each, known) for each in line.values]
            moved = [
                [self._entry(slopes, known, rows, k, value) for k in range(len(rows[0]))]
                for slopes in line.slopes
            ]
            for place, number, row in zip(line.places, new, moved, strict=True):
                here[place], rows[place] = number, row
        return here, rows

    @property
    def turns(self) -> list[Line]:
        """The lines in the order in which one update takes them, repeats written out."""
        return [line for line in self.lines for _ in range(line.repeat)] * self.sweeps

    def _entry(
        self,
        slopes: Mapping[int, sp.Expr],
        known: dict[sp.Expr, Number],
        rows: list[list[Number]],
        column: int,
        value: Value,
    ) -> Number:
        total = 0 * rows[0][column]
        for place, slope in slopes.items():
            total = total + value(slope, known) * rows[place][column]
        return total


def of_map(name: str, variables: Sequence[Variable], image: Sequence[sp.Expr]) -> Recurrence:
    """An explicit map, all of whose constants are numbers.

    Raises InputError naming a symbol that is left.
    """
    state = tuple(each.symbol for each in variables)
    line = _line(state, state, tuple(image), 1)
    return _complete(Recurrence(name, state, tuple(variables), (line,), 1))


def of_scheme(written: Map, variables: Sequence[Variable], step: sp.Expr) -> Recurrence:
    """An update scheme with a number for its step.

    Raises InputError naming a symbol that is left, and for an implicit rule, whose image is the
    solution of an equation.
    """
    if any(each.implicit for each in written.statements):
        raise InputError(
            "an implicit update is the solution of an equation, so its cycles are not looked for; "
            "leave --cycles out, or take another scheme"
        )
    put = {written.step: step}
    lines = tuple(
        _line(
            written.state,
            each.parameters,
            tuple(value.xreplace(put) for value in each.values),
            each.repeat,
        )
        for each in written.statements
    )
    found = Recurrence(
        written.scheme.name, written.state, tuple(variables), lines, written.scheme.sweeps
    )
    return _complete(found)


def _line(
    state: tuple[sp.Symbol, ...],
    moved: Sequence[sp.Symbol],
    values: tuple[sp.Expr, ...],
    repeat: int,
) -> Line:
    slopes = tuple(
        {i: slope for i, symbol in enumerate(state) if (slope := value.diff(symbol)) != 0}
        for value in values
    )
    return Line(tuple(state.index(symbol) for symbol in moved), values, slopes, repeat)


def _complete(found: Recurrence) -> Recurrence:
    free = {s for line in found.lines for value in line.values for s in value.free_symbols}
    left = sorted((s.name for s in free - set(found.state)), key=str)
    if left:
        raise InputError(
            f"cycles are looked for at numbers, and {left[0]} has none; "
            f"add --fix {left[0]}=... or give it in the file"
        )
    return found
