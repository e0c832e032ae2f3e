"""What a map settles to, against a constant or the step: the bifurcation diagram."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp

from symmle.diagnosis import Case
from symmle.diagnosis.compiled import ArrayMap, array_map, inside, over_points
from symmle.diagnosis.running import Columns, Floats
from symmle.domain import Variable
from symmle.errors import BudgetError, InputError, NoEstimateError
from symmle.fixed_points import fixed_points
from symmle.pictures.paths import require_inside, size_of
from symmle.pictures.view import Window, bound, within
from symmle.problem import Problem
from symmle.schemes import Map, Scheme, Statement, simultaneous
from symmle.stability import Interval
from symmle.stability.of_problem import map_stability
from symmle.stability.records import Event

_STARTS = 4
_BIRTHS = (Event.FLIP, Event.NEIMARK_SACKER)
_BORN, _ROOM = 0.5, 0.06  # of the span of the ends: what is shown beyond a birth, and beyond others
_WORK, _LEAST_VALUES = 2e9, 200  # updates times rows, where each reads all rows
_VALUES = 1_200  # of the constant or step
_SETTLING = 3_000  # updates before the points are kept
_PASSES_SETTLING = 400  # where each reads all rows
_KEPT = 240  # updates after that
_BESIDE = 0.02  # of a unit: how far beside a fixed point a run starts
_LONGEST = 32  # period that is told
_ALIKE = 1e-7  # of the size of the points, by which returns may differ
_STEADY = 3e-4  # by how much of itself a cycle's shorter return may change over what is kept
_CLEAR = 1e-3  # of that size: by how much a cycle's shorter returns differ
_LEFT = -1
_BEYOND = 1.5  # times the last end of a stable set


@dataclass(frozen=True, slots=True)
class Bifurcation:
    """Where runs are after `settling` updates, for each value of a constant or step.

    points: starts x values x updates kept x variables; nan where a run left the domain.
    periods: starts x values; 0 where no period up to 32 was seen, -1 where the run left.
    ends: (value, event) of each end of a stable set of a fixed point inside the picture.
    starts: in words.  units: of each variable; its axis shows at least one about the points.
    """

    model: str
    data: str
    scheme: str
    over: str
    names: tuple[str, ...]
    values: Floats
    points: Floats
    periods: Floats
    settling: int
    ends: tuple[tuple[float, str], ...]
    starts: tuple[str, ...]
    units: tuple[float, ...]

    @property
    def changes(self) -> tuple[tuple[float, float, int], ...]:
        """(from, to, period) along the values, for the first start: where the period stays."""
        found: list[tuple[float, float, int]] = []
        for value, period in zip(self.values.tolist(), self.periods[0].tolist(), strict=True):
            if found and found[-1][2] == int(period):
                found[-1] = (found[-1][0], value, int(period))
            else:
                found.append((value, value, int(period)))
        return tuple(found)


def bifurcation_of_map(
    problem: Problem,
    over: sp.Symbol,
    start: Mapping[sp.Symbol, float] | None,
    window: Window | None,
) -> Bifurcation:
    """An explicit map over one of its constants, all others being numbers.

    start: of every run; None for a little beside each fixed point, of four at most.
    Raises InputError where nothing says which values of the constant to show.
    """
    found = fixed_points(problem)
    intervals: list[Interval] = []
    points: list[tuple[bool, int, Mapping[sp.Symbol, sp.Expr]]] = []
    for each in found.points:
        try:
            steps = map_stability(problem, each.values, over).stable_steps
        except (BudgetError, ArithmeticError):
            steps = None
        intervals += steps or ()
        points.append((not steps, len(points), each.values))
    points.sort(key=lambda each: each[:2])  # those first that attract somewhere
    ends = _ends(intervals)
    domain = next(each.domain for each in problem.given if each.symbol == over)
    if window is None:
        window = within(_about(intervals, over.name), domain)
    values = np.linspace(*window.inner(_VALUES), _VALUES)
    no_data = Columns({}, np.zeros(0))
    scheme = Scheme("map", simultaneous(problem.symbols).blocks)
    line = Statement(problem.symbols, problem.image, 1, ())
    moved = array_map(
        Map(problem.symbols, (line,), problem.image, sp.S.One, scheme), no_data, (over,)
    )
    if start is not None:
        require_inside(problem.variables, [start[s] for s in problem.symbols])
        begins = [[np.full(_VALUES, start[s]) for s in problem.symbols]]
        words = [_spelt(problem.variables, start)]
    else:
        begins, words = [], []
        for _, which, fixed in points[:_STARTS]:
            beside = over_points([fixed[s] for s in problem.symbols], (over,), no_data)
            with np.errstate(all="ignore"):
                found_places = beside([values])
            begins.append(
                [
                    _beside(place, values, variable)
                    for place, variable in zip(found_places, problem.variables, strict=True)
                ]
            )
            names = ", ".join(f"{s} = {fixed[s]}" for s in problem.symbols)
            number = f" {which + 1}" if len(points) > 1 else ""
            words.append(f"beside {names}" if len(names) < 60 else f"beside fixed point{number}")
        if not begins:
            example = ",".join(f"{each.name}=..." for each in problem.variables)
            raise InputError(
                f"{problem.name} has no fixed point to start beside; add --start {example}"
            )
    return _settled(
        (problem.name, "", "map", over.name),
        moved, problem.variables, values, begins, tuple(words),
        tuple(end for end in ends if window.low < end[0] < window.high),
        (0.0,) * len(problem.variables),
    )  # fmt: skip


def bifurcation_of_scheme(
    case: Case,
    scheme: Scheme,
    start: Mapping[sp.Symbol, float] | None,
    window: Window | None,
    data: str,
    name: str = "step",
) -> Bifurcation:
    """The update of a scheme over its step, of that name.

    start: None for a little beside each target, of four at most.
    Raises NoEstimateError where there is no target, InputError where nothing says which steps to
    show.
    """
    if not case.targets:
        raise NoEstimateError(f"there is no fixed point to look at: {case.why_none}")
    step = sp.Symbol("step_of_the_map", positive=True)
    intervals: list[Interval] = []
    targets: list[tuple[bool, int, Mapping[sp.Symbol, float]]] = []
    for target in case.targets:
        try:
            steps = case.stability(scheme, target, None).stable_steps
        except (BudgetError, ArithmeticError):
            steps = None
        intervals += steps or ()
        targets.append((not steps, len(targets), target))
    targets.sort(key=lambda each: each[:2])  # those first that attract somewhere
    ends = _ends(intervals)
    if window is not None:
        window = replace(window, open_low=window.low == 0)
    else:
        far = max((end for end, _ in ends), default=0.0)
        if not far:
            raise InputError(f"no step here is known to be stable; add --range {name}=0:1")
        window = Window(0.0, _BEYOND * far, open_low=True)
    moved = array_map(case.written(scheme, step), case.columns, (step,))
    size = _VALUES
    if moved.passes:
        rows = len(case.columns.shares)
        size = int(min(_VALUES, max(_LEAST_VALUES, _WORK / (rows * (_PASSES_SETTLING + _KEPT)))))
    values = np.linspace(*window.inner(size), size)
    units = size_of(case)
    if start is not None:
        require_inside(case.variables, [start[s] for s in case.symbols])
        places = [[start[s] for s in case.symbols]]
        words = [_spelt(case.variables, start)]
    else:
        places = [
            [v + _BESIDE * unit for v, unit in zip(each.values(), units, strict=True)]
            for _, _, each in targets[:_STARTS]
        ]
        words = [f"beside {_spelt(case.variables, each)}" for _, _, each in targets[:_STARTS]]
    memory = len(moved.state) - 1 - len(case.symbols)
    begins = [[np.full(size, v) for v in (*place, *[0.0] * memory)] for place in places]
    return _settled(
        (case.name, data, scheme.name, name),
        moved, case.variables, values, begins, tuple(words),
        tuple(end for end in ends if window.low < end[0] < window.high), tuple(units.tolist()),
    )  # fmt: skip


def _spelt(variables: Sequence[Variable], point: Mapping[sp.Symbol, float]) -> str:
    return ", ".join(f"{each.name} = {point[each.symbol]:.6g}" for each in variables)


def _beside(place: Floats, values: Floats, variable: Variable) -> Floats:
    """A little beside a fixed point; in the domain, where it is not, so that a run can be made.

    Where the point is not real, beside where it last was.
    """
    known = np.isfinite(place)
    if not np.any(known):
        return np.full(len(place), np.nan)
    place = np.interp(values, values[known], place[known])
    low, high = bound(variable.domain.lower), bound(variable.domain.upper)
    inner = _BESIDE * (high - low if math.isfinite(high - low) else 1.0)
    started = place + _BESIDE * np.maximum(np.abs(place), 0.1)
    return np.clip(started, low + inner, high - inner)


def _ends(intervals: Sequence[Interval]) -> list[tuple[float, str]]:
    found = set()
    for each in intervals:
        for end, event in ((each.lower, each.lower_event), (each.upper, each.upper_event)):
            if end.is_number and end.is_finite and end != 0:
                found.add((float(end), "" if event is None else event.value))
    return sorted(found)


def _about(intervals: Sequence[Interval], name: str) -> Window:
    """All ends of the stable sets, with room beyond those where cycles or circles are born."""
    lows = [(float(each.lower), each.lower_event) for each in intervals if each.lower.is_finite]
    highs = [(float(each.upper), each.upper_event) for each in intervals if each.upper.is_finite]
    ends = sorted([*lows, *highs], key=lambda end: end[0])
    if not ends or ends[0][0] == ends[-1][0]:
        raise InputError(
            f"no stable set with two ends says which values of {name} to show; "
            f"add --range {name}=LOW:HIGH"
        )
    (low, below), (high, above) = ends[0], ends[-1]
    room = high - low
    low -= room * (_BORN if below in _BIRTHS else _ROOM)
    high += room * (_BORN if above in _BIRTHS else _ROOM)
    return Window(low, high)


def _settled(
    names: tuple[str, str, str, str],
    moved: ArrayMap,
    variables: Sequence[Variable],
    values: Floats,
    begins: Sequence[Sequence[Floats]],
    starts: tuple[str, ...],
    ends: tuple[tuple[float, str], ...],
    units: tuple[float, ...],
) -> Bifurcation:
    settling = _PASSES_SETTLING if moved.passes else _SETTLING
    bounds = [
        (bound(v.domain.lower), bound(v.domain.upper), v.domain.lower_closed, v.domain.upper_closed)
        for v in variables
    ]
    if any(math.isnan(end) for low, high, *_ in bounds for end in (low, high)):
        raise InputError("a domain whose ends other variables move is not followed here")
    size = len(variables)
    points = np.full((len(begins), len(values), _KEPT, size), np.nan)
    for i, begin in enumerate(begins):
        for first in range(0, len(values), moved.block):
            part = slice(first, first + moved.block)
            places = _run(moved, [each[part] for each in begin], values[part], bounds, settling)
            points[i, part] = places
    return Bifurcation(
        *names,
        tuple(each.name for each in variables),
        values,
        points,
        np.array([_periods(each) for each in points]),
        settling,
        ends,
        starts,
        units,
    )


def _run(
    moved: ArrayMap,
    begin: Sequence[Floats],
    values: Floats,
    bounds: Sequence[tuple[float, float, bool, bool]],
    settling: int,
) -> Floats:
    """The states kept, values x updates x variables; nan from the step that left the domain."""
    here = [*begin, values]
    size = len(bounds)
    found = np.empty((len(values), _KEPT, size))
    with np.errstate(all="ignore"):
        for k in range(settling + _KEPT):
            here = moved.image(here)
            gone = ~inside(bounds, here[:size])
            here[:size] = [np.where(gone, np.nan, each) for each in here[:size]]
            if k >= settling:
                found[:, k - settling] = np.stack(here[:size], axis=1)
    return found


def _periods(points: Floats) -> Floats:
    """Of each value: the shortest period of what was kept, 0 for none, -1 where the run left."""
    size = np.maximum(np.max(np.abs(points), axis=1, keepdims=True), 1e-300)
    found = np.where(np.any(np.isnan(points), axis=(1, 2)), _LEFT, 0)
    gaps: dict[int, Floats] = {}
    with np.errstate(invalid="ignore"):
        for period in range(1, _LONGEST + 1):
            each = np.max(np.abs(points[:, period:] - points[:, :-period]) / size, axis=2)
            early, late = each[:, :_LONGEST].max(axis=1), each[:, -_LONGEST:].max(axis=1)
            gaps[period] = np.where(np.abs(late - early) <= _STEADY * early, late, 0)
            same = each.max(axis=1) < _ALIKE
            for shorter in (q for q in range(1, period) if period % q == 0):
                same &= gaps[shorter] > _CLEAR  # and does not shrink: it may near a shorter one
            found = np.where((found == 0) & same, period, found)
    return found
