"""(exp(y) - 1)/y and its derivatives as one function, smooth through zero.

ExpQuotient(k, y) is the integral of s**k*exp(s*y) over 0 <= s <= 1: for k = 0 the quotient, and
each derivative raises k by one.  It is positive and rises in y.
Source: NIST DLMF 13.4.1 (the integral of Kummer's function M(k + 1, k + 2, y)/(k + 1)).
Imports nothing of the project.
"""

import sympy as sp
from sympy.core.function import ArgumentIndexError


class ExpQuotient(sp.Function):
    """order: a whole number from 0 on; y: real."""

    nargs = 2

    def _eval_is_positive(self) -> bool:
        return True

    @classmethod
    def eval(cls, order: sp.Expr, y: sp.Expr) -> sp.Expr | None:
        return 1 / (order + 1) if y == 0 else None

    def fdiff(self, argindex: int = 2) -> sp.Expr:
        if argindex != 2:
            raise ArgumentIndexError(self, argindex)
        return ExpQuotient(self.args[0] + 1, self.args[1])
