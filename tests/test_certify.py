"""Certificates of an estimate, doubted with mpmath's root finder and with points that are none."""

import mpmath
import numpy as np
import pytest

from symmle import build_model, family_model
from symmle.data import from_array
from symmle.derive import derive
from symmle.fit import fit
from symmle.fit.certify import certify
from symmle.known import Known
from symmle.precise import evaluate

POSITIVE = [0.3, 0.7, 1.1, 1.3, 1.9, 2.2, 2.7, 3.1, 4.8]
LOGISTIC = build_model(
    "own",
    "-z - 2*log(1 + exp(-z)) - log(s)".replace("z", "((x - m)/s)"),
    data={"x": "real"},
    parameters={"m": "real", "s": "positive"},
)
CASES = [
    ("gamma", family_model("gamma"), POSITIVE, (2.3, 1.2)),
    ("weibull", family_model("weibull"), POSITIVE, (1.6, 2.2)),
    ("beta", family_model("beta"), [v / 5 for v in POSITIVE], (1.3, 1.9)),
    ("logistic", LOGISTIC, POSITIVE, (1.9, 0.7)),
    ("cauchy", family_model("cauchy"), POSITIVE, (1.8, 0.8)),
    ("counts", family_model("negative_binomial"), [0.0, 1, 1, 2, 3, 9, 14], (0.9, 4.3)),
    ("normal", family_model("normal"), [-1.0, 0.5, 1e8], (3e7, 5e7)),
]


def data_of(model, values):
    rows = {model.data[0].symbol: [mpmath.mpf(value) for value in values]}
    return derive(model), rows, [mpmath.mpf(1)] * len(values)


def root(derivation, rows, counts, start):
    """The zero of the score by Newton-secant at 60 digits: no ball arithmetic in it."""
    symbols = derivation.score.parameters

    def score(*point):
        at = dict(zip(symbols, point, strict=True))
        return [evaluate(each, rows, at, counts) for each in derivation.score.gradient]

    with mpmath.workdps(60):
        found = mpmath.findroot(score, start, tol=mpmath.mpf(10) ** -100, maxsteps=60)
    return dict(zip(symbols, list(found), strict=True))


@pytest.mark.parametrize(
    ("model", "values", "start"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_the_certified_box_holds_the_root(model, values, start):
    """The 60-digit root lies within the radius, well below a double's last digit."""
    derivation, rows, counts = data_of(model, values)
    true = root(derivation, rows, counts, start)
    found = certify(derivation, rows, counts, {s: float(v) for s, v in true.items()})
    assert found is not None and found.maximum and found.curvature == -1
    with mpmath.workdps(60):
        for symbol, value in true.items():
            assert abs(value - found.centre[symbol]) <= found.radius[symbol] < 1e-20 * abs(value)
            assert found.error_of(symbol, float(value)) <= 2.0**-52 * abs(value)


def test_weights_are_repetitions():
    """Counts of 2 and 1 certify the same point as the row written twice."""
    model = family_model("gamma")
    derivation, rows, counts = data_of(model, [0.5, 1.5, 4.0])
    _, written, ones = data_of(model, [0.5, 0.5, 1.5, 4.0])
    true = root(derivation, written, ones, (1.5, 1.0))
    start = {s: float(v) for s, v in true.items()}
    counted = certify(derivation, rows, [mpmath.mpf(2), *counts[1:]], start)
    assert counted is not None
    for symbol, value in true.items():
        assert abs(value - counted.centre[symbol]) < 1e-20


@pytest.mark.parametrize("c", [1.5, 3.0])
def test_a_minimum_is_no_maximum(c):
    """Two points at -c and c, c > 1: the median of a Cauchy is a certified minimum."""
    model = build_model(
        "own", "-log(pi*(1 + (x - m)**2))", data={"x": "real"}, parameters={"m": "real"}
    )
    derivation, rows, counts = data_of(model, [-c, c])
    (m,) = derivation.score.parameters
    found = certify(derivation, rows, counts, {m: 0.0})
    assert found is not None and not found.maximum and found.curvature == 1
    top = certify(derivation, rows, counts, {m: float(np.sqrt(c * c - 1)) + 1e-6})
    assert top is not None and top.maximum
    assert abs(top.centre[m] ** 2 - (c * c - 1)) < 1e-14


def test_what_is_not_proved_is_not_claimed():
    """A double root, a kink at the point, and data without a maximum: None each time."""
    cauchy = build_model(
        "own", "-log(pi*(1 + (x - m)**2))", data={"x": "real"}, parameters={"m": "real"}
    )
    derivation, rows, counts = data_of(cauchy, [-1.0, 1.0])
    assert certify(derivation, rows, counts, {cauchy.symbols[0]: 0.0}) is None
    kinked = build_model(
        "own", "-Abs(x - m) - log(2)", data={"x": "real"}, parameters={"m": "real"}
    )
    derivation, rows, counts = data_of(kinked, [-1.0, 0.0, 2.0])
    assert certify(derivation, rows, counts, {kinked.symbols[0]: 0.0}) is None
    gamma = family_model("gamma")
    derivation, rows, counts = data_of(gamma, [2.0, 2.0])
    start = dict(zip(gamma.symbols, (5.0, 2.5), strict=True))
    assert certify(derivation, rows, counts, start) is None


def test_a_fit_is_certified_with_a_radius():
    """The record of a gamma fit says so, and its radius is a last digit of a double."""
    model = family_model("gamma")
    found = fit(model, from_array(np.array(POSITIVE)))
    assert found.known is Known.CERTIFIED
    for name, value in found.estimate.items():
        assert 0 <= found.radius[name] <= 1e-14 * abs(value)
