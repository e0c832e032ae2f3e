"""One equation in one unknown that is not the unknown's own score: it may rise at the maximum."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from symmle.codegen import generate, load
from symmle.codegen.runtime.root import _highest_root, _root
from symmle.data import from_array, read
from symmle.derive import derive
from symmle.estimate import estimate
from symmle.families import family_model
from symmle.fit import Status, fit

DATA = Path(__file__).parent / "data"


def likelihood(x: np.ndarray) -> Callable[[np.ndarray], float]:
    """SciPy's generalised gamma: minus the log-likelihood at log(shape, power, scale)."""

    def minus(theta: np.ndarray) -> float:
        shape, power, scale = np.exp(theta)
        return float(-scipy.stats.gengamma.logpdf(x, shape, power, scale=scale).sum())

    return minus


def test_the_generalised_gamma_has_its_maximum_where_its_equation_rises() -> None:
    """On the ground beef portions, as high as SciPy climbs from the gamma's estimate."""
    x = read(DATA / "groundbeef.csv")
    found = fit(family_model("generalised_gamma"), x)
    minus = likelihood(x.columns["x"])
    best = scipy.optimize.minimize(
        minus, np.log([4.0, 1.0, 18.0]), method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000},
    )  # fmt: skip
    assert found.status is Status.OK
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-8)
    assert list(found.estimate.values()) == pytest.approx(np.exp(best.x), rel=1e-4)


def test_a_covariance_that_parameters_move_is_taken_over_the_rows() -> None:
    """shape = mean(x**p)/(p*cov(log(x), x**p)) in the module, by NumPy's own covariance."""
    derivation = derive(family_model("generalised_gamma"))
    module = load(generate(derivation, estimate(derivation)), "covariance_under_test")
    x, power = np.array([0.4, 1.7, 0.9, 2.2]), 1.3
    shape, _, scale = module._given(module.statistics(x), power)
    spread = np.cov(np.log(x), x**power, bias=True)[0, 1]
    assert shape == pytest.approx(np.mean(x**power) / (power * spread), rel=1e-14)
    assert scale == pytest.approx((power * spread) ** (1 / power), rel=1e-14)


def test_the_highest_of_several_roots() -> None:
    """(u - 1.5)(u - 8)(u - 100): one root falls and two rise; `height` chooses among them."""

    def equation(u: float) -> tuple[float, float, float]:
        value = (u - 1.5) * (u - 8) * (u - 100)
        slope = (u - 8) * (u - 100) + (u - 1.5) * (u - 100) + (u - 1.5) * (u - 8)
        return value, slope, abs(value) + 1

    for root in (1.5, 8.0, 100.0):
        path = _highest_root(equation, 0, np.inf, "u", lambda u, root=root: -abs(u - root))
        assert path[-1] == pytest.approx(root, rel=1e-15)
    assert _root(equation, 0, np.inf, "u")[-1] == pytest.approx(8.0, rel=1e-15)
    with pytest.raises(ValueError, match="no finite estimate of u"):
        _highest_root(lambda u: (1.0 + u, 1.0, 1.0), 0, np.inf, "u", lambda u: u)


def test_no_limit_is_claimed_below_a_point_that_is_higher() -> None:
    """Two rows have no generalised gamma estimate, and the answer must not promise a limit."""
    found = fit(family_model("generalised_gamma"), from_array(np.array([1.0, 2.0, 2.1])))
    assert found.estimate is None or found.log_likelihood is not None
    if found.limit is not None and found.limit[2] is not None:
        top = -scipy.optimize.minimize(
            likelihood(np.array([1.0, 2.0, 2.1])), np.zeros(3), method="Nelder-Mead"
        ).fun
        assert found.limit[2] >= top - 1e-6
