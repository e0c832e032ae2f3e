"""What happens at an end: a fold, a transcritical crossing or a pitchfork; rules with a memory."""

import json
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from symmle.__main__ import main
from symmle.dynamics import cycles, of_scheme
from symmle.dynamics.array_value import array_value
from symmle.fixed_points import fixed_points
from symmle.problem import build_problem
from symmle.schemes import Rule, alternating, coordinate, simultaneous, update, with_rule
from symmle.stability import Criticality, Event, Passage, stability
from symmle.stability.of_problem import map_stability

STEP = sp.Symbol("step", positive=True)
FOLD, CROSSING, FORK = Passage.FOLD, Passage.TRANSCRITICAL, Passage.PITCHFORK
SUPER, SUB, FLAT = Criticality.SUPERCRITICAL, Criticality.SUBCRITICAL, Criticality.DEGENERATE
HALF = sp.Rational(1, 2)

# map, the fixed point, end: (place, passage, side), as in Kuznetsov, Elements of Applied
# Bifurcation Theory, sections 4.2 and 7.4, and Strogatz, Nonlinear Dynamics and Chaos, chapter 10
PASSAGES = {
    "the map of the fold": ("x + c - x**2", "sqrt(c)", "lower", (0, FOLD, None)),
    "the logistic map at 0": ("c*x*(1 - x)", "0", "upper", (1, CROSSING, None)),
    "the logistic map, its other end": ("c*x*(1 - x)", "1 - 1/c", "lower", (1, CROSSING, None)),
    "the cubic map at 0": ("c*x - x**3", "0", "upper", (1, FORK, SUPER)),
    "a branch of the pitchfork": ("c*x - x**3", "sqrt(c - 1)", "lower", (1, FORK, SUPER)),
    "the cubic map that repels": ("c*x + x**3", "0", "upper", (1, FORK, SUB)),
    "flat": ("c*x", "0", "upper", (1, None, FLAT)),
    "of the fifth order": ("c*x - x**5", "0", "upper", (1, None, FLAT)),
    "sine": ("c*sin(x)", "0", "upper", (1, FORK, SUPER)),
}


@pytest.mark.parametrize("name", PASSAGES)
def test_what_happens_at_a_multiplier_of_one(name: str) -> None:
    """The three ways in which a multiplier passes 1, and the side of a pitchfork's branches."""
    text, place, side, expected = PASSAGES[name]
    problem = build_problem(
        "m",
        {
            "map": {"x": text},
            "variables": {"x": "real"},
            "constants": {"c": "(-3, 3)"},
            "at": {"x": place},
        },
    )
    symbol = problem.given[0].symbol
    (interval,) = map_stability(problem, problem.at, symbol).stable_steps
    end = interval.lower if side == "lower" else interval.upper
    found = (
        (interval.lower_passage, interval.lower_criticality)
        if side == "lower"
        else (interval.upper_passage, interval.upper_criticality)
    )
    assert (end, *found) == expected


def test_a_fold_in_the_plane_and_a_formula_that_is_no_quotient() -> None:
    """Henon's map is born at a = -(1 - b)**2/4, and the point goes on through a = 0.

    Its formula there is 0/0; the map is linear, with the fixed point 1/(1 - b).
    """
    problem = build_problem(
        "henon",
        {
            "map": {"x": "1 - a*x**2 + y", "y": "3*x/10"},
            "variables": {"x": "real", "y": "real"},
            "constants": {"a": "real"},
        },
    )
    symbol = problem.given[0].symbol
    found = [map_stability(problem, p.values, symbol) for p in fixed_points(problem).points]
    ((interval,),) = [each.stable_steps for each in found if each.stable_steps]
    assert (interval.lower, interval.upper) == (sp.Rational(-49, 400), sp.Rational(147, 400))
    assert (interval.lower_passage, interval.upper_passage) == (FOLD, None)
    assert (interval.upper_event, interval.upper_criticality) == (Event.FLIP, SUPER)


def test_a_pitchfork_through_another_variable() -> None:
    """x' = c x + x y, y' = y/2 - x**2: on y = -2 x**2 this is c x - 2 x**3, supercritical.

    Nothing of the first line alone says so.
    """
    for sign, side in (("-", SUPER), ("+", SUB)):
        problem = build_problem(
            "m",
            {
                "map": {"x": "c*x + x*y", "y": f"y/2 {sign} x**2"},
                "variables": {"x": "real", "y": "real"},
                "constants": {"c": "positive"},
                "at": {"x": 0, "y": 0},
            },
        )
        (interval,) = map_stability(problem, problem.at, problem.given[0].symbol).stable_steps
        assert (interval.upper, interval.upper_passage) == (1, FORK)
        assert interval.upper_criticality is side


def test_a_crossing_in_the_plane() -> None:
    """The delayed logistic map at r = 1, where extinction and the other point change places."""
    problem = build_problem(
        "m",
        {
            "map": {"x": "r*x*(1 - y)", "y": "x"},
            "variables": {"x": "real", "y": "real"},
            "constants": {"r": "positive"},
        },
    )
    symbol = problem.given[0].symbol
    ends = {}
    for point in fixed_points(problem).points:
        (interval,) = map_stability(problem, point.values, symbol).stable_steps
        ends[str(point.values[problem.symbols[0]])] = interval
    assert (ends["0"].upper, ends["0"].upper_passage) == (1, CROSSING)
    assert (ends["(r - 1)/r"].lower, ends["(r - 1)/r"].lower_passage) == (1, CROSSING)


def well(square: str, cube: str):
    return build_problem(
        "w",
        {
            "objective": {"minimise": f"x**2/2 + ({square})*x**3/3 + ({cube})*x**4/4"},
            "variables": {"x": "real"},
        },
    )


RULES = {
    "plain": lambda s: simultaneous(s),
    "heavy ball": lambda s: with_rule(simultaneous(s), Rule.HEAVY_BALL, HALF),
    "heavy ball, negative": lambda s: with_rule(simultaneous(s), Rule.HEAVY_BALL, -HALF),
    "Nesterov": lambda s: with_rule(simultaneous(s), Rule.NESTEROV, HALF),
    "optimistic": lambda s: with_rule(simultaneous(s), Rule.OPTIMISTIC),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("square", "cube"), [("0", "1"), ("0", "-1"), ("1", "0"), ("2", "3")])
def test_the_cycle_of_a_rule_with_memory_lives_on_the_side_that_is_told(name, square, cube) -> None:
    """A small 2-cycle is there on one side of the flip only: outside, attracting, or inside.

    By the proved cycles of the map itself at 0.999 and 1.001 of the end.
    """
    problem = well(square, cube)
    scheme = RULES[name](problem.symbols)
    origin = {problem.symbols[0]: sp.S.Zero}
    interval = stability(problem.field, scheme, STEP, origin).stable_steps[-1]
    assert interval.upper_event is Event.FLIP
    written = update(problem.field, scheme, STEP)
    there = {}
    for share in ("0.999", "1.001"):
        step = sp.Rational(share) * interval.upper
        found = cycles(of_scheme(written, problem.variables, step), 2, [origin]).cycles
        there[share] = [
            each.verdict
            for each in found
            if max(abs(float(v)) for p in each.points for v in p.values()) < 0.2
        ]
    outside = interval.upper_criticality is Criticality.SUPERCRITICAL
    assert there == (
        {"0.999": [], "1.001": ["stable"]} if outside else {"0.999": ["unstable"], "1.001": []}
    )


@pytest.mark.parametrize("cube", ["1/3", "-1/3"])
@pytest.mark.parametrize("name", ["heavy ball", "Nesterov"])
def test_the_circle_of_a_rule_with_memory(name: str, cube: str) -> None:
    """Just beyond a Neimark-Sacker end a run stays on a small circle, or it leaves.

    A game whose variables turn about the origin, with a force that grows or fades.
    """
    problem = build_problem(
        "g",
        {
            "objective": {
                "x": {"minimise": f"x**2/10 + x*y + ({cube})*x**4/4"},
                "y": {"maximise": f"x*y - y**2/10 - ({cube})*y**4/4"},
            },
            "variables": {"x": "real", "y": "real"},
        },
    )
    maker = {
        "heavy ball": lambda s: with_rule(simultaneous(s), Rule.HEAVY_BALL, -HALF / 2),
        "Nesterov": lambda s: with_rule(simultaneous(s), Rule.NESTEROV, HALF / 5),
    }[name]
    scheme = maker(problem.symbols)
    origin = dict.fromkeys(problem.symbols, sp.S.Zero)
    found = stability(problem.field, scheme, STEP, origin)
    first = found.stable_steps[0]
    assert first.upper_event is Event.NEIMARK_SACKER
    assert first.upper_criticality is found.edge.criticality
    share = sp.Rational("1.005") if first.upper_criticality is SUPER else sp.Rational("0.995")
    run = of_scheme(update(problem.field, scheme, STEP), problem.variables, first.upper * share)
    # outside, a run from far inside settles on a circle; inside, one from beyond it leaves
    sizes = {}
    for start in (0.01, 0.3):
        here = [np.array([start]), np.array([start]), *[np.zeros(1)] * (run.size - 2)]
        for _ in range(4_000):
            here = run.run(here, array_value)
            if not max(abs(here[0][0]), abs(here[1][0])) < 5:
                break
        sizes[start] = max(abs(here[0][0]), abs(here[1][0]))
    if first.upper_criticality is SUPER:
        assert all(0.01 < size < 1 for size in sizes.values())
    else:
        assert sizes[0.01] < 0.01
        assert not sizes[0.3] < 0.3


@pytest.mark.parametrize(("cube", "side"), [("1", SUB), ("-1", SUPER)])
def test_extragradient_ends_in_a_pitchfork(cube: str, side: Criticality) -> None:
    """Its multiplier 1 - u + u**2 is 1 at u = 1; points with x + g F(x) = 0 branch off there.

    F = -x - c x**3: x**2 = (1 - g)/(g c), real beyond the end for c < 0.
    """
    problem = well("0", cube)
    scheme = with_rule(simultaneous(problem.symbols), Rule.EXTRAGRADIENT)
    found = stability(problem.field, scheme, STEP, {problem.symbols[0]: sp.S.Zero})
    (interval,) = found.stable_steps
    assert (interval.upper, interval.upper_event) == (1, Event.FOLD)
    assert (interval.upper_passage, interval.upper_criticality) == (FORK, side)
    crossing = well("1", "0")
    found = stability(crossing.field, scheme, STEP, {crossing.symbols[0]: sp.S.Zero})
    assert found.stable_steps[0].upper_passage is CROSSING


def test_an_even_number_of_sweeps_turns_a_flip_into_a_pitchfork() -> None:
    """The 2-cycle of one sweep is a pair of fixed points of two."""
    for cube, side in (("1", SUB), ("-1", SUPER)):
        problem = well("0", cube)
        origin = {problem.symbols[0]: sp.S.Zero}
        once, twice = (
            stability(problem.field, coordinate(problem.symbols, 1, n), STEP, origin).stable_steps
            for n in (1, 2)
        )
        assert once[0].upper == twice[0].upper == 2
        assert (once[0].upper_event, once[0].upper_criticality) == (Event.FLIP, side)
        assert (twice[0].upper_event, twice[0].upper_passage) == (Event.FOLD, FORK)
        assert twice[0].upper_criticality is side


def game(first: str, second: str, **constants: str):
    return build_problem(
        "g",
        {
            "objective": {"x": {"minimise": first}, "y": {"maximise": second}},
            "variables": {"x": "real", "y": "real"},
            "constants": constants,
        },
    )


def test_a_zero_sum_game_in_turn_in_symbols() -> None:
    """x**2/2 + c x y - y**2/2 in turn: 0 < step < 2/(1 + c) for every c; linear, so degenerate.

    Zhang, Wang, Lessard & Grosse (2022), Near-optimal local convergence of alternating gradient
    descent-ascent for minimax optimization, find that the range shrinks as 1/c and not 1/c**2.
    """
    field = game("x**2/2 + c*x*y", "c*x*y - y**2/2", c="positive").field
    origin = dict.fromkeys(field.parameters, sp.S.Zero)
    found = stability(field, alternating(field.parameters), STEP, origin)
    (interval,) = found.stable_steps
    (c,) = found.jacobian.free_symbols - {STEP}
    assert sp.simplify(interval.upper - 2 / (1 + c)) == 0
    assert (interval.upper_event, interval.upper_criticality) == (Event.FLIP, FLAT)
    together = stability(field, simultaneous(field.parameters), STEP, origin)
    assert together.edge.criticality is FLAT


@pytest.mark.parametrize(
    "entries", [(-1, 2, -3, -4), (-2, 1, 1, -5), (-9, 1, 2, -1), (-4, 3, 1, -1), (-1, 2, 3, -9)]
)
def test_real_multipliers_in_turn_in_symbols(entries) -> None:
    """A factor before all entries keeps the ranges in symbols; at 1 they are the exact cells."""
    a, b, c, d = entries
    field = game(
        f"-k*(({a})*x**2/2 + ({b})*x*y)", f"k*(({c})*x*y + ({d})*y**2/2)", k="positive"
    ).field
    origin = dict.fromkeys(field.parameters, sp.S.Zero)
    scheme = alternating(field.parameters)
    found = stability(field, scheme, STEP, origin)
    (k,) = found.jacobian.free_symbols - {STEP}
    plain = game(f"-(({a})*x**2/2 + ({b})*x*y)", f"({c})*x*y + ({d})*y**2/2").field
    exact = stability(plain, scheme, STEP, origin).stable_steps
    ours = [(e.lower.subs(k, 1), e.upper.subs(k, 1), e.upper_event) for e in found.stable_steps]
    assert len(ours) == len(exact)
    for (lower, upper, event), theirs in zip(ours, exact, strict=True):
        assert float(lower) == pytest.approx(float(theirs.lower), abs=1e-12)
        assert (float(upper), event) == (pytest.approx(float(theirs.upper)), theirs.upper_event)


def test_the_kind_of_an_event_in_json_and_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`event_kind` beside `event`, for a multiplier +1 alone; words for it."""
    path = tmp_path / "m.toml"
    path.write_text('[map]\nx = "r*x*(1 - x)"\n[variables]\nx = "real"\n[constants]\nr="positive"')
    assert main(["stability", str(path), "--json"]) == 0
    schemes = json.loads(capsys.readouterr().out)["schemes"]
    ends = {s["fixed_point"]["x"]: s for s in schemes}
    assert ends["0"]["edge"]["event"] == "fold"
    assert ends["0"]["edge"]["event_kind"] == "transcritical"
    assert "event_kind" not in ends["(r - 1)/r"]["edge"]
    assert ends["(r - 1)/r"]["stable_steps"][0]["lower_event_kind"] == "transcritical"
    assert main(["stability", str(path)]) == 0
    assert "another point" in capsys.readouterr().out
