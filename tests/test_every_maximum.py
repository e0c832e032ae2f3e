"""Every stationary point: compared with dense evaluation by mpmath and with known cases."""

import itertools
import math

import mpmath
import pytest

from symmle import build_model, family_model
from symmle.derive import derive
from symmle.fit.every_maximum import stationary_points
from symmle.precise import evaluate

CAUCHY = build_model("own", "-log(pi*(1 + (x - m)**2))", {"x": "real"}, {"m": "real"})
MIXTURE = build_model(
    "own",
    "log(exp(-(x - a)**2/2)/2 + exp(-(x - b)**2/2)/2) - log(2*pi)/2",
    {"x": "real"},
    {"a": "real", "b": "real"},
)


def searched(model, values, **asked):
    rows = {model.data[0].symbol: [mpmath.mpf(value) for value in values]}
    counts = [mpmath.mpf(1)] * len(values)
    derivation = derive(model)
    return derivation, rows, counts, stationary_points(derivation, rows, counts, **asked)


def kinds(search):
    (symbol,) = search.box
    found = sorted((float(p.estimate[symbol]), p.kind) for p in search.points)
    return [place for place, _ in found], [kind for _, kind in found]


@pytest.mark.parametrize("c", [0.5, 1.0, 1.25, 30.0])
def test_two_points_of_a_cauchy(c):
    """One maximum at 0 for c <= 1, even degenerate; else two around a minimum."""
    *_, search = searched(CAUCHY, [-c, c])
    places, names = kinds(search)
    assert search.complete
    if c <= 1:
        assert places == [0.0] and names == ["maximum"]
    else:
        far = math.sqrt(c * c - 1)
        assert places == pytest.approx([-far, 0, far]) and names == [
            "maximum",
            "minimum",
            "maximum",
        ]


@pytest.mark.parametrize("c", [0.5, 1.0, 1.25])
def test_bisection_agrees_with_the_polynomial(c):
    """In a named box the other road lists the same points; a double one stays undecided."""
    *_, search = searched(CAUCHY, [-c, c], box={CAUCHY.symbols[0]: (-9.0, 8.0)})
    if c == 1:
        assert not search.complete and search.undecided and "undecided" in search.road
        return
    *_, exact = searched(CAUCHY, [-c, c])
    assert search.complete and kinds(search)[1] == kinds(exact)[1]
    assert kinds(search)[0] == pytest.approx(kinds(exact)[0], abs=1e-12)


def test_far_cauchy_points_each_have_a_maximum():
    """Points 40 apart: a maximum at each, minima between, nothing else."""
    values = [-80.0, -40.0, 0.0, 41.0, 80.0]
    derivation, rows, counts, search = searched(CAUCHY, values)
    places, names = kinds(search)
    assert names == ["maximum", "minimum"] * 4 + ["maximum"]
    assert changes(derivation, rows, counts, -100, 100, 400) == len(places)


def changes(derivation, rows, counts, low, high, steps):
    """Sign changes of the score on a grid, by mpmath."""
    (symbol,) = derivation.score.parameters
    signs = [
        evaluate(
            derivation.score.gradient[0],
            rows,
            {symbol: mpmath.mpf(low + (high - low) * i / steps)},
            counts,
        )
        > 0
        for i in range(steps + 1)
    ]
    return sum(a != b for a, b in itertools.pairwise(signs))


def test_a_pole_is_not_read_across():
    """The rate of an exponential: one root, a maximum; the pole at zero is no zero."""
    *_, search = searched(family_model("exponential"), [0.1, 0.2, 0.6])
    assert kinds(search) == ([pytest.approx(1 / 0.3)], ["maximum"])


def test_student_with_few_degrees_of_freedom_has_several_maxima():
    """Bisection lists what a dense grid of mpmath shows, and proves the rest empty."""
    model = build_model(
        "own",
        "-(1 + d)/2*log(1 + (x - m)**2/d)",
        {"x": "real"},
        {"m": "real"},
        {"d": "1/2"},
    )
    box = {model.symbols[0]: (-30.0, 31.0)}
    derivation, rows, counts, search = searched(model, [-20.0, -19.0, 0.5, 21.0], box=box)
    assert search.complete
    assert len(search.points) == changes(derivation, rows, counts, -30, 31, 610)


def test_a_mixture_has_two_equal_maxima_and_a_saddle():
    """Two means of a mixture: swapped maxima of one height, and the point between is a saddle."""
    values = [-2.5, -2.0, -1.4, 1.6, 2.1, 2.6]
    a, b = MIXTURE.symbols
    box = {a: (-4.0, 4.1), b: (-4.0, 4.1)}
    *_, search = searched(MIXTURE, values, box=box, seconds=60)
    assert search.complete
    names = [point.kind for point in search.points]
    assert names[:2] == ["maximum", "maximum"] and "saddle" in names
    first, second = search.points[:2]
    assert first.log_likelihood == pytest.approx(second.log_likelihood, rel=1e-14)
    assert first.estimate[a] == pytest.approx(second.estimate[b])


def test_no_time_means_nothing_claimed():
    """Without time the whole box is undecided, whatever is in it."""
    box = {CAUCHY.symbols[0]: (-9.0, 8.0)}
    *_, search = searched(CAUCHY, [-3.0, 3.0], box=box, seconds=-1)
    assert search.undecided == (((-9.0, 8.0),),) and not search.complete


def test_three_parameters_are_declined():
    """More than two unknowns have no search here."""
    model = build_model(
        "own",
        "-log(s) - (1 + d)/2*log(1 + (x - m)**2/s**2)",
        {"x": "real"},
        {"m": "real", "s": "positive", "d": "positive"},
    )
    assert searched(model, [0.0, 1.0, 3.0])[-1] is None
