"""What starts up imports no more than it uses: laws on `sys.modules`, never on the clock."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = frozenset(
    {"sympy", "mpmath", "numpy", "scipy", "flint", "pyarrow", "matplotlib", "rich", "hypothesis"}
)
PROBE = """
import sys
try:
    {code}
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def loaded_by(code: str) -> frozenset[str]:
    """The heavy packages in sys.modules of a fresh interpreter after running one statement."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return HEAVY.intersection(done.stdout.splitlines()[-1].split())


def command(*words: str) -> str:
    """A statement that runs the command line in process."""
    return f"from symmle.cli import main; raise SystemExit(main({list(words)!r}))"


def test_the_probe_sees_what_is_imported() -> None:
    """The guard on the guard: a package that is imported is reported."""
    assert loaded_by("import symmle.model") >= {"sympy", "mpmath"}


@pytest.mark.parametrize(
    "code", ["import symmle", "import symmle; symmle.__version__; dir(symmle)"]
)
def test_importing_the_package_imports_nothing_heavy(code: str) -> None:
    """`import symmle` loads no package but the standard library."""
    assert loaded_by(code) == set()


@pytest.mark.parametrize(
    "words",
    [[], ["--help"], ["--version"], ["list"], ["list", "--json"], ["derive", "--help"]],
)
def test_what_needs_no_algebra_loads_none(words: list[str]) -> None:
    """Help, the version and the catalogue are text: neither SymPy nor NumPy is loaded for them."""
    assert loaded_by(command(*words)) == set()


@pytest.mark.parametrize(
    "words", [["derive"], ["derive", "gamma", "--json"], ["stability", "normal", "--json"]]
)
def test_a_derivation_loads_the_algebra_only(words: list[str]) -> None:
    """A derivation is symbolic: no array, plotting or data package is loaded for it.

    SymPy itself loads flint where it is installed.
    """
    assert loaded_by(command(*words)) <= {"sympy", "mpmath", "flint"}


def test_a_wrong_word_loads_no_algebra() -> None:
    """A typo in the verb or an option is told at once: exit status 2, nothing heavy loaded."""
    for words in (["derve"], ["derive", "--no-such-option"]):
        code = f"from symmle.cli import main; assert main({words!r}) == 2"
        assert loaded_by(code) == set()


def test_every_export_is_there() -> None:
    """Each name that the package promises resolves, and an unknown one is an AttributeError."""
    code = (
        "import symmle; "
        "assert all(getattr(symmle, name) is not None for name in symmle.__all__); "
        "assert set(symmle.__all__) <= set(dir(symmle)); "
        "assert not hasattr(symmle, 'no_such_verb')"
    )
    loaded_by(code)


@pytest.mark.parametrize("verb", ["derive", "estimate", "fit", "stability", "verify"])
def test_a_room_does_not_hide_the_verb_of_its_name(verb: str) -> None:
    """`symmle.VERB` is the function, whether or not the room `symmle/VERB` was imported before."""
    home = {"fit": "api"}.get(verb, verb)  # the verb takes names and columns, the room records
    code = (
        f"import importlib, symmle; importlib.import_module('symmle.{verb}'); "
        f"home = importlib.import_module('symmle.{home}'); "
        f"assert callable(symmle.{verb}); assert symmle.{verb} is home.{verb}; "
        f"from symmle import {verb} as again; assert again is home.{verb}"
    )
    loaded_by(code)


def without(package: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in a fresh interpreter in which a package cannot be imported."""
    code = f"import sys; sys.modules[{package!r}] = None; {command(*words)}"
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
    )


def test_what_needs_no_special_function_needs_no_scipy() -> None:
    """SciPy is an extra: the normal law is fitted, and its blow-up explained, without it."""
    data = ["normal", "tests/data/newcomb.csv"]
    found = without("scipy", "diagnose", *data, "--step", "2", "--start", "mu=20,sigma=0.4")
    assert found.returncode == 0, found.stderr
    assert "about 5.7 million updates" in found.stdout
    assert without("scipy", "fit", *data).returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["fit", "gamma", "tests/data/aircondit.csv"],
        [
            "diagnose",
            "gamma",
            "tests/data/aircondit.csv",
            "--step",
            "1",
            "--start",
            "shape=1,rate=1",
        ],
        ["verify", "gamma"],
    ],
)
def test_a_missing_extra_is_named(words: list[str]) -> None:
    """One sentence, status 2, with the command that brings it."""
    found = without("scipy", *words)
    assert found.returncode == 2
    assert "pip install 'symmle[fit]'" in found.stderr
    assert "fault of symmle" not in found.stderr
