"""Factors and quotients of polynomials by FLINT: what SymPy's own algebra gives, and its value."""

from random import Random

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.polys.fields import FracField
from sympy.polys.rings import PolyElement, ring

from symmle.errors import BudgetError
from symmle.factors import factored
from symmle.quotient import quotient

LETTERS = sp.symbols("a b c d", positive=True)


def _expression(draw: Random, depth: int) -> sp.Expr:
    kind = draw.random()
    if depth == 0 or kind < 0.15:
        number = sp.Rational(draw.randint(-5, 5), draw.randint(1, 4))
        return draw.choice([*LETTERS, *LETTERS, number])
    parts = [_expression(draw, depth - 1) for _ in range(draw.randint(2, 3))]
    if kind < 0.5:
        return sp.Add(*parts)
    return sp.Mul(*parts) if kind < 0.8 else parts[0] ** draw.choice([-2, -1, 2])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_a_quotient_is_that_of_sympys_field(seed: int) -> None:
    """Numerator and denominator are those of SymPy's field of fractions over the integers."""
    expr = _expression(Random(seed), 3)
    symbols = sorted(expr.free_symbols, key=sp.default_sort_key)
    if not symbols or expr.has(sp.zoo, sp.nan):
        return
    try:
        theirs = FracField(symbols, sp.ZZ, sp.lex)(expr)
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            quotient(expr, symbols)
        return
    assert quotient(expr, symbols) == (theirs.numer.as_expr(), theirs.denom.as_expr())


def test_what_would_fill_the_memory_is_refused() -> None:
    """A product of 60 sums has 2**60 terms: refused before a call that nothing could interrupt."""
    symbols = sp.symbols("x0:60")
    with pytest.raises(BudgetError):
        quotient(sp.Mul(*(x + 1 for x in symbols)), symbols)
    with pytest.raises(BudgetError):
        quotient(sp.Add(*symbols) ** 40, symbols)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9))
def test_factors_multiply_to_the_polynomial(seed: int) -> None:
    """Their product is the polynomial, and they are those that SymPy finds, integers for all."""
    draw = Random(seed)
    field, *gens = ring("a b c d", sp.QQ)

    def some() -> PolyElement:
        terms = (
            draw.choice(gens) * draw.choice(gens) ** draw.randint(0, 2) * sp.QQ(draw.randint(-6, 6))
            + draw.randint(-2, 2)
            for _ in range(draw.randint(1, 3))
        )
        return sum(terms, field.zero)

    polynomial = some() * some() ** draw.randint(1, 2) * sp.QQ(draw.choice([-3, 2, 5]), 7)
    if not polynomial:
        return
    number, factors = factored(polynomial)
    product = field.ground_new(sp.QQ(int(number.numerator), int(number.denominator)))
    for factor, power in factors:
        product *= factor**power
    assert product == polynomial
    _, theirs = polynomial.factor_list()
    assert sorted((str(f), k) for f, k in factors) == sorted((str(f), k) for f, k in theirs)
