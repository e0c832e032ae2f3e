"""Fractions rewritten so that a moving part occurs once in them: narrower over wide intervals.

u/(u + c) is 1/(1 + c/u): with u twice, an interval for u makes it as wide as if the two moved
apart; with u once it is as narrow as can be.  Quotients of Bessel functions become one function.
"""

import sympy as sp

from symmle.bessel_ratio import with_ratios
from symmle.sample_mean import OverData, on_support

_MOST_TERMS = 6


def single_use(expr: sp.Expr) -> sp.Expr:
    """The same value wherever the data lie in their support."""
    means = {node: _in_mean(node) for node in expr.atoms(OverData)}
    return with_ratios(expr.xreplace(means))


def _in_mean(node: OverData) -> sp.Expr:
    args = [with_ratios(arg).replace(lambda e: e.is_Mul, _taken_in) for arg in node.args]
    return node.func(*args)


def _taken_in(product: sp.Mul) -> sp.Expr:
    """A product whose numerator holds a term of a sum in its denominator."""
    factors = list(product.args)
    for i, factor in enumerate(factors):
        base, exponent = factor.as_base_exp()
        if not (base.is_Add and exponent.is_Integer and exponent.is_negative):
            continue
        if len(base.args) > _MOST_TERMS:
            continue
        above = sp.Mul(*factors[:i], *factors[i + 1 :])
        for term in base.args:
            moving = sp.Mul(*(e for e in sp.Mul.make_args(term) if e.free_symbols))
            left = _without(above, moving, int(-exponent))
            if left is not None:
                return left * sp.Add(*(each / moving for each in base.args)) ** exponent
    return product


def _without(above: sp.Expr, moving: sp.Expr, times: int) -> sp.Expr | None:
    """The numerator without moving**times; None where that is no factor of it, or may be zero."""
    powers = above.as_powers_dict()
    for each in sp.Mul.make_args(moving):
        base, exponent = each.as_base_exp()
        held = powers.get(base, sp.S.Zero)
        rest = held - times * exponent
        if rest != 0 and not (base.is_Symbol and rest.is_nonnegative):
            return None
    if not moving.free_symbols or not on_support(moving).is_nonzero:
        return None
    return above / moving**times
