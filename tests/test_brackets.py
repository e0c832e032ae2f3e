"""Every end of every range of stable steps, bracketed by runs at 0.99 and 1.01 of it.

For every family of the catalogue, on forty rows: the update itself is run (tests/runs.py), beside
the fixed point, a per cent inside the end and a per cent outside.  Where there is no fixed point of
a smooth score the records must say so.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import mpmath
import pytest
import sympy as sp

from symmle.derive import Derivation, derive
from symmle.estimate import estimate
from symmle.families import FAMILIES, family_model
from symmle.known import Known
from symmle.precise import evaluate
from symmle.schemes import (
    Rule,
    Scheme,
    alternating,
    coordinate,
    newton,
    scoring,
    simultaneous,
    with_rule,
)
from symmle.stability import stability
from symmle.stability.records import Event, Interval
from tests.runs import Ground, Run, ground, outcomes

REFERENCE = json.loads((Path(__file__).parent / "ref" / "family_fits.json").read_text())["fits"]
STEP = sp.Symbol("step_of_the_map", positive=True)
AT_REST = 1e-7  # of a gradient in units
STARTS = (0, 1)  # one of them may lie where an unstable point attracts


@cache
def derivation_of(name: str) -> Derivation:
    return derive(family_model(name))


def schemes_of(name: str) -> list[Scheme]:
    """Those that differ, of as many parameters, and that have a map written out."""
    derivation = derivation_of(name)
    theta = derivation.model.symbols
    found = [simultaneous(theta), with_rule(simultaneous(theta), Rule.HEAVY_BALL, sp.S.Half)]
    found += [alternating(theta)] if len(theta) > 1 else []
    found += [coordinate(theta, inner=2)] if len(theta) == 2 else []
    found += [newton(theta)] if len(theta) <= 3 else []
    known = not derivation.information.unresolved
    return found + ([scoring(theta)] if known and len(theta) <= 3 else [])


def evaluation(name: str, where: Ground) -> Callable[[sp.Expr], sp.Expr]:
    """An expression with means, as a number at the point."""
    model, reference = derivation_of(name).model, REFERENCE[name]
    columns = zip(*(r if isinstance(r, list) else [r] for r in reference["rows"]), strict=True)
    rows = {v.symbol: list(map(mpmath.mpf, c)) for v, c in zip(model.data, columns, strict=True)}
    variables = (*model.given, *model.parameters)
    numbers = [*reference["point"][: len(model.given)], *map(float, where.point)]
    point = {v.symbol: mpmath.mpf(x) for v, x in zip(variables, numbers, strict=True)}

    @cache  # all schemes ask for the same Hessian
    def place(expr: sp.Expr) -> sp.Expr:
        with mpmath.workdps(30):
            return sp.Float(evaluate(expr, rows, point), 30)

    return place


def claimed(name: str, scheme: Scheme, place: Callable[[sp.Expr], sp.Expr]) -> tuple[Interval, ...]:
    derivation = derivation_of(name)
    information = derivation.information
    found = stability(
        derivation.score,
        scheme,
        STEP,
        {},
        information=None if information.unresolved else information.matrix,
        evaluate=place,
        edges=False,
    )
    assert found.known is not Known.UNKNOWN and found.stable_steps
    return found.stable_steps


def brackets(ranges: Sequence[Interval]) -> list[tuple[float, bool]]:
    """(a step, whether it is claimed to be stable), on both sides of every end.

    A per cent of the end apart from it, or less in a range that is itself no wider.
    """
    told = []
    for each in ranges:
        width = float(each.upper - each.lower)
        for end, event, way in (
            (each.lower, each.lower_event, 1),
            (each.upper, each.upper_event, -1),
        ):
            if event is not Event.NONE:
                share = min(0.01 * float(end), width / 4)
                told += [(float(end) + way * share, True), (float(end) - way * share, False)]
    return told


def why_no_range(derivation: Derivation) -> str:
    """What the records say of a model whose ascent has no fixed point; "" for one that has."""
    if not derivation.smooth:
        return "the score jumps"
    estimator = estimate(derivation)
    told = [f"the data set {s}" for s in (*estimator.pinned, *estimator.optima)]
    return "; ".join([*told, *(f"{s} is a whole number" for s in estimator.whole)])


@pytest.mark.parametrize("name", FAMILIES)
def test_every_end_is_bracketed_by_runs(name: str, record_property: Callable[..., None]) -> None:
    """Runs come home on the stable side of each end, and go away on the other."""
    derivation = derivation_of(name)
    if not derivation.smooth:
        assert derivation.model.log_density.has(sp.Abs, sp.sign, sp.Piecewise, sp.Min, sp.Max)
        record_property("no range", why_no_range(derivation))
        return
    where = ground(derivation.model, REFERENCE[name]["rows"], REFERENCE[name]["point"])
    if not where.left < AT_REST:
        why = why_no_range(derivation)
        assert why
        record_property("no range", why)
        return
    claims: dict[tuple[Scheme, float], bool] = {}
    runs: list[Run] = []
    place = evaluation(name, where)
    for scheme in schemes_of(name):
        for step, stable in brackets(claimed(name, scheme, place)):
            claims[scheme, step] = stable
            runs += [Run(scheme, step, start) for start in ((0,) if stable else STARTS)]
    numbers = zip(derivation.model.given, REFERENCE[name]["point"], strict=False)
    given = {v.symbol: sp.Float(x, 17) for v, x in numbers}
    seen = outcomes(where, runs, derivation.information.matrix.xreplace(given))
    told: dict[tuple[Scheme, float], list[bool | None]] = {claim: [] for claim in claims}
    for run, saw in zip(runs, seen, strict=True):
        told[run.scheme, run.step].append(saw)
    wrong = {
        f"{scheme.name} {scheme.rule.value} at {step}, claimed {stable}": told[scheme, step]
        for (scheme, step), stable in claims.items()
        if not (all(told[scheme, step]) if stable else False in told[scheme, step])
    }
    assert claims
    assert not wrong
