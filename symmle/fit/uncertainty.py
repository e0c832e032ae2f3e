"""Standard errors and intervals: from the observed information, the expected, and the sandwich."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.derive import Derivation
from symmle.derive.information_at import information_at
from symmle.errors import BudgetError, InputError
from symmle.fit.chart import Chart

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
    try:
        matrix = information_at(derivation, point).matrix
    except (InputError, BudgetError, ArithmeticError, ValueError, TypeError):
        return None, "the expected information could not be integrated here"
    found = standard_errors(-np.array(matrix, dtype=float), n)
    if found is None:
        return None, "the expected information is singular at the estimate"
    return found.errors, ""


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
