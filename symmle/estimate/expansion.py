"""The leading term of an expression in sample means at an end of its variable's range.

A series in a small positive t, powers of t times powers of log(t), each coefficient exact.  It is
taken through every mean row by row, which a finite sample allows: so mean(log(1 + t*x)) is
t*mean(x) - t**2*mean(x**2)/2 + ..., and what the sign of an equation far out depends on is read
off as a condition on statistics.  No limit of a whole expression is asked of SymPy.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from symmle.budget import bounded
from symmle.domain import Datum
from symmle.errors import BudgetError
from symmle.estimate.known_functions import Rising, with_known_functions
from symmle.sample_mean import OverData, SampleMean, raw, var

_SECONDS = 2.0
_ORDERS = (2, 4)  # tried in turn, until a term is left
_MOST_OPERATIONS = 200  # of an expression that is expanded
_MOST_TERMS = 8  # of the series of one function

Exponents = tuple[sp.Rational, int]


class _NoSeriesError(Exception):
    """The expression has no series of this kind, or none that signs decide."""


@dataclass(frozen=True, slots=True)
class Leading:
    """coefficient*t**power*log(1/t)**logs, all else being smaller; t is the distance from a finite
    end, 1/|u| at an infinite one.
    """

    coefficient: sp.Expr
    power: sp.Rational
    logs: int


@dataclass(frozen=True, slots=True)
class _Series:
    """terms: {(power of t, power of log t): coefficient}; what is left out is o(t**(order-eps))."""

    terms: dict[Exponents, sp.Expr]
    order: sp.Expr


def leading_term(expr: sp.Expr, unknown: sp.Symbol, end: sp.Expr, below: bool) -> Leading | None:
    """The leading term at an end; None where no rule finds it.

    below: whether the end is approached from below.  The coefficient is in statistics, second
    moments about the mean; it may still vanish on some data, where a smaller term leads.
    """
    if expr.count_ops() > _MOST_OPERATIONS:
        return None
    t = sp.Dummy("t", positive=True)
    place = {unknown: (-1 / t if end < 0 else 1 / t) if end.is_infinite else end - t}
    if end.is_finite and not below:
        place = {unknown: end + t}
    moved = with_known_functions(expr).xreplace(place)
    try:
        return bounded(_SECONDS, lambda: _leading(moved, t))
    except (BudgetError, _NoSeriesError):
        return None


def _leading(expr: sp.Expr, t: sp.Symbol) -> Leading | None:
    for order in _ORDERS:
        found = _series(expr, t, sp.Integer(order))
        terms = {
            exponents: short
            for exponents, coefficient in found.terms.items()
            if exponents[0] < found.order and (short := _in_variances(coefficient)) != 0
        }
        if terms:
            power = min(exponent for exponent, _ in terms)
            logs = max(logs for exponent, logs in terms if exponent == power)
            found_term = Leading(terms[power, logs] * (-1) ** logs, power, logs)
            return found_term if _is_regular(found_term.coefficient) else None
    return None


def _in_variances(coefficient: sp.Expr) -> sp.Expr:
    """mean(T**2) written as var(T) + mean(T)**2, so that what cancels is gone."""
    flat = sp.expand(raw(coefficient))
    for node in flat.atoms(SampleMean):
        base, exponent = node.args[0].as_base_exp()
        root = base ** (exponent / 2)
        if exponent.is_even and SampleMean(root) in flat.atoms(SampleMean):
            flat = flat.xreplace({node: var(root) + SampleMean(root) ** 2})
    return sp.factor_terms(sp.expand(flat))


def _series(expr: sp.Expr, t: sp.Symbol, n: sp.Expr) -> _Series:
    if t not in expr.free_symbols:
        return _Series({(sp.S.Zero, 0): expr} if expr != 0 else {}, n)
    if expr == t:
        return _Series({(sp.S.One, 0): sp.S.One}, n + 1)
    if expr.is_Add:
        return _sum(_series(each, t, n) for each in expr.args)
    if expr.is_Mul:
        product = _constant(sp.S.One, n)
        for each in expr.args:
            product = _times(product, _series(each, t, n))
        return product
    if isinstance(expr, OverData):
        return _mean(expr, t, n)
    if isinstance(expr, Rising):
        return _rising(expr, t)
    if expr.is_Pow and t not in expr.exp.free_symbols:
        return _power(_series(expr.base, t, n), expr.exp, n)
    if expr.is_Pow:
        return _series(sp.exp(expr.exp * sp.log(expr.base)), t, n)
    if isinstance(expr, sp.exp):
        return _exp(_series(expr.args[0], t, n), n)
    if isinstance(expr, sp.log):
        return _log(_series(expr.args[0], t, n), n)
    if isinstance(expr, sp.polygamma) and expr.args[0] == 0:
        return _digamma(_series(expr.args[1], t, n), n)
    raise _NoSeriesError


def _constant(value: sp.Expr, order: sp.Expr) -> _Series:
    return _Series({(sp.S.Zero, 0): value}, order)


def _sum(parts: Iterable[_Series]) -> _Series:
    terms: dict[Exponents, sp.Expr] = {}
    order: sp.Expr = sp.oo
    for part in parts:
        order = min(order, part.order)
        for exponents, coefficient in part.terms.items():
            terms[exponents] = terms.get(exponents, sp.S.Zero) + coefficient
    return _cut(terms, order)


def _cut(terms: dict[Exponents, sp.Expr], order: sp.Expr) -> _Series:
    """Without what lies beyond the order, and without what cancels."""
    held = {e: sp.expand(c) for e, c in terms.items() if e[0] < order}
    return _Series({e: c for e, c in held.items() if c != 0}, order)


def _lowest(series: _Series) -> sp.Expr:
    return min((power for power, _ in series.terms), default=series.order)


def _times(one: _Series, other: _Series) -> _Series:
    order = min(_lowest(one) + other.order, _lowest(other) + one.order)
    terms: dict[Exponents, sp.Expr] = {}
    for (p, q), a in one.terms.items():
        for (r, s), b in other.terms.items():
            at = (p + r, q + s)
            terms[at] = terms.get(at, sp.S.Zero) + a * b
    return _cut(terms, order)


def _shifted(series: _Series, power: sp.Expr, factor: sp.Expr) -> _Series:
    return _Series(
        {(p + power, q): sp.expand(factor * c) for (p, q), c in series.terms.items()},
        series.order + power,
    )


def _split(series: _Series) -> tuple[sp.Expr, sp.Expr, _Series]:
    """(c, p, rest) with series = c*t**p*(1 + rest), rest small; c of a sign that is known."""
    power = _lowest(series)
    leading = [q for p, q in series.terms if p == power]
    if leading != [0]:
        raise _NoSeriesError
    first = series.terms[power, 0]
    if not (first.is_positive or first.is_negative):
        raise _NoSeriesError
    rest = _shifted(series, -power, 1 / first)
    return first, power, _Series({e: c for e, c in rest.terms.items() if e[0] != 0}, rest.order)


def _composed(small: _Series, coefficients: Iterable[sp.Expr]) -> _Series:
    """sum(coefficients[k]*small**k) as far as the order of `small` goes."""
    total, power = _Series({}, small.order), _constant(sp.S.One, small.order)
    for coefficient in coefficients:
        total = _sum([total, _shifted(power, sp.S.Zero, coefficient)])
        power = _cut(_times(power, small).terms, small.order)
        if not power.terms:
            return total
    raise _NoSeriesError  # more terms than are given here


def _power(base: _Series, exponent: sp.Expr, n: sp.Expr) -> _Series:
    if exponent.is_Integer and exponent > 0:
        found = _constant(sp.S.One, n)
        for _ in range(int(exponent)):
            found = _times(found, base)
        return found
    first, power, rest = _split(base)
    if not exponent.is_Rational or not (first.is_positive or exponent.is_Integer):
        raise _NoSeriesError
    binomial = (sp.binomial(exponent, k) for k in range(_MOST_TERMS))
    return _shifted(_composed(rest, binomial), power * exponent, first**exponent)


def _log(inside: _Series, n: sp.Expr) -> _Series:
    first, power, rest = _split(inside)
    if not first.is_positive:
        raise _NoSeriesError
    mercator = [sp.S.Zero, *((-1) ** (k + 1) * sp.Rational(1, k) for k in range(1, _MOST_TERMS))]
    leading = {(sp.S.Zero, 0): sp.log(first), (sp.S.Zero, 1): power}
    return _sum([_cut(leading, n), _composed(rest, mercator)])


def _exp(inside: _Series, n: sp.Expr) -> _Series:
    lowest = _lowest(inside)
    if lowest < 0:
        if inside.terms.get((lowest, 0), sp.S.Zero).is_negative and (lowest, 1) not in inside.terms:
            return _Series({}, n)  # smaller than every power of t
        raise _NoSeriesError
    if inside.order <= 0:
        raise _NoSeriesError
    factor, power, rest = sp.S.One, sp.S.Zero, {}
    for (p, q), coefficient in inside.terms.items():
        if p > 0:
            rest[p, q] = coefficient
        elif q == 0:
            factor = sp.exp(coefficient)
        elif q == 1 and coefficient.is_Rational:
            power = coefficient
        else:
            raise _NoSeriesError
    exponential = (1 / sp.factorial(k) for k in range(_MOST_TERMS))
    return _shifted(_composed(_Series(rest, inside.order), exponential), power, factor)


def _digamma(inside: _Series, n: sp.Expr) -> _Series:
    """By DLMF 5.11.2 far out, 5.5.2 at zero, and Taylor's series between."""
    power = _lowest(inside)
    if power < 0:
        if not inside.terms.get((power, 0), sp.S.Zero).is_positive:
            raise _NoSeriesError
        parts = [_log(inside, n), _shifted(_power(inside, sp.S.NegativeOne, n), 0, -sp.S.Half)]
        for k in range(1, _MOST_TERMS):
            tail = _power(inside, sp.Integer(-2 * k), n)
            if not tail.terms or _lowest(tail) >= min(part.order for part in parts):
                return _sum(parts)
            parts.append(_shifted(tail, sp.S.Zero, -sp.bernoulli(2 * k) / (2 * k)))
        raise _NoSeriesError
    if power > 0:
        pole = _shifted(_power(inside, sp.S.NegativeOne, n), sp.S.Zero, sp.S.NegativeOne)
        return _sum([pole, _digamma(_sum([_constant(sp.S.One, n), inside]), n)])
    first, _, _ = _split(inside)
    if not first.is_positive:
        raise _NoSeriesError
    rest = _Series({e: c for e, c in inside.terms.items() if e[0] != 0}, inside.order)
    taylor = (sp.polygamma(k, first) / sp.factorial(k) for k in range(_MOST_TERMS))
    return _composed(rest, taylor)


def _mean(node: OverData, t: sp.Symbol, n: sp.Expr) -> _Series:
    if not isinstance(node, SampleMean):
        return _series(raw(node), t, n)
    try:
        row = _series(node.args[0], t, n)
    except _NoSeriesError:
        row = _with_zeros(node.args[0], t, n)
    return _cut({e: SampleMean(c) for e, c in row.terms.items()}, row.order)


def _with_zeros(inside: sp.Expr, t: sp.Symbol, n: sp.Expr) -> _Series:
    """A row whose datum may be zero, where its series differs: sign(x) tells the two apart."""
    data = [each for each in inside.free_symbols if isinstance(each, Datum)]
    if len(data) != 1 or not data[0].is_nonnegative or data[0].is_positive:
        raise _NoSeriesError
    positive = Datum(f"{data[0].name}_above", integer=data[0].is_integer, positive=True)
    above = _series(inside.xreplace({data[0]: positive}), t, n)
    terms = {e: sp.sign(data[0]) * c.xreplace({positive: data[0]}) for e, c in above.terms.items()}
    at_zero = _shifted(_series(inside.xreplace({data[0]: sp.S.Zero}), t, n), 0, _is_zero(data[0]))
    return _sum([_Series(terms, above.order), at_zero])


def _is_zero(datum: Datum) -> sp.Expr:
    return 1 - sp.sign(datum)


def _is_regular(coefficient: sp.Expr) -> bool:
    """Whether every mean has a value at a datum of zero, where the sign of it stands beside."""
    return not any(
        node.args[0].xreplace({datum: sp.S.Zero}).has(sp.zoo, sp.nan, sp.oo)
        for node in coefficient.atoms(SampleMean)
        for datum in {sign.args[0] for sign in node.args[0].atoms(sp.sign)}
    )


def _rising(call: Rising, t: sp.Symbol) -> _Series:
    """By the table's leading terms, at an end of the function's own range."""
    known, argument = call.known, call.args[1]
    if argument == known.start + t:
        terms, order = known.at_start
    elif argument == 1 / t:
        terms, order = known.at_infinity
    else:
        raise _NoSeriesError
    return _Series({(power, 0): c for power, c in terms.items()}, sp.Integer(order))
