"""Sizes that a user may ask for: far parameters, many inner steps, many sweeps; an answer soon."""

import json

import mpmath
import numpy as np
import pytest

from symmle.__main__ import main


def asked(capsys, *words: str):
    """The schemes of `stability --json`."""
    assert main(["stability", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["schemes"]


@pytest.mark.parametrize("shape", [10**4, 10**6])
def test_a_large_whole_number_is_no_sum_of_as_many_terms(shape: int, capsys) -> None:
    """The gamma at a shape where SymPy would add up a million fractions: 2/lambda by mpmath."""
    simultaneous, _ = asked(capsys, "gamma", "--at", f"shape={shape},rate=1")
    with mpmath.workdps(700):
        bends = mpmath.matrix([[mpmath.psi(1, shape), -1], [-1, shape]])
        largest = max(mpmath.eigsy(bends, eigvals_only=True))
        (interval,) = simultaneous["stable_steps"]
        assert abs(interval["upper"] * largest / 2 - 1) < 1e-12
    assert simultaneous["known"] == "checked"


def test_sweeps_of_one_update_are_a_power(capsys) -> None:
    """--outer 12: the stable steps of one sweep, and its rate to the twelfth, by NumPy."""
    words = ("gamma", "--at", "shape=2,rate=1", "--scheme", "coordinate", "--inner", "2")
    (once,) = asked(capsys, *words)
    (often,) = asked(capsys, *words, "--outer", "12")
    assert [i["upper"] for i in often["stable_steps"]] == [i["upper"] for i in once["stable_steps"]]
    step, field = often["best_step"], np.array([[-(np.pi**2 / 6 - 1), 1.0], [1.0, -2.0]])
    sweep = np.eye(2)
    for row in (0, 0, 1, 1):
        move = np.eye(2)
        move[row] += step * field[row]
        sweep = move @ sweep
    rate = max(abs(np.linalg.eigvals(np.linalg.matrix_power(sweep, 12))))
    assert often["rate"] == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--scheme coordinate --inner 50 --outer 50", "too high a degree"),
        ("--step 1e400", "beyond double precision"),
        ("--step 1e-400", "beyond double precision"),
    ],
)
def test_what_is_too_large_is_said(words: str, said: str, capsys) -> None:
    """Exit status 2 and one sentence."""
    assert main(["stability", "gamma", "--at", "shape=2,rate=1", *words.split()]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert said in told.err


def test_two_schemes_over_a_parameter_as_json(capsys) -> None:
    """Nothing is compared there, and that is no fault: two schemes, no comparison."""
    words = ("gamma", "--over", "shape", "--at", "rate=1", "--step", "0.5")
    assert len(asked(capsys, *words)) == 2


def test_no_fixed_point_is_an_object_too(tmp_path, capsys) -> None:
    """Exit status 1: stdout stays parsable, and says what stderr says."""
    path = tmp_path / "slope.toml"
    path.write_text('[objective]\nminimise = "3*x"\n[variables]\nx = "real"\n', "utf-8")
    assert main(["stability", str(path), "--json"]) == 1
    told = capsys.readouterr()
    record = json.loads(told.out)
    assert record["status"] == "no_estimate"
    assert told.err == f"symmle: {record['message']}\n"
