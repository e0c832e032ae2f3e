"""log(erfc(u)), whose curvature in u is negative everywhere, as a function that says so.

Its slope is minus the ratio m(u) = 2*exp(-u**2)/(sqrt(pi)*erfc(u)), which rises.  Source: M. R.
Sampford, Some inequalities on Mill's ratio and related functions, Ann. Math. Stat. 24 (1953) 130.
"""

import sympy as sp

from symmle.complement import complement


class _MillsSlope(sp.Function):
    """m'(u), positive."""

    nargs = 1

    def _eval_is_positive(self) -> bool:
        return True


class _Mills(sp.Function):
    """m(u), positive."""

    nargs = 1

    def _eval_is_positive(self) -> bool:
        return True

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return _MillsSlope(*self.args) * self.args[0].diff(symbol)


class _LogTail(sp.Function):
    """log(erfc(u)); SymPy leaves the sign of u alone."""

    nargs = 1

    def _eval_is_real(self) -> bool:
        return True

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return -_Mills(*self.args) * self.args[0].diff(symbol)


def with_log_tails(expr: sp.Expr) -> sp.Expr:
    """The expression with each log(c*erfc(u)), log(2*c - c*erfc(-u)), ... by that function, for
    numbers c > 0.  It has no value at numbers: it is made to be differentiated.
    """
    if not expr.has(sp.erf, sp.erfc):
        return expr
    return expr.replace(lambda part: isinstance(part, sp.log), _rewritten)


def _rewritten(call: sp.log) -> sp.Expr:
    (inside,) = call.args
    found = complement(inside) if inside.is_Add else None
    if found is not None:
        share, argument = found.share, found.argument
        whole = found.rest == 0
    else:
        share, rest = inside.as_coeff_Mul()
        whole = isinstance(rest, sp.erfc)
        argument = rest.args[0] if whole else None
    if not (whole and share.is_number and share.is_positive):
        return call
    return _LogTail(argument) + sp.log(share)
