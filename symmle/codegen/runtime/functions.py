"""Special functions where NumPy and SciPy have none that keeps its digits."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from symmle.codegen.runtime.types import Floats


def _log_erfc(u: ArrayLike) -> Floats:
    """log(erfc(u)) to the last digits, in the far tail too."""
    u = np.asarray(u, dtype=float)
    far, near = np.maximum(u, 0.5), np.minimum(u, 0.5)
    with np.errstate(over="ignore"):
        tail = np.log(special.erfcx(far)) - far * far
    return np.asarray(np.where(u > 0.5, tail, np.log1p(-special.erf(near))))


def _ive(order: float, z: ArrayLike) -> Floats:
    """exp(-|z|)*besseli(order, z); DLMF 10.40.1 where SciPy gives up."""
    size = np.maximum(np.abs(np.asarray(z, dtype=float)), 1.0)
    term, series = np.ones_like(size), np.ones_like(size)
    for k in range(1, 8):
        term = term * ((2 * k - 1) ** 2 - 4 * order * order) / k / 8 / size
        series = series + term
    with np.errstate(invalid="ignore"):
        near = special.ive(order, z)
    return np.asarray(np.where(size > 1e8, series / np.sqrt(2 * np.pi) / np.sqrt(size), near))


def _lambert_w(z: ArrayLike, branch: int) -> Floats:
    """The real branches of Lambert's W, 0 and -1; nan where they are not real."""
    values = special.lambertw(z, branch)
    return np.asarray(np.where(values.imag == 0, values.real, math.nan))


def _log1mexp(z: ArrayLike) -> Floats:
    """log(1 - exp(z)) for z < 0 (Maechler, Accurately computing log(1 - exp(-|a|)), 2012)."""
    z = np.asarray(z, dtype=float)
    near, far = np.maximum(z, -0.7), np.minimum(z, -0.7)
    return np.asarray(np.where(z > -0.7, np.log(-np.expm1(near)), np.log1p(-np.exp(far))))


def _log_sinh(z: ArrayLike) -> Floats:
    """log(sinh(z)) for z > 0, without overflow."""
    z = np.asarray(z, dtype=float)
    near, far = np.minimum(z, 1.0), np.maximum(z, 1.0)
    tail = far + np.log1p(-np.exp(-2 * far)) - math.log(2)
    return np.asarray(np.where(z > 1, tail, np.log(np.sinh(near))))


def _log_cosh(z: ArrayLike) -> Floats:
    """log(cosh(z)), without overflow and to full relative precision near zero."""
    size = np.abs(np.asarray(z, dtype=float))
    near, far = np.minimum(size, 1.0), np.maximum(size, 1.0)
    tail = far + np.log1p(np.exp(-2 * far)) - math.log(2)
    return np.asarray(np.where(size > 1, tail, np.log1p(2 * np.sinh(near / 2) ** 2)))


def _zeta(order: int, s: float, a: float) -> float:
    """A derivative in s of the sum over n >= 0 of (a + n)**-s, for s > 1 and a > 0.

    Twenty terms, then the Euler-Maclaurin formula (DLMF 25.11.28) as a power series about s.
    """
    bases = a + np.arange(20.0)
    with np.errstate(under="ignore"):
        head = float(((-np.log(bases)) ** order * bases**-s).sum())
    start = a + 20
    if s > max(100.0, 5 * start):
        return head
    tail = start * (-1.0 / (s - 1)) ** np.arange(order + 1) / (s - 1)
    tail[0] += 0.5
    rising = np.eye(1, order + 1)[0]
    for j in range(1, 12):
        for i in (2 * j - 3, 2 * j - 2) if j > 1 else (0,):
            rising = np.convolve(rising, (s + i, 1.0))[: order + 1] / start
        bernoulli = 2 * float(special.zeta(2 * j)) / (2 * math.pi) ** (2 * j)  # |B|/(2j)!
        tail += (-1) ** (j + 1) * bernoulli * rising
    decay = np.array([(-math.log(start)) ** k / math.factorial(k) for k in range(order + 1)])
    return head + float(np.convolve(tail, decay)[order]) * math.factorial(order) * math.pow(
        start, -s
    )


def _loggamma_rise(a: float, b: float) -> float:
    """loggamma(a + b) - loggamma(a) for a, b > 0 without the difference (DLMF 5.11.1)."""
    if b > 1e290 * min(a, 1.0):
        return math.lgamma(a + b) - math.lgamma(a)
    steps = 0.0
    while a < 10:
        steps += math.log1p(b / a)
        a += 1
    whole = a + b
    far, near = (_stirling_rest(value) for value in (whole, a))
    return (a - 0.5) * math.log1p(b / a) + b * (math.log(whole) - 1) + (far - near) - steps


def _stirling_rest(z: float) -> float:
    """loggamma(z) less its leading terms, for z >= 10 (DLMF 5.11.1)."""
    w = 1 / z / z
    last = 1 / 1188 - w * (691 / 360360 - w * (1 / 156 - w * 3617 / 122400))
    return (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * last)))) / z


def _log_beta(a: float, b: float) -> float:
    """log(beta(a, b)), also where one argument is much larger than the other."""
    small, large = min(a, b), max(a, b)
    return math.lgamma(small) - _loggamma_rise(large, small)
