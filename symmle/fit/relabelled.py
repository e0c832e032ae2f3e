"""Two maxima that are one law: the components of a mixture under each other's names.

A density that is the same function after some of its parameters changed places, w with 1 - w
perhaps, has every maximum once for each such change; the data have no part in it.
"""

from collections.abc import Sequence
from itertools import product

import mpmath
import sympy as sp

from symmle.model import Model
from symmle.tree_value import tree_value
from symmle.trial import points, sample

_CLOSE = 1e-6  # relative: how well two maxima agree that are one
_MOST = 64  # ways to change places that are looked at
_DIGITS = 40


def is_same_law(model: Model, first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether the parameters of `second` are those of `first` with places changed.

    first, second: one number for each parameter.  The density must be the same expression after
    the change, or agree at rows and points at 40 digits.
    """
    choices = [
        [place for place, v in _places(model, first) if _agree(v, value)] for value in second
    ]
    ways = list(product(*choices))[:_MOST] if all(choices) else []
    return any(_is_invariant(model, way) for way in ways if len(set(way)) == len(way))


def _places(model: Model, values: Sequence[float]) -> list[tuple[sp.Expr, float]]:
    found: list[tuple[sp.Expr, float]] = []
    for parameter, value in zip(model.parameters, values, strict=True):
        found += [(parameter.symbol, value), (-parameter.symbol, -value)]
        if (parameter.domain.lower, parameter.domain.upper) == (0, 1):
            found.append((1 - parameter.symbol, 1 - value))
    return found


def _agree(a: float, b: float) -> bool:
    return abs(a - b) <= _CLOSE * max(abs(a), abs(b))


def _is_invariant(model: Model, way: Sequence[sp.Expr]) -> bool:
    change = dict(zip(model.symbols, way, strict=True))
    if all(symbol == place for symbol, place in change.items()):
        return False
    turned = model.log_density.xreplace(change)
    if turned == model.log_density:
        return True
    rows = sample(model)
    count = len(next(iter(rows.values())))
    with mpmath.workdps(_DIGITS):
        for point in points(model):
            for i in range(count):
                here = dict(point) | {symbol: column[i] for symbol, column in rows.items()}
                try:
                    gap = tree_value(turned, here) - tree_value(model.log_density, here)
                except (ArithmeticError, ValueError):
                    return False
                if not abs(gap) < mpmath.mpf(10) ** (10 - _DIGITS):
                    return False
    return True
