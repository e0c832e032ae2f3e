"""What else attracts, where a fixed point is stable: runs from many starts, and where they end.

Stability is a statement about starts near the point.  Others may come to a cycle that attracts too,
leave the domain, or grow without bound; a strictly concave likelihood is no safeguard (Meng,
Orvieto, Cao and De Sa, Gradient Descent on Logistic Regression with Non-Separable Data and Large
Step Sizes, 2024).  A search finds what it meets; it proves of a cycle that it is there and
attracts, and never that there is no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.diagnosis.compiled import over_points
from symmle.diagnosis.running import NO_DATA
from symmle.dynamics.array_value import Array
from symmle.dynamics.cycles import Cycle
from symmle.dynamics.krawczyk import NotIsolated, cycle_of, enclosed, has_least_period, is_inside
from symmle.dynamics.recurrence import Recurrence
from symmle.dynamics.search import starts_and_updates
from symmle.known import Known
from symmle.stability import Verdict

Image = Callable[[Array], Array]

_HUGE = 1e12  # relative to the point and the starts: a run beyond has grown without bound
_LONGEST = 12  # the longest period that a run is tried for
_MORE = 4  # times the first updates, for runs that have not settled by then
_AGAIN = 1e-9  # relative, within which a run has come back
_THERE = 1e-6  # and within which it is at the point
_EVERY = 50  # updates between looks at the point
_TURNS = 64  # updates that are watched, of a run that has not settled
_TURNED = 8  # changes of direction among them, of one that wanders


@dataclass(frozen=True, slots=True)
class Attractors:
    """Where runs from `starts` points of a box ended.

    box: (lowest, highest) start of each variable.  updates: of the longest run.
    to_point, left, grew: how many came to the fixed point, left the domain (or had no image), grew
    without bound.  wander: how many go to and fro without a period up to 12; slow: how many are
    still on their way.
    others: cycles and points that runs came to, each with how it is known; met: how many to each.
    """

    starts: int
    box: tuple[tuple[float, float], ...]
    updates: int
    to_point: int
    left: int
    grew: int
    wander: int
    slow: int
    others: tuple[Cycle, ...]
    met: tuple[int, ...]

    def weakened(self, level: Known) -> "Attractors":
        """The same where the numbers of the map are known to a level only."""
        others = tuple(replace(each, known=each.known.weaker(level)) for each in self.others)
        return replace(self, others=others)


def attractors(recurrence: Recurrence, point: Mapping[sp.Symbol, sp.Expr]) -> Attractors:
    """Run the map from many starts about a stable fixed point, and from farther away.

    point: a number for each variable.  The starts are the same each time.
    Raises InputError for a function without a value or an enclosure.
    """
    symbols = [variable.symbol for variable in recurrence.variables]
    target = np.array([float(sp.re(sp.N(point[symbol]))) for symbol in symbols])
    starts, turns = starts_and_updates(recurrence, [point])
    inside = _in_domain(recurrence, starts)
    starts = starts[:, inside]
    count = starts.shape[1]
    low, high = starts.min(axis=1), starts.max(axis=1)
    box = tuple((float(low[i]), float(high[i])) for i in range(len(symbols)))
    limit = _HUGE * (1 + np.abs(starts).max() + np.abs(target).max())
    lost = {"left": 0, "grew": 0, "came": 0}
    image = _image(recurrence)
    here, done, ends = starts, 0, np.zeros((recurrence.size, 0))
    for more in (turns, _MORE * turns):
        here = _followed(recurrence, image, here, (more, limit, target), lost)
        done += more
        settled = _settled(image, here)
        ends = np.concatenate([ends, here[:, settled]], axis=1)
        here = here[:, ~settled]
        if not here.shape[1]:
            break
    others, met, unproved = _distinct(recurrence, ends)
    wander = _wander(image, here)
    return Attractors(
        starts=count,
        box=box,
        updates=done,
        to_point=lost["came"],
        left=lost["left"],
        grew=lost["grew"],
        wander=wander,
        slow=here.shape[1] - wander + unproved,
        others=tuple(others),
        met=tuple(met),
    )


def _image(recurrence: Recurrence) -> Image:
    """One update of points in columns, compiled."""
    lines = [
        (line.places, line.repeat, over_points(line.values, recurrence.state, NO_DATA))
        for line in recurrence.lines
    ]

    def image(points: Array) -> Array:
        here = list(points)
        for _ in range(recurrence.sweeps):
            for places, repeat, values in lines:
                for _ in range(repeat):
                    for place, new in zip(places, values(here), strict=True):
                        here[place] = new
        return np.array(here)

    return image


def _in_domain(recurrence: Recurrence, points: Array) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = np.ones(points.shape[1], dtype=bool)
    for row, variable in zip(points, recurrence.variables, strict=False):
        where = variable.domain
        low, high = float(sp.N(where.lower)), float(sp.N(where.upper))
        inside &= (row >= low) if where.lower_closed else (row > low)
        inside &= (row <= high) if where.upper_closed else (row < high)
    return inside


def _followed(
    recurrence: Recurrence,
    image: Image,
    here: Array,
    how: tuple[int, float, Array],
    lost: dict[str, int],
) -> Array:
    """Where updates bring the points; those that left, grew or came are counted and dropped.

    how: updates, the size beyond which a run has grown, the point.
    """
    turns, limit, target = how
    with np.errstate(all="ignore"):
        for k in range(turns):
            if not here.shape[1]:
                break
            here = image(here)
            size = np.abs(here).max(axis=0)
            huge = size > limit  # False for what is no number
            inside = _in_domain(recurrence, here) & np.isfinite(size)
            keep = inside & ~huge
            lost["grew"] += int(huge.sum())
            lost["left"] += int((~keep & ~huge).sum())
            if k % _EVERY == _EVERY - 1 or k == turns - 1:
                near = keep & _is_near(here[: len(target)], target)
                lost["came"] += int(near.sum())
                keep &= ~near
            if not keep.all():
                here = here[:, keep]
    return here


def _is_near(points: Array, target: Array) -> NDArray[np.bool_]:
    scale = 1e-3 * (np.abs(target).max() or 1.0) + np.abs(target)
    near: NDArray[np.bool_] = np.all(
        np.abs(points - target[:, None]) <= _THERE * scale[:, None], axis=0
    )
    return near


def _settled(image: Image, here: Array) -> NDArray[np.bool_]:
    """Which runs are back where they were after at most so many updates."""
    found, there = np.zeros(here.shape[1], dtype=bool), here
    with np.errstate(all="ignore"):
        for _ in range(_LONGEST):
            there = image(there)
            scale = np.abs(here) + 1e-3 * np.abs(here).max(axis=0)
            found |= np.all(np.abs(there - here) <= _AGAIN * scale, axis=0)
    return found


def _wander(image: Image, here: Array) -> int:
    """How many runs change direction again and again."""
    turned = np.zeros(here.shape)
    before = np.zeros(here.shape)
    with np.errstate(all="ignore"):
        for _ in range(_TURNS):
            there = image(here)
            move = np.sign(there - here)
            turned += move * before < 0
            here, before = there, move
    return int((turned.max(axis=0, initial=0) >= _TURNED).sum())


def _distinct(recurrence: Recurrence, ends: Array) -> tuple[list[Cycle], list[int], int]:
    """(cycles that are proved and attract, how many runs came to each, how many to none)."""
    found: list[Cycle] = []
    met: list[int] = []
    unproved = 0
    for end in ends.T:
        place = next((i for i, each in enumerate(found) if _is_on(recurrence, each, end)), None)
        if place is not None:
            met[place] += 1
            continue
        cycle = _proved(recurrence, end)
        if cycle is None or cycle.verdict is Verdict.UNSTABLE:  # stood on a point that repels
            unproved += 1
        else:
            found.append(cycle)
            met.append(1)
    return found, met, unproved


def _is_on(recurrence: Recurrence, cycle: Cycle, end: Array) -> bool:
    for point in cycle.points:
        values = [float(sp.re(point[variable.symbol])) for variable in recurrence.variables]
        scale = [1e-6 * (abs(v) + 1e-3 * max(map(abs, values))) for v in values]
        if all(abs(e - v) <= s for e, v, s in zip(end, values, scale, strict=False)):
            return True
    return False


def _proved(recurrence: Recurrence, end: Array) -> Cycle | None:
    """The cycle of least period that a run ended on, if balls isolate it inside the domain."""
    for period in range(1, _LONGEST + 1):
        try:
            here = enclosed(recurrence, period, [float(value) for value in end])
        except NotIsolated:
            return None
        if here is None or not has_least_period(here):
            continue
        if not is_inside(recurrence.variables, here.orbit):
            continue
        found = cycle_of(recurrence, here)
        if found.points and _is_on(recurrence, found, end):
            return found
    return None
