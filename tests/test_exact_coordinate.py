"""Exact coordinate ascent, and over-relaxation: its map, its range, its rate."""

import json
import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

import symmle
from symmle.cli.main import main
from symmle.derive import Score, derive
from symmle.domain import Variable, domain
from symmle.errors import InputError
from symmle.estimate.own_maximum import own_maxima
from symmle.sample_mean import mean, var
from symmle.schemes import exact_coordinate
from symmle.stability import stability

SYMBOLS = sp.symbols("x y z", real=True)
step = sp.Symbol("step", positive=True)


def gauss_seidel(matrix: np.ndarray, omega: float) -> np.ndarray:
    """The matrix of successive over-relaxation from its splitting, by NumPy."""
    diagonal, lower = np.diag(np.diag(matrix)), np.tril(matrix, -1)
    upper = matrix - diagonal - lower
    return np.linalg.solve(diagonal + omega * lower, (1 - omega) * diagonal - omega * upper)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=9, max_size=9), st.integers(1, 4))
def test_a_quadratic_form_gives_successive_over_relaxation(entries: list[int], shift: int) -> None:
    """The Jacobian is SOR's matrix, and the range 0 < step < 2 (Ostrowski, Reich)."""
    root = np.array(entries, dtype=float).reshape(3, 3)
    matrix = root @ root.T + shift * np.eye(3)
    exact = sp.Matrix(3, 3, [sp.Integer(int(v)) for v in matrix.ravel()])
    score = Score(SYMBOLS, tuple(-exact * sp.Matrix(SYMBOLS)), sp.ImmutableMatrix(-exact))
    variables = [Variable(symbol, domain("real")) for symbol in SYMBOLS]
    scheme = exact_coordinate(SYMBOLS, own_maxima(score, variables))
    assert len(scheme.image) == 3
    origin = dict.fromkeys(SYMBOLS, sp.S.Zero)
    found = stability(score, scheme, step, origin, edges=False)
    assert found.stable_steps is not None
    assert [(each.lower, each.upper) for each in found.stable_steps] == [(0, 2)]
    assert found.map.image is not None
    for omega in (0.5, 1.0, 1.7):
        jacobian = np.array(found.jacobian.subs(step, sp.Rational(omega)), dtype=float)
        assert np.allclose(jacobian, gauss_seidel(matrix, omega), atol=1e-12)
        image = sp.Matrix(found.map.image).jacobian(SYMBOLS).subs(step, sp.Rational(omega))
        assert np.allclose(np.array(image, dtype=float), jacobian, atol=1e-12)


def test_the_gamma_contracts_by_one_over_a_times_trigamma_of_a() -> None:
    """At step 1, for every shape; at the best step by Young's rate; against SciPy's own maxima."""
    x_bar = 2.5 / 0.8
    log_bar = special.digamma(2.5) - math.log(0.8)

    def once(a: float, b: float, omega: float) -> tuple[float, float]:
        best = optimize.brentq(
            lambda t: log_bar + math.log(b) - special.digamma(t), 1e-3, 100, xtol=1e-15
        )
        a += omega * (best - a)
        return a, b + omega * (a / x_bar - b)

    contraction = 1 / (2.5 * special.polygamma(1, 2.5))
    for omega, expected in (
        (1.0, contraction),
        (2 / (1 + math.sqrt(1 - contraction)), 2 / (1 + math.sqrt(1 - contraction)) - 1),
    ):
        point, sizes = (3.5, 0.6), []
        for _ in range(40):
            point = once(*point, omega)
            sizes.append(math.hypot(point[0] - 2.5, point[1] - 0.8))
        # at Young's step both multipliers are equal, which costs a factor n beside their power
        assert 0.97 < (sizes[25] / sizes[5]) ** (1 / 20) / expected < 1.1


def test_the_words_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """--inner exact: proved in symbols, with Young's best step and 1/(a psi1(a)) in it."""
    words = ["stability", "gamma", "--scheme", "coordinate", "--inner", "exact", "--json"]
    assert main(words) == 0
    (found,) = json.loads(capsys.readouterr().out)["schemes"]
    assert found["stable_steps"][0]["upper"] == "2"
    assert found["known"] == "proved"
    shape = sp.Symbol("shape", positive=True)
    best = sp.sympify(found["best_step"], locals={"shape": shape})
    m = 1 / (shape * sp.polygamma(1, shape))
    assert abs((best - 2 / (1 + sp.sqrt(1 - m))).subs(shape, 3).evalf()) < 1e-12
    assert main([*words[:2], *words[2:6], "--at", "shape=2,rate=1", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["schemes"]
    assert abs(found["spectral_radius"] - 1 / (2 * special.polygamma(1, 2))) < 1e-9
    assert found["verdict"] == "stable"


def test_own_maxima_do_not_cancel() -> None:
    """sigma's own maximum is the root of var(x) + (mean(x) - mu)**2, not multiplied out."""
    derivation = derive(symmle.family_model("normal"))
    mu, sigma = derivation.model.symbols
    own = own_maxima(derivation.score, derivation.model.parameters)
    (x,) = (each.symbol for each in derivation.model.data)
    assert own == {mu: mean(x), sigma: sp.sqrt(var(x) + (mean(x) - mu) ** 2)}


def test_groups_have_no_exact_maximum_here() -> None:
    """One sentence, with what to do."""
    with pytest.raises(InputError, match="moves one parameter at a time; take \\+ out"):
        exact_coordinate(SYMBOLS, {}, order=(SYMBOLS[:2], SYMBOLS[2]))
