"""The distance of runs to their target against the update, with the rate that is predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symmle.diagnosis import Case
from symmle.diagnosis.running import Floats, Stop
from symmle.errors import BudgetError, InputError, NoEstimateError
from symmle.pictures.paths import Path, path_of
from symmle.schemes import Scheme
from symmle.stability.records import Verdict

_BEGINNING = 500  # updates that are shown of a run that comes no nearer
_NEARER = 0.9  # times its distance in the second tenth of the run
_STEADY = (1e-10, 1e-2)  # distances between which a rate is read


@dataclass(frozen=True, slots=True)
class Descent:
    """The distance of one run to the point it should come to.

    distances: at `iterations`, the largest over the variables, each in its own unit.
    predicted_rate: the spectral radius there; None where it was not found.
    observed_rate: of the last part of the run above rounding; None where there is none.
    anchor: (iteration, distance) through which the predicted line is drawn.
    """

    path: Path
    distances: Floats
    predicted_rate: float | None
    observed_rate: float | None
    anchor: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Convergence:
    """Distances of runs from one start, by scheme; units: of each variable, by name."""

    model: str
    data: str
    start: Mapping[str, float]
    target: Mapping[str, float]
    units: Mapping[str, float]
    descents: tuple[Descent, ...]


def convergence(
    case: Case,
    runs: Sequence[tuple[Scheme, sp.Expr]],
    start: Mapping[sp.Symbol, float],
    count: int | None,
    data: str,
) -> Convergence:
    """The distance to the target against the update, with the rate that the Jacobian predicts.

    count: updates at most; None for 100,000, or 2,000 that read all rows, of which a run that
    comes no nearer shows its first 500.  The target is the one that the first run comes nearest to.
    Raises NoEstimateError where there is no target, InputError for a start outside the domain.
    """
    if not case.targets:
        raise NoEstimateError(f"there is nothing to converge to: {case.why_none}")
    paths = [_run_or_its_beginning(case, *each, start, count) for each in runs]
    target = min(case.targets, key=lambda each: _distances(case, each, paths[0].points[-1:])[0])
    if paths[0].updates == 0 and paths[0].stop is Stop.DONE:
        raise InputError("the run starts where it should come to; choose another --start")
    descents = tuple(
        _descent(case, scheme, step, path, target)
        for (scheme, step), path in zip(runs, paths, strict=True)
    )
    names = [each.name for each in case.variables]
    return Convergence(
        case.name,
        data,
        dict(zip(names, (start[s] for s in case.symbols), strict=True)),
        dict(zip(names, target.values(), strict=True)),
        dict(zip(names, case.units(target).tolist(), strict=True)),
        descents,
    )


def _run_or_its_beginning(
    case: Case,
    scheme: Scheme,
    step: sp.Expr,
    start: Mapping[sp.Symbol, float],
    count: int | None,
) -> Path:
    path = path_of(case, scheme, step, start, count)
    if count is not None or path.stop is not Stop.COUNT:
        return path
    away = np.min([_distances(case, each, path.points) for each in case.targets], axis=0)
    tenth = len(away) // 10
    nearer = np.min(away[-tenth:]) < _NEARER * np.min(away[tenth : 2 * tenth])
    return path if nearer else path_of(case, scheme, step, start, _BEGINNING)


def rate_at(
    case: Case, scheme: Scheme, step: sp.Expr, target: Mapping[sp.Symbol, float]
) -> tuple[float | None, Verdict]:
    """(spectral radius, verdict) at a target; (None, UNKNOWN) where they were not found."""
    try:
        found = case.stability(scheme, target, step).at_step
    except (InputError, BudgetError, ArithmeticError):
        return None, Verdict.UNKNOWN
    return (
        (None, Verdict.UNKNOWN) if found is None else (float(found.spectral_radius), found.verdict)
    )


def _descent(
    case: Case, scheme: Scheme, step: sp.Expr, path: Path, target: Mapping[sp.Symbol, float]
) -> Descent:
    distances = _distances(case, target, path.points)
    rate, _ = rate_at(case, scheme, step, target)
    steady = np.flatnonzero((distances > _STEADY[0]) & (distances < _STEADY[1]))
    observed, anchor = None, None
    if len(steady) > 1 and path.stop is not Stop.LEFT:
        first, last = steady[len(steady) // 2], steady[-1]
        span = path.iterations[last] - path.iterations[first]
        if span > 0:
            observed = float((distances[last] / distances[first]) ** (1 / span))
        anchor = (float(path.iterations[last]), float(distances[last]))
    return Descent(path, distances, rate, observed, anchor)


def _distances(case: Case, target: Mapping[sp.Symbol, float], points: Floats) -> Floats:
    away = np.abs(points - np.array(list(target.values()))) / case.units(target)
    found: Floats = np.max(away, axis=1)
    return found
