"""Solve the score for the statistics instead of the parameters: mean(T) = E[T].

Where the average log-likelihood is linear in as many statistics as there are parameters, the
score is A(theta)*(m - mu(theta)): a linear system in the statistics m.  Where det A does not
vanish, score = 0 says no more and no less than m = mu(theta), which is mostly simpler.  And
-E[H] = A*dmu/dtheta then, because the score vanishes at m = mu(theta) for every theta.

Covariances are statistics, too, and the equations are solved in turn: those that hold few
statistics first.  Of a multivariate normal the scores of the means say mean(x) = mu; after that
the others are linear in the covariances, and no mean is left in them.
Source: Lehmann & Casella, Theory of Point Estimation (1998), section 1.5 (mean parameters).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp
from sympy.polys.fields import sfield
from sympy.polys.matrices import DomainMatrix
from sympy.polys.rings import PolyElement, PolyRing

from symmle.budget import bounded
from symmle.derive.signs import inside_coordinates, is_positive_inside
from symmle.domain import Variable
from symmle.errors import BudgetError
from symmle.fraction import reduced_fractions
from symmle.sample_mean import masked, passes, raw, separate

_MOST_OPERATIONS = 3000  # of a system that is solved at once
_LARGEST = 20_000  # of a score that is looked at
_SECONDS = 8.0

Rows = list[list[PolyElement]]
Group = list[tuple[sp.Symbol, sp.Expr]]


@dataclass(frozen=True, slots=True)
class MeanEquations:
    """expected: {statistic: its value in the parameters at every zero of the score}.

    equivalent: whether that loses no zero of the score: det A vanishes nowhere in the domain.
    information: -E[H], by the chain rule; None where statistics are known in sums only.
    """

    expected: dict[sp.Expr, sp.Expr]
    equivalent: bool
    information: sp.ImmutableMatrix | None = None


def mean_equations(
    gradient: Sequence[sp.Expr], parameters: Sequence[Variable], positive: Sequence[sp.Expr] = ()
) -> MeanEquations | None:
    """What the statistics are equal to where the score vanishes; None where that is no rule.

    gradient: one score component a parameter.  positive: what is positive where the likelihood
    has a value, besides what the domains say.  None: a pass is left, a statistic enters other
    than linearly, there are more or fewer statistics than parameters, or A is singular.
    Statistics that enter with proportional coefficients only are taken together.
    """
    if sum(each.count_ops() for each in gradient) > _LARGEST:
        return None
    try:
        return bounded(_SECONDS, lambda: _solved(gradient, parameters, positive))
    except BudgetError:
        return None


def _solved(
    gradient: Sequence[sp.Expr], parameters: Sequence[Variable], positive: Sequence[sp.Expr]
) -> MeanEquations | None:
    theta = [variable.symbol for variable in parameters]
    flat = sp.Tuple(*(separate(each) for each in gradient))
    if passes(flat, theta):
        return None
    found = _in_turn(flat, parameters, positive)
    plain = raw(flat)
    if found is None and plain != flat:
        found = _in_turn(plain, parameters, positive)
    return found


def _in_turn(
    flat: sp.Tuple, parameters: Sequence[Variable], positive: Sequence[sp.Expr]
) -> MeanEquations | None:
    """The statistics of a few equations after those of others; None where some are left."""
    letters, back = masked(flat)
    waiting, unknown = list(letters), list(back)
    known: dict[sp.Symbol, sp.Expr] = {}
    joined: dict[sp.Symbol, sp.Expr] = {}
    expected: dict[sp.Expr, sp.Expr] = {}
    places: dict[sp.Expr, int] = {}  # in the order of the statistics, whichever was solved first
    determinants: list[PolyElement] = []
    while waiting:
        step = next(_solvable(waiting, unknown), None)
        if step is None:
            return None
        for group, value in step.values:
            statistic = sp.Add(*(weight * back[letter] for letter, weight in group))
            expected[statistic] = value
            places[statistic] = list(back).index(group[0][0])
            if len(group) == 1:
                known[group[0][0]] = value
            else:  # of a sum only the whole is known: the rest must cancel below
                (first, weight), *others = group
                joined[first] = (value - sp.Add(*(w * letter for letter, w in others))) / weight
            unknown = [each for each in unknown if each not in dict(group)]
        determinants.append(step.determinant)
        waiting = [
            _without(each.xreplace(known), joined) for each in waiting if each not in step.equations
        ]
        if any(each.has(*back) and not each.has(*unknown) for each in waiting if back):
            return None
    if unknown or any(value.has(*back) for value in expected.values() if back):
        return None
    inside = inside_coordinates(parameters, positive)
    equivalent = inside is not None and all(
        _vanishes_nowhere(each, inside, positive) for each in determinants
    )
    matrix = _information(letters, known, list(back), [v.symbol for v in parameters])
    ordered = dict(sorted(expected.items(), key=lambda each: places[each[0]]))
    return MeanEquations(ordered, equivalent, matrix)


def _without(expr: sp.Expr, joined: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression with one letter of each known sum replaced, so that the others cancel."""
    replaced = expr.xreplace(dict(joined))
    return sp.expand(replaced) if joined and replaced != expr else replaced


@dataclass(frozen=True, slots=True)
class _Step:
    """Some equations, and what they say: ((the letters of a sum with their weights, its value))."""

    equations: tuple[sp.Expr, ...]
    values: tuple[tuple[Group, sp.Expr], ...]
    determinant: PolyElement


def _solvable(waiting: Sequence[sp.Expr], unknown: Sequence[sp.Symbol]) -> Iterator[_Step]:
    """What can be solved next: equations that hold no other statistics than some few do."""
    within = [frozenset(each.free_symbols.intersection(unknown)) for each in waiting]
    choices = dict.fromkeys([*within, frozenset().union(*within)])
    for choice in sorted(choices, key=len):
        chosen = [each for each, held in zip(waiting, within, strict=True) if held <= choice]
        if not 0 < len(chosen) <= len(choice):
            continue
        step = _linear_step(chosen, [letter for letter in unknown if letter in choice])
        if step is not None:
            yield step


def _linear_step(chosen: Sequence[sp.Expr], letters: Sequence[sp.Symbol]) -> _Step | None:
    """The equations solved for the letters; None where they are not linear, or singular."""
    if sum(each.count_ops() for each in chosen) > _MOST_OPERATIONS:
        return None
    _, rows = sfield(list(chosen))
    system = _linear([row.numer for row in rows], letters)
    if system is None:
        return None
    matrix, constants, ring = system
    joined, groups = _proportional_columns_joined(matrix, letters)
    size = len(chosen)
    if len(groups) != size:
        return None
    adjugate, determinant = DomainMatrix(joined, (size, size), ring.to_domain()).adj_det()
    if not determinant:
        return None
    right = DomainMatrix([[-each] for each in constants], (size, 1), ring.to_domain())
    above = (adjugate * right).to_list_flat()
    values = tuple((g, _quotient(a, determinant)) for g, a in zip(groups, above, strict=True))
    return _Step(tuple(chosen), values, determinant)


def _quotient(above: PolyElement, below: PolyElement) -> sp.Expr:
    """above/below, by division without a remainder where there is none."""
    whole, rest = divmod(above, below)
    if not rest:
        return sp.factor_terms(whole.as_expr())
    field = above.ring.to_field()
    return sp.factor_terms((field(above) / field(below)).as_expr())


def _linear(
    numerators: Sequence[PolyElement], letters: Sequence[sp.Symbol]
) -> tuple[Rows, list[PolyElement], PolyRing] | None:
    """(coefficients of the letters, what is left) of each numerator, and the ring they are in.

    None where a numerator is not linear in the letters together.
    """
    whole = numerators[0].ring
    places = [whole.symbols.index(letter) for letter in letters if letter in whole.symbols]
    if len(places) != len(letters):
        return None
    kept = [i for i in range(len(whole.symbols)) if i not in places]
    ring = whole.clone(symbols=[whole.symbols[i] for i in kept] or [sp.Dummy()])
    matrix, constants = [], []
    for numerator in numerators:
        row, rest = [ring.zero for _ in letters], ring.zero
        for monomial, coefficient in numerator.terms():
            powers = [monomial[place] for place in places]
            if sum(powers) > 1:
                return None
            term = ring({tuple(monomial[i] for i in kept) or (0,): coefficient})
            if sum(powers) == 1:
                row[powers.index(1)] += term
            else:
                rest += term
        matrix.append(row)
        constants.append(rest)
    return matrix, constants, ring


def _proportional_columns_joined(
    matrix: Rows, letters: Sequence[sp.Symbol]
) -> tuple[Rows, list[Group]]:
    """The matrix with columns that are numeric multiples of another one left out, and the sums."""
    kept: Rows = []
    groups: list[Group] = []
    for letter, column in zip(letters, zip(*matrix, strict=True), strict=True):
        for other, group in zip(kept, groups, strict=True):
            ratio = _ratio(column, other)
            if ratio is not None:
                group.append((letter, ratio))
                break
        else:
            kept.append(list(column))
            groups.append([(letter, sp.S.One)])
    return [list(row) for row in zip(*kept, strict=True)], groups


def _ratio(column: Sequence[PolyElement], other: Sequence[PolyElement]) -> sp.Expr | None:
    """The number that makes one column of the other, or None."""
    if any(bool(a) != bool(b) for a, b in zip(column, other, strict=True)):
        return None
    pairs = [(a, b) for a, b in zip(column, other, strict=True) if b]
    shown = {(a.ring.domain.to_sympy(a.LC) / a.ring.domain.to_sympy(b.LC)) for a, b in pairs}
    if len(shown) != 1 or any(a * b.LC != b * a.LC for a, b in pairs):
        return None
    return shown.pop()


def _vanishes_nowhere(
    determinant: PolyElement, inside: Mapping[sp.Symbol, sp.Expr], positive: Sequence[sp.Expr]
) -> bool:
    """Whether a determinant is seen to be nonzero where the likelihood has a value."""
    for each in positive:
        try:
            factor = determinant.ring.from_expr(each)
        except (ValueError, sp.CoercionFailed):
            continue
        while not factor.is_ground:
            whole, rest = divmod(determinant, factor)
            if rest:
                break
            determinant = whole
    left = determinant.as_expr()
    return is_positive_inside(left, inside) or is_positive_inside(-left, inside)


def _information(
    gradient: Sequence[sp.Expr],
    known: Mapping[sp.Symbol, sp.Expr],
    letters: Sequence[sp.Symbol],
    theta: Sequence[sp.Symbol],
) -> sp.ImmutableMatrix | None:
    """-E[H] = (derivative of the score by the statistics)*(derivative of those by theta).

    None where not every statistic is known by itself.
    """
    if set(known) != set(letters):
        return None
    moves = [[known[letter].diff(symbol) for symbol in theta] for letter in letters]
    rows = []
    for each in gradient:
        slopes = [each.diff(letter).xreplace(dict(known)) for letter in letters]
        rows.append(
            [
                sp.Add(*(s * move[j] for s, move in zip(slopes, moves, strict=True)))
                for j in range(len(theta))
            ]
        )
    size = len(theta)
    upper = [rows[i][j] for i in range(size) for j in range(i, size)]
    short = iter(reduced_fractions(upper))
    found = {(i, j): next(short) for i in range(size) for j in range(i, size)}
    return sp.ImmutableMatrix(size, size, lambda i, j: found[min(i, j), max(i, j)])
