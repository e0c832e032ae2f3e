"""The likelihood evaluated at many digits, where doubles lose what cancels.

A density may hold a removable singularity: a generalised Pareto law at shape 0, where its terms
of order 1/shape**3 cancel.  Doubles then give a curvature of noise.  That noise is seen by moving
a point by less than any curvature could tell, and the sums are then made at many digits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.domain import Domain
from symmle.estimate import Kind
from symmle.fit.chart import charts
from symmle.fit.climb import Point, Surface, climb, tried
from symmle.fit.locate import Located, Missing
from symmle.fit.setting import Setting
from symmle.fit.simple_root import polished

Floats = NDArray[np.float64]

_DIGITS = 80
_MOST_ROWS = 600  # distinct ones, that are passed over at so many digits
_ASIDE = 1e-10  # of a parameter's standard deviation, by which a point is moved
_NOISE = 1e-8  # change of the scaled Hessian there that only rounding makes
_NUDGE = mpmath.mpf("1e-22")  # in place of a zero that a term divides by


@dataclass(frozen=True, slots=True, eq=False)
class ManyDigits:
    """The surface whose every sum is made at 80 digits; the setting must have its exact rows."""

    setting: Setting
    passes: bool = True

    def height(self, point: Point) -> float:
        """The average log-likelihood; -inf where it has no value."""
        average = self.setting.derivation.average_log_likelihood
        return tried(lambda: float(self._values([average], point)[0]))

    def slope(self, point: Point) -> Floats:
        """The score, p numbers."""
        return self._values(self.setting.derivation.score.gradient, point)

    def bend(self, point: Point) -> Floats:
        """The Hessian, p x p."""
        p, hessian = len(point), self.setting.derivation.score.hessian
        upper = np.triu_indices(p)
        found = np.zeros((p, p))
        found[upper] = self._values([hessian[i, j] for i, j in zip(*upper, strict=True)], point)
        return found + np.triu(found, 1).T

    def _values(self, expressions: Sequence[sp.Expr], point: Point) -> Floats:
        parameters = self.setting.model.parameters
        if any(outside(p.domain, v) for p, v in zip(parameters, point, strict=True)):
            raise ValueError("a point outside the domain has no value")  # polygamma: none in time
        theta = {s: mpmath.mpf(v) for s, v in zip(self.setting.model.symbols, point, strict=True)}
        try:
            return self._at(expressions, theta)
        except (ZeroDivisionError, ValueError):
            nudged = {symbol: value or _NUDGE for symbol, value in theta.items()}
            return self._at(expressions, nudged)

    def _at(self, expressions: Sequence[sp.Expr], theta: Mapping[sp.Symbol, mpmath.mpf]) -> Floats:
        return np.array([float(self.setting.value(e, theta, _DIGITS)) for e in expressions])


def outside(where: Domain, value: float) -> bool:
    """Whether a number lies beyond a fixed end of a domain."""
    below = where.lower.is_number and where.lower.is_finite and value < float(where.lower)
    above = where.upper.is_number and where.upper.is_finite and value > float(where.upper)
    return bool(below or above)


def is_noisy(surface: Surface, point: Point) -> bool:
    """Whether the Hessian changes where no true one could: by rounding alone.

    True too where it is not finite at the point, as at a shape of zero.
    """
    with np.errstate(all="ignore"):
        try:
            here = surface.bend(point)
            if not np.all(np.isfinite(here)):
                return True
            reach = 1.0 + np.abs(np.array(point))
            size = np.maximum(np.sqrt(np.abs(np.diag(here))), 1 / reach)
            for factor in (-1.0, 1.0):
                move = factor * np.maximum(_ASIDE / size, np.spacing(np.abs(np.array(point))))
                beside = surface.bend(tuple((np.array(point) + move).tolist()))
                change = np.abs(beside - here) / np.outer(size, size)
                if not np.all(change <= _NOISE):
                    return bool(np.any(np.isfinite(change)))
        except (ArithmeticError, ValueError):
            return False
    return False


def at_many_digits(
    asked: Setting, surface: Surface, found: Located | Missing
) -> tuple[Surface, Located | Missing]:
    """The same; or, where doubles lose their digits, the surface and the maximum without loss."""
    iterated = asked.estimator.kind in (Kind.REDUCED, Kind.SYSTEM)
    if not iterated or asked.rows is None or len(asked.counts or ()) > _MOST_ROWS:
        return surface, found
    point = found.best if isinstance(found, Missing) else tuple(found.theta.values())
    if point is None or not is_noisy(surface, point):
        return surface, found
    exact, symbols = ManyDigits(asked), asked.model.symbols
    chart_of = charts(asked.model, dict(zip(symbols, point, strict=True)))
    try:
        top = climb(exact, point, chart_of, range(len(point)))
    except (ArithmeticError, ValueError, TypeError):  # a function without a value at the point
        return surface, found
    if top is None or not top.settled:
        return surface, found
    top = polished(exact, top, range(len(point)))
    if is_noisy(exact, top.point):
        return surface, found  # so many digits are not enough either
    theta = dict(zip(symbols, top.point, strict=True))
    if isinstance(found, Missing):
        return exact, Located(theta, top.steps, searched=1)
    return exact, replace(found, theta=theta, iterations=found.iterations + top.steps)
