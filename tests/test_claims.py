"""Claims for all values of the letters, against floating eigenvalues at random values."""

import json
import random

import numpy as np
import pytest
import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly_ctx

from symmle.cli.main import main
from symmle.derive import Score
from symmle.domain import Variable, domain
from symmle.errors import BudgetError
from symmle.known import Known
from symmle.schemes import (
    Rule,
    alternating,
    coordinate,
    simultaneous,
    symmetric,
    with_rule,
)
from symmle.stability import compared, solver, stability
from symmle.stability.containment import Holds, contained
from symmle.stability.open_cells import samples
from symmle.stability.region import Region, letters_of

A, B, C, D = sp.symbols("a b c d", positive=True)
R, S = sp.symbols("r s", real=True)
P = sp.symbols("p", real=True)
STEP = sp.Symbol("step", positive=True)
PLACES = sp.symbols("x y z w", real=True)

QUADRATIC = [[-A, -R], [-R, -B]]
ROTATION = [[-1, R], [-R, -1]]


def analysed(field, scheme):
    """A scheme at the rest of a linear field with letters."""
    matrix = sp.ImmutableMatrix(field)
    places = PLACES[: matrix.rows]
    score = Score(places, tuple(matrix * sp.Matrix(places)), matrix)
    return stability(score, scheme(places), STEP, dict.fromkeys(places, sp.S.Zero), edges=False)


def heavy(momentum):
    return lambda places: with_rule(simultaneous(places), Rule.HEAVY_BALL, momentum)


def implicit(places):
    return with_rule(simultaneous(places), Rule.IMPLICIT)


def twice(places):
    return coordinate(places, 2)


def numeric_radius(field, scheme, step):
    """By numpy, from the field alone: each block a matrix, momentum with a memory beside it."""
    field = np.array(field, dtype=float)
    size, parts = len(field), scheme(PLACES[: len(field)])
    if parts.rule is Rule.IMPLICIT:
        return max(abs(1 / np.linalg.eigvals(np.eye(size) - step * field)))
    sweep = np.eye(2 * size)
    for block in parts.blocks:
        rows = [PLACES.index(each) for each in block.parameters]
        move = np.eye(2 * size)
        for i in rows:
            move[size + i] = [*(step * field[i]), *(float(parts.momentum) * np.eye(size)[i])]
            move[i] = move[i] + move[size + i]
        for _ in range(block.repeat):
            sweep = move @ sweep
    if not parts.momentum:
        sweep = sweep[:size, :size]
    return max(abs(np.linalg.eigvals(sweep)))


CASES = {
    "quadratic": (QUADRATIC, simultaneous, alternating, (True, False)),
    "one pull": ([[-A, B], [C, -D]], simultaneous, alternating, (True, False)),
    "zero sum": ([[-A, B], [-C, -D]], simultaneous, alternating, (False, False)),
    "any game": ([[P, R], [S, -D]], simultaneous, alternating, (False, False)),
    "no pull": ([[-A, 0], [S, -D]], simultaneous, alternating, (True, True)),
    "other order": (QUADRATIC, alternating, lambda p: alternating(p, p[::-1]), (True, True)),
    "there and back": (QUADRATIC, alternating, symmetric, (False, False)),
    "inner steps": (QUADRATIC, simultaneous, twice, (True, False)),
    "implicit": (QUADRATIC, simultaneous, implicit, (True, False)),
    "momentum": (QUADRATIC, simultaneous, heavy(sp.Rational(1, 2)), (True, False)),
    "brake": (QUADRATIC, simultaneous, heavy(-sp.Rational(1, 2)), (False, True)),
    "one": ([[-A / (1 + B)]], simultaneous, heavy(sp.Rational(1, 3)), (True, False)),
    "three": (
        [[-A, R, S], [R, -B, P], [S, P, -C]], simultaneous, alternating, (True, False),
    ),
    "never stable": ([[A, R], [R, B]], simultaneous, alternating, (True, True)),
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES.items(), ids=lambda case: case[0])
def case(request):
    field, one, other, expected = request.param[1]
    first, second = analysed(field, one), analysed(field, other)
    return field, (one, other), expected, compared(first, second).claims


def test_each_claim_is_decided_as_it_is_known_to_be(case):
    """From the literature and the notes: two-block law, Householder and John, Polyak."""
    _, _, expected, claims = case
    assert tuple(claim.holds for claim in claims) == expected
    assert all(claim.known is Known.PROVED for claim in claims)


def test_what_holds_for_all_letters_holds_at_random_ones(case):
    """600 fields and steps; no floating radius contradicts a claim that was proved."""
    field, schemes, _, claims = case
    source = random.Random(11)
    letters = sorted(sp.Matrix(field).free_symbols, key=str)
    put = sp.lambdify(letters, field)
    for claim, (inner, outer) in zip(claims, (schemes, schemes[::-1]), strict=True):
        if not claim.holds:
            continue
        for _ in range(600):
            values = [
                source.uniform(0.05, 3) * (1 if each.is_positive else source.choice((1, -1)))
                for each in letters
            ]
            numbers, step = put(*values), source.uniform(0.01, 4)
            if numeric_radius(numbers, inner, step) < 1 - 1e-9:
                assert numeric_radius(numbers, outer, step) < 1 + 1e-9


def test_each_counterexample_is_one(case):
    """The numbers given are in their domains, and floating radii say the same of them."""
    field, schemes, _, claims = case
    for claim, (inner, outer) in zip(claims, (schemes, schemes[::-1]), strict=True):
        if claim.holds:
            continue
        values = dict(claim.counterexample)
        assert all(value > 0 for symbol, value in values.items() if symbol.is_positive)
        numbers = sp.Matrix(field).xreplace(values).tolist()
        step = float(claim.step)
        assert numeric_radius(numbers, inner, step) < 1 < numeric_radius(numbers, outer, step)


@pytest.mark.parametrize(
    ("where", "expected"), [("(1, oo)", (True, False)), ("(0, 1)", (False, True))]
)
def test_the_domain_of_a_letter_counts(where, expected):
    """A rotation of r against a pull of one: 2/(1 + r**2) together, 2/(1 + r) in turn."""
    letter = sp.Symbol("r", positive=True)
    field = sp.Matrix(ROTATION).xreplace({R: letter})
    pair = [analysed(field, scheme) for scheme in (simultaneous, alternating)]
    claims = compared(*pair, (Variable(letter, domain(where)),)).claims
    assert tuple(claim.holds for claim in claims) == expected
    for claim in claims:
        for _, value in claim.counterexample:
            assert domain(where).contains(value)


def test_steps_that_are_measured_in_other_ways_are_not_compared_for_all():
    """With another pace for one variable a step is not the same step."""
    from dataclasses import replace

    def paced(places):
        return replace(alternating(places), paces=((places[0], sp.Integer(2)),))

    assert compared(analysed(QUADRATIC, simultaneous), analysed(QUADRATIC, paced)).claims == ()


CELLS = {
    "sphere": lambda u, v, w: [u**2 + v**2 + w**2 - 4, u * v - w, 3 * u - w**2 - 1, u - v],
    "disc": lambda u, v, w: [(u - 2) ** 2 + (v - 2) ** 2 - 1, w - 1],
    "hill": lambda u, v, w: [u - (v - 2) * (4 - v) * w],
    "pole": lambda u, v, w: [u * (v - 1) - w, u * (w - 2) - 1],
}


@pytest.mark.parametrize("shape", CELLS.values(), ids=CELLS)
def test_every_open_cell_has_a_sample(shape):
    """Signs that random points show are all among those of the samples."""
    context = fmpq_mpoly_ctx.get(("u", "v", "w"), Ordering.lex)
    polynomials = shape(*context.gens())

    def signs(point):
        return tuple(each.subs(point).leading_coefficient() > 0 for each in polynomials)

    found = {signs(point) for point in samples(polynomials, ("u", "v", "w"))}
    source = random.Random(3)
    for _ in range(2000):
        point = {name: fmpq(source.randint(1, 5000), 1000) for name in "uvw"}
        if all(not each.subs(point).is_zero() for each in polynomials):
            assert signs(point) in found


@pytest.mark.parametrize(("place", "holds"), [(1, Holds.WEAKLY), (3, Holds.STRICTLY)])
def test_a_single_point_on_the_circle_is_not_overlooked(place, holds):
    """One multiplier is 1 at one point alone, which no open cell shows: inside, or on the rim."""
    context = fmpq_mpoly_ctx.get(("g", "t0"), Ordering.lex)
    g, t = context.gens()
    one = context.constant(1)
    inner = (one, (g + t) * fmpq(-1, 4))
    outer = (one, -(1 - ((g - place) ** 2 + (t - 1) ** 2) * fmpq(1, 40)))
    piece = Region(("g", "t0"), (), ((inner,), (outer,)), {"t0": 1})
    assert contained(piece, 0).holds is holds


def braked_in_turn(places):
    return with_rule(alternating(places), Rule.HEAVY_BALL, -sp.Rational(1, 2))


def test_what_cells_leave_open_is_asked_of_z3_and_no_more_than_checked(monkeypatch):
    """A negative momentum in turn, in three letters; without the extra its name is told."""
    pair = [analysed(QUADRATIC, scheme) for scheme in (braked_in_turn, alternating)]
    claim = compared(*pair).claims[0]
    assert (claim.holds, claim.known) == (True, Known.CHECKED) and "z3" in claim.road
    monkeypatch.setattr(solver, "is_installed", lambda: False)
    claim = compared(*pair).claims[0]
    assert (claim.holds, claim.known) == (None, Known.UNKNOWN) and "smt" in claim.road


@pytest.mark.parametrize(("pull", "empty"), [(C, True), (-C, False)], ids=["pull", "zero sum"])
def test_the_solver_says_of_a_game_what_the_cells_say(pull, empty):
    """Its guess is stable for one scheme and not for the other, in fractions."""
    parts = [analysed([[-A, B], [pull, -D]], s).parts for s in (simultaneous, alternating)]
    answer = solver.asked(letters_of(*parts).pieces(), 0, 20.0)
    assert answer.empty is empty
    if not empty:
        piece, point = answer.guess
        assert piece.at(point) == (True, False)


def test_the_solver_is_given_the_conditions_of_schur():
    """All positive exactly where numpy finds every root inside, for degrees 1 to 5."""
    constant = fmpq_mpoly_ctx.get(("u",), Ordering.lex).constant
    source = random.Random(2)
    seen = set()
    for _ in range(1500):
        degree = source.randint(1, 5)
        lead = source.choice((1, 1, 2, -1))
        rest = [fmpq(source.randint(-20, 20), 10 + 8 * i * degree) for i in range(degree)]
        largest = max(abs(np.roots([lead, *(int(c.p) / int(c.q) for c in rest)])), default=0.0)
        if abs(largest - 1) > 1e-6:
            found = solver.schur_conditions([constant(lead), *map(constant, rest)])
            inside = all(not c.is_zero() and c.leading_coefficient() > 0 for c in found)
            assert inside == (largest < 1)
            seen.add((degree, inside))
    assert len(seen) == 10


def run(capsys, *arguments):
    assert main(["stability", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_a_family_is_told_what_holds_for_every_sample(capsys):
    """Gamma: proved one way; the other way refuted at a shape, by eigenvalues of its Hessian."""
    (pair,) = json.loads(run(capsys, "gamma", "--json"))["comparison"]
    kept, lost = pair["claims"]
    assert (kept["holds"], kept["known"]) == (True, "proved")
    assert (lost["holds"], lost["known"]) == (False, "certified")
    sets = pair["stable_sets"]
    assert sets["first_in_second"] is sets["first_in_second_for_all"] is True
    assert sets["second_in_first_for_all"] is False
    values = {name: float(sp.Rational(v)) for name, v in lost["counterexample"].items()}
    shape, mean = values["shape"], values["mean(x)"]
    field = [[-float(sp.polygamma(1, shape)), mean / shape], [mean / shape, -(mean**2) / shape]]
    step = float(sp.Rational(lost["step"]))
    radii = [numeric_radius(field, scheme, step) for scheme in (simultaneous, alternating)]
    assert radii[1] < 1 < radii[0]


def test_a_problem_with_constants_is_told_in_words(capsys, tmp_path):
    """The sentences, and the numbers at which one of them fails."""
    problem = tmp_path / "quadratic.toml"
    problem.write_text(
        '[objective]\nminimise = "a*x**2/2 + c*x*y + b*y**2/2"\n[variables]\nx = "real"\n'
        'y = "real"\n[constants]\na = "positive"\nb = "positive"\nc = "real"\n[at]\nx = 0\ny = 0\n'
    )
    told = " ".join(run(capsys, problem).split())
    assert "for all every step that is stable for simultaneous is stable for alternating" in told
    assert "it fails at a = " in told and "[proved: decided again" in told


def test_what_would_be_too_long_is_given_up_before_it_is_multiplied_out():
    """Three letters, three variables and their memory: pairs of degree 45 in each letter."""
    field = [[-A, 3, -2], [A - B, -A, 1 / (A + R**2)], [R, A + B, -2]]
    ways = [heavy(sp.Rational(1, 2)), simultaneous]
    parts = [analysed(field, scheme).parts for scheme in ways]
    with pytest.raises(BudgetError, match="too long"):
        letters_of(*parts)
