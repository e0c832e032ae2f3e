"""What a fit says when there is no plain answer: one table of data crossed by families."""

import math

import numpy as np
import pytest
import scipy.stats
import sympy as sp

import symmle
from symmle.api import FitResult
from symmle.fit import Status
from symmle.known import Known
from symmle.model import Model, build_model


def own(density: str, data: str, **parameters: str) -> Model:
    return build_model("own", density, {"x": data}, parameters)


MODELS = {
    "shifted": own("log(r) - r*(x - m)", "[m, oo)", m="real", r="positive"),
    "thresholds": own("-log(b)", "[0, b]", b="positive"),
    "kinked": own("-log(2*b) - Abs(x - m)/b", "real", m="real", b="positive"),
    "sum": own("-(x - a - b)**2/2", "real", a="real", b="real"),
    "free_t": own(
        "loggamma((df + 1)/2) - loggamma(df/2) - log(pi*df)/2 - log(s)"
        " - (df + 1)/2*log1p(((x - m)/s)**2/df)",
        "real",
        m="real",
        s="positive",
        df="positive",
    ),
    "trials": own(
        "loggamma(n + 1) - loggamma(x + 1) - loggamma(n - x + 1) + x*log(p) + (n - x)*log(1 - p)",
        "integer in [0, n]",
        n="positive integer",
        p="unit",
    ),
}


def fitted(name: str, values: object, **more: object) -> FitResult:
    return symmle.fit(MODELS.get(name, name), values, **more)


# Data without an estimate: (family, data, status, parameter, end, limit of the log-likelihood),
# the limit None where it is infinite.
ENDS = [
    ("normal", [2.5], Status.UNBOUNDED, "sigma", "0", None),
    ("normal", [3.3] * 3, Status.UNBOUNDED, "sigma", "0", None),
    ("lognormal", [2.0, 2.0], Status.UNBOUNDED, "sigma", "0", None),
    ("cauchy", [1.0] * 3, Status.UNBOUNDED, "scale", "0", None),
    ("gamma", [2.5], Status.NO_FINITE_ESTIMATE, "shape", "infinity", None),
    ("weibull", [1.0, 1.0], Status.NO_FINITE_ESTIMATE, "shape", "infinity", None),
    ("inverse_gaussian", [1.0] * 3, Status.NO_FINITE_ESTIMATE, "shape", "infinity", None),
    ("exponential", [0.0, 0.0], Status.NO_FINITE_ESTIMATE, "rate", "infinity", None),
    ("poisson", [0, 0, 0], Status.BOUNDARY, "rate", "0", 0.0),
    ("bernoulli", [0, 0], Status.BOUNDARY, "p", "0", 0.0),
    ("bernoulli", [1], Status.BOUNDARY, "p", "1", 0.0),
    ("geometric", [0, 0], Status.BOUNDARY, "p", "1", 0.0),
    (
        "negative_binomial",
        [2, 3, 2, 3],
        Status.NO_FINITE_ESTIMATE,
        "size",
        "infinity",
        sum(x * math.log(2.5) - 2.5 - math.lgamma(x + 1) for x in (2, 3, 2, 3)),
    ),
]


@pytest.mark.parametrize(("name", "values", "status", "parameter", "end", "limit"), ENDS)
def test_a_parameter_that_runs_off_is_named_with_its_end_and_the_limit(
    name: str, values: list[float], status: Status, parameter: str, end: str, limit: float | None
) -> None:
    """FACTS of the textbooks; the limit of the negative binomial is Poisson, by its formula."""
    found = fitted(name, values)
    assert found.status is status
    assert found.estimate is None and found.log_likelihood is None
    assert found.limit is not None
    assert found.limit[:2] == (parameter, end)
    if limit is None:
        assert found.limit[2] is None
    else:
        assert found.limit[2] == pytest.approx(limit, abs=1e-10)
    assert parameter in found.message and "--fix" in found.message


@pytest.mark.parametrize("name", ["normal", "gamma", "weibull", "cauchy", "beta"])
@pytest.mark.parametrize("values", [[0.25], [0.25, 0.25], [0.25, 0.25, 0.25]])
def test_constant_data_never_have_an_estimate(name: str, values: list[float]) -> None:
    """No family of two parameters has a maximum at one point of the data."""
    found = fitted(name, values)
    assert found.status in (Status.UNBOUNDED, Status.NO_FINITE_ESTIMATE)
    assert found.estimate is None
    assert found.message.startswith(("there is but one observation", "all observations are equal"))


@pytest.mark.parametrize(
    ("name", "values", "estimate", "free"),
    [
        ("shifted", [1.0, 2.0, 5.0], {"m": 1.0, "r": 3 / 5}, {"r"}),
        ("thresholds", [1.0, 2.0, 5.0], {"b": 5.0}, set()),
    ],
)
def test_an_end_that_the_data_set_is_an_estimate_without_a_standard_error(
    name: str, values: list[float], estimate: dict[str, float], free: set[str]
) -> None:
    """Order statistics by hand; the score does not vanish there, so it gives no error."""
    found = fitted(name, values)
    assert found.status is Status.BOUNDARY and found.has_estimate
    assert found.estimate == pytest.approx(estimate)
    errors = found.standard_errors or {}
    assert {name for name, error in errors.items() if error is not None} == free
    assert "score does not vanish" in found.message


def test_a_median_of_an_even_number_is_an_interval() -> None:
    """Every location between the middle two is as likely; an odd number has one median."""
    even, odd = fitted("kinked", [1.0, 2.0, 5.0, 9.0]), fitted("kinked", [1.0, 2.0, 5.0])
    assert even.status is Status.NOT_UNIQUE and even.optima == {"m": (2.0, 5.0)}
    assert even.estimate == {"m": 3.5, "b": 2.75}
    assert odd.status is Status.OK and odd.optima is None
    assert odd.expected_standard_errors["m"] == pytest.approx(4 / 3 / math.sqrt(3))
    assert odd.standard_errors["m"] is None


@pytest.mark.parametrize("half", [0.5, 3.0])
def test_two_points_and_a_cauchy_location(half: float) -> None:
    """One root up to half = 1; beyond, two equal maxima at +-sqrt(half**2 - 1)."""
    found = fitted("cauchy", [-half, half], fix={"scale": 1})
    if half <= 1:
        assert found.status is Status.OK and found.maxima == ()
        assert found.estimate["location"] == pytest.approx(0, abs=1e-12)
    else:
        assert found.status is Status.NOT_UNIQUE
        places = [found.estimate["location"], *(m.estimate["location"] for m in found.maxima)]
        apart = math.sqrt(half**2 - 1)
        assert sorted(places) == pytest.approx([-apart, apart], rel=1e-9)


def test_two_points_and_a_free_cauchy_have_a_whole_curve() -> None:
    """location**2 + scale**2 = c**2 is level: no point of it is preferred."""
    found = fitted("cauchy", [-5.0, 5.0])
    assert found.status is Status.NOT_UNIQUE and not found.has_estimate
    assert "curve" in found.message


def test_free_degrees_of_freedom_are_a_local_maximum() -> None:
    """The likelihood has no bound as the scale collapses on a point with few degrees."""
    values = [1.0, 2.0, 5.0, 2.2, 3.1, 2.8, 19.0, -7.0]
    found = fitted("free_t", values)
    assert found.status is Status.LOCAL_MAXIMUM and found.has_estimate
    assert "goes to 0" in found.unbounded_path


def test_trials_are_searched_for() -> None:
    """Data of Olkin, Petkau & Zidek (1981): the best of all whole numbers up to 400, by SciPy."""
    found = fitted("trials", [16, 18, 22, 25, 27])
    assert found.estimate["n"] == 99
    x = np.array([16, 18, 22, 25, 28])
    heights = {n: scipy.stats.binom.logpmf(x, n, x.mean() / n).sum() for n in range(28, 401)}
    best = max(heights, key=heights.get)
    assert found.standard_errors["n"] is None and "whole number" in str(dict(found.reasons))
    assert fitted("trials", x).estimate["n"] == best == 191


def test_overdispersed_counts_have_no_trials() -> None:
    """var(x) >= mean(x): the binomial runs to its Poisson limit."""
    found = fitted("trials", [0, 0, 9])
    assert found.status is Status.NO_FINITE_ESTIMATE and not found.has_estimate
    assert "infinity" in found.message


def test_what_is_not_identified_says_what_is() -> None:
    """Two parameters of which only the sum enters."""
    found = fitted("sum", [1.0, 2.0])
    assert found.status is Status.NOT_IDENTIFIED and not found.has_estimate


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("normal", [1e300, -1e300, 5e299]),
        ("exponential", [1e300, 2e300]),
        ("gamma", [1e-310, 2e-310, 5e-310]),
        ("weibull", [1e300, 2e300, 5e300]),
        ("cauchy", [1e300, 2e300, 5e300, -1e300]),
        ("normal", [5e-324, 1e-323]),
        ("lognormal", [1e-300, 1e300]),
    ],
)
def test_the_ends_of_the_doubles_give_an_answer_or_a_refusal(
    name: str, values: list[float]
) -> None:
    """Never a traceback, never a number that is not finite."""
    found = fitted(name, values)
    if found.estimate is None:
        assert found.status is not Status.OK and len(found.message) > 30
    else:
        assert all(map(math.isfinite, found.estimate.values()))
    assert "nan" not in str(found) and "inf)" not in str(found)


SHIFTED = {"location": 1, "mu": 1}
SCALED = {"location": 1, "mu": 1, "scale": 1, "sigma": 1, "rate": -1, "shape": 0}
BASE = np.array([2.1, 3.9, 0.7, 5.5, 3.2, 2.8, 9.4, 1.6, 4.4])


@pytest.mark.parametrize("factor", [2.0**-20, 1e-6, 1e6, 1e150])
@pytest.mark.parametrize(
    "name", ["normal", "gamma", "weibull", "cauchy", "lognormal", "rayleigh", "inverse_gaussian"]
)
def test_units_change_estimates_and_errors_only_as_theory_says(name: str, factor: float) -> None:
    """Estimate, standard error and profile interval scale alike; a log shifts."""
    plain, other = fitted(name, BASE), fitted(name, BASE * factor)
    exponents = SCALED | ({"shape": 1} if name == "inverse_gaussian" else {})
    for parameter, value in plain.estimate.items():
        error, ends = plain.standard_errors[parameter], plain.profile_intervals[parameter]
        if name == "lognormal":
            move = math.log(factor) if parameter == "mu" else 0.0
            assert other.estimate[parameter] == pytest.approx(value + move, rel=1e-12)
            continue
        unit = factor ** exponents[parameter]
        assert other.estimate[parameter] == pytest.approx(value * unit, rel=1e-12)
        assert other.standard_errors[parameter] == pytest.approx(error * unit, rel=1e-9)
        moved = other.profile_intervals[parameter]
        assert moved == pytest.approx([end * unit for end in ends], rel=1e-7)


@pytest.mark.parametrize("name", ["normal", "cauchy", "kinked"])
def test_a_shift_moves_the_location_alone(name: str) -> None:
    """2**26 added to whole numbers: exact in doubles, so only the location may change."""
    whole = np.round(BASE * 8)
    plain, moved = fitted(name, whole), fitted(name, whole + 2.0**26)
    place, size = plain.estimate
    assert moved.estimate[size] == pytest.approx(plain.estimate[size], rel=1e-12)
    gone = moved.estimate[place] - 2.0**26
    assert gone == pytest.approx(plain.estimate[place], abs=1e-7)


def test_weights_of_zero_log_zero_count_for_nothing() -> None:
    """0*log(0) is 0: a success and no failure among the rows that count."""
    found = fitted("bernoulli", [1, 1, 0], weights=[1, 1, 0])
    assert found.status is Status.BOUNDARY and found.limit == ("p", "1", 0.0)


def test_no_level_is_claimed_that_was_not_reached() -> None:
    """A closed form with its proof is proved; a climb is at most certified."""
    assert fitted("normal", BASE).known is Known.PROVED
    assert fitted("cauchy", BASE).known in (Known.CERTIFIED, Known.CHECKED)


def test_all_encloses_every_maximum() -> None:
    """Cauchy location with scale 1 at three distant points: a maximum near each, by hand."""
    found = fitted("cauchy", [-20.0, 0.0, 30.0], fix={"scale": 1}, all_maxima=True)
    places = sorted([found.estimate["location"], *(m.estimate["location"] for m in found.maxima)])
    assert places == pytest.approx([-20, 0, 30], abs=0.2)
    assert all(m.log_likelihood < found.log_likelihood for m in found.maxima)
    assert found.notes


@pytest.mark.parametrize(
    ("density", "parameters", "determined"),
    [
        ("-(x - a - b)**2/2 - log(2*pi)/2", {"a": "real", "b": "real"}, "a + b"),
        ("-log(1 + (x - a + b)**2) - log(pi)", {"a": "real", "b": "real"}, "a - b"),
        ("log(a*b) - a*b*x", {"a": "positive", "b": "positive"}, "a*b"),
        ("log(a/b) - a*x/b", {"a": "positive", "b": "positive"}, "a/b"),
    ],
)
def test_the_identified_function_is_named_and_proved(
    density: str, parameters: dict[str, str], determined: str
) -> None:
    """The likelihood of the raw density is the same wherever that function is, by plain numbers."""
    data = "positive" if "log(a" in density else "real"
    model = build_model("m", density, {"x": data}, parameters)
    found = symmle.fit(model, [1.0, 2.0, 4.0])
    assert found.status is Status.NOT_IDENTIFIED
    assert (found.known, found.identified) == (Known.PROVED, (determined,))
    a, b, x = *model.symbols, model.data[0].symbol
    step = {"a + b": (1, -1), "a - b": (1, 1), "a*b": (a, -b / 2), "a/b": (a, b)}[determined]
    here = {a: sp.Integer(2), b: sp.Integer(3)}
    moved = {s: (s + d).xreplace(here) for s, d in zip((a, b), step, strict=True)}
    row = {x: sp.Rational(7, 5)}
    values = [model.log_density.xreplace(at).xreplace(row) for at in (moved, here)]
    assert abs(sp.N(values[0] - values[1], 30)) < 1e-28


def test_why_a_profile_interval_has_no_end() -> None:
    """It names the parameter, the side, the level and the end of the domain, and no inner step.

    Two exponential laws of known rates: at w = 1 twice the fall of the log-likelihood, by the
    formula, is below the quantile of 3.84.
    """
    x = np.array([0.1, 0.2, 0.3, 0.5, 5.0])
    mixture = own("log(w*exp(-x) + (1 - w)*2*exp(-2*x))", "positive", w="unit")
    found = symmle.fit(mixture, x)
    fall = 2 * (found.log_likelihood - float(-x.sum()))
    assert 0 < fall < 3.84
    assert found.profile_intervals["w"][1] is None
    assert found.reasons["profile_intervals.w"] == (
        "no value of w above its estimate is unlikely enough to be rejected at 95 %, as far as 1"
    )
