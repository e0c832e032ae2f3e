"""One rational point in every open cell of positive variables where polynomials keep their signs.

Polynomials are projected from one variable after another: their leading and trailing coefficients,
discriminants and resultants.  Over an open cell on which none of these vanishes the roots in the
variable that was taken out stay apart, so that one point above each piece of one line will do.
Cells without interior are not visited: what holds on an open set is decided, and nothing else.
Sources: G. E. Collins, Quantifier elimination for real closed fields by cylindrical algebraic
decomposition (1975); A. Strzebonski, Solving systems of strict polynomial inequalities (2000).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod

from flint import fmpq, fmpq_mpoly, fmpq_poly, fmpz

from symmle.balls import Root, exact_roots, merged
from symmle.errors import BudgetError
from symmle.stability.cells import simplest

_MOST_TERMS = 300  # of a polynomial that is projected
_MOST_WORK = 60_000  # of one resultant: terms of both, times the rows of its matrix squared
_MOST_POLYNOMIALS = 60  # of one level
_MOST_MONOMIALS = 50_000  # of one polynomial, before it is multiplied out
_HIGHEST = 80  # degree in one variable
_SIXTEENTH = fmpq(1, 16)

Point = dict[str, fmpq]


def samples(polynomials: Iterable[fmpq_mpoly], names: Sequence[str]) -> Iterator[Point]:
    """At least one point, all coordinates positive, of every open cell of the polynomials.

    names: of the variables that may occur.  Raises BudgetError where a projection is too long.
    """
    levels = _levels(irreducible(polynomials), list(names))
    yield from _above(levels, {})


def irreducible(polynomials: Iterable[fmpq_mpoly]) -> dict[str, fmpq_mpoly]:
    """The irreducible factors that may vanish where all variables are positive, each once."""
    found: dict[str, fmpq_mpoly] = {}
    for polynomial in polynomials:
        if has_one_sign(polynomial):
            continue
        if len(polynomial) > _MOST_TERMS:
            raise BudgetError("the conditions in the letters are too long")
        for factor, _ in polynomial.factor()[1]:
            if not has_one_sign(factor):
                found.setdefault(str(factor), factor)
    return found


def has_one_sign(polynomial: fmpq_mpoly) -> bool:
    """Whether its coefficients have: then so has its value at positive numbers (zero: zero)."""
    return len({coefficient > 0 for coefficient in polynomial.coeffs()}) < 2


def _levels(
    polynomials: Mapping[str, fmpq_mpoly], names: list[str]
) -> list[tuple[str, list[fmpq_mpoly]]]:
    """(variable, the polynomials to cut its axis by), the variable that is taken out last first."""
    left, found = dict(polynomials), []
    names = list(names)
    while names:
        name = min(names, key=lambda each: _cost(left.values(), each))
        names.remove(name)
        here = {key: p for key, p in left.items() if _degree(p, name) > 0}
        if any(_degree(each, name) > _HIGHEST for each in here.values()):
            raise BudgetError("the conditions in the letters are of too high a degree")
        found.append((name, list(here.values())))
        left = {key: p for key, p in left.items() if key not in here}
        if names:
            left |= irreducible(_projected(list(here.values()), name))
        if len(left) > _MOST_POLYNOMIALS:
            raise BudgetError("the conditions in the letters cut them into too many cells")
    return found[::-1]


def _cost(polynomials: Iterable[fmpq_mpoly], name: str) -> tuple[int, int]:
    degrees = [_degree(each, name) for each in polynomials]
    return max(degrees, default=0), sum(degrees)


def _projected(polynomials: Sequence[fmpq_mpoly], name: str) -> Iterator[fmpq_mpoly]:
    for i, one in enumerate(polynomials):
        ends = coefficients(one, name)
        yield ends[0]
        yield ends[-1]
        if len(ends) > 2:
            _require_short(one, one, name)
            yield one.discriminant(name)
        for other in polynomials[:i]:
            _require_short(one, other, name)
            yield one.resultant(other, name)


def _require_short(one: fmpq_mpoly, other: fmpq_mpoly, name: str) -> None:
    rows = _degree(one, name) + _degree(other, name)
    place = list(one.context().names()).index(name)
    highest = [max(map(int, pair)) for pair in zip(one.degrees(), other.degrees(), strict=True)]
    require_room([d for i, d in enumerate(highest) if i != place], rows)
    if (len(one) + len(other)) * rows**2 > _MOST_WORK:
        raise BudgetError("a projection of the conditions in the letters is too long")


def require_room(degrees: Iterable[int], power: int) -> None:
    """Raises BudgetError where a product of so many polynomials may have too many terms.

    degrees: in each variable, of every one of them.  Checked before: a long product is one call
    into compiled code, which no budget interrupts.
    """
    if prod(degree * power + 1 for degree in degrees) > _MOST_MONOMIALS:
        raise BudgetError("the conditions in the letters are too long")


def coefficients(polynomial: fmpq_mpoly, name: str) -> list[fmpq_mpoly]:
    """Those of the powers of one variable, the constant term first."""
    context = polynomial.context()
    place = list(context.names()).index(name)
    found: list[dict[tuple[int, ...], fmpq]] = [{} for _ in range(_degree(polynomial, name) + 1)]
    for powers, coefficient in polynomial.to_dict().items():
        rest = tuple(0 if i == place else int(p) for i, p in enumerate(powers))
        found[int(powers[place])][rest] = coefficient
    return [context.from_dict(each) for each in found]


def _degree(polynomial: fmpq_mpoly, name: str) -> int:
    return int(polynomial.degrees()[list(polynomial.context().names()).index(name)])


def _above(levels: Sequence[tuple[str, list[fmpq_mpoly]]], point: Point) -> Iterator[Point]:
    if not levels:
        yield point
        return
    (name, polynomials), *rest = levels
    cuts = _product([at(each, point) for each in polynomials])
    for value in _between(cuts):
        yield from _above(rest, {**point, name: value})


def at(polynomial: fmpq_mpoly, point: Mapping[str, fmpq]) -> fmpq_mpoly:
    """The polynomial with numbers for some of its variables."""
    numbers: dict[str | int, int | fmpz | fmpq] = dict(point.items())
    return polynomial.subs(numbers) if point else polynomial


def value(polynomial: fmpq_mpoly, point: Mapping[str, fmpq]) -> fmpq:
    """With numbers for all that occur."""
    found = at(polynomial, point)
    return fmpq(0) if found.is_zero() else fmpq(found.leading_coefficient())


def _product(polynomials: Iterable[fmpq_mpoly]) -> list[fmpq_poly]:
    """Polynomials in the one variable that is left in them."""
    found = []
    for each in polynomials:
        terms = {sum(map(int, powers)): c for powers, c in each.to_dict().items()}
        found.append(fmpq_poly([terms.get(i, 0) for i in range(max(terms, default=0) + 1)]))
    return found


def _between(polynomials: Sequence[fmpq_poly]) -> Iterator[fmpq]:
    """A short fraction in every piece that the positive roots cut the half line into."""
    bits = 60
    while True:
        found: dict[Root, None] = {}
        for each in polynomials:
            found |= dict.fromkeys(exact_roots(each, bits))
        walls = merged(list(found))
        if len(walls) == len(found):
            break
        bits *= 2  # distinct irreducible factors share no root: more bits tell them apart
    left = fmpq(0)
    for wall in walls:
        yield _inside(left, wall.lower)
        left = wall.upper
    yield left.floor() + fmpq(1)


def _inside(left: fmpq, right: fmpq) -> fmpq:
    gap = (right - left) * _SIXTEENTH
    return simplest(left + gap, right - gap)
