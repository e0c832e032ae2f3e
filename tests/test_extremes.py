"""Generalised extreme value and Pareto laws: as high as SciPy, and unbounded below shape -1.

The other road: SciPy's densities and its own search, and the profile of the Pareto law in closed
form along shape = -2, where the scale runs to twice the largest observation.
"""

import math

import numpy as np
import pytest
import scipy.stats

import symmle
from symmle.fit import Status


@pytest.mark.parametrize("shape", [-0.7, -0.3, 0.0, 0.3])
@pytest.mark.parametrize(("name", "sign"), [("extreme_value", -1), ("pareto", 1)])
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
