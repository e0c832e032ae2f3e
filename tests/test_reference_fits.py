"""Fits by other people's software on real data: R's packages, statsmodels, SciPy.

tests/ref holds what they found, with the generators and their versions.  The point must agree to
six digits, the log-likelihood to ten: where it would not, the higher one is right, and the failure
says whose that is.  In four cases R reports an estimate where there is none: the likelihood is
shown to be higher elsewhere by SciPy or by hand.
"""

import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy import stats

from symmle.data import Sample, from_columns, read
from symmle.families import family_model
from symmle.fit import Status, fit
from symmle.model import Model, build_model

HERE = Path(__file__).parent
FITS = [
    entry
    for name in ("r_fits.json", "python_fits.json")
    for entry in json.loads((HERE / "ref" / name).read_text())["fits"]
]

LINE = {"y": "real", "t": "real"}
COUNT = {"y": "nonnegative integer", "t": "real"}
TYPED = {
    "poisson_regression": ("y*(a + b*t) - exp(a + b*t) - loggamma(y + 1)", COUNT, "a b"),
    "logistic_regression": (
        "y*(a + b*t) - log(1 + exp(a + b*t))",
        {"y": "integer in [0, 1]", "t": "real"},
        "a b",
    ),
    "poisson_exposure": (
        "y*log(rate*t) - rate*t - loggamma(y + 1)",
        {"y": "nonnegative integer", "t": "positive"},
        "rate>0",
    ),
    "normal_regression": (
        "-log(sigma) - log(2*pi)/2 - (y - a - b*t)**2/(2*sigma**2)",
        LINE,
        "a b sigma>0",
    ),
    "through_origin": ("-log(sigma) - log(2*pi)/2 - (y - b*t)**2/(2*sigma**2)", LINE, "b sigma>0"),
}

NO_ESTIMATE = {
    ("student_t", "nile.csv"): Status.UNBOUNDED,
    ("negative_binomial", "horsekicks.csv"): Status.NO_FINITE_ESTIMATE,
    ("gompertz", "aircondit.csv"): Status.BOUNDARY,
    ("burr", "danishuni.csv"): Status.NO_FINITE_ESTIMATE,
}
NOT_JUST_OK = {
    ("student_t", "newcomb.csv"): Status.LOCAL_MAXIMUM,  # unbounded at a row, for a small df
    ("student_t", "galaxies.csv"): Status.LOCAL_MAXIMUM,
    ("generalised_normal", "newcomb.csv"): Status.LOCAL_MAXIMUM,  # and for a small shape
    ("laplace", "galaxies.csv"): Status.NOT_UNIQUE,  # 82 rows: all between the middle two
    ("pareto", "danishuni.csv"): Status.BOUNDARY,
    ("uniform", "nile.csv"): Status.BOUNDARY,
}


def _model(name: str) -> Model:
    if name not in TYPED:
        return family_model(name)
    density, data, words = TYPED[name]
    domains = {
        word.removesuffix(">0"): "positive" if word.endswith(">0") else "real"
        for word in words.split()
    }
    return build_model(name, density, data, domains)


def _sample(entry: dict) -> Sample:
    names = entry["column"].split(",")
    whole = read(HERE / "data" / entry["file"], names, entry.get("weights") or None)
    columns = {name: whole.columns[name] / entry["divide"] for name in names}
    return from_columns(columns, whole.weights)


def _label(entry: dict) -> str:
    return f"{entry['family']}-{entry['file'].removesuffix('.csv')}-{entry['by'].split()[0]}"


def _who_is_right(ours: float, theirs: float, by: str) -> str:
    """The higher of two log-likelihoods of the same rows is nearer to the maximum."""
    if ours < theirs:
        return f"{by} is right: symmle is lower by {theirs - ours:.3g}"
    return f"symmle is right: {by} is lower by {ours - theirs:.3g}, or has another likelihood"


@pytest.mark.parametrize("entry", FITS, ids=_label)
def test_others_find_the_same_and_nothing_higher(entry: dict) -> None:
    """The same maximum of the same likelihood, at the same point; what is said of it is true."""
    found = fit(_model(entry["family"]), _sample(entry))
    here = entry["family"], entry["file"]
    if here in NO_ESTIMATE:
        assert found.status is NO_ESTIMATE[here], found.message
        assert found.estimate is None
        return
    assert found.status is NOT_JUST_OK.get(here, Status.OK), found.message
    assert found.estimate is not None
    height, theirs = found.log_likelihood, entry["log_likelihood"]
    assert height is not None
    assert height == pytest.approx(theirs, rel=1e-10), _who_is_right(height, theirs, entry["by"])
    for name, value in entry["estimate"].items():
        assert found.estimate[name] == pytest.approx(value, rel=1e-6), name


def _stopped(family: str, file: str) -> tuple[float, dict, np.ndarray, np.ndarray]:
    """Where others stopped though there is no estimate: their height, their point, the rows."""
    entry = next(each for each in FITS if (each["family"], each["file"]) == (family, file))
    sample = _sample(entry)
    (x,) = sample.columns.values()
    weights = np.ones(len(x)) if sample.weights is None else np.asarray(sample.weights)
    return entry["log_likelihood"], entry["estimate"], np.asarray(x), weights


def test_counts_narrower_than_poisson_s_have_no_negative_binomial() -> None:
    """R stopped at a size of 390; by SciPy every larger size is higher, and none is highest."""
    theirs, point, x, freq = _stopped("negative_binomial", "horsekicks.csv")
    mean = float(np.average(x, weights=freq))
    assert np.average((x - mean) ** 2, weights=freq) < mean
    sizes = point["size"] * np.array([1, 10, 100, 1000])
    heights = [freq @ stats.nbinom.logpmf(x, size, size / (size + mean)) for size in sizes]
    limit = freq @ stats.poisson.logpmf(x, mean)
    assert theirs == pytest.approx(heights[0], rel=1e-9)
    assert theirs < heights[1] < heights[2] < heights[3] < limit


def test_air_conditioning_has_no_gompertz() -> None:
    """R stopped at a rate of 1e-16, at the exponential's height: by SciPy it is the limit at 0."""
    theirs, point, x, _ = _stopped("gompertz", "aircondit.csv")
    assert point["rate"] < 1e-12
    shape = 1 / x.mean()
    heights = [
        float(np.sum(stats.gompertz.logpdf(x, shape / rate, scale=1 / rate)))
        for rate in (1e-4, 1e-5, 1e-6)
    ]
    limit = float(np.sum(stats.expon.logpdf(x, scale=x.mean())))
    assert theirs == pytest.approx(limit, rel=1e-10)
    assert heights[0] < heights[1] < heights[2] < limit


def test_danish_fires_have_no_burr() -> None:
    """R stopped at a shape of 2e15, at Pareto's height: the limit of ever sharper bends."""
    theirs, point, x, _ = _stopped("burr", "danishuni.csv")
    assert point["shape"] > 1e9
    power = 1 / float(np.mean(np.log(x / x.min())))
    away = np.log(x / x.min())
    heights = []
    for bend in (1e2, 1e3, 1e4, 1e5):
        terms = (bend - 1) * away - (power / bend + 1) * np.logaddexp(0, bend * away)
        heights.append(float(np.sum(terms + np.log(power / x.min()))))
    limit = float(np.sum(stats.pareto.logpdf(x, power, scale=x.min())))
    assert theirs == pytest.approx(limit, rel=1e-10)
    assert heights[0] < heights[1] < heights[2] < heights[3] < limit


def test_the_nile_has_no_student_t() -> None:
    """R stopped where df = 7.6e18, at the normal's height; towards a row it is higher than any."""
    theirs, point, x, _ = _stopped("student_t", "nile.csv")
    assert point["df"] > 1e9
    assert theirs == pytest.approx(np.sum(stats.norm.logpdf(x, x.mean(), x.std())), rel=1e-9)
    df = mpmath.mpf(1) / (2 * len(x))
    heights = []
    for scale in (mpmath.mpf(10) ** -digits for digits in (1000, 2000, 4000)):
        with mpmath.workdps(30):
            squares = [((mpmath.mpf(each) - x[0]) / scale) ** 2 for each in x.tolist()]
            tails = (df + 1) / 2 * mpmath.fsum(mpmath.log1p(each / df) for each in squares)
            top = mpmath.loggamma((df + 1) / 2) - mpmath.loggamma(df / 2)
            top -= mpmath.log(mpmath.pi * df) / 2 + mpmath.log(scale)
            heights.append(len(x) * top - tails)
    assert theirs < heights[0] < heights[1] < heights[2]


def test_there_are_sixty_and_their_makers_are_named() -> None:
    """Each fit says by what it was made; the generators lie beside them."""
    assert len(FITS) >= 60
    assert all(entry["by"] and math.isfinite(entry["log_likelihood"]) for entry in FITS)
    assert (HERE / "ref" / "make_r_fits.R").exists()
    assert (HERE / "ref" / "make_python_fits.py").exists()
