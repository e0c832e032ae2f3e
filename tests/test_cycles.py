"""Cycles of maps: against closed forms, counts of the literature, runs, and each starting phase."""

import json
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from symmle.__main__ import main
from symmle.dynamics import cycles, of_map, of_scheme
from symmle.dynamics.array_value import array_value
from symmle.dynamics.krawczyk import NotIsolated, enclosed, proved
from symmle.errors import InputError
from symmle.fixed_points import fixed_points
from symmle.known import Known
from symmle.problem import build_problem
from symmle.schemes import Rule, alternating, simultaneous, update, with_rule

HALF = sp.Rational(1, 2)


def problem_of(image, domain="real", **constants):
    domains = domain if isinstance(domain, dict) else dict.fromkeys(image, domain)
    return build_problem("m", {"map": image, "variables": domains, "constants": constants})


def found_of(image, longest, domain="real", **constants):
    problem = problem_of(image, domain, **constants)
    near = [point.values for point in fixed_points(problem).points]
    return cycles(of_map("m", problem.variables, problem.image), longest, near)


def logistic(r, longest=2):
    return found_of({"x": "r*x*(1 - x)"}, longest, r=str(r))


def places(cycle):
    return sorted(float(value) for point in cycle.points for value in point.values())


@settings(max_examples=30, deadline=None)
@given(st.fractions(-4, 5, max_denominator=40).filter(bool))
def test_the_two_cycle_of_the_logistic_map(r) -> None:
    """x = (r + 1 +- sqrt((r + 1)(r - 3)))/(2 r) where that is real, with multiplier 4 + 2 r - r**2.

    May, Nature 261 (1976) 459.  Found and absent, both are proved.
    """
    found = logistic(r)
    assert (found.searched[0].complete, found.searched[0].known) == (True, Known.PROVED)
    inside = (r + 1) * (r - 3)
    if inside <= 0:
        assert found.cycles == ()
        return
    (cycle,) = found.cycles
    expected = [(float(r) + 1 + s * float(inside) ** 0.5) / (2 * float(r)) for s in (-1, 1)]
    assert places(cycle) == pytest.approx(sorted(expected), rel=1e-12)
    multiplier = 4 + 2 * r - r * r
    assert float(cycle.multipliers[0]) == pytest.approx(float(multiplier), rel=1e-12, abs=1e-12)
    size = abs(multiplier)
    verdict = "stable" if size < 1 else "marginal" if size == 1 else "unstable"
    assert cycle.verdict == verdict


def test_every_cycle_at_four() -> None:
    """At r = 4 the map is a tent: 1, 2, 3, 6, 9 cycles, with multipliers +-2**p.

    Ulam & von Neumann (1947); the counts are those of binary necklaces without a period.
    """
    found = logistic(4, 6).cycles
    assert [sum(c.period == p for c in found) for p in range(2, 7)] == [1, 2, 3, 6, 9]
    for cycle in found:
        assert abs(float(cycle.multipliers[0])) == pytest.approx(2**cycle.period, rel=1e-12)
        angles = np.arcsin(np.sqrt(places(cycle))) / np.pi
        doubled = (2**cycle.period * angles) % 1
        assert all(
            min(abs(d - a), abs(1 - d - a)) < 1e-9 for d, a in zip(doubled, angles, strict=True)
        )


@pytest.mark.parametrize(("r", "count"), [("3.828", 0), ("3.829", 2)])
def test_the_window_of_period_three(r: str, count: int) -> None:
    """It opens at 1 + sqrt(8) = 3.8284: one cycle attracts, the other repels.

    Saha & Strogatz, The birth of period three, Mathematics Magazine 68 (1995) 42.
    """
    three = [cycle for cycle in logistic(r, 3).cycles if cycle.period == 3]
    assert [c.verdict for c in sorted(three, key=lambda c: c.multipliers)] == (
        ["stable", "unstable"][:count]
    )


@pytest.mark.parametrize(
    ("c", "period", "multiplier"), [("-5/4", 2, -1), ("-7/4", 3, 1), ("-1", 2, 0)]
)
def test_multipliers_on_the_circle_are_exact(c: str, period: int, multiplier: int) -> None:
    """x**2 + c doubles its 2-cycle at -5/4, has a 3-cycle born at -7/4, and at -1 it is super.

    Multiplier 4 (c + 1) of the 2-cycle; all by algebra, so the verdict is no rounding.
    """
    found = found_of({"x": "x**2 + c"}, period, c=c).cycles
    (cycle,) = [each for each in found if each.period == period]
    assert cycle.multipliers == (multiplier,)
    assert cycle.verdict == ("marginal" if multiplier else "stable")
    assert cycle.known is Known.PROVED


@pytest.mark.parametrize(
    ("a", "counts"),
    [("0.3", {2: 0}), ("0.4", {2: 1}), ("1.4", {2: 1, 3: 0, 4: 1, 5: 0, 6: 2})],
)
def test_cycles_of_the_henon_map(a: str, counts: dict[int, int]) -> None:
    """A 2-cycle beyond a = 3 (1 - b)**2/4 = 0.3675; at 1.4 the counts of Biham and Wenzel.

    Henon, Comm. Math. Phys. 50 (1976) 69; Biham & Wenzel, Phys. Rev. Lett. 63 (1989) 819.
    The product of the multipliers is (-b)**p, for every Jacobian has the determinant -b.
    """
    found = found_of({"x": "1 - a*x**2 + y", "y": "3*x/10"}, max(counts), a=a).cycles
    assert {p: sum(c.period == p for c in found) for p in counts} == counts
    for cycle in found:
        product = float(sp.prod(cycle.multipliers))
        assert product == pytest.approx((-0.3) ** cycle.period, rel=1e-9)
        assert cycle.known is Known.CERTIFIED


@pytest.mark.parametrize("r", ["1.9", "2.1", "2.4"])
def test_the_two_cycle_of_the_ricker_map(r: str) -> None:
    """x and 2 - x with x exp(r (1 - x)) = 2 - x, from r = 2 on; none other on the window."""
    found = found_of({"x": "x*exp(r*(1 - x))"}, 2, "positive", r=r)
    assert (found.searched[0].complete, found.searched[0].known) == (True, Known.CERTIFIED)
    if r == "1.9":
        assert found.cycles == ()
        return
    rate = float(r)
    low = optimize.brentq(lambda x: x * np.exp(rate * (1 - x)) - 2 + x, 1e-6, 0.95)
    (cycle,) = found.cycles
    assert places(cycle) == pytest.approx([low, 2 - low], rel=1e-12)
    slope = (1 - rate * low) * (1 - rate * (2 - low))  # the exponentials cancel
    assert float(cycle.multipliers[0]) == pytest.approx(slope, rel=1e-9)


def test_two_cycles_of_ascent_are_found_and_followed() -> None:
    """Just above its range the ascent of a normal sample settles on the cycle that is named."""
    problem = build_problem(
        "normal",
        {
            "objective": {"maximise": "-log(s) - (v + (a - m)**2)/(2*s**2)"},
            "variables": {"m": "real", "s": "positive"},
            "constants": {"v": "4", "a": "3"},
        },
    )
    start = {problem.symbols[0]: sp.Integer(3), problem.symbols[1]: sp.Integer(2)}
    step = sp.Rational(21, 5)  # of a range that ends at v = 4
    for maker in (simultaneous, alternating):
        written = update(problem.field, maker(problem.symbols), sp.Symbol("g", positive=True))
        run = of_scheme(written, problem.variables, step)
        (cycle,) = cycles(run, 2, [start]).cycles
        assert (cycle.verdict, cycle.known) == ("stable", Known.CERTIFIED)
        m, s = 3.1, 2.1
        for _ in range(2000):
            gm, g = (3 - m) / s**2, float(step)
            old = m
            m = m + g * gm
            there = m if maker is alternating else old
            s = s + g * ((4 + (3 - there) ** 2) / s**3 - 1 / s)
        ours = [[float(v) for v in point.values()] for point in cycle.points]
        assert min(np.hypot(m - p[0], s - p[1]) for p in ours) < 1e-6
        assert abs(ours[0][1] - ours[1][1]) > 0.1


SCHEMES = [
    simultaneous,
    alternating,
    lambda s: with_rule(simultaneous(s), Rule.HEAVY_BALL, HALF),
    lambda s: with_rule(alternating(s), Rule.NESTEROV, HALF),
    lambda s: with_rule(simultaneous(s), Rule.OPTIMISTIC),
    lambda s: with_rule(simultaneous(s), Rule.EXTRAGRADIENT),
]


@pytest.mark.parametrize("maker", SCHEMES)
@pytest.mark.parametrize("step", ["3/5", "6/5"])
def test_the_multiplier_is_the_same_from_each_phase(maker, step: str) -> None:
    """The points follow one another, and the Jacobians multiplied from any of them agree.

    By a run of the printed lines in floats and central differences of it, for rules with a memory.
    """
    problem = build_problem(
        "f",
        {
            "objective": {"minimise": "x**4/4 - x**2 + x*y/2 + y**2/2 + y**4/8"},
            "variables": {"x": "real", "y": "real"},
        },
    )
    written = update(problem.field, maker(problem.symbols), sp.Symbol("g", positive=True))
    run = of_scheme(written, problem.variables, sp.Rational(step))
    found = cycles(run, 2, [dict.fromkeys(problem.symbols, sp.S.Zero)])
    for cycle in found.cycles[:4]:
        start = enclosed(run, 2, _state(run, cycle, problem.field))
        assert start is not None
        orbit = [np.array([float(x.mid()) for x in point]) for point in start.orbit]
        for phase in (0, 1):
            slopes = _differences(run, orbit[phase], 2)
            values = sorted(np.linalg.eigvals(slopes), key=abs, reverse=True)
            ours = [complex(each) for each in cycle.multipliers]
            assert abs(values[0]) == pytest.approx(abs(ours[0]), rel=1e-4)
            assert abs(np.prod(values)) == pytest.approx(abs(np.prod(ours)), rel=1e-3, abs=1e-6)
            after = _image(run, orbit[phase], 1)
            assert after == pytest.approx(orbit[1 - phase], rel=1e-8, abs=1e-8)
    assert found.cycles


def _state(run, cycle, field):
    """A point with its memory: the last move, or the slopes at the point before."""
    first, second = ([float(v) for v in point.values()] for point in cycle.points)
    if run.size == 2:
        return first
    if str(run.state[2]).startswith("move"):
        return first + [a - b for a, b in zip(first, second, strict=True)]
    before = dict(zip(field.parameters, second, strict=True))
    return first + [float(slope.subs(before)) for slope in field.gradient]


def _image(run, point, times):
    here = [np.array([value]) for value in point]
    for _ in range(times):
        here = run.run(here, array_value)
    return np.array([x[0] for x in here])


def _differences(run, point, times):
    size, width = len(point), 1e-5
    columns = []
    for j in range(size):
        shift = np.array([width if i == j else 0.0 for i in range(size)])
        ahead, behind = _image(run, point + shift, times), _image(run, point - shift, times)
        columns.append((ahead - behind) / (2 * width))
    return np.array(columns).T


def test_a_cycle_outside_the_domain_is_none() -> None:
    """The 2-cycle at r = 3.2 is 0.513, 0.799: on (0, 0.6) there is none."""
    found = found_of({"x": "16*x*(1 - x)/5"}, 2, "(0, 6/10)")
    assert found.cycles == ()
    assert found.searched[0].complete


def test_a_plane_of_cycles_is_told() -> None:
    """x -> -x, and an alternating bilinear game at step 1, which turns by a sixth: no claim."""
    found = found_of({"x": "-x"}, 2)
    assert found.cycles == ()
    assert not found.searched[0].complete
    assert "every point" in found.searched[0].road
    game = build_problem(
        "g",
        {
            "objective": {"x": {"minimise": "x*y"}, "y": {"maximise": "x*y"}},
            "variables": {"x": "real", "y": "real"},
        },
    )
    written = update(game.field, alternating(game.symbols), sp.Symbol("g", positive=True))
    found = cycles(of_scheme(written, game.variables, sp.S.One), 6)
    assert [each.complete for each in found.searched] == [False] * 5
    assert "could not be told apart" in found.searched[-1].road


def test_the_proof_refuses_what_is_none() -> None:
    """Krawczyk's operator from a start that leads nowhere, and on a solution that is not alone."""
    problem = problem_of({"x": "x + 1 + x**2"})
    run = of_map("m", problem.variables, problem.image)
    assert enclosed(run, 2, [0.3]) is None
    assert proved(run, 2, [arb("0.3")], arb("1e-9")) is None
    run = of_map("m", problem.variables, (problem.symbols[0] ** 2 - 1,))  # 0 -> -1 -> 0
    assert proved(run, 2, [arb("1e-9")], arb("1e-12")) is not None
    assert proved(run, 2, [arb("1e-4")], arb("1e-12")) is None  # the box ends before 0
    problem = problem_of({"x": "y", "y": "x"})
    run = of_map("m", problem.variables, problem.image)
    with pytest.raises(NotIsolated):
        enclosed(run, 2, [0.3, 0.4])


def test_functions_at_many_points() -> None:
    """The arrays that searches run on, against SymPy at 20 digits."""
    x = sp.Symbol("x", positive=True)
    where = [0.02, 0.7, 3.0, 55.0]
    exprs = [
        sp.digamma(x), sp.polygamma(1, x), sp.polygamma(2, x), sp.loggamma(x) / x, x**x,
        sp.exp(-x) * sp.sin(x) + sp.sqrt(x) / 3, sp.besseli(0, x) / sp.besseli(1, x),
        sp.Piecewise((x**2, x > 1), (sp.log(x), True)), sp.Max(x, 1) - sp.Abs(x - 2),
    ]  # fmt: skip
    for expr in exprs:
        found = array_value(expr, {x: np.array(where)})
        expected = [float(expr.subs(x, sp.Float(v, 25)).evalf(20)) for v in where]
        assert list(found) == pytest.approx(expected, rel=1e-12)


def test_cycles_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In JSON and text, for a map and a model; what is asked wrongly is told."""
    path = tmp_path / "m.toml"
    path.write_text('[map]\nx = "r*x*(1 - x)"\n[variables]\nx = "real"\n[constants]\nr="positive"')
    assert main(["stability", str(path), "--fix", "r=3.2", "--cycles", "2", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    for scheme in record["schemes"]:
        (cycle,) = scheme["cycles"]
        assert (cycle["period"], cycle["verdict"], cycle["known"]) == (2, "stable", "proved")
        assert cycle["multiplier"] == pytest.approx(0.16, rel=1e-12)
        assert [sorted(point) for point in cycle["points"]] == [["x"], ["x"]]
        assert scheme["cycles_searched"][0]["complete"]
    assert main(["stability", str(path), "--fix", "r=3.2", "--cycles", "2"]) == 0
    assert "multiplier 0.16: stable [proved]" in capsys.readouterr().out
    newton = ["stability", "exponential", "--at", "rate=1", "--scheme", "newton"]
    assert main([*newton, "--step", "2.3", "--cycles", "2", "--json"]) == 0
    (scheme,) = json.loads(capsys.readouterr().out)["schemes"]
    (cycle,) = scheme["cycles"]  # conjugate to the logistic map at r = 1 + 2.3
    assert cycle["multiplier"] == pytest.approx(4 + 2 * 3.3 - 3.3**2, rel=1e-9)
    for wrong, words in (
        (["stability", str(path), "--cycles", "2"], "r has none"),
        (["stability", str(path), "--fix", "r=3.2", "--cycles", "7"], "from 2 to 6"),
        ([*newton, "--cycles", "2"], "add --step"),
        (["stability", "exponential", "--step", "1", "--cycles", "2"], "give numbers for them"),
        (["stability", "cauchy", "--at", "location=0,scale=1", "--step", "1", "--cycles", "2"],
         "give --data FILE"),
    ):  # fmt: skip
        assert main(wrong) == 2
        assert words in capsys.readouterr().err


def test_cycles_on_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A Weibull sample, whose map has means over data and parameters: NumPy runs to the cycle."""
    path = tmp_path / "d.csv"
    rows = np.array([1.0, 2.0, 3.5, 0.7])
    path.write_text("x\n" + "\n".join(map(str, rows)))
    base = ["stability", "weibull", "--data", str(path), "--scheme", "simultaneous", "--json"]
    assert main([*base, "--step", "1", "--cycles", "2"]) == 0
    (scheme,) = json.loads(capsys.readouterr().out)["schemes"]
    step = 1.04 * scheme["stable_steps"][0]["upper"]
    assert main([*base, "--step", str(step), "--cycles", "2"]) == 0
    (scheme,) = json.loads(capsys.readouterr().out)["schemes"]
    stable = [c for c in scheme["cycles"] if c["verdict"] == "stable"]
    (cycle,) = stable
    assert cycle["known"] == "checked"
    k, s = (cycle["points"][0][name] * 1.001 for name in ("shape", "scale"))
    for _ in range(4000):
        power, log = (rows / s) ** k, np.log(rows / s)
        k, s = (
            k + step * (1 / k + np.mean(log * (1 - power))),
            s + step * k / s * np.mean(power - 1),
        )
    assert min(abs(k - p["shape"]) + abs(s - p["scale"]) for p in cycle["points"]) < 1e-6


def test_a_period_out_of_range_is_refused() -> None:
    with pytest.raises(InputError, match="2 to 6"):
        logistic(3, 1)
