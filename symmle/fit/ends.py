"""A higher likelihood towards an end of the domain than at any point inside that was found.

An interior maximum, proved or not, is not the estimate where a parameter that runs to an end of
its domain takes the likelihood higher: a skew normal of few observations is highest at the half
normal, at an infinite slant.
Source: Sartori, Bias prevention of maximum likelihood estimates for scalar skew normal and skew t
distributions, J. Statist. Plann. Inference 136 (2006).
"""

import math
from dataclasses import replace

from symmle.estimate import Kind
from symmle.fit.chart import charts
from symmle.fit.climb import Surface, Top
from symmle.fit.limits import (
    RunOff,
    climbed,
    end_name,
    first_value,
    rounded,
    run_off_exactly,
    ways_out,
)
from symmle.fit.locate import Located, not_far_off, plain_point
from symmle.fit.record import Fit, Maximum, Status
from symmle.fit.set_by_data import path_from
from symmle.fit.setting import Setting
from symmle.fit.simple_root import is_simple_root
from symmle.fit.statuses import told

_ABOVE = 1e-8  # of the height, by which the end must lie higher
_WELL_ABOVE = 1e-6  # of the height, by which a point on the way must lie higher
_LOOKED_AT = 12  # of the highest points in doubles, that are evaluated at many digits
_LEVEL = 1e-9  # of the height, within which an end is as high
_FAR_OFF = 6.0  # in the coordinate, from a point that knows the data's place and size


def higher_end(asked: Setting, surface: Surface, located: Located) -> Fit | None:
    """The record of a likelihood that is highest towards an end; None where no end is higher.

    Only looked for where nothing proved that there is one stationary point, and where the rows
    are few enough to confirm the height at many digits.
    """
    estimator = asked.estimator
    iterated = estimator.kind in (Kind.REDUCED, Kind.SYSTEM) and estimator.follows_score
    if not iterated or estimator.unique or asked.rows is None or not asked.model.parameters:
        return None
    point = tuple(located.theta.values())
    exact = asked.exact_height(point)
    here = surface.height(point) if exact is None else exact
    start = not_far_off(asked, surface, point)
    found = first_value(lambda: ways_out(asked, surface, start, floor=here))
    followed, met = (None, []) if found is None else found
    ways = (first_value(lambda: run_off_exactly(asked)), followed)
    heights = [(way.height, way) for way in ways if way is not None and way.height is not None]
    height, gone = max(heights, key=lambda each: each[0], default=(-math.inf, None))
    if gone is None or height / asked.n <= here + _ABOVE * (1 + abs(here)):
        return _higher_on_the_way(asked, located, here, met)
    tops = [Top(point, here, True, 0), *located.others]
    maxima = _maxima(asked, surface, [top for top in tops if _is_lower(asked, top, gone)])
    sentence = f"the likelihood is not highest inside: {gone.sentence}"
    if maxima:
        sentence += f", and the highest maximum inside has {maxima[0].log_likelihood:.7g}"
    return replace(told(asked, sentence, gone), maxima=maxima)


def _higher_on_the_way(asked: Setting, located: Located, here: float, met: list[Top]) -> Fit | None:
    """The record of a point higher than the maximum found, where its way came to no limit.

    None where the likelihood is known to have no bound: the maximum is then told as a local one.
    """
    margin = _WELL_ABOVE * (1 + abs(here))
    doubles = sorted(met, key=lambda top: -top.height)[:_LOOKED_AT]
    exact = [(asked.exact_height(top.point), top) for top in doubles if top.height > here + margin]
    higher = [(each, top) for each, top in exact if each is not None and each > here + margin]
    if not higher:
        return None
    names = [symbol.name for symbol in asked.model.symbols]
    found = dict(zip(names, located.theta.values(), strict=True))
    if path_from(asked, found) is not None:
        return None
    height, top = max(higher, key=lambda each: each[0])
    place = ", ".join(f"{name} = {v:.4g}" for name, v in zip(names, top.point, strict=True))
    message = (
        f"the highest maximum found has the log-likelihood {asked.n * here:.7g}, and at {place}, "
        f"on the way to an end of the domain, it is {asked.n * height:.7g}; no maximum and no "
        "limit was reached there; hold a parameter with --fix"
    )
    inside = Maximum(found, asked.n * here, "local maximum")
    return replace(asked.without(Status.NOT_CONVERGED, message), maxima=(inside,))


def level_end(asked: Setting, surface: Surface, located: Located) -> Fit | None:
    """The record of an end that is as high as a point without curvature; None without such.

    The search for a likelihood that rises towards an end stops where doubles see no rise, and the
    curvature is lost there: the distance of a Rice density at 1e-4, the tail of a Burr at 1e14.
    """
    point = tuple(located.theta.values())
    if asked.spans_much or asked.rows is None:
        return None
    plain, here = plain_point(asked), surface.height(point)
    chart_of = charts(asked.model, located.theta)
    lost = ""
    for i, parameter in enumerate(asked.model.parameters):
        far = chart_of[i].coordinate(point[i]) - chart_of[i].coordinate(plain[i])
        if not abs(far) > _FAR_OFF:
            continue
        if abs(far) > 2 * _FAR_OFF:
            lost = f"the search went as far as {parameter.name} = {point[i]:.3g}"
        side, where = (1, parameter.domain.upper) if far > 0 else (-1, parameter.domain.lower)
        tops = climbed(surface, point, chart_of, i, side)
        exact = asked.exact_height(tops[-1].point) if tops else None
        if exact is not None and abs(exact - here) <= _LEVEL * (1 + abs(here)):
            height = rounded(asked.n * exact)
            gone = RunOff(parameter.name, end_name(where), height, tops[-1].point)
            return told(asked, f"the likelihood has no maximum inside: {gone.sentence}", gone)
    if not lost:
        return None
    message = f"{lost}, where the likelihood is level: no maximum, and no end, was told apart there"
    return asked.without(Status.NOT_CONVERGED, message)


def _is_lower(asked: Setting, top: Top, gone: RunOff) -> bool:
    """Whether a point is lower than an end, and as high as doubles say."""
    exact = asked.exact_height(top.point)
    if exact is None or gone.height is None:
        return False
    unit = _ABOVE * (1 + abs(exact))
    return abs(exact - top.height) <= unit and asked.n * exact < gone.height


def _maxima(asked: Setting, surface: Surface, tops: list[Top]) -> tuple[Maximum, ...]:
    names = [symbol.name for symbol in asked.model.symbols]
    every = range(len(names))
    return tuple(
        Maximum(dict(zip(names, top.point, strict=True)), asked.n * top.height, "local maximum")
        for top in sorted(tops, key=lambda top: -top.height)
        if is_simple_root(surface, top.point, every)
    )
