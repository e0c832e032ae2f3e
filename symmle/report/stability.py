"""What `stability` says of schemes at a point."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import sympy as sp

from symmle.dynamics import Cycles
from symmle.model import Model
from symmle.report.comparison import comparison_sections, pair_json
from symmle.report.conjugacy import conjugacy_facts, conjugacy_json
from symmle.report.cycles import cycles_json, cycles_section
from symmle.report.document import Block, Document, Facts, Label, MatrixFormula, Paragraph, Section
from symmle.report.encoding import Object
from symmle.report.json_report import comparison_json, model_json, scheme_json
from symmle.report.printer import exact
from symmle.report.schemes import is_short, scheme_facts, statements
from symmle.report.words import is_at_numbers, sentence_case
from symmle.schemes import Metric
from symmle.stability import Comparison, SchemeStability

_NAMES = {"map": "the map", "em": "EM updates", "em_gradient": "EM gradient updates"}
_WORDS = {
    Metric.COMPLETE: "At step 1 this is EM, or has its rate: the largest fraction of missing "
    "information. At a strict maximum every step below 2 is stable: the complete data hold no less "
    "information.",
    Metric.OWN: "At step 1 each goes to its own maximum, the others held: exact coordinate ascent. "
    "Other steps are over-relaxation.",
}
_LONG = 10**6  # a numerator or denominator that is shown as a decimal number instead
_NOT_SHOWN = 300  # operations, from which on an expression is not multiplied out to be shown


def stability_document(
    model: Model,
    point: Mapping[str, sp.Expr],
    meaning: str,
    schemes: Sequence[SchemeStability],
    compared: Sequence[Comparison],
    cycles: Sequence[Cycles] = (),
) -> Document:
    """The schemes one after the other, and what distinguishes each pair of them.

    cycles: of each scheme, where they were asked for.
    """
    shown = ", ".join(
        f"{name} = {value.evalf(12) if value.is_Float else value}" for name, value in point.items()
    )
    title = f"Stability: {model.name}" + (f" at {shown}" if shown else "")
    sections = [Section("Point", (Paragraph((f"{sentence_case(meaning)}.",)),))]
    sections += [scheme_part(scheme) for scheme in schemes]
    sections += comparison_sections(schemes, compared)
    names = [scheme.name for scheme in schemes]
    sections += [cycles_section(*each) for each in zip(cycles, names, strict=False)]
    return Document(title, "", tuple(sections))


def scheme_part(scheme: SchemeStability, where: str = "") -> Section:
    """The map, its Jacobian and what follows; where: words that follow the scheme's name."""
    blocks: list[Block] = [statements(scheme.map)]
    shown = _rounded(scheme)
    if is_short(*shown.jacobian):
        blocks.append(MatrixFormula(Label("J", "\\hat{J}"), shown.jacobian, shown.map.state))
    blocks.append(Facts((*scheme_facts(shown), *conjugacy_facts(scheme))))
    if scheme.map.scheme.metric in _WORDS:
        blocks.append(Paragraph((_WORDS[scheme.map.scheme.metric],)))
    name = _NAMES.get(scheme.name, f"{scheme.name} updates")
    return Section(sentence_case(f"{name}{where}"), tuple(blocks))


def _rounded(scheme: SchemeStability) -> SchemeStability:
    """At numbers: polynomials in the step with decimal coefficients instead of exact constants."""
    if not is_at_numbers(scheme):
        return scheme
    values, intervals, edge = scheme.eigenvalues, scheme.stable_steps, scheme.edge
    return replace(
        scheme,
        jacobian=scheme.jacobian.applyfunc(_decimal),
        eigenvalues=None if values is None else tuple(map(_decimal, values)),
        stable_steps=intervals
        and tuple(
            replace(each, lower=_decimal(each.lower), upper=_decimal(each.upper))
            for each in intervals
        ),
        best_step=scheme.best_step and _decimal(scheme.best_step),
        rate=scheme.rate and _decimal(scheme.rate),
        edge=edge and replace(edge, coefficient=edge.coefficient and _decimal(edge.coefficient)),
    )


def _decimal(expr: sp.Expr) -> sp.Expr:
    """The expression with decimals, unless all its numbers are short fractions, or it is long."""
    if expr.count_ops() > _NOT_SHOWN:
        return expr
    constants = expr.atoms(sp.NumberSymbol, sp.Function) or any(
        power.base.is_number for power in expr.atoms(sp.Pow)
    )
    long = any(max(abs(each.p), each.q) >= _LONG for each in expr.atoms(sp.Rational))
    return sp.nfloat(sp.expand_mul(expr), 12, exponent=False) if constants or long else expr


def stability_json(
    model: Model,
    point: Mapping[str, sp.Expr],
    meaning: str,
    schemes: Sequence[SchemeStability],
    compared: Sequence[Comparison],
    cycles: Sequence[Cycles] = (),
) -> Object:
    """`stability --json`."""
    own = [cycles_json(each) for each in cycles] or [{} for _ in schemes]
    fixed: Object = {name: exact(value) for name, value in point.items()}
    return {
        "model": model_json(model),
        "fixed_point": fixed,
        "fixed_point_meaning": meaning,
        "schemes": [
            {**scheme_json(each), "fixed_point": fixed, **conjugacy_json(each), **more}
            for each, more in zip(schemes, own, strict=True)
        ],
        "comparison": [
            {
                "first": first.name,
                "second": second.name,
                **comparison_json(each),
                **pair_json(first, second, each),
            }
            for (first, second), each in zip(
                combinations(schemes, 2) if compared else (), compared, strict=True
            )
        ],
    }
