"""Values by steps are the values by walking the tree, at every row and precision."""

import mpmath
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from symmle.domain import Datum
from symmle.errors import InputError
from symmle.precise import evaluate, evaluator
from symmle.sample_mean import mean, var
from symmle.straight_line import steps
from symmle.tree_value import tree_value

x, y = Datum("x", positive=True), Datum("y", positive=True)
a, b = sp.symbols("a b", positive=True)
ROWS = [(mpmath.mpf(i + 1) / 3, mpmath.mpf(7 - i) / 5) for i in range(5)]
POINT = {a: mpmath.mpf("1.3"), b: mpmath.mpf("0.4")}

_LEAVES = st.sampled_from([x, y, a, b, sp.Rational(2, 3), sp.Integer(2), sp.pi])


def _grown(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    one = inner.map(lambda e: sp.log(1 + e**2)) | inner.map(lambda e: sp.erfc(sp.sqrt(1 + e**2)))
    two = st.tuples(inner, inner)
    branch = two.map(lambda p: sp.Piecewise((p[0], x < y), (p[1], True)))
    return one | branch | two.map(lambda p: p[0] + p[1]) | two.map(lambda p: p[0] * p[1])


@given(st.recursive(_LEAVES, _grown, max_leaves=8), st.sampled_from([15, 50]))
def test_steps_agree_with_the_tree(expr: sp.Expr, digits: int) -> None:
    """At every row, to the last digits of the precision of the time of the call."""
    with mpmath.workdps(digits):
        found = steps([expr, expr + x], [x, y]).over(ROWS, POINT)
        for (first, second), (u, v) in zip(found, ROWS, strict=True):
            wanted = tree_value(expr, {**POINT, x: u, y: v})
            assert abs(first - wanted) <= abs(wanted) * mpmath.mpf(10) ** (3 - digits)
            assert abs(second - wanted - u) <= (abs(wanted) + u) * mpmath.mpf(10) ** (3 - digits)


def test_a_part_in_several_places_is_one_step() -> None:
    """Both entries hold the same logarithm, and what is free of the rows is taken once."""
    inside = sp.log(a + x)
    found = steps([inside**2 + sp.exp(b), sp.sin(inside) * sp.exp(b)], [x])
    assert sum(step.part == inside for step in found.steps) == 1
    assert {found.steps[place].part for place in found.once} >= {a, b, sp.exp(b)}
    assert all(found.steps[place].part.has(x) for place in found.by_row)


def test_a_branch_not_taken_needs_no_value() -> None:
    """1/x at x = 0 is not asked for."""
    expr = sp.Piecewise((1 / (x - 1), x > 1), (a, True))
    assert steps([expr], [x]).over([(mpmath.mpf(1),)], POINT) == [(POINT[a],)]


def test_a_function_without_values_is_refused_by_name() -> None:
    """As by walking the tree."""
    with pytest.raises(InputError, match="uppergamma"):
        steps([sp.uppergamma(a, x)], [x])


def test_several_means_at_once_are_those_one_by_one() -> None:
    """Nested ones too, and a mean that stands both inside another and by itself."""
    columns = {x: [u for u, _ in ROWS], y: [v for _, v in ROWS]}
    weights = [mpmath.mpf(w) for w in (1, 2, 0, 1, 3)]
    centre = mean(x * y)
    exprs = [a * mean(sp.log(a + x)) + centre, var(x) + mean(sp.exp(-y * b)), centre]
    exprs.append(mean(sp.log(1 + (x - a) ** 2)).xreplace({a: centre}))
    together = evaluator(exprs, columns, weights)(POINT)
    total = mpmath.fsum(weights)
    plain = mpmath.fsum(w * u * v for w, (u, v) in zip(weights, ROWS, strict=True)) / total
    assert mpmath.almosteq(together[2], plain)
    squares = mpmath.fsum(
        w * mpmath.log(1 + (u - plain) ** 2) for w, (u, _) in zip(weights, ROWS, strict=True)
    )
    assert mpmath.almosteq(together[-1], squares / total)
    for value, expr in zip(together, exprs, strict=True):
        assert mpmath.almosteq(value, evaluate(expr, columns, POINT, weights))
