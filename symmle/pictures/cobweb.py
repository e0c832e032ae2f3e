"""A map of one variable and a run of it, as a cobweb."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symmle.diagnosis import Case
from symmle.diagnosis.compiled import array_map
from symmle.diagnosis.running import Floats, Stop
from symmle.errors import InputError
from symmle.pictures.paths import path_of, size_of
from symmle.pictures.view import Window, around, near_by
from symmle.schemes import Scheme

_PLACES = 1_000


@dataclass(frozen=True, slots=True)
class Cobweb:
    """x, image: the graph of the map, nan where it is not defined.

    orbit: x0, x1, ... as they were run; stop: why it ended.  targets: fixed points.
    step: None for an explicit map.
    """

    model: str
    data: str
    scheme: str
    step: float | None
    name: str
    window: Window
    x: Floats
    image: Floats
    orbit: Floats
    stop: Stop
    targets: tuple[float, ...]


def cobweb(
    case: Case,
    scheme: Scheme,
    step: sp.Expr,
    start: Mapping[sp.Symbol, float],
    count: int,
    window: Window | None,
    data: str,
) -> Cobweb:
    """So many updates of a map of one variable, from a start.

    Raises InputError for several variables, and for a rule that remembers its last move, whose
    map has two.
    """
    if len(case.variables) != 1:
        raise InputError(
            f"a cobweb is of one variable, and {case.name} has {len(case.variables)}; "
            "hold the others with --fix, or draw `trajectory`"
        )
    letter = sp.Symbol("step_of_the_map", positive=True)
    moved = array_map(case.written(scheme, letter), case.columns, (letter,))
    if len(moved.state) > 2:
        raise InputError(
            f"{scheme.name} remembers its last move, so its map is not of one variable"
        )
    (variable,) = case.variables
    path = path_of(case, scheme, step, start, count)
    orbit = path.points[:, 0]
    targets = tuple(float(value) for each in case.targets for value in each.values())
    if window is None:
        marked, units = [float(orbit[0]), *targets], size_of(case)
        near = near_by(np.array(marked)[:, None], path.points, units)[:, 0]
        window = around(marked, near.tolist(), float(units[0]), variable.domain, 1.0)
    x = np.linspace(*window.inner(_PLACES), _PLACES)
    with np.errstate(all="ignore"):
        parts = [
            moved.image([x[i : i + moved.block], np.full(len(x[i : i + moved.block]), float(step))])
            for i in range(0, len(x), moved.block)
        ]
    image = np.concatenate([np.asarray(part[0]) for part in parts])
    return Cobweb(
        case.name,
        data,
        scheme.name,
        None if case.is_map else float(step),
        variable.name,
        window,
        x,
        np.where(np.isfinite(image), image, np.nan),
        orbit,
        path.stop,
        targets,
    )
