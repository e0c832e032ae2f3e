"""The values of expressions at many rows or points: each distinct part is worked out once.

A tree is written as a list of steps, in which a part that occurs in several places has one step,
and the steps free of the rows are taken once for all of them.  Like `tree_value`, whose table of
functions it uses, it generates no text; a single value is cheaper there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, mul

import mpmath
import sympy as sp

from symmle.complement import complement
from symmle.tree_value import Numbers, function_of, tree_value

_Function = Callable[..., mpmath.mpf]


@dataclass(frozen=True, slots=True)
class Step:
    """One value: of a function at the values of earlier steps, or at the numbers by name.

    function: None for a symbol.  places: of the steps before; None where it takes the names.
    """

    part: sp.Basic
    function: _Function | None
    places: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Steps:
    """Some expressions in some columns, step by step.

    once: places of the steps without a column; by_row: of the others.  outputs: the expressions'
    places.
    """

    columns: tuple[sp.Symbol, ...]
    steps: tuple[Step, ...]
    once: tuple[int, ...]
    by_row: tuple[int, ...]
    outputs: tuple[int, ...]

    def over(
        self, rows: Iterable[Sequence[mpmath.mpf]], point: Numbers
    ) -> list[tuple[mpmath.mpf, ...]]:
        """The values of the expressions at each row, at mpmath's working precision.

        rows: numbers in the order of the columns.  point: a number for every other symbol.
        Raises what `tree_value` raises.
        """
        values: list[mpmath.mpf] = [None] * len(self.steps)
        self._take(self.once, values, point)
        found = []
        for row in rows:
            here = {**point, **dict(zip(self.columns, row, strict=True))}
            self._take(self.by_row, values, here)
            found.append(tuple(values[place] for place in self.outputs))
        return found

    def _take(self, places: Sequence[int], values: list[mpmath.mpf], numbers: Numbers) -> None:
        for place in places:
            step = self.steps[place]
            if step.function is None:
                values[place] = numbers[step.part]
            elif step.places is None:
                values[place] = step.function(numbers)
            else:
                values[place] = step.function(*[values[each] for each in step.places])


def steps(expressions: Sequence[sp.Expr], columns: Sequence[sp.Symbol] = ()) -> Steps:
    """The expressions as a list of steps.

    Raises InputError for a function that is not known to `tree_value`.
    """
    written: list[Step] = []
    known: dict[sp.Basic, int] = {}
    outputs = tuple(_write(expr, written, known) for expr in expressions)
    rows = set(columns)
    moving: list[bool] = []
    for step in written:
        if step.places:
            moving.append(any(moving[place] for place in step.places))
        else:
            moving.append(bool(rows and step.part.free_symbols & rows))
    return Steps(
        tuple(columns),
        tuple(written),
        tuple(place for place, moves in enumerate(moving) if not moves),
        tuple(place for place, moves in enumerate(moving) if moves),
        outputs,
    )


def _write(expr: sp.Basic, written: list[Step], known: dict[sp.Basic, int]) -> int:
    """The place of an expression, after its steps have been added to those written."""
    if expr in known:
        return known[expr]
    if expr.is_Symbol:
        step = Step(expr, None, None)
    elif expr.is_Atom or isinstance(expr, sp.Piecewise | sp.Derivative | sp.Subs):
        # a branch that is not taken need not have a value, so a choice is no list of steps
        step = Step(expr, _tree(expr), None)
    elif expr.is_Add and (found := complement(expr)) is not None:
        parts = (found.share, found.argument, found.rest)
        step = Step(expr, _with_tail, tuple(_write(part, written, known) for part in parts))
    else:
        args = expr.args[:1] if expr.is_Pow and expr.exp.is_Integer else expr.args
        places = tuple(_write(arg, written, known) for arg in args)
        step = Step(expr, _operation(expr), places)
    known[expr] = len(written)
    written.append(step)
    return known[expr]


def _tree(expr: sp.Basic) -> _Function:
    return lambda numbers: tree_value(expr, numbers)


def _operation(expr: sp.Expr) -> _Function:
    if expr.is_Add:
        return add if len(expr.args) == 2 else _sum
    if expr.is_Mul:
        return mul if len(expr.args) == 2 else _product
    if expr.is_Pow:
        if expr.exp.is_Integer:
            exponent = int(expr.exp)
            return lambda base: base**exponent
        return pow
    return function_of(expr)


def _with_tail(share: mpmath.mpf, argument: mpmath.mpf, rest: mpmath.mpf) -> mpmath.mpf:
    return share * mpmath.erfc(argument) + rest


def _sum(*values: mpmath.mpf) -> mpmath.mpf:
    return mpmath.fsum(values)


def _product(first: mpmath.mpf, *others: mpmath.mpf) -> mpmath.mpf:
    return reduce(mul, others, first)  # a third of the time of mpmath.fprod, which rounds once
