"""What a derivation's document says, section by section, from density to verdict."""

from collections.abc import Iterator, Mapping, Sequence

import sympy as sp

from symmle.derive import Derivation
from symmle.derive.score import moves_support
from symmle.estimate import Estimator, Kind
from symmle.known import Known
from symmle.model import Model
from symmle.report.abbreviations import abbreviated
from symmle.report.checks import checks_table
from symmle.report.document import (
    Block,
    Document,
    Facts,
    Formula,
    Formulas,
    Label,
    MatrixFormula,
    Paragraph,
    Section,
    Sentence,
    listed,
)
from symmle.report.findings import Findings
from symmle.report.printer import latex, text
from symmle.report.schemes import comparison_section, is_one_map, scheme_section
from symmle.report.words import chain, declared, sentence_case

_LONG = 60  # operations, from which on a value or a condition is told in fewer words
_LONGEST = 600  # of a Hessian at the estimate, from which on it is not written out
_LONG_MEANS = 900  # characters of text, from which on the means of the derivatives go untold
_INSIDE = (
    "exactly when the values above are real and inside the domain, and the likelihood is finite "
    "there (--json has this as one condition)"
)
_KINDS = {
    Kind.CLOSED: "closed form",
    Kind.REDUCED: "one equation in one unknown",
    Kind.SYSTEM: "a system of equations",
    Kind.BOUNDARY: "at a boundary",
    Kind.NONE: "there is none",
}


def derivation_document(findings: Findings, command: str) -> Document:
    """The whole derivation; `command` is what makes this document again."""
    model = findings.derivation.model
    return Document(
        f"Maximum likelihood: {model.name}", command, tuple(map(abbreviated, _sections(findings)))
    )


def _sections(findings: Findings) -> Iterator[Section]:
    yield _model(findings.derivation.model)
    yield _average(findings)
    yield _score(findings)
    yield _estimate(findings)
    yield _hessian(findings)
    yield _information(findings)
    schemes = findings.schemes[:1] if is_one_map(findings.schemes) else findings.schemes
    for scheme, factors in zip(schemes, findings.factors, strict=False):
        yield scheme_section(scheme, factors, alone=len(schemes) == 1)
    yield comparison_section(findings)
    yield Section("Checks by another road", (checks_table(findings.checks),))


def _model(model: Model) -> Section:
    names = ", ".join(variable.name for variable in model.data)
    kind = "p" if model.discrete else "f"
    density = Label(f"log {kind}({names})", f"\\log {kind}({names})")
    return Section(
        "Model",
        (
            Formulas((Formula(density, model.log_density),)),
            Facts(
                (
                    ("data", listed([declared(each) for each in model.data])),
                    ("parameters", listed([declared(each) for each in model.parameters])),
                    *(("given", listed([declared(each)])) for each in model.given),
                )
            ),
            *_coordinates(model),
        ),
    )


def _coordinates(model: Model) -> tuple[Formulas, ...]:
    """What each coordinate is in the parameter that it replaces."""
    if model.origin is None:
        return ()
    rows = zip(model.symbols, model.origin.images, strict=True)
    return (
        Formulas(
            tuple(
                Formula(Label(symbol.name, latex(symbol)), image)
                for symbol, image in rows
                if symbol != image
            )
        ),
    )


def _average(findings: Findings) -> Section:
    derivation = findings.derivation
    rows: list[tuple[str, Sentence]] = []
    for name, means in (
        ("once per sample", derivation.statistics),
        ("each evaluation", derivation.passes),
    ):
        told: list[Sentence] = [(each,) for each in _worth_telling(derivation, means)]
        left = len(means) - len(told)
        if left:
            told.append((f"{left} {'more' if told else 'means'} of the derivatives (in --json)",))
        rows += [(name if i == 0 else "", each) for i, each in enumerate(told)]
    average = Formulas((Formula(Label("L", "L"), derivation.average_log_likelihood),))
    blocks: list[Block] = [average, Paragraph((_data_enter(findings),))]
    if rows:
        blocks.append(Facts(tuple(rows)))
    return Section("Average log-likelihood", tuple(blocks))


def _worth_telling(derivation: Derivation, means: Sequence[sp.Expr]) -> list[sp.Expr]:
    """The means, or where they are long those of the average log-likelihood itself."""
    if sum(len(text(each)) for each in means) <= _LONG_MEANS:
        return list(means)
    own = derivation.average_log_likelihood.atoms(*{type(each) for each in means})
    return [each for each in means if each in own]


def _data_enter(findings: Findings) -> str:
    statistics, passes = len(findings.derivation.statistics), len(findings.derivation.passes)
    if not statistics and not passes:
        return "The data enter through their support only."
    if not passes:
        ends = " and through their support" if moves_support(findings.derivation.model) else ""
        return (
            f"The data enter through {_counted(statistics, 'statistic')}{ends}, computed once: an "
            "iteration costs the same for any number of observations."
        )
    through = f"{_counted(statistics, 'statistic')} and " if statistics else ""
    return (
        f"The data enter through {through}{_counted(passes, 'mean')} that depend"
        f"{'' if passes > 1 else 's'} on the parameters: each evaluation passes over the data."
    )


def _counted(count: int, what: str) -> str:
    return f"one {what}" if count == 1 else f"{count} {what}s"


def _score(findings: Findings) -> Section:
    score = findings.derivation.score
    rows = tuple(
        Formula(_derivative("L", symbol), slope)
        for symbol, slope in zip(score.parameters, score.gradient, strict=True)
    )
    return Section("Score", (Formulas(rows), *_kinks(findings)))


def _kinks(findings: Findings) -> tuple[Block, ...]:
    if findings.derivation.smooth:
        return ()
    return (Paragraph(("The log-density has kinks in its parameters; this holds between them.",)),)


def _derivative(what: str, symbol: sp.Symbol) -> Label:
    return Label(
        f"d{what}/d{text(symbol)}",
        f"\\frac{{\\partial {what}}}{{\\partial {latex(symbol)}}}",
    )


def _estimate(findings: Findings) -> Section:
    estimator = findings.estimator
    blocks: list[Block] = []
    if estimator.equation is not None:
        equation = estimator.equation
        unknown: Sentence = ("Solve for ", equation.unknown, ", which leaves one equation:")
        blocks.append(Paragraph(unknown))
        blocks.append(Formulas((Formula(Label("0", "0"), equation.expression),)))
    elif estimator.kind is Kind.SYSTEM:
        blocks.append(Paragraph(_system(findings)))
    if estimator.values:
        shown = _through_each_other(estimator.values)
        rows = tuple(Formula(_hat(symbol), value) for symbol, value in shown.items())
        blocks.append(Formulas(rows))
    blocks.append(Facts(tuple(_estimate_facts(estimator))))
    what = "a search over whole numbers" if estimator.whole else _KINDS[estimator.kind]
    heading = f"Estimate: {what}"
    return Section(heading, tuple(blocks), estimator.known.value)


def _through_each_other(values: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    """The same values, a long one written with a parameter whose own value stands in it."""
    shown = dict(values)
    for symbol, value in values.items():
        for other, long in values.items():
            if other == symbol or long.count_ops() < _LONG // 6 or shown[other].has(symbol):
                continue
            shorter = value.subs(long, other)
            if 2 * shorter.count_ops() < value.count_ops():
                shown[symbol] = shorter
                break
    return shown


def _system(findings: Findings) -> Sentence:
    if not findings.derivation.smooth or findings.estimator.whole:
        return (f"{sentence_case(findings.estimator.road)}.",)
    unknowns = listed(list(findings.estimator.unknowns))
    return ("No parameter can be isolated: solve score = 0 for ", *unknowns, " together.")


def _hat(symbol: sp.Symbol) -> Label:
    return Label(text(symbol), f"\\hat{{{latex(symbol)}}}")


def _estimate_facts(estimator: Estimator) -> Iterator[tuple[str, Sentence]]:
    match estimator.exists:
        case None if estimator.exists_if is not None:
            yield "exists", ("if ", estimator.exists_if, ", which is enough, but not needed")
        case None:
            yield "exists", ("the condition on the data was not found",)
        case sp.true:
            yield "exists", ("for every sample in the support",)
        case sp.false:
            yield "exists", (f"never: {estimator.road}",)
            return
        case condition if estimator.kind is Kind.CLOSED and condition.count_ops() > _LONG:
            yield "exists", (_INSIDE,)
        case _:
            yield "exists", ("exactly when ", estimator.exists)
    unique = {
        True: "yes: there is at most one stationary point"
        if estimator.follows_score
        else "yes: there is one maximum",
        False: "no: other parameters give the same likelihood",
        None: "not decided",
    }
    if estimator.optima:
        for symbol, (low, high) in estimator.optima.items():
            yield "unique", ("no: every ", chain((low, "<=", symbol, "<=", high)), " is a maximum")
    else:
        yield "unique", (unique[estimator.unique],)
    if estimator.maximum is Known.UNKNOWN:
        yield "maximum", (estimator.road,)
    else:
        how = "strict " if estimator.follows_score else ""
        yield "maximum", (f"{how}({estimator.maximum}): {estimator.road}",)
    if estimator.pinned:
        no_errors = ": the score does not vanish there and gives no standard error"
        yield "set by data", (*listed(list(estimator.pinned)), no_errors)


def _hessian(findings: Findings) -> Section:
    symbols = findings.derivation.score.parameters
    general = MatrixFormula(Label("H", "H"), findings.derivation.score.hessian, symbols)
    blocks: list[Block] = [general]
    there = findings.estimator.hessian
    estimator = findings.estimator
    if not estimator.follows_score:
        return Section("Hessian", tuple(blocks))
    if sum(entry.count_ops() for entry in there) > _LONGEST:
        blocks.append(Paragraph((_long_hessian(findings),)))
    elif findings.estimator.values and there != findings.derivation.score.hessian:
        blocks += [
            Paragraph(("At the stationary point:",)),
            MatrixFormula(Label("H", "\\hat{H}"), there, symbols),
        ]
    return Section("Hessian", tuple(blocks))


def _long_hessian(findings: Findings) -> str:
    if findings.derivation.information.from_score:
        return "At the stationary point it is minus the Fisher information at the estimate."
    return "At the stationary point it is too long for a page; --json has it."


def _information(findings: Findings) -> Section:
    information, symbols = findings.derivation.information, findings.derivation.score.parameters
    matrix = MatrixFormula(Label("I", "I"), information.matrix, symbols)
    road = f"For one observation. Road: {information.road}."
    if information.unresolved:
        road += " Expectations that have no closed form here stand unevaluated."
    return Section("Fisher information", (matrix, Paragraph((road,))), information.known.value)
