"""The score solved for its statistics: what is expected of them, and the information from it."""

import numpy as np
import pytest
import sympy as sp

from symmle.derive import derive
from symmle.derive.mean_equations import mean_equations
from symmle.derive.signs import positive_where_defined
from symmle.estimate import Kind, estimate
from symmle.families import family_model
from symmle.known import Known
from symmle.sample_mean import mean
from tests.by_rows import typed


def textbook_information(spread: np.ndarray) -> np.ndarray:
    """Of mean and covariances: S^-1, and tr(S^-1 dS S^-1 dS)/2 (Magnus & Neudecker, 15.3)."""
    size = len(spread)
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    moves = []
    for i, j in pairs:
        move = np.zeros((size, size))
        move[i, j] = move[j, i] = 1
        moves.append(np.linalg.solve(spread, move))
    lower = np.array([[np.trace(a @ b) / 2 for b in moves] for a in moves])
    whole = np.zeros((size + len(pairs),) * 2)
    whole[:size, :size] = np.linalg.inv(spread)
    whole[size:, size:] = lower
    return whole


def test_an_indefinite_matrix_is_outside_the_domain() -> None:
    """Two negative eigenvalues have a positive determinant: a variance has its own bound."""
    (bounded,) = (v for v in family_model("multivariate_normal", 3).parameters if v.name == "s33")
    spread = {s: sp.Integer(2) for s in bounded.domain.depends_on}
    assert bounded.domain.at(spread).contains(sp.Rational(201, 100)) is True
    assert bounded.domain.at(spread).contains(sp.Rational(199, 100)) is False


@pytest.mark.parametrize("size", [2, 3])
def test_the_multivariate_normal_is_closed_in_any_dimension(size: int) -> None:
    """Means and covariances of the sample, the textbook's information, and one stationary point."""
    model = family_model("multivariate_normal", size)
    derivation = derive(model)
    found = estimate(derivation)
    assert found.kind is Kind.CLOSED and found.unique
    assert [str(each) for each in found.values.values()][:size] == [
        f"mean(x{i})" for i in range(1, size + 1)
    ]
    root = np.array([[1.1, 0.0, 0.0], [0.4, 0.8, 0.0], [-0.3, 0.5, 1.3]])[:size, :size]
    spread = root @ root.T
    entries = [spread[i, j] for i in range(size) for j in range(i, size)]
    at = dict(zip(model.symbols, [0.0] * size + entries, strict=True))
    matrix = np.array(derivation.information.matrix.subs(at)).astype(float)
    assert matrix == pytest.approx(textbook_information(spread), rel=1e-12, abs=1e-12)


def test_what_is_defined_proves_what_signs_cannot() -> None:
    """s11*s22 - s12**2 > 0 is no matter of domains; the log of the density says it."""
    found = estimate(derive(family_model("multivariate_normal", 2)))
    assert found.maximum is Known.PROVED
    model = typed("-log(s*t-r**2)/2 - x**2*s - log(x)", ["x>0"], ["s>0", "t>0", "r"])
    (defined,) = positive_where_defined(model.log_density)
    assert str(defined) == "-r**2 + s*t"


def test_a_system_without_a_statistic_for_each_parameter_is_no_rule() -> None:
    """Two parameters and one statistic: nothing is invented."""
    model = typed("-(a+b)*x + log(a+b)", ["x>0"], ["a>0", "b>0"])
    gradient = [mean(model.log_density).diff(symbol) for symbol in model.symbols]
    assert mean_equations(gradient, model.parameters) is None
