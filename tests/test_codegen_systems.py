"""`fit` of generated modules for systems: the maximum where there is one, and a refusal else."""

from collections.abc import Callable
from functools import cache
from types import ModuleType

import mpmath
import numpy as np
import pytest
import scipy.stats

from symmle.codegen import generate, load
from symmle.codegen.invariance import invariance
from symmle.codegen.reference import reference, sample_columns, sample_points, working_digits
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.model import Model, build_model

REAL, POSITIVE = {"x": "real"}, {"x": "positive"}
Sampler = Callable[[np.random.Generator, int], list[np.ndarray]]


def _regression(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    x, z = rng.normal(size=n), rng.normal(size=n)
    return [(rng.random(n) < 1 / (1 + np.exp(-0.5 - x + z))).astype(float), x, z]


def _two(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    return [np.where(rng.random(n) < 0.4, rng.normal(-2, 1, n), rng.normal(2, 0.8, n))]


# density, data, parameters, a sample
CASES: dict[str, tuple[str, dict[str, str], dict[str, str], Sampler]] = {
    "student t": (
        "loggamma((df+1)/2) - loggamma(df/2) - log(df*pi)/2 - log(s)"
        " - (df+1)/2*log1p(((x-m)/s)**2/df)",
        REAL,
        {"m": "real", "s": "positive", "df": "positive"},
        lambda rng, n: [3 + 2 * rng.standard_t(4, n)],
    ),
    "skew normal": (
        "log(2) - log(s) - log(2*pi)/2 - (x-m)**2/(2*s**2) + log(erfc(-c*(x-m)/(s*sqrt(2)))/2)",
        REAL,
        {"m": "real", "s": "positive", "c": "real"},
        lambda rng, n: [scipy.stats.skewnorm.rvs(3, 1, 2, size=n, random_state=rng)],
    ),
    "generalised gamma": (
        "log(p) - d*log(a) + (d-1)*log(x) - (x/a)**p - loggamma(d/p)",
        POSITIVE,
        {"a": "positive", "d": "positive", "p": "positive"},
        lambda rng, n: [2 * rng.gamma(2, size=n) ** (1 / 1.5)],
    ),
    "burr": (
        "log(c) + log(k) + (c-1)*log(x/s) - log(s) - (k+1)*log1p((x/s)**c)",
        POSITIVE,
        {"c": "positive", "k": "positive", "s": "positive"},
        lambda rng, n: [scipy.stats.burr12.rvs(2, 3, scale=2, size=n, random_state=rng)],
    ),
    "rice": (
        "log(x) - 2*log(s) - (x**2+v**2)/(2*s**2) + log(besseli(0, x*v/s**2))",
        POSITIVE,
        {"v": "positive", "s": "positive"},
        lambda rng, n: [scipy.stats.rice.rvs(2, scale=1.5, size=n, random_state=rng)],
    ),
    "dirichlet": (
        "loggamma(a+b+c) - loggamma(a) - loggamma(b) - loggamma(c)"
        " + (a-1)*log(x) + (b-1)*log(y) + (c-1)*log(z)",
        {"x": "positive", "y": "positive", "z": "positive"},
        {"a": "positive", "b": "positive", "c": "positive"},
        lambda rng, n: list(rng.dirichlet([2, 3, 4], n).T),
    ),
    "two normals": (
        "log(w*exp(-(x-a)**2/(2*s**2))/s + (1-w)*exp(-(x-b)**2/(2*t**2))/t) - log(2*pi)/2",
        REAL,
        {"w": "unit", "a": "real", "s": "positive", "b": "real", "t": "positive"},
        _two,
    ),
    "logistic regression": (
        "y*(a+b*x+c*z) - log(1 + exp(a+b*x+c*z))",
        {"y": "integer in [0, 1]", "x": "real", "z": "real"},
        {"a": "real", "b": "real", "c": "real"},
        _regression,
    ),
    "logistic": (
        "-(x-m)/s - log(s) - 2*log(1 + exp(-(x-m)/s))",
        REAL,
        {"m": "real", "s": "positive"},
        lambda rng, n: [rng.logistic(3, 2, n)],
    ),
}


@cache
def made(name: str) -> tuple[Model, ModuleType]:
    model = build_model(name.replace(" ", "_"), *CASES[name][:3])
    derivation = derive(model)
    return model, load(generate(derivation, estimate(derivation)), f"system_{name}")


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", CASES)
def test_the_maximum_is_found(name: str, seed: int) -> None:
    """On 200 simulated rows: the score vanishes at 70 digits, and no point nearby is likelier."""
    model, module = made(name)
    rng = np.random.default_rng(seed)
    columns = CASES[name][3](rng, 200)
    found = np.array(module.fit(*columns))
    with working_digits():
        target = reference(model, [column.tolist() for column in columns])
        point = [mpmath.mpf(value) for value in found]
        slope = [float(value) for value in target.gradient(point)]
    data = module.statistics(*columns)
    bend = module.hessian(data, *found)
    assert np.max(np.abs(slope) / np.sqrt(-np.diag(bend))) < 1e-10
    best = module.average_log_likelihood(data, *found)
    for scale in (1e-3, 1e-2, 0.1):
        for step in rng.normal(size=(20, len(found))) * scale / np.sqrt(-np.diag(bend)):
            near = found + step
            if all(low < v < high for v, (low, high) in zip(near, module._DOMAIN, strict=True)):
                assert module.average_log_likelihood(data, *near) < best


def test_light_tails_give_a_student_t_no_degrees_of_freedom() -> None:
    """Quantiles of a uniform: the likelihood rises up to df = oo, where rounding looks like a
    maximum."""
    module = made("student t")[1]
    with pytest.raises(ValueError, match="no maximum"):
        module.fit(np.linspace(-1, 1, 41))


def test_data_that_a_line_separates_have_no_logistic_regression() -> None:
    """The coefficients of separated data run to infinity."""
    x = np.linspace(-2, 2, 30)
    with pytest.raises(ValueError, match="no maximum"):
        made("logistic regression")[1].fit((x > 0.1).astype(float), x, np.cos(x))


@pytest.mark.parametrize("name", ["student t", "skew normal", "two normals", "logistic"])
def test_an_offset_and_a_unit_cost_no_digit(name: str) -> None:
    """Data plus 2**27, and times 1e6 or 1e-150: the estimates move as theory says, to 1e-12."""
    model, module = made(name)
    moves = invariance(model)
    assert moves.scale is not None
    assert moves.shift is not None
    x = CASES[name][3](np.random.default_rng(3), 100)[0]
    x = (x + 2.0**27) - 2.0**27  # so that the shifted data are the same ones exactly
    plain = np.array(module.fit(x))
    far = np.array(module.fit(x + 2.0**27)) - 2.0**27 * np.array(moves.shift)
    assert np.allclose(far, plain, rtol=1e-12, atol=1e-12 * 2.0**27 * max(moves.shift))
    held = [i for i, moved in enumerate(moves.shift) if not moved]
    assert np.allclose(far[held], plain[held], rtol=1e-12, atol=0)
    for factor in (1e6, 1e-150):
        found = np.array(module.fit(x * factor))
        wanted = plain * factor ** np.array(moves.scale, dtype=float)
        assert np.allclose(found, wanted, rtol=1e-12, atol=0)


def test_a_value_that_is_rounded_does_not_stop_the_climb_early() -> None:
    """Beta-binomial counts: sums of loggamma round to 1e-14, the estimate is good to 1e-14 too."""
    model = build_model(
        "beta_binomial",
        "loggamma(11) - loggamma(x+1) - loggamma(11-x) + loggamma(x+a) + loggamma(10-x+b)"
        " - loggamma(10+a+b) + loggamma(a+b) - loggamma(a) - loggamma(b)",
        {"x": "integer in [0, 10]"},
        {"a": "positive", "b": "positive"},
    )
    derivation = derive(model)
    module = load(generate(derivation, estimate(derivation)), "system_counts")
    x = [0.0, 1.0, 4.0, 2.0, 9.0, 3.0]
    found = module.fit(x)
    with working_digits():
        root = reference(model, [x]).root(found)
    assert root is not None
    assert all(abs(a / b - 1) < 1e-14 for a, b in zip(found, root, strict=True))


@pytest.mark.parametrize(
    ("density", "data", "parameters", "moves"),
    [
        ("-log(s) - log1p(((x+m)/s)**2)", "x", "m s", [[-1, 0]]),
        (
            "-log(s) - log1p(((x-a)/s)**2) - log1p(((y-b)/s)**2)",
            "x y",
            "a b s",
            [[1, 0, 0], [0, 1, 0]],
        ),
    ],
)
def test_offsets_of_columns_come_back_with_their_sign(
    density: str, data: str, parameters: str, moves: list[list[int]]
) -> None:
    """Shift each column by a power of two: the parameters follow it, or flee it, exactly."""
    domains = {name: "positive" if name == "s" else "real" for name in parameters.split()}
    derivation = derive(build_model("far", density, dict.fromkeys(data.split(), "real"), domains))
    module = load(generate(derivation, estimate(derivation)), "system_far")
    rng = np.random.default_rng(5)
    columns = [(rng.standard_cauchy(60) + 2.0**27) - 2.0**27 for _ in moves]
    plain = np.array(module.fit(*columns))
    offsets = 2.0 ** (20 + np.arange(len(moves)))
    found = np.array(module.fit(*(c + off for c, off in zip(columns, offsets, strict=True))))
    assert np.allclose(found - offsets @ np.array(moves), plain, rtol=0, atol=1e-9)
    assert np.isclose(found[-1], plain[-1], rtol=1e-12)


def test_sample_rows_stay_inside_a_support_that_columns_bound_for_each_other() -> None:
    """The rows that written tests use: on a simplex, every one has shares that leave some over."""
    model = build_model(
        "shares",
        "loggamma(a+b+c) - loggamma(a) - loggamma(b) - loggamma(c)"
        " + (a-1)*log(x) + (b-1)*log(y) + (c-1)*log(1-x-y)",
        {"x": "unit", "y": "(0, 1 - x)"},
        {"a": "positive", "b": "positive", "c": "positive"},
    )
    for which in (0, 1, 2):
        x, y = sample_columns(model, sample_points(model, which), which)
        assert all(0 < a < 1 and 0 < b < 1 - a for a, b in zip(x, y, strict=True))
