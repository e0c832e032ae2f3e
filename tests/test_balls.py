"""Enclosures are attacked with values from another library, roots with known ones."""

from fractions import Fraction

import mpmath as mp
import pytest
import sympy as sp
from flint import arb, arb_poly, ctx, fmpq, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from symmle.balls import (
    Root,
    ball,
    ball_roots,
    enclose,
    enclosure,
    exact_roots,
    merged,
    sign,
    to_float,
)
from symmle.errors import BudgetError, InputError

a = sp.Symbol("a", positive=True)
b = sp.Symbol("b", positive=True)

FUNCTIONS = [
    (sp.exp(a) * sp.log(b), lambda u, v: mp.exp(u) * mp.log(v)),
    (sp.sqrt(a) + b ** sp.Rational(-2, 3), lambda u, v: mp.sqrt(u) + mp.cbrt(v) ** -2),
    (a**b, lambda u, v: mp.power(u, v)),
    (sp.gamma(a) / b**3, lambda u, v: mp.gamma(u) / v**3),
    (sp.loggamma(a), lambda u, _: mp.loggamma(u)),
    (sp.polygamma(0, a), lambda u, _: mp.psi(0, u)),
    (sp.polygamma(1, a), lambda u, _: mp.psi(1, u)),
    (sp.polygamma(3, a + b), lambda u, v: mp.psi(3, u + v)),
    (sp.beta(a, b), lambda u, v: mp.beta(u, v)),
    (sp.erf(a) - sp.erfc(b), lambda u, v: mp.erf(u) - mp.erfc(v)),
    (sp.besseli(0, a) + sp.besselk(1, b), lambda u, v: mp.besseli(0, u) + mp.besselk(1, v)),
    (sp.zeta(a + 1), lambda u, _: mp.zeta(u + 1)),
    (sp.LambertW(a), lambda u, _: mp.lambertw(u).real),
    (sp.sin(a) + sp.cos(b) - sp.tanh(a), lambda u, v: mp.sin(u) + mp.cos(v) - mp.tanh(u)),
    (sp.atan(a) * sp.pi + sp.EulerGamma + sp.E, lambda u, _: mp.atan(u) * mp.pi + mp.euler + mp.e),
    (sp.Max(a, b) - sp.Min(a, b) + sp.Abs(a - b), lambda u, v: 2 * abs(u - v)),
    (sp.binomial(a + b, a), lambda u, v: mp.binomial(u + v, u)),
    (sp.zeta(a + 1).diff(a), lambda u, _: mp.zeta(u + 1, derivative=1)),
    (sp.zeta(a + 1).diff(a, 2), lambda u, _: mp.zeta(u + 1, derivative=2)),
    (sp.lowergamma(a, b), lambda u, v: mp.gammainc(u, 0, v)),
    (sp.uppergamma(a, b), lambda u, v: mp.gammainc(u, v)),
    (sp.asin(a / 30) + sp.atan2(a, -b), lambda u, v: mp.asin(u / 30) + mp.atan2(u, -v)),
    (sp.sign(a - b) * a, lambda u, v: mp.sign(u - v) * u),
]


@pytest.mark.parametrize(("expr", "reference"), FUNCTIONS)
@pytest.mark.parametrize(("u", "v"), [("7/3", "2/5"), ("1/10", "11/4"), ("23/2", "9/7")])
def test_enclosures_contain_the_value_of_another_library(expr, reference, u, v):
    """A 50-digit ball holds mpmath's 70-digit value; it is no wider than promised."""
    found = enclose(expr, {a: sp.Rational(u), b: sp.Rational(v)}, digits=50)
    with mp.workdps(70):
        value = reference(
            mp.mpf(Fraction(u).numerator) / Fraction(u).denominator,
            mp.mpf(Fraction(v).numerator) / Fraction(v).denominator,
        )
        text = mp.nstr(value, 60)
    with ctx.workprec(400):
        assert abs(found - arb(text)) < abs(arb(text)) * arb("1e-49")
        assert found.rad() < abs(found).upper() * arb("1e-49")


def test_decimals_and_fractions_are_not_rounded():
    """1/3 taken three times is 1, and the float 0.1 is its binary value, not a tenth."""
    assert sign(3 * sp.Rational(1, 3) - 1) == 0
    assert enclose(sp.Float(0.1)) == arb(0.1)
    assert not enclose(sp.Float(0.1), digits=40).contains(arb(1) / 10)


def test_a_square_of_a_ball_around_zero_is_finite():
    """arb(0, r)**2 is nan in Arb; the product is not."""
    wide = ball(a**2, {a: arb(0, 1)})
    assert wide.is_finite() and wide.contains(1) and wide.contains(0)


def test_trigamma_of_a_wide_ball_holds_its_ends():
    """Arb gives nan for polygamma of a wide ball; monotonicity gives the range."""
    wide = ball(sp.polygamma(1, a), {a: arb(2, 1)})
    assert wide.contains(arb.pi() ** 2 / 6 - 1) and wide.upper() < 2 and wide.lower() > 0.3


def test_signs():
    """A sign is certain, or None: zero behind cancellation stays undecided."""
    assert sign(sp.pi - sp.Rational(22, 7)) == -1
    assert sign(sp.exp(sp.pi * sp.sqrt(163)) - 640320**3 - 744) == -1
    assert sign(sp.log(6) - sp.log(2) - sp.log(3)) is None
    with pytest.raises(BudgetError, match="exactly zero"):
        enclose(sp.log(6) - sp.log(2) - sp.log(3))


def test_what_has_no_enclosure_is_named():
    """A symbol without a value and an unknown function are refused by name."""
    with pytest.raises(InputError, match="a has no enclosure: give a value"):
        enclose(a)
    with pytest.raises(InputError, match="has no enclosure"):
        enclose(sp.Function("f")(2))


rationals = st.fractions(min_value=Fraction(1, 40), max_value=50, max_denominator=40)


def with_roots(roots):
    polynomial = fmpq_poly([1])
    for root in roots:
        polynomial *= fmpq_poly([fmpq(-root.numerator, root.denominator), 1])
    return polynomial * fmpq_poly([3, 1, 1])  # and two roots that are not real


@given(st.lists(rationals, min_size=1, max_size=5))
def test_exact_roots_are_the_roots(roots):
    """Every positive root once, rational ones exactly, whatever the multiplicity."""
    found = sorted(exact_roots(with_roots(roots)), key=lambda root: root.lower)
    expected = sorted(fmpq(r.numerator, r.denominator) for r in set(roots))
    assert [root.lower for root in found] == [root.upper for root in found] == expected


@given(st.lists(rationals, min_size=1, max_size=4))
def test_ball_roots_miss_nothing(roots):
    """Each root lies in an interval; simple ones are told to be single; few are idle."""
    with ctx.workprec(512):
        found = ball_roots(arb_poly(with_roots(roots)) * arb(2).sqrt(), fmpq(101))
    for root in roots:
        place = fmpq(root.numerator, root.denominator)
        holding = [each for each in found if each.lower <= place <= each.upper]
        assert len(holding) == 1
        assert holding[0].single == (roots.count(root) == 1)
        assert (holding[0].upper - holding[0].lower) * 2**60 < place
    assert len(found) == len(set(roots))


def test_irrational_roots_are_enclosed():
    """The golden ratio and sqrt(2), to the bits asked for."""
    found = exact_roots(fmpq_poly([-1, -1, 1]) * fmpq_poly([-2, 0, 1]), bits=200)
    with ctx.workprec(300):
        for value in ((1 + arb(5).sqrt()) / 2, arb(2).sqrt()):
            assert sum(arb(r.lower) <= value and value <= arb(r.upper) for r in found) == 1
    assert all((r.upper - r.lower) * 2**190 < 1 for r in found)


def test_touching_intervals_become_one_that_is_not_single():
    """Whoever merges two roots no longer knows that there is one."""
    first, second = Root(fmpq(1), fmpq(2), True), Root(fmpq(2), fmpq(3), True)
    assert merged([second, first]) == [Root(fmpq(1), fmpq(3), False)]


@given(rationals, rationals)
def test_floats_of_intervals_state_their_error(low, width):
    """No point of the interval is farther from the float than the error."""
    lower, upper = Fraction(low), Fraction(low + width)
    value, error = to_float(
        fmpq(lower.numerator, lower.denominator), fmpq(upper.numerator, upper.denominator)
    )
    for end in (lower, upper):
        distance = abs(sp.Rational(value) - sp.Rational(end.numerator, end.denominator))
        assert distance <= error
    ends = enclosure(value, error)
    assert ends.contains(arb(fmpq(lower.numerator, lower.denominator)).mid())
