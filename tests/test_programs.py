"""Programs of blocks: groups that move together, parameters that move twice, forth and back."""

from collections.abc import Sequence

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symmle.derive import Score
from symmle.schemes import Scheme, alternating, coordinate, simultaneous, symmetric, update
from symmle.stability import stability

x, y, z = SYMBOLS = sp.symbols("x y z", real=True)
g = sp.Symbol("g", positive=True)
PROGRAMS = {
    "symmetric": symmetric(SYMBOLS),
    "symmetric, another order": symmetric(SYMBOLS, (z, x, y)),
    "a pair and one": alternating(SYMBOLS, ((x, y), z)),
    "one and a pair": alternating(SYMBOLS, (y, (z, x))),
    "forth and half back": alternating(SYMBOLS, (x, y, z, y)),
    "groups that overlap": alternating(SYMBOLS, ((x, y), (y, z))),
    "groups, repeated": coordinate(SYMBOLS, 2, 1, ((x, z), y)),
}


def field_of(matrix: np.ndarray) -> Score:
    """The field of maximising -t.A.t/2."""
    rows = sp.Matrix(matrix.tolist())
    hessian = sp.ImmutableMatrix(-rows)
    return Score(SYMBOLS, tuple(hessian * sp.Matrix(SYMBOLS)), hessian)


def by_hand(scheme: Scheme, matrix: np.ndarray, step: float, point: Sequence[float]) -> np.ndarray:
    """One update, each block by itself."""
    place = {s: i for i, s in enumerate(SYMBOLS)}
    here = np.array(point, dtype=float)
    for block in list(scheme.blocks) * scheme.sweeps:
        for _ in range(block.repeat):
            slope = -matrix @ here
            rows = [place[s] for s in block.parameters]
            here[rows] += step * slope[rows]
    return here


def radius(scheme: Scheme, matrix: np.ndarray, step: float) -> float:
    """The spectral radius of the matrix whose columns are the images of the unit vectors."""
    columns = [by_hand(scheme, matrix, step, unit) for unit in np.eye(3)]
    return float(np.abs(np.linalg.eigvals(np.array(columns).T)).max())


@st.composite
def definite(draw: st.DrawFn) -> np.ndarray:
    """A positive definite matrix of small whole numbers."""
    entries = st.integers(-3, 3)
    root = np.array([[draw(entries) for _ in range(3)] for _ in range(3)], dtype=float)
    return root @ root.T + np.eye(3) * draw(st.integers(1, 4))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_image_is_what_a_loop_over_the_blocks_computes(name: str) -> None:
    """The composed update at numbers, against the blocks one after the other."""
    matrix = np.array([[3.0, 1, 0], [1, 2, -1], [0, -1, 4]])
    written = update(field_of(matrix), PROGRAMS[name], g)
    point = (0.5, -1.0, 2.0)
    place = dict(zip(SYMBOLS, point, strict=True)) | {g: 0.1}
    assert written.image is not None
    found = [float(value.subs(place)) for value in written.image]
    assert np.allclose(found, by_hand(PROGRAMS[name], matrix, 0.1, point), rtol=1e-12)


@settings(max_examples=12, deadline=None)
@given(matrix=definite(), name=st.sampled_from(sorted(PROGRAMS)))
def test_the_stable_steps_end_where_the_spectral_radius_is_one(
    matrix: np.ndarray, name: str
) -> None:
    """Inside each range below one, at 1.01 of its end above; by NumPy's eigenvalues."""
    scheme = PROGRAMS[name]
    origin = dict.fromkeys(SYMBOLS, sp.S.Zero)
    found = stability(field_of(matrix), scheme, g, origin, edges=False)
    assert found.stable_steps
    for each in found.stable_steps:
        low, high = float(each.lower), float(each.upper)
        for share in (0.01, 0.3, 0.7, 0.99):
            assert radius(scheme, matrix, low + share * (high - low)) < 1
        assert abs(radius(scheme, matrix, high) - 1) < 1e-6
    assert found.best_step is not None
    assert found.rate is not None
    assert abs(radius(scheme, matrix, float(found.best_step)) - float(found.rate)) < 1e-5


def test_one_group_of_all_is_simultaneous() -> None:
    """Groups are blocks: with one of them there is nothing in turn."""
    matrix = np.array([[3.0, 1, 0], [1, 2, -1], [0, -1, 4]])
    one = update(field_of(matrix), alternating(SYMBOLS, (SYMBOLS,)), g)
    assert one.image == update(field_of(matrix), simultaneous(SYMBOLS), g).image


def test_forth_and_back_is_symmetric_in_the_inner_product_of_the_objective() -> None:
    """A symmetric sweep's Jacobian is self-adjoint in A, so that its multipliers are real."""
    matrix = np.array([[3.0, 1, 0], [1, 2, -1], [0, -1, 4]])
    found = stability(
        field_of(matrix), symmetric(SYMBOLS), g, dict.fromkeys(SYMBOLS, sp.S.Zero), edges=False
    )
    jacobian = sp.Matrix(found.jacobian.subs(g, sp.Rational(1, 5)))
    product = sp.Matrix(matrix.tolist()) * jacobian
    assert (product - product.T).norm() < 1e-12
