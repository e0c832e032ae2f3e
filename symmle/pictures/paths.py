"""Runs as they are drawn: the points of a path, and a likelihood around it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symmle.diagnosis import Case
from symmle.diagnosis.running import Floats, Runner, Stop
from symmle.domain import Variable
from symmle.errors import InputError
from symmle.pictures.heights import height_name, heights_at, levels_of, rows_of
from symmle.pictures.view import Window, around, near_by
from symmle.schemes import Scheme

_HEAD = 400  # points of a path that are all kept
_KEPT = 2_000  # points in all, from which on every other one is let go
_CLOSE = 1e-13  # the scaled score at which a run is at its end
_SIDE = 240  # points of a likelihood's grid along each side
_LEAST_SIDE, _VALUES = 60, 4e8  # of many rows: that side at least, and points times rows
_RUN, _PASSING_RUN = 100_000, 2_000  # updates, where none are asked for
_ABOUT = 1.5  # units that a trajectory shows about its start and targets


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
    count_of_side = int(min(_SIDE, max(_LEAST_SIDE, math.sqrt(_VALUES / rows_of(case)))))
    x, y = (np.linspace(*side.inner(count_of_side), count_of_side) for side in sides)
    across, up = np.meshgrid(x, y)
    heights = heights_at(case, [across.ravel(), up.ravel()])
    top, levels = (0.0, ()) if heights is None else levels_of(case, heights)
    names = tuple(each.name for each in case.variables)
    return Trajectory(
        case.name,
        data,
        (names[0], names[1]),
        (sides[0], sides[1]),
        x,
        y,
        None if heights is None else heights.reshape(across.shape),
        height_name(case),
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
