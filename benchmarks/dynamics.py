"""Time of basin maps, bifurcation diagrams, diagnoses and stable sets.

    pip install numba
    python benchmarks/dynamics.py [--rounds 3] [--write]

A basin map and a bifurcation diagram are timed in one process against the same loop written by
hand, in vectorised NumPy and, where it is installed, in numba (compiled before the clock starts);
the answers are compared.  Stable sets and diagnoses are timed as whole processes, the way a user
meets them, and compared with `python -c "import sympy"`; stable sets also by themselves.
`--write` puts the tables into
benchmarks/README.md.  Nothing is asserted of a time: it is a fact about a machine.
"""

import argparse
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import sympy as sp

from symmle.cli.point import at_values
from symmle.cli.stability_verb import analysed_at
from symmle.derive import derive
from symmle.diagnosis import case_of_problem
from symmle.families import family_model
from symmle.pictures.basin import basin
from symmle.pictures.bifurcation import bifurcation_of_map
from symmle.problem import build_problem
from symmle.schemes import alternating, simultaneous

PAGE = Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- dynamics: begin -->\n", "<!-- dynamics: end -->\n"
NEWCOMB = Path(__file__).resolve().parents[1] / "tests" / "data" / "newcomb.csv"
SIDE, STEP, NEAR = 1000, 0.5, 1e-6
VALUES, SETTLING, KEPT = 1200, 3000, 240

ALONE = {
    "gamma": "shape=2,rate=1",
    "student_t": "location=0,scale=1,df=5",
    "skew_normal": "location=0,scale=1,alpha=2",
    "generalised_extreme_value": "location=0,scale=1,shape=0.1",
    "two_piece_student_t": "location=0,scale=1,df=5,skew=2",
    "dirichlet": "a1=1,a2=2,a3=3",
    "multivariate_normal": "mu1=0,mu2=0,s11=1,s12=0.3,s22=2",
}

Times = list[tuple[str, str, float, float]]  # what, who, milliseconds, times ours


def _timed(call: Callable[[], object], rounds: int) -> tuple[float, object]:
    found, answer = [], None
    for _ in range(rounds):
        start = time.perf_counter()
        answer = call()
        found.append(1000 * (time.perf_counter() - start))
    return statistics.median(found), answer


# ---- the basin of the normal law in units of its estimate, 1000 x 1000 starts


def _by_numpy(m: np.ndarray, s: np.ndarray, count: int) -> np.ndarray:
    for _ in range(count):
        m, s = m - STEP * m / s**2, s + STEP * ((m * m + 1) / s**3 - 1 / s)
    return (np.abs(m) < NEAR) & (np.abs(s - 1) < NEAR)


def _one_start(m: float, s: float, count: int) -> bool:
    for _ in range(count):
        square = s * s
        m, s = m - STEP * m / square, s + STEP * ((m * m + 1) / (square * s) - 1 / s)
        if abs(m) < NEAR and abs(s - 1) < NEAR:
            return True
    return False


def _basin_rows(rounds: int) -> Times:
    problem = build_problem(
        "normal",
        {
            "objective": {"maximise": "-log(s) - (m**2 + 1)/(2*s**2)"},
            "variables": {"m": "real", "s": "positive"},
            "at": {"m": "0", "s": "1"},
        },
    )
    case = case_of_problem(problem)
    scheme = simultaneous(case.symbols)
    ours, map_ = _timed(lambda: basin(case, scheme, sp.Float(STEP), {}, None, {}, ""), rounds)
    m, s = (each.ravel() for each in np.meshgrid(map_.x, map_.y))
    count = map_.updates
    rows = [("basin map", "symmle", ours, 1.0)]
    theirs, there = _timed(lambda: _by_numpy(m, s, count), rounds)
    rows.append(("basin map", "NumPy, every start to the end", theirs, theirs / ours))
    _agree(np.mean(there), map_.kinds[0].share)
    if importlib.util.find_spec("numba"):
        import numba

        one = numba.njit(_one_start)

        @numba.njit
        def all_starts(m, s, count):
            found = np.zeros(len(m), dtype=np.bool_)
            for i in range(len(m)):
                found[i] = one(m[i], s[i], count)
            return found

        all_starts(m[:2], s[:2], count)
        theirs, there = _timed(lambda: all_starts(m, s, count), rounds)
        rows.append(("basin map", "numba, one core", theirs, theirs / ours))
        _agree(np.mean(there), map_.kinds[0].share)
    return rows


# ---- the bifurcation diagram of the logistic map


def _orbit_by_numpy(values: np.ndarray) -> np.ndarray:
    x, kept = np.full(len(values), 0.3), np.empty((KEPT, len(values)))
    for _ in range(SETTLING):
        x = values * x * (1 - x)
    for k in range(KEPT):
        x = values * x * (1 - x)
        kept[k] = x
    return kept


def _orbit_of_one(r: float, kept: np.ndarray) -> None:
    x = 0.3
    for _ in range(SETTLING):
        x = r * x * (1 - x)
    for k in range(KEPT):
        x = r * x * (1 - x)
        kept[k] = x


def _bifurcation_rows(rounds: int) -> Times:
    problem = build_problem(
        "logistic",
        {
            "map": {"x": "r*x*(1 - x)"},
            "variables": {"x": "(0, 1)"},
            "constants": {"r": "positive"},
            "at": {"x": "(r - 1)/r"},
        },
    )
    from symmle.pictures.view import Window

    (x,) = problem.symbols
    (given,) = problem.given
    window = Window(2.5, 4.0)
    ours, found = _timed(
        lambda: bifurcation_of_map(problem, given.symbol, {x: 0.3}, window), rounds
    )
    values = found.values
    rows = [("bifurcation diagram", "symmle", ours, 1.0)]
    theirs, kept = _timed(lambda: _orbit_by_numpy(values), rounds)
    rows.append(("bifurcation diagram", "NumPy", theirs, theirs / ours))
    settled = values < 2.99
    _agree(np.max(np.abs(kept[-1] - (1 - 1 / values))[settled]), 0.0)
    if importlib.util.find_spec("numba"):
        import numba

        one = numba.njit(_orbit_of_one)

        @numba.njit
        def all_values(values):
            kept = np.empty((len(values), KEPT))
            for i in range(len(values)):
                one(values[i], kept[i])
            return kept

        all_values(values[:2])
        theirs, _ = _timed(lambda: all_values(values), rounds)
        rows.append(("bifurcation diagram", "numba, one core", theirs, theirs / ours))
    return rows


def _agree(first: float, second: float) -> None:
    if abs(first - second) > 2e-3:
        raise SystemExit(f"the answers differ: {first} and {second}")


# ---- whole processes


def _quadratic(size: int) -> str:
    """A positive definite form whose variables all act on each other."""
    names = [f"x{i}" for i in range(size)]
    terms = [f"{i + 2}*{name}**2/2" for i, name in enumerate(names)]
    terms += [f"{a}*{b}/{size}" for i, a in enumerate(names) for b in names[:i]]
    lines = [f'{name} = "real"' for name in names]
    return f'[objective]\nminimise = "{" + ".join(terms)}"\n[variables]\n' + "\n".join(lines) + "\n"


def _regression(folder: Path, slopes: int) -> list[str]:
    """Least squares with this many slopes, and the deviation."""
    draw = np.random.default_rng(4)
    columns = draw.normal(size=(40, slopes))
    y = columns @ np.arange(1, slopes + 1) + draw.normal(size=40)
    names = [f"x{i}" for i in range(slopes)]
    file = folder / f"regression{slopes}.csv"
    table = np.column_stack([y, columns])
    np.savetxt(file, table, delimiter=",", header=",".join(["y", *names]), comments="")
    gap = "y - " + " - ".join(f"b{i}*x{i}" for i in range(slopes))
    words = ["stability", "--logpdf", f"-log(s) - ({gap})**2/(2*s**2)", "--data-symbol", "y"]
    for name in names:
        words += ["--data-symbol", name]
    for i in range(slopes):
        words += ["--param", f"b{i}"]
    return [*words, "--param", "s>0", "--data", str(file), "--json"]


def _process_rows(rounds: int) -> Times:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = {
            "stable set, 2 parameters (gamma)": ["stability", "gamma", "--at", "shape=2,rate=1"],
            "stable set, 3 parameters (Student's t)": [
                "stability", "student_t", "--at", "location=0,scale=1,df=5",
            ],
        }  # fmt: skip
        for size in (2, 3, 4, 5):
            file = folder / f"form{size}.toml"
            file.write_text(_quadratic(size), encoding="utf-8")
            commands[f"stable set, {size} variables (quadratic form)"] = ["stability", str(file)]
        for slopes in (2, 3, 4):
            name = f"stable set, {slopes + 1} parameters (regression on 40 rows)"
            commands[name] = _regression(folder, slopes)
        commands["diagnose, a run that takes 5.7 million updates"] = [
            "diagnose", "normal", str(NEWCOMB), "--step", "2", "--start", "mu=20,sigma=0.4",
        ]  # fmt: skip
        base = _process(["-c", "import sympy"], rounds)
        rows = [('`python -c "import sympy"`', "", base, 1.0)]
        for what, words in commands.items():
            taken = _process(["-m", "symmle", *words], rounds)
            rows.append((what, "symmle", taken, taken / base))
    return rows


def _alone(name: str, at: str) -> float:
    """Milliseconds of the stable set of the slower of two schemes, the derivation not counted."""
    derivation = derive(family_model(name))
    point, step = at_values(derivation, at), sp.Symbol("step", positive=True)
    symbols = derivation.model.symbols
    return max(
        _timed(lambda scheme=scheme: analysed_at(derivation, scheme, step, point, None), 1)[0]
        for scheme in (simultaneous(symbols), alternating(symbols))
    )


def _alone_rows(rounds: int) -> list[tuple[str, int, float]]:
    """Stable sets by themselves, each in a fresh process, for nothing to be known from before."""
    rows = []
    for name, at in ALONE.items():
        words = [sys.executable, __file__, "--alone", name]
        told = [subprocess.run(words, check=True, capture_output=True) for _ in range(rounds)]
        taken = statistics.median(float(each.stdout) for each in told)
        rows.append((f"{name} at {at}", at.count("="), taken))
    return rows


def _process(words: list[str], rounds: int) -> float:
    def call() -> None:
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)

    return _timed(call, rounds)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--alone", choices=ALONE, help="print the time of one stable set")
    asked = parser.parse_args()
    if asked.alone:
        print(_alone(asked.alone, ALONE[asked.alone]))
        return
    packages = [each for each in ("numpy", "numba", "sympy") if importlib.util.find_spec(each)]
    left_out = "" if "numba" in packages else "; numba is not installed, and was left out"
    told = ", ".join(f"{each} {version(each)}" for each in packages) + left_out
    lines = [
        f"Measured with {told}.",
        "",
        "| what | who | ms | times ours |",
        "|---|---|---:|---:|",
    ]
    for what, who, taken, ratio in _basin_rows(asked.rounds) + _bifurcation_rows(asked.rounds):
        lines.append(f"| {what} | {who} | {taken:.3g} | {ratio:.3g} |")
    lines += ["", "| command | ms | times `import sympy` |", "|---|---:|---:|"]
    for what, _, taken, ratio in _process_rows(asked.rounds):
        lines.append(f"| {what} | {taken:.4g} | {ratio:.3g} |")
    lines += ["", "| stable set, derivation not counted | parameters | ms |", "|---|---:|---:|"]
    lines += [f"| {what} | {count} | {ms:.4g} |" for what, count, ms in _alone_rows(asked.rounds)]
    text = "\n".join(lines) + "\n"
    print(text)
    if asked.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
