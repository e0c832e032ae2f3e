"""A step of its own for each variable, and the values of a parameter at which a step converges."""

import json
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.special import polygamma

from symmle.__main__ import main


def asked(capsys: pytest.CaptureFixture[str], *words: str):
    assert main(["stability", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["schemes"]


GAME = """
[objective.x]
minimise = "x**2/2 + 2*x*y"
[objective.y]
maximise = "2*x*y - y**2/2"
[variables]
x = "real"
y = "real"
"""


@pytest.mark.parametrize(("first", "second"), [("1", "2"), ("3", "1/2")])
def test_a_step_for_each_player(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: str, second: str
) -> None:
    """The end that is found is where NumPy's eigenvalues of the run map leave the circle.

    x' = x - g u (x + 2 y), y' = y + g w (2 x - y), together and in turn.
    """
    path = tmp_path / "g.toml"
    path.write_text(GAME)
    u, w = (float(eval_fraction(text)) for text in (first, second))
    words = (str(path), "--steps", f"x={first}*eta,y={second}*eta")
    named = asked(capsys, *words, "--step-symbol", "eta")
    assert asked(capsys, *words) == named  # one letter can only be the step
    for scheme in named:
        assert scheme["step"] == "eta"
        end = scheme["stable_steps"][0]["upper"]
        moved = sp.sympify(scheme["statements"][0]["values"]["x"])  # the map is that of the paces
        assert moved.subs({"x": 1, "y": 1, "eta": 1}) == 1 - 3 * sp.Rational(first)
        for share, stable in ((0.99, True), (1.01, False)):
            g = share * end
            move_x = np.array([[1 - g * u, -2 * g * u], [0, 1]])
            move_y = np.array([[1, 0], [2 * g * w, 1 - g * w]])
            together = move_x + move_y - np.eye(2)
            matrix = together if scheme["name"] == "simultaneous" else move_y @ move_x
            assert (np.max(np.abs(np.linalg.eigvals(matrix))) < 1) is np.bool_(stable)


def eval_fraction(text: str) -> float:
    above, _, below = text.partition("/")
    return int(above) / int(below or 1)


def test_numbers_for_the_steps_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    """A normal sample with sigma = 1: multipliers 1 - 0.1 and 1 - 2*0.7; all scaled below 1/0.7."""
    point = ("normal", "--at", "mu=0,sigma=1", "--scheme", "simultaneous")
    (scheme,) = asked(capsys, *point, "--steps", "mu=0.1,sigma=0.7")
    assert (scheme["at_step"], scheme["spectral_radius"]) == (1, pytest.approx(0.9))
    assert scheme["stable_steps"][0]["upper"] == pytest.approx(1 / 0.7)
    (scheme,) = asked(capsys, "normal", "--scheme", "newton", "--steps", "mu=step,sigma=step/2")
    assert scheme["stable_steps"][0]["upper"] == 2  # damped Newton: the larger pace decides


@pytest.mark.parametrize("name", ["simultaneous", "alternating"])
def test_over_a_parameter_of_a_model(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The shapes at which a step of 0.3 converges to a gamma estimate of rate 1.

    NumPy's eigenvalues, with SciPy's trigamma, on either side of both ends.
    """
    words = ("gamma", "--scheme", name, "--over", "shape", "--at", "rate=1", "--step", "0.3")
    (scheme,) = asked(capsys, *words)
    (interval,) = scheme["stable_steps"]
    assert (interval["lower_event"], interval["upper_event"]) == ("flip", "flip")
    for end, inside in ((interval["lower"], 1.01), (interval["upper"], 0.99)):
        for factor, stable in ((inside, True), (2 - inside, False)):
            a = end * factor
            field = np.array([[-float(polygamma(1, a)), 1], [1, -a]])
            first, second = (np.eye(2) + 0.3 * np.diag(d) @ field for d in ((1, 0), (0, 1)))
            matrix = second @ first if name == "alternating" else np.eye(2) + 0.3 * field
            assert (np.max(np.abs(np.linalg.eigvals(matrix))) < 1) is np.bool_(stable)


def test_over_in_closed_form(capsys: pytest.CaptureFixture[str]) -> None:
    """A normal sample at step 0.3: sigma**2 > 0.3, by algebra."""
    words = ("normal", "--scheme", "simultaneous", "--over", "sigma", "--at", "mu=0")
    (scheme,) = asked(capsys, *words, "--step", "0.3")
    assert scheme["known"] == "proved"
    assert scheme["stable_steps"][0]["lower"] == pytest.approx(0.3**0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("gamma", "--over", "shape", "--at", "rate=1"), "add --step"),
        (("gamma", "--over", "shape", "--step", "1"), "rate=..."),
        (("gamma", "--over", "size", "--step", "1"), "size"),
        (("gamma", "--steps", "shape=step"), "no step for rate"),
        (("gamma", "--steps", "shape=step,rate=-step"), "positive multiple"),
        (("gamma", "--steps", "shape=step,rate=step**2"), "positive multiple"),
        (("gamma", "--step-symbol", "rate"), "is a name of the problem"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stability", *words]) == 2
    assert told in capsys.readouterr().err
