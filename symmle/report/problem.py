"""What `stability` says of a problem without data, at each of its fixed points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import sympy as sp

from symmle.dynamics import Cycles
from symmle.fixed_points import FixedPoints
from symmle.problem import Objective, Problem
from symmle.report.comparison import comparison_sections, pair_json
from symmle.report.conjugacy import conjugacy_json
from symmle.report.cycles import cycles_json, cycles_section
from symmle.report.document import (
    Document,
    Facts,
    Formula,
    Formulas,
    Label,
    Paragraph,
    Section,
    Sentence,
)
from symmle.report.encoding import Object, Value
from symmle.report.json_report import comparison_json, scheme_json
from symmle.report.printer import exact, latex, text
from symmle.report.stability import scheme_part
from symmle.stability import Comparison, SchemeStability
from symmle.stability.definite import Stationary

_KINDS = {
    Stationary.MAXIMUM: "a strict maximum of the objective",
    Stationary.MINIMUM: "a strict minimum of the objective",
    Stationary.SADDLE: "a saddle of the objective",
    Stationary.SINGULAR: "where the Hessian of the objective is singular",
    Stationary.UNKNOWN: "of a kind that is not decided",
}
_TURNED = {Stationary.MAXIMUM: Stationary.MINIMUM, Stationary.MINIMUM: Stationary.MAXIMUM}


@dataclass(frozen=True, slots=True)
class Analysed:
    """The schemes at one fixed point.

    kind: its type for the field that is climbed; None for a game or a map.
    """

    values: Mapping[sp.Symbol, sp.Expr]
    kind: Stationary | None
    schemes: tuple[SchemeStability, ...]
    compared: tuple[Comparison, ...]


def problem_document(
    problem: Problem,
    found: FixedPoints,
    analysed: Sequence[Analysed],
    cycles: Sequence[Cycles] = (),
) -> Document:
    """What is sought, then each fixed point with the schemes one after the other.

    cycles: of each scheme, where they were asked for.
    """
    rows = tuple((each.name, (_domain(each.domain.text),)) for each in problem.variables)
    sections = [
        Section("Problem", (Formulas(tuple(_sought(problem))), Facts(rows))),
        Section(
            "Fixed points", (Paragraph((_told(found),)), Facts(tuple(_listed(problem, analysed))))
        ),
    ]
    for i, each in enumerate(analysed, start=1):
        where = _place(each.values) if len(analysed) == 1 else f"point {i}"
        sections += [scheme_part(scheme, f" at {where}") for scheme in each.schemes]
        sections += comparison_sections(each.schemes, each.compared, f" at {where}")
    names = [scheme.name for scheme in analysed[0].schemes]
    sections += [cycles_section(*each) for each in zip(cycles, names, strict=False)]
    return Document(f"Stability: {problem.name}", "", tuple(sections))


def problem_json(
    problem: Problem,
    found: FixedPoints,
    analysed: Sequence[Analysed],
    cycles: Sequence[Cycles] = (),
) -> Object:
    """`stability --json` for a problem: an entry of `schemes` for each scheme at each point."""
    schemes: list[Value] = []
    points: list[Value] = []
    comparisons: list[Value] = []
    first_point: Object = {}
    own = [cycles_json(each) for each in cycles] or [{} for _ in analysed[0].schemes]
    for point, each in zip(found.points, analysed, strict=True):
        fixed: Object = {symbol.name: exact(value) for symbol, value in each.values.items()}
        first_point = first_point or fixed
        kind = None if each.kind is None else _kind(problem, each.kind).value
        points.append({"fixed_point": fixed, "kind": kind, "known": point.known.value})
        schemes += [
            {
                **scheme_json(scheme),
                "fixed_point": fixed,
                "kind": kind,
                **conjugacy_json(scheme),
                **more,
            }
            for scheme, more in zip(each.schemes, own, strict=True)
        ]
        comparisons += [
            {
                "first": first.name,
                "second": second.name,
                "fixed_point": fixed,
                **comparison_json(compared),
                **pair_json(first, second, compared),
            }
            for (first, second), compared in zip(
                combinations(each.schemes, 2) if each.compared else (), each.compared, strict=True
            )
        ]
    return {
        "problem": _problem(problem),
        "fixed_point": first_point,
        "fixed_points": points,
        "fixed_points_complete": found.complete,
        "fixed_points_road": found.road,
        "schemes": schemes,
        "comparison": comparisons,
    }


def _problem(problem: Problem) -> Object:
    record: Object = {
        "name": problem.name,
        "variables": {each.name: each.domain.text for each in problem.variables},
    }
    if problem.given:
        record["given"] = {each.name: each.domain.text for each in problem.given}
    if problem.is_map:
        record["map"] = {
            s.name: exact(e) for s, e in zip(problem.symbols, problem.image, strict=True)
        }
    else:
        record["objectives"] = [
            {
                "block": [symbol.name for symbol in each.block],
                _verb(each): exact(each.expression),
            }
            for each in problem.objectives
        ]
    return record


def _verb(objective: Objective) -> str:
    return "maximise" if objective.sense > 0 else "minimise"


def _sought(problem: Problem) -> list[Formula]:
    if problem.is_map:
        return [
            Formula(Label(f"{text(s)}'", f"{latex(s)}'"), e)
            for s, e in zip(problem.symbols, problem.image, strict=True)
        ]
    rows = []
    for each in problem.objectives:
        who = "" if len(problem.objectives) == 1 else f"{', '.join(map(text, each.block))}: "
        rows.append(
            Formula(
                Label(f"{who}{_verb(each)}", f"\\text{{{who}{_verb(each)}}}"), each.expression, ""
            )
        )
    return rows


def _domain(words: str) -> str:
    return words


def _told(found: FixedPoints) -> str:
    left = "no other is isolated" if found.complete else "others may exist"
    if found.road == "as named":
        return "The point that was named."
    return f"Found: {found.road}; {left}."


def _listed(problem: Problem, analysed: Sequence[Analysed]) -> list[tuple[str, Sentence]]:
    rows: list[tuple[str, Sentence]] = []
    for i, each in enumerate(analysed, start=1):
        kind = "" if each.kind is None else f", {_KINDS[_kind(problem, each.kind)]}"
        rows.append((f"point {i}", (_place(each.values) + kind,)))
    return rows


def _kind(problem: Problem, kind: Stationary) -> Stationary:
    """In the words of the objective as it was written: a field climbs minus what is minimised."""
    return _TURNED.get(kind, kind) if problem.objectives[0].sense < 0 else kind


def _place(values: Mapping[sp.Symbol, sp.Expr]) -> str:
    return ", ".join(
        f"{symbol} = {text(value.evalf(12) if value.is_Float else value)}"
        for symbol, value in values.items()
    )
