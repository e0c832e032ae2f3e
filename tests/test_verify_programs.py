"""`verify` of programs: no alarm where nothing is wrong, and an alarm for every planted fault.

The programs are the generated ones, in every language, then the same with a fault, then others
written by hand.  How many faults were planted and caught is told at the end of the run.
"""

import json
import math
import subprocess
import sys
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from symmle.codegen import TARGETS
from symmle.errors import InputError
from symmle.families import FAMILIES, family_model
from symmle.model import Model
from symmle.verify.own_file import header_of, verify_file
from symmle.verify.places import Place
from symmle.verify.program_checks import Doubts, check_program
from symmle.verify.programs import (
    CProgram,
    JavascriptProgram,
    Program,
    PythonProgram,
    Refused,
    run_python,
)
from tests.own_models import OWN
from tests.planted_faults import KINDS, score


@cache
def doubts(name: str) -> Doubts:
    return Doubts(OWN[name] if name in OWN else family_model(name).freed())


def written(target: str, here: Doubts, folder: Path) -> Path:
    for ending, text in TARGETS[target].spell(here.plan, "made").items():
        (folder / f"made{ending}").write_text(text)
    return folder / f"made{TARGETS[target].ending}"


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module for numba as Python runs it: what it computes does not need the compiler."""
    plain = types.SimpleNamespace(njit=lambda **_: lambda function: function, prange=range)
    monkeypatch.setitem(sys.modules, "numba", plain)


STRICT = ("gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only")


def refusal(program: Program, sample: Place) -> str:
    """The sentence with which a program refuses a sample; "" where it has an estimate."""
    try:
        program.fit(sample.columns, None)
    except Refused as error:
        return str(error)
    return ""


def without_fit(module: types.ModuleType) -> Program:
    """What Python computes for numba: a fit needs infinities where Python raises an error."""
    program = PythonProgram(module)
    program.offers -= {"fit"}
    return program


OPEN: dict[str, Callable[[Path, Doubts], Program]] = {
    "numpy": lambda path, _: PythonProgram(run_python(path)),
    "python": lambda path, _: PythonProgram(run_python(path)),
    "numba": lambda path, _: without_fit(run_python(path)),
    "c": lambda path, here: CProgram(path, len(here.model.symbols)),
    "javascript": lambda path, _: JavascriptProgram(path),
}


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("name", [*FAMILIES, *OWN])
def test_no_alarm_and_no_fault_is_missed(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Every target of every family is as it should be; one fault of each kind in turn is caught."""
    here = doubts(name)
    for target, opened in OPEN.items():
        path = written(target, here, tmp_path)
        program = opened(path, here)
        checks = list(check_program(program, here, True))
        assert [(target, check) for check in checks if check.ok is False] == []
        assert any(check.ok for check in checks)
        if "fit" in program.offers:
            for sample in here.samples:
                assert refusal(program, sample) == refusal(here.trusted, sample)
        program.close()
        if target == "c":
            subprocess.run([*STRICT, str(path)], check=True, timeout=60)
    place = [*FAMILIES, *OWN].index(name)
    kinds = [KINDS[(place + 2 * k) % len(KINDS)] for k in range(5)]
    caught, missed = score(here, ("numpy", "python")[place % 2], place, kinds)
    record_property("planted", len(caught) + len(missed))
    record_property("caught", len(caught))
    assert missed == []


def test_every_kind_of_fault_is_planted_and_caught() -> None:
    """In one module, so that no kind is left out by chance."""
    caught, missed = score(doubts("laplace"), "numpy", 3)
    more, others = score(doubts("normal"), "python", 3)
    assert missed == others == []
    assert {each.kind for each in (*caught, *more)} >= set(KINDS) - {"modulus"}
    assert "modulus" in {each.kind for each in caught}


FAULTS_OF_TEXT = (
    ("c", "normal", "mean_x - mu", "mean_x + mu"),
    ("c", "gamma", "digamma_(shape)", "digamma_(shape + 1e-9)"),
    ("c", "laplace", "fabs(", "("),
    ("javascript", "normal", "Math.log(sigma)", "Math.log(sigma * 1.000000001)"),
    ("javascript", "weibull", "Math.log(shape)", "Math.log(scale)"),
    ("javascript", "poisson", "n: n", "n: n - 1"),
)
"""(target, family, text, what it is replaced by wherever it stands)."""


@pytest.mark.parametrize(("target", "name", "before", "after"), FAULTS_OF_TEXT)
def test_faults_in_other_languages(
    target: str, name: str, before: str, after: str, tmp_path: Path
) -> None:
    path = written(target, doubts(name), tmp_path)
    text = path.read_text()
    if before not in text:
        pytest.fail(f"{before!r} is not in the program for {target}")
    path.write_text(text.replace(before, after))
    _, checks = verify_file(path, None)
    assert any(check.ok is False for check in checks)


MINE = """
import numpy as np

def average_log_likelihood(x, k, lam):
    return np.mean(np.log(k / lam) + (k - 1) * np.log(x / lam) - (x / lam) ** k)

def score(x, k, lam):
    z = x / lam
    up = 1 / k + np.mean(np.log(z)) - np.mean(z**k * np.log(z))
    return {"k": up, "lam": k / lam * (np.mean(z**k) - 1)}

def step_alternating(x, k, lam, step):
    k = k + step * score(x, k, lam)["k"]
    lam = lam + step * score(x, k, lam)["lam"]
    return k, lam
"""


def verified(tmp_path: Path, text: str, model: Model | None) -> dict[str, bool | None]:
    path = tmp_path / "mine.py"
    path.write_text(text)
    _, checks = verify_file(path, model)
    return {check.claim: check.ok for check in checks}


def test_a_module_written_by_hand(tmp_path: Path) -> None:
    """Only what it offers is doubted; names of parameters are its own."""
    found = verified(tmp_path, MINE, family_model("weibull"))
    assert found == {"average_log_likelihood": True, "score": True, "step_alternating": True}


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ("k / lam * (np", "k / lam * (1 + 1e-9) * (np", {"score", "step_alternating"}),
        ('score(x, k, lam)["lam"]', 'score(x, old, lam)["lam"]', {"step_alternating"}),
        ("np.log(k / lam)", "np.log(k / lam) + 1e-9", {"average_log_likelihood"}),
        ("np.mean(z**k) - 1", "np.sum(z**k) / (len(x) - 0.5) - 1", {"score", "step_alternating"}),
        ('return {"k": up,', 'return {"j": 1.0, "k": up,', {"score"}),
    ],
)
def test_faults_by_hand(tmp_path: Path, before: str, after: str, wrong: set[str]) -> None:
    text = MINE.replace(before, after)
    assert text != MINE
    text = text.replace("    k = k + step", "    old = k\n    k = k + step")
    found = verified(tmp_path, text, family_model("weibull"))
    assert {claim for claim, ok in found.items() if ok is False} == wrong


def test_the_failing_example_is_small_and_true(tmp_path: Path) -> None:
    """One row, short numbers, and the value that should be there."""
    path = tmp_path / "mine.py"
    path.write_text("def score(x, rate):\n    return [1 / rate + sum(x) / len(x)]\n")
    _, (check,) = verify_file(path, family_model("exponential"))
    assert check.ok is False
    found = dict(part.split(" = ") for part in check.detail.split(" it gives")[0][3:].split(", "))
    x, rate = float(found["x"].strip("[]")), float(found["rate"])
    given, wanted = check.detail.split(" it gives ")[1].split(" in rate, not ")
    assert math.isclose(float(given), 1 / rate + x, rel_tol=1e-12)
    assert math.isclose(float(wanted), 1 / rate - x, rel_tol=1e-12)
    assert len(check.detail) < 90


def test_the_order_of_the_arguments(tmp_path: Path) -> None:
    text = "def score(data, sigma, mu):\n    return 0, 0\n"
    assert verified(tmp_path, text, family_model("normal"))["the arguments"] is False


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["student_t", "multivariate_normal", "regression"])
def test_a_file_says_its_model(name: str, target: str, tmp_path: Path) -> None:
    """The header of every language is read back; a density that was edited is seen."""
    path = written(target, doubts(name), tmp_path)
    header = header_of(path.read_text())
    assert header is not None
    assert header.is_whole
    assert header.model().symbols == doubts(name).model.symbols
    edited = header_of(path.read_text().replace("log f = -", "log f = ", 1))
    assert edited is not None
    assert not edited.is_whole


WRONG_FILES = (
    ("x = 1\n", "no function that can be checked"),
    ("1/0\n", "cannot be run: division by zero"),
    ("def score(:\n", "cannot be run"),
)


@pytest.mark.parametrize(("text", "sentence"), WRONG_FILES)
def test_files_that_are_no_programs(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        verify_file(path, family_model("normal"))


def test_files_that_do_not_say_their_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def score(x, mu):\n    return 0\n")
    with pytest.raises(InputError, match=r"name the model after it: `symmle verify mine\.py norm"):
        verify_file(path, None)
    with pytest.raises(InputError, match="was not found"):
        verify_file(tmp_path / "none.py", None)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="no text in UTF-8"):
        verify_file(path, family_model("normal"))


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "symmle", "verify", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)

    return run


def test_the_command(
    tmp_path: Path, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Exit status, JSON, and the sentences for words that do not fit together."""
    written("numpy", doubts("normal"), tmp_path)
    done = command("made.py", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] is True
    assert {check["ok"] for check in told["checks"]} == {True}
    (tmp_path / "mine.py").write_text(MINE.replace("- 1)", "+ 1)"))
    done = command("mine.py", "weibull")
    assert done.returncode == 1
    assert "FALSE" in done.stdout
    done = command("gamma", "weibull")
    assert done.returncode == 2
    assert "is no program" in done.stderr
