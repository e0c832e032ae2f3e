"""Every stationary point by the one equation left: against grids of mpmath and known zeros."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from symmle import build_model, family_model
from symmle.balls import ball
from symmle.derive import derive
from symmle.exp_quotient import ExpQuotient
from symmle.fit.every_maximum import stationary_points
from symmle.fit.near_end import clear_distance
from symmle.precise import evaluate

U = sp.Symbol("u", positive=True)
WAVE = build_model(
    "own",
    "-log(s) - (y - sin(b*x))**2/(2*s**2)",
    {"x": "real", "y": "real"},
    {"b": "(1, 6)", "s": "positive"},
)
CUBIC = build_model(
    "own", "-log(s) - (x - m**3 + 3*m)**2/(2*s**2)", {"x": "real"}, {"m": "real", "s": "positive"}
)
POSITIVE = [0.09, 0.3, 0.31, 0.8, 1.1, 2.9, 7.5]
UNIT = [0.03, 0.2, 0.21, 0.44, 0.5, 0.71, 0.93]
TAILED = [0.05, 0.1, 0.3, 0.8, 1.1, 2.9, 40.0]


def searched(model, columns, seconds=6.0):
    named = zip(model.data, columns, strict=True)
    rows = {datum.symbol: [mpmath.mpf(v) for v in column] for datum, column in named}
    counts = [mpmath.mpf(1)] * len(columns[0])
    derivation = derive(model)
    return derivation, rows, counts, stationary_points(derivation, rows, counts, seconds=seconds)


def slope_changes(derivation, rows, counts, others, unknown, grid):
    """Sign changes of the unknown's own score, the others solved for by hand, by mpmath."""
    place = derivation.score.parameters.index(unknown)
    signs = []
    for u in grid:
        theta = {unknown: u, **others(u)}
        signs.append(evaluate(derivation.score.gradient[place], rows, theta, counts) > 0)
    return sum(a != b for a, b in itertools.pairwise(signs))


def grid(low, high, steps):
    return [
        mpmath.mpf(low) * (mpmath.mpf(high) / low) ** (mpmath.mpf(i) / steps)
        for i in range(steps + 1)
    ]


CASES = {
    "lomax": ("scale", TAILED, lambda x, u: {"shape": 1 / mean(mpmath.log1p(v / u) for v in x)}),
    "inverse_pareto": (
        "scale",
        POSITIVE,
        lambda x, u: {"shape": 1 / mean(mpmath.log1p(u / v) for v in x)},
    ),
    "birnbaum_saunders": (
        "scale",
        POSITIVE,
        lambda x, u: {"shape": mpmath.sqrt(mean(v / u + u / v - 2 for v in x))},
    ),
    "kumaraswamy": ("a", UNIT, lambda x, u: {"b": -1 / mean(mpmath.log(1 - v**u) for v in x)}),
}


def mean(values):
    values = list(values)
    return mpmath.fsum(values) / len(values)


@pytest.mark.parametrize("name", CASES)
def test_the_profile_score_changes_its_sign_as_often_as_points_are_listed(name):
    """On a dense grid, far towards both ends; the others by a formula written here."""
    unknown, values, solved = CASES[name]
    model = family_model(name)
    derivation, rows, counts, search = searched(model, [values], seconds=1.0)
    symbol = next(s for s in model.symbols if s.name == unknown)
    (low, high) = search.box[symbol]
    assert search.complete and low == 0 and high > 50
    named = {s.name: s for s in model.symbols}
    x = [mpmath.mpf(v) for v in values]

    def others(u):
        return {named[key]: value for key, value in solved(x, u).items()}

    with mpmath.workdps(40):
        dense = grid(1e-6, min(high, 1e6), 700)
        assert slope_changes(derivation, rows, counts, others, symbol, dense) == len(search.points)
    assert search.whole is (high == math.inf)
    for point in search.points:
        at = {s: point.estimate[s] for s in model.symbols}
        with mpmath.workdps(50):
            for slope in derivation.score.gradient:
                assert abs(evaluate(slope, rows, at, counts)) < 1e-40


def test_no_estimate_no_point():
    """A Lomax needs mean(x**2) > 2*mean(x)**2: without it no stationary point is anywhere."""
    *_, search = searched(family_model("lomax"), [[1.0, 1.1, 1.3, 2.0]])
    assert search.whole and not search.points


def test_a_wave_has_many_points_and_all_are_listed():
    """The residual sum of squares, by NumPy, turns as often as there are points."""
    x = np.array([0.3, 1.1, 1.9, 3.2, 4.4, 5.0])
    y = np.sin(2.5 * x) + np.array([0.1, -0.2, 0.05, 0.15, -0.1, 0.02])
    *_, search = searched(WAVE, [x.tolist(), y.tolist()])
    b = np.linspace(1, 6, 40001)
    squares = ((y[:, None] - np.sin(np.outer(x, b))) ** 2).sum(axis=0)
    turns = np.sign(np.diff(squares))
    places = b[1:-1][turns[1:] != turns[:-1]]
    named = {s.name: s for s in search.points[0].estimate}
    found = sorted(float(point.estimate[named["b"]]) for point in search.points)
    assert search.complete and len(found) > 5
    assert found == pytest.approx(places.tolist(), abs=2e-4)
    low, high = search.box[named["b"]]
    assert 1 <= low < 1 + 1e-6 and 6 - 1e-6 < high <= 6
    best = b[np.argmin(squares)]
    assert float(search.points[0].estimate[named["b"]]) == pytest.approx(best, abs=2e-4)


@pytest.mark.parametrize("centre", [-3.5, -1.2, 0.4, 1.9, 7.0])
def test_a_rational_equation_by_the_roots_of_a_polynomial(centre):
    """m**3 - 3*m = mean(x), or 3*m**2 = 3: the roots by NumPy, over the whole line."""
    values = [centre - 1, centre - 0.25, centre + 1.25]
    *_, search = searched(CUBIC, [values])
    roots = np.roots([1, 0, -3, -centre])
    expected = sorted([*roots[abs(roots.imag) < 1e-9].real.tolist(), -1.0, 1.0])
    m = next(s for s in search.points[0].estimate if s.name == "m")
    found = sorted(float(point.estimate[m]) for point in search.points)
    assert search.whole and found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("expr", "zero"),
    [
        (U * (1 - 5 * U), 1 / 5),
        (U**2 * (sp.log(U) + 3), math.exp(-3)),
        (1 / U + 8 / U**2 * U * sp.log(U), 0.0),
        (sp.log(1 - sp.exp(-U)) + 4, -math.log1p(-math.exp(-4))),
        (sp.exp(3 * U) - 1 - 4 * U, 0.185),
    ],
)
def test_no_zero_lies_within_the_distance(expr, zero):
    """Functions with a known smallest positive zero; the distance is short of it, and positive."""
    if zero == 0.0:
        zero = float(mpmath.findroot(lambda u: 1 / u + 8 / u * mpmath.log(u), 0.88))
    near = clear_distance(expr, U, sp.S.Zero, 1, {}, ())
    assert near is not None and 1e-3 * zero < near < zero
    far = clear_distance(expr.xreplace({U: 1 / U}), U, sp.oo, -1, {}, ())
    assert far is not None and 1e-3 * zero < far < zero


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 400),
    st.integers(-2, 3),
    st.integers(0, 2),
    st.sampled_from([-1, 1]),
)
def test_a_zero_anywhere_is_never_passed(tenths, power, logs, sign):
    """u**power*(1 - u/c)*log(u)**logs vanishes first at c, or at one."""
    zero = sp.Rational(tenths, 10)
    expr = sign * U**power * (1 - U / zero) * sp.log(U) ** logs
    near = clear_distance(expr, U, sp.S.Zero, 1, {}, ())
    assert near is None or near < min(zero, 1 if logs else zero)


def test_without_a_rule_for_an_end_nothing_is_claimed():
    """An essential singularity has no Taylor series."""
    assert clear_distance(sp.sin(1 / U), U, sp.S.Zero, 1, {}, ()) is None


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("y", [-700, -3, 0, 2])
def test_the_quotient_of_an_exponential(order, y):
    """Against the integral that it is, and its derivative against the next order."""
    with mpmath.workdps(30):
        integral = mpmath.quad(lambda s: s**order * mpmath.exp(s * y), [0, 0.01, 0.1, 1])
    value = ball(ExpQuotient(sp.Integer(order), sp.Integer(y)))
    assert float(value.mid()) == pytest.approx(float(integral), rel=1e-12)
    z = sp.Symbol("z", real=True)
    assert ExpQuotient(sp.Integer(order), z).diff(z) == ExpQuotient(sp.Integer(order + 1), z)
    wide = ball(ExpQuotient(sp.Integer(order), z), {z: arb(y).union(arb(y + 1))})
    assert wide.contains(value)
