"""Laws of update maps, each checked by a road that the maps do not use."""

import mpmath
import pytest
import sympy as sp

from symmle.derive import Score
from symmle.errors import BudgetError, InputError
from symmle.schemes import (
    Rule,
    alternating,
    coordinate,
    direction,
    newton,
    scoring,
    simultaneous,
    update,
    with_rule,
)
from symmle.tree_value import tree_value

x, y, z = sp.symbols("x y z", real=True)
w = sp.Symbol("w", real=True)
g = sp.Symbol("g", positive=True)


def score_of(objective: sp.Expr, *parameters: sp.Symbol) -> Score:
    gradient = tuple(objective.diff(p) for p in parameters)
    return Score(parameters, gradient, sp.ImmutableMatrix(sp.hessian(objective, parameters)))


ROUGH = score_of(-(x**4) + x * y**2 - y**3 + sp.exp(-x) - y, x, y)
AT = {x: sp.Rational(3, 7), y: sp.Rational(-2, 5), g: sp.Rational(1, 9)}


def by_hand(order: tuple[sp.Symbol, ...], inner: int, outer: int) -> dict[sp.Symbol, sp.Expr]:
    """The update run as a loop over numbers."""
    place = dict(zip(ROUGH.parameters, ROUGH.gradient, strict=True))
    point = {x: AT[x], y: AT[y]}
    for _ in range(outer):
        for symbol in order:
            for _ in range(inner):
                point[symbol] = point[symbol] + AT[g] * place[symbol].subs(point)
    return point


@pytest.mark.parametrize("order", [(x, y), (y, x)])
@pytest.mark.parametrize(("inner", "outer"), [(1, 1), (2, 1), (1, 2)])
def test_image_is_what_a_loop_over_the_blocks_computes(order, inner, outer):
    """Composing symbols and running numbers give the same point."""
    image = update(ROUGH, coordinate((x, y), inner, outer, order), g).image
    assert image is not None
    expected = by_hand(order, inner, outer)
    for symbol, expr in zip((x, y), image, strict=True):
        assert abs(sp.N(expr.subs(AT) - expected[symbol], 40)) < sp.Float("1e-35")


def test_simultaneous_reads_the_old_point_and_alternating_the_new_one():
    """On f = x*y the simultaneous image of y has the old x, the alternating one the new x."""
    saddle = score_of(x * y, x, y)
    assert update(saddle, simultaneous((x, y)), g).image == (x + g * y, y + g * x)
    image = update(saddle, alternating((x, y)), g).image
    assert image is not None
    assert sp.expand(image[1] - (y + g * (x + g * y))) == 0


def test_statements_say_which_values_are_new():
    """A line is in the parameters' own symbols and lists those moved before it."""
    written = update(ROUGH, alternating((x, y), order=(y, x)), g)
    assert [line.parameters for line in written.statements] == [(y,), (x,)]
    assert [line.renewed for line in written.statements] == [(), (y,)]
    assert written.statements[1].values == (x + g * ROUGH.gradient[0],)


def test_a_zero_of_the_score_rests_under_every_scheme():
    """Fixed points of the score are fixed points of every program of blocks."""
    bowl = score_of(-((x - 1) ** 2) - (x - y) ** 2, x, y)
    for scheme in (
        simultaneous((x, y)),
        alternating((x, y)),
        alternating((x, y), order=(y, x)),
        coordinate((x, y), inner=2),
        newton((x, y)),
    ):
        image = update(bowl, scheme, g).image
        assert image is not None
        assert [sp.expand(e.subs({x: 1, y: 1})) for e in image] == [1, 1], scheme.name


def test_one_parameter_leaves_no_choice():
    """With one parameter alternating is simultaneous."""
    single = score_of(-sp.exp(x) - x**2, x)
    assert update(single, simultaneous((x,)), g).image == update(single, alternating((x,)), g).image


def test_newton_solves_a_quadratic_in_one_step():
    """Step 1 of Newton reaches the maximum of a quadratic from any point."""
    bowl = score_of(-2 * (x - 3) ** 2 - (y - x) ** 2 - 3 * (z + y) ** 2, x, y, z)
    image = update(bowl, newton((x, y, z)), sp.Integer(1)).image
    assert image is not None
    assert [sp.cancel(sp.expand(e)) for e in image] == [3, 3, -3]


def test_scoring_divides_by_the_given_information():
    """The direction solves information * direction = gradient."""
    information = sp.Matrix([[2, x], [x, 5]])
    found = sp.Matrix(direction(ROUGH, scoring((x, y)), information))
    assert (information * found - sp.Matrix(ROUGH.gradient)).applyfunc(sp.cancel) == sp.zeros(2, 1)


def test_a_long_composition_is_left_out_and_its_statements_are_not():
    """Thirty nested exponentials are no image to print."""
    written = update(ROUGH, coordinate((x, y), inner=15), g)
    assert written.image is None
    assert [line.repeat for line in written.statements] == [15, 15]


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: alternating((x, y), order=(x,)), "must name each of x, y, and nothing else"),
        (lambda: alternating((x, y), order=((x, x), y)), "but it names x, x"),
        (lambda: simultaneous((x, x)), "exactly once, but it names x, x"),
        (lambda: simultaneous(()), "name at least one"),
        (lambda: coordinate((x, y), inner=0), "inner is 0"),
        (lambda: coordinate((x, y), outer=-1), "outer is -1"),
        (lambda: update(ROUGH, simultaneous((x,)), g), "the blocks of simultaneous"),
        (lambda: update(ROUGH, alternating((x, y)), g * y), "depends on y"),
        (
            lambda: update(ROUGH, scoring((x, y)), g),
            "the Fisher information, which was not given",
        ),
    ],
)
def test_refusals_say_what_was_given_and_what_is_required(build, sentence):
    """Each refusal names the input and the remedy."""
    with pytest.raises(InputError, match=sentence):
        build()


def test_a_large_information_matrix_is_not_inverted_in_symbols():
    """Four parameters in one Newton block are refused before any work is done."""
    wide = score_of(-(x**2) - y**2 - z**2 - w**2 + x * y * z * w, x, y, z, w)
    with pytest.raises(BudgetError, match="4 x 4"):
        update(wide, newton((x, y, z, w)), g)


@pytest.mark.parametrize("rule", ["twice", "extragradient", "nesterov"])
def test_a_derivative_is_taken_at_the_moved_point(rule):
    """log(zeta(s))' has no name but its derivative: it is put in at the point a first move led to.

    The other road: the same steps at numbers, with mpmath's derivative of zeta.
    """
    s = sp.Symbol("s", positive=True)
    schemes = {
        "twice": coordinate((s,), inner=2),
        "extragradient": with_rule(simultaneous((s,)), Rule.EXTRAGRADIENT),
        "nesterov": with_rule(simultaneous((s,)), Rule.NESTEROV, sp.Rational(1, 2)),
    }
    written = update(score_of(-sp.log(sp.zeta(s)) - s / 3, s), schemes[rule], g)
    with mpmath.workdps(40):
        step, start, last = mpmath.mpf("0.3"), mpmath.mpf(2), mpmath.mpf("0.5")

        def slope(at: mpmath.mpf) -> mpmath.mpf:
            return -mpmath.zeta(at, 1, 1) / mpmath.zeta(at) - mpmath.mpf(1) / 3

        half = start + step * slope(start)
        ends = {
            "twice": half + step * slope(half),
            "extragradient": start + step * slope(half),
            "nesterov": start + last / 2 + step * slope(start + last / 2),
        }
        here = dict(zip(written.state, (start, last), strict=False)) | {g: step}
        assert abs(tree_value(written.image[0], here) - ends[rule]) < mpmath.mpf(10) ** -35
