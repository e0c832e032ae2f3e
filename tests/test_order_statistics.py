"""min, max and the medians as nodes: their values, their algebra, and how they are written."""

import statistics
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from symmle.codegen.runtime import columns
from symmle.domain import Datum
from symmle.order_statistics import (
    KINDS,
    Maximum,
    Median,
    MedianHigh,
    MedianLow,
    Minimum,
    OrderStatistic,
)
from symmle.precise import evaluate
from symmle.report.printer import exact, latex, text
from symmle.sample_mean import has_data, masked, mean

X = Datum("x", real=True)
A = sp.Symbol("a", real=True)
STANDARD = {
    Minimum: min,
    Maximum: max,
    Median: statistics.median,
    MedianLow: statistics.median_low,
    MedianHigh: statistics.median_high,
}  # the standard library's own, on the repeated rows
values = st.lists(st.integers(-9, 9), min_size=1, max_size=9)
counts = st.lists(st.integers(0, 4), min_size=9, max_size=9)


def weighed(kind: type[OrderStatistic], rows: list[int], weights: list[int]) -> Fraction:
    """The standard library on a list in which each row stands as often as it weighs."""
    repeated = [Fraction(v) for v, w in zip(rows, weights, strict=False) for _ in range(w)]
    return Fraction(STANDARD[kind](repeated))


@pytest.mark.parametrize("kind", KINDS)
@given(rows=values, weights=counts)
def test_weights_are_repetitions(
    kind: type[OrderStatistic], rows: list[int], weights: list[int]
) -> None:
    """On integer weights every node is what the standard library says of the repeated rows."""
    weights = weights[: len(rows)]
    weights[0] += 1
    table = {X: [mpmath.mpf(row) for row in rows]}
    found = evaluate(kind(X), table, {}, [mpmath.mpf(w) for w in weights])
    assert Fraction(float(found)) == weighed(kind, rows, weights)
    assert evaluate(kind(X), table, {}) == evaluate(kind(X), table, {}, [mpmath.mpf(1)] * len(rows))


@pytest.mark.parametrize("kind", [Median, MedianLow, MedianHigh])
@given(rows=values, weights=counts)
def test_the_generated_medians(
    kind: type[OrderStatistic], rows: list[int], weights: list[int]
) -> None:
    """The helper that goes into generated modules says the same, with weights and without."""
    weights = weights[: len(rows)]
    weights[0] += 1
    kept = [i for i, w in enumerate(weights) if w]  # a module drops the rows of weight zero
    column, held = np.array(rows, dtype=float), np.array(weights, dtype=float)
    function = getattr(columns, f"_{kind.word}")
    assert Fraction(function(column[kept], held[kept])) == weighed(kind, rows, weights)
    assert Fraction(function(column, None)) == weighed(kind, rows, [1] * len(rows))


def test_a_node_binds_its_data() -> None:
    """It is a number: free of data, constant under a mean, with derivative zero."""
    for kind in KINDS:
        node = kind(X)
        assert not has_data(node) and not node.free_symbols
        assert mean(node * X) == node * mean(X)
        assert (A * node).diff(A) == node
        assert kind(A) == A


def test_signs_follow_from_the_values() -> None:
    """The least of positive values is positive, and strictly: its letter needs no caution."""
    positive = Datum("y", positive=True)
    for kind in KINDS:
        assert kind(positive).is_positive and kind(X).is_positive is None
        letters, _ = masked(kind(positive), cautious=True)
        assert letters.is_positive


def test_means_with_an_order_statistic_inside() -> None:
    """mean(Abs(x - median(x))) with weights: the nested median is weighted too."""
    rows, weights = [1, 2, 10], [1, 1, 3]
    expr = mean(sp.Abs(X - Median(X)))
    table = {X: [mpmath.mpf(row) for row in rows]}
    found = evaluate(expr, table, {}, [mpmath.mpf(w) for w in weights])
    assert mpmath.almosteq(found, mpmath.mpf(9 + 8) / 5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_names(kind: type[OrderStatistic]) -> None:
    """What is printed is the name agreed for readers, and they get the same node back."""
    node = 1 / mean(sp.log(X / kind(X)))
    assert text(kind(X)) == exact(kind(X)) == f"{kind.word}(x)"
    names = {each.word: each for each in KINDS} | {"mean": mean, "x": X}
    assert sp.sympify(exact(node), locals=names) == node
    assert latex(kind(X) ** 2).endswith(r"\left(x\right)^{2}")
