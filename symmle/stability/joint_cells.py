"""The steps, cut for two schemes at once: where either may change, and in between a sample.

What the schemes have in common is the same polynomial, and so the same cut.  Cuts of different
polynomials that balls do not tell apart become one wall that is not clear.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from flint import arb, arb_poly, fmpq, fmpq_mpoly, fmpq_poly

from symmle.balls import Root, ball_roots, exact_roots, merged
from symmle.stability.cells import Undecided, root_bound, simplest
from symmle.stability.letters import (
    Factor,
    Ring,
    by_powers,
    evaluator,
    factors_of,
    irreducible,
    ring_of,
)
from symmle.stability.parts import Part
from symmle.stability.polynomials import Element, is_schur

_SHARES = (fmpq(1, 2), fmpq(2, 5), fmpq(5, 8), fmpq(1, 7))


class Mark(Enum):
    """What may happen at a cut: to a multiplier of one scheme, or between their radii."""

    FIRST = 0
    SECOND = 1
    CROSSING = 2


Marked = tuple[Mark, fmpq_mpoly]


@dataclass(frozen=True, slots=True)
class Wall:
    """A cut.  clear: one root of one irreducible polynomial; otherwise more may hide in it."""

    root: Root
    marks: frozenset[Mark]
    clear: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Steps between two walls; None is step 0 below, infinity above.

    stable: at the sample, the first scheme and the second.
    """

    lower: Wall | None
    upper: Wall | None
    sample: fmpq
    stable: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Two:
    """Two schemes over one ring, at Arb's present precision.

    sides: of each the irreducible factors of its characteristic polynomial, by their text.
    put: a polynomial in the step with numbers for the letters.
    """

    ring: Ring
    put: Callable[[fmpq_mpoly], fmpq_poly | arb_poly]
    sides: tuple[Mapping[str, Factor], Mapping[str, Factor]]

    def again(self) -> "Two":
        """The same at Arb's present precision."""
        return replace(self, put=evaluator(self.ring))

    @property
    def are_one(self) -> bool:
        """Whether the two have the same multipliers, whatever the step is."""
        return self.sides[0].keys() == self.sides[1].keys()

    def coefficients(self, factor: Factor, step: fmpq | arb) -> list[Element]:
        """Of a factor at one step, the leading one first and positive."""
        polynomials = [self.put(each) for each in factor.coefficients]
        found: list[Element] = [
            arb_poly(each)(step) if isinstance(step, arb) else each(step) for each in polynomials
        ]
        return found if found[0] > 0 else [-each for each in found]

    def stable(self, step: fmpq) -> tuple[bool, bool]:
        """Whether either scheme is stable.  Raises Undecided."""
        every = {**self.sides[0], **self.sides[1]}
        found = {k: is_schur(self.coefficients(f, step)) for k, f in every.items()}
        first, second = ([found[key] for key in side] for side in self.sides)
        return _all(first), _all(second)


def _all(verdicts: Sequence[bool | None]) -> bool:
    if False in verdicts:
        return False
    if None in verdicts:
        raise Undecided("Schur-Cohn was not decided in a cell")
    return True


def two_schemes(first: Sequence[Part], second: Sequence[Part]) -> Two:
    """Both schemes' parts, with entries that are numbers, over the ring of all of them."""
    ring = ring_of((*first, *second))
    one, other = (
        {f.key: f for p in parts for f in factors_of(p, ring)} for parts in (first, second)
    )
    return Two(ring, evaluator(ring), (one, other))


def joint_cells(two: Two, polynomials: Sequence[Marked]) -> list[Cell]:
    """Cut the positive steps at every root of the polynomials, and decide each piece.

    Raises Undecided when balls do not tell.
    """
    walls = _walls(two, polynomials)
    found = []
    for lower, upper in zip([None, *walls], [*walls, None], strict=True):
        left = fmpq(0) if lower is None else lower.root.upper
        right = 2 * left + 2 if upper is None else upper.root.lower
        found.append(_cell(two, (lower, upper), left, right))
    return found


def _cell(two: Two, walls: tuple[Wall | None, Wall | None], left: fmpq, right: fmpq) -> Cell:
    for share in _SHARES:
        sample = simplest(
            left + (right - left) * (share - fmpq(1, 16)),
            left + (right - left) * (share + fmpq(1, 16)),
        )
        try:
            return Cell(*walls, sample, two.stable(sample))
        except Undecided:
            continue
    raise Undecided("Schur-Cohn was not decided in a cell")


def _walls(two: Two, polynomials: Sequence[Marked]) -> list[Wall]:
    """Every positive root of the polynomials; an irreducible factor of several counts once."""
    marks: dict[str, set[Mark]] = {}
    factors: dict[str, fmpq_mpoly] = {}
    for mark, polynomial in polynomials:
        for factor in irreducible(polynomial):
            if sum(1 for each in by_powers(factor, two.ring, 0) if not each.is_zero()) > 1:
                factors[str(factor)] = factor
                marks.setdefault(str(factor), set()).add(mark)
    bits = 100
    while True:
        found = [
            (root, frozenset(marks[key]))
            for key, factor in factors.items()
            for root in _roots(two, factor, bits)
        ]
        joined = merged([root for root, _ in found])
        if len(joined) == len(found) or two.ring.letters:
            return [_wall(root, found) for root in joined]
        bits *= 2  # distinct irreducible factors share no root: more bits tell them apart


def _wall(root: Root, found: Sequence[tuple[Root, frozenset[Mark]]]) -> Wall:
    here = [(r, marks) for r, marks in found if root.lower <= r.lower <= root.upper]
    clear = len(here) == 1 and here[0][0].single
    return Wall(root, frozenset[Mark]().union(*(marks for _, marks in here)), clear)


def _roots(two: Two, factor: fmpq_mpoly, bits: int) -> list[Root]:
    """The positive roots of a factor in which more than one power of the step stands."""
    polynomial = two.put(factor)
    if isinstance(polynomial, fmpq_poly):
        return exact_roots(polynomial, bits)
    while polynomial[0].is_zero():  # of what was too long to be factored
        polynomial = polynomial.right_shift(1)
    return ball_roots(polynomial, root_bound(polynomial))
