"""Exact coordinate ascent and over-relaxation at symbols.

At a strict maximum with A = -H, a sweep of x_b <- x_b + step * (own maximum - x_b) is successive
over-relaxation on A: it converges exactly for 0 < step < 2, in any order and whatever A is
(Ostrowski 1954; Reich 1949 for step 1: derivations/householder-john-and-ostrowski-reich.md).
Of two parameters the multiplier at step 1 is m = c**2/(a*b), and the best step
2/(1 + sqrt(1 - m)) has the rate step - 1 (Young 1954).
"""

from collections.abc import Sequence

import sympy as sp

from symmle.known import Known
from symmle.stability.parts import Part
from symmle.stability.records import Event, Interval, StableSet


def over_relaxed(parts: Sequence[Part], sweeps: int, strict_maximum: bool) -> StableSet:
    """The stable steps of parts whose fields are divided by their own diagonals, moved in turn.

    strict_maximum: whether the caller has proved the Hessian negative definite.
    """
    once = all(part.moves == part.size for part in parts)
    if not (strict_maximum and once):
        why = "not decided at symbols, because no strict maximum is proved; give numbers for them"
        return StableSet(None, None, None, Known.UNKNOWN, reason=why)
    interval = (Interval(sp.S.Zero, sp.Integer(2), Event.NONE, _event(parts, sweeps)),)
    pairs = [part for part in parts if part.size > 1]
    if not pairs:
        return StableSet(interval, sp.S.One, sp.S.Zero, Known.PROVED)
    if len(pairs) > 1 or pairs[0].size > 2:
        return StableSet(interval, None, None, Known.PROVED, reason="best step: give numbers")
    (_, upper), (lower, _) = pairs[0].field
    best = 2 / (1 + sp.sqrt(1 - sp.factor_terms(upper * lower)))
    return StableSet(interval, best, sp.factor_terms((best - 1) ** sweeps), Known.PROVED)


def _event(parts: Sequence[Part], sweeps: int) -> Event | None:
    """At step 2 a single parameter flips, and a pair turns; more together are not told."""
    if any(part.size == 1 for part in parts):
        return Event.FLIP if sweeps % 2 else Event.FOLD
    return Event.NEIMARK_SACKER if all(part.size == 2 for part in parts) else None
