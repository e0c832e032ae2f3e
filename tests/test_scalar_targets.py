"""Plain Python, C and JavaScript compute what the NumPy module computes, for every family.

Each program is run: C compiled by gcc without a warning and called through ctypes, JavaScript by
Node.  So both have to be there, as CI has them.
"""

import ctypes
import json
import math
import re
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symmle import trial
from symmle.cli.options import TARGETS as OFFERED
from symmle.codegen import TARGETS, Plan, make_plan
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.families import FAMILIES, family_model
from symmle.model import build_model

STEP = 0.01
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-shared", "-fPIC")
Answers = dict[str, list[float] | str]
VALUES = ("average_log_likelihood", "score", "hessian", "newton_step")
STEPS = ("step_simultaneous", "step_alternating")
OWN = {
    "names of C and JavaScript": build_model(
        "awkward names",
        "-log(double) - (out - register)**2/(2*double**2) - log(2*pi)/2",
        {"out": "real"},
        {"register": "real", "double": "positive"},
    ),
    "names of ours": build_model(
        "awkward names",
        "-log(slope) - (row - theta)**2/(2*slope**2) - log(1 + (row - theta)**2)*0 - log(2*pi)/2",
        {"row": "real"},
        {"theta": "real", "slope": "positive"},
    ),
    "functions that C and JavaScript lack": build_model(
        "skew",
        "log(2) - x**2/2 - log(2*pi)/2 + log(Phi(a*x)) - log(1 + exp(-b))",
        {"x": "real"},
        {"a": "real", "b": "positive"},
    ),
    "regression": build_model(
        "regression",
        "-log(s) - (y - a - b*x)**2/(2*s**2)",
        {"y": "real", "x": "real"},
        {"a": "real", "b": "real", "s": "positive"},
    ),
}


class Case:
    """A plan, a small sample and a point inside the domains."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        model = plan.model
        self.columns = [[float(v) for v in column] for column in trial.sample(model).values()]
        self.theta = [float(v) for v in trial.points(model)[0].values()]
        self.weights = [1.0 + i % 3 for i in range(len(self.columns[0]))]
        self.p = len(self.theta)


@cache
def case(name: str) -> Case:
    model = OWN[name] if name in OWN else family_model(name).freed()
    derivation = derive(model)
    return Case(make_plan(derivation, estimate(derivation)))


def module(text: str, name: str) -> types.ModuleType:
    made = types.ModuleType(name)
    sys.modules[name] = made  # NamedTuple looks its own module up
    exec(compile(text, name, "exec"), made.__dict__)
    return made


def uncompiled(text: str, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The module for numba as Python runs it: what it computes does not need the compiler."""
    plain = types.SimpleNamespace(njit=lambda **_: lambda function: function, prange=range)
    monkeypatch.setitem(sys.modules, "numba", plain)
    return module(text, "made_numba")


def flat(value: object) -> list[float]:
    return [float(each) for each in np.ravel(np.asarray(value, dtype=float))]


def told(call: Callable[[], object]) -> list[float] | str:
    try:
        return flat(call())
    except ValueError as error:
        return str(error)


def by_module(
    made: types.ModuleType, here: Case, weights: Sequence[float] | None, fitted: bool = True
) -> Answers:
    data = made.statistics(*here.columns, weights=weights)
    found: Answers = {}
    for name in VALUES:
        try:
            found[name] = flat(getattr(made, name)(data, *here.theta))
        except np.linalg.LinAlgError:
            found[name] = [math.nan] * here.p
    for name in STEPS:
        found[name] = flat(getattr(made, name)(data, *here.theta, STEP))
    if fitted:
        found["fit"] = told(lambda: made.fit(*here.columns, weights=weights))
    return found


def texts(target: str, here: Case, stem: str) -> dict[str, str]:
    return dict(TARGETS[target].spell(here.plan, stem))


def by_c(here: Case, folder: Path, weights: Sequence[float] | None) -> Answers:
    stem = "made"
    for ending, text in texts("c", here, stem).items():
        (folder / f"{stem}{ending}").write_text(text)
    library = folder / f"{stem}.so"
    if not library.exists():
        words = ["gcc", *FLAGS, str(folder / f"{stem}.c"), "-o", str(library), "-lm"]
        subprocess.run(words, check=True, timeout=100)
    called = ctypes.CDLL(str(library))
    record = _record((folder / f"{stem}.h").read_text())()
    columns = [_array(column) for column in here.columns]
    rows = (
        *columns,
        None if weights is None else _array(weights),
        ctypes.c_size_t(len(columns[0])),
    )
    take = called.made_take_statistics
    take.restype = ctypes.c_char_p
    assert take(*rows, ctypes.byref(record)) is None
    found: Answers = {}
    data, theta = ctypes.byref(record), [ctypes.c_double(v) for v in here.theta]
    value = called.made_average_log_likelihood
    value.restype = ctypes.c_double
    found["average_log_likelihood"] = [value(data, *theta)]
    for name in (*VALUES[1:], *STEPS):
        out = (ctypes.c_double * (here.p**2 if name == "hessian" else here.p))()
        more = [ctypes.c_double(STEP)] if name in STEPS else []
        getattr(called, f"made_{name}")(data, *theta, *more, out)
        found[name] = list(out)
    called.made_release(data)
    if here.plan.fit.refusal is None:
        estimate = (ctypes.c_double * here.p)()
        fit = called.made_fit
        fit.restype = ctypes.c_char_p
        reason = fit(*rows, estimate)
        found["fit"] = list(estimate) if reason is None else reason.decode()
    return found


def _array(values: Sequence[float]) -> Any:
    return (ctypes.c_double * len(values))(*values)


def _record(header: str) -> type[ctypes.Structure]:
    """The struct of the statistics, as the header declares it."""

    class Rows(ctypes.Structure):
        _fields_ = (("at", ctypes.POINTER(ctypes.c_double)), ("n", ctypes.c_long))

    body = header.split("_statistics {")[1].split("}")[0]
    found = re.findall(r"^    (\w+) (\w+);", body, re.MULTILINE)
    kinds = [(name, ctypes.c_double if kind == "double" else Rows) for kind, name in found]
    return type("Record", (ctypes.Structure,), {"_fields_": kinds})


RUN = """
import * as made from "./made.mjs";
const [columns, theta, weights, step] = %s;
const tell = (v) => Array.isArray(v) ? v.map(tell) : Number.isFinite(v) ? v : null;
const data = made.statistics(...columns, weights);
const found = {};
for (const name of %s) found[name] = tell(made[name](data, ...theta));
for (const name of %s) found[name] = tell(made[name](data, ...theta, step));
try { found.fit = tell(Object.values(made.fit(...columns, weights))); }
catch (error) { found.fit = error.message; }
console.log(JSON.stringify(found));
"""


def by_javascript(here: Case, folder: Path, weights: Sequence[float] | None) -> Answers:
    (folder / "made.mjs").write_text(texts("javascript", here, "made")[".mjs"])
    given = json.dumps([here.columns, here.theta, weights, STEP])
    run = folder / "run.mjs"
    run.write_text(RUN % (given, json.dumps(VALUES), json.dumps(STEPS)))
    done = subprocess.run(
        ["node", str(run)], check=True, timeout=100, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    return {name: value if isinstance(value, str) else flat(value) for name, value in found.items()}


def without_fit(found: Answers) -> Answers:
    return {name: value for name, value in found.items() if name != "fit"}


def require_alike(found: Answers, wanted: Answers) -> None:
    """The same sentences, and numbers that agree to what their roundings allow."""
    for name, value in found.items():
        other = wanted[name]
        if isinstance(value, str) or isinstance(other, str):
            assert value == other, name
            continue
        loose = {"newton_step": 1e-9, "fit": 1e-8}.get(name, 1e-11)
        size = [loose * (1 + abs(each)) if math.isfinite(each) else 0 for each in other]
        for mine, theirs, bound in zip(value, other, size, strict=True):
            assert (math.isnan(mine) and math.isnan(theirs)) or abs(mine - theirs) <= bound, name


@pytest.mark.parametrize("name", [*FAMILIES, *OWN])
def test_every_target_computes_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statistics, value, score, Hessian, Newton's move, both steps and the fit, weighted or not."""
    here = case(name)
    numpy = module(texts("numpy", here, "made")[".py"], "made_numpy")
    python = module(texts("python", here, "made")[".py"], "made_python")
    numba = uncompiled(texts("numba", here, "made")[".py"], monkeypatch)
    for weights in (None, here.weights):
        wanted = by_module(numpy, here, weights)
        require_alike(by_module(python, here, weights), wanted)
        require_alike(by_module(numba, here, weights, fitted=False), wanted)
        require_alike(by_c(here, tmp_path, weights), wanted)
        require_alike(by_javascript(here, tmp_path, weights), wanted)


@pytest.mark.parametrize("name", ["gamma", "student_t", "negative_binomial", "laplace"])
def test_numba_compiles_and_computes_the_same(name: str, tmp_path: Path) -> None:
    """Fit and all, in a process of its own, for more rows than a block; the same bits again."""
    here = case(name)
    (tmp_path / "made_numba.py").write_text(texts("numba", here, "made")[".py"])
    (tmp_path / "made_numpy.py").write_text(texts("numpy", here, "made")[".py"])
    repeats = 1 + 3000 // len(here.columns[0])
    columns = [column * repeats for column in here.columns]
    (tmp_path / "run.py").write_text(COMPILED % (json.dumps(columns), json.dumps(here.theta)))
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.split() == ["alike"] * 8, done.stderr[-2000:]


COMPILED = """
import numpy as np, numba, made_numba, made_numpy
columns, theta = %s, %s
def require(found, wanted, loose):
    found, wanted = np.ravel(found), np.ravel(wanted)
    assert np.all(np.abs(found - wanted) <= loose * (1 + np.abs(wanted))), (found, wanted)
    print("alike")
for weights in (None, [1.0 + i %% 3 for i in range(len(columns[0]))]):
    data, other = (made.statistics(*columns, weights=weights) for made in (made_numba, made_numpy))
    once = made_numba.hessian(data, *theta)
    require(once, made_numpy.hessian(other, *theta), 1e-11)
    require(made_numba.score(data, *theta), made_numpy.score(other, *theta), 1e-11)
    try:
        wanted = made_numpy.fit(*columns, weights=weights)
    except ValueError as error:
        try:
            made_numba.fit(*columns, weights=weights)
        except ValueError as mine:
            assert str(mine) == str(error)
            print("alike")
    else:
        require(made_numba.fit(*columns, weights=weights), wanted, 1e-8)
    numba.set_num_threads(1)
    again = made_numba.hessian(made_numba.statistics(*columns, weights=weights), *theta)
    assert again == once
    print("alike")
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
"""


@pytest.mark.parametrize("target", ["python", "numba"])
@pytest.mark.parametrize("name", ["gamma", "generalised_gamma", "logit_normal", "von_mises", *OWN])
def test_python_is_laid_out_and_typed(name: str, target: str, tmp_path: Path) -> None:
    """As `ruff format` leaves it; plain Python also passes `mypy --strict`."""
    file = tmp_path / "made.py"
    file.write_text(texts(target, case(name), "made")[".py"])
    ruff = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "100"]
    subprocess.run([*ruff, str(file)], check=True, timeout=60)
    if target == "python":
        mypy = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}"]
        subprocess.run([*mypy, str(file)], check=True, timeout=100)


def test_the_command_line_offers_the_targets() -> None:
    """Its list, which it keeps itself in order to start quickly, is the one of the engine."""
    assert set(OFFERED) == set(TARGETS)
