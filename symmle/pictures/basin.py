"""Where each start of a rectangle ends: the basins of a map, by running it from all of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.diagnosis import Case
from symmle.diagnosis.compiled import ArrayMap, array_map, inside
from symmle.diagnosis.running import Floats
from symmle.errors import InputError
from symmle.pictures.paths import rate_at, size_of
from symmle.pictures.view import Window, around, bound
from symmle.schemes import Scheme
from symmle.stability.records import Verdict

_SIDE = 1_000  # starts along each axis
_WORK = 1e9  # updates times rows, of all starts, where each update reads all rows
_LEAST_SIDE = 40
_LEAST, _MOST = 300, 3_000  # updates, where none are asked for
_MOST_PASSES = 300
_NEAR = 1e-6  # units from a target that attracts, at which a run is taken to converge
_EVERY = 4  # updates between looks at the targets
_PERIODS = 16
_LOOKS = (128, 512, 2_048)  # updates after which cycles are looked for, and at the end
_STEADY = 2e-4  # by how much of itself a cycle's shorter gap may have changed by then
_LATER = 200  # updates after which a cycle must still be there
_ALIKE = 1e-6  # of the size of a cycle, by which its returns may differ
_CLEAR = 1e-2  # of its size: by how much a cycle's shorter returns differ
_SMALLEST = 1e-4  # units: what moves less is slow, and no cycle
_NO_RATE = 0.96  # what is reckoned with where no target attracts
_TIMES = 3.0  # the updates that the rate at a target predicts

Bounds = Sequence[tuple[float, float, bool, bool]]


class End(StrEnum):
    """What a run from a start comes to."""

    CONVERGES = "converges"
    CYCLE = "cycle"
    LEAVES = "leaves the domain"
    DIVERGES = "grows without bound"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Kind:
    """One colour of the map: what the runs of these starts come to.

    target: of CONVERGES, the point.  period: of CYCLE.  share: of all starts.
    """

    end: End
    share: float
    target: tuple[float, ...] = ()
    period: int = 0


@dataclass(frozen=True, slots=True)
class Basin:
    """The fate of each start of a grid.

    names: of the axes; window: their ends; held: the other variables' starts.
    kinds: those that occur; codes: rows are y, columns x, an index into `kinds` each.
    updates: that a run was given.  targets: on the axes, with the verdict of each.
    """

    model: str
    data: str
    scheme: str
    step: float | None
    names: tuple[str, str]
    window: tuple[Window, Window]
    held: Mapping[str, float]
    x: Floats
    y: Floats
    codes: NDArray[np.int8]
    kinds: tuple[Kind, ...]
    updates: int
    targets: tuple[tuple[float, float, Verdict], ...]


def basin(
    case: Case,
    scheme: Scheme,
    step: sp.Expr,
    start: Mapping[sp.Symbol, float],
    count: int | None,
    window: Mapping[str, Window],
    data: str,
    side: int | None = None,
) -> Basin:
    """Run the map from every start of a grid: 1000 x 1000 where no update reads all rows.

    start: of the variables that are not on the axes; the axes are those of `window`, else the
    first two.  count: updates of a run; None for three times what the rate at the target predicts.
    A run converges when it is within 1e-6 units of a target that `stability` does not call
    unstable at this step; that it then stays is the target's own promise, and not proved here.
    Raises InputError for fewer than two variables, or one without a value that is not on an axis.
    """
    names = [each.name for each in case.variables]
    if len(names) < 2:
        raise InputError(f"a basin map needs two variables, and {case.name} has one; draw `cobweb`")
    axes = _axes(names, window)
    letter = sp.Symbol("step_of_the_map", positive=True)
    moved = array_map(case.written(scheme, letter), case.columns, (letter,))
    judged = [(each, *rate_at(case, scheme, step, each)) for each in case.targets]
    units = size_of(case)
    sides = tuple(window.get(names[i]) or _window(case, i, float(units[i])) for i in axes)
    held = _held(case, axes, start)
    count = count or _count(moved, [rate for _, rate, verdict in judged if rate is not None])
    side = side or _starts(moved, count, len(case.columns.shares))
    x, y = (np.linspace(*each.inner(side), side) for each in sides)
    attracting = [
        np.array(list(each.values()))
        for each, _, verdict in judged
        if verdict is not Verdict.UNSTABLE
    ]
    bounds = [
        (bound(v.domain.lower), bound(v.domain.upper), v.domain.lower_closed, v.domain.upper_closed)
        for v in case.variables
    ]
    if any(math.isnan(end) for low, high, *_ in bounds for end in (low, high)):
        raise InputError("a domain whose ends other variables move is not followed here")
    across, up = (each.ravel() for each in np.meshgrid(x, y))
    codes = np.empty(side * side, dtype=np.int16)
    grid = {axes[0]: across, axes[1]: up}
    for first in range(0, side * side, moved.block):
        part = slice(first, min(first + moved.block, side * side))
        size = part.stop - part.start
        begin = [grid[i][part] if i in grid else np.full(size, held[i]) for i in range(len(names))]
        begin += [np.zeros(size)] * (len(moved.state) - 1 - len(names))
        with np.errstate(all="ignore"):
            codes[part] = _fates(moved, [*begin, np.full(size, float(step))],
                                 bounds, attracting, units, count)  # fmt: skip
    kinds, places = _kinds(codes, attracting)
    return Basin(
        case.name,
        data,
        scheme.name,
        None if case.is_map else float(step),
        (names[axes[0]], names[axes[1]]),
        (sides[0], sides[1]),
        {names[i]: value for i, value in held.items()},
        x,
        y,
        places.reshape(side, side),
        kinds,
        count,
        tuple(
            (list(each.values())[axes[0]], list(each.values())[axes[1]], verdict)
            for each, _, verdict in judged
        ),
    )


def _axes(names: Sequence[str], window: Mapping[str, Window]) -> tuple[int, int]:
    chosen = [i for i, name in enumerate(names) if name in window]
    if len(chosen) > 2:
        raise InputError(f"a basin map has two axes, and --range names {len(chosen)} variables")
    chosen += [i for i in range(len(names)) if i not in chosen][: 2 - len(chosen)]
    first, second = sorted(chosen)
    return first, second


def _window(case: Case, place: int, unit: float) -> Window:
    variable = case.variables[place]
    marked = [list(each.values())[place] for each in case.targets]
    if not marked:
        name = variable.name
        raise InputError(
            f"{case.why_none}; so nothing says which starts to show: add --range {name}=LOW:HIGH"
        )
    unit = max(1.0, *map(abs, marked)) if case.problem is not None else unit
    return around(marked, [], unit, variable.domain, 3.0 if case.problem is None else 2.0)


def _held(case: Case, axes: tuple[int, int], start: Mapping[sp.Symbol, float]) -> dict[int, float]:
    held = {}
    for i, variable in enumerate(case.variables):
        if i in axes:
            continue
        if variable.symbol in start:
            held[i] = start[variable.symbol]
        elif case.targets:
            held[i] = case.targets[0][variable.symbol]
        else:
            raise InputError(f"{variable.name} is not on an axis; add --start {variable.name}=...")
    return held


def _count(moved: ArrayMap, rates: Sequence[float]) -> int:
    """Three times the updates from a unit away to `_NEAR` at the slowest rate below one."""
    slow = max((rate for rate in rates if rate < 1), default=_NO_RATE)
    needed = math.log(_NEAR) / math.log(slow) if slow > 0 else 1.0
    most = _MOST_PASSES if moved.passes else _MOST
    return int(min(max(_LEAST, _TIMES * needed), most))


def _starts(moved: ArrayMap, count: int, rows: int) -> int:
    """Starts along an axis: fewer where each update reads all rows."""
    if not moved.passes:
        return _SIDE
    return int(min(_SIDE, max(_LEAST_SIDE, math.sqrt(_WORK / (count * rows)))))


_UNDECIDED, _LEAVES, _DIVERGES = 0, -1, -2
_CYCLES = -10  # a cycle of period p is _CYCLES - p; target i is i + 1


def _fates(
    moved: ArrayMap,
    begin: list[Floats],
    bounds: Bounds,
    targets: Sequence[Floats],
    units: Floats,
    count: int,
) -> NDArray[np.int16]:
    """A code for each start.  Runs that are decided are taken out as they go."""
    size = len(bounds)
    codes = np.zeros(len(begin[0]), dtype=np.int16)
    running = np.arange(len(codes))
    here = begin
    begun = inside(bounds, here[:size])
    codes[~begun] = _LEAVES
    here, running = _kept(here, running, begun)
    for k in range(count):
        if not len(running):
            return codes
        here = moved.image(here)
        stays = inside(bounds, here[:size])
        if not np.all(stays):
            codes[running[~stays]] = _way_out(here[:size], bounds)[~stays]
            here, running = _kept(here, running, stays)
        if k % _EVERY == _EVERY - 1 or k == count - 1:
            arrived = _arrived(here[:size], targets, units)
            codes[running] = arrived
            here, running = _kept(here, running, arrived == 0)
        if (k + 1 in _LOOKS or k == count - 1) and len(running):
            cycles = _cycles(moved, here, size, units)
            codes[running] = cycles
            here, running = _kept(here, running, cycles == 0)
    return codes


def _kept(
    here: Sequence[Floats], running: NDArray[np.int64], which: NDArray[np.bool_]
) -> tuple[list[Floats], NDArray[np.int64]]:
    return [each[which] for each in here], running[which]


def _way_out(points: Sequence[Floats], bounds: Bounds) -> NDArray[np.int16]:
    """Past a finite end of a domain, or to where numbers end."""
    past = np.zeros(len(points[0]), dtype=bool)
    for (low, high, *_), values in zip(bounds, points, strict=True):
        past |= (values <= low) & math.isfinite(low)
        past |= (values >= high) & math.isfinite(high)
    finite = np.all([np.isfinite(values) for values in points], axis=0)
    return np.where(past & finite, _LEAVES, _DIVERGES).astype(np.int16)


def _arrived(
    points: Sequence[Floats], targets: Sequence[Floats], units: Floats
) -> NDArray[np.int16]:
    found = np.zeros(len(points[0]), dtype=np.int16)
    for i, target in enumerate(targets):
        near = np.ones(len(found), dtype=bool)
        for values, value, unit in zip(points, target, units, strict=True):
            near &= np.abs(values - value) < _NEAR * unit
        found[near] = i + 1
    return found


def _cycles(moved: ArrayMap, here: list[Floats], size: int, units: Floats) -> NDArray[np.int16]:
    """The code of each run that is on a cycle; 0 for the others.

    It returns, does so again later, and its shorter returns do not shrink: a run that passes by a
    repelling cycle, or that nears one of half the period slowly, from both sides, is on none.
    """
    found, gap = _returns(moved, here, size, units)
    for code in set(found.tolist()) - {0}:
        some, period = found == code, _CYCLES - code
        later = [each[some] for each in here]
        for _ in range(period * math.ceil(_LATER / period)):  # to the same point of the cycle
            later = moved.image(later)
        again, gap_then = _returns(moved, later, size, units)
        stays = np.abs(gap_then - gap[some]) <= _STEADY * gap[some]
        found[some] = np.where((again == code) & stays, code, 0)
    return found


def _returns(
    moved: ArrayMap, here: list[Floats], size: int, units: Floats
) -> tuple[NDArray[np.int16], Floats]:
    """(the code of the shortest period with which each returns, its smallest shorter gap).

    A return is judged by the size of the cycle, so that what only creeps is none.
    """
    points = [np.array(here[:size]) / units[:, None]]
    for _ in range(_PERIODS):
        here = moved.image(here)
        points.append(np.array(here[:size]) / units[:, None])
    gaps = np.max(np.abs(np.array(points[1:]) - points[0]), axis=1)
    width = np.max(gaps, axis=0)
    found, gap = np.zeros(len(width), dtype=np.int16), np.zeros(len(width))
    for period in range(2, _PERIODS + 1):
        returns = (gaps[period - 1] <= _ALIKE * width) & (width > _SMALLEST) & (found == 0)
        shorter = np.min([gaps[q - 1] for q in range(1, period) if period % q == 0], axis=0)
        returns &= shorter > _CLEAR * width
        found[returns], gap[returns] = _CYCLES - period, shorter[returns]
    return found, gap


def _kinds(
    codes: NDArray[np.int16], targets: Sequence[Floats]
) -> tuple[tuple[Kind, ...], NDArray[np.int8]]:
    """The kinds that occur, targets first and undecided last, and the place of each start's."""
    order = [*range(1, len(targets) + 1)]
    order += [_CYCLES - p for p in range(2, _PERIODS + 1)]
    order += [_LEAVES, _DIVERGES, _UNDECIDED]
    plain = {_LEAVES: End.LEAVES, _DIVERGES: End.DIVERGES, _UNDECIDED: End.UNDECIDED}
    kinds: list[Kind] = []
    places = np.zeros(len(codes), dtype=np.int8)
    for code in order:
        here = codes == code
        share = float(np.mean(here))
        if not share:
            continue
        places[here] = len(kinds)
        if code > 0:
            target = tuple(float(v) for v in targets[code - 1])
            kinds.append(Kind(End.CONVERGES, share, target))
        elif code in plain:
            kinds.append(Kind(plain[code], share))
        else:
            kinds.append(Kind(End.CYCLE, share, period=_CYCLES - code))
    return tuple(kinds), places
