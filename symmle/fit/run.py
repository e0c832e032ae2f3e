"""Derive, generate, evaluate, and judge the result by the score at many digits.

The numbers come from the generated module, the same that a user would take away; its answer is
doubted here and not believed: existence is decided beforehand from the condition that the
derivation found, the score is evaluated again at 40 digits, and the Hessian must be negative
definite.
"""

import math
from collections.abc import Mapping
from types import ModuleType

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.codegen import generate, load
from symmle.data import Sample, require_domain
from symmle.derive import Derivation, derive
from symmle.errors import InputError
from symmle.estimate import Estimator, Kind, estimate
from symmle.fit.record import Fit, Status
from symmle.fit.uncertainty import standard_errors, wald_intervals
from symmle.known import Known
from symmle.model import Domain, Model
from symmle.precise import evaluate

Columns = Mapping[sp.Symbol, NDArray[np.float64]]
Rows = Mapping[sp.Symbol, list[mpmath.mpf]]
Counts = list[mpmath.mpf]

_MOST_PRECISE_ROWS = 5_000  # distinct rows that are evaluated at 40 digits; doubles beyond
_DIGITS = 40
_FLAT = 1e-6  # largest score, in standard errors of the estimate, that counts as zero


def fit(model: Model, sample: Sample, level: float = 0.95) -> Fit:
    """The maximum-likelihood estimate of a model on a sample.

    sample: one column per data symbol, by name or in order; weights count as repetitions.
    level: coverage of the intervals, between 0 and 1.
    Never raises for data without an estimate: `status` and `message` tell.
    Raises InputError for data outside the model's support or a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise InputError(f"the level {level} is no coverage; give a number between 0 and 1")
    require_domain(sample, model)
    derivation = derive(model)
    estimator = estimate(derivation)
    refused = _refused(derivation, estimator, sample, level)
    if refused is not None:
        return refused
    module = load(generate(derivation, estimator), f"symmle_{model.name}")
    with np.errstate(all="ignore"):  # what is not finite is judged below, not warned about
        try:
            found = module.fit(*_columns(model, sample).values(), weights=sample.weights)
        except ValueError as error:
            status = Status.NO_FINITE_ESTIMATE
            return _without(model, estimator, sample, level, status, str(error))
        theta = dict(zip(model.symbols, (float(value) for value in found), strict=True))
        return _judged(derivation, estimator, sample, module, theta, level)


def _refused(
    derivation: Derivation, estimator: Estimator, sample: Sample, level: float
) -> Fit | None:
    """The answer when the derivation already shows that there is no interior maximum."""
    model = derivation.model
    if estimator.kind in (Kind.NONE, Kind.BOUNDARY):
        status = {
            (Kind.BOUNDARY, None): Status.BOUNDARY,
            (Kind.NONE, False): Status.NOT_IDENTIFIED,
        }.get((estimator.kind, estimator.unique), Status.NO_FINITE_ESTIMATE)
        message = f"{estimator.road}; fix a parameter with --fix, or choose another model"
        return _without(model, estimator, sample, level, status, message)
    if estimator.known is Known.UNKNOWN:
        return _without(model, estimator, sample, level, Status.NOT_CONVERGED, estimator.road)
    if estimator.exists is None:
        return None
    found = _distinct(_columns(model, sample), sample.weights)
    if found is None:  # too many rows to be precise; the module decides in doubles
        return None
    rows, counts = found
    failed = [each for each in _conditions(estimator.exists) if not _holds(each, rows, counts)]
    if not failed:
        return None
    status, where = _at_the_end(derivation, estimator, rows, counts)
    message = f"an estimate inside the domain needs {failed[0]}, and these data do not have that"
    return _without(model, estimator, sample, level, status, f"{message}: {where}")


def _at_the_end(
    derivation: Derivation, estimator: Estimator, rows: Rows, counts: Counts
) -> tuple[Status, str]:
    """What the likelihood does where the closed form leaves the domain, at many digits."""
    if estimator.kind is not Kind.CLOSED:
        return Status.NO_FINITE_ESTIMATE, "a parameter runs to the end of its domain"
    with mpmath.workdps(3 * _DIGITS):
        try:
            theta = {s: evaluate(value, rows, {}, counts) for s, value in estimator.values.items()}
        except ZeroDivisionError:
            return Status.NO_FINITE_ESTIMATE, "the estimate would be infinite"
        if not all(mpmath.isfinite(value) for value in theta.values()):
            return Status.NO_FINITE_ESTIMATE, "the estimate would be infinite"
        heights = []
        for distance in (mpmath.mpf(10) ** -20, mpmath.mpf(10) ** -40):
            inside = {
                parameter.symbol: _moved_inside(parameter.domain, theta[parameter.symbol], distance)
                for parameter in derivation.model.parameters
            }
            heights.append(evaluate(derivation.average_log_likelihood, rows, inside, counts))
    shown = ", ".join(f"{symbol} = {mpmath.nstr(value, 6)}" for symbol, value in theta.items())
    if heights[1] - heights[0] > 1:
        return Status.UNBOUNDED, f"the likelihood grows without bound towards {shown}"
    return Status.BOUNDARY, f"the likelihood is largest at the end of the domain, at {shown}"


def _moved_inside(domain: Domain, value: mpmath.mpf, distance: mpmath.mpf) -> mpmath.mpf:
    """The value, or a point that far inside the domain where the value is not inside."""
    if domain.lower.is_finite:
        value = max(value, mpmath.mpf(sp.N(domain.lower, _DIGITS)) + distance)
    if domain.upper.is_finite:
        value = min(value, mpmath.mpf(sp.N(domain.upper, _DIGITS)) - distance)
    return value


def _conditions(exists: sp.Basic) -> list[sp.Basic]:
    if exists == sp.true:
        return []
    return list(exists.args) if isinstance(exists, sp.And) else [exists]


def _columns(model: Model, sample: Sample) -> Columns:
    """The data symbols with their columns: by name where the names agree, else in order."""
    names = [variable.name for variable in model.data]
    chosen = names if set(names) == set(sample.columns) else list(sample.columns)
    return {v.symbol: sample.columns[name] for v, name in zip(model.data, chosen, strict=True)}


def _holds(condition: sp.Basic, rows: Rows, counts: Counts) -> bool:
    """Whether `left > 0`, or `left != 0`, holds on the data beyond doubt of rounding.

    A value that is really zero shrinks with the precision; any other stays what it is.
    """
    if condition == sp.false:
        return False
    rough, fine = (
        _value(condition.lhs - condition.rhs, rows, counts, digits)
        for digits in (_DIGITS, 2 * _DIGITS)
    )
    settled = abs(rough - fine) < abs(fine) / 2
    return bool(settled and (fine > 0 or isinstance(condition, sp.Ne)))


def _value(expr: sp.Expr, rows: Rows, counts: Counts, digits: int) -> mpmath.mpf:
    with mpmath.workdps(digits):
        return evaluate(expr, rows, {}, counts)


def _distinct(
    columns: Columns, weights: NDArray[np.float64] | None
) -> tuple[dict[sp.Symbol, list[mpmath.mpf]], list[mpmath.mpf]] | None:
    """The distinct rows and how much each weighs, exactly; None when they are too many."""
    table = np.column_stack(list(columns.values()))
    unique, inverse = np.unique(table, axis=0, return_inverse=True)
    if len(unique) > _MOST_PRECISE_ROWS:
        return None
    counts = np.bincount(inverse.ravel(), weights=weights)
    kept = counts > 0
    rows = {
        symbol: [mpmath.mpf(float(value)) for value in unique[kept, i]]
        for i, symbol in enumerate(columns)
    }
    return rows, [mpmath.mpf(float(count)) for count in counts[kept]]


def _judged(
    derivation: Derivation,
    estimator: Estimator,
    sample: Sample,
    module: ModuleType,
    theta: Mapping[sp.Symbol, float],
    level: float,
) -> Fit:
    """The full record at a point that the module found, or why that point is not believed."""
    model, n = derivation.model, sample.total_weight
    columns = _columns(model, sample)
    data = module.statistics(*columns.values(), weights=sample.weights)
    point = tuple(theta.values())
    bad = [str(symbol) for symbol, value in theta.items() if not math.isfinite(value)]
    if bad:
        message = f"the estimate of {bad[0]} is not finite in double precision; rescale the data"
        return _without(model, estimator, sample, level, Status.NOT_CONVERGED, message)
    hessian = np.asarray(module.hessian(data, *point), dtype=float).reshape(len(point), len(point))
    spread = standard_errors(hessian, n)
    if spread is None:
        message = "the Hessian is not negative definite at the point found, so it is no maximum"
        return _without(model, estimator, sample, level, Status.NOT_CONVERGED, message)
    slopes, precise = _score(derivation, module, columns, sample, theta)
    unit = spread.errors * math.sqrt(n)
    rounding = 8 * np.finfo(float).eps * np.abs(hessian) @ np.abs(point) * unit
    excess = math.sqrt(n) * (np.abs(slopes) * unit - rounding)
    if not np.all(excess <= _FLAT):
        message = f"the score at the point found is {excess.max():.2g} standard errors, not zero"
        return _without(model, estimator, sample, level, Status.NOT_CONVERGED, message)
    total = n * float(module.average_log_likelihood(data, *point))
    names = [str(symbol) for symbol in theta]
    proved = estimator.kind is Kind.CLOSED and estimator.maximum is Known.PROVED
    unique = "the only stationary point" if estimator.unique else "a stationary point"
    return Fit(
        model.name,
        n,
        Status.OK,
        f"{unique} of the likelihood, and a maximum",
        estimator.kind.value,
        Known.PROVED if proved and precise else Known.CHECKED,
        level,
        dict(zip(names, point, strict=True)),
        dict(zip(names, spread.errors.tolist(), strict=True)),
        tuple(tuple(row) for row in spread.covariance.tolist()),
        wald_intervals(model, theta, spread.errors, level),
        total,
        2 * len(point) - 2 * total,
        len(point) * math.log(n) - 2 * total,
    )


def _score(
    derivation: Derivation,
    module: ModuleType,
    columns: Columns,
    sample: Sample,
    theta: Mapping[sp.Symbol, float],
) -> tuple[NDArray[np.float64], bool]:
    """The score at a point, and whether it was evaluated at 40 digits."""
    found = _distinct(columns, sample.weights)
    if found is None:
        data = module.statistics(*columns.values(), weights=sample.weights)
        return np.asarray(module.score(data, *theta.values()), dtype=float), False
    rows, counts = found
    with mpmath.workdps(_DIGITS):
        point = {symbol: mpmath.mpf(value) for symbol, value in theta.items()}
        exact = [evaluate(each, rows, point, counts) for each in derivation.score.gradient]
        return np.array([float(each) for each in exact]), True


def _without(
    model: Model, estimator: Estimator, sample: Sample, level: float, status: Status, message: str
) -> Fit:
    """The record of a fit that has no estimate to give."""
    known = Known.CHECKED if status is Status.NO_FINITE_ESTIMATE else Known.UNKNOWN
    kind = estimator.kind.value
    return Fit(model.name, sample.total_weight, status, message, kind, known, level)
