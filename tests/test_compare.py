"""Two schemes side by side, against floating eigenvalues of the sweep written out by hand."""

import json
import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp

from symmle.cli.main import main
from symmle.derive import Score
from symmle.known import Known
from symmle.schemes import Rule, alternating, simultaneous, with_rule
from symmle.stability import Side, compared, stability
from symmle.stability.parts import Part
from symmle.stability.records import Event, Interval
from symmle.stability.sampled import radius_in_floats, sampled
from symmle.stability.side_by_side import same_steps, sets

GRID = np.linspace(0.003, 6.0, 700)


def part(field, blocks, repeat=1):
    """The sweep of a matrix, block after block."""
    rows = tuple(tuple(map(sp.sympify, row)) for row in field)
    return (Part(tuple(range(len(rows))), rows, tuple((b, repeat) for b in blocks)),)


def together(size):
    return [tuple(range(size))]


def in_turn(size):
    return [(i,) for i in range(size)]


def radii(field, blocks):
    """The spectral radius at each step of the grid, by numpy, each block a matrix of its own."""
    field = np.array(field, dtype=float)
    found = []
    for step in GRID:
        sweep = np.eye(len(field))
        for block in blocks:
            move = np.eye(len(field))
            move[list(block)] += step * field[list(block)]
            sweep = move @ sweep
        found.append(max(abs(np.linalg.eigvals(sweep))))
    return np.array(found)


def definite(source, size):
    """Minus a random positive definite matrix of fractions."""
    rows = [[source.randint(-3, 3) for _ in range(size)] for _ in range(size)]
    square = np.array(rows) @ np.array(rows).T + np.eye(size, dtype=int)
    return [[-sp.Rational(int(entry), 6) for entry in row] for row in square]


def game(source, size):
    """Any matrix of fractions, each player's own slope towards rest."""
    rows = [[sp.Rational(source.randint(-6, 6), 5) for _ in range(size)] for _ in range(size)]
    for i in range(size):
        rows[i][i] = -sp.Rational(source.randint(1, 9), 5)
    return rows


def cases():
    source = random.Random(4)
    for size, many in ((2, 8), (3, 3), (4, 2), (5, 1)):
        for kind in (definite, game):
            for i in range(many):
                yield pytest.param(kind(source, size), id=f"{kind.__name__}{size}{i}")


@pytest.fixture(scope="module", params=cases())
def case(request):
    field = request.param
    size = len(field)
    return field, part(field, together(size)), part(field, in_turn(size))


def test_containment_is_what_eigenvalues_on_a_grid_say(case):
    """Decided in every cell: no step of the grid contradicts, and each witness is one."""
    field, first, second = case
    found = sets(first, second)
    assert found.known is Known.PROVED
    one, other = (radii(field, b(len(field))) for b in (together, in_turn))
    clear = (abs(one - 1) > 1e-6) & (abs(other - 1) > 1e-6)
    only_first, only_second = clear & (one < 1) & (other > 1), clear & (other < 1) & (one > 1)
    assert not (found.first_in_second and only_first.any())
    assert not (found.second_in_first and only_second.any())
    for step, inner, outer in (
        (found.only_first, first, second),
        (found.only_second, second, first),
    ):
        if step is not None:
            assert radius_in_floats(inner)(float(step)) < 1 < radius_in_floats(outer)(float(step))
    assert (found.first_in_second is False) == (found.only_first is not None)
    assert (found.second_in_first is False) == (found.only_second is not None)


def test_the_smaller_radius_is_what_eigenvalues_on_a_grid_say(case):
    """At equal steps; a grid point that no interval holds is stable for neither scheme."""
    field, first, second = case
    found = same_steps(first, second)
    if found.intervals is None and len(field) > 3:
        assert "too long" in found.reason  # `sampled` is tested by itself
        return
    assert found.known is Known.PROVED
    one, other = (radii(field, b(len(field))) for b in (together, in_turn))
    for step, left, right in zip(GRID, one, other, strict=True):
        here = [p for p in found.intervals if float(p.lower) < step < float(p.upper)]
        assert len(here) <= 1
        if abs(left - right) < 1e-6 or abs(min(left, right) - 1) < 1e-6:
            continue
        assert bool(here) == (min(left, right) < 1)
        if here:
            assert here[0].side is (Side.FIRST if left < right else Side.SECOND)


def test_ends_at_equal_steps_are_where_the_radii_meet(case):
    """An end inside a stable range is a place of equal radii, not of a sample."""
    _, first, second = case
    found = same_steps(first, second)
    for before, after in pairwise(found.intervals or ()):
        if before.upper == after.lower and before.side is not after.side:
            step = float(before.upper)
            assert radius_in_floats(first)(step) == pytest.approx(
                radius_in_floats(second)(step), abs=1e-6
            )


def test_one_objective_is_never_slower_in_turn(case):
    """The two-block law for q >= 0, and Householder and John for more: by the decided sets."""
    field, first, second = case
    if sp.Matrix(field) == sp.Matrix(field).T:
        assert sets(first, second).first_in_second is True
        if len(field) == 2:
            sides = {p.side for p in same_steps(first, second).intervals}
            assert Side.FIRST not in {
                p.side
                for p in same_steps(first, second).intervals
                if float(p.lower) < 2 / max(np.linalg.eigvalsh(-np.array(field, dtype=float)))
            }
            assert sides


def test_what_is_shared_is_known_to_be_the_same():
    """One parameter that acts on no other decides both ranges; balls alone could not tell."""
    slow = -sp.pi
    alone = Part((2,), ((slow,),), (((0,), 1),))
    field = [[-sp.Rational(1, 3), sp.Rational(1, 9)], [sp.Rational(1, 9), -sp.Rational(1, 4)]]
    first, second = (*part(field, together(2)), alone), (*part(field, in_turn(2)), alone)
    found = sets(first, second)
    assert found.first_in_second is found.second_in_first is True
    assert found.known is Known.CERTIFIED
    sides = [(p.side, float(p.lower), float(p.upper)) for p in same_steps(first, second).intervals]
    assert sides[-1][0] is Side.EQUAL and sides[-1][2] == pytest.approx(2 / np.pi)


def test_the_opposite_order_has_the_same_multipliers():
    """Of one objective; for irrational entries only the letters can show it."""
    field = [[-sp.pi, 1, sp.E], [1, -3, 0], [sp.E, 0, -sp.sqrt(7)]]
    found = sets(part(field, [(0,), (1,), (2,)]), part(field, [(2,), (1,), (0,)]))
    assert found.same_multipliers and found.known is Known.PROVED


def test_ends_that_balls_do_not_tell_apart_are_left_open():
    """2/sqrt(2) written twice in different letters: unknown, and said so."""
    first = part([[-sp.sqrt(2) - sp.pi + sp.pi]], together(1))
    twin = part([[-sp.exp(sp.log(2, evaluate=False) / 2, evaluate=False)]], together(1))
    found = sets(first, twin)
    assert (found.first_in_second, found.second_in_first) == (None, None)
    assert "apart" in found.reason


QUADRATICS = ([[6, -4], [-4, 6]], [[3, 1], [1, 3]], [[6, -4], [-4, 10]])


@pytest.mark.parametrize("rows", QUADRATICS, ids=str)
def test_implicit_steps_are_compared_with_explicit_ones_up_to_step_zero(rows):
    """1/(1 + g*l) > 1 - g*l: explicit steps are the faster until they overshoot the greatest."""
    least, greatest = np.linalg.eigvalsh(np.array(rows, dtype=float))
    first = part([[-sp.Integer(entry) for entry in row] for row in rows], together(2))
    second = (replace(first[0], rule=Rule.IMPLICIT),)
    exact = same_steps(first, second)
    assert exact.known is Known.PROVED
    whole = [Interval(sp.S.Zero, sp.oo, Event.NONE, Event.NONE)]
    for found in (exact, sampled(first, second, whole)):
        before, after = found.intervals[0], found.intervals[-1]
        assert (before.side, after.side, after.upper) == (Side.FIRST, Side.SECOND, sp.oo)
        step = float(before.upper)
        assert step * greatest - 1 == pytest.approx(1 / (1 + step * least), abs=1e-8)


def test_samples_agree_with_resultants():
    """The road for long resultants, on cases that have short ones."""
    source = random.Random(8)
    for size in (2, 3):
        field = game(source, size)
        first, second = part(field, together(size)), part(field, in_turn(size))
        exact = same_steps(first, second).intervals
        whole = [Interval(p.lower, p.upper, Event.NONE, Event.NONE) for p in exact]
        found = sampled(first, second, whole)
        assert found.known is Known.CHECKED
        assert [p.side for p in found.intervals] == [p.side for p in exact]


def run(capsys, *arguments):
    assert main(["stability", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_a_model_is_compared_pair_by_pair(capsys):
    """Every pair that was asked for, with the old keys and the new ones."""
    names = ("simultaneous", "alternating", "newton")
    asked = [word for name in names for word in ("--scheme", name)]
    record = json.loads(run(capsys, "gamma", "--at", "shape=2,rate=1", "--json", *asked))
    pairs = record["comparison"]
    assert [(p["first"], p["second"]) for p in pairs] == [
        ("simultaneous", "alternating"),
        ("simultaneous", "newton"),
        ("alternating", "newton"),
    ]
    assert pairs[0]["same_jacobian"] is False and pairs[0]["verdict"]
    assert pairs[0]["stable_sets"]["first_in_second"] is True
    assert pairs[0]["stable_sets"]["second_in_first"] is False
    assert pairs[0]["best_steps"]["smaller_rate"] == "alternating"
    assert pairs[0]["equal_steps"]["intervals"][0]["upper"] == pytest.approx(2.0505460967)
    assert pairs[1]["equal_steps"]["intervals"] is None and pairs[1]["equal_steps"]["reason"]


def test_one_update_in_two_forms_is_not_said_to_differ_in_what_it_reads(capsys):
    """EM and its gradient step: the same matrix, of two maps that read the same values."""
    density = "log(w)*z + log(1-w)*(1-z) - (x - m*z)**2/2 - log(2*pi)/2"
    told = run(
        capsys, "--logpdf", density, "--latent", "z in {0, 1}", "--data-symbol", "x", "--param",
        "w: unit", "--param", "m", "--at", "w=0.4,m=3", "--scheme", "em", "--scheme", "em_gradient",
    )  # fmt: skip
    told = " ".join(told.split())
    assert "to first order the two are one update" in told and "reads" not in told


@pytest.mark.parametrize("scheme", ["newton", "diagonal_newton"])
def test_a_scheme_that_divides_by_zero_is_refused(capsys, tmp_path, scheme):
    """Of x**2*y**2 at the origin no Newton step exists: said in a sentence, and nothing proved."""
    problem = tmp_path / "flat.toml"
    problem.write_text(
        '[objective]\nminimise = "x**2*y**2"\n[variables]\nx = "real"\ny = "real"\n'
        "[at]\nx = 0\ny = 0\n"
    )
    assert main(["stability", str(problem), "--scheme", scheme]) == 2
    assert "singular" in capsys.readouterr().err


def test_exact_maximisation_has_no_momentum(capsys):
    """Two options that do not go together are refused with both named."""
    words = "gamma --at shape=5,rate=1 --scheme coordinate --inner exact --momentum 1/5"
    assert main(["stability", *words.split()]) == 2
    told = capsys.readouterr().err
    assert "--inner exact" in told and "--momentum" in told


def test_a_zero_sum_game_is_told_its_law(capsys, tmp_path):
    """q <= 0: towards the flip; the alternating range may end there."""
    game_file = tmp_path / "game.toml"
    game_file.write_text(
        '[objective.x]\nminimise = "c*x*y + x**2/10"\n[objective.y]\n'
        'maximise = "c*x*y - y**2/5"\n[variables]\nx = "real"\ny = "real"\n'
        '[constants]\nc = "1/2"\n[at]\nx = 0\ny = 0\n'
    )
    text = " ".join(run(capsys, game_file).split())
    assert "q <= 0, as in a zero-sum game" in text and "q = -step**2/4" in text
    assert "every one that is stable for simultaneous is so for alternating" in text


def test_two_empty_sets_are_the_same_and_long_polynomials_are_left_alone():
    """A game of floats with momentum has radii of degree 28: sets at once, no long resultant."""
    source = random.Random(1)
    rows = [[sp.Float(source.uniform(-2, 2)) for _ in range(4)] for _ in range(4)]
    letters = sp.symbols("x y z w", real=True)
    score = Score(letters, tuple(sp.Matrix(rows) * sp.Matrix(letters)), sp.Matrix(rows))
    origin = dict.fromkeys(letters, sp.S.Zero)
    step = sp.Symbol("step", positive=True)
    pair = [
        stability(score, with_rule(make(letters), Rule.HEAVY_BALL, sp.Rational(1, 2)), step, origin)
        for make in (simultaneous, alternating)
    ]
    found = compared(*pair)
    assert [each.stable_steps for each in pair] == [(), ()]
    assert found.sets.first_in_second and found.sets.second_in_first
    assert found.same_steps.intervals == ()
    assert "too long" in same_steps(pair[0].parts, pair[1].parts).reason
