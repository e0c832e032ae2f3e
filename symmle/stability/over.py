"""The values of any one symbol at which a fixed point attracts: of a constant, not of the step.

The Jacobian may hold the symbol in any way, for the fixed point moves with it.  As with steps, a
multiplier can leave the unit circle only where P(1), P(-1) or the product over the pairs vanishes,
and the point itself can only appear or vanish where a denominator or a radicand does.  Where these
are algebraic, their zeros are roots of polynomials, which are isolated exactly; elsewhere they are
enclosed in balls on a window, which is said.  One rational value in each cell decides it.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import sympy as sp
from flint import arb, ctx, fmpq, fmpq_poly

from symmle.balls import (
    Root,
    ball,
    enclosed_roots,
    exact_roots,
    merged,
    rational,
    sign_of,
    to_float,
)
from symmle.budget import bounded
from symmle.domain import Domain
from symmle.errors import BudgetError, InputError
from symmle.known import Known
from symmle.stability.cells import simplest
from symmle.stability.edge import coefficient_at_one
from symmle.stability.normal_form import Local, flip_coefficient, lyapunov_term
from symmle.stability.polynomials import (
    at_minus_one,
    at_plus_one,
    characteristic,
    is_schur,
    pairs,
)
from symmle.stability.records import Criticality, Event, Interval, Passage, StableSet

_SECONDS = 6.0
_BITS = 320
_LONG = 1500  # operations of a boundary
_WINDOWS = (1000, 50, 10)  # of a transcendental boundary: from minus this to this, tried in turn


@dataclass(frozen=True, slots=True)
class Moving:
    """A fixed point that moves with a symbol, and the map's derivatives there.

    jacobian: n x n, of one full update.  point, gaps: where it is, and what must be positive for it
    to lie in the domains of the variables.  local, step: the field's derivatives and the
    number of the step, from which the normal forms are made; local None: none is asked for.
    """

    symbol: sp.Symbol
    where: Domain
    jacobian: sp.ImmutableMatrix
    point: tuple[sp.Expr, ...]
    gaps: tuple[sp.Expr, ...]
    local: Local | None
    step: sp.Expr


@dataclass(frozen=True, slots=True)
class _Wall:
    root: Root
    events: frozenset[Event]


def stable_values(moving: Moving) -> StableSet:
    """The intervals of the symbol, within its domain, on which the fixed point attracts.

    Proved where every end is the root of a polynomial and every cell was decided exactly or in
    balls; certified within a window otherwise, which `reason` names.  best_step and rate are not
    sought.
    """
    for window in _WINDOWS:
        try:
            return bounded(_SECONDS, partial(_stable_values, moving, fmpq(window)))
        except BudgetError as undecided:
            reason = str(undecided)
    return StableSet(None, None, None, Known.UNKNOWN, reason=reason)


def _stable_values(moving: Moving, window: fmpq) -> StableSet:
    symbol = moving.symbol
    rows = [[sp.together(entry) for entry in row] for row in moving.jacobian.tolist()]
    coefficients = [sp.together(c) for c in characteristic(rows, sp.Rational)]
    boundaries = [
        (Event.FOLD, at_plus_one(coefficients)),
        (Event.FLIP, at_minus_one(coefficients)),
    ]
    product = pairs(coefficients)
    if product is not None:
        boundaries.append((Event.NEIMARK_SACKER, product))
    everything = [*(f for _, f in boundaries), *moving.point, *moving.gaps, *coefficients]
    lower, upper = _limits(moving.where)
    algebraic = [_polynomial(f, symbol) for f in [*everything, *_radicands(everything, symbol)]]
    reason = ""
    if None not in algebraic:
        roots = _roots([p for p in algebraic if p is not None], lower, upper)
    else:
        low = -window if lower is None else max(lower, -window)
        high = window if upper is None else min(upper, window)
        roots = [r for _, f in boundaries for r in enclosed_roots(_once(f), symbol, low, high)]
        roots = merged(roots)
        lower, upper = low, high
        reason = f"looked for with {symbol} from {low} to {high}"
    # a boundary at an end of the domain is no wall inside it
    roots = [r for r in roots if not _is_at(r, lower) and not _is_at(r, upper)]
    with ctx.workprec(_BITS):
        walls = [_Wall(root, _events(boundaries, symbol, root)) for root in roots]
        intervals = _intervals(moving, coefficients, walls, (lower, upper))
    known = Known.PROVED if not reason else Known.CERTIFIED
    if any(each.error for each in intervals):
        known = known.weaker(Known.CERTIFIED)
    return StableSet(intervals, None, None, known, reason=reason)


def _once(expr: sp.Expr) -> sp.Expr:
    """The expression multiplied out, unless it is long: what cancels is then seen to cancel."""
    return sp.expand(expr) if expr.count_ops() < _LONG else expr


def _is_at(root: Root, end: fmpq | None) -> bool:
    return end is not None and root.lower <= end <= root.upper


def _limits(where: Domain) -> tuple[fmpq | None, fmpq | None]:
    """The ends of the domain as fractions; None where infinite or irrational."""
    found = []
    for end in (where.lower, where.upper):
        found.append(fmpq(int(end.p), int(end.q)) if end.is_Rational and end.is_finite else None)
    return found[0], found[1]


def _radicands(exprs: Iterable[sp.Expr], symbol: sp.Symbol) -> list[sp.Expr]:
    powers = {p for e in exprs for p in e.atoms(sp.Pow) if symbol in p.base.free_symbols}
    return [p.base for p in powers if not p.exp.is_Integer or p.exp.is_negative]


def _polynomial(expr: sp.Expr, symbol: sp.Symbol) -> sp.Poly | None:
    """A polynomial that vanishes wherever the expression does; None for a transcendental one."""
    above = sp.fraction(sp.together(expr))[0]
    while True:
        roots = [
            p
            for p in above.atoms(sp.Pow)
            if p.exp.is_Rational and not p.exp.is_Integer and p.base.free_symbols <= {symbol}
        ]
        if not roots:
            break
        innermost = max(roots, key=lambda p: p.count_ops())
        letter, order = sp.Dummy("root"), int(innermost.exp.q)
        here = {
            p: letter ** int(p.exp.p)
            for p in above.atoms(sp.Pow)
            if p.base == innermost.base
            and p.exp.is_Rational
            and p.exp.q == order
            and not p.exp.is_Integer
        }
        lifted = sp.fraction(sp.together(above.xreplace(here)))[0]
        if not lifted.is_polynomial(letter):
            return None
        relation = sp.fraction(sp.together(letter**order - innermost.base))[0]
        above = sp.resultant(lifted, relation, letter)
    if above.has(sp.Float):
        above = sp.nsimplify(above, rational=True)
    if not above.is_polynomial(symbol):
        return None
    found = sp.Poly(above, symbol)
    return found if found.domain.is_ZZ or found.domain.is_QQ else None


def _roots(polynomials: Sequence[sp.Poly], lower: fmpq | None, upper: fmpq | None) -> list[Root]:
    """All real roots inside the domain, once each, ascending and apart."""
    whole = sp.prod([p.as_expr() for p in polynomials if not p.is_zero and p.degree() > 0])
    if whole == 1 or not polynomials:
        return []
    symbol = polynomials[0].gen
    product = sp.Poly(whole, symbol)
    coefficients = [fmpq(int(c.p), int(c.q)) for c in map(sp.Rational, product.all_coeffs()[::-1])]
    flint_poly = fmpq_poly(coefficients)
    mirrored = fmpq_poly([c * (-1) ** i for i, c in enumerate(coefficients)])
    bits = 100
    while True:
        found = exact_roots(flint_poly, bits)
        found += [
            Root(
                -r.upper,
                -r.lower,
                r.single,
                r.factor and tuple(c * (-1) ** i for i, c in enumerate(r.factor)),
            )
            for r in exact_roots(mirrored, bits)
        ]
        if coefficients[0] == 0:
            found.append(Root(fmpq(0), fmpq(0), True, (0, 1)))
        found.sort(key=lambda root: root.lower)
        if all(a.upper < b.lower for a, b in itertools.pairwise(found)):
            break
        bits *= 2
    return [
        r
        for r in found
        if (lower is None or r.upper > lower) and (upper is None or r.lower < upper)
    ]


def _events(
    boundaries: Sequence[tuple[Event, sp.Expr]], symbol: sp.Symbol, root: Root
) -> frozenset[Event]:
    return frozenset(event for event, f in boundaries if not _is_apart(_at(f, symbol, root)))


def _ball_at(expr: sp.Expr, symbol: sp.Symbol, root: Root) -> arb:
    """The value at a wall, of which a rational place is put in exactly: roots of zero are zero."""
    if root.lower != root.upper:
        return ball(expr, {symbol: arb(root.lower).union(arb(root.upper))})
    exact = expr.xreplace({symbol: rational(root.lower)})
    return arb.nan() if exact.has(sp.nan, sp.zoo, sp.oo, sp.I) else ball(exact)


def _at(expr: sp.Expr, symbol: sp.Symbol, root: Root) -> arb:
    """The value at a wall; its limit where a formula of another form would have one.

    A fixed point may be written as 0/0 where it goes on all the same.
    """
    found = _ball_at(expr, symbol, root)
    if found.is_finite() or root.lower != root.upper:
        return found
    try:
        limit = sp.limit(expr, symbol, rational(root.lower), "+-")
    except (ValueError, NotImplementedError):  # another from the other side, or not found
        return found
    if limit.is_infinite:
        return arb.pos_inf()
    return ball(limit) if limit.is_number and limit.is_real else found


def _is_apart(value: arb) -> bool:
    return bool(value > 0 or value < 0)


def _intervals(
    moving: Moving,
    coefficients: Sequence[sp.Expr],
    walls: Sequence[_Wall],
    domain: tuple[fmpq | None, fmpq | None],
) -> tuple[Interval, ...]:
    found: list[tuple[_Wall | None, _Wall | None]] = []
    for before, after in zip([None, *walls], [*walls, None], strict=True):
        if not _is_stable(moving, coefficients, _sample(before, after, domain)):
            continue
        spurious = before is not None and not before.events and _has_point(moving, before)
        if found and found[-1][1] is before and spurious:
            found[-1] = (found[-1][0], after)
        else:
            found.append((before, after))
    return tuple(_interval(moving, *each, domain) for each in found)


def _has_point(moving: Moving, wall: _Wall) -> bool:
    """Whether the point is there, and regular, at a wall that no multiplier makes."""
    root = wall.root
    regular = (*moving.point, *moving.jacobian)
    there = all(_at(each, moving.symbol, root).is_finite() for each in regular)
    return there and all(_at(each, moving.symbol, root) > 0 for each in moving.gaps)


def _sample(
    before: _Wall | None, after: _Wall | None, domain: tuple[fmpq | None, fmpq | None]
) -> fmpq:
    """A short fraction between two walls, or well beyond the one there is."""
    low = domain[0] if before is None else before.root.upper
    high = domain[1] if after is None else after.root.lower
    if low is None:
        return fmpq(0) if high is None else high - 1 - abs(high)
    if high is None:
        return low + 1 + abs(low)
    quarter = (high - low) / 4
    return simplest(low + quarter, high - quarter) if low > 0 else low + 2 * quarter


def _is_stable(moving: Moving, coefficients: Sequence[sp.Expr], value: fmpq) -> bool:
    here = {moving.symbol: arb(value)}
    try:
        balls = [ball(c, here) for c in coefficients]
        inside = all(ball(each, here).is_finite() for each in moving.point)
        inside = inside and all(ball(each, here) > 0 for each in moving.gaps)
    except (InputError, ZeroDivisionError):
        return False
    if not inside or not all(each.is_finite() for each in balls):
        return False
    verdict = is_schur(balls)
    if verdict is None:
        raise BudgetError(
            f"whether the point attracts at {moving.symbol} = {value} was not decided"
        )
    return verdict


def _interval(
    moving: Moving,
    lower: _Wall | None,
    upper: _Wall | None,
    domain: tuple[fmpq | None, fmpq | None],
) -> Interval:
    (low, low_error), (high, high_error) = (
        _end(lower, moving.where.lower, domain[0]),
        _end(upper, moving.where.upper, domain[1]),
    )
    below, above = _side(moving, lower), _side(moving, upper)
    return Interval(
        low,
        high,
        _event(lower),
        _event(upper),
        below[0],
        above[0],
        max(low_error, high_error),
        below[1],
        above[1],
    )


def _event(wall: _Wall | None) -> Event:
    if wall is None:
        return Event.NONE
    order = (Event.FLIP, Event.FOLD, Event.NEIMARK_SACKER)
    return next((event for event in order if event in wall.events), Event.NONE)


def _end(wall: _Wall | None, plain: sp.Expr, domain: fmpq | None) -> tuple[sp.Expr, sp.Expr]:
    if wall is None:
        return (plain if domain is None else rational(domain)), sp.S.Zero
    root = wall.root
    if root.lower == root.upper:
        return rational(root.lower), sp.S.Zero
    if root.factor is not None and len(root.factor) == 3:
        letter = sp.Dummy("x")
        exact = sp.roots(sp.Poly(list(reversed(root.factor)), letter))
        inside = [
            r for r in exact if r.is_real and rational(root.lower) <= r <= rational(root.upper)
        ]
        if len(inside) == 1:
            return inside[0], sp.S.Zero
    return to_float(root.lower, root.upper)


def _side(moving: Moving, wall: _Wall | None) -> tuple[Criticality | None, Passage | None]:
    """(on which side of an end what is born there lives, what becomes of the point at +1)."""
    event = _event(wall)
    if wall is None or moving.local is None or event is Event.NONE:
        return None, None
    find: Callable[[Moving, Local, Root], tuple[int | None, Passage | None]] = {
        Event.FLIP: _flip,
        Event.FOLD: _fold,
        Event.NEIMARK_SACKER: _circle,
    }[event]
    try:
        sign, passage = find(moving, moving.local, wall.root)
    except (InputError, ZeroDivisionError, ValueError):
        return None, None
    if passage in (Passage.FOLD, Passage.TRANSCRITICAL):
        return None, passage
    sides = {1: Criticality.SUPERCRITICAL, -1: Criticality.SUBCRITICAL, 0: Criticality.DEGENERATE}
    return (None if sign is None else sides[sign]), passage


def _flip(moving: Moving, local: Local, root: Root) -> tuple[int | None, Passage | None]:
    step = _ball_at(moving.step, moving.symbol, root)
    found = flip_coefficient(
        local.sweep(lambda e: _ball_at(e, moving.symbol, root), step, arb(1), lambda e: e != 0)
    )
    return (None if found is None else sign_of(found)), None


def _fold(moving: Moving, local: Local, root: Root) -> tuple[int | None, Passage | None]:
    continues = _continues(moving, root)
    if continues is None:
        return None, None
    step = _ball_at(moving.step, moving.symbol, root)
    sweep = local.sweep(lambda e: _ball_at(e, moving.symbol, root), step, arb(1), lambda e: e != 0)
    found = coefficient_at_one(sweep, continues)
    if found is None:
        return None, None
    sign = sign_of(found[0])
    return (None if sign is None else -sign), found[1]


def _continues(moving: Moving, root: Root) -> bool | None:
    """Whether the point goes on smoothly beyond an end; not where a root of it vanishes there."""
    slopes = [each.diff(moving.symbol) for each in moving.point]
    try:
        if all(_ball_at(each, moving.symbol, root).is_finite() for each in slopes):
            return True
    except ZeroDivisionError:
        pass
    below = _radicands(moving.point, moving.symbol)
    roots = [p for p in below if not _is_apart(_ball_at(p, moving.symbol, root))]
    return False if roots else None


def _circle(moving: Moving, local: Local, root: Root) -> tuple[int | None, Passage | None]:
    from flint import acb, acb_mat

    if local.jet.is_linear:
        return 0, None
    sweep = local.sweep(
        lambda e: acb(_ball_at(e, moving.symbol, root)),
        acb(_ball_at(moving.step, moving.symbol, root)),
        acb(1),
        lambda e: not e.contains(0),
    )
    for value in acb_mat(sweep.linear()).eig(multiple=False):
        if value.imag > 0 and abs(value).overlaps(arb(1)):
            term = lyapunov_term(sweep, value, lambda e: e.conjugate())
            if term is not None and (term.real > 0 or term.real < 0):
                return (-1 if term.real > 0 else 1), None
    return None, None
