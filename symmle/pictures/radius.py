"""The spectral radius of schemes against their step, with the ends of the stable sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symmle.diagnosis.running import Floats
from symmle.errors import InputError
from symmle.pictures.view import Window
from symmle.stability import Interval, SchemeStability

_STEPS = 800
_BEYOND = 1.3  # times the last end of a stable set
_MOST = 1.6  # radius that is shown


@dataclass(frozen=True, slots=True)
class RadiusCurve:
    """One scheme.

    radii: at the steps of the picture.  intervals: of stable steps, as `stability` gives them;
    None where they are not known.  best: (step, rate); None where it is not known.
    """

    scheme: str
    radii: Floats
    intervals: tuple[Interval, ...] | None
    best: tuple[float, float] | None
    known: str

    @property
    def ends(self) -> tuple[tuple[float, str], ...]:
        """(step, event) of each end of a stable set that is finite and not 0."""
        found = []
        for each in self.intervals or ():
            for end, event in ((each.lower, each.lower_event), (each.upper, each.upper_event)):
                if end.is_finite and end != 0:
                    found.append((float(end), "" if event is None else event.value))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Radius:
    """steps: the axis; curves: of several schemes at the same point.  highest: radius shown."""

    model: str
    where: str
    step_name: str
    steps: Floats
    curves: tuple[RadiusCurve, ...]
    highest: float


def radius(
    model: str,
    where: str,
    schemes: Sequence[SchemeStability],
    values: Mapping[sp.Symbol, sp.Expr],
    window: Window | None,
) -> Radius:
    """The largest modulus of the multipliers, by floating eigenvalues of the exact Jacobian.

    schemes: at one fixed point whose numbers, where the Jacobian still has symbols, are `values`.
    The ends of the stable sets are those that `stability` found, not read off the curve.
    Raises InputError where symbols are left, or no finite end says which steps to show.
    """
    name = schemes[0].step.name
    jacobians = [each.jacobian.xreplace(dict(values)) for each in schemes]
    for each, jacobian in zip(schemes, jacobians, strict=True):
        left = sorted(s.name for s in jacobian.free_symbols - {each.step})
        if left:
            raise InputError(
                f"a spectral radius is drawn at numbers, and {left[0]} has none; "
                "give --at NAME=VALUE,... or --data FILE"
            )
    if window is None:
        window = Window(0.0, _BEYOND * _last_end(schemes))
    steps = np.linspace(window.low, window.high, _STEPS)
    curves = tuple(
        RadiusCurve(
            each.name,
            _radii(jacobian, each.step, steps),
            each.stable_steps,
            None if each.best_step is None else _numbers(each.best_step, each.rate),
            each.known.value,
        )
        for each, jacobian in zip(schemes, jacobians, strict=True)
    )
    highest = max((float(np.nanmax(each.radii)) for each in curves), default=1.0)
    return Radius(model, where, name, steps, curves, max(1.2, min(_MOST, 1.05 * highest)))


def _last_end(schemes: Sequence[SchemeStability]) -> float:
    ends = [
        float(each.upper if each.upper.is_finite else each.lower)
        for scheme in schemes
        for each in scheme.stable_steps or ()
    ]
    best = [
        float(s.best_step) for s in schemes if s.best_step is not None and s.best_step.is_finite
    ]
    last = max([end for end in ends if end > 0] or best, default=0.0)
    if not last:
        raise InputError(
            "no scheme here has a stable step, so that nothing says which steps to show; "
            f"add --range {schemes[0].step.name}=0:1"
        )
    return last


def _numbers(step: sp.Expr, rate: sp.Expr | None) -> tuple[float, float] | None:
    if rate is None or not (step.is_number and step.is_finite and rate.is_number):
        return None
    return float(step), float(rate)


def _radii(jacobian: sp.ImmutableMatrix, step: sp.Symbol, steps: Floats) -> Floats:
    size = jacobian.rows
    matrices = np.empty((len(steps), size, size))
    with np.errstate(all="ignore"):
        for i, row in enumerate(jacobian.tolist()):
            for j, entry in enumerate(row):
                matrices[:, i, j] = sp.lambdify([step], entry, "numpy")(steps)
    finite = np.all(np.isfinite(matrices), axis=(1, 2))
    found = np.full(len(steps), np.nan)
    found[finite] = np.max(np.abs(np.linalg.eigvals(matrices[finite])), axis=1)
    return found
