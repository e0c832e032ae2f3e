"""Laws of sweeps at a fixed point, each checked by a road that the code does not take."""

import random
import subprocess
import sys
from itertools import permutations

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from symmle.derive import Score
from symmle.errors import InputError
from symmle.known import Known
from symmle.schemes import (
    Block,
    Scheme,
    alternating,
    coordinate,
    newton,
    scoring,
    simultaneous,
    update,
)
from symmle.stability import (
    Criticality,
    Event,
    SchemeStability,
    Verdict,
    comparison,
    general_jacobian,
    stability,
    sweep_jacobian,
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
    assert [(i.lower, i.upper) for i in found] == [
        (0, sp.nsimplify(flips[0])),
        (sp.nsimplify(flips[1]), sp.Rational(5, 4)),
    ] or all(
        sp.simplify(one - other) == 0
        for one, other in zip(
            [e for i in found for e in (i.lower, i.upper)],
            [0, flips[0], flips[1], sp.Rational(5, 4)],
            strict=True,
        )
    )
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


# Known numbers


def gamma_at(shape, scheme, **options):
    return stability(GAMMA, scheme, g, {a: sp.Integer(shape), b: sp.S.One}, **options)


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


# Symbols


def test_the_normal():
    """Both schemes: the same Jacobian, 0 < g < v, best 2v/3, rate 1/3, supercritical flip.  The
    coefficient 16/v is f''**2/4 + f'''/6 of the map of sigma at mu = mean, with g = v."""
    both = [stability(NORMAL, s((mu, sigma)), g, NORMAL_AT) for s in (simultaneous, alternating)]
    f = (sigma + v * NORMAL.gradient[1].subs(mu, centre)).simplify()
    at_edge = {sigma: sp.sqrt(v)}
    by_hand = f.diff(sigma, 2).subs(at_edge) ** 2 / 4 + f.diff(sigma, 3).subs(at_edge) / 6
    for found in both:
        assert found.jacobian == sp.diag(1 - g / v, 1 - 2 * g / v)
        (interval,) = found.stable_steps
        assert (interval.lower, interval.upper, found.best_step) == (0, v, 2 * v / 3)
        assert found.rate == sp.Rational(1, 3) and found.known is Known.PROVED
        assert interval.upper_criticality is Criticality.SUPERCRITICAL
        assert sp.simplify(found.edge.coefficient - by_hand) == 0 and found.edge.step == v
    compared = comparison(*both)
    assert compared.same_jacobian is True and compared.known is Known.PROVED
    assert compared.two_blocks.q == 0


def test_the_normal_in_symbols_needs_no_numerics():
    """A derivation imports neither NumPy nor SciPy on account of its stability."""
    code = (
        "import sys, sympy as sp; from symmle.derive import Score; from symmle.schemes import *;"
        "from symmle.stability import *; s, v, g = sp.symbols('s v g', positive=True);"
        "f = -sp.log(s) - v/(2*s**2); score = Score((s,), (f.diff(s),), sp.Matrix([f.diff(s, 2)]));"
        "r = stability(score, alternating((s,)), g, {s: sp.sqrt(v)});"
        "assert r.stable_steps[0].upper == v; print('numpy' in sys.modules, 'scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_gamma_in_symbols():
    """Simultaneous is decided for every shape and rate, because a*psi1(a) > 1; in turn the shape of
    the set depends on them, and the conditions are those that numbers confirm."""
    together, in_turn = (stability(GAMMA, s((a, b)), g, {}) for s in (simultaneous, alternating))
    assert together.known is Known.PROVED
    at = {a: sp.Integer(5), b: sp.S.One}
    assert (
        abs(together.stable_steps[0].upper.subs(at).evalf(20) - sp.Float("0.384554494881")) < 1e-11
    )
    assert in_turn.stable_steps is None and in_turn.known is Known.UNKNOWN
    for step, stable in (("2/5", True), ("1", False), ("23/5", True), ("5", False)):
        values = at | {g: sp.Rational(step)}
        assert all(bool(c.subs(values)) for c in in_turn.conditions) is stable
    assert comparison(together, in_turn).same_jacobian is False


def test_undecided_signs_are_conditions_not_answers():
    """-k*x**2 with k of unknown sign is a maximum only if k > 0, and that is said."""
    k = sp.Symbol("k", real=True)
    found = stability(score_of(-k * P[0] ** 2, P[0]), simultaneous(P[:1]), g, {P[0]: 0})
    assert found.known is Known.UNKNOWN and found.conditions == (2 * k > 0,)
    assert found.stable_steps[0].upper == 1 / k
    sure = stability(
        score_of(-k * P[0] ** 2, P[0]), simultaneous(P[:1]), g, {P[0]: 0}, strict_maximum=True
    )
    assert sure.known is Known.PROVED and sure.conditions == ()


@pytest.mark.parametrize(
    "matrix",
    [
        sp.Matrix([[1, sp.Rational(7, 5)], [sp.Rational(7, 5), 4]]),  # two ranges
        sp.Matrix([[1, sp.Rational(1, 2)], [sp.Rational(1, 2), 4]]),  # a flip
        sp.Matrix([[1, sp.Rational(1, 2)], [sp.Rational(1, 2), 1]]),  # a circle
        sp.Matrix([[1, 1], [1, 3]]),  # touching: (a - b)**2 = 4*c**2
    ],
)
def test_two_in_turn_with_a_unit(matrix):
    """In units t the matrix is t*A and the set is the one at numbers divided by t."""
    t = sp.Symbol("t", positive=True)
    symbolic = at_origin(t * matrix, alternating)
    numeric = at_origin(matrix, alternating)
    assert symbolic.known is Known.PROVED
    assert len(symbolic.stable_steps) == len(numeric.stable_steps)
    for one, other in zip(symbolic.stable_steps, numeric.stable_steps, strict=True):
        for first, second in ((one.lower, other.lower), (one.upper, other.upper)):
            assert abs(sp.N(first.subs(t, 1) - second, 25)) < 1e-18
        assert (one.lower_event, one.upper_event) == (other.lower_event, other.upper_event)


def test_independent_parts_of_unknown_order():
    """diag(a, b) with two positive letters: the smaller of the two ranges, whichever it is."""
    found = at_origin(sp.diag(a, b), alternating)
    (interval,) = found.stable_steps
    assert interval.upper.subs({a: 3, b: 7}) == sp.Rational(2, 7)
    assert interval.upper.subs({a: 9, b: 7}) == sp.Rational(2, 9)
    assert found.rate.subs({a: 3, b: 7}) == sp.Rational(4, 10)
    assert found.known is Known.PROVED


def test_newton_and_scoring_do_not_feel_the_scale():
    """Their Jacobian is (1 - g) I at any point of an exponential family: 0 < g < 2, best 1."""
    for scheme, information in ((newton, None), (scoring, -GAMMA.hessian)):
        found = stability(
            GAMMA, scheme((a, b)), g, {a: sp.Integer(2), b: sp.S.One}, information=information
        )
        assert found.jacobian == (1 - g) * sp.eye(2)
        assert (found.stable_steps[0].upper, found.best_step, found.rate) == (2, 1, 0)


def test_eigenvalues_are_roots_of_the_characteristic_polynomial():
    """Both are found from the same parts by different formulas."""
    z = sp.Symbol("z")
    for scheme in (simultaneous, alternating):
        found = at_origin(positive_definite(2, 9), scheme)
        for value in found.eigenvalues:
            left = found.characteristic_polynomial.subs(z, value).subs(g, sp.Rational(3, 11))
            assert abs(sp.N(left, 30)) < 1e-25
    three = at_origin(positive_definite(3, 9), alternating)
    assert three.eigenvalues is None
    number = {g: sp.Rational(3, 11)}
    expected = three.jacobian.subs(number).charpoly(z).as_expr()
    assert sp.expand(three.characteristic_polynomial.subs(number) - expected) == 0


# What is born at the edge


def iterated(score, scheme, point, step, count):
    """The last points of a run of the statements themselves, in floats."""
    written = update(score, scheme, g)
    lines = []
    for line in written.statements:
        functions = [sp.lambdify((*score.parameters, g), value, "math") for value in line.values]
        lines.append(([score.parameters.index(p) for p in line.parameters], functions))
    run = []
    for _ in range(count):
        for places, functions in lines:
            new = [f(*point, step) for f in functions]
            for place, value in zip(places, new, strict=True):
                point[place] = value
        run.append(list(point))
        if max(map(abs, point)) > 10:  # thrown out for good
            break
    return np.array(run)


def cycle_amplitude(score, scheme, start, edge, excess):
    run = iterated(score, scheme, list(start), edge * (1 + excess), int(60 / excess))
    return np.linalg.norm(run[-1] - run[-2]) / 2


BENT = score_of(
    -2 * P[0] ** 2
    - P[1] ** 2 / 2
    - P[0] * P[1] / 2
    + P[1] ** 3 / 4
    - P[0] * P[1] ** 2 / 3
    + P[1] ** 4 / 10
    + P[0] ** 3 / 5,
    *P[:2],
)


@pytest.mark.parametrize("scheme", [simultaneous, alternating])
def test_a_supercritical_flip_gives_birth_to_a_small_cycle(scheme):
    """Just beyond the edge the 2-cycle has amplitude sqrt(d|multiplier| / coefficient) in the
    direction of the eigenvector whose first entry is 1."""
    found = stability(BENT, scheme(P[:2]), g, dict.fromkeys(P[:2], sp.S.Zero))
    edge = found.edge
    assert edge.event is Event.FLIP and edge.criticality is Criticality.SUPERCRITICAL
    excess, place = 1e-3, float(edge.step)
    jacobian = sp.lambdify(g, found.jacobian, "numpy")
    growth = min(np.linalg.eigvals(jacobian(place * (1 + excess))).real)
    values, vectors = np.linalg.eig(jacobian(place))
    vector = vectors[:, np.argmin(values.real)]
    expected = np.sqrt((-growth - 1) / float(edge.coefficient)) * np.linalg.norm(vector / vector[0])
    measured = cycle_amplitude(BENT, scheme(P[:2]), (0.01, -0.02), place, excess)
    assert abs(measured / expected - 1) < 0.02
    small = cycle_amplitude(BENT, scheme(P[:2]), (0.01, -0.02), place, excess / 4)
    assert abs(measured / small - 2) < 0.05


def test_a_subcritical_flip_throws_even_from_inside():
    """x -> x - g(x + x**3): before the edge at 2 a repelling 2-cycle bounds the basin."""
    score = score_of(-(P[0] ** 2) / 2 - P[0] ** 4 / 4, P[0])
    found = stability(score, simultaneous(P[:1]), g, {P[0]: sp.S.Zero})
    assert found.edge.criticality is Criticality.SUBCRITICAL and found.edge.coefficient == -2
    inside, outside = (
        iterated(score, simultaneous(P[:1]), [start], 1.98, n)[-1, 0]
        for start, n in ((0.09, 4000), (0.11, 4000))
    )
    assert abs(inside) < 1e-6  # the cycle sits at sqrt(0.02/1.98) = 0.1005
    assert abs(outside) > 10


def test_a_flip_of_a_quadratic_is_degenerate():
    """A linear map has no cycle of its own: the coefficient is exactly zero."""
    found = at_origin(sp.diag(1, 3), alternating)
    assert found.edge.criticality is Criticality.DEGENERATE and found.edge.coefficient == 0


@pytest.mark.parametrize("bend", [1, -1])
def test_the_circle_of_a_neimark_sacker(bend):
    """Supercritical: it attracts beyond the edge, with radius sqrt(d|multiplier| / -coefficient).
    Subcritical: before the edge it bounds the basin."""
    x, y = P[:2]
    score = score_of(-(x**2) / 2 - y**2 / 2 - x * y / 3 + bend * (x**4 + y**4) / 20, x, y)
    found = stability(score, alternating((x, y)), g, {x: sp.S.Zero, y: sp.S.Zero})
    edge = found.edge
    assert edge.event is Event.NEIMARK_SACKER
    assert edge.criticality is (
        Criticality.SUPERCRITICAL if edge.coefficient < 0 else Criticality.SUBCRITICAL
    )
    side = 1 if edge.coefficient < 0 else -1
    place = float(edge.step)
    step = place * (1 + 2e-3 * side)
    jacobian = sp.lambdify(g, found.jacobian, "numpy")
    growth = abs(np.linalg.eigvals(jacobian(step))[0]) - 1
    reach = 2 * np.sqrt(growth / -float(edge.coefficient))  # x = z + conj(z): q is (1, ...)
    run = iterated(score, alternating((x, y)), [0.3 * reach, 0.0], step, 30000)
    if side > 0:
        assert abs(np.abs(run[-3000:, 0]).max() / reach - 1) < 0.05
    else:
        assert np.abs(run[-1]).max() < 1e-9
        assert (
            np.abs(iterated(score, alternating((x, y)), [3 * reach, 0.0], step, 30000)).max() > 10
        )


# Comparison and refusals


@given(symmetric.filter(lambda m: m.rows == 2))
def test_trace_and_determinant_move_together(matrix):
    """T_alt = T_sim + q and D_alt = D_sim + q with q = g**2 c**2 >= 0 for one objective."""
    blocks = comparison(at_origin(matrix, simultaneous), at_origin(matrix, alternating)).two_blocks
    assert sp.expand(blocks.alternating_trace - blocks.simultaneous_trace - blocks.q) == 0
    assert (
        sp.expand(blocks.alternating_determinant - blocks.simultaneous_determinant - blocks.q) == 0
    )
    assert blocks.q == g**2 * matrix[0, 1] ** 2


def test_the_comparison_names_the_wider_range():
    """At the gamma's (2, 1) the alternating range is the wider one."""
    found = comparison(gamma_at(2, simultaneous((a, b))), gamma_at(2, alternating((a, b))))
    assert "The alternating update allows the larger step" in found.verdict
    assert found.same_jacobian is False


def test_refusals():
    """A wrong name, a step that is no number, symbols where numbers are needed."""
    scheme = simultaneous((a, b))
    with pytest.raises(InputError, match="the fixed point names g, but the parameters are a, b"):
        stability(GAMMA, scheme, g, {g: sp.S.One})
    with pytest.raises(InputError, match="still has symbols in it"):
        stability(GAMMA, scheme, g, {}, at=sp.S.One)
    with pytest.raises(InputError, match="is not a positive number"):
        gamma_at(2, scheme, at=sp.Integer(-1))
