"""Find the maximum: the generated module's answer, and a look around for a higher one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, product
from types import ModuleType

import numpy as np
import sympy as sp

from symmle.codegen.invariance import invariance
from symmle.estimate import Kind
from symmle.fit.centred import centred_estimate
from symmle.fit.chart import Chart, between_moving_ends, charts
from symmle.fit.climb import ModuleSurface, Point, Surface, Top, climb
from symmle.fit.record import Searched
from symmle.fit.setting import DIGITS, Setting
from symmle.fit.simple_root import is_simple_root

_MOST_CLIMBS = 24
_MOST_ROWS = 20_000  # passed over by a climb from elsewhere
_SHAPES = (0.1, -0.1, 0.5, -0.5)
_MOST_GUESSES = 256
_BEST = 4  # guesses that are climbed from
_SAME = 1e-6  # in units of the coordinate, within which two tops are one
_ROUNDING = 1e-14  # of the size of equal values, which their standard deviation may come to
_LOST = 1e-9  # of a value, by which a closed form in doubles may be off
_NOTHING = 1e-6  # a gain in the average log-likelihood that is none
_EQUAL = 1e-10  # relative difference of heights that are equal
_FAR_OFF = 6.0  # in a coordinate of log or logit, from a point that knows the data's place and size


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """theta: by symbol.  others: tops elsewhere, the highest first.  searched: from how many
    other starts; 0 where there is but one top, or the data are too many.  said: what a search for
    a whole number found; ties: whole numbers that are equally likely.  on_kink: parameters that
    sit where the log-density has a kink.  search: what is known of all stationary points."""

    theta: Mapping[sp.Symbol, float]
    iterations: int
    others: tuple[Top, ...] = ()
    searched: int = 0
    said: str = ""
    ties: tuple[int, ...] = ()
    on_kink: tuple[sp.Symbol, ...] = ()
    search: Searched | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """What the module said instead of an estimate, and where a search may begin.

    best: the highest point that was reached, if any.
    """

    reason: str
    start: Point | None
    best: Point | None = None


def surface_of(setting: Setting, module: ModuleType) -> ModuleSurface:
    """The average log-likelihood on these data; ValueError where a statistic overflows."""
    data = module.statistics(*setting.columns.values(), weights=setting.sample.weights)
    passes = hasattr(data, setting.model.data[0].name)
    return ModuleSurface(module, data, passes, between_moving_ends(setting.model))


def locate(setting: Setting, surface: ModuleSurface) -> Located | Missing:
    """The highest point found."""
    module, columns = surface.module, setting.columns.values()
    symbols = setting.model.symbols
    try:
        found, path = module.fit(*columns, weights=setting.sample.weights, trajectory=True)
        iterations = 0 if setting.estimator.kind is Kind.CLOSED else len(path) - 1
    except (ValueError, ArithmeticError) as error:
        theta = _closed_form(setting) or centred_estimate(setting, module)
        if theta is not None:
            return Located(theta, 0)
        return _around(setting, surface, str(error))
    point = tuple(float(value) for value in found)
    located = Located(_checked(setting, dict(zip(symbols, point, strict=True))), iterations)
    if setting.estimator.unique or not _few_rows(setting) or not all(map(math.isfinite, point)):
        return located
    if setting.estimator.kind not in (Kind.REDUCED, Kind.SYSTEM):
        return located
    return _highest(setting, surface, point, iterations)


def _checked(setting: Setting, theta: dict[sp.Symbol, float]) -> dict[sp.Symbol, float]:
    """The module's closed form, or its value at many digits where doubles lost theirs."""
    exact = _closed_form(setting) or theta
    lost = any(abs(theta[s] - exact[s]) > _LOST * abs(exact[s]) for s in theta)
    return exact if lost else theta


def _closed_form(setting: Setting) -> dict[sp.Symbol, float] | None:
    """A closed form at many digits, where it cancels or overflows in doubles."""
    if setting.estimator.kind is not Kind.CLOSED or setting.rows is None:
        return None
    values, digits = setting.estimator.values, DIGITS + 4 * setting.decades
    try:
        theta = {s: float(setting.value(values[s], {}, digits)) for s in setting.model.symbols}
        chart_of = charts(setting.model, theta)
    except (ArithmeticError, ValueError, TypeError):
        return None
    inside = all(c.low < v < c.high for c, v in zip(chart_of, theta.values(), strict=True))
    return theta if inside else None  # nearer to an end than doubles tell


def _few_rows(setting: Setting) -> bool:
    return setting.sample.n <= _MOST_ROWS


def _highest(setting: Setting, surface: Surface, point: Point, iterations: int) -> Located:
    """The module's point, or a higher top; and the other maxima met on the way."""
    chart_of = charts(setting.model, dict(zip(setting.model.symbols, point, strict=True)))
    here = Top(point, surface.height(point), True, iterations)
    starts = starts_around(setting, point, chart_of)
    tops = [here]
    for start in starts:
        top = climb(surface, start, chart_of, range(len(point)))
        if top is not None and top.settled and all(_apart(surface, top, t, chart_of) for t in tops):
            tops.append(top)
    best = here
    for top in tops:
        if top.height > best.height + _EQUAL * (1 + abs(best.height)):
            best = top
    theta = dict(zip(setting.model.symbols, best.point, strict=True))
    others = sorted((t for t in tops if t is not best), key=lambda t: -t.height)
    others = [
        t
        for t in others
        if _is_reached(surface, t.point) and is_simple_root(surface, t.point, range(len(point)))
    ]
    return Located(theta, iterations + best.steps * (best is not here), tuple(others), len(starts))


def _is_reached(surface: Surface, point: Point) -> bool:
    """Whether Newton's step has nothing more to gain, in units of the log-likelihood.

    A climb ends where a gain is lost in the rounding of the height, which at 1e75 is 1e59.
    """
    with np.errstate(all="ignore"):
        try:
            slope, bend = surface.slope(point), surface.bend(point)
            gain = float(slope @ np.linalg.solve(-bend, slope))
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return False
    return abs(gain) <= _NOTHING


def _apart(surface: Surface, top: Top, other: Top, chart_of: tuple[Chart, ...]) -> bool:
    """Whether two tops are different points: neither alike, nor alike for the curvature there."""
    widths = np.sqrt(np.abs(np.diag(surface.bend(top.point)))).tolist()
    return any(
        c.apart(a, b) > _SAME * (1 + abs(c.coordinate(a))) and not abs(a - b) * width <= _SAME
        for c, a, b, width in zip(chart_of, top.point, other.point, widths, strict=True)
    )


def is_as_high(top: Top, height: float) -> bool:
    """Whether a top is as high as another, within rounding."""
    return abs(top.height - height) <= _EQUAL * (1 + abs(height))


def starts_around(setting: Setting, point: Point, chart_of: tuple[Chart, ...]) -> list[Point]:
    """Points around: what moves with the data at their quantiles, the rest smaller and larger."""
    values = np.concatenate([np.asarray(column) for column in setting.columns.values()])
    shift = invariance(setting.model).shift or (0,) * len(point)
    spread = float(np.std(values)) or 1.0
    choices: list[list[float]] = []
    for i, (chart, value) in enumerate(zip(chart_of, point, strict=True)):
        bent = math.isfinite(chart.low) or math.isfinite(chart.high)
        if shift[i]:
            choices.append([value, *np.quantile(values, (0, 0.05, 0.3, 0.7, 0.95, 1)).tolist()])
        elif bent:
            at = chart.coordinate(value)
            choices.append([value, chart.value(at - 2), chart.value(at + 2)])
        else:
            step = abs(value) + (spread if setting.columns else 1.0)
            choices.append([value, value - step, value + step])
    found = [each for each in product(*choices) if each != point]
    kept = found[:: max(1, -(-len(found) // _MOST_CLIMBS))]
    return [
        each
        for each in kept
        if all(c.low < value < c.high for c, value in zip(chart_of, each, strict=True))
    ]


def _around(setting: Setting, surface: Surface, reason: str) -> Located | Missing:
    """A climb from a plain start, where the module's own search came to nothing."""
    symbols = setting.model.symbols
    if setting.estimator.kind not in (Kind.REDUCED, Kind.SYSTEM):
        return Missing(reason, None)
    try:
        guess = plain_point(setting)
    except OverflowError:
        return Missing(reason, None)
    guesses = _guesses(setting, surface, guess)
    if not guesses:
        return Missing(reason, None)
    if not _few_rows(setting) or setting.estimator.kind is Kind.REDUCED:
        return Missing(reason, guesses[0])
    tops: list[Top] = []
    around = charts(setting.model, dict(zip(symbols, guesses[0], strict=True)))
    # where parameters can change places, a point that has them equal leads to no top
    for each in (*guesses, *starts_around(setting, guesses[0], around)):
        chart_of = charts(setting.model, dict(zip(symbols, each, strict=True)))
        best = climb(surface, each, chart_of, range(len(each)))
        if best is not None and best.settled:
            return _highest(setting, surface, best.point, best.steps)
        tops += [] if best is None else [best]
    best = max(tops, key=lambda top: top.height, default=None)
    return Missing(reason, guesses[0], None if best is None else best.point)


def _guesses(setting: Setting, surface: Surface, guess: Point) -> list[Point]:
    """The plain point, or where the density has no value there, points beside it that have one.

    A parameter without an end, that moves with neither the place nor the size of the data, is a
    shape, and a density may be written so that its shape 0 divides by zero.
    """
    moves = invariance(setting.model)
    chart_of = charts(setting.model, dict(zip(setting.model.symbols, guess, strict=True)))
    moved = [
        any(ways and ways[i] for ways in (moves.shift, moves.scale)) for i in range(len(guess))
    ]
    choices = [
        _SHAPES if math.isinf(c.low) and math.isinf(c.high) and not held else (value,)
        for c, held, value in zip(chart_of, moved, guess, strict=True)
    ]
    found = [(surface.height(each), each) for each in islice(product(*choices), _MOST_GUESSES)]
    found.sort(key=lambda each: -each[0])
    plain = [] if math.isinf(surface.height(guess)) else [guess]
    return plain + [point for height, point in found[:_BEST] if not math.isinf(height)]


def plain_point(setting: Setting) -> Point:
    """A point that knows the data's place and size; OverflowError where that is no double."""
    moves = invariance(setting.model)
    values = np.concatenate([np.asarray(column) for column in setting.columns.values()])
    middle, spread = float(np.median(values)), float(np.std(values))
    alike = spread <= _ROUNDING * float(np.max(np.abs(values)))
    size = (0.0 if alike else spread) or float(abs(values[0])) or 1.0
    zero = dict.fromkeys(setting.model.symbols, 1.0)
    point = []
    for i, chart in enumerate(charts(setting.model, zero)):
        if moves.shift and moves.shift[i]:
            point.append(middle)
        elif moves.scale and moves.scale[i] and chart.low == 0:
            point.append(size ** moves.scale[i])
        else:
            point.append(chart.value(0.0))
    return tuple(point)


def not_far_off(setting: Setting, surface: Surface, point: Point) -> Point:
    """The point, or the plain one where a search ran far off: doubles lose their digits there."""
    plain = plain_point(setting)
    chart_of = charts(setting.model, dict(zip(setting.model.symbols, point, strict=True)))
    far = any(
        not (c.low < a < c.high) or abs(c.coordinate(a) - c.coordinate(b)) > _FAR_OFF
        for c, a, b in zip(chart_of, point, plain, strict=True)
        if c.low < b < c.high and (math.isfinite(c.low) or math.isfinite(c.high))
    )
    return plain if far and math.isfinite(surface.height(plain)) else point
