"""Records as JSON objects: the contract of `--json`.

An expression is a string that SymPy reads back, with mean(T), var(T), cov(T1, T2),
min(T), max(T), median(T), median_low(T), median_high(T), and expectation(T) for what has no
closed form.  At numbers, quantities are JSON numbers.  What has no
value is null, and the key beside it, with `_reason` added, says why.
"""

import sympy as sp

from symmle.derive import Derivation
from symmle.estimate import Estimator
from symmle.known import Known
from symmle.model import Model
from symmle.report.encoding import Object, Value
from symmle.report.findings import Findings
from symmle.report.printer import exact
from symmle.report.words import is_at_numbers
from symmle.stability import Comparison, Edge, Event, Interval, SchemeStability
from symmle.verify.case import Check


def derivation_json(findings: Findings) -> Object:
    """`derive --json`."""
    derivation = findings.derivation
    record: Object = {
        "model": model_json(derivation.model),
        "average_log_likelihood": exact(derivation.average_log_likelihood),
        "statistics": [exact(each) for each in derivation.statistics],
        "passes": [exact(each) for each in derivation.passes],
        "score": _score(derivation),
        "hessian": _matrix(derivation.score.hessian),
        "fisher_information": {
            "matrix": _matrix(derivation.information.matrix),
            "known": derivation.information.known.value,
            "road": derivation.information.road,
        },
        "estimator": estimator_json(findings.estimator),
        "schemes": [scheme_json(each) for each in findings.schemes],
    }
    if findings.comparison is None:
        record["comparison"] = {
            "same_jacobian": None,
            "same_jacobian_reason": findings.unanalysed,
            "verdict": findings.unanalysed,
            "known": Known.UNKNOWN.value,
        }
    else:
        record["comparison"] = comparison_json(findings.comparison)
    record["checks"] = [check_json(each) for each in findings.checks]
    return record


def model_json(model: Model) -> Object:
    """Name, log-density and domains; in other coordinates, those in the first parameters."""
    record: Object = {
        "name": model.name,
        "log_density": exact(model.log_density),
        "data": {each.name: each.domain.text for each in model.data},
        "parameters": {each.name: each.domain.text for each in model.parameters},
    }
    if model.given:
        record["given"] = {each.name: each.domain.text for each in model.given}
    if model.origin is not None:
        record["coordinates"] = {
            symbol.name: exact(image)
            for symbol, image in zip(model.symbols, model.origin.images, strict=True)
            if symbol != image
        }
    return record


def _score(derivation: Derivation) -> Object:
    score = derivation.score
    return {s.name: exact(e) for s, e in zip(score.parameters, score.gradient, strict=True)}


def _matrix(matrix: sp.Matrix) -> Value:
    return [[exact(entry) for entry in row] for row in matrix.tolist()]


def estimator_json(estimator: Estimator) -> Object:
    """Kind, values, equation, existence, uniqueness and how it is known."""
    record: Object = {
        "kind": estimator.kind.value,
        "values": {s.name: exact(value) for s, value in estimator.values.items()},
        "unknowns": [symbol.name for symbol in estimator.unknowns],
    }
    equation = estimator.equation
    _put(
        record,
        "equation",
        None
        if equation is None
        else {"unknown": equation.unknown.name, "expression": exact(equation.expression)},
        f"the estimate is of kind {estimator.kind.value}, not one equation in one unknown",
    )
    _put(
        record,
        "exists",
        _condition(estimator.exists),
        "no condition on the data was found that is both needed and enough",
    )
    if estimator.exists is None:
        _put(record, "exists_if", _condition(estimator.exists_if), "none that is enough was found")
    interval = "a whole interval maximises: see optima" if estimator.optima else "not decided"
    _put(record, "unique", estimator.unique, interval)
    record["pinned"] = [symbol.name for symbol in estimator.pinned]
    record["optima"] = {
        s.name: [exact(low), exact(high)] for s, (low, high) in estimator.optima.items()
    }
    record["whole"] = [symbol.name for symbol in estimator.whole]
    record["hessian"] = _matrix(estimator.hessian)
    record["maximum"] = {"known": estimator.maximum.value, "road": estimator.road}
    record["known"] = estimator.known.value
    return record


def _condition(exists: sp.Basic | None) -> Value:
    if exists is None:
        return None
    return bool(exists) if exists in (sp.true, sp.false) else exact(exists)


def scheme_json(scheme: SchemeStability) -> Object:
    """One update map at its fixed point."""
    at_numbers = is_at_numbers(scheme)
    reason = scheme.reason or "not decided"
    record = _map(scheme)
    record["jacobian"] = _matrix(scheme.jacobian)
    _put(
        record,
        "eigenvalues",
        None if scheme.eigenvalues is None else [exact(each) for each in scheme.eigenvalues],
        "three or more parameters act on each other; see characteristic_polynomial",
    )
    polynomial = scheme.characteristic_polynomial
    _put(
        record,
        "characteristic_polynomial",
        None if polynomial is None else exact(polynomial),
        "it took too long to write out",
    )
    intervals = scheme.stable_steps
    _put(
        record,
        "stable_steps",
        None if intervals is None else [interval_json(each, at_numbers) for each in intervals],
        reason,
    )
    _put(record, "best_step", _number(scheme.best_step, at_numbers), reason)
    _put(record, "rate", _number(scheme.rate, at_numbers), reason)
    _put(
        record,
        "edge",
        None if scheme.edge is None else _edge(scheme.edge, at_numbers),
        "there is no upper end at which a multiplier leaves" if intervals is not None else reason,
    )
    record["conditions"] = [exact(each) for each in scheme.conditions]
    record["known"] = scheme.known.value
    if scheme.at_step is not None:
        there = scheme.at_step
        record |= {
            "at_step": _number(there.step, True),
            "spectral_radius": _number(there.spectral_radius, True),
            "one_step_gain": _number(there.one_step_gain, True),
            "verdict": there.verdict.value,
            "verdict_known": there.known.value,
        }
    return record


def _map(scheme: SchemeStability) -> Object:
    update = scheme.map
    record: Object = {
        "name": scheme.name,
        "order": [symbol.name for symbol in scheme.order],
        "step": scheme.step.name,
    }
    _put(
        record,
        "map",
        None
        if update.image is None
        else {s.name: exact(e) for s, e in zip(update.state, update.image, strict=True)},
        "the composed update is too long to write out; `statements` has it line by line",
    )
    record["statements"] = [
        {
            "values": {s.name: exact(v) for s, v in zip(each.parameters, each.values, strict=True)},
            "repeat": each.repeat,
            **({"values_are": "equations of the new value, = 0"} if each.solves else {}),
            "renewed": [symbol.name for symbol in each.renewed],
        }
        for each in update.statements
    ]
    return record


def interval_json(each: Interval, at_numbers: bool) -> Object:
    """A range of stable steps; its ends are doubles at numbers, else text."""
    record: Object = {}
    for side, end, event, criticality, passage in (
        ("lower", each.lower, each.lower_event, each.lower_criticality, each.lower_passage),
        ("upper", each.upper, each.upper_event, each.upper_criticality, each.upper_passage),
    ):
        _put(record, side, _number(end, at_numbers), "there is no finite end on this side")
        _put(record, f"{side}_event", event and event.value, "it depends on the symbols")
        why = "no cycle is born at this end" if event in ("none", "fold") else "not decided"
        _put(record, f"{side}_criticality", criticality and criticality.value, why)
        if event is Event.FOLD:
            _put(record, f"{side}_event_kind", passage and passage.value, "not decided")
    record["criticality"] = record["upper_criticality"]
    if record["criticality"] is None:
        record["criticality_reason"] = record["upper_criticality_reason"]
    if each.error != 0:
        record["error"] = float(each.error)
    return record


def _edge(edge: Edge, at_numbers: bool) -> Object:
    record: Object = {}
    _put(record, "step", _number(edge.step, at_numbers), "there is no finite end")
    _put(record, "event", edge.event and edge.event.value, "it depends on the symbols")
    _put(record, "criticality", edge.criticality and edge.criticality.value, "not decided")
    if edge.event is Event.FOLD:
        _put(record, "event_kind", edge.passage and edge.passage.value, "not decided")
    _put(record, "coefficient", _number(edge.coefficient, at_numbers), "not reached")
    return record


def comparison_json(comparison: Comparison) -> Object:
    """Whether two schemes have the same Jacobian, and the verdict in words."""
    record: Object = {}
    _put(record, "same_jacobian", comparison.same_jacobian, "not decided")
    record["verdict"] = " ".join(comparison.verdict.split())
    record["known"] = comparison.known.value
    both = comparison.two_blocks
    if both is not None:
        record["two_blocks"] = {
            "simultaneous_trace": exact(both.simultaneous_trace),
            "simultaneous_determinant": exact(both.simultaneous_determinant),
            "alternating_trace": exact(both.alternating_trace),
            "alternating_determinant": exact(both.alternating_determinant),
            "q": exact(both.q),
        }
    return record


def check_json(check: Check) -> Object:
    """One check; `ok` is null where the road could not be taken, and `detail` says why."""
    record: Object = {"claim": check.claim, "road": check.road, "level": check.level.value}
    _put(record, "ok", check.ok, check.detail or "the road could not be taken")
    record["detail"] = check.detail
    return record


def _number(value: sp.Expr | None, at_numbers: bool) -> Value:
    """A string, or at numbers a double; None for what has no finite value."""
    if value is None or value.is_infinite:
        return None
    return float(value) if at_numbers and value.is_number else exact(value)


def _put(record: Object, key: str, value: Value, reason: str) -> None:
    record[key] = value
    if value is None:
        record[f"{key}_reason"] = reason
