"""A fit as text and as JSON."""

from collections.abc import Mapping

from symmle.fit import Fit
from symmle.report.encoding import Object, Value

_DIGITS = 7


def fit_json(found: Fit) -> Object:
    """`fit --json`; without an estimate the numbers are null, and `message` says why."""
    record: Object = {
        "model": found.model,
        "n": int(found.n) if found.n == int(found.n) else found.n,
    }
    ends = found.confidence_intervals
    numbers: dict[str, Value] = {
        "estimate": _by_name(found.estimate),
        "standard_errors": _by_name(found.standard_errors),
        "covariance": None if found.covariance is None else [[*row] for row in found.covariance],
        "confidence_intervals": None if ends is None else {p: [*pair] for p, pair in ends.items()},
        "log_likelihood": found.log_likelihood,
        "aic": found.aic,
        "bic": found.bic,
        "iterations": found.iterations,
    }
    for key, value in numbers.items():
        record[key] = value
        if value is None:
            why = "not counted" if found.status.has_estimate else found.message
            record[f"{key}_reason"] = why
    return record | {
        "level": found.level,
        "status": found.status.value,
        "message": found.message,
        "maxima": [],
        "kind": found.kind,
        "known": found.known.value,
    }


def _by_name(values: Mapping[str, float] | None) -> Value:
    return None if values is None else dict(values)


def fit_text(found: Fit) -> str:
    """A table of the parameters, and how the estimate is known."""
    lines = [f"{found.model}, n = {found.n:g}: {found.status.value} [{found.known}]"]
    lines.append(f"{found.message[:1].upper()}{found.message[1:]}.")
    if found.estimate and found.standard_errors and found.confidence_intervals:
        lines += ["", *_table(found)]
    likelihood = (("log-likelihood", found.log_likelihood), ("AIC", found.aic), ("BIC", found.bic))
    shown = [f"{name} {_written(value)}" for name, value in likelihood if value is not None]
    if shown:
        lines += ["", ", ".join(shown)]
    return "\n".join(lines) + "\n"


def _table(found: Fit) -> list[str]:
    estimate, errors = found.estimate or {}, found.standard_errors or {}
    intervals = found.confidence_intervals or {}
    header = ("parameter", "estimate", "standard error", f"{100 * found.level:g} % interval")
    rows = [
        (
            name,
            _written(value),
            _written(errors[name]),
            f"({', '.join(map(_written, intervals[name]))})",
        )
        for name, value in estimate.items()
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]


def _written(value: float) -> str:
    return f"{value:.{_DIGITS}g}"
