"""Proofs that every start converges: what they need, and runs that would belie them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symmle.cli.main import main
from symmle.dynamics import Recurrence, of_map, of_scheme
from symmle.dynamics.every_start import EveryStart, every_start
from symmle.known import Known
from symmle.problem import build_problem
from symmle.schemes import Scheme, alternating, coordinate, simultaneous, symmetric, update

NORMAL = "-log(s) - (m**2 + 1)/(2*s**2)"  # in units of the estimate
PAIR = {"m": "real", "s": "positive"}


def of(image: dict[str, str], variables: dict[str, str]) -> Recurrence:
    """An explicit map."""
    problem = build_problem("map", {"map": image, "variables": variables})
    return of_map("map", problem.variables, problem.image)


def climbing(objective: str, variables: dict[str, str], scheme: Scheme, step: str) -> Recurrence:
    """A scheme that climbs an objective, at a step."""
    record = {"objective": {"maximise": objective}, "variables": variables}
    problem = build_problem("climb", record)
    written = update(problem.field, scheme, sp.Dummy("step"), None)
    return of_scheme(written, problem.variables, sp.Rational(step))


@pytest.mark.parametrize(
    ("image", "domain"),
    [
        ("5*x*(1 - x)/2", "(0, 1)"),  # logistic: up to 3
        ("29*x*(1 - x)/10", "(0, 1)"),
        ("-x/2", "real"),  # no bound on either side, but the second iterate has
        ("x/2 + 1", "positive"),
        ("(x + 2/x)/2", "positive"),  # Heron's square root
        ("x + 19/10*(1/x - 1)", "positive"),
        ("3*x/2 - x**3", "(0, 1)"),
        ("x/2 + x/(10*(1 + x**2))", "real"),
        ("(3 - x)/2 + 1/4", "(-3, 5)"),
        ("x - x**3/10", "(-1, 1)"),  # with the multiplier 1
    ],
)
def test_one_variable(image: str, domain: str) -> None:
    """A map of an interval into itself, with one fixed point and no 2-cycle, kept off the ends."""
    found = every_start(of({"x": image}, {"x": domain}))
    assert found == EveryStart(sp.Symbol("x", **found.along.assumptions0))
    assert found.known is Known.PROVED


@pytest.mark.parametrize(
    ("image", "domain"),
    [
        ("31*x*(1 - x)/10", "(0, 1)"),  # a 2-cycle
        ("x + 21/10*(1/x - 1)", "positive"),  # a 2-cycle
        ("x + 9/2*(1/x - 1)", "positive"),  # and it leaves the domain
        ("x*(1 - x)/2", "(0, 1)"),  # no fixed point inside
        ("x/2", "positive"),  # it nears the end
        ("3*x/2 - x**3", "real"),  # three fixed points
        ("x - x**3/10", "real"),  # marginal at 0, and a 2-cycle at 2*sqrt(5)
        ("-x", "real"),
        ("2*x", "real"),
        ("x**2", "(0, 1)"),
        ("x/2 + 1/4", "[0, 1)"),  # an end that belongs to the domain
        ("x + (x - x**3)/(2*(1 + x**4))", "real"),  # two points attract
        ("1/x", "positive"),
        ("1/(2*x - 1)", "(0, 1)"),  # a pole inside
        ("exp(-x)", "real"),  # no fraction: not decided
        ("x/2 + sqrt(2)", "real"),  # nor with such a number
    ],
)
def test_one_variable_without_proof(image: str, domain: str) -> None:
    """Where a condition fails, or is not decided, nothing is claimed."""
    assert every_start(of({"x": image}, {"x": domain})) is None


@pytest.mark.parametrize("step", ["1/10", "1/2", "9/10", "999/1000"])
@pytest.mark.parametrize("make", [simultaneous, alternating, symmetric])
def test_the_normal_converges_from_everywhere(make, step: str) -> None:
    """The whole stable set of steps, below the variance: so the local statement is global."""
    names = [sp.Symbol("m", real=True), sp.Symbol("s", positive=True)]
    found = every_start(climbing(NORMAL, PAIR, make(names), step))
    assert found is not None
    assert found.along.name == "s"
    assert found.places == {names[0]: 0}
    s, g = np.linspace(0.05, 3, 100_001), float(sp.Rational(step))
    assert found.above == pytest.approx(np.min(s + g * (s**-3 - 1 / s)), rel=1e-5)


def test_more_that_fade_and_inner_steps() -> None:
    """Two means and one deviation; and two steps on each in turn."""
    objective = "-2*log(s) - (a**2 + (b - 1)**2 + 2)/(2*s**2)"
    variables = {"a": "real", "b": "real", "s": "positive"}
    names = [sp.Symbol("a", real=True), sp.Symbol("b", real=True), sp.Symbol("s", positive=True)]
    found = every_start(climbing(objective, variables, coordinate(names, 2, 1), "1/4"))
    assert found is not None
    assert list(found.places.values()) == [0, 1]


@pytest.mark.parametrize(
    ("s", "floor"), [("s/2 + 1 + m**2", 1), ("s/3 + 1/(3*s) + m**2/(7*s)", 2 / 3)]
)
def test_what_a_variable_stays_above(s: str, floor: float) -> None:
    """The least image on the line, to a millionth."""
    found = every_start(of({"m": "-m/2", "s": s}, PAIR))
    assert found is not None
    assert floor - 1e-5 < found.above <= floor + 1e-15


@pytest.mark.parametrize(
    ("m", "s"),
    [
        ("m - 3*m/s**2", "s + (1/s**3 - 1/s)/2 + m**2/s**3"),  # m does not fade near s = 1
        ("m - m/(2*s**2)", "s + (1/s**3 - 1/s)/2 - m**2/s**3"),  # a square that pulls down
        ("m - m/(2*s**2)", "s + (1/s**3 - 1/s)/2 + m/s**3"),  # no square
        ("m - m/(2*s**2)", "s + (1/s**3 - 1/s)/2 + m**2*(s - 2)**3/s**6"),  # of either sign
        ("m - m/(2*s**2)", "s + (1/s**3 - 1/s)/2 + m**2*(s - 1/2)**3/s**6"),
        ("m + m/s**2", "s + (1/s**3 - 1/s)/2 + m**2/s**3"),  # m grows
        ("m/2", "s/2 + 1 + m**2*s**2"),  # for large m, s grows
        ("m/2", "s + (1/s**3 - 1/s)/2 + m**2*s"),
        ("m/2", "3/2 - s/2 + m**2/s"),  # s leaves its domain
        ("m/2 + s", "s/2 + 1"),  # m is moved by s
        ("m - m/s**2", "s + 11/10*((1 + m**2)/s**3 - 1/s)"),  # a 2-cycle on the line
    ],
)
def test_several_variables_without_proof(m: str, s: str) -> None:
    """Each condition is needed for the proof."""
    assert every_start(of({"m": m, "s": s}, PAIR)) is None


@given(
    st.integers(1, 4),
    st.integers(0, 3),
    st.fractions(min_value="1/20", max_value=3, max_denominator=40),
    st.fractions(min_value="1/10", max_value=4, max_denominator=20),
)
@settings(max_examples=60, deadline=None)
def test_no_run_belies_a_proof(power: int, lower: int, step, level) -> None:
    """x + g*(1/x**k - c/x**j): where all is proved to converge, 400 starts do, to one point."""
    recurrence = of({"x": f"x + {step}*(1/x**{power} - {level}/x**{lower})"}, {"x": "positive"})
    found = every_start(recurrence)
    if found is None:
        return
    assert power > lower
    place = float(level) ** (-1 / (power - lower))
    x = place * np.exp(np.linspace(-1, 1, 400))
    for _ in range(5_000):
        before, x = x, x + float(step) * (x**-power - float(level) / x**lower)
    assert (x > 0).all()
    gap, gap_before = np.abs(x / place - 1), np.abs(before / place - 1)
    assert ((gap < 1e-3) | (gap < gap_before)).all()  # there, or on its way


ONE = ("exponential", "rate"), ("rayleigh", "scale"), ("maxwell", "scale"), ("poisson", "rate")


@pytest.mark.parametrize(("family", "name"), ONE)
def test_up_to_the_end_of_the_stable_steps(
    family: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right below the end every start converges; right above it no claim is made."""
    words = ["stability", family, "--at", f"{name}=1", "--scheme", "simultaneous", "--json"]

    def scheme(*more: str) -> dict:
        assert main([*words, *more]) == 0
        return json.loads(capsys.readouterr().out)["schemes"][0]

    (interval,) = scheme()["stable_steps"]
    end = float(interval["upper"])
    below = scheme("--step", repr(0.999 * end))["attractors"]["every_start"]
    assert below["known"] == "proved"
    assert "attractors" not in scheme("--step", repr(1.001 * end))


@pytest.mark.parametrize("scheme", ["simultaneous", "alternating"])
def test_on_data(scheme: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Means of powers are exact on the doubles of a file, so that the proof is of that file."""
    path = tmp_path / "x.csv"
    path.write_text("x\n0.1\n0.7\n2.3\n-1.9\n0.30000000000000004\n", encoding="utf-8")
    words = ["stability", "normal", "--data", str(path), "--step", "0.9", "--scheme", scheme]
    assert main([*words, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["schemes"]
    proof = found["attractors"]["every_start"]
    assert (proof["along"], proof["fading"], proof["known"]) == ("sigma", ["mu"], "proved")
    assert main(words) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Nothing. Every start in the domain converges to the point" in text


def test_rounded_statistics_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mean of logarithms is a number that was rounded: checked, not proved."""
    path = tmp_path / "x.csv"
    path.write_text("x\n0.1\n0.7\n2.3\n1.9\n", encoding="utf-8")
    words = ["stability", "lognormal", "--data", str(path), "--step", "0.3", "--json"]
    assert main(words) == 0
    for each in json.loads(capsys.readouterr().out)["schemes"]:
        assert each["attractors"]["every_start"]["known"] == "checked"


def test_where_nothing_is_proved_the_search_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A digamma is no fraction; the search stands in."""
    words = ["stability", "gamma", "--at", "shape=2,rate=1", "--step", "0.5", "--json"]
    assert main(words) == 0
    for each in json.loads(capsys.readouterr().out)["schemes"]:
        assert each["attractors"]["every_start"] is None
        assert each["attractors"]["starts"] > 0
        assert math.isfinite(each["attractors"]["box"][0][0])
