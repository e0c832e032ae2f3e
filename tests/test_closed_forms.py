"""Closed forms found by rule, against formulas by hand, searches and other ways to say the same.

The rules: the score solved for its statistics, several parameters solved together, Lambert's W,
an angle on its circle.  None is checked by its own algebra: NumPy evaluates textbook formulas,
scipy searches the log-likelihood, and laws (an order of parameters that may not matter, a slope
that must fall through zero) are tried on random cases.
"""

import math
import random
from itertools import permutations

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from scipy import optimize, special

from symmle.derive import derive
from symmle.derive.branches import split_branches
from symmle.derive.mean_equations import mean_equations
from symmle.derive.signs import inside_coordinates, is_positive_definite_inside
from symmle.domain import Domain, Variable
from symmle.estimate import Estimator, Kind, estimate
from symmle.estimate.angle import peak_on_circle
from symmle.estimate.lambert import root_by_lambert
from symmle.estimate.linear import linear_block
from symmle.known import Known
from symmle.sample_mean import mean, raw, separate
from tests.by_rows import Columns, close, log_likelihood, number, rows_of, slope, typed, value

COUNT, WHOLE, BIT = "nonnegative integer", "positive integer", "integer in [0, 1]"
BVN = (
    "-log(s)-log(t)-log(1-r**2)/2-((x-a)**2/s**2-2*r*(x-a)*(y-b)/(s*t)+(y-b)**2/t**2)"
    "/(2*(1-r**2))-log(2*pi)"
)
ZIP = "where(x>0, log(1-z)+x*log(r)-r-loggamma(x+1), log(z+(1-z)*exp(-r)))"


def cut_rate(m: float) -> float:
    """The rate r of a Poisson variable that is m on average where it is not zero."""
    return optimize.brentq(lambda r: r / -math.expm1(-r) - m, 1e-9, 50.0, xtol=1e-14)


def root_of_one_sign(m: float) -> float:
    return (1 - m + math.sqrt(m**2 + 6 * m + 1)) / (2 * m)


def fit_plane(*columns: np.ndarray) -> list[float]:
    """Least squares of the last column on the others, and the root mean square that is left."""
    *regressors, y = columns
    matrix = np.column_stack([np.ones_like(y), *regressors])
    beta = np.linalg.lstsq(matrix, y, rcond=None)[0]
    return [*beta, np.sqrt(np.mean((y - matrix @ beta) ** 2))]


# name: (density, data, parameters, the estimates as NumPy has them)
CLOSED = {
    "bivariate normal": (BVN, ["x", "y"], ["a", "b", "s>0", "t>0", "r in (-1, 1)"], lambda x, y: [
        np.mean(x), np.mean(y), np.std(x), np.std(y), np.corrcoef(x, y)[0, 1]]),
    "bivariate normal, covariances": (
        "-log(u*v-w**2)/2-(v*(x-a)**2-2*w*(x-a)*(y-b)+u*(y-b)**2)/(2*(u*v-w**2))-log(2*pi)",
        ["x", "y"], ["a", "b", "u>0", "v>0", "w in (-sqrt(u*v), sqrt(u*v))"], lambda x, y: [
            np.mean(x), np.mean(y), np.var(x), np.var(y), np.cov(x, y, bias=True)[0, 1]]),
    "bivariate normal, precisions": (
        "log(u*v-w**2)/2-(u*(x-a)**2+2*w*(x-a)*(y-b)+v*(y-b)**2)/2-log(2*pi)",
        ["x", "y"], ["a", "b", "u>0", "v>0", "w in (-sqrt(u*v), sqrt(u*v))"], lambda x, y: [
            np.mean(x), np.mean(y), *np.linalg.inv(np.cov(x, y, bias=True))[[0, 1, 0], [0, 1, 1]]]),
    "cells": ("x*log(p)+y*log(q)+z*log(r)+(12-x-y-z)*log(1-p-q-r)",
              ["x in [0, 4]", "y in [0, 4]", "z in [0, 4]"],
              ["p: unit", "q in (0, 1-p)", "r in (0, 1-p-q)"],
              lambda x, y, z: [np.mean(x) / 12, np.mean(y) / 12, np.mean(z) / 12]),
    "two columns": ("-log(s)-(y-a-b*x-c*z)**2/(2*s**2)", ["x", "z", "y"], ["a", "b", "c", "s>0"],
                    fit_plane),
    "parabola": ("-log(s)-(y-a-b*x-c*x**2)**2/(2*s**2)", ["x", "y"], ["a", "b", "c", "s>0"],
                 lambda x, y: fit_plane(x, x**2, y)),
    "weighted": ("-log(s)+log(w)/2-w*(y-a-b*x)**2/(2*s**2)", ["w>0", "x", "y"], ["a", "b", "s>0"],
                 lambda w, x, y: [*np.polyfit(x, y, 1, w=np.sqrt(w))[::-1],
                                  np.sqrt(np.mean(w * (y - np.polyval(
                                      np.polyfit(x, y, 1, w=np.sqrt(w)), x)) ** 2))]),
    "ratio": ("-log(s)-(y-b*x)**2/(2*s**2*x)", ["x>0", "y"], ["b", "s>0"], lambda x, y: [
        y.sum() / x.sum(), np.sqrt(np.mean((y - y.sum() / x.sum() * x) ** 2 / x))]),
    "through the origin": ("-log(s)-(y-b*x)**2/(2*s**2)", ["x", "y"], ["b", "s>0"], lambda x, y: [
        x @ y / (x @ x), np.sqrt(np.mean((y - x @ y / (x @ x) * x) ** 2))]),
    "exposure": ("y*log(r*t)-r*t-loggamma(y+1)", [f"y: {COUNT}", "t>0"], ["r>0"],
                 lambda y, t: [y.sum() / t.sum()]),
    "no zeros": ("x*log(r)-r-log(1-exp(-r))-loggamma(x+1)", [f"x: {WHOLE}"], ["r>0"],
                 lambda x: [cut_rate(np.mean(x))]),
    "no zeros, other way": ("x*log(r)-log(exp(r)-1)-loggamma(x+1)", [f"x: {WHOLE}"], ["r>0"],
                            lambda x: [cut_rate(np.mean(x))]),
    "log series": ("x*log(p)-log(x)-log(-log(1-p))", [f"x: {WHOLE}"], ["p: unit"], lambda x: [
        optimize.brentq(lambda p: -p / ((1 - p) * math.log1p(-p)) - np.mean(x), 1e-9, 1 - 1e-12,
                        xtol=1e-15)]),
    "zeros inflated": (ZIP, [f"x: {COUNT}"], ["r>0", "z: unit"], lambda x: [
        cut_rate(np.mean(x[x > 0])),
        1 - np.mean(x > 0) / -math.expm1(-cut_rate(np.mean(x[x > 0])))]),
    "hurdle": ("where(x>0, log(z)+x*log(r)-log(exp(r)-1)-loggamma(x+1), log(1-z))", [f"x: {COUNT}"],
               ["r>0", "z: unit"], lambda x: [cut_rate(np.mean(x[x > 0])), np.mean(x > 0)]),
    "line and exponential": ("x*v-v**2/2-exp(v)", ["x"], ["v"], lambda x: [
        np.mean(x) - special.lambertw(np.exp(np.mean(x))).real]),
    "mean direction": ("2*cos(x-m)", ["x in (-pi, pi)"], ["m in (-pi, pi)"], lambda x: [
        np.angle(np.mean(np.exp(1j * x)))]),
    "mean direction, from 0": ("2*cos(x-m)", ["x in (0, 2*pi)"], ["m in (0, 2*pi)"], lambda x: [
        np.angle(np.mean(np.exp(1j * x))) % (2 * np.pi)]),
    # the unit-Lindley law of Mazucheli, Menezes & Chakraborty (2019)
    "quadratic of one sign": ("2*log(t)-log(1+t)-3*log(1-x)-t*x/(1-x)", ["x: unit"], ["t>0"],
                              lambda x: [root_of_one_sign(np.mean(x / (1 - x)))]),
    "three scales": ("-log(s)-(x-a)**2/(2*s**2)-log(t)-(y-b)**2/(2*t**2)", ["x", "y"],
                     ["a", "b", "s>0", "t>0"], lambda x, y: [
                         np.mean(x), np.mean(y), np.std(x), np.std(y)]),
    "one scale": ("-2*log(s)-((x-a)**2+(y-b)**2)/(2*s**2)", ["x", "y"], ["a", "b", "s>0"],
                  lambda x, y: [np.mean(x), np.mean(y), np.sqrt((np.var(x) + np.var(y)) / 2)]),
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> dict[str, Estimator]:
    """Each estimator of the table, derived once."""
    return {name: estimate(derive(typed(*row[:3]))) for name, row in CLOSED.items()}


def data(name: str, seed: int = 3) -> Columns:
    return rows_of(typed(*CLOSED[name][:3]), random.Random(f"{name} {seed}"), 12)


def point_of(name: str, found: Estimator, columns: Columns) -> list[float]:
    symbols = typed(*CLOSED[name][:3]).symbols
    return [float(mpmath.re(value(found.values[s], columns, {}))) for s in symbols]


@pytest.mark.parametrize("name", CLOSED)
def test_the_formulas_of_the_textbooks(found: dict[str, Estimator], name: str) -> None:
    """Closed, and on random data NumPy's textbook formula gives the same numbers."""
    columns = data(name)
    arrays = [np.array([float(each) for each in column]) for column in columns.values()]
    assert found[name].kind is Kind.CLOSED
    expected = CLOSED[name][3](*arrays)
    assert point_of(name, found[name], columns) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", CLOSED)
def test_nothing_near_is_higher(found: dict[str, Estimator], name: str) -> None:
    """The likelihood's difference quotients vanish there, and a search from there gains nothing."""
    model, columns = typed(*CLOSED[name][:3]), data(name, 4)
    at = [mpmath.re(value(found[name].values[s], columns, {})) for s in model.symbols]
    average = log_likelihood(model, columns)
    assert all(close(slope(average, at, i), 0, 14) for i in range(len(at)))
    height = float(average(*at))
    draw = np.random.default_rng(5)
    for _ in range(30):
        near = [each + mpmath.mpf(draw.normal(0, 0.02)) for each in at]
        assert float(mpmath.re(average(*near))) <= height + 1e-12


@pytest.mark.parametrize("name", ["bivariate normal", "two columns", "hurdle"])
def test_the_order_of_the_parameters_does_not_matter(
    found: dict[str, Estimator], name: str
) -> None:
    """Declared in another order, every parameter has the same value at data."""
    text, names, parameters, _ = CLOSED[name]
    columns = data(name)
    here = dict(zip((p.name for p in typed(text, names, parameters).parameters),
                    point_of(name, found[name], columns), strict=True))  # fmt: skip
    for order in random.Random(1).sample(list(permutations(parameters))[1:], 1):
        model = typed(text, names, list(order))
        other = estimate(derive(model))
        for parameter in model.parameters:
            there = value(other.values[parameter.symbol], columns, {})
            assert float(mpmath.re(there)) == pytest.approx(here[parameter.name], rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "image"),
    [
        ("bivariate normal, covariances", "bivariate normal",
         lambda a, b, s, t, r: [a, b, s**2, t**2, r * s * t]),
        ("bivariate normal, covariances", "bivariate normal, precisions",
         lambda a, b, u, v, w: [a, b, v / (u * v - w**2), u / (u * v - w**2), -w / (u * v - w**2)]),
    ],
)  # fmt: skip
def test_other_parameters_give_the_same_density(
    found: dict[str, Estimator], first: str, second: str, image: object
) -> None:
    """The estimate is invariant: that of an image is the image of the estimate."""
    columns = data(first)
    assert callable(image)
    there = image(*point_of(second, found[second], columns))
    assert point_of(first, found[first], columns) == pytest.approx(there, rel=1e-9)


@pytest.mark.parametrize(
    "name",
    ["bivariate normal", "bivariate normal, covariances", "bivariate normal, precisions", "cells"],
)
def test_a_family_of_full_rank_is_proved_to_have_its_maximum_there(
    found: dict[str, Estimator], name: str
) -> None:
    """-H at a zero of the score is an expression in the parameters, and positive definite."""
    assert found[name].maximum is Known.PROVED


@pytest.mark.parametrize(
    ("text", "data", "parameters", "kind"),
    [
        ("a*log(b)-loggamma(a)+(a-1)*log(x)-b*x", ["x>0"], ["a>0", "b>0"], "reduced"),
        ("log(k)-k*log(s)+(k-1)*log(x)-(x/s)**k", ["x>0"], ["k>0", "s>0"], "reduced"),
        ("a*log(b)-loggamma(a)-(a+1)*log(x)-b/x", ["x>0"], ["a>0", "b>0"], "reduced"),
        ("log(2)+m*log(m)-loggamma(m)-m*log(w)+(2*m-1)*log(x)-m*x**2/w", ["x>0"], ["m>0", "w>0"],
         "reduced"),
        ("log(a)+log(b)+(a-1)*log(x)+(b-1)*log(1-x**a)", ["x: unit"], ["a>0", "b>0"], "reduced"),
        ("(k/2-1)*log(x)-x/2-k/2*log(2)-loggamma(k/2)", ["x>0"], ["k>0"], "reduced"),
        ("k*cos(x-m)-log(2*pi*besseli(0,k))", ["x in (-pi, pi)"], ["m in (-pi, pi)", "k>0"],
         "reduced"),
        ("log(r)-r*x-log(1-exp(-r))", ["x: unit"], ["r>0"], "reduced"),
        ("(a-1)*log(x)+(b-1)*log(1-x)-log(beta(a,b))", ["x: unit"], ["a>0", "b>0"], "system"),
        ("-log(s)-log(1+((x-m)/s)**2)", ["x"], ["m", "s>0"], "system"),
        ("-log(s)-2*log(1+((x-m)/s)**2/3)", ["x"], ["m", "s>0"], "system"),
        ("-(x-m)/s-log(s)-2*log(1+exp(-(x-m)/s))", ["x"], ["m", "s>0"], "system"),
        ("log(t)+(x-1)*log(t+l*x)-t-l*x-loggamma(x+1)", [f"x: {COUNT}"], ["t>0", "l: unit"],
         "system"),
    ],
)  # fmt: skip
def test_no_formula_is_invented(
    text: str, data: list[str], parameters: list[str], kind: str
) -> None:
    """Families known to have no closed form come out reduced or as a system."""
    assert estimate(derive(typed(text, data, parameters))).kind.value == kind


def test_the_mean_resultant_length_decides_the_concentration() -> None:
    """von Mises: at the root of the reduced equation the slopes of the likelihood vanish."""
    model = typed("k*cos(x-m)-log(2*pi*besseli(0,k))", ["x in (-pi, pi)"],
                  ["m in (-pi, pi)", "k>0"])  # fmt: skip
    found = estimate(derive(model))
    draw = random.Random(4)
    columns = {model.data[0].symbol: [mpmath.mpf(draw.gauss(0.8, 0.6)) for _ in range(15)]}
    angles = np.array([float(each) for each in columns[model.data[0].symbol]])
    length = abs(np.mean(np.exp(1j * angles)))
    k = optimize.brentq(lambda k: special.ive(1, k) / special.ive(0, k) - length, 1e-6, 500.0)
    assert found.equation is not None
    at = {found.equation.unknown: mpmath.mpf(k)}
    assert abs(value(found.equation.expression, columns, at)) < 1e-9
    assert float(value(found.values[model.symbols[0]], columns, at)) == pytest.approx(
        np.angle(np.mean(np.exp(1j * angles)))
    )


# --- the rules one by one -----------------------------------------------------------------------

x = sp.Symbol("x", real=True)
AMOUNT = st.floats(0.1, 8.0).map(lambda each: sp.Rational(str(round(each, 3))))


@given(AMOUNT, AMOUNT, st.sampled_from((-1, 1)))
@settings(max_examples=40, deadline=None)
def test_the_other_root_beside_a_known_one(a: sp.Rational, k: sp.Rational, sign: int) -> None:
    """a - v - a*exp(-k*v) has its root 0 and one more: on v > 0 exactly when a*k > 1."""
    line = sign * (a - x - a * sp.exp(-k * x))
    positive = sp.Symbol("x", positive=True)
    variable = Variable(positive, Domain("positive", sp.S.Zero, sp.oo))
    root = root_by_lambert(line.xreplace({x: positive}), variable)
    assert root is not None
    inside = all(each > 0 for each in root.positive)
    assert inside is bool(a * k > 1)
    if abs(float(a * k) - 1) > 1e-3 and inside:
        at = number(root.value, {})
        assert at > 0
        assert abs(number(line, {x: at})) < mpmath.mpf(10) ** -25


@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT)
@settings(max_examples=40, deadline=None)
def test_a_rising_line_and_a_rising_exponential_meet_once(
    a: sp.Rational, b: sp.Rational, c: sp.Rational, k: sp.Rational
) -> None:
    """b*v + c*exp(k*v) = a is solved on the whole line."""
    equation = b * x + c * sp.exp(k * x) - a
    root = root_by_lambert(equation, Variable(x, Domain("real", -sp.oo, sp.oo)))
    assert root is not None
    assert not root.positive
    assert abs(number(equation, {x: number(root.value, {})})) < mpmath.mpf(10) ** -25


def test_two_roots_in_the_domain_are_not_one() -> None:
    """exp(v) = 3 + 2*v on the whole line has two roots, and none is chosen."""
    equation = sp.exp(x) - 3 - 2 * x
    assert root_by_lambert(equation, Variable(x, Domain("real", -sp.oo, sp.oo))) is None


@given(st.floats(0, 6.28), AMOUNT, st.sampled_from(("(-pi, pi)", "(0, 2*pi)", "real")))
@settings(max_examples=40, deadline=None)
def test_the_peak_on_a_circle_is_no_trough(angle: float, size: sp.Rational, where: str) -> None:
    """At it the slope vanishes and falls; and it lies in the domain."""
    ends = {"(-pi, pi)": (-sp.pi, sp.pi), "(0, 2*pi)": (sp.S.Zero, 2 * sp.pi)}
    lower, upper = ends.get(where, (-sp.oo, sp.oo))
    a, b = (sp.Rational(str(round(float(size) * f(angle), 4))) for f in (math.sin, math.cos))
    if a == 0 or b == 0:
        return
    slope_there = a * sp.cos(x) - b * sp.sin(x)
    peak = peak_on_circle(slope_there, Variable(x, Domain(where, lower, upper)))
    assert peak is not None
    at = float(peak)
    assert abs(float(slope_there.xreplace({x: sp.Float(at, 30)}))) < 1e-12
    assert float(slope_there.diff(x).xreplace({x: sp.Float(at, 30)})) < 0
    assert lower == -sp.oo or float(lower) <= at <= float(upper)


def test_half_a_circle_is_no_circle() -> None:
    """On (0, pi) the root may be a trough or lie outside: nothing is claimed."""
    half = Variable(x, Domain("(0, pi)", sp.S.Zero, sp.pi))
    assert peak_on_circle(2 * sp.cos(x) - sp.sin(x), half) is None


@given(st.lists(st.lists(st.integers(-4, 4), min_size=4, max_size=4), min_size=3, max_size=3))
@settings(max_examples=30, deadline=None)
def test_a_linear_block_is_what_numpy_solves(rows: list[list[int]]) -> None:
    """Three equations in three unknowns; and none is claimed for a singular matrix."""
    unknowns = sp.symbols("a b c", real=True)
    matrix = np.array([row[:3] for row in rows]) + 9 * np.eye(3, dtype=int)
    right = np.array([row[3] for row in rows])
    equations = [
        (unknown, sum((int(m) * u for m, u in zip(row, unknowns, strict=True)), -int(r)))
        for unknown, row, r in zip(unknowns, matrix, right, strict=True)
    ]
    block = linear_block(equations, unknowns)
    if abs(np.linalg.det(matrix)) < 1e-9:
        assert block is None
        return
    assert block is not None
    assert [float(block.values[u]) for u in unknowns] == pytest.approx(
        np.linalg.solve(matrix, right)
    )


TERMS = ("x", "x**2", "log(x)", "1/x", "sqrt(x)")
WEIGHTS = ("a", "b", "a*b", "a**2", "1/b", "a/b", "log(b)", "a-b")
CONSTANTS = ("-a**2/b", "-log(a)", "-exp(b)", "-loggamma(a+b)", "-a*b")


@given(
    st.lists(st.sampled_from(TERMS), min_size=2, max_size=2, unique=True),
    st.lists(st.sampled_from(WEIGHTS), min_size=2, max_size=2, unique=True),
    st.sampled_from(CONSTANTS),
    AMOUNT,
    AMOUNT,
)
@settings(max_examples=25, deadline=None)
def test_the_mean_equations_are_the_score_solved(
    terms: list[str], weights: list[str], constant: str, a: sp.Rational, b: sp.Rational
) -> None:
    """Random exponential families: with the expected statistics put in, the score is zero."""
    text = "+".join(f"({w})*{t}" for w, t in zip(weights, terms, strict=True)) + constant
    model = typed(f"{text}-a-b", ["x>0"], ["a>0", "b>0"])
    gradient = [mean(model.log_density).diff(symbol) for symbol in model.symbols]
    solved = mean_equations(gradient, model.parameters)
    if solved is None:
        return
    at = dict(zip(model.symbols, (mpmath.mpf(str(a)), mpmath.mpf(str(b))), strict=True))
    for each in gradient:
        here = raw(separate(each)).xreplace(solved.expected)
        try:
            left = number(here, at)
        except ZeroDivisionError:
            reject()  # the two weights are proportional at this very point
        assert close(left, 0, 25)


def test_signs_inside_a_domain() -> None:
    """A covariance matrix is positive definite for |r| < 1, and not for any real r."""
    s, t = sp.symbols("s t", positive=True)
    r = sp.Symbol("r", real=True)
    matrix = sp.ImmutableMatrix([[s**2, r * s * t], [r * s * t, t**2]])
    positive = Domain("positive", sp.S.Zero, sp.oo)
    held = [Variable(s, positive), Variable(t, positive)]
    narrow = inside_coordinates([*held, Variable(r, Domain("(-1, 1)", -sp.S.One, sp.S.One))])
    wide = inside_coordinates([*held, Variable(r, Domain("real", -sp.oo, sp.oo))])
    assert narrow is not None and wide is not None
    assert is_positive_definite_inside(matrix, narrow)
    assert not is_positive_definite_inside(matrix, wide)
    assert not is_positive_definite_inside(-matrix, narrow)


@given(st.integers(0, 6), AMOUNT, AMOUNT)
@settings(max_examples=30, deadline=None)
def test_branches_are_split_without_a_change(x: int, r: sp.Rational, q: sp.Rational) -> None:
    """The split log-density has the value of the typed one."""
    model = typed("where(x>1, x*log(r)-r*(x+q), where(x>0, log(q)-r, q*x-r**2))", [f"x: {COUNT}"],
                  ["r>0", "q>0"])  # fmt: skip
    at = {model.data[0].symbol: mpmath.mpf(x)}
    at |= dict(zip(model.symbols, (mpmath.mpf(str(r)), mpmath.mpf(str(q))), strict=True))
    parted = split_branches(model.log_density)
    assert close(number(parted, at), number(model.log_density, at), 40)


@pytest.mark.parametrize(
    ("density", "data", "parameter", "condition"),
    [
        ("-log(s) - (x - m)/s - exp(-(x - m)/s)", "x", ["m", "s>0"], "var(x) > 0"),
        ("x*log(r) - log(exp(r) - 1) - loggamma(x + 1)", "x: positive integer", ["r>0"], None),
        ("x*log(p) - log(x) - log(-log(1 - p))", "x: positive integer", ["p in (0, 1)"], None),
    ],
    ids=["gumbel", "zero-truncated", "log-series"],
)
def test_bounds_of_exp_and_log_prove_a_strict_maximum(density, data, parameter, condition) -> None:
    """exp(r) > 1 + r and log(1 + t) > t/(1 + t) show -H > 0; and 1/s clears the Gumbel's slope."""
    found = estimate(derive(typed(density, [data], parameter)))
    assert found.maximum is Known.PROVED
    assert found.unique is True
    assert condition is None or str(found.exists) == condition


def test_no_sign_is_read_off_a_bound_that_does_not_give_it() -> None:
    """exp(r) - 1 - 2*r and log(1 + r) - r/2 change sign for r > 0; exp(r) - 1 - r does not."""
    r = sp.Symbol("r", positive=True)
    inside = {r: r}
    for entry in (sp.exp(r) - 1 - 2 * r, sp.log(1 + r) - r / 2, sp.exp(-r) - 1 + r / 2):
        assert not is_positive_definite_inside(sp.ImmutableMatrix([[entry]]), inside)
    for entry in (sp.exp(r) - 1 - r, sp.log(1 + r) - r / (1 + r), 1 - sp.exp(-r) * (1 + r)):
        assert is_positive_definite_inside(sp.ImmutableMatrix([[entry]]), inside)
