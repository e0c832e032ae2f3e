"""Coordinates without data: the same runs, on any data."""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp

import symmle
from symmle.cli.main import main
from symmle.data_free import data_free
from symmle.derive import derive
from symmle.errors import InputError
from symmle.families import family_model
from symmle.known import Known
from symmle.model import Model, build_model

FAMILIES = (
    "normal", "lognormal", "exponential", "gamma", "inverse_gaussian", "inverse_gamma", "rayleigh",
    "maxwell", "half_normal", "levy", "von_mises", "poisson", "geometric", "beta",
)  # fmt: skip
LEFT = {
    "gamma": ["shape_hat", "rate_hat"], "inverse_gaussian": ["u_shape_hat"],
    "inverse_gamma": ["shape_hat", "scale_hat"], "von_mises": ["concentration_hat"],
    "poisson": ["rate_hat"], "geometric": ["p_hat"], "beta": ["a_hat", "b_hat"],
}  # fmt: skip


def sample(model: Model, seed: int) -> list[float]:
    """Rows of the support, of another location and scale for another seed."""
    source = np.random.default_rng(seed)
    where = model.data[0].domain
    if where.integer:
        return [float(x) for x in source.poisson(3 + seed, 12)]
    if where.upper == 1:
        return source.beta(2, 1 + seed, 12).tolist()
    if where.lower == 0:
        return (np.exp(seed) * source.gamma(2.5, 1, 12)).tolist()
    return (5 * seed + source.normal(0, 1 + seed, 12) / (3 if where.period else 1)).tolist()


def slopes(model: Model, rows: list[float], theta: list[float]) -> list[float]:
    """Of the average log-density, by differences at 40 digits: no formula of the score is used."""
    symbols = list(model.symbols)
    (variable,) = model.data
    density = sp.lambdify([variable.symbol, *symbols], model.log_density, "mpmath")
    with mpmath.workdps(40):

        def height(*place: mpmath.mpf) -> mpmath.mpf:
            return mpmath.fsum(density(mpmath.mpf(x), *place) for x in rows) / len(rows)

        return [
            float(mpmath.diff(height, theta, tuple(int(i == j) for j in range(len(symbols)))))
            for i in range(len(symbols))
        ]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_step_is_a_step_of_the_parameters(family: str, seed: int) -> None:
    """theta + g*slope, by differences on the data, is in the coordinates what is said there."""
    model = family_model(family)
    free = data_free(derive(model))
    assert [each.name for each in free.problem.given] == LEFT.get(family, [])
    rows = sample(model, seed)
    fitted = symmle.fit(family, rows).estimate
    hats = {sp.Symbol(f"{s.name}_hat", **s.assumptions0): fitted[s.name] for s in model.symbols}
    hats |= {letter: value.xreplace(hats) for letter, value in free.estimates.items()}
    theta = [fitted[s.name] * 0.9 + 0.05 for s in model.symbols]
    if family == "geometric":
        theta = [0.9 * fitted["p"]]
    step = 1e-3 * float(free.unit.xreplace(hats)) ** (2 * free.exponent)
    after = [t + step * d for t, d in zip(theta, slopes(model, rows, theta), strict=True)]

    def seen(place: list[float]) -> list[float]:
        at = hats | dict(zip(model.symbols, place, strict=True))
        return [float(value.xreplace(at)) for value in free.coordinates.values()]

    here = seen(theta)
    at = hats | dict(zip(free.coordinates, here, strict=True))
    pace = free.problem.paces
    told = [
        u + float((free.step * pace.get(s, 1) * slope).xreplace(at | {free.step_symbol: step}))
        for s, u, slope in zip(free.coordinates, here, free.problem.field.gradient, strict=True)
    ]
    assert told == pytest.approx(seen(after), rel=1e-9)
    moved = [abs(a - b) for a, b in zip(told, here, strict=True)]
    assert max(moved) > 1e-8


def test_proved_and_checked() -> None:
    """The identity of the log-likelihoods is proved for powers and logarithms."""
    assert data_free(derive(family_model("normal"))).known is Known.PROVED
    assert data_free(derive(family_model("gamma"))).known is Known.PROVED


def test_a_density_of_ones_own() -> None:
    """A rate that scales with the inverse of the data, and a shape beside it that is known."""
    model = build_model("own", "3*log(b) - b*x + 2*log(x)", {"x": "positive"}, {"b": "positive"})
    free = data_free(derive(model))
    assert free.problem.given == ()
    (u,) = free.coordinates
    assert sp.simplify(free.problem.objectives[0].expression - 3 * (sp.log(u) - u)) == 0


@pytest.mark.parametrize(
    ("family", "why"),
    [
        ("cauchy", "its update still passes over the rows, by mean(log("),
        ("weibull", "with u_shape = shape, u_scale = scale/scale_hat"),
        ("uniform", "its score does not vanish at the estimate"),
        ("multinomial", "its data have several columns"),
    ],
)
def test_why_there_are_none(family: str, why: str) -> None:
    """What is left, and in which coordinates."""
    with pytest.raises(InputError, match="no coordinates free of the data") as caught:
        data_free(derive(family_model(family)))
    assert why in str(caught.value)


def test_the_stable_steps_are_those_of_the_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    """At an estimate, steps of the parameters and steps here have the same rates."""
    at = ["--at", "shape=2,rate=3", "--json"]
    assert main(["stability", "gamma", *at]) == 0
    plain = json.loads(capsys.readouterr().out)["schemes"]
    assert main(["stability", "gamma", *at, "--data-free"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data_free"]["steps"] == {"u_shape": "1", "u_rate": "1/9"}
    assert found["data_free"]["left"] == []
    for ours, theirs in zip(found["schemes"], plain, strict=True):
        (here,), (there,) = ours["stable_steps"], theirs["stable_steps"]
        assert float(here["upper"]) == pytest.approx(float(there["upper"]), rel=1e-10)
        assert float(ours["rate"]) == pytest.approx(float(theirs["rate"]), rel=1e-10)


def test_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """One page for all data: coordinates, the step, the proof."""
    words = ["stability", "normal", "--data-free", "--step", "0.5", "--scheme", "simultaneous"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "u_mu      = (mu - mu_hat)/sigma_hat" in text
    assert "step here = step/sigma_hat**2" in text
    assert "enter no more: this is the same for all data [proved]" in text
    assert "Nothing. Every start in the domain converges to the point" in text
    assert main(["stability", "gamma", "--data-free", "--scheme", "simultaneous"]) == 0
    assert "enter by shape_hat and rate_hat alone [proved]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stability", "normal", "--data-free", "--data", "x.csv"], "leave one of the two out"),
        (["stability", "gamma", "--data-free", "--at", "shape=-1"], "outside its domain"),
        (["stability", "gamma", "--data-free", "--at", "shop=1"], "shop"),
        (["stability", "normal", "--data-free", "--scheme", "scoring"], "Fisher information"),
        (
            ["plot", "basin", "gamma", "--data-free", "--step", "1", "-o", "b.svg"],
            "add --at shape=",
        ),
    ],
)
def test_wrong_input(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, status 2."""
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_a_picture_for_all_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The radius of the normal without data meets 1 at the step 1; of the gamma at its end."""
    file = tmp_path / "radius.svg"
    assert main(["plot", "radius", "normal", "--data-free", "-o", str(file), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert file.exists()
    assert "normal without data" in json.dumps(record)
