"""Variances of residuals, taken from the residuals themselves.

Least squares gives the variance as var(y) - cov(x, y)**2/var(x), which loses every digit where the
line fits well.  The mean of the squared residuals does not, at the price of a second pass.
Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), sections 1.9 and 20.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import sympy as sp

from symmle.budget import bounded
from symmle.derive import Derivation
from symmle.errors import BudgetError
from symmle.estimate.elimination import reduced
from symmle.estimate.existence import closed_form_exists, conjunction, is_not_zero
from symmle.estimate.records import Estimator, Kind
from symmle.fraction import reduced_fractions
from symmle.sample_mean import SampleMean, cov, has_data, masked, mean, nodes, separate, var

_SECONDS = 2.0
_MOST_OPERATIONS = 400  # of a value that is compared

Values = Mapping[sp.Symbol, sp.Expr]


def with_residuals(found: Estimator, derivation: Derivation) -> Estimator:
    """The same estimator, a value that is a difference of moments as a mean of squares.

    Only where the two are shown to be equal, as rational expressions in moments.
    """
    if found.kind is not Kind.CLOSED or len(found.values) < 2:
        return found
    try:
        squares = bounded(_SECONDS, lambda: dict(_squares(found.values, derivation)))
    except BudgetError:
        return found
    if not squares:
        return found
    values = {**found.values, **squares}
    model, average = derivation.model, derivation.average_log_likelihood
    divisors = (each for value in squares.values() for each in _divisors(value))
    exists = conjunction(
        [
            closed_form_exists(values, model.parameters, average),
            *(is_not_zero(each) for each in divisors),
        ]
    )
    return replace(found, values=MappingProxyType(values), exists=exists)


def _squares(values: Values, derivation: Derivation) -> Iterator[tuple[sp.Symbol, sp.Expr]]:
    density = derivation.model.log_density
    residuals = [
        power.base
        for power in sorted(density.atoms(sp.Pow), key=sp.default_sort_key)
        if power.exp == 2 and power.base.is_Add and has_data(power.base)
    ]
    for symbol, value in values.items():
        if value.count_ops() > _MOST_OPERATIONS or not masked(value)[0].has(sp.Add):
            continue
        for residual in residuals:
            theta = residual.free_symbols & set(derivation.model.symbols)
            if symbol in theta or not theta <= set(values):
                continue
            squared = _mean_square(residual, values)
            for power in (1, 2, -1, -2):
                if squared is not None and _are_equal(value**power, squared[0]):
                    yield symbol, squared[1] ** sp.Rational(1, power)
                    break


def _are_equal(one: sp.Expr, other: sp.Expr) -> bool:
    letters, _ = masked(one - other)
    return not letters.has(sp.Function) and reduced_fractions([letters]) == [0]


def _mean_square(residual: sp.Expr, values: Values) -> tuple[sp.Expr, sp.Expr] | None:
    """(the mean square of a residual at the values, by moments; the same of the residuals).

    Where the residuals' mean is zero, each column is taken about its own.
    """
    here = dict(values)
    data = [symbol for symbol in residual.free_symbols if has_data(symbol)]
    terms = sp.Add.make_args(sp.expand_mul(residual))
    parts = [term.as_independent(*data, as_Add=False) for term in terms if has_data(term)]
    weighted = [(weight.xreplace(here), column) for weight, column in parts]
    if reduced(separate(mean(residual)).xreplace(here)) == 0:
        moment, centred = cov, [(w, c - SampleMean(c, evaluate=False)) for w, c in weighted]
    elif len(parts) == len(terms):
        moment, centred = _product, weighted
    else:
        return None
    square = sp.Add(*(v * w * moment(A, B) for v, A in weighted for w, B in weighted))
    told = sp.Add(*(weight * column for weight, column in weighted))
    if moment is cov and not nodes([told]):
        return square, var(told)
    total = sp.Add(*(weight * column for weight, column in centred))
    return square, SampleMean(total**2, evaluate=False)


def _product(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    return mean(first * second)


def _divisors(value: sp.Expr) -> Sequence[sp.Expr]:
    """What the residuals are divided by, and the statistics do not say is positive."""
    inside = value.atoms(SampleMean)
    powers = {p for node in inside for p in node.args[0].atoms(sp.Pow) if p.exp.is_negative}
    return sorted((p.base for p in powers if nodes([p.base])), key=sp.default_sort_key)
