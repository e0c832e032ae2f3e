"""Coordinates in which the likelihood is concave: one maximum, proved by signs."""

import random

import mpmath
import numpy as np
import pytest
from scipy import optimize, stats

from symmle.derive import derive
from symmle.estimate import Estimator, estimate
from symmle.estimate.concave_elsewhere import concave_elsewhere
from symmle.families import family_model
from symmle.known import Known
from tests.by_rows import prepared, rows_of, typed

LINE = "(location/scale, 1/scale)"
POWER = "(shape, shape*log(scale))"
FOUND = {
    "logistic": (LINE, "var(x) > 0"),
    "gumbel": (LINE, "var(x) > 0"),
    "gumbel_minimum": (LINE, "var(x) > 0"),
    "hyperbolic_secant": (LINE, "var(x) > 0"),
    "weibull": (POWER, "var(log(x)) > 0"),
    "frechet": (POWER, "var(log(x)) > 0"),
    "log_logistic": (POWER, "var(log(x)) > 0"),
    "half_logistic": ("(1/scale)", "None"),
}
NOT_LOG_CONCAVE = ("cauchy", "student_t", "half_cauchy", "lomax", "burr", "skew_normal")


def _estimator(name: str) -> Estimator:
    return estimate(derive(family_model(name)))


@pytest.mark.parametrize("name", FOUND)
def test_the_coordinates_and_the_condition(name: str) -> None:
    """The theory of Pratt and Burridge, found by rule and read as a person would write it."""
    there = concave_elsewhere(family_model(name))
    assert there is not None
    assert (there.shown, str(there.exists)) == FOUND[name]


@pytest.mark.parametrize("name", NOT_LOG_CONCAVE)
def test_no_coordinates_for_what_may_have_two_maxima(name: str) -> None:
    """A density that is not log-concave is claimed in no coordinates."""
    assert concave_elsewhere(family_model(name)) is None


@pytest.mark.parametrize("name", FOUND)
def test_the_average_lies_above_its_chords(name: str) -> None:
    """At random data, in the coordinates named: strictly, and on chords of every size."""
    model = family_model(name)
    there = concave_elsewhere(model)
    assert there is not None
    draw = random.Random(name)
    average = prepared(derive(model).average_log_likelihood, rows_of(model, draw, 9))

    def height(at: list[float]) -> mpmath.mpf:
        here = dict(zip(there.new, map(mpmath.mpf, at), strict=True))
        return average(
            {s: mpmath.mpf(there.coordinates[s].subs(here).evalf(40)) for s in model.symbols}
        )

    for size in (3.0, 0.3, 0.01):
        first = [draw.uniform(0.5, 1.5) for _ in there.new]
        second = [a + size * draw.uniform(-0.1, 1) for a in first]
        middle = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
        assert 2 * height(middle) > height(first) + height(second)


@pytest.mark.parametrize("law", ["logistic", "hypsecant", "gumbel_r"])
def test_climbs_from_far_and_near_end_at_one_point(law: str) -> None:
    """Nelder-Mead on SciPy's own density, from five starts: one maximum."""
    density = getattr(stats, law)
    x = np.array([0.3, -2.0, 1.7, 9.5, 0.1, -0.4, 2.2])
    ends = [
        optimize.minimize(
            lambda t: -np.sum(density.logpdf(x, t[0], np.exp(t[1]))),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000},
        ).x
        for start in ([0, 0], [20, 3], [-30, 1], [5, -2], [0, 5])
    ]
    assert np.ptp(ends, axis=0) == pytest.approx([0, 0], abs=1e-6)


def test_what_an_estimator_gains_by_it() -> None:
    """Unique and a strict maximum, proved; the road names the coordinates."""
    found = _estimator("logistic")
    assert (found.unique, found.maximum, str(found.exists)) == (True, Known.PROVED, "var(x) > 0")
    assert LINE in found.road
    assert set(map(str, found.concave_in)) == {"location", "scale"}


def test_a_tail_that_does_not_fall_gives_no_condition() -> None:
    """h(z) = z - exp(z) falls to both sides; -exp(z) only to one, so nothing is said of it."""
    falling = typed("log(b) + b*x - a - exp(b*x - a)", ["x"], ["a", "b>0"])
    assert concave_elsewhere(falling) is not None
    one_sided = typed("log(b) - exp(b*x - a)", ["x"], ["a", "b>0"])
    there = concave_elsewhere(one_sided)
    assert there is None or there.exists is None
