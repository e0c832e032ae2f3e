"""Boxes by the thousand: bounds hold wherever mpmath looks, and no stationary point is lost."""

import time

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from symmle import build_model, family_model
from symmle.balls import ball
from symmle.bessel_ratio import BesselRatio, with_ratios
from symmle.data import from_columns
from symmle.derive import derive
from symmle.fit import first_box, fit
from symmle.fit.every_maximum import stationary_points
from symmle.fit.lookup import Lookup
from symmle.fit.many_boxes import narrowed
from symmle.fit.single_use import single_use
from symmle.fit.wide import wide
from symmle.precise import evaluate

VALUES = (0.3, 0.9, 1.7, 2.2, 4.1)
TEXTS = {
    "powers": "-(x/a)**b + (b - 1)*log(x/a) + log(b/a) + tanh(a*b)",
    "waves": "sin(a*x - b) + cos(b*x)/(2 + a**2) + atan(a - b) + sinh(a/3)",
    "fractions": "-(a + b)*log(1 + x*a/b) - sqrt(a*x) + Abs(a - 3*b)",
    "special": "-loggamma(a + b) + a*log(x) + log(besseli(0, a*x)) + erf(b - a)",
}


@pytest.fixture(scope="module")
def laid():
    """Score and Hessian of each density, laid out for boxes; the same expressions for mpmath."""
    found = {}
    for name, text in TEXTS.items():
        both = {"a": "positive", "b": "positive"}
        model = build_model("own", text, {"x": "positive"}, both)
        derivation = derive(model)
        rows = {model.data[0].symbol: [mpmath.mpf(v) for v in VALUES]}
        counts = [mpmath.mpf(1)] * len(VALUES)
        exprs = [*derivation.score.gradient, *derivation.score.hessian]
        ready = wide([single_use(e) for e in exprs], model.symbols, rows, counts)
        found[name] = (ready, exprs, model.symbols, rows, counts)
    return found


place = st.floats(0.05, 6.0)
width = st.sampled_from([0.0, 1e-9, 0.01, 0.3, 2.0])
inside = st.floats(0.0, 1.0)


@pytest.mark.parametrize("name", sorted(TEXTS))
@settings(max_examples=25, deadline=None)
@given(place, place, width, width, inside, inside)
def test_bounds_hold_at_every_point_of_a_box(laid, name, a, b, wide_a, wide_b, at_a, at_b):
    """mpmath's value of score and Hessian at a point of the box lies within the bounds."""
    ready, exprs, symbols, rows, counts = laid[name]
    ends = np.array([[a, b]]), np.array([[a + wide_a, b + wide_b]])
    low, high = ready.at(*ends)
    here = [
        min(start + at * size, start + size)
        for start, at, size in ((a, at_a, wide_a), (b, at_b, wide_b))
    ]
    point = {s: mpmath.mpf(v) for s, v in zip(symbols, here, strict=True)}
    if name == "fractions" and abs(here[0] - 3 * here[1]) < 1e-6:
        return
    with mpmath.workdps(40):
        for i, expr in enumerate(exprs):
            value = evaluate(expr, rows, point, counts)
            assert low[i, 0] <= value <= high[i, 0], (i, expr)


def test_bounds_are_narrow_where_the_box_is(laid):
    """Else everything could be called infinite: a box of width 1e-9 has bounds of that size."""
    for ready, exprs, *_ in laid.values():
        low, high = ready.at(np.array([[1.3, 2.1]]), np.array([[1.3 + 1e-9, 2.1 + 1e-9]]))
        assert (high - low < 1e-6 * (1 + np.abs(low))).all(), exprs


def test_a_part_that_moves_occurs_once():
    """u/(u + 1) over a wide box: bounds within the true range, and a little room."""
    model = build_model(
        "own", "-log(1 + (x/a)**b)", {"x": "positive"}, {"a": "positive", "b": "positive"}
    )
    expr = derive(model).score.gradient[0]
    rows, counts = {model.data[0].symbol: [mpmath.mpf(2)]}, [mpmath.mpf(1)]
    box = np.array([[1.0, 1.0]]), np.array([[3.0, 1.0]])
    low, high = wide([single_use(expr)], model.symbols, rows, counts).at(*box)
    # The score is b/a*u/(u + 1) with u = (2/a)**b, so within 1/3*2/5 and 1*2/3.
    assert low[0, 0] == pytest.approx(1 / 3 * 2 / 5, rel=1e-9)
    assert high[0, 0] == pytest.approx(2 / 3, rel=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "x**a/(1 - x**a)",
        "x**a/(2 + 3*x**a)",
        "x**(a*b)*log(x)/(2 - 3*x**(a*b))",
        "x**(2*a)/(1 - x**a)**2/b",
    ],
)
def test_single_use_keeps_the_value(text):
    """A mean over three rows, at numbers: numerators taken into sums of any sign and factor."""
    names = {"a": "positive", "b": "positive"}
    model = build_model("own", f"{text} - b*x", {"x": "unit"}, names)
    rows = {model.data[0].symbol: [mpmath.mpf(v) / 10 for v in (2, 5, 7)]}
    counts = [mpmath.mpf(1)] * 3
    expr = derive(model).average_log_likelihood
    point = dict(zip(model.symbols, (mpmath.mpf("1.7"), mpmath.mpf("0.6")), strict=True))
    changed = single_use(expr)
    assert changed != expr
    same = evaluate(expr, rows, point, counts)
    assert evaluate(changed, rows, point, counts) == pytest.approx(float(same), rel=1e-12)


@given(st.integers(-3, 4), st.integers(0, 4), st.floats(0.01, 60.0), st.floats(0.0, 5.0), inside)
def test_a_ratio_of_bessel_functions_is_enclosed_by_its_ends(first, second, z, size, at):
    """Against mpmath's own functions, inside of a wide ball."""
    found = ball(
        BesselRatio(sp.Integer(first), sp.Integer(second), sp.Symbol("z")),
        {sp.Symbol("z"): arb(z).union(arb(z + size))},
    )
    here = mpmath.mpf(min(z + at * size, z + size))
    with mpmath.workdps(30):
        exact = mpmath.besseli(first, here) / mpmath.besseli(second, here)
        slack = mpmath.mpf(10) ** -15 * abs(exact)
        assert float(found.lower()) - slack <= exact <= float(found.upper()) + slack


def test_quotients_of_sums_become_ratios():
    """Term by term, squares too; the value stays."""
    z = sp.Symbol("z", positive=True)
    expr = z**2 * (sp.besseli(0, z) + sp.besseli(2, z)) ** 2 / sp.besseli(1, z) ** 2
    found = with_ratios(expr)
    assert not found.has(sp.besseli)
    back = found.replace(BesselRatio, lambda a, b, y: sp.besseli(a, y) / sp.besseli(b, y))
    assert float(back.subs(z, 1.7) - expr.subs(z, 1.7)) == pytest.approx(0, abs=1e-12)


def test_cells_bound_a_function_that_turns():
    """sin over thousands of intervals, by cells: every sampled value lies within."""
    low = np.linspace(-9.0, 9.0, 3000)[:, None]
    high = low + np.linspace(0.0, 2.5, 3000)[:, None]
    z = sp.Symbol("z")
    least, most = Lookup(sp.sin(z), z)((low, high))
    for share in (0.0, 0.31, 0.77, 1.0):
        here = np.sin(low + share * (high - low))
        assert (least <= here + 1e-12).all() and (here <= most + 1e-12).all()
    assert np.median(most - least - np.abs(np.sin(low) - np.sin(high))) < 1.1


def test_no_stationary_point_of_a_box_is_lost():
    """Sine regression: a climb that ends inside of the box ends in one of the narrow ones."""
    x = np.array([0.3, 1.1, 1.9, 3.2, 4.4])
    y = np.sin(2.5 * x + 0.4) + np.array([0.1, -0.2, 0.05, 0.15, -0.1])
    data = {"x": "real", "y": "real"}
    model = build_model("own", "-(y - sin(b*x + c))**2/2", data, {"b": "real", "c": "real"})
    derivation = derive(model)
    rows = {
        d.symbol: [mpmath.mpf(v) for v in col] for d, col in zip(model.data, (x, y), strict=True)
    }
    exprs = [single_use(e) for e in (*derivation.score.gradient, *derivation.score.hessian)]
    ready = wide(exprs, model.symbols, rows, [mpmath.mpf(1)] * 5)
    box = ((-6.0, 6.1), (-3.0, 3.3))
    left = narrowed(ready, box, [0.3, 0.3], time.process_time() + 60)
    assert left is not None and len(left) < 400

    def score(at):
        wave = at[0] * x + at[1]
        gap = (y - np.sin(wave)) * np.cos(wave)
        return [(gap * x).sum(), gap.sum()]

    met = set()
    for start in np.random.default_rng(7).uniform(-6, 6, (1500, 2)):
        end = scipy.optimize.root(score, start)
        if end.success and -6 < end.x[0] < 6.1 and -3 < end.x[1] < 3.3:
            near = [
                i
                for i, each in enumerate(left)
                if all(a - 1e-6 <= v <= b + 1e-6 for v, (a, b) in zip(end.x, each, strict=True))
            ]
            assert near
            met.update(near)
    assert len(met) > 40


@pytest.mark.parametrize("name", ["rice", "skellam", "generalised_pareto"])
def test_the_box_of_a_family_is_several_standard_errors_wide(name, monkeypatch):
    """Each side; one that meets a singularity (a shape of zero) does not hold the others."""
    law = {
        "rice": scipy.stats.rice(2.5, scale=1.2),
        "skellam": scipy.stats.skellam(3, 2),
        "generalised_pareto": scipy.stats.genpareto(0.8),
    }[name]
    values, counts = np.unique(law.rvs(30, random_state=3).astype(float), return_counts=True)
    found = fit(family_model(name), from_columns({"x": values}, weights=counts))
    derivation = derive(family_model(name))
    near = {s: (found.estimate or {})[s.name] for s in derivation.model.symbols}
    rows = {derivation.model.data[0].symbol: [mpmath.mpf(v) for v in values]}
    weights = [mpmath.mpf(int(count)) for count in counts]
    monkeypatch.setattr(first_box, "_FACTORS", (1.05, 1.2, 2.2, 10.0))  # fewer steps
    search = stationary_points(derivation, rows, weights, seconds=60.0, near=near)
    assert search is not None and search.complete and len(search.points) == 1
    for symbol, (low, high) in search.box.items():
        error = (found.standard_errors or {})[symbol.name]
        down = 0.8 if symbol.name == "shape" else 1.5
        assert near[symbol] - low > down * error and high - near[symbol] > 5 * error
