"""I_a(z)/I_b(z) as one function, monotone on z >= 0 for whole orders.

As a quotient of two enclosures it is wide as soon as z is; I_(n+1)/I_n rises on z > 0 for every
n >= 0, so such a ratio rises where |a| > |b|, falls where |a| < |b|, and its ends enclose it.
Source: D. E. Amos, Computation of modified Bessel functions and their ratios, Mathematics of
Computation 28 (1974); I_(-n) = I_n for whole n, NIST DLMF 10.27.1.
Imports nothing of the project.
"""

import sympy as sp
from sympy.core.function import ArgumentIndexError


class BesselRatio(sp.Function):
    """first, second: orders, that may be a row's value; z: real."""

    nargs = 3

    def fdiff(self, argindex: int = 3) -> sp.Expr:
        if argindex != 3:
            raise ArgumentIndexError(self, argindex)
        first, second, z = self.args
        falls = [BesselRatio(second + step, second, z) for step in (-1, 1)]
        rises = [BesselRatio(first + step, second, z) for step in (-1, 1)]
        return (sp.Add(*rises) - self * sp.Add(*falls)) / 2

    def _eval_is_real(self) -> bool:
        return True


def with_ratios(expr: sp.Expr) -> sp.Expr:
    """The same with each quotient of two Bessel functions of one argument as one function."""
    if not expr.has(sp.besseli):
        return expr
    return expr.replace(lambda e: e.is_Mul and e.has(sp.besseli), _taken_together)


def _taken_together(product: sp.Mul) -> sp.Expr:
    """A product of sums over Bessel functions, term by term."""
    rest, calls = product.as_independent(sp.besseli, as_Add=False)
    only = {"power_base": False, "power_exp": False, "log": False, "basic": False}
    terms = sp.Add.make_args(sp.expand(calls, **only))
    return rest * sp.Add(*(_term(each) for each in terms))


def _term(product: sp.Expr) -> sp.Expr:
    powers: dict[sp.Expr, int] = {}
    rest = []
    for factor in sp.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        if isinstance(base, sp.besseli) and exponent.is_Integer:
            powers[base] = powers.get(base, 0) + int(exponent)
        else:
            rest.append(factor)
    above = [call for call, power in powers.items() for _ in range(power)]
    below = [call for call, power in powers.items() for _ in range(-power)]
    for call in list(above):
        mate = next((other for other in below if _match(call, other)), None)
        if mate is not None:
            above.remove(call)
            below.remove(mate)
            rest.append(BesselRatio(call.args[0], mate.args[0], call.args[1]))
    return sp.Mul(*rest, *above, *(1 / call for call in below))


def _match(one: sp.Expr, other: sp.Expr) -> bool:
    return bool(one.args[1] == other.args[1])
