"""Cycles of a map: their points, their multipliers, and what was searched for them.

Of a rational map of one variable every cycle is found, as the roots of a polynomial from which
those of shorter periods are divided out.  Of any other map candidates come from Newton's method on
the iterated map, from many starts and from the ends of long runs; each is then proved to be there
by Krawczyk's operator in ball arithmetic.  With one variable the line between is searched as well,
so that on a window none is missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from symmle.budget import bounded
from symmle.dynamics.recurrence import Recurrence
from symmle.errors import BudgetError, InputError
from symmle.known import Known
from symmle.stability.records import Verdict

MOST = 6  # the longest period that is looked for
_SECONDS = 12.0  # for one period


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle of that least period.

    points: in the order in which they follow; each {variable: value}, rounded to 20 digits at most.
    multipliers: eigenvalues of the product of the Jacobians along it, the largest modulus first;
    the same from whichever point it is taken.  verdict: whether it attracts what starts near.
    """

    period: int
    points: tuple[Mapping[sp.Symbol, sp.Expr], ...]
    multipliers: tuple[sp.Expr, ...]
    verdict: Verdict
    known: Known


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched for cycles of one period.

    complete: no other is left there; known: how that is known.  road: a sentence.
    """

    period: int
    complete: bool
    known: Known
    road: str


@dataclass(frozen=True, slots=True)
class Cycles:
    """The cycles of a map, shortest periods first, and one entry of `searched` for each period."""

    cycles: tuple[Cycle, ...]
    searched: tuple[Searched, ...]

    def weakened(self, level: Known) -> "Cycles":
        """The same where the numbers of the map are known to a level only."""
        return Cycles(
            tuple(replace(each, known=each.known.weaker(level)) for each in self.cycles),
            tuple(replace(each, known=each.known.weaker(level)) for each in self.searched),
        )


def cycles(
    recurrence: Recurrence, longest: int, near: Sequence[Mapping[sp.Symbol, sp.Expr]] = ()
) -> Cycles:
    """Every cycle found of the periods 2 to `longest`.

    near: fixed points, about which starts are laid.
    Raises InputError for a period out of range, and for a map that has no derivative.
    Source: R. Krawczyk, Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken,
    Computing 4 (1969) 187; A. Neumaier, Interval methods for systems of equations (1990), ch. 5.
    """
    if not 2 <= longest <= MOST:
        raise InputError(f"cycles of period 2 to {MOST} are looked for, not of {longest}")
    found: list[Cycle] = []
    searched: list[Searched] = []
    for period in range(2, longest + 1):
        here, told = _of_period(recurrence, period, near)
        found += here
        searched.append(told)
    return Cycles(tuple(found), tuple(searched))


def _of_period(
    recurrence: Recurrence, period: int, near: Sequence[Mapping[sp.Symbol, sp.Expr]]
) -> tuple[list[Cycle], Searched]:
    from symmle.dynamics.exact_cycles import exact_cycles
    from symmle.dynamics.search import searched_cycles

    try:
        exact = bounded(_SECONDS, lambda: exact_cycles(recurrence, period))
    except BudgetError:
        exact = None
    if exact is not None:
        return exact
    try:
        return bounded(_SECONDS, lambda: searched_cycles(recurrence, period, near))
    except BudgetError:
        road = f"the search took more than {_SECONDS:g} s and was given up"
        return [], Searched(period, False, Known.UNKNOWN, road)
