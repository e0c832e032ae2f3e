"""Frequencies and probabilities: the same estimate, other errors."""

import math

import numpy as np
import pytest
import statsmodels.api as sm

import symmle
from symmle.api import FitResult

GENERATOR = np.random.default_rng(20)
X = GENERATOR.gamma(3.0, 2.0, 60)
W = GENERATOR.integers(1, 5, 60).astype(float)


@pytest.fixture(scope="module")
def survey() -> FitResult:
    return symmle.fit("gamma", X, weights=W, weights_are="probabilities")


@pytest.fixture(scope="module")
def counted() -> FitResult:
    return symmle.fit("gamma", X, weights=W)


def test_frequencies_are_repetitions_in_every_number(counted: FitResult) -> None:
    """Each number of the record is that of the data written out."""
    other = symmle.fit("gamma", np.repeat(X, W.astype(int)))
    assert counted.n == other.n == W.sum()
    for field in ("standard_errors", "expected_standard_errors", "sandwich_standard_errors"):
        one, two = getattr(counted, field), getattr(other, field)
        assert list(one.values()) == pytest.approx(list(two.values()), rel=1e-9)
    assert counted.aic == pytest.approx(other.aic, rel=1e-12)
    assert counted.bic == pytest.approx(other.bic, rel=1e-12)
    for name, ends in counted.profile_intervals.items():
        assert ends == pytest.approx(other.profile_intervals[name], rel=1e-7)


def test_probabilities_change_the_errors_and_not_the_estimate(
    survey: FitResult, counted: FitResult
) -> None:
    """n is the number of rows, and what compares likelihoods is withheld with a reason."""
    assert list(survey.estimate.values()) == pytest.approx(list(counted.estimate.values()))
    assert survey.n == 60
    assert "effective number" in str(survey) and "repetitions of a row" in str(counted)
    assert survey.standard_errors == survey.sandwich_standard_errors
    assert survey.effective_n == pytest.approx(W.sum() ** 2 / (W**2).sum(), rel=1e-14)
    for field in ("log_likelihood", "aic", "aicc", "bic", "profile_intervals"):
        assert getattr(survey, field) is None
        assert "probabilities" in survey.reasons[field]


@pytest.mark.parametrize("factor", [1e-9, 7.0, 1e12])
def test_only_the_ratios_of_probabilities_matter(factor: float, survey: FitResult) -> None:
    """Weights in another unit say the same of the population."""
    other = symmle.fit("gamma", X, weights=W * factor, weights_are="probabilities")
    for field in ("estimate", "standard_errors"):
        one, two = getattr(survey, field), getattr(other, field)
        assert list(two.values()) == pytest.approx(list(one.values()), rel=1e-9)
    assert other.effective_n == pytest.approx(survey.effective_n, rel=1e-12)


def test_the_mean_of_a_survey_has_the_linearised_error() -> None:
    """Binder's formula by hand for a weighted mean: sqrt(sum(w**2*(x - m)**2))/sum(w)."""
    found = symmle.fit("normal", X, weights=W, weights_are="probabilities")
    mean = (W @ X) / W.sum()
    error = math.sqrt(float(W**2 @ (X - mean) ** 2)) / W.sum()
    assert found.estimate["mu"] == pytest.approx(mean, rel=1e-14)
    assert found.standard_errors["mu"] == pytest.approx(error, rel=1e-12)


def test_the_sandwich_is_that_of_statsmodels() -> None:
    """A regression with heteroscedasticity: HC0 errors of ordinary least squares."""
    model = symmle.build_model(
        "line",
        "-log(s) - (y - a - b*x)**2/(2*s**2) - log(2*pi)/2",
        {"y": "real", "x": "real"},
        {"a": "real", "b": "real", "s": "positive"},
    )
    y = 1 + 2 * X + X * GENERATOR.normal(size=60)
    found = symmle.fit(model, {"y": y, "x": X})
    robust = sm.OLS(y, sm.add_constant(X)).fit(cov_type="HC0").bse
    errors = [found.sandwich_standard_errors[name] for name in ("a", "b")]
    assert errors == pytest.approx(robust.tolist(), rel=1e-9)
    plain = found.standard_errors["b"]
    assert abs(plain / errors[1] - 1) > 0.05


def test_the_sandwich_of_a_poisson_mean_is_the_sample_error() -> None:
    """Where the mean is what is estimated the sandwich is s/sqrt(n), overdispersed or not."""
    counts = np.array([0, 0, 0, 9, 1, 0, 14, 2, 0, 3.0])
    found = symmle.fit("poisson", counts)
    assert found.sandwich_standard_errors["rate"] == pytest.approx(
        counts.std() / math.sqrt(10), rel=1e-12
    )
    assert found.standard_errors["rate"] == pytest.approx(math.sqrt(counts.mean() / 10), rel=1e-12)


def test_a_row_of_weight_zero_is_no_row() -> None:
    """It changes no number."""
    found = symmle.fit("gamma", [*X, 1e9], weights=[*W, 0.0])
    assert found.estimate == symmle.fit("gamma", X, weights=W).estimate
    assert symmle.fit("gamma", [*X, 1e9], weights=[*W, 0.0]).sandwich_standard_errors is not None
