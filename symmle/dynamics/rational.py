"""Rational functions of one variable with rational coefficients: composed, and their roots."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import acb, arb, ctx, fmpq, fmpq_poly

from symmle.balls import ends
from symmle.dynamics.recurrence import Recurrence

HIGHEST = 130  # degree of an iterate, up to which its roots take less than some seconds
_BITS = (100, 400, 1600)

X = fmpq_poly([0, 1])


@dataclass(frozen=True, slots=True)
class Fraction:
    """above/below, reduced."""

    above: fmpq_poly
    below: fmpq_poly

    @property
    def degree(self) -> int:
        """The larger one of both degrees."""
        return int(max(self.above.degree(), self.below.degree()))

    def after(self, inner: "Fraction") -> "Fraction":
        """self(inner(x)), reduced."""
        powers = [fmpq_poly([1])]
        for _ in range(self.degree):
            powers.append(powers[-1] * inner.below)

        def put(outer: fmpq_poly) -> fmpq_poly:
            total, power = fmpq_poly([0]), fmpq_poly([1])
            for k in range(self.degree + 1):
                total += outer[k] * power * powers[self.degree - k]
                power *= inner.above
            return total

        return reduced(put(self.above), put(self.below))

    def value(self, x: arb) -> arb:
        """Its value on a ball."""
        return horner(self.above, x) / horner(self.below, x)

    def slope(self, x: arb) -> arb:
        """Its derivative on a ball."""
        above = self.above.derivative() * self.below - self.above * self.below.derivative()
        return horner(above, x) / horner(self.below, x) ** 2


def fraction_of(recurrence: Recurrence) -> Fraction | None:
    """A map of one variable as one fraction; None where it is none, or its degree is too high."""
    if recurrence.size != 1:
        return None
    (symbol,) = recurrence.state
    total = Fraction(X, fmpq_poly([1]))
    for line in recurrence.turns:
        inner = fraction(line.values[0], symbol)
        if inner is None or inner.degree * total.degree > HIGHEST:
            return None
        total = inner.after(total)
    return total


def fraction(expr: sp.Expr, symbol: sp.Symbol) -> Fraction | None:
    """An expression in one symbol; None where it is no such fraction of rational coefficients."""
    polynomials = [_polynomial(each, symbol) for each in sp.fraction(sp.together(expr))]
    if polynomials[0] is None or polynomials[1] is None:
        return None
    return reduced(polynomials[0], polynomials[1])


def _polynomial(expr: sp.Expr, symbol: sp.Symbol) -> fmpq_poly | None:
    if not expr.is_polynomial(symbol):
        return None
    found = sp.Poly(expr, symbol)
    coefficients = found.all_coeffs()[::-1]
    if not all(isinstance(each, sp.Rational | sp.Float) for each in coefficients):
        return None
    return polynomial([sp.Rational(each) for each in coefficients])


def polynomial(coefficients: Sequence[sp.Rational]) -> fmpq_poly:
    """With these coefficients, that of the lowest degree first."""
    return fmpq_poly([fmpq(int(each.p), int(each.q)) for each in coefficients])


def reduced(above: fmpq_poly, below: fmpq_poly) -> Fraction:
    """above/below without what both share."""
    shared = above.gcd(below)
    if shared.degree() > 0:
        return Fraction(above / shared, below / shared)
    return Fraction(above, below)


def squarefree(of: fmpq_poly) -> fmpq_poly:
    """The same roots, each once."""
    shared = of.gcd(of.derivative())
    return of / shared if shared.degree() > 0 else of


def without(of: fmpq_poly, other: fmpq_poly) -> fmpq_poly:
    """A squarefree polynomial without the roots of another."""
    shared = of.gcd(other)
    return of / shared if shared.degree() > 0 else of


def real_roots(of: fmpq_poly, bits: int) -> list[arb]:
    """Of a squarefree polynomial; flint gives them an imaginary part that is exactly zero."""
    if of.degree() < 1:
        return []
    with ctx.workprec(bits):
        pairs: list[Any] = list(of.numer().complex_roots())  # (root, multiplicity)
        roots = [acb(root) for root, _ in pairs]
    return [root.real for root in roots if root.imag == 0]


def roots_within(of: fmpq_poly, low: fmpq | None, high: fmpq | None) -> list[arb] | None:
    """The real roots in an open interval; None for an end: infinite.

    None where the polynomial is zero everywhere, or the precisions did not tell a root from an end.
    """
    if of.degree() < 0:
        return None
    own = squarefree(of)
    for end in (low, high):
        if end is not None:
            own = without(own, X - end)
    for bits in _BITS:
        inside: list[arb] = []
        decided = True
        for root in real_roots(own, bits):
            left, right = ends(root)
            if (low is not None and right < low) or (high is not None and left > high):
                continue
            if (low is None or left > low) and (high is None or right < high):
                inside.append(root)
            else:
                decided = False
        if decided:
            return inside
    return None


def horner(of: fmpq_poly, x: arb) -> arb:
    """The value of a polynomial on a ball."""
    total = arb(0)
    for k in range(of.degree(), -1, -1):
        total = total * x + arb(of[k])
    return total
