"""An interior stationary point is no estimate where it is singular, or where an end is higher.

The other road: the half normal, in closed form, is the skew normal of infinite slant; SciPy's
density at the limit; polynomials whose roots and multiplicities are known.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import symmle
from symmle.fit import Status
from symmle.fit.climb import ModuleSurface
from symmle.fit.simple_root import is_simple_root
from symmle.model import build_model


def half_normal(x: np.ndarray) -> float:
    """The largest log-likelihood of a half normal that starts at the least or ends at the most."""
    size = len(x)
    return max(
        size * (0.5 * math.log(2 / math.pi) - math.log(math.sqrt(np.mean(y * y))) - 0.5)
        for y in (x - x.min(), x.max() - x)
    )


@pytest.mark.parametrize(
    "values",
    [
        [-1.2, 0.3, 2.9],  # stops near the singular point at slant 0
        [0.0, 1.0, 2.0],  # sits on it
        [-1.2, 0.3, 2.9, 1.0, 1.1, 5.0],  # a strict maximum inside, and lower
    ],
)
def test_a_skew_normal_of_few_points_is_highest_at_the_half_normal(values):
    """The supremum is that of the half normal, approached as alpha runs to infinity."""
    found = symmle.fit("skew_normal", values)
    assert found.status is Status.NO_FINITE_ESTIMATE
    assert found.estimate is None and found.standard_errors is None
    name, end, height = found.limit
    assert name == "alpha" and "infinity" in end
    assert height == pytest.approx(half_normal(np.array(values)), rel=1e-8)
    for inside in found.maxima:
        there = inside.estimate
        density = scipy.stats.skewnorm(there["alpha"], there["location"], there["scale"])
        assert inside.log_likelihood == pytest.approx(density.logpdf(values).sum(), rel=1e-10)
        assert inside.log_likelihood < height
        assert abs(there["alpha"]) > 1e-3  # the singular point is no maximum


def test_a_skew_normal_of_skew_data_has_its_estimate_inside():
    """No end is higher where SciPy's own search finds the same point inside."""
    x = scipy.stats.skewnorm(3.0).rvs(80, random_state=4)
    found = symmle.fit("skew_normal", x)
    assert found.status is Status.OK
    theirs = scipy.stats.skewnorm.nnlf(
        (found.estimate["alpha"], found.estimate["location"], found.estimate["scale"]), x
    )
    best = scipy.stats.skewnorm.nnlf(scipy.stats.skewnorm.fit(x), x)
    assert -found.log_likelihood == pytest.approx(theirs, rel=1e-10)
    assert found.log_likelihood >= -best - 1e-9


def test_a_singular_stationary_point_with_no_higher_end_is_not_identified():
    """-(x - m**3 - b)**2 - b**2: flat to sixth order in m at mean(x) = 0, and nowhere higher."""
    model = build_model(
        "cubed",
        "-(x - m**3 - b)**2/2 - b**2/2",
        {"x": "real"},
        {"m": "real", "b": "real"},
    )
    found = symmle.fit(model, [-1.0, 0.0, 1.0])
    assert found.status in (Status.NOT_IDENTIFIED, Status.NOT_CONVERGED, Status.NOT_UNIQUE)
    assert found.estimate is None
    assert found.standard_errors is None


@dataclass(frozen=True)
class Polynomial:
    """A surface in two coordinates: -(u**k)/k - (v - u)**2/2, whose root has multiplicity k-1."""

    power: int
    tilt: float = 0.0

    def score(self, *args):
        u, v = args[1:]
        return [-(u ** (self.power - 1)) - self.tilt * u + (v - u), -(v - u)]

    def hessian(self, *args):
        bend = -(self.power - 1) * args[1] ** (self.power - 2) - self.tilt - 1
        return [[bend, 1.0], [1.0, -1.0]]


@pytest.mark.parametrize("power", [3, 4, 6])
@pytest.mark.parametrize("distance", [1e-2, 1e-3, 1e-4, 1e-5])
def test_a_point_on_the_way_to_a_multiple_root_is_not_simple(power, distance):
    """However near: Newton's map there has the derivative (m-1)/m, not 0."""
    surface = ModuleSurface(Polynomial(power), None)
    assert not is_simple_root(surface, (distance, distance), (0, 1))


@pytest.mark.parametrize("tilt", [1e-6, 1e-4, 1e-2, 1.0])
def test_a_simple_root_is_simple_however_small_the_curvature(tilt):
    """A quadratic of little curvature is what collinear columns give, and is no fault."""
    surface = ModuleSurface(Polynomial(4, tilt), None)
    assert is_simple_root(surface, (1e-12, 1e-12), (0, 1))


class Cubed:
    """-(m**6)/2, in one coordinate."""

    def score(self, *args):
        return [-3 * args[1] ** 5]

    def hessian(self, *args):
        return [[-15 * args[1] ** 4]]


@pytest.mark.parametrize("distance", [1e-2, 1e-3])
def test_one_parameter_on_the_way_to_a_multiple_root(distance):
    """With one parameter there is no other curvature to compare with, but its own beside."""
    assert not is_simple_root(ModuleSurface(Cubed(), None), (distance,), (0,))


@pytest.mark.parametrize(
    ("name", "data", "status", "total"),
    [
        ("categorical", {"x": [1.0, 1, 2, 2]}, Status.BOUNDARY, -4 * math.log(2)),
        ("zipf", {"x": [2.0, 2]}, Status.BOUNDARY, -2 * math.log(3)),
        ("multivariate_normal", {"x1": [0.1, 0.7], "x2": [3.0, 1]}, Status.UNBOUNDED, None),
        ("multivariate_normal", {"x1": [0.5, 1, 4], "x2": [1.0, 2, 8]}, Status.UNBOUNDED, None),
    ],
)
def test_an_edge_of_the_domain_that_parameters_have_together(name, data, status, total):
    """A cell without a count, an exponent at its end, columns that lie on a line.

    The log-likelihoods there are those of two cells of 1/2, and of x = 2 of weights 1 and 1/2.
    """
    found = symmle.fit(name, data)
    assert found.status is status
    assert found.estimate is None
    height = found.limit[2]
    assert height is None if total is None else height == pytest.approx(total, rel=1e-9)


def binomial(counts: list[int], trials: int) -> float:
    """The largest log-likelihood of a binomial law."""
    return float(scipy.stats.binom(trials, np.mean(counts) / trials).logpmf(counts).sum())


def pareto(x: list[float]) -> float:
    """The largest log-likelihood of a Pareto law, in closed form."""
    shape = 1 / np.mean(np.log(np.array(x) / min(x)))
    return float(scipy.stats.pareto(shape, scale=min(x)).logpdf(x).sum())


def inverse_gamma(x: list[float]) -> float:
    """The largest log-likelihood of df2/chi**2, by golden section."""
    best = scipy.optimize.minimize_scalar(
        lambda d: -scipy.stats.invgamma(d / 2, scale=d / 2).logpdf(x).sum(), (0.5, 3.0)
    )
    return float(-best.fun)


PARETO = [1 + 0.37 * k / (40 - k) for k in range(40)]


@pytest.mark.parametrize(
    ("name", "fix", "data", "status", "words", "height"),
    [
        ("beta_binomial", "trials=10", [0, 10, 0, 10], "boundary", "a/b near 1", -4 * math.log(2)),
        ("beta_binomial", "trials=10", [5], "no_finite_estimate", "near 1", binomial([5], 10)),
        ("beta_binomial", "trials=10", [3, 4, 5], "no_finite_estimate", "a/b near 0.6667", None),
        ("beta_binomial", "trials=10", [4, 4, 4], "no_finite_estimate", "a to infinity", None),
        ("fisher_f", "", [0.7, 1.9], "no_finite_estimate", "df1", inverse_gamma([0.7, 1.9])),
        ("burr", "", [0.7, 1.9, 4.2], "no_finite_estimate", "0.7", pareto([0.7, 1.9, 4.2])),
        ("burr", "", PARETO, "no_finite_estimate", "scale near 1", pareto(PARETO)),
        ("inverse_burr", "", [1 / x for x in PARETO], "no_finite_estimate", "scale near 1", None),
    ],
)
def test_parameters_that_run_off_together(name, fix, data, status, words, height):
    """A ratio or a product of two parameters stays, and the limit is a law of its own.

    Binomial, or heads with heads, where the shapes of a beta-binomial run off; inverse gamma;
    Pareto with its threshold at the least observation, and the power law that 1/x then has.
    """
    found = symmle.fit(name, data, fix=[fix] if fix else [])
    assert found.status.value == status
    assert found.estimate is None and words in found.message
    if height is None and name == "beta_binomial":
        height = binomial(data, 10)
    elif height is None:
        height = pareto(PARETO) + 2 * np.log(PARETO).sum()
    assert found.limit[2] == pytest.approx(height, rel=1e-6)


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("name", ["rice", "burr", "paralogistic", "inverse_paralogistic"])
def test_equal_observations_have_a_density_without_bound_on_them(name, size):
    """Every law of a place and a width can be as narrow as one likes about one number."""
    found = symmle.fit(name, [1.9] * size)
    assert found.status in (Status.UNBOUNDED, Status.NO_FINITE_ESTIMATE)
    assert found.estimate is None and "without bound" in found.message


@pytest.mark.parametrize(
    ("name", "data", "estimate"),
    [
        ("lindley", [1e20, 3e20], 1e-20),  # 2/mean, but for 1/mean**2
        ("lindley", [1e100], 2e-100),
        ("zero_truncated_poisson", [800, 900], 850.0),  # mean, but for mean*exp(-mean)
    ],
)
def test_closed_forms_far_out(name, data, estimate):
    """A closed form that cancels, or overflows, in doubles is evaluated at many digits."""
    found = symmle.fit(name, data)
    assert found.status is Status.OK
    assert next(iter(found.estimate.values())) == pytest.approx(estimate, rel=1e-14)


@pytest.mark.parametrize("data", [[1], [1, 1, 1]])
def test_an_unknown_that_does_not_matter(data):
    """Of one value alone, Zipf's law has probability 1 at it whatever its exponent."""
    found = symmle.fit("zipf", data)
    assert found.status is Status.NOT_UNIQUE
    assert found.estimate is None and "whatever exponent is" in found.message


OWN = {
    "poisson of a log": ("x*a - exp(a) - loggamma(x + 1)", "nonnegative integer", {"a": "real"}),
    "zero-inflated geometric": (
        "where(x < 1, log(z + (1 - z)*p), log(1 - z) + log(p) + x*log(1 - p))",
        "nonnegative integer",
        {"z": "unit", "p": "unit"},
    ),
    "cauchy": ("-log(pi) - log(1 + (x - m)**2)", "real", {"m": "real"}),
    "not a density": (
        "a*log(k) - loggamma(k) + (a - 1)*log(x) + (k - 1)*log(-log(x))",
        "unit",
        {"a": "positive", "k": "positive"},
    ),
}


@pytest.mark.parametrize(
    ("name", "data", "status", "limit"),
    [
        ("poisson of a log", [0, 0], "no_finite_estimate", ("a", "minus infinity", 0.0)),
        # no z is right: p = 5/8 is the geometric law's, its likelihood p**5*(1 - p)**3
        (
            "zero-inflated geometric",
            [0, 1, 0, 1, 1],
            "boundary",
            ("z", "0", 5 * math.log(5 / 8) + 3 * math.log(3 / 8)),
        ),
        ("zero-inflated geometric", [0, 0], "boundary", ("z", "1", 0.0)),
        # FACTS of two points at -1 and 1: one root, and it is threefold
        ("cauchy", [-1.0, 1.0], "not_identified", None),
        # a*log(k) alone has no bound, so the lower end of a is not where it is highest
        ("not a density", [0.2, 0.8], "not_converged", None),
    ],
)
def test_ends_of_typed_densities(name, data, status, limit):
    """The end and the limit, by hand; no end is named that another point tops."""
    text, where, parameters = OWN[name]
    found = symmle.fit(build_model("own", text, {"x": where}, parameters), data)
    assert found.status.value == status and found.estimate is None
    if limit is None:
        assert found.limit is None
    else:
        assert found.limit[:2] == limit[:2]
        assert found.limit[2] == pytest.approx(limit[2], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "where", "place"),
    [
        ("-log(x) - log(1 - x) - log(2*b) - Abs(log(x/(1 - x)) - m)/b", "unit", math.log(3 / 7)),
        ("-log(x) - log(1 - x) - log(2*b) - Abs(log(x) - log(1 - x) - m)/b", "unit", None),
        ("-log(2*b) - Abs(sqrt(1 - x) - m)/b", "unit", math.sqrt(0.7)),
    ],
)
def test_a_kink_under_a_function_that_is_real_on_the_support_only(text, where, place):
    """The median of log(x/(1 - x)), or of sqrt(1 - x), of three numbers is that of the middle."""
    model = build_model("own", text, {"x": where}, {"m": "real", "b": "positive"})
    found = symmle.fit(model, [0.2, 0.3, 0.9])
    assert found.status is Status.OK
    place = math.log(3 / 7) if place is None else place
    assert found.estimate["m"] == pytest.approx(place, rel=1e-14)


def test_a_higher_point_on_the_way_to_an_end_leaves_no_maximum():
    """Exponentiated Weibull: SciPy's density is higher at a shape of 20 than at what is found."""
    text = (
        "log(a) + log(k) - log(s) + (k - 1)*log(x/s) - (x/s)**k + (a - 1)*log(1 - exp(-(x/s)**k))"
    )
    parameters = dict.fromkeys("aks", "positive")
    x = [0.001, 1.0, 1000.0]
    found = symmle.fit(build_model("own", text, {"x": "positive"}, parameters), x)
    higher = scipy.stats.exponweib(0.05273, 2.547, scale=1606).logpdf(x).sum()
    assert found.estimate is None
    assert all(each.log_likelihood < higher for each in found.maxima)


@pytest.mark.parametrize("name", ["-((x - m)/s)**4 - log(s)", "-log(s) - log(1 + ((x - m)/s)**4)"])
def test_one_maximum_is_not_listed_twice_where_the_data_are_large(name):
    """Three rows in balance, a thousand apart: climbs end within 1e-8 of the spread, at 1e-5."""
    model = build_model("own", name, {"x": "real"}, {"m": "real", "s": "positive"})
    found = symmle.fit(model, [-1e3, 0.0, 1e3])
    assert found.status is Status.OK and found.maxima == ()
    assert abs(found.estimate["m"]) < 1e-6
