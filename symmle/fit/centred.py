"""A search with the covariates about zero, where it comes to nothing far from it.

A density that x enters through a + b*x only is the same at x + c and a - b*c: an intercept takes
up any constant.  Far from zero the two are nearly collinear, and Newton's method creeps.  What is
found here is a point to look at, and no more: it is judged on the data as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from types import ModuleType

import mpmath
import numpy as np
import sympy as sp

from symmle import trial
from symmle.errors import InputError
from symmle.fit.setting import Setting
from symmle.model import Model
from symmle.tree_value import tree_value

_BY = mpmath.mpf("0.375")  # the shift at which the rule is tried
_LINE = (-sp.oo, sp.oo)
_SAME = mpmath.mpf(10) ** -30


@dataclass(frozen=True, slots=True)
class Intercept:
    """The density is the same at column + c and constant - slope*c."""

    column: sp.Symbol
    constant: sp.Symbol
    slope: sp.Symbol


def intercepts(model: Model) -> Iterator[Intercept]:
    """The columns whose shift an intercept takes up, as a few points show; no proof."""
    real = [p.symbol for p in model.parameters if (p.domain.lower, p.domain.upper) == _LINE]
    with mpmath.workdps(50):
        columns = trial.sample(model)
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        here = [{**row, **point} for point in trial.points(model) for row in rows[:3]]
        for variable in model.data:
            for constant, slope in permutations(real, 2):
                found = Intercept(variable.symbol, constant, slope)
                if all(_agrees(model, found, each) for each in here):
                    yield found
                    break


def _agrees(model: Model, tried: Intercept, point: dict[sp.Symbol, mpmath.mpf]) -> bool:
    moved = {
        tried.column: point[tried.column] + _BY,
        tried.constant: point[tried.constant] - point[tried.slope] * _BY,
    }
    try:
        first = tree_value(model.log_density, point)
        second = tree_value(model.log_density, point | moved)
    except (InputError, ArithmeticError, ValueError):
        return False
    return bool(abs(first - second) <= _SAME * (1 + abs(first)))


def centred_estimate(setting: Setting, module: ModuleType) -> dict[sp.Symbol, float] | None:
    """The module's estimate on columns about zero, in the parameters of the data as they are."""
    columns = dict(setting.columns)
    moves = list(intercepts(setting.model))
    middles = {each.column: float(np.median(columns[each.column])) for each in moves}
    if not any(middles.values()):
        return None
    for column, middle in middles.items():
        columns[column] = columns[column] - middle
    try:
        found = module.fit(*columns.values(), weights=setting.sample.weights)
    except (ValueError, ArithmeticError):
        return None
    theta = dict(zip(setting.model.symbols, map(float, found), strict=True))
    for each in moves:
        theta[each.constant] -= theta[each.slope] * middles[each.column]
    return theta
