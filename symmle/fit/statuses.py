"""Why there is no estimate: decided from the derivation and the data, said in a sentence."""

import math
from collections.abc import Mapping
from functools import partial

import mpmath
import sympy as sp

from symmle.domain import Domain, Variable
from symmle.estimate import Kind
from symmle.fit.chart import charts
from symmle.fit.climb import Point, Surface, climb
from symmle.fit.edge import on_joint_edge
from symmle.fit.limits import (
    RunOff,
    first_value,
    level_everywhere,
    run_off_exactly,
    run_off_in_doubles,
)
from symmle.fit.locate import not_far_off, starts_around
from symmle.fit.record import Fit, Status
from symmle.fit.set_by_data import path_from, way_of
from symmle.fit.setting import DIGITS, Setting
from symmle.known import Known

_HIGHER = 1e-9  # of a log-likelihood, by which a point is higher beyond doubt of rounding
_FLAT = 1e-9  # slope of the average log-likelihood in the log of a parameter
_MOST_ROWS = 2_000  # that several climbs pass over
_LONGEST = 120  # characters of a condition that is shown
_REMEDIES = {
    Status.NO_FINITE_ESTIMATE: "fit the simpler model that this limit is, or hold {} with --fix",
    Status.UNBOUNDED: "collect data that vary, or hold {} with --fix",
    Status.BOUNDARY: "report {} as a limit, or hold it with --fix",
}


def refused(setting: Setting) -> Fit | None:
    """The answer when the derivation already shows that there is no maximum to be found."""
    estimator = setting.estimator
    solved = bool(estimator.values) or bool(estimator.whole)
    if estimator.kind is Kind.NONE or (estimator.kind is Kind.BOUNDARY and not solved):
        return _no_kind(setting)
    if estimator.known is Known.UNKNOWN and not estimator.whole:
        return setting.without(Status.NOT_CONVERGED, _advised(estimator.road))
    if estimator.exists is None or setting.rows is None:
        return None  # with very many rows the module decides, in doubles
    lacking = _lacking(setting)
    return _without_condition(setting, lacking) if lacking else None


def _lacking(setting: Setting) -> str:
    """What an estimate needs and the data do not have; "" where they have it all."""
    conditions = _conditions(setting.estimator.exists)
    missing = next((each for each in conditions if not _holds(each, setting)), None)
    if missing is None:
        return ""
    shown = f"{missing.lhs} != {missing.rhs}" if isinstance(missing, sp.Ne) else str(missing)
    if len(shown) > _LONGEST:
        return "these data lack what an estimate inside the domain needs"
    return f"an estimate inside the domain needs {shown}, and these data do not have that"


def with_end(setting: Setting, surface: Surface, found: Fit, start: Point) -> Fit:
    """The same refusal with the parameter that runs off, where a climb in doubles finds it.

    found: its limit is kept, where it has one that no climb tops.
    start: a point of the domain to follow the likelihood from.
    """
    if math.isinf(surface.height(start)):
        return found
    if found.limit is not None:
        told_before = RunOff(*found.limit)
        if not _is_topped(setting, surface, start, told_before):
            return found
    gone = first_value(lambda: run_off_in_doubles(setting, surface, start))
    if gone is not None:
        return told(setting, f"{_lacking(setting)}: {gone.sentence}", gone)
    if found.limit is None:
        return found
    plain = f"{_lacking(setting)}: a parameter runs to the end of its domain"
    return setting.without(Status.NO_FINITE_ESTIMATE, _advised(plain))


def _advised(road: str) -> str:
    return f"{road}; fix a parameter with --fix, or choose another model"


def _no_kind(setting: Setting) -> Fit:
    """The likelihood has no maximum for any data, or no single one."""
    estimator = setting.estimator
    if estimator.kind is Kind.BOUNDARY:
        return setting.without(Status.BOUNDARY, _advised(estimator.road))
    if estimator.unique is False:
        return setting.without(Status.NOT_IDENTIFIED, _advised(estimator.road))
    return setting.without(Status.NO_FINITE_ESTIMATE, _advised(estimator.road))


def _without_condition(setting: Setting, needed: str) -> Fit:
    """The answer where the data lack what an estimate needs."""
    gone = _closed_end(setting) or first_value(lambda: run_off_exactly(setting))
    if gone is None:
        edge = on_joint_edge(setting, needed)
        if edge is not None:
            return edge
        plain = f"{needed}: a parameter runs to the end of its domain"
        return setting.without(Status.NO_FINITE_ESTIMATE, _advised(plain))
    return told(setting, f"{needed}: {gone.sentence}", gone)


def told(setting: Setting, sentence: str, gone: RunOff) -> Fit:
    """The record of a parameter that runs off, with the remedy for that end."""
    key = Status.UNBOUNDED if gone.height is None else gone.status
    remedy = _REMEDIES[key].format(gone.parameter)
    return setting.without(gone.status, f"{_alike(setting)}{sentence}; {remedy}", gone.limit)


def _alike(setting: Setting) -> str:
    """The opening of the sentence where the data are one row, or alike."""
    if setting.counts is None or len(setting.counts) > 1:
        return ""
    return "there is but one observation: " if setting.n == 1 else "all observations are equal: "


def failed(setting: Setting, surface: Surface, start: Point | None, reason: str) -> Fit:
    """The answer where the maximum was looked for and not found.

    start: a point of the domain to follow the likelihood from.  reason: what was said.
    """
    gone = first_value(lambda: run_off_exactly(setting))
    if start is not None:
        if gone is None:
            gone = _gone_in_doubles(setting, surface, start)
        elif _is_topped(setting, surface, start, gone):
            gone = None
    if start is not None and (gone is None or gone.height is not None):
        names = [symbol.name for symbol in setting.model.symbols]
        path = path_from(setting, dict(zip(names, start, strict=True)))
        if path is not None:
            message = f"{_alike(setting)}{path.sentence}; hold a parameter with --fix"
            return setting.without(Status.UNBOUNDED, message, path=way_of(path))
    if gone is not None:
        return told(setting, f"the likelihood has no maximum inside: {gone.sentence}", gone)
    level = first_value(lambda: level_everywhere(setting))
    if level is not None:
        name, height = level
        message = (
            f"{_alike(setting)}the log-likelihood is {height:.7g} whatever {name} is, so these "
            f"data say nothing of it; hold {name} with --fix, or collect more data"
        )
        return setting.without(Status.NOT_UNIQUE, message)
    if setting.spans_much:  # doubles said why, and they are not to be believed
        reason = (
            f"the data lie up to {setting.decades} powers of ten away from one, and the search in "
            "double precision came to nothing"
        )
    return setting.without(
        Status.NOT_CONVERGED, f"{reason}; rescale the data, or hold a parameter with --fix"
    )


def _gone_in_doubles(setting: Setting, surface: Surface, start: Point) -> RunOff | None:
    """The way followed from a point, or from a plain one where a search ran far off.

    From the plain one a rise without a limit may lead no farther than to that point.  A limit
    that a climb from the point tops is not the supremum, whatever the likelihood does on the way.
    """
    near = not_far_off(setting, surface, start)
    for begin in dict.fromkeys((near, start)):
        gone = first_value(partial(run_off_in_doubles, setting, surface, begin))
        if gone is None or (gone.height is None and begin != start):
            continue
        if not _is_topped(setting, surface, start, gone):
            return gone
    return None


def _is_topped(setting: Setting, surface: Surface, start: Point, gone: RunOff) -> bool:
    """Whether a climb, from a plain start or from one around it, is higher than the limit."""
    if gone.height is None:
        return False
    chart_of = charts(setting.model, dict(zip(setting.model.symbols, start, strict=True)))
    margin = _HIGHER * (1 + abs(gone.height))
    few = setting.sample.n <= _MOST_ROWS
    for begin in (start, *(starts_around(setting, start, chart_of) if few else ())):
        top = climb(surface, begin, chart_of, range(len(start)))
        if top is None or not setting.n * top.height > gone.height + margin:
            continue
        exact = setting.exact_height(top.point)  # doubles may have lost all their digits
        if exact is None or setting.n * exact > gone.height + margin:
            return True
    return False


def _conditions(exists: sp.Basic | None) -> list[sp.Basic]:
    if exists is None or exists == sp.true:
        return []
    return list(exists.args) if isinstance(exists, sp.And) else [exists]


def _holds(condition: sp.Basic, setting: Setting) -> bool:
    """Whether `left > 0`, or `left != 0`, holds on the data beyond doubt of rounding.

    A value that is really zero shrinks with the precision; any other stays what it is.
    """
    if condition == sp.false:
        return False
    digits = DIGITS + 4 * setting.decades  # sizes cancel
    try:
        rough, fine = (
            setting.value(condition.lhs - condition.rhs, {}, each) for each in (digits, 2 * digits)
        )
    except ZeroDivisionError:
        return False
    settled = abs(rough - fine) < abs(fine) / 2
    return bool(settled and (fine > 0 or isinstance(condition, sp.Ne)))


def _closed_end(setting: Setting) -> RunOff | None:
    """Where a closed form leaves the domain: which parameter, to which end, and how high."""
    if setting.estimator.kind not in (Kind.CLOSED, Kind.BOUNDARY):
        return None
    theta: dict[sp.Symbol, mpmath.mpf] = {}
    outside: list[tuple[sp.Symbol, str]] = []
    with mpmath.workdps(3 * DIGITS):
        for parameter in setting.model.parameters:
            value, end = _place(setting, parameter, theta)
            theta[parameter.symbol] = value
            if end:
                outside.append((parameter.symbol, end))
        if not outside:
            return None
        heights = []
        for power in (20, 40):
            inside: dict[sp.Symbol, mpmath.mpf] = {}
            for p in setting.model.parameters:
                inside[p.symbol] = _moved_inside(_at(p.domain, inside), theta[p.symbol], power)
            try:
                average = setting.derivation.average_log_likelihood
                heights.append(setting.value(average, inside, 3 * DIGITS))
            except (ArithmeticError, ValueError, TypeError):
                return None
        symbol, end = outside[0]
        if any(not _is_level(setting, s, inside) for s in _moving(setting, outside)):
            return None  # with that one at its end the others are elsewhere
        if not all(map(mpmath.isfinite, heights)) or heights[1] < heights[0]:
            return None  # towards that end the likelihood falls
        bounded = heights[1] - heights[0] <= 1
        if not bounded and setting.model.discrete:
            return None  # probabilities: the form has no value here
        height = float(setting.n * heights[1]) if bounded else None
        if height is not None and abs(height) < 1e-15:
            height = 0.0
        return RunOff(str(symbol), end, height)


def _moving(setting: Setting, outside: list[tuple[sp.Symbol, str]]) -> list[sp.Symbol]:
    """The parameters that neither run off nor are set by an order statistic."""
    held = {*setting.estimator.pinned, *setting.estimator.optima, *dict(outside)}
    return [symbol for symbol in setting.model.symbols if symbol not in held]


def _is_level(setting: Setting, symbol: sp.Symbol, point: Mapping[sp.Symbol, mpmath.mpf]) -> bool:
    """Whether the score of one parameter vanishes, as it must at the top of the others."""
    place = setting.model.symbols.index(symbol)
    slope = setting.value(setting.derivation.score.gradient[place], point, 3 * DIGITS)
    return bool(abs(slope * point[symbol]) < _FLAT)


def _at(where: Domain, theta: Mapping[sp.Symbol, mpmath.mpf]) -> Domain:
    """The domain where other parameters move its ends; those at infinity move none."""
    return where.at({s: sp.Float(v, 3 * DIGITS) for s, v in theta.items() if mpmath.isfinite(v)})


def _place(
    setting: Setting, parameter: Variable, theta: Mapping[sp.Symbol, mpmath.mpf]
) -> tuple[mpmath.mpf, str]:
    """(the value of the closed form, the end that it has run to, "" where it is inside)."""
    named, where = parameter.domain, _at(parameter.domain, theta)
    try:
        value = setting.value(setting.estimator.values[parameter.symbol], {}, 3 * DIGITS)
    except ZeroDivisionError:
        value = mpmath.inf
    if value == -mpmath.inf:
        return value, "minus infinity"
    if not mpmath.isfinite(value):
        return mpmath.inf, "infinity"
    tiny = mpmath.mpf(10) ** (-2 * DIGITS)
    if where.lower.is_finite and value <= mpmath.mpf(sp.N(where.lower, DIGITS)) + tiny:
        return value, str(named.lower)
    if where.upper.is_finite and value >= mpmath.mpf(sp.N(where.upper, DIGITS)) - tiny:
        return value, str(named.upper)
    return value, ""


def _moved_inside(domain: Domain, value: mpmath.mpf, power: int) -> mpmath.mpf:
    """The value, or a point 10**-power inside the domain, or 10**power where it is infinite."""
    distance = mpmath.mpf(10) ** -power
    if mpmath.isinf(value):
        return mpmath.sign(value) / distance
    if domain.lower.is_finite:
        value = max(value, mpmath.mpf(sp.N(domain.lower, DIGITS)) + distance)
    if domain.upper.is_finite:
        value = min(value, mpmath.mpf(sp.N(domain.upper, DIGITS)) - distance)
    return value
