"""What cells leave open, asked of an SMT solver: z3, an extra, imported only here.

A region without a counterexample is then no more than checked: nothing proves it a second time.
A counterexample is only a guess at one, for others to decide with fractions.
Source: D. Jovanovic and L. de Moura, Solving non-linear arithmetic, IJCAR 2012.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from flint import fmpq, fmpq_mpoly

from symmle.errors import BudgetError
from symmle.stability.open_cells import Point, at, require_room
from symmle.stability.polynomials import Element, at_minus_one, at_plus_one
from symmle.stability.region import Region, scaled_away

_MOST_TERMS = 400  # of all conditions of one piece
_DIGITS = 12  # of a number that is no fraction, in a guess

Formula = Any  # of z3, which has no types of its own


@dataclass(frozen=True, slots=True)
class Answer:
    """empty: whether z3 found that no piece has a counterexample.  guess: one that it found."""

    empty: bool
    guess: tuple[Region, Point] | None = None


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("z3") is not None


def asked(pieces: Iterable[Region], one: int, seconds: float) -> Answer:
    """Whether a step is stable for the scheme `one` and not for the other, in some piece.

    seconds: for all pieces together.  Raises BudgetError where z3 does not tell in that time.
    """
    import z3

    every = list(pieces)
    for piece in every:
        inner, outer = (_stable(side) for side in (piece.sides[one], piece.sides[1 - one]))
        fixed = scaled_away([*inner, *outer, *piece.conditions], piece.names)
        ones = dict.fromkeys(fixed, fmpq(1))
        names = {name: z3.Real(name) for name in piece.names if name not in ones}
        solver = z3.Solver()
        solver.set("timeout", max(1, int(1000 * seconds / len(every))))
        solver.add(*(letter > 0 for letter in names.values()))
        solver.add(*(_written(at(c, ones), names) > 0 for c in (*piece.conditions, *inner)))
        solver.add(z3.Or(*(_written(at(each, ones), names) <= 0 for each in outer)))
        answer = solver.check()
        if answer == z3.sat:
            model = solver.model()
            found = {n: _fraction(model.eval(letter, True)) for n, letter in names.items()}
            return Answer(False, (piece, {**found, **ones}))
        if answer != z3.unsat:
            raise BudgetError("z3 did not decide it in its time")
    return Answer(True)


def _stable(side: Sequence[Sequence[fmpq_mpoly]]) -> list[fmpq_mpoly]:
    """Polynomials that are all positive exactly where every part is stable."""
    found = [condition for each in side for condition in schur_conditions(list(each))]
    if sum(map(len, found)) > _MOST_TERMS:
        raise BudgetError("the conditions in the letters are too long for z3")
    return found


def schur_conditions(coefficients: list[Element]) -> list[Element]:
    """All positive iff every root is inside the unit circle; the leading coefficient first.

    The recursion of Schur and Cohn without division, down to two roots, and there Jury's
    conditions times the leading coefficient, which is positive after one turn of the recursion.
    """
    highest = [
        max(map(int, each)) for each in zip(*(c.degrees() for c in coefficients), strict=True)
    ]
    require_room(highest, 2 ** max(0, len(coefficients) - 3))
    current, found = coefficients, []
    is_positive = current[0].is_constant() and current[0].leading_coefficient() > 0
    while len(current) > 3 or not is_positive:
        first, last = current[0], current[-1]
        found.append((first - last) * (first + last))
        current = [
            first * here - last * there
            for here, there in zip(current[:-1], current[:0:-1], strict=True)
        ]
        is_positive = True
    if len(current) == 1:
        return found
    found += [at_plus_one(current), at_minus_one(current)]
    return found if len(current) == 2 else [*found, current[0] - current[2]]


def _written(polynomial: fmpq_mpoly, names: Mapping[str, Formula]) -> Formula:
    import z3

    every = [str(name) for name in polynomial.context().names()]
    total = z3.RealVal(0)
    for powers, c in polynomial.to_dict().items():
        term = z3.Q(int(c.p), int(c.q))
        for name, power in zip(every, powers, strict=True):
            for _ in range(int(power)):
                term = term * names[name]
        total = total + term
    return total


def _fraction(value: Formula) -> fmpq:
    import z3

    number = value.approx(_DIGITS) if z3.is_algebraic_value(value) else value
    return fmpq(int(number.numerator_as_long()), int(number.denominator_as_long()))
