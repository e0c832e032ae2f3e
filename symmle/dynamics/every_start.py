"""Proofs that every start converges, for rational maps of one variable that matters.

One variable.  A continuous map f of an interval into itself sends every start to a fixed point if
and only if it has no cycle of period 2 (Coppel 1955).  On an open interval a run could still near
an end: with one fixed point p, f(x) > x before it and f(x) < x behind it, a run stays in a compact
part where f is bounded away from the lower end behind p, or from the upper end before p.  All of
this asks where polynomials have roots.  Where neither bound is there, f(f(x)) may have one, and
with no cycle of period 2 it has none of its own (Sharkovsky).

Several variables, v = (v1, ...) and w > a, where each line of the update is v_i' = c_i(w)*v_i, or
w' = f(w) + sums of squares of the v_i times what is never negative.  If f > m > a, then w > m after
one update; if |c_i| < 1 there, |v_i| falls ever after.  If w' < w for all large w, uniformly for
bounded v, the run stays in a compact set, on which v goes to 0; its limits are an invariant set of
the line v = 0, and if there every start of f converges to p, this is p alone.

For the normal law all of it is worked out by hand in derivations/why-it-blows-up.md.

W. A. Coppel, The solution of equations by iteration, Proc. Camb. Phil. Soc. 51 (1955), 41-43.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sympy as sp
from flint import arb, ctx, fmpq, fmpq_poly

from symmle.balls import ends, rational
from symmle.domain import Variable
from symmle.dynamics.rational import (
    Fraction,
    X,
    fraction,
    reduced,
    roots_within,
    squarefree,
    without,
)
from symmle.dynamics.recurrence import Recurrence
from symmle.known import Known

_HIGHEST = 40  # degree of a map whose second iterate is looked at
_PRECISION = 400
_HALVINGS = 20
_TRIES = 12

End = fmpq | None  # None: infinite


@dataclass(frozen=True, slots=True)
class EveryStart:
    """Every start in the domain converges to the one fixed point.

    along: the variable of the line on which there is no other fixed point and no 2-cycle.
    places: the other variables, each with its value on that line; none for a map of one variable.
    above: what `along` is greater than from the first update on; None where nothing was needed.
    """

    along: sp.Symbol
    known: Known = Known.PROVED
    places: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    above: sp.Expr | None = None

    def weakened(self, level: Known) -> "EveryStart":
        """The same where the numbers of the map are known to a level only."""
        return replace(self, known=self.known.weaker(level))


def every_start(recurrence: Recurrence) -> EveryStart | None:
    """The proof that every start converges to one and the same point; None where none was found.

    The map must be rational, its numbers rational, and the domains open.
    """
    if recurrence.size != len(recurrence.variables):
        return None
    if not all(map(_is_open, recurrence.variables)):
        return None
    if recurrence.size == 1:
        (variable,) = recurrence.variables
        low, high = _ends(variable)
        found = [fraction(line.values[0], variable.symbol) for line in recurrence.turns]
        lines = [each for each in found if each is not None and _stays(each, low, high)]
        if len(lines) < len(found) or not _all_converge(lines, low, high):
            return None
        return EveryStart(variable.symbol)
    return _where_others_fade(recurrence)


def _is_open(variable: Variable) -> bool:
    where = variable.domain
    either = all(end.is_Rational or end.is_infinite for end in (where.lower, where.upper))
    return either and not (where.lower_closed or where.upper_closed or where.integer)


def _ends(variable: Variable) -> tuple[End, End]:
    where = variable.domain
    low, high = (
        None if end.is_infinite else fmpq(int(end.p), int(end.q))
        for end in (where.lower, where.upper)
    )
    return low, high


def _all_converge(lines: Sequence[Fraction], low: End, high: End) -> bool:
    """Whether every start in the open interval, which the lines keep to, comes to one point."""
    once, *more = lines if any(each != lines[0] for each in lines) else lines[:1]
    for line in more:
        if line.degree * once.degree > _HIGHEST:
            return False
        once = line.after(once)
    point = _only_fixed_point(once, low, high)
    if point is None or once.degree > _HIGHEST:
        return False
    own = once.above - X * once.below
    twice = once.after(once)
    cycles = without(squarefree(twice.above - X * twice.below), own)
    if _may_vanish(cycles, low, high):
        return False
    return any(_is_pulled_in(each, point, low, high) for each in (once, twice))


def _only_fixed_point(once: Fraction, low: End, high: End) -> tuple[fmpq, fmpq] | None:
    """Rational numbers right before and behind it, if it is the only one."""
    with ctx.workprec(_PRECISION):
        roots = roots_within(once.above - X * once.below, low, high)
        if roots is None or len(roots) != 1:
            return None
        before, behind = ends(roots[0] + arb(0, 1e-30) * (1 + abs(roots[0])))
    inside = (low is None or before > low) and (high is None or behind < high)
    return (before, behind) if inside else None


def _is_pulled_in(q: Fraction, point: tuple[fmpq, fmpq], low: End, high: End) -> bool:
    """Whether q moves towards the point, and is bounded away from an end on the other side."""
    before, behind = point
    move = reduced(q.above - X * q.below, q.below)
    if _sign_at(move, before) <= 0 or _sign_at(move, behind) >= 0:
        return False
    return any(_exceeds(q, floor, before, high) for floor in _floors(low, before)) or any(
        _exceeds(_negative(q), floor, low, behind)
        for floor in _floors(None if high is None else -high, -behind)
    )


def _floors(low: End, near: fmpq) -> list[fmpq]:
    """Numbers between an end and a number above it, from there outwards."""
    if low is None:
        return [near - 2 ** (2 * k) * (1 + abs(near)) for k in range(_TRIES)]
    return [low + (near - low) / 4 ** (k + 1) for k in range(_TRIES)]


def _exceeds(q: Fraction, floor: fmpq, low: End, high: End) -> bool:
    """Whether q > floor on the whole open interval, with no pole in it."""
    gap = Fraction(q.above - floor * q.below, q.below)
    if _may_vanish(q.below, low, high) or _may_vanish(gap.above, low, high):
        return False
    return _sign_at(gap, _inside(low, high)) > 0


def _stays(q: Fraction, low: End, high: End) -> bool:
    """Whether q maps the open interval into itself, with no pole in it."""
    if _may_vanish(q.below, low, high):
        return False
    above = low is None or _exceeds(q, low, low, high)
    return above and (high is None or _exceeds(_negative(q), -high, low, high))


def _may_vanish(of: fmpq_poly, low: End, high: End) -> bool:
    return roots_within(of, low, high) != []


def _sign_at(q: Fraction, x: fmpq) -> int:
    value = q.above(x) / q.below(x)
    return (value > 0) - (value < 0)


def _negative(q: Fraction) -> Fraction:
    return Fraction(-q.above, q.below)


def _inside(low: End, high: End) -> fmpq:
    if low is None:
        return fmpq(0) if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2


@dataclass(frozen=True, slots=True)
class _Cascade:
    """The variable `along`, above `low`, and the others: where each fades to, and its distance."""

    along: sp.Symbol
    low: fmpq
    places: dict[sp.Symbol, sp.Expr]
    distances: tuple[sp.Symbol, ...]

    def shifted(self, expr: sp.Expr) -> tuple[sp.Poly, fmpq_poly] | None:
        """An expression as polynomial(distances)/below(along); None where it has not this form."""
        pairs = zip(self.places.items(), self.distances, strict=True)
        moved = expr.xreplace({s: place + v for (s, place), v in pairs})
        above, below = sp.fraction(sp.cancel(moved))
        q = None if below.free_symbols - {self.along} else fraction(below, self.along)
        if q is None or not above.is_polynomial(*self.distances, self.along):
            return None
        if _may_vanish(q.above, self.low, None):
            return None
        return sp.Poly(above, *self.distances), q.above

    def raised(self, expr: sp.Expr) -> Fraction | None:
        """f, if expr = f(along) + squares of distances times what is never negative; else None."""
        found = self.shifted(expr)
        if found is None:
            return None
        poly, below = found
        line = Fraction(fmpq_poly([0]), fmpq_poly([1]))
        for powers, coefficient in poly.terms():
            part = fraction(coefficient, self.along)
            if part is None:
                return None
            part = reduced(part.above, below * part.below)
            if not any(powers):
                line = part
            elif any(power % 2 for power in powers) or not _is_never_negative(part, self.low):
                return None
        return line

    def share(self, expr: sp.Expr, symbol: sp.Symbol) -> Fraction | None:
        """c, if expr - place = c(along)*(symbol - place); None if not."""
        place = self.places[symbol]
        return fraction(sp.cancel((expr - place) / (symbol - place)), self.along)

    def falls_far_out(self, expr: sp.Expr) -> bool:
        """Whether expr < along for all that are large, while the distances are bounded."""
        found = self.shifted(expr - self.along)
        if found is None:
            return False
        above, below = found
        lead = sp.Poly(above.as_expr(), self.along).LC()
        return not lead.free_symbols and bool((lead > 0) != (below[below.degree()] > 0))


def _where_others_fade(recurrence: Recurrence) -> EveryStart | None:
    """Of several variables all of which fade but one."""
    for along in recurrence.variables:
        low, high = _ends(along)
        others = [each for each in recurrence.variables if each is not along]
        if low is None or high is not None or any(_ends(x) != (None, None) for x in others):
            continue
        places = {each.symbol: _place(recurrence, each.symbol) for each in others}
        known = {symbol: place for symbol, place in places.items() if place is not None}
        if len(known) < len(others):
            continue
        distances = tuple(sp.Dummy("v") for _ in others)
        found = _faded(recurrence, _Cascade(along.symbol, low, known, distances))
        if found is not None:
            return found
    return None


def _place(recurrence: Recurrence, symbol: sp.Symbol) -> sp.Expr | None:
    """The value at which the first line that moves a variable keeps it, whatever the others are."""
    at = recurrence.state.index(symbol)
    line = next((each for each in recurrence.turns if at in each.places), None)
    if line is None:
        return None
    above, _ = sp.fraction(sp.cancel(line.values[line.places.index(at)] - symbol))
    for factor, _ in sp.factor_list(above)[1] if above.has(symbol) else ():
        if factor.free_symbols == {symbol} and sp.degree(factor, symbol) == 1:
            (value,) = sp.solve(factor, symbol)
            return value if value.is_Rational else None
    return None


def _faded(recurrence: Recurrence, cascade: _Cascade) -> EveryStart | None:
    """The proof, line by line; on the line where all have faded, `lines` are what is left."""
    lines: list[Fraction] = []
    shares: list[Fraction] = []
    for turn in recurrence.turns:
        for at, value in zip(turn.places, turn.values, strict=True):
            symbol = recurrence.state[at]
            along = symbol is cascade.along
            found = cascade.raised(value) if along else cascade.share(value, symbol)
            if found is None or (along and not cascade.falls_far_out(value)):
                return None
            (lines if along else shares).append(found)
    if not lines or not all(_exceeds(each, cascade.low, cascade.low, None) for each in lines):
        return None
    if not _all_converge(lines, cascade.low, None):
        return None
    floor = min(_highest_floor(each, cascade.low) for each in lines)
    lower = cascade.low + (floor - cascade.low) * fmpq(63, 64)
    for share in shares:
        if not all(_exceeds(each, fmpq(-1), lower, None) for each in (share, _negative(share))):
            return None
    return EveryStart(cascade.along, Known.PROVED, cascade.places, rational(floor))


def _is_never_negative(part: Fraction, low: fmpq) -> bool:
    """Whether it is nowhere negative above `low`, where it has no pole."""
    if part.above.degree() < 0:
        return True
    content, factors = part.above.numer().factor()
    odd = fmpq_poly([int(content)])
    for factor, times in factors:
        odd *= fmpq_poly(factor) ** (times % 2)
    return not _may_vanish(odd, low, None) and _sign_at(Fraction(odd, part.below), low + 1) > 0


def _highest_floor(line: Fraction, low: fmpq) -> fmpq:
    """A number above `low` that the line exceeds everywhere, nearly the highest."""
    bad = low + 1
    while _exceeds(line, bad, low, None):
        bad = low + 2 * (bad - low)
    good = low
    for _ in range(_HALVINGS):
        middle = (good + bad) / 2
        if _exceeds(line, middle, low, None):
            good = middle
        else:
            bad = middle
    return good
