"""The exact set of stable steps at numbers.

A multiplier can leave the unit circle only where a boundary polynomial in the step vanishes:
P(1), P(-1), or the product of 1 - z_i*z_j over pairs of multipliers.  Their positive real roots
cut the half line of steps into cells, and one rational step decides each cell by Schur-Cohn.
Nothing is scanned, so a disconnected or empty set comes out as it is: derivations/schur-cohn.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sympy as sp
from flint import arb, arb_poly, fmpq, fmpq_poly

from symmle.balls import Root, ball, ball_roots, exact, exact_roots, fraction, merged
from symmle.errors import BudgetError
from symmle.stability.parts import Part
from symmle.stability.polynomials import (
    Element,
    at_minus_one,
    at_plus_one,
    determinant,
    is_schur,
    pairs,
    scaled,
)
from symmle.stability.records import Event
from symmle.stability.rules import coefficients_of

PRECISIONS = (192, 384, 768, 1536, 3072)  # bits tried in turn when a ball does not decide


@dataclass(frozen=True, slots=True)
class Boundary:
    """A place on the axis of steps where multipliers may cross, and which crossings it may be."""

    root: Root
    events: frozenset[Event]


@dataclass(frozen=True, slots=True)
class Cell:
    """Steps between two neighbouring boundaries; None is step 0 below, infinity above."""

    lower: Boundary | None
    upper: Boundary | None
    sample: fmpq
    stable: bool


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Characteristic coefficients of one part, polynomials in the step."""

    part: Part
    coefficients: tuple[Element, ...]

    def at(self, step: fmpq | arb) -> list[Element]:
        """The coefficients at one step."""
        return [coefficient(step) for coefficient in self.coefficients]


class Undecided(BudgetError):
    """Balls of this precision do not tell; more bits may."""


def is_exact(part: Part) -> bool:
    """Whether every entry is a fraction, or a float, which is one in binary."""
    entries = [entry for row in part.field for entry in row]
    return all(exact(entry) is not None for entry in (*entries, part.momentum))


def spectrum(part: Part) -> Spectrum:
    """The characteristic polynomial of a part in the step; balls at Arb's present precision."""
    if is_exact(part):
        return Spectrum(part, tuple(_coefficients(part, fmpq_poly, fraction)))
    if not part.is_gradient:
        raise Undecided("the degrees of a sweep with memory are known for fractions only")
    found = _coefficients(part, arb_poly, ball)
    # A minor of order k takes at most k rows of each factor: what a ball adds above is exactly 0.
    degrees = [
        sum(repeat * min(k, len(rows)) for rows, repeat in part.program)
        for k in range(part.size + 1)
    ]
    return Spectrum(part, tuple(c.truncate(d + 1) for c, d in zip(found, degrees, strict=True)))


def _coefficients(
    part: Part,
    polynomial: Callable[[list[Element]], Element],
    number: Callable[[sp.Expr], Element],
) -> list[Element]:
    def lift(numerator: int, denominator: int) -> Element:
        return polynomial([fmpq(numerator, denominator)])

    return coefficients_of(
        part, lambda entry: polynomial([number(entry)]), polynomial([0, 1]), lift
    )


def cells(spectra: Sequence[Spectrum], radius: fmpq | None = None) -> Iterator[Cell]:
    """Cut the positive steps at every boundary and decide each piece, from below.

    radius: stable means that every multiplier is smaller than this; the unit circle if None.
    Raises Undecided when balls do not tell.
    """
    if all(is_exact(each.part) for each in spectra):
        walls = _exact_walls(spectra, radius)
    else:
        walls = _ball_walls(spectra, radius)
    for lower, upper in zip([None, *walls], [*walls, None], strict=True):
        sample, stable = _decided(spectra, radius, lower, upper)
        yield Cell(lower, upper, sample, stable)


def is_stable(spectra: Sequence[Spectrum], step: fmpq | arb, radius: fmpq | None) -> bool | None:
    """Whether all multipliers are inside the circle at one step; None when balls do not tell."""
    verdicts = [
        _is_schur(each.at(step) if radius is None else scaled(each.at(step), radius))
        for each in spectra
    ]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _is_schur(coefficients: list[Element]) -> bool | None:
    """Of fractions, too, by balls where these tell: long fractions grow with every division."""
    quickly = is_schur([arb(each) for each in coefficients])
    return is_schur(coefficients) if quickly is None else quickly


def _decided(
    spectra: Sequence[Spectrum],
    radius: fmpq | None,
    lower: Boundary | None,
    upper: Boundary | None,
) -> tuple[fmpq, bool]:
    left = fmpq(0) if lower is None else lower.root.upper
    right = 2 * left + 2 if upper is None else upper.root.lower
    for part in (fmpq(1, 2), fmpq(2, 5), fmpq(5, 8), fmpq(1, 7)):
        sample = simplest(
            left + (right - left) * (part - fmpq(1, 16)),
            left + (right - left) * (part + fmpq(1, 16)),
        )
        stable = is_stable(spectra, sample, radius)
        if stable is not None:
            return sample, stable
    raise Undecided("Schur-Cohn was not decided in a cell")


def simplest(lower: fmpq, upper: fmpq) -> fmpq:
    """The fraction of smallest denominator in [lower, upper], 0 < lower <= upper."""
    floor = lower.floor()
    if floor == lower:
        return lower
    if floor < upper.floor():
        return fmpq(floor + 1)
    return floor + 1 / simplest(1 / (upper - floor), 1 / (lower - floor))


def _polynomials(each: Spectrum, radius: fmpq | None) -> list[tuple[Event, Element]]:
    """Boundary polynomials of a part, without the roots at step 0 that every sweep has.

    There the sweep is I + O(step): P(1) has step**n in it, the pairs step**(n(n-1)/2).
    """
    size, unit = each.part.size, radius is None
    c = each.coefficients if radius is None else tuple(scaled(each.coefficients, radius))
    found = [
        (Event.FOLD, at_plus_one(c).right_shift(size if unit else 0)),
        (Event.FLIP, at_minus_one(c)),
    ]
    if each.part.order > 1 and not each.part.has_real_multipliers:
        product = pairs(c).right_shift(size * (size - 1) // 2 if unit else 0)
        found.append((Event.NEIMARK_SACKER, product))
    return found


def _exact_walls(spectra: Sequence[Spectrum], radius: fmpq | None) -> list[Boundary]:
    polynomials = [pair for each in spectra for pair in _polynomials(each, radius)]
    bits = 100
    while True:
        events: dict[Root, set[Event]] = {}
        for event, polynomial in polynomials:
            for root in exact_roots(polynomial, bits):
                events.setdefault(root, set()).add(event)
        if len(merged(list(events))) == len(events):
            ordered = sorted(events, key=lambda root: root.lower)
            return [Boundary(root, frozenset(events[root])) for root in ordered]
        bits *= 2  # distinct irreducible factors share no root: more bits tell them apart


def _ball_walls(spectra: Sequence[Spectrum], radius: fmpq | None) -> list[Boundary]:
    found: list[tuple[Root, Event]] = []
    highest = _highest(spectra)
    for each in spectra:
        for event, polynomial in _polynomials(each, radius):
            polynomial = arb_poly(polynomial)
            bound = highest or root_bound(polynomial)
            found += [(root, event) for root in ball_roots(polynomial, bound)]
    walls = merged([root for root, _ in found])
    return [
        Boundary(wall, frozenset(e for root, e in found if wall.lower <= root.lower <= wall.upper))
        for wall in walls
    ]


def _highest(spectra: Sequence[Spectrum]) -> fmpq | None:
    """A step above which every block of some part has a determinant beyond 1: nothing is stable."""
    bounds = []
    for each in spectra:
        blocks = [_block_determinant(each.part, rows) for rows, _ in each.part.program]
        if all(p.degree() > 0 and not p[p.degree()].contains(0) for p in blocks):
            bounds.append(max(root_bound(p + side) for p in blocks for side in (-1, 1)))
    return min(bounds, default=None)


def _block_determinant(part: Part, rows: Sequence[int]) -> arb_poly:
    """det(I + step * K_bb) of one block: with size n, degree n in the step."""
    own = [[arb_poly([int(i == j), ball(part.field[i][j])]) for j in rows] for i in rows]
    found: arb_poly = determinant(own)
    return found


def root_bound(polynomial: arb_poly) -> fmpq:
    """Cauchy's bound on the roots; 1 for a constant.  Raises Undecided for a vague degree."""
    coefficients = [polynomial[i] for i in range(polynomial.degree() + 1)]
    while coefficients and coefficients[-1].is_zero():
        coefficients.pop()
    if not coefficients or coefficients[-1].contains(0):
        raise Undecided("the leading coefficient of a boundary polynomial may be zero")
    ratios = [(abs(c) / abs(coefficients[-1])).upper().fmpq() for c in coefficients[:-1]]
    return 1 + max(ratios, default=fmpq(0))
