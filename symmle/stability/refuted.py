"""What refutes a claim about two schemes: numbers, decided again from the fields alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sympy as sp
from flint import arb, fmpq

from symmle.balls import ball, exact, fraction
from symmle.domain import Variable
from symmle.known import Known
from symmle.stability.cells import Undecided, is_exact
from symmle.stability.numeric import at_rising_precision
from symmle.stability.open_cells import Point
from symmle.stability.parts import Part
from symmle.stability.polynomials import is_schur
from symmle.stability.records import Claim, SchemeStability
from symmle.stability.region import Letters, Region
from symmle.stability.rules import coefficients_of
from symmle.stability.trials import are_inside

_AGAIN = "decided again at these numbers, by Schur and Cohn"

Places = Mapping[sp.Expr, sp.Expr]


def sentence(one: SchemeStability, other: SchemeStability) -> str:
    return f"every step that is stable for {one.name} is stable for {other.name}"


def refuted_at(
    one: SchemeStability,
    other: SchemeStability,
    letters: Letters,
    place: tuple[Region, Point],
    domains: Sequence[Variable],
) -> Claim | None:
    """A point of the region as a counterexample, where its letters are symbols without a tie."""
    values = letters.values(*place)
    named = {s for entry in entries_of(one.parts) for s in entry.free_symbols}
    if not set(values) <= named or not are_inside(values, domains):
        return None
    return refuted(one, other, values, letters.step(*place))


def refuted(
    one: SchemeStability, other: SchemeStability, values: Places, step: sp.Expr
) -> Claim | None:
    """The counterexample, decided again from the fields and nothing else; None if it is none."""
    first, second = (put(each.parts, values) for each in (one, other))
    place = exact(step)
    if place is None:
        return None

    def verdict() -> tuple[bool, bool]:
        found = [_is_stable(parts, place) for parts in (first, second)]
        return found[0], found[1]

    if at_rising_precision((*first, *second), verdict) != (True, False):
        return None
    known = Known.PROVED if all(map(is_exact, (*first, *second))) else Known.CERTIFIED
    return Claim(sentence(one, other), False, known, _AGAIN, tuple(values.items()), step)


def _is_stable(parts: Sequence[Part], step: fmpq) -> bool:
    """At numbers and one step.  Raises Undecided where balls do not tell."""
    number, lift = (fraction, fmpq) if all(map(is_exact, parts)) else (ball, _ball_of)
    for part in parts:
        coefficients = coefficients_of(part, number, lift(int(step.p), int(step.q)), lift)
        stable = is_schur(coefficients)
        if stable is None:
            raise Undecided("balls do not tell")
        if not stable:
            return False
    return True


def _ball_of(numerator: int, denominator: int) -> arb:
    return arb(fmpq(numerator, denominator))


def entries_of(parts: Iterable[Part]) -> list[sp.Expr]:
    return [entry for part in parts for row in part.field for entry in row]


def put(parts: Sequence[Part], places: Places) -> tuple[Part, ...]:
    return tuple(
        replace(p, field=tuple(tuple(e.xreplace(places) for e in row) for row in p.field))
        for p in parts
    )
