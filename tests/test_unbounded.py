"""Unbounded likelihoods and the path there; whole-number parameters and the search for them."""

from collections.abc import Sequence
from fractions import Fraction
from math import comb

import mpmath
import numpy as np
import pytest
import sympy as sp
from numpy.typing import NDArray
from scipy import stats

from symmle.codegen import generate, load
from symmle.data import from_array
from symmle.derive import Derivation, derive
from symmle.estimate import estimate
from symmle.fit import Fit, Status, fit
from symmle.fit.unbounded import Path, unbounded_path
from symmle.fit.whole import WholeSearch, search_whole
from symmle.known import Known
from symmle.model import build_model

RANDOM = np.random.default_rng(0)
T = "loggamma((v+1)/2)-loggamma(v/2)-log(pi*v)/2-log(s)-(v+1)/2*log(1+((x-m)/s)**2/v)"
TWO = "log(w*exp(-(x-a)**2/(2*s**2))/s+(1-w)*exp(-(x-b)**2/(2*t**2))/t)-log(2*pi)/2"
HEAVY = {"m": "real", "s": "positive", "v": "positive"}
PAIR = {"w": "unit", "a": "real", "b": "real", "s": "positive", "t": "positive"}
THRESHOLD = {"m": "real", "s": "positive", "k": "positive"}

# name: (density, data, parameters, rows, a point inside, the rate per log(1/distance) or None)
CASES = {
    "threshold, shape below one": (
        "log(k)-k*log(s)+(k-1)*log(x-m)-((x-m)/s)**k",
        "(m, oo)",
        THRESHOLD,
        RANDOM.weibull(2, 30) + 1,
        (0.5, 1, 2),
        0.5,  # (1 - k) at k = 1/2, from the smallest row alone
    ),
    "heavy tail": (T, "real", HEAVY, RANDOM.standard_t(3, 40), (0, 1, 3), 1 - 39 / 160),
    "two bells": (
        TWO,
        "real",
        PAIR,
        np.r_[RANDOM.normal(size=12), RANDOM.normal(5, 1, 12)],
        (0.5, 0, 5, 1, 1),
        1.0,
    ),
    "bounded tail": (
        "-log(s)-(1+1/z)*log(1+z*x/s)",
        "positive",
        {"s": "positive", "z": "real"},
        RANDOM.exponential(size=30),
        (1, 0.1),
        0.5,  # -(1 + 1/z) at z = -2
    ),
    "a bell on one point": (
        "-log(s)-(x-m)**2/(2*s**2)",
        "real",
        {"m": "real", "s": "positive"},
        np.array([2.0]),
        (0, 1),
        1.0,
    ),
    "a bell": (
        "-log(s)-(x-m)**2/(2*s**2)",
        "real",
        {"m": "real", "s": "positive"},
        RANDOM.normal(size=30),
        (0, 1),
        None,
    ),
    "one degree of freedom": (
        "-log(s)-log(1+((x-m)/s)**2)",
        "real",
        {"m": "real", "s": "positive"},
        RANDOM.normal(size=30),
        (0, 1),
        None,
    ),
    "an end that is reached": (
        "log(r)-r*(x-m)",
        "[m, oo)",
        {"m": "real", "r": "positive"},
        RANDOM.exponential(size=30),
        (0, 1),
        None,
    ),
    "no threshold": (
        "a*log(b)-loggamma(a)+(a-1)*log(x)-b*x",
        "positive",
        {"a": "positive", "b": "positive"},
        RANDOM.gamma(3, 1, size=30),
        (3, 1),
        None,
    ),
}


def path_of(name: str) -> tuple[Derivation, Path | None]:
    density, data, parameters, x, point, _ = CASES[name]
    derivation = derive(build_model("typed", density, {"x": data}, parameters))
    rows = {derivation.model.data[0].symbol: [mpmath.mpf(v) for v in x]}
    theta = dict(zip(derivation.model.symbols, point, strict=True))
    return derivation, unbounded_path(derivation, rows, [mpmath.mpf(1)] * len(x), theta)


@pytest.mark.parametrize("name", CASES)
def test_the_rate_is_the_exponent(name: str) -> None:
    """Worked out by hand from the density; bounded likelihoods have no path."""
    _, path = path_of(name)
    rate = CASES[name][5]
    if rate is None:
        assert path is None
        return
    assert path is not None and path.known is Known.CHECKED
    assert path.rate == pytest.approx(rate, rel=1e-12)
    heights = [height for _, height in path.heights]
    assert heights == sorted(heights)
    assert "grows without bound as" in path.sentence


def test_the_heights_by_brute_force() -> None:
    """Threshold: the sum of the typed log-density 10**-300 gaps below min(x), with 900 digits."""
    name = "threshold, shape below one"
    _, path = path_of(name)
    assert path is not None
    digits, height = path.heights[0]
    assert digits == 300
    with mpmath.workdps(900):
        x = [mpmath.mpf(v) for v in CASES[name][3]]
        gap = sorted(v - min(x) for v in x)[1:][(len(x) - 1) // 2]
        m, k = min(x) - gap * mpmath.mpf(10) ** -digits, mpmath.mpf("0.5")
        total = sum(mpmath.log(k) + (k - 1) * mpmath.log(v - m) - (v - m) ** k for v in x)
    assert height == pytest.approx(float(total), rel=1e-12)


def test_what_no_double_can_see() -> None:
    """Three-parameter lognormal: it falls over thousands of digits before it rises for good.

    The profile in m is -log(deviation) - mean of log(x - m), summed here by hand.
    """
    x = np.exp(np.random.default_rng(2).normal(size=40)) + 3
    density = "-log(x-m)-log(s)-(log(x-m)-c)**2/(2*s**2)-log(2*pi)/2"
    parameters = {"m": "real", "c": "real", "s": "positive"}
    derivation = derive(build_model("typed", density, {"x": "(m, oo)"}, parameters))
    rows = {derivation.model.data[0].symbol: [mpmath.mpf(v) for v in x]}
    theta = dict(zip(derivation.model.symbols, (2.9, 0, 1), strict=True))
    path = unbounded_path(derivation, rows, [mpmath.mpf(1)] * len(x), theta)
    assert path is not None and "m goes to" in path.sentence
    digits, height = path.heights[-1]
    assert height == pytest.approx(_lognormal_profile(x, digits), rel=1e-9)
    near = [_lognormal_profile(x, d) for d in (2, 4, 8, 16)]
    assert near == sorted(near, reverse=True) and height > max(near)


def _lognormal_profile(x: Sequence[float], digits: int) -> float:
    low, n = min(x), len(x)
    logs = sorted(float(mpmath.log(v - low)) for v in x if v > low)
    gap = sorted(v - low for v in x if v > low)[(n - 1) // 2]
    smallest = float(np.log(gap)) - digits * np.log(10.0)
    every = np.array([smallest, *logs])
    return float(-n * np.log(every.std()) - every.sum() - n / 2 - n * np.log(2 * np.pi) / 2)


def test_probabilities_have_a_bound() -> None:
    """A mass function is at most one: no path is looked for."""
    density = {"x": "nonnegative integer"}
    derivation = derive(build_model("p", "x*log(r)-r-loggamma(x+1)", density, {"r": "positive"}))
    rows = {derivation.model.data[0].symbol: [mpmath.mpf(2)]}
    assert (
        unbounded_path(derivation, rows, [mpmath.mpf(1)], {derivation.model.symbols[0]: 2}) is None
    )


CHOSEN = "loggamma(n+1)-loggamma(x+1)-loggamma(n-x+1)+x*log(p)+(n-x)*log(1-p)"
TRIALS = (CHOSEN, "integer in [0, n]", {"n": "positive integer", "p": "unit"})
WAITS = (
    "k*log(r)-loggamma(k)+(k-1)*log(x)-r*x",
    "positive",
    {"k": "positive integer", "r": "positive"},
)


def searched(
    density: str, data: str, parameters: dict[str, str], rows: Sequence[float]
) -> tuple[Derivation, WholeSearch]:
    derivation = derive(build_model("typed", density, {"x": data}, parameters))
    column = {derivation.model.data[0].symbol: [mpmath.mpf(v) for v in rows]}
    found = search_whole(derivation, estimate(derivation), column, [mpmath.mpf(1)] * len(rows))
    assert found is not None
    return derivation, found


@pytest.mark.parametrize(
    "rows", [[16, 18, 22, 25, 27], [16, 18, 22, 25, 28], [3, 4, 4, 5], [1, 2, 2]]
)
def test_unknown_trials(rows: list[int]) -> None:
    """Exact arithmetic over every n up to 400: the products of binomial probabilities."""
    _, found = searched(*TRIALS, rows)
    assert found.estimate is not None and found.known is Known.CHECKED
    total, size = sum(rows), len(rows)

    def likelihood(n: int) -> Fraction:
        p = Fraction(total, size * n)
        value = p**total * (1 - p) ** (size * n - total)
        for row in rows:
            value *= comb(n, row)
        return value

    best = max(range(max(rows), 400), key=likelihood)
    n, p = found.estimate.values()
    assert (int(n), float(p)) == (best, pytest.approx(total / size / best))
    assert float(found.log_likelihood or 0) == pytest.approx(float(mpmath.log(likelihood(best))))


def test_trials_run_to_infinity_unless_underdispersed() -> None:
    """var(x) >= mean(x): the likelihood rises to that of a Poisson, and there is no estimate."""
    _, found = searched(*TRIALS, [0, 5, 1, 9, 30])
    assert found.estimate is None and found.runs_away
    assert "runs to infinity" in found.sentence


def test_all_successes() -> None:
    """Equal rows: n = x with p at its open end, which is said; 0*log(0) is 0, not missing."""
    _, found = searched(*TRIALS, [7, 7, 7])
    assert found.estimate is None and "n = 7 and p at 1.0" in found.sentence


def test_ties_are_both_named() -> None:
    """One coin of known p = 1/2, one row x: n = 2x - 1 and n = 2x are equally likely."""
    half = CHOSEN.replace("(p)", "(1/2)").replace("(1-p)", "(1/2)")
    _, found = searched(half, "integer in [0, n]", {"n": "positive integer"}, [4])
    assert found.ties == (7, 8)


def test_a_shape_that_is_whole() -> None:
    """Erlang: the gamma likelihood at every whole shape, the rate being k/mean(x)."""
    rows = [1.5, 4, 6, 9.5, 3]
    _, found = searched(*WAITS, rows)
    x = np.array(rows)

    def height(k: int) -> float:
        r = k / x.mean()
        return float(np.sum(k * np.log(r) - sp.loggamma(k).evalf() + (k - 1) * np.log(x) - r * x))

    assert found.estimate is not None
    assert int(next(iter(found.estimate.values()))) == max(range(1, 60), key=height)


def test_what_cannot_be_searched_is_refused() -> None:
    """Whole degrees of freedom beside a free location: the reason is given, nothing is invented."""
    _, found = searched(T, "real", HEAVY | {"v": "positive integer"}, [1, 2, 4])
    assert found.estimate is None and "m, s cannot be solved for" in found.sentence
    derivation = derive(build_model("typed", TRIALS[0], {"x": TRIALS[1]}, TRIALS[2]))
    found_there = estimate(derivation)
    assert [s.name for s in found_there.whole] == ["n"] and found_there.known is Known.UNKNOWN
    module = load(generate(derivation, found_there), "typed")
    with pytest.raises(ValueError, match="whole number"):
        module.fit([1.0, 2.0, 2.0])


def fitted(name: str) -> Fit:
    density, data, parameters, x, _, _ = CASES[name]
    model = build_model("typed", density, {"x": data}, parameters)
    return fit(model, from_array(x))


def test_an_interior_maximum_beside_a_path_is_local() -> None:
    """Free degrees of freedom: the estimate is given, as a local maximum, with the path."""
    found = fitted("heavy tail")
    assert found.status is Status.LOCAL_MAXIMUM and found.estimate is not None
    assert found.unbounded_path is not None and "s goes to 0" in found.unbounded_path
    assert fitted("a bell").status is fitted("one degree of freedom").status is Status.OK


def test_a_fit_searches_for_a_whole_number() -> None:
    """The estimate of the search, no standard error for it, and the reason where there is none."""
    model = build_model("typed", TRIALS[0], {"x": TRIALS[1]}, TRIALS[2])
    found = fit(model, from_array([16.0, 18, 22, 25, 27]))
    assert found.estimate == {"n": 99.0, "p": pytest.approx(21.6 / 99)}
    assert found.standard_errors is not None and found.standard_errors["n"] is None
    gone = fit(model, from_array([0.0, 5, 1, 9, 30]))
    assert gone.status is Status.NO_FINITE_ESTIMATE and "runs to infinity" in gone.message


def test_a_fit_tells_the_interval_of_optima() -> None:
    """Four rows about a kink: every value between the middle two is as likely, and it is said."""
    model = build_model(
        "typed", "-log(2*b)-Abs(x-m)/b", {"x": "real"}, {"m": "real", "b": "positive"}
    )
    found = fit(model, from_array([1.0, 2, 4, 9]))
    assert found.estimate == {"m": 3.0, "b": 2.5} and found.optima == {"m": (2.0, 4.0)}
    assert "every m from 2 to 4" in found.message
    assert fit(model, from_array([1.0, 2, 9])).optima is None


def test_a_threshold_with_an_interior_maximum() -> None:
    """Three-parameter Weibull: score zero by differences of SciPy's likelihood, and the path told.

    With shape above two the interior maximum is the consistent root, not the highest point.
    """
    density, data, parameters, _, _, _ = CASES["threshold, shape below one"]
    model = build_model("typed", density, {"x": data}, parameters)
    x = np.random.default_rng(5).weibull(2.5, 100) * 3 + 10
    found = fit(model, from_array(x))
    assert found.status is Status.LOCAL_MAXIMUM and found.estimate is not None
    assert found.unbounded_path is not None and "k = 0.5" in found.unbounded_path
    best = np.array(list(found.estimate.values()))

    def height(point: NDArray[np.float64]) -> float:
        m, s, k = point
        return float(stats.weibull_min.logpdf(x, k, loc=m, scale=s).sum())

    assert found.log_likelihood == pytest.approx(height(best))
    for i in range(3):
        move = np.eye(3)[i] * 1e-4
        assert abs(height(best + move) - height(best - move)) / 2e-4 < 1e-3
        assert max(height(best + 30 * move), height(best - 30 * move)) < height(best)
    assert any("Smith" in note for note in found.notes)


def test_a_threshold_without_one() -> None:
    """Data that pile up at their minimum: no interior maximum, and the way out is the answer."""
    density, data, parameters, _, _, _ = CASES["threshold, shape below one"]
    model = build_model("typed", density, {"x": data}, parameters)
    x = np.random.default_rng(1).weibull(0.4, 40)
    found = fit(model, from_array(x))
    assert found.status is Status.UNBOUNDED and found.estimate is None
    assert "grows without bound as m goes to" in found.message
