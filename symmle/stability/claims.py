"""Claims about two schemes for every value of the letters: proved, refuted, or left open.

The claim is that every step which is stable for one scheme is so for the other.  Its roads, in
turn: a theorem; cells of the letters in the entries; cells of the entries themselves, each a
letter of its own, which proves more than is asked; numbers for the letters, tried out.  What
refutes it is put into the schemes again, and decided by Schur and Cohn at that step alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

import sympy as sp

from symmle.budget import allowance, bounded
from symmle.domain import Variable
from symmle.errors import BudgetError
from symmle.known import Known
from symmle.sample_mean import OverData
from symmle.schemes import Metric, Rule
from symmle.stability.algebra import above_bounds, sign
from symmle.stability.compare import is_one_objective_swept
from symmle.stability.containment import Holds, contained
from symmle.stability.open_cells import Point
from symmle.stability.parts import Part
from symmle.stability.records import Claim, SchemeStability
from symmle.stability.refuted import Places, entries_of, put, refuted, refuted_at, sentence
from symmle.stability.region import Letters, Region, letters_of
from symmle.stability.side_by_side import sets
from symmle.stability.trials import trials

_SECONDS = 6.0  # for both claims of a pair
_SECONDS_OF_SOLVER = 2.0  # for one claim, beside the other roads
_LARGEST = 2  # parameters of a part whose entries are made letters
_THEOREM = (
    "a step that is stable for all at once raises the objective at each block, wherever its "
    "slope is not zero"
)
_IN_CELLS = "one fraction in every cell of the letters decides it"
_OF_RATES = "it holds in each eigenvector of the Hessian, whatever its rate"
_OF_ENTRIES = "it holds for any numbers in place of the Jacobian's entries, of the same signs"


def claims(
    first: SchemeStability, second: SchemeStability, domains: Sequence[Variable] = ()
) -> tuple[Claim, ...]:
    """That the first scheme's stable steps are the second's for all letters, and conversely.

    Of fields with symbols or statistics in them, and steps measured alike; none otherwise.
    domains: where symbols lie, if that is more than a sign.
    """
    found = []
    with allowance(_SECONDS):
        for one, other in ((first, second), (second, first)):
            found.append(_claim(one, other, domains))
    return tuple(found)


def _claim(one: SchemeStability, other: SchemeStability, domains: Sequence[Variable]) -> Claim:
    text = sentence(one, other)
    if is_one_objective_swept(one, other):
        return Claim(text, True, Known.PROVED, _THEOREM)
    whys = []
    for road in (
        partial(_by_eigenvectors, one, other),
        partial(_by_letters, one, other, domains),
        partial(_by_entries, one, other),
        partial(_by_numbers, one, other, domains),
        partial(_by_solver, one, other, domains),
    ):
        try:
            found = road()
        except BudgetError as reason:
            whys.append(str(reason))
            continue
        if found is not None:
            return found
    told = dict.fromkeys(whys) or ["neither proved nor refuted"]
    return Claim(text, None, Known.UNKNOWN, "; ".join(told))


def _by_letters(
    one: SchemeStability, other: SchemeStability, domains: Sequence[Variable]
) -> Claim | None:
    """By cells of the letters; a counterexample only where these are symbols without a tie."""
    letters = _letters(one, other, domains)
    weakly, place = _decided(letters.pieces())
    if place is None:
        return _proved(one, other, weakly, _IN_CELLS)
    return refuted_at(one, other, letters, place, domains)


def _letters(one: SchemeStability, other: SchemeStability, domains: Sequence[Variable]) -> Letters:
    bounds = above_bounds(entries_of((*one.parts, *other.parts)))
    first, second = (put(each.parts, bounds) for each in (one, other))
    return letters_of(first, second, domains, [m.xreplace(bounds) for m in _known_minors(one)])


def _by_solver(
    one: SchemeStability, other: SchemeStability, domains: Sequence[Variable]
) -> Claim | None:
    """By z3, where it is installed; what it finds no counterexample of is checked, not proved."""
    from symmle.stability.solver import asked, is_installed  # an extra

    letters = _letters(one, other, domains)
    if not is_installed():
        raise BudgetError("neither cells nor trials decided it; the extra smt (z3) may")
    answer = asked(letters.pieces(), 0, _SECONDS_OF_SOLVER)
    if answer.empty:
        return Claim(sentence(one, other), True, Known.CHECKED, "z3 finds no counterexample")
    if answer.guess is None:
        return None
    return refuted_at(one, other, letters, answer.guess, domains)


def _by_eigenvectors(one: SchemeStability, other: SchemeStability) -> Claim | None:
    """All parameters of one objective at once: each eigenvector of the Hessian is one of its own.

    Where the claim holds for one parameter, whatever its rate is, it holds for any number of them;
    where it does not, the rates of the field may still be such that it does.
    """
    rate = sp.Dummy("rate", real=True)
    inner, outer, road = _alone(one.parts, rate), _alone(other.parts, rate), _OF_RATES
    scheme = other.map.scheme
    if outer is None and scheme.metric is Metric.IDENTITY and scheme.rule is Rule.GRADIENT:
        outer, road = Part((0,), ((rate,),), (((0,), 1),)), f"{_OF_RATES}; {_THEOREM}"
    if inner is None or outer is None or not all(part.is_symmetric for part in other.parts):
        return None
    weakly, place = _decided(letters_of([inner], [outer]).pieces())
    return None if place is not None or weakly else _proved(one, other, weakly, road)


def _alone(parts: Sequence[Part], rate: sp.Expr) -> Part | None:
    """What all parameters of one objective do, one block of them all, along one eigenvector."""
    if any(len(part.program) != 1 or not part.is_symmetric for part in parts):
        return None
    repeats = {part.program[0][1] for part in parts}
    if len(repeats) > 1:
        return None
    return replace(parts[0], places=(0,), field=((rate,),), program=(((0,), repeats.pop()),))


def _by_entries(one: SchemeStability, other: SchemeStability) -> Claim | None:
    """Each entry of the field a letter: only a proof says anything of the entries themselves."""
    parts = (*one.parts, *other.parts)
    if max(part.size for part in parts) > _LARGEST:
        raise BudgetError("three or more parameters act on each other")
    names = _letters_for(entries_of(parts))
    first, second = (put(each.parts, names) for each in (one, other))
    known = [minor.xreplace(names) for minor in _known_minors(one, put(one.parts, names))]
    weakly, point = _decided(letters_of(first, second, (), known).pieces())
    return None if point is not None else _proved(one, other, weakly, _OF_ENTRIES)


def _by_numbers(
    one: SchemeStability, other: SchemeStability, domains: Sequence[Variable]
) -> Claim | None:
    """By values for the symbols and the statistics, where a sample may have any of them."""
    letters = _independent(entries_of((*one.parts, *other.parts)))
    statistics = [each for each in letters if isinstance(each, OverData)]
    if statistics and len(letters) > len(one.order):
        raise BudgetError("its statistics depend on each other; give numbers, or data")
    for values in bounded(_SECONDS, lambda: list(trials(letters, domains))):
        step = bounded(_SECONDS, partial(_step_of_one_alone, one, other, values))
        if step is not None:
            found = refuted(one, other, values, step)
            if found is not None:
                return found
    return None


def _step_of_one_alone(
    one: SchemeStability, other: SchemeStability, values: Places
) -> sp.Expr | None:
    first, second = (put(each.parts, values) for each in (one, other))
    return sets(first, second).only_first


def _decided(pieces: Iterable[Region]) -> tuple[bool, tuple[Region, Point] | None]:
    """(whether only weakly, a piece and a point of it where the second is not stable)."""
    weakly = False
    for piece in pieces:
        found = contained(piece, 0)
        if found.point is not None:
            return False, (piece, found.point)
        weakly |= found.holds is Holds.WEAKLY
    return weakly, None


def _proved(one: SchemeStability, other: SchemeStability, weakly: bool, road: str) -> Claim:
    text = sentence(one, other)
    if weakly:
        text = f"no step that is stable for {one.name} has a multiplier of {other.name} beyond one"
    return Claim(text, True, Known.PROVED, road, strict=not weakly)


def _letters_for(entries: Sequence[sp.Expr]) -> dict[sp.Expr, sp.Expr]:
    names: dict[sp.Expr, sp.Expr] = {}
    for entry in entries:
        if entry.is_number or entry in names:
            continue
        if -entry in names:
            names[entry] = -names[-entry]
            continue
        side = sign(entry)
        letter = sp.Dummy(positive=True) if side else sp.Dummy(real=True)
        names[entry] = -letter if side == -1 else letter
    return names


def _known_minors(one: SchemeStability, shown: Sequence[Part] | None = None) -> list[sp.Expr]:
    """What of -K is positive by signs alone: the determinant of two parameters of one objective.

    shown: the same parts in other letters, whose minors are given instead.
    """
    found = []
    for part, other in zip(one.parts, shown or one.parts, strict=True):
        if part.size == 2 and sign(_minor(part)) == 1:
            found.append(_minor(other))
    return found


def _minor(part: Part) -> sp.Expr:
    (a, b), (c, d) = part.field
    return sp.expand(a * d - b * c)


def _independent(entries: Sequence[sp.Expr]) -> list[sp.Expr]:
    """The statistics in the entries, none within another, and the symbols beside them."""
    nodes = {node for entry in entries for node in entry.atoms(OverData)}
    outer = {node for node in nodes if not any(node != o and o.has(node) for o in nodes)}
    hidden = dict.fromkeys(outer, sp.S.One)
    symbols = {s for entry in entries for s in entry.xreplace(hidden).free_symbols}
    inner = {s for node in outer for s in node.free_symbols}
    if inner & symbols or any(inner):
        raise BudgetError("its statistics depend on the parameters; give numbers, or data")
    return sorted(outer | symbols, key=str)
