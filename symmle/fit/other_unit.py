"""Data near the ends of double precision, fitted in a unit of their own size.

Of a scale family the data may be divided by c and each parameter by a power of c: the likelihood
changes by a constant factor.  With a power of two for c that division is exact, so that what is
carried back has the digits of the fit in the other unit.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import mpmath
import numpy as np
from numpy.typing import NDArray

from symmle.codegen.invariance import invariance
from symmle.data import Sample
from symmle.errors import InputError
from symmle.fit.record import Fit, Maximum, Status
from symmle.fit.setting import DIGITS
from symmle.model import Model
from symmle.tree_value import tree_value

_FAR = 300  # as a power of two: from there on squares, and squares of squares, may be lost
_BEYOND = "it lies beyond the ends of double precision"

Doubles = NDArray[np.float64]
Numbers = Mapping[str, float | None] | None


def in_other_unit(
    model: Model, sample: Sample, refusal: Fit, fitted: Callable[[Sample], Fit]
) -> Fit:
    """The fit of data divided by a power of two, carried back to their own unit.

    fitted: what fits a sample.  The refusal stays where the data are of ordinary size or lose
    digits in the division, the density is no scale family, or the other fit is no plain `ok`;
    where an estimate carried back is no double, it says so.
    """
    if len(sample.columns) != 1 or model.given:
        return refusal
    ((name, values),) = sample.columns.items()
    power = int(np.frexp(np.max(np.abs(values)))[1])
    smaller = _times(values, -power)
    exponents = invariance(model).scale if abs(power) > _FAR else None
    if exponents is None or not np.array_equal(_times(smaller, power), values):
        return refusal
    found = fitted(replace(sample, columns={name: smaller}))
    if found.status is not Status.OK or found.estimate is None:
        return refusal
    powers = [exponent * power for exponent in exponents]
    back = _Back(dict(zip((p.name for p in model.parameters), powers, strict=True)))
    estimate = {name: back.of(name, value) for name, value in found.estimate.items()}
    change = _change(model, found.estimate, powers, float(smaller[0]), power)
    lost = [name for name, value in estimate.items() if value is None]
    if lost:
        way = f"divide the data by 2**{power}" if power > 0 else f"multiply the data by 2**{-power}"
        told = (
            f"in the unit of the data the estimate of {' and '.join(lost)} lies beyond the ends of "
            f"double precision; {way}, where there is one"
        )
        return replace(refusal, message=told)
    return refusal if change is None else _carried(found, back, found.n * change, power)


def _times(values: Doubles, power: int) -> Doubles:
    """Times a power of two, in two steps: one may be no double of its own."""
    half = power // 2
    with np.errstate(over="ignore", under="ignore"):
        found: Doubles = np.ldexp(np.ldexp(values, half), power - half)
    return found


@dataclass(frozen=True, slots=True)
class _Back:
    """Takes a number in the unit of a parameter back to the unit of the data."""

    powers: Mapping[str, int]

    def of(self, name: str, value: float | None, *others: str) -> float | None:
        """The value times the units of the names; None where that is no normal double."""
        power = sum(self.powers[each] for each in (name, *others))
        if value is None or value == 0:
            return value
        _, exponent = math.frexp(value)
        if not -1021 <= exponent + power <= 1024:
            return None
        return float(mpmath.ldexp(mpmath.mpf(value), power))


def _change(
    model: Model, estimate: Mapping[str, float], powers: Sequence[int], row: float, power: int
) -> float | None:
    """By how much the log-density of a row grows in the unit of the data; None where it has none.

    The same for all rows, as the density is of a scale family.
    """
    with mpmath.workdps(DIGITS):
        here = {p.symbol: mpmath.mpf(estimate[p.name]) for p in model.parameters}
        there = {
            p.symbol: mpmath.ldexp(here[p.symbol], by)
            for p, by in zip(model.parameters, powers, strict=True)
        }
        x = model.data[0].symbol
        here[x], there[x] = mpmath.mpf(row), mpmath.ldexp(mpmath.mpf(row), power)
        try:
            grown = tree_value(model.log_density, there) - tree_value(model.log_density, here)
        except (ArithmeticError, ValueError, InputError):
            return None
        return float(mpmath.re(grown)) if mpmath.isfinite(grown) else None


def _carried(found: Fit, back: _Back, change: float, power: int) -> Fit:
    """The record in the unit of the data; what is no double there has its reason beside it."""
    reasons = dict(found.reasons)
    names = list(back.powers)

    def each(field: str, values: Numbers) -> dict[str, float | None] | None:
        if values is None:
            return None
        carried = {name: back.of(name, value) for name, value in values.items()}
        lost = [n for n, value in values.items() if value is not None and carried[n] is None]
        reasons.update({f"{field}.{name}": _BEYOND for name in lost})
        return carried

    covariance = None
    if found.covariance is not None:
        covariance = tuple(
            tuple(back.of(a, value, b) for b, value in zip(names, row, strict=True))
            for a, row in zip(names, found.covariance, strict=True)
        )
        if any(value is None for row in covariance for value in row):
            reasons.setdefault("covariance", _BEYOND)
    note = (
        f"fitted to the data divided by 2**{power} and carried back, as a scale family allows: "
        "in their own unit double precision does not reach"
    )
    return replace(
        found,
        estimate={n: v for n, v in (each("", found.estimate) or {}).items() if v is not None},
        standard_errors=each("standard_errors", found.standard_errors),
        expected_standard_errors=each("expected_standard_errors", found.expected_standard_errors),
        sandwich_standard_errors=each("sandwich_standard_errors", found.sandwich_standard_errors),
        covariance=covariance,
        confidence_intervals=_intervals(found, back, reasons),
        profile_intervals=_profiles(found, back, reasons),
        radius=_kept(each("radius", found.radius)),
        optima=None,
        maxima=tuple(_other(each, back, change) for each in found.maxima),
        log_likelihood=_plus(found.log_likelihood, change),
        aic=_plus(found.aic, -2 * change),
        aicc=_plus(found.aicc, -2 * change),
        bic=_plus(found.bic, -2 * change),
        reasons=reasons,
        notes=(*found.notes, note),
    )


def _other(maximum: Maximum, back: _Back, change: float) -> Maximum:
    carried = {name: back.of(name, value) for name, value in maximum.estimate.items()}
    kept = {name: value for name, value in carried.items() if value is not None}
    return replace(maximum, estimate=kept, log_likelihood=maximum.log_likelihood + change)


def _plus(value: float | None, change: float) -> float | None:
    return None if value is None else value + change


def _kept(values: dict[str, float | None] | None) -> dict[str, float] | None:
    """A radius that is no double is no bound."""
    if values is None or any(value is None for value in values.values()):
        return None
    return {name: value for name, value in values.items() if value is not None}


def _intervals(
    found: Fit, back: _Back, reasons: dict[str, str]
) -> dict[str, tuple[float, float] | None] | None:
    if found.confidence_intervals is None:
        return None
    carried: dict[str, tuple[float, float] | None] = {}
    for name, ends in found.confidence_intervals.items():
        low, high = (None, None) if ends is None else (back.of(name, end) for end in ends)
        carried[name] = None if low is None or high is None else (low, high)
        if ends is not None and carried[name] is None:
            reasons[f"confidence_intervals.{name}"] = _BEYOND
    return carried


def _profiles(
    found: Fit, back: _Back, reasons: dict[str, str]
) -> dict[str, tuple[float | None, float | None]] | None:
    if found.profile_intervals is None:
        return None
    carried: dict[str, tuple[float | None, float | None]] = {}
    for name, (low, high) in found.profile_intervals.items():
        carried[name] = back.of(name, low), back.of(name, high)
        if (low, high).count(None) < carried[name].count(None):
            reasons[f"profile_intervals.{name}"] = _BEYOND
    return carried
