"""Every stationary point, where it is asked for: enclosed in place of a few climbs, or known.

What the derivation proved for every sample needs no search: that there is but one stationary
point, that there is none because the data stop a parameter, or which interval is the maximum.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from symmle.estimate import Estimator, Kind
from symmle.fit.climb import Point, Top
from symmle.fit.highest import is_smooth_inside
from symmle.fit.kinks_on_line import kinks_on_line
from symmle.fit.locate import Located, is_as_high
from symmle.fit.record import Fit, Maximum, Searched
from symmle.fit.setting import Setting
from symmle.fit.turns import in_first_turn, turns
from symmle.fit.verdict import over_the_whole
from symmle.known import Known

if TYPE_CHECKING:
    from symmle.fit.every_maximum import Search, Stationary

_SAME = 1e-5  # relative distance of a climb's end from the proved maximum that it is


def with_every_maximum(asked: Setting, located: Located) -> Located:
    """The highest maximum with all the others, and what was searched."""
    iterated = asked.estimator.kind in (Kind.REDUCED, Kind.SYSTEM)
    if not iterated or asked.estimator.unique or not asked.estimator.follows_score:
        return located
    from symmle.fit.every_maximum import stationary_points  # balls: only where asked for

    if asked.rows is None or asked.counts is None:
        return _declined(located, "the data have too many distinct rows to enclose every maximum")
    periods = turns(asked.model)
    located = replace(located, theta=in_first_turn(located.theta, periods))
    found = stationary_points(asked.derivation, asked.rows, asked.counts, near=located.theta)
    if found is None:
        return _declined(located, f"every maximum cannot be enclosed here: {_why_not(asked)}")
    located = replace(located, search=_searched(asked, found))
    symbols = asked.model.symbols
    total = float(sum(asked.counts))
    tops = [
        Top(tuple(_number(p, s) for s in symbols), p.log_likelihood / total, True, 0)
        for p in found.points
        if p.kind == "maximum"
    ]
    if not found.whole:
        return _with_those(asked, located, tops)
    return replace(_with_tops(asked, located, tops), searched=0) if tops else located


def with_search(asked: Setting, found: Fit, searched: Searched | None) -> Fit:
    """The record with what is known of all stationary points, where it was asked for."""
    told = searched or _beforehand(asked, found)
    if told is None:
        return found
    if told.highest and asked.estimator.unique and asked.estimator.follows_score:
        found = replace(found, message=over_the_whole(told))
    if told.points and not asked.derivation.smooth:
        found = _with_turns(found, told)
    return replace(found, search=told, notes=(*found.notes, told.sentence))


def _with_turns(found: Fit, told: Searched) -> Fit:
    """A fit of a density with kinks, and every place where the likelihood turns."""
    best, *others = (each for each in told.points if each.kind == "maximum")
    here = tuple((found.estimate or {}).values())
    if not here or not _is_same(here, tuple(best.estimate.values())):
        return found
    maxima = tuple(replace(each, kind="local maximum") for each in others)
    first = "the maximum over the whole domain, proved: " if told.highest else ""
    return replace(found, maxima=maxima, message=f"{first}{found.message}")


def _declined(located: Located, why: str) -> Located:
    return replace(located, search=Searched((), False, {}, False, why))


def _searched(asked: Setting, found: "Search") -> Searched:
    points = tuple(
        Maximum(
            {s.name: _number(each, s) for s in asked.model.symbols}, each.log_likelihood, each.kind
        )
        for each in found.points
    )
    box = {s.name: ends for s, ends in found.box.items()} if found.complete else {}
    return Searched(points, found.whole, box, found.highest, found.road)


def _beforehand(asked: Setting, found: Fit) -> Searched | None:
    """What is known without a search; None where that is nothing."""
    estimator = asked.estimator
    domain = {
        p.symbol.name: (float(p.domain.lower), float(p.domain.upper))
        for p in asked.model.parameters
        if p.domain.lower.is_number and p.domain.upper.is_number
    }
    if estimator.pinned and estimator.known is Known.PROVED:
        return Searched((), True, domain, _is_only(estimator, found), _at_the_data(estimator))
    if estimator.pinned:
        return Searched((), False, {}, False, f"nothing is enclosed: {estimator.road}")
    if estimator.optima and found.estimate is not None and estimator.known is Known.PROVED:
        whole = f"{estimator.road}; no other point is a maximum, proved for every sample"
        return Searched((), True, domain, True, f"the whole set of maxima is known: {whole}")
    if estimator.whole:
        names = " and ".join(map(str, estimator.whole))
        return Searched((), False, {}, False, f"{names} is searched for, and nothing is enclosed")
    if not (estimator.unique and estimator.follows_score):
        return _kinked(asked)
    if found.estimate is None or found.log_likelihood is None:
        return None
    point = Maximum(found.estimate, found.log_likelihood, "maximum")
    alone = len(domain) == 1 and is_smooth_inside(asked.derivation)
    highest = alone or bool(estimator.concave_in)
    sentence = (
        "every stationary point in the whole domain is listed: there is no other, proved for every "
        f"sample ({estimator.road})"
    )
    return Searched((point,), True, domain, highest, sentence)


def _is_only(estimator: Estimator, found: Fit) -> bool:
    return found.estimate is not None and bool(estimator.unique)


def _at_the_data(estimator: Estimator) -> str:
    free = [str(s) for s in estimator.values if s not in estimator.pinned]
    rest = ""
    if free and estimator.unique:
        verb = "have" if len(free) > 1 else "has"
        rest = f"; given that, {' and '.join(free)} {verb} one stationary point, a maximum"
    return (
        "there is no stationary point in the whole domain, proved for every sample: "
        f"{estimator.road}{rest}"
    )


def _kinked(asked: Setting) -> Searched | None:
    if asked.derivation.smooth:
        return None
    found = kinks_on_line(asked)
    if found is not None:
        return found
    why = "the log-density has kinks in its parameters, and no ball holds the score across one"
    return Searched((), False, {}, False, f"every maximum cannot be enclosed here: {why}")


def _with_those(asked: Setting, located: Located, tops: list[Top]) -> Located:
    """What the climbs found with what a search of a part of the domain did: none is dropped."""
    here = tuple(located.theta.values())
    height = asked.exact_height(here)
    if height is None:
        return located
    for top in (Top(here, float(height), True, 0), *located.others):
        if not any(_is_same(top.point, other.point) for other in tops):
            tops = [*tops, top]
    return _with_tops(asked, located, tops)


def _with_tops(asked: Setting, located: Located, tops: list[Top]) -> Located:
    """The highest; of those equally high, the one that was found first by a climb."""
    ordered = sorted(tops, key=lambda top: -top.height)
    here = tuple(located.theta.values())
    best = next(
        (t for t in ordered if _is_same(t.point, here) and is_as_high(t, ordered[0].height)),
        ordered[0],
    )
    theta = dict(zip(asked.model.symbols, best.point, strict=True))
    return replace(located, theta=theta, others=tuple(t for t in ordered if t is not best))


def _is_same(one: Point, other: Point) -> bool:
    return all(
        abs(a - b) <= _SAME * max(abs(a), abs(b), _SAME) for a, b in zip(one, other, strict=True)
    )


def _why_not(asked: Setting) -> str:
    """Why no search was made."""
    if not asked.derivation.smooth:
        return "the log-density has kinks in its parameters"
    if len(asked.model.symbols) > 4:
        return "there are more than four parameters, and they do not all follow from one of them"
    return "a function of the density has no enclosure in ball arithmetic, or a domain moves"


def _number(point: "Stationary", symbol: sp.Symbol) -> float:
    """The estimate as a double: zero where zero lies within the radius, for symmetric data."""
    value = float(point.estimate[symbol])
    return 0.0 if abs(value) <= point.radius[symbol] else value
