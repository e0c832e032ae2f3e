"""Expressions over many boxes and all rows at once: intervals of doubles, rounded outwards.

A ball at a time costs a call for each row and operation; here one NumPy call does an operation for
all rows and thousands of boxes.  What does not move is enclosed by Arb once.  Sums, products,
quotients and roots are rounded to the next double; NumPy's elementary functions, which are exact
to a few units in the last place, are given 2**-46 of room.  Any other function goes to Arb: over
cells of the range of its argument, or element by element where more than one argument moves.
Source: R. E. Moore, R. B. Kearfott and M. J. Cloud, Introduction to Interval Analysis (2009).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import mpmath
import numpy as np
import sympy as sp
from flint import arb, ctx
from numpy.typing import NDArray

from symmle.balls import ball, operation
from symmle.enclosed import Counts, Rows, enclosed, exactly
from symmle.fit.lookup import Lookup, ends_of, one_by_one
from symmle.sample_mean import OverData, SampleMean, has_data, nodes

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]

_PRECISION = 80
_ROOM = 2.0**-46  # relative, for NumPy's elementary functions
_LEAST = 5e-324
_MOST = 1.7976931348623157e308
_MOST_OPERATIONS = 60  # of a function that is enclosed as a whole
_LONGEST_TURN = 1e8  # beyond which a sine may be anything


@dataclass(frozen=True, slots=True)
class _Step:
    slot: int
    function: Callable[..., Interval]
    inputs: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Wide:
    """A list of expressions, ready to be evaluated at many boxes of the symbols.

    rows: how many there are, for the size of an evaluation.
    """

    symbols: tuple[sp.Symbol, ...]
    slots: list[Interval]
    steps: tuple[_Step, ...]
    results: tuple[int, ...]
    rows: int

    def at(self, low: Floats, high: Floats) -> Interval:
        """Bounds of each expression on each box, both of shape (expressions, boxes).

        low, high: of shape (boxes, symbols).  Infinite where there is no bound.
        """
        slots = list(self.slots)
        for i in range(len(self.symbols)):
            slots[i] = (low[:, i : i + 1], high[:, i : i + 1])
        with np.errstate(all="ignore"):
            for step in self.steps:
                slots[step.slot] = step.function(*(slots[i] for i in step.inputs))
        count = len(low)
        found = [[np.broadcast_to(end, (count, 1))[:, 0] for end in slots[i]] for i in self.results]
        return np.array([ends[0] for ends in found]), np.array([ends[1] for ends in found])


def wide(
    exprs: Sequence[sp.Expr], symbols: Sequence[sp.Symbol], rows: Rows, counts: Counts
) -> Wide:
    """Lay expressions out; symbols: all that are free in them.

    Raises InputError for a function or a node without an enclosure.
    """
    layout = _Layout(tuple(symbols), rows, counts)
    results = tuple(layout.slot(expr) for expr in exprs)
    return Wide(tuple(symbols), layout.slots, tuple(layout.steps), results, len(counts))


class _Layout:
    """Slots and steps while they are collected."""

    def __init__(self, symbols: tuple[sp.Symbol, ...], rows: Rows, counts: Counts) -> None:
        self.symbols, self.rows, self.counts = set(symbols), rows, counts
        self.slots: list[Interval] = [(np.zeros((1, 1)), np.zeros((1, 1)))] * len(symbols)
        self.steps: list[_Step] = []
        self.known: dict[sp.Expr, int] = {symbol: i for i, symbol in enumerate(symbols)}
        weight = np.array([[float(count) for count in counts]])
        self.shares = weight / weight.sum()

    def slot(self, expr: sp.Expr) -> int:
        if expr not in self.known:
            self.known[expr] = self._new(expr)
        return self.known[expr]

    def _new(self, expr: sp.Expr) -> int:
        if not self._moves(expr):
            return self._kept(self._fixed(expr))
        if isinstance(expr, SampleMean):
            shares = self.shares
            return self._step(lambda column: _mean(column, shares), (self.slot(expr.args[0]),))
        if expr.is_Add and (gathered := self._gathered(expr)) is not None:
            inner, rest = gathered
            shares = self.shares
            mean = self._step(lambda column: _mean(column, shares), (self.slot(inner),))
            return mean if rest == 0 else self._step(plus, (mean, self.slot(rest)))
        function, arguments = self._of_one_argument(expr) or _operation(expr)
        return self._step(function, tuple(self.slot(arg) for arg in arguments))

    def _of_one_argument(
        self, expr: sp.Expr
    ) -> tuple[Callable[..., Interval], tuple[sp.Expr, ...]] | None:
        """The whole expression, where it moves with one argument of special functions only."""
        if isinstance(expr, sp.Pow) or expr.count_ops() > _MOST_OPERATIONS:
            return None
        calls = [call for call in expr.atoms(sp.Function) if self._is_special(call)]
        found = {arg for call in calls for arg in call.args if self._moves(arg)}
        z = sp.Dummy("z", real=True)
        alone = expr.xreplace(dict.fromkeys(found, z))
        if len(found) != 1 or alone.free_symbols != {z}:
            return None
        return Lookup(alone, z), tuple(found)

    def _is_special(self, call: sp.Expr) -> bool:
        """Whether a call moves and is none of NumPy's functions, nor a mean."""
        return self._moves(call) and not isinstance(call, (*_FUNCTIONS, OverData))

    def _gathered(self, expr: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
        """(T, R) with the sum equal to mean(T) + R, for several means that move; else None.

        What cancels in T row by row is lost between means that are enclosed apart.
        """
        inside, rest = [], []
        for term in expr.args:
            factors = sp.Mul.make_args(term)
            means = [each for each in factors if isinstance(each, SampleMean) and self._moves(each)]
            others = [each for each in factors if each not in means]
            if len(means) == 1 and not any(self._moves(each) for each in others):
                inside.append(sp.Mul(*others, means[0].args[0]))
            else:
                rest.append(term)
        if len(inside) < 2:
            return None
        return sp.factor_terms(sp.Add(*inside)), sp.Add(*rest)

    def _moves(self, expr: sp.Expr) -> bool:
        return not self.symbols.isdisjoint(expr.free_symbols)

    def _fixed(self, expr: sp.Expr) -> Interval:
        """Enclosed by Arb: a number, or one for each row."""
        with ctx.workprec(_PRECISION):
            if not has_data(expr):
                return _as_row([self._statistic(expr)])
            known: dict[sp.Expr, arb] = {e: self._statistic(e) for e in nodes([expr])}
            columns = zip(*self.rows.values(), strict=True)
            return _as_row([ball(expr, known | self._row(row)) for row in columns])

    def _statistic(self, expr: sp.Expr) -> arb:
        return enclosed([expr], (), self.rows, self.counts, _PRECISION).at([])[0]

    def _row(self, row: Sequence[mpmath.mpf]) -> dict[sp.Expr, arb]:
        return {s: arb(exactly(value)) for s, value in zip(self.rows, row, strict=True)}

    def _kept(self, value: Interval) -> int:
        self.slots.append(value)
        return len(self.slots) - 1

    def _step(self, function: Callable[..., Interval], inputs: tuple[int, ...]) -> int:
        slot = self._kept((np.zeros((1, 1)), np.zeros((1, 1))))
        self.steps.append(_Step(slot, function, inputs))
        return slot


def _as_row(balls: Sequence[arb]) -> Interval:
    ends = [ends_of(each) for each in balls]
    return np.array([[low for low, _ in ends]]), np.array([[high for _, high in ends]])


def _operation(expr: sp.Expr) -> tuple[Callable[..., Interval], tuple[sp.Expr, ...]]:
    """What the top of an expression does to intervals, and to which expressions."""
    if isinstance(expr, sp.Pow):
        return _power_of(expr)
    if expr.func in _FUNCTIONS:
        return _FUNCTIONS[expr.func], expr.args
    function, arguments = operation(expr)
    return partial(one_by_one, function), arguments


def _power_of(expr: sp.Pow) -> tuple[Callable[..., Interval], tuple[sp.Expr, ...]]:
    base, exponent = expr.args
    if exponent.is_Integer:
        return lambda x: integer_power(x, int(exponent)), (base,)
    if base is sp.E:
        return exp, (exponent,)
    if exponent in (sp.Rational(1, 2), sp.Rational(-1, 2)):
        return (_root if exponent > 0 else lambda x: _inverse(_root(x))), (base,)
    return lambda x, y: exp(times(y, log(x))), (base, exponent)


def _settled(low: Floats, high: Floats) -> Interval:
    """Bounds where there are some, and none where an operation had no value."""
    gone = np.isnan(low) | np.isnan(high)
    if gone.any():
        low, high = np.where(gone, -np.inf, low), np.where(gone, np.inf, high)
    return np.minimum(low, _MOST), np.maximum(high, -_MOST)


def _outwards(low: Floats, high: Floats) -> Interval:
    """After an operation that is rounded to the nearest double."""
    return _settled(np.nextafter(low, -np.inf), np.nextafter(high, np.inf))


def _roomy(low: Floats, high: Floats) -> Interval:
    """After an elementary function that is exact to a few units in the last place."""
    return _settled(low - np.abs(low) * _ROOM - _LEAST, high + np.abs(high) * _ROOM + _LEAST)


def plus(*terms: Interval) -> Interval:
    """The sum."""
    low, high = terms[0]
    for more_low, more_high in terms[1:]:
        low, high = _outwards(low + more_low, high + more_high)
    return low, high


def times(*factors: Interval) -> Interval:
    """The product."""
    found = factors[0]
    for factor in factors[1:]:
        found = _product(found, factor)
    return found


def _product(one: Interval, other: Interval) -> Interval:
    (a, b), (c, d) = one, other
    if (a >= 0).all() and (c >= 0).all():
        return _outwards(a * c, b * d)
    if (a >= 0).all():
        return _outwards(np.where(c >= 0, a, b) * c, np.where(d >= 0, b, a) * d)
    if (c >= 0).all():
        return _outwards(np.where(a >= 0, c, d) * a, np.where(b >= 0, d, c) * b)
    parts = a * c, a * d, b * c, b * d
    low = np.minimum(np.minimum(parts[0], parts[1]), np.minimum(parts[2], parts[3]))
    high = np.maximum(np.maximum(parts[0], parts[1]), np.maximum(parts[2], parts[3]))
    return _outwards(low, high)


def _inverse(x: Interval) -> Interval:
    low, high = x
    apart = (low > 0) | (high < 0)
    return _outwards(np.where(apart, 1 / high, -np.inf), np.where(apart, 1 / low, np.inf))


def integer_power(x: Interval, exponent: int) -> Interval:
    """x**exponent for a whole number."""
    if exponent < 0:
        return _inverse(integer_power(x, -exponent))
    low, high = x
    if exponent % 2 == 0:
        across = (low < 0) & (high > 0)
        sizes = np.abs(low), np.abs(high)
        low, high = np.where(across, 0.0, np.minimum(*sizes)), np.maximum(*sizes)
        found = _roomy(low**exponent, high**exponent)
        return np.maximum(found[0], 0.0), found[1]
    return _roomy(low**exponent, high**exponent)


def _root(x: Interval) -> Interval:
    low, high = np.sqrt(x[0]), np.sqrt(x[1])
    found = _outwards(low, high)
    return np.where(np.isfinite(found[0]), np.maximum(found[0], 0.0), found[0]), found[1]


def exp(x: Interval) -> Interval:
    """e**x, positive."""
    low, high = _roomy(np.exp(x[0]), np.exp(x[1]))
    return np.maximum(low, 0.0), high


def log(x: Interval) -> Interval:
    """The natural logarithm; without a lower bound where zero is not excluded."""
    return _roomy(np.log(np.maximum(x[0], 0.0)), np.where(x[1] > 0, np.log(x[1]), np.nan))


def _rising(function: Callable[[Floats], Floats]) -> Callable[[Interval], Interval]:
    return lambda x: _roomy(function(x[0]), function(x[1]))


def _sine(x: Interval, quarter: float = 0.0) -> Interval:
    """sin(x + quarter*pi/2): the ends, and a top or a bottom where one may lie between them."""
    low, high = x
    wave = np.cos if quarter else np.sin
    ends = wave(low), wave(high)
    turn, slack = 2 * math.pi, 1e-6
    found = []
    for place, top in ((-1.0 - quarter, -1.0), (1.0 - quarter, 1.0)):
        first = np.ceil((low - slack - place * math.pi / 2) / turn)
        holds = place * math.pi / 2 + first * turn <= high + slack
        holds |= (np.abs(low) > _LONGEST_TURN) | (np.abs(high) > _LONGEST_TURN)
        end = np.minimum(*ends) if top < 0 else np.maximum(*ends)
        found.append(np.where(holds, top, end))
    return _roomy(found[0], found[1])


def _absolute(x: Interval) -> Interval:
    low, high = x
    across = (low < 0) & (high > 0)
    sizes = np.abs(low), np.abs(high)
    return np.where(across, 0.0, np.minimum(*sizes)), np.maximum(*sizes)


def _sign(x: Interval) -> Interval:
    """No bound at a jump: the slope does not tell what happens there."""
    low, high = x
    found = np.where(low > 0, 1.0, np.where(high < 0, -1.0, np.nan))
    return _settled(found, found)


def _mean(column: Interval, shares: Floats) -> Interval:
    """With room for the rounding of the sum."""
    if column[0].shape[1] == 1:
        return column
    low, high = column[0] * shares, column[1] * shares
    room = (shares.size + 8) * 2.0**-51
    rounding = [room * np.abs(part).sum(axis=1, keepdims=True) + _LEAST for part in (low, high)]
    least = low.sum(axis=1, keepdims=True) - rounding[0]
    return _settled(least, high.sum(axis=1, keepdims=True) + rounding[1])


_FUNCTIONS: dict[type[sp.Basic], Callable[..., Interval]] = {
    sp.Add: plus,
    sp.Mul: times,
    sp.exp: exp,
    sp.log: log,
    sp.Abs: _absolute,
    sp.sign: _sign,
    sp.sin: _sine,
    sp.cos: lambda x: _sine(x, 1.0),
    sp.atan: _rising(np.arctan),
    sp.tanh: _rising(np.tanh),
    sp.sinh: _rising(np.sinh),
}
