"""Updates carried out at numbers, all schemes of a model together, from the typed density alone.

The gradient is a difference quotient of the plain average of the log-density over the rows, in
NumPy: nothing that symmle derives is in it.  The point is the zero of that gradient, so a run of
the update comes to rest there to all its digits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.dynamics.array_value import array_value
from symmle.model import Model
from symmle.schemes import Metric, Rule, Scheme

Array = NDArray[np.float64]

NARROW, WIDE = 1e-5, 3e-4  # of a difference quotient, first and second, in units of a parameter
NEAR, HOME, AWAY = 1e-5, 1e-6, 2e-3  # where a run starts and ends, in units
MOST = 3_000  # moves of a block; what has not ended then is judged by its last half
CLEAR = 1.02  # the factor by which a quarter of the run must differ from the one before it


@dataclass(frozen=True, slots=True)
class Ground:
    """The average log-density, and the point about which it is climbed.

    average: of points (parameters, any number) -> that number.  unit: a standard error of one row.
    """

    symbols: tuple[sp.Symbol, ...]
    average: Callable[[Array], Array]
    point: Array
    unit: Array
    left: float  # of the gradient at the point, in units

    def gradient(self, at: Array) -> Array:
        """By differences; at: (parameters, points)."""
        size, count = at.shape
        shifts = NARROW * np.diag(self.unit)
        ahead, behind = (
            self.average((at[:, None, :] + s * shifts[:, :, None]).reshape(size, -1))
            for s in (1, -1)
        )
        return (ahead - behind).reshape(size, count) / (2 * NARROW * self.unit[:, None])

    def hessian(self, at: Array) -> Array:
        """(points, parameters, parameters), by differences of differences."""
        size, count = at.shape
        shifts = WIDE * np.diag(self.unit)
        ahead, behind = (
            self.gradient((at[:, None, :] + s * shifts[:, :, None]).reshape(size, -1))
            for s in (1, -1)
        )
        rows = (ahead - behind).reshape(size, size, count) / (2 * WIDE * self.unit[None, :, None])
        found = np.moveaxis(rows, 2, 0)
        return (found + found.transpose(0, 2, 1)) / 2


def ground(model: Model, rows: Sequence[object], point: Sequence[float]) -> Ground:
    """The top near a point; `left` tells whether there is one.

    point: of what the model is given, and its parameters.
    """
    given = dict(zip((v.symbol for v in model.given), point, strict=False))
    theta = np.array(point[len(given) :])
    table = np.array(rows, dtype=float).reshape(len(rows), -1)
    columns = [v.symbol for v in model.data]
    density = model.log_density.xreplace({s: sp.Float(v, 17) for s, v in given.items()})
    compiled = sp.lambdify([*columns, *model.symbols], density, ["scipy", "numpy"])

    def average(at: Array) -> Array:
        with np.errstate(all="ignore"):
            found = compiled(*(column[:, None] for column in table.T), *at)
            return np.mean(np.broadcast_to(found, (len(table), at.shape[1])), axis=0)

    first = Ground(model.symbols, average, theta, np.maximum(1e-3, np.abs(theta)) / 10, 0.0)
    for _ in range(12):
        bend = first.hessian(first.point[:, None])[0]
        slope = first.gradient(first.point[:, None])[:, 0]
        if not (np.all(np.isfinite(bend)) and np.all(np.isfinite(slope)) and np.all(np.diag(bend))):
            return Ground(model.symbols, average, theta, first.unit, np.inf)
        unit = 1 / np.sqrt(np.abs(np.diag(bend)))
        move = np.linalg.solve(bend, slope)
        there = first.point - np.clip(move, -unit / 4, unit / 4)
        first = Ground(model.symbols, average, there, unit, float(np.max(np.abs(slope * unit))))
    return first


@dataclass(frozen=True, slots=True)
class Run:
    """One run: a scheme, a number for its step, and which way from the point it starts."""

    scheme: Scheme
    step: float
    start: int = 0


def outcomes(
    where: Ground, runs: Sequence[Run], information: sp.Matrix | None = None
) -> list[bool | None]:
    """For each run from beside the point: True if it comes home, False if it goes away.

    A run that has done neither after so many moves is on its way if its largest distance in the
    last quarter is clearly less, or more, than in the quarter before; None where it is not.
    information: for scoring.
    """
    size, count = len(where.point), len(runs)
    sizes = 1 - 0.4 * np.modf(np.arange(size) * 0.618)[0]  # no two alike, and none small
    ways = np.array([sizes * (-1) ** (np.arange(size) * run.start) for run in runs]).T
    at = where.point[:, None] + NEAR * ways * where.unit[:, None]
    memory = np.zeros_like(at)
    masks = [_masks(run.scheme, where.symbols) for run in runs]
    recent, quarters = np.zeros(count), np.zeros((4, count))
    found: list[bool | None] = [None] * count
    alive = np.arange(count)
    for tick in range(MOST):
        slopes = where.gradient(at)
        pull = np.zeros_like(at)
        for k, i in enumerate(alive):
            pull[:, k] = slopes[:, k]
            if runs[i].scheme.metric is not Metric.IDENTITY:
                metric = _metric(where, runs[i].scheme, at[:, k : k + 1], information)
                pull[:, k] = np.linalg.solve(metric, slopes[:, k])
        mask = np.array([masks[i][tick % len(masks[i])] for i in alive]).T
        kept = np.array([_momentum(runs[i].scheme) for i in alive])
        steps = np.array([runs[i].step for i in alive])
        memory = np.where(mask, kept * memory + steps * pull, memory)
        at = np.where(mask, at + memory, at)
        away = np.max(np.abs(at - where.point[:, None]) / where.unit[:, None], axis=0)
        recent = np.maximum(recent, away)
        quarter = quarters[4 * tick // MOST]
        quarter[alive] = np.maximum(quarter[alive], away)
        over = np.array([(tick + 1) % (2 * len(masks[i])) == 0 for i in alive])
        home, gone = over & (recent < HOME), ~(away < AWAY)
        recent = np.where(over, 0.0, recent)
        if np.any(home | gone):
            for k in np.flatnonzero(home | gone):
                found[alive[k]] = bool(home[k])
            stay = ~(home | gone)
            alive, at, memory, recent = alive[stay], at[:, stay], memory[:, stay], recent[stay]
            if not len(alive):
                break
    for i in alive:
        before, last = quarters[2:4, i]
        found[i] = True if last * CLEAR < before else False if last > before * CLEAR else None
    return found


def _masks(scheme: Scheme, symbols: Sequence[sp.Symbol]) -> list[list[bool]]:
    """Which parameters move, move after move of one full update."""
    once = [
        [symbol in block.parameters for symbol in symbols]
        for block in scheme.blocks
        for _ in range(block.repeat)
    ]
    return once * scheme.sweeps


def _momentum(scheme: Scheme) -> float:
    return float(scheme.momentum) if scheme.rule is Rule.HEAVY_BALL else 0.0


def _metric(where: Ground, scheme: Scheme, at: Array, information: sp.Matrix | None) -> Array:
    if scheme.metric is Metric.OBSERVED:
        return -where.hessian(at)[0]
    assert information is not None
    known = dict(zip(where.symbols, at, strict=True))
    return np.array([[array_value(e, known)[0] for e in row] for row in information.tolist()])
