"""The value of an expression by walking its tree with mpmath.

No text is generated and none compiled, so nothing rests on SymPy's printers, some of which are
wrong in 1.14 (`betainc_regularized` for mpmath, `1/lowergamma` for SciPy).  For one value of a
small expression it is also several times faster than compiling a function first.
"""

from collections.abc import Callable, Mapping

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from symmle.complement import complement
from symmle.errors import InputError

Numbers = Mapping[sp.Symbol, mpmath.mpf]

_FUNCTIONS: Mapping[type[sp.Function], Callable[..., mpmath.mpf]] = {
    sp.exp: mpmath.exp,
    sp.log: mpmath.log,
    sp.gamma: mpmath.gamma,
    sp.loggamma: mpmath.loggamma,
    sp.polygamma: lambda order, x: mpmath.psi(int(order), x),
    sp.digamma: lambda x: mpmath.psi(0, x),
    sp.beta: mpmath.beta,
    sp.erf: mpmath.erf,
    sp.erfc: mpmath.erfc,
    sp.besseli: mpmath.besseli,
    sp.besselk: mpmath.besselk,
    sp.zeta: mpmath.zeta,
    sp.LambertW: mpmath.lambertw,
    sp.binomial: mpmath.binomial,
    sp.factorial: mpmath.factorial,
    sp.Abs: abs,
    sp.sign: mpmath.sign,
    sp.floor: mpmath.floor,
    sp.Min: min,
    sp.Max: max,
    sp.sin: mpmath.sin,
    sp.cos: mpmath.cos,
    sp.tan: mpmath.tan,
    sp.atan: mpmath.atan,
    sp.atan2: mpmath.atan2,
    sp.sinh: mpmath.sinh,
    sp.cosh: mpmath.cosh,
    sp.tanh: mpmath.tanh,
}


def tree_value(expr: sp.Basic, numbers: Numbers) -> mpmath.mpf:
    """The value at mpmath's working precision.

    numbers: one for every symbol.  Raises InputError for a function that is not known here, a
    KeyError for a symbol without a number, ZeroDivisionError where the expression divides by zero.
    """
    if expr.is_Symbol:
        return numbers[expr]
    if expr.is_Rational:
        return mpmath.mpf(int(expr.p)) / int(expr.q)
    if expr.is_Float or expr.is_NumberSymbol:
        return mpmath.mpf(sp.N(expr, mpmath.mp.dps + 5))
    if isinstance(expr, sp.Piecewise):
        return next(
            tree_value(value, numbers) for value, when in expr.args if _holds(when, numbers)
        )
    if isinstance(expr, sp.Derivative) and len(expr.variable_count) == 1:
        symbol, order = expr.variable_count[0]
        if isinstance(expr.expr, sp.zeta) and not any(a.has(symbol) for a in expr.expr.args[1:]):
            at = [tree_value(arg, numbers) for arg in expr.expr.args]
            if expr.expr.args[0] == symbol:  # mpmath has its derivatives, to all digits
                return mpmath.zeta(at[0], *(at[1:] or [mpmath.mpf(1)]), int(order))
        return mpmath.diff(
            lambda value: tree_value(expr.expr, {**numbers, symbol: value}),
            tree_value(symbol, numbers),
            int(order),
        )
    if isinstance(expr, sp.Subs):
        put = {s: tree_value(v, numbers) for s, v in zip(expr.variables, expr.point, strict=True)}
        return tree_value(expr.expr, {**numbers, **put})
    found = complement(expr) if expr.is_Add else None
    if found is not None:
        tail = mpmath.erfc(tree_value(found.argument, numbers))
        return tree_value(found.share, numbers) * tail + tree_value(found.rest, numbers)
    values = [tree_value(arg, numbers) for arg in expr.args]
    if expr.is_Add:
        return mpmath.fsum(values)
    if expr.is_Mul:
        return mpmath.fprod(values)
    if expr.is_Pow:
        exponent = expr.exp
        return values[0] ** (int(exponent) if exponent.is_Integer else values[1])
    return function_of(expr)(*values)


def function_of(expr: sp.Basic) -> Callable[..., mpmath.mpf]:
    """The function of mpmath that an expression applies; InputError where none is known here."""
    function = _FUNCTIONS.get(expr.func)
    if function is None:
        raise InputError(f"no value can be found for the function {expr.func.__name__}")
    return function


def _holds(condition: sp.Basic, numbers: Numbers) -> bool:
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, sp.And | sp.Or | sp.Not):
        parts = [_holds(part, numbers) for part in condition.args]
        if isinstance(condition, sp.Not):
            return not parts[0]
        return all(parts) if isinstance(condition, sp.And) else any(parts)
    if isinstance(condition, Relational):
        left, right = (tree_value(side, numbers) for side in condition.args)
        return bool(condition.func(sp.sign(sp.Float(left - right)), 0))
    raise InputError(f"the condition {condition} cannot be decided at numbers")
