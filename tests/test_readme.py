"""The README runs: its Python, its commands, and what it shows of their output.

Every python block is executed, in order, in one namespace; a text block right below it is what it
prints.  Every console block is a session: `$ python -m symmle ...`, the output shown (a line `...`
stands for any number of lines), and `$ echo $?` where the exit status is not 0.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import symmle

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A line typed into a shell, what is shown below it, and the exit status it ends with."""

    words: tuple[str, ...]
    shown: str
    status: int


def blocks(text: str) -> list[tuple[str, str]]:
    """(language, content) of every fenced block, in order."""
    return [(match[1], match[2]) for match in FENCE.finditer(text)]


def session(block: str) -> list[Command]:
    """The commands of a console block."""
    commands: list[Command] = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        if line == "echo $?":
            last = commands.pop()
            commands.append(Command(last.words, last.shown, int(shown)))
        else:
            commands.append(Command(tuple(shlex.split(line)), shown, 0))
    return commands


def agrees(shown: str, printed: str) -> bool:
    """Whether what is shown is what was printed; nothing shown promises nothing."""
    if not shown.strip():
        return True
    lines = (r"(?:.*\n)*" if line == "..." else re.escape(line) + "\n" for line in trimmed(shown))
    return re.fullmatch("".join(lines), "\n".join(trimmed(printed)) + "\n") is not None


def trimmed(text: str) -> list[str]:
    """Lines without the blanks at their ends, and without blank lines around them."""
    return [line.rstrip() for line in text.strip("\n").splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the README names: the data, and what it shows of others."""
    path = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "tests" / "data", path / "tests" / "data")
    for language, content in blocks(README):
        named = re.match(r"# (\w+\.py)\n", content)
        if language == "python" and named:
            (path / named[1]).write_text(content, encoding="utf-8")
    return path


def test_the_first_shell_is_two_lines() -> None:
    """The first block of shell holds the two commands that continuous integration runs."""
    first = next(content for language, content in blocks(README) if language == "sh")
    set_up, test = first.splitlines()
    assert set_up.startswith("python3 -m venv .venv && ")
    assert set_up.endswith("python -m symmle derive")
    assert test.endswith("python -m pytest -q")


def test_the_python_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each python block runs after those above it, and prints what stands right below it."""
    monkeypatch.chdir(folder)
    namespace: dict[str, object] = {}
    parts = blocks(README)
    count = 0
    for (language, code), (following, shown) in zip(parts, [*parts[1:], ("", "")], strict=True):
        if language != "python":
            continue
        count += 1
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, f"README.md, python block {count}", "exec"), namespace)
        if following == "text":
            assert agrees(shown, out.getvalue()), out.getvalue()
    assert count


SESSIONS = [content for language, content in blocks(README) if language == "console"]


@pytest.mark.parametrize("block", SESSIONS, ids=[f"session {i + 1}" for i in range(len(SESSIONS))])
def test_the_sessions_run(block: str, folder: Path) -> None:
    """Each command of a session ends with its status and prints what is shown."""
    commands = session(block)
    assert commands
    for command in commands:
        assert command.words[:3] == ("python", "-m", "symmle")
        done = subprocess.run(
            [sys.executable, *command.words[1:]],
            check=False,
            cwd=folder,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == command.status, done.stdout
        assert agrees(command.shown, done.stdout), done.stdout


def test_the_comparison_can_fail() -> None:
    """The guard on the guard: other, missing and additional lines are seen."""
    assert agrees("a\n...\nd\n", "a\nb\nc\nd\n")
    assert agrees("a\n", "a  \n\n")
    assert not agrees("a\n...\nd\n", "a\nb\nc\n")
    assert not agrees("a\n", "a\nb\n")
    assert not agrees("a.c\n", "abc\n")
    (command,) = session("$ python -m symmle derive gama\nno\n$ echo $?\n2\n")
    assert command == Command(("python", "-m", "symmle", "derive", "gama"), "no\n", 2)


def table_under(heading: str) -> list[str]:
    """The first cells of the table below a heading, without their code marks."""
    body = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in body.splitlines() if line.startswith("|")]
    return [row.split("|")[1].strip().strip("`") for row in rows[2:]]


def test_the_table_of_verbs_is_complete() -> None:
    """The table holds the verbs that `--help` offers, each of which can explain itself."""
    verbs = [cell.split()[0] for cell in table_under("Verbs")]
    assert sorted(verbs) == sorted(offered())
    for verb in verbs:
        assert f"symmle {verb} " in helped(verb)


def helped(*words: str) -> str:
    """What `symmle WORDS --help` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "symmle", *words, "--help"],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
    )
    return done.stdout


def offered() -> list[str]:
    """The verbs in the usage line of `symmle --help`, which reads {list,derive,...}."""
    match = re.search(r"\{([\w,\s]+)\}", helped())
    assert match, "the usage line names no verbs"
    return [verb.strip() for verb in match[1].split(",")]


def test_the_table_of_dependencies_is_complete() -> None:
    """Every package that pyproject.toml asks for stands in the table with its reason."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *(each for extra in extras.values() for each in extra)]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in asked} - {"symmle"}
    assert {name for cell in table_under("Dependencies") for name in cell.split(", ")} == names


def test_the_papers_name_one_version() -> None:
    """CITATION.cff and CHANGELOG.md speak of the version that the package reports."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {symmle.__version__}\n" in citation
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{symmle.__version__}]" in changes
