"""Concavity read off a form: weighted Gram matrices, gammas of sums, positive determinants."""

import math
import random

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import optimize, stats

from symmle.derive import derive
from symmle.derive.signs import inside_coordinates, positive_where_defined
from symmle.domain import Datum, Domain, Variable
from symmle.estimate import Estimator, estimate
from symmle.estimate.gamma_sums import maximum_of_gamma_sums
from symmle.estimate.gram import curvature_where_flat, gram
from symmle.families import family_model
from symmle.known import Known
from symmle.model import Model
from symmle.sample_mean import mean
from tests.by_rows import typed

COUNT = "y: nonnegative integer"
PROBIT = "y*log(Phi(a + b*x)) + (1 - y)*log(Phi(-a - b*x))"
LINEAR = {
    "logistic": ("y*(a+b*x)-log(1+exp(a+b*x))", ["x", COUNT], ["a", "b"], "(1, x)"),
    "log link": ("y*(a+b*x)-exp(a+b*x)-loggamma(y+1)", ["x", COUNT], ["a", "b"], "(1, x)"),
    "two slopes": ("y*(b*x+c*z)-exp(b*x+c*z)", ["x", "z", COUNT], ["b", "c"], "(x, z)"),
    "probit": (PROBIT, ["x", "y: {0, 1}"], ["a", "b"], "(1, x)"),
    "probit through the origin": (
        "log(1 - erf(b*x))",
        ["x"],
        ["b"],
        "(x)",
    ),
    "waiting times": ("-a-b*x-y*exp(-a-b*x)", ["x", "y>0"], ["a", "b"], "(1, x)"),
}
NOT_GRAM = {
    "a share above one": (PROBIT, ["x", "y: {0, 1, 2}"], ["a", "b"]),
    "a tail that is no logarithm": ("-Phi(a + b*x)", ["x"], ["a", "b"]),
    "a sum of tails": ("log(1 + Phi(a + b*x))", ["x"], ["a", "b"]),
    "the weight may be of either sign": ("-y*exp(a+b*x)", ["x", "y"], ["a", "b"]),
    "two predictors": ("y*(a+b*x)-exp(a)-cos(b*x)", ["x", COUNT], ["a", "b"]),
    "not linear": ("-(y-a*exp(b*x))**2", ["x", "y"], ["a", "b"]),
    "rises instead": ("exp(a+b*x)-y*(a+b*x)", ["x", COUNT], ["a", "b"]),
    "a product": ("-(y-a*b*x)**2", ["x", "y"], ["a", "b"]),
}


def _found(model: Model) -> Estimator:
    return estimate(derive(model))


@pytest.mark.parametrize("name", LINEAR)
def test_a_regression_is_concave(name: str) -> None:
    """The columns are named; in every direction but one along which they vanish the mean falls."""
    density, data, parameters, columns = LINEAR[name]
    found = _found(typed(density, data, parameters))
    assert (found.unique, found.maximum) == (True, Known.PROVED)
    assert f"z = {columns}" in found.road


@pytest.mark.parametrize("name", NOT_GRAM)
def test_what_is_no_gram_matrix(name: str) -> None:
    """Nothing is claimed of second derivatives of another form."""
    density, data, parameters = NOT_GRAM[name]
    model = typed(density, data, parameters)
    assert gram(model, model.symbols) is None
    assert _found(model).maximum is not Known.PROVED


def test_the_columns_solve_for_the_second_derivatives() -> None:
    """At random rows: the Hessian of a logistic row is -w*z*z' with z as named."""
    density, data, parameters, _ = LINEAR["logistic"]
    model = typed(density, data, parameters)
    found = gram(model, model.symbols)
    assert found is not None
    z = sp.Matrix(found.columns)
    rows = sp.hessian(model.log_density, list(model.symbols))
    draw = random.Random(3)
    for _ in range(5):
        at = {s: draw.uniform(-3, 3) for s in (*model.symbols, *model.log_density.free_symbols)}
        h, column = (np.array(m.subs(at).evalf(), dtype=float) for m in (rows, z))
        weight = -h[0, 0] / column[0, 0] ** 2
        assert weight > 0
        assert h == pytest.approx(-weight * column @ column.T)


def test_least_squares_with_two_covariates() -> None:
    """The variance of the residuals beside three coefficients: a strict maximum, proved."""
    model = typed("-(y-a-b*x-c*z)**2/(2*s**2)-log(s)", ["x", "y", "z"], ["a", "b", "c", "s>0"])
    found = _found(model)
    assert (found.unique, found.maximum) == (True, Known.PROVED)
    s = model.symbols[3]
    assert curvature_where_flat(model.log_density, s) == -2 / s**2


def test_a_positive_determinant() -> None:
    """Two normals with a covariance: one maximum, though no domain says s11*s22 > s12**2."""
    model = family_model("multivariate_normal")
    found = _found(model)
    assert (found.unique, found.maximum) == (True, Known.PROVED)
    positive = positive_where_defined(model.log_density)
    inside = inside_coordinates(model.parameters, positive)
    assert inside is not None
    (size,) = (each.xreplace(inside) for each in positive)
    assert sp.expand(size).is_positive


@pytest.mark.parametrize(
    ("density", "data", "parameters"),
    [
        ("(y-a-b*x)**2/(2*s**2)+log(s)", ["x", "y"], ["a", "b", "s>0"]),
        (
            "loggamma(a)+loggamma(b)-loggamma(a+b)-a*log(x)-b*log(1-x)",
            ["x in (0, 1)"],
            ["a>0", "b>0"],
        ),
    ],
)
def test_minus_a_likelihood_has_no_maximum(density, data, parameters) -> None:
    """A forgotten minus: what was a maximum is a minimum, and is not called one."""
    assert _found(typed(density, data, parameters)).maximum is Known.UNKNOWN


def test_the_reciprocal_of_trigamma_is_superadditive() -> None:
    """The inequality that the proof rests on, at random points and far out."""
    draw = random.Random(1)
    for _ in range(200):
        a, b = (math.exp(draw.uniform(-8, 8)) for _ in range(2))
        assert 1 / mpmath.psi(1, a + b) > 1 / mpmath.psi(1, a) + 1 / mpmath.psi(1, b)


@pytest.mark.parametrize(
    ("name", "condition"),
    [("beta", "var(x) > 0"), ("beta_prime", "var(x) > 0"), ("dirichlet", "var(x1) + var(x2) > 0")],
)
def test_shares_have_a_maximum_unless_all_are_equal(name: str, condition: str) -> None:
    """Strictly concave, proved, with the condition for a maximum."""
    found = _found(family_model(name))
    assert (found.unique, found.maximum, str(found.exists)) == (True, Known.PROVED, condition)


def test_beta_data_of_either_kind() -> None:
    """SciPy's density: equal data make it rise without end; else five climbs end at one point."""
    equal = np.full(4, 0.3)
    heights = [stats.beta.logpdf(equal, 0.3 * t, 0.7 * t).mean() for t in (1, 10, 1e3, 1e6)]
    assert heights == sorted(heights)
    x = np.array([0.3, 0.31, 0.29, 0.305])
    ends = [
        optimize.minimize(
            lambda t: -stats.beta.logpdf(x, *np.exp(t)).mean(),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 9000, "maxfev": 9000},
        ).x
        for start in ([0, 0], [6, 6], [-2, 3], [3, -2], [8, 2])
    ]
    assert np.ptp(ends, axis=0) == pytest.approx([0, 0], abs=1e-4)


A, B = (Variable(sp.Symbol(n, positive=True), Domain("positive", sp.S.Zero, sp.oo)) for n in "ab")


def test_gammas_of_sums_and_what_only_looks_like_them() -> None:
    """The form is matched exactly; where the shares do not add up to one, the sum is compared."""
    x, y = Datum("x", positive=True), Datum("y", positive=True)
    a, b = A.symbol, B.symbol
    gammas = sp.loggamma(a + b) - sp.loggamma(a) - sp.loggamma(b)
    plain = a * mean(sp.log(x)) + b * mean(sp.log(y)) + gammas
    condition = maximum_of_gamma_sums(plain, [A, B])
    assert str(condition) == "-exp(mean(log(x))) - exp(mean(log(y))) + 1 > 0"
    for other in (plain + a * b, plain + gammas, plain - sp.loggamma(a), plain + mean(x**a)):
        assert maximum_of_gamma_sums(other, [A, B]) is None
    real = Variable(sp.Symbol("a", positive=True), Domain("(1, oo)", sp.S.One, sp.oo))
    assert maximum_of_gamma_sums(plain, [real, B]) is None
    squares = a * mean(sp.log(x**2)) + b * mean(sp.log(1 - x**2)) + gammas
    assert str(maximum_of_gamma_sums(squares, [A, B])) == "var(x) > 0"
