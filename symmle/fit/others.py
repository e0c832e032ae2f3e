"""Every maximum, where it is asked for: the search of a box in place of a few climbs."""

from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from symmle.estimate import Kind
from symmle.fit.climb import Top
from symmle.fit.locate import Located
from symmle.fit.setting import Setting

if TYPE_CHECKING:
    from symmle.fit.every_maximum import Stationary


def with_every_maximum(asked: Setting, located: Located) -> tuple[Located, str]:
    """(the highest maximum with all the others, what was searched, in a sentence)."""
    iterated = asked.estimator.kind in (Kind.REDUCED, Kind.SYSTEM)
    if not iterated or asked.estimator.unique or not asked.estimator.follows_score:
        return located, ""
    from symmle.fit.every_maximum import stationary_points  # balls: only where asked for

    if asked.rows is None or asked.counts is None:
        return located, "the data have too many distinct rows to enclose every maximum"
    found = stationary_points(asked.derivation, asked.rows, asked.counts, near=located.theta)
    if found is None:
        return (
            located,
            "every maximum cannot be enclosed here: more than two unknowns left, or kinks",
        )
    symbols = asked.model.symbols
    total = float(sum(asked.counts))
    tops = [
        Top(tuple(_number(p, s) for s in symbols), p.log_likelihood / total, True, 0)
        for p in found.points
        if p.kind == "maximum"
    ]
    if not tops:
        return located, found.road
    best, *others = tops
    theta = dict(zip(symbols, best.point, strict=True))
    return replace(located, theta=theta, others=tuple(others), searched=0), found.road


def _number(point: "Stationary", symbol: sp.Symbol) -> float:
    """The estimate as a double: zero where zero lies within the radius, for symmetric data."""
    value = float(point.estimate[symbol])
    return 0.0 if abs(value) <= point.radius[symbol] else value
