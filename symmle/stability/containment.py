"""Whether one scheme is stable wherever another is, for all letters of a region, by cells.

One point of every open cell decides what holds on open sets.  What is left are the points of a
wall: at one inside the stable set of the first scheme, with the second stable all around, a factor
of a wall of the second vanishes and does not change its sign, so that its slopes vanish as well.
A Groebner basis shows where there is no such point; otherwise a multiplier of the second may be
on the unit circle there, and none is ever outside: derivations/claims-for-all-letters.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial, reduce

import sympy as sp
from flint import fmpq, fmpq_mpoly

from symmle.budget import bounded
from symmle.errors import BudgetError
from symmle.stability.open_cells import Point, at, irreducible, samples
from symmle.stability.region import Region, scaled_away

_MOST_SAMPLES = 20_000
_MORE = 300  # samples after a counterexample, for a shorter one
_SECONDS = 1.0  # for one Groebner basis
_SECONDS_OF_CELLS = 2.0  # for one piece


class Holds(Enum):
    """What was decided of a piece."""

    STRICTLY = "strictly"  # stable wherever the other is
    WEAKLY = "weakly"  # no multiplier outside the circle wherever the other is stable
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Decided:
    """point: of NOT, numbers for the step and the letters of the piece."""

    holds: Holds
    point: Point | None = None


def contained(piece: Region, one: int) -> Decided:
    """Whether every step that is stable for the scheme `one` is so for the other, in a piece.

    Raises BudgetError where the polynomials are too long.
    """
    inner, outer = piece.walls(one), piece.walls(1 - one)
    anywhere, point = bounded(_SECONDS_OF_CELLS, partial(_by_cells, piece, one, inner, outer))
    if point is not None:
        return Decided(Holds.NOT, point)
    strict = not anywhere or _is_strict(inner, outer, piece.names)
    return Decided(Holds.STRICTLY if strict else Holds.WEAKLY)


def _by_cells(
    piece: Region, one: int, inner: Sequence[fmpq_mpoly], outer: Sequence[fmpq_mpoly]
) -> tuple[bool, Point | None]:
    """(whether the scheme `one` is stable anywhere, where it is and the other is not)."""
    fixed = scaled_away([*inner, *outer, *piece.conditions], piece.names)
    ones = dict.fromkeys(fixed, fmpq(1))
    names = [name for name in piece.names if name not in ones]
    polynomials = [at(each, ones) for each in (*inner, *outer, *piece.conditions)]
    anywhere, first = False, _MOST_SAMPLES
    found: list[Point] = []
    for count, point in enumerate(samples(polynomials, names)):
        if found and count > first + _MORE:
            break
        if count > _MOST_SAMPLES:
            raise BudgetError("there are too many cells")
        stable = piece.at({**point, **ones})
        if stable is not None and stable[one]:
            anywhere = True
            if not stable[1 - one]:
                first = min(first, count)
                found.append({**point, **ones})
    return anywhere, min(found, key=_length, default=None)


def _length(point: Point) -> int:
    """How long the fractions of a point are to read."""
    return sum(int(abs(value.p) * value.q).bit_length() for value in point.values())


def _is_strict(
    inner: Sequence[fmpq_mpoly], outer: Sequence[fmpq_mpoly], names: Sequence[str]
) -> bool:
    """Whether no factor of a wall of the outer scheme vanishes where the inner one is stable."""
    away = irreducible(inner)
    once: dict[str, fmpq_mpoly] = {}
    twice: dict[str, fmpq_mpoly] = {}
    for wall in outer:
        if wall.is_zero():
            return all(each.is_zero() for each in inner)
        for factor, power in wall.factor()[1]:
            (once if power % 2 else twice)[str(factor)] = factor
    touched = [(p, True) for p in irreducible(once.values()).values() if str(p) not in away]
    touched += [(p, False) for p in irreducible(twice.values()).values() if str(p) not in away]
    return all(_never(p, flat, list(away.values()), names) for p, flat in touched)


def _never(
    factor: fmpq_mpoly, flat: bool, away: Iterable[fmpq_mpoly], names: Sequence[str]
) -> bool:
    """Whether a factor has no zero, with vanishing slopes if `flat`, where `away` have none."""
    letters = {name: sp.Symbol(name) for name in names}
    zero = [_expression(factor, letters)]
    if flat:
        zero += [zero[0].diff(letter) for letter in letters.values()]
    apart = reduce(
        lambda a, b: a * b, (_expression(each, letters) for each in away), sp.Mul(*letters.values())
    )
    inverse = sp.Symbol("w")
    for equations, unknowns in (
        (zero, [*letters.values()]),
        ([*zero, 1 - inverse * apart], [inverse, *letters.values()]),
    ):
        equations = [each for each in equations if each != 0]
        try:
            basis = bounded(_SECONDS, partial(sp.groebner, equations, *unknowns, order="grevlex"))
        except BudgetError:
            continue
        if basis.exprs == [1]:
            return True
    return False


def _expression(polynomial: fmpq_mpoly, letters: dict[str, sp.Symbol]) -> sp.Expr:
    every = [str(name) for name in polynomial.context().names()]
    return sp.Add(
        *(
            sp.Rational(int(c.p), int(c.q))
            * sp.Mul(*(letters[n] ** int(k) for n, k in zip(every, powers, strict=True) if k))
            for powers, c in polynomial.to_dict().items()
        )
    )
