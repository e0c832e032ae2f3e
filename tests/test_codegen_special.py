"""Special functions of generated modules at extreme arguments, against mpmath."""

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy as sp

from symmle.codegen import generate, load
from symmle.codegen.printer import Printer
from symmle.codegen.reference import reference, sample_columns, sample_points, working_digits
from symmle.codegen.runtime import functions as here
from symmle.codegen.stable import stable
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.model import Model, build_model

SIZES = (1e-300, 1e-8, 0.3, 0.49, 0.51, 0.7, 1.0, 5.0, 30.0, 700.0, 1e5, 1e8, 1.1e8, 1e150)


def _log_erfc(u: mpmath.mpf) -> mpmath.mpf:
    if u < 1e4:
        return mpmath.log(mpmath.erfc(u))
    return -u * u - mpmath.log(u * mpmath.sqrt(mpmath.pi)) + mpmath.log1p(-1 / (2 * u * u))


def _scaled(order: int) -> Callable[[mpmath.mpf], mpmath.mpf]:
    def value(z: mpmath.mpf) -> mpmath.mpf:
        if z < 1e5:
            return mpmath.besseli(order, z) * mpmath.exp(-z)
        m = 4 * order**2
        terms = 1 - (m - 1) / (8 * z) + (m - 1) * (m - 9) / (128 * z * z)
        return terms / mpmath.sqrt(2 * mpmath.pi * z)

    return value


ON_ONE: dict[str, tuple[Callable[[float], object], Callable[[mpmath.mpf], mpmath.mpf], float]] = {
    "log erfc": (here._log_erfc, _log_erfc, 1e-15),
    "log erfc(-u)": (lambda u: here._log_erfc(-u), lambda u: _log_erfc(-min(u, 20)), 1e-15),
    "besseli 2": (lambda z: here._ive(2, z), _scaled(2), 4e-15),
    "log1mexp": (
        lambda z: here._log1mexp(-z),
        lambda z: mpmath.log1p(-mpmath.exp(-z)),
        1e-15,
    ),
    "log sinh": (here._log_sinh, lambda z: z + mpmath.log(-mpmath.expm1(-2 * z) / 2), 1e-15),
    "log cosh": (
        here._log_cosh,
        lambda z: z + mpmath.log1p(mpmath.exp(-2 * z)) - mpmath.log(2),
        1e-15,
    ),
    "lambert 0": (lambda z: here._lambert_w(z, 0), mpmath.lambertw, 1e-15),
    "lambert -1": (
        lambda z: here._lambert_w(-min(z, 0.36), -1),
        lambda z: mpmath.re(mpmath.lambertw(-mpmath.mpf(min(float(z), 0.36)), -1)),
        4e-15,
    ),
}


@pytest.mark.parametrize("name", ON_ONE)
def test_functions_of_one_argument(name: str) -> None:
    """1e-300 to 1e150: a relative error of a few units in the last place."""
    function, true, tolerance = ON_ONE[name]
    with mpmath.workdps(700):
        for size in SIZES:
            found, expected = float(np.asarray(function(size))), true(mpmath.mpf(size))
            assert abs(found - expected) <= tolerance * abs(expected) + mpmath.mpf(10) ** -307, size


def test_lambert_w_is_nan_where_it_is_not_real() -> None:
    """Below -1/e on both branches, and for positive arguments on the lower one."""
    assert np.isnan(here._lambert_w([-0.4, -1.0], 0)).all()
    assert np.isnan(here._lambert_w([-0.4, 0.1], -1)).all()


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("shift", [0.3, 1.0, 2.0, 17.0, 1e5])
def test_zeta_and_its_derivatives(shift: float, order: int) -> None:
    """From just above the pole to where all but the first term vanish: 1e-15."""
    with mpmath.workdps(40):
        for s in (1 + 1e-8, 1.5, 2.0, 5.0, 14.0, 40.0, 99.0, 101.0, 300.0):
            true = mpmath.zeta(mpmath.mpf(s), mpmath.mpf(shift), order)
            if abs(true) > 1e-290:
                assert abs(here._zeta(order, s, shift) / true - 1) < 1e-15, s


def test_log_beta_and_differences_of_loggamma() -> None:
    """Arguments 1e-300 to 1e10 in all pairs: no digit goes where one dwarfs the other."""
    sizes = (1e-300, 1e-8, 0.5, 1.0, 9.99, 10.0, 700.0, 1e5, 1e10)
    with mpmath.workdps(400):
        for a in sizes:
            for b in sizes:
                logs = [mpmath.loggamma(v) for v in (mpmath.mpf(a), mpmath.mpf(b))]
                whole = mpmath.loggamma(mpmath.mpf(a) + mpmath.mpf(b))
                beta, rise = logs[0] + logs[1] - whole, whole - logs[0]
                assert abs(here._log_beta(a, b) - beta) <= 4e-15 * (1 + abs(beta)), (a, b)
                assert abs(here._loggamma_rise(a, b) - rise) <= 4e-15 * (1 + abs(rise)), (a, b)


A, B, X = sp.Symbol("a", positive=True), sp.Symbol("b", positive=True), sp.Symbol("x", real=True)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (sp.log(sp.erfc(X) / 2), "log_tail(x) - log(2)"),
        (sp.log(1 + sp.erf(X)), "log_tail(-x)"),
        (sp.log(2 - sp.erfc(X)), "log_tail(-x)"),
        (sp.exp(-(X**2)) / sp.erfc(X), "1/erfcx(x)"),
        (sp.exp(-2 * X**2) / (1 - sp.erf(X)) ** 2, "erfcx(x)**(-2)"),
        (sp.besseli(1, A) / sp.besseli(0, A), "ive(1, a)/ive(0, a)"),
        (
            (sp.besseli(0, A) + sp.besseli(2, A)) / sp.besseli(0, A),
            "(ive(0, a) + ive(2, a))/ive(0, a)",
        ),
        (sp.besselk(1, A) / sp.besselk(0, A), "kve(1, a)/kve(0, a)"),
        (sp.log(sp.zeta(A)), "log1p(zeta_slope(0, a, 2))"),
        (sp.zeta(A).diff(A, 2), "zeta_slope(2, a, 1)"),
        (sp.zeta(A + B).diff(A), "zeta_slope(1, a + b, 1)"),
        (sp.LambertW(X, -1), "lambert_w(x, -1)"),
        (sp.log(sp.cosh(X)), "log_cosh(x)"),
        (sp.log(sp.sinh(A)), "log_sinh(a)"),
        (sp.cosh(A) / sp.sinh(A), "1/tanh(a)"),
        (sp.log(1 - sp.exp(-A)), "log1mexp(-a)"),
        (sp.loggamma(A) + sp.loggamma(B) - sp.loggamma(A + B), "log_beta(a, b)"),
        (sp.loggamma(A + sp.S.Half) - sp.loggamma(A), "loggamma_rise(a, 1/2)"),
        (sp.exp(-X) / (1 + sp.exp(-X)), "expit(-x)"),
        (X * sp.exp(-2 * X) / (1 + sp.exp(-X)) ** 3, "x*expit(-x)**2*expit(x)"),
        (sp.log(sp.exp(A) - 1), "a + log1mexp(-a)"),
        (X * sp.exp(A) / (sp.exp(A) - 1) ** 2, "x*exp(-a)/expm1(-a)**2"),
        (1 / (sp.exp(A) - 1), "-exp(-a)/expm1(-a)"),
        (sp.exp(2 * A) / (sp.exp(A) - 1), "-exp(a)/expm1(-a)"),
    ],
)
def test_rules(expr: sp.Expr, text: str) -> None:
    """Each rule on the expression that it is for."""
    assert str(stable(expr, frozenset())) == text


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (sp.log(1 + A**B), "logaddexp(0, b*log(a))"),
        (A**B / (1 + A**B), "expit(b*log(a))"),
        (A ** (2 * B) / (1 + A**B) ** 2, "expit(b*log(a))**2"),
        (A**B / (1 + A**B) ** 3, "expit(-b*log(a))**2*expit(b*log(a))"),
    ],
)
def test_powers_of_a_column_do_not_overflow(expr: sp.Expr, text: str) -> None:
    """The same rules, where the power of a column stands for the exponential."""
    assert str(stable(expr, frozenset({A}))) == text


TYPED: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "skew normal": (
        "log(2) - log(s) - log(2*pi)/2 - (x-m)**2/(2*s**2) + log(erfc(-c*(x-m)/(s*sqrt(2)))/2)",
        {"x": "real"},
        {"m": "real", "s": "positive", "c": "real"},
    ),
    "rice": (
        "log(x) - 2*log(s) - (x**2+v**2)/(2*s**2) + log(besseli(0, x*v/s**2))",
        {"x": "positive"},
        {"v": "positive", "s": "positive"},
    ),
    "half logistic": (
        "log(2) - x/s - log(s) - 2*log(1+exp(-x/s))",
        {"x": "positive"},
        {"s": "positive"},
    ),
    "two normals": (
        "log(w*exp(-(x-a)**2/(2*s**2))/s + (1-w)*exp(-(x-b)**2/(2*s**2))/s) - log(2*pi)/2",
        {"x": "real"},
        {"w": "unit", "a": "real", "b": "real", "s": "positive"},
    ),
    "sech": (
        "-log(s) - log(pi) - log(cosh((x-m)/s))",
        {"x": "real"},
        {"m": "real", "s": "positive"},
    ),
}


@pytest.fixture(scope="module", params=TYPED)
def generated(request: pytest.FixtureRequest) -> tuple[Model, object]:
    """A density and its module."""
    model = build_model(request.param.replace(" ", "_"), *TYPED[request.param])
    derivation = derive(model)
    return model, load(generate(derivation, estimate(derivation)), f"special_{request.param}")


@pytest.mark.parametrize("factor", [1.0, 60.0])
def test_modules_near_and_far(generated: tuple[Model, object], factor: float) -> None:
    """Value, score and Hessian of the raw density at 70 digits, also tens of scales out."""
    model, module = generated
    theta = sample_points(model, 1)
    columns = [[factor * value for value in sample_columns(model, theta, 0)[0]]]
    with working_digits():
        target = reference(model, columns)
        point = [mpmath.mpf(value) for value in theta]
        value, slope, bend = target.value(*point), target.gradient(point), target.hessian(point)
        data = module.statistics(*columns)
        for found, true in (
            (module.average_log_likelihood(data, *theta), value),
            (module.score(data, *theta), slope),
            (module.hessian(data, *theta), bend),
        ):
            wanted = np.array(true, dtype=float)
            size = 1 + float(np.max(np.abs(wanted)))
            assert np.allclose(found, wanted, rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize(
    "expr",
    [
        (2 + X * sp.exp(X)) * sp.exp(-X) / (A * sp.exp(2 * X) + B * sp.exp(-X)),
        (sp.exp(X) - A * sp.exp(-X)) ** 2 / (sp.exp(X) + A * sp.exp(-X) + B) ** 2,
        sp.exp(X) * (1 - sp.exp(X) / (B + A * sp.exp(X))) / (B + A * sp.exp(X)),
        sp.log(A * sp.exp(X**2) + B * sp.exp(-X)) * X,
        (1 - A * X * sp.exp(2 * X)) / (B + A * sp.exp(2 * X)) ** 2,
        1 / (1 - 2 * sp.exp(X) + A * sp.exp(3 * X)),
    ],
)
def test_sums_of_exponentials_on_a_column(expr: sp.Expr) -> None:
    """The relative form is the expression itself, at every row; 40 digits."""
    rows = frozenset([X])
    text = Printer(rows).text(stable(expr, rows))
    column = np.array([-3.0, -0.25, 0.5, 4.0])
    found = eval(text, {"np": np, "x": column, "a": 0.75, "b": 1.5, "math": math})
    for value, x in zip(np.broadcast_to(found, column.shape), column, strict=True):
        numbers = {X: sp.Float(x, 40), A: sp.Rational(3, 4), B: sp.Rational(3, 2)}
        assert abs(value / float(expr.xreplace(numbers).evalf(40)) - 1) < 1e-13
