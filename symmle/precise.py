"""Values of expressions at many digits, on a small sample: the road that checks the others.

A mean is taken row by row with mpmath; nothing of the algebra that put the expression together
is used.  Slow on purpose, so for samples of thousands of rows at most.
"""

from collections.abc import Callable, Mapping, Sequence

import mpmath
import sympy as sp

from symmle.order_statistics import OrderStatistic, order_value
from symmle.sample_mean import OverData, SampleCovariance, nodes
from symmle.tree_value import tree_value

_FEW_ROWS = 50  # up to here walking the tree beats compiling a function

Columns = Mapping[sp.Symbol, Sequence[mpmath.mpf]]
Point = Mapping[sp.Symbol, mpmath.mpf]


def evaluate(
    expr: sp.Expr,
    columns: Columns,
    point: Point,
    weights: Sequence[mpmath.mpf] | None = None,
) -> mpmath.mpf:
    """The value of an expression with means at a point, at mpmath's working precision.

    columns: the rows of each data symbol.  point: a number for every free symbol.
    weights: one per row; equal weights when None.
    Raises ArithmeticError where it has no value, as infinity minus infinity has none.
    """
    inside: dict[OverData, mpmath.mpf] = {
        node: _over_rows(node, columns, point, weights) for node in nodes([expr])
    }
    letters = {node: sp.Dummy() for node in inside}
    values = dict(point) | {letters[node]: value for node, value in inside.items()}
    found = mpmath.re(tree_value(expr.xreplace(letters), values))
    if mpmath.isnan(found):
        raise ArithmeticError(f"no number, but {found}, comes out of an expression at this point")
    return found


def _over_rows(
    node: OverData, columns: Columns, point: Point, weights: Sequence[mpmath.mpf] | None
) -> mpmath.mpf:
    first = _rows(node.args[0], columns, point, weights)
    if isinstance(node, OrderStatistic):
        return order_value(node, first, weights)
    share = _shares(weights, len(first))
    centre = mpmath.fdot(share, first)
    if not isinstance(node, SampleCovariance):
        return centre
    second = _rows(node.args[1], columns, point, weights)
    other = mpmath.fdot(share, second)
    return mpmath.fsum(
        w * (a - centre) * (b - other) for w, a, b in zip(share, first, second, strict=True)
    )


def _shares(weights: Sequence[mpmath.mpf] | None, n: int) -> list[mpmath.mpf]:
    if weights is None:
        return [mpmath.mpf(1) / n] * n
    total = mpmath.fsum(weights)
    return [mpmath.mpf(weight) / total for weight in weights]


def _rows(
    expr: sp.Expr, columns: Columns, point: Point, weights: Sequence[mpmath.mpf] | None
) -> list[mpmath.mpf]:
    """The integrand of a mean, row by row; means nested in it are evaluated first."""
    nested = nodes([expr])
    if nested:
        letters = {node: sp.Dummy() for node in nested}
        values = {letters[node]: evaluate(node, columns, point, weights) for node in nested}
        expr, point = expr.xreplace(letters), dict(point) | values
    names = [symbol for symbol in columns if symbol in expr.free_symbols]
    count = len(next(iter(columns.values())))
    rows = zip(*(columns[symbol] for symbol in names), strict=True) if names else [()] * count
    if count <= _FEW_ROWS:
        return [
            mpmath.re(tree_value(expr, {**point, **dict(zip(names, row, strict=True))}))
            for row in rows
        ]
    function, constants = compiled(expr, [*names, *point]), tuple(point.values())
    return [function(*row, *constants) for row in rows]


def compiled(expr: sp.Expr, symbols: Sequence[sp.Symbol]) -> Callable[..., mpmath.mpf]:
    """An mpmath function of the symbols; the expression must hold no means.

    Where it holds a derivative that is no function of its own, its tree is walked at each call;
    that raises InputError for a function that has no value here.
    """
    letters = tuple(symbols)
    if expr.has(sp.Derivative, sp.Subs):
        return lambda *values: mpmath.re(tree_value(expr, dict(zip(letters, values, strict=True))))
    function = sp.lambdify(letters, expr, "mpmath", cse=False)
    return lambda *values: mpmath.re(function(*values))
