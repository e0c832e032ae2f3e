"""Closed forms on the edge of a domain that several parameters have together.

Cell probabilities that sum to one, a covariance matrix without an inverse: every parameter is
inside its own domain, and the point is not inside theirs.  It is approached on a straight line
from a point inside, since such domains are convex.
"""

from collections.abc import Iterator

import mpmath
import sympy as sp

from symmle.domain import Domain
from symmle.estimate import Kind
from symmle.fit.locate import plain_point
from symmle.fit.record import Fit, Status
from symmle.fit.setting import DIGITS, Setting
from symmle.trial import points

_POWERS = (20, 40, 60)  # decimal digits of the distance, as a share of the way
_BOUNDED = 1e-9  # of the height, by which the last step may rise towards a limit


def on_joint_edge(setting: Setting, needed: str) -> Fit | None:
    """The record of a closed form that lies on such an edge; None where it does not.

    needed: what an estimate inside would need.
    """
    if setting.estimator.kind is not Kind.CLOSED or setting.rows is None:
        return None
    with mpmath.workdps(3 * DIGITS):
        place = _closed_form(setting)
        if place is None or not all(
            _is_inside(p.domain, place[p.symbol]) for p in setting.model.parameters
        ):
            return None  # one that left its own domain runs to an end of its own
        for inside in _insides(setting):
            heights = _heights(setting, place, inside)
            if heights:
                return _record(setting, needed, place, heights)
    return None


def _closed_form(setting: Setting) -> dict[sp.Symbol, mpmath.mpf] | None:
    try:
        found = {
            s: setting.value(setting.estimator.values[s], {}, 3 * DIGITS)
            for s in setting.model.symbols
        }
    except (ArithmeticError, ValueError, TypeError, KeyError):
        return None
    return found if all(mpmath.isfinite(value) for value in found.values()) else None


def _is_inside(where: Domain, value: mpmath.mpf) -> bool:
    """Whether a number lies between the fixed ends of a domain, and at none of them."""
    low = not where.lower.is_number or where.lower.is_infinite or value > sp.N(where.lower, DIGITS)
    high = not where.upper.is_number or where.upper.is_infinite or value < sp.N(where.upper, DIGITS)
    return bool(low and high)


def _insides(setting: Setting) -> Iterator[dict[sp.Symbol, mpmath.mpf]]:
    symbols = setting.model.symbols
    yield {s: mpmath.mpf(v) for s, v in zip(symbols, plain_point(setting), strict=True)}
    for point in points(setting.model):
        yield {s: mpmath.mpf(point[s]) for s in symbols}


def _heights(
    setting: Setting,
    place: dict[sp.Symbol, mpmath.mpf],
    inside: dict[sp.Symbol, mpmath.mpf],
) -> list[mpmath.mpf]:
    """The average log-likelihood nearer and nearer to the place; none unless it rises there."""
    heights = []
    for power in _POWERS:
        share = mpmath.mpf(10) ** -power
        point = {s: (1 - share) * place[s] + share * inside[s] for s in place}
        try:
            average = setting.derivation.average_log_likelihood
            heights.append(setting.value(average, point, 3 * DIGITS))
        except (ArithmeticError, ValueError, TypeError):
            return []
    finite = all(mpmath.isfinite(h) and mpmath.im(h) == 0 for h in heights)
    return heights if finite and heights[0] <= heights[1] <= heights[2] else []


def _record(
    setting: Setting,
    needed: str,
    place: dict[sp.Symbol, mpmath.mpf],
    heights: list[mpmath.mpf],
) -> Fit:
    shown = ", ".join(f"{s} = {float(value):.7g}" for s, value in place.items())
    names = ", ".join(str(s) for s in place)
    if heights[2] - heights[1] > _BOUNDED * (1 + abs(heights[2])):
        told = (
            f"{needed}: the likelihood grows without bound towards {shown}, on the edge of the "
            "domain; collect data that vary apart, or hold a parameter with --fix"
        )
        return setting.without(Status.UNBOUNDED, told, (names, shown, None))
    total = float(setting.n * heights[2])
    told = (
        f"{needed}: the likelihood is largest towards {shown}, on the edge of the domain, where "
        f"the log-likelihood approaches {total:.7g}; report these as a limit, or hold one with "
        "--fix"
    )
    return setting.without(Status.BOUNDARY, told, (names, shown, total))
