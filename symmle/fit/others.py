"""Every maximum, where it is asked for: the search of a box in place of a few climbs."""

from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from symmle.estimate import Kind
from symmle.fit.climb import Point, Top
from symmle.fit.locate import Located
from symmle.fit.setting import Setting

if TYPE_CHECKING:
    from symmle.fit.every_maximum import Stationary

_SAME = 1e-5  # relative distance of a climb's end from the proved maximum that it is


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
        return located, f"every maximum cannot be enclosed here: {_why_not(asked)}"
    symbols = asked.model.symbols
    total = float(sum(asked.counts))
    tops = [
        Top(tuple(_number(p, s) for s in symbols), p.log_likelihood / total, True, 0)
        for p in found.points
        if p.kind == "maximum"
    ]
    if not found.whole:
        return _with_those(asked, located, tops), found.road
    if not tops:
        return located, found.road
    best, *others = tops
    theta = dict(zip(symbols, best.point, strict=True))
    return replace(located, theta=theta, others=tuple(others), searched=0), found.road


def _with_those(asked: Setting, located: Located, tops: list[Top]) -> Located:
    """What the climbs found with what a search of a part of the domain did: none is dropped."""
    here = tuple(located.theta.values())
    height = asked.exact_height(here)
    if height is None:
        return located
    for top in (Top(here, float(height), True, 0), *located.others):
        if not any(_is_same(top.point, other.point) for other in tops):
            tops = [*tops, top]
    best, *others = sorted(tops, key=lambda top: -top.height)
    theta = dict(zip(asked.model.symbols, best.point, strict=True))
    return replace(located, theta=theta, others=tuple(others))


def _is_same(one: Point, other: Point) -> bool:
    return all(
        abs(a - b) <= _SAME * max(abs(a), abs(b), _SAME) for a, b in zip(one, other, strict=True)
    )


def _why_not(asked: Setting) -> str:
    """Why no search was made."""
    if not asked.derivation.smooth:
        return "the log-density has kinks in its parameters"
    if len(asked.model.symbols) > 2:
        return "there are more than two parameters, and they do not all follow from one of them"
    return "a function of the density has no enclosure in ball arithmetic, or a domain moves"


def _number(point: "Stationary", symbol: sp.Symbol) -> float:
    """The estimate as a double: zero where zero lies within the radius, for symmetric data."""
    value = float(point.estimate[symbol])
    return 0.0 if abs(value) <= point.radius[symbol] else value
