"""Doubt the generated module: run it, and hold its numbers against 60 digits."""

from collections.abc import Callable
from typing import Any

import mpmath

from symmle.known import Known
from symmle.verify.case import DIGITS, Case, Check, case, raw_average
from symmle.verify.estimator import estimate_on

Average = Callable[..., mpmath.mpf]

_DOUBLES = 1e-9  # relative: differences of a step, and the condition of the sample, cost digits
_CLAIM = "the generated module"
_ROAD = "its numbers against differences of the plain average, 60 digits"


def check_generated(doubted: Case) -> Check | None:
    """Log-likelihood, score, Hessian, both steps and the fit of the module that users take away."""
    if not doubted.source:
        return None
    import numpy as np  # a derivation runs its own checks without it

    from symmle.codegen import load

    module = load(doubted.source, "symmle_doubted")
    if doubted.model.given:  # arguments of the module's functions, as the parameters are
        doubted = case(doubted.model.freed())
    names = doubted.model.symbols
    data = module.statistics(*(np.array(rows, dtype=float) for rows in doubted.columns.values()))
    with mpmath.workdps(DIGITS):
        point = tuple(float(doubted.point[s]) for s in names)
        theta = tuple(mpmath.mpf(value) for value in point)  # the same doubles, exactly
        average = raw_average(doubted)
        g = mpmath.mpf("0.0078125")
        slope = _slope(average, theta)
        step = tuple(t + g * s for t, s in zip(theta, slope, strict=True))
        told = {
            "average_log_likelihood": (
                module.average_log_likelihood(data, *point),
                average(*theta),
            ),
            "score": (module.score(data, *point), slope),
            "hessian": (module.hessian(data, *point), _bends(average, theta)),
            "step_simultaneous": (module.step_simultaneous(data, *point, float(g)), step),
            "step_alternating": (
                module.step_alternating(data, *point, float(g)),
                _alternating(average, theta, g),
            ),
        }
        best = estimate_on(doubted)
        if best is not None:
            columns = (np.array(rows, dtype=float) for rows in doubted.columns.values())
            try:
                told["fit"] = (module.fit(*columns), tuple(best[s] for s in names))
            except ValueError as error:
                return Check(_CLAIM, _ROAD, Known.CHECKED, False, f"fit refuses: {error}")
    for name, (claimed, found) in told.items():
        if not _close(claimed, found):
            return Check(_CLAIM, _ROAD, Known.CHECKED, False, f"{name} differs")
    return Check(_CLAIM, _ROAD, Known.CHECKED, True, ", ".join(told))


def _slope(average: Average, theta: tuple[mpmath.mpf, ...]) -> tuple[mpmath.mpf, ...]:
    size = len(theta)
    return tuple(
        mpmath.diff(average, theta, tuple(int(i == j) for j in range(size))) for i in range(size)
    )


def _bends(average: Average, theta: tuple[mpmath.mpf, ...]) -> list[list[mpmath.mpf]]:
    size = range(len(theta))
    return [
        [mpmath.diff(average, theta, tuple(int(i == k) + int(j == k) for k in size)) for j in size]
        for i in size
    ]


def _alternating(
    average: Average, theta: tuple[mpmath.mpf, ...], g: mpmath.mpf
) -> tuple[mpmath.mpf, ...]:
    for i in range(len(theta)):
        moved = theta[i] + g * _slope(average, theta)[i]
        theta = (*theta[:i], moved, *theta[i + 1 :])
    return theta


def _close(claimed: Any, found: Any) -> bool:
    import numpy as np

    one = np.asarray(claimed, dtype=float)
    other = np.array(found, dtype=float) if np.ndim(found) else np.float64(found)
    return one.shape == np.shape(other) and bool(
        np.all(np.abs(one - other) <= _DOUBLES * (1 + np.abs(other)))
    )
