"""Generalised extreme value and Pareto laws: as high as SciPy, and unbounded below shape -1.

The other road: SciPy's densities and its own search, and the profile of the Pareto law in closed
form along shape = -2, where the scale runs to twice the largest observation.
"""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import symmle
from symmle.data.sample import from_array
from symmle.families import family_model
from symmle.fit import Status
from symmle.fit.locate import surface_of
from symmle.fit.many_digits import is_noisy
from symmle.fit.prepare import prepare
from symmle.fit.record import Weights
from symmle.fit.setting import setting


@pytest.mark.parametrize(
    ("name", "sign", "shape"),
    [("extreme_value", -1, shape) for shape in (-0.7, 0.0)]
    + [("pareto", 1, shape) for shape in (-0.7, -0.3, 0.0, 0.3)],
)
def test_generalised_laws_against_scipy(name, sign, shape):
    """As high as SciPy's search, at SciPy's density; and the path to no bound is told."""
    law = scipy.stats.genextreme if name == "extreme_value" else scipy.stats.genpareto
    held = {} if name == "extreme_value" else {"floc": 0}
    x = law(sign * shape).rvs(size=300, random_state=7)
    found = symmle.fit(f"generalised_{name}", x)
    there = found.estimate
    at = there["scale"] if held else (there["location"], there["scale"])
    density = law(sign * there["shape"], *((0, at) if held else at))
    theirs = law.logpdf(x, *law.fit(x, **held)).sum()
    assert found.status is Status.LOCAL_MAXIMUM
    assert found.log_likelihood == pytest.approx(density.logpdf(x).sum(), rel=1e-10)
    assert found.log_likelihood >= theirs - 1e-6
    assert found.unbounded_path is not None


def test_a_pareto_law_without_a_maximum_inside():
    """Nowhere above shape -1 does the profile turn, on a fine grid of shape/scale."""
    x = scipy.stats.genpareto(-0.7).rvs(size=60, random_state=np.random.default_rng(53))
    found = symmle.fit("generalised_pareto", x)
    assert found.status is Status.UNBOUNDED
    ratio = -np.exp(np.linspace(-12, math.log(1 / x.max()) - 1e-9, 4000))  # shape / scale
    shape = np.log1p(np.outer(ratio, x)).mean(axis=1)
    height = -np.log(shape / ratio) - shape - 1
    inside = shape > -1
    assert np.all(np.diff(height[inside]) > 0)  # rises all the way to shape -1


def exponential_like(beyond: float) -> np.ndarray:
    """Forty quantiles whose generalised Pareto shape is estimated at about `beyond`.

    At shape 0 the score in the shape is mean(z**2)/2 - mean(z), with z the data over their mean.
    """
    u = (np.arange(40) + 0.5) / 40

    def quantiles(t: float) -> np.ndarray:
        return np.expm1(-t * np.log1p(-u)) / t

    def slope(t: float) -> float:
        z = quantiles(t) / quantiles(t).mean()
        return float(np.mean(z * z) / 2 - 1)

    return quantiles(scipy.optimize.brentq(slope, 0.01, 0.5, xtol=1e-15) + beyond)


@pytest.mark.parametrize("beyond", [0.0, 1e-9, 1e-6, 1e-4])
def test_a_removable_singularity_costs_no_digit(beyond):
    """At shape 0 doubles divide noise by zero; the answer is that of the expansion about 0.

    L = -log(s) - mean(z) + shape*mean(z**2/2 - z) + shape**2*mean(z**2/2 - z**3/3) + ..., z = x/s.
    """
    x = exponential_like(beyond)
    found = symmle.fit("generalised_pareto", x)
    scale, shape = found.estimate["scale"], found.estimate["shape"]
    z = x / scale
    assert found.status is Status.LOCAL_MAXIMUM
    assert abs(shape - 1.02 * beyond) < 0.01 * beyond + 1e-13
    expanded = -math.log(scale) - z.mean() + shape * np.mean(z * z / 2 - z)
    expanded += shape**2 * np.mean(z * z / 2 - z**3 / 3)
    assert found.log_likelihood == pytest.approx(40 * expanded, rel=1e-9)
    cross = np.mean(z - z * z) / scale
    hessian = [[-1 / scale**2, cross], [cross, np.mean(z * z - 2 * z**3 / 3)]]
    errors = np.sqrt(np.diag(np.linalg.inv(-40 * np.array(hessian))))
    assert list(found.standard_errors.values()) == pytest.approx(errors, rel=2e-3)


@pytest.mark.parametrize("name", ["gamma", "weibull", "student_t", "logistic"])
def test_plain_densities_keep_their_digits(name):
    """Nothing is summed at many digits where doubles do."""
    ready = prepare(family_model(name))
    x = np.abs(scipy.stats.t(4).rvs(size=50, random_state=1))
    asked = setting(ready.derivation, ready.estimator, from_array(x), 0.95, Weights.FREQUENCIES)
    point = (1.3, 0.8, 3.1)[: len(asked.model.symbols)]
    assert not is_noisy(surface_of(asked, ready.module()), point)
