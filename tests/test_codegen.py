"""Numbers of generated modules, by roads that do not use their formulas."""

import math
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

import mpmath
import numpy as np
import pytest
import scipy.stats
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from symmle.codegen import generate, load
from symmle.codegen.reference import reference, sample_columns, sample_points, working_digits
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.families import FAMILIES, family_model
from symmle.model import Model, build_model
from symmle.parsing import parse
from tests.by_rows import WORKED

REAL, POSITIVE = {"x": "real"}, {"x": "positive"}
LOCATION_SCALE = {"m": "real", "s": "positive"}

# Densities that people type: passes, exponentials, choices, several columns, names like ours.
TYPED: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "logistic": ("-(x-m)/s - log(s) - 2*log(1 + exp(-(x-m)/s))", REAL, LOCATION_SCALE),
    "gumbel": ("-(x-m)/s - exp(-(x-m)/s) - log(s)", REAL, LOCATION_SCALE),
    "student_t": (
        "loggamma((df+1)/2) - loggamma(df/2) - log(df*pi)/2 - log(s)"
        " - (df+1)/2*log1p(((x-m)/s)**2/df)",
        REAL,
        {**LOCATION_SCALE, "df": "positive"},
    ),
    "frechet": (
        "log(k/s) - (k+1)*log(x/s) - (x/s)**(-k)",
        POSITIVE,
        {"k": "positive", "s": "positive"},
    ),
    "von_mises": (
        "kappa*cos(x-m) - log(2*pi) - log(besseli(0, kappa))",
        REAL,
        {"m": "(-pi, pi)", "kappa": "positive"},
    ),
    "zero_inflated": (
        "where(x > 0, log(1-p) - r + x*log(r) - loggamma(x+1), log(p + (1-p)*exp(-r)))",
        {"x": "nonnegative integer"},
        {"r": "positive", "p": "unit"},
    ),
    "line": (
        "-(y-a-b*x)**2/(2*s**2) - log(s) - log(2*pi)/2",
        {"y": "real", "x": "real"},
        {"a": "real", "b": "real", "s": "positive"},
    ),
    "logit": (
        "y*(a+b*x) - log(1 + exp(a+b*x))",
        {"y": "integer in [0, 1]", "x": "real"},
        {"a": "real", "b": "real"},
    ),
    "ours": (
        "-log(n) - (step-data)**2/(2*n**2)",
        {"step": "real"},
        {"data": "real", "n": "positive"},
    ),
    "modules": (
        "-log(np) - (float-math)**2/(2*np**2)",
        {"float": "real"},
        {"math": "real", "np": "positive"},
    ),
    "functions": (
        "score*log(special) - loggamma(score) + (score-1)*log(weights) - special*weights",
        {"weights": "positive"},
        {"score": "positive", "special": "positive"},
    ),
    "locals": (
        "-log(fit) - log1p(((start-t1)/fit)**2)",
        {"start": "real"},
        {"t1": "real", "fit": "positive"},
    ),
}


def the_model(name: str) -> Model:
    if name in FAMILIES:
        return family_model(name)
    return build_model(name, *TYPED[name])


@cache
def the_module(name: str) -> ModuleType:
    model = the_model(name)
    derivation = derive(model)
    return load(generate(derivation, estimate(derivation)), f"generated_{name}")


def close(values: object, expected: object, tolerance: float = 1e-12) -> bool:
    """Equal shapes, and equal to `tolerance` of 1 + the size of the largest."""
    found, wanted = np.asarray(values, dtype=float), np.array(expected, dtype=float)
    size = 1 + float(np.max(np.abs(wanted)))
    return found.shape == wanted.shape and bool(np.max(np.abs(found - wanted)) <= tolerance * size)


def exact(
    name: str, columns: Sequence[Sequence[float]], theta: Sequence[float]
) -> tuple[float, list[float], list[list[float]]]:
    """Value, gradient and Hessian of the plain average, by differences at 70 digits."""
    with working_digits():
        target = reference(the_model(name), columns)
        point = [mpmath.mpf(value) for value in theta]
        return (
            float(target.value(*point)),
            [float(each) for each in target.gradient(point)],
            [[float(each) for each in row] for row in target.hessian(point)],
        )


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("name", [*WORKED, *TYPED])
def test_value_score_and_hessian_are_those_of_the_raw_density(name: str, which: int) -> None:
    """Differences of the log-density at 70 digits, at three points on three data sets."""
    model, module = the_model(name), the_module(name)
    theta = sample_points(model, which)
    columns = sample_columns(model, theta, which)
    value, slope, bend = exact(name, columns, theta)
    data = module.statistics(*columns)
    assert close(module.average_log_likelihood(data, *theta), value)
    assert close(module.score(data, *theta), slope)
    assert close(module.hessian(data, *theta), bend)
    raw = columns[0] if len(columns) == 1 else columns
    assert close(module.score(raw, *theta), slope)


SAMPLES = {
    "normal": lambda rng: rng.normal(3, 2, 60),
    "lognormal": lambda rng: rng.lognormal(1, 0.5, 60),
    "exponential": lambda rng: rng.exponential(2, 60),
    "gamma": lambda rng: rng.gamma(4, 2, 60),
    "weibull": lambda rng: 5 * rng.weibull(2, 60),
    "inverse_gaussian": lambda rng: rng.wald(2, 3, 60),
    "beta": lambda rng: rng.beta(2, 3, 60),
    "cauchy": lambda rng: 3 + 2 * rng.standard_cauchy(60),
    "rayleigh": lambda rng: rng.rayleigh(2, 60),
    "poisson": lambda rng: rng.poisson(3, 60),
    "bernoulli": lambda rng: rng.integers(0, 2, 60),
    "geometric": lambda rng: rng.geometric(0.3, 60) - 1,
    "negative_binomial": lambda rng: rng.negative_binomial(3, 0.4, 60),
    "logistic": lambda rng: rng.logistic(2, 3, 60),
    "gumbel": lambda rng: rng.gumbel(2, 3, 60),
    "student_t": lambda rng: 2 + 3 * rng.standard_t(3, 60),
    "frechet": lambda rng: 1 / rng.weibull(3, 60),
    "von_mises": lambda rng: rng.vonmises(0.5, 2, 60),
    "zero_inflated": lambda rng: rng.poisson(3, 60) * rng.integers(0, 2, 60),
    "ours": lambda rng: rng.normal(3, 2, 60),
    "modules": lambda rng: rng.normal(3, 2, 60),
    "functions": lambda rng: rng.gamma(4, 2, 60),
    "locals": lambda rng: rng.standard_cauchy(60),
}


def drawn(name: str, seed: int = 0) -> np.ndarray:
    return np.asarray(SAMPLES[name](np.random.default_rng(seed)), dtype=float)


@pytest.mark.parametrize("name", SAMPLES)
def test_fit_is_the_root_at_50_digits(name: str) -> None:
    """Newton's method on differences of the raw density moves the estimate by nothing."""
    x = drawn(name)
    found = the_module(name).fit(x)
    with working_digits():
        root = reference(the_model(name), [x]).root(found)
    assert root is not None
    for value, true in zip(found, root, strict=True):
        assert abs(value - true) <= 1e-13 * (1 + abs(true))


def test_near_constant_data_keep_their_digits() -> None:
    """Relative spread 1e-6: log(mean) - mean(log) would have four digits left, the root none."""
    x = 5 * (1 + 1e-6 * np.random.default_rng(3).normal(size=20))
    for name, tolerance in (("gamma", 1e-14), ("weibull", 1e-14), ("normal", 1e-15)):
        found = the_module(name).fit(x)
        with working_digits():
            root = reference(family_model(name), [x]).root(found)
        assert root is not None
        assert all(abs(a / b - 1) < tolerance for a, b in zip(found, root, strict=True)), name


def test_a_negative_binomial_close_to_poisson_keeps_its_digits() -> None:
    """digamma(x + size) - digamma(size) is summed, not subtracted, so a large size is found."""
    x = [43] * 13 + [57] * 13 + [42, 42, 58, 58]  # mean 50, variance 51
    found = the_module("negative_binomial").fit(x)
    with working_digits():
        root = reference(family_model("negative_binomial"), [x]).root(found)
    assert root is not None
    assert root[0] > 2000
    assert abs(found.size / root[0] - 1) < 1e-9


@pytest.mark.parametrize("factor", [1e6, 1e150, 1e-150])
@pytest.mark.parametrize(
    "name",
    [
        "normal",
        "exponential",
        "gamma",
        "weibull",
        "inverse_gaussian",
        "cauchy",
        "rayleigh",
        "logistic",
        "gumbel",
        "student_t",
        "frechet",
    ],
)
def test_the_unit_of_the_data_does_not_matter(name: str, factor: float) -> None:
    """Data times c: each estimate times a power of c, and finite score and Hessian there."""
    x, module = drawn(name), the_module(name)
    one, other = np.array(module.fit(x)), np.array(module.fit(x * factor))
    powers = np.round(np.log(other / one) / math.log(factor))
    assert np.allclose(other / one / factor**powers, 1, rtol=1e-12)
    slope, bend = module.score(x * factor, *other), module.hessian(x * factor, *other)
    assert np.allclose(np.array(slope) * other, 0, atol=1e-11)
    assert np.allclose(bend * np.outer(other, other), module.hessian(x, *one) * np.outer(one, one))


@pytest.mark.parametrize("name", SAMPLES)
def test_weights_are_repeated_rows(name: str) -> None:
    """A row of weight 2 is two rows, a row of weight 0 is none; everywhere."""
    x, module = drawn(name, 1), the_module(name)
    weights = np.random.default_rng(2).integers(0, 3, len(x))
    rows = np.repeat(x, weights)
    assert np.allclose(module.fit(x, weights=weights), module.fit(rows), rtol=1e-11)
    theta = sample_points(the_model(name), 1)
    weighted = module.statistics(x, weights=weights)
    assert weighted.n == len(rows)
    assert np.allclose(module.score(weighted, *theta), module.score(rows, *theta), rtol=1e-12)
    assert np.allclose(module.hessian(weighted, *theta), module.hessian(rows, *theta), rtol=1e-12)


@pytest.mark.parametrize("name", WORKED)
def test_log_likelihood_is_that_of_scipy(name: str) -> None:
    """scipy.stats' own log-density, in its own parametrisation."""
    model, module = family_model(name), the_module(name)
    theta = sample_points(model, 1)
    there, arguments = FAMILIES[name].scipy
    values = {s: sp.Float(v, 20) for s, v in zip(model.symbols, theta, strict=True)}
    scope = {parameter.name: parameter.symbol for parameter in model.parameters}
    given_there = {
        key: float(parse(text, scope).xreplace(values)) for key, text in arguments.items()
    }
    distribution = getattr(scipy.stats, there)
    density = distribution.logpmf if model.discrete else distribution.logpdf
    x = drawn(name)
    expected = float(np.mean(density(x, **given_there)))
    assert math.isclose(module.average_log_likelihood(x, *theta), expected, rel_tol=1e-12)


@pytest.mark.parametrize("name", WORKED)
def test_steps_are_the_score_once_or_block_by_block(name: str) -> None:
    """Simultaneous: theta + step*score(theta).  Alternating: each parameter from the newest."""
    module, x, step = the_module(name), drawn(name), 1 / 1024
    data, theta = module.statistics(x), sample_points(family_model(name), 0)
    slope = module.score(data, *theta)
    whole = [t + step * g for t, g in zip(theta, slope, strict=True)]
    assert close(module.step_simultaneous(data, *theta, step), whole)
    point = list(theta)
    for i in range(len(point)):
        point[i] += step * module.score(data, *point)[i]
    assert close(module.step_alternating(data, *theta, step), point)
    moved = np.array(theta) - np.linalg.solve(module.hessian(data, *theta), slope)
    assert close(module.newton_step(data, *theta), moved)


@pytest.mark.parametrize("name", WORKED)
def test_ascents_are_their_steps_repeated(name: str) -> None:
    """n_outer sweeps of n_inner moves a parameter; with one inner move, alternating steps."""
    module, x, step = the_module(name), drawn(name), 1 / 4096
    data, start = module.statistics(x), sample_points(family_model(name), 0)
    p = len(start)
    last, path = module.coordinate_ascent(x, 2, 3, step=step, start=start, trajectory=True)
    assert path.shape == (6 * p + 1, p)
    assert tuple(path[-1]) == tuple(last)
    point, row = list(start), 0
    for _ in range(3):
        for i in range(p):
            for _ in range(2):
                point[i] += step * module.score(data, *point)[i]
                row += 1
                assert close(path[row], point)
    one, other = (
        module.coordinate_ascent(x, 1, 5, step=step, start=start),
        module.gradient_ascent(x, 5, step, start=start, scheme="alternating"),
    )
    assert close(one, other)
    point = start
    for _ in range(5):
        point = module.step_simultaneous(data, *point, step)
    assert close(module.gradient_ascent(x, 5, step, start=start), point)


@pytest.mark.parametrize("name", ["normal", "exponential", "weibull", "cauchy", "poisson", "beta"])
def test_coordinate_ascent_needs_no_step_and_no_start(name: str) -> None:
    """With its own start and step it climbs to the estimate."""
    module, x = the_module(name), drawn(name)
    assert np.allclose(module.coordinate_ascent(x, 2, 2000), module.fit(x), rtol=1e-6)


def test_an_ascent_that_leaves_the_domain_says_nan() -> None:
    """A step of 100 throws the rate below zero: nan from there on, never a wrong number."""
    module = the_module("exponential")
    last, path = module.gradient_ascent([1.0, 2.0, 30.0], 5, 100.0, start=[1.0], trajectory=True)
    assert math.isnan(last.rate)
    assert path[0, 0] == 1.0
    assert np.isnan(path[1:]).all()


def test_the_last_digits_of_the_normal() -> None:
    """Exact rational arithmetic: mean and variance at an offset of 1e12 keep every digit."""
    from fractions import Fraction

    x = (1e12 + np.random.default_rng(4).normal(size=500)).tolist()
    rows = [Fraction(value) for value in x]
    mean = sum(rows) / len(rows)
    variance = sum((row - mean) ** 2 for row in rows) / len(rows)
    data = the_module("normal").statistics(x)
    assert abs(Fraction(data.mean_x) - mean) <= Fraction(math.ulp(float(mean)))
    assert abs(Fraction(data.var_x) / variance - 1) < Fraction(1, 10**15)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40), st.floats(-1e9, 1e9))
def test_the_normal_moves_with_its_data(x: list[float], shift: float) -> None:
    """fit(x + c) = fit(x) + (c, 0), to the rounding of x + c itself."""
    module = the_module("normal")
    if np.ptp(x) < 1e-3:
        return
    one, other = module.fit(x), module.fit(np.array(x) + shift)
    loss = 1e-15 * (abs(shift) + 1e6)
    assert abs(other.mu - one.mu - shift) <= 10 * loss
    assert abs(other.sigma - one.sigma) <= 10 * loss


NUMPY_ONLY = (
    "normal",
    "lognormal",
    "exponential",
    "weibull",
    "inverse_gaussian",
    "cauchy",
    "rayleigh",
    "bernoulli",
    "geometric",
)

SCRIPT = """
import sys, warnings
warnings.simplefilter("error")
blocked = ["sympy", "mpmath", "flint", "symmle"] + {more}
for name in blocked:
    sys.modules[name] = None
sys.path.insert(0, {folder!r})
import importlib
for name in {names}:
    module = importlib.import_module(name + "_taken_away")
    module.fit({data}[name])
assert "scipy.stats" not in sys.modules
assert "numba" not in sys.modules
"""


@pytest.mark.parametrize(
    ("names", "more"),
    [(NUMPY_ONLY, ["scipy"]), (tuple(set(WORKED) - set(NUMPY_ONLY)), [])],
    ids=["numpy only", "with scipy.special"],
)
def test_modules_stand_alone(tmp_path: Path, names: tuple[str, ...], more: list[str]) -> None:
    """They import and fit in a process that cannot import SymPy, mpmath or symmle."""
    for name in names:
        text = the_module(name).source
        (tmp_path / f"{name}_taken_away.py").write_text(text, encoding="utf-8")
    data = {name: drawn(name).tolist() for name in names}
    script = SCRIPT.format(more=more, folder=str(tmp_path), names=list(names), data=data)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
