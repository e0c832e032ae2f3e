"""The variance of the residuals of least squares, where the fit is close and where it is exact."""

import mpmath
import numpy as np
import pytest

from symmle.codegen import generate, load
from symmle.derive import derive
from symmle.estimate import Estimator, estimate
from symmle.precise import evaluate
from tests.by_rows import typed

LINE = ("-(y-a-b*x)**2/(2*s**2)-log(s)", ["x", "y"], ["a", "b", "s>0"])
VARIANCE = ("-(y-a-b*x)**2/(2*v)-log(v)/2", ["x", "y"], ["a", "b", "v>0"])
ORIGIN = ("-(y-b*x)**2/(2*s**2)-log(s)", ["x", "y"], ["b", "s>0"])
PLANE = ("-(y-a-b*x-c*z)**2/(2*s**2)-log(s)", ["x", "z", "y"], ["a", "b", "c", "s>0"])
X = np.array([1.0, 2.0, 3.5, 7.0, 4.0, 0.5])
Z = np.array([0.3, -1.0, 2.0, 0.0, 1.0, 5.0])
NOISE = np.array([0.2, -1.0, 0.7, 0.1, -0.3, 0.9])
DESIGNS = {
    "line": (LINE, np.column_stack([np.ones(6), X]), 1),
    "variance": (VARIANCE, np.column_stack([np.ones(6), X]), 2),
    "origin": (ORIGIN, X[:, None], 1),
    "plane": (PLANE, np.column_stack([np.ones(6), X, Z]), 1),
}


@pytest.fixture(scope="module")
def found() -> dict[str, Estimator]:
    return {name: estimate(derive(typed(*row[0]))) for name, row in DESIGNS.items()}


@pytest.mark.parametrize("size", [1.0, 1e-6, 1e-11])
@pytest.mark.parametrize("name", DESIGNS)
def test_the_spread_of_small_residuals(found: dict[str, Estimator], name: str, size: float) -> None:
    """At 60 digits, by the normal equations of a design matrix, with mpmath."""
    text, design, power = DESIGNS[name]
    model = typed(*text)
    with mpmath.workdps(60):
        a = mpmath.matrix(design.tolist())
        y = a * mpmath.matrix([1 + k for k in range(design.shape[1])])
        y += mpmath.mpf(size) * mpmath.matrix(NOISE.tolist())
        rest = y - a * mpmath.lu_solve(a.T * a, a.T * y)
        expected = mpmath.sqrt(mpmath.fsum(e**2 for e in rest) / 6) ** power
        given = {"x": X, "z": Z, "y": list(y)}
        columns = {v.symbol: [mpmath.mpf(e) for e in given[v.name]] for v in model.data}
        value = evaluate(found[name].values[model.symbols[-1]], columns, {})
        assert abs(value / expected - 1) < mpmath.mpf("1e-30")


def test_the_module_in_doubles() -> None:
    """Residuals of 1e-8 keep eight digits (the data allow no more); a true line is refused."""
    derivation = derive(typed(*LINE))
    module = load(generate(derivation, estimate(derivation)), "fitted_line")
    y = 2 * X + 1 + 1e-8 * NOISE
    with mpmath.workdps(40):
        a = mpmath.matrix(np.column_stack([np.ones(6), X]).tolist())
        right = mpmath.matrix(y.tolist())
        rest = right - a * mpmath.lu_solve(a.T * a, a.T * right)
        expected = float(mpmath.norm(rest)) / np.sqrt(6)
    assert module.fit(X, y).s == pytest.approx(expected, rel=1e-6)
    for line in (2 * X + 1, 0.1 * X + 0.3):
        with pytest.raises(ValueError, match="no estimate exists"):
            module.fit(X, line)
    with pytest.raises(ValueError, match=r"needs var\(x\) > 0"):
        module.fit(np.ones(6), NOISE)


def test_a_variance_that_is_one_stays_one() -> None:
    """Where nothing cancels the value is the variance of the column itself."""
    found = estimate(derive(typed("-(x-m)**2/(2*s**2)-log(s)", ["x"], ["m", "s>0"])))
    assert str(list(found.values.values())[1]) == "sqrt(var(x))"
