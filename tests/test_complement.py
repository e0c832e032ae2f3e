"""Differences that are tails of a normal distribution keep their digits however far out."""

import mpmath
import pytest
import sympy as sp
from flint import ctx

from symmle.balls import ball
from symmle.complement import complement
from symmle.straight_line import steps
from symmle.tree_value import tree_value

u, c = sp.symbols("u c", real=True)

TAILS = {
    "1 - erf": (1 - sp.erf(u), lambda z: mpmath.erfc(z)),
    "1 + erf": (3 + 3 * sp.erf(-u), lambda z: 3 * mpmath.erfc(z)),
    "2 - erfc": (2 - sp.erfc(-u), lambda z: mpmath.erfc(z)),
    "a normal distribution's": (1 - sp.erfc(-u / sp.sqrt(2)) / 2, lambda z: mpmath.ncdf(-z)),
    "times a symbol": (c - c * sp.erf(u), lambda z: 7 * mpmath.erfc(z)),
    "with a root of pi": (sp.sqrt(sp.pi) * (sp.erf(u) - 1) + u / 10**400, None),
}


@pytest.mark.parametrize("name", TAILS)
@pytest.mark.parametrize("far", [0.3, 4, 40, -2])
def test_a_tail_has_all_its_digits(name: str, far: float) -> None:
    """At 15 digits, where the plain difference has none from 6 on: by steps, tree and balls."""
    expr, wanted = TAILS[name]
    with mpmath.workdps(15):
        at = {u: mpmath.mpf(far), c: mpmath.mpf(7)}
        if wanted is None:
            tail = -mpmath.sqrt(mpmath.pi) * mpmath.erfc(far) + mpmath.mpf(far) / 10**400
        else:
            tail = wanted(mpmath.mpf(far))
        (by_steps,) = steps([expr]).over([()], at)[0]
        assert by_steps == pytest.approx(tail, rel=1e-12)
        assert tree_value(expr, at) == pytest.approx(tail, rel=1e-12)
    with ctx.workprec(60):
        found = ball(expr, {u: ball(sp.Rational(far)), c: ball(sp.Integer(7))})
        assert found.rel_accuracy_bits() > 40
    assert float(found.mid()) == pytest.approx(float(tail), rel=1e-12)


@pytest.mark.parametrize(
    "expr",
    [1 - sp.erf(u) / 2, 2 + sp.erfc(u), 1 - sp.erfc(u), c + sp.erf(u), 1 - sp.exp(u)],
    ids=str,
)
def test_another_sum_is_left(expr: sp.Expr) -> None:
    """No complement is seen where the numbers do not fit."""
    assert complement(expr) is None
