"""Standard errors and intervals from the observed information."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.model import Domain, Model


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """covariance: p x p, the inverse of n times the observed information; errors: its roots."""

    covariance: NDArray[np.float64]
    errors: NDArray[np.float64]


def standard_errors(hessian: NDArray[np.float64], n: float) -> Spread | None:
    """Covariance and standard errors from the average Hessian; None unless negative definite.

    hessian: p x p, of the average log-likelihood at the estimate.  n: sample size, > 0.
    Scaled to unit diagonal before it is inverted, so that units do not matter.
    Source: Pawitan, In All Likelihood (2001), section 2.5.
    """
    diagonal = -np.diag(hessian)
    if not np.all(np.isfinite(hessian)) or not np.all(diagonal > 0):
        return None
    unit = 1 / np.sqrt(diagonal)
    scaled = -hessian * np.outer(unit, unit)
    try:
        factor = np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        return None
    half = np.linalg.inv(factor)
    covariance = (half.T @ half) * np.outer(unit, unit) / n
    return Spread(covariance, np.sqrt(np.diag(covariance)))


def wald_intervals(
    model: Model,
    theta: Mapping[sp.Symbol, float],
    errors: NDArray[np.float64],
    level: float,
) -> dict[str, tuple[float, float]]:
    """estimate -+ quantile * standard error, in coordinates in which the domain has no end."""
    quantile = NormalDist().inv_cdf((1 + level) / 2)
    values = {symbol: sp.Float(value, 17) for symbol, value in theta.items()}
    return {
        parameter.name: _interval(
            parameter.domain.at(values), theta[parameter.symbol], quantile * float(error)
        )
        for parameter, error in zip(model.parameters, errors, strict=True)
    }


def _interval(domain: Domain, value: float, reach: float) -> tuple[float, float]:
    low = float(domain.lower) if domain.lower.is_finite else None
    high = float(domain.upper) if domain.upper.is_finite else None
    if low is not None and high is not None:
        a, b = value - low, high - value
        half = reach * (1 / a + 1 / b)  # delta method for log(a/b)
        ends = (a / b * math.exp(-half), a / b * math.exp(half))
        return low + (high - low) * ends[0] / (1 + ends[0]), low + (high - low) / (1 + 1 / ends[1])
    if low is not None:
        factor = math.exp(reach / (value - low))
        return low + (value - low) / factor, low + (value - low) * factor
    if high is not None:
        factor = math.exp(reach / (high - value))
        return high - (high - value) * factor, high - (high - value) / factor
    return value - reach, value + reach
