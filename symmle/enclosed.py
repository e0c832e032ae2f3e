"""Expressions with sample means in ball arithmetic, over the rows of the data.

The expressions are laid out once as a list of steps, each either one ball or one ball a row; what
does not depend on the parameters is computed once.  An evaluation then costs one Arb operation a
step and row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp
from flint import arb, ctx, fmpq

from symmle.balls import ball, operation
from symmle.errors import InputError
from symmle.sample_mean import OverData, SampleCovariance, SampleMean

Rows = Mapping[sp.Symbol, Sequence[mpmath.mpf]]
Counts = Sequence[mpmath.mpf]
Balls = Sequence[arb]
_Value = arb | list[arb]


@dataclass(frozen=True, slots=True)
class _Step:
    """One operation on earlier slots."""

    slot: int
    function: Callable[..., _Value]
    inputs: tuple[int, ...]
    over_data: bool


@dataclass(frozen=True, slots=True, eq=False)
class Enclosed:
    """A list of expressions, ready to be evaluated at balls for the symbols.

    symbols: in the order in which `at` takes their balls.
    """

    symbols: tuple[sp.Symbol, ...]
    slots: list[_Value]
    steps: tuple[_Step, ...]
    results: tuple[int, ...]
    precision: int

    def at(self, point: Balls) -> list[arb]:
        """Balls that contain the expressions for every choice of numbers within `point`.

        Not finite where an expression has no real value somewhere there, or none can be told.
        """
        slots = list(self.slots)
        slots[: len(self.symbols)] = [arb(each) for each in point]
        with ctx.workprec(self.precision):
            for step in self.steps:
                slots[step.slot] = _done(step, slots)
        return [_scalar(slots[slot]) for slot in self.results]


def enclosed(
    exprs: Sequence[sp.Expr],
    symbols: Sequence[sp.Symbol],
    rows: Rows,
    counts: Counts,
    precision: int,
) -> Enclosed:
    """Lay expressions out for evaluation; symbols: all that are free in them.

    rows, counts: the distinct rows and what each weighs, exactly.  precision: bits.
    Raises InputError for a function or a node without an enclosure.
    """
    with ctx.workprec(precision):
        layout = _Layout(tuple(symbols), rows, counts)
        results = tuple(layout.slot(expr) for expr in exprs)
    fixed, moving = layout.slots, tuple(layout.steps)
    return Enclosed(tuple(symbols), fixed, moving, results, precision)


def exactly(number: mpmath.mpf) -> fmpq:
    """A finite mpf as the fraction that it is."""
    # Not mpf(number): that rounds to the working precision.
    sign, mantissa, exponent, _ = number._mpf_
    whole = -int(mantissa) if sign else int(mantissa)
    return fmpq(whole << exponent) if exponent >= 0 else fmpq(whole, 1 << -exponent)


class _Layout:
    """Slots and steps while they are collected; a slot that does not move is computed at once."""

    def __init__(self, symbols: tuple[sp.Symbol, ...], rows: Rows, counts: Counts) -> None:
        self.slots: list[_Value] = [arb(0)] * len(symbols)
        self.steps: list[_Step] = []
        self.known: dict[sp.Expr, int] = {symbol: i for i, symbol in enumerate(symbols)}
        self.moving: set[int] = set(range(len(symbols)))
        weights = [exactly(count) for count in counts]
        total = sum(weights, fmpq(0))
        self.shares = [arb(weight / total) for weight in weights]
        for symbol, column in rows.items():
            self.known[symbol] = self._kept([arb(exactly(value)) for value in column])

    def slot(self, expr: sp.Expr) -> int:
        if expr not in self.known:
            self.known[expr] = self._new(expr)
        return self.known[expr]

    def _new(self, expr: sp.Expr) -> int:
        if isinstance(expr, OverData):
            inputs = tuple(self.slot(arg) for arg in expr.args)
            return self._step(_reduction(expr, self.shares), inputs, True)
        if expr.is_number and not expr.args:
            return self._kept(ball(expr))
        function, arguments = operation(expr)
        return self._step(function, tuple(self.slot(arg) for arg in arguments), False)

    def _kept(self, value: _Value) -> int:
        self.slots.append(value)
        return len(self.slots) - 1

    def _step(self, function: Callable[..., _Value], inputs: tuple[int, ...], whole: bool) -> int:
        step = _Step(len(self.slots), function, inputs, whole)
        if self.moving.isdisjoint(inputs):
            return self._kept(_done(step, self.slots))
        self.moving.add(self._kept(arb(0)))
        self.steps.append(step)
        return step.slot


def _done(step: _Step, slots: Sequence[_Value]) -> _Value:
    values = [slots[i] for i in step.inputs]
    rows = next((len(value) for value in values if isinstance(value, list)), None)
    if step.over_data or rows is None:
        return step.function(*values)
    columns = [value if isinstance(value, list) else [value] * rows for value in values]
    return [_scalar(step.function(*row)) for row in zip(*columns, strict=True)]


def _scalar(value: _Value) -> arb:
    if isinstance(value, list):
        raise InputError("an expression in the data stands outside every mean")
    return value


def _reduction(node: OverData, shares: list[arb]) -> Callable[..., _Value]:
    if isinstance(node, SampleMean):
        return lambda column: _mean(column, shares)
    if isinstance(node, SampleCovariance):
        return lambda first, second: _covariance(first, second, shares)
    raise InputError(f"{node} has no enclosure over the rows")


def _mean(column: _Value, shares: list[arb]) -> arb:
    if not isinstance(column, list):
        return column
    return sum((w * v for w, v in zip(shares, column, strict=True)), arb(0))


def _covariance(first: _Value, second: _Value, shares: list[arb]) -> arb:
    if not isinstance(first, list) or not isinstance(second, list):
        return arb(0)
    centre, other = _mean(first, shares), _mean(second, shares)
    products = [(a - centre) * (b - other) for a, b in zip(first, second, strict=True)]
    return _mean(products, shares)
