"""Maxima on and between the kinks of a log-density, each against another road.

The roads: the profile likelihood of the asymmetric Laplace in closed form, linear programming for
absolute deviations, every vertex by brute force, SciPy's densities and optimisers, and the
theorem that the mode of a triangular density is estimated by an observation.
"""

import itertools
import math

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import sympy as sp

import symmle
from symmle.families import family_model
from symmle.fit import Status
from symmle.fit.kink_form import kink_form
from symmle.known import Known
from symmle.model import Model, build_model
from symmle.tree_value import tree_value
from symmle.trial import points, sample


def own(density: str, data: dict[str, str], **parameters: str) -> Model:
    return build_model("own", density, data, parameters)


LAD = own(
    "-log(2*b) - Abs(y - a - c*x)/b", {"x": "real", "y": "real"}, a="real", c="real", b="positive"
)
QUARTILE = own(  # three times as steep above as below: the upper quartile
    "log(3/16) - log(b) - max(3*(y - a - c*x), -(y - a - c*x))/(4*b)",
    {"x": "real", "y": "real"},
    a="real",
    c="real",
    b="positive",
)
WEIGHED = own(
    "log(2/5) - log(s) - where(x < m, (m - x)/2, 2*(x - m))/s",
    {"x": "real"},
    m="real",
    s="positive",
)


def profile(x: np.ndarray, m: float) -> tuple[float, float, float]:
    """(log-likelihood, scale, skew) of the asymmetric Laplace at its best, given the location."""
    up, down = np.mean(np.maximum(x - m, 0)), np.mean(np.maximum(m - x, 0))
    height = -len(x) * (2 * math.log(math.sqrt(up) + math.sqrt(down)) + 1)
    skew = (down / up) ** 0.25 if up > 0 else math.inf
    return height, math.sqrt(up * down) * (1 / skew + skew) if skew else 0.0, skew


SAMPLES = {
    "normal": np.random.default_rng(1).standard_normal(40),
    "laplace": scipy.stats.laplace_asymmetric(1.7).rvs(60, random_state=2),
    "tied": np.array([-3.0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 7]),
    "far": 1e6 + scipy.stats.laplace_asymmetric(1.7).rvs(60, random_state=2),
    "many": scipy.stats.laplace_asymmetric(1.7).rvs(1500, random_state=3),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_asymmetric_laplace_by_its_profile_in_closed_form(name):
    """The location is the observation at which sqrt(up) + sqrt(down) is least."""
    x = SAMPLES[name]
    found = symmle.fit("asymmetric_laplace", x)
    best = max(x.tolist(), key=lambda m: profile(x, m)[0])
    height, scale, skew = profile(x, best)
    assert found.status is Status.OK
    assert found.known is Known.CHECKED
    assert found.estimate["location"] == best
    assert found.estimate["scale"] == pytest.approx(scale, rel=1e-9)
    assert found.estimate["skew"] == pytest.approx(skew, rel=1e-9)
    assert found.log_likelihood == pytest.approx(height, rel=1e-12)
    assert found.standard_errors["location"] is None
    assert "kink" in found.message


def test_an_asymmetric_laplace_that_is_an_exponential():
    """Where the exponential from the least observation is likelier, that limit is said."""
    x = np.random.default_rng(3).exponential(size=20)
    found = symmle.fit("asymmetric_laplace", x)
    assert found.status is Status.BOUNDARY
    assert found.limit[2] == pytest.approx(-20 * (1 + math.log(np.mean(x - x.min()))), rel=1e-8)


@pytest.mark.parametrize("values", [[1.5], [2.0, 2.0, 2.0]])
@pytest.mark.parametrize("name", ["asymmetric_laplace", "generalised_normal", "two_piece_normal"])
def test_data_that_do_not_vary(name, values):
    """The scale runs to 0, and the likelihood has no bound."""
    found = symmle.fit(name, values)
    assert found.status is Status.UNBOUNDED
    assert "scale runs to 0" in found.message


@pytest.mark.parametrize("seed", [1, 3, 8])
def test_generalised_normal_against_scipy(seed):
    """As high as SciPy's, and a local maximum: at shape 0 with the location on a row, unbounded."""
    x = scipy.stats.gennorm(1.6).rvs(40, random_state=seed)
    found = symmle.fit("generalised_normal", x)
    theirs = scipy.stats.gennorm.logpdf(x, *scipy.stats.gennorm.fit(x)).sum()
    there = found.estimate
    density = scipy.stats.gennorm(there["shape"], there["location"], there["scale"])
    assert found.status is Status.LOCAL_MAXIMUM
    assert found.log_likelihood == pytest.approx(density.logpdf(x).sum(), rel=1e-11)
    assert found.log_likelihood >= theirs - 1e-7
    # the path: the location on a row, the scale at its best, the shape towards 0
    shape = 1e-4
    power = np.mean(np.abs(x - x[0])[1:] ** shape) * (len(x) - 1) / len(x)
    log_scale = math.log(shape * power) / shape
    height = math.log(shape / 2) - log_scale - math.lgamma(1 / shape) - 1 / shape
    assert len(x) * height > found.log_likelihood + 100


def test_two_piece_normal_against_nelder_and_mead():
    """No point that SciPy's simplex finds from many starts is higher."""
    x = SAMPLES["laplace"]
    found = symmle.fit("two_piece_normal", x)

    def loss(theta: np.ndarray) -> float:
        m, scale, skew = theta[0], math.exp(theta[1]), math.exp(theta[2])
        z = (x - m) * np.where(x < m, skew, 1 / skew) / scale
        height = 0.5 * math.log(2 / math.pi) - math.log(scale) - math.log(skew + 1 / skew)
        return -(len(x) * height - 0.5 * float(z @ z))

    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000}
    best = min(
        scipy.optimize.minimize(loss, (m, 0.0, k), method="Nelder-Mead", options=options).fun
        for m in np.quantile(x, (0.2, 0.5, 0.8))
        for k in (-0.5, 0.5)
    )
    assert found.status is Status.OK
    assert found.log_likelihood == pytest.approx(-best, rel=1e-9)


def regression(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = draw.standard_normal(n)
    return x, 1 + 2 * x + draw.standard_t(2, n)


@pytest.mark.parametrize(("model", "level"), [(LAD, 0.5), (QUARTILE, 0.75)], ids=["median", "q3"])
@pytest.mark.parametrize("n", [5, 50, 700])
def test_quantile_regression_against_linear_programming(model, level, n):
    """The line minimises the weighted absolute deviations, as a linear program finds it."""
    x, y = regression(n, n)
    found = symmle.fit(model, {"x": x, "y": y})
    design = np.column_stack([np.ones(n), x])
    cost = np.r_[np.zeros(4), np.full(n, level), np.full(n, 1 - level)]
    solved = scipy.optimize.linprog(
        cost, A_eq=np.hstack([design, -design, np.eye(n), -np.eye(n)]), b_eq=y
    )
    assert found.status is Status.OK
    assert found.estimate["a"] == pytest.approx(solved.x[0] - solved.x[2], abs=1e-9)
    assert found.estimate["c"] == pytest.approx(solved.x[1] - solved.x[3], abs=1e-9)
    scale = solved.fun * (2 if level == 0.5 else 1) / n
    assert found.estimate["b"] == pytest.approx(scale, rel=1e-9)
    assert found.standard_errors["a"] is None
    assert found.standard_errors["b"] == pytest.approx(scale / math.sqrt(n), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_absolute_deviations_over_every_pair_of_rows(seed):
    """Small whole numbers, so that many rows meet in one vertex: brute force over all pairs."""
    draw = np.random.default_rng(seed)
    x, y = draw.integers(0, 5, 12).astype(float), draw.integers(0, 7, 12).astype(float)
    found = symmle.fit(LAD, {"x": x, "y": y})
    losses = []
    for i, j in itertools.combinations(range(12), 2):
        if x[i] != x[j]:
            slope = (y[j] - y[i]) / (x[j] - x[i])
            losses.append(np.mean(np.abs(y - y[i] - slope * (x - x[i]))))
    assert found.status in (Status.OK, Status.NOT_UNIQUE)
    assert found.estimate["b"] == pytest.approx(min(losses), rel=1e-9)
    tied = sum(abs(loss - min(losses)) < 1e-12 for loss in losses)
    assert tied > 1 or found.status is Status.OK


def test_lines_that_are_equally_likely():
    """Four corners of a square: every line between the two pairs has the same deviations."""
    found = symmle.fit(LAD, {"x": [0.0, 0, 1, 1], "y": [0.0, 1, 0, 1]})
    assert found.status is Status.NOT_UNIQUE
    assert found.estimate["b"] == pytest.approx(0.5)


def test_a_line_through_every_row():
    """No deviation is left, so the scale runs to 0; and one column that does not vary."""
    found = symmle.fit(LAD, {"x": [1.0, 2, 3, 4], "y": [2.0, 4, 6, 8]})
    assert found.status is Status.UNBOUNDED
    assert "b runs to 0" in found.message
    found = symmle.fit(LAD, {"x": [1.0, 1, 1], "y": [2.0, 4, 7]})
    assert found.status is Status.NOT_IDENTIFIED


@pytest.mark.parametrize(
    ("values", "low", "high"), [([0.0, 1, 2, 3, 5], 3, 5), ([0.0, 1, 2, 3, 5, 7], 5, 5)]
)
def test_a_whole_interval_or_a_point(values, low, high):
    """Slopes -1/2 and 2: the quantile of level 4/5, which is an interval for five observations."""
    found = symmle.fit(WEIGHED, values)
    assert found.status is (Status.NOT_UNIQUE if low < high else Status.OK)
    assert found.estimate["m"] == pytest.approx((low + high) / 2)
    if low < high:
        assert found.optima == {"m": (low, high)}
    loss = np.mean([max((high - x) / 2, 2 * (x - high)) for x in values])
    assert found.estimate["s"] == pytest.approx(loss, rel=1e-12)


def test_the_mode_of_a_triangle_is_an_observation():
    """Johnson & Kotz, The triangular distribution as a proxy (1999): brute force over the rows."""
    x = np.random.default_rng(5).triangular(0, 0.3, 1, size=30)
    model = own("where(x < m, log(2*x/m), log(2*(1 - x)/(1 - m)))", {"x": "unit"}, m="unit")

    def height(m: float) -> float:
        return float(np.log(np.where(x < m, 2 * x / m, 2 * (1 - x) / (1 - m))).sum())

    found = symmle.fit(model, x)
    best = max(x.tolist(), key=height)
    assert found.estimate == {"m": best}
    assert found.log_likelihood == pytest.approx(height(best), rel=1e-12)
    assert max(height(m) for m in np.linspace(0.001, 0.999, 4001)) <= height(best)


def test_a_score_that_is_continuous_across_its_kinks():
    """Huber's density: two kinks a row, but the score has no jump, so it vanishes at the maximum.

    A constant of 1.5 leaves none of these rows on a kink.
    """
    x = np.array([0.0, 1, 2, 3, 5, 9.25])
    model = own(
        "-where(Abs(x - m) < 3/2, (x - m)**2/2, 3/2*Abs(x - m) - 9/8)", {"x": "real"}, m="real"
    )
    found = symmle.fit(model, x)

    def score(m: float) -> float:
        return float(np.clip(x - m, -1.5, 1.5).sum())

    assert found.status is Status.OK
    assert found.estimate["m"] == pytest.approx(scipy.optimize.brentq(score, 0, 9), abs=1e-9)


def test_a_density_that_jumps_is_not_claimed():
    """A change point: the supremum is one-sided there, and no maximum is reported."""
    model = own(
        "where(x < m, log(a/(a*m + 1 - m)), -log(a*m + 1 - m))",
        {"x": "unit"},
        m="unit",
        a="positive",
    )
    assert kink_form(model) is None
    assert symmle.fit(model, [0.1, 0.2, 0.25, 0.3, 0.7, 0.8]).estimate is None


KINKED = ("asymmetric_laplace", "generalised_normal", "two_piece_normal", "two_piece_student_t")


@pytest.mark.parametrize(
    "model",
    [*map(family_model, KINKED), LAD, QUARTILE, WEIGHED],
    ids=[*KINKED, "deviations", "quartile", "weighed"],
)
def test_the_sides_are_the_density_where_they_hold(model):
    """At numbers: above where u > 0, below where u < 0, and on as the limit of both."""
    form = kink_form(model)
    assert form is not None
    u = form.offset + sp.Add(*(s * m for s, m in zip(form.slopes, form.moving, strict=True)))
    rows = sample(model)
    signs = set()
    for point in points(model):
        for i in range(7):
            here = {**point, **{symbol: column[i] for symbol, column in rows.items()}}
            with mpmath.workdps(40):
                side = tree_value(u, here)
                chosen = form.above if side > 0 else form.below
                gap = abs(tree_value(chosen - model.log_density, here))
            signs.add(side > 0)
            assert gap < 1e-30
    assert signs == {True, False}
