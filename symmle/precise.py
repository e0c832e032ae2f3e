"""Values of expressions at many digits, on a small sample: the road that checks the others.

A mean is taken row by row with mpmath; nothing of the algebra that put the expression together
is used.  Slow on purpose, so for samples of thousands of rows at most.
"""

from collections.abc import Callable, Mapping, Sequence

import mpmath
import sympy as sp

from symmle.order_statistics import OrderStatistic, order_value
from symmle.sample_mean import OverData, SampleCovariance, nodes
from symmle.straight_line import Steps, steps
from symmle.tree_value import tree_value

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
    return evaluator([expr], columns, weights)(point)[0]


def evaluator(
    exprs: Sequence[sp.Expr], columns: Columns, weights: Sequence[mpmath.mpf] | None = None
) -> Callable[[Point], list[mpmath.mpf]]:
    """The values of several expressions as a function of the point; otherwise as `evaluate`.

    What they have in common is worked out once, so one call for a gradient and a Hessian costs
    little more than one entry.  It holds no numbers: each call takes the working precision of its
    time.
    """
    letters: dict[sp.Basic, sp.Symbol] = {}
    levels = []
    for level in _levels(exprs):
        inner = dict(letters)
        letters |= {node: sp.Dummy() for node in level}
        parts = [arg.xreplace(inner) for node in level for arg in node.args]
        levels.append((level, steps(parts, _names(parts, columns))))
    final = steps([expr.xreplace(letters) for expr in exprs])

    def values(point: Point) -> list[mpmath.mpf]:
        here = dict(point)
        for level, inside in levels:
            rows = iter(zip(*_values_by_row(inside, columns, here), strict=True))
            for node in level:
                arguments = [next(rows) for _ in node.args]
                here[letters[node]] = _over_rows(node, arguments, weights)
        ((*found,),) = final.over([()], here)
        return [_number(value) for value in found]

    return values


def _number(value: mpmath.mpf) -> mpmath.mpf:
    real = mpmath.re(value)
    if mpmath.isnan(real):
        raise ArithmeticError(f"no number, but {real}, comes out of an expression at this point")
    return real


def _levels(exprs: Sequence[sp.Expr]) -> list[tuple[OverData, ...]]:
    """The means of the expressions, those nested in others first."""
    levels: list[tuple[OverData, ...]] = []
    found = nodes(exprs)
    while found:
        levels = [tuple(n for n in level if n not in found) for level in levels]
        levels.insert(0, found)
        found = nodes([arg for node in found for arg in node.args])
    return levels


def _names(parts: Sequence[sp.Expr], columns: Columns) -> list[sp.Symbol]:
    there = set[sp.Basic]().union(*(part.free_symbols for part in parts))
    return [symbol for symbol in columns if symbol in there]


def _values_by_row(inside: Steps, columns: Columns, point: Point) -> list[list[mpmath.mpf]]:
    """The integrands of means, row by row."""
    count = len(next(iter(columns.values())))
    held = [columns[symbol] for symbol in inside.columns]
    rows = zip(*held, strict=True) if held else ((),) * count
    return [[mpmath.re(value) for value in row] for row in inside.over(rows, point)]


def _over_rows(
    node: OverData,
    arguments: Sequence[Sequence[mpmath.mpf]],
    weights: Sequence[mpmath.mpf] | None,
) -> mpmath.mpf:
    first = arguments[0]
    if isinstance(node, OrderStatistic):
        return order_value(node, first, weights)
    share = _shares(weights, len(first))
    centre = mpmath.fdot(share, first)
    if not isinstance(node, SampleCovariance):
        return centre
    second = arguments[1]
    other = mpmath.fdot(share, second)
    return mpmath.fsum(
        w * (a - centre) * (b - other) for w, a, b in zip(share, first, second, strict=True)
    )


def _shares(weights: Sequence[mpmath.mpf] | None, n: int) -> list[mpmath.mpf]:
    if weights is None:
        return [mpmath.mpf(1) / n] * n
    total = mpmath.fsum(weights)
    return [mpmath.mpf(weight) / total for weight in weights]


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
