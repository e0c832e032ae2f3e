"""What `plot --json` tells of a picture: the numbers that matter, and none of its pixels."""

import math
from collections.abc import Mapping

import numpy as np

from symmle.diagnosis.running import Floats
from symmle.pictures.basin import Basin
from symmle.pictures.bifurcation import Bifurcation
from symmle.pictures.cobweb import Cobweb
from symmle.pictures.convergence import Convergence
from symmle.pictures.paths import Path, Trajectory
from symmle.pictures.radius import Radius
from symmle.pictures.view import Window
from symmle.report.encoding import Object, Value

Picture = Trajectory | Radius | Bifurcation | Basin | Cobweb | Convergence

_MOST_CHANGES = 60


def picture_json(found: Picture) -> Object:
    """The summary of any picture; what is not finite is null."""
    match found:
        case Trajectory():
            return _trajectory(found)
        case Radius():
            return _radius(found)
        case Bifurcation():
            return _bifurcation(found)
        case Basin():
            return _basin(found)
        case Cobweb():
            return _cobweb(found)
        case Convergence():
            return _convergence(found)


def _trajectory(found: Trajectory) -> Object:
    return {
        "model": found.model,
        "data": found.data or None,
        "range": _range(found.names, found.window),
        "start": _point(found.names, found.paths[0].points[0]),
        "targets": [_point(found.names, np.array(each)) for each in found.targets],
        "best": _finite(found.top) if found.levels else None,
        "contours": [*found.levels],
        "paths": [_path(each, found.names) for each in found.paths],
        "out_of_view": [
            {"scheme": scheme, "iteration": update, "name": name, "value": _finite(value)}
            for scheme, update, name, value in found.beyond
        ],
    }


def _radius(found: Radius) -> Object:
    return {
        "model": found.model,
        "where": found.where,
        "range": {found.step_name: [float(found.steps[0]), float(found.steps[-1])]},
        "schemes": [
            {
                "name": each.scheme,
                "ends": [{"step": end, "event": event or None} for end, event in each.ends],
                "stable_steps": None
                if each.intervals is None
                else [[float(i.lower), _finite(float(i.upper))] for i in each.intervals],
                "best_step": each.best[0] if each.best else None,
                "rate": each.best[1] if each.best else None,
                "known": each.known,
            }
            for each in found.curves
        ],
    }


def _bifurcation(found: Bifurcation) -> Object:
    changes = found.changes
    return {
        "model": found.model,
        "data": found.data or None,
        "scheme": found.scheme,
        "over": found.over,
        "range": {found.over: [float(found.values[0]), float(found.values[-1])]},
        "values": len(found.values),
        "settling": found.settling,
        "kept": found.points.shape[2],
        "starts": [*found.starts],
        "ends": [{"value": end, "event": event or None} for end, event in found.ends],
        "periods": [
            {"from": low, "to": high, "period": None if period < 1 else period}
            | ({"outcome": "leaves_domain"} if period < 0 else {})
            for low, high, period in changes[:_MOST_CHANGES]
        ],
        "periods_left_out": max(0, len(changes) - _MOST_CHANGES),
    }


def _basin(found: Basin) -> Object:
    return {
        "model": found.model,
        "data": found.data or None,
        "scheme": found.scheme,
        "step": found.step,
        "range": _range(found.names, found.window),
        "held": _plain(found.held),
        "starts": [len(found.x), len(found.y)],
        "iterations": found.updates,
        "kinds": [
            {
                "outcome": each.end.value,
                "share": each.share,
                "period": each.period or None,
                "target": [*each.target] if each.target else None,
            }
            for each in found.kinds
        ],
    }


def _cobweb(found: Cobweb) -> Object:
    return {
        "model": found.model,
        "data": found.data or None,
        "scheme": found.scheme,
        "step": found.step,
        "range": {found.name: [found.window.low, found.window.high]},
        "start": {found.name: float(found.orbit[0])},
        "iterations": len(found.orbit) - 1,
        "final": {found.name: _finite(float(found.orbit[-1]))},
        "ended": found.stop.value,
        "targets": [{found.name: each} for each in found.targets],
    }


def _convergence(found: Convergence) -> Object:
    return {
        "model": found.model,
        "data": found.data or None,
        "start": _plain(found.start),
        "target": _plain(found.target),
        "units": _plain(found.units),
        "schemes": [
            {
                "name": each.path.scheme,
                "step": each.path.step,
                "iterations": each.path.updates,
                "ended": each.path.stop.value,
                "last_distance": _finite(float(each.distances[-1])),
                "predicted_rate": each.predicted_rate,
                "observed_rate": each.observed_rate,
            }
            for each in found.descents
        ],
    }


def _path(found: Path, names: tuple[str, ...]) -> Object:
    return {
        "scheme": found.scheme,
        "step": found.step,
        "iterations": found.updates,
        "ended": found.stop.value,
        "final": _point(names, found.points[-1]),
    }


def _range(names: tuple[str, ...], window: tuple[Window, ...]) -> Object:
    return {name: [each.low, each.high] for name, each in zip(names, window, strict=True)}


def _point(names: tuple[str, ...], point: Floats) -> Object:
    return {name: _finite(float(value)) for name, value in zip(names, point, strict=True)}


def _plain(numbers: Mapping[str, float]) -> Object:
    return {name: _finite(value) for name, value in numbers.items()}


def _finite(value: float) -> Value:
    return value if math.isfinite(value) else None
