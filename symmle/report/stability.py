"""What `stability` says of schemes at a point."""

from collections.abc import Mapping, Sequence

import sympy as sp

from symmle.model import Model
from symmle.report.document import Block, Document, Facts, Label, MatrixFormula, Paragraph, Section
from symmle.report.json_report import Object, comparison_json, model_json, scheme_json
from symmle.report.printer import exact
from symmle.report.schemes import is_short, scheme_facts, statements
from symmle.report.words import sentence_case
from symmle.stability import Comparison, SchemeStability


def stability_document(
    model: Model,
    point: Mapping[str, sp.Expr],
    meaning: str,
    schemes: Sequence[SchemeStability],
    compared: Sequence[Comparison],
) -> Document:
    """The schemes one after the other, and what distinguishes each from the one before it."""
    shown = ", ".join(f"{name} = {value.evalf(12) if value.is_Float else value}"
                      for name, value in point.items())
    title = f"Stability: {model.name}" + (f" at {shown}" if shown else "")
    sections = [Section("Point", (Paragraph((f"{sentence_case(meaning)}.",)),))]
    sections += [_section(scheme) for scheme in schemes]
    verdicts = tuple(Paragraph((" ".join(each.verdict.split()),)) for each in compared)
    if verdicts:
        sections.append(Section("Verdict", verdicts))
    return Document(title, "", tuple(sections))


def _section(scheme: SchemeStability) -> Section:
    blocks: list[Block] = [statements(scheme.map)]
    if is_short(*scheme.jacobian):
        blocks.append(MatrixFormula(Label("J", "\\hat{J}"), scheme.jacobian, scheme.map.state))
    blocks.append(Facts(tuple(scheme_facts(scheme))))
    return Section(sentence_case(f"{scheme.name} updates"), tuple(blocks))


def stability_json(
    model: Model,
    point: Mapping[str, sp.Expr],
    meaning: str,
    schemes: Sequence[SchemeStability],
    compared: Sequence[Comparison],
) -> Object:
    """`stability --json`."""
    fixed: Object = {name: exact(value) for name, value in point.items()}
    return {
        "model": model_json(model),
        "fixed_point": fixed,
        "fixed_point_meaning": meaning,
        "schemes": [{**scheme_json(each), "fixed_point": fixed} for each in schemes],
        "comparison": [
            {"first": first.name, "second": second.name, **comparison_json(each)}
            for first, second, each in zip(schemes, schemes[1:], compared, strict=False)
        ],
    }
