"""Boxes that grow round an estimate: what is claimed of the largest, against climbs by SciPy."""

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
from symmle.fit.first_box import growing, ring

PHASE = build_model(
    "own", "-(y - sin(b*x + c))**2/2", {"x": "real", "y": "real"}, {"b": "real", "c": "real"}
)


def searched(model, columns, near, seconds):
    named = zip(model.data, columns, strict=True)
    rows = {datum.symbol: [mpmath.mpf(v) for v in column] for datum, column in named}
    at = dict(zip(model.symbols, near, strict=True))
    counts = [mpmath.mpf(1)] * len(columns[0])
    return stationary_points(derive(model), rows, counts, seconds=seconds, near=at)


def test_every_maximum_in_the_box_that_is_claimed_is_listed():
    """Climbs from a dense grid end at listed maxima, wherever they end inside of the box."""
    x = np.array([0.3, 1.1, 1.9, 3.2, 4.4])
    y = np.sin(2.5 * x + 0.4) + np.array([0.1, -0.2, 0.05, 0.15, -0.1])

    def loss(at):
        return 0.5 * ((y - np.sin(at[0] * x + at[1])) ** 2).sum()

    best = scipy.optimize.minimize(loss, [2.5, 0.4], tol=1e-12).x
    search = searched(PHASE, [x.tolist(), y.tolist()], best.tolist(), 2.0)
    b, c = PHASE.symbols
    assert search.complete and not search.whole and "nothing is claimed outside" in search.road
    (low, high), (left, right) = search.box[b], search.box[c]
    assert high - low > 2 and low < best[0] < high
    listed = [
        (float(p.estimate[b]), float(p.estimate[c])) for p in search.points if p.kind == "maximum"
    ]
    inside = 0
    sides = np.linspace(low, high, 12), np.linspace(left, right, 12)
    for start in np.stack(np.meshgrid(*sides), -1).reshape(-1, 2):
        end = scipy.optimize.minimize(loss, start, tol=1e-10).x
        if low < end[0] < high and left < end[1] < right:
            inside += 1
            assert min(math.dist(end, each) for each in listed) < 1e-4
    assert inside > 20 and len(listed) > 1


def test_a_curve_of_maxima_is_left_soon_and_nothing_is_claimed():
    """Cauchy at -3 and 3: every point of m**2 + s**2 = 9 is a maximum, so none is isolated."""
    search = searched(family_model("cauchy"), [[-3.0, 3.0]], [0.0, 3.0], 6.0)
    assert not search.complete and not search.whole and not search.points
    assert "undecided" in search.road


def test_without_time_no_box_is_claimed():
    """No box is complete where nothing was looked at."""
    search = searched(PHASE, [[0.5, 1.0, 2.5], [0.1, 0.7, -0.2]], [0.5, 0.0], -1.0)
    assert not search.complete and not search.points


@settings(deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=3),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_the_ring_is_the_outer_box_without_the_inner(ends, place):
    """Every point of the outer box lies in the inner one or in a part of the ring."""
    ordered = [sorted(each) for each in ends]
    outer = tuple((a, d) for a, _, _, d in ordered)
    inner = tuple((b, c) for _, b, c, _ in ordered)
    point = [low + (high - low) * at for (low, high), at in zip(outer, place, strict=False)]
    point = [min(max(at, low), high) for at, (low, high) in zip(point, outer, strict=True)]

    def holds(box):
        return all(low <= at <= high for at, (low, high) in zip(point, box, strict=True))

    assert holds(inner) or any(holds(part) for part in ring(outer, inner))
    assert list(ring(outer, None)) == [outer]


@pytest.mark.parametrize("domain", ["real", "positive", "unit", "(-3, 1)"])
def test_each_box_lies_within_the_next_and_in_the_domain(domain):
    """Nested, round the point, inside of the domain; a side that is held stays."""
    model = build_model("own", "-(x - a)**2/2 - b**2", {"x": "real"}, {"a": domain, "b": "real"})
    a, b = model.symbols
    near = {a: 0.25, b: -7.0}
    boxes = growing(derive(model), near, {a: 0.5, b: 2.0}, {b: (-9.0, 9.0)})
    bottom = {"positive": 0, "unit": 0, "(-3, 1)": -3}.get(domain, -math.inf)
    top = {"unit": 1, "(-3, 1)": 1}.get(domain, math.inf)
    before = (0.25, 0.25)
    for box in boxes:
        low, high = box[a]
        assert bottom < low < before[0] and before[1] < high < top and box[b] == (-9.0, 9.0)
        before = box[a]
    assert len(boxes) > 5


def test_no_maximum_of_the_climbs_is_dropped_by_a_search_of_a_part():
    """What `fit` lists without the search it lists with it too, and the estimate is no lower."""
    x = [0.3, 1.1, 1.9, 3.2, 4.4, 5.0]
    y = [0.93, -0.34, -0.81, 0.99, -0.92, 0.37]
    plain, every = (symmle.fit(PHASE, {"x": x, "y": y}, all_maxima=a) for a in (False, True))
    assert any("nothing is claimed outside" in note for note in every.notes)
    assert every.log_likelihood >= plain.log_likelihood - 1e-12
    listed = [every.estimate, *(each.estimate for each in every.maxima)]
    for known in (plain.estimate, *(each.estimate for each in plain.maxima)):
        assert any(known == pytest.approx(each, rel=1e-5, abs=1e-5) for each in listed)
    assert len(plain.maxima) > 3
    places = [tuple(round(v, 4) for v in each.values()) for each in listed]
    assert len(set(places)) == len(places)
