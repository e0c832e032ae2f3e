"""Differences of special functions without the difference."""

import math

import numpy as np
from numpy.typing import ArrayLike

from symmle.codegen.runtime.columns import _BLOCK, _deviations, _mean
from symmle.codegen.runtime.types import Floats

_MOST_TAILS = 20_000_000


def _log_gap(values: Floats, weights: Floats | None = None) -> float:
    """log(mean) - mean(log), from the relative deviations d: the mean of d - log(1 + d)."""
    mean = _mean(values, weights)
    if weights is None and len(values) > _BLOCK:
        blocks = (values[i : i + _BLOCK] for i in range(0, len(values), _BLOCK))
        return math.fsum(_block_gap(block, mean) for block in blocks) / len(values)
    return _mean(_gaps(_deviations(values, weights) / mean, values / mean), weights)


def _block_gap(block: Floats, mean: float) -> float:
    """The sum of d - log(1 + d) over a block; of two sums where the d are spread."""
    d = (block - mean) / mean
    if float((d * d).sum()) > 0.1 * len(d):
        return float(d.sum() - np.log(block / mean).sum())
    return float(_gaps(d, block / mean).sum())


def _gaps(d: Floats, ratio: Floats) -> Floats:
    """d - log(ratio), ratio = 1 + d; by d**2/2 - d**3/3 + ... where the difference cancels."""
    short = np.zeros_like(d)
    for power in range(12, 1, -1):
        short = ((-1) ** power / power + short * d) if power > 2 else (0.5 + short * d) * d * d
    return np.where(np.abs(d) < 0.03, short, d - np.log(ratio))


def _log_ratio(values: Floats, end: float) -> Floats:
    """log(values/end) to the last digit, also for values close to `end`."""
    with np.errstate(divide="ignore"):
        near = np.log1p((values - end) / end)
    return np.where(values > 0.5 * end, near, np.log(values / end))


def _tails(counts: Floats, weights: Floats | None = None) -> Floats:
    """The shares of the rows above 0, above 1, ... up to the largest count."""
    largest = float(counts.max())
    if largest > _MOST_TAILS:
        raise ValueError(f"a count of {largest:.0f} is too large; the most is {_MOST_TAILS}")
    table = np.bincount(counts.astype(np.int64), weights)
    return np.asarray(np.cumsum(table[:0:-1])[::-1] / table.sum())


def _rise(order: int, argument: float, tails: Floats) -> float:
    """mean(f(x + argument)) - f(argument) over counts x: the sum of the steps of f over the tails.

    f is loggamma for order -1 and polygamma(order, .) else.
    """
    at = argument + np.arange(len(tails))
    if order < 0:
        return float((tails * np.log(at)).sum())
    below = at.copy()
    for _ in range(order):
        below = below * at
    size = math.factorial(order) * float((tails / below).sum())
    return -size if order % 2 else size


def _log_minus_digamma(u: float) -> float:
    """log(u) - digamma(u) for u > 0 without the difference (DLMF 5.5.2, 5.11.2)."""
    steps, v = 0.0, u
    while v < 12:
        steps += 1 / v
        v += 1
    w = 1 / (v * v)
    tail = 1 / 240 - w * (1 / 132 - w * (691 / 32760 - w / 12))
    series = 1 / 12 - w * (1 / 120 - w * (1 / 252 - w * tail))
    return math.log(u / v) + steps + 0.5 / v + w * series


def _inverse_minus_trigamma(u: float) -> float:
    """1/u - trigamma(u) for u > 0 without the difference (DLMF 5.15.5, 5.15.8)."""
    steps, v = 0.0, u
    while v < 12:
        steps += 1 / (v * v)
        v += 1
    w = 1 / (v * v)
    tail = 1 / 30 - w * (5 / 66 - w * (691 / 2730 - w * 7 / 6))
    series = 1 / 6 - w * (1 / 30 - w * (1 / 42 - w * tail))
    return (v - u) / (u * v) - steps - w * (0.5 + series / v)


def _expit(z: ArrayLike) -> Floats:
    """1/(1 + exp(-z)), without overflow and to full relative precision."""
    return np.asarray(np.exp(-np.logaddexp(0.0, np.negative(z))))
