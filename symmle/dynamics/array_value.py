"""The value of an expression at many points at once, by walking its tree with NumPy.

For searches only: what is found so is certified elsewhere.  No text is generated and none
compiled.  Where an expression has no real value the entry is nan.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add, mul
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.core.relational import Relational

from symmle.errors import InputError
from symmle.tree_value import function_of, tree_value

Array = NDArray[np.float64]

_FUNCTIONS: Mapping[type[sp.Basic], Callable[..., Array]] = {
    sp.exp: np.exp,
    sp.log: np.log,
    sp.sin: np.sin,
    sp.cos: np.cos,
    sp.tan: np.tan,
    sp.atan: np.arctan,
    sp.sinh: np.sinh,
    sp.cosh: np.cosh,
    sp.tanh: np.tanh,
    sp.Abs: np.abs,
    sp.sign: np.sign,
    sp.floor: np.floor,
    sp.erf: np.vectorize(math.erf, otypes=[float]),
    sp.erfc: np.vectorize(math.erfc, otypes=[float]),
    sp.Min: lambda *parts: reduce(np.minimum, parts),
    sp.Max: lambda *parts: reduce(np.maximum, parts),
}
_SHIFT = 10  # psi is taken at x + 10, where eight terms of its series give all digits
_TERMS = 8


def _psi(order: Array, x: Array) -> Array:
    """The polygamma function for positive arguments, nan elsewhere; one whole order for all.

    Source: Abramowitz & Stegun, Handbook of mathematical functions (1964), 6.4.6 and 6.4.11.
    """
    n = int(np.max(order))
    far = np.where(x > 0, x, np.nan) + _SHIFT
    sign = -1.0 if n % 2 == 0 else 1.0
    total = np.log(far) if n == 0 else sign * math.factorial(n - 1) * far**-n
    total = total + sign * math.factorial(n) / 2 * far ** -(n + 1)
    for k in range(1, _TERMS + 1):
        share = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        total = total + sign * float(sp.bernoulli(2 * k)) * share * far ** -(2 * k + n)
    for shift in range(_SHIFT):
        total = total + sign * math.factorial(n) * (far - _SHIFT + shift) ** -(n + 1)
    return np.asarray(total)


_FUNCTIONS = {**_FUNCTIONS, sp.polygamma: _psi, sp.digamma: lambda x: _psi(np.zeros(1), x)}
_RELATIONS: Mapping[type[sp.Basic], Callable[[Array, Array], Any]] = {
    sp.StrictGreaterThan: np.greater,
    sp.GreaterThan: np.greater_equal,
    sp.StrictLessThan: np.less,
    sp.LessThan: np.less_equal,
    sp.Eq: np.equal,
    sp.Ne: np.not_equal,
}


def is_fast(expr: sp.Expr) -> bool:
    """Whether no function of it is taken number by number."""
    return all(call.func in _FUNCTIONS for call in expr.atoms(sp.Function))


def array_value(expr: sp.Expr, known: dict[sp.Expr, Array]) -> Array:
    """The values, of the shape of the arrays in `known`.

    known: of every symbol; the values of subexpressions are added to it.
    Raises InputError for a function that has no value here.
    """
    shape = next(iter(known.values())).shape
    found = _value(expr, known)
    return found if isinstance(found, np.ndarray) else np.full(shape, found)


def _value(expr: sp.Basic, known: dict[sp.Expr, Array]) -> Array | float:
    if expr in known:
        return known[expr]
    if expr.is_number and expr.is_Atom:
        return float(expr)
    found = _operation(expr, known)
    if isinstance(found, np.ndarray):
        known[expr] = found
    return found


def _operation(expr: sp.Basic, known: dict[sp.Expr, Array]) -> Array | float:
    if isinstance(expr, sp.Piecewise):
        return _branches(expr, known)
    if isinstance(expr, sp.Derivative | sp.Subs):
        return _by_tree(expr, known)
    if expr.is_number:
        return float(sp.N(expr)) if expr.is_extended_real else math.nan
    parts = [_value(part, known) for part in expr.args]
    if expr.is_Add:
        return reduce(add, parts)
    if expr.is_Mul:
        return reduce(mul, parts)
    if expr.is_Pow:
        exponent = expr.exp
        return parts[0] ** int(exponent) if exponent.is_Integer else parts[0] ** parts[1]
    if expr.func in _FUNCTIONS:
        return _FUNCTIONS[expr.func](*parts)
    return _one_by_one(function_of(expr), np.broadcast_arrays(*parts))


def _by_tree(expr: sp.Expr, known: dict[sp.Expr, Array]) -> Array:
    """Number by number, for what is no function of the values of its parts: a derivative."""
    symbols = [symbol for symbol in known if symbol.is_Symbol]

    def at(*numbers: mpmath.mpf) -> mpmath.mpf:
        return tree_value(expr, dict(zip(symbols, numbers, strict=True)))

    return _one_by_one(at, [known[symbol] for symbol in symbols])


def _branches(expr: sp.Piecewise, known: dict[sp.Expr, Array]) -> Array:
    shape = next(iter(known.values())).shape
    left, result = np.ones(shape, dtype=bool), np.full(shape, np.nan)
    for value, condition in expr.args:
        here = left & _holds(condition, known, shape)
        result = np.where(here, array_value(value, known), result)
        left &= ~here
    return result


def _holds(
    condition: sp.Basic, known: dict[sp.Expr, Array], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    if condition in (sp.true, sp.false):
        return np.full(shape, bool(condition))
    if isinstance(condition, sp.And | sp.Or):
        parts = [_holds(part, known, shape) for part in condition.args]
        joined: Any = np.all if isinstance(condition, sp.And) else np.any
        return np.asarray(joined(parts, axis=0), dtype=bool)
    if isinstance(condition, Relational) and condition.func in _RELATIONS:
        left, right = (array_value(side, known) for side in condition.args)
        return np.asarray(_RELATIONS[condition.func](left, right), dtype=bool)
    raise InputError(f"the condition {condition} cannot be decided at numbers")


def _one_by_one(function: Callable[..., mpmath.mpf], parts: Sequence[Array]) -> Array:
    def at(*numbers: float) -> float:
        try:
            found = function(*map(mpmath.mpf, numbers))
        except (ArithmeticError, ValueError):
            return float("nan")
        return float(found) if mpmath.im(found) == 0 else float("nan")

    return np.array([at(*row) for row in zip(*parts, strict=True)])
