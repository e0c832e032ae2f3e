"""A diagnosis as text and as JSON."""

import math
from collections.abc import Mapping, Sequence
from textwrap import wrap

from symmle.diagnosis import Diagnosis, Remedy
from symmle.report.encoding import Object, Value
from symmle.report.json_report import interval_json
from symmle.stability import Interval

_WIDTH = 88
_NAME = 23


def diagnosis_json(found: Diagnosis) -> Object:
    """`diagnose --json`; what has no finite value is null, with the reason beside it."""
    record: Object = {
        "model": found.model,
        "scheme": found.scheme,
        "step": found.step,
        "start": _numbers(found.start),
        "outcome": found.outcome.value,
        "period": found.period,
        "iterations": found.iterations,
        "final": _numbers(found.final),
        "largest": _numbers(found.largest),
        "max_gradient_norm": _finite(found.max_gradient_norm),
        "target": None if found.target is None else _numbers(found.target),
        "predicted_rate": found.predicted_rate,
        "observed_rate": found.observed_rate,
        "stable_steps": None
        if found.stable_steps is None
        else [interval_json(each, True) for each in found.stable_steps],
        "cycle": [_numbers(each) for each in found.cycle],
        "cause": found.cause,
        "remedy": None if found.remedy is None else _remedy(found.remedy),
    }
    if found.lyapunov is not None:
        record["lyapunov"] = {"exponent": found.lyapunov[0], "standard_error": found.lyapunov[1]}
    reasons = dict(found.reasons)
    for name in ("start", "final", "largest", "max_gradient_norm"):
        held = record[name]
        if held is None or (isinstance(held, dict) and None in held.values()):
            reasons[name] = "too large for double precision"
    return record | {f"{name}_reason": why for name, why in reasons.items()}


def _remedy(found: Remedy) -> Object:
    record: Object = {
        "scheme": found.scheme,
        "step": found.step,
        "start": _numbers(found.start),
        "predicted_iterations": found.predicted_iterations,
        "iterations": found.seen,
    }
    return record | ({"coordinates": found.coordinates} if found.coordinates else {})


def _numbers(values: Mapping[str, float]) -> Object:
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: float) -> Value:
    return value if math.isfinite(value) else None


def diagnosis_text(found: Diagnosis) -> str:
    """What happened, why, and what to do instead."""
    head = f"{found.model}, {found.scheme} updates, step {found.step:g}"
    updates = f"after {found.iterations:,} updates"
    lines = [
        f"{head}: {found.outcome.value.replace('_', ' ')}",
        *_wrapped(f"{found.cause[0].upper()}{found.cause[1:]}."),
        "",
        *_row("start", _point(found.start)),
        *_row(updates, _point(found.final)),
        *_row("largest size", _point(found.largest)),
        *_row("largest gradient", f"{found.max_gradient_norm:.7g}"),
    ]
    if found.target is not None:
        lines += _row("target", _point(found.target))
    if found.stable_steps is not None:
        lines += _row("stable steps", _steps(found.stable_steps))
    if found.predicted_rate is not None:
        lines += _row("rate predicted", f"{_rate(found.predicted_rate)} each update, at the target")
    if found.observed_rate is not None:
        lines += _row("rate observed", f"{_rate(found.observed_rate)} over the last updates")
    if found.remedy is not None:
        lines += ["", *_wrapped(_advice(found.remedy))]
    elif "remedy" in found.reasons and found.outcome.value != "converges":
        lines += ["", *_wrapped(f"No remedy: {found.reasons['remedy']}.")]
    return "\n".join(lines) + "\n"


def _advice(found: Remedy) -> str:
    where = f" in {found.coordinates}" if found.coordinates else ""
    return (
        f"Instead: {found.scheme} updates{where} with step {found.step:g} from "
        f"{_point(found.start)}. That run was made: it converges after {found.seen:,} updates "
        f"(predicted: {found.predicted_iterations:,})."
    )


def _rate(value: float) -> str:
    """With what it is below one, where that is little."""
    return f"1 - {1 - value:.3g}" if 0 < 1 - value < 1e-6 else f"{value:.9g}"


def _steps(intervals: Sequence[Interval]) -> str:
    if not intervals:
        return "none"
    return " or ".join(f"{_short(each.lower)} < step < {_short(each.upper)}" for each in intervals)


def _short(value: object) -> str:
    return f"{float(str(value)):.9g}" if not str(value).endswith("oo") else str(value)


def _point(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:.7g}" for name, value in values.items())


def _row(name: str, text: str) -> list[str]:
    first, *rest = wrap(text, _WIDTH - _NAME - 2) or [""]
    return [f"{name:<{_NAME}}  {first}", *(" " * (_NAME + 2) + each for each in rest)]


def _wrapped(text: str) -> list[str]:
    return wrap(text, _WIDTH)
