"""Pictures: the numbers of each by another road, and the files that they are drawn into."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from symmle.__main__ import main
from symmle.cli.options import SCHEMES
from symmle.data import read
from symmle.derive.quadrature import masses_at
from symmle.diagnosis import Case, case_of_model, case_of_problem, compiled
from symmle.diagnosis.case import scheme_of_map
from symmle.diagnosis.running import Stop
from symmle.errors import InputError
from symmle.families import family_model
from symmle.model import Model
from symmle.pictures.basin import End, Kind, basin
from symmle.pictures.bifurcation import _periods, bifurcation_of_map, bifurcation_of_scheme
from symmle.pictures.canvas import look
from symmle.pictures.cobweb import cobweb
from symmle.pictures.convergence import convergence
from symmle.pictures.draw_sets import colours_of, widest
from symmle.pictures.fates import cycles_of
from symmle.pictures.law import case_of_law
from symmle.pictures.paths import path_of, trajectory
from symmle.pictures.radius import radius
from symmle.pictures.view import Window, within
from symmle.problem import build_problem
from symmle.schemes import (
    Rule,
    Scheme,
    alternating,
    coordinate,
    diagonal_newton,
    newton,
    simultaneous,
    with_rule,
)

DATA = Path(__file__).parent / "data"
NEWCOMB = str(DATA / "newcomb.csv")
X = np.loadtxt(NEWCOMB, skiprows=1)
M, V = float(X.mean()), float(X.var())

LOGISTIC = {
    "map": {"x": "r*x*(1 - x)"},
    "variables": {"x": "(0, 1)"},
    "constants": {"r": "positive"},
}
HENON = {
    "map": {"x": "1 - a*x**2 + y", "y": "3*x/10"},
    "variables": {"x": "real", "y": "real"},
    "constants": {"a": "positive"},
}
WELLS = {
    "objective": {"minimise": "(x**2 - 1)**2/4 + y**2/2"},
    "variables": {"x": "real", "y": "real"},
}
GAME = {
    "objective": {"x": {"minimise": "x*y"}, "y": {"maximise": "x*y"}},
    "variables": {"x": "real", "y": "real"},
}


def on_newcomb(name: str) -> Case:
    """A family of the catalogue at Newcomb's times."""
    model = family_model(name)
    return case_of_model(model, read(NEWCOMB, None, None, False, ("x",), by_name=False))


@pytest.fixture(scope="module")
def normal() -> Case:
    return on_newcomb("normal")


def numbered(case: Case, *values: float) -> dict[sp.Symbol, float]:
    return dict(zip(case.symbols, values, strict=True))


def _schemes(symbols: tuple[sp.Symbol, ...]) -> list[Scheme]:
    together = simultaneous(symbols)
    return [
        together,
        alternating(symbols),
        coordinate(symbols, 2, 2),
        newton(symbols),
        diagonal_newton(symbols),
        with_rule(together, Rule.HEAVY_BALL, sp.Rational(1, 2)),
        with_rule(together, Rule.EXTRAGRADIENT),
    ]


@pytest.mark.parametrize("name", ["normal", "gumbel", "cauchy", "logistic"])
def test_arrays_move_as_single_points_do(name: str) -> None:
    """One update of many points is that of the compiled loop of `diagnose`, point by point."""
    case = on_newcomb(name)
    letter = sp.Symbol("g", positive=True)
    rng = np.random.default_rng(1)
    size = 5
    points = [rng.uniform(20, 30, size), rng.uniform(4, 9, size)]
    for scheme in _schemes(case.symbols):
        moved = compiled.array_map(case.written(scheme, letter), case.columns, (letter,))
        runner = case.runner(scheme, sp.Rational(1, 3), [1.0, 1.0])
        memory = len(runner.state) - 2
        begin = [*points, *[np.full(size, 0.1)] * memory]
        image = moved.image([*begin, np.full(size, 1 / 3)])[:-1]
        for i in range(size):
            single = runner.run([float(each[i]) for each in begin], 1).state
            assert [float(each[i]) for each in image] == pytest.approx(single, rel=1e-9)


def test_what_has_no_text_is_walked() -> None:
    """Both roads from an expression to arrays give the same numbers, means over rows included."""
    case = on_newcomb("cauchy")
    points = [np.array([20.0, 25.0, 31.0]), np.array([1.0, 5.0, 9.0])]
    gradient = list(case.score.gradient)
    walked = compiled._walked(gradient, case.symbols, case.columns)(points)
    printed = compiled._compiled(gradient, case.symbols, case.columns)(points)
    away = X[:, None] - points[0]
    by_hand = np.mean(2 * away / (points[1] ** 2 + away**2), axis=0)
    for found in (walked, printed):
        np.testing.assert_allclose(found[0], by_hand, rtol=1e-12)
    np.testing.assert_allclose(walked[1], printed[1], rtol=1e-12)


def _plain(mu: float, sigma: float, step: float, count: int) -> tuple[float, float]:
    for _ in range(count):
        up = (V + (M - mu) ** 2) / sigma**3 - 1 / sigma
        mu, sigma = mu + step * (M - mu) / sigma**2, sigma + step * up
    return mu, sigma


def test_a_long_path_is_thinned_and_true(normal: Case) -> None:
    """The first updates are all there, the last is, and what is kept is where the run was."""
    path = path_of(
        normal, simultaneous(normal.symbols), sp.Float(0.05), numbered(normal, 20, 8), 9000
    )
    assert path.iterations[:400].tolist() == list(range(400))
    assert (path.updates, path.stop) == (9000, Stop.COUNT)
    assert np.all(np.diff(path.iterations) > 0) and len(path.iterations) < 3000
    for k in (1, 399, len(path.points) // 2, len(path.points) - 1):
        there = _plain(20.0, 8.0, 0.05, int(path.iterations[k]))
        assert path.points[k].tolist() == pytest.approx(there, rel=1e-10)


def test_a_trajectory_over_its_likelihood(normal: Case) -> None:
    """Heights by the normal log-density row by row; the first contour is half below the maximum."""
    runs = [
        (simultaneous(normal.symbols), sp.Integer(50)),
        (alternating(normal.symbols), sp.Integer(50)),
    ]
    found = trajectory(normal, runs, numbered(normal, 20, 8), 500, {}, "newcomb.csv")
    assert [each.scheme for each in found.paths] == ["simultaneous", "alternating"]
    assert found.heights is not None
    for i, j in ((10, 20), (200, 100)):
        mu, sigma = found.x[i], found.y[j]
        each = -np.log(sigma * math.sqrt(2 * math.pi)) - (X - mu) ** 2 / (2 * sigma**2)
        assert found.heights[j, i] == pytest.approx(math.fsum(each), rel=1e-12)
    top = -len(X) / 2 * (math.log(2 * math.pi * V) + 1)
    assert found.top == pytest.approx(top, rel=1e-12)
    assert found.levels[-1] == pytest.approx(top - 0.5, rel=1e-12)
    assert found.levels[-2] == pytest.approx(top - 2, rel=1e-12)
    assert found.targets == (pytest.approx((M, math.sqrt(V))),)
    assert found.window[1].low == 0 and found.window[1].open_low
    assert not found.beyond


def test_what_is_out_of_view_is_told(normal: Case) -> None:
    """A small sigma is thrown to s + g*((V + (M - m)**2)/s**3 - 1/s), far out of the picture."""
    runs = [(simultaneous(normal.symbols), sp.Integer(2))]
    found = trajectory(normal, runs, numbered(normal, 20, 0.4), 300, {}, "")
    ((scheme, update, name, value),) = found.beyond
    thrown = 0.4 + 2 * ((V + (M - 20) ** 2) / 0.4**3 - 1 / 0.4)
    assert (scheme, update, name) == ("simultaneous", 1, "sigma")
    assert value == pytest.approx(thrown, rel=1e-12)
    assert found.window[1].high < 100


def test_an_objective_to_be_minimised_has_its_contours_above() -> None:
    """Levels are above the least value; a game has no one objective, so no contours."""
    case = case_of_problem(build_problem("wells", WELLS))
    run = [(simultaneous(case.symbols), sp.Rational(1, 10))]
    found = trajectory(case, run, numbered(case, 2.0, 1.0), 100, {}, "")
    assert found.top == pytest.approx(0, abs=1e-6)
    assert found.levels and min(found.levels) > 0
    game = case_of_problem(build_problem("game", GAME))
    run = [(alternating(game.symbols), sp.Rational(1, 10))]
    assert trajectory(game, run, numbered(game, 1.0, 1.0), 100, {}, "").heights is None


def test_convergence_has_the_rate_of_the_jacobian(normal: Case) -> None:
    """1 - g/V and 1 - 2g/V are the multipliers, so 1/3 at the best step 2V/3."""
    step = sp.Float(2 * V / 3)
    runs = [(scheme(normal.symbols), step) for scheme in (simultaneous, alternating)]
    found = convergence(normal, runs, numbered(normal, 20, 8), None, "")
    assert found.units == pytest.approx({"mu": math.sqrt(V), "sigma": math.sqrt(V / 2)})
    for each in found.descents:
        assert each.predicted_rate == pytest.approx(1 / 3, rel=1e-9)
        assert each.observed_rate == pytest.approx(1 / 3, rel=1e-3)
        assert each.distances[-1] < 1e-12
        assert each.path.stop is Stop.DONE
    away = [abs(20 - M) / math.sqrt(V), abs(8 - math.sqrt(V)) / math.sqrt(V / 2)]
    assert found.descents[0].distances[0] == pytest.approx(max(away))


def test_a_run_that_comes_no_nearer_shows_its_beginning(normal: Case) -> None:
    """Outside the stable steps it ends on a cycle, of which more updates say no more."""
    runs = [(simultaneous(normal.symbols), sp.Float(1.1 * V))]
    (found,) = convergence(normal, runs, numbered(normal, 20, 8), None, "").descents
    assert found.path.updates == 500
    assert found.predicted_rate == pytest.approx(1.2, rel=1e-9)


def test_radius_is_that_of_the_jacobian(normal: Case) -> None:
    """max |1 - g/V|, |1 - 2g/V| for gradient ascent, the root of the momentum beyond its knee."""
    target = normal.targets[0]
    together = simultaneous(normal.symbols)
    heavy = with_rule(together, Rule.HEAVY_BALL, sp.Rational(1, 4))
    found = radius(
        "normal", "", [normal.stability(s, target, None) for s in (together, heavy)], {}, None
    )
    g = found.steps
    plain, momentum = found.curves
    np.testing.assert_allclose(
        plain.radii, np.maximum(abs(1 - g / V), abs(1 - 2 * g / V)), atol=1e-12
    )
    ((end, event),) = plain.ends
    assert (end, event) == (pytest.approx(V), "flip")
    assert plain.best == (pytest.approx(2 * V / 3), pytest.approx(1 / 3))
    # z**2 - (1 + b - g*a)*z + b: both roots have modulus sqrt(b) where they are complex
    inner = (g > 1.05 * V * 0.25) & (g < 0.95 * 2.25 / 2 * V)
    np.testing.assert_allclose(momentum.radii[inner], 0.5, atol=1e-9)
    assert momentum.ends[0][0] == pytest.approx(2 * 1.25 * V / 2)


def test_the_logistic_map_doubles_its_periods_where_it_is_known_to() -> None:
    """1, 3, 1 + sqrt(6) are thresholds; the 2-cycle is in closed form; past 4 runs leave (0, 1)."""
    problem = build_problem("logistic", LOGISTIC)
    r = problem.given[0].symbol
    found = bifurcation_of_map(problem, r, None, None)
    assert found.ends == ((pytest.approx(1.0), "fold"), (pytest.approx(3.0), "flip"))
    assert (found.values[0], found.values[-1]) == (
        pytest.approx(0.88, abs=0.01),
        pytest.approx(4, abs=0.01),
    )
    period = dict(zip(found.values.tolist(), found.periods[0].tolist(), strict=True))
    root = 1 + math.sqrt(6)
    for value, seen in period.items():
        if 1.05 < value < 2.95:
            assert seen == 1
        if 3.05 < value < root - 0.05:
            assert seen == 2
        if root + 0.02 < value < 3.54:
            assert seen == 4
    k = int(np.argmin(abs(found.values - 3.2)))
    value = found.values[k]
    spread = math.sqrt((value + 1) * (value - 3))
    pair = sorted(((value + 1 - spread) / (2 * value), (value + 1 + spread) / (2 * value)))
    assert sorted(set(found.points[0, k, :, 0].round(9))) == pytest.approx(pair, abs=1e-8)
    window = bifurcation_of_map(problem, r, {problem.symbols[0]: 0.3}, Window(3.829, 3.84))
    assert set(window.periods[0].tolist()) == {3}
    beyond = bifurcation_of_map(problem, r, {problem.symbols[0]: 0.3}, Window(4.2, 4.4))
    assert set(beyond.periods[0].tolist()) == {-1}
    assert beyond.changes == ((beyond.values[0], beyond.values[-1], -1),)


def test_ascent_over_its_step_doubles_at_the_end_of_the_stable_steps(normal: Case) -> None:
    """At V the point gives way to a cycle of two values of sigma, with mu at the mean."""
    found = bifurcation_of_scheme(normal, simultaneous(normal.symbols), None, None, "")
    assert found.ends == ((pytest.approx(V), "flip"),)
    below = (found.values > 0.1 * V) & (found.values < 0.98 * V)
    above = (found.values > 1.02 * V) & (found.values < 1.2 * V)
    assert set(found.periods[0, below].tolist()) == {1}
    assert set(found.periods[0, above].tolist()) == {2}
    k = int(np.flatnonzero(above)[0])
    low, high = sorted(set(found.points[0, k, :, 1].round(8)))
    assert _plain(M, low, float(found.values[k]), 1)[1] == pytest.approx(high, rel=1e-7)


def test_the_basins_of_two_wells_are_the_half_planes() -> None:
    """x moves to the well of its own sign: with a small step it never crosses 0."""
    case = case_of_problem(build_problem("wells", WELLS))
    window = {"x": Window(-1.5, 1.5), "y": Window(-1.0, 1.0)}
    found = basin(
        case, simultaneous(case.symbols), sp.Rational(1, 5), {}, None, window, "", side=80
    )
    assert {each.end for each in found.kinds} == {End.CONVERGES}
    ends = np.array([found.kinds[code].target[0] for code in found.codes.ravel()])
    x = np.broadcast_to(found.x, found.codes.shape).ravel()
    np.testing.assert_array_equal(ends, np.sign(x))


def _fate(a: float, x: float, y: float) -> bool:
    """Whether a plain loop of Henon's map stays bounded."""
    for _ in range(4000):
        x, y = 1 - a * x * x + y, 0.3 * x
        if abs(x) > 1e6:
            return False
    return True


def test_the_basin_of_henons_cycle_is_that_of_a_plain_loop() -> None:
    """At a = 1.25 there is an attracting cycle of period 7; every other start escapes."""
    problem = build_problem("henon", HENON).at_constants({})
    case = case_of_problem(problem.at_constants({problem.given[0].symbol: sp.Rational(5, 4)}))
    found = basin(case, scheme_of_map(case), sp.S.One, {}, None, {}, "", side=50)
    named = {(each.end, each.period) for each in found.kinds}
    assert named == {(End.CYCLE, 7), (End.DIVERGES, 0)}
    for j in range(0, 50, 7):
        for i in range(0, 50, 3):
            kind = found.kinds[found.codes[j, i]]
            assert (kind.end is End.CYCLE) == _fate(1.25, float(found.x[i]), float(found.y[j]))
    assert sum(each.share for each in found.kinds) == pytest.approx(1)


def test_a_plateau_is_no_cycle_and_no_rest(normal: Case) -> None:
    """From a tiny sigma a run is thrown to 1e9, where it hardly moves: that is undecided."""
    window = {"mu": Window(20, 30), "sigma": Window(1e-3, 2e-3)}
    found = basin(
        normal, simultaneous(normal.symbols), sp.Integer(50), {}, 300, window, "", side=20
    )
    assert [each.end for each in found.kinds] == [End.UNDECIDED]


def test_a_slow_approach_is_no_cycle_of_twice_the_period() -> None:
    """u flips for ever, w and q turn by quarters and fade: in the end the period is 2."""
    tables = {
        "map": {"u": "-u", "w": "-c*q", "q": "c*w"},
        "variables": {"u": "real", "w": "real", "q": "real"},
        "constants": {"c": "0.99999"},
    }
    case = case_of_problem(build_problem("turning", tables))
    window = {"u": Window(0.5, 1), "w": Window(0.03, 0.05)}
    found = basin(case, scheme_of_map(case), sp.S.One, {}, 128, window, "", side=4)
    assert [each.end for each in found.kinds] == [End.UNDECIDED]
    k = np.arange(240)
    fading = 0.005 * (1 - 4e-6) ** k * np.cos(k * np.pi / 2)
    assert _periods(((-1.0) ** k + fading)[None, :, None]).tolist() == [0]
    assert _periods(((-1.0) ** k)[None, :, None]).tolist() == [2]


def test_rounding_is_no_cycle() -> None:
    """A run that rests and flickers in its last digit is on no cycle of period 2."""

    def flicker(points):
        return [np.where(points[0] == 1.0, np.nextafter(1.0, 2.0), 1.0)]

    moved = compiled.ArrayMap(sp.symbols("x,"), 8, False, (((0,), 1, flicker),), 1)
    assert cycles_of(moved, [np.ones(3)], 1, np.ones(1)).tolist() == [0, 0, 0]


def test_what_leaves_is_told_from_what_grows() -> None:
    """Ascent of gamma's likelihood from a small shape crosses 0, as a single run does."""
    model = family_model("gamma")
    case = case_of_law(model, dict(zip(model.symbols, (sp.Integer(2), sp.Integer(1)), strict=True)))
    window = {"shape": Window(0.1, 0.5), "rate": Window(0.4, 0.8)}
    step = sp.Rational(7, 10)
    found = basin(case, simultaneous(case.symbols), step, {}, 100, window, "", side=8)
    assert [each.end for each in found.kinds] == [End.LEAVES]
    path = path_of(case, simultaneous(case.symbols), step, numbered(case, 0.3, 0.6), 100)
    assert path.stop is Stop.LEFT
    assert path.points[-1].min() <= 0


def test_starts_outside_the_domain_leave_it(normal: Case) -> None:
    """sigma < 0 is no start; at a stable step what is near the maximum converges to it."""
    window = {"mu": Window(25, 27), "sigma": Window(-12, 12)}
    found = basin(
        normal, simultaneous(normal.symbols), sp.Integer(50), {}, 2000, window, "", side=40
    )
    assert {found.kinds[code].end for code in found.codes[:19].ravel()} == {End.LEAVES}
    assert {found.kinds[code].end for code in found.codes[-5:].ravel()} == {End.CONVERGES}


def test_three_variables_are_cut_at_the_others_starts() -> None:
    """The axes are those of --range; what is not on one starts at the target."""
    tables = {
        "objective": {"minimise": "x**2 + y**2 + (z**2 - 1)**2/4"},
        "variables": {"x": "real", "y": "real", "z": "real"},
    }
    case = case_of_problem(build_problem("three", tables))
    window = {"x": Window(-1, 1), "z": Window(-2, 2)}
    found = basin(
        case, simultaneous(case.symbols), sp.Rational(1, 10), {}, None, window, "", side=20
    )
    assert (found.names, list(found.held)) == (("x", "z"), ["y"])
    ends = np.array([found.kinds[code].target[2] for code in found.codes.ravel()])
    np.testing.assert_array_equal(ends, np.sign(np.repeat(found.y, 20)))


def test_a_cobweb_is_its_map() -> None:
    """The orbit is that of a plain loop, and the graph r*x*(1 - x)."""
    problem = build_problem("logistic", LOGISTIC)
    case = case_of_problem(problem.at_constants({problem.given[0].symbol: sp.Rational(37, 10)}))
    found = cobweb(case, scheme_of_map(case), sp.S.One, numbered(case, 0.2), 30, None, "")
    orbit = [0.2]
    for _ in range(30):
        orbit.append(3.7 * orbit[-1] * (1 - orbit[-1]))
    assert found.orbit.tolist() == pytest.approx(orbit, abs=1e-9)
    np.testing.assert_allclose(found.image, 3.7 * found.x * (1 - found.x), rtol=1e-12)
    assert found.targets == (pytest.approx(27 / 37),)


LAWS = [
    ("gamma", (2, 1), lambda x: mpmath.log(x), lambda: mpmath.digamma(2)),
    ("cauchy", (0, 1), lambda x: 1 / (1 + x**2), lambda: mpmath.mpf(1) / 2),
    ("beta", (2, 3), lambda x: mpmath.log(1 - x), lambda: mpmath.digamma(3) - mpmath.digamma(5)),
    ("poisson", (3,), lambda x: x**2, lambda: mpmath.mpf(12)),
    ("geometric", (mpmath.mpf(1) / 4,), lambda x: x, lambda: mpmath.mpf(3)),
]


@pytest.mark.parametrize(("name", "values", "function", "known"), LAWS, ids=[e[0] for e in LAWS])
def test_a_law_in_the_place_of_data(name, values, function, known) -> None:
    """Sums over its places are expectations that are known in closed form."""
    model: Model = family_model(name)
    point = {s: mpmath.mpf(v) for s, v in zip(model.symbols, values, strict=True)}
    places, masses = masses_at(model, point)
    assert float(mpmath.fsum(masses) - 1) == pytest.approx(0, abs=1e-12)
    found = mpmath.fsum(m * function(x) for x, m in zip(places, masses, strict=True))
    assert float(found) == pytest.approx(float(known()), abs=1e-11)


def test_a_law_rests_at_its_own_parameters() -> None:
    """The fixed point is the point, with gamma's known range of steps at (2, 1)."""
    model = family_model("gamma")
    case = case_of_law(model, dict(zip(model.symbols, (sp.Integer(2), sp.Integer(1)), strict=True)))
    found = case.stability(simultaneous(case.symbols), case.targets[0], None).stable_steps
    assert found is not None
    trigamma = float(mpmath.polygamma(1, 2))
    largest = (trigamma + 2) / 2 + math.sqrt((trigamma - 2) ** 2 / 4 + 1)
    assert float(found[0].upper) == pytest.approx(2 / largest, rel=1e-9)
    pair = family_model("multivariate_normal", 2)
    with pytest.raises(InputError, match="several data columns"):
        case_of_law(pair, dict.fromkeys(pair.symbols, sp.S.One))


@given(arrays.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_letters_stand_in_the_largest_square(where) -> None:
    """The square about the place is inside the set, and no larger one is: by trying all."""
    rows, columns = where.shape
    best = 0
    for side in range(1, min(rows, columns) + 1):
        for i in range(rows - side + 1):
            for j in range(columns - side + 1):
                if where[i : i + side, j : j + side].all():
                    best = side
    found = widest(where)
    assert (found is None) == (best == 0)
    if found is not None:
        row, column = found[0] - best // 2, found[1] - best // 2
        assert where[row : row + best, column : column + best].all()


def test_colours_differ_in_grey() -> None:
    """What a printer without colour makes of the kinds of one map is still told apart."""
    ends = (End.CONVERGES, End.CYCLE, End.LEAVES, End.DIVERGES, End.UNDECIDED)
    found = colours_of(tuple(Kind(end, 0.2) for end in ends))
    grey = []
    for colour in found:
        if colour.startswith("#"):
            red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
            grey.append(0.299 * red + 0.587 * green + 0.114 * blue)
        else:
            grey.append(float(colour))
    assert min(abs(a - b) for i, a in enumerate(grey) for b in grey[:i]) > 0.1


def test_windows_stay_in_their_domain() -> None:
    """An end that the domain leaves out is no start: the first point is half a cell inside."""
    domain = build_problem("logistic", LOGISTIC).variables[0].domain
    found = within(Window(-1, 2), domain)
    assert (found.low, found.high) == (0, 1)
    assert found.inner(10) == pytest.approx((0.05, 0.95))
    assert within(Window(0.25, 0.75), domain).inner(10) == (0.25, 0.75)


# ---------------------------------------------------------------------------------------------
# files


def _toml(folder: Path, name: str, tables: dict[str, dict[str, object]]) -> str:
    lines = [f'name = "{name}"']
    for table, entries in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in entries.items()]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def _words(folder: Path) -> dict[str, list[str]]:
    logistic = _toml(folder, "logistic", LOGISTIC)
    at = ["--step", "50", "--start", "mu=20,sigma=8"]
    return {
        "trajectory": ["normal", NEWCOMB, *at],
        "radius": ["gamma", "--at", "shape=2,rate=1"],
        "bifurcation": [logistic],
        "basin": ["normal", NEWCOMB, "--step", "50", "--iterations", "100"],
        "cobweb": [logistic, "--fix", "r=3.7", "--start", "x=0.2"],
        "convergence": ["normal", NEWCOMB, *at],
    }


@pytest.mark.parametrize(
    "kind", ["trajectory", "radius", "bifurcation", "basin", "cobweb", "convergence"]
)
def test_the_same_numbers_give_the_same_file(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice the same bytes, without a date; one JSON object that names the file."""
    words = _words(tmp_path)[kind]
    files = [tmp_path / "one.svg", tmp_path / "two.svg", tmp_path / "one.png"]
    for file in files:
        assert main(["plot", kind, *words, "-o", str(file), "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        record = json.loads(out)
        assert (record["kind"], record["file"]) == (kind, str(file))
        assert record["model"] and record["range" if kind != "convergence" else "target"]
    assert files[0].read_bytes() == files[1].read_bytes()
    text = files[0].read_text(encoding="utf-8")
    assert "made by symmle" in text[:4096]
    assert not re.search(r"<dc:date>", text)
    assert files[2].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert b"made by symmle" in files[2].read_bytes()[:4096]
    assert sorted(each.name for each in tmp_path.iterdir() if each.suffix != ".toml") == [
        "one.png", "one.svg", "two.svg",
    ]  # fmt: skip
    assert main(["plot", kind, *words, "-o", str(files[2])]) == 0  # its own is overwritten
    assert capsys.readouterr().out == f"wrote {files[2]}\n"


def test_a_file_of_others_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is overwritten that symmle did not write, unless --force."""
    file = tmp_path / "mine.png"
    file.write_bytes(b"mine")
    words = ["plot", "radius", "gamma", "--at", "shape=2,rate=1", "-o", str(file)]
    assert main(words) == 2
    assert "was not written by symmle" in capsys.readouterr().err
    assert file.read_bytes() == b"mine"
    assert main([*words, "--force"]) == 0
    assert file.read_bytes() != b"mine"


def test_without_matplotlib_a_sentence_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 2, the pip command, and no file."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    file = tmp_path / "r.svg"
    assert main(["plot", "radius", "gamma", "--at", "shape=2,rate=1", "-o", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and not file.exists()
    assert err.count("\n") == 1 and 'pip install "symmle[plot]"' in err


def test_numbers_need_no_matplotlib() -> None:
    """The modules of the numbers, and the verb's help, do not import it."""
    code = (
        "import sys\n"
        "from symmle.pictures import basin, bifurcation, cobweb, law, paths, radius, canvas\n"
        "import symmle.cli.plot_verb, symmle.report.pictures\n"
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert done.stdout == "False\n"


def test_a_fresh_home_is_quiet(tmp_path: Path) -> None:
    """What matplotlib has to say of its caches does not reach stderr, which is for one sentence."""
    words = ["plot", "radius", "exponential", "--at", "rate=1", "-o", str(tmp_path / "r.svg")]
    done = subprocess.run(
        [sys.executable, "-m", "symmle", *words], capture_output=True, check=True, text=True,
        cwd=Path(__file__).parent.parent, env={"PATH": "/usr/bin", "HOME": "/dev/null",
                                               "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    assert done.stderr == ""


def test_names_with_dollars_are_drawn_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dollar sign in a name of the user's begins no formula."""
    path = Path(_toml(tmp_path, "logistic", LOGISTIC))
    path.write_text(path.read_text().replace('"logistic"', '"$\\\\frac{$ map"'), encoding="utf-8")
    words = ["plot", "cobweb", str(path), "--fix", "r=3.7", "--start", "x=0.2"]
    assert main([*words, "-o", str(tmp_path / "c.svg")]) == 0
    assert capsys.readouterr().err == ""


REFUSED = [
    (["trajectori", "normal", NEWCOMB, "-o", "p.svg"], "there is no picture 'trajectori'"),
    (["radius", "gamma", "--at", "shape=2,rate=1"], "add -o FILE.svg"),
    (["radius", "gamma", "--at", "shape=2,rate=1", "-o", "p.pdf"], "ending .svg or .png"),
    (["radius", "gamma", "--at", "shape=2,rate=1", "-o", "no/p.svg"], "does not exist"),
    (["radius", "gamma", "-o", "p.svg"], "drawn at numbers"),
    (["radius", "gamma", NEWCOMB, "--at", "shape=2,rate=1", "-o", "p.svg"], "both --at and data"),
    (["radius", "gamma", "--at", "shape=2,rate=1", "--step", "1", "-o", "p.svg"], "--step out"),
    (["radius", "gamma", "--at", "shape=2,rate=1", "--range", "g=0:1", "-o", "p.svg"], "step"),
    (["radius", "LOGISTIC", "-o", "p.svg"], "draw `bifurcation`"),
    (["trajectory", "normal", NEWCOMB, "-o", "p.svg"], "add --start mu=...,sigma=..."),
    (["trajectory", "normal", "--start", "mu=1,sigma=1", "-o", "p.svg"], "drawn at numbers"),
    (["trajectory", "normal", NEWCOMB, "--start", "mu=1,sigma=-1", "-o", "p.svg"], "outside its"),
    (["trajectory", "normal", NEWCOMB, "--start", "mu=1,s=1", "-o", "p.svg"], "NAME=NUMBER"),
    (["trajectory", "exponential", NEWCOMB, "--start", "rate=1", "-o", "p.svg"], "exponential"),
    (["trajectory", "LOGISTIC", "--fix", "r=3", "--start", "x=0.2", "-o", "p.svg"], "plane of two"),
    (["cobweb", "normal", NEWCOMB, "--start", "mu=1,sigma=1", "-o", "p.svg"], "one variable"),
    (["cobweb", "LOGISTIC", "--start", "x=0.2", "-o", "p.svg"], "--fix r=NUMBER"),
    (["cobweb", "LOGISTIC", "--fix", "r=3", "--step", "1", "--start", "x=0.2", "-o", "p.svg"],
     "explicit map"),
    (["basin", "LOGISTIC", "--fix", "r=3", "-o", "p.svg"], "needs two variables"),
    (["basin", "normal", NEWCOMB, "--step", "5", "--range", "mu=1", "-o", "p.svg"], "LOW:HIGH"),
    (["basin", "normal", NEWCOMB, "--step", "5", "--range", "mu=2:1", "-o", "p.svg"], "empty"),
    (["basin", "normal", NEWCOMB, "--step", "5", "--scheme", "newton", "--scheme", "scoring", "-o",
      "p.svg"], "one scheme"),
    (["basin", "normal", NEWCOMB, "--step", "5", "--over", "mu", "-o", "p.svg"], "bifurcation"),
    (["bifurcation", "normal", NEWCOMB, "--step", "5", "-o", "p.svg"], "leave --step out"),
    (["bifurcation", "normal", NEWCOMB, "--range", "step=-1:5", "-o", "p.svg"], "step is positive"),
    (["convergence", "WELLS", "--start", "x=1,y=0", "-o", "p.svg"], "choose another --start"),
    (["bifurcation", "LOGISTIC", "--range", "r=-1:2", "-o", "p.svg"], "not in the domain of r"),
    (["bifurcation", "LOGISTIC", "--over", "q", "-o", "p.svg"], "--over NAME"),
    (["bifurcation", "LOGISTIC", "--step", "1", "-o", "p.svg"], "its own scheme"),
    (["convergence", "LOGISTIC", "--column", "x", "-o", "p.svg"], "give a file with it"),
    (["convergence", "LOGISTIC", NEWCOMB, "-o", "p.svg"], "holds a problem"),
    (["basin", "laplace", NEWCOMB, "-o", "p.svg"], "kinks"),
    (["convergence", "normal", NEWCOMB, "--scheme", "implicit", "--step", "1", "--start",
      "mu=1,sigma=1", "-o", "p.svg"], "solution of an equation"),
    (["convergence", "normal", NEWCOMB, "--start", "mu=1,sigma=1", "--iterations", "0", "-o",
      "p.svg"], "--iterations '0'"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), REFUSED, ids=[" ".join(e[0][:4])[:50] for e in REFUSED])
def test_wrong_input_is_one_sentence(
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit status 2 (1 where there is no estimate), nothing on stdout, no file."""
    monkeypatch.chdir(tmp_path)
    logistic = _toml(tmp_path, "logistic", LOGISTIC)
    named = {"LOGISTIC": logistic, "WELLS": _toml(tmp_path, "wells", WELLS)}
    assert main(["plot", *(named.get(word, word) for word in words)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("symmle: ") and err.count("\n") == 1
    assert said in err
    assert "unexpected" not in err
    assert {each.suffix for each in tmp_path.iterdir()} == {".toml"}


def test_without_an_estimate_the_status_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contract: 1 where there is no estimate, with the reason of the fit."""
    words = ["convergence", "bernoulli", str(DATA / "ones.csv"), "--start", "p=0.5", "--step", "1"]
    assert main(["plot", *words, "-o", str(tmp_path / "p.svg")]) == 1
    assert "all observations are equal" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_every_scheme_in_one_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There are more schemes than colours, and each still has a look of its own."""
    file = str(tmp_path / "all.png")
    names = [name for name in SCHEMES if name not in ("em", "em_gradient")]
    words = [part for name in names for part in ("--scheme", name)]
    assert main(["plot", "radius", "gamma", "--at", "shape=2,rate=1", *words, "-o", file]) == 0
    words = [part for name in names if name != "implicit" for part in ("--scheme", name)]
    start = ["--start", "shape=1.9,rate=1.1", "--step", "0.1", "--iterations", "9"]
    assert main(["plot", "trajectory", "gamma", "--at", "shape=2,rate=1", *words, *start, "-o",
                 file]) == 0  # fmt: skip
    assert capsys.readouterr().err == ""
    assert len({look(i) for i in range(40)}) == 40


def test_a_picture_of_an_unknown_density(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A density that the catalogue has not: every kind for two parameters, by --logpdf."""
    own = ["--logpdf", "log(k) - k*log(s) + (k-1)*log(x) - (x/s)**k", "--data-symbol", "x>0",
           "--param", "s>0", "--param", "k>0"]  # fmt: skip
    beef = str(DATA / "groundbeef.csv")
    for kind, words in {
        "trajectory": ["--start", "s=70,k=1"],
        "radius": [],
        "basin": ["--iterations", "20"],
        "convergence": ["--start", "s=70,k=2", "--scheme", "newton"],
    }.items():
        file = tmp_path / f"{kind}.png"
        assert main(["plot", kind, *own, beef, *words, "-o", str(file)]) == 0, kind
        assert capsys.readouterr().err == ""
        assert file.stat().st_size > 10_000


def test_the_record_of_a_basin_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shares of all starts that add up to one, with what each colour means."""
    file = str(tmp_path / "b.png")
    words = ["basin", "normal", NEWCOMB, "--step", str(1.05 * V), "--iterations", "400"]
    assert main(["plot", *words, "-o", file, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["starts"] == [1000, 1000]
    assert sum(each["share"] for each in record["kinds"]) == pytest.approx(1)
    assert record["kinds"][0] == {
        "outcome": "cycle",
        "share": record["kinds"][0]["share"],
        "period": 2,
        "target": None,
    }
