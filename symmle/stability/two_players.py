"""Two variables that follow fields of their own, in symbols: Jury's conditions in closed form.

With K = [[a, b], [c, d]], T = a + d, D = a*d - b*c and p = b*c, at equal steps g:

    together  1 - tr + det = g**2 D
              1 + tr + det = 4 + 2 g T + g**2 D
              1 - det      = -g (T + g D)
    in turn   1 - tr + det = g**2 D
              1 + tr + det = 4 + 2 g T + g**2 (a d + p)
              1 - det      = -g (T + g a d)

All three must be positive.  One objective has p >= 0, a zero-sum game p <= 0
(derivations/two-block-law.md).

In turn, with a, d < 0 and R**2 = (a - d)**2 - 4 p >= 0, the second fails from 4/(R - T) to
4/(-R - T) (to infinity where that is not positive), and at the end G = -T/(a d) of the third it
has the sign of W = T**2 p - a d (a - d)**2.  So W < 0, as in every zero-sum game, leaves
0 < g < 4/(R - T), whose end is a flip; for W > 0, which needs p > 0, G lies beyond both and a
second range follows.
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
    if part.size != 2 or part.moves != 2:
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
    pull = sp.expand(b * c)
    shape = (first_sign, trace_sign, last_sign, sign(spread))
    if not together and shape[:3] == (1, -1, 1):
        found = _real_in_turn(part, pull, spread, sweeps)
        if found is not None:
            return StableSet(found, None, None, Known.PROVED, reason="best step: give numbers")
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


def _real_in_turn(
    part: Part, pull: sp.Expr, spread: sp.Expr, sweeps: int
) -> tuple[Interval, ...] | None:
    """The ranges in turn where two multipliers are real; None where they are not, or may not be."""
    (a, _), (_, d) = part.field
    trace, zero_sum = a + d, sign(pull) in (0, -1)
    if not zero_sum and sign(spread) not in (0, 1):
        return None
    window = -1 if sign(pull) == -1 else sign(sp.expand(trace**2 * pull - a * d * (a - d) ** 2))
    if window is None:
        return None
    root, flip = sp.sqrt(spread), Event.FLIP if sweeps % 2 else Event.FOLD
    first = Interval(sp.S.Zero, sp.factor_terms(4 / (root - trace)), Event.NONE, flip)
    if window <= 0:
        return (first,)
    start, end = 4 / (-root - trace), -trace / (a * d)
    again = Interval(sp.factor_terms(start), sp.factor_terms(end), flip, Event.NEIMARK_SACKER)
    return first, again
