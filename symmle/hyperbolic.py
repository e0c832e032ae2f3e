"""Hyperbolic functions in derivatives, in the form that neither overflows nor cancels."""

import sympy as sp


def in_tanh(derivative: sp.Expr) -> sp.Expr:
    """sinh(u)/cosh(u) as tanh(u), and its slope as 1/cosh(u)**2.

    The quotient overflows, and 1 - tanh(u)**2 would be multiplied out and cancel.
    """
    if not derivative.has(sp.cosh, sp.tanh):
        return derivative
    found = derivative.xreplace(
        {1 - call**2: sp.cosh(*call.args) ** -2 for call in derivative.atoms(sp.tanh)}
    )
    return found.replace(sp.Mul, _quotient_as_tanh)


def _quotient_as_tanh(*factors: sp.Expr) -> sp.Expr:
    powers = dict(factor.as_base_exp() for factor in factors)
    for base, exponent in list(powers.items()):
        if not isinstance(base, sp.sinh):
            continue
        below = sp.cosh(*base.args)
        if powers.get(below) == -exponent:
            rest = [f for f in factors if f.as_base_exp()[0] not in (base, below)]
            return sp.Mul(*rest, sp.tanh(*base.args) ** exponent)
    return sp.Mul(*factors)
