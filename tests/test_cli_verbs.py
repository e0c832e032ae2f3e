"""`fit`, `generate` and `verify` from the command line: numbers, files, exit statuses."""

import ast
import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from symmle.cli import main
from symmle.known import Known
from symmle.verify.case import Check

DATA = Path(__file__).resolve().parent / "data"
FIT_KEYS = {
    *("model", "n", "estimate", "standard_errors", "covariance", "confidence_intervals"),
    *("log_likelihood", "aic", "bic", "status", "message", "maxima", "kind", "known", "iterations"),
}


def fitted(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> dict[str, object]:
    """`fit WORDS --json` as an object; the exit status is checked."""
    assert main(["fit", *words, "--json"]) == status
    out, err = capsys.readouterr()
    assert err == ""
    record = json.loads(out)
    assert set(record) >= FIT_KEYS
    return record


def column(path: Path, values: list[object]) -> str:
    """A CSV file with one column x."""
    path.write_text("x\n" + "".join(f"{value}\n" for value in values), encoding="utf-8")
    return str(path)


def test_the_normal_on_newcomb(capsys: pytest.CaptureFixture[str]) -> None:
    """The closed form, by Python's exact `statistics`: mean, and root of the n-divisor variance."""
    lines = (DATA / "newcomb.csv").read_text(encoding="utf-8").split()[1:]
    x = [int(line) for line in lines]
    record = fitted(capsys, 0, "normal", str(DATA / "newcomb.csv"))
    assert record["status"] == "ok"
    assert record["n"] == len(x)
    assert record["estimate"]["mu"] == statistics.fmean(x)
    assert record["estimate"]["sigma"] == pytest.approx(statistics.pstdev(x), rel=1e-15)
    error = statistics.pstdev(x) / len(x) ** 0.5
    assert record["standard_errors"]["mu"] == pytest.approx(error, rel=1e-12)
    low, high = record["confidence_intervals"]["mu"]
    assert high - low == pytest.approx(2 * 1.959963984540054 * error, rel=1e-12)
    assert record["aic"] == pytest.approx(4 - 2 * record["log_likelihood"])


@pytest.mark.parametrize(
    ("family", "published"),
    [
        ("gamma", {"shape": 4.008, "rate": 0.0544}),
        ("weibull", {"shape": 2.186, "scale": 83.35}),
    ],
)
def test_ground_beef_as_published(
    family: str, published: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    """Delignette-Muller & Dutang (2015), fitdistrplus: the estimates printed there."""
    record = fitted(capsys, 0, family, str(DATA / "groundbeef.csv"))
    for name, value in published.items():
        digits = len(str(value).split(".")[1])
        assert round(record["estimate"][name], digits) == value


def test_the_text_holds_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The estimate with its interval, whose level stands in the header."""
    assert main(["fit", "gamma", str(DATA / "groundbeef.csv"), "--level", "0.9"]) == 0
    out = capsys.readouterr().out
    assert "90 % interval" in out
    assert "4.008339" in out


@pytest.mark.parametrize(
    ("family", "values", "status"),
    [
        ("poisson", [0, 0, 0], "boundary"),
        ("gamma", [2, 2, 2], "no_finite_estimate"),
        ("normal", [5, 5], "unbounded"),
    ],
)
def test_no_estimate_is_status_one(
    family: str,
    values: list[object],
    status: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The record says why; its numbers are null with that reason beside them."""
    record = fitted(capsys, 1, family, column(tmp_path / "d.csv", values))
    assert record["status"] == status
    assert record["estimate"] is None
    assert record["estimate_reason"] == record["message"]


@pytest.mark.parametrize(
    ("family", "values", "said"),
    [
        ("normal", ["1", "inf"], "row 2"),
        ("normal", ["1", "nan"], "row 2"),
        ("normal", ["1", "two"], "two"),
        ("gamma", ["1", "-3"], "-3"),
        ("poisson", ["1", "2.5"], "2.5"),
        ("normal", [], "row"),
    ],
)
def test_bad_data_is_one_sentence(
    family: str,
    values: list[object],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit status 2, nothing on stdout, and the row or the value that was wrong."""
    assert main(["fit", family, column(tmp_path / "d.csv", values)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


def test_a_missing_column_names_those_there(capsys: pytest.CaptureFixture[str]) -> None:
    """The columns there are stand in the sentence."""
    assert main(["fit", "poisson", str(DATA / "horsekicks.csv"), "--column", "deaths"]) == 2
    err = capsys.readouterr().err
    assert "deaths" in err
    assert "x, freq" in err


THROUGH_THE_ORIGIN = (
    "--logpmf", "-(y-b*x)**2/2-log(2*pi)/2", "--data-symbol", "y", "--data-symbol", "x",
    "--param", "b",
)  # fmt: skip


@pytest.mark.parametrize("header", ["x,y", "y,x", "x,note,y"])
def test_columns_are_found_by_the_symbols_of_a_typed_density(
    header: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In whatever order a table has them, and beside others: b = sum xy / sum x^2."""
    rows = [{"x": 1.0, "y": 2.0, "note": 9.0}, {"x": 3.0, "y": 5.0, "note": 7.0}]
    lines = [",".join(str(row[name]) for name in header.split(",")) for row in rows]
    path = tmp_path / "table.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    found = fitted(capsys, 0, *THROUGH_THE_ORIGIN, str(path))
    assert found["estimate"] == {"b": pytest.approx(17 / 10)}


def test_a_family_takes_no_columns_out_of_a_wider_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The catalogue's x1 and x2 are nobody's columns: three there are not two of them."""
    path = tmp_path / "three.csv"
    path.write_text("x1,x2,x3\n1,2,3\n2,1,5\n", encoding="utf-8")
    assert main(["fit", "multivariate_normal", str(path)]) == 2
    assert "name one for each of x1, x2 with --column" in capsys.readouterr().err


def test_weights_count_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """Bortkiewicz's horse kicks: 122 deaths in 200 corps-years."""
    words = ("poisson", str(DATA / "horsekicks.csv"), "--column", "x", "--weights", "freq")
    record = fitted(capsys, 0, *words)
    assert record["n"] == 200
    assert record["estimate"]["rate"] == pytest.approx(122 / 200, rel=1e-15)


def test_stability_at_data(capsys: pytest.CaptureFixture[str]) -> None:
    """At the estimate on the data the range of the normal is the variance of the data."""
    words = ["stability", "normal", "--data", str(DATA / "newcomb.csv"), "--json"]
    assert main(words) == 0
    record = json.loads(capsys.readouterr().out)
    x = [int(line) for line in (DATA / "newcomb.csv").read_text(encoding="utf-8").split()[1:]]
    for scheme in record["schemes"]:
        (interval,) = scheme["stable_steps"]
        assert interval["upper"] == pytest.approx(statistics.pvariance(x), rel=1e-12)
        assert scheme["known"] == "checked"


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`python WORDS` in a folder, as a process of its own."""
    return subprocess.run(
        [sys.executable, *words], capture_output=True, check=False, cwd=folder, encoding="utf-8"
    )


@pytest.mark.parametrize("name", ["rayleigh", "generalised_pareto"])
def test_the_written_tests_pass(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--tests` writes a pytest file beside the module, and it passes there.

    Of a density that is zero at some data, too, for parameters inside their domains.
    """
    path = tmp_path / f"{name}_mle.py"
    assert main(["generate", name, "-o", str(path), "--tests"]) == 0
    tests = tmp_path / f"test_{name}_mle.py"
    assert capsys.readouterr().out == f"wrote {path}\nwrote {tests}\n"
    done = run("-m", "pytest", "-q", tests.name, folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert main(["generate", name, "-o", str(path), "--tests"]) == 0


def test_a_module_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The module runs on its own; writing it again is allowed, and changes nothing."""
    path = tmp_path / "normal_mle.py"
    assert main(["generate", "normal", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    source = path.read_text(encoding="utf-8")
    code = "import normal_mle; print(normal_mle.fit([1.0, 2.0, 6.0]))"
    done = run("-c", code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert main(["generate", "normal", "-o", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [str(path)]
    assert path.read_text(encoding="utf-8") == source


def test_a_module_is_printed_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """stdout is the module, nothing else."""
    assert main(["generate", "exponential"]) == 0
    ast.parse(capsys.readouterr().out)


def test_a_module_of_others_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that symmle did not write stays as it is, unless --force is given."""
    path = tmp_path / "mine.py"
    path.write_text("x = 1\n", encoding="utf-8")
    assert main(["generate", "normal", "-o", str(path)]) == 2
    assert "was not written by symmle" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "x = 1\n"
    assert main(["generate", "normal", "-o", str(path), "--force"]) == 0
    assert "__symmle__" in path.read_text(encoding="utf-8")


def test_verify_one_model(capsys: pytest.CaptureFixture[str]) -> None:
    """Every check of a sound model holds: status 0, and the contract's keys."""
    assert main(["verify", "exponential", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["ok"] is True
    for check in record["checks"]:
        assert set(check) >= {"claim", "road", "level", "ok", "detail"}
        assert check["level"] in {"proved", "certified", "checked", "unknown"}


@pytest.mark.parametrize(
    ("ok", "status", "word"), [(True, 0, "ok"), (False, 1, "FALSE"), (None, 0, "open")]
)
def test_verify_tells_what_fails(
    ok: bool | None,
    status: int,
    word: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A false check is status 1 and named in the summary; an open one is neither good nor bad."""
    level = Known.UNKNOWN if ok is None else Known.CHECKED
    check = Check("two and two make five", "counting", level, ok, "by fingers")
    monkeypatch.setattr("symmle.cli.verify_verb.verify", lambda _: (check,))
    assert main(["verify", "normal"]) == status
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if "two and two" in line)
    assert row.split()[0] == word
    assert ("FAILED, in normal" in out) == (ok is False)
    assert main(["verify", "normal", "--json"]) == status
    assert json.loads(capsys.readouterr().out)["ok"] is (ok is not False)
