"""Stable steps, best step and the verdict on one step, at numbers.

Every number is an end of a proved bracket: nothing rests on floating eigenvalues.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isqrt
from typing import TypeVar

import sympy as sp
from flint import arb, ctx, fmpq

from symmle.balls import to_float
from symmle.budget import bounded
from symmle.errors import BudgetError
from symmle.known import Known
from symmle.schemes import Rule
from symmle.stability.best import best_step
from symmle.stability.cells import (
    PRECISIONS,
    Boundary,
    Cell,
    Spectrum,
    Undecided,
    cells,
    is_exact,
    is_stable,
    spectrum,
)
from symmle.stability.parts import Part
from symmle.stability.records import Event, Interval, StableSet
from symmle.stability.rules import exactly

_SECONDS = 8.0  # for one stable set: hundreds of steps in turn have polynomials of that degree
_SHORT = 10**12  # an exact end with longer integers than this is given as a float
Result = TypeVar("Result")


def at_rising_precision(parts: Sequence[Part], compute: Callable[[], Result]) -> Result:
    """Compute at more and more bits until balls decide; BudgetError when 3072 are not enough.

    The first precision tried grows with the degree of the polynomials in the step.
    """
    least = 4 * max(part.moves for part in parts)
    for bits in PRECISIONS[:-1]:
        if bits < least:
            continue
        with ctx.workprec(bits):
            try:
                return compute()
            except BudgetError:
                continue
    with ctx.workprec(PRECISIONS[-1]):
        try:
            return compute()
        except BudgetError as undecided:
            raise BudgetError(f"{undecided}, with {PRECISIONS[-1]} bits") from None


def stable_set(parts: Sequence[Part], sweeps: int) -> StableSet:
    """The steps at which every part contracts, and the best of them.

    parts: with entries that are numbers.  sweeps: of one update; they change the rate and turn a
    flip into a fold when even, not the set.
    Proved where every end and the best step are exact, certified where they are enclosed; checked
    where a rule with memory was given fractions for numbers that are none.
    """
    if not all(part.is_gradient or is_exact(part) for part in parts):
        found = stable_set([exactly(part) for part in parts], sweeps)
        return replace(found, known=found.known.weaker(Known.CHECKED))
    try:
        return bounded(
            _SECONDS, lambda: at_rising_precision(parts, lambda: _stable_set(parts, sweeps))
        )
    except BudgetError as undecided:
        return StableSet(None, None, None, Known.UNKNOWN, reason=str(undecided))


def _stable_set(parts: Sequence[Part], sweeps: int) -> StableSet:
    spectra = [spectrum(part) for part in parts]
    ranges = _ranges(spectra, list(cells(spectra)))
    intervals = tuple(_interval(lower, upper, sweeps) for lower, upper in ranges)
    if not intervals:
        return StableSet(
            (), None, None, Known.PROVED if all(map(is_exact, parts)) else Known.CERTIFIED
        )
    if not intervals[-1].upper.is_finite and any(p.rule is Rule.IMPLICIT for p in parts):
        exact_ends = not any(interval.error for interval in intervals)
        level = Known.PROVED if exact_ends and all(map(is_exact, parts)) else Known.CERTIFIED
        return StableSet(intervals, None, None, level, reason="the larger the step, the faster")
    step, rate, known = best_step(spectra, intervals, sweeps)
    if any(interval.error for interval in intervals):
        known = known.weaker(Known.CERTIFIED)
    return StableSet(intervals, step, rate, known)


def _ranges(
    spectra: Sequence[Spectrum], found: Sequence[Cell]
) -> list[tuple[Boundary | None, Boundary | None]]:
    """Stable cells, joined across a boundary only where that is proved to be stable itself."""
    ranges: list[tuple[Boundary | None, Boundary | None]] = []
    for before, here in zip([None, *found[:-1]], found, strict=True):
        both = before is not None and before.stable == here.stable
        same = both and _same_on(spectra, here)
        if here.stable and both and same:
            ranges[-1] = (ranges[-1][0], here.upper)
        elif here.stable:
            ranges.append((here.lower, here.upper))
    return ranges


def _same_on(spectra: Sequence[Spectrum], here: Cell) -> bool:
    """Whether the lower boundary of a cell, with the same verdict on both sides, shares it.

    At a single root of a boundary polynomial a multiplier is on the circle, so a stable range is
    cut there.  A cluster may hide anything unless Schur-Cohn decides all of it at once.
    """
    wall = here.lower
    if wall is None or wall.root.single:
        return not here.stable
    verdict = is_stable(spectra, arb(wall.root.lower).union(arb(wall.root.upper)), None)
    if verdict is not here.stable:
        raise Undecided("several boundaries are too close together to be told apart")
    return True


def _interval(lower: Boundary | None, upper: Boundary | None, sweeps: int) -> Interval:
    (low, low_error), (high, high_error) = end_of(lower, sp.S.Zero), end_of(upper, sp.oo)
    return Interval(
        low, high, _event(lower, sweeps), _event(upper, sweeps), error=max(low_error, high_error)
    )


def _event(wall: Boundary | None, sweeps: int) -> Event:
    if wall is None:
        return Event.NONE
    if Event.FLIP in wall.events:
        return Event.FLIP if sweeps % 2 else Event.FOLD  # (-1)**sweeps
    return Event.FOLD if Event.FOLD in wall.events else Event.NEIMARK_SACKER


def end_of(wall: Boundary | None, without: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    if wall is None:
        return without, sp.S.Zero
    root = wall.root
    short = root.factor is not None and all(abs(c) < _SHORT for c in root.factor)
    if root.factor is not None and short and len(root.factor) == 2:
        return sp.Rational(-root.factor[0], root.factor[1]), sp.S.Zero
    if root.factor is not None and short and len(root.factor) == 3:
        return _surd(root.factor, root.lower, root.upper), sp.S.Zero
    return to_float(root.lower, root.upper)


def _surd(factor: Sequence[int], lower: fmpq, upper: fmpq) -> sp.Expr:
    """The root of an irreducible quadratic that lies in [lower, upper]."""
    constant, linear, leading = factor
    larger = 2 * leading * (lower + upper) / 2 + linear > 0  # which side of the vertex
    square = linear * linear - 4 * leading * constant
    root = sp.sqrt(square) if isqrt(square) ** 2 != square else sp.Integer(isqrt(square))
    return (-linear + (root if larger else -root)) / (2 * sp.Integer(leading))
