"""What a run does, why, and what to do instead: against plain loops and known thresholds."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symmle
from symmle.__main__ import main

DATA = Path(__file__).parent / "data"
NEWCOMB = str(DATA / "newcomb.csv")
BEEF = str(DATA / "groundbeef.csv")
X = np.loadtxt(NEWCOMB, skiprows=1)
M, V = X.mean(), X.var()

LOGISTIC = '[map]\nx = "r*x*(1 - x)"\n[variables]\nx = "(0, 1)"\n[constants]\nr = "positive"\n'
HENON = '[map]\nx = "1 - 7*x**2/5 + y"\ny = "3*x/10"\n[variables]\nx = "real"\ny = "real"\n'
BILINEAR = (
    '[objective.x]\nminimise = "x*y"\n[objective.y]\nmaximise = "x*y"\n'
    '[variables]\nx = "real"\ny = "real"\n'
)


def _diagnosed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> dict[str, Any]:
    assert main(["diagnose", *words, "--json"]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def _file(folder: Path, text: str) -> str:
    path = folder / "problem.toml"
    path.write_text(text)
    return str(path)


def _plain(mu: float, sigma: float, step: float, count: int) -> tuple[float, float]:
    for _ in range(count):
        up = (V + (M - mu) ** 2) / sigma**3 - 1 / sigma
        mu, sigma = mu + step * (M - mu) / sigma**2, sigma + step * up
    return mu, sigma


def test_a_run_that_converges(capsys) -> None:
    """Its end is the estimate, its rate 1 - 50/var(x) (Rayleigh quotients apart)."""
    found = _diagnosed(capsys, "normal", NEWCOMB, "--step", "50", "--start", "mu=20,sigma=8")
    assert found["outcome"] == "converges"
    assert found["final"]["mu"] == pytest.approx(M, abs=1e-8)
    assert found["final"]["sigma"] == pytest.approx(math.sqrt(V), abs=1e-8)
    assert found["predicted_rate"] == pytest.approx(1 - 50 / V, rel=1e-9)
    assert found["observed_rate"] == pytest.approx(1 - 50 / V, rel=1e-3)
    assert found["remedy"] is None
    mu, sigma = _plain(20.0, 8.0, 50.0, found["iterations"])
    assert (mu, sigma) == pytest.approx((found["final"]["mu"], found["final"]["sigma"]), rel=1e-12)


def test_a_small_sigma_is_thrown_far_and_the_way_back_is_told(capsys) -> None:
    """By one step to s0 + g*((V + (M - m0)**2)/s0**3 - 1/s0); back by sigma**2/(2*g) or so."""
    words = ("normal", NEWCOMB, "--step", "2", "--start", "mu=20,sigma=0.4")
    found = _diagnosed(capsys, *words)
    thrown = 0.4 + 2 * ((V + (M - 20) ** 2) / 0.4**3 - 1 / 0.4)
    assert found["outcome"] == "slow"
    assert "overshoots" in found["cause"]
    assert f"{thrown:.6g}" in found["cause"]
    assert "about 5.7 million updates" in found["cause"]
    assert thrown**2 / 4 == pytest.approx(5.65e6, rel=0.01)
    assert found["largest"]["sigma"] == pytest.approx(thrown, rel=1e-12)


def test_the_way_back_is_as_long_as_it_was_said(capsys) -> None:
    """The run is made to its end: the prediction is right to a few per cent."""
    words = ("normal", NEWCOMB, "--step", "20", "--start", "mu=20,sigma=2.5")
    told = _diagnosed(capsys, *words, "--iterations", "50")
    assert "overshoots" in told["cause"]
    predicted = float(told["cause"].rpartition("about ")[2].split(" ")[0].replace(",", ""))
    mu, sigma, steps = 20.0, 2.5, 0
    scale = math.sqrt(V)
    while steps < 50 or max(abs(mu - M), abs(sigma - scale) * math.sqrt(2)) > scale:
        mu, sigma = _plain(mu, sigma, 20.0, 1)
        steps += 1
    assert predicted == pytest.approx(steps, rel=0.05)


def test_a_step_beyond_the_range_ends_on_a_cycle_with_small_gradients(capsys) -> None:
    """The question symmle was born from: gradients far below one, and no convergence."""
    found = _diagnosed(capsys, "normal", NEWCOMB, "--step", "120", "--start", "mu=20,sigma=10")
    assert (found["outcome"], found["period"]) == ("cycle", 2)
    assert "outside the stable steps" in found["cause"]
    assert "flip" in found["cause"]
    assert found["max_gradient_norm"] < 0.1
    low, high = sorted(each["sigma"] for each in found["cycle"])
    assert _plain(M, low, 120.0, 1)[1] == pytest.approx(high, rel=1e-9)
    assert _plain(M, high, 120.0, 1)[1] == pytest.approx(low, rel=1e-9)
    remedy = found["remedy"]
    assert remedy["step"] == pytest.approx(2 * V / 3, rel=1e-4)
    mu, sigma = _plain(20.0, 10.0, remedy["step"], remedy["iterations"])
    assert (mu, sigma) == pytest.approx((M, math.sqrt(V)), abs=1e-6)
    assert remedy["predicted_iterations"] == pytest.approx(remedy["iterations"], rel=0.5)


def test_inner_steps_that_hide_a_cycle(capsys) -> None:
    """Two inner steps: after each sweep the point is the same, and the score is not zero."""
    words = ("normal", NEWCOMB, "--step", "120", "--start", "mu=20,sigma=10")
    found = _diagnosed(capsys, *words, "--scheme", "coordinate", "--inner", "2")
    assert found["outcome"] == "cycle"
    assert "only looks converged" in found["cause"]


def test_newton_on_a_rate_leaves_the_domain_at_once(capsys) -> None:
    """l*(2 - l*mean(x)) is negative from l = 2/mean(x) on."""
    file = str(DATA / "aircondit.csv")
    mean = np.loadtxt(file, skiprows=1).mean()
    words = ("exponential", file, "--scheme", "newton", "--step", "1", "--start")
    found = _diagnosed(capsys, *words, f"rate={2.01 / mean}")
    assert (found["outcome"], found["iterations"]) == ("leaves_domain", 1)
    assert "update 1 takes rate" in found["cause"]
    assert _diagnosed(capsys, *words, f"rate={1.99 / mean}")["outcome"] == "converges"


def test_newton_from_afar_on_a_cauchy_location(tmp_path, capsys) -> None:
    """The score fades like 1/x: it is small far out, and no stationary point is there."""
    data = tmp_path / "c.csv"
    data.write_text("x\n-3\n-1\n0\n0.5\n2\n3.5\n")
    words = ("cauchy", str(data), "--fix", "scale=1", "--scheme", "newton", "--step", "1")
    found = _diagnosed(capsys, *words, "--start", "location=8")
    assert found["outcome"] == "diverges"
    assert "bad start" in found["cause"]
    assert found["remedy"] is not None


def test_data_without_an_estimate(tmp_path, capsys) -> None:
    """Status 1, and the reason of the fit."""
    data = tmp_path / "c.csv"
    data.write_text("x\n3\n3\n3\n")
    words = ("normal", str(data), "--step", "0.1", "--start", "mu=0,sigma=1")
    found = _diagnosed(capsys, *words, status=1)
    assert found["cause"].startswith("no estimate exists")
    assert (found["target"], found["remedy"]) == (None, None)
    assert found["target_reason"]


def test_a_slow_run_tells_how_long_it_will_take(capsys) -> None:
    """1 - 1e-3*2/V a step: the rate and what is left of the way."""
    words = ("normal", NEWCOMB, "--step", "0.001", "--start", "mu=20,sigma=10")
    found = _diagnosed(capsys, *words, "--iterations", "2e5")
    assert found["outcome"] == "slow"
    assert found["predicted_rate"] == pytest.approx(1 - 1e-3 / V, rel=1e-12)
    assert found["observed_rate"] == pytest.approx(1 - 1e-3 / V, abs=1e-6)
    assert "more updates are needed" in found["cause"]


@pytest.mark.parametrize(
    ("r", "outcome", "period"),
    [("2.5", "converges", None), ("3.2", "cycle", 2), ("3.5", "cycle", 4), ("3.83", "cycle", 3)],
)
def test_the_logistic_map(r, outcome, period, tmp_path, capsys) -> None:
    """May, Nature 261 (1976) 459: its windows."""
    words = (_file(tmp_path, LOGISTIC), "--fix", f"r={r}", "--start", "x=0.2")
    found = _diagnosed(capsys, *words)
    assert (found["outcome"], found["period"]) == (outcome, period)


def test_chaos_has_its_known_exponent(tmp_path, capsys) -> None:
    """log 2 for the logistic map at 4 (but 3.9999, which stays inside); 0.419 for Henon's."""
    words = (_file(tmp_path, LOGISTIC), "--fix", "r=3.99999", "--start", "x=0.2")
    found = _diagnosed(capsys, *words, "--iterations", "20000")
    assert found["outcome"] == "chaotic"
    exponent = found["lyapunov"]
    assert abs(exponent["exponent"] - math.log(2)) < 5 * exponent["standard_error"] + 0.01
    found = _diagnosed(
        capsys, _file(tmp_path, HENON), "--start", "x=0.1,y=0.1", "--iterations", "20000"
    )
    assert found["outcome"] == "chaotic"
    assert found["lyapunov"]["exponent"] == pytest.approx(0.419, abs=0.02)


def test_a_bilinear_game(tmp_path, capsys) -> None:
    """Simultaneous play spirals out; alternating play goes round for ever (Gidel et al. 2019)."""
    words = (_file(tmp_path, BILINEAR), "--step", "0.1", "--start", "x=1,y=0")
    assert _diagnosed(capsys, *words)["outcome"] == "diverges"
    found = _diagnosed(capsys, *words, "--scheme", "alternating", "--iterations", "20000")
    assert found["outcome"] == "cycle"
    assert "marginal" in found["cause"]


GRADIENTS = {
    "right": ("[np.mean(x - mu)/sigma**2, np.mean((x - mu)**2)/sigma**3 - 1/sigma]", ""),
    "a sign": (
        "[np.mean(x - mu)/sigma**2, np.mean((x - mu)**2)/sigma**3 + 1/sigma]",
        "the term -1/sigma has the wrong sign",
    ),
    "a term": ("[np.mean(x - mu)/sigma**2, np.mean((x - mu)**2)/sigma**3]", "-1/sigma is missing"),
    "a power": (
        "[np.mean(x - mu)/sigma**3, np.mean((x - mu)**2)/sigma**3 - 1/sigma]",
        "the gradient is wrong in mu",
    ),
    "a sum": (
        "[np.sum(x - mu)/sigma**2, np.sum((x - mu)**2)/sigma**3 - len(x)/sigma]",
        "a sum instead of a mean",
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_of_the_users_own(name: str, tmp_path, capsys) -> None:
    """What differs is named; the right one is not blamed."""
    text, wrong = GRADIENTS[name]
    file = tmp_path / "own.py"
    file.write_text(f"import numpy as np\ndef score(x, mu, sigma):\n    return {text}\n")
    words = ("normal", NEWCOMB, "--step", "10", "--start", "mu=20,sigma=10")
    cause = _diagnosed(capsys, *words, "--gradient", str(file))["cause"]
    assert wrong in cause
    assert ("the gradient is wrong" in cause) is bool(wrong)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["normal", NEWCOMB, "--start", "mu=1,sigma=1"], "--step"),
        (["normal", NEWCOMB, "--step", "1"], "--start mu=...,sigma=..."),
        (["normal", "--step", "1", "--start", "mu=1,sigma=1"], "needs data"),
        (["normal", NEWCOMB, "--step", "1", "--start", "mu=1,sigma=-1"], "outside its domain"),
        (["normal", NEWCOMB, "--step", "1", "--start", "mu=1"], "no value for sigma"),
        (["normal", NEWCOMB, "--step", "1", "--start", "mu=a,sigma=1"], "'a' is not declared"),
        (["normal", NEWCOMB, "--step", "1", "--start", "mu=1,sigma=1", "--iterations", "x"], "'x'"),
        (["laplace", NEWCOMB, "--step", "1", "--start", "location=1,scale=1"], "kinks"),
        (
            ["normal", NEWCOMB, "--step", "1", "--start", "mu=1,sigma=1", "--gradient", "no.py"],
            "was not found",
        ),
    ],
)
def test_wrong_input_is_one_sentence(words: list[str], sentence: str, capsys) -> None:
    """Status 2."""
    assert main(["diagnose", *words]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "file", "start"),
    [
        ("weibull", BEEF, "shape=2,scale=80"),
        ("gamma", BEEF, "shape=2,rate=0.05"),
        ("logistic", BEEF, "location=50,scale=30"),
        ("negative_binomial", str(DATA / "quakes_stations.csv"), "size=1,mu=20"),
    ],
)
def test_a_remedy_was_run_for_families_of_every_kind(name, file, start, capsys) -> None:
    """A step of 1e6 times the best is no run that converges; what is told instead does."""
    found = _diagnosed(capsys, name, file, "--step", "1e5", "--start", start)
    assert found["outcome"] != "converges"
    assert found["remedy"]["iterations"] >= 1


def test_a_saddle_is_told_from_the_maximum(capsys) -> None:
    """Two equal components stay equal: the start is on the line that leads to the saddle."""
    density = "log(w*exp(-(x-a)**2/2)+(1-w)*exp(-(x-b)**2/2)) - log(2*pi)/2"
    words = ["--logpdf", density, "--data-symbol", "x", "--param", "w in (0,1)", "--param", "a"]
    words += ["--param", "b", str(DATA / "faithful.csv"), "--column", "eruptions", "--step", "1"]
    found = _diagnosed(capsys, *words, "--start", "w=0.5,a=2,b=2")
    assert "a saddle" in found["cause"]
    assert found["remedy"] is not None


def test_an_extragradient_step_over_rows_by_hand(capsys) -> None:
    """Its mean at the point ahead holds means at the point behind: two passes, not one."""
    words = ("gumbel", NEWCOMB, "--scheme", "extragradient", "--step", "2", "--iterations", "1")
    found = _diagnosed(capsys, *words, "--start", "location=25,scale=6")

    def slopes(location: float, scale: float) -> tuple[float, float]:
        z = (X - location) / scale
        return (1 - np.exp(-z).mean()) / scale, ((z * (1 - np.exp(-z))).mean() - 1) / scale

    first = slopes(25.0, 6.0)
    second = slopes(25 + 2 * first[0], 6 + 2 * first[1])
    assert found["final"]["location"] == pytest.approx(25 + 2 * second[0], rel=1e-12)
    assert found["final"]["scale"] == pytest.approx(6 + 2 * second[1], rel=1e-12)


def test_from_python() -> None:
    """The record shows itself as the command line prints it."""
    found = symmle.diagnose("normal", X, step=120, start={"mu": 20, "sigma": 10})
    assert found.outcome.value == "cycle"
    assert repr(found).startswith("normal, simultaneous updates, step 120: cycle\n")
    with pytest.raises(symmle.SymmleError, match="mu, sigma"):
        symmle.diagnose("normal", X, step=1, start={"mu": 20})
    with pytest.raises(symmle.SymmleError, match="none of simultaneous"):
        symmle.diagnose("normal", X, step=1, start={"mu": 20, "sigma": 1}, scheme="x")


def test_the_text_names_outcome_cause_and_remedy(capsys) -> None:
    """One page."""
    assert main(["diagnose", "normal", NEWCOMB, "--step", "120", "--start", "mu=20,sigma=10"]) == 0
    told = capsys.readouterr().out
    for word in ("cycle", "stable steps", "rate predicted", "Instead: simultaneous", "largest"):
        assert word in told
    assert max(map(len, told.splitlines())) <= 88
