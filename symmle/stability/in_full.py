"""Everything that is said of two schemes at one fixed point, next to their Jacobians.

`comparison` is what a derivation can afford; this adds whose stable set contains whose, and whose
rate is better at best and at equal steps.
"""

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from symmle.balls import sign as sign_at_numbers
from symmle.domain import Variable
from symmle.known import Known
from symmle.stability.algebra import sign
from symmle.stability.compare import are_simultaneous_and_alternating, comparison
from symmle.stability.records import (
    BestSteps,
    Claim,
    Comparison,
    Interval,
    SameSteps,
    SchemeStability,
    Sets,
    Side,
)

_APART = sp.Float("1e-12")  # relative gap of two certified rates that is more than rounding
_LONGEST = 200  # operations of a difference whose sign is looked for


def compared(
    first: SchemeStability, second: SchemeStability, domains: Sequence[Variable] = ()
) -> Comparison:
    """Two schemes of the same field at the same fixed point: Jacobians, sets and rates.

    domains: where the symbols of the field lie, for what is claimed of all of them.
    """
    found = comparison(first, second)
    if found.same_jacobian:
        same = Sets(True, True, Known.PROVED, same_multipliers=True)
        rates = BestSteps(Side.EQUAL, Known.PROVED)
        return replace(found, sets=same, best_steps=rates)
    claims = _claims(first, second, domains)
    sets = _with_claims(_sets(first, second), claims)
    if sets.same_multipliers:
        return replace(found, sets=sets, best_steps=_best(first, second, True), claims=claims)
    return replace(
        found,
        sets=sets,
        best_steps=_best(first, second, False),
        same_steps=_same_steps(first, second),
        claims=claims,
    )


def _claims(
    first: SchemeStability, second: SchemeStability, domains: Sequence[Variable]
) -> tuple[Claim, ...]:
    """Of all values of the symbols, where there are any and the steps are measured alike."""
    if not (first.parts and second.parts) or (is_at_numbers(first) and is_at_numbers(second)):
        return ()
    if not _measured_alike(first, second):
        return ()
    from symmle.stability.claims import claims  # balls: not needed elsewhere

    return claims(first, second, domains)


def _with_claims(sets: Sets, claims: tuple[Claim, ...]) -> Sets:
    """What was proved of all values is so of these."""
    if not claims:
        return sets
    told = [
        True if claim.holds and claim.strict else known
        for claim, known in zip(claims, (sets.first_in_second, sets.second_in_first), strict=True)
    ]
    if told == [sets.first_in_second, sets.second_in_first]:
        return sets
    proved = [claim.known for claim in claims if claim.holds and claim.strict]
    return replace(
        sets,
        first_in_second=told[0],
        second_in_first=told[1],
        known=proved[0],
        reason=sets.reason if None in told else "",
    )


def _measured_alike(first: SchemeStability, second: SchemeStability) -> bool:
    one, other = first.map.scheme, second.map.scheme
    return one.metric is other.metric and dict(one.paces) == dict(other.paces)


def is_at_numbers(each: SchemeStability) -> bool:
    """Whether every entry of a scheme's field is a number."""
    entries = [entry for part in each.parts for row in part.field for entry in row]
    return bool(entries) and all(entry.is_number for entry in entries)


def _sets(first: SchemeStability, second: SchemeStability) -> Sets:
    if is_at_numbers(first) and is_at_numbers(second):
        level = first.known.weaker(second.known)
        if first.stable_steps == second.stable_steps == () and level is not Known.UNKNOWN:
            return Sets(True, True, level)
        from symmle.stability.side_by_side import sets  # balls: not needed for symbols

        found = sets(first.parts, second.parts)
        return replace(found, known=_weakened(found.known, first, second))
    if are_simultaneous_and_alternating(first, second):
        together_first = len(first.map.scheme.blocks) == 1
        return Sets(
            True if together_first else None,
            None if together_first else True,
            Known.PROVED,
            reason="the converse depends on the symbols",
        )
    return _sets_in_symbols(first.stable_steps, second.stable_steps)


def _weakened(known: Known, first: SchemeStability, second: SchemeStability) -> Known:
    """Checked where the numbers of the point are no more than that."""
    checked = Known.CHECKED in (first.known, second.known)
    return known.weaker(Known.CHECKED) if checked else known


def _sets_in_symbols(
    first: tuple[Interval, ...] | None, second: tuple[Interval, ...] | None
) -> Sets:
    """Of single ranges from step 0, where a sign decides which end is the greater."""
    why = "give numbers for the symbols"
    if first is None or second is None or len(first) != 1 or len(second) != 1:
        return Sets(None, None, Known.UNKNOWN, reason=why)
    if first[0].lower != 0 or second[0].lower != 0:
        return Sets(None, None, Known.UNKNOWN, reason=why)
    side = _sign(first[0].upper, second[0].upper)
    if side is None:
        return Sets(None, None, Known.UNKNOWN, reason=why)
    return Sets(side <= 0, side >= 0, Known.PROVED)


def _sign(one: sp.Expr, other: sp.Expr) -> int | None:
    """The sign of a difference, for all values of the symbols."""
    if one == other:
        return 0
    if one.is_infinite or other.is_infinite:
        return 1 if one.is_infinite else -1
    gap = one - other
    if gap.count_ops() > _LONGEST:
        return None
    return sign_at_numbers(gap) if gap.is_number else sign(gap)


def _best(first: SchemeStability, second: SchemeStability, same: bool) -> BestSteps:
    one, other = first.rate, second.rate
    if same and first.map.scheme.sweeps == second.map.scheme.sweeps:
        return BestSteps(Side.EQUAL, Known.PROVED)
    if one is None or other is None:
        why = "one of them has no best step that is known"
        return BestSteps(None, Known.UNKNOWN, why)
    level = first.known.weaker(second.known)
    if not (one.has(sp.Float) or other.has(sp.Float)):
        side = _sign(one, other)
        if side is None:
            return BestSteps(None, Known.UNKNOWN, "the two rates were not told apart")
        return BestSteps((Side.FIRST, Side.EQUAL, Side.SECOND)[side + 1], level)
    if not (one.is_number and other.is_number):
        return BestSteps(None, Known.UNKNOWN, "the two rates were not told apart")
    gap, size = sp.N(one - other, 30), max(sp.N(one, 30), sp.N(other, 30))
    if abs(gap) <= _APART * size:
        return BestSteps(None, Known.UNKNOWN, "the two rates agree to 12 digits")
    return BestSteps(Side.FIRST if gap < 0 else Side.SECOND, level.weaker(Known.CERTIFIED))


def _same_steps(first: SchemeStability, second: SchemeStability) -> SameSteps:
    one, other = first.map.scheme, second.map.scheme
    if not _measured_alike(first, second):
        why = "their steps are measured in different ways, so that equal steps mean nothing"
        return SameSteps(None, Known.UNKNOWN, why)
    if not (is_at_numbers(first) and is_at_numbers(second)):
        return SameSteps(None, Known.UNKNOWN, "give numbers for the symbols")
    if first.stable_steps is None or second.stable_steps is None:
        return SameSteps(None, Known.UNKNOWN, "the stable steps of one of them are not known")
    level = first.known.weaker(second.known)
    if first.stable_steps == second.stable_steps == () and level is not Known.UNKNOWN:
        return SameSteps((), level)
    if one.sweeps == other.sweeps:
        from symmle.stability.side_by_side import same_steps  # balls: not needed for symbols

        found = same_steps(first.parts, second.parts)
        if found.intervals is not None:
            return replace(found, known=_weakened(found.known, first, second))
    if one.sweeps != other.sweeps:
        return SameSteps(None, Known.UNKNOWN, "an update of the two holds unequally many sweeps")
    from symmle.stability.sampled import sampled  # likewise

    return sampled(first.parts, second.parts, _union(first.stable_steps, second.stable_steps))


def _union(first: tuple[Interval, ...], second: tuple[Interval, ...]) -> list[Interval]:
    """Open intervals that cover both sets, those that overlap made one."""
    joined: list[Interval] = []
    for each in sorted((*first, *second), key=lambda i: float(i.lower)):
        if joined and float(each.lower) < float(joined[-1].upper):
            last = joined.pop()
            end = max(last.upper, each.upper, key=float)
            joined.append(replace(last, upper=end))
        else:
            joined.append(each)
    return joined
