"""Two variables that follow fields of their own, in symbols: Jury's conditions in closed form.

With K = [[a, b], [c, d]], T = a + d, D = a*d - b*c and p = b*c, at equal steps g:

    together  1 - tr + det = g**2 D
              1 + tr + det = 4 + 2 g T + g**2 D
              1 - det      = -g (T + g D)
    in turn   1 - tr + det = g**2 D
              1 + tr + det = 4 + 2 g T + g**2 (a d + p)
              1 - det      = -g (T + g a d)

All three must be positive.  One objective has p >= 0, a zero-sum game p <= 0.
Source: E. I. Jury, Theory and Application of the z-Transform Method (1964), chapter 3.
"""

import sympy as sp

from symmle.known import Known
from symmle.stability.algebra import sign
from symmle.stability.parts import Part
from symmle.stability.records import Event, Interval, StableSet


def two_players(part: Part, step: sp.Symbol, sweeps: int) -> StableSet | None:
    """The stable steps of two variables moved once each; None for any other program.

    Where signs do not decide the shape, the conditions themselves.
    """
    if part.size != 2 or any(repeat != 1 for _, repeat in part.program):
        return None
    (a, b), (c, d) = part.field
    together = len(part.program) == 1
    trace, determinant = a + d, sp.expand(a * d - b * c)
    last = determinant if together else a * d
    middle = determinant if together else sp.expand(a * d + b * c)
    first_sign, trace_sign, last_sign = (sign(e) for e in (determinant, trace, last))
    if first_sign in (0, -1):
        return StableSet((), None, None, Known.PROVED, reason="a multiplier is at +1 or beyond it")
    shrinks = sp.Gt(-trace - step * last, 0)
    turns = sp.Gt(4 + 2 * step * trace + step**2 * middle, 0)
    if trace_sign in (0, 1) and last_sign in (0, 1):
        why = "the determinant of an update is never below one"
        return StableSet((), None, None, Known.PROVED, reason=why)
    spread = sp.expand(trace**2 - 4 * middle)
    shape = (first_sign, trace_sign, last_sign, sign(spread))
    if shape[:3] != (1, -1, 1) or shape[3] is None or (shape[3] >= 0 and not together):
        positive = () if first_sign == 1 else (sp.Gt(determinant, 0),)
        why = "the shape depends on the symbols"
        return StableSet(None, None, None, Known.UNKNOWN, (*positive, turns, shrinks), why)
    if shape[3] >= 0:  # two real multipliers, and that of the greater rate flips first
        end, event = 2 / ((sp.sqrt(spread) - trace) / 2), Event.FLIP if sweeps % 2 else Event.FOLD
    else:
        end, event = -trace / last, Event.NEIMARK_SACKER
    whole = Interval(sp.S.Zero, sp.factor_terms(end), Event.NONE, event)
    return StableSet((whole,), None, None, Known.PROVED, reason="best step: give numbers")
