"""Fits on real and hostile data, against published values, other packages and invariances."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from symmle.codegen import generate, load
from symmle.data import from_array, from_columns, read
from symmle.derive import derive
from symmle.errors import InputError
from symmle.estimate import estimate
from symmle.families import FAMILIES, family_model
from symmle.fit import Fit, Prepared, Status, fit, prepare
from symmle.known import Known
from symmle.model import build_model

DATA = Path(__file__).parent / "data"


@cache
def prepared(family: str) -> Prepared:
    """A family's derivation and module, made once for all samples."""
    return prepare(family_model(family))


def fitted(family: str, values: object, weights: object = None) -> Fit:
    return fit(prepared(family), from_array(values, weights=weights))


def test_the_normal_is_the_closed_form_to_the_last_digit_on_newcomb() -> None:
    """Exact rational arithmetic, rounded once: the mean to the bit, sigma to its last digit."""
    from fractions import Fraction

    sample = read(DATA / "newcomb.csv")
    x = [Fraction(value) for value in sample.columns["x"].tolist()]
    mean = sum(x) / len(x)
    variance = sum((value - mean) ** 2 for value in x) / len(x)
    found = fit(prepared("normal"), sample)
    module = load(generate(*_worked_out("normal")), "newcomb_normal")
    taken_away = module.fit(sample.columns["x"])
    sigma = math.sqrt(float(variance))
    assert found.estimate == {"mu": float(mean), "sigma": pytest.approx(sigma, rel=3e-16)}
    assert tuple(taken_away) == tuple(found.estimate.values())
    assert (found.status, found.kind, found.known) == (Status.OK, "closed", Known.PROVED)


def _worked_out(family: str) -> tuple[object, object]:
    derivation = derive(family_model(family))
    return derivation, estimate(derivation)


@pytest.mark.parametrize(
    ("family", "published"),
    [
        ("gamma", {"shape": (4.008, 3), "rate": (0.0544, 4)}),
        ("weibull", {"shape": (2.186, 3), "scale": (83.35, 2)}),
        ("lognormal", {"mu": (4.169, 3), "sigma": (0.5366, 4)}),
    ],
)
def test_published_estimates_on_ground_beef(
    family: str, published: dict[str, tuple[float, int]]
) -> None:
    """Delignette-Muller & Dutang, fitdistrplus, J. Stat. Softw. 64(4) (2015), section 2.2."""
    found = fit(prepared(family), read(DATA / "groundbeef.csv"))
    assert found.estimate is not None
    for name, (value, digits) in published.items():
        assert round(found.estimate[name], digits) == value


CONTINUOUS = ("gamma", "weibull", "lognormal", "inverse_gaussian", "rayleigh", "exponential")


@pytest.mark.parametrize("family", CONTINUOUS)
def test_log_likelihood_and_errors_against_scipy(family: str) -> None:
    """SciPy's log-density summed, and the inverse of its second differences."""
    x = read(DATA / "groundbeef.csv").columns
    values = next(iter(x.values()))
    found = fitted(family, values)
    assert found.estimate is not None
    assert found.standard_errors is not None
    law, arguments = FAMILIES[family].scipy

    def total(theta: np.ndarray) -> float:
        names = dict(zip(FAMILIES[family].parameters, theta, strict=True))
        scope = names | {"exp": math.exp, "sqrt": math.sqrt}
        numbers = {key: _number(text, scope) for key, text in arguments.items()}
        return float(getattr(scipy.stats, law).logpdf(values, **numbers).sum())

    best = np.array(list(found.estimate.values()))
    assert found.log_likelihood == pytest.approx(total(best), rel=1e-12)
    bend = _second_differences(total, best)
    errors = np.sqrt(np.diag(np.linalg.inv(-bend)))
    assert list(found.standard_errors.values()) == pytest.approx(errors.tolist(), rel=1e-4)


def _number(text: str, scope: dict[str, object]) -> float:
    import sympy as sp

    from symmle.parsing import parse

    symbols = {name: sp.Symbol(name) for name in scope if not callable(scope[name])}
    expression = parse(text, symbols)
    return float(expression.subs({symbols[name]: scope[name] for name in symbols}))


def _second_differences(function: object, at: np.ndarray) -> np.ndarray:
    h = 1e-4 * np.abs(at)
    bend = np.empty((len(at), len(at)))
    for i in range(len(at)):
        for j in range(len(at)):
            a, b = np.zeros_like(at), np.zeros_like(at)
            a[i], b[j] = h[i], h[j]
            corners = function(at + a + b) - function(at + a - b)
            corners += function(at - a - b) - function(at - a + b)
            bend[i, j] = corners / (4 * h[i] * h[j])
    return bend


def test_the_negative_binomial_has_the_root_of_its_profile_score() -> None:
    """SciPy's digamma and its bracketing root finder on the textbook equation."""
    x = read(DATA / "horsekicks.csv", columns="x", weights="freq")
    counts = np.array([0, 0, 1, 9, 14, 2, 0, 0, 3], dtype=float)
    found = fitted("negative_binomial", counts)
    mean = counts.mean()

    def left(size: float) -> float:
        gaps = scipy.special.digamma(counts + size) - scipy.special.digamma(size)
        return float(gaps.mean() + math.log(size / (size + mean)))

    assert found.estimate is not None
    root = scipy.optimize.brentq(left, 1e-3, 1e3, xtol=1e-15, rtol=1e-14)
    assert found.estimate["size"] == pytest.approx(root, rel=1e-11)
    poisson = fit(prepared("poisson"), x)
    assert (poisson.n, poisson.estimate) == (200.0, {"rate": 0.61})


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=3, max_size=12), st.data())
@pytest.mark.parametrize("family", ["normal", "gamma", "weibull"])
def test_weights_are_repetitions(family: str, values: list[int], data: st.DataObject) -> None:
    """A row of weight k says the same as k equal rows: estimate, errors and likelihood."""
    if len(set(values)) < 2:
        values = [*values, max(values) + 1]
    weights = data.draw(st.lists(st.integers(1, 4), min_size=len(values), max_size=len(values)))
    repeated = [value for value, k in zip(values, weights, strict=True) for _ in range(k)]
    one = fitted(family, values, weights)
    other = fitted(family, repeated)
    assert one.status is other.status is Status.OK
    for first, second in (
        (one.estimate, other.estimate),
        (one.standard_errors, other.standard_errors),
    ):
        assert list(first.values()) == pytest.approx(list(second.values()), rel=1e-9)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-9)


@pytest.mark.parametrize("factor", [1e-150, 1e-6, 1e6, 1e150])
@pytest.mark.parametrize("family", ["gamma", "weibull", "inverse_gaussian", "exponential"])
def test_units_change_the_estimate_only_as_theory_says(family: str, factor: float) -> None:
    """Scale families: a shape stays, a scale is multiplied, a rate divided, to 12 digits."""
    values = read(DATA / "groundbeef.csv").columns
    x = next(iter(values.values()))
    plain, scaled = fitted(family, x), fitted(family, x * factor)
    assert plain.estimate is not None
    assert scaled.estimate is not None
    exponent = {"rate": -1, "scale": 1, "mu": 1}
    if family == "inverse_gaussian":
        exponent["shape"] = 1  # its shape has the unit of the data
    for name, value in plain.estimate.items():
        expected = value * factor ** exponent.get(name, 0)
        assert scaled.estimate[name] == pytest.approx(expected, rel=1e-12)


def test_a_shift_of_the_data_keeps_the_spread() -> None:
    """1e8 added to every value: the location moves along, the scale stays."""
    x = read(DATA / "newcomb.csv").columns["x"]
    plain, moved = fitted("normal", x), fitted("normal", x + 1e8)
    assert plain.estimate is not None
    assert moved.estimate is not None
    assert moved.estimate["sigma"] == pytest.approx(plain.estimate["sigma"], rel=1e-12)
    assert moved.estimate["mu"] - 1e8 == pytest.approx(plain.estimate["mu"], abs=2e-8)


@pytest.mark.parametrize(
    ("family", "values", "status"),
    [
        ("normal", [3.3, 3.3, 3.3], Status.UNBOUNDED),
        ("normal", [2.5], Status.UNBOUNDED),
        ("lognormal", [2.0, 2.0], Status.UNBOUNDED),
        ("gamma", [3.3, 3.3, 3.3], Status.NO_FINITE_ESTIMATE),
        ("gamma", [2.5], Status.NO_FINITE_ESTIMATE),
        ("weibull", [1.0, 1.0], Status.NO_FINITE_ESTIMATE),
        ("inverse_gaussian", [1.0, 1.0, 1.0], Status.NO_FINITE_ESTIMATE),
        ("exponential", [0.0, 0.0], Status.NO_FINITE_ESTIMATE),
        ("poisson", [0, 0, 0], Status.BOUNDARY),
        ("bernoulli", [0, 0, 0], Status.BOUNDARY),
        ("bernoulli", [1, 1], Status.BOUNDARY),
        ("geometric", [0, 0], Status.BOUNDARY),
        ("negative_binomial", [2, 3, 2, 3], Status.NO_FINITE_ESTIMATE),
        ("negative_binomial", [0, 0], Status.BOUNDARY),
        ("cauchy", [1.0, 1.0, 1.0], Status.UNBOUNDED),
    ],
)
def test_data_without_an_estimate_get_a_status_and_a_reason(
    family: str, values: list[float], status: Status
) -> None:
    """FACTS of the textbooks: constant data, one observation, all zeros, underdispersed counts."""
    found = fitted(family, values)
    assert found.status is status
    assert found.estimate is None
    assert found.log_likelihood is None
    assert len(found.message) > 20


@pytest.mark.parametrize(
    ("family", "values", "piece"),
    [
        ("gamma", [1.0, 0.0, 2.0], "row 2"),
        ("poisson", [1.0, 2.5], "whole numbers"),
        ("beta", [0.2, 1.0], "row 2"),
        ("bernoulli", [0, 1, 2], "row 3"),
        ("normal", [1.0, math.inf], "infinite"),
        ("normal", [1.0, math.nan], "missing"),
    ],
)
def test_data_outside_the_support_are_refused(family: str, values: list[float], piece: str) -> None:
    """Wrong input, exit status 2, naming the first bad row; not a fit without an estimate."""
    with pytest.raises(InputError, match=piece):
        fitted(family, values)


def test_intervals_stay_inside_the_domain_and_cover_the_estimate() -> None:
    """Wald intervals of a rate near zero and of a probability near one."""
    rate = fitted("exponential", [1e6, 2e6])
    chance = fitted("bernoulli", [1] * 30 + [0])
    assert rate.confidence_intervals is not None
    assert chance.confidence_intervals is not None
    low, high = rate.confidence_intervals["rate"]
    assert 0 < low < rate.estimate["rate"] < high
    low, high = chance.confidence_intervals["p"]
    assert 0 < low < chance.estimate["p"] < high < 1


def test_a_density_of_ones_own_is_fitted_like_any_other() -> None:
    """The Lindley density, which the catalogue does not have: the root of a quadratic."""
    model = build_model(
        "lindley",
        "2*log(t) - log(1 + t) + log(1 + x) - t*x",
        {"x": "positive"},
        {"t": "positive"},
    )
    x = np.array([0.4, 1.9, 3.3, 0.8])
    m = x.mean()
    root = (-(m - 1) + math.sqrt((m - 1) ** 2 + 8 * m)) / (2 * m)
    found = fit(model, from_array(x))
    assert found.estimate == {"t": pytest.approx(root, rel=1e-14)}


def test_two_columns_make_a_regression() -> None:
    """Least squares by NumPy, with the error variance divided by n."""
    model = build_model(
        "line",
        "-log(s) - (y - a - b*x)**2/(2*s**2) - log(2*pi)/2",
        {"y": "real", "x": "real"},
        {"a": "real", "b": "real", "s": "positive"},
    )
    generator = np.random.default_rng(3)
    x = generator.normal(size=40)
    y = 1.5 - 0.7 * x + generator.normal(size=40)
    found = fit(model, from_columns({"y": y, "x": x}))
    slope, intercept = np.polyfit(x, y, 1)
    error = math.sqrt(np.mean((y - intercept - slope * x) ** 2))
    assert list(found.estimate.values()) == pytest.approx([intercept, slope, error], rel=1e-10)


def test_what_is_not_identified_is_said_to_be() -> None:
    """Two parameters of which only the sum enters."""
    model = build_model("sum", "-(x - a - b)**2/2", {"x": "real"}, {"a": "real", "b": "real"})
    assert fit(model, from_array([1.0, 2.0])).status is Status.NOT_IDENTIFIED


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.uint8])
def test_every_number_type_gives_the_same_fit(kind: type) -> None:
    """Small whole numbers have the same value in each: nothing wraps around."""
    values = np.array([200, 250, 3, 17], dtype=kind)
    assert fitted("normal", values).estimate == fitted("normal", values.astype(float)).estimate


def test_order_of_the_rows_does_not_matter() -> None:
    """A permutation changes no bit of the estimate."""
    x = read(DATA / "newcomb.csv").columns["x"]
    shuffled = np.random.default_rng(0).permutation(x)
    assert fitted("normal", x).estimate == fitted("normal", shuffled).estimate


def test_a_prepared_model_gives_each_sample_the_fit_of_its_own() -> None:
    """No sample leaves anything behind in what is prepared: neither an estimate nor a refusal."""
    ready = prepare(family_model("gamma"))
    samples = ([1.0, 2.5, 4.0], [3.0, 3.0], [2.0, 2.1, 9.0, 0.3])
    once = [fit(ready, from_array(rows)) for rows in samples]
    assert once == [fitted("gamma", rows) for rows in samples]
    assert [found.status is Status.OK for found in once] == [True, False, True]


def test_a_level_that_is_no_coverage_is_refused() -> None:
    """A sentence, not an infinite interval."""
    with pytest.raises(InputError, match="between 0 and 1"):
        fit(prepared("normal"), from_array([1.0, 2.0]), level=1.0)


def test_a_direction_is_the_same_in_every_turn() -> None:
    """Angles moved by whole turns, row by row, give the same one maximum; a shift moves it."""
    sample = read(DATA / "islay_directions.csv", "theta")
    theta = np.asarray(sample.columns["theta"])
    turns = 2 * np.pi * np.arange(-9, 9)
    plain, wound = fitted("von_mises", theta), fitted("von_mises", theta + turns)
    moved = fitted("von_mises", theta + 1.0)
    assert plain.status is wound.status is moved.status is Status.OK
    assert plain.estimate is not None
    assert wound.estimate is not None
    assert moved.estimate is not None
    assert dict(wound.estimate) == pytest.approx(dict(plain.estimate), rel=1e-12)
    assert moved.estimate["location"] == pytest.approx(plain.estimate["location"] + 1, rel=1e-12)
