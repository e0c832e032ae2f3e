"""Stable steps at symbols, where signs decide them for every value that the symbols may take.

With A = -K symmetric and positive definite (a strict maximum):

* one block: stable iff 0 < step < 2 / (greatest eigenvalue of A);
* two parameters [[a, c], [c, b]] in turn, by Jury's conditions (the first holds for every step):
  1 - T + D = g**2 (ab - c**2),  1 + T + D = 4 - 2g(a + b) + g**2 (ab + c**2),
  1 - D = g (a + b - gab).  The second fails between two roots iff (a - b)**2 > 4 c**2, and both
  lie below the end 1/a + 1/b of the third iff c**2 (a + b)**2 > ab (a - b)**2.
"""

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from symmle.known import Known
from symmle.stability.algebra import sign
from symmle.stability.parts import Part
from symmle.stability.records import Event, Interval, StableSet
from symmle.stability.two_players import two_players


def stable_set(
    parts: Sequence[Part], sweeps: int, step: sp.Symbol, strict_maximum: bool
) -> StableSet:
    """The stable steps of the independent parts of a sweep, in symbols.

    strict_maximum: the caller has proved K negative definite; otherwise the signs are decided
    here, or listed as conditions.
    """
    if not all(part.is_gradient for part in parts):
        return _by_one_rate(parts, strict_maximum)
    conditions: list[sp.Expr] = []
    for part in parts:
        if not part.is_symmetric:
            found = two_players(part, step, sweeps) if len(parts) == 1 else None
            if found is not None:
                return found
            return _undecided("its field has no symmetric Jacobian")
        minors = [] if strict_maximum else _minors(part)
        signs = [sign(minor) for minor in minors]
        if any(each in (-1, 0) for each in signs):
            return StableSet((), None, None, Known.PROVED, reason="not a strict maximum")
        conditions += [m > 0 for m, each in zip(minors, signs, strict=True) if each is None]
        if part.size > 2 and not strict_maximum:
            return _undecided("three or more parameters act on each other")
    real = all(part.size == 1 or part.has_real_multipliers for part in parts)
    if real and all(part.size <= 2 for part in parts):
        found = _of_eigenvalues(parts, sweeps)
    elif len(parts) == 1 and parts[0].size == 2 and parts[0].moves == 2:
        found = _in_turn(parts[0], step, sweeps)
    else:
        return _undecided("no closed form is known for these blocks")
    if conditions:
        return replace(
            found,
            known=Known.UNKNOWN,
            conditions=(*found.conditions, *conditions),
            reason=found.reason or "the conditions were not decided for all values of the symbols",
        )
    return found


def _by_one_rate(parts: Sequence[Part], strict_maximum: bool) -> StableSet:
    """A rule with memory, all parameters at once, at a strict maximum: each rate for itself.

    In the eigenvectors of A the sweep falls into one parameter each, whose stable set in
    t = step * (its eigenvalue) is a matter of numbers: where that is 0 < t < T, the step is below
    T / (greatest eigenvalue of A).
    """
    rule, momentum = parts[0].rule, parts[0].momentum
    one = Part((0,), ((sp.S.NegativeOne,),), (((0,), 1),), rule, momentum)
    together = all(len(part.program) == 1 and part.repeat == 1 for part in parts)
    signs = [sign(minor) == 1 for part in parts for minor in _minors(part)]
    small = all(part.size <= 2 and part.is_symmetric for part in parts)
    definite = strict_maximum or all(signs)
    if not (together and small and definite and momentum.is_number):
        return _undecided("its rule is decided in symbols at a strict maximum, all at once, only")
    from symmle.stability.numeric import stable_set as at_numbers  # balls: not needed elsewhere

    found = at_numbers([one], 1)
    if found.intervals is None or len(found.intervals) != 1 or found.intervals[0].lower != 0:
        return _undecided("one parameter alone has no single range of steps")
    (interval,) = found.intervals
    greatest = _extreme([eigenvalues(part)[-1] for part in parts], 1)
    end = interval.upper / sp.factor_terms(greatest) if interval.upper.is_finite else sp.oo
    whole = Interval(sp.S.Zero, end, Event.NONE, interval.upper_event)
    return StableSet((whole,), None, None, found.known, reason="best step: give numbers")


def eigenvalues(part: Part) -> tuple[sp.Expr, ...]:
    """The eigenvalues of A = -K, ascending, of a symmetric part with at most two parameters."""
    if part.size == 1:
        return (-part.field[0][0],)
    a, b, c = _entries(part)
    root = sp.sqrt((a - b) ** 2 + 4 * c**2)
    return (a + b - root) / 2, (a + b + root) / 2


def _entries(part: Part) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    (k11, k12), (_, k22) = part.field
    return -k11, -k22, -k12


def _minors(part: Part) -> list[sp.Expr]:
    """Leading minors of A: all positive iff it is positive definite (up to two parameters)."""
    if part.size == 1:
        return [-part.field[0][0]]
    if part.size > 2:
        return []
    a, b, c = _entries(part)
    return [a, a * b - c**2]


def _of_eigenvalues(parts: Sequence[Part], sweeps: int) -> StableSet:
    values = [eigenvalues(part) for part in parts]
    least, greatest = _extreme([v[0] for v in values], -1), _extreme([v[-1] for v in values], 1)
    repeats = {part.repeat for part in parts}
    repeat = repeats.pop() if len(repeats) == 1 else None
    turns = None if repeat is None else repeat * sweeps
    event = None if turns is None else (Event.FLIP if turns % 2 else Event.FOLD)
    end = 2 / sp.factor_terms(greatest)
    intervals = (Interval(sp.S.Zero, end, Event.NONE, event),)
    if turns is None:
        return StableSet(intervals, None, None, Known.PROVED, reason="blocks repeat unequally")
    total = least + greatest
    return StableSet(intervals, 2 / total, ((greatest - least) / total) ** turns, Known.PROVED)


def _extreme(values: Sequence[sp.Expr], side: int) -> sp.Expr:
    """The greatest (side 1) or least (side -1) of positive expressions; Max or Min if undecided."""
    best = [values[0]]
    for value in values[1:]:
        signs = [sign(value - other) for other in best]
        if any(each is not None and each * side <= 0 for each in signs):
            continue
        best = [o for o, each in zip(best, signs, strict=True) if each is None] + [value]
    if len(best) == 1:
        return best[0]
    return sp.Max(*best) if side > 0 else sp.Min(*best)


def _in_turn(part: Part, step: sp.Symbol, sweeps: int) -> StableSet:
    """Two parameters, one after the other, at a strict maximum."""
    a, b, c = _entries(part)
    last = 1 / a + 1 / b
    discriminant, window = (a - b) ** 2 - 4 * c**2, c**2 * (a + b) ** 2 - a * b * (a - b) ** 2
    side = sign(discriminant)
    inside = sign(window) if side == 1 else 0
    if side is None or inside is None:
        conditions = (
            sp.Gt(4 - 2 * step * (a + b) + step**2 * (a * b + c**2), 0),
            sp.Gt(a + b - step * a * b, 0),
        )
        return StableSet(
            None, None, None, Known.UNKNOWN, conditions, "the shape depends on the symbols"
        )
    flip = Event.FLIP if sweeps % 2 else Event.FOLD
    circle = Event.NEIMARK_SACKER
    root = sp.S.Zero if side <= 0 else sp.sqrt(discriminant)
    first, second = ((a + b + s * root) / (a * b + c**2) for s in (-1, 1))
    whole = Interval(sp.S.Zero, last, Event.NONE, circle)
    if side == -1:
        intervals: tuple[Interval, ...] = (whole,)
    else:
        intervals = (Interval(sp.S.Zero, first, Event.NONE, flip),)
        if inside == 1 or (side == 0 and sign(window) != -1):
            intervals += (Interval(second, last, flip, circle),)
    return StableSet(intervals, None, None, Known.PROVED, reason="best step: give numbers")


def _undecided(why: str) -> StableSet:
    reason = f"not decided at symbols, because {why}; give numbers for them"
    return StableSet(None, None, None, Known.UNKNOWN, reason=reason)
