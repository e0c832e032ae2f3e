"""Sweeps and their stable steps at numbers, by roads that the code does not take."""

from itertools import permutations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given

from symmle.derive import Score
from symmle.schemes import (
    alternating,
    coordinate,
    simultaneous,
    update,
)
from symmle.stability import (
    Event,
    Verdict,
    comparison,
    general_jacobian,
    stability,
    sweep_jacobian,
)
from tests.sweeps import (
    SHAPES,
    P,
    at_origin,
    g,
    positive_definite,
    score_of,
    shaped,
    spectral_radius,
    symmetric,
)

# The Jacobian of a sweep


@given(symmetric)
def test_jacobians_of_a_quadratic(matrix):
    """Simultaneous: I - gA.  Alternating, in any order: (I + gL) J = I - g(D + U)."""
    n = matrix.rows
    parameters = P[:n]
    together = sweep_jacobian(-matrix, simultaneous(parameters), parameters, g)
    assert (together - (sp.eye(n) - g * matrix)).expand() == sp.zeros(n)
    for order in list(permutations(range(n)))[:: max(1, n - 1)]:
        scheme = alternating(parameters, [parameters[i] for i in order])
        jacobian = sweep_jacobian(-matrix, scheme, parameters, g)
        ordered, moved = matrix.extract(order, order), jacobian.extract(order, order)
        strictly_lower = ordered.lower_triangular(-1)
        left = (sp.eye(n) + g * strictly_lower) * moved
        right = sp.eye(n) - g * (ordered - strictly_lower)
        assert (left - right).expand() == sp.zeros(n)


@given(symmetric)
def test_rotating_the_blocks_keeps_the_spectrum(matrix):
    """AB and BA have the same eigenvalues, so where the cycle begins is of no account."""
    parameters = P[: matrix.rows]
    rotated = [*parameters[1:], parameters[0]]
    z = sp.Symbol("z")
    first, second = (
        sweep_jacobian(-matrix, alternating(parameters, order), parameters, sp.Rational(2, 7))
        for order in (parameters, rotated)
    )
    assert first.charpoly(z) == second.charpoly(z)


def test_the_chain_rule_is_the_derivative_of_the_composition():
    """The product over blocks equals the Jacobian of the nested image, at points off the score's
    zero and at it."""
    x, y = P[:2]
    score = score_of(-(x**2) - x**2 * y - x * y / 2 - y**2 + x**3 / 3, x, y)
    for scheme in (simultaneous((x, y)), alternating((x, y), (y, x)), coordinate((x, y), 2)):
        image = update(score, scheme, g).image
        assert image is not None
        nested = sp.Matrix(image).jacobian((x, y))
        chained = general_jacobian(score, scheme, g)
        point = {x: sp.Rational(1, 3), y: sp.Rational(-1, 4), g: sp.Rational(2, 9)}
        assert max(abs(sp.N((nested - chained).subs(point), 30))) < 1e-25
        rest = {x: 0, y: 0}
        still = sp.Matrix([0, 0])
        assert sp.Matrix(score.gradient).subs(rest) == still
        hessian = score.hessian.subs(rest)
        swept = sweep_jacobian(hessian, scheme, (x, y), g)
        assert (nested.subs(rest) - swept).expand() == sp.zeros(2)


def test_five_parameters_take_milliseconds_not_minutes():
    """The chain rule never builds the nested composition, so its entries stay short."""
    matrix = positive_definite(5, seed=3)
    jacobian = sweep_jacobian(-matrix, alternating(P), P, g)
    assert all(sp.Poly(entry, g).degree() <= 5 for entry in jacobian)


# Stable steps at numbers


def assert_agrees_with_eigenvalues(matrix, name):
    """A dense grid of floating eigenvalues finds no step on the wrong side of an end."""
    found = at_origin(matrix, shaped(name, matrix.rows))
    assert found.stable_steps is not None
    ends = [float(e) for i in found.stable_steps for e in (i.lower, i.upper)]
    top = 3 * max([*ends, 2 / float(max(abs(e) for e in matrix))])
    checked = 0
    for step in np.linspace(0, top, 500)[1:]:
        radius = spectral_radius(matrix, SHAPES[name](matrix.rows), step)
        if abs(radius - 1) > 1e-6:
            inside = any(float(i.lower) < step < float(i.upper) for i in found.stable_steps)
            assert inside == (radius < 1), (step, radius)
            checked += 1
    assert checked > 400
    return found


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("seed", [1, 2])
def test_stable_sets_agree_with_floating_eigenvalues(name, n, seed):
    """Exact cells against a scan, for two to five parameters."""
    found = assert_agrees_with_eigenvalues(positive_definite(n, seed), name)
    assert found.stable_steps


@pytest.mark.parametrize("name", SHAPES)
def test_irrational_entries_scale_the_rational_answer(name):
    """J depends on step * A only: A*sqrt(2) is stable on the set divided by sqrt(2).  Balls on
    one side, fractions on the other."""
    matrix = positive_definite(3, seed=4)
    exact, balls = (at_origin(m, shaped(name, 3)) for m in (matrix, matrix * sp.sqrt(2)))
    assert exact.stable_steps and balls.stable_steps
    assert len(exact.stable_steps) == len(balls.stable_steps)
    for one, other in zip(exact.stable_steps, balls.stable_steps, strict=True):
        assert abs(sp.N(one.upper / other.upper - sp.sqrt(2), 25)) < 1e-17
        assert one.upper_event == other.upper_event
    assert abs(exact.rate / balls.rate - 1) < 1e-13


def test_a_disconnected_set():
    """A = [[1, 7/5], [7/5, 4]] in turn: unstable between two stable ranges.  By Jury's conditions:
    (5 -+ sqrt(9 - 4c^2)) / (4 + c^2), c = 7/5, and the last end is 1/1 + 1/4."""
    matrix = sp.Matrix([[1, sp.Rational(7, 5)], [sp.Rational(7, 5), 4]])
    found = assert_agrees_with_eigenvalues(matrix, "alternating").stable_steps
    c2 = sp.Rational(49, 25)
    flips = [(5 + s * sp.sqrt(9 - 4 * c2)) / (4 + c2) for s in (-1, 1)]
    ends = [end for i in found for end in (i.lower, i.upper)]
    for end, known in zip(ends, [0, *flips, sp.Rational(5, 4)], strict=True):
        assert sp.simplify(end - known) == 0
    assert [(i.lower_event, i.upper_event) for i in found] == [
        (Event.NONE, Event.FLIP),
        (Event.FLIP, Event.NEIMARK_SACKER),
    ]


@pytest.mark.parametrize(
    "matrix",
    [
        sp.Matrix([[1, 3], [3, 2]]),  # a saddle
        sp.Matrix([[-1, 0], [0, -2]]),  # a minimum
        sp.Matrix([[1, 1], [1, 1]]),  # a line of maxima
        sp.Matrix([[sp.pi, 4], [4, 1]]),  # a saddle, in balls
        sp.Matrix([[2, 0, 0], [0, 3, 0], [0, 0, 0]]),
    ],
)
@pytest.mark.parametrize("name", ["simultaneous", "alternating", "thrice"])
def test_empty_sets(matrix, name):
    """Where the Hessian is not negative definite no step is stable."""
    found = assert_agrees_with_eigenvalues_or_marginal(matrix, name)
    assert found.stable_steps == () and found.best_step is None and found.edge is None


def assert_agrees_with_eigenvalues_or_marginal(matrix, name):
    found = at_origin(matrix, shaped(name, matrix.rows))
    for step in np.linspace(0, 8, 200)[1:]:
        assert spectral_radius(matrix, SHAPES[name](matrix.rows), step) > 1 - 1e-9
    return found


def test_a_game_on_a_saddle_turns():
    """x'y, one player up and one down: simultaneous spirals out at any step; alternating keeps
    area and is marginal below 2 (Gidel et al. 2019; Zhang and Yu 2020)."""
    field = sp.Matrix([[0, 1], [-1, 0]])
    game = Score(P[:2], tuple(field * sp.Matrix(P[:2])), sp.ImmutableMatrix(field))
    origin = dict.fromkeys(P[:2], sp.S.Zero)
    half = sp.Rational(1, 2)
    together = stability(game, simultaneous(P[:2]), g, origin, at=half)
    in_turn = stability(game, alternating(P[:2]), g, origin, at=half)
    assert together.stable_steps == in_turn.stable_steps == ()
    assert together.at_step.verdict is Verdict.UNSTABLE
    assert in_turn.at_step.verdict is Verdict.MARGINAL
    assert comparison(together, in_turn).two_blocks.q == -(g**2)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("seed", range(6))
def test_alternating_is_stable_wherever_householder_and_john_say(n, seed):
    """Every step below 2/max(diagonal) is stable in any order, and all that simultaneous allows."""
    matrix = positive_definite(n, seed + 20)
    parameters = P[:n]
    together = at_origin(matrix, simultaneous).stable_steps[0]
    guaranteed = 2 / max(matrix.diagonal())
    assert together.upper <= guaranteed
    for order in list(permutations(parameters))[:4]:
        found = at_origin(matrix, lambda _, order=order: alternating(parameters, order))
        assert found.stable_steps[0].lower == 0
        assert found.stable_steps[0].upper >= guaranteed
