"""0 log 0 is 0: a power of a datum that may be zero, times its logarithm.

x**b*log(x) vanishes as x does for b > 0, but at x = 0 a computer has 0 times minus infinity.  So
it is the logarithm of 1 there, which the power makes right.
"""

import sympy as sp

from symmle.domain import Datum


def zero_times_log(expr: sp.Expr) -> sp.Expr:
    """The expression with log(where(x > 0, x, 1)) for log(x) beside every x**b with b > 0."""
    if not any(_may_be_zero(log.args[0]) for log in expr.atoms(sp.log)):
        return expr
    return expr.replace(sp.Mul, _with_guard)


def _may_be_zero(base: sp.Expr) -> bool:
    return bool(isinstance(base, Datum) and base.is_nonnegative and not base.is_positive)


def _with_guard(*factors: sp.Expr) -> sp.Expr:
    vanishing = [
        base
        for base, power in (factor.as_base_exp() for factor in factors)
        if _may_be_zero(base) and power.is_positive
    ]
    guarded = {sp.log(x): sp.log(sp.Piecewise((x, x > 0), (sp.S.One, True))) for x in vanishing}
    return sp.Mul(
        *(guarded.get(f.base, f.base) ** f.exp if f.is_Pow else guarded.get(f, f) for f in factors)
    )
