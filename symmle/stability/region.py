"""The letters of two schemes, and where they may lie, as polynomials that must be positive.

An entry of the field is a fraction in letters: symbols, statistics, special functions, or roots
of these.  What the fractions are divided by goes into the step, which does not change whose stable
set holds whose.  Where a letter may be negative or zero the region falls into pieces, and in each
piece every letter is positive.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product

import sympy as sp
from flint import Ordering, fmpq, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx
from sympy.polys.fields import FracElement
from sympy.polys.rings import PolyElement

from symmle.balls import rational
from symmle.domain import Variable
from symmle.errors import BudgetError
from symmle.schemes import Rule
from symmle.stability.algebra import Algebra, algebra
from symmle.stability.open_cells import has_one_sign, require_room, value
from symmle.stability.parts import Part
from symmle.stability.polynomials import at_minus_one, at_plus_one, is_schur, pairs
from symmle.stability.rules import coefficients_of

_MOST_LETTERS = 6
_MOST_PIECES = 81
_LONGEST = 200  # operations of all entries

STEP = "g"
Polynomials = tuple[fmpq_mpoly, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """A piece: the step and every letter that is left are positive.

    names: of the step and of the letters that occur.  conditions: positive in the piece.
    sides: of each scheme the characteristic polynomials of its parts, leading coefficient first.
    signs: of each letter, by its name, 1, -1 or 0; a letter is its sign times a positive variable.
    """

    names: tuple[str, ...]
    conditions: Polynomials
    sides: tuple[tuple[Polynomials, ...], tuple[Polynomials, ...]]
    signs: Mapping[str, int]

    def walls(self, side: int) -> list[fmpq_mpoly]:
        """What is zero where a multiplier of a scheme is on the unit circle."""
        found = []
        for each in self.sides[side]:
            found += [at_plus_one(each), at_minus_one(each)]
            if len(each) > 2:
                found.append(pairs(each))
        return found

    def at(self, point: Mapping[str, fmpq]) -> tuple[bool, bool] | None:
        """Whether either scheme is stable at numbers for all names; None outside the piece."""
        if any(value(each, point) <= 0 for each in self.conditions):
            return None
        first, second = (
            all(is_schur([value(c, point) for c in each]) for each in side) for side in self.sides
        )
        return first, second


@dataclass(frozen=True, slots=True)
class Letters:
    """The whole region, and what its letters stand for.

    bases: {letter: (expression, order)}: the letter is the order-th root of the expression.
    unit: the schemes' step divided by this is the step of the region.
    choices: {letter: the signs it may have}.
    """

    bases: Mapping[str, tuple[sp.Expr, int]]
    unit: sp.Expr
    whole: Region
    choices: Mapping[str, tuple[int, ...]]

    def values(self, piece: Region, point: Mapping[str, fmpq]) -> dict[sp.Expr, sp.Expr]:
        """{what the letters are roots of: a fraction}, at a point of a piece."""
        return {
            base: (piece.signs[name] * rational(point.get(name, fmpq(1)))) ** order
            for name, (base, order) in self.bases.items()
        }

    def step(self, piece: Region, point: Mapping[str, fmpq]) -> sp.Expr:
        """The step of the schemes themselves at that point."""
        unit: sp.Expr = self.unit.xreplace(self.values(piece, point))
        return rational(point[STEP]) * unit

    def pieces(self) -> Iterator[Region]:
        """The pieces; of those that are the same polynomials only the first."""
        ways = list(product(*self.choices.values()))
        if len(ways) > _MOST_PIECES:
            raise BudgetError("there are too many letters of unknown sign")
        seen: set[str] = set()
        for way in ways:
            found = _piece(self.whole, dict(zip(self.choices, way, strict=True)))
            key = str((found.conditions, found.sides)) if found is not None else ""
            if found is not None and key not in seen:
                seen.add(key)
                yield found


def letters_of(
    first: Sequence[Part],
    second: Sequence[Part],
    domains: Sequence[Variable] = (),
    positive: Sequence[sp.Expr] = (),
) -> Letters:
    """The region of two schemes.

    domains: of symbols, where more is known of them than a sign.  positive: what is known to be.
    Raises BudgetError for too many letters, or entries that are too long.
    """
    entries = [e for part in (*first, *second) for row in part.field for e in row]
    momenta = [part.momentum for part in (*first, *second)]
    ends = [gap for each in domains for gap in _gaps(each, entries)]
    if sum(map(sp.count_ops, entries)) > _LONGEST:
        raise BudgetError("the entries are too long")
    gathered = algebra([*entries, *momenta, *ends, *positive])
    if len(gathered.letters) > _MOST_LETTERS:
        raise BudgetError("there are too many letters")
    names = [f"t{i}" for i in range(len(gathered.field.gens))]
    context = fmpq_mpoly_ctx.get((STEP, *names), Ordering.lex)
    below = gathered.field(_common([gathered.element(entry).denom for entry in entries]))
    unit = below if gathered.sign(below) == 1 else below**2

    def lift(numerator: int, denominator: int) -> fmpq_mpoly:
        return context.constant(fmpq(numerator, denominator))

    def side(parts: Sequence[Part]) -> tuple[Polynomials, ...]:
        return tuple(
            tuple(coefficients_of(each, lambda e: e, context.gens()[0], lift))
            for each in (_in_ring(part, gathered, unit, context) for part in parts)
        )

    return Letters(
        {
            name: (b, order)
            for name, (b, (_, order)) in zip(names, gathered.letters.items(), strict=False)
        },
        gathered.expression(unit),
        Region(
            (STEP, *names),
            tuple(_above_times_below(gathered.element(e), context) for e in (*ends, *positive)),
            (side(first), side(second)),
            dict.fromkeys(names, 1),
        ),
        {
            n: _choices(b, order)
            for n, (b, (_, order)) in zip(names, gathered.letters.items(), strict=False)
        },
    )


def _in_ring(part: Part, gathered: Algebra, unit: FracElement, context: fmpq_mpoly_ctx) -> Part:
    """The part with polynomials for its entries: what they are divided by is in the step."""

    def ring(element: FracElement) -> fmpq_mpoly:
        if not element.denom.is_ground:
            raise BudgetError("an entry is no polynomial in the letters")
        number = element.denom.LC
        return _polynomial(element.numer, context) * fmpq(
            int(number.denominator), int(number.numerator)
        )

    field = tuple(tuple(ring(gathered.element(e) * unit) for e in row) for row in part.field)
    moves = part.moves * (2 if part.rule is Rule.EXTRAGRADIENT else 1)
    highest = [
        max(map(int, column))
        for column in zip(*(e.degrees() for row in field for e in row), strict=True)
    ]
    require_room([moves, *(degree * moves for degree in highest[1:])], max(1, part.order - 1))
    return replace(part, field=field, momentum=ring(gathered.element(part.momentum)))


def _common(polynomials: Iterable[PolyElement]) -> PolyElement:
    return reduce(lambda one, other: one.lcm(other), polynomials)


def _polynomial(polynomial: PolyElement, context: fmpq_mpoly_ctx) -> fmpq_mpoly:
    return context.from_dict(
        {
            (0, *powers): fmpq(int(c.numerator), int(c.denominator))
            for powers, c in polynomial.terms()
            if c
        }
    )


def _above_times_below(element: FracElement, context: fmpq_mpoly_ctx) -> fmpq_mpoly:
    """Positive where the fraction is."""
    return _polynomial(element.numer, context) * _polynomial(element.denom, context)


def _gaps(each: Variable, entries: Sequence[sp.Expr]) -> Iterator[sp.Expr]:
    """What is positive in the domain of a symbol, besides the symbol itself."""
    symbol, domain = each.symbol, each.domain
    if not any(symbol in entry.free_symbols for entry in entries):
        return
    if domain.period is not None or domain.integer:
        return
    if domain.lower.is_finite and domain.lower != 0:
        yield symbol - domain.lower
    if domain.upper.is_finite and domain.upper != 0:
        yield domain.upper - symbol
    closed = (domain.lower, domain.lower_closed), (domain.upper, domain.upper_closed)
    if any(is_closed and end not in (0, sp.oo, -sp.oo) for end, is_closed in closed):
        raise BudgetError(f"the domain of {symbol} holds an end of its own")


def _choices(base: sp.Expr, order: int) -> tuple[int, ...]:
    if base.is_positive:
        return (1,)
    if order > 1:
        raise BudgetError("there is a root of what may be negative")
    if base.is_negative:
        return (-1,)
    if base.is_nonnegative:
        return (1, 0)
    return (-1, 0) if base.is_nonpositive else (1, -1, 0)


def _piece(whole: Region, signs: Mapping[str, int]) -> Region | None:
    """The region with positive letters times these signs; None where it is empty."""
    context = whole.conditions[0].context() if whole.conditions else whole.sides[0][0][0].context()
    images = [
        generator if name == STEP else generator * signs.get(name, 1)
        for name, generator in zip(whole.names, context.gens(), strict=True)
    ]

    def put(polynomials: Polynomials) -> Polynomials:
        return tuple(each.compose(*images) for each in polynomials)

    conditions = put(whole.conditions)
    if any(has_one_sign(each) and not _is_positive(each) for each in conditions):
        return None
    kept = tuple(each for each in conditions if not has_one_sign(each))
    sides = tuple(put(each) for each in whole.sides[0]), tuple(put(each) for each in whole.sides[1])
    there = [*kept, *(c for side in sides for each in side for c in each)]
    occurring = [any(int(each.degrees()[i]) > 0 for each in there) for i in range(len(whole.names))]
    names = tuple(name for name, here in zip(whole.names, occurring, strict=True) if here)
    return Region(names, kept, sides, signs)


def _is_positive(polynomial: fmpq_mpoly) -> bool:
    """Of one whose coefficients have one sign, at positive numbers."""
    return not polynomial.is_zero() and polynomial.coeffs()[0] > 0


def scaled_away(polynomials: Sequence[fmpq_mpoly], names: Sequence[str]) -> tuple[str, ...]:
    """Variables that may be set to one: other units for all of them make them so.

    A change of units multiplies every polynomial by a positive number where all its terms have
    the same weight.  The exponents' differences, solved for the weights, leave some free.
    """
    found = [each for each in polynomials if not each.is_zero()]
    if not found:
        return tuple(names)
    places = {name: i for i, name in enumerate(found[0].context().names())}
    degrees = {n: max(int(each.degrees()[places[n]]) for each in found) for n in names}
    ordered = sorted(names, key=lambda name: (name == STEP, degrees[name]))  # the last are free
    rows = {
        tuple(int(p[places[n]]) - int(q[places[n]]) for n in ordered)
        for each in found
        for q, *others in [each.monoms()]
        for p in others
    }
    if not rows:
        return tuple(names)
    reduced, rank = fmpq_mat([list(map(fmpq, row)) for row in sorted(rows)]).rref()
    pivots = {next(j for j in range(len(ordered)) if reduced[i, j] != 0) for i in range(rank)}
    return tuple(name for j, name in enumerate(ordered) if j not in pivots)
