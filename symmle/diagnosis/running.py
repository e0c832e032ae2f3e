"""A map at numbers, compiled into a loop of plain Python: a million steps a second and more.

The loop watches what a diagnosis needs while it runs: the largest size of each variable, the
largest gradient, the first step out of the domain, and whether the score has become nothing.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.codegen.formula import Formula, Over, straight_line
from symmle.codegen.loading import needing_scipy
from symmle.codegen.names import Names
from symmle.codegen.printer import Printer
from symmle.codegen.stable import stable
from symmle.domain import Variable
from symmle.dynamics.array_value import array_value
from symmle.errors import InputError
from symmle.sample_mean import OverData, SampleCovariance, SampleMean, nodes, raw
from symmle.schemes import Map, Statement

State = tuple[float, ...]
Floats = NDArray[np.float64]


class Stop(Enum):
    """Why a run ended."""

    DONE = "the scaled score is nothing"
    LEFT = "it left the domain"
    BROKE = "a number was undefined or too large"
    COUNT = "the steps asked for were made"


@dataclass(frozen=True, slots=True)
class Run:
    """Where a run ended, after how many full updates, and what was seen on the way.

    state: the variables, and what a rule remembers.  largest: of each variable, by size.
    largest_gradient: Euclidean norm, at the points before each update.
    """

    stop: Stop
    steps: int
    state: State
    largest: State
    largest_gradient: float


@dataclass(frozen=True, slots=True)
class Columns:
    """The rows of the data that a map passes over, and the share of each; empty for none."""

    rows: Mapping[sp.Symbol, Floats]
    shares: Floats

    def statistic(self, node: OverData) -> float:
        """A mean, variance or covariance of functions of the data alone, means among them."""
        inner = {n: sp.Float(self.statistic(n), 17) for n in nodes(node.args)}
        parts = [array_value(arg.xreplace(inner), dict(self.rows)) for arg in node.args]
        if isinstance(node, SampleMean):
            return math.fsum(self.shares * parts[0])
        if not isinstance(node, SampleCovariance):
            raise InputError(f"an update with {node} in it is not followed here")
        first, second = (part - math.fsum(self.shares * part) for part in parts)
        return math.fsum(self.shares * first * second)


NO_DATA = Columns(MappingProxyType({}), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Runner:
    """A compiled map.

    variables: those with a domain; state: they, and what a rule remembers behind them.
    passes: whether a step reads all rows.  loop(count, tolerance, *state): the loop itself.
    """

    variables: tuple[Variable, ...]
    state: tuple[sp.Symbol, ...]
    passes: bool
    loop: Callable[..., tuple[int, int, State, State, float]]

    def run(self, start: Sequence[float], count: int, tolerance: float = 0.0) -> Run:
        """So many updates at most; it stops where the scaled score is below the tolerance."""
        why, steps, state, largest, gradient = self.loop(count, tolerance, *start)
        return Run(_STOPS[why], steps, state, largest, math.sqrt(gradient))


_STOPS = (Stop.COUNT, Stop.DONE, Stop.LEFT, Stop.BROKE)


def runner(
    update: Map,
    step: sp.Expr,
    gradient: Sequence[sp.Expr],
    variables: Sequence[Variable],
    units: Sequence[float],
    columns: Columns = NO_DATA,
) -> Runner:
    """Compile a map at a number for its step.

    gradient: of the variables, in the map's symbols; it is the field for a game or a map.
    units: the size of each variable, by which its slope is multiplied to be judged.
    Raises InputError for a map that is the solution of an equation, a symbol without a number,
    or a function without a numeric form.
    """
    if any(line.implicit for line in update.statements):
        raise InputError(
            "an implicit update is the solution of an equation, so a run of it is not followed; "
            "take another scheme"
        )
    put = {update.step: sp.Float(step, 17)}
    found = _Loop(update, variables, columns)
    lines = [replace(each, values=_put(each.values, put)) for each in update.statements]
    text = found.text(lines, list(gradient), units)
    scope: dict[str, object] = {"math": math, "np": np, "w": columns.shares}
    scope |= {found.row_names[s].name: rows for s, rows in columns.rows.items()}
    if re.search(r"\b(special\.|_[a-z])", text):
        with needing_scipy():
            from scipy import special

            from symmle.codegen.runtime import functions
            from symmle.codegen.runtime import special as helpers

        scope |= {"special": special, **vars(functions), **vars(helpers)}
    exec(compile(text, "<update>", "exec"), scope)  # made above, of checked numbers and names
    loop = scope["loop"]
    assert callable(loop)
    return Runner(tuple(variables), update.state, found.passes, loop)


def _put(values: Sequence[sp.Expr], numbers: Mapping[sp.Expr, sp.Expr]) -> tuple[sp.Expr, ...]:
    return tuple(each.xreplace(dict(numbers)) for each in values)


class _Loop:
    """The text of the loop while it is written."""

    def __init__(self, update: Map, variables: Sequence[Variable], columns: Columns) -> None:
        self.update, self.variables, self.columns = update, variables, columns
        size = len(update.state)
        self.symbols = {s: sp.Symbol(f"s{i}", real=True) for i, s in enumerate(update.state)}
        self.row_names = {s: sp.Symbol(f"x{i}", real=True) for i, s in enumerate(columns.rows)}
        taken = [*(f"s{i}" for i in range(size)), *(f"x{i}" for i in range(len(columns.rows)))]
        taken += [f"{letter}{i}" for letter in "gt" for i in range(size)]
        self.names = Names([*taken, "w", "count", "tolerance", "k", "norm", "top", "math", "np"])
        self.passes = False

    def text(
        self, lines: Sequence[Statement], gradient: list[sp.Expr], units: Sequence[float]
    ) -> str:
        """The whole function."""
        states = [str(each) for each in self.symbols.values()]
        tops = [f"t{i}" for i in range(len(self.variables))]
        first = lines[0]
        shared = first.repeat == 1 and self.update.scheme.sweeps == 1
        size = len(gradient)
        values = [*gradient, *(first.values if shared else ())]
        body, results = self._formula(values)
        slopes = [f"g{i}" for i in range(size)]
        body += [f"{name} = {result}" for name, result in zip(slopes, results, strict=False)]
        body += [f"norm = {' + '.join(f'{g} * {g}' for g in slopes)}", "if norm > top: top = norm"]
        scaled = " + ".join(f"({u!r} * {g}) ** 2" for u, g in zip(units, slopes, strict=True))
        body += [f"if {scaled} < tolerance: return 1, k, ({_all(states)}), ({_all(tops)}), top"]
        if shared:
            body += self._moved(first, results[size:])
            body += [each for line in lines[1:] for each in self._line(line)]
        else:
            inner = [each for line in lines for each in self._line(line)]
            body += [f"for _ in range({self.update.scheme.sweeps}):", *_indented(inner)]
        body += self._watched(states, tops)
        start = [f"{top} = abs({s})" for top, s in zip(tops, states, strict=False)]
        return "\n".join(
            [
                f"def loop(count, tolerance, {', '.join(states)}):",
                *_indented([*start, "top = 0.0", "k = 0", "try:"]),
                *_indented(_indented(["for k in range(count):", *_indented(body)])),
                *_indented(["except (ArithmeticError, ValueError):"]),
                *_indented(_indented([f"return 3, k, ({_all(states)}), ({_all(tops)}), top"])),
                *_indented([f"return 0, count, ({_all(states)}), ({_all(tops)}), top"]),
                "",
            ]
        )

    def _watched(self, states: list[str], tops: list[str]) -> list[str]:
        """The domains, which no number that is not finite is in; and the largest sizes."""
        written = []
        for variable, name, top in zip(self.variables, states, tops, strict=False):
            where = variable.domain
            low, high = _end(where.lower), _end(where.upper)
            below = "<=" if where.lower_closed else "<"
            above = "<=" if where.upper_closed else "<"
            written += [
                f"if not ({low} {below} {name} {above} {high}):",
                f"    return 2, k + 1, ({_all(states)}), ({_all(tops)}), top",
                f"if {name} > {top}: {top} = {name}",
                f"elif -{name} > {top}: {top} = -{name}",
            ]
        for name in states[len(self.variables) :]:
            written += [
                f"if not (-math.inf < {name} < math.inf):",
                f"    return 3, k, ({_all(states)}), ({_all(tops)}), top",
            ]
        return written

    def _line(self, line: Statement) -> list[str]:
        body, results = self._formula(line.values)
        body += self._moved(line, results)
        return body if line.repeat == 1 else [f"for _ in range({line.repeat}):", *_indented(body)]

    def _moved(self, line: Statement, results: list[str]) -> list[str]:
        targets = ", ".join(str(self.symbols[p]) for p in line.parameters)
        return [f"{targets} = {', '.join(results)}"]

    def _formula(self, values: Sequence[sp.Expr]) -> tuple[list[str], list[str]]:
        """(assignments, the texts of the values)."""
        values = [
            raw(each) if _moving_covariance(each, self.update.state) else each for each in values
        ]
        rows = frozenset(self.row_names.values())
        means: list[tuple[sp.Symbol, sp.Expr]] = []
        letters: dict[sp.Expr, sp.Expr] = {}
        for node in from_within(nodes(values)):
            if node.free_symbols.isdisjoint(self.update.state):
                letters[node] = sp.Float(self.columns.statistic(node), 17)
                continue
            self.passes = True
            letter = sp.Symbol(self.names.numbered("m"), real=True)
            inside = node.args[0].xreplace(self._own(letters))
            means.append((letter, stable(inside, rows)))
            letters[node] = letter
        plain = [each.xreplace(self._own(letters)) for each in values]
        plain = [stable(each, frozenset()) for each in plain]
        left = {s for each in plain for s in each.free_symbols}
        known = {*self.symbols.values(), *(letter for letter, _ in means)}
        if left - known:
            name = min(str(each) for each in left - known)
            raise InputError(f"{name} has no number here; give one with --fix {name}=NUMBER")
        formula = straight_line((), means, plain, self.row_names.values(), self.names)
        return self._written(formula)

    def _own(self, letters: Mapping[sp.Expr, sp.Expr]) -> dict[sp.Expr, sp.Expr]:
        """The names of this loop, put in all at once: a parameter may be called m1 or s0."""
        return {**self.symbols, **self.row_names, **letters}

    def _written(self, formula: Formula) -> tuple[list[str], list[str]]:
        printer = Printer(formula.rows)
        body = []
        for each in formula.assignments:
            text = printer.text(each.value)
            if each.over is Over.MEAN:
                text = f"float(np.dot(w, np.broadcast_to({text}, w.shape)))"
            body.append(f"{each.target} = {text}")
        return body, [printer.text(result) for result in formula.results]


def from_within(found: Sequence[OverData]) -> list[OverData]:
    """Means and those inside them, inner ones first: an extragradient step has means of means.

    Once its data symbol is a column's name, a mean that was left standing would be its own
    argument, so none may be left.
    """
    ordered: list[OverData] = []
    for node in found:
        ordered += [n for n in from_within(nodes(node.args)) if n not in ordered]
        ordered += [] if node in ordered else [node]
    return ordered


def _moving_covariance(expr: sp.Expr, state: Sequence[sp.Symbol]) -> bool:
    return any(
        isinstance(node, SampleCovariance) and not node.free_symbols.isdisjoint(state)
        for node in nodes([expr])
    )


def _end(end: sp.Expr) -> str:
    if not end.is_number:
        raise InputError("a domain whose ends other variables move is not followed here")
    return repr(float(end)) if end.is_finite else "math.inf" if end > 0 else "-math.inf"


def _all(names: Sequence[str]) -> str:
    return "".join(f"{name}, " for name in names)


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
