"""Every cycle of a rational map of one variable, by exact algebra.

The p-th iterate is one reduced fraction A/B, so that points of period p are roots of A - x B;
what this polynomial shares with those of the divisors of p is divided out, and so are poles met on
the way.  The multiplier is 1 or -1 exactly where (A/B)' is, which divides the roots into three sets
before any number is rounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
from flint import arb, ctx, fmpq, fmpq_poly

from symmle.balls import ball, ends, to_float
from symmle.domain import Domain
from symmle.dynamics.cycles import Cycle, Searched
from symmle.dynamics.rational import (
    HIGHEST,
    Fraction,
    X,
    fraction_of,
    real_roots,
    squarefree,
    without,
)
from symmle.dynamics.recurrence import Recurrence
from symmle.known import Known
from symmle.stability.records import Verdict

_PRECISIONS = (200, 800, 3200)


@dataclass(frozen=True, slots=True)
class _Place:
    """A root, and the multiplier it is exactly known to have: 1, -1, or None."""

    value: arb
    multiplier: int | None


def exact_cycles(recurrence: Recurrence, period: int) -> tuple[list[Cycle], Searched] | None:
    """All cycles of that least period; None where the map is no such fraction, or too high."""
    once = fraction_of(recurrence)
    if once is None:
        return None
    if once.degree**period > HIGHEST:
        return None
    iterates = [once]
    for _ in range(period - 1):
        iterates.append(once.after(iterates[-1]))
    equations = [each.above - X * each.below for each in iterates]
    if equations[-1].degree() < 0:
        road = f"every point is one of a cycle of period {period}, or of a divisor of it"
        return [], Searched(period, False, Known.PROVED, road)
    own = squarefree(equations[-1])
    strange = [equations[d - 1] for d in range(1, period) if period % d == 0]
    for other in [*strange, *(each.below for each in iterates)]:
        own = without(own, other)
    (variable,) = recurrence.variables
    for bits in _PRECISIONS:
        with ctx.workprec(bits):
            found = _cycles(own, iterates, variable.domain, variable.symbol, bits)
        if found is not None:
            road = (
                f"every real solution of the polynomial equation F^{period}(x) = x, of which "
                f"{max(own.degree(), 0)} complex ones have the least period {period}"
            )
            return found, Searched(period, True, Known.PROVED, road)
    return None


def _cycles(
    own: fmpq_poly, iterates: Sequence[Fraction], domain: Domain, symbol: sp.Symbol, bits: int
) -> list[Cycle] | None:
    """The cycles among the roots; None where this precision does not tell them apart."""
    places = _places(own, iterates[-1], bits)
    after = _followers(places, iterates[0])
    if after is None:
        return None
    left, found = set(range(len(places))), []
    while left:
        orbit = [min(left)]
        while after[orbit[-1]] != orbit[0]:
            orbit.append(after[orbit[-1]])
            if len(orbit) > len(iterates):
                return None
        left -= set(orbit)
        if len(orbit) != len(iterates):
            return None
        inside = [_is_inside(places[i].value, domain, own) for i in orbit]
        if None in inside:
            return None
        if all(inside):
            found.append(_cycle([places[i] for i in orbit], iterates[0], symbol))
    return None if None in found else [each for each in found if each is not None]


def _places(own: fmpq_poly, iterate: Fraction, bits: int) -> list[_Place]:
    """Real roots, ascending, those with a multiplier of exactly 1 or -1 marked."""
    a, b = iterate.above, iterate.below
    slope, square = a.derivative() * b - a * b.derivative(), b * b
    plus, minus = own.gcd(slope - square), own.gcd(slope + square)
    rest = without(without(own, plus), minus)
    marked = [(plus, 1), (minus, -1), (rest, None)]
    found = [_Place(root, mark) for each, mark in marked for root in real_roots(each, bits)]
    return sorted(found, key=lambda place: ends(place.value))


def _followers(places: Sequence[_Place], once: Fraction) -> list[int] | None:
    """Where each root is sent, which is another root."""
    found = []
    for place in places:
        image = once.value(place.value)
        there = [i for i, other in enumerate(places) if other.value.overlaps(image)]
        if len(there) != 1 or not image.is_finite():
            return None
        found.append(there[0])
    return found


def _is_inside(value: arb, domain: Domain, own: fmpq_poly) -> bool | None:
    answers: list[bool | None] = []
    for end, closed, side in (
        (domain.lower, domain.lower_closed, 1),
        (domain.upper, domain.upper_closed, -1),
    ):
        if end.is_infinite:
            continue
        gap = side * (value - ball(end))
        if gap > 0 or gap < 0:
            answers.append(bool(gap > 0))
            continue
        exact = fmpq(int(end.p), int(end.q)) if end.is_Rational else None
        at_end = exact is not None and own(exact) == 0  # roots are apart: it is this one
        answers.append(closed if at_end else None)
    return None if None in answers else all(answers)


def _cycle(orbit: Sequence[_Place], once: Fraction, symbol: sp.Symbol) -> Cycle | None:
    values = [place.value for place in orbit]
    mark = orbit[0].multiplier
    multiplier = arb(1)
    for x in values:
        multiplier *= once.slope(x)
    if mark is None and (abs(multiplier) - 1).contains(0):
        return None
    verdict = Verdict.MARGINAL
    if mark is None:
        verdict = Verdict.STABLE if abs(multiplier) < 1 else Verdict.UNSTABLE
    shown = sp.Integer(mark) if mark is not None else to_float(*ends(multiplier))[0]
    points = tuple({symbol: to_float(*ends(x))[0]} for x in values)
    return Cycle(len(orbit), points, (shown,), verdict, Known.PROVED)
