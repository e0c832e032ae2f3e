"""How the programs of the other languages are laid out and typed; and that numba compiles its own.

What they compute is doubted in `test_verify_programs`.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from symmle import trial
from symmle.cli.options import TARGETS as OFFERED
from symmle.codegen import TARGETS, Plan, make_plan
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.families import family_model
from tests.own_models import OWN


class Case:
    """A plan, a small sample and a point inside the domains."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.columns = [[float(v) for v in column] for column in trial.sample(plan.model).values()]
        self.theta = [float(v) for v in trial.points(plan.model)[0].values()]


@cache
def case(name: str) -> Case:
    model = OWN[name] if name in OWN else family_model(name).freed()
    derivation = derive(model)
    return Case(make_plan(derivation, estimate(derivation)))


def texts(target: str, here: Case, stem: str) -> dict[str, str]:
    return dict(TARGETS[target].spell(here.plan, stem))


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
