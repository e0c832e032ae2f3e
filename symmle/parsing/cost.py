"""What an exact number costs, found before SymPy computes it."""

from math import prod

import sympy as sp


def bits(base: sp.Expr) -> int:
    """How many bits of exact numbers a power of `base` may multiply out."""
    sizes = [abs(r.p).bit_length() + r.q.bit_length() - 1 for r in base.atoms(sp.Rational)]
    return max(sizes, default=0) if base.is_Add and base.free_symbols else sum(sizes)


def degree(exponent: sp.Expr) -> float:
    """A bound for the integer power that an exponent may amount to."""
    if exponent.is_Rational:
        return float(max(1, min(abs(exponent), 10**9)))
    if exponent.is_Add:
        return sum(map(degree, exponent.args))
    return prod(map(degree, exponent.args)) if exponent.is_Mul else 1.0


def log_bits(exponent: sp.Expr) -> float:
    """Bits that exp(exponent) may produce, because exp(5*log(3)) is 3**5 at once."""
    return degree(exponent) * sum(bits(each.args[0]) for each in exponent.atoms(sp.log))


def magnitude(number: sp.Expr) -> float:
    return float(abs(complex(number.evalf(5)))) if not number.is_Rational else abs(number)
