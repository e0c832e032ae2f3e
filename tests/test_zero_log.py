"""0 log 0 is 0: rows of zeros under a power with an unknown exponent."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb
from scipy import optimize

import symmle
from symmle.balls import ball
from symmle.derive import derive
from symmle.domain import Datum
from symmle.errors import InputError
from symmle.precise import evaluate
from symmle.sample_mean import mean
from symmle.zero_log import zero_times_log
from tests.by_rows import typed

X, Y = Datum("x", nonnegative=True), Datum("y", positive=True)
B = sp.Symbol("b", positive=True)
C = sp.Symbol("c", real=True)
COUNTS = [0] * 7 + [1] * 9 + [2] * 6 + [3] * 2 + [5]
DISCRETE_WEIBULL = "log(q**(x**b) - q**((x + 1)**b))"  # Nakagawa & Osaki (1975)


def test_where_a_power_makes_it_so() -> None:
    """x**b*log(x) has the value 0 at 0; a log without such a power is left alone."""
    for expr in (X**B * sp.log(X), X * sp.log(X) ** 2, X * sp.exp(-X) * sp.log(X) * C):
        guarded = zero_times_log(expr)
        assert guarded.subs({X: 0, B: 2, C: 3}) == 0
        for x in (sp.Rational(1, 3), 2):
            assert guarded.subs({X: x, B: 2, C: 3}) == expr.subs({X: x, B: 2, C: 3})
    for expr in (sp.log(X), X**C * sp.log(X), X**-B * sp.log(X), Y**B * sp.log(Y), B * sp.log(X)):
        assert zero_times_log(expr) == expr


def test_the_slope_at_a_row_of_zero() -> None:
    """Every derivative in b of the mean of x**b is that of the rows that are not zero."""
    first = mean(X**B).diff(B)
    rows = {X: [mpmath.mpf(0), mpmath.mpf(2), mpmath.mpf(3)]}
    for order in (1, 2, 3):
        found = evaluate(mean(X**B).diff(B, order), rows, {B: mpmath.mpf(2)})
        assert mpmath.almosteq(found, (4 * mpmath.log(2) ** order + 9 * mpmath.log(3) ** order) / 3)
    assert not first.has(sp.nan, sp.zoo)


@pytest.mark.parametrize("zeros", [0, 7])
def test_a_discrete_weibull_law_is_fitted(zeros: int) -> None:
    """By another road: the plain likelihood of the same counts, maximised by SciPy."""
    counts = np.array(COUNTS[7 - zeros :])
    model = typed(DISCRETE_WEIBULL, ["x: nonnegative integer"], ["q: unit", "b>0"])
    found = symmle.fit(model, counts)

    def loss(point: np.ndarray) -> float:
        q, b = 1 / (1 + math.exp(-point[0])), math.exp(point[1])
        return -float(np.sum(np.log(q ** (counts**b) - q ** ((counts + 1) ** b))))

    best = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", tol=1e-12)
    assert (found.status, found.known) == ("ok", "certified")
    assert found.log_likelihood == pytest.approx(-best.fun, rel=1e-12)
    assert found.estimate["b"] == pytest.approx(math.exp(best.x[1]), rel=1e-5)


def test_x_log_x_of_a_typed_density() -> None:
    """The deviance of a Poisson law, x*log(r/x) - r + x, is 0 at a count of 0 with r = 0."""
    found = derive(typed("x*log(r/x) - r + x", ["x>=0"], ["r>0"]))
    rows = {found.model.data[0].symbol: [mpmath.mpf(0), mpmath.mpf(3)]}
    r = found.model.symbols[0]
    value = evaluate(found.average_log_likelihood, rows, {r: mpmath.mpf(2)})
    assert mpmath.almosteq(value, (-2 + 3 * mpmath.log(mpmath.mpf(2) / 3) - 2 + 3) / 2)


@pytest.mark.parametrize("relation", [sp.Gt, sp.Ge, sp.Lt, sp.Le, sp.Eq, sp.Ne])
def test_the_branch_of_a_choice_in_balls(relation: type[sp.Rel]) -> None:
    """The branch that SymPy takes at numbers; not finite where the ball does not tell."""
    choice = sp.Piecewise((C**2, relation(C, 1)), (sp.S(7), True))
    for number in (0, 1, 3):
        assert ball(choice, {C: arb(number)}) == int(choice.subs(C, number))
    assert not ball(choice, {C: arb(1, 0.25)}).is_finite()
    with pytest.raises(InputError):
        ball(sp.Piecewise((C, C > 0)), {C: arb(1)})


def test_zero_to_a_power_in_balls() -> None:
    """0**b is 0 for b > 0, and not finite for an exponent that may not be positive."""
    assert ball(X**B, {X: arb(0), B: arb(2, 0.5)}) == 0
    assert not ball(X**C, {X: arb(0), C: arb(0, 0.5)}).is_finite()
    assert not ball(X**B, {X: arb(0, 0.5), B: arb(2)}).is_finite()
