"""Problems without data: objectives, games and maps, with the ranges the literature gives them."""

import json
import random
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import optimize

from symmle.__main__ import main
from symmle.errors import InputError
from symmle.fixed_points import fixed_points
from symmle.known import Known
from symmle.problem import build_problem, load_problem
from symmle.schemes import alternating, simultaneous
from symmle.stability import Criticality, Event, stability
from symmle.stability.algebra import is_zero
from symmle.stability.definite import Stationary, kind_of_point
from symmle.stability.of_problem import map_stability, scheme_over
from symmle.stability.parts import parts, program
from symmle.stability.two_players import two_players

STEP = sp.Symbol("step", positive=True)

# map, domain, constants, the symbol, {fixed point: (lower, upper, event at the upper end, side)}
FLIP, CIRCLE, FOLD = Event.FLIP, Event.NEIMARK_SACKER, Event.FOLD
SUPER, SUB = Criticality.SUPERCRITICAL, Criticality.SUBCRITICAL
MAPS = {
    # May, Simple mathematical models with very complicated dynamics, Nature 261 (1976) 459
    "logistic": ({"x": "r*x*(1 - x)"}, "real", {"r": "positive"}, "r", {
        "(r - 1)/r": (1, 3, FLIP, SUPER), "0": (0, 1, FOLD, None)}),
    # Ricker, Stock and recruitment (1954); May & Oster, American Naturalist 110 (1976) 573
    "ricker": ({"x": "x*exp(r*(1 - x))"}, "positive", {"r": "positive"}, "r", {
        "1": (0, 2, FLIP, SUPER)}),
    # Henon, Comm. Math. Phys. 50 (1976) 69: period one ends at a = 3*(1 - b)**2/4
    "henon": ({"x": "1 - a*x**2 + y", "y": "3*x/10"}, "real", {"a": "positive"}, "a", {
        "(sqrt(400*a + 49) - 7)/(20*a)": (0, sp.Rational(147, 400), FLIP, SUPER),
        "-(sqrt(400*a + 49) + 7)/(20*a)": None}),
    # the delayed logistic map: Maynard Smith (1968); Kuznetsov, Elements, example 4.2
    "delayed logistic": ({"x": "r*x*(1 - y)", "y": "x"}, "positive", {"r": "positive"}, "r", {
        "(r - 1)/r": (1, 2, CIRCLE, SUPER)}),
    # the cubic map x -> r*x - x**3: Skjolding et al., SIAM J. Appl. Math. 43 (1983) 520
    "cubic": ({"x": "r*x - x**3"}, "real", {"r": "real"}, "r", {
        "0": (-1, 1, FOLD, SUPER), "sqrt(r - 1)": (1, 2, FLIP, SUPER),
        "-sqrt(r - 1)": (1, 2, FLIP, SUPER)}),
    # Newton's method for x**2 = a, with a damping factor: |1 - d| < 1
    "damped Newton": ({"x": "x - d*(x**2 - 2)/(2*x)"}, "positive", {"d": "positive"}, "d", {
        "sqrt(2)": (0, 2, FLIP, None)}),
    # gradient ascent on log sigma of a normal sample is a Ricker map: stable for 0 < g < 1
    "log sigma": ({"u": "u + g*(exp(-2*u) - 1)"}, "real", {"g": "positive"}, "g", {
        "0": (0, 1, FLIP, SUPER)}),
}  # fmt: skip


def problem_of(image, domain, constants):
    return build_problem(
        "m", {"map": image, "variables": dict.fromkeys(image, domain), "constants": constants}
    )


@pytest.mark.parametrize("name", MAPS)
def test_maps_of_the_literature(name: str) -> None:
    """Every fixed point, the values of the constant at which it attracts, and how that ends."""
    image, domain, constants, over, expected = MAPS[name]
    problem = problem_of(image, domain, constants)
    symbol = problem.given[0].symbol
    found = fixed_points(problem)
    assert found.complete
    by_text = {sp.sympify(text, {over: symbol}): row for text, row in expected.items()}
    first = problem.symbols[0]
    assert len(found.points) == len(by_text)
    for point in found.points:
        row = next(r for e, r in by_text.items() if sp.simplify(point.values[first] - e) == 0)
        judged = map_stability(problem, point.values, symbol)
        assert judged.known is Known.PROVED
        if row is None:
            assert judged.stable_steps == ()
            continue
        (interval,) = judged.stable_steps
        lower, upper, event, side = row
        assert (interval.lower, interval.upper) == (lower, upper)
        assert (interval.upper_event, interval.upper_criticality or side) == (event, side)


@pytest.mark.parametrize("name", MAPS)
def test_runs_inside_and_outside_the_ends(name: str) -> None:
    """The map itself, run from nearby at 0.99 and 1.01 of an end: it settles, and it does not."""
    image, domain, constants, _, _ = MAPS[name]
    problem = problem_of(image, domain, constants)
    symbol = problem.given[0].symbol
    for point in fixed_points(problem).points:
        for interval in map_stability(problem, point.values, symbol).stable_steps:
            if not interval.upper.is_finite:
                continue
            width = interval.upper - interval.lower
            for share, settles in ((sp.Rational(99, 100), True), (sp.Rational(101, 100), False)):
                value = interval.lower + share * width
                here = [e.xreplace({symbol: value}) for e in point.values.values()]
                assert _settles(problem, {symbol: value}, here) is settles


def _settles(problem, constants, point) -> bool:
    run = sp.lambdify(problem.symbols, [e.xreplace(constants) for e in problem.image], "math")
    centre = np.array([float(value) for value in point])
    state, first = centre + 1e-5, 1e-5
    for _ in range(20_000):
        state = np.array(run(*state))
        away = float(np.max(np.abs(state - centre)))
        if not np.isfinite(away) or away > 20 * first:
            return False
    return away < first / 10


def test_the_jacobian_over_a_constant_with_a_transcendental_boundary() -> None:
    """x -> x*(exp(c) - 2*cos(c)) at 0: ends from balls, in a window that is said."""
    problem = build_problem(
        "m",
        {
            "map": {"x": "x*(exp(c) - 2*cos(c))"},
            "variables": {"x": "real"},
            "constants": {"c": "(0, 3)"},
            "at": {"x": 0},
        },
    )
    judged = map_stability(problem, problem.at, problem.given[0].symbol)
    (interval,) = judged.stable_steps
    top = mpmath.findroot(lambda c: mpmath.exp(c) - 2 * mpmath.cos(c) - 1, 1)
    assert (judged.known, interval.upper_event) == (Known.CERTIFIED, Event.FOLD)
    assert abs(interval.upper - top) < 1e-15
    assert interval.lower == 0  # the multiplier is -1 there, and rises
    assert "from 0 to 3" in judged.reason


@pytest.mark.parametrize("seed", range(12))
def test_two_players_in_symbols_and_at_numbers(seed: int) -> None:
    """The symbolic range, at random integers, is the one that the exact cells find."""
    draw = random.Random(seed)
    k = [[sp.Integer(draw.randint(-6, 6)) for _ in range(2)] for _ in range(2)]
    field = [[-abs(k[0][0]), k[0][1]], [-k[0][1] * draw.choice((1, 2)), -abs(k[1][1]) - 1]]
    x, y = sp.symbols("x y", real=True)
    score = build_problem(
        "g",
        {
            "objective": {
                "x": {"maximise": f"({field[0][0]})*x**2/2 + ({field[0][1]})*x*y"},
                "y": {"maximise": f"({field[1][0]})*x*y + ({field[1][1]})*y**2/2"},
            },
            "variables": {"x": "real", "y": "real"},
        },
    ).field
    for scheme in (simultaneous(score.parameters), alternating(score.parameters)):
        exact = stability(score, scheme, STEP, {x: sp.S.Zero, y: sp.S.Zero})
        pieces = parts(tuple(tuple(r) for r in field), program(scheme, score.parameters), is_zero)
        if len(pieces) != 1:
            continue
        symbolic = two_players(pieces[0], STEP, 1)
        if symbolic.intervals is None:
            for interval in exact.stable_steps:
                inside = (interval.lower + min(interval.upper, interval.lower + 2)) / 2
                assert all(c.subs(STEP, inside) for c in symbolic.conditions)
            continue
        assert len(symbolic.intervals) == len(exact.stable_steps)
        for ours, theirs in zip(symbolic.intervals, exact.stable_steps, strict=True):
            assert float(ours.upper) == pytest.approx(float(theirs.upper), rel=1e-12)


def game(x_text: str, y_text: str, **constants: str):
    return build_problem(
        "game",
        {
            "objective": {"x": {"minimise": x_text}, "y": {"maximise": y_text}},
            "variables": {"x": "real", "y": "real"},
            "constants": constants,
        },
    )


def test_a_bilinear_game_turns_for_ever() -> None:
    """Simultaneous descent-ascent leaves the saddle for every step; alternating stays bounded.

    Gidel et al., Negative momentum for improved game dynamics (2019), theorems 4 and 5; Zhang & Yu,
    Convergence of gradient methods on bilinear zero-sum games (2020).
    """
    field = game("x*y", "x*y").field
    origin = dict.fromkeys(field.parameters, sp.S.Zero)
    for maker, verdict in ((simultaneous, "unstable"), (alternating, "marginal")):
        found = stability(field, maker(field.parameters), STEP, origin, at=sp.Rational(1, 2))
        assert found.stable_steps == ()
        assert found.at_step.verdict == verdict


def test_a_strongly_convex_concave_game() -> None:
    """x**2/2 + c*x*y - y**2/2, together: 0 < step < 2/(1 + c**2), for every c at once."""
    field = game("x**2/2 + c*x*y", "c*x*y - y**2/2", c="positive").field
    origin = dict.fromkeys(field.parameters, sp.S.Zero)
    found = stability(field, simultaneous(field.parameters), STEP, origin)
    c = next(iter(found.jacobian.free_symbols - {STEP}))
    (interval,) = found.stable_steps
    assert sp.simplify(interval.upper - 2 / (1 + c**2)) == 0
    assert (interval.upper_event, found.known) == (CIRCLE, Known.PROVED)


def test_a_step_of_a_scheme_over_a_constant() -> None:
    """The same game at step 1/10: |c| < sqrt(19) together, and c < 19 in turn."""
    problem = game("x**2/2 + c*x*y", "c*x*y - y**2/2", c="positive")
    symbols, c = problem.symbols, problem.given[0].symbol
    origin = dict.fromkeys(symbols, sp.S.Zero)
    ends = []
    for maker in (simultaneous, alternating):
        found = scheme_over(problem, maker(symbols), origin, c, sp.Rational(1, 10))
        ends.append(found.stable_steps[0].upper)
    assert ends[1] == 19
    assert float(ends[0]) == pytest.approx(19**0.5, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("x**4/4 - x**2/2 + x*y + y**2", ["saddle", "strict minimum", "strict minimum"]),
        ("x**2 + y**2", ["strict minimum"]),
        ("-x**2 - 2*y**2 + x*y", ["strict maximum"]),
        ("x*y", ["saddle"]),
        ("x**4 + y**2", ["singular"]),
        ("(1 - x)**2 + 100*(y - x**2)**2", ["strict minimum"]),  # Rosenbrock (1960)
    ],
)
def test_the_stationary_points_of_an_objective(text: str, kinds: list[str]) -> None:
    """All of them, each with its type."""
    problem = build_problem(
        "f", {"objective": {"maximise": text}, "variables": {"x": "real", "y": "real"}}
    )
    found = fixed_points(problem)
    assert found.complete
    types = [kind_of_point(problem.field.hessian.xreplace(dict(p.values))) for p in found.points]
    assert sorted(map(str, types)) == sorted(kinds)
    assert Stationary.UNKNOWN not in types


def test_every_zero_of_one_equation_is_enclosed() -> None:
    """sin(x) - x**2/20 is stationary where cos(x) = x/10: as often as the sign changes."""
    problem = build_problem(
        "f", {"objective": {"maximise": "sin(x) - x**2/20"}, "variables": {"x": "real"}}
    )
    found = fixed_points(problem)
    grid = np.linspace(-12, 12, 4001)
    changes = np.sum(np.diff(np.sign(np.cos(grid) - grid / 10)) != 0)
    assert len(found.points) == changes == 7
    assert "between -1000 and 1000" in found.road
    assert {point.known for point in found.points} == {Known.CERTIFIED}


def test_points_that_only_a_search_finds_are_said_to_be_so() -> None:
    """Two transcendental equations: Newton's method from many starts, and no claim that it is all.

    exp(-x) = y and x = cos(y), whose one solution SciPy finds as well.
    """
    problem = build_problem(
        "m", {"map": {"x": "cos(y)", "y": "exp(-x)"}, "variables": {"x": "real", "y": "real"}}
    )
    found = fixed_points(problem)
    root = optimize.root(lambda v: [np.cos(v[1]) - v[0], np.exp(-v[0]) - v[1]], [0.9, 0.4]).x
    (point,) = found.points
    assert [float(v) for v in point.values.values()] == pytest.approx(list(root), rel=1e-9)
    assert not found.complete
    assert point.known is Known.CHECKED


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"variables": {"x": "real"}}, "must have [objective] or [map]"),
        ({"map": {"x": "x"}, "variables": {}}, "has no variables"),
        ({"map": {"x": "x"}, "variables": {"x": "real", "y": "real"}}, "'y' is missing"),
        ({"map": {"x": "z"}, "variables": {"x": "real"}}, "'z' is not declared"),
        ({"objective": {"maximise": 3}, "variables": {"x": "real"}}, "must be text in quotes"),
        (
            {"objective": {"maximise": "x", "minimise": "x"}, "variables": {"x": "real"}},
            "one of them",
        ),
        (
            {"objective": {"x": {"maximise": "x"}}, "variables": {"x": "real", "y": "real"}},
            "no objective moves the variable 'y'",
        ),
        ({"objective": {"z": {"maximise": "x"}}, "variables": {"x": "real"}}, "is no variable"),
        (
            {"map": {"x": "c*x"}, "variables": {"x": "real"}, "constants": {"x": 1}},
            "declared twice",
        ),
        ({"map": {"x": "x"}, "variables": {"x": "real"}, "at": {"y": 1}}, "'x' is missing"),
        ({"map": {"x": "x"}, "variables": {"x": "real"}, "more": 1}, "has the entry 'more'"),
        ({"map": {"x": "__import__('os')"}, "variables": {"x": "real"}}, "map of x"),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(record, words: str) -> None:
    """What was given, what is required and what to do."""
    with pytest.raises(InputError, match=" ") as caught:
        build_problem("p", record)
    assert words in str(caught.value)


def test_a_named_point_that_moves_is_refused() -> None:
    """[at] is checked, exactly or near a zero, and not believed."""
    record = {"map": {"x": "7*x*(1 - x)/2"}, "variables": {"x": "real"}}
    near = build_problem("m", record | {"at": {"x": 0.7142857143}})
    assert fixed_points(near).points[0].known is Known.CHECKED
    exact = build_problem("m", record | {"at": {"x": "5/7"}})
    assert fixed_points(exact).points[0].known is Known.PROVED
    with pytest.raises(InputError, match="still moves by"):
        fixed_points(build_problem("m", record | {"at": {"x": 0.5}}))


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file, --over, --fix and --at; and the exit status of a file that is no model."""
    path = tmp_path / "logistic.toml"
    path.write_text(
        '[map]\nx = "r*x*(1 - x)"\n[variables]\nx = "real"\n[constants]\nr = "positive"\n'
    )
    assert load_problem(path).name == "logistic"
    assert main(["stability", str(path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [s["fixed_point"]["x"] for s in record["schemes"]] == ["(r - 1)/r", "0"]
    (first, _) = (s["stable_steps"] for s in record["schemes"])
    assert (first[0]["lower"], first[0]["upper"], first[0]["upper_event"]) == (1, 3, "flip")
    assert main(["stability", str(path), "--fix", "r=3.2", "--at", "x=11/16", "--json"]) == 0
    (scheme,) = json.loads(capsys.readouterr().out)["schemes"]
    assert (scheme["verdict"], scheme["spectral_radius"]) == ("unstable", 1.2)
    assert main(["stability", str(path), "--scheme", "newton"]) == 2
    assert main(["stability", str(path), "--over", "q"]) == 2
    assert main(["fit", str(path), "data.csv"]) == 2
    assert "holds a problem without data" in capsys.readouterr().err
