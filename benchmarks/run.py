"""Measure what a user waits for, as ratios to what cannot be avoided: `import sympy`.

    python benchmarks/run.py [--rounds 11] [--write]

Whole processes are timed in rounds, every command once a round and in a new order each time, so
that a slow moment of the machine meets all of them alike; the medians are compared.  Derivations
are timed inside one process too.  `--write` puts the tables into benchmarks/README.md.
Nothing is asserted: a time is a fact about a machine.
"""

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "benchmarks" / "README.md"
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"
BASELINE = 'python -c "import sympy"'
DERIVE = """
import statistics, sys, time
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.families import family_model
from sympy.core.cache import clear_cache

def once():
    begin = time.perf_counter()
    estimate(derive(family_model(sys.argv[1])))
    return 1e3 * (time.perf_counter() - begin)

first = once()
cleared = []
for _ in range(7):
    clear_cache()
    cleared.append(once())
print(first, statistics.median(cleared), statistics.median(once() for _ in range(7)))
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A command as a reader would type it, what runs it, and the ratio aimed at."""

    text: str
    arguments: tuple[str, ...]
    target: str = ""


def cases(families: Sequence[str], folder: Path) -> list[Case]:
    """The commands measured; the first is what the others are compared with."""
    symmle = ("-m", "symmle")
    return [
        Case(BASELINE, ("-c", "import sympy")),
        Case('python -c "pass"', ("-c", "pass")),
        Case("python -m symmle --help", (*symmle, "--help"), "< 0.25"),
        Case("python -m symmle list", (*symmle, "list"), "< 0.25"),
        Case("python -m symmle derive", (*symmle, "derive"), "<= 2.0"),
        *(
            Case(f"python -m symmle derive {name} --json", (*symmle, "derive", name, "--json"))
            for name in families
        ),
        Case(
            "python -m symmle generate normal -o normal_mle.py",
            (*symmle, "generate", "normal", "-o", str(folder / "normal_mle.py"), "--force"),
        ),
    ]


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one process, on the clock and on the processor (which minds load less)."""

    clock: float
    processor: float


def spent_by(arguments: Sequence[str]) -> Spent:
    """What one fresh interpreter costs; a failing command raises, with its message on stderr."""
    before, begin = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    clock, after = time.perf_counter() - begin, os.times()
    user = after.children_user - before.children_user
    return Spent(clock, user + after.children_system - before.children_system)


def measure(wanted: Sequence[Case], rounds: int) -> Mapping[str, Spent]:
    """Medians of each command over interleaved rounds, after one round for the disk."""
    runs: dict[str, list[Spent]] = {case.text: [] for case in wanted}
    order = list(wanted)
    shuffle = random.Random(0).shuffle
    for done in range(rounds + 1):
        shuffle(order)
        for case in order:
            spent = spent_by(case.arguments)
            if done:
                runs[case.text].append(spent)
        print(f"round {done} of {rounds}", file=sys.stderr)
    return {
        text: Spent(
            statistics.median(each.clock for each in spent),
            statistics.median(each.processor for each in spent),
        )
        for text, spent in runs.items()
    }


def table_of_processes(wanted: Sequence[Case], medians: Mapping[str, Spent]) -> list[str]:
    """One row a command: milliseconds, and the ratios to the baseline."""
    lines = [
        "| command | ms | ratio | ratio of processor time | target |",
        "|---|---:|---:|---:|---:|",
    ]
    base = medians[BASELINE]
    for case in wanted:
        spent = medians[case.text]
        lines.append(
            f"| `{case.text}` | {1e3 * spent.clock:.0f} | {spent.clock / base.clock:.2f} "
            f"| {spent.processor / base.processor:.2f} | {case.target} |"
        )
    return lines


def table_of_derivations(families: Sequence[str]) -> list[str]:
    """One row a family: the first time in a process, with SymPy's cache cleared, and warm."""
    lines = ["| family | first, ms | cache cleared, ms | warm, ms |", "|---|---:|---:|---:|"]
    for name in families:
        done = subprocess.run(
            [sys.executable, "-c", DERIVE, name],
            capture_output=True,
            check=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        first, cleared, warm = map(float, done.stdout.split())
        lines.append(f"| {name} | {first:.0f} | {cleared:.0f} | {warm:.1f} |")
    return lines


def machine() -> str:
    """The class of the machine: enough to read the table by, no more."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"SymPy {version('sympy')}, NumPy {version('numpy')}"
    )


def write(text: str) -> None:
    """Put the tables between the marks of the page; the prose around them stays."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} must hold the marks {BEGIN.strip()} and {END.strip()}")
    PAGE.write_text(before + begin + "\n" + text + "\n" + end + after, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11, help="how often each command is run")
    parser.add_argument("--write", action="store_true", help="renew the tables in README.md")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from symmle.families import FAMILIES

    written = {path.stem for path in (ROOT / "derivations").glob("*.md")}
    families = sorted(written & set(FAMILIES))  # those whose derivation is written out
    with tempfile.TemporaryDirectory() as folder:
        wanted = cases(families, Path(folder))
        processes = table_of_processes(wanted, measure(wanted, options.rounds))
    tables = [*processes, "", *table_of_derivations(families), "", f"Measured on: {machine()}."]
    text = "\n".join(tables) + "\n"
    print(text)
    if options.write:
        write(text)


if __name__ == "__main__":
    main()
