"""Every stationary point over the whole domain: against grids of scores, climbs and mpmath."""

import math

import mpmath
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

import symmle
from symmle import build_model, family_model
from symmle.derive import derive
from symmle.fit.every_maximum import stationary_points
from symmle.fit.half_plane import remaining
from symmle.fit.pulled_back import pulled_back
from symmle.fit.standardised import kernel_of, ranges


def student(df):
    """Location and scale, the degrees of freedom known."""
    density = f"-(1 + {df})/2*log(1 + (x - m)**2/({df}*s**2)) - log(s)"
    return build_model("own", density, {"x": "real"}, {"m": "real", "s": "positive"})


CAUCHY, SHARP = student("1"), student("1/3")
SAMPLE = [-3.1, -2.4, 0.2, 0.5, 1.9, 7.0, 30.0]


def laid(model, values):
    rows = {model.data[0].symbol: [mpmath.mpf(value) for value in values]}
    return derive(model), rows, [mpmath.mpf(1)] * len(values)


def heights(df, values):
    """Minus the log-likelihood and its gradient in (m, log s), by NumPy from the formula."""
    x = np.asarray(values)

    def down(at):
        z = (x - at[0]) / math.exp(at[1])
        pull = (1 + df) * z / (df + z * z)
        height = ((1 + df) / 2 * np.log1p(z * z / df)).sum() + len(x) * at[1]
        return height, np.array([-pull.sum() / math.exp(at[1]), len(x) - (z * pull).sum()])

    return down


@pytest.mark.parametrize(
    ("df", "values"),
    [
        ("1", SAMPLE),
        ("3", SAMPLE),
        ("1/3", [0.0, 0.3, 0.7, 8.0, 8.5, 9.1, 20.0]),
        ("1/3", [1e6, 1e6 + 1, 1e6 + 1.5, 1e6 + 9, 1e6 + 9.25, 1e6 + 30]),
    ],
)
def test_the_maxima_are_those_of_many_climbs(df, values):
    """From a dense grid of starts SciPy finds the maxima that are listed, and no other."""
    model = student(df)
    search = stationary_points(*laid(model, values), seconds=60)
    assert search.complete and set(search.box.values()) == {(-math.inf, math.inf), (0, math.inf)}
    tops = [p for p in search.points if p.kind == "maximum"]
    down = heights(float(eval_fraction(df)), values)
    found = []
    for m in np.linspace(min(values), max(values), 25):
        for log_s in np.linspace(-3, 4, 8):
            end = scipy.optimize.minimize(down, [m, log_s], jac=True, method="BFGS")
            slope = down(end.x)[1]
            if np.abs(slope).max() > 1e-3 or end.x[1] < -8:
                continue
            place = (end.x[0], math.exp(end.x[1]))
            if not any(np.allclose(place, other, rtol=1e-3, atol=1e-3) for other in found):
                found.append(place)
    m, s = model.symbols
    listed = sorted((float(p.estimate[m]), float(p.estimate[s])) for p in tops)
    assert np.allclose(listed, sorted(found), rtol=1e-3, atol=1e-3)
    # Poincare and Hopf: the map points inwards at the edge of the half-plane.
    minima, saddles = (sum(p.kind == kind for p in search.points) for kind in ("minimum", "saddle"))
    assert len(tops) + minima - saddles == 1


def eval_fraction(text):
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom or 1)


@pytest.mark.parametrize("df", [1.0, 1 / 3])
def test_outside_of_the_region_a_score_has_a_sign(df):
    """At random places beyond each proved bound, by the formula in NumPy."""
    rest = remaining(*laid(student("1" if df == 1 else "1/3"), SAMPLE), 20)
    assert rest.whole and len(rest.bounds) == 3
    down, rng = heights(df, SAMPLE), np.random.default_rng(4)
    low, high = rest.spread
    for at in rng.uniform(*rest.place, 400):
        assert down([at, math.log(low * rng.uniform(0.01, 1))])[1][1] < 0
        assert down([at, math.log(high * rng.uniform(1, 50))])[1][1] > 0
    for away in rng.exponential(30, 400):
        spread = rng.uniform(-9, 9)
        assert down([rest.place[1] + away, spread])[1][0] > 0
        assert down([rest.place[0] - away, spread])[1][0] < 0


@given(st.floats(-1e4, 1e4), st.floats(0, 1e4), st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_the_ranges_hold_every_value(start, width, share):
    """Bounds on an interval contain the functions at any point of it."""
    at = min(start + share * width, start + width)
    for table, function in zip(TABLES, (G, H), strict=True):
        low, high = table.between(np.array([start]), np.array([start + width]))
        assert low[0] <= function(at) + 1e-14 and function(at) - 1e-14 <= high[0]


KERNEL = kernel_of(derive(SHARP))
TABLES = [ranges(KERNEL, slope) for slope in KERNEL.slopes]


def G(z):
    return 4 / 3 * z / (1 / 3 + z * z)


def H(z):
    return 4 / 3 * z * z / (1 / 3 + z * z) - 1


def test_half_of_the_rows_alike_is_not_covered():
    """Four of seven rows alike: the likelihood has no bound as s -> 0, so nothing is claimed."""
    rest = remaining(*laid(CAUCHY, [1.0, 2.0, 7.0]), 20)
    assert rest.whole
    derivation, rows, _ = laid(CAUCHY, [1.0, 2.0, 7.0])
    heavy = [mpmath.mpf(4), mpmath.mpf(1), mpmath.mpf(1)]
    tied = remaining(derivation, rows, heavy, 20)
    assert tied is None or (not tied.whole and not any("below" in each for each in tied.bounds))


@pytest.mark.parametrize("name", ["gamma", "normal_mixture", "exponential"])
def test_other_densities_have_no_kernel(name):
    """A shape, two locations or one parameter: no place and spread."""
    if name == "normal_mixture":
        density = "log(exp(-(x - a)**2/2) + exp(-(x - b)**2/2))"
        model = build_model("own", density, {"x": "real"}, {"a": "real", "b": "positive"})
    else:
        model = family_model(name)
    assert kernel_of(derive(model)) is None


POSITIVE = [0.1, 0.3, 0.35, 1.7, 2.2, 5.0, 70.0]
LAWS = {  # of logarithms: (parameters, density, place and spread of the logarithm)
    "real place": (
        {"m": "real", "s": "positive"},
        "-log(s) - log(x) - log(1 + ((log(x) - m)/s)**2)",
        lambda m, s: (m, s),
    ),
    "ratio": (
        {"c": "positive", "b": "positive"},
        "log(c) - log(x) - log(1 + c**2*log(x/b)**2)",
        lambda m, s: (1 / s, math.exp(m)),
    ),
}


@pytest.mark.parametrize("law", LAWS)
def test_a_law_of_logarithms_has_the_points_of_the_logarithms(law):
    """What is listed for x is what is listed for log(x), carried over; nothing else anywhere."""
    domains, density, carried = LAWS[law]
    model = build_model("own", density, {"x": "positive"}, domains)
    search = stationary_points(*laid(model, POSITIVE))
    plain = stationary_points(*laid(CAUCHY, [math.log(v) for v in POSITIVE]))
    assert search.whole and plain.whole and len(search.points) == len(plain.points) > 0
    m, s = CAUCHY.symbols
    expected = sorted(carried(float(p.estimate[m]), float(p.estimate[s])) for p in plain.points)
    found = sorted(tuple(float(p.estimate[t]) for t in model.symbols) for p in search.points)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("law", LAWS)
def test_no_score_vanishes_outside_what_is_proved_of_logarithms(law):
    """Climbs by SciPy from many starts end inside the region, at a point that is listed."""
    domains, density, carried = LAWS[law]
    model = build_model("own", density, {"x": "positive"}, domains)
    rest = remaining(*laid(model, POSITIVE), 20)
    assert rest.whole
    down = heights(1, [math.log(v) for v in POSITIVE])
    names = [symbol.name for symbol in model.symbols]
    for place in np.linspace(-4, 6, 6):
        end = scipy.optimize.minimize(down, [place, 0.0], jac=True, tol=1e-10).x
        at = dict(zip(names, carried(end[0], math.exp(end[1])), strict=True))
        parts = [
            low <= at[rest.kernel.place.name] <= high
            and small <= at[rest.kernel.spread.name] <= large
            for (low, high), (small, large) in rest.clusters
        ]
        assert any(parts)


def test_powers_of_a_ratio_are_exponentials_of_the_logarithm():
    """A Weibull law is a smallest-value law of log(x), with one over the shape as its spread."""
    kernel = kernel_of(derive(family_model("weibull")))
    assert kernel.of_logs and kernel.log_place and kernel.inverse
    g, h = (slope.subs(kernel.z, 0.7).evalf() for slope in kernel.slopes)
    assert float(g) == pytest.approx(math.exp(0.7) - 1)
    assert float(h) == pytest.approx(0.7 * math.exp(0.7) - 0.7 - 1)


def test_rows_whose_logarithms_lie_too_close_are_left():
    """Rounded logarithms of data near 1e300 in a narrow range would prove nothing."""
    model = build_model("own", LAWS["ratio"][1], {"x": "positive"}, LAWS["ratio"][0])
    assert remaining(*laid(model, [1e300, 1.0001e300, 1.0003e300]), 20) is None


MIXTURE = build_model(
    "own",
    "log(exp(-a)*a**x/2 + exp(-b)*b**x/2) - loggamma(x + 1)",
    {"x": "nonnegative integer"},
    {"a": "positive", "b": "positive"},
)


def test_rows_pull_means_and_not_shapes():
    """The score of a row has the sign of row - parameter: by random numbers, too."""
    assert pulled_back(MIXTURE) == MIXTURE.symbols
    assert pulled_back(family_model("poisson")) == family_model("poisson").symbols
    assert pulled_back(family_model("gumbel")) == ()
    for one_way in ("-exp(m - x)", "-exp(x - m)"):
        assert pulled_back(build_model("own", one_way, {"x": "real"}, {"m": "real"})) == ()
    a, b = MIXTURE.symbols
    slope = MIXTURE.log_density.diff(a)
    rng = np.random.default_rng(2)
    for _ in range(30):
        x, first, second = int(rng.integers(0, 20)), *rng.uniform(0.1, 20, 2)
        value = slope.subs({MIXTURE.data[0].symbol: x, a: first, b: second}).evalf(30)
        assert (value > 0) == (x > first)


def test_a_mixture_of_two_rates_is_settled_everywhere():
    """Both maxima, equally high, with the saddle between; SciPy's height is not above them."""
    values = [1, 1, 2, 9, 10]
    found = symmle.fit(MIXTURE, values, all_maxima=True)
    assert found.status == "ok" and found.search.whole and found.search.highest
    assert [each.kind for each in found.search.points] == ["maximum", "maximum", "saddle"]
    assert any("same law" in note for note in found.notes)
    x = np.array(values)

    def down(at):
        first, second = np.exp(at)
        terms = [x * math.log(rate) - rate - math.log(2) for rate in (first, second)]
        return -np.logaddexp(*terms).sum() + sum(math.lgamma(v + 1) for v in values)

    best = min(scipy.optimize.minimize(down, start).fun for start in ([0, 2], [1, 1.5]))
    assert found.log_likelihood == pytest.approx(-best, abs=1e-6)
    assert len(found.maxima) == 1
    assert found.maxima[0].estimate["a"] == pytest.approx(found.estimate["b"])


def test_a_fit_says_what_was_proved():
    """The note names the region, and zero comes out as zero for symmetric data."""
    found = symmle.fit(CAUCHY, [-3.0, -1.0, 1.0, 3.0], all_maxima=True)
    assert found.estimate == {"m": 0.0, "s": pytest.approx(math.sqrt(3))}
    (note,) = found.notes
    assert "whole domain is listed" in note and "-3 <= m <= 3" in note
