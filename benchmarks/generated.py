"""Time of generated code: NumPy, numba and C, beside np.sum and SciPy's `fit`.

    pip install numba
    python benchmarks/generated.py [--rounds 5] [--write]

All run in one process on the same data, turn about; medians are compared, as multiples of one
np.sum over the same column, or as shares of the time of scipy.stats `fit`.  numba and C are
compiled before the clock starts.  `--write` puts the tables into benchmarks/README.md.  Nothing is
asserted of a time: it is a fact about a machine.
"""

import argparse
import ctypes
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy import stats

from symmle.codegen import TARGETS, make_plan
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.families import family_model

PAGE = Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"
LARGE, MIDDLE, SMALL = 10_000_000, 1_000_000, 100_000

Calls = Mapping[str, Callable[[], object]]
Table = list[tuple[str, dict[str, float]]]


class Made:
    """The modules of one family: by NumPy, by numba, and a C library with its record."""

    def __init__(self, name: str, folder: Path) -> None:
        derivation = derive(family_model(name))
        plan = make_plan(derivation, estimate(derivation))
        for target in ("numpy", "numba", "c"):
            stem = f"{name}_{target}"
            for ending, text in TARGETS[target].spell(plan, stem).items():
                (folder / f"{stem}{ending}").write_text(text, encoding="utf-8")
        self.numpy = _module(folder / f"{name}_numpy.py")
        self.numba = _module(folder / f"{name}_numba.py")
        library = folder / f"{name}.so"
        source = str(folder / f"{name}_c.c")
        words = ["gcc", "-std=c99", "-O3", "-march=native", "-shared", "-fPIC", source]
        subprocess.run([*words, "-o", str(library), "-lm"], check=True)
        self._library, self._stem = ctypes.CDLL(str(library)), f"{name}_c"
        self._p = len(plan.model.parameters)

    def c(self, function: str, x: np.ndarray, *theta: float) -> Callable[[], object]:
        """A call of a function of the C library on a column."""
        column = x.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        rows, called = ctypes.c_size_t(len(x)), getattr(self._library, f"{self._stem}_{function}")
        out = (ctypes.c_double * max(64, self._p))()
        if function in ("fit", "take_statistics"):
            called.restype = ctypes.c_char_p
            return lambda: called(column, None, rows, out)
        data = (ctypes.c_double * 64)()
        self._library[f"{self._stem}_take_statistics"](column, None, rows, data)
        values = [ctypes.c_double(each) for each in theta]
        return lambda: called(data, *values, out)


def _module(path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


def _turns(calls: Calls, rounds: int) -> dict[str, float]:
    """The median time of each call, in milliseconds; all of them once a round."""
    for call in calls.values():
        call()  # compiled, and its data in memory
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(each) for name, each in times.items()}


def _passes(folder: Path, rounds: int) -> Table:
    """Statistics and fused passes, beside one np.sum."""
    draw = np.random.default_rng(1)
    found: Table = []
    normal, gamma, student = (Made(each, folder) for each in ("normal", "gamma", "student_t"))
    x = draw.normal(3, 2, LARGE)
    runs = {"n_steps": 10_000, "step": 0.5, "start": (2.0, 3.0)}
    for what, calls in {
        "normal: n, mean, variance, of 1e7 rows": {
            "NumPy": lambda: normal.numpy.statistics(x),
            "numba": lambda: normal.numba.statistics(x),
            "C": normal.c("take_statistics", x),
        },
        "normal: 10,000 gradient steps, 1e7 rows": {
            "NumPy": lambda: normal.numpy.gradient_ascent(x, **runs),
            "numba": lambda: normal.numba.gradient_ascent(x, **runs),
        },
    }.items():
        found.append((what, _turns({"np.sum": x.sum, **calls}, rounds)))
    z = draw.gamma(2.0, 1.5, LARGE)
    calls = {
        "NumPy": lambda: gamma.numpy.statistics(z),
        "numba": lambda: gamma.numba.statistics(z),
        "C": gamma.c("take_statistics", z),
        "np.log(x).sum()": lambda: np.log(z).sum(),
    }
    found.append(
        (
            "gamma: mean, mean of logs, their gap, 1e7 rows",
            _turns({"np.sum": z.sum, **calls}, rounds),
        )
    )
    y = draw.standard_t(5.0, MIDDLE)
    theta = (0.1, 1.1, 4.0)
    data, other = student.numpy.statistics(y), student.numba.statistics(y)
    calls = {
        "NumPy": lambda: student.numpy.newton_step(data, *theta),
        "numba": lambda: student.numba.newton_step(other, *theta),
        "C": student.c("newton_step", y, *theta),
    }
    found.append(
        ("Student t: one Newton step, 1e6 rows", _turns({"np.sum": y.sum, **calls}, rounds))
    )
    return found


FITS: Mapping[
    str, tuple[Callable[[np.random.Generator, int], np.ndarray], Callable[[np.ndarray], object]]
] = {
    "normal": (lambda r, n: r.normal(3, 2, n), stats.norm.fit),
    "gamma": (lambda r, n: r.gamma(2.0, 1.5, n), lambda x: stats.gamma.fit(x, floc=0)),
    "weibull": (lambda r, n: r.weibull(1.7, n), lambda x: stats.weibull_min.fit(x, floc=0)),
    "beta": (lambda r, n: r.beta(2.0, 3.0, n), lambda x: stats.beta.fit(x, floc=0, fscale=1)),
    "logistic": (lambda r, n: r.logistic(1.0, 2.0, n), stats.logistic.fit),
    "cauchy": (lambda r, n: r.standard_cauchy(n), stats.cauchy.fit),
    "student_t": (lambda r, n: r.standard_t(5.0, n), stats.t.fit),
}


def _fits(folder: Path, rounds: int) -> Table:
    """One fit at 1e5 rows, beside that of SciPy."""
    found: Table = []
    for name, (draw, scipy) in FITS.items():
        made, x = Made(name, folder), draw(np.random.default_rng(2), SMALL)
        calls = {
            "SciPy": lambda fit=scipy, x=x: fit(x),
            "NumPy": lambda made=made, x=x: made.numpy.fit(x),
            "numba": lambda made=made, x=x: made.numba.fit(x),
            "C": made.c("fit", x),
        }
        found.append((name, _turns(calls, rounds)))
    return found


def _shown(table: Table, base: str, columns: tuple[str, ...]) -> list[str]:
    lines = [
        f"| | {base}, ms | " + " | ".join(columns) + " |",
        "|---|---:|" + "---:|" * len(columns),
    ]
    for what, times in table:
        shares = [f"{times[each] / times[base]:.3g}" if each in times else "" for each in columns]
        lines.append(f"| {what} | {times[base]:.3g} | {' | '.join(shares)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    packages = ", ".join(f"{each} {version(each)}" for each in ("numpy", "scipy", "numba"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = ["Multiples of one np.sum over the same column:", ""]
        lines += _shown(
            _passes(folder, asked.rounds), "np.sum", ("NumPy", "numba", "C", "np.log(x).sum()")
        )
        lines += ["", "One fit of 100,000 rows, as a share of the time of SciPy's:", ""]
        lines += _shown(_fits(folder, asked.rounds), "SciPy", ("NumPy", "numba", "C"))
    lines += [
        "",
        f"Measured with {packages}; gcc -O3 -march=native; numba on {_threads()} threads.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if asked.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _threads() -> int:
    import numba

    return int(numba.get_num_threads())


if __name__ == "__main__":
    main()
