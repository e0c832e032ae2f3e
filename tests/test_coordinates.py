"""Other coordinates: what is covariant changes by the chain rule, what is invariant stays."""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp

from symmle import trial
from symmle.cli.main import main
from symmle.coordinates import in_coordinates, originals
from symmle.data import from_array
from symmle.derive import Derivation, derive
from symmle.errors import InputError
from symmle.estimate import Kind, estimate
from symmle.families import family_model
from symmle.fit import fit
from symmle.model import Model, build_model
from symmle.precise import evaluate
from symmle.ties import fix

# family, choice, the new coordinate of each changed parameter as a function of the old one
CASES = (
    ("normal", "sigma=log", {"log_sigma": "log(sigma)"}),
    ("normal", "v=sigma**2", {"v": "sigma**2"}),
    ("normal", "mu=sinh(mu), sigma=reciprocal", {"reciprocal_sigma": "1/sigma"}),
    ("gamma", "shape=log, rate=reciprocal", {"log_shape": "log(shape)"}),
    ("geometric", "p=logit", {"logit_p": "log(p/(1 - p))"}),
    ("weibull", "shape=1/shape, scale=log", {"log_scale": "log(scale)"}),
    ("inverse_gaussian", "d=1/shape, mu=sqrt", {"d": "1/shape"}),
)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}: {case[1]}")
def pair(request: pytest.FixtureRequest) -> tuple[Derivation, Derivation]:
    """The derivation in the first parameters, and the one in the coordinates."""
    name, choice, _ = request.param
    model = family_model(name)
    return derive(model), derive(in_coordinates(model, [choice]))


def _points(new: Model) -> tuple[dict[sp.Symbol, mpmath.mpf], dict[sp.Symbol, mpmath.mpf]]:
    """One point in the coordinates, and the same point in the first parameters."""
    assert new.origin is not None
    here = trial.points(new)[0]
    values = [evaluate(place, {}, here) for place in new.origin.places]
    return here, dict(zip(new.origin.model.symbols, values, strict=True))


def test_score_hessian_and_information_transform(pair: tuple[Derivation, Derivation]) -> None:
    """s' = J's, H' = J'HJ + sum s_k d2 theta_k, I' = J'IJ, J by numerical differentiation."""
    first, new = pair
    rows = trial.sample(new.model)
    assert new.model.origin is not None
    places = new.model.origin.places
    with mpmath.workdps(50):
        here, there = _points(new.model)
        assert mpmath.almosteq(
            evaluate(new.average_log_likelihood, rows, here),
            evaluate(first.average_log_likelihood, rows, there),
            mpmath.mpf(10) ** -40,
        )
        slopes, bends = (
            [
                mpmath.diff(
                    lambda t, s=s, place=place: evaluate(place, {}, {**here, s: t}), here[s], n
                )
                for s, place in zip(new.model.symbols, places, strict=True)
            ]
            for n in (1, 2)
        )
        score = [evaluate(each, rows, there) for each in first.score.gradient]
        for i, slope in enumerate(slopes):
            got = evaluate(new.score.gradient[i], rows, here)
            assert abs(got - slope * score[i]) < mpmath.mpf(10) ** -15 * (1 + abs(got))
            for j, other in enumerate(slopes):
                hessian = evaluate(first.score.hessian[i, j], rows, there) * slope * other
                hessian += score[i] * bends[i] if i == j else 0
                got = evaluate(new.score.hessian[i, j], rows, here)
                assert abs(got - hessian) < mpmath.mpf(10) ** -12 * (1 + abs(got))
                if new.information.unresolved:
                    continue
                information = evaluate(first.information.matrix[i, j], rows, there)
                got = evaluate(new.information.matrix[i, j], rows, here)
                assert abs(got - information * slope * other) < mpmath.mpf(10) ** -15 * (
                    1 + abs(got)
                )


def test_the_estimate_is_invariant(pair: tuple[Derivation, Derivation]) -> None:
    """Same kind, and the score in the coordinates vanishes at the image of the estimate."""
    first, new = (estimate(each) for each in pair)
    assert (new.kind, new.unique, new.maximum) == (first.kind, first.unique, first.maximum)
    if new.kind is not Kind.CLOSED:
        return
    rows = trial.sample(pair[1].model)
    with mpmath.workdps(50):
        here = {symbol: evaluate(value, rows, {}) for symbol, value in new.values.items()}
        for slope in pair[1].score.gradient:
            assert abs(evaluate(slope, rows, here)) < mpmath.mpf(10) ** -40
        for told, general in zip(new.hessian, pair[1].score.hessian, strict=True):
            gap = evaluate(told, rows, {}) - evaluate(general, rows, here)
            assert abs(gap) < mpmath.mpf(10) ** -40


@pytest.mark.parametrize(("family", "choice", "names"), CASES)
def test_names_and_images(family: str, choice: str, names: dict[str, str]) -> None:
    """A coordinate has the name that its word makes, or the one that was given."""
    origin = in_coordinates(family_model(family), [choice]).origin
    assert origin is not None
    new = in_coordinates(family_model(family), [choice])
    told = {s.name: str(each) for s, each in zip(new.symbols, origin.images, strict=True)}
    for name, image in names.items():
        assert told[name] == image


def test_domains_follow() -> None:
    """The range of the expression on the old domain, ends in order, closed where they were."""
    model = build_model(
        "any",
        "-(x - a)**2 - log(b) - c*x + d",
        {"x": "real"},
        {"a": "(-2, 3)", "b": "positive", "c": "[1, 4)", "d": "unit"},
    )
    new = in_coordinates(model, ["e=exp(a)", "b=reciprocal, c=-c**2, d=logit"])
    got = [each.domain.text for each in new.parameters]
    assert got == ["(exp(-2), exp(3))", "positive", "(-16, -1]", "real"]


@pytest.mark.parametrize(
    ("choice", "piece"),
    [
        ("mu=mu**2", "not known to be one-to-one"),
        ("mu=1/mu", "not known to be one-to-one"),
        ("mu=tan(mu)", "not known to be one-to-one"),
        ("mu=log", "not known to be one-to-one"),
        ("mu=log(sigma)", "its own"),
        ("a=mu + sigma", "in one parameter"),
        ("sigma", "the form NAME=WORD"),
        ("tau=log", "no parameter 'tau'"),
        ("x=log(sigma)", "is taken"),
        ("sigma=log, v=sigma**2", "two coordinates"),
        ("g=sigma + log(sigma)", "no inverse"),
        ("g=__import__('os')", "coordinate g"),
    ],
)
def test_what_is_refused(choice: str, piece: str) -> None:
    """One sentence for what has no inverse, no meaning or no name; wrong input."""
    with pytest.raises(InputError, match=piece) as caught:
        in_coordinates(family_model("normal"), [choice])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("family", "choice", "at", "upper"),
    [
        ("normal", "sigma=log", "mu=0,log_sigma=log({})/2", "Min(2*V, 1)"),
        ("normal", "v=sigma**2", "mu=0,v={}", "Min(2*V, 4*V**2)"),
        ("normal", "sigma=identity", "mu=0,sigma=sqrt({})", "V"),
        ("exponential", "m=1/rate", "m={}", "2*V**2"),
    ],
)
def test_step_ranges_are_not_invariant(
    family: str, choice: str, at: str, upper: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """FACTS: g < s2; min(2 s2, 1) in log sigma; min(2v, 4v^2) in the variance; 2 m^2 in a mean."""
    for spread in ("1/3", "2/3", "5"):
        where = ["--coordinates", choice, "--at", at.format(spread), "--json"]
        assert main(["stability", family, *where]) == 0
        told = json.loads(capsys.readouterr().out)["schemes"][0]["stable_steps"]
        assert [each["lower"] for each in told] == [0]
        expected = float(sp.sympify(upper).subs("V", sp.Rational(spread)))
        assert told[0]["upper"] == pytest.approx(expected, rel=1e-14)


def test_fixed_and_in_log_the_scale_is_gone() -> None:
    """With mu held, ascent in log sigma is stable for 0 < g < 1 whatever the scale."""
    model = in_coordinates(fix(family_model("normal"), ["mu=0"]), ["sigma=log"])
    found = estimate(derive(model))
    assert found.hessian == sp.ImmutableMatrix([[-2]])


def test_fit_tells_of_both() -> None:
    """The first parameter by invariance, its error by the delta method, its interval mapped."""
    x = np.loadtxt(Path(__file__).parent / "data" / "newcomb.csv", skiprows=1)
    for family, choice, name, coordinate in (
        ("normal", "sigma=log", "sigma", "log_sigma"),
        ("normal", "sigma=reciprocal", "sigma", "reciprocal_sigma"),
    ):
        plain = fit(family_model(family), from_array(x))
        new = fit(in_coordinates(family_model(family), [choice]), from_array(x))
        assert plain.estimate and new.estimate and new.standard_errors and plain.standard_errors
        assert new.estimate[name] == pytest.approx(plain.estimate[name], rel=1e-14)
        assert new.standard_errors[name] == pytest.approx(plain.standard_errors[name], rel=1e-12)
        assert new.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-13)
        assert new.confidence_intervals is not None and plain.profile_intervals is not None
        ends = new.confidence_intervals[name]
        assert ends is not None and ends[0] < new.estimate[name] < ends[1]
        assert new.profile_intervals is not None  # invariant, where Wald's are not
        assert new.profile_intervals[name] == pytest.approx(plain.profile_intervals[name], 1e-6)
        assert coordinate in new.estimate


def test_a_reduced_estimate_is_found_in_the_coordinates() -> None:
    """The gamma shape in log coordinates comes from the same equation, by another unknown."""
    x = np.array([0.2, 1.1, 0.7, 2.9, 1.6, 0.4, 3.3])
    plain = fit(family_model("gamma"), from_array(x))
    new = fit(in_coordinates(family_model("gamma"), ["shape=log, rate=log"]), from_array(x))
    assert plain.estimate and new.estimate and plain.standard_errors and new.standard_errors
    for name in ("shape", "rate"):
        assert new.estimate[name] == pytest.approx(plain.estimate[name], rel=1e-10)
        assert new.standard_errors[name] == pytest.approx(plain.standard_errors[name], rel=1e-8)


def test_originals_have_slopes() -> None:
    """d sigma / d log sigma is sigma; parameters that did not change are not listed."""
    (only,) = originals(in_coordinates(family_model("normal"), ["sigma=log"]))
    assert (only.name, only.coordinate.name) == ("sigma", "log_sigma")
    assert only.value(0.7) == pytest.approx(np.exp(0.7), rel=1e-15)
    assert only.slope(0.7) == pytest.approx(np.exp(0.7), rel=1e-15)


OWN = ("--logpdf", "log(r) - r*x", "--data-symbol", "x>0", "--param", "r>0")


def test_every_verb_takes_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """derive, stability, verify, generate and fit of a density typed here, in the mean."""
    data = tmp_path / "x.csv"
    data.write_text("x\n1.5\n2.5\n0.5\n", encoding="utf-8")
    module = tmp_path / "made.py"
    for words in (
        ("derive", "--json"),
        ("stability", "--json"),
        ("verify", "--json"),
        ("generate", "-o", str(module), "--tests", "--json"),
    ):
        assert main([words[0], *OWN, "--coordinates", "m=1/r", *words[1:]]) == 0
        json.loads(capsys.readouterr().out)
    assert main(["fit", *OWN, "--coordinates", "m=1/r", str(data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["estimate"]["m"] == pytest.approx(1.5, rel=1e-15)
    assert told["estimate"]["r"] == pytest.approx(1 / 1.5, rel=1e-15)
    assert main(["derive", *OWN, "--coordinates", "m=r**2 - r"]) == 2
    assert "one-to-one" in capsys.readouterr().err


PARETO = build_model(
    "own",
    "log(a) + a*log(m) - (a + 1)*log(x)",
    {"x": "[m, oo)"},
    {"m": "positive", "a": "positive"},
)
LAPLACE = build_model(
    "own", "-log(2*b) - Abs(x - m)/b", {"x": "real"}, {"m": "real", "b": "positive"}
)


def test_what_the_data_set_is_mapped_too() -> None:
    """An end of the support, and an interval of medians, in falling and in rising coordinates."""
    x = np.array([1.2, 3.1, 1.9, 2.2, 7.0, 2.6])
    for choice in ("m=log", "m=reciprocal, a=log"):
        plain, new = (
            fit(each, from_array(x)) for each in (PARETO, in_coordinates(PARETO, [choice]))
        )
        assert plain.status == new.status and plain.estimate and new.estimate
        assert new.estimate["m"] == pytest.approx(1.2, rel=1e-14)
        assert new.estimate["a"] == pytest.approx(plain.estimate["a"], rel=1e-12)
        assert new.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
    for choice in ("q=exp(m)", "q=-m"):
        found = fit(in_coordinates(LAPLACE, [choice]), from_array(x))
        assert found.optima is not None
        assert found.optima["m"] == pytest.approx((2.2, 2.6), rel=1e-14)
        assert found.optima["q"][0] < found.optima["q"][1]
