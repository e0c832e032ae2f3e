"""Two schemes at numbers: whose stable set contains whose, and whose rate is the better one.

The steps are cut wherever a multiplier of either scheme may be on the unit circle, and wherever
the two spectral radii may be equal: roots of resultants, isolated.  One fraction decides each
cell for both, by Schur-Cohn.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import sympy as sp
from flint import arb, fmpq, fmpq_mpoly

from symmle.balls import rational
from symmle.errors import BudgetError
from symmle.known import Known
from symmle.stability.cells import Boundary, Undecided, is_exact
from symmle.stability.joint_cells import Cell, Mark, Marked, Two, Wall, joint_cells, two_schemes
from symmle.stability.letters import squares_of, walls_of
from symmle.stability.numeric import at_rising_precision, end_of
from symmle.stability.parts import Part
from symmle.stability.polynomials import is_schur, scaled
from symmle.stability.records import Faster, SameSteps, Sets, Side

_MOST_WORK = 600_000  # of one resultant: rows squared, times terms, times 4 for each letter
_MOST_TO_SQUARE = 250_000  # of one factor: degree**3, times terms, times 3 for each letter
_MOST_BITS = 200_000_000  # of one resultant: rows**4, times degrees in the step, times bits
_HIGHEST = 200  # degree of all resultants together, whose roots cut the steps

_HALVINGS = 60  # of the range of radii, in which two of them are told apart
_SHARES = (fmpq(1, 2), fmpq(11, 25), fmpq(5, 9))


def sets(first: Sequence[Part], second: Sequence[Part]) -> Sets:
    """Which of two stable sets of steps contains the other.

    first, second: parts with entries that are numbers.  Proved for fractions, certified for
    balls; None where cuts of the two were not told apart, or the precision did not do.
    """
    try:
        two = two_schemes(first, second)
        return at_rising_precision((*first, *second), lambda: _sets(two.again(), first, second))
    except BudgetError as why:
        return Sets(None, None, Known.UNKNOWN, reason=str(why))


def _sets(two: Two, first: Sequence[Part], second: Sequence[Part]) -> Sets:
    if two.are_one:
        return Sets(True, True, Known.PROVED, same_multipliers=True)
    cells = joint_cells(two, _edges(two))
    inside, other = _within(cells, 0), _within(cells, 1)
    undecided = inside is None or other is None
    return Sets(
        inside,
        other,
        _level(first, second),
        _only(cells, 0),
        _only(cells, 1),
        "two ends lie too close together to be told apart" if undecided else "",
    )


def _level(first: Sequence[Part], second: Sequence[Part]) -> Known:
    return Known.PROVED if all(map(is_exact, (*first, *second))) else Known.CERTIFIED


def _within(cells: Sequence[Cell], one: int) -> bool | None:
    """Whether every step that is stable for `one` is so for the other."""
    other = 1 - one
    if any(cell.stable[one] and not cell.stable[other] for cell in cells):
        return False
    decided: bool | None = True
    for before, here in pairwise(cells):
        wall = here.lower
        near, inside = (
            before.stable[one] or here.stable[one],
            before.stable[one] and here.stable[one],
        )
        if wall is None or not near:
            continue
        if not wall.clear:
            decided = None  # a piece of either set may hide in it
        elif inside and Mark(one) not in wall.marks and Mark(other) in wall.marks:
            return False  # one step alone, at which a multiplier of the other is on the circle
    return decided


def _only(cells: Sequence[Cell], one: int) -> sp.Rational | None:
    """A step that is stable for `one` and not for the other."""
    found = [c.sample for c in cells if c.stable[one] and not c.stable[1 - one]]
    return rational(min(found, key=lambda each: each.q)) if found else None


def _edges(two: Two) -> list[Marked]:
    return [
        (mark, wall)
        for mark, side in zip((Mark.FIRST, Mark.SECOND), two.sides, strict=True)
        for factor in side.values()
        for wall in walls_of(factor)
    ]


def same_steps(first: Sequence[Part], second: Sequence[Part]) -> SameSteps:
    """Whose spectral radius is the smaller one at equal steps, over those stable for either.

    first, second: parts with entries that are numbers, of as many sweeps.
    """
    try:
        two = two_schemes(first, second)
        cuts = [*_edges(two), *_crossings(two)]  # once: they are the same at every precision
        found = at_rising_precision((*first, *second), lambda: _same_steps(two.again(), cuts))
    except BudgetError as why:
        return SameSteps(None, Known.UNKNOWN, str(why))
    return SameSteps(found, _level(first, second))


def _same_steps(two: Two, cuts: Sequence[Marked]) -> tuple[Faster, ...]:
    cells = joint_cells(two, cuts)
    last = max((i for i, cell in enumerate(cells) if any(cell.stable)), default=-1)
    found: list[tuple[Side, Wall | None, Wall | None]] = []
    for cell in cells[: last + 1]:
        if not any(cell.stable):
            continue
        side, _ = _told_apart(two, cell.sample)
        if (
            found
            and found[-1][2] is cell.lower
            and _is_same_at(two, cell.lower, side, found[-1][0])
        ):
            found[-1] = (side, found[-1][1], cell.upper)
        else:
            found.append((side, cell.lower, cell.upper))
    return tuple(_piece(*each) for each in found)


def _piece(side: Side, lower: Wall | None, upper: Wall | None) -> Faster:
    (low, low_error), (high, high_error) = (
        end_of(None if wall is None else Boundary(wall.root, frozenset()), without)
        for wall, without in ((lower, sp.S.Zero), (upper, sp.oo))
    )
    return Faster(low, high, side, max(low_error, high_error))


def _is_same_at(two: Two, wall: Wall | None, here: Side, before: Side) -> bool:
    """Whether what holds on both sides of a wall is proved to hold on it as well.

    By a circle that tells the radii apart in the middle of the wall, and then on all of it.
    """
    if wall is None or here is not before:
        return False
    try:
        circle = _told_apart(two, (wall.root.lower + wall.root.upper) / 2)[1]
    except BudgetError:
        return False
    return (
        _side(_inside(two, arb(wall.root.lower).union(arb(wall.root.upper)), circle), two) is here
    )


def _told_apart(two: Two, step: fmpq) -> tuple[Side, fmpq]:
    """(the scheme of the smaller radius at one step, a circle that shows it), by bisection.

    Raises Undecided where no circle does.
    """
    low, high = fmpq(0), fmpq(1)
    while not all((inside := _inside(two, step, high)).values()):
        side = _side(inside, two)
        if side is not None:
            return side, high
        low, high = high, 2 * high
        if high > 2**400:
            raise Undecided("a multiplier was not bounded")
    for _ in range(_HALVINGS):
        for share in _SHARES:  # balls cannot decide just where a pivot vanishes: step aside
            circle = low + (high - low) * share
            inside = _inside(two, step, circle)
            if None not in inside.values():
                break
        side = _side(inside, two)
        if side is not None:
            return side, circle
        low, high = (low, circle) if all(inside.values()) else (circle, high)
    raise Undecided("two equal rates were not told from two that nearly are")


def _inside(two: Two, step: fmpq | arb, circle: fmpq) -> dict[str, bool | None]:
    """Whether the multipliers of each factor lie inside a circle."""
    every = {**two.sides[0], **two.sides[1]}
    return {k: is_schur(scaled(two.coefficients(f, step), circle)) for k, f in every.items()}


def _side(inside: Mapping[str, bool | None], two: Two) -> Side | None:
    """What a circle says: one radius is smaller, or a shared one is the greatest of both."""
    first, second = ([inside[key] for key in side] for side in two.sides)
    if all(first) and False in second:
        return Side.FIRST
    if all(second) and False in first:
        return Side.SECOND
    shared = two.sides[0].keys() & two.sides[1].keys()
    own = two.sides[0].keys() ^ two.sides[1].keys()
    equal = any(inside[key] is False for key in shared) and all(inside[key] for key in own)
    return Side.EQUAL if equal else None


def _crossings(two: Two) -> list[Marked]:
    """Polynomials in the step, one of which vanishes wherever the two radii become equal."""
    for factor in (*two.sides[0].values(), *two.sides[1].values()):
        size, terms = len(factor.coefficients) - 1, sum(map(len, factor.coefficients))
        if size**3 * terms * 3 ** len(two.ring.letters) > _MOST_TO_SQUARE:
            raise BudgetError("a characteristic polynomial is too long to compare radii exactly")
    squares = [
        {str(p): p for factor in side.values() for p in squares_of(factor, two.ring)}
        for side in two.sides
    ]
    found: dict[str, fmpq_mpoly] = {}
    done: set[frozenset[str]] = set()
    for key, one in squares[0].items():
        for name, other in squares[1].items():
            if key != name and frozenset((key, name)) not in done:
                done.add(frozenset((key, name)))
                _require_small(one, other, len(two.ring.letters))
                crossing = one.resultant(other, "z")
                found[str(crossing)] = crossing
    if sum(int(each.degrees()[0]) for each in found.values()) > _HIGHEST:
        raise BudgetError("the resultants of the two characteristic polynomials are too long")
    return [(Mark.CROSSING, each) for each in found.values()]


def _require_small(one: fmpq_mpoly, other: fmpq_mpoly, letters: int) -> None:
    rows = int(one.degrees()[1]) + int(other.degrees()[1])
    steps = int(one.degrees()[0]) + int(other.degrees()[0])
    longest = max(map(_bits, (*one.coeffs(), *other.coeffs())))
    is_long = rows * rows * (len(one) + len(other)) * 4**letters > _MOST_WORK
    if is_long or rows**4 * steps * longest > _MOST_BITS:
        raise BudgetError("the resultant of the two characteristic polynomials is too long")


def _bits(number: fmpq) -> int:
    return max(int(number.p).bit_length(), int(number.q).bit_length())
