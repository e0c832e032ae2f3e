"""Doubt the estimator: is the score zero there, and is it a maximum?"""

import mpmath
import sympy as sp

from symmle.estimate import Equation, Kind
from symmle.known import Known
from symmle.precise import evaluate
from symmle.verify.case import DIGITS, Case, Check, agree, raw_average

_ROOTS = "differences of the plain average vanish at the estimate, 60 digits"


def check_stationary(doubted: Case) -> Check:
    """The estimate, worked out on the sample, is where the plain average is flat."""
    kind = doubted.estimator.kind
    claim = f"the {kind.value} estimate is a stationary point"
    with mpmath.workdps(DIGITS):
        theta = estimate_on(doubted)
        if theta is None:
            return Check(claim, _ROOTS, Known.UNKNOWN, None, doubted.estimator.road)
        average, at = raw_average(doubted), tuple(theta[s] for s in doubted.model.symbols)
        slopes = [
            mpmath.diff(average, at, tuple(int(i == j) for j in range(len(at))))
            for i in range(len(at))
        ]
        ok = all(agree(slope, mpmath.mpf(0)) for slope in slopes)
    largest = max(abs(slope) for slope in slopes)
    return Check(claim, _ROOTS, Known.CHECKED, ok, f"largest slope {mpmath.nstr(largest, 3)}")


def check_maximum(doubted: Case) -> Check:
    """The plain average is smaller at every corner of a small box around the estimate."""
    claim, road = "the estimate is a local maximum", "the plain average on a box around it"
    with mpmath.workdps(DIGITS):
        theta = estimate_on(doubted)
        if theta is None:
            return Check(claim, road, Known.UNKNOWN, None, doubted.estimator.road)
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
    every = [()]
    for _ in range(size):
        every = [(*one, d) for one in every for d in (-1, 0, 1)]
    return [one for one in every if any(one)][:80]


def estimate_on(doubted: Case) -> dict[sp.Symbol, mpmath.mpf] | None:
    """The estimator's claim worked out on the sample; None where it claims nothing there.

    closed: its values.  reduced: a root of its equation, then its values.  system: a zero of the
    claimed score by Newton's iteration with the claimed Hessian from several starts.
    """
    estimator = doubted.estimator
    if estimator.kind is Kind.CLOSED:
        return _values(doubted, {})
    if estimator.kind is Kind.REDUCED and estimator.equation is not None:
        root = _root(estimator.equation, doubted)
        return None if root is None else _values(doubted, {estimator.equation.unknown: root})
    if estimator.kind is Kind.SYSTEM and doubted.derivation.smooth:
        return _zero_of_score(doubted)
    return None


def _values(
    doubted: Case, unknowns: dict[sp.Symbol, mpmath.mpf]
) -> dict[sp.Symbol, mpmath.mpf]:
    solved = {
        symbol: evaluate(value, doubted.columns, unknowns)
        for symbol, value in doubted.estimator.values.items()
    }
    return unknowns | solved


def _root(equation: Equation, doubted: Case) -> mpmath.mpf | None:
    """A sign change on a geometric ladder, then bisection and secant steps to full precision."""

    def left(value: mpmath.mpf) -> mpmath.mpf:
        return evaluate(equation.expression, doubted.columns, {equation.unknown: value})

    ladder = _ladder(equation)
    signs = [mpmath.sign(left(value)) for value in ladder]
    for low, high, before, after in zip(ladder, ladder[1:], signs, signs[1:], strict=False):
        if before * after < 0:
            return mpmath.findroot(left, (low, high), solver="anderson", tol=1e-100, verify=False)
    return None


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
    """Damped Newton in the claimed score and Hessian: uphill, halved until the average rises."""
    score, average = doubted.derivation.score, raw_average(doubted)
    at = tuple(doubted.point[s] for s in score.parameters)
    for _ in range(200):
        here = dict(zip(score.parameters, at, strict=True))
        g = mpmath.matrix([evaluate(each, doubted.columns, here) for each in score.gradient])
        size = range(len(at))
        h = mpmath.matrix(
            [[evaluate(score.hessian[i, j], doubted.columns, here) for j in size] for i in size]
        )
        if mpmath.norm(g) < mpmath.mpf(10) ** -(DIGITS // 2):
            return here
        move = _uphill(g, h)
        step = mpmath.mpf(1)
        while step > mpmath.mpf(2) ** -60:
            trial = tuple(a + step * m for a, m in zip(at, move, strict=True))
            if _inside(doubted, trial) and average(*trial) > average(*at) - mpmath.mpf(10) ** -50:
                at = trial
                break
            step /= 2
        else:
            return None
    return None


def _uphill(gradient: mpmath.matrix, hessian: mpmath.matrix) -> list[mpmath.mpf]:
    """Newton's direction where -H is positive definite, else the gradient."""
    try:
        mpmath.cholesky(-hessian)
        return list(mpmath.lu_solve(-hessian, gradient))
    except (ValueError, ZeroDivisionError):
        return list(gradient)


def _inside(doubted: Case, at: tuple[mpmath.mpf, ...]) -> bool:
    return all(
        parameter.domain.contains(sp.Float(value, DIGITS)) is not False
        for parameter, value in zip(doubted.model.parameters, at, strict=True)
    )
