"""Certified basins: accepted by a checker of its own, attacked by runs, refused when altered."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from symmle.__main__ import main
from symmle.dynamics.checker import accepts
from symmle.dynamics.checker import main as check

DATA = Path(__file__).parent / "data"
STARTS = 100_000

LOGISTIC = '[map]\nx = "14*x*(1 - x)/5"\n[variables]\nx = "(0, 1)"\n'
GAME = """
[objective.x]
minimise = "x**2/2 + 2*x*y"
[objective.y]
maximise = "2*x*y - y**2/2"
[variables]
x = "real"
y = "real"
"""
BEEF = ["--data", str(DATA / "groundbeef.csv")]
X = np.loadtxt(DATA / "groundbeef.csv", skiprows=1)
M, V, LOGS = X.mean(), X.var(), np.log(X).mean()


def _normal(p: np.ndarray) -> np.ndarray:
    mu, sigma = p
    spread = (V + (M - mu) ** 2) / sigma**3 - 1 / sigma
    return np.array([mu + 400 * (M - mu) / sigma**2, sigma + 400 * spread])


def _one_by_one(p: np.ndarray) -> np.ndarray:
    mu = p[0] + 400 * (M - p[0]) / p[1] ** 2
    return np.array([mu, p[1] + 400 * ((V + (M - mu) ** 2) / p[1] ** 3 - 1 / p[1])])


# name: (the words of the command, the update by hand, what the box must hold)
CASES: dict[str, tuple[list[str], Callable[[np.ndarray], np.ndarray], dict[str, list[float]]]] = {
    "normal": (
        ["normal", *BEEF, "--step", "400", "--scheme", "simultaneous"],
        _normal,
        {"mu": [60, 85], "sigma": [32, 90]},
    ),
    "one by one": (
        ["normal", *BEEF, "--step", "400", "--scheme", "alternating"],
        _one_by_one,
        {"mu": [60, 85], "sigma": [32, 90]},
    ),
    "Newton": (  # converges if and only if 0 < rate < 2/mean(x)
        ["exponential", *BEEF, "--step", "1", "--scheme", "newton"],
        lambda p: p * (2 - p * M),
        {"rate": [1e-4, 1.9 / M]},
    ),
    "logistic map": (["LOGISTIC"], lambda p: 2.8 * p * (1 - p), {"x": [0.01, 0.99]}),
    "game": (
        ["GAME", "--step", "0.2", "--scheme", "simultaneous"],
        lambda p: np.array([0.8 * p[0] - 0.4 * p[1], 0.4 * p[0] + 0.8 * p[1]]),
        {"x": [-1e3, 1e3], "y": [-1e3, 1e3]},
    ),
}


def _made(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the entry of `basins`, the certificate)."""
    words, file = list(CASES[name][0]), folder / "proof.json"
    for key, text in (("LOGISTIC", LOGISTIC), ("GAME", GAME)):
        if words[0] == key:
            (folder / "problem.toml").write_text(text)
            words[0] = str(folder / "problem.toml")
    assert main(["stability", *words, "--certificate", str(file), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["basins"]
    return found, json.loads(file.read_text())


@pytest.mark.parametrize("name", CASES)
def test_a_basin_is_proved_and_holds(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checker accepts it; 1e5 random starts in the box converge, by the update by hand."""
    found, proof = _made(name, tmp_path, capsys)
    assert found["known"] == "certified"
    assert accepts(proof)
    ends = np.array(list(found["box"].values()))
    wanted = np.array(list(CASES[name][2].values()))
    assert np.all(ends[:, 0] < wanted[:, 0])
    assert np.all(ends[:, 1] > wanted[:, 1])
    draw = np.random.default_rng(5)
    point = draw.uniform(ends[:, :1], ends[:, 1:], (len(ends), STARTS))
    point[:, : 2 ** len(ends)] = np.array(np.meshgrid(*ends)).reshape(len(ends), -1)  # the corners
    middle = np.array([float(eval_fraction(c)) for c in proof["contraction"]["centre"]])[:, None]
    for _ in range(1500):
        point = CASES[name][1](point)
        if np.all(np.abs(point - middle) <= 1e-6 * (1 + np.abs(middle))):
            return
    raise AssertionError(f"a start in the box of {name} does not converge")


def eval_fraction(text: str) -> fmpq:
    above, _, below = text.partition("/")
    return fmpq(int(above), int(below or 1))


def _times(text: str, factor: int) -> str:
    return str(eval_fraction(text) * factor)


def _larger_radii(proof: dict[str, Any]) -> None:
    claim = proof["contraction"]
    claim["radii"] = [_times(each, 6) for each in claim["radii"]]
    proof["boxes"] = []


def _smaller_bound(proof: dict[str, Any]) -> None:
    proof["contraction"]["bound"] = "1/1000"


def _moved_centre(proof: dict[str, Any]) -> None:
    claim = proof["contraction"]
    shift = eval_fraction(claim["radii"][0]) / 2
    claim["centre"][0] = str(eval_fraction(claim["centre"][0]) + shift)
    proof["boxes"] = []


def _wider_box(proof: dict[str, Any]) -> None:
    proof["boxes"][-1][-1] = ["-1000000", "1000000"]


def _another_map(proof: dict[str, Any]) -> None:
    given = len(proof["variables"]) + len(proof["constants"]) + len(proof["rows"])
    proof["each"].append(["+", proof["image"][0], proof["image"][0]])
    proof["image"][0] = given + len(proof["once"]) + len(proof["each"]) - 1


def _no_time(proof: dict[str, Any]) -> None:
    proof["way"] = 0


@pytest.mark.parametrize(
    "alter",
    [_larger_radii, _smaller_bound, _moved_centre, _wider_box, _another_map, _no_time],
    ids=lambda f: f.__name__,
)
def test_an_altered_certificate_is_refused(
    alter: Callable[[dict[str, Any]], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each claim is looked at: the box, the bound, the fixed point, the way in, the map."""
    _, proof = _made("Newton", tmp_path, capsys)
    assert accepts(proof)
    alter(proof)
    assert not accepts(proof)


def test_rows_of_the_data_are_in_the_certificate_where_the_map_passes_over_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Newton's map for a Weibull law has means of powers of x."""
    rows = [3.0, 5, 7, 18, 43]
    file = tmp_path / "x.csv"
    file.write_text("x\n" + "\n".join(map(str, rows)) + "\n")
    proof = tmp_path / "proof.json"
    words = ["weibull", "--data", str(file), "--scheme", "newton", "--step", "1"]
    assert main(["stability", *words, "--certificate", str(proof), "--json"]) == 0
    capsys.readouterr()
    record = json.loads(proof.read_text())
    assert [float(each) for each in record["rows"]["x"]] == rows
    assert accepts(record)


def test_no_basin_is_claimed_beyond_the_stable_steps(capsys: pytest.CaptureFixture[str]) -> None:
    """The stable steps end at var(x)."""
    words = ["stability", "normal", *BEEF, "--scheme", "simultaneous", "--basin", "--step"]
    assert main([*words, str(int(V) + 1), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["basins"]
    assert found["box"] is None
    assert "unstable" in found["reason"]
    assert main([*words, str(int(V) + 1)]) == 0
    assert "Unknown: the fixed point is unstable" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gamma", "--at", "shape=2,rate=1", "--basin", "--step", "0.1"], "--data FILE"),
        (["normal", *BEEF, "--basin"], "--step"),
        (["normal", *BEEF, "--certificate", "x.json", "--step", "1"], "--scheme NAME"),
    ],
)
def test_what_a_basin_needs_is_said(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, status 2."""
    assert main(["stability", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_the_flip_of_the_normal_at_data_is_that_of_the_symbols(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """16/var(x), though the estimate is rounded and couples mu and sigma by 1e-18."""
    assert main(["stability", "normal", *BEEF, "--json"]) == 0
    for scheme in json.loads(capsys.readouterr().out)["schemes"]:
        assert scheme["edge"]["coefficient"] == pytest.approx(16 / V, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "status"),
    [(None, 2), ("not JSON", 2), ("{}", 1), ("[1, 2]", 1), ('{"variables": 3}', 1)],
)
def test_what_is_no_certificate_is_no_traceback(
    text: str | None, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence for a file that is missing, no JSON, or something else."""
    path = tmp_path / "proof.json"
    if text is not None:
        path.write_text(text)
    assert check([str(path)]) == status
    told = capsys.readouterr()
    assert len((told.out + told.err).splitlines()) == 1
    assert check([]) == 2
