"""The command line as a whole: exit statuses, sentences, streams."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from symmle.cli import main
from symmle.cli.list_verb import KINDS, kind_found
from symmle.cli.options import VERBS
from symmle.families import FAMILIES

ROOT = Path(__file__).resolve().parent.parent
OWN = ["--logpdf", "-log(s) - x/s", "--data-symbol", "x>0", "--param", "s>0"]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one sentence with which a command ends with exit status 2 and an empty stdout."""
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("symmle: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def shell(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`python -m symmle WORDS` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "symmle", *words],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding="utf-8",
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
    )


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """No words ask for help; every verb explains itself with an example."""
    assert main([]) == 0
    overview = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == overview
    for verb in VERBS:
        assert verb.name in overview
        assert main([verb.name, "--help"]) == 0
        assert f"example: symmle {verb.example.split()[0]}" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("symmle ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["derivee"], "did you mean derive?"),
        (["frobnicate"], "the verbs are list"),
        (["--frob"], "--frob"),
        (["derive", "--frob"], "--frob"),
        (["derive", "gama"], "did you mean gamma"),
        (["derive", "normal", "extra"], "extra"),
        (["derive", "--format", "pdf"], "markdown"),
        (["derive", "--json", "--format", "latex"], "both --json and --format"),
        (["derive", "normal", *OWN], "both the model 'normal' and --logpdf"),
        (["derive", "normal", "--param", "k>0"], "'k>0' declares a symbol of --logpdf"),
        (["derive", *OWN[:-2]], "no parameter was declared"),
        (["derive", "--logpdf", "-x*r", "--data-symbol", "x", "--param", "s>0"], "'r'"),
        (["derive", *OWN, "--param", "q"], "'q' was declared but does not occur"),
        (["derive", "--logpdf", "__import__('os')", *OWN[2:]], "log-density"),
        (["derive", "--logpdf", "10**10**10*x/s", *OWN[2:]], "10**10"),
        (["derive", "nothere.toml"], "cannot be read"),
        (["derive", "normal", "--fix", "mu"], "NAME=VALUE"),
        (["derive", "normal", "--fix", "nu=1"], "no parameter 'nu'"),
        (["derive", "normal", "--fix", "sigma=-1"], "outside the domain"),
        (["derive", "--logpdf"], "--logpdf"),
        (["stability"], "no model was named"),
        (["stability", "gamma", "--at", "shape=2"], "no value for rate"),
        (["stability", "gamma", "--at", "shape=2,rate=1,b=1"], "no parameter 'b'"),
        (["stability", "gamma", "--at", "shape=2,shape=3,rate=1"], "twice"),
        (["stability", "gamma", "--at", "shape=-2,rate=1"], "outside its domain"),
        (["stability", "gamma", "--at", "shape"], "NAME=VALUE"),
        (["stability", "gamma", "--at", "shape=__x__,rate=1"], "shape"),
        (["stability", "gamma", "--at", "shape=2,rate=1", "--data", "x.csv"], "both --at and"),
        (["stability", "gamma", "--column", "x"], "--data FILE"),
        (["stability", "gamma", "--scheme", "simultanous"], "simultaneous"),
        (["stability", "gamma", "--inner", "5"], "--scheme coordinate"),
        (["stability", "gamma", "--scheme", "coordinate", "--inner", "0"], "--inner '0'"),
        (["stability", "gamma", "--order", "rate"], "must name each of shape, rate"),
        (["stability", "gamma", "--step", "-1"], "not a positive number"),
        (["stability", "gamma", "--step", "0.1"], "symbols"),
        (["generate", "normal", "--tests"], "-o FILE"),
        (["generate", "normal", "-o", "class.py"], "no name of a module"),
        (["generate", "normal", "-o", "normal.txt"], ".py"),
        (["generate", "normal", "-o", "nowhere/normal_mle.py"], "does not exist"),
        (["fit", "normal"], "fit MODEL DATA"),
        (["fit", "normal", "nothere.csv"], "nothere.csv"),
        (["fit", "normal", "tests/data/newcomb.csv", "--level", "much"], "no number"),
        (["verify", "--fix", "mu=0"], "name the model"),
    ],
)
def test_wrong_input_is_one_sentence(
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit status 2, nothing on stdout, and a sentence that names what was wrong."""
    monkeypatch.chdir(ROOT)
    assert said in refused(capsys, *words)


def test_the_process_says_the_same() -> None:
    """Run as a process: the status, the streams, and no traceback."""
    done = shell("derive", "gama")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "symmle: there is no family 'gama' in the catalogue; did you mean gamma?; give a density "
        "of your own with --logpdf or a model file\n"
    ) or done.stderr.startswith("symmle: there is no family 'gama'")


def test_an_ascii_terminal_is_enough(tmp_path: Path) -> None:
    """A name that the terminal cannot show is escaped, not a crash."""
    path = tmp_path / "m.toml"
    path.write_text(
        'name = "größe"\nlogpdf = "-log(s) - x/s"\n[data]\nx = "positive"\n'
        '[parameters]\ns = "positive"\n',
        encoding="utf-8",
    )
    done = shell("derive", str(path), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "gr\\xf6\\xdfe" in done.stdout


def test_a_closed_pipe_is_quiet() -> None:
    """A reader that stops early, like `head`, draws no complaint."""
    words = f"{sys.executable} -m symmle derive | head -n 1"
    done = subprocess.run(
        ["bash", "-c", words], capture_output=True, check=False, cwd=ROOT, encoding="utf-8"
    )
    assert done.stdout == "Maximum likelihood: normal\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (RecursionError(), 1, "too large"),
        (MemoryError(), 1, "too large"),
        (ZeroDivisionError("x"), 1, "unexpected ZeroDivisionError"),
        (PermissionError(13, "Permission denied", "f.csv"), 2, "'f.csv': permission denied"),
    ],
)
def test_whatever_happens_is_a_sentence(
    error: BaseException,
    status: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No exception leaves main, expected or not; the unexpected ask to be reported."""

    def fail(*_: object) -> int:
        raise error

    monkeypatch.delenv("SYMMLE_TRACEBACK", raising=False)
    monkeypatch.setattr("symmle.cli.list_verb.run", fail)
    assert main(["list"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_a_developer_can_have_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """With SYMMLE_TRACEBACK an unexpected error passes through as it is."""

    def fail(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setenv("SYMMLE_TRACEBACK", "1")
    monkeypatch.setattr("symmle.cli.list_verb.run", fail)
    with pytest.raises(ZeroDivisionError):
        main(["list"])


def test_list_has_every_family(capsys: pytest.CaptureFixture[str]) -> None:
    """The contract's keys for each row of the catalogue, in its order."""
    assert main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["families"]
    assert [row["name"] for row in rows] == list(FAMILIES)
    for row in rows:
        assert set(row) >= {"name", "parameters", "support", "estimator", "scipy", "r"}
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    for name, family in FAMILIES.items():
        assert f"{name}({', '.join(family.parameters)})" in text


@pytest.mark.parametrize("name", FAMILIES)
def test_the_listed_kinds_are_those_found(name: str) -> None:
    """What `list` reads from its file is what deriving the family comes to."""
    assert json.loads(KINDS.read_text(encoding="utf-8"))[name] == kind_found(name)
