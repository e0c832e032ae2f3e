"""Rules with memory, and those that look ahead: against their maps, runs and the literature."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symmle.derive import derive
from symmle.derive.score import Score
from symmle.errors import InputError
from symmle.families import family_model
from symmle.known import Known
from symmle.problem import build_problem
from symmle.schemes import (
    Rule,
    alternating,
    coordinate,
    diagonal_newton,
    diagonal_scoring,
    simultaneous,
    update,
    with_rule,
)
from symmle.stability import Event, comparison, stability, sweep_jacobian

STEP = sp.Symbol("step", positive=True)
X, Y, Z = sp.symbols("x y z", real=True)
RULES = [rule for rule in Rule if rule is not Rule.GRADIENT]
HALF = sp.Rational(1, 2)


def field(matrix: list[list[int]]) -> Score:
    """The linear field K*v."""
    k = sp.ImmutableMatrix(matrix)
    symbols = (X, Y, Z)[: k.rows]
    return Score(symbols, tuple(k * sp.Matrix(symbols)), k)


def schemes(symbols, rule, momentum):
    """Together, in turn, and each parameter twice, where the rule can be taken so."""
    found = [with_rule(simultaneous(symbols), rule, momentum)]
    if rule is not Rule.IMPLICIT:
        found += [
            with_rule(each, rule, momentum)
            for each in (alternating(symbols), coordinate(symbols, 2, 1))
        ]
    return found


entries = st.integers(-3, 3)


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=15, deadline=None)
@given(st.lists(entries, min_size=4, max_size=4), st.sampled_from([-HALF, sp.S.Zero, HALF]))
def test_the_jacobian_is_that_of_the_map_that_is_run(rule, numbers, momentum) -> None:
    """Of a linear field the update is linear: its columns are the printed lines, run on units."""
    k = field([numbers[:2], numbers[2:]])
    for scheme in schemes(k.parameters, rule, momentum):
        step = sp.Rational(2, 7)
        claimed = sweep_jacobian(k.hessian, scheme, k.parameters, step)
        written = update(k, scheme, step)
        if rule is Rule.IMPLICIT:  # (I - g K) x' = x
            assert (sp.eye(2) - step * k.hessian) * claimed == sp.eye(2)
            continue
        for j in range(len(written.state)):
            start = {s: sp.Integer(int(i == j)) for i, s in enumerate(written.state)}
            for line in written.statements:
                for _ in range(line.repeat):
                    new = [value.xreplace(start) for value in line.values]
                    start |= dict(zip(line.parameters, new, strict=True))
            assert [start[s] for s in written.state] == list(claimed[:, j])


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=12, deadline=None)
@given(st.lists(entries, min_size=4, max_size=4), st.sampled_from([-HALF, HALF]))
def test_floating_eigenvalues_agree_inside_and_outside_every_end(rule, numbers, momentum) -> None:
    """At 0.99 and 1.01 of each end, and in the middle of each range, by numpy's eigenvalues."""
    k = field([numbers[:2], numbers[2:]])
    origin = dict.fromkeys(k.parameters, sp.S.Zero)
    for scheme in schemes(k.parameters, rule, momentum):
        found = stability(k, scheme, STEP, origin)
        assert found.stable_steps is not None, found.reason
        run = sp.lambdify(STEP, found.jacobian, "numpy")
        for interval in found.stable_steps:
            low, high = float(interval.lower), float(min(interval.upper, 2 * interval.lower + 50))
            for share, stable in ((0.01, True), (0.5, True), (0.99, True), (1.01, False)):
                if share > 1 and interval.upper > high:
                    continue
                step = low + share * (high - low)
                if any(abs(step - float(e.lower)) < 1e-9 for e in found.stable_steps):
                    continue
                radius = np.max(np.abs(np.linalg.eigvals(np.array(run(step), dtype=float))))
                if abs(radius - 1) > 1e-6:
                    assert (radius < 1) == stable
        if not found.stable_steps:
            for step in (1e-3, 0.1, 0.7):
                radius = np.max(np.abs(np.linalg.eigvals(np.array(run(step), dtype=float))))
                assert radius > 1 - 1e-6


@pytest.mark.parametrize(
    ("rule", "momentum", "top", "event"),
    [
        # Polyak, Some methods of speeding up the convergence of iteration methods (1964), theorem 9
        (Rule.HEAVY_BALL, sp.Rational(9, 10), sp.Rational(38, 10), Event.FLIP),
        (Rule.HEAVY_BALL, -HALF, sp.S.One, Event.FLIP),
        # Nesterov's on a quadratic: Lessard, Recht & Packard, SIAM J. Optim. 26 (2016) 57, sect. 4
        (Rule.NESTEROV, sp.Rational(9, 10), sp.Rational(38, 28), Event.FLIP),
        # 1 - t + t**2 < 1
        (Rule.EXTRAGRADIENT, sp.S.Zero, sp.S.One, Event.FOLD),
        # Popov (1980); Daskalakis et al., Training GANs with optimism (2018)
        (Rule.OPTIMISTIC, sp.S.Zero, sp.Rational(2, 3), Event.FLIP),
        (Rule.IMPLICIT, sp.S.Zero, sp.oo, Event.NONE),
    ],
)
def test_at_a_strict_maximum_in_symbols(rule, momentum, top, event) -> None:
    """0 < step < top/(greatest eigenvalue), for a normal sample of any spread: it is 2/sigma**2."""
    derivation = derive(family_model("normal"))
    score = derivation.score
    mu, sigma = score.parameters
    scheme = with_rule(simultaneous(score.parameters), rule, momentum)
    hessian = dict(zip(score.hessian, (-1 / sigma**2, 0, 0, -2 / sigma**2), strict=True))
    found = stability(
        score, scheme, STEP, {}, evaluate=lambda e: hessian.get(e, e), strict_maximum=True
    )
    (interval,) = found.stable_steps
    expected = sp.oo if top is sp.oo else top * sigma**2 / 2
    assert interval.upper == expected or sp.simplify(interval.upper - expected) == 0
    assert interval.upper_event is event
    assert mu not in found.jacobian.free_symbols


def bilinear():
    return build_problem(
        "game",
        {
            "objective": {"x": {"minimise": "x*y"}, "y": {"maximise": "x*y"}},
            "variables": {"x": "real", "y": "real"},
        },
    ).field


@pytest.mark.parametrize(
    ("rule", "momentum", "in_turn", "top"),
    [
        # Gidel et al., Negative momentum for improved game dynamics (2019), theorem 6
        (Rule.HEAVY_BALL, -HALF, True, 1),
        (Rule.HEAVY_BALL, HALF, True, None),
        (Rule.HEAVY_BALL, -HALF, False, None),
        # Zhang & Yu, Convergence of gradient methods on bilinear zero-sum games (2020), table 1
        (Rule.EXTRAGRADIENT, sp.S.Zero, False, 1),
        (Rule.OPTIMISTIC, sp.S.Zero, False, 1 / sp.sqrt(3)),
        (Rule.IMPLICIT, sp.S.Zero, False, sp.oo),
    ],
)
def test_bilinear_games_of_the_literature(rule, momentum, in_turn, top) -> None:
    """min over x, max over y of x*y: which rules converge, and up to which step."""
    game = bilinear()
    maker = alternating if in_turn else simultaneous
    scheme = with_rule(maker(game.parameters), rule, momentum)
    found = stability(game, scheme, STEP, dict.fromkeys(game.parameters, sp.S.Zero))
    if top is None:
        assert found.stable_steps == ()
        return
    (interval,) = found.stable_steps
    assert interval.lower == 0
    assert interval.upper == top or abs(float(interval.upper - top)) < 1e-15


def test_the_best_step_of_heavy_ball_has_the_rate_of_its_momentum() -> None:
    """With enough momentum every eigenvalue is complex, of modulus sqrt(momentum) (Polyak 1964)."""
    k = field([[-4, -1], [-1, -2]])
    origin = dict.fromkeys(k.parameters, sp.S.Zero)
    scheme = with_rule(simultaneous(k.parameters), Rule.HEAVY_BALL, sp.Rational(9, 10))
    found = stability(k, scheme, STEP, origin, at=sp.Rational(1, 5))
    assert float(found.rate) == pytest.approx(0.9**0.5, rel=1e-9)
    assert float(found.at_step.spectral_radius) == pytest.approx(0.9**0.5, rel=1e-12)
    assert found.at_step.known is Known.PROVED


def test_numbers_that_are_no_fractions_are_checked_only() -> None:
    """A field with pi in it: rounded to 60 digits for a rule with memory, and said to be so."""
    k = Score((X, Y), (-sp.pi * X + Y, X - 2 * Y), sp.ImmutableMatrix([[-sp.pi, 1], [1, -2]]))
    scheme = with_rule(simultaneous((X, Y)), Rule.HEAVY_BALL, HALF)
    found = stability(k, scheme, STEP, {X: sp.S.Zero, Y: sp.S.Zero})
    top = max(np.linalg.eigvalsh([[np.pi, -1], [-1, 2]]))
    assert found.known is Known.CHECKED
    assert float(found.stable_steps[0].upper) == pytest.approx(3 / top, rel=1e-13)


def test_each_parameter_divided_by_its_own_curvature() -> None:
    """Diagonal Newton on a quadratic is Jacobi's method: J = I - g D**-1 A."""
    k = field([[-4, -1], [-1, -2]])
    for maker, information in ((diagonal_newton, None), (diagonal_scoring, -k.hessian)):
        scheme = maker(k.parameters)
        found = sweep_jacobian(k.hessian, scheme, k.parameters, STEP, information)
        scaled = sp.diag(sp.Rational(1, 4), sp.Rational(1, 2)) * -k.hessian
        assert (found - (sp.eye(2) - STEP * scaled)).applyfunc(sp.expand) == sp.zeros(2)


def test_what_is_refused() -> None:
    """A momentum of one or more, and implicit steps in turn."""
    with pytest.raises(InputError, match="between -1 and 1"):
        with_rule(simultaneous((X,)), Rule.HEAVY_BALL, sp.S.One)
    with pytest.raises(InputError, match="all parameters at once"):
        with_rule(alternating((X, Y)), Rule.IMPLICIT)


def test_maps_of_unequal_size_are_compared_by_their_ranges() -> None:
    """A rule with memory has a larger matrix: it is not the same, and the ranges are told."""
    k = field([[-4, -1], [-1, -2]])
    origin = dict.fromkeys(k.parameters, sp.S.Zero)
    plain = simultaneous(k.parameters)
    heavy = with_rule(plain, Rule.HEAVY_BALL, HALF)
    first, second = (stability(k, each, STEP, origin) for each in (plain, heavy))
    found = comparison(first, second)
    assert found.same_jacobian is False
    assert found.two_blocks is None
