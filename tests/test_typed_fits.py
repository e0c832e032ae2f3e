"""Densities from textbooks, typed as a user would, fitted: the answers are by another road.

Each row was answered wrongly once, in silence or by a refusal.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import sympy as sp
from scipy import optimize

import symmle
from symmle.cli.normalised import mass_warning
from symmle.fit import Status
from symmle.fit.locate import _is_reached
from symmle.known import Known
from symmle.model import build_model

RANDOM = np.random.default_rng(7)
X = RANDOM.uniform(1, 10, 60)
WAITED = RANDOM.exponential(np.exp(1 + 0.3 * X))


@dataclass(frozen=True)
class Case:
    density: str
    data: dict[str, str]
    parameters: dict[str, str]
    columns: dict[str, object]
    log_likelihood: object
    start: tuple[float, ...]


def _blood_groups(p, q):
    o = 1 - p - q
    shares = np.array([p * p + 2 * p * o, q * q + 2 * q * o, 2 * p * q, o * o])
    return np.sum(np.array([186, 38, 13, 284]) * np.log(shares)) if np.all(shares > 0) else -np.inf


GROUPS = "a*log(p**2 + 2*p*(1-p-q)) + b*log(q**2 + 2*q*(1-p-q)) + c*log(2*p*q) + 2*o*log(1-p-q)"
COUNTED = {"a": [186], "b": [38], "c": [13], "o": [284]}
CASES = {
    "exponential regression": Case(
        "-(a + b*x) - y*exp(-(a + b*x))",
        {"y": "positive", "x": "real"},
        {"a": "real", "b": "real"},
        {"y": WAITED, "x": X},
        lambda a, b: np.sum(-(a + b * X) - WAITED * np.exp(-(a + b * X))),
        (0.0, 0.0),
    ),
    "blood groups": Case(
        GROUPS,
        dict.fromkeys("abco", "nonnegative integer"),
        {"p": "unit", "q": "unit"},
        COUNTED,
        _blood_groups,
        (0.2, 0.2),
    ),
    "blood groups, one end moved by the other": Case(
        GROUPS,
        dict.fromkeys("abco", "nonnegative integer"),
        {"p": "unit", "q": "(0, 1 - p)"},
        COUNTED,
        _blood_groups,
        (0.2, 0.2),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_estimate_is_where_scipy_finds_the_maximum(name: str) -> None:
    """No point is higher than the estimate, and a simplex from a plain start ends there."""
    case = CASES[name]
    model = build_model(name, case.density, case.data, case.parameters)
    found = symmle.fit(model, case.columns)
    assert found.status is Status.OK
    assert found.known in (Known.CERTIFIED, Known.PROVED)
    options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000}
    other = optimize.minimize(
        lambda theta: -case.log_likelihood(*theta),
        case.start,
        method="Nelder-Mead",
        options=options,
    )
    here = list(found.estimate.values())
    assert here == pytest.approx(other.x.tolist(), rel=1e-5)
    assert case.log_likelihood(*here) >= -other.fun - 1e-9 * abs(other.fun)


def test_where_every_weight_may_be_zero_no_existence_is_promised() -> None:
    """mean(x*w)/mean(w) tends to the extreme x of the rows with w > 0 only, which may be any x."""
    density = "-(a + b*x) - y*exp(-(a + b*x))"
    model = build_model("m", density, {"y": "nonnegative", "x": "real"}, {"a": "real", "b": "real"})
    assert symmle.estimate(symmle.derive(model)).exists is None
    found = symmle.fit(model, {"y": [0.0, 2.0, 0.0, 0.0], "x": [1.0, 2.0, 3.0, 7.0]})
    assert found.estimate is None


GAPS = RANDOM.standard_t(4, 24)


@pytest.mark.parametrize("name", ["cauchy", "hyperbolic_secant"])
def test_a_power_of_two_moves_the_estimate_and_nothing_else(name: str) -> None:
    """Scaling by a power of two is exact: estimate and errors scale, status and level stay."""
    plain, tiny = symmle.fit(name, GAPS), symmle.fit(name, GAPS * 2.0**-500)
    assert tiny.status is plain.status
    assert tiny.known is plain.known
    for field in ("estimate", "standard_errors", "sandwich_standard_errors"):
        scaled = [value * 2.0**500 for value in getattr(tiny, field).values()]
        assert scaled == pytest.approx(list(getattr(plain, field).values()), rel=1e-12)


@pytest.mark.parametrize("name", ["half_logistic", "nakagami", "birnbaum_saunders", "gompertz"])
@pytest.mark.parametrize("power", [-500, 500])
def test_no_unit_of_the_data_breaks_a_fit(name: str, power: int) -> None:
    """An answer, or a status that says why there is none."""
    found = symmle.fit(name, np.abs(GAPS) * 2.0**power)
    assert found.status in (Status.OK, Status.NOT_CONVERGED)
    assert found.expected_standard_errors is not None or found.reasons or found.message


@pytest.mark.parametrize("name", ["hyperbolic_secant", "skew_normal", "logistic"])
def test_an_offset_of_the_data_costs_no_digit_of_the_errors(name: str) -> None:
    """2**27 is added exactly to data of 20 binary places: only the location may move."""
    rows = np.round(GAPS * 2.0**20) / 2.0**20
    near, far = symmle.fit(name, rows), symmle.fit(name, rows + 2.0**27)
    assert far.estimate["location"] - 2.0**27 == pytest.approx(near.estimate["location"], abs=1e-7)
    assert far.estimate["scale"] == pytest.approx(near.estimate["scale"], rel=1e-9)
    for field in ("standard_errors", "expected_standard_errors"):
        here, there = getattr(near, field), getattr(far, field)
        if there is not None:
            assert list(there.values()) == pytest.approx(list(here.values()), rel=1e-6)


SLOPED = np.round(X * 2.0**16) / 2.0**16
REGRESSIONS = {
    "linear": ("-log(s) - log(2*pi)/2 - ((y - a - b*x)/s)**2/2", 2.5 * X + GAPS.repeat(3)[:60]),
    "logistic": ("y*(a + b*x) - log(1 + exp(a + b*x))", (X + RANDOM.normal(size=60) > 5) * 1.0),
    "Poisson": ("y*(a + b*x) - exp(a + b*x) - loggamma(y + 1)", np.round(WAITED)),
    "exponential": ("-(a + b*x) - y*exp(-(a + b*x))", WAITED),
}


@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_covariate_far_from_zero_costs_no_digit(name: str) -> None:
    """x + c with a - b*c is the same density: slope, errors and likelihood stay as they are."""
    density, y = REGRESSIONS[name]
    domain = "real" if name == "linear" else "nonnegative"
    parameters = {"a": "real", "b": "real"} | ({"s": "positive"} if name == "linear" else {})
    model = build_model(name, density, {"y": domain, "x": "real"}, parameters)
    far_off = 2.0**20
    near = symmle.fit(model, {"y": y, "x": SLOPED})
    far = symmle.fit(model, {"y": y, "x": SLOPED + far_off})
    assert near.status is far.status is Status.OK
    assert far.estimate["b"] == pytest.approx(near.estimate["b"], rel=1e-12)
    moved = near.estimate["a"] - far_off * near.estimate["b"]
    assert far.estimate["a"] == pytest.approx(moved, rel=1e-12)
    assert far.standard_errors["b"] == pytest.approx(near.standard_errors["b"], rel=1e-8)
    assert far.log_likelihood == pytest.approx(near.log_likelihood, rel=1e-8)


def test_two_covariates_that_are_one_are_not_told_apart() -> None:
    """Exactly collinear columns have no estimate at any precision."""
    density = "-(y - a*x - b*z)**2/2 - log(2*pi)/2"
    model = build_model("m", density, dict.fromkeys("yxz", "real"), {"a": "real", "b": "real"})
    found = symmle.fit(model, {"y": WAITED, "x": SLOPED, "z": 2 * SLOPED})
    assert found.estimate is None
    assert found.status is not Status.OK


def test_weights_that_sum_to_one_are_doubted() -> None:
    """Shares taken for frequencies make one observation of the sample, and errors to match."""
    shares = symmle.fit("normal", [1.0, 2.0, 4.0], weights=[0.25, 0.25, 0.5])
    assert any("sum to one" in note for note in shares.notes)
    counts = symmle.fit("normal", [1.0, 2.0, 4.0], weights=[1, 1, 2])
    asked = symmle.fit(
        "normal", [1.0, 2.0, 4.0], weights=[0.25, 0.25, 0.5], weights_are="probabilities"
    )
    assert not any("sum to one" in note for note in (*counts.notes, *asked.notes))


def test_a_pole_that_rounding_made_is_no_missing_constant() -> None:
    """The exponentiated Weibull has mass one, and (a - 1)*log(1 - exp(-x**c)) a pole at zero."""
    density = "log(a) + log(c) + (c-1)*log(x) - x**c + (a-1)*log(1 - exp(-x**c))"
    model = build_model("m", density, {"x": "positive"}, {"a": "positive", "c": "positive"})
    assert mass_warning(model) == ""


def test_no_maximum_beyond_an_end_that_a_parameter_moves() -> None:
    """Past q = 1 - p the squared share of the last blood group has a value, and a maximum, again.

    Group counts of Rao, Linear Statistical Inference (1973), section 5g: p = 0.2644, q = 0.0932.
    """
    groups = GROUPS.replace("2*o*log(1-p-q)", "o*log((1-p-q)**2)")
    model = build_model(
        "groups",
        groups,
        dict.fromkeys("abco", "nonnegative integer"),
        {"p": "unit", "q": "(0, 1 - p)"},
    )
    found = symmle.fit(model, {"a": [182], "b": [60], "c": [17], "o": [176]})
    assert found.estimate["p"] == pytest.approx(0.2644, abs=5e-5)
    assert found.estimate["q"] == pytest.approx(0.0932, abs=5e-5)
    assert found.maxima == ()


@pytest.mark.parametrize(
    ("density", "parameters"),
    [
        (
            "log(w*exp(-(x-a)**2/2) + (1-w)*exp(-(x-b)**2/2)) - log(2*pi)/2",
            {"w": "unit", "a": "real", "b": "real"},
        ),
        ("-log(2*pi*c**2)/2 - (x-a)**2/(2*c**2)", {"a": "real", "c": "real"}),  # c and -c
    ],
)
def test_a_law_under_other_names_is_one_estimate(density: str, parameters: dict[str, str]) -> None:
    """Components that change places are the same law at every row: the maximum is one, and ok."""
    rows = np.concatenate([RANDOM.normal(0, 1, 25), RANDOM.normal(5, 1, 35)])
    model = build_model("m", density, {"x": "real"}, parameters)
    found = symmle.fit(model, rows)
    assert found.status is Status.OK
    assert any("under other names" in note for note in found.notes)
    other = found.maxima[0].estimate
    assert other != found.estimate
    symbols = {s.name: s for s in (*model.symbols, model.data[0].symbol)}
    density = sp.lambdify([*map(symbols.get, (*parameters, "x"))], model.log_density, "numpy")
    first, second = (
        np.sum(density(*(point[name] for name in parameters), rows))
        for point in (found.estimate, other)
    )
    assert first == pytest.approx(second, rel=1e-12)
    assert found.log_likelihood == pytest.approx(first, rel=1e-12)


def test_maxima_of_the_data_are_no_relabelling() -> None:
    """Two far points of a Cauchy law: m and -m are equally high for these data only."""
    model = build_model("m", "-log(pi) - log(1 + (x - m)**2)", {"x": "real"}, {"m": "real"})
    assert symmle.fit(model, [-3.0, 3.0]).status is Status.NOT_UNIQUE


def test_a_mixture_of_two_rates_is_found_from_one_plain_start() -> None:
    """Where both rates start alike the likelihood has a saddle; SciPy's best of 60 runs is found.

    Times between failures, Proschan (1963): w = 0.2012, a = 0.1534, b = 0.00748.
    """
    rows = np.array([3.0, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
    density = "log(w*a*exp(-a*x) + (1-w)*b*exp(-b*x))"
    rates = {"w": "unit", "a": "positive", "b": "positive"}
    found = symmle.fit(build_model("m", density, {"x": "positive"}, rates), rows)
    assert found.status is Status.OK
    assert found.log_likelihood == pytest.approx(-67.04905893, abs=1e-7)
    assert found.estimate["b"] == pytest.approx(0.00748104, rel=1e-5)


@pytest.mark.parametrize(
    "density",
    ["y*(a+b*x) - log(1+exp(a+b*x))", "y*log(Phi(a+b*x)) + (1-y)*log(Phi(-a-b*x))"],
    ids=["logit", "probit"],
)
@pytest.mark.parametrize(
    ("y", "x", "top"),
    [
        ([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6], 0.0),  # separated between 3 and 4
        ([0, 0, 0, 1, 1, 1], [1, 2, 3, 3, 4, 5], -2 * np.log(2)),  # but for one pair at 3
        ([0, 0, 0, 1, 0, 1, 1], [1, 2, 3, 3, 3, 4, 5], np.log(1 / 3) + 2 * np.log(2 / 3)),
        ([0, 0, 1, 0, 1, 1], [1, 2, 3, 4, 5, 6], None),
    ],
)
def test_separated_data_have_no_regression(y, x, top, density) -> None:
    """Albert & Anderson (1984): intercept and slope run off together; the supremum by hand.

    A score that fades is not one that vanishes, however small it is in standard errors.
    """
    domains = {"y": "{0, 1}", "x": "real"}
    model = build_model("m", density, domains, {"a": "real", "b": "real"})
    found = symmle.fit(model, {"y": y, "x": np.array(x, dtype=float)})
    if top is None:
        assert found.status is Status.OK
        return
    assert found.status is Status.NO_FINITE_ESTIMATE
    assert found.limit[2] == pytest.approx(top, abs=1e-6)


def test_where_only_rounding_ends_a_climb_is_no_maximum() -> None:
    """An exponentiated Weibull law at 1e75 below its top: a gain of 1e59 is lost in the height."""

    class Slope:
        """exp(t) far down a cliff, and the top of a parabola."""

        def __init__(self, size: float) -> None:
            self.size = size

        def slope(self, _: tuple[float, ...]) -> np.ndarray:
            return np.array([self.size])

        def bend(self, _: tuple[float, ...]) -> np.ndarray:
            return np.array([[-1.0]])

    assert not _is_reached(Slope(1e30), (0.0,))
    assert not _is_reached(Slope(float("nan")), (0.0,))
    assert _is_reached(Slope(1e-9), (0.0,))
