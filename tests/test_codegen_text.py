"""The text of generated modules: stable, readable, checked by its own tests."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp

from symmle.codegen import TARGETS, digest, generate, generate_tests, load, make_plan
from symmle.codegen.invariance import invariance
from symmle.codegen.printer import Printer
from symmle.codegen.runtime.columns import _covariance, _mean, _quantile
from symmle.codegen.runtime.special import (
    _expit,
    _inverse_minus_trigamma,
    _log_gap,
    _log_minus_digamma,
    _rise,
    _tails,
)
from symmle.codegen.stable import stable
from symmle.derive import derive
from symmle.errors import SymmleError
from symmle.estimate import estimate
from symmle.families import family_model
from symmle.model import Model, build_model
from tests.by_rows import WORKED

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parent.parent
PINNED = ("normal", "weibull")  # with their tests
PROGRAMS = (
    ("gamma", "numpy"),
    ("student_t", "numpy"),
    ("laplace", "numpy"),
    ("negative_binomial", "numpy"),
    ("multivariate_normal", "numpy"),
    ("normal", "python"),
    ("weibull", "numba"),
    ("normal", "c"),
    ("gamma", "c"),
    ("poisson", "javascript"),
)


def texts(model: Model, name: str) -> tuple[str, str]:
    derivation = derive(model)
    estimator = estimate(derivation)
    return generate(derivation, estimator), generate_tests(derivation, estimator, name)


@pytest.fixture(scope="module")
def written() -> dict[str, tuple[str, str]]:
    """(module, its tests) of every family."""
    return {name: texts(family_model(name), f"{name}_mle") for name in WORKED}


def require_golden(file: str, text: str) -> None:
    """A change of a generated text is seen in review; SYMMLE_REFRESH_GOLDEN=1 accepts it."""
    path = GOLDEN / file
    if os.environ.get("SYMMLE_REFRESH_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", PINNED)
def test_golden_copies(written: dict[str, tuple[str, str]], name: str) -> None:
    """The module for NumPy and the tests beside it."""
    for file, text in zip((f"{name}_mle.py", f"check_{name}_mle.py"), written[name], strict=True):
        require_golden(file, text)


@pytest.mark.parametrize(("name", "target"), PROGRAMS)
def test_golden_programs(name: str, target: str) -> None:
    """With the two above, twelve modules in every language."""
    derivation = derive(family_model(name).freed())
    stem = f"{name}_{target}"
    plan = make_plan(derivation, estimate(derivation))
    for ending, text in TARGETS[target].spell(plan, stem).items():
        require_golden(f"{stem}{ending}", text)


def test_every_module_is_as_the_formatter_leaves_it(
    written: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    """ruff format changes nothing and ruff check finds nothing, under this project's rules."""
    for name, (module, tests) in written.items():
        (tmp_path / f"{name}_mle.py").write_text(module, encoding="utf-8")
        (tmp_path / f"test_{name}_mle.py").write_text(tests, encoding="utf-8")
    for what in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *what, "--config", str(ROOT / "pyproject.toml"), "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def failures(folder: Path, name: str, module: str, tests: str) -> set[str]:
    """The tests of a generated test file that fail on a module's text."""
    (folder / f"{name}.py").write_text(module, encoding="utf-8")
    path = folder / f"test_{name}.py"
    path.write_text(tests, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"checks_of_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    checks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checks)
    bad = set()
    for title, test in vars(checks).items():
        if title.startswith("test_"):
            cases = {"test_digest": [()], "test_data_are_checked": [()]}.get(
                title, [(case,) for case in (checks.FITS if title == "test_fit" else checks.CASES)]
            )
            for arguments in cases:
                try:
                    test(*arguments)
                except (AssertionError, ArithmeticError, ValueError):
                    bad.add(title)
    return bad


@pytest.mark.parametrize("name", WORKED)
def test_the_tests_of_a_module_pass(
    written: dict[str, tuple[str, str]], tmp_path: Path, name: str
) -> None:
    """The untouched module is clean: no false alarm; and its estimate is among what is tested."""
    module, tests = written[name]
    assert "FITS = [" in tests
    assert failures(tmp_path, f"{name}_mle", module, tests) == set()


def test_pytest_runs_the_test_file(written: dict[str, tuple[str, str]], tmp_path: Path) -> None:
    """As a user runs it: beside the module, in a plain folder."""
    module, tests = written["gamma"]
    (tmp_path / "gamma_mle.py").write_text(module, encoding="utf-8")
    (tmp_path / "test_gamma_mle.py").write_text(tests, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


# (family, what stands in the module, what is put there, a test that must see it)
FAULTS = [
    ("normal", "mu = data.mean_x - mu", "mu = data.mean_x + mu", "test_derivatives"),
    ("normal", "- 1 / sigma\n", "+ 1 / sigma\n", "test_derivatives"),
    (
        "normal",
        "sigma_squared = sigma * sigma",
        "sigma_squared = sigma + sigma",
        "test_derivatives",
    ),
    ("normal", "0.9189385332046728", "0.9189385332446728", "test_derivatives"),
    ("normal", "_slope_sigma(data, mu, sigma)\n", "_slope_sigma(data, old, sigma)\n", "test_steps"),
    ("normal", "mu + step * slope_mu", "mu - step * slope_mu", "test_steps"),
    ("normal", "_sum(values) / len(values)", "_sum(values) / (len(values) - 1)", "test_statistics"),
    ("normal", "math.sqrt(data.var_x)", "data.var_x", "test_fit"),
    ("normal", "_slope_mu, _slope_sigma)", "_slope_sigma, _slope_mu)", "test_ascents"),
    ("normal", "range(n_inner)", "range(n_inner + 1)", "test_ascents"),
    ("normal", "column >= 0, column", "column >= -2, column", "test_data_are_checked"),
    ("gamma", "data.mean_x * rate", "data.mean_log_x * rate", "test_derivatives"),
    ("gamma", "shape / data.mean_x", "data.mean_x / shape", "test_fit"),
    ("gamma", "1 / 12 - w", "1 / 12 + w", "test_fit"),
    ("weibull", "mean1 - mean2 / mean4", "mean1 + mean2 / mean4", "test_fit"),
    ("cauchy", "z_squared + 1", "z_squared + 2", "test_derivatives"),
    ("poisson", "data.mean_x / rate - 1", "data.mean_x / rate - 2", "test_derivatives"),
]


@pytest.mark.parametrize(("name", "old", "new", "seen_by"), FAULTS)
def test_the_tests_of_a_module_can_fail(
    written: dict[str, tuple[str, str]],
    tmp_path: Path,
    name: str,
    old: str,
    new: str,
    seen_by: str,
) -> None:
    """A sign, a factor, n - 1, the old mu, a wrong order: each turns its test red."""
    module, tests = written[name]
    assert old in module
    broken = module.replace(old, new)
    if "old" in new:
        broken = broken.replace("    mu = mu + step", "    old = mu\n    mu = mu + step")
    assert seen_by in failures(tmp_path, f"{name}_mle", broken, tests)


def test_the_plan_prints_itself() -> None:
    """Statistics first, then each formula; a pass is a mean over rows, a statistic is not."""
    derivation = derive(family_model("weibull"))
    plan = make_plan(derivation, estimate(derivation))
    text = str(plan)
    assert "mean_log_x = mean(log(x))" in text
    assert text.index("likelihood:") < text.index("score:") < text.index("hessian:")
    assert plan.keeps_rows
    normal = derive(family_model("normal"))
    assert not make_plan(normal, estimate(normal)).keeps_rows


def test_the_header_names_model_version_and_digest() -> None:
    """__symmle__ tells where a module came from; the digest follows the density."""
    from symmle import __version__

    model = family_model("normal")
    module = load(texts(model, "normal_mle")[0], "header")
    assert module.__symmle__ == {"version": __version__, "model": "normal", "digest": digest(model)}
    other = build_model(
        "normal",
        "-log(sigma) - (x - mu)**2/(2*sigma**2)",
        {"x": "real"},
        {"mu": "real", "sigma": "positive"},
    )
    assert digest(other) != digest(model)


@pytest.mark.parametrize("name", WORKED)
def test_no_power_operator_and_no_private_word(
    written: dict[str, tuple[str, str]], name: str
) -> None:
    """Products instead of `**` wherever a user's data or parameters are."""
    code = written[name][0].split("\n_SLOPES")[0]
    code = re.sub(r'"""[\s\S]*?"""', "", code)
    assert [line for line in code.splitlines() if "**" in line and "2.0**-" not in line] == []


@pytest.mark.parametrize(
    ("name", "scale", "shift"),
    [
        ("normal", (1, 1), (1, 0)),
        ("gamma", (0, -1), None),
        ("weibull", (0, 1), None),
        ("inverse_gaussian", (1, 1), None),
        ("cauchy", (1, 1), (1, 0)),
        ("beta", None, None),
        ("lognormal", None, None),
        ("poisson", None, None),
    ],
)
def test_scale_and_location_families_are_recognised(
    name: str, scale: tuple[int, ...] | None, shift: tuple[int, ...] | None
) -> None:
    """How textbooks say the parameters move when the data are multiplied or shifted."""
    found = invariance(family_model(name))
    assert (found.scale, found.shift) == (scale, shift)


X, A, B = sp.Symbol("x", real=True), sp.Symbol("a", positive=True), sp.Symbol("b", positive=True)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (sp.log(1 + X**2), "math.log1p(x * x)"),
        (sp.log(1 + sp.exp(X)), "float(np.logaddexp(0, x))"),
        (sp.exp(X) - 1, "math.expm1(x)"),
        (sp.log(A / (A + B)), "-math.log1p(b / a)"),
        (sp.log(A) - sp.polygamma(0, A), "_log_minus_digamma(a)"),
        (sp.log(sp.besseli(0, A)), "a + math.log(float(special.i0e(a)))"),
        (X / A**4, "x / a / a / a / a"),
        (sp.Rational(1, 3) * X, "x / 3"),
        (-X / 2, "-0.5 * x"),
        (1 / (A + B), "1 / (a + b)"),
        (sp.sqrt(A), "math.sqrt(a)"),
        (A**X, "math.pow(a, x)"),
        (sp.Piecewise((A, X > 0), (B, True)), "(a if x > 0 else b)"),
    ],
)
def test_spelling_of_numbers(expr: sp.Expr, text: str) -> None:
    """Stable forms, divisions one by one, exact fractions."""
    assert Printer(frozenset()).text(stable(expr, frozenset())) == text


@pytest.mark.parametrize(
    "expr",
    [
        sp.Derivative(sp.zeta(A), A),
        sp.Function("mystery")(X),
        sp.I * X,
        sp.oo,
        sp.hyper([A], [B], X),
    ],
)
def test_what_is_not_on_the_list_is_refused(expr: sp.Expr) -> None:
    """Never printed on a guess."""
    with pytest.raises(SymmleError, match="no NumPy form"):
        Printer(frozenset()).text(expr)


COLUMN = np.array([0.25, 1.5, 3.0])
ON_COLUMNS: list[tuple[sp.Expr, Callable[[mpmath.mpf], mpmath.mpf]]] = [
    (sp.log(1 + A), mpmath.log1p),
    (sp.loggamma(A), mpmath.loggamma),
    (1 / sp.polygamma(0, A + 2), lambda v: 1 / mpmath.psi(0, v + 2)),
    (X * 0 + 2 / sp.polygamma(1, A), lambda v: 2 / mpmath.psi(1, v)),
    (1 / sp.erfc(A), lambda v: 1 / mpmath.erfc(v)),
    (sp.besseli(1, A) / sp.besseli(0, A), lambda v: mpmath.besseli(1, v) / mpmath.besseli(0, v)),
    (sp.exp(A) / (1 + sp.exp(A)) ** 2, lambda v: mpmath.exp(v) / (1 + mpmath.exp(v)) ** 2),
    (1 / (sp.Max(A, 1) * sp.Min(A, 2)), lambda v: 1 / (max(v, 1) * min(v, 2))),
    (A / (1 + A) ** 3, lambda v: v / (1 + v) ** 3),
    (sp.Piecewise((1 / A, A > 1), (A, True)) ** 2, lambda v: (1 / v if v > 1 else v) ** 2),
]


@pytest.mark.parametrize(("expr", "true"), ON_COLUMNS, ids=[str(pair[0]) for pair in ON_COLUMNS])
def test_functions_on_columns_of_three(
    expr: sp.Expr, true: Callable[[mpmath.mpf], mpmath.mpf]
) -> None:
    """Each function inside a product or quotient, against mpmath, on an array of length 3."""
    from scipy import special

    rows = frozenset([A])
    text = Printer(rows).text(stable(expr, rows))
    found = eval(text, {"np": np, "special": special, "_expit": _expit, "a": COLUMN})
    assert np.allclose(found, [float(true(mpmath.mpf(v))) for v in COLUMN], rtol=1e-14)


def test_helpers_against_many_digits() -> None:
    """The helpers without a difference, against the difference at 50 digits."""
    with mpmath.workdps(50):
        for u in (1e-3, 0.7, 5.0, 11.9, 12.1, 1e3, 1e8, 1e15):
            v = mpmath.mpf(u)
            one, two = mpmath.log(v) - mpmath.psi(0, v), 1 / v - mpmath.psi(1, v)
            assert abs(_log_minus_digamma(u) / one - 1) < 4e-15
            assert abs(_inverse_minus_trigamma(u) / two - 1) < 8e-15
        for x in ([1.0, 1 + 1e-9, 1 + 3e-9], [1e-30, 1.0, 5.0], [2.0, 2.1, 2.2]):
            rows = [mpmath.mpf(value) for value in x]
            gap = mpmath.log(sum(rows) / 3) - sum(map(mpmath.log, rows)) / 3
            assert abs(_log_gap(np.array(x)) / gap - 1) < 1e-14
        counts, a = [0.0, 3.0, 1.0, 7.0], mpmath.mpf("1234.5")
        for order, f in (
            (-1, mpmath.loggamma),
            (0, lambda v: mpmath.psi(0, v)),
            (1, lambda v: mpmath.psi(1, v)),
            (2, lambda v: mpmath.psi(2, v)),
        ):
            true = sum(f(a + count) - f(a) for count in counts) / 4
            assert abs(_rise(order, 1234.5, _tails(np.array(counts))) / true - 1) < 1e-14


def test_sums_of_many_rows() -> None:
    """More rows than a block: the mean and variance at an offset of 1e8 keep their digits."""
    x = np.random.default_rng(0).normal(size=200_000)
    shifted = x + 2.0**27
    rows = shifted - 2.0**27  # what the rounding of the shift left
    assert abs(_mean(shifted) - 2.0**27 - _mean(rows)) < 3e-8
    assert abs(_covariance(shifted, shifted) / _covariance(rows, rows) - 1) < 1e-13
    assert _covariance(np.full(70_000, 0.1), np.full(70_000, 0.1)) == 0.0


def test_quantiles_with_weights_are_those_of_repeated_rows() -> None:
    """A weight is a number of copies, for quantiles too."""
    x, w = np.array([3.0, 1.0, 2.0, 9.0]), np.array([2.0, 0.0, 3.0, 1.0])
    for share in (0.25, 0.5, 0.75, 1.0):
        assert _quantile(x, w, share) == _quantile(np.repeat(x, w.astype(int)), None, share)
