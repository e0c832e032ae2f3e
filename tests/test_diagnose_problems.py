"""What runs of objectives, games and maps come to, where theory or a plain loop says it."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symmle.__main__ import main

LOGISTIC = '[map]\nx = "{}*x*(1 - x)"\n[variables]\nx = "real"\n'
TURN = (
    '[map]\nx = "{0}*(x*cos(1) - y*sin(1))*(1 - x**2 - y**2)"\n'
    'y = "{0}*(x*sin(1) + y*cos(1))*(1 - x**2 - y**2)"\n[variables]\nx = "real"\ny = "real"\n'
)


def objective(text: str, *names: str) -> str:
    """A problem file that minimises."""
    return f'[objective]\nminimise = "{text}"\n[variables]\n' + "".join(
        f'{name} = "real"\n' for name in names
    )


HIMMELBLAU = objective("(x**2 + y - 11)**2 + (x + y**2 - 7)**2", "x", "y")

# file, words -> (exit status, outcome, what the cause says)
RUNS = {
    # a chaotic run that comes within 1e-12 of the repelling 0 on its way is not there to stay
    "a passage by 0": (LOGISTIC.format(4), "--start x=0.3", (0, "chaotic", "Lyapunov")),
    "started at 0": (LOGISTIC.format(4), "--start x=0", (0, "converges", "the point repels")),
    # the point that a cycle goes round is 1 - 1/r, and not 0
    "cycle of four": (LOGISTIC.format(3.5), "--start x=0.3", (0, "cycle", "spectral radius 1.5")),
    "at the flip": (LOGISTIC.format(3), "--start x=0.3", (0, "slow", "ever more slowly")),
    "at its birth": (LOGISTIC.format(1), "--start x=0.3", (0, "converges", "any geometric rate")),
    # nothing bounds a real variable, so that there is no domain to leave
    "escape": (LOGISTIC.format(4.5), "--start x=0.3", (0, "diverges", "overflow")),
    "growth": ('[map]\nx = "1.002*x"\n[variables]\nx = "real"\n', "--start x=1 --iterations 2000",
               (0, "diverges", "goes away")),
    # beyond c = 1 the circle of radius sqrt(1 - 1/c) attracts
    "a closed curve": (TURN.format(1.1), "--start x=0.1,y=0.1", (0, "cycle", "closed curve")),
    "a turn": ('[map]\nx = "x*cos(1) - y*sin(1)"\ny = "x*sin(1) + y*cos(1)"\n[variables]\n'
               'x = "real"\ny = "real"\n', "--start x=1,y=0", (0, "cycle", "marginal")),
    # x -> x - 0.4*x**3 falls like 1/sqrt(0.8*n): it does not go round
    "x**4": (objective("x**4", "x"), "--step 0.1 --start x=1", (0, "slow", "ever more slowly")),
    "a line of minima": (objective("(x + y - 1)**2", "x", "y"), "--step 0.1 --start x=1,y=1",
                         (0, "converges", "x = 0.5, y = 0.5")),
    "no minimum": (objective("exp(-x)", "x"), "--step 1 --start x=0", (1, "diverges", "nothing")),
    "a step too long": (HIMMELBLAU, "--step 0.05 --start x=0,y=0",
                        (0, "diverges", "0 < step < 0.024306")),
    "a flip of a line": (objective("x**2 + x*y + 3*y**2/2 - x", "x", "y"),
                         "--step 0.553 --start x=1,y=1 --iterations 5000",
                         (0, "diverges", "goes away")),
}  # fmt: skip


def diagnosed(folder: Path, capsys: Any, text: str, words: str, status: int = 0) -> Any:
    """The JSON of a diagnosis of a problem file."""
    path = folder / "problem.toml"
    path.write_text(text, "utf-8")
    assert main(["diagnose", str(path), *words.split(), "--json"]) == status
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", RUNS)
def test_what_a_run_comes_to(name: str, tmp_path, capsys) -> None:
    """The outcome that theory tells, and a cause that names what is behind it."""
    text, words, (status, outcome, said) = RUNS[name]
    found = diagnosed(tmp_path, capsys, text, words, status)
    assert found["outcome"] == outcome
    assert said in found["cause"]


def test_the_exponent_of_the_full_logistic_map(tmp_path, capsys) -> None:
    """log 2: it is conjugate to the doubling of an angle."""
    found = diagnosed(tmp_path, capsys, LOGISTIC.format(4), "--start x=0.3")
    error = found["lyapunov"]["standard_error"]
    assert abs(found["lyapunov"]["exponent"] - math.log(2)) < 4 * error < 0.02


def test_the_remedy_of_several_minima_is_one_of_them(tmp_path, capsys) -> None:
    """Himmelblau's function from its middle: the run that is told, made by hand."""
    found = diagnosed(tmp_path, capsys, HIMMELBLAU, "--step 0.05 --start x=0,y=0")
    assert found["remedy"]["scheme"] == "simultaneous"
    x, y = found["remedy"]["start"].values()
    for _ in range(found["remedy"]["iterations"]):
        a, b = x * x + y - 11, x + y * y - 7
        step = found["remedy"]["step"]
        x, y = x - step * (4 * x * a + 2 * b), y - step * (2 * a + 4 * y * b)
    assert abs(x * x + y - 11) + abs(x + y * y - 7) < 1e-8


def test_ends_of_steps_are_numbers(tmp_path, capsys) -> None:
    """As in `stability --json`: doubles, with the criticality; here 2/h at the bend h."""
    found = diagnosed(tmp_path, capsys, HIMMELBLAU, "--step 0.01 --start x=0,y=0")
    hessian = np.array([[74.0, 20.0], [20.0, 34.0]])  # at (3, 2)
    (interval,) = found["stable_steps"]
    assert interval["upper"] == pytest.approx(2 / np.linalg.eigvalsh(hessian)[-1], rel=1e-12)
    assert (interval["lower"], interval["upper_event"]) == (0.0, "flip")
    assert interval["upper_criticality"] in {"supercritical", "subcritical"}


def test_a_run_that_drifts_does_not_go_round(tmp_path, capsys) -> None:
    """Extragradient from a small sigma creeps to 0, each look ahead being thrown far: no curve."""
    x = [1.1, 4.2, 2.9, 3.3, 2.6]
    mean, var = np.mean(x), np.var(x)
    path = tmp_path / "x.csv"
    path.write_text("x\n" + "\n".join(map(str, x)), "utf-8")
    words = "--scheme extragradient --step 1 --start mu=0,sigma=0.1 --iterations 5000"
    assert main(["diagnose", "normal", str(path), *words.split(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    mu, sigma, seen = 0.0, 0.1, []
    for _ in range(5000):
        here = (mu, sigma)
        for _ in range(2):
            up = (var + (mean - mu) ** 2) / sigma**3 - 1 / sigma
            mu, sigma = here[0] + (mean - mu) / sigma**2, here[1] + up
        seen.append(sigma)
    assert seen == sorted(seen, reverse=True)
    assert found["final"]["sigma"] == pytest.approx(sigma, rel=1e-9)
    assert found["outcome"] == "diverges"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--step 1e400 --start x=0,y=0", "double precision"),
        ("--step 1e-400 --start x=0,y=0", "double precision"),
        ("--step nan --start x=0,y=0", "a number must stand here"),
        ("--step inf --start x=0,y=0", "a number must stand here"),
        ("--step 0.1 --start x=0,y=nan", "a number must stand here"),
    ],
)
def test_numbers_that_are_none(words: str, said: str, tmp_path, capsys) -> None:
    """Exit status 2 and one sentence."""
    path = tmp_path / "problem.toml"
    path.write_text(HIMMELBLAU, "utf-8")
    assert main(["diagnose", str(path), *words.split()]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert said in told.err
