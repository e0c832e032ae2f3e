"""`stability`: numbers checked by other roads, and the contract of its JSON."""

import json
from functools import partial
from itertools import permutations

import mpmath
import pytest
import sympy as sp

from symmle.cli import main


def analysed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """`stability WORDS --json` as an object."""
    assert main(["stability", *words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def schemes(record: dict[str, object]) -> dict[str, dict[str, object]]:
    """The schemes of a record by their names."""
    return {scheme["name"]: scheme for scheme in record["schemes"]}


def gamma_hessian(shape: float, rate: float) -> mpmath.matrix:
    """By hand: [[-psi1(a), 1/b], [1/b, -a/b**2]]."""
    a, b = mpmath.mpf(shape), mpmath.mpf(rate)
    return mpmath.matrix([[-mpmath.psi(1, a), 1 / b], [1 / b, -a / b**2]])


@pytest.mark.parametrize(("shape", "rate"), [(2, 1), (5, 1), (0.5, 3)])
def test_simultaneous_gamma_by_eigenvalues(
    shape: float, rate: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """2 over the largest eigenvalue of -H, by mpmath's own eigenvalues, to 12 digits."""
    record = analysed(capsys, "gamma", "--at", f"shape={shape},rate={rate}")
    (interval,) = schemes(record)["simultaneous"]["stable_steps"]
    with mpmath.workdps(30):
        largest = max(mpmath.eigsy(-gamma_hessian(shape, rate), eigvals_only=True))
        assert abs(interval["upper"] - 2 / largest) < 1e-12 * interval["upper"]
    assert interval["lower"] == 0
    assert interval["upper_event"] == "flip"


def radius(shape: float, rate: float, step: float) -> float:
    """The spectral radius of a sweep, by running it on the unit vectors and taking eigenvalues."""
    return _radius_in_turn(gamma_hessian(shape, rate), step)


def _radius_in_turn(h: mpmath.matrix, step: float) -> float:
    sweep = mpmath.eye(2)
    for row in range(2):
        block = mpmath.eye(2)
        for column in range(2):
            block[row, column] += step * h[row, column]
        sweep = block * sweep
    values, _ = mpmath.eig(sweep)
    return max(abs(value) for value in values)


@pytest.mark.parametrize(("shape", "known"), [(2, 2.05), (5, 0.419)])
def test_alternating_gamma_by_running_the_sweep(
    shape: float, known: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """Just below the end every multiplier is inside the unit circle, just above one is outside."""
    record = analysed(capsys, "gamma", "--at", f"shape={shape},rate=1")
    interval, *_ = schemes(record)["alternating"]["stable_steps"]
    assert interval["upper"] == pytest.approx(known, rel=2e-3)
    assert radius(shape, 1, interval["upper"] * (1 - 1e-9)) < 1
    assert radius(shape, 1, interval["upper"] * (1 + 1e-9)) > 1


def test_every_order_has_the_same_range(capsys: pytest.CaptureFixture[str]) -> None:
    """Two parameters: the other order is a rotation of the sweep, with the same multipliers."""
    ends = set()
    for order in permutations(["shape", "rate"]):
        words = ("gamma", "--at", "shape=2,rate=1", "--scheme", "alternating")
        record = analysed(capsys, *words, "--order", ",".join(order))
        (scheme,) = record["schemes"]
        assert tuple(scheme["order"]) == order
        ends.add(round(scheme["stable_steps"][0]["upper"], 12))
    assert len(ends) == 1


def test_coordinate_with_inner_steps(capsys: pytest.CaptureFixture[str]) -> None:
    """Five steps on each parameter in turn; the range ends at a flip."""
    words = ("gamma", "--at", "shape=2,rate=1", "--scheme", "coordinate", "--inner", "5")
    (scheme,) = analysed(capsys, *words)["schemes"]
    assert [each["repeat"] for each in scheme["statements"]] == [5, 5]
    assert scheme["stable_steps"][0]["upper_event"] == "flip"


@pytest.mark.parametrize(
    ("step", "verdict"),
    [("1/2", "stable"), ("0.7", "stable"), ("0.8", "unstable"), ("3", "unstable")],
)
def test_a_number_as_the_step_gets_a_verdict(
    step: str, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict, the spectral radius and the one-step gain agree with each other."""
    words = ("gamma", "--at", "shape=2,rate=1", "--scheme", "simultaneous", "--step", step)
    (scheme,) = analysed(capsys, *words)["schemes"]
    assert scheme["verdict"] == verdict
    assert (scheme["spectral_radius"] < 1) == (verdict == "stable")
    assert scheme["one_step_gain"] == pytest.approx(scheme["spectral_radius"])  # J is symmetric


def test_the_edge_itself_is_marginal(capsys: pytest.CaptureFixture[str]) -> None:
    """The normal at sigma = 1: step 1 is where the multiplier is exactly -1."""
    words = ("normal", "--at", "mu=0,sigma=1", "--step", "1")
    for scheme in analysed(capsys, *words)["schemes"]:
        assert scheme["verdict"] == "marginal"
        assert scheme["stable_steps"][0]["upper"] == 1


def test_rationals_stay_exact(capsys: pytest.CaptureFixture[str]) -> None:
    """0.1 is a tenth: with sigma = 0.1 the range of the normal ends at 1/100, proved."""
    record = analysed(capsys, "normal", "--at", "mu=1/3,sigma=0.1")
    assert record["fixed_point"] == {"mu": "1/3", "sigma": "1/10"}
    for scheme in record["schemes"]:
        assert scheme["stable_steps"][0]["upper"] == 0.01
        assert scheme["known"] == "proved"


def test_symbols_give_strings(capsys: pytest.CaptureFixture[str]) -> None:
    """Without numbers the ends are expressions in the statistics."""
    record = analysed(capsys, "normal")
    assert record["fixed_point"] == {}
    assert [s["stable_steps"][0]["upper"] for s in record["schemes"]] == ["var(x)", "var(x)"]


def test_a_long_closed_form_stays_a_letter(capsys: pytest.CaptureFixture[str]) -> None:
    """Zero-inflated Poisson: the end in (rate, zero) is 2 over the largest eigenvalue of -H.

    H is differenced from the average log-likelihood of a sample, at its estimate, where H is -I.
    The alternating sweep is told by its conditions: they hold at a step exactly if the sweep, run
    on the unit vectors, contracts.
    """
    record = analysed(capsys, "zero_inflated_poisson")
    assert set(record["fixed_point"]) == {"rate", "zero"}
    assert len(json.dumps(record)) < 40_000
    counts = [0, 0, 0, 0, 1, 2, 2, 3, 5]
    with mpmath.workdps(40):
        average = partial(_average_zero_inflated, counts)
        positive = [k for k in counts if k]
        target = mpmath.mpf(sum(positive)) / len(positive)
        rate = mpmath.findroot(lambda r: r / (1 - mpmath.exp(-r)) - target, 2)
        zero = 1 - mpmath.mpf(sum(counts)) / len(counts) / rate
        orders = [[(2, 0), (1, 1)], [(1, 1), (0, 2)]]
        minus_h = -mpmath.matrix(
            [[mpmath.diff(average, (rate, zero), n) for n in r] for r in orders]
        )
        largest = max(mpmath.eigsy(minus_h, eigvals_only=True))
        letters = {"rate": rate, "zero": zero}
        both = schemes(record)
        (interval,) = both["simultaneous"]["stable_steps"]
        end = sp.lambdify(("rate", "zero"), interval["upper"], "mpmath")(**letters)
        assert abs(end - 2 / largest) < 1e-9
        assert both["simultaneous"]["known"] == "proved"
        conditions = both["alternating"]["conditions"]
        holds = sp.lambdify(("rate", "zero", "step"), conditions, "mpmath")
        verdicts = set()
        for k in range(-5, 30):
            step = mpmath.mpf("1.2") ** k / largest
            stable = all(holds(**letters, step=step))
            verdicts.add(stable)
            assert stable == (_radius_in_turn(-minus_h, step) < 1)
        assert verdicts == {True, False}


def _average_zero_inflated(counts: list[int], rate: mpmath.mpf, zero: mpmath.mpf) -> mpmath.mpf:
    nothing = mpmath.log(zero + (1 - zero) * mpmath.exp(-rate))
    terms = [k * mpmath.log(rate) - rate + mpmath.log(1 - zero) if k else nothing for k in counts]
    return mpmath.fsum(terms) / len(counts)


def test_newton_converges_below_two(capsys: pytest.CaptureFixture[str]) -> None:
    """Damped Newton has the multiplier 1 - step, whatever the model."""
    for scheme in analysed(
        capsys, "beta", "--at", "a=2,b=3", "--scheme", "newton", "--scheme", "scoring"
    )["schemes"]:
        assert scheme["stable_steps"][0]["upper"] == 2
        assert scheme["best_step"] == 1
        assert scheme["rate"] == 0


def test_no_fixed_point_is_status_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A likelihood that only rises has no fixed point: a sentence, and status 1."""
    words = ["stability", "--logpdf", "-x*r", "--data-symbol", "x>0", "--param", "r>0"]
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "no fixed point" in err


def test_the_text_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """The digits of the JSON stand in the text, with how they are known."""
    assert main(["stability", "gamma", "--at", "shape=2,rate=1"]) == 0
    text = capsys.readouterr().out
    assert "0 < step < 0.790395482369  [certified]" in text
    assert "0 < step < 2.05054609673  [certified]" in text
