"""Judge a point by the score at many digits and the Hessian; then say how far it may be off."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.estimate import Estimator, Kind
from symmle.fit.chart import Chart, charts
from symmle.fit.climb import Point, Surface, climb
from symmle.fit.exact import exact_maximum
from symmle.fit.locate import Located, is_as_high
from symmle.fit.many_digits import ManyDigits
from symmle.fit.profile import Peak, profile_intervals
from symmle.fit.record import Fit, Maximum, Status, Weights
from symmle.fit.row_scores import outer_product
from symmle.fit.setting import Setting
from symmle.fit.simple_root import is_simple_root
from symmle.fit.uncertainty import (
    Spread,
    expected_errors,
    rows_of,
    sandwich,
    standard_errors,
    wald_interval,
)
from symmle.known import Known

Floats = NDArray[np.float64]

_FLAT = 1e-6  # largest score, in standard errors of the estimate, that counts as zero
_LITTLE = 1e-6  # a last step, beside the estimate, that needs no second look
_SHORTER = 0.9  # of a step of Newton's method, which the next is towards a zero of some order
_SINGULAR = 1e-9  # smallest curvature, beside the largest, that is one
_MOST_PROFILED = 50_000  # rows that a profile passes over

_NOT_SMOOTH = "the estimate sits at an end that the data set, where the score does not vanish"
_CANCELLED = "the scores of the rows are not all finite, or cancel one another"
_COLLINEAR = "the parameters are collinear to double precision; take a constant off the covariates"
_PSEUDO = "the weights are probabilities, so the weighted sum is no log-likelihood of the sample"


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A point that is believed: with its Hessian over the parameters `free`, and its spread.

    collinear: the Hessian is singular to double precision, and the spread is from 40 digits.
    """

    theta: Mapping[sp.Symbol, float]
    charts: tuple[Chart, ...]
    free: tuple[int, ...]
    hessian: Floats
    spread: Spread | None
    precise: bool
    collinear: bool = False

    @property
    def point(self) -> Point:
        return tuple(self.theta.values())


def judged(setting: Setting, surface: Surface, located: Located) -> Judged | Fit:
    """The point with what was checked of it, or the record that says why it is not believed."""
    theta, estimator = located.theta, setting.estimator
    bad = [str(symbol) for symbol, value in theta.items() if not math.isfinite(value)]
    if bad:
        message = f"the estimate of {bad[0]} is not finite in double precision"
        return setting.without(Status.NOT_CONVERGED, message)
    held = {*estimator.pinned, *estimator.optima, *estimator.whole}
    free = tuple(i for i, symbol in enumerate(theta) if symbol not in held)
    chart_of = charts(setting.model, theta)
    point = tuple(theta.values())
    hessian = surface.bend(point)[np.ix_(free, free)]
    if not free:
        return Judged(theta, chart_of, free, hessian, None, setting.rows is not None)
    spread = standard_errors(hessian, setting.n)
    slopes, precise = _score(setting, surface, theta)
    slopes = slopes[list(free)]
    if spread is None or _is_nearly_singular(hessian):
        exact = exact_maximum(setting, theta, free) if np.all(np.isfinite(hessian)) else None
        if exact is None:
            return _no_maximum(setting, surface, located, hessian, slopes)
        chart_of = charts(setting.model, exact.theta)
        return Judged(exact.theta, chart_of, free, hessian, exact.spread, True, True)
    unit = spread.errors * math.sqrt(setting.n)
    sizes = np.abs(np.array(point))[list(free)]
    rounding = 8 * np.finfo(float).eps * np.abs(hessian) @ sizes * unit
    excess = math.sqrt(setting.n) * (np.abs(slopes) * unit - rounding)
    if not np.all(excess <= _FLAT):
        message = (
            f"the search stopped where the score is {excess.max():.2g} standard errors, not zero, "
            f"after {located.iterations} iterations"
        )
        return setting.without(Status.NOT_CONVERGED, message)
    met = not precise or _is_met(setting, surface, located, (hessian, slopes), free)
    if met is None:
        return _singular(setting, surface, located, hessian)
    if not met:
        message = (
            "the score only fades where the search stopped: another step leaves as much of it, as "
            "on the way to a limit that no finite point reaches"
        )
        return setting.without(Status.NOT_CONVERGED, message)
    doubtful = estimator.follows_score and _is_doubtful(estimator)
    if doubtful and not is_simple_root(surface, point, free):
        return _singular(setting, surface, located, hessian)
    return Judged(theta, chart_of, free, hessian, spread, precise)


def _is_met(
    setting: Setting,
    surface: Surface,
    located: Located,
    there: tuple[Floats, Floats],
    free: tuple[int, ...],
) -> bool | None:
    """Whether Newton's next step is small, or takes the score to nothing, as it does at a zero.

    Where all terms fade like exp(-t), score and Hessian do together: in standard errors the score
    is small, but each step only divides it by e.  None where the steps get shorter all the same,
    as they do towards a zero without curvature.
    """
    hessian, slopes = there
    theta, places = np.array(list(located.theta.values())), list(free)
    move = np.zeros(len(theta))
    move[places] = np.linalg.solve(hessian, -slopes)
    if np.all(np.abs(move) <= _LITTLE * np.abs(theta)):
        return True
    after = dict(zip(located.theta, (theta + move).tolist(), strict=True))
    left = _score(setting, surface, after)[0][places]
    rounding = np.abs(hessian) @ np.abs(theta + move)[places] * np.finfo(float).eps
    unit = 1 / np.sqrt(np.abs(np.diag(hessian)))
    if np.max((np.abs(left) - rounding) * unit) <= 0.1 * np.max(np.abs(slopes) * unit):
        return True
    bend = surface.bend(tuple(after.values()))[np.ix_(places, places)]
    try:
        next_move = np.linalg.solve(bend, -left)
    except np.linalg.LinAlgError:
        return False
    shorter = np.max(np.abs(next_move) / unit) <= _SHORTER * np.max(np.abs(move[places]) / unit)
    return None if shorter else False


def _is_doubtful(estimator: Estimator) -> bool:
    """Whether nothing proved that the stationary point is a strict maximum."""
    return estimator.unique is not True and estimator.maximum is not Known.PROVED


def _score(
    setting: Setting, surface: Surface, theta: Mapping[sp.Symbol, float]
) -> tuple[Floats, bool]:
    """The score at a point, and whether it was evaluated at 40 digits."""
    if setting.rows is None:
        return surface.slope(tuple(theta.values())), False
    point = {symbol: mpmath.mpf(value) for symbol, value in theta.items()}
    if isinstance(surface, ManyDigits):
        return surface.slope(tuple(theta.values())), True
    exact = [setting.value(each, point) for each in setting.derivation.score.gradient]
    return np.array([float(each) for each in exact]), True


def _is_nearly_singular(hessian: Floats) -> bool:
    unit = 1 / np.sqrt(-np.diag(hessian))
    least = float(np.linalg.eigvalsh(-hessian * unit[:, None] * unit)[0])
    return least < _SINGULAR


def _no_maximum(
    setting: Setting, surface: Surface, located: Located, hessian: Floats, slopes: Floats
) -> Fit:
    """The answer where the Hessian is singular, or bends upwards."""
    if not np.all(np.isfinite(hessian)):
        message = "the Hessian is not finite in double precision"
        return setting.without(Status.NOT_CONVERGED, message)
    if _underflows(setting, located, hessian):
        message = "the Hessian underflows double precision; multiply the data by a constant"
        return setting.without(Status.NOT_CONVERGED, message)
    unit, values, _ = _scaled(hessian)
    if np.any(np.abs(slopes) * unit > 1e-5) or values[-1] > 1e-6:
        message = "the Hessian is not negative definite at the point found, so it is no maximum"
        return setting.without(Status.NOT_CONVERGED, message)
    return _singular(setting, surface, located, hessian)


def _scaled(hessian: Floats) -> tuple[Floats, Floats, Floats]:
    """(the unit of each parameter, eigenvalues and vectors of the Hessian in these units)."""
    size = np.abs(np.diag(hessian))
    unit: Floats = 1 / np.sqrt(np.where(size > 0, size, 1.0))
    values, vectors = np.linalg.eigh(hessian * unit[:, None] * unit)
    return unit, values, vectors


def _singular(setting: Setting, surface: Surface, located: Located, hessian: Floats) -> Fit:
    """The answer at a stationary point without curvature in some direction."""
    point, names = tuple(located.theta.values()), [str(symbol) for symbol in located.theta]
    unit, _, vectors = _scaled(hessian)
    direction = vectors[:, -1] * unit
    shown = _direction(names, direction)
    if _is_level(setting, surface, point, direction):
        message = (
            f"the likelihood is as large along a whole curve through {_at(names, point)} "
            f"(direction {shown}), so the data do not choose among its points; collect more "
            "data, or hold a parameter with --fix"
        )
        return setting.without(Status.NOT_UNIQUE, message)
    message = (
        f"the information is singular at the stationary point {_at(names, point)}: the "
        f"likelihood has no curvature in the direction {shown}, so no standard error exists "
        "there; hold a parameter with --fix"
    )
    return setting.without(Status.NOT_IDENTIFIED, message)


def _underflows(setting: Setting, located: Located, hessian: Floats) -> bool:
    """Whether a second derivative is no double with all its digits, though it is not zero."""
    diagonal = np.abs(np.diag(hessian))
    if np.all(diagonal >= np.finfo(float).tiny) or setting.rows is None:
        return False
    point = {symbol: mpmath.mpf(value) for symbol, value in located.theta.items()}
    exact = setting.derivation.score.hessian.diagonal()
    sizes = [abs(setting.value(entry, point)) for entry in exact]
    return any(0 < size < np.finfo(float).tiny for size in sizes)


def _at(names: Sequence[str], point: Point) -> str:
    return ", ".join(f"{name} = {value:.6g}" for name, value in zip(names, point, strict=True))


def _direction(names: Sequence[str], direction: Floats) -> str:
    largest = float(np.max(np.abs(direction)))
    return ", ".join(
        f"{name}: {value / largest:.3g}"
        for name, value in zip(names, direction.tolist(), strict=True)
        if abs(value) > 1e-6 * largest
    )


def _is_level(setting: Setting, surface: Surface, point: Point, direction: Floats) -> bool:
    """Whether the likelihood stays as high some way off along a direction."""
    chart_of = charts(setting.model, dict(zip(setting.model.symbols, point, strict=True)))
    top = surface.height(point)
    for side in (-0.3, 0.3):
        moved = tuple((np.array(point) + side * direction).tolist())
        if not all(c.low < v < c.high for c, v in zip(chart_of, moved, strict=True)):
            continue
        found = climb(surface, moved, chart_of, range(len(point)))
        if found is None or not is_as_high(found, top):
            return False
        far = np.abs((np.array(found.point) - np.array(point)) / direction)
        if not np.any(far[np.abs(direction) > 1e-6 * np.max(np.abs(direction))] > 0.1):
            return False
    return True


def reported(setting: Setting, surface: Surface, found: Judged, located: Located) -> Fit:
    """The whole record at a point that is believed."""
    model, n = setting.model, setting.n
    names = [str(symbol) for symbol in found.theta]
    reasons: dict[str, str] = {}
    plain = Fit(
        model.name,
        n,
        Status.OK,
        "",
        setting.estimator.kind.value,
        _known(setting, found),
        setting.level,
        dict(zip(names, found.point, strict=True)),
        iterations=located.iterations,
        weights=setting.weights,
        dropped=setting.sample.dropped,
        notes=setting.notes,
    )
    plain = _with_likelihood(setting, surface, found, plain, reasons)
    plain = _with_errors(setting, found, plain, located, reasons)
    plain = _with_profiles(setting, surface, found, plain, located, reasons)
    maxima = _maxima(setting, located, names)
    return _certified(setting, found, replace(plain, maxima=maxima, reasons=reasons))


def _certified(setting: Setting, found: Judged, plain: Fit) -> Fit:
    """The record with a proof of the estimate and its radius, where a proof is found."""
    whole = len(found.free) == len(found.theta)
    if plain.known is not Known.CHECKED or not whole or setting.rows is None:
        return plain
    from symmle.fit.certify import certify  # balls: not needed where nothing is to be proved

    proof = certify(setting.derivation, setting.rows, setting.counts or [], found.theta)
    if proof is None or not proof.maximum:
        return plain
    radius = {str(symbol): proof.error_of(symbol, v) for symbol, v in found.theta.items()}
    return replace(plain, known=Known.CERTIFIED, radius=radius)


def _known(setting: Setting, found: Judged) -> Known:
    estimator = setting.estimator
    closed = estimator.kind in (Kind.CLOSED, Kind.BOUNDARY)
    proved = closed and estimator.maximum is Known.PROVED
    return Known.PROVED if proved and found.precise else Known.CHECKED


def _maxima(setting: Setting, located: Located, names: Sequence[str]) -> tuple[Maximum, ...]:
    return tuple(
        Maximum(dict(zip(names, top.point, strict=True)), setting.n * top.height, "local maximum")
        for top in located.others
    )


def _with_likelihood(
    setting: Setting, surface: Surface, found: Judged, plain: Fit, reasons: dict[str, str]
) -> Fit:
    """log-likelihood with every constant, AIC, AICc (Hurvich & Tsai 1989) and BIC."""
    if setting.weights is Weights.PROBABILITIES:
        reasons |= dict.fromkeys(("log_likelihood", "aic", "aicc", "bic"), _PSEUDO)
        weights = setting.sample.weights
        squares = 0.0 if weights is None else float((weights / weights.sum()) @ weights)
        total = setting.sample.total_weight
        return replace(plain, effective_n=total / squares if squares else None)
    n, p = setting.n, len(found.theta)
    total = n * surface.height(found.point)
    aicc = None
    if n > p + 1:
        aicc = 2 * p - 2 * total + 2 * p * (p + 1) / (n - p - 1)
    else:
        reasons["aicc"] = f"it needs more than {p + 1} observations"
    bic = p * math.log(n) - 2 * total
    return replace(plain, log_likelihood=total, aic=2 * p - 2 * total, aicc=aicc, bic=bic)


def _with_errors(
    setting: Setting, found: Judged, plain: Fit, located: Located, reasons: dict[str, str]
) -> Fit:
    """Standard errors of each kind, covariance, correlation and Wald intervals."""
    names = [str(symbol) for symbol in found.theta]
    fields = ("standard_errors", "covariance", "correlation", "confidence_intervals")
    others = ("expected_standard_errors", "sandwich_standard_errors")
    why_not = _why_no_error(setting, located)
    if found.spread is None:
        reasons |= dict.fromkeys((*fields, *others), why_not)
        return plain
    for i, name in enumerate(names):
        if i not in found.free:
            reasons |= {f"{each}.{name}": why_not for each in (*fields[::3], others[1])}
    shares, squared = _shares(setting)
    outer = outer_product(setting.model, setting.columns, found.theta, shares, found.free, squared)
    if outer is not None and not squared:
        outer = outer / setting.n
    robust = None if outer is None or found.collinear else sandwich(found.hessian, outer)
    spread: Spread | None = found.spread
    if robust is None:
        reasons[others[1]] = _COLLINEAR if found.collinear else _CANCELLED
    if setting.weights is Weights.PROBABILITIES:
        spread = robust
        reasons[others[0]] = "the weights are probabilities; see the sandwich errors"
        if robust is None:
            reasons |= dict.fromkeys(fields, reasons[others[1]])
    expected = None
    ends = setting.estimator.pinned or setting.estimator.whole
    if setting.weights is not Weights.PROBABILITIES and not ends:
        expected, why = expected_errors(setting.derivation, found.theta, setting.n)
        if expected is None:
            reasons[others[0]] = why
    else:
        reasons.setdefault(others[0], why_not)
    size, point = len(names), found.point
    plain = replace(
        plain,
        expected_standard_errors=_named(names, range(len(names)), expected),
        sandwich_standard_errors=_named(
            names, found.free, None if robust is None else robust.errors
        ),
    )
    if spread is None:
        return plain
    errors = dict(zip(found.free, spread.errors.tolist(), strict=True))
    if expected is not None:  # at a kink the score jumps, and the expected information is there
        errors = dict(enumerate(expected.tolist())) | errors
        for i in set(range(size)) - set(found.free):
            reasons[f"standard_errors.{names[i]}"] += "; its interval is from the expected one"
            reasons.pop(f"confidence_intervals.{names[i]}", None)
    intervals = {
        name: wald_interval(found.charts[i], point[i], errors[i], setting.level)
        if i in errors
        else None
        for i, name in enumerate(names)
    }
    return replace(
        plain,
        standard_errors=_named(names, found.free, spread.errors),
        covariance=rows_of(spread.covariance, found.free, size),
        correlation=rows_of(spread.correlation, found.free, size),
        confidence_intervals=intervals,
    )


def _why_no_error(setting: Setting, located: Located) -> str:
    """Why a parameter has no standard error from the score."""
    if setting.estimator.whole:
        return "a whole number has no derivative, so no error follows from the score"
    if setting.estimator.optima or located.on_kink:
        return "the score jumps at the estimate, so the observed information says nothing of it"
    return _NOT_SMOOTH


def _shares(setting: Setting) -> tuple[Floats | None, bool]:
    """The shares of the rows, and whether each row was drawn once whatever its weight."""
    weights = setting.sample.weights
    if weights is None:
        return None, False
    return weights / weights.sum(), setting.weighting is Weights.PROBABILITIES


def _named(
    names: Sequence[str], free: Sequence[int], errors: Floats | None
) -> dict[str, float | None] | None:
    if errors is None:
        return None
    there = dict(zip(free, errors.tolist(), strict=True))
    return {name: there.get(i) for i, name in enumerate(names)}


def _with_profiles(
    setting: Setting,
    surface: Surface,
    found: Judged,
    plain: Fit,
    located: Located,
    reasons: dict[str, str],
) -> Fit:
    """The intervals of the profile likelihood, unless there is no likelihood or no spread."""
    names = [str(symbol) for symbol in found.theta]
    if setting.weights is Weights.PROBABILITIES or found.spread is None:
        why = (
            _PSEUDO if setting.weights is Weights.PROBABILITIES else _why_no_error(setting, located)
        )
        reasons["profile_intervals"] = why
        return plain
    if setting.estimator.whole:
        whole = setting.estimator.whole[0]
        reasons["profile_intervals"] = f"{whole} is a whole number, and is held where it is"
        note = f"the standard errors are those with {whole} held at its estimate"
        return replace(plain, notes=(*plain.notes, note))
    if located.on_kink:
        shown = ", ".join(map(str, located.on_kink))
        reasons["profile_intervals"] = "not computed where a parameter sits on a kink"
        note = f"the standard errors are those with {shown} held at the kink"
        return replace(plain, notes=(*plain.notes, note))
    if isinstance(surface, ManyDigits):
        reasons["profile_intervals"] = "not followed where doubles lose their digits"
        return plain
    if surface.passes and setting.sample.n > _MOST_PROFILED:
        reasons["profile_intervals"] = f"not computed for more than {_MOST_PROFILED} rows"
        return plain
    peak = Peak(surface, found.point, found.charts, found.spread.covariance, found.free, setting.n)
    with np.errstate(all="ignore"):
        ends, missing, _ = profile_intervals(peak, names, setting.level)
    reasons |= {f"profile_intervals.{name}": text for name, text in missing.items()}
    return replace(plain, profile_intervals=ends)
