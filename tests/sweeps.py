"""Objectives, sweeps and floating eigenvalues that the tests of stability share."""

import random

import numpy as np
import sympy as sp
from hypothesis import strategies as st

from symmle.derive import Score
from symmle.schemes import (
    Block,
    Scheme,
)
from symmle.stability import (
    SchemeStability,
    stability,
)

P = sp.symbols("p0:5", real=True)
g = sp.Symbol("g", positive=True)
a, b, mean_log, mean_x = sp.symbols("a b l m", positive=True)
mu = sp.Symbol("mu", real=True)
sigma, v = sp.symbols("sigma v", positive=True)
centre = sp.Symbol("c", real=True)


def score_of(objective: sp.Expr, *parameters: sp.Symbol) -> Score:
    gradient = tuple(objective.diff(p) for p in parameters)
    return Score(parameters, gradient, sp.ImmutableMatrix(sp.hessian(objective, parameters)))


def quadratic(matrix: sp.Matrix) -> Score:
    """The score of -x'Ax/2."""
    parameters = P[: matrix.rows]
    return Score(parameters, tuple(-matrix * sp.Matrix(parameters)), sp.ImmutableMatrix(-matrix))


def at_origin(matrix: sp.Matrix, build, **options) -> SchemeStability:
    score = quadratic(matrix)
    scheme = build(score.parameters)
    return stability(score, scheme, g, dict.fromkeys(score.parameters, sp.S.Zero), **options)


GAMMA = score_of(a * sp.log(b) - sp.loggamma(a) + (a - 1) * mean_log - b * mean_x, a, b)
NORMAL = score_of(-sp.log(sigma) - (v + (centre - mu) ** 2) / (2 * sigma**2), mu, sigma)
NORMAL_AT = {mu: centre, sigma: sp.sqrt(v)}

entries = st.fractions(min_value=-3, max_value=3, max_denominator=5)
symmetric = st.integers(2, 4).flatmap(
    lambda n: st.lists(entries, min_size=n * n, max_size=n * n).map(
        lambda values: _symmetric(n, values)
    )
)


def _symmetric(n, values):
    half = sp.Matrix(n, n, [sp.Rational(x.numerator, x.denominator) for x in values])
    return half + half.T


def positive_definite(n: int, seed: int) -> sp.Matrix:
    draw = random.Random(seed)
    half = sp.Matrix(n, n, lambda _i, _j: sp.Rational(draw.randint(-5, 5), draw.randint(1, 4)))
    return half * half.T + sp.eye(n) / 3


def spectral_radius(matrix, scheme_blocks, step):
    """By floating eigenvalues of the product of blocks."""
    field, n = -np.array(matrix, dtype=float), matrix.rows
    sweep = np.eye(n)
    for rows, repeat in scheme_blocks:
        for _ in range(repeat):
            move = np.eye(n)
            move[rows] += step * field[rows]
            sweep = move @ sweep
    return abs(np.linalg.eigvals(sweep)).max()


SHAPES = {
    "simultaneous": lambda n: [(list(range(n)), 1)],
    "alternating": lambda n: [([i], 1) for i in range(n)],
    "thrice": lambda n: [([i], 3) for i in range(n)],
    "pairs": lambda n: [([i for i in range(n) if i % 2 == half], 1 + half) for half in (0, 1)],
}


def shaped(name, n):
    def build(parameters):
        blocks = tuple(
            Block(tuple(parameters[i] for i in rows), repeat) for rows, repeat in SHAPES[name](n)
        )
        return Scheme(name, blocks)

    return build


def gamma_at(shape, scheme, **options):
    return stability(GAMMA, scheme, g, {a: sp.Integer(shape), b: sp.S.One}, **options)
