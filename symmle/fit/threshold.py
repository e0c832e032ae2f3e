"""Interior maxima where a parameter moves an end of the support and the likelihood turns.

A threshold lies beyond the data, at a distance that is searched on a log scale: in that
coordinate the domain has no end.  Only densities whose moved ends are parameters themselves are
searched.  Often the likelihood is unbounded as the threshold meets the data (`unbounded`).
Source: Smith, Maximum likelihood estimation in a class of nonregular cases, Biometrika 72 (1985).
"""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import sympy as sp

from symmle.codegen import generate, load
from symmle.errors import SymmleError
from symmle.estimate import Kind
from symmle.estimate.boundary import moved_ends
from symmle.fit.chart import Chart, charts
from symmle.fit.climb import Top, climb
from symmle.fit.judge import judged, reported
from symmle.fit.locate import Located, surface_of
from symmle.fit.record import Fit, Status
from symmle.fit.set_by_data import path_from, with_path
from symmle.fit.setting import Setting

_MOST_STARTS = 36
_MOST_ROWS = 20_000
_DISTANCES = (0.05, 0.5, 3.0)  # of the threshold from the data, in their standard deviations
_TOUCHING = 1e-7  # the same, at which a climb has run into the data
_NOTE = (
    "the standard errors hold only where the density vanishes fast enough at its end: an exponent "
    "above 2 in the distance (Smith 1985)"
)


def threshold_fit(asked: Setting) -> Fit | None:
    """The interior maximum of a density with a free threshold, or that there is only a path.

    None where the model is of another kind, or nothing was found.
    """
    estimator = asked.estimator
    if estimator.kind is not Kind.BOUNDARY or estimator.values or asked.sample.n > _MOST_ROWS:
        return None
    limits = _limits(asked)
    if limits is None:
        return None
    try:
        module = load(generate(asked.derivation, estimator), f"symmle_{asked.model.name}")
        surface = surface_of(asked, module)
    except (SymmleError, ValueError):
        return None
    starts = _starts(asked, limits)
    tops: list[Top] = []
    for start in starts:
        chart_of = _charts(asked, start, limits)
        top = climb(surface, start, chart_of, range(len(start)))
        if top is not None and top.settled and not _touches(asked, top, limits):
            tops.append(top)
    if not tops:
        return _without_top(asked, starts)
    best = max(tops, key=lambda top: top.height)
    theta = dict(zip(asked.model.symbols, best.point, strict=True))
    located = Located(theta, best.steps, (), len(starts))
    found = judged(asked, surface, located)
    if isinstance(found, Fit):
        return _without_top(asked, starts)  # a climb that slowed down on its way out
    record = reported(asked, surface, found, located)
    told = f"an interior maximum, the highest that {len(starts)} starts led to"
    return with_path(asked, replace(record, message=told, notes=(*record.notes, _NOTE)))


def _limits(asked: Setting) -> dict[sp.Symbol, tuple[float, bool]] | None:
    """{threshold: (the observation that it may not pass, whether it lies below)}."""
    found: dict[sp.Symbol, tuple[float, bool]] = {}
    for end in moved_ends(asked.model):
        if end.place not in asked.model.symbols or end.place in found:
            return None
        column = asked.columns[end.column]
        kept = column if asked.sample.weights is None else column[asked.sample.weights > 0]
        found[end.place] = (float(kept.min() if end.lower else kept.max()), end.lower)
    return found


def _spread(asked: Setting) -> float:
    values = np.concatenate([np.asarray(column) for column in asked.columns.values()])
    return float(np.std(values)) or 1.0


def _charts(
    asked: Setting, point: tuple[float, ...], limits: dict[sp.Symbol, tuple[float, bool]]
) -> tuple[Chart, ...]:
    """The model's charts, but for thresholds the distance from the data on a log scale."""
    plain = charts(asked.model, dict(zip(asked.model.symbols, point, strict=True)))
    found = []
    for symbol, chart in zip(asked.model.symbols, plain, strict=True):
        if symbol in limits:
            stop, below = limits[symbol]
            chart = Chart(-math.inf, stop) if below else Chart(stop, math.inf)
        found.append(chart)
    return tuple(found)


def _starts(asked: Setting, limits: dict[sp.Symbol, tuple[float, bool]]) -> list[tuple[float, ...]]:
    size = _spread(asked)
    choices: list[tuple[float, ...]] = []
    for parameter in asked.model.parameters:
        where = parameter.domain
        if parameter.symbol in limits:
            stop, below = limits[parameter.symbol]
            way = -size if below else size
            choices.append(tuple(stop + way * d for d in _DISTANCES))
        elif where.lower == 0 and where.upper == sp.oo:
            choices.append(tuple(dict.fromkeys((size, 1.0, 3.0))))
        elif where.lower.is_number and where.upper.is_number and where.upper.is_finite:
            chart = Chart(float(where.lower), float(where.upper))
            choices.append((chart.value(-1.0), chart.value(1.0)))
        else:
            choices.append((0.0, math.log(size)))
    every = list(product(*choices))
    return every[:: max(1, -(-len(every) // _MOST_STARTS))]


def _touches(asked: Setting, top: Top, limits: dict[sp.Symbol, tuple[float, bool]]) -> bool:
    least = _TOUCHING * _spread(asked)
    point = dict(zip(asked.model.symbols, top.point, strict=True))
    return any(abs(point[symbol] - stop) < least for symbol, (stop, _) in limits.items())


def _without_top(asked: Setting, starts: list[tuple[float, ...]]) -> Fit | None:
    """The answer where every climb ran off: unbounded, if a path is found."""
    here = {s.name: v for s, v in zip(asked.model.symbols, starts[0], strict=True)}
    path = path_from(asked, here)
    if path is None:
        return None
    return asked.without(Status.UNBOUNDED, path.sentence, path=path.sentence)
