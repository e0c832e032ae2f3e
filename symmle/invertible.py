"""One-to-one expressions in one variable: their sign, their range and their inverse, by rule.

An expression f of a variable on an interval is accepted when the sign of f' there follows from
signs alone, the inverse is found by taking f apart from the outside, and going there and back
ends at the start at points all over the interval.  Nothing is solved by a general solver.
Imports `model`, `fraction`, `budget` and `tree_value`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import mpmath
import sympy as sp

from symmle.budget import bounded
from symmle.domain import Domain, interval
from symmle.errors import BudgetError, InputError
from symmle.fraction import reduced_fraction
from symmle.tree_value import tree_value

_SECONDS = 2.0
_DIGITS = 40
_SPREAD = ("0.003", "0.11", "0.47", "0.5", "0.83", "0.97", "0.9991")  # parts of an interval

_INVERSES: Mapping[type[sp.Basic], Callable[[sp.Expr], sp.Expr]] = MappingProxyType(
    {
        sp.log: sp.exp,
        sp.sinh: lambda y: sp.log(y + sp.sqrt(y**2 + 1)),
        sp.tanh: lambda y: sp.log((1 + y) / (1 - y)) / 2,
        sp.atan: sp.tan,
        sp.tan: sp.atan,
    }
)


@dataclass(frozen=True, slots=True)
class Image:
    """What a one-to-one expression makes of an interval.

    domain: its range.  increasing: its direction.
    """

    domain: Domain
    increasing: bool


def image(expr: sp.Expr, symbol: sp.Symbol, where: Domain) -> Image | None:
    """The range of an expression that is strictly monotone on an interval; None if not known.

    expr: in `symbol` alone.  where: an interval with numbers or infinities as ends.
    Sufficient, not necessary: the sign of the derivative must follow from signs of its parts.
    """
    if where.depends_on or where.integer:
        return None
    try:
        return bounded(_SECONDS, lambda: _image(expr, symbol, where))
    except (BudgetError, NotImplementedError, ValueError):
        return None


def inverse(expr: sp.Expr, symbol: sp.Symbol, where: Domain, value: sp.Symbol) -> sp.Expr | None:
    """The one point of the interval at which the expression has a value, as an expression in it.

    value: the symbol of the value, whose assumptions hold on the range of the expression.
    None where the expression cannot be taken apart, or the way back does not end at the start.
    """
    try:
        found = bounded(_SECONDS, lambda: _roots(expr, symbol, value, where))
    except (BudgetError, NotImplementedError):
        return None
    return next((each for each in found if _returns(expr, each, symbol, value, where)), None)


def sign_on(expr: sp.Expr, symbol: sp.Symbol, where: Domain) -> int | None:
    """1 or -1 where the expression has that sign inside the whole interval, by signs; else None."""
    t = sp.Dummy("t", positive=True)
    match where.lower.is_finite, where.upper.is_finite:
        case True, True:
            point: sp.Expr = (where.lower + where.upper * t) / (1 + t)
        case True, False:
            point = where.lower + t
        case False, True:
            point = where.upper - t
        case _:
            point = sp.Dummy("t", real=True)
    moved = expr.xreplace({symbol: point})
    for form in (moved, reduced_fraction(sp.together(moved)), sp.factor_terms(moved)):
        if form.is_positive:
            return 1
        if form.is_negative:
            return -1
    return None


def inner_points(where: Domain) -> list[mpmath.mpf]:
    """A few numbers all over the inside of an interval with fixed ends."""
    parts = [mpmath.mpf(part) for part in _SPREAD]
    low, high = where.lower.is_finite, where.upper.is_finite
    lower = mpmath.mpf(sp.N(where.lower, _DIGITS)) if low else None
    upper = mpmath.mpf(sp.N(where.upper, _DIGITS)) if high else None
    if lower is not None and upper is not None:
        return [lower + (upper - lower) * part for part in parts]
    odds = [part / (1 - part) for part in parts]
    if lower is not None:
        return [lower + each for each in odds]
    if upper is not None:
        return [upper - each for each in odds]
    return [mpmath.log(each) for each in odds]


def agree(one: sp.Expr, other: sp.Expr, symbol: sp.Symbol, where: Domain) -> bool:
    """Whether two expressions have the same values, to 20 digits, all over the interval."""
    with mpmath.workdps(2 * _DIGITS):
        try:
            return all(
                abs(tree_value(one - other, {symbol: point})) < mpmath.mpf(10) ** -20
                for point in inner_points(where)
            )
        except (InputError, ArithmeticError, ValueError, TypeError):
            return False


def _image(expr: sp.Expr, symbol: sp.Symbol, where: Domain) -> Image | None:
    direction = sign_on(expr.diff(symbol), symbol, where)
    if direction is None:
        return None
    ends = [_end(expr, symbol, end, side) for end, side in ((where.lower, "+"), (where.upper, "-"))]
    closed = [where.lower_closed and ends[0].is_finite, where.upper_closed and ends[1].is_finite]
    if direction < 0:
        ends, closed = ends[::-1], closed[::-1]
    if not all(end.is_extended_real and end.is_number for end in ends):
        return None
    if (ends[0] < ends[1]) != sp.true:
        return None
    return Image(interval(ends[0], ends[1], bool(closed[0]), bool(closed[1])), direction > 0)


def _end(expr: sp.Expr, symbol: sp.Symbol, end: sp.Expr, side: str) -> sp.Expr:
    there = expr.subs(symbol, end)
    if there.is_number and there.is_finite and there.is_real:
        return there
    return sp.limit(expr, symbol, end, side if end.is_finite else "-")


def _roots(expr: sp.Expr, symbol: sp.Symbol, value: sp.Expr, where: Domain) -> list[sp.Expr]:
    """The candidates for the symbol at which the expression has the value."""
    if expr == symbol:
        return [value]
    if expr.is_Add:
        rest, part = expr.as_independent(symbol, as_Add=True)
        if rest != 0:
            return _roots(part, symbol, value - rest, where)
        logs = _joined_logs(expr)
        return (
            _rational_roots(expr, symbol, value)
            if logs is None
            else (_roots(logs, symbol, sp.exp(value), where))
        )
    if expr.is_Mul:
        factor, part = expr.as_independent(symbol, as_Add=False)
        if factor != 1:
            return _roots(part, symbol, value / factor, where)
        return _rational_roots(expr, symbol, value)
    if isinstance(expr, sp.exp):
        return _roots(expr.args[0], symbol, sp.log(value), where)
    if expr.is_Pow:
        return _roots_of_power(expr, symbol, value, where)
    if expr.func in _INVERSES and len(expr.args) == 1:
        return _roots(expr.args[0], symbol, _INVERSES[expr.func](value), where)
    return []


def _roots_of_power(
    expr: sp.Expr, symbol: sp.Symbol, value: sp.Expr, where: Domain
) -> list[sp.Expr]:
    base, exponent = expr.as_base_exp()
    if symbol not in base.free_symbols:
        return _roots(exponent, symbol, sp.log(value) / sp.log(base), where)
    if symbol in exponent.free_symbols:
        return []
    if exponent == -1:
        return _roots(base, symbol, 1 / value, where)
    root = value ** (1 / exponent)
    sign = sign_on(base, symbol, where)
    if sign is None:
        return []
    return _roots(base, symbol, root if sign > 0 else -root, where)


def _joined_logs(total: sp.Expr) -> sp.Expr | None:
    """u/v for log(u) - log(v); None for any other sum."""
    product = sp.S.One
    for term in total.args:
        number, rest = term.as_coeff_Mul()
        if not isinstance(rest, sp.log) or not number.is_Integer:
            return None
        product *= rest.args[0] ** number
    return product


def _rational_roots(expr: sp.Expr, symbol: sp.Symbol, value: sp.Expr) -> list[sp.Expr]:
    """Roots of a ratio of polynomials of degree two at most."""
    y = sp.Dummy("y")
    above, below = sp.fraction(reduced_fraction(sp.together(expr)))
    if not (above.is_polynomial(symbol) and below.is_polynomial(symbol)):
        return []
    a, b, c = (_coefficient(above - y * below, symbol, power) for power in (2, 1, 0))
    if sp.degree(above - y * below, symbol) > 2:
        return []
    if a == 0:
        first, second = (sp.Poly(each, y) for each in (-c, b))
        # over exp(..) divided through, so that neither part of the ratio overflows
        shared = value if isinstance(value, sp.exp) else sp.S.One
        ratio = [_over(each, value, shared) for each in (first, second)]
        if all(each.could_extract_minus_sign() for each in ratio):
            ratio = [-each for each in ratio]
        return [ratio[0] / ratio[1]]
    root = sp.sqrt(b**2 - 4 * a * c)
    return [((-b + sign * root) / (2 * a)).xreplace({y: value}) for sign in (1, -1)]


def _coefficient(polynomial: sp.Expr, symbol: sp.Symbol, power: int) -> sp.Expr:
    return sp.expand(polynomial).coeff(symbol, power)


def _over(line: sp.Poly, value: sp.Expr, shared: sp.Expr) -> sp.Expr:
    """(slope*value + constant)/shared, term by term."""
    slope, constant = line.coeff_monomial(line.gen), line.coeff_monomial(1)
    return slope * (value / shared) + constant / shared


def _returns(
    expr: sp.Expr, back: sp.Expr, symbol: sp.Symbol, value: sp.Symbol, where: Domain
) -> bool:
    """Whether going there and back ends at the start, all over the interval, to 20 digits."""
    with mpmath.workdps(2 * _DIGITS):
        for start in inner_points(where):
            try:
                there = tree_value(expr, {symbol: start})
                end = tree_value(back, {value: there})
            except (InputError, ArithmeticError, ValueError):
                return False
            if mpmath.im(end) != 0 or abs(end - start) > mpmath.mpf(10) ** -20 * (1 + abs(start)):
                return False
    return True
