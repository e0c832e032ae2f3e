"""Factors of polynomials in several letters over the rationals, by FLINT.

SymPy's own factoring takes a hundred times as long, and with eight letters seconds that differ
from run to run.  Source: FLINT, Fast Library for Number Theory, https://flintlib.org, `fmpq_mpoly`.
"""

from math import gcd, lcm

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx
from sympy.polys.rings import PolyElement


def factored(polynomial: PolyElement) -> tuple[fmpq, list[tuple[PolyElement, int]]]:
    """(number, [(factor, power)]) with the polynomial as their product.

    polynomial: not zero, over the rationals, in lexicographic order.  The factors are irreducible,
    with integers without a common divisor for coefficients and a positive one in front.
    """
    ring = polynomial.ring
    context = fmpq_mpoly_ctx.get(("x", len(ring.gens)), Ordering.lex)
    terms = {powers: fmpq(int(c.numerator), int(c.denominator)) for powers, c in polynomial.items()}
    number, found = context.from_dict(terms).factor()
    factors = []
    for factor, power in found:
        scale, whole = _whole(factor)
        number *= scale**power
        shape = {powers: ring.domain(c) for powers, c in whole.items()}
        factors.append((ring.from_dict(shape), int(power)))
    return number, factors


def _whole(factor: fmpq_mpoly) -> tuple[fmpq, dict[tuple[int, ...], int]]:
    """(scale, the coefficients divided by it): integers without a divisor, the first positive."""
    coefficients = factor.to_dict()
    below = lcm(*(int(c.denominator) for c in coefficients.values()))
    whole = {powers: int(c * below) for powers, c in coefficients.items()}
    common = gcd(*whole.values())
    if whole[max(whole)] < 0:
        common = -common
    return fmpq(common, below), {powers: c // common for powers, c in whole.items()}
