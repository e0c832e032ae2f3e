"""A higher likelihood towards an end of the domain than at any point inside that was found.

An interior maximum, proved or not, is not the estimate where a parameter that runs to an end of
its domain takes the likelihood higher: a skew normal of few observations is highest at the half
normal, at an infinite slant.
Source: Sartori, Bias prevention of maximum likelihood estimates for scalar skew normal and skew t
distributions, J. Statist. Plann. Inference 136 (2006).
"""

from dataclasses import replace

import mpmath

from symmle.estimate import Kind
from symmle.fit.climb import Surface, Top
from symmle.fit.limits import RunOff, first_value, run_off_in_doubles
from symmle.fit.locate import Located
from symmle.fit.record import Fit, Maximum
from symmle.fit.setting import Setting
from symmle.fit.simple_root import is_simple_root
from symmle.fit.statuses import told

_ABOVE = 1e-8  # of the height, by which the end must lie higher
_AGREES = 1e-6  # of the height, within which 40 digits must agree with doubles


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
    here = surface.height(point)
    gone = first_value(lambda: run_off_in_doubles(asked, surface, point))
    if gone is None or gone.height is None or not _confirmed(asked, gone):
        return None
    if gone.height / asked.n <= here + _ABOVE * (1 + abs(here)):
        return None
    tops = [Top(point, here, True, 0), *located.others]
    maxima = _maxima(asked, surface, tops)
    sentence = f"the likelihood is not highest inside: {gone.sentence}"
    if maxima:
        sentence += f", and the highest maximum inside has {maxima[0].log_likelihood:.7g}"
    return replace(told(asked, sentence, gone), maxima=maxima)


def _confirmed(asked: Setting, gone: RunOff) -> bool:
    """Whether the height far out is the same at 40 digits."""
    if gone.height is None or gone.point is None:
        return False
    theta = {s: mpmath.mpf(v) for s, v in zip(asked.model.symbols, gone.point, strict=True)}
    try:
        exact = asked.n * float(asked.value(asked.derivation.average_log_likelihood, theta))
    except (ArithmeticError, ValueError, TypeError):
        return False
    return abs(exact - gone.height) <= _AGREES * (1 + abs(exact))


def _maxima(asked: Setting, surface: Surface, tops: list[Top]) -> tuple[Maximum, ...]:
    names = [symbol.name for symbol in asked.model.symbols]
    every = range(len(names))
    return tuple(
        Maximum(dict(zip(names, top.point, strict=True)), asked.n * top.height, "local maximum")
        for top in sorted(tops, key=lambda top: -top.height)
        if is_simple_root(surface, top.point, every)
    )
