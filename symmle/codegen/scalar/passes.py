"""A formula as loops over the rows, each as few as can be, with numbers between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sympy as sp

from symmle.codegen.formula import Assignment, Formula, Over


@dataclass(frozen=True, slots=True)
class Pass:
    """One loop over the rows: what is worked out of each, and what is averaged."""

    rows: tuple[Assignment, ...]
    means: tuple[Assignment, ...]


def passes(formula: Formula) -> Iterator[Pass | Assignment]:
    """The assignments of a formula in an order that can be computed: loops, and numbers.

    A loop takes every mean that can be taken by then; what it needs of a row is worked out in it,
    again if an earlier loop had it.
    """
    known: set[sp.Symbol] = set()
    own = {each.target for each in formula.assignments}
    of_rows = {each.target: each for each in formula.assignments if each.over is Over.ROWS}
    waiting = [each for each in formula.assignments if each.over is not Over.ROWS]
    while waiting:
        ready = [
            each for each in waiting if each.over is Over.NUMBER and _needs(each, own) <= known
        ]
        for each in ready:
            yield each
            known.add(each.target)
        waiting = [each for each in waiting if each not in ready]
        if ready:
            continue
        means = [e for e in waiting if e.over is Over.MEAN and _numbers(e, own, of_rows) <= known]
        yield Pass(tuple(_rows_of(means, of_rows, formula)), tuple(means))
        known |= {each.target for each in means}
        waiting = [each for each in waiting if each not in means]


def _needs(each: Assignment, own: set[sp.Symbol]) -> set[sp.Symbol]:
    return own.intersection(each.value.free_symbols)


def _numbers(
    each: Assignment, own: set[sp.Symbol], of_rows: dict[sp.Symbol, Assignment]
) -> set[sp.Symbol]:
    """The numbers of the formula that an assignment needs, also through what is of the rows."""
    found: set[sp.Symbol] = set()
    for symbol in _needs(each, own):
        found |= _numbers(of_rows[symbol], own, of_rows) if symbol in of_rows else {symbol}
    return found


def _rows_of(
    means: Iterable[Assignment], of_rows: dict[sp.Symbol, Assignment], formula: Formula
) -> Iterator[Assignment]:
    needed: set[sp.Symbol] = set()
    waiting = [symbol for each in means for symbol in each.value.free_symbols]
    while waiting:
        symbol = waiting.pop()
        if symbol in of_rows and symbol not in needed:
            needed.add(symbol)
            waiting += of_rows[symbol].value.free_symbols
    return (each for each in formula.assignments if each.target in needed)
