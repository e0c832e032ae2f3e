"""What a fit says of all stationary points: in words, in JSON, and where no search is needed.

The other roads: the density in mpmath on a wide grid of places, and laws of the order statistics.
"""

import math

import numpy as np
import pytest

from symmle import build_model, family_model
from symmle.data import from_columns
from symmle.fit import Fit, Status, fit
from symmle.fit.highest import rises_to_all
from symmle.report.fit import fit_json, fit_text

FAR = [-3.0, -2.5, 4.0, 4.2, 9.0]


def every(model, values) -> Fit:
    return fit(model, from_columns({"x": values}), every_maximum=True)


def test_the_maximum_over_the_whole_line_is_called_so_and_all_points_are_listed():
    """Cauchy with far points: on a grid of the whole line (in angles) nothing is higher."""
    model = build_model("own", "-log(pi*(1 + (x - m)**2))", {"x": "real"}, {"m": "real"})
    found = every(model, FAR)
    places = np.tan(np.linspace(-np.pi / 2 + 1e-6, np.pi / 2 - 1e-6, 20001))
    heights = -np.log(np.pi * (1 + (np.array(FAR) - places[:, None]) ** 2)).sum(axis=1)
    assert found.search is not None and found.search.whole and found.search.highest
    assert heights.max() <= found.log_likelihood < heights.max() + 1e-3
    turns = np.flatnonzero(np.diff(np.sign(np.diff(heights)))) + 1
    listed = sorted((p.estimate["m"], p.kind) for p in found.search.points)
    assert [place for place, _ in listed] == pytest.approx(places[turns], abs=0.05)
    assert [kind for _, kind in listed] == ["maximum", "minimum"] * (len(turns) // 2) + ["maximum"]
    assert "maximum over the whole domain" in found.message
    assert f"among all {len(turns)} stationary points" in found.message
    record = fit_json(found)["search"]
    assert record["whole_domain"] is record["global_maximum"] is True
    assert record["box"] == {"m": [None, None]}
    assert len(record["stationary_points"]) == len(turns)
    assert fit_text(found).count("A minimum: m =") == len(turns) // 2


def test_the_only_stationary_point_of_two_parameters_is_the_maximum_over_all():
    """Lomax: no point of a wide grid, on log scales, is higher."""
    values = [0.1, 0.3, 0.4, 1.0, 2.5, 9.0, 40.0]
    found = every(family_model("lomax"), values)
    assert found.search is not None and found.search.highest
    assert "maximum over the whole domain, and the only stationary point" in found.message
    a, s = np.meshgrid(np.exp(np.linspace(-6, 9, 300)), np.exp(np.linspace(-9, 12, 300)))
    logs = sum(np.log1p(value / s) for value in values)
    assert (7 * np.log(a / s) - (a + 1) * logs).max() <= found.log_likelihood


def test_poles_and_ends_are_not_called_a_maximum_over_all():
    """Without bound at each row, with a maximum on either side: first and last, yet not highest."""
    text = "-log((x - m)**2)/4 + 2*log(1 + (x - m)**2) - (x - m)**2/2"
    model = build_model("own", text, {"x": "real"}, {"m": "real"})
    found = every(model, [0.0, 0.25])
    assert found.search is not None and found.search.whole and not found.search.highest
    kinds = [p.kind for p in sorted(found.search.points, key=lambda p: p.estimate["m"])]
    assert rises_to_all(kinds) and "minimum" in kinds
    assert "maximum over the whole domain" not in found.message
    assert not rises_to_all(["maximum", "minimum"]) and not rises_to_all([])


@pytest.mark.parametrize("name", ["exponential", "normal", "gamma", "logistic"])
def test_what_the_derivation_proved_is_said_without_a_search(name):
    """The only stationary point, listed as such."""
    found = every(family_model(name), [0.5, 1.0, 1.5, 4.0])
    assert found.search is not None and found.search.whole
    (point,) = found.search.points
    assert point.estimate == found.estimate and point.kind == "maximum"
    assert "only stationary point" in found.message
    assert any("there is no other, proved for every sample" in note for note in found.notes)


@pytest.mark.parametrize("name", ["uniform", "pareto", "shifted_exponential"])
def test_there_is_no_stationary_point_where_the_data_stop_a_parameter(name):
    """The slope in the stopped parameter has one sign: checked by difference quotients."""
    found = every(family_model(name), [1.5, 2.0, 2.5, 6.0])
    assert found.status is Status.BOUNDARY and found.search is not None
    assert found.search.whole and found.search.points == ()
    assert any("no stationary point in the whole domain" in note for note in found.notes)
    assert fit_json(found)["search"]["stationary_points"] == []


def test_an_interval_of_medians_is_the_whole_set_of_maxima():
    """Laplace: heights on the interval are equal, and lower outside."""
    values = [0.0, 1.0, 2.0, 7.0]
    found = every(family_model("laplace"), values)
    assert found.search is not None and found.search.highest
    assert any("whole set of maxima" in note for note in found.notes)
    (ends,) = (found.optima or {}).values()
    assert ends == (1.0, 2.0)
    scale = (found.estimate or {})["scale"]

    def height(place):
        return sum(-math.log(2 * scale) - abs(v - place) / scale for v in values)

    assert height(1.0) == pytest.approx(height(1.7)) and height(0.9) < height(1.0) > height(2.1)


def test_a_search_not_asked_for_says_nothing():
    """Without --all the record holds no search."""
    found = fit(family_model("normal"), from_columns({"x": FAR}))
    assert found.search is None and fit_json(found)["search"] is None


CIRCLE = "log(exp(3*cos(x - m))/2 + exp(3*cos(x + m))/2) - log(2*pi*besseli(0, 3))"
TORUS = "log(exp(3*cos(x - a))/2 + exp(3*cos(x - b))/2) - log(2*pi*besseli(0, 3))"
ANGLES = [-1.9, -1.4, -1.1, -0.8, 0.5, 0.9, 1.3, 1.35, 2.0]


def numbers(found: Fit) -> tuple[int, int, int]:
    kinds = [p.kind for p in found.search.points] if found.search else []
    return kinds.count("maximum"), kinds.count("saddle"), kinds.count("minimum")


def test_an_angle_is_searched_once_round():
    """Maxima and minima take turns on a circle: as many of each, and as many as on a fine grid."""
    model = build_model("own", CIRCLE, {"x": "angle"}, {"m": "angle"})
    found = every(model, ANGLES)
    assert found.search is not None and found.search.whole and found.search.highest
    places = np.linspace(-math.pi, math.pi, 2001)[1:]
    gaps = np.array(ANGLES)[:, None]
    rows = np.logaddexp(3 * np.cos(gaps - places), 3 * np.cos(gaps + places))
    heights = rows.sum(axis=0)
    tops = (heights > np.roll(heights, 1)) & (heights >= np.roll(heights, -1))
    assert numbers(found) == (tops.sum(), 0, tops.sum())
    listed = sorted(p.estimate["m"] for p in found.search.points if p.kind == "maximum")
    assert listed == pytest.approx(places[tops], abs=0.01)


def test_two_angles_obey_the_law_of_the_torus():
    """Maxima less saddles plus minima are zero on a torus (Morse), and one in a plane of decay."""
    model = build_model("own", TORUS, {"x": "angle"}, {"a": "angle", "b": "angle"})
    found = every(model, ANGLES)
    assert found.search is not None and found.search.whole and found.search.highest
    tops, saddles, bottoms = numbers(found)
    assert tops - saddles + bottoms == 0 and tops == 2
    text = "log(exp(-(x - a)**2/2)/2 + exp(-(x - b)**2/2)/2) - log(2*pi)/2"
    plane = build_model("own", text, {"x": "real"}, {"a": "real", "b": "real"})
    found = every(plane, [-2.5, -2.0, -1.4, 1.6, 2.1, 2.6])
    tops, saddles, bottoms = numbers(found)
    assert found.search is not None and found.search.highest and tops - saddles + bottoms == 1


def test_a_minimum_at_zero_is_settled():
    """By symmetry m = 0 is stationary: what is near it is measured beside the other points."""
    text = "log(exp(-(x - m)**2/2)/2 + exp(-(x + m)**2/2)/2) - log(2*pi)/2"
    found = every(build_model("own", text, {"x": "real"}, {"m": "real"}), [-2.0, 1.5, 2.5])
    assert numbers(found) == (2, 0, 1)


def test_every_turn_of_a_frequency_is_listed():
    """Sine regression: as many sign changes of the score on a fine grid of the box."""
    data = {"t": "real", "y": "real"}
    text = "-(y - sin(w*t))**2/2 - log(2*pi)/2"
    t = np.linspace(0, 10, 12)
    y = np.sin(2.3 * t) + np.tile([0.1, -0.15, 0.05], 4)
    model = build_model("own", text, data, {"w": "positive"})
    found = fit(model, from_columns({"t": t.tolist(), "y": y.tolist()}), every_maximum=True)
    assert found.search is not None
    low, high = found.search.box["w"]
    grid = np.linspace(low, high, 200_001)
    slope = ((y - np.sin(np.outer(grid, t))) * np.cos(np.outer(grid, t)) * t).sum(axis=1)
    changes = np.count_nonzero(np.diff(np.sign(slope)))
    tops, saddles, bottoms = numbers(found)
    assert tops + bottoms == changes > 20 and abs(tops - bottoms) <= 1 and not saddles


KINKED = {
    "-2*log(1 + abs(x - m)) - log(2)": [-5.0, -4.75, 0.0, 3.0, 3.25],
    "-2*abs(x - m) - (x - m)**2/4": [-1.0, 0.25, 0.5, 2.0],
    "-log(1 + (x - m)**2) - abs(x - m)/4": [-9.0, -8.5, 0.0, 7.0, 7.5],
    "abs(x - m) - (x - m)**2/2": [-1.0, 0.0, 1.125],
    "log(exp(-3*abs(x - m)) + exp(-(x - m)**2/8)/9)": [-4.0, -3.5, 1.0, 6.0],
}


@pytest.mark.parametrize("text", sorted(KINKED))
def test_every_turn_of_a_kinked_likelihood_is_listed(text):
    """At kinks and between them: as many as on a fine grid, at the same places."""
    values = KINKED[text]
    found = every(build_model("own", text, {"x": "real"}, {"m": "real"}), values)
    assert found.search is not None and found.search.box
    # Two exponentials have no expansion at infinity that would settle the ends.
    assert found.search.whole == found.search.highest == (not text.startswith("log("))
    proved = found.message.startswith("the maximum over the whole domain, proved")
    assert proved == found.search.highest
    places = np.unique(np.concatenate([np.linspace(-15, 15, 60_001), values]))
    gaps = np.abs(np.array(values)[:, None] - places)
    height = {
        "-2*l": lambda d: -2 * np.log1p(d),
        "-2*a": lambda d: -2 * d - d**2 / 4,
        "-log": lambda d: -np.log1p(d**2) - d / 4,
        "abs(": lambda d: d - d**2 / 2,
        "log(": lambda d: np.log(np.exp(-3 * d) + np.exp(-(d**2) / 8) / 9),
    }[text[:4]]
    slopes = np.sign(np.diff(height(gaps).sum(axis=0)))
    turns = np.flatnonzero(np.diff(slopes)) + 1
    listed = sorted((p.estimate["m"], p.kind) for p in found.search.points)
    assert [place for place, _ in listed] == pytest.approx(places[turns], abs=2e-3)
    kinds = ["maximum" if slopes[i - 1] > 0 else "minimum" for i in turns]
    assert [kind for _, kind in listed] == kinds
    assert len(found.maxima) == kinds.count("maximum") - 1
