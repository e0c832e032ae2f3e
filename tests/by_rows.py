"""The road that the tests take: a mean is a sum over rows, a derivative a difference quotient.

Nothing here uses the algebra of `symmle.sample_mean` or a derivative taken by SymPy: an integrand
is evaluated with mpmath in each row and the results are added up, at 60 digits.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import mpmath
import sympy as sp

from symmle.domain import Domain, read_declarations
from symmle.model import Model, build_model
from symmle.order_statistics import Maximum, Minimum
from symmle.sample_mean import SampleCovariance, SampleMean

DIGITS = 60
Numbers = Mapping[sp.Symbol, mpmath.mpf]
Columns = Mapping[sp.Symbol, Sequence[mpmath.mpf]]


def typed(density: str, data: Sequence[str], parameters: Sequence[str], name: str = "m") -> Model:
    """A model as a user types it: `typed("log(r) - r*x", ["x>0"], ["r>0"])`."""
    return build_model(name, density, read_declarations(data), read_declarations(parameters))


def number(expr: sp.Expr, point: Numbers) -> mpmath.mpf:
    """An expression without means, at numbers."""
    return _compiled(expr)([point])[0]


def _compiled(expr: sp.Expr) -> Callable[[Sequence[Numbers]], list[mpmath.mpf]]:
    """An expression without means as a function of rows."""
    names = sorted(expr.free_symbols, key=str)
    function = sp.lambdify(names, expr, "mpmath")

    def over(rows: Sequence[Numbers]) -> list[mpmath.mpf]:
        with mpmath.workdps(DIGITS):
            return [mpmath.mpmathify(function(*(row[name] for name in names))) for row in rows]

    return over


def value(expr: sp.Expr, columns: Columns, point: Numbers) -> mpmath.mpf:
    """An expression with means, at data and numbers: every mean is taken row by row."""
    return prepared(expr, columns)(point)


def prepared(expr: sp.Expr, columns: Columns) -> Callable[[Numbers], mpmath.mpf]:
    """The same as a function of the point, compiled once.

    A mean may stand within a mean, as in that of squared residuals: the inner ones come first.
    """
    kinds = (SampleMean, SampleCovariance, Minimum, Maximum)
    found = sorted(expr.atoms(*kinds), key=lambda node: node.count_ops())
    letters = {node: sp.Dummy() for node in found}
    insides = {node: [_compiled(arg.xreplace(letters)) for arg in node.args] for node in found}
    outside = _compiled(expr.xreplace(letters))

    def at(point: Numbers) -> mpmath.mpf:
        rows = joined(columns, point)
        with mpmath.workdps(DIGITS):
            means: dict[sp.Symbol, mpmath.mpf] = {}
            for node, args in insides.items():
                within = [{**row, **means} for row in rows]
                columns_here = [arg(within) for arg in args]
                end = {Minimum: min, Maximum: max}.get(type(node))
                means[letters[node]] = end(columns_here[0]) if end else _over_rows(columns_here)
            return outside([{**point, **means}])[0]

    return at


def _over_rows(args: list[list[mpmath.mpf]]) -> mpmath.mpf:
    """The mean of one column, the covariance (divisor n) of two."""
    count = len(args[0])
    centres = [mpmath.fsum(column) / count for column in args]
    if len(args) == 1:
        return centres[0]
    products = ((a - centres[0]) * (b - centres[1]) for a, b in zip(*args, strict=True))
    return mpmath.fsum(products) / count


def direct(expr: sp.Expr, columns: Columns, point: Numbers) -> mpmath.mpf:
    """The mean of an integrand over the rows, without any node."""
    rows = joined(columns, point)
    with mpmath.workdps(DIGITS):
        return mpmath.fsum(_compiled(expr)(rows)) / len(rows)


def joined(columns: Columns, point: Numbers) -> list[Numbers]:
    """One mapping of symbols to numbers for each row."""
    rows = zip(*columns.values(), strict=True)
    return [dict(point) | dict(zip(columns, row, strict=True)) for row in rows]


def log_likelihood(model: Model, columns: Columns) -> Callable[..., mpmath.mpf]:
    """theta -> the average log-density over the rows, straight from the density."""
    columns_there = [variable.symbol for variable in model.data]
    density = sp.lambdify([*columns_there, *model.symbols], model.log_density, "mpmath")

    def average(*theta: mpmath.mpf) -> mpmath.mpf:
        rows = list(zip(*(columns[symbol] for symbol in columns_there), strict=True))
        with mpmath.workdps(DIGITS):
            return mpmath.fsum(mpmath.re(density(*row, *theta)) for row in rows) / len(rows)

    return average


def slope(function: Callable[..., mpmath.mpf], at: Sequence[mpmath.mpf], *along: int) -> mpmath.mpf:
    """The derivative along one axis, or along two in turn, by central differences.

    Steps of 1e-12 at 60 digits: the truncation error of some 1e-24 is what is left.
    """
    with mpmath.workdps(DIGITS):
        step = mpmath.mpf(10) ** -12
        total = mpmath.mpf(0)
        for signs in product((-1, 1), repeat=len(along)):
            moved = list(at)
            for axis, sign in zip(along, signs, strict=True):
                moved[axis] += sign * step
            total += math.prod(signs) * function(*moved)
        return total / (2 * step) ** len(along)


def point_in(where: Domain, draw: random.Random) -> mpmath.mpf:
    """A number well inside a fixed domain, of moderate size."""
    lower, upper = (float(end) if end.is_finite else None for end in (where.lower, where.upper))
    if lower is not None and upper is not None:
        drawn = lower + (upper - lower) * draw.uniform(0.15, 0.85)
    elif lower is not None:
        drawn = lower + draw.uniform(0.4, 3.0)
    elif upper is not None:
        drawn = upper - draw.uniform(0.4, 3.0)
    else:
        drawn = draw.uniform(-2.0, 2.0)
    return mpmath.mpf(round(drawn) if where.integer else round(drawn, 6))


def point_of(model: Model, draw: random.Random) -> dict[sp.Symbol, mpmath.mpf]:
    """A point inside the parameters' domains (ends that depend on parameters come in order)."""
    point: dict[sp.Symbol, mpmath.mpf] = {}
    for parameter in (*model.given, *model.parameters):
        here = {symbol: sp.Float(str(v), 20) for symbol, v in point.items()}
        point[parameter.symbol] = point_in(parameter.domain.at(here), draw)
    return point


def rows_of(model: Model, draw: random.Random, count: int = 7) -> Columns:
    """Random rows inside the data's domains, not all equal; whole numbers where those are meant."""
    columns: dict[sp.Symbol, list[mpmath.mpf]] = {}
    for variable in model.data:
        where = variable.domain
        if where.integer and where.upper.is_infinite:
            first = int(where.lower) if where.lower.is_finite else -5
            values = [mpmath.mpf(first + draw.choice((0, 0, 1, 2, 3, 5, 9))) for _ in range(count)]
            values[:2] = [mpmath.mpf(first + 9), mpmath.mpf(first + 1)]
        elif where.integer:
            ends = int(where.lower), int(where.upper)
            values = [mpmath.mpf(draw.randint(*ends)) for _ in range(count)]
            values[:2] = [mpmath.mpf(end) for end in ends]
        else:
            values = [point_in(where, draw) for _ in range(count)]
        columns[variable.symbol] = values
    return columns


def close(first: object, second: object, digits: int = 20) -> bool:
    """Whether two numbers agree to so many digits, absolutely below one and relatively above."""
    with mpmath.workdps(DIGITS):
        a, b = mpmath.mpmathify(first), mpmath.mpmathify(second)
        return bool(abs(a - b) <= mpmath.mpf(10) ** -digits * (1 + abs(b)))


# The families whose derivations are written out in derivations/: one of each sort, and few enough
# that the tests crossing them with everything else stay cheap.  The others: test_families.py.
WORKED = (
    "normal", "lognormal", "exponential", "gamma", "weibull", "inverse_gaussian", "beta", "cauchy",
    "rayleigh", "poisson", "bernoulli", "geometric", "negative_binomial",
)  # fmt: skip
