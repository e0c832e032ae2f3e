"""`derive`: the contract of its JSON, its documents, and what is written where."""

import json
from pathlib import Path

import pytest
import sympy as sp

from symmle.cli import main
from symmle.derive.expectation import Expectation
from symmle.families import family_model
from symmle.model import Model
from symmle.sample_mean import cov, mean, var
from tests.by_rows import WORKED

OWN = ["--logpdf", "-log(s) - x/s", "--data-symbol", "x>0", "--param", "s>0"]


def derived(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """`derive WORDS --json` as an object."""
    assert main(["derive", *words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def read_back(text: str, model: Model) -> sp.Basic:
    """An expression of the contract, read by SymPy itself."""
    names = {v.name: v.symbol for v in (*model.data, *model.parameters)}
    functions = {"mean": mean, "var": var, "cov": cov, "expectation": Expectation}
    step = {"step": sp.Symbol("step", positive=True), "z": sp.Symbol("z")}
    return sp.sympify(text, locals={**functions, **step, **names})


def strings(value: object) -> list[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for each in inside for text in strings(each)]


def nulls_without_reason(value: object, path: str = "") -> list[str]:
    """The keys whose value is null with no sentence beside them."""
    if isinstance(value, list):
        return [key for each in value for key in nulls_without_reason(each, f"{path}[]")]
    if not isinstance(value, dict):
        return []
    here = [f"{path}.{k}" for k, v in value.items() if v is None and not value.get(f"{k}_reason")]
    return here + [p for k, v in value.items() for p in nulls_without_reason(v, f"{path}.{k}")]


@pytest.mark.parametrize("name", WORKED)
def test_the_json_keeps_the_contract(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every key of the contract is there, and a null has its reason beside it."""
    record = derived(capsys, name)
    assert set(record) >= {
        *("model", "average_log_likelihood", "statistics", "passes", "score", "hessian"),
        *("fisher_information", "estimator", "schemes", "comparison", "checks"),
    }
    assert set(record["model"]) >= {"name", "log_density", "data", "parameters"}
    assert set(record["fisher_information"]) >= {"matrix", "known"}
    estimator = record["estimator"]
    assert set(estimator) >= {"kind", "values", "equation", "exists", "unique", "known"}
    assert estimator["kind"] in {"closed", "reduced", "system", "boundary", "none"}
    for scheme in record["schemes"]:
        assert set(scheme) >= {
            *("name", "order", "step", "map", "jacobian", "eigenvalues", "stable_steps"),
            *("best_step", "rate", "edge", "known"),
        }
    assert [scheme["name"] for scheme in record["schemes"]] == ["simultaneous", "alternating"]
    assert set(record["comparison"]) >= {"same_jacobian", "verdict"}
    for check in record["checks"]:
        assert set(check) >= {"claim", "road", "level", "ok"}
        assert check["ok"] is True
    assert nulls_without_reason(record) == []


@pytest.mark.parametrize("name", WORKED)
def test_expressions_survive_sympy(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What SymPy reads from the JSON is the expression that was derived, not only a like one."""
    from symmle.derive import derive

    record, model = derived(capsys, name), family_model(name)
    derivation = derive(model)
    assert read_back(record["model"]["log_density"], model) == model.log_density
    average = read_back(record["average_log_likelihood"], model)
    assert average - derivation.average_log_likelihood == 0
    for symbol, slope in zip(derivation.score.parameters, derivation.score.gradient, strict=True):
        assert read_back(record["score"][symbol.name], model) - slope == 0
    hessian = [read_back(e, model) for row in record["hessian"] for e in row]
    for entry, claimed in zip(hessian, derivation.score.hessian, strict=True):
        assert sp.expand(entry - claimed) == 0
    for scheme in record["schemes"]:
        entries = [e for row in scheme["jacobian"] for e in row]
        intervals = [
            end
            for each in scheme["stable_steps"] or ()
            for end in (each["lower"], each["upper"])
            if end is not None
        ]
        for text in (
            *entries,
            *intervals,
            *(scheme["map"] or {}).values(),
            *(scheme["eigenvalues"] or ()),
            *scheme["conditions"],
        ):
            known = {v.symbol for v in model.parameters} | {sp.Symbol("step", positive=True)}
            assert read_back(text, model).free_symbols <= known


def test_the_normal_comes_out_right(capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: both maps have the Jacobian diag(1 - g/s2, 1 - 2g/s2), stable for 0 < g < s2."""
    record = derived(capsys)
    assert record["model"]["name"] == "normal"
    assert record["comparison"]["same_jacobian"] is True
    model = family_model("normal")
    x, g = model.data[0].symbol, sp.Symbol("step", positive=True)
    s2 = var(x)
    for scheme in record["schemes"]:
        jacobian = sp.Matrix([[read_back(e, model) for e in row] for row in scheme["jacobian"]])
        assert jacobian == sp.diag(1 - g / s2, 1 - 2 * g / s2)
        (interval,) = scheme["stable_steps"]
        assert read_back(interval["lower"], model) == 0
        assert read_back(interval["upper"], model) == s2
        assert interval["upper_event"] == "flip"
        assert interval["criticality"] == "supercritical"
        assert read_back(scheme["best_step"], model) == 2 * s2 / 3
        assert sp.sympify(scheme["rate"]) == sp.Rational(1, 3)
        assert scheme["known"] == "proved"


def test_a_typed_density_is_derived(capsys: pytest.CaptureFixture[str]) -> None:
    """The exponential in its mean, typed: the estimate is the sample mean."""
    record = derived(capsys, *OWN)
    assert record["estimator"]["kind"] == "closed"
    assert record["estimator"]["values"] == {"s": "mean(x)"}


def test_a_formula_may_begin_with_a_minus(capsys: pytest.CaptureFixture[str]) -> None:
    """A value that looks like an option is still the value of the option before it."""
    record = derived(capsys, "--logpdf", "-x/s-log(s)", *OWN[2:])
    assert record["estimator"]["values"] == {"s": "mean(x)"}


def test_a_model_file_is_derived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same density from a file, under the name that the file gives it."""
    path = tmp_path / "waiting.toml"
    path.write_text(
        'name = "waiting"\nlogpdf = "-log(s) - x/s"\n'
        '[data]\nx = "positive"\n[parameters]\ns = "positive"\n',
        encoding="utf-8",
    )
    record = derived(capsys, str(path))
    assert record["model"]["name"] == "waiting"
    assert record["estimator"]["values"] == {"s": "mean(x)"}


def test_fix_holds_a_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    """The normal with mu = 0: sigma is the root mean square, and mu is no parameter any more."""
    record = derived(capsys, "normal", "--fix", "mu=0")
    assert list(record["score"]) == ["sigma"]
    model = family_model("normal")
    x = model.data[0].symbol
    assert read_back(record["estimator"]["values"]["sigma"], model) ** 2 == mean(x**2)


@pytest.mark.parametrize(
    ("logpdf", "words"),
    [
        ("-x**2/(2*s**2) - log(s)", ["2.50663", "constant factor"]),
        ("-x**2/(2*s**2)", ["not to 1", "depends on the parameters"]),
    ],
)
def test_a_density_without_mass_one_draws_a_warning(
    logpdf: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A dropped sqrt(2*pi) is said, with the integral, on stderr; stdout stays one object."""
    assert (
        main(["derive", "--logpdf", logpdf, "--data-symbol", "x", "--param", "s>0", "--json"]) == 0
    )
    out, err = capsys.readouterr()
    assert isinstance(json.loads(out), dict)
    assert err.startswith("symmle: warning: the density integrates to")
    assert all(word in err for word in words)


@pytest.mark.parametrize(
    ("form", "ending"), [("markdown", "md"), ("latex", "tex"), ("text", "txt")]
)
def test_a_document_is_written_and_renewed(
    form: str, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is named for the model, marked as symmle's, and the same on every run."""
    folder = tmp_path / "notes"
    words = ["derive", "exponential", "--format", form, "-o", str(folder)]
    assert main(words) == 0
    path = folder / f"exponential.{ending}"
    assert capsys.readouterr().out == f"wrote {path}\n"
    first = path.read_text(encoding="utf-8")
    assert "made by symmle" in first.splitlines()[0]
    assert main(words) == 0
    assert path.read_text(encoding="utf-8") == first
    assert [each.name for each in folder.iterdir()] == [path.name]


def test_a_file_of_others_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2 and the file as it was; with --force it is replaced."""
    path = tmp_path / "normal.md"
    path.write_text("my own notes\n", encoding="utf-8")
    assert main(["derive", "-o", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "was not written by symmle" in err
    assert "--force" in err
    assert path.read_text(encoding="utf-8") == "my own notes\n"
    assert main(["derive", "-o", str(tmp_path), "--force"]) == 0
    assert "# Maximum likelihood: normal" in path.read_text(encoding="utf-8")


def test_the_text_fits_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """ASCII, at most 80 columns, and every part of the derivation is there."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["derive", "normal"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 80
    for part in (
        "log-likelihood",
        "Score",
        "Estimate",
        "Hessian",
        "Fisher",
        "Simultaneous",
        "Alternating",
        "eigenvalue",
        "stable steps",
        "best step",
        "edge",
        "Verdict",
    ):
        assert part in out


ODD = {
    "uniform with free ends": ["-log(b - a)", "x in (a, b)", "a", "b"],
    "Laplace": ["-Abs(x - m)/b - log(2*b)", "x", "m", "b>0"],
    "shifted exponential": ["log(r) - r*(x - m)", "x in [m, oo)", "m", "r>0"],
    "not identified": [
        "x*(a + b) - exp(a + b) - loggamma(x + 1)",
        "x: nonnegative integer",
        "a",
        "b",
    ],
    "monotone": ["-x*r", "x>0", "r>0"],
    "zeta": ["-s*log(x) - log(zeta(s))", "x: positive integer", "s in (1, oo)"],
    "zero-inflated": [
        "where(x > 0, log(1-z) - l + x*log(l) - loggamma(x+1), log(z + (1-z)*exp(-l)))",
        "x: nonnegative integer",
        "l>0",
        "z: unit",
    ],
}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_density_gets_an_answer(
    name: str, form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no score equation to solve, the answer says so."""
    monkeypatch.setenv("COLUMNS", "80")
    logpdf, symbol, *params = ODD[name]
    words = ["derive", "--logpdf", logpdf, "--data-symbol", symbol]
    words += [word for each in params for word in ("--param", each)]
    words += ["--json"] if form == "json" else []
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "unexpected" not in err
    if form == "json":
        assert nulls_without_reason(json.loads(out)) == []
    if form == "text":
        assert max(map(len, out.splitlines())) <= 80
