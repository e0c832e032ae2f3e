"""Bring a rational expression to one reduced fraction, within a budget.

SymPy's `cancel` treats whatever is no polynomial as a new generator, functions of the same
symbols included, and its cost explodes with their number.  So functions are made letters first,
and large or slow cases are given back as they are: nothing depends on a fraction being reduced
but the length of what is printed and the chance of a proof.
"""

from collections.abc import Sequence

import sympy as sp
from sympy.polys.fields import sfield

from symmle.budget import bounded
from symmle.errors import BudgetError
from symmle.quotient import quotient

_MOST_OPERATIONS = 400
_SECONDS = 0.5


def reduced_fraction(expr: sp.Expr) -> sp.Expr:
    """The expression as one reduced fraction; unchanged when that would cost too much."""
    if not expr.is_Add and not any(part.is_Add for part in _factors(expr)):
        return expr  # a product of powers is reduced by construction
    if expr.count_ops() > _MOST_OPERATIONS:
        return expr
    letters = {
        call: sp.Dummy(positive=call.is_positive, real=call.is_real)
        for call in expr.atoms(sp.Function)
    }
    try:
        short = bounded(_SECONDS, lambda: _one_fraction(expr.xreplace(letters)))
    except BudgetError:
        return expr
    return short.xreplace({letter: call for call, letter in letters.items()})


def reduced_fractions(exprs: Sequence[sp.Expr]) -> list[sp.Expr]:
    """Rational expressions as reduced fractions, all at once in one field of rational functions.

    For large ones in few symbols, where that is far faster than one by one; a function in them is
    a symbol of its own.  Unchanged when it takes too long.
    """
    try:
        _, found = bounded(_SECONDS * 4, lambda: sfield(list(exprs)))
    except BudgetError:
        return list(exprs)
    return [sp.factor_terms(each.as_expr()) for each in found]


def _one_fraction(expr: sp.Expr) -> sp.Expr:
    """What `cancel` gives, by arithmetic in a field of rational functions.

    `cancel` multiplies out numerator and denominator before it divides: a hundred times the work.
    """
    if not expr.free_symbols or expr.has(sp.Float, sp.I):
        return sp.cancel(expr)
    if _is_rational(expr):
        # one operation after the other: `sfield` brings all to one denominator before it divides
        try:
            above, below = quotient(expr, sorted(expr.free_symbols, key=sp.default_sort_key))
        except ZeroDivisionError:  # a denominator that vanishes identically
            return sp.cancel(expr)
        return above / below
    _, (found,) = sfield([expr])
    return found.numer.as_expr() / found.denom.as_expr()


def _is_rational(expr: sp.Expr) -> bool:
    """Whether it is made of symbols and rational numbers by the four operations."""
    return all(
        isinstance(part, sp.Add | sp.Mul | sp.Symbol | sp.Rational)
        or (isinstance(part, sp.Pow) and part.exp.is_Integer)
        for part in sp.preorder_traversal(expr)
    )


def _factors(expr: sp.Expr) -> list[sp.Expr]:
    return [factor.as_base_exp()[0] for factor in sp.Mul.make_args(expr)]
