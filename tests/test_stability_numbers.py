"""Known ranges, best steps and verdicts on one step, at numbers."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from symmle.known import Known
from symmle.schemes import (
    alternating,
    coordinate,
    simultaneous,
)
from symmle.stability import (
    Event,
    Verdict,
)
from tests.sweeps import (
    SHAPES,
    a,
    at_origin,
    b,
    g,
    gamma_at,
    positive_definite,
    shaped,
    spectral_radius,
)

# Known numbers


@pytest.mark.parametrize("shape", [2, 5])
def test_gamma_simultaneous(shape):
    """2/lambda_max of [[psi1(a), -1], [-1, a]], to 18 digits."""
    with mp.workdps(30):
        matrix = mp.matrix([[mp.psi(1, shape), -1], [-1, shape]])
        values = mp.eigsy(matrix, eigvals_only=True)
        expected, best = 2 / values[1], 2 / (values[0] + values[1])
        rate = (values[1] - values[0]) / (values[1] + values[0])
        found = gamma_at(shape, simultaneous((a, b)))
        assert abs(mp.mpf(str(found.stable_steps[0].upper)) - expected) < 1e-18
        assert abs(mp.mpf(str(found.best_step)) - best) < 1e-18
        assert abs(mp.mpf(str(found.rate)) - rate) < 1e-18
    assert found.known is Known.CERTIFIED


@pytest.mark.parametrize("order", [(a, b), (b, a)])
def test_gamma_in_turn_either_way(order):
    """At (2, 1) up to 1/psi1 + 1/2 through a Neimark-Sacker; at (5, 1) a second range."""
    with mp.workdps(30):
        expected = 1 / mp.psi(1, 2) + mp.mpf(1) / 2
        found = gamma_at(2, alternating((a, b), order)).stable_steps
        assert len(found) == 1 and found[0].upper_event is Event.NEIMARK_SACKER
        assert abs(mp.mpf(str(found[0].upper)) - expected) < 1e-18
        x, y = mp.psi(1, 5), mp.mpf(5)
        flips = [(x + y + s * mp.sqrt((x - y) ** 2 - 4)) / (x * y + 1) for s in (-1, 1)]
        found = gamma_at(5, alternating((a, b), order)).stable_steps
        ends = [mp.mpf(str(e)) for i in found for e in (i.lower, i.upper)]
        for end, known in zip(ends, [0, flips[0], flips[1], 1 / x + 1 / y], strict=True):
            assert abs(end - known) < 1e-17
    assert abs(float(ends[1]) - 0.419) < 1e-3


def test_many_inner_steps_tend_to_exact_coordinate_ascent():
    """Its rate is 1/(a*psi1(a)); forty inner steps are as good as infinitely many."""
    found = gamma_at(2, coordinate((a, b), inner=40), at=sp.Rational(3, 5))
    assert abs(found.at_step.spectral_radius - 1 / (2 * (sp.pi**2 / 6 - 1)).evalf(20)) < 1e-8


def test_an_even_number_of_inner_steps_turns_the_flip_into_a_fold():
    """(1 - g)**2 leaves the unit circle at +1: the inner 2-cycle stands still between sweeps."""
    matrix = sp.eye(1)
    events = [
        at_origin(matrix, lambda p, n=n: coordinate(p, inner=n)).stable_steps[0] for n in (1, 2, 3)
    ]
    assert [e.upper_event for e in events] == [Event.FLIP, Event.FOLD, Event.FLIP]
    assert [e.upper for e in events] == [2, 2, 2]
    outer = at_origin(matrix, lambda p: coordinate(p, outer=2)).stable_steps[0]
    assert (outer.upper, outer.upper_event) == (2, Event.FOLD)


@pytest.mark.parametrize("copies", [3, 4])
def test_a_repeated_irrational_eigenvalue_is_still_enclosed(copies):
    """A = p*I - q*J has the greatest eigenvalue p several times (a Dirichlet's Hessian)."""
    p, q = sp.polygamma(1, sp.Rational(5, 2)), sp.polygamma(1, sp.Rational(21, 2))
    matrix = p * sp.eye(copies) - q * sp.ones(copies)
    found = at_origin(matrix, simultaneous)
    assert abs(found.stable_steps[0].upper - (2 / p).evalf(30)) < 1e-18


def test_floats_are_taken_at_their_binary_value():
    """A Hessian from data is exact in binary; 0.1 is not a tenth."""
    found = at_origin(sp.Matrix([[sp.Float(0.1)]]), simultaneous).stable_steps[0]
    assert found.upper != 20
    assert abs(found.upper - 20) < 1e-14


# The best step


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("seed", [5, 6])
def test_no_step_of_a_grid_beats_the_best(name, seed):
    """The rate is the spectral radius at the best step, and a scan finds nothing smaller."""
    matrix = positive_definite(3, seed)
    found = at_origin(matrix, shaped(name, 3))
    blocks = SHAPES[name](3)
    at_best = spectral_radius(matrix, blocks, float(found.best_step))
    assert abs(at_best - float(found.rate)) < 1e-6
    for interval in found.stable_steps:
        grid = np.linspace(float(interval.lower), float(interval.upper), 3000)
        least = min(spectral_radius(matrix, blocks, step) for step in grid)
        assert least > float(found.rate) * (1 - 1e-7)


def test_a_sweep_that_ends_in_finitely_many_steps():
    """A = [[1, 1], [1, 2]] in turn with step 1: J**2 = 0, so the best rate is exactly zero."""
    matrix = sp.Matrix([[1, 1], [1, 2]])
    found = at_origin(matrix, alternating, at=sp.S.One)
    assert (found.best_step, found.rate) == (1, 0)
    assert found.jacobian.subs(g, 1) ** 2 == sp.zeros(2)
    assert found.at_step.spectral_radius == 0
    assert found.at_step.one_step_gain > 0


def test_rates_of_repeated_sweeps_are_powers():
    """Two sweeps to an update square the rate and leave the set alone."""
    once, twice = (
        at_origin(positive_definite(2, 7), lambda p, n=n: coordinate(p, outer=n)) for n in (1, 2)
    )
    assert abs(once.rate**2 - twice.rate) < 1e-12
    assert once.stable_steps[0].upper == twice.stable_steps[0].upper


# One step


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("step", ["1/50", "1/10", "3/2"])
def test_one_step_against_floating_linear_algebra(name, step):
    """Spectral radius and largest singular value, by NumPy; they differ."""
    matrix = positive_definite(3, seed=8)
    number = sp.Rational(step)
    found = at_origin(matrix, shaped(name, 3), at=number)
    radius = spectral_radius(matrix, SHAPES[name](3), float(number))
    gain = np.linalg.norm(np.array(found.jacobian.subs(g, number), dtype=float), 2)
    assert abs(float(found.at_step.spectral_radius) / radius - 1) < 1e-8
    assert abs(float(found.at_step.one_step_gain) / gain - 1) < 1e-8
    assert found.at_step.verdict is (Verdict.STABLE if radius < 1 else Verdict.UNSTABLE)


def test_verdicts_at_the_very_edge():
    """At the end of the range marginal, a billionth of a billionth beside it stable or unstable."""
    tiny = sp.Rational(1, 10**18)
    matrix = sp.diag(1, 2)
    for scheme in (simultaneous, alternating):
        verdicts = [
            at_origin(matrix, scheme, at=sp.S.One + shift).at_step.verdict
            for shift in (-tiny, 0, tiny)
        ]
        assert verdicts == [Verdict.STABLE, Verdict.MARGINAL, Verdict.UNSTABLE]
    beside = sp.diag(1, 2, -1)
    assert at_origin(beside, simultaneous, at=sp.S.One).at_step.verdict is Verdict.UNSTABLE


def test_balls_never_claim_the_edge():
    """An irrational Hessian at its irrational edge is left undecided, not guessed."""
    found = at_origin(sp.Matrix([[sp.pi]]), simultaneous, at=2 / sp.pi)
    assert found.at_step.verdict is Verdict.UNKNOWN
