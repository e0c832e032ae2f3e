"""Runs as they are drawn: the points of a path, a likelihood around it, and its convergence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symmle.derive import derive
from symmle.diagnosis import Case
from symmle.diagnosis.compiled import over_points
from symmle.diagnosis.running import Floats, Runner, Stop
from symmle.domain import Variable
from symmle.errors import BudgetError, InputError, NoEstimateError
from symmle.pictures.view import Window, around, near_by
from symmle.schemes import Scheme
from symmle.stability.records import Verdict

_HEAD = 400  # points of a path that are all kept
_KEPT = 2_000  # points in all, from which on every other one is let go
_CLOSE = 1e-13  # the scaled score at which a run is at its end
_SIDE = 240  # points of a likelihood's grid along each side
_LEAST_SIDE, _VALUES = 60, 4e8  # of many rows: that side at least, and points times rows
_RUN, _PASSING_RUN = 100_000, 2_000  # updates of a convergence curve
_BEGINNING = 500  # of one that comes no nearer
_NEARER = 0.9  # times its distance in the second tenth of the run
_ABOUT = 1.5  # units that a trajectory shows about its start and targets
_CONTOURS, _RATIO = 8, 4.0
_MOST_CONTOURS = 12
_ONE_ERROR = 0.5  # fall of a log-likelihood at one standard error
_STEADY = (1e-10, 1e-2)  # distances between which a rate is read


@dataclass(frozen=True, slots=True)
class Path:
    """The points of one run.

    scheme, step: how it moves.  iterations: of each point kept, ascending from 0: all of the
    first, thinned out further on.  points: a row for each, a column for each variable.
    stop: why it ended.
    """

    scheme: str
    step: float
    iterations: Floats
    points: Floats
    stop: Stop

    @property
    def updates(self) -> int:
        """How many were made."""
        return int(self.iterations[-1])


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Runs from one start in the plane of two variables, over the likelihood.

    names: of the axes.  heights: of the objective on the grid x by y (rows are y), nan where it
    is not defined; None where there is no one objective.  height_name: what they are, in words.
    top: the best height.  levels: of the contours, ascending.  targets: where runs may rest.
    beyond: (scheme, update, name of a variable, its value) of the farthest point out of view.
    """

    model: str
    data: str
    names: tuple[str, str]
    window: tuple[Window, Window]
    x: Floats
    y: Floats
    heights: Floats | None
    height_name: str
    top: float
    levels: tuple[float, ...]
    paths: tuple[Path, ...]
    targets: tuple[tuple[float, float], ...]
    beyond: tuple[tuple[str, int, str, float], ...]


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


def trajectory(
    case: Case,
    runs: Sequence[tuple[Scheme, sp.Expr]],
    start: Mapping[sp.Symbol, float],
    count: int,
    window: Mapping[str, Window],
    data: str,
) -> Trajectory:
    """The paths of some schemes over the contours of what they climb.

    runs: schemes with their steps.  start: a number for each of the two variables.
    window: the ends of axes that are chosen; the others show the start, the targets and the path
    as far as it stays near them.
    Raises InputError for more or fewer than two variables, or a start outside the domain.
    """
    if len(case.variables) != 2:
        raise InputError(
            f"a trajectory is drawn in the plane of two variables, and {case.name} has "
            f"{len(case.variables)}; hold others with --fix, or draw `convergence`"
        )
    paths = tuple(path_of(case, scheme, step, start, count) for scheme, step in runs)
    targets = tuple(tuple(each.values()) for each in case.targets)
    marked = [tuple(start[s] for s in case.symbols), *targets]
    units = size_of(case)
    near = near_by(np.array(marked), np.concatenate([each.points for each in paths]), units)
    sides = tuple(
        window.get(variable.name)
        or around(
            [point[i] for point in marked],
            near[:, i].tolist(),
            units[i],
            variable.domain,
            _ABOUT,
        )
        for i, variable in enumerate(case.variables)
    )
    count_of_side = int(min(_SIDE, max(_LEAST_SIDE, math.sqrt(_VALUES / _rows(case)))))
    x, y = (np.linspace(*side.inner(count_of_side), count_of_side) for side in sides)
    across, up = np.meshgrid(x, y)
    heights = _heights(case, [across.ravel(), up.ravel()])
    top, levels = (0.0, ()) if heights is None else _levels(case, heights)
    names = tuple(each.name for each in case.variables)
    return Trajectory(
        case.name,
        data,
        (names[0], names[1]),
        (sides[0], sides[1]),
        x,
        y,
        None if heights is None else heights.reshape(across.shape),
        _height_name(case),
        top,
        levels,
        paths,
        tuple((each[0], each[1]) for each in targets),
        tuple(far for path in paths if (far := _farthest(path, names, sides)) is not None),
    )


def path_of(
    case: Case,
    scheme: Scheme,
    step: sp.Expr,
    start: Mapping[sp.Symbol, float],
    count: int | None,
) -> Path:
    """One run, kept as a path; at most `count` updates."""
    place = tuple(float(start[symbol]) for symbol in case.symbols)
    require_inside(case.variables, place)
    units = size_of(case)
    runner = case.runner(scheme, step, units.tolist())
    begin = (*place, *[0.0] * (len(runner.state) - len(place)))
    count = count or (_PASSING_RUN if runner.passes else _RUN)
    iterations, states, stop = recorded(runner, begin, count)
    points = np.array([each[: len(place)] for each in states])
    return Path(scheme.name, float(step), np.array(iterations, dtype=float), points, stop)


def require_inside(variables: Sequence[Variable], place: Sequence[float]) -> None:
    """Raise InputError for a start outside the domain of its variable."""
    for variable, value in zip(variables, place, strict=True):
        if not math.isfinite(value) or variable.domain.contains(sp.Float(value)) is False:
            raise InputError(
                f"the start {variable.name} = {value:g} is outside its domain "
                f"'{variable.domain.text}'; choose one inside"
            )


def recorded(
    runner: Runner, begin: tuple[float, ...], count: int
) -> tuple[list[int], list[tuple[float, ...]], Stop]:
    """(iterations, states, why it ended): all of the first, then more and more sparsely."""
    iterations, states, stride, stop = [0], [begin], 1, Stop.COUNT
    while iterations[-1] < count:
        run = runner.run(states[-1], min(stride, count - iterations[-1]), _CLOSE**2)
        stop = run.stop
        if run.steps:
            iterations.append(iterations[-1] + run.steps)
            states.append(run.state)
        if stop is not Stop.COUNT:
            break
        if len(states) > _HEAD + _KEPT:
            iterations[_HEAD:] = iterations[_HEAD::2]
            states[_HEAD:] = states[_HEAD::2]
            stride *= 2
    return iterations, states, stop


def size_of(case: Case) -> Floats:
    """The unit of each variable at the first target; one where there is none."""
    if case.targets:
        return case.units(case.targets[0])
    return np.ones(len(case.variables))


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


def _height_name(case: Case) -> str:
    if case.model is None:
        return "objective"
    return "log-likelihood" if case.sample is not None else "average log-likelihood"


def _objective(case: Case) -> tuple[sp.Expr, float] | None:
    """(what is climbed or descended, what it is multiplied by to be of the whole sample)."""
    if case.model is not None:
        times = 1.0
        if case.sample is not None:
            weights = case.sample.weights
            times = float(case.sample.n if weights is None else np.sum(weights))
        return derive(case.model).average_log_likelihood, times
    if case.problem is not None and len(case.problem.objectives) == 1:
        return case.problem.objectives[0].expression, 1.0
    return None


def _heights(case: Case, points: Sequence[Floats]) -> Floats | None:
    """What is climbed, at places; nan where it is not defined, None where there is no such."""
    found = _objective(case)
    if found is None:
        return None
    objective, times = found
    values = over_points([objective], case.symbols, case.columns)
    block = max(64, 2**20 // _rows(case))
    with np.errstate(all="ignore"):
        parts = [
            values([each[i : i + block] for each in points])[0]
            for i in range(0, len(points[0]), block)
        ]
    heights = times * np.concatenate(parts)
    return np.where(np.isfinite(heights), heights, np.nan)


def _rows(case: Case) -> int:
    return max(1, len(case.columns.shares))


def _levels(case: Case, heights: Floats) -> tuple[float, tuple[float, ...]]:
    """(the best height, the heights of the contours, ascending): a geometric ladder of falls.

    On data the first fall is a half, an ellipse of one standard error, where that is in view.
    """
    minimised = case.problem is not None and case.problem.objectives[0].sense < 0
    sign = -1.0 if minimised else 1.0
    climbed = sign * heights
    if not np.any(np.isfinite(climbed)):
        return 0.0, ()
    top, lowest = float(np.nanmax(climbed)), float(np.nanquantile(climbed, 0.03))
    if case.targets:
        places = [np.array([float(each[s]) for each in case.targets]) for s in case.symbols]
        known = _heights(case, places)
        if known is not None and np.any(np.isfinite(known)):
            best = sign * float(np.nanmax(sign * known))
            top = max(top, sign * best)
    depth = top - lowest
    if depth <= 0:
        return sign * top, ()
    first = float(f"{depth / _RATIO ** (_CONTOURS - 2):.0e}")
    if case.sample is not None and depth / 2 > _ONE_ERROR:
        first = _ONE_ERROR
    falls = [first * _RATIO**k for k in range(_MOST_CONTOURS) if first * _RATIO**k < 1.01 * depth]
    return sign * top, tuple(sorted(sign * (top - fall) for fall in falls))


def _farthest(
    path: Path, names: Sequence[str], sides: Sequence[Window]
) -> tuple[str, int, str, float] | None:
    """(scheme, update, variable, value) of the point farthest outside the view; None inside."""
    worst = (0.0, 0, 0)
    for i, side in enumerate(sides):
        values = path.points[:, i]
        out = np.maximum(values - side.high, side.low - values) / (side.high - side.low)
        out = np.where(np.isfinite(out), out, np.inf)
        place = int(np.argmax(out))
        if out[place] > worst[0]:
            worst = (float(out[place]), place, i)
    if worst[0] <= 0:
        return None
    _, place, i = worst
    return (
        path.scheme,
        int(path.iterations[place]),
        names[i],
        float(path.points[place, i]),
    )
