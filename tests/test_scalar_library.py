"""The special functions and sums that scalar code carries along, against 50 digits."""

import math
import random
from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmle.codegen.scalar.library import special, sums

DRAW = random.Random(7)
Numbers = list[tuple[float, ...]]


def spread(low: float, high: float, count: int = 120) -> Numbers:
    """Numbers whose logarithms are evenly drawn."""
    return [(10 ** DRAW.uniform(low, high),) for _ in range(count)]


def evenly(low: float, high: float, count: int = 120) -> Numbers:
    return [(DRAW.uniform(low, high),) for _ in range(count)]


def pairs(one: Numbers, other: Numbers) -> Numbers:
    return [(*a, *b) for a, b in zip(one, other, strict=True)]


NEAR = [(1 + side * 10**-k,) for k in range(1, 12) for side in (-1, 1)]
BRANCH = [(-math.exp(-1) + 10**-k,) for k in range(1, 13)]

# function, the same by mpmath, points, units in the last place that are allowed
CASES: dict[str, tuple[Callable[..., float], Callable[..., object], Numbers, float]] = {
    "loggamma": (special._loggamma, mpmath.loggamma, [*spread(-6, 6), *NEAR], 12),
    "gamma": (
        special._gamma,
        mpmath.gamma,
        [*spread(-6, 1.3), *[(x - k,) for (x,) in evenly(-0.8, -0.2, 20) for k in range(6)]],
        60,
    ),
    "digamma": (
        special._digamma,
        mpmath.digamma,
        [(x,) for (x,) in spread(-6, 6) if x < 1 or x > 2],
        12,
    ),
    "trigamma": (
        lambda x: special._polygamma(1, x),
        lambda x: mpmath.polygamma(1, x),
        spread(-6, 6),
        8,
    ),
    "polygamma 4": (
        lambda x: special._polygamma(4, x),
        lambda x: mpmath.polygamma(4, x),
        spread(-4, 6),
        8,
    ),
    "erfcx": (
        special._erfcx,
        lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
        [*evenly(-5, 30), *spread(-9, 9)],
        8,
    ),
    "erfc": (special._erfc, mpmath.erfc, [*evenly(-5, 26), *spread(-9, 1)], 8),
    "erf": (special._erf, mpmath.erf, [*evenly(-5, 5), *spread(-9, 0)], 8),
    "log erfc": (
        special._log_erfc,
        lambda x: mpmath.log(mpmath.erfc(x)),
        [*evenly(-5, 40), *spread(-9, 1)],
        8,
    ),
    "ive 0": (
        lambda z: special._ive(0, z),
        lambda z: mpmath.exp(-z) * mpmath.besseli(0, z),
        spread(-3, 6),
        8,
    ),
    "ive 1": (
        lambda z: special._ive(1, z),
        lambda z: mpmath.exp(-z) * mpmath.besseli(1, z),
        spread(-3, 6),
        8,
    ),
    "ive 12": (
        lambda z: special._ive(12, z),
        lambda z: mpmath.exp(-z) * mpmath.besseli(12, z),
        spread(-2, 4),
        12,
    ),
    "ive 2.5": (
        lambda z: special._ive(2.5, z),
        lambda z: mpmath.exp(-z) * mpmath.besseli(2.5, z),
        spread(-2, 4),
        60,
    ),
    "W": (
        lambda z: special._lambert_w(z, 0),
        lambda z: mpmath.lambertw(z).real,
        [*spread(-8, 8), *BRANCH],
        40,
    ),
    "W -1": (
        lambda z: special._lambert_w(z, -1),
        lambda z: mpmath.lambertw(z, -1).real,
        [*[(-x,) for (x,) in spread(-300, -0.6)], *BRANCH],
        40,
    ),
    "zeta": (
        lambda s: special._zeta(0, s, 1.0),
        mpmath.zeta,
        [(1 + x,) for (x,) in spread(-4, 1.5)],
        8,
    ),
    "zeta''": (
        lambda s: special._zeta(2, s, 2.0),
        lambda s: mpmath.zeta(s, 2, 2),
        [(1 + x,) for (x,) in spread(-3, 1.2, 30)],
        12,
    ),
    "log beta": (
        special._log_beta,
        lambda a, b: mpmath.log(mpmath.beta(a, b)),
        [(a, b) for a, b in pairs(spread(-5, 6), spread(-5, 6)) if a + b > 3 or a + b < 0.5],
        200,
    ),
    "log cosh": (special._log_cosh, lambda z: mpmath.log(mpmath.cosh(z)), spread(-6, 2), 8),
    "log sinh": (
        special._log_sinh,
        lambda z: mpmath.log(mpmath.sinh(z)),
        [(x,) for (x,) in spread(-6, 2) if abs(x - 0.88) > 0.1],
        8,
    ),
    "log1mexp": (
        special._log1mexp,
        lambda z: mpmath.log(1 - mpmath.exp(z)),
        [(-x,) for (x,) in spread(-9, 2)],
        8,
    ),
    "logaddexp": (
        special._logaddexp,
        lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
        pairs(evenly(1, 700), evenly(1, 700)),
        8,
    ),
    "expit": (special._expit, lambda z: 1 / (1 + mpmath.exp(-z)), evenly(-700, 700), 8),
    "log u - digamma u": (
        special._log_minus_digamma,
        lambda u: mpmath.log(u) - mpmath.digamma(u),
        spread(-5, 8),
        24,
    ),
    "1/u - trigamma u": (
        special._inverse_minus_trigamma,
        lambda u: 1 / u - mpmath.polygamma(1, u),
        spread(-5, 7),
        60,
    ),
    "log gap": (
        sums._log_gap,
        lambda d: d - mpmath.log(1 + d),
        [*spread(-8, 3), *[(-x,) for (x,) in spread(-8, -0.1)]],
        60,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_function_keeps_its_digits(name: str) -> None:
    """The error in units in the last place of the true value is at most the bound."""
    mine, exact, points, bound = CASES[name]
    with mpmath.workdps(60):
        for point in points:
            true = mpmath.mpf(exact(*map(mpmath.mpf, point)))
            error = abs(mpmath.mpf(mine(*point)) - true)
            assert error <= bound * 2.0**-52 * abs(true) + 1e-320, (point, true)


@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=60))
def test_a_sum_with_its_rest_is_exact_to_the_last_digit(terms: list[float]) -> None:
    """As fractions give it, up to what the sum of the sizes rounds to, squared."""
    total, rest = 0.0, 0.0
    for term in terms:
        total, rest = sums._add(total, rest, term)
    true = sum(map(Fraction, terms), Fraction(0))
    size = sum(map(abs, map(Fraction, terms)), Fraction(0))
    allowed = abs(true) / 2**52 + size * len(terms) ** 2 / Fraction(2) ** 104 + Fraction(1, 10**300)
    assert abs(Fraction(total + rest) - true) <= allowed


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 9)), min_size=1, max_size=80))
def test_sorting_carries_the_weights_along(rows: list[tuple[float, float]]) -> None:
    values, weights = [x for x, _ in rows], [w for _, w in rows]
    sums._sort(values, weights, len(rows))
    assert values == sorted(x for x, _ in rows)
    assert sorted(zip(values, weights, strict=True)) == sorted(rows)
