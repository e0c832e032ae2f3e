"""Where runs from many starts end: at a target, on a cycle, past a domain's end, or nowhere yet."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from symmle.diagnosis.compiled import ArrayMap, inside
from symmle.diagnosis.running import Floats

NEAR = 1e-6  # units from a target that attracts, at which a run is taken to converge
_EVERY = 4  # updates between looks at the targets
PERIODS = 16
_LOOKS = (128, 512, 2_048)  # updates after which cycles are looked for, and at the end
_STEADY = 2e-4  # by how much of itself a cycle's shorter gap may have changed by then
_LATER = 200  # updates after which a cycle must still be there
_ALIKE = 1e-6  # of the size of a cycle, by which its returns may differ
_CLEAR = 1e-2  # of its size: by how much a cycle's shorter returns differ
_SMALLEST = 1e-4  # units: what moves less is slow, and no cycle

Bounds = Sequence[tuple[float, float, bool, bool]]

UNDECIDED, LEAVES, DIVERGES = 0, -1, -2
CYCLES = -10  # a cycle of period p is CYCLES - p; target i is i + 1


def fates(
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
    codes[~begun] = LEAVES
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
            cycles = cycles_of(moved, here, size, units)
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
    return np.where(past & finite, LEAVES, DIVERGES).astype(np.int16)


def _arrived(
    points: Sequence[Floats], targets: Sequence[Floats], units: Floats
) -> NDArray[np.int16]:
    found = np.zeros(len(points[0]), dtype=np.int16)
    for i, target in enumerate(targets):
        near = np.ones(len(found), dtype=bool)
        for values, value, unit in zip(points, target, units, strict=True):
            near &= np.abs(values - value) < NEAR * unit
        found[near] = i + 1
    return found


def cycles_of(moved: ArrayMap, here: list[Floats], size: int, units: Floats) -> NDArray[np.int16]:
    """The code of each run that is on a cycle; 0 for the others.

    It returns, does so again later, and its shorter returns do not shrink: a run that passes by a
    repelling cycle, or that nears one of half the period slowly, from both sides, is on none.
    """
    found, gap = _returns(moved, here, size, units)
    for code in set(found.tolist()) - {0}:
        some, period = found == code, CYCLES - code
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
    for _ in range(PERIODS):
        here = moved.image(here)
        points.append(np.array(here[:size]) / units[:, None])
    gaps = np.max(np.abs(np.array(points[1:]) - points[0]), axis=1)
    width = np.max(gaps, axis=0)
    found, gap = np.zeros(len(width), dtype=np.int16), np.zeros(len(width))
    for period in range(2, PERIODS + 1):
        returns = (gaps[period - 1] <= _ALIKE * width) & (width > _SMALLEST) & (found == 0)
        shorter = np.min([gaps[q - 1] for q in range(1, period) if period % q == 0], axis=0)
        returns &= shorter > _CLEAR * width
        found[returns], gap[returns] = CYCLES - period, shorter[returns]
    return found, gap
