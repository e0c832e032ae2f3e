"""Fits by other people's software on real data: R's packages, statsmodels, SciPy.

tests/ref holds what they found, with the generators and their versions.  The point must agree to
what their optimisers resolve, the log-likelihood to nine digits; and it must nowhere be lower.
"""

import json
import math
from pathlib import Path

import pytest

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
    # R stopped at df = 7.6e18; there is no interior maximum, and with a small df no bound at all
    ("student_t", "nile.csv"): Status.UNBOUNDED,
    # var(x) < mean(x): R stopped at size = 390
    ("negative_binomial", "horsekicks.csv"): Status.NO_FINITE_ESTIMATE,
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


@pytest.mark.parametrize("entry", FITS, ids=_label)
def test_others_find_the_same_and_nothing_higher(entry: dict) -> None:
    """Same maximum of the same likelihood; a flat likelihood lets the point differ by the root."""
    found = fit(_model(entry["family"]), _sample(entry))
    nothing = NO_ESTIMATE.get((entry["family"], entry["file"]))
    if nothing is not None:
        assert found.status is nothing, found.message
        return
    assert found.estimate is not None, found.message
    height, theirs = found.log_likelihood, entry["log_likelihood"]
    assert height is not None
    assert height >= theirs - 1e-9 * abs(theirs)
    assert height == pytest.approx(theirs, rel=1e-7)
    spread = found.standard_errors or {}
    for name, value in entry["estimate"].items():
        unit = spread.get(name) or abs(value)  # what a digit is worth on the data
        assert found.estimate[name] == pytest.approx(value, rel=1e-6, abs=2e-3 * unit), name


def test_there_are_sixty_and_their_makers_are_named() -> None:
    """Each fit says by what it was made; the generators lie beside them."""
    assert len(FITS) >= 60
    assert all(entry["by"] and math.isfinite(entry["log_likelihood"]) for entry in FITS)
    assert (HERE / "ref" / "make_r_fits.R").exists()
    assert (HERE / "ref" / "make_python_fits.py").exists()
