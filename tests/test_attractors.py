"""What else attracts, beside a point that is stable."""

import json
import math
from pathlib import Path

import pytest

from symmle.cli.main import main

LOGISTIC = [
    "--logpmf", "y*b*x - log(1 + exp(b*x))", "--data-symbol", "y: {0, 1}", "--data-symbol", "x",
    "--param", "b",
]  # fmt: skip


@pytest.fixture
def outlier(tmp_path: Path) -> Path:
    """41 successes at x = 1, and one failure at x = 18."""
    path = tmp_path / "outlier.csv"
    path.write_text("y,x,n\n1,1,41\n0,18,1\n", encoding="utf-8")
    return path


def schemes(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[dict]:
    """The schemes of `stability ... --json`."""
    assert main(["stability", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["schemes"]


def test_logistic_regression_has_a_cycle_beside_its_one_maximum(
    outlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Strictly concave, a stable step, and yet a 2-cycle attracts; a plain loop goes round it."""
    step = 5.83
    words = [*LOGISTIC, "--data", str(outlier), "--weights", "n", "--step", str(step)]
    (found,) = schemes([*words, "--scheme", "simultaneous"], capsys)
    assert found["verdict"] == "stable"
    searched = found["attractors"]
    (cycle,) = searched["found"]
    assert (cycle["period"], cycle["verdict"]) == (2, "stable")
    assert searched["to_the_point"] > 0
    assert cycle["starts"] > 0

    def slope(b: float) -> float:
        return (41 / (1 + math.exp(b)) - 18 / (1 + math.exp(-18 * b))) / 42

    b = 1.0
    for _ in range(2000):
        b += step * slope(b)
    both = sorted((b, b + step * slope(b)))
    places = sorted(point["b"] for point in cycle["points"])
    assert places == pytest.approx(both, rel=1e-9)
    inside = b = 0.27
    for _ in range(2000):
        b += step * slope(b)
    assert abs(b - 0.2611846) < 1e-6, inside


def test_every_start_is_accounted_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts add up, and the sentence says that a search is no proof."""
    for found in schemes(["gamma", "--at", "shape=2,rate=1", "--step", "0.5"], capsys):
        each = found["attractors"]
        ends = ("to_the_point", "left_the_domain", "grew", "wander", "on_their_way")
        assert sum(each[key] for key in ends) == each["starts"]
        assert each["found"] == []
        assert "some may exist" in each["searched"]


def test_the_other_point_of_a_map_is_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """x' = 3x/2 - x**3 has attracting points at both roots of 1/2."""
    path = tmp_path / "cubic.toml"
    path.write_text('[map]\nx = "3*x/2 - x**3"\n[variables]\nx = "real"\n', encoding="utf-8")
    found = {each["fixed_point"]["x"]: each for each in schemes([str(path)], capsys)}
    assert "attractors" not in found["0"]
    (other,) = found["sqrt(2)/2"]["attractors"]["found"]
    assert other["period"] == 1
    assert other["points"][0]["x"] == pytest.approx(-math.sqrt(0.5))


def test_a_wandering_orbit_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a stable point, chaos: thirteen, twenty-six and one observations, by weights."""
    path = tmp_path / "three.csv"
    path.write_text("y,x,n\n1,1,13\n1,2,26\n0,28,1\n", encoding="utf-8")
    words = [*LOGISTIC, "--data", str(path), "--weights", "n", "--step", "2.1"]
    (found,) = schemes([*words, "--scheme", "simultaneous"], capsys)
    assert found["attractors"]["wander"] > 0


def test_nothing_is_searched_where_the_point_does_not_attract(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nor without a number for the step."""
    for step in (["--step", "3"], []):
        for found in schemes(["gamma", "--at", "shape=2,rate=1", *step], capsys):
            assert "attractors" not in found


def test_why_nothing_was_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An update that passes over many rows is not written out."""
    path = tmp_path / "many.csv"
    path.write_text("x\n" + "\n".join(str(0.1 * k) for k in range(100)), encoding="utf-8")
    words = ["cauchy", "--data", str(path), "--scheme", "simultaneous", "--step", "0.1"]
    (found,) = schemes(words, capsys)
    assert found["attractors"] is None
    assert "at most 60 rows" in found["attractors_reason"]
