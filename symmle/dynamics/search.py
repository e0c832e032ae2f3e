"""Cycles by search: many starts, and of one variable the whole of a window.

Newton's method runs on the iterated map from all starts at once, in floats; the ends of long runs
of the map itself are starts too, so that an attracting cycle with a basin of any size is met.  What
is found counts once it is proved in balls.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import sympy as sp
from flint import arb, ctx, fmpq

from symmle.balls import ends
from symmle.dynamics.array_value import Array, array_value, is_fast
from symmle.dynamics.cycles import Cycle, Searched
from symmle.dynamics.krawczyk import (
    Enclosed,
    NotIsolated,
    cycle_of,
    enclosed,
    has_least_period,
    is_inside,
    shared_ball,
)
from symmle.dynamics.recurrence import Recurrence
from symmle.known import Known

_AWAY = (-10, -3, -1, -0.4, -0.1, -0.02, 0.03, 0.15, 0.5, 1.2, 4, 12)  # of a fixed point
_PLACES = (-30, -8, -3, -1.4, -0.7, -0.25, 0.04, 0.3, 0.8, 1.6, 3.5, 9, 35)
_MOST_STARTS = 500
_RUN = 3000  # updates of a long run
_OPERATIONS = 300_000  # of a long run, for each start
_FEW = 24  # starts, and updates of a long run, of a map with functions that take long
_NEWTON = 60
_NEAR = 1e-9  # relative, within which two candidates are one
_STANDS = 1e-14  # relative, by which a point that stands still may seem to move
_MOST_BOXES = 8_000
_BITS = 128


def searched_cycles(
    recurrence: Recurrence, period: int, near: Sequence[Mapping[sp.Symbol, sp.Expr]]
) -> tuple[list[Cycle], Searched]:
    """The cycles of that least period that starts and runs lead to, each proved to be there.

    near: fixed points, about which starts are laid.
    Raises InputError for a function without a value or an enclosure.
    """
    starts, turns = starts_and_updates(recurrence, near)
    with np.errstate(all="ignore"):
        runs = _run(recurrence, starts, turns)
        candidates = _newton(recurrence, period, np.concatenate([starts, runs], axis=1))
    found, unproved = _proved(recurrence, period, candidates)
    road = f"Newton's method on F^{period} from {starts.shape[1]} starts"
    road += f" and from where they were after {turns} updates"
    told = Searched(period, False, Known.UNKNOWN, f"{road}; others may exist")
    if unproved:
        told = Searched(
            period,
            False,
            Known.UNKNOWN,
            f"{road}; points were met that could not be told apart, as on a curve of cycles or "
            "where a cycle is born, and others may exist",
        )
    elif recurrence.size == 1:
        whole = _whole_window(recurrence, period, [e.orbit for e in found], near)
        if whole is not None:
            low, high, more = whole
            found = _distinct([*found, *more])
            road = f"every solution of F^{period}(x) = x between {low:.6g} and {high:.6g}, in balls"
            told = Searched(period, True, Known.CERTIFIED, road)
    judged = [cycle_of(recurrence, each) for each in found]
    judged.sort(key=lambda each: [float(v) for v in each.points[0].values()])
    return judged, told


def starts_and_updates(
    recurrence: Recurrence, near: Sequence[Mapping[sp.Symbol, sp.Expr]]
) -> tuple[Array, int]:
    """(starts of runs, size x count; how many updates each run has): fewer of a map that is slow.

    near: fixed points, about which starts are laid.
    """
    starts, turns = _starts(recurrence, near), _updates(recurrence)
    if turns == _FEW:
        starts = starts[:, :: max(1, starts.shape[1] // _FEW)]
    return starts, turns


def _starts(recurrence: Recurrence, near: Sequence[Mapping[sp.Symbol, sp.Expr]]) -> Array:
    """size x count: a grid about each fixed point, in its own scale, and one about the origin."""
    variables = recurrence.variables
    count = len(variables)
    rows: list[list[float]] = []
    for point in near:
        centre = [float(sp.re(sp.N(point[v.symbol]))) for v in variables]
        largest = max(map(abs, centre))
        for away in _spread(_AWAY, count):
            scales = [abs(c) or largest or 1.0 for c in centre]
            rows.append([c + a * s for c, a, s in zip(centre, away, scales, strict=True)])
    rows += [list(each) for each in _spread(_PLACES, count)]
    grid = np.array(rows, dtype=float).T
    for i, variable in enumerate(variables):
        low, high = (float(sp.N(e)) for e in (variable.domain.lower, variable.domain.upper))
        if np.isfinite(low) and np.isfinite(high):
            grid[i] = low + (high - low) * (0.5 + np.arctan(grid[i]) / np.pi)
        elif np.isfinite(low):
            grid[i] = low + np.abs(grid[i] - low)
        elif np.isfinite(high):
            grid[i] = high - np.abs(high - grid[i])
    memory = np.zeros((recurrence.size - count, grid.shape[1]))
    return np.concatenate([grid, memory])


def _spread(values: Sequence[float], size: int) -> Iterator[tuple[float, ...]]:
    if len(values) ** size <= _MOST_STARTS:
        yield from product(values, repeat=size)
        return
    draw = np.random.default_rng(size)  # the same starts each time
    for row in draw.choice(values, size=(_MOST_STARTS, size)):
        yield tuple(row * draw.uniform(0.7, 1.4, size))


def _updates(recurrence: Recurrence) -> int:
    """How many updates a long run has, by the length of one of them."""
    values = [(v, line.repeat) for line in recurrence.lines for v in line.values]
    if not all(is_fast(value) for value, _ in values):
        return _FEW
    length = sum(repeat * (1 + int(v.count_ops())) for v, repeat in values) * recurrence.sweeps
    return max(100, min(_RUN, _OPERATIONS // length))


def _run(recurrence: Recurrence, starts: Array, turns: int) -> Array:
    """Where the map brings the starts, those that stay finite."""
    here = starts
    for _ in range(turns):
        here = np.array(recurrence.run(list(here), array_value))
        keep = np.all(np.isfinite(here) & (np.abs(here) < 1e100), axis=0)
        if not keep.any():
            return starts[:, :0]
        if not keep.all():
            here = here[:, keep]
    return here


def _newton(recurrence: Recurrence, period: int, starts: Array) -> Array:
    """Solutions of F^p(x) = x to about ten digits, size x count, each about once."""
    size, here = recurrence.size, starts
    settled: list[Array] = []
    for _ in range(_NEWTON):
        count = here.shape[1]
        if not count:
            break
        image = list(here)
        matrix = [[np.full(count, float(i == j)) for j in range(size)] for i in range(size)]
        for _ in range(period):
            image, matrix = recurrence.run_with_slopes(image, matrix, array_value)
        gap = np.array(image) - here
        stands = np.max(np.abs(gap) / (1e-3 + np.abs(here)), axis=0) < _STANDS
        settled.append(here[:, stands])
        slopes = np.moveaxis(np.array(matrix), 2, 0) - np.eye(size)
        usable = np.isfinite(gap).all(axis=0) & np.isfinite(slopes).all(axis=(1, 2))
        usable &= ~stands & (
            np.abs(np.linalg.det(np.where(np.isfinite(slopes), slopes, 0.0))) > 1e-300
        )
        here, gap, slopes = here[:, usable], gap[:, usable], slopes[usable]
        if not here.shape[1]:
            break
        step = np.linalg.solve(slopes, gap.T[..., None])[..., 0].T
        done = np.max(np.abs(step) / (1e-3 + np.abs(here)), axis=0) < _NEAR
        settled.append((here - step)[:, done])
        here = (here - step)[:, ~done]
        here = here[:, np.all(np.abs(here) < 1e12, axis=0)]
    return _apart(np.concatenate([np.zeros((size, 0)), *settled], axis=1))


def _apart(points: Array) -> Array:
    kept: list[Array] = []
    for point in points.T:
        scale = 1e-3 + np.abs(point)
        if not any(np.max(np.abs(point - other) / scale) < 1e-6 for other in kept):
            kept.append(point)
    return np.array(kept).T if kept else points[:, :0]


def _proved(recurrence: Recurrence, period: int, candidates: Array) -> tuple[list[Enclosed], bool]:
    """(cycles inside the domains, whether a candidate inside them was left unproved)."""
    found: list[Enclosed] = []
    unproved = False
    for place in candidates.T:
        if not _stays_inside(recurrence, period, place):
            continue
        known = any(_meets(each, place) for each in found)
        if known:
            continue
        try:
            here = enclosed(recurrence, period, list(place))
        except NotIsolated:
            unproved = True
            continue
        if (
            here is not None
            and has_least_period(here)
            and is_inside(recurrence.variables, here.orbit)
        ):
            found = _distinct([*found, here])
    return found, unproved


def _stays_inside(recurrence: Recurrence, period: int, place: Array) -> bool:
    """Whether the orbit of a candidate does, in floats."""
    domains = [variable.domain for variable in recurrence.variables]
    ends = [(float(sp.N(each.lower)), float(sp.N(each.upper))) for each in domains]
    here = [np.array([value]) for value in place]
    for _ in range(period):
        if not all(low <= x[0] <= high for (low, high), x in zip(ends, here, strict=False)):
            return False
        with np.errstate(all="ignore"):
            here = recurrence.run(here, array_value)
    return True


def _meets(each: Enclosed, place: Array) -> bool:
    """Whether a candidate is one of the points of a cycle that was found."""
    return any(
        all(abs(float(x.mid()) - v) < 1e-9 * (1e-3 + abs(v)) for x, v in zip(p, place, strict=True))
        for p in each.orbit
    )


def _distinct(found: Sequence[Enclosed]) -> list[Enclosed]:
    """Each cycle once: two that share a point are one."""
    kept: list[Enclosed] = []
    for each in found:
        first = each.orbit[0]
        if not any(
            all(x.overlaps(y) for x, y in zip(first, point, strict=True))
            for other in kept
            for point in other.orbit
        ):
            kept.append(each)
    return kept


def _whole_window(
    recurrence: Recurrence,
    period: int,
    orbits: Sequence[Sequence[Sequence[arb]]],
    near: Sequence[Mapping[sp.Symbol, sp.Expr]],
) -> tuple[float, float, list[Enclosed]] | None:
    """(ends, cycles) of a window in which every solution was isolated; None where some were not."""
    (variable,) = recurrence.variables
    met = [float(point[0].mid()) for orbit in orbits for point in orbit]
    met += [float(sp.re(sp.N(point[variable.symbol]))) for point in near]
    if not met:
        return None
    span = max(met) - min(met) or max(1.0, abs(met[0]))
    low, high = min(met) - 10 * span, max(met) + 10 * span
    bottom, top = float(sp.N(variable.domain.lower)), float(sp.N(variable.domain.upper))
    low = max(low, bottom + min(1e-3 * span, (min(met) - bottom) / 8)) if bottom > low else low
    high = min(high, top - min(1e-3 * span, (top - max(met)) / 8)) if top < high else high
    pending = [(_fraction(low), _fraction(high))]
    found: list[Enclosed] = []
    with ctx.workprec(_BITS):
        for _ in range(_MOST_BOXES):
            if not pending:
                return low, high, found
            left, right = pending.pop()
            holds = _may_hold(recurrence, period, left, right)
            if holds is False:
                continue
            if holds is True:
                here = _by_halves(recurrence, period, left, right)
                if here is None:
                    return None
                if has_least_period(here) and is_inside(recurrence.variables, here.orbit):
                    found = _distinct([*found, here])
                continue
            if right - left < fmpq(1, 2**60) * (1 + abs(left)):
                return None
            middle = left + (right - left) * fmpq(4999, 10007)
            pending += [(middle, right), (left, middle)]
    return None


def _fraction(value: float) -> fmpq:
    above, below = value.as_integer_ratio()
    return fmpq(above, below)


def _may_hold(recurrence: Recurrence, period: int, left: fmpq, right: fmpq) -> bool | None:
    """False: no solution lies in [left, right]; True: exactly one; None: undecided."""
    box = arb(left).union(arb(right))
    here, matrix = [box], [[arb(1)]]
    for _ in range(period):
        here, matrix = recurrence.run_with_slopes(here, matrix, shared_ball)
    gap, slope = here[0] - box, matrix[0][0] - 1
    if not gap.is_finite():
        return None
    if not gap.contains(0):
        return False
    if not slope.is_finite() or slope.contains(0):
        return None
    signs = [_gap(recurrence, period, end) for end in (left, right)]
    if any(each.contains(0) for each in signs):
        return None
    return bool((signs[0] > 0) != (signs[1] > 0))


def _gap(recurrence: Recurrence, period: int, place: fmpq) -> arb:
    here = [arb(place)]
    for _ in range(period):
        here = recurrence.run(here, shared_ball)
    return here[0] - arb(place)


def _by_halves(recurrence: Recurrence, period: int, left: fmpq, right: fmpq) -> Enclosed | None:
    """The one solution between two ends of different sign, brought near enough for the proof."""
    sign = _gap(recurrence, period, left) > 0
    for _ in range(60):
        middle = (left + right) / 2
        gap = _gap(recurrence, period, middle)
        if gap.contains(0):
            break
        left, right = (middle, right) if (gap > 0) == sign else (left, middle)
    try:
        here = enclosed(recurrence, period, [float((left + right) / 2)])
    except NotIsolated:
        return None
    if here is None:
        return None
    low, high = ends(here.orbit[0][0])
    return here if low <= right and left <= high else None
