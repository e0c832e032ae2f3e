"""Expressions and maps compiled for whole arrays of points at once.

The text is NumPy's, with the rewritings that keep digits; what has no such text is evaluated by
walking its tree, more slowly.  Means that the points move pass over the rows of the data.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from symmle.codegen.formula import Formula, Over, straight_line
from symmle.codegen.names import Names
from symmle.codegen.printer import Printer
from symmle.codegen.stable import stable
from symmle.diagnosis.running import Columns, Floats, from_within
from symmle.dynamics.array_value import array_value
from symmle.errors import InputError, SymmleError
from symmle.sample_mean import OverData, SampleCovariance, SampleMean, nodes, raw
from symmle.schemes import Map

_AT_ONCE = 2**18  # numbers in one array of points times rows
_BLOCK = 2**14  # points in one array where no rows are passed over: it stays in the cache

Values = Callable[[Sequence[Floats]], list[Floats]]


@dataclass(frozen=True, slots=True)
class ArrayMap:
    """A map that moves many points at once.

    state: the symbols of its arrays.  block: how many points it is best given at a time.
    passes: whether each of its steps reads all rows of the data.
    """

    state: tuple[sp.Symbol, ...]
    block: int
    passes: bool
    lines: tuple[tuple[tuple[int, ...], int, Values], ...]
    sweeps: int

    def image(self, points: Sequence[Floats]) -> list[Floats]:
        """One full update of every point; an array for each symbol of the state."""
        here = list(points)
        for _ in range(self.sweeps):
            for places, repeat, values in self.lines:
                for _ in range(repeat):
                    for place, new in zip(places, values(here), strict=True):
                        here[place] = new
        return here


def array_map(update: Map, columns: Columns, moving: Sequence[sp.Symbol] = ()) -> ArrayMap:
    """A map for arrays of points.

    moving: symbols, such as the step, that have a number of their own at each point; they stand
    behind the state and are not moved.
    Raises InputError for an update that is the solution of an equation, and for a symbol that has
    no number.
    """
    if any(line.implicit for line in update.statements):
        raise InputError(
            "an implicit update is the solution of an equation, so its runs are not drawn; "
            "take another scheme"
        )
    state = (*update.state, *moving)
    everything = [value for line in update.statements for value in line.values]
    lines = tuple(
        (
            tuple(state.index(symbol) for symbol in line.parameters),
            line.repeat,
            over_points(line.values, state, columns),
        )
        for line in update.statements
    )
    rows = _rows_passed(everything, state, columns)
    block = max(64, _AT_ONCE // rows) if rows else _BLOCK
    return ArrayMap(state, block, bool(rows), lines, update.scheme.sweeps)


def over_points(exprs: Sequence[sp.Expr], state: Sequence[sp.Symbol], columns: Columns) -> Values:
    """A function from an array for each symbol to an array for each expression.

    Raises InputError for a symbol that is neither in the state nor a column of the data.
    """
    plain = [raw(each) if _has_moving_covariance(each, state) else each for each in exprs]
    fixed = {
        node: sp.Float(columns.statistic(node), 17)
        for node in from_within(nodes(plain))
        if node.free_symbols.isdisjoint(state)
    }
    plain = [each.xreplace(fixed) for each in plain]
    left = {s for each in plain for s in each.free_symbols} - {*state, *columns.rows}
    if left:
        name = min(str(each) for each in left)
        raise InputError(f"{name} has no number here; give one with --fix {name}=NUMBER")
    try:
        return _compiled(plain, state, columns)
    except (SymmleError, ImportError):  # no text for a function, or SciPy is not there
        return _walked(plain, state, columns)


def _rows_passed(exprs: Sequence[sp.Expr], state: Sequence[sp.Symbol], columns: Columns) -> int:
    moved = any(not node.free_symbols.isdisjoint(state) for node in nodes(exprs))
    return len(columns.shares) if moved else 0


def _has_moving_covariance(expr: sp.Expr, state: Sequence[sp.Symbol]) -> bool:
    return any(
        isinstance(node, SampleCovariance) and not node.free_symbols.isdisjoint(state)
        for node in nodes([expr])
    )


def _moving_means(exprs: Sequence[sp.Expr]) -> list[OverData]:
    """Inner ones first."""
    found = from_within(nodes(exprs))
    for node in found:
        if not isinstance(node, SampleMean):
            raise InputError(f"an update with {node} in it is not drawn here")
    return found


def _compiled(exprs: Sequence[sp.Expr], state: Sequence[sp.Symbol], columns: Columns) -> Values:
    """By a function whose text is made of checked numbers and of names that are made here."""
    symbols = {s: sp.Symbol(f"s{i}", real=True) for i, s in enumerate(state)}
    rows = {s: sp.Symbol(f"x{i}", real=True) for i, s in enumerate(columns.rows)}
    names = Names([*map(str, symbols.values()), *map(str, rows.values()), "mean", "math", "np"])
    arrays = frozenset({*symbols.values(), *rows.values()})
    letters: dict[sp.Expr, sp.Expr] = {}
    means: list[tuple[sp.Symbol, sp.Expr]] = []
    for node in _moving_means(exprs):
        letter = sp.Symbol(names.numbered("m"), real=True)
        inside = node.args[0].xreplace({**symbols, **rows, **letters})
        means.append((letter, stable(inside, arrays)))
        letters[node] = letter
        arrays |= {letter}
    plain = [stable(each.xreplace({**symbols, **letters}), arrays) for each in exprs]
    text = _text(straight_line((), means, plain, arrays, names), [*map(str, symbols.values())])
    width = len(columns.shares)

    def mean(values: Floats) -> Floats:
        found: Floats = np.broadcast_to(values, (len(values), width)) @ columns.shares
        return found[:, None]

    scope: dict[str, Any] = {"math": math, "np": np, "mean": mean}
    scope |= {rows[s].name: column for s, column in columns.rows.items()}
    if re.search(r"\b(special\.|_[a-z])", text):
        from scipy import special

        from symmle.codegen.runtime import functions
        from symmle.codegen.runtime import special as helpers

        scope |= {"special": special, **vars(functions), **vars(helpers)}
    exec(compile(text, "<points>", "exec"), scope)
    function: Callable[..., tuple[Any, ...]] = scope["values"]
    upright = bool(means)

    def values(points: Sequence[Floats]) -> list[Floats]:
        size = len(points[0])
        given = [each[:, None] for each in points] if upright else points
        found = [np.asarray(each, dtype=float) for each in function(*given)]
        return [np.broadcast_to(each.ravel() if upright else each, (size,)) for each in found]

    return values


def _text(formula: Formula, state: Sequence[str]) -> str:
    printer = Printer(formula.rows)
    lines = [f"def values({', '.join(state)}):"]
    for each in formula.assignments:
        text = printer.text(each.value)
        text = f"mean({text} + 0*{state[0]})" if each.over is Over.MEAN else text
        lines.append(f"    {each.target} = {text}")
    results = "".join(f"{printer.text(result)}, " for result in formula.results)
    return "\n".join([*lines, f"    return ({results})", ""])


def _walked(exprs: Sequence[sp.Expr], state: Sequence[sp.Symbol], columns: Columns) -> Values:
    """By walking the trees; a mean adds up row after row."""
    letters: dict[sp.Expr, sp.Expr] = {}
    means: list[tuple[sp.Expr, sp.Expr]] = []
    for node in _moving_means(exprs):
        means.append((sp.Dummy(f"m{len(means)}", real=True), node.args[0].xreplace(letters)))
        letters[node] = means[-1][0]
    plain = [each.xreplace(letters) for each in exprs]

    def values(points: Sequence[Floats]) -> list[Floats]:
        known: dict[sp.Expr, Floats] = dict(zip(state, points, strict=True))
        for letter, inside in means:
            total = np.zeros(len(points[0]))
            for i, share in enumerate(columns.shares):
                row = {s: np.full(len(total), column[i]) for s, column in columns.rows.items()}
                total += share * array_value(inside, known | row)
            known[letter] = total
        return [array_value(each, known) for each in plain]

    return values


def inside(bounds: Sequence[tuple[float, float, bool, bool]], points: Sequence[Floats]) -> Any:
    """Which points lie in the domains (lower, upper, lower closed, upper closed): booleans."""
    found = np.isfinite(points[0])
    for (low, high, low_closed, high_closed), values in zip(bounds, points, strict=False):
        found &= values >= low if low_closed else values > low
        found &= values <= high if high_closed else values < high
    return found
