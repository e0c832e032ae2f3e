"""The numbers that data give to an update: exact where a statistic is one of powers."""

import argparse
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import mpmath
import sympy as sp

from symmle.cli.naming import sample_for
from symmle.cli.point import sample_rows
from symmle.derive import Derivation
from symmle.errors import InputError
from symmle.known import Known
from symmle.precise import evaluate
from symmle.sample_mean import SampleCovariance, SampleMean, nodes

_DIGITS = 30
_MOST_ROWS = 60  # of which the terms of a mean over data and parameters are written out

_Columns = Mapping[sp.Symbol, Sequence[Fraction]]


def numbers_of_rows(
    derivation: Derivation,
    means: Sequence[sp.Expr],
    given: Mapping[sp.Symbol, sp.Expr],
    arguments: argparse.Namespace,
) -> tuple[dict[sp.Expr, sp.Expr], Known]:
    """Statistics as numbers; means over data and parameters written out, row by row.

    Of the data as they are stored: PROVED where all of it is exact, CHECKED where a statistic, as a
    mean of logarithms, was rounded to 30 digits.
    """
    rows, weights = sample_rows(derivation.model, sample_for(derivation.model, arguments))
    columns = {s: [_exact(x) for x in column] for s, column in rows.items()}
    count = len(next(iter(rows.values())))
    whole = [_exact(x) for x in weights] if weights else [Fraction(1)] * count
    total = sum(whole, Fraction(0))
    found: dict[sp.Expr, sp.Expr] = {}
    level = Known.PROVED
    for node in means:
        here = node.xreplace(dict(given))
        if here.free_symbols & set(derivation.model.symbols):
            found[node] = _written_out(node, here, columns, [w / total for w in whole])
            continue
        exact = _statistic(here, columns, whole, total)
        if exact is not None:
            found[node] = _rational(exact)
        else:
            level = Known.CHECKED
            with mpmath.workdps(_DIGITS):
                values = {s: mpmath.mpf(sp.N(v, _DIGITS)) for s, v in given.items()}
                rounded = sp.Float(evaluate(node, rows, values, weights), _DIGITS)
            found[node] = sp.Rational(rounded)
    return found, level


def _exact(number: mpmath.mpf) -> Fraction:
    """A double that mpmath holds, exactly."""
    return Fraction(*float(number).as_integer_ratio())


def _rational(number: Fraction) -> sp.Rational:
    return sp.Rational(number.numerator, number.denominator)


def _statistic(
    node: sp.Expr, columns: _Columns, weights: Sequence[Fraction], total: Fraction
) -> Fraction | None:
    """A mean, or covariance, of polynomials in the data, exactly; None for any other statistic."""
    if isinstance(node, SampleMean):
        return _mean_of_powers(node.args[0], columns, weights, total)
    if isinstance(node, SampleCovariance):
        first, second = node.args
        wanted = (first * second, first, second)
        means = [_mean_of_powers(each, columns, weights, total) for each in wanted]
        both, left, right = means
        if both is not None and left is not None and right is not None:
            return both - left * right
    return None


def _mean_of_powers(
    expr: sp.Expr, columns: _Columns, weights: Sequence[Fraction], total: Fraction
) -> Fraction | None:
    if not expr.is_polynomial(*columns):
        return None
    poly = sp.Poly(expr, *columns)
    mean = Fraction(0)
    for powers, coefficient in poly.terms():
        if not coefficient.is_Rational:
            return None
        row_sum = Fraction(0)
        for weight, *row in zip(weights, *columns.values(), strict=True):
            row_sum += weight * math.prod(x**k for x, k in zip(row, powers, strict=True))
        mean += Fraction(int(coefficient.p), int(coefficient.q)) * row_sum / total
    return mean


def _written_out(
    node: sp.Expr,
    here: sp.Expr,
    columns: _Columns,
    shares: Sequence[Fraction],
) -> sp.Expr:
    if not isinstance(node, SampleMean) or len(shares) > _MOST_ROWS or nodes(node.args):
        raise InputError(
            f"{node} is a mean over the data and the parameters, which is written out for at "
            f"most {_MOST_ROWS} rows, and there are {len(shares)}"
        )
    terms = [
        _rational(shares[i])
        * here.args[0].xreplace({s: _rational(column[i]) for s, column in columns.items()})
        for i in range(len(shares))
    ]
    return sp.Add(*terms)
