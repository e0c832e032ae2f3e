"""Expressions -> a straight line of small assignments, as a programmer would write them.

Subexpressions that occur twice are computed once, and integer powers become products.  Only
whole subtrees are shared: matching parts of sums and products would reorder the arithmetic.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sympy as sp

from symmle.codegen.names import Names, slug


class Over(StrEnum):
    """What the value of an assignment is."""

    NUMBER = "number"
    ROWS = "rows"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Assignment:
    """target <- value; with Over.MEAN, target <- the mean over the rows of value."""

    target: sp.Symbol
    value: sp.Expr
    over: Over

    def __str__(self) -> str:
        inside = f"mean({self.value})" if self.over is Over.MEAN else str(self.value)
        return f"{self.target} = {inside}"


@dataclass(frozen=True, slots=True)
class Formula:
    """Assignments in order, then the results.  rows: the symbols that are whole columns."""

    assignments: tuple[Assignment, ...]
    results: tuple[sp.Expr, ...]
    rows: frozenset[sp.Symbol]

    def words(self) -> set[str]:
        """Every name in it."""
        parts = [*(each.value for each in self.assignments), *self.results]
        names = {symbol.name for part in parts for symbol in part.free_symbols}
        return names | {each.target.name for each in self.assignments}

    def renamed(self, new: Mapping[sp.Symbol, sp.Symbol]) -> "Formula":
        """The same formula with other names for some symbols."""
        lines = (
            Assignment(new.get(each.target, each.target), each.value.xreplace(new), each.over)
            for each in self.assignments
        )
        results = tuple(result.xreplace(new) for result in self.results)
        return Formula(tuple(lines), results, frozenset(new.get(row, row) for row in self.rows))

    def __str__(self) -> str:
        return "\n".join([*map(str, self.assignments), *(f"-> {each}" for each in self.results)])


def straight_line(
    columns: Sequence[tuple[sp.Symbol, sp.Expr]],
    means: Sequence[tuple[sp.Symbol, sp.Expr]],
    results: Sequence[sp.Expr],
    rows: Iterable[sp.Symbol],
    names: Names,
) -> Formula:
    """Make a formula of: named columns, means over rows (passes), results that use the means.

    rows: the data columns; names: the scope, to which the new locals are added.
    """
    used = [value for _, value in means] + list(results)
    builder = _Builder(set(rows) | {symbol for symbol, _ in columns}, names)
    builder.survey([value for _, value in columns] + used)
    for symbol, value in columns:
        if any(value_.has(symbol) for value_ in used):
            builder.add(symbol, builder.visit(value))
    for symbol, value in means:
        builder.lines.append(Assignment(symbol, builder.visit(value), Over.MEAN))
    finished = tuple(builder.visit(result) for result in results)
    return Formula(tuple(builder.lines), finished, frozenset(builder.rows))


class _Builder:
    def __init__(self, rows: set[sp.Symbol], names: Names) -> None:
        self.rows = rows
        self.names = names
        self.lines: list[Assignment] = []
        self._known: dict[sp.Expr, sp.Symbol] = {}
        self._uses: Counter[sp.Expr] = Counter()
        self._squares: Counter[sp.Expr] = Counter()

    def survey(self, exprs: Iterable[sp.Expr]) -> None:
        """Count how often each subtree is needed; below a repeated one, once."""
        for expr in exprs:
            for part in _parts(expr, self._uses):
                if part.is_Pow and part.exp.is_Integer and abs(part.exp) > 1:
                    self._squares[part.base] += 1 if abs(part.exp) < 3 else 2

    def visit(self, expr: sp.Expr) -> sp.Expr:
        """The expression with its shared parts and its powers assigned to names before it."""
        if not expr.args or expr.is_number:
            return expr
        if expr in self._known:
            return self._known[expr]
        if expr.is_Pow and expr.exp.is_Integer and abs(expr.exp) > 1:
            base = self._named(expr.base)
            new = self._power(base, expr.base, int(expr.exp))
        else:
            new = expr.func(*(self.visit(arg) for arg in expr.args))
        if self._uses[expr] > 1 and isinstance(new, sp.Expr) and self._is_worth_a_name(new):
            return self._assign(expr, new)
        return new

    def add(self, symbol: sp.Symbol, value: sp.Expr) -> None:
        over = Over.ROWS if value.free_symbols & self.rows else Over.NUMBER
        if over is Over.ROWS:
            self.rows.add(symbol)
        self.lines.append(Assignment(symbol, value, over))

    def _named(self, expr: sp.Expr) -> sp.Symbol:
        new = self.visit(expr)
        return new if new.is_Symbol else self._assign(expr, new)

    def _assign(self, original: sp.Expr, value: sp.Expr) -> sp.Symbol:
        if value.is_Symbol:
            self._known[original] = value
            return value
        wish = _wish(value)
        stem = "r" if value.free_symbols & self.rows else "t"
        name = self.names.fresh(wish) if wish else self.names.numbered(stem)
        symbol = sp.Symbol(name, real=True, positive=value.is_positive)
        self.add(symbol, value)
        self._known[original] = symbol
        return symbol

    def _power(self, base: sp.Symbol, original: sp.Expr, exponent: int) -> sp.Expr:
        if abs(exponent) < 2 or (abs(exponent) == 2 and self._squares[original] < 2):
            return base**exponent
        square = self._known.get(base**2)
        if square is None:
            square = self._assign(base**2, sp.Mul(base, base, evaluate=False))
        half, odd = divmod(abs(exponent), 2)
        sign = 1 if exponent > 0 else -1
        self._squares[square] += 2 if half > 3 else 0
        return self._power(square, square, sign * half) * base ** (sign * odd)

    def _is_worth_a_name(self, expr: sp.Expr) -> bool:
        _, rest = expr.as_coeff_Mul()
        if rest.is_Symbol or rest.is_number:
            return False
        if rest.free_symbols & self.rows:
            return True
        # A product of reciprocals can overflow where the whole does not.
        return sp.fraction(rest)[0] != 1 or bool(rest.is_Pow and rest.base.is_Add)


def _parts(expr: sp.Expr, uses: Counter[sp.Expr]) -> Iterator[sp.Expr]:
    if not expr.args or expr.is_number:
        return
    uses[expr] += 1
    yield expr
    if uses[expr] == 1:
        for arg in expr.args:
            yield from _parts(arg, uses)


def _wish(value: sp.Expr) -> str | None:
    """A speaking name for a function or square of one symbol."""
    if value.is_Mul and len(value.args) == 2 and value.args[0] == value.args[1]:
        name = str(value.args[0])
        return None if "." in name else f"{name}_squared"
    if value.is_Add and len(value.args) == 2:
        (_, first), (sign, second) = (
            term.as_coeff_Mul() for term in sorted(value.args, key=lambda t: not t.is_Symbol)
        )
        if first.is_Symbol and second.is_Symbol and sign in (1, -1) and value.args[0] != -first:
            word = "plus" if sign > 0 else "minus"
            name = f"{_bare(first)}_{word}_{_bare(second)}"
            return name if len(name) <= 30 else None
    if value.is_Function and len(value.free_symbols) == 1:
        symbol = next(iter(value.free_symbols))
        spelt = slug(value)
        if spelt and value.args[-1] == symbol and "." not in str(symbol):
            return spelt
    return None


def _bare(symbol: sp.Symbol) -> str:
    """The symbol's name without the record that it is a field of."""
    return str(symbol.name.rpartition(".")[2])
