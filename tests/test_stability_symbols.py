"""Stable steps in symbols, comparison of schemes, refusals."""

import subprocess
import sys

import pytest
import sympy as sp
from hypothesis import given

from symmle.errors import InputError
from symmle.known import Known
from symmle.schemes import (
    alternating,
    newton,
    scoring,
    simultaneous,
)
from symmle.stability import (
    Criticality,
    comparison,
    stability,
)
from symmle.stability.algebra import algebra
from symmle.stability.jacobian import determinant_of_two
from tests.sweeps import (
    GAMMA,
    NORMAL,
    NORMAL_AT,
    P,
    a,
    at_origin,
    b,
    centre,
    g,
    gamma_at,
    mu,
    positive_definite,
    score_of,
    sigma,
    symmetric,
    v,
)

# Symbols


def test_the_normal():
    """Both schemes: the same Jacobian, 0 < g < v, best 2v/3, rate 1/3, supercritical flip.  The
    coefficient 16/v is f''**2/4 + f'''/6 of the map of sigma at mu = mean, with g = v."""
    both = [stability(NORMAL, s((mu, sigma)), g, NORMAL_AT) for s in (simultaneous, alternating)]
    f = (sigma + v * NORMAL.gradient[1].subs(mu, centre)).simplify()
    at_edge = {sigma: sp.sqrt(v)}
    by_hand = f.diff(sigma, 2).subs(at_edge) ** 2 / 4 + f.diff(sigma, 3).subs(at_edge) / 6
    for found in both:
        assert found.jacobian == sp.diag(1 - g / v, 1 - 2 * g / v)
        (interval,) = found.stable_steps
        assert (interval.lower, interval.upper, found.best_step) == (0, v, 2 * v / 3)
        assert found.rate == sp.Rational(1, 3) and found.known is Known.PROVED
        assert interval.upper_criticality is Criticality.SUPERCRITICAL
        assert sp.simplify(found.edge.coefficient - by_hand) == 0 and found.edge.step == v
    compared = comparison(*both)
    assert compared.same_jacobian is True and compared.known is Known.PROVED
    assert compared.two_blocks.q == 0


def test_a_scale_with_a_square_root_of_two_in_it():
    """The Rayleigh's s = sqrt(m/2): its flip coefficient, by the derivatives of the map itself."""
    m = sp.Symbol("m", positive=True)
    score = score_of(-2 * sp.log(sigma) - m / (2 * sigma**2), sigma)
    rest = {sigma: sp.sqrt(m) / sp.sqrt(2)}
    found = stability(score, simultaneous((sigma,)), g, rest)
    assert found.stable_steps[0].upper == m / 4 and found.known is Known.PROVED
    f = sigma + m / 4 * score.gradient[0]
    by_hand = f.diff(sigma, 2).subs(rest) ** 2 / 4 + f.diff(sigma, 3).subs(rest) / 6
    assert sp.simplify(found.edge.coefficient - by_hand) == 0
    assert found.edge.criticality is Criticality.SUPERCRITICAL


def test_the_normal_in_symbols_needs_no_numerics():
    """A derivation imports neither NumPy nor SciPy on account of its stability."""
    code = (
        "import sys, sympy as sp; from symmle.derive import Score; from symmle.schemes import *;"
        "from symmle.stability import *; s, v, g = sp.symbols('s v g', positive=True);"
        "f = -sp.log(s) - v/(2*s**2); score = Score((s,), (f.diff(s),), sp.Matrix([f.diff(s, 2)]));"
        "r = stability(score, alternating((s,)), g, {s: sp.sqrt(v)});"
        "assert r.stable_steps[0].upper == v; print('numpy' in sys.modules, 'scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_gamma_in_symbols():
    """Simultaneous is decided for every shape and rate, because a*psi1(a) > 1; in turn the shape of
    the set depends on them, and the conditions are those that numbers confirm."""
    together, in_turn = (stability(GAMMA, s((a, b)), g, {}) for s in (simultaneous, alternating))
    assert together.known is Known.PROVED
    at = {a: sp.Integer(5), b: sp.S.One}
    assert (
        abs(together.stable_steps[0].upper.subs(at).evalf(20) - sp.Float("0.384554494881")) < 1e-11
    )
    assert in_turn.stable_steps is None and in_turn.known is Known.UNKNOWN
    for step, stable in (("2/5", True), ("1", False), ("23/5", True), ("5", False)):
        values = at | {g: sp.Rational(step)}
        assert all(bool(c.subs(values)) for c in in_turn.conditions) is stable
    assert comparison(together, in_turn).same_jacobian is False


def test_undecided_signs_are_conditions_not_answers():
    """-k*x**2 with k of unknown sign is a maximum only if k > 0, and that is said."""
    k = sp.Symbol("k", real=True)
    found = stability(score_of(-k * P[0] ** 2, P[0]), simultaneous(P[:1]), g, {P[0]: 0})
    assert found.known is Known.UNKNOWN and found.conditions == (2 * k > 0,)
    assert found.stable_steps[0].upper == 1 / k
    sure = stability(
        score_of(-k * P[0] ** 2, P[0]), simultaneous(P[:1]), g, {P[0]: 0}, strict_maximum=True
    )
    assert sure.known is Known.PROVED and sure.conditions == ()


@pytest.mark.parametrize(
    "matrix",
    [
        sp.Matrix([[1, sp.Rational(7, 5)], [sp.Rational(7, 5), 4]]),  # two ranges
        sp.Matrix([[1, sp.Rational(1, 2)], [sp.Rational(1, 2), 4]]),  # a flip
        sp.Matrix([[1, sp.Rational(1, 2)], [sp.Rational(1, 2), 1]]),  # a circle
        sp.Matrix([[1, 1], [1, 3]]),  # touching: (a - b)**2 = 4*c**2
    ],
)
def test_two_in_turn_with_a_unit(matrix):
    """In units t the matrix is t*A and the set is the one at numbers divided by t."""
    t = sp.Symbol("t", positive=True)
    symbolic = at_origin(t * matrix, alternating)
    numeric = at_origin(matrix, alternating)
    assert symbolic.known is Known.PROVED
    assert len(symbolic.stable_steps) == len(numeric.stable_steps)
    for one, other in zip(symbolic.stable_steps, numeric.stable_steps, strict=True):
        for first, second in ((one.lower, other.lower), (one.upper, other.upper)):
            assert abs(sp.N(first.subs(t, 1) - second, 25)) < 1e-18
        assert (one.lower_event, one.upper_event) == (other.lower_event, other.upper_event)


def test_independent_parts_of_unknown_order():
    """diag(a, b) with two positive letters: the smaller of the two ranges, whichever it is."""
    found = at_origin(sp.diag(a, b), alternating)
    (interval,) = found.stable_steps
    assert interval.upper.subs({a: 3, b: 7}) == sp.Rational(2, 7)
    assert interval.upper.subs({a: 9, b: 7}) == sp.Rational(2, 9)
    assert found.rate.subs({a: 3, b: 7}) == sp.Rational(4, 10)
    assert found.known is Known.PROVED


def test_newton_and_scoring_do_not_feel_the_scale():
    """Their Jacobian is (1 - g) I at any point of an exponential family: 0 < g < 2, best 1."""
    for scheme, information in ((newton, None), (scoring, -GAMMA.hessian)):
        found = stability(
            GAMMA, scheme((a, b)), g, {a: sp.Integer(2), b: sp.S.One}, information=information
        )
        assert found.jacobian == (1 - g) * sp.eye(2)
        assert (found.stable_steps[0].upper, found.best_step, found.rate) == (2, 1, 0)


def test_eigenvalues_are_roots_of_the_characteristic_polynomial():
    """Both are found from the same parts by different formulas."""
    z = sp.Symbol("z")
    for scheme in (simultaneous, alternating):
        found = at_origin(positive_definite(2, 9), scheme)
        for value in found.eigenvalues:
            left = found.characteristic_polynomial.subs(z, value).subs(g, sp.Rational(3, 11))
            assert abs(sp.N(left, 30)) < 1e-25
    three = at_origin(positive_definite(3, 9), alternating)
    assert three.eigenvalues is None
    number = {g: sp.Rational(3, 11)}
    expected = three.jacobian.subs(number).charpoly(z).as_expr()
    assert sp.expand(three.characteristic_polynomial.subs(number) - expected) == 0


# Comparison and refusals


@given(symmetric.filter(lambda m: m.rows == 2))
def test_trace_and_determinant_move_together(matrix):
    """T_alt = T_sim + q and D_alt = D_sim + q with q = g**2 c**2 >= 0 for one objective."""
    blocks = comparison(at_origin(matrix, simultaneous), at_origin(matrix, alternating)).two_blocks
    assert sp.expand(blocks.alternating_trace - blocks.simultaneous_trace - blocks.q) == 0
    assert (
        sp.expand(blocks.alternating_determinant - blocks.simultaneous_determinant - blocks.q) == 0
    )
    assert blocks.q == g**2 * matrix[0, 1] ** 2


def test_the_comparison_names_the_wider_range():
    """At the gamma's (2, 1) the alternating range is the wider one."""
    found = comparison(gamma_at(2, simultaneous((a, b))), gamma_at(2, alternating((a, b))))
    assert "The alternating update allows the larger step" in found.verdict
    assert found.same_jacobian is False


def test_refusals():
    """A wrong name, a step that is no number, symbols where numbers are needed."""
    scheme = simultaneous((a, b))
    with pytest.raises(InputError, match="the fixed point names g, but the parameters are a, b"):
        stability(GAMMA, scheme, g, {g: sp.S.One})
    with pytest.raises(InputError, match="still has symbols in it"):
        stability(GAMMA, scheme, g, {}, at=sp.S.One)
    with pytest.raises(InputError, match="is not a positive number"):
        gamma_at(2, scheme, at=sp.Integer(-1))


def test_a_long_determinant_is_left_unexpanded_and_is_the_same() -> None:
    """det(z - J) of entries with hundreds of operations, against numbers put in first."""
    a, g = sp.symbols("a g", positive=True)
    long = sp.Add(*(sp.log(a + k) / (a + k) for k in range(1, 60)))
    rows = [[1 + g * long, g * (long + 1)], [g * (long - 2), 1 - g * long]]
    at = {a: sp.Rational(3, 7), g: sp.Rational(2, 5)}
    numbers = sp.Matrix([[entry.xreplace(at).evalf(40) for entry in row] for row in rows])
    found = determinant_of_two(rows)
    assert sp.count_ops(found) < 4 * sum(sp.count_ops(entry) for row in rows for entry in row)
    assert abs(found.xreplace(at).evalf(30) - numbers.det()) < sp.Float("1e-25")


def test_a_root_of_a_sum_below_a_fraction_bar() -> None:
    """-k*(a**2 + b**2)/sqrt(a**2 + b**2), as a mean direction gives it, keeps its root."""
    a, b, k = sp.symbols("a b k", positive=True)
    total = sp.sqrt(a**2 + b**2)
    expr = -k * a**2 / total - k * b**2 / total
    gathered = algebra([expr])
    back = gathered.expression(gathered.element(expr))
    assert float((back - expr).subs({a: 3, b: 4, k: 2})) == 0
