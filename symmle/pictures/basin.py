"""Where each start of a rectangle ends: the basins of a map, by running it from all of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.diagnosis import Case
from symmle.diagnosis.compiled import ArrayMap, array_map
from symmle.diagnosis.running import Floats
from symmle.errors import InputError
from symmle.pictures.convergence import rate_at
from symmle.pictures.fates import CYCLES, DIVERGES, LEAVES, NEAR, PERIODS, UNDECIDED, fates
from symmle.pictures.paths import size_of
from symmle.pictures.view import Window, around, bound
from symmle.schemes import Scheme
from symmle.stability.records import Verdict

_SIDE = 1_000  # starts along each axis
_WORK = 1e9  # updates times rows, of all starts, where each update reads all rows
_LEAST_SIDE = 40
_LEAST, _MOST = 300, 3_000  # updates, where none are asked for
_MOST_PASSES = 300
_NO_RATE = 0.96  # what is reckoned with where no target attracts
_TIMES = 3.0  # the updates that the rate at a target predicts


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
            codes[part] = fates(moved, [*begin, np.full(size, float(step))],
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
    """Three times the updates from a unit away to `NEAR` at the slowest rate below one."""
    slow = max((rate for rate in rates if rate < 1), default=_NO_RATE)
    needed = math.log(NEAR) / math.log(slow) if slow > 0 else 1.0
    most = _MOST_PASSES if moved.passes else _MOST
    return int(min(max(_LEAST, _TIMES * needed), most))


def _starts(moved: ArrayMap, count: int, rows: int) -> int:
    """Starts along an axis: fewer where each update reads all rows."""
    if not moved.passes:
        return _SIDE
    return int(min(_SIDE, max(_LEAST_SIDE, math.sqrt(_WORK / (count * rows)))))


def _kinds(
    codes: NDArray[np.int16], targets: Sequence[Floats]
) -> tuple[tuple[Kind, ...], NDArray[np.int8]]:
    """The kinds that occur, targets first and undecided last, and the place of each start's."""
    order = [*range(1, len(targets) + 1)]
    order += [CYCLES - p for p in range(2, PERIODS + 1)]
    order += [LEAVES, DIVERGES, UNDECIDED]
    plain = {LEAVES: End.LEAVES, DIVERGES: End.DIVERGES, UNDECIDED: End.UNDECIDED}
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
            kinds.append(Kind(End.CYCLE, share, period=CYCLES - code))
    return tuple(kinds), places
