"""Standard errors and intervals: from the observed information, the expected, and the sandwich."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.budget import bounded
from symmle.derive import Derivation
from symmle.derive.quadrature import integrate_against
from symmle.errors import BudgetError, InputError
from symmle.fit.chart import Chart
from symmle.precise import evaluate

_SECONDS = 3.0  # of the integrals of one information matrix
_WORST = 1e-6  # relative error of an integral that is believed

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """covariance: p x p, the inverse of n times the observed information; errors: its roots."""

    covariance: Floats
    errors: Floats

    @property
    def correlation(self) -> Floats:
        """The covariance in units of the standard errors, exactly 1 on the diagonal."""
        scaled = self.covariance / np.outer(self.errors, self.errors)
        scaled[np.diag_indices(len(self.errors))] = 1.0
        return np.clip(scaled, -1.0, 1.0)


def standard_errors(hessian: Floats, n: float) -> Spread | None:
    """Covariance and standard errors from the average Hessian; None unless negative definite.

    hessian: p x p, of the average log-likelihood at the estimate.  n: sample size, > 0.
    Scaled to unit diagonal before it is inverted, so that units do not matter.
    Source: Pawitan, In All Likelihood (2001), section 2.5.
    """
    diagonal = -np.diag(hessian)
    if not np.all(np.isfinite(hessian)) or not np.all(diagonal > 0):
        return None
    unit = 1 / np.sqrt(diagonal)
    scaled = -hessian * unit[:, None] * unit
    try:
        factor = np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        return None
    half = np.linalg.inv(factor)
    inner = half.T @ half
    covariance = inner * unit[:, None] * unit / n
    return Spread(covariance, np.sqrt(np.diag(inner)) * unit / math.sqrt(n))


def sandwich(hessian: Floats, outer: Floats) -> Spread | None:
    """The inverse Hessian on both sides of the scores' outer products.

    hessian: p x p, average.  outer: p x p, sum over the rows of the squared share of the row
    times the outer product of its score, so that it shrinks like 1/n.
    Right also where the density is wrong, or the weights are probabilities.
    Source: White, Maximum likelihood estimation of misspecified models, Econometrica 50 (1982);
    with weights, Binder, On the variances of asymptotically normal estimators from complex
    surveys, Int. Stat. Rev. 51 (1983).
    """
    bread = standard_errors(hessian, 1.0)
    if bread is None or not np.all(np.isfinite(outer)):
        return None
    unit = bread.errors
    inverse = bread.covariance / unit[:, None] / unit
    meat = outer * unit[:, None] * unit
    covariance = inverse @ meat @ inverse
    inner = np.diag(covariance)
    if not np.all(inner > 0):
        return None
    return Spread(covariance * unit[:, None] * unit, np.sqrt(inner) * unit)


def expected_errors(
    derivation: Derivation, theta: Mapping[sp.Symbol, float], n: float
) -> tuple[Floats | None, str]:
    """(standard errors from the expected information at the estimate, why there are none).

    Expectations without a closed form are integrated, for a few seconds at most.
    """
    point = {symbol: mpmath.mpf(value) for symbol, value in theta.items()}
    if any(variable.domain.depends_on for variable in derivation.model.data):
        return None, "the support moves with a parameter, so the information bounds nothing"
    p = len(theta)
    try:
        work = _SECONDS if derivation.information.unresolved else None
        matrix = _information(derivation, point, work)
    except (InputError, BudgetError, ArithmeticError, ValueError, TypeError):
        return None, "the expected information could not be integrated here"
    found = standard_errors(-matrix.reshape(p, p), n)
    if found is None:
        return None, "the expected information is singular at the estimate, to double precision"
    return found.errors, ""


def _information(
    derivation: Derivation, point: Mapping[sp.Symbol, mpmath.mpf], seconds: float | None
) -> Floats:
    """The expected information at a point, p*p numbers; ValueError where it has lost its digits.

    Expectations of powers of data far from zero cancel one another, so where that is seen they
    are integrated again, at more digits.  seconds: None where nothing is to be integrated.
    """
    for digits in (15, 40):
        if seconds is None:
            numbers: dict[sp.Expr, sp.Expr] = {}
        else:
            numbers = bounded(seconds, partial(_integrated, derivation, point, digits))
        with mpmath.workdps(digits + 15):
            entries = [_entry(each, numbers, point) for each in derivation.information.matrix]
        diagonal = [abs(value) for value, _ in entries[:: len(point) + 1]]
        lost = max((size for _, size in entries), default=mpmath.mpf(0)) * 10.0**-digits
        if seconds is None or lost <= _WORST * min(diagonal):
            return np.array([float(value) for value, _ in entries])
    raise ValueError("the expectations cancel one another")


def _entry(
    entry: sp.Expr,
    numbers: Mapping[sp.Expr, sp.Expr],
    point: Mapping[sp.Symbol, mpmath.mpf],
) -> tuple[mpmath.mpf, mpmath.mpf]:
    """An entry with numbers for its expectations, and how large the largest of its terms is."""
    value = evaluate(entry.xreplace(numbers), {}, point)
    letters = {each: sp.Dummy(str(each)) for each in numbers if entry.has(each)}
    shares = [
        evaluate(entry.xreplace(letters).diff(letter), {}, point) * numbers[each]
        for each, letter in letters.items()
    ]
    return value, max((abs(mpmath.mpf(share)) for share in shares), default=mpmath.mpf(0))


def _integrated(
    derivation: Derivation, point: Mapping[sp.Symbol, mpmath.mpf], digits: int
) -> dict[sp.Expr, sp.Expr]:
    """{expectation: number}; ValueError where an integral has not settled, or the mass is not one.

    The mass is integrated too: a rule that misses a narrow peak far out agrees with itself.
    """
    needed = derivation.information.unresolved
    integrands = [sp.S.One, *(each.args[0] for each in needed)]
    (mass, _), *found = integrate_against(derivation.model, integrands, point, digits)
    if not abs(mass - 1) <= _WORST:
        raise ValueError("the mass was not found, or is not one")
    for value, error in found:
        if not mpmath.isfinite(value) or not error <= _WORST * (1 + abs(value)):
            raise ValueError("the integral has not settled")
    return {
        each: sp.Float(value, digits + 10) for each, (value, _) in zip(needed, found, strict=True)
    }


def wald_interval(chart: Chart, value: float, error: float, level: float) -> tuple[float, float]:
    """value -+ quantile * error, in the coordinate in which the domain has no end.

    By the delta method the error in the coordinate is the error over the slope of the value.
    """
    reach = NormalDist().inv_cdf((1 + level) / 2) * error / chart.slopes(value)[0]
    at = chart.coordinate(value)
    if math.isinf(chart.low) and math.isinf(chart.high):
        return value - reach, value + reach
    if math.isfinite(chart.low) and math.isinf(chart.high):
        gap = value - chart.low
        return chart.low + gap * math.exp(-min(reach, 690.0)), _exp(chart.low, gap, reach)
    return chart.value(at - reach), chart.value(at + reach)


def _exp(low: float, gap: float, reach: float) -> float:
    factor = math.exp(min(reach, 690.0))
    return low + gap * factor if math.isfinite(gap * factor) else low + gap


def rows_of(matrix: Floats, kept: Sequence[int], size: int) -> tuple[tuple[float | None, ...], ...]:
    """A matrix over the kept parameters as one over all, with None for the others."""
    place = {i: k for k, i in enumerate(kept)}
    return tuple(
        tuple(
            float(matrix[place[i], place[j]]) if i in place and j in place else None
            for j in range(size)
        )
        for i in range(size)
    )
