"""Doubt the estimator: is the score zero there, and is it a maximum?"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random

import mpmath
import sympy as sp

from symmle.estimate import Equation, Kind
from symmle.known import Known
from symmle.precise import Point, evaluate, evaluator
from symmle.sample_mean import nodes
from symmle.tree_value import tree_value
from symmle.trial import is_finite, points
from symmle.verify.case import DIGITS, Case, Check, agree, raw_average

_CHORDS = 12
_SINGULAR = mpmath.mpf(10) ** -10  # least diagonal of the Cholesky factor of -H in its own units
_AT_AN_END = mpmath.mpf(10) ** -12  # nearer to an end than this, an iteration went there to stay
_ROWS = "sample of the check"
_MOST_STEPS = 40  # a zero where H is singular is approached by a factor a step, and not reached
_ROOTS = "differences of the plain average vanish at the estimate, 60 digits"


def check_stationary(doubted: Case) -> Check | None:
    """The estimate, worked out on the sample, is where the plain average is flat.

    In the parameters that the score decides; None where it decides none (see `check_ends`).
    """
    kind = doubted.estimator.kind
    special = {*doubted.estimator.pinned, *doubted.estimator.optima}
    free = [i for i, s in enumerate(doubted.model.symbols) if s not in special]
    if not free or doubted.estimator.whole:
        return None
    if special:
        names = " and ".join(str(doubted.model.symbols[i]) for i in free)
        claim = f"the score in {names} vanishes at the {kind.value} estimate"
    else:
        claim = f"the {kind.value} estimate is a stationary point"
    with mpmath.workdps(DIGITS):
        theta = estimate_on(doubted)
        if theta is None:
            return Check(claim, _ROOTS, Known.UNKNOWN, None, _why_none(doubted))
        average, at = raw_average(doubted), tuple(theta[s] for s in doubted.model.symbols)
        slopes = [
            mpmath.diff(average, at, tuple(int(i == j) for j in range(len(at)))) for i in free
        ]
        ok = all(agree(slope, mpmath.mpf(0)) for slope in slopes)
    largest = max(abs(slope) for slope in slopes)
    return Check(claim, _ROOTS, Known.CHECKED, ok, f"largest slope {mpmath.nstr(largest, 3)}")


def check_maximum(doubted: Case) -> Check | None:
    """The plain average is smaller at every corner of a small box around the estimate."""
    if not doubted.estimator.follows_score:
        return None  # `check_ends` knows where the support ends
    claim, road = "the estimate is a local maximum", "the plain average on a box around it"
    with mpmath.workdps(DIGITS):
        theta = estimate_on(doubted)
        if theta is None:
            return Check(claim, road, Known.UNKNOWN, None, _why_none(doubted))
        average, at = raw_average(doubted), tuple(theta[s] for s in doubted.model.symbols)
        top, h = average(*at), mpmath.mpf(10) ** -6
        corners = [
            [a + h * (1 + abs(a)) * d for a, d in zip(at, direction, strict=True)]
            for direction in _directions(len(at))
        ]
        ok = all(average(*corner) < top for corner in corners)
    return Check(claim, road, Known.CHECKED, ok, f"{len(corners)} neighbours are lower")


def _directions(size: int) -> list[tuple[int, ...]]:
    """All of {-1, 0, 1}**size without the centre, at most 80 of them."""
    every: list[tuple[int, ...]] = [()]
    for _ in range(size):
        every = [(*one, d) for one in every for d in (-1, 0, 1)]
    return [one for one in every if any(one)][:80]


def estimate_on(doubted: Case) -> dict[sp.Symbol, mpmath.mpf] | None:
    """The estimator's claim worked out on the sample; None where it claims nothing there.

    closed: its values.  reduced: a root of its equation (of several, one where -H is positive
    definite), then its values.  system: a zero of the
    claimed score by Newton's iteration with the claimed Hessian from several starts.
    """
    estimator = doubted.estimator
    if doubted.zero is not None:
        of, derivation, columns, zero = doubted.zero
        same = of is estimator and derivation is doubted.derivation
        if same and columns is doubted.columns:
            return None if zero is None else dict(zero)
    if not has_claim(doubted):
        return None
    if not estimator.complete:
        return _zero_of_score(doubted)
    if estimator.equation is None:
        return _values(doubted, {})
    unknown = estimator.equation.unknown
    found = (_values(doubted, {unknown: root}) for root in _roots(estimator.equation, doubted))
    sure = estimator.equation.falling or not estimator.follows_score
    return next((at for at in found if at and (sure or _is_summit(doubted, at))), None)


def has_claim(doubted: Case) -> bool:
    """Whether it is claimed how the estimate comes out of a sample."""
    estimator = doubted.estimator
    system = estimator.kind is Kind.SYSTEM and not estimator.whole
    return estimator.complete or (system and doubted.derivation.smooth)


def _why_none(doubted: Case) -> str:
    """Why the claim leads to no point on the sample, in words."""
    estimator = doubted.estimator
    if estimator.complete and estimator.equation is not None:
        return (
            f"the equation for {estimator.equation.unknown} was seen to have no root at a maximum "
            f"on the {_ROWS}, which may have no estimate"
        )
    if estimator.complete:
        return f"the closed form has no value on the {_ROWS}"
    if has_claim(doubted):
        return (
            "in its time Newton's iteration found no zero of the score inside the domain on the "
            f"{_ROWS}, which may have no estimate"
        )
    return estimator.road


def _values(
    doubted: Case, unknowns: dict[sp.Symbol, mpmath.mpf]
) -> dict[sp.Symbol, mpmath.mpf] | None:
    try:
        solved = {
            symbol: doubted.value(value, unknowns)
            for symbol, value in doubted.estimator.values.items()
        }
    except ArithmeticError:
        return None
    return doubted.given | unknowns | solved


def _is_summit(doubted: Case, theta: dict[sp.Symbol, mpmath.mpf]) -> bool:
    """Whether -H is positive definite there, and not by a hair."""
    hessian = doubted.derivation.score.hessian
    size = range(hessian.shape[0])
    try:
        bend = [[-doubted.value(hessian[i, j], theta) for j in size] for i in size]
        scale = [mpmath.sqrt(bend[i][i]) for i in size]  # of another unit, H says the same
        root = mpmath.cholesky(
            mpmath.matrix([[bend[i][j] / scale[i] / scale[j] for j in size] for i in size])
        )
    except (TypeError, ValueError, ArithmeticError):
        return False  # TypeError: of the complex root of a diagonal that is not positive
    return all(root[i, i] > _SINGULAR for i in size)


def _roots(equation: Equation, doubted: Case) -> Iterator[mpmath.mpf]:
    """Sign changes on a geometric ladder, then bisection and secant steps to full precision."""

    def left(value: mpmath.mpf) -> mpmath.mpf:
        return doubted.value(equation.expression, {equation.unknown: value})

    tiny = mpmath.mpf(10) ** (10 - DIGITS)  # what is smaller has no sign of its own
    for (low, before), (high, after) in pairwise(_rungs(equation, doubted)):
        if min(abs(before), abs(after)) > tiny and before * after < 0:
            yield mpmath.findroot(left, (low, high), solver="anderson", tol=1e-100, verify=False)


def _rungs(equation: Equation, doubted: Case) -> Iterator[tuple[mpmath.mpf, mpmath.mpf]]:
    """Values of the unknown, upwards, and of the equation there.

    A rung so far out that the equation has no value at these digits is left out.
    """
    for place in _ladder(equation):
        try:
            yield place, doubted.value(equation.expression, {equation.unknown: place})
        except ArithmeticError:
            continue


def _ladder(equation: Equation) -> list[mpmath.mpf]:
    where = equation.domain
    lower = mpmath.mpf(sp.N(where.lower, DIGITS)) if where.lower.is_finite else None
    upper = mpmath.mpf(sp.N(where.upper, DIGITS)) if where.upper.is_finite else None
    steps = [mpmath.mpf(2) ** k for k in range(-12, 13)]
    if lower is not None and upper is not None:
        return [lower + (upper - lower) * s / (1 + s) for s in steps]
    if lower is not None:
        return [lower + s for s in steps]
    if upper is not None:
        return [upper - s for s in reversed(steps)]
    return [-s for s in reversed(steps)] + steps


def _zero_of_score(doubted: Case) -> dict[sp.Symbol, mpmath.mpf] | None:
    """Damped Newton in the claimed score and Hessian: uphill, halved until the average rises.

    None where it leads to an end of the domain, or to no maximum.
    """
    try:
        return _newton(doubted)
    except ArithmeticError:
        return None  # where the score has no value, an iteration ran off


def _newton(doubted: Case) -> dict[sp.Symbol, mpmath.mpf] | None:
    score, average = doubted.derivation.score, raw_average(doubted)
    at = tuple(doubted.point[s] for s in score.parameters)
    claimed = evaluator([*score.gradient, *score.hessian], doubted.columns)
    height, tiny = average(*at), mpmath.mpf(10) ** (5 - DIGITS)
    for _ in range(_MOST_STEPS):
        here = doubted.given | dict(zip(score.parameters, at, strict=True))
        numbers = iter(claimed(here))
        g, *h = (mpmath.matrix([next(numbers) for _ in at]) for _ in range(len(at) + 1))
        if mpmath.norm(g) < mpmath.mpf(10) ** (8 - DIGITS):
            # it vanishes at an end, too, about which the likelihood is even: no estimate there
            inner = _is_interior(doubted, here, _AT_AN_END) and _is_summit(doubted, here)
            return here if inner and _has_density(doubted, here) else None
        move, step = _uphill(g, mpmath.matrix([list(row) for row in h])), mpmath.mpf(1)
        while step > mpmath.mpf(2) ** -60:
            trial = tuple(a + step * m for a, m in zip(at, move, strict=True))
            if _inside(doubted, trial) and (there := average(*trial)) > height - tiny:
                at, height = trial, there
                break
            step /= 2
        else:
            return None
    return None


def _has_density(doubted: Case, theta: dict[sp.Symbol, mpmath.mpf]) -> bool:
    """Whether every row has one there: where it is zero, its logarithm may still be complex."""
    rows = zip(*doubted.columns.values(), strict=True)
    return all(
        is_finite(
            doubted.model.log_density, {**theta, **dict(zip(doubted.columns, r, strict=True))}
        )
        for r in rows
    )


def _uphill(gradient: mpmath.matrix, hessian: mpmath.matrix) -> list[mpmath.mpf]:
    """Newton's direction, with the sign of each curvature turned where it is not downward."""
    try:
        mpmath.cholesky(-hessian)
        return list(mpmath.lu_solve(-hessian, gradient))
    except (ValueError, ZeroDivisionError):
        curvatures, axes = mpmath.eigsy(hessian)
    least = max(abs(value) for value in curvatures) * mpmath.mpf(10) ** -3
    if not least:
        return list(gradient)
    pulls = axes.T * gradient
    sizes = [max(abs(value), least) for value in curvatures]
    return list(axes * mpmath.matrix([p / s for p, s in zip(pulls, sizes, strict=True)]))


def _inside(doubted: Case, at: tuple[mpmath.mpf, ...]) -> bool:
    return all(
        parameter.domain.contains(sp.Float(value, DIGITS)) is not False
        for parameter, value in zip(doubted.model.parameters, at, strict=True)
    )


def check_falling(doubted: Case) -> Check | None:
    """An equation that is claimed to fall does so from each rung of a ladder to the next."""
    equation = doubted.estimator.equation
    if equation is None or not equation.falling:
        return None
    with mpmath.workdps(DIGITS):
        values = [height for _, height in _rungs(equation, doubted)]
    # where it levels off faster than the digits reach, neighbours are equal but for rounding
    tiny = mpmath.mpf(10) ** (10 - DIGITS)
    steps = [(after - before, tiny * (1 + abs(before))) for before, after in pairwise(values)]
    ok = all(step <= size for step, size in steps) and any(step < -size for step, size in steps)
    claim, road = "the reduced equation has at most one root", "it falls along a ladder of values"
    return Check(claim, road, Known.CHECKED, ok)


def check_existence(doubted: Case) -> Check | None:
    """The condition tells a sample that has an estimate from one of equal rows.

    One that is only enough is not refuted by a sample that has an estimate without it.
    """
    needed = doubted.estimator.exists is not None
    exists = doubted.estimator.exists if needed else doubted.estimator.exists_if
    if exists is None:
        return None
    equal = {symbol: [rows[1]] * len(rows) for symbol, rows in doubted.columns.items()}
    with mpmath.workdps(DIGITS):
        seen = [
            (_condition_holds(exists, one), _has_estimate(one))
            for one in (doubted, replace(doubted, columns=equal))
        ]
    ok = all(there == holds if needed else there or not holds for holds, there in seen)
    claim, road = "the condition for an estimate to exist", "a varied sample and one of equal rows"
    return Check(claim, road, Known.CHECKED, ok, str(exists))


def _has_estimate(doubted: Case) -> bool:
    theta = estimate_on(doubted)
    if theta is None or not _is_finite_at(doubted, theta):
        return False
    return _is_interior(doubted, theta, mpmath.mpf(10) ** (10 - DIGITS))


def _is_interior(doubted: Case, theta: Point, edge: mpmath.mpf) -> bool:
    """Whether the parameters may move by `edge` either way, whole numbers aside."""
    moved = (
        tuple(
            theta[p.symbol] + (0 if p.domain.integer else shift) for p in doubted.model.parameters
        )
        for shift in (edge, -edge)
    )
    return all(_inside(doubted, at) for at in moved)


def _is_finite_at(doubted: Case, theta: dict[sp.Symbol, mpmath.mpf]) -> bool:
    try:
        height = raw_average(doubted)(*(theta[s] for s in doubted.model.symbols))
    except (ZeroDivisionError, ValueError):
        return False
    return bool(mpmath.isfinite(height))


def _condition_holds(exists: sp.Basic, doubted: Case) -> bool:
    if exists in (sp.true, sp.false):
        return bool(exists)
    parts = exists.args if isinstance(exists, sp.And) else (exists,)
    return all(_part_holds(each, doubted) for each in parts)


def _part_holds(condition: sp.Basic, doubted: Case) -> bool:
    try:
        value = doubted.value(condition.lhs - condition.rhs, {})
    except ZeroDivisionError:
        return False  # it divides by what another condition asks not to vanish
    tiny = mpmath.mpf(10) ** (10 - DIGITS)
    return bool((abs(value) if isinstance(condition, sp.Ne) else value) > tiny)


def check_concave(doubted: Case) -> Check | None:
    """Where H is claimed to be -I everywhere, -H is positive definite at points of no merit."""
    hessian = doubted.derivation.score.hessian
    estimator = doubted.estimator
    if nodes(hessian) or estimator.maximum is not Known.PROVED or not estimator.follows_score:
        return None
    size = range(hessian.shape[0])
    claim, road = "the average log-likelihood is concave", "Cholesky factor of -H at two points"
    with mpmath.workdps(DIGITS):
        for point in points(doubted.model):
            matrix = mpmath.matrix(
                [[evaluate(-hessian[i, j], {}, point) for j in size] for i in size]
            )
            try:
                mpmath.cholesky(matrix)
            except ValueError:
                return Check(claim, road, Known.CHECKED, False, "not negative definite at a point")
    return Check(claim, road, Known.CHECKED, True)


def check_one_maximum(doubted: Case) -> Check | None:
    """In the coordinates named the plain average lies above its chords, so it has one maximum."""
    coordinates = doubted.estimator.concave_in
    if not coordinates:
        return None
    claim = "the likelihood is concave in coordinates of its own, so its maximum is the only one"
    new = sorted(set().union(*(e.free_symbols for e in coordinates.values())), key=str)
    draw = Random(0)
    with mpmath.workdps(DIGITS):
        average = raw_average(doubted)

        def height(at: list[mpmath.mpf]) -> mpmath.mpf:
            numbers = dict(zip(new, at, strict=True))
            return average(*(tree_value(coordinates[s], numbers) for s in doubted.model.symbols))

        ok = True
        for _ in range(_CHORDS):
            first, second = ([_drawn(symbol, draw) for symbol in new] for _ in range(2))
            middle = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
            ok = ok and 2 * height(middle) > height(first) + height(second)
    return Check(claim, f"the plain average on {_CHORDS} chords", Known.CHECKED, ok)


def _drawn(symbol: sp.Symbol, draw: Random) -> mpmath.mpf:
    """A number of any usual size, so that a chord is long where the curvature changes."""
    return mpmath.mpf(math.exp(draw.uniform(-3, 3)) if symbol.is_positive else draw.uniform(-5, 5))
