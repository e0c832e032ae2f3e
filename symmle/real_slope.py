"""Derivatives where SymPy does not see that what stands under a kink is real.

On the support log(1 - x) is real, and SymPy knows of x only that it is positive: it then takes
Abs(log(1 - x) - m) for the modulus of a complex number, whose derivative is none in m alone.
"""

import sympy as sp

from symmle.domain import Datum
from symmle.sample_mean import has_data


def real_slope(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """The derivative in a real symbol; a function of the data alone is a real number there."""
    letters: dict[sp.Expr, sp.Symbol] = {}
    for kink in expr.atoms(sp.Abs, sp.sign):
        _collect(kink.args[0], symbol, letters)
    if not letters:
        return expr.diff(symbol)
    back = {letter: function for function, letter in letters.items()}
    return expr.xreplace(letters).diff(symbol).xreplace(back)


def _collect(expr: sp.Expr, symbol: sp.Symbol, letters: dict[sp.Expr, sp.Symbol]) -> None:
    """The largest parts with data and without the symbol that are not known to be real."""
    if expr.is_extended_real:
        return
    if symbol not in expr.free_symbols:
        if has_data(expr):
            letters.setdefault(expr, Datum(f"real_{len(letters)}", real=True))
        return
    for part in expr.args:
        _collect(part, symbol, letters)
