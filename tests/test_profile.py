"""Profile-likelihood intervals against exact shapes, invariance and another root finder."""

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import symmle

X = np.array([2.1, 3.9, 0.7, 5.5, 3.2, 2.8, 9.4, 1.6])


def quantile(level: float) -> float:
    return float(scipy.stats.chi2.ppf(level, 1))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_the_normal_mean_has_the_shape_of_t(level: float) -> None:
    """n*log(1 + (m - mu)**2/s2) = q exactly: mean -+ s*sqrt(exp(q/n) - 1)."""
    ends = symmle.fit("normal", X, level=level).profile_intervals["mu"]
    reach = X.std() * math.sqrt(math.expm1(quantile(level) / len(X)))
    assert ends == pytest.approx((X.mean() - reach, X.mean() + reach), rel=1e-8)


def test_the_exponential_solves_its_likelihood_ratio() -> None:
    """2n(r - 1 - log r) = q for r = rate*mean, by Brent's method on either side."""
    ends = symmle.fit("exponential", X).profile_intervals["rate"]
    for end, bracket in zip(ends, ((1e-6, 1), (1, 50)), strict=True):
        ratio = scipy.optimize.brentq(
            lambda r: 2 * len(X) * (r - 1 - math.log(r)) - quantile(0.95), *bracket, xtol=1e-14
        )
        assert end == pytest.approx(ratio / X.mean(), rel=1e-8)


def test_the_gamma_shape_by_scipys_likelihood_and_minimiser() -> None:
    """The rate profiled out is shape/mean; SciPy's density, Brent's root."""
    ends = symmle.fit("gamma", X).profile_intervals["shape"]

    def height(shape: float) -> float:
        return float(scipy.stats.gamma.logpdf(X, shape, scale=X.mean() / shape).sum())

    best = scipy.optimize.minimize_scalar(
        lambda a: -height(a), bounds=(0.1, 20), method="bounded", options={"xatol": 1e-10}
    ).x
    for end, bracket in zip(ends, ((0.05, best), (best, 50)), strict=True):
        root = scipy.optimize.brentq(
            lambda a: 2 * (height(best) - height(a)) - quantile(0.95), *bracket
        )
        assert end == pytest.approx(root, rel=1e-7)


def test_the_interval_does_not_depend_on_the_coordinates() -> None:
    """Invariance: the interval of log(scale) is the log of that of scale, unlike Wald's."""
    plain = symmle.fit("rayleigh", X)
    model = symmle.build_model(
        "log_rayleigh", "log(x) - 2*t - x**2*exp(-2*t)/2", {"x": "positive"}, {"t": "real"}
    )
    moved = symmle.fit(model, X)
    ends = plain.profile_intervals["scale"]
    assert moved.profile_intervals["t"] == pytest.approx([math.log(e) for e in ends], abs=1e-8)


@pytest.mark.parametrize("family", ["weibull", "cauchy", "lognormal", "inverse_gaussian"])
def test_ends_are_where_the_likelihood_has_fallen_by_the_quantile(family: str) -> None:
    """With the parameter fixed there, a new fit of the others is lower by q/2."""
    found = symmle.fit(family, X)
    assert found.profile_intervals is not None
    for name, ends in found.profile_intervals.items():
        for end in ends:
            held = symmle.fit(family, X, fix={name: repr(end)})
            fall = 2 * (found.log_likelihood - held.log_likelihood)
            assert fall == pytest.approx(quantile(0.95), rel=1e-6)


def test_an_interval_without_an_end_says_so() -> None:
    """Hardly overdispersed counts: the Poisson limit is inside, so size has no upper end."""
    counts = [0, 1, 2, 3, 1, 0, 5, 2, 1, 2, 0, 3]
    found = symmle.fit("negative_binomial", counts)
    assert found.status == "ok"
    low, high = found.profile_intervals["size"]
    assert low is not None and low < found.estimate["size"] and high is None
    assert "size" in found.reasons["profile_intervals.size"]
    assert "none" in str(found)


def test_large_samples_agree_with_wald() -> None:
    """The two roads meet as n grows."""
    x = np.random.default_rng(1).gamma(2.0, 1.0, 20_000)
    found = symmle.fit("gamma", x)
    for name, ends in found.profile_intervals.items():
        assert ends == pytest.approx(found.confidence_intervals[name], rel=2e-3)


def by_r() -> list[tuple[str, int, float, float]]:
    lines = (Path(__file__).parent / "ref" / "profile_intervals.txt").read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return [(name, int(i) - 1, float(low), float(high)) for name, i, low, high in rows]


@pytest.mark.parametrize("family", sorted({row[0] for row in by_r()}))
def test_intervals_agree_with_r(family: str) -> None:
    """Eight families: R's densities, its minimiser for the nuisance and its root finder."""
    found = symmle.fit(family, np.round(X) if family == "poisson" else X)
    ends = list(found.profile_intervals.values())
    for name, i, low, high in by_r():
        if name == family:
            assert ends[i] == pytest.approx((low, high), rel=1e-7)
