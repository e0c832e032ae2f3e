"""Means and covariances against exact rational arithmetic on the stored doubles."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmle.data import covariance, variance, weighted_mean
from symmle.data.moments import BLOCK
from symmle.errors import InputError

EPS = 2.0**-52
moderate = st.floats(-1e100, 1e100).filter(lambda v: v == 0 or abs(v) > 1e-100)
columns = st.lists(moderate, min_size=1, max_size=40)
pairs = st.lists(st.tuples(moderate, moderate), min_size=1, max_size=40)
counted = st.lists(st.tuples(moderate, st.integers(0, 9)), min_size=1, max_size=25).filter(
    lambda rows: any(w for _, w in rows)
)


def exact_mean(values, weights=None):
    weights = [1] * len(values) if weights is None else weights
    total = sum(map(Fraction, weights))
    return sum(Fraction(v) * Fraction(w) for v, w in zip(values, weights, strict=True)) / total


def exact_covariance(a, b, weights=None):
    mean_a, mean_b = exact_mean(a, weights), exact_mean(b, weights)
    products = [(Fraction(x) - mean_a) * (Fraction(y) - mean_b) for x, y in zip(a, b, strict=True)]
    return exact_mean(products, weights)


def relative_error(value, truth):
    if truth == 0:
        return abs(value)
    return float(abs(Fraction(value) - truth) / abs(truth))


def numacc(k):
    """NIST's NumAcc sets by their rule."""
    if k == 1:
        return [10000001.0, 10000003.0, 10000002.0]
    first, low, high = {
        2: (1.2, 1.1, 1.3),
        3: (1000000.2, 1000000.1, 1000000.3),
        4: (10000000.2, 10000000.1, 10000000.3),
    }[k]
    return [first] + [low, high] * 500


@given(columns)
def test_unweighted_mean_is_the_exact_mean_rounded(values):
    """Law: mean(x) is the double nearest to the rational mean of the stored doubles (or its
    neighbour at a tie)."""
    truth = exact_mean(values)
    nearest = float(truth)
    got = weighted_mean(values)
    assert got in (nearest, np.nextafter(nearest, np.inf), np.nextafter(nearest, -np.inf))
    assert abs(Fraction(got) - truth) <= abs(Fraction(nearest) - truth) * Fraction(1000001, 1000000)


@given(columns)
def test_variance_has_fifteen_digits(values):
    """Law: var(x) = mean((x - mean)^2) in rational arithmetic, to 1e-15."""
    truth = exact_covariance(values, values)
    assert relative_error(variance(values), truth) <= 1e-15


@given(pairs)
def test_covariance_error_is_small_against_the_deviations(rows):
    """Law: |error of cov(a, b)| <= 1e-15 sqrt(var(a) var(b)) (Cauchy-Schwarz scale)."""
    a, b = map(list, zip(*rows, strict=True))
    error = abs(Fraction(covariance(a, b)) - exact_covariance(a, b))
    scale = exact_covariance(a, a) * exact_covariance(b, b)
    assert error**2 <= scale * Fraction(10) ** -30


@given(counted)
def test_integer_weights_repeat_rows(rows):
    """Law: a weight w is the row written w times; a row of weight 0 is not there."""
    values, weights = map(list, zip(*rows, strict=True))
    repeated = [v for v, w in rows for _ in range(w)]
    truth = exact_mean(repeated)
    spread = exact_mean([abs(Fraction(v) - truth) for v in repeated])
    error = abs(Fraction(weighted_mean(values, weights)) - truth)
    assert error <= Fraction(EPS) * (abs(truth) + 3 * spread)
    assert relative_error(variance(values, weights), exact_covariance(repeated, repeated)) <= 1e-15


@given(st.randoms(use_true_random=False), counted)
def test_order_of_rows_is_irrelevant_to_one_block(random, rows):
    """Law: mean and variance are symmetric functions of the rows, to the last bit."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    for function in (weighted_mean, variance):
        assert function(*zip(*rows, strict=True)) == function(*zip(*shuffled, strict=True))


@given(moderate, st.integers(1, 50))
def test_constant_data(value, n):
    """Law: n equal values have that mean and variance 0, exactly."""
    assert weighted_mean([value] * n) == value
    assert variance([value] * n) == 0
    assert variance([value] * n, list(range(1, n + 1))) == 0


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_numacc(k):
    """Law: mean and variance of NumAcc1-4 agree with exact arithmetic on the stored doubles."""
    values = numacc(k)
    assert weighted_mean(values) == float(exact_mean(values))
    assert relative_error(variance(values), exact_covariance(values, values)) <= 4e-16


@pytest.mark.parametrize("n", [1_000, BLOCK, BLOCK + 1, 150_000])
@pytest.mark.parametrize("case", ["far", "outlier", "one", "weighted"])
def test_difficult_samples_on_both_roads(n, case):
    """Law: 1e-15 for N(1e12, 1), with a huge first value, with weights; by either summation."""
    rng = np.random.default_rng(5)
    values = rng.normal(0 if case == "one" else 1e12, 1, n)
    if case == "outlier":
        values[0] = -1e15
    weights = rng.integers(0, 5, n).astype(float) if case == "weighted" else None
    # exact integers at scale 2**-80: far faster than fractions, and as exact
    scaled = [int(Fraction(v) * 2**80) for v in values.tolist()]
    counts = [1] * n if weights is None else [int(w) for w in weights]
    total = sum(counts)
    first = sum(w * v for v, w in zip(scaled, counts, strict=True))
    second = sum(w * v * v for v, w in zip(scaled, counts, strict=True))
    mean = Fraction(first, total * 2**80)
    truth = Fraction(total * second - first * first, total * total * 2**160)
    assert abs(Fraction(weighted_mean(values, weights)) - mean) <= EPS * (abs(mean) + 1)
    assert relative_error(variance(values, weights), truth) <= 1e-15


@pytest.mark.parametrize("n", [3, 100_000])
def test_covariance_is_bilinear_and_symmetric(n):
    """Law: cov(a, b) = cov(b, a) and var(a + b) = var(a) + var(b) + 2 cov(a, b)."""
    rng = np.random.default_rng(11)
    a, b = np.round(rng.normal(1e6, 3, (2, n)) * 1024) / 1024  # so that a + b is exact
    assert covariance(a, b) == pytest.approx(covariance(b, a), rel=1e-15, abs=1e-15)
    combined = variance(a) + variance(b) + 2 * covariance(a, b)
    assert variance(a + b) == pytest.approx(combined, rel=4e-15)


@pytest.mark.parametrize("n", [4, 2 * BLOCK])
@pytest.mark.parametrize("exponent", [-500, -450, 320, 500])
def test_powers_of_two_change_nothing_but_the_scale(n, exponent):
    """Law: mean(2^k x) = 2^k mean(x), var(2^k x) = 4^k var(x), even where x*x overflows."""
    values = np.random.default_rng(2).normal(3, 1, n)
    scaled = np.ldexp(values, exponent)
    assert weighted_mean(scaled) == np.ldexp(weighted_mean(values), exponent)
    assert variance(scaled) == np.ldexp(variance(values), 2 * exponent)


def test_extreme_values_have_a_mean_and_a_refusal():
    """Law: the mean of doubles is a double; a variance without one is refused, never inf or 0."""
    top = np.finfo(float).max
    assert weighted_mean([top] * 5) == top
    assert weighted_mean([top, -top]) == 0
    assert weighted_mean([5e-324] * 3) == 5e-324
    assert variance([1.0, 3.0, 1e300], [1, 1, 0]) == 1
    assert variance([1e-140, 3e-140, 1e300], [1, 1, 0]) == pytest.approx(1e-280, rel=1e-15)
    assert variance([1.0, 3.0], [1e-300, 1e-300]) == 1
    assert variance([1.0, 3.0], [1.5e308, 1.5e308]) == 1
    with pytest.raises(InputError, match=r"above 1.8e308.*divide"):
        variance([1e300, -1e300])
    with pytest.raises(InputError, match=r"below 2.2e-308.*multiply"):
        variance([1e-170, 3e-170])
    assert variance([1e-170, 1e-170]) == 0
    late = np.append(np.zeros(2 * BLOCK - 1), 2.0**520)  # only the last block is large
    assert weighted_mean(late) == 2.0**520 / (2 * BLOCK)
    n = Fraction(2 * BLOCK)
    assert relative_error(variance(late), (1 / n - 1 / n**2) * 2**1040) <= 1e-15


@pytest.mark.parametrize(
    ("values", "weights", "match"),
    [
        ([], None, "at least one row"),
        ([[1.0]], None, r"\(1, 1\)"),
        ([1.0, np.nan], None, "finite values, and nan"),
        ([np.nan] + [1.0] * BLOCK, None, "finite values, and nan"),
        ([1.0, np.inf], None, "finite values, and inf"),
        ([1.0, 2.0], [1.0], "each of the 2 rows, not 1"),
        ([1.0, 2.0], [0.0, 0.0], "not all zero"),
        ([1.0, 2.0], [-1.0, 2.0], "not negative"),
        ([1.0, 2.0], [np.nan, 2.0], "must be finite"),
        ([1.0, 2.0], [np.inf, 2.0], "must be finite"),
    ],
)
def test_refusals(values, weights, match):
    """Law: what has no mean is refused in one sentence."""
    for function in (weighted_mean, variance):
        with pytest.raises(InputError, match=match):
            function(values, weights)


def test_covariance_needs_equal_lengths():
    """Law: rows are paired."""
    with pytest.raises(InputError, match=r"\(2,\) and \(3,\)"):
        covariance([1.0, 2.0], [1.0, 2.0, 3.0])
