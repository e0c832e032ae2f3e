"""What a generated module refuses, and what generate refuses: one plain sentence, no number."""

import math

import numpy as np
import pytest

from symmle.codegen import generate, load
from symmle.derive import derive
from symmle.errors import SymmleError
from symmle.estimate import estimate
from symmle.families import family_model
from symmle.model import build_model
from tests.by_rows import WORKED

NONE = r"no (finite )?(estimate|maximum)"


def made(model):
    derivation = derive(model)
    return load(generate(derivation, estimate(derivation)), f"refusing_{model.name}")


@pytest.fixture(scope="module")
def modules():
    return {name: made(family_model(name)) for name in WORKED}


@pytest.fixture(scope="module")
def student():
    return made(
        build_model(
            "student_t",
            "loggamma((df+1)/2) - loggamma(df/2) - log(df*pi)/2 - log(s)"
            " - (df+1)/2*log1p(((x-m)/s)**2/df)",
            {"x": "real"},
            {"m": "real", "s": "positive", "df": "positive"},
        )
    )


@pytest.mark.parametrize(
    "name", ["normal", "lognormal", "gamma", "weibull", "inverse_gaussian", "cauchy"]
)
@pytest.mark.parametrize("value", [2.0, 0.1, 1 / 3, 7.3e100])
def test_constant_data_have_no_estimate(modules, name, value):
    """All rows equal: a scale of zero or an infinite shape, and no rounding may hide it."""
    for given in ({}, {"weights": [1.0, 2.0, 0.5, 3.0, 1.0, 1.0, 1.0]}):
        with pytest.raises(ValueError, match=NONE):
            modules[name].fit([value] * 7, **given)
    with pytest.raises(ValueError, match=NONE):
        modules[name].fit([value, 2 * value], weights=[1.0, 0.0])


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("poisson", [0, 0, 0]),
        ("geometric", [0, 0]),
        ("bernoulli", [0, 0, 0]),
        ("bernoulli", [1, 1]),
        ("exponential", [0.0, 0.0]),
        ("negative_binomial", [0, 0, 0]),
        ("negative_binomial", [3, 3, 3, 3]),
        ("negative_binomial", [1, 2, 1, 2, 1, 2]),
        ("negative_binomial", [0, 0, 1]),
        ("beta", [0.3, 0.3, 0.3]),
    ],
)
def test_estimates_on_the_boundary_are_refused(modules, name, x):
    """All zeros, all ones, counts no more dispersed than a Poisson: nothing finite inside."""
    with pytest.raises(ValueError, match=NONE):
        modules[name].fit(x)


def test_flat_and_unbounded_likelihoods_are_refused(modules, student):
    """Two points: a Cauchy has a ridge, a t rises with df; four equal rows of five: no bound."""
    for module, x in (
        (modules["cauchy"], [5.0, 6.0]),
        (student, [5.0, 6.0]),
        (modules["cauchy"], [0.0, 0.0, 0.0, 0.0, 1e8]),
    ):
        with pytest.raises(ValueError, match="no maximum"):
            module.fit(x)


def test_what_rounding_made_is_no_estimate():
    """Constant data of a Birnbaum-Saunders: x/s + s/x - 2 is rounding, and its maximum too."""
    module = made(
        build_model(
            "birnbaum_saunders",
            "log(x+s) - log(2*a) - log(s)/2 - 3*log(x)/2 - log(2*pi)/2 - (x/s+s/x-2)/(2*a**2)",
            {"x": "positive"},
            {"a": "positive", "s": "positive"},
        )
    )
    assert module.fit([1.0, 2.0, 3.0]).a > 0
    for value in (2.0, 0.1, 1 / 3, 7.3):
        with pytest.raises(ValueError, match=NONE):
            module.fit([value] * 7)


def test_a_lomax_without_a_maximum_is_refused():
    """The equation tends to zero from above for mean(x**2) < 2*mean(x)**2; far out it is noise."""
    module = made(
        build_model(
            "lomax",
            "log(k) - log(s) - (k+1)*log(1 + x/s)",
            {"x": "positive"},
            {"k": "positive", "s": "positive"},
        )
    )
    for x in ([0.375, 0.875, 2.375, 1.375, 4.875, 1.875], [1.0, 2.0, 3.0], [0.375, 0.875, 2.375]):
        assert np.mean(np.square(x)) < 2 * np.mean(x) ** 2
        with pytest.raises(ValueError, match="no finite estimate"):
            module.fit(x)


@pytest.mark.parametrize(
    ("name", "x", "message"),
    [
        ("normal", [1.0, math.nan, 2.0], "x must be finite, but row 1 .* nan"),
        ("normal", [1.0, math.inf], "row 1"),
        ("normal", [], "at least one row"),
        ("normal", [[1.0, 2.0]], "one column"),
        ("normal", ["one"], "numbers"),
        ("gamma", [1.0, 2.0, -3.0], "x must be positive, but row 2 .* -3.0"),
        ("gamma", [0.0, 2.0], "row 0"),
        ("beta", [0.5, 1.0], "row 1"),
        ("poisson", [1, 2.5], "row 1 .* 2.5"),
        ("bernoulli", [0, 1, 2], "row 2"),
        ("normal", [1e300, -1e300], "overflows"),
        ("normal", [1e-200, 2e-200], "underflows"),
        ("rayleigh", [1e-200, 2e-200], "no estimate"),
        ("negative_binomial", [0, 1e9], "too large"),
    ],
)
def test_bad_data_are_refused_with_their_row(modules, name, x, message):
    """One sentence that names the column, the first bad row and what is required."""
    with pytest.raises(ValueError, match=message):
        modules[name].fit(x)


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, math.nan]])
def test_bad_weights_are_refused(modules, weights):
    """One weight a row, none negative, not all zero."""
    with pytest.raises(ValueError, match="weights"):
        modules["normal"].statistics([1.0, 2.0], weights=weights)


def test_bad_starts_and_schemes_are_refused(modules):
    """A start must have one value a parameter, inside its domain; a scheme must be one of two."""
    module, x = modules["normal"], [1.0, 2.0, 4.0]
    for start in ([1.0], [1.0, -1.0], [math.nan, 1.0]):
        with pytest.raises(ValueError, match="start"):
            module.gradient_ascent(x, 3, 0.1, start=start)
    with pytest.raises(ValueError, match="scheme"):
        module.gradient_ascent(x, 3, 0.1, scheme="both")


@pytest.mark.parametrize(
    ("density", "data", "parameters", "reason"),
    [
        (
            "-Abs((x-m)/s)**p - log(s) - loggamma(1+1/p) - log(2)",
            "real",
            {"m": "real", "s": "positive", "p": "positive"},
            "kinks",
        ),
        (
            "log(k) - k*log(s) + (k-1)*log(x-m) - ((x-m)/s)**k",
            "(m, oo)",
            {"m": "real", "s": "positive", "k": "positive"},
            "support",
        ),
    ],
)
def test_fits_that_the_score_cannot_give_are_refused(density, data, parameters, reason):
    """Free exponent about a kink, free threshold: the module is written, its fit says why not."""
    module = made(build_model("typed", density, {"x": data}, parameters))
    with pytest.raises(ValueError, match=reason):
        module.fit([2.0, 3.0, 5.0])
    assert len(module.score([2.0, 3.0, 5.0], 1.5, 2.0, 0.5)) == 3


def test_what_has_no_numpy_form_is_refused():
    """Zeta of a whole column has no routine: a sentence, no wrong module."""
    model = build_model("odd", "-s*x*zeta(x + 2) + log(s)", {"x": "positive"}, {"s": "positive"})
    derivation = derive(model)
    with pytest.raises(SymmleError, match="no NumPy form"):
        generate(derivation, estimate(derivation))


def test_the_inflection_of_a_skew_normal_is_no_estimate():
    """At alpha = 0 score and Hessian of a skew-normal are singular for every sample."""
    module = made(
        build_model(
            "skew_normal",
            "-log(s) - (x-m)**2/(2*s**2) - log(2*pi)/2 + log(erfc(-al*(x-m)/(s*sqrt(2))))",
            {"x": "real"},
            {"m": "real", "s": "positive", "al": "real"},
        )
    )
    skewed = np.random.default_rng(0).gamma(4, 1, 200)
    assert abs(module.fit(skewed).al) > 1
    with pytest.raises(ValueError, match=NONE):
        module.fit([-2.0, -1.0, 0.0, 1.0, 2.0])
