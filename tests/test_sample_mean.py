"""The algebra of the sample mean, against sums over rows at 60 digits.

Expressions, data and points are drawn by hypothesis; two data columns, one of them positive, and
parameters of either kind.  Every law is an identity, so agreement is asked for to 20 digits.
"""

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from symmle.domain import Datum
from symmle.model import build_model
from symmle.sample_mean import (
    OverData,
    SampleCovariance,
    SampleMean,
    cov,
    has_data,
    linear_in_means,
    masked,
    mean,
    nodes,
    on_support,
    passes,
    raw,
    recentred,
    separate,
    statistics,
    tidy,
    var,
)
from symmle.squares import central
from tests.by_rows import DIGITS, close, direct, slope, value

X = Datum("x", real=True)
Y = Datum("y", positive=True)
A = sp.Symbol("a", real=True)
B = sp.Symbol("b", positive=True)
SMALL = sp.Rational(1, 8)

leaves = st.sampled_from(
    [X, Y, A, B, sp.Integer(1), sp.Integer(2), sp.Integer(-3), sp.Rational(1, 2)]
)


def _grow(smaller: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    pair = st.tuples(smaller, smaller)
    return st.one_of(
        pair.map(lambda p: p[0] + p[1]),
        pair.map(lambda p: p[0] - p[1]),
        pair.map(lambda p: p[0] * p[1]),
        pair.map(lambda p: p[0] / (1 + p[1] ** 2)),
        smaller.map(lambda u: u**2),
        smaller.map(lambda u: u**3),
        smaller.map(lambda u: sp.exp(-SMALL * u**2)),
        smaller.map(lambda u: sp.log(1 + u**2)),
        smaller.map(lambda u: sp.sqrt(2 + sp.sin(u))),
        st.sampled_from([(Y / B) ** A, sp.log(Y / B), Y**A, sp.log(Y), ((X - A) / B) ** 2]),
    )


exprs = st.recursive(leaves, _grow, max_leaves=6)
rationals = st.fractions(min_value=-3, max_value=3, max_denominator=16).map(
    lambda q: mpmath.mpf(q.numerator) / q.denominator
)
positives = st.fractions(min_value="1/16", max_value=3, max_denominator=16).map(
    lambda q: mpmath.mpf(q.numerator) / q.denominator
)
samples = st.lists(st.tuples(rationals, positives), min_size=2, max_size=5).map(
    lambda rows: {X: [row[0] for row in rows], Y: [row[1] for row in rows]}
)
points = st.fixed_dictionaries({A: rationals, B: positives})


# --- what a mean is ---------------------------------------------------------------------------


@given(exprs, samples, points)
def test_a_mean_is_the_mean_over_the_rows(expr, columns, point) -> None:
    """mean(T) on data is (T_1 + ... + T_n)/n, whatever normal form it took."""
    assert close(value(mean(expr), columns, point), direct(expr, columns, point))


@pytest.mark.parametrize(
    "expr",
    [
        B * (A - X) ** 3 * sp.exp(-(X**2)),
        2 * (B - Y) / (1 + (X - A) ** 2),
        -(A - X - B * Y) * (1 + Y) ** A,
        (A - X) ** -1 * (2 - Y) ** 2 * sp.log(Y),
        sp.sqrt(A**2 + (X - Y) ** 2) * (A - Y),
    ],
)
def test_the_signs_of_sums_are_kept(expr) -> None:
    """A normal form that turns sums over (a - x to x - a) pays with the sign."""
    columns = {X: [mpmath.mpf("0.3"), mpmath.mpf("-1.7")], Y: [mpmath.mpf(1), mpmath.mpf("0.4")]}
    point = {A: mpmath.mpf("0.9"), B: mpmath.mpf("1.3")}
    assert close(value(mean(expr), columns, point), direct(expr, columns, point))


@pytest.mark.parametrize(
    ("expr", "by_numpy"),
    [
        (mean(X**2), lambda x: np.mean(x**2)),
        (mean((X - A) ** 2 / B), lambda x: np.mean((x - 0.25) ** 2 / 1.5)),
        (var(X), lambda x: np.var(x)),
        (cov(X, X**2), lambda x: np.cov(x, x**2, ddof=0)[0, 1]),
        (var(sp.exp(X)) + A * mean(X), lambda x: np.var(np.exp(x)) + 0.25 * np.mean(x)),
    ],
)
def test_numpy_agrees(expr, by_numpy) -> None:
    """NumPy's mean, variance (divisor n) and covariance of the same columns."""
    x = np.random.default_rng(7).normal(1.0, 2.0, 40)
    columns = {X: [mpmath.mpf(each) for each in x]}
    point = {A: mpmath.mpf("0.25"), B: mpmath.mpf("1.5")}
    assert close(value(expr, columns, point), by_numpy(x), 12)


@given(exprs, exprs, samples, points)
def test_linear(first, second, columns, point) -> None:
    """mean(a*S + 3*T + b) = a*mean(S) + 3*mean(T) + b: constants come out."""
    together = mean(A * first + 3 * second + B)
    apart = A * mean(first) + 3 * mean(second) + B
    assert close(value(together, columns, point), value(apart, columns, point))


@pytest.mark.parametrize("constant", [A, B, sp.Integer(7), A**2 * sp.exp(B), sp.pi])
def test_the_mean_of_a_constant_is_the_constant(constant) -> None:
    """mean(c) is c itself, cov(c, T) is zero, and a constant factor leaves every node."""
    assert mean(constant) == constant
    assert cov(constant, X) == 0
    assert mean(constant * X) == constant * mean(X)
    assert cov(constant * X, Y) == constant * cov(X, Y)


@given(exprs, samples, points)
def test_the_derivative_goes_inside(expr, columns, point) -> None:
    """d mean(T)/da is the difference quotient of the mean over the rows."""
    quotient = slope(lambda a: direct(expr, columns, {**point, A: a}), [point[A]], 0)
    assert close(value(mean(expr).diff(A), columns, point), quotient, 15)


@given(exprs, samples, points)
def test_the_derivative_of_a_covariance(expr, columns, point) -> None:
    """d cov(T, y)/da by the same road."""
    node = cov(expr, Y)
    quotient = slope(lambda a: value(node, columns, {**point, A: a}), [point[A]], 0)
    assert close(value(node.diff(A), columns, point), quotient, 15)


@given(exprs, exprs, samples, points)
def test_a_covariance_by_rows(first, second, columns, point) -> None:
    """cov(S, T) = mean(S*T) - mean(S)*mean(T), symmetric, and var(T) = cov(T, T)."""
    here = value(cov(first, second), columns, point)
    product = direct(first * second, columns, point)
    with mpmath.workdps(DIGITS):
        apart = direct(first, columns, point) * direct(second, columns, point)
        assert close(here, product - apart)
    assert cov(first, second) == cov(second, first)
    assert var(first) == cov(first, first)
    assert close(value(raw(cov(first, second)), columns, point), here)


# --- the rewriting functions equal their input -------------------------------------------------


@pytest.mark.parametrize("rewrite", [central, separate, recentred, tidy, raw])
@given(expr=exprs, other=exprs, columns=samples, point=points)
def test_rewriting_keeps_the_value(rewrite, expr, other, columns, point) -> None:
    """A rewriting of a polynomial in means is equal to what it rewrites, at every sample."""
    whole = A * mean(expr) + mean(other) ** 2 - mean(expr) * mean(other) / B + mean(expr * other)
    assert close(value(rewrite(whole), columns, point), value(whole, columns, point))


@given(exprs, samples, points)
def test_a_node_may_be_rebuilt(expr, columns, point) -> None:
    """SymPy rebuilds nodes from their arguments at will (xreplace): that keeps the value."""
    whole = central(mean(expr)) + separate(mean(expr))
    rebuilt = whole.replace(lambda e: isinstance(e, OverData), lambda e: e.func(*e.args))
    assert close(value(rebuilt, columns, point), value(whole, columns, point))


@given(exprs, samples, points)
def test_linear_in_means_adds_up(expr, columns, point) -> None:
    """The listed terms and what is left add up to the expression."""
    whole = mean(expr) * A + B + mean(X) * mean(Y)
    linear, rest = linear_in_means(whole)
    terms = (weight * SampleMean(inside, evaluate=False) for inside, weight in linear)
    total = sp.Add(rest, *terms)
    assert close(value(total, columns, point), value(whole, columns, point))


@given(exprs)
def test_masking_is_undone_by_its_own_answer(expr) -> None:
    """masked(e) holds no node, and putting the nodes back gives e."""
    whole = mean(expr) / (1 + mean(expr) ** 2) + var(X)
    letters, back = masked(whole)
    assert not letters.has(OverData)
    assert letters.xreplace(back) == whole


# --- the data are bound ------------------------------------------------------------------------


@given(exprs)
def test_the_data_are_bound(expr) -> None:
    """No data symbol is free in a mean; a parameter is, exactly if the mean depends on it."""
    node = mean(expr)
    assert not has_data(node)
    assert node.free_symbols <= expr.free_symbols - {X, Y}


@given(exprs)
def test_every_node_is_a_statistic_or_a_pass(expr) -> None:
    """Statistics are free of the parameters, passes are not, and there is no third kind."""
    whole = [mean(expr), A * mean(X) + var(Y)]
    stats, moving = statistics(whole, [A, B]), passes(whole, [A, B])
    assert not any(node.free_symbols & {A, B} for node in stats)
    assert all(node.free_symbols & {A, B} for node in moving)
    assert set(stats) | set(moving) == set(nodes(whole))


@given(exprs)
def test_n_is_never_a_number(expr) -> None:
    """No Sum, no Integral and no index appears, in a mean or its derivative."""
    for each in (mean(expr), mean(expr).diff(A)):
        assert not each.has(sp.Sum, sp.Integral, sp.Product, sp.Derivative, sp.Subs)


# --- printing ----------------------------------------------------------------------------------


@given(exprs, samples, points)
def test_sympy_reads_what_is_printed(expr, columns, point) -> None:
    """sympify(str(e)) is e again, given mean, var and cov (SymPy has a `var` of its own)."""
    whole = mean(expr) + var(X) * B - cov(X, sp.exp(-Y))
    names = {str(s): s for s in (X, Y, A, B)} | {"mean": mean, "var": var, "cov": cov}
    again = sp.sympify(str(whole), locals=names)
    assert close(value(again, columns, point), value(whole, columns, point))


def test_the_printed_names() -> None:
    """The names of the contract: mean(T), var(T), cov(A, B)."""
    assert str(mean(X**2)) == "mean(x**2)"
    assert str(var(sp.log(Y))) == "var(log(y))"
    assert str(SampleCovariance(X, Y)) in ("cov(x, y)", "cov(y, x)")


# --- the normal form ---------------------------------------------------------------------------


def test_a_pass_keeps_its_compact_form() -> None:
    """The Cauchy density is one pass, its square not multiplied out under the log."""
    inside = sp.log(1 + ((X - A) / B) ** 2)
    assert mean(inside) == SampleMean(inside, evaluate=False)
    slope = mean(inside.diff(A))
    assert len(passes([slope], [A, B])) == 1
    assert slope.count_ops() < 15


def test_statistics_come_out_of_an_exponential_family() -> None:
    """(x - a)**2/b and log(y/b)**2 leave nothing that depends on a parameter inside."""
    whole = mean((X - A) ** 2 / B + sp.log(Y / B) ** 2 + A * X * Y)
    assert passes([whole], [A, B]) == ()
    assert {str(node) for node in nodes([whole])} >= {"mean(x**2)", "mean(x)", "mean(log(y))"}


def test_variance_is_central() -> None:
    """mean(x**2) - mean(x)**2 and the normal's quadratic are written by var(x)."""
    assert central(mean((X - A) ** 2)) == var(X) + (mean(X) - A) ** 2
    quadratic = central(mean(-((X - A) ** 2) / (2 * B**2)))
    assert quadratic.has(var(X))
    assert not quadratic.has(mean(X**2))


def test_central_form_keeps_its_digits() -> None:
    """At mean 1e9 and spread 1, in doubles: var(x) is right where mean(x**2) - mean(x)**2 is 0."""
    x = 1e9 + np.array([-1.0, 0.0, 1.0])
    quadratic = central(mean((X - A) ** 2))
    letters = {mean(X): sp.Symbol("m"), var(X): sp.Symbol("v")}
    doubles = sp.lambdify([A, *letters.values()], quadratic.xreplace(letters), "numpy")
    assert doubles(1e9, np.mean(x), np.var(x)) == pytest.approx(2 / 3, rel=1e-12)
    assert abs(np.mean(x**2) - np.mean(x) ** 2 - 2 / 3) > 0.1


def test_recentred_removes_the_cancelling_difference() -> None:
    """mean(y)*mean(1/y) - 1 cancels; -cov(y, 1/y) does not."""
    assert recentred(mean(Y) * mean(1 / Y) - 1) == -cov(1 / Y, Y)


def test_several_columns_and_every_sign_settle() -> None:
    """Regression residuals: +-y +-a +-b*x reach one normal form, the same up to their sign."""
    model = build_model(
        "line", "-(y - a - b*x)**2", {"x": "real", "y": "real"}, {"a": "real", "b": "real"}
    )
    symbols = {s.name: s for s in model.log_density.free_symbols}
    residual = symbols["y"] - symbols["a"] - symbols["b"] * symbols["x"]
    assert mean(residual) == -mean(-residual)
    assert mean(1 / (1 + residual**2) * residual) == -mean(-residual / (1 + residual**2))


def test_means_that_enter_together_are_squared_together() -> None:
    """Two means with a product: the square is in mean(x) - a and mean(y) - b, and the a*a, a*b and
    b*b that are left cancel; equal to the plain mean at numbers by rows."""
    form = 2 * (X - A) ** 2 - 3 * (X - A) * (Y - B) + 5 * (Y - B) ** 2
    shown = central(mean(form / (A**2 + 1)))
    away = {mean(X): mean(X) + A, mean(Y): mean(Y) + B}
    assert shown.xreplace(away).expand().free_symbols <= {A}  # the same wherever a and b lie
    assert sp.expand(raw(shown) * (A**2 + 1) - raw(mean(form))) == 0
    assert not shown.has(mean(X * Y), mean(X**2))


@pytest.mark.parametrize(
    ("domain", "formula", "sign"),
    [
        ("unit", "x/(x - 1)", -1),
        ("unit", "log(x) + log(2 - x)", None),  # log(2 - x) alone is above zero
        ("unit", "log(x*(2 - x))", -1),
        ("unit", "x - 1/2", None),
        ("(2, oo)", "log(x) - log(x)**2", None),
        ("(2, oo)", "1/x - 1/2", -1),
        ("[2, oo)", "1/2 - 1/x", 0),  # nowhere negative, zero at its end
        ("(-oo, -3)", "x**2 - 9", 1),
        ("(-3, 2)", "(x + 3)*(2 - x)", 1),
        ("[-3, 2]", "(x + 3)*(2 - x)", None),  # not shown; it vanishes at both ends
        ("positive integer", "log(x)", 0),
        ("positive integer", "1/(x + 1) - 1/2", 0),
    ],
)
def test_signs_on_the_support(domain: str, formula: str, sign: int | None) -> None:
    """A sign that is shown is that of every row, at numbers too; a strict one leaves out the end.

    None: not shown, since there is none, or not seen; 0: of one sign or zero.
    """
    model = build_model("a", f"a*({formula})", {"x": domain}, {"a": "real"})
    variable = model.data[0]
    inside = model.log_density.coeff(model.symbols[0])
    shown = on_support(inside)
    strict = 1 if shown.is_positive else -1 if shown.is_negative else None
    weak = shown.is_nonnegative or shown.is_nonpositive
    assert (strict if strict else 0 if weak else None) == sign
    low, high = (
        float(sp.Max(sp.Min(end, 9), -9)) for end in (variable.domain.lower, variable.domain.upper)
    )
    rows = np.linspace(low, high, 101)[0 if variable.domain.lower_closed else 1 : -1]
    values = sp.lambdify(variable.symbol, inside, "numpy")(rows)
    if strict:
        assert np.all(np.sign(values) == strict)
    elif weak:
        assert np.all(values >= 0 if shown.is_nonnegative else values <= 0)
