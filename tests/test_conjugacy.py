"""Known maps in other coordinates: checked as identities, and their thresholds by their cycles."""

import json

import pytest
import sympy as sp

from symmle.__main__ import main
from symmle.dynamics import cycles, of_map
from symmle.fixed_points import fixed_points
from symmle.problem import build_problem
from symmle.stability.conjugacy import conjugacy

X, G = sp.Symbol("x", real=True), sp.Symbol("g", positive=True)
A, B = sp.symbols("a b", positive=True)
MAPS = {
    "7*x*(1 - x)/2": ("the logistic map", "7/2"),
    "x**2 - 3/4": ("the logistic map", "3"),
    "x**2": ("the logistic map", "2"),
    "x**2 - 2": ("the logistic map", "4"),
    "1 - a*x**2": ("the logistic map", "1 + sqrt(1 + 4*a)"),
    "2*x**2 - 3*x + 1": ("the logistic map", "1 + 2*sqrt(2)"),
    "x + g*x*(a - b*x)": ("the logistic map", "1 + a*g"),
    "x*(2 - 3*x)": ("the logistic map", "2"),
    "x*exp(a*(1 - x/b))": ("Ricker's map", "a"),
    "a*x*exp(-x)": ("Ricker's map", "log(a)"),
    "x + g*(exp(-2*x) - 1)": ("Ricker's map", "2*g"),
    "x - a + b*exp(-x)": ("Ricker's map", "a"),
    "a*x - 2*x**3": ("the cubic map", "a"),
    "a*x + b*x**3": ("the cubic map", "a"),
    "x - g*(x - 1)*(x - 2)*(x - 3)": ("the cubic map", "1 + g"),
}


@pytest.mark.parametrize("text", MAPS)
def test_the_coordinate_makes_it_the_known_map(text: str) -> None:
    """z(x') is the known map of z(x), at several places, to 25 digits."""
    name, value = MAPS[text]
    scope = {"x": X, "g": G, "a": A, "b": B}
    image = sp.sympify(text, scope)
    found = conjugacy(image, X)
    assert found is not None
    assert found.name == name
    assert sp.simplify(found.value - sp.sympify(value, scope)) == 0
    z = sp.Symbol("z")
    for place in ("3/10", "7/5", "-2/3"):
        numbers = {A: sp.Rational(13, 7), B: sp.Rational(5, 3), G: sp.Rational(3, 11)}
        here = {**numbers, X: sp.Rational(place)}
        after = found.coordinate.subs({X: image}).subs(here)
        known = found.image.subs({found.parameter: found.value, z: found.coordinate}).subs(here)
        assert abs(sp.N(after - known, 30)) < 1e-25


@pytest.mark.parametrize(
    ("text", "letters"),
    [("(r + 1)*x - x**2", "R z"), ("z*exp(r - 2*z)", "r w"), ("r*z*(1 - z)", "r w")],
)
def test_its_letters_are_not_those_of_the_map_at_hand(text: str, letters: str) -> None:
    """r = r + 1 would be nonsense; r = r is not."""
    image = sp.sympify(text)
    (variable,) = image.free_symbols - {sp.Symbol("r")}
    found = conjugacy(image, variable)
    assert f"{found.parameter} {found.variable}" == letters
    assert found.image.free_symbols == {found.parameter, found.variable}
    assert not any(letter in "".join(what for _, what in found.thresholds) for letter in "{}")


@pytest.mark.parametrize(
    "text", ["x**2 + 1", "x**3 + x**2", "sin(x)", "x**4", "exp(x)", "2*x + 1", "g*exp(-x)"]
)
def test_what_is_none_of_them_is_not_named(text: str) -> None:
    assert conjugacy(sp.sympify(text, {"x": X, "g": G}), X) is None


@pytest.mark.parametrize(
    ("text", "place", "period"),
    [
        ("r*x*(1 - x)", 1, 2), ("r*x*(1 - x)", 2, 4), ("r*x*(1 - x)", 4, 3),
        ("x*exp(r*(1 - x))", 0, 2), ("x*exp(r*(1 - x))", 1, 4),
        ("r*x - x**3", 1, 2), ("r*x - x**3", 2, 4),
    ],
)  # fmt: skip
def test_the_thresholds_are_those_of_the_cycles(text: str, place: int, period: int) -> None:
    """Just above a threshold a stable cycle of the period that it names is there, and not below."""
    known = conjugacy(sp.sympify(text, {"x": X}), X)
    assert known is not None
    at = known.thresholds[place][0]
    for shift, count in (("-0.004", False), ("0.004", True)):
        value = sp.Rational(str(round(float(at) + float(shift), 9)))
        problem = build_problem(
            "m",
            {"map": {"x": text}, "variables": {"x": "real"}, "constants": {"r": str(value)}},
        )
        near = [point.values for point in fixed_points(problem).points]
        found = cycles(of_map("m", problem.variables, problem.image), period, near).cycles
        stable = [each for each in found if each.period == period and each.verdict == "stable"]
        assert bool(stable) is count


def test_it_is_said_in_json_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Damped Newton for an exponential rate is the logistic map with r = 1 + step."""
    assert main(["stability", "exponential", "--scheme", "newton", "--json"]) == 0
    (scheme,) = json.loads(capsys.readouterr().out)["schemes"]
    assert scheme["conjugate_to"]["name"] == "the logistic map"
    assert sp.sympify(scheme["conjugate_to"]["value"]) == 1 + sp.Symbol("step")
    assert scheme["conjugate_to"]["thresholds"][1]["at"] == 3
    assert main(["stability", "exponential", "--scheme", "newton"]) == 0
    assert "the logistic map z' = r*z*(1 - z)" in capsys.readouterr().out
    assert main(["stability", "normal", "--scheme", "newton", "--json"]) == 0
    (scheme,) = json.loads(capsys.readouterr().out)["schemes"]
    assert "conjugate_to" not in scheme
