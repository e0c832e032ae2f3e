"""Doubt the estimates that the data set: ends of the support, and intervals of optima."""

from collections.abc import Iterator
from dataclasses import replace

import mpmath
import sympy as sp

from symmle.known import Known
from symmle.tree_value import tree_value
from symmle.verify.case import DIGITS, Case, Check, raw_average
from symmle.verify.estimator import estimate_on

Theta = dict[sp.Symbol, mpmath.mpf]

_TINY = mpmath.mpf(10) ** -40
_ROUNDING = mpmath.mpf(10) ** (8 - DIGITS)


def check_ends(doubted: Case) -> Check | None:
    """A pinned parameter cannot move on without losing a row, and moving back lowers the average.

    Of an interval of optima both ends are as high as the estimate, and beyond them it is lower.
    """
    estimator = doubted.estimator
    if estimator.follows_score or not estimator.complete:
        return None
    claim = "the data set " + ", ".join(
        str(s) for s in doubted.model.symbols if s in {*estimator.pinned, *estimator.optima}
    )
    road = "the plain average and the support about the estimate, with 7 and 6 rows"
    with mpmath.workdps(DIGITS):
        for rows in (len(next(iter(doubted.columns.values()))), 6):
            table = {symbol: column[:rows] for symbol, column in doubted.columns.items()}
            for fault in _faults(replace(doubted, columns=table)):
                return Check(claim, road, Known.CHECKED, False, fault)
    return Check(claim, road, Known.CHECKED, True)


def _faults(doubted: Case) -> Iterator[str]:
    """What contradicts the claim, in words."""
    theta = estimate_on(doubted)
    if theta is None:
        return  # the condition for an estimate, doubted elsewhere, does not hold on these rows
    if not is_inside(doubted, theta):
        yield "a row lies outside the support at the estimate"
        return
    top = _height(doubted, theta)
    optima = doubted.estimator.optima
    for symbol in doubted.estimator.pinned:
        if symbol not in optima:
            yield from _loose(doubted, theta, symbol, top)
    for symbol, ends in optima.items():
        for end, way in zip(ends, (-1, 1), strict=True):
            place = doubted.value(end, {})
            at = theta | {symbol: place}
            beyond = theta | {symbol: place + way * _TINY}
            if abs(_height(doubted, at) - top) > _ROUNDING * (1 + abs(top)):
                yield f"the average at {symbol} = {mpmath.nstr(place, 8)} is another"
            if is_inside(doubted, beyond) and not _height(doubted, beyond) < top:
                yield f"the average does not fall beyond {symbol} = {mpmath.nstr(place, 8)}"


def _loose(doubted: Case, theta: Theta, symbol: sp.Symbol, top: mpmath.mpf) -> Iterator[str]:
    steps = [_TINY, *(mpmath.mpf(2) ** k for k in range(-12, 7, 3))]
    stopped = False
    for way in (-1, 1):
        for step in steps:
            moved = theta | {symbol: theta[symbol] + way * step * (1 + abs(theta[symbol]))}
            if not is_inside(doubted, moved):
                stopped = stopped or step == _TINY
                break
            if not _height(doubted, moved) < top:
                yield f"the average is no smaller at {symbol} = {mpmath.nstr(moved[symbol], 8)}"
                return
    if not stopped:
        yield f"{symbol} can move on without losing a row"


def is_inside(doubted: Case, theta: Theta) -> bool:
    """Whether every row lies in the support at a point, its ends counted in, and theta inside."""
    slack = _ROUNDING
    for variable in doubted.model.data:
        where = variable.domain
        rows = doubted.columns[variable.symbol]
        low = -mpmath.inf if where.lower.is_infinite else tree_value(where.lower, theta)
        high = mpmath.inf if where.upper.is_infinite else tree_value(where.upper, theta)
        if min(rows) < low - slack * (1 + abs(min(rows))):
            return False
        if max(rows) > high + slack * (1 + abs(max(rows))):
            return False
    return all(
        parameter.domain.at(theta).contains(sp.Float(theta[parameter.symbol], DIGITS)) is not False
        for parameter in doubted.model.parameters
    )


def _height(doubted: Case, theta: Theta) -> mpmath.mpf:
    return raw_average(doubted)(*(theta[s] for s in doubted.model.symbols))
