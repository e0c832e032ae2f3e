"""Values put in for symbols that a derivative is taken in.

SymPy gives zeta'(s) as `Derivative(zeta(s), s)`, in which nothing can be put in for s without a
word about the place: it raises ValueError.  `Subs` is that word.
"""

from collections.abc import Mapping

import sympy as sp


def placed(expr: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression with all the symbols replaced at once, those of derivatives too."""
    if not expr.has(sp.Derivative):
        return expr.xreplace(dict(values))
    opened = {}
    for slope in expr.atoms(sp.Derivative):
        symbols = [symbol for symbol, _ in slope.variable_count if symbol in values]
        bound = [sp.Dummy(symbol.name, **symbol.assumptions0) for symbol in symbols]
        if symbols:
            inside = slope.xreplace(dict(zip(symbols, bound, strict=True)))
            opened[slope] = sp.Subs(inside, tuple(bound), tuple(symbols))
    return expr.xreplace(opened).xreplace(dict(values))
