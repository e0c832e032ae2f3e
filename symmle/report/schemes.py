"""What is said about an update map: as its own section, and compared with another."""

from collections.abc import Iterator, Sequence

import sympy as sp

from symmle.known import Known
from symmle.report.document import (
    Block,
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
from symmle.report.words import at_the_edge, interval
from symmle.schemes import Map, Statement
from symmle.stability import SchemeStability, TwoBlocks

_LONGEST = 80  # operations; a longer formula explains nothing and is left to --json
_LONGEST_INLINE = 30  # the same for a formula in a list


def is_one_map(schemes: Sequence[SchemeStability]) -> bool:
    """Whether all schemes are one: a single parameter leaves no order to choose."""
    return (
        len(schemes) > 1
        and len(schemes[0].order) == 1
        and all(each.map.image == schemes[0].map.image for each in schemes)
    )


def scheme_section(
    scheme: SchemeStability, factors: Sequence[sp.ImmutableMatrix], alone: bool
) -> Section:
    """The map, its Jacobian, and the steps for which it converges near the fixed point."""
    blocks: list[Block] = [Paragraph((_order(scheme, alone),)), statements(scheme.map)]
    blocks += _general_jacobian(scheme, factors)
    if not is_short(*scheme.jacobian):
        size = sum(entry.count_ops() for entry in scheme.jacobian)
        long = f"The Jacobian at the stationary point has {size} operations; --json has it."
        blocks.append(Paragraph((long,)))
    elif len(factors) != 1 or scheme.jacobian != factors[0]:
        blocks += [
            Paragraph(("Jacobian at the stationary point:",)),
            MatrixFormula(Label("J", "\\hat{J}"), scheme.jacobian, scheme.map.state),
        ]
    blocks.append(Facts(tuple(scheme_facts(scheme))))
    name = "" if alone else f"{scheme.name.capitalize()} "
    return Section(f"{name}gradient ascent".capitalize(), tuple(blocks))


def _general_jacobian(
    scheme: SchemeStability, factors: Sequence[sp.ImmutableMatrix]
) -> Iterator[Block]:
    """The Jacobian at any point: one matrix, or a product with a factor for each line."""
    if not factors or not all(is_short(*factor) for factor in factors):
        return
    state = scheme.map.state
    if len(factors) == 1:
        yield Paragraph(("Jacobian of an update, at any point:",))
        yield MatrixFormula(Label("J", "J"), factors[0], state)
        return
    lines = list(zip(scheme.map.statements, factors, strict=True))
    owners = [line.parameters[0] for line, _ in reversed(lines)]
    product = Label(
        " * ".join(f"J_{text(symbol)}" for symbol in owners),
        " \\, ".join(f"J_{{{latex(symbol)}}}" for symbol in owners),
    )
    yield Paragraph(
        (
            "Jacobian of an update, at any point: ",
            product,
            ", each factor the identity but for its own row:",
        )
    )
    yield Formulas(
        tuple(
            Formula(_entry(line.parameters[0], column), entry)
            for line, factor in lines
            for column, entry in zip(
                state, factor.xreplace(_primed(line.renewed)).row(_row(state, line)), strict=True
            )
        )
    )


def _row(state: Sequence[sp.Symbol], line: Statement) -> int:
    return state.index(line.parameters[0])


def _entry(row: sp.Symbol, column: sp.Symbol) -> Label:
    return Label(
        f"J_{text(row)}[{text(row)}, {text(column)}]",
        f"(J_{{{latex(row)}}})_{{{latex(row)},\\,{latex(column)}}}",
    )


def _primed(renewed: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Symbol]:
    """Each symbol with a prime for every line that has moved it."""
    return {
        symbol: sp.Symbol(symbol.name + "'" * renewed.count(symbol), **symbol.assumptions0)
        for symbol in renewed
    }


def is_short(*exprs: sp.Expr) -> bool:
    """Whether each expression is short enough to be worth printing."""
    return all(expr.count_ops() <= _LONGEST for expr in exprs)


def _order(scheme: SchemeStability, alone: bool) -> str:
    if len(scheme.map.statements) > 1:
        return "One parameter after the other; a prime marks a value that was already renewed:"
    if alone and len(scheme.order) == 1:
        return "One parameter leaves no order to choose, so both schemes are this map:"
    return "All parameters move at once, from the same old point:"


def statements(update: Map) -> Formulas:
    """The update line by line, as it is run."""
    rows = []
    for line in update.statements:
        here = _primed((*line.renewed, *(line.parameters if line.implicit else ())))
        for symbol, value in zip(line.parameters, line.values, strict=True):
            if line.solves:
                rows += _own_maximum(symbol, value.xreplace(_primed(line.renewed)), update)
                continue
            if line.implicit:  # its own old value, and the direction at the new point
                value = symbol + (value - symbol).xreplace(here)
                rows.append(Formula(Label(f"{text(symbol)}'", f"{latex(symbol)}'"), value))
                continue
            primes = "'" * (1 + line.renewed.count(symbol))
            left = Label(f"{text(symbol)}{primes}", f"{latex(symbol)}{primes}")
            often = f"({line.repeat} times)" if line.repeat > 1 else ""
            rows.append(Formula(left, value.xreplace(here), "=", often))
    return Formulas(tuple(rows))


def _own_maximum(symbol: sp.Symbol, slope: sp.Expr, update: Map) -> list[Formula]:
    """The equation of a maximum without a closed form, and the share of the way to it."""
    own = sp.Symbol(f"own_{symbol.name}", **symbol.assumptions0)
    share = update.step * update.scheme.pace(symbol)
    return [
        Formula(Label("0", "0"), slope.xreplace({symbol: own})),
        Formula(Label(f"{text(symbol)}'", f"{latex(symbol)}'"), symbol + share * (own - symbol)),
    ]


def scheme_facts(scheme: SchemeStability) -> Iterator[tuple[str, Sentence]]:
    """Multipliers, stable steps, best step, rate and edge, as far as they can be read."""
    multipliers = tuple(dict.fromkeys(scheme.eigenvalues or ()))
    if multipliers and is_short(sp.Add(*multipliers, evaluate=False)):
        for each in multipliers:
            yield "eigenvalue", (each,)
    elif scheme.jacobian.rows == 2:
        roots = Label("z**2 - T*z + D", "z^2 - T z + D")
        yield "eigenvalues", ("the roots of ", roots, " with the trace T and determinant D of J")
    own = scheme.map.step == scheme.step  # else the step is a number, and a constant the symbol
    if own or scheme.at_step is None:
        title = "stable steps" if own else "stable for"
        yield title, (*stable_steps(scheme), f"  [{scheme.known}]")
    opening = "if" if scheme.stable_steps is not None else "exactly if"
    for i, condition in enumerate(filter(is_short, scheme.conditions)):
        yield ("and" if i else opening), (condition,)
    if scheme.best_step is not None and scheme.rate is not None:
        yield from _best(scheme.best_step, scheme.rate)
    if scheme.edge is not None:
        yield "at the edge", at_the_edge(scheme.edge)
    if scheme.at_step is not None:
        yield from _at_step(scheme)


def stable_steps(scheme: SchemeStability) -> Sentence:
    """The open intervals of steps at which the fixed point attracts."""
    if scheme.stable_steps is None:
        return (f"not in closed form: {scheme.reason}" if scheme.reason else "not decided",)
    if not scheme.stable_steps:
        return (f"none: {scheme.reason}" if scheme.reason else "none",)
    if not is_short(*(each.upper for each in scheme.stable_steps)):
        return ("too long to print; --json has them",)
    return listed([interval(each, scheme.step) for each in scheme.stable_steps])


def _best(step: sp.Expr, rate: sp.Expr) -> Iterator[tuple[str, Sentence]]:
    if step.count_ops() + rate.count_ops() > 2 * _LONGEST_INLINE:
        yield "best step", ("too long to print; --json has it and its rate",)
        return
    yield "best step", (step,)
    if rate == 0:
        yield "rate there", ("0: faster than any geometric rate",)
    else:
        yield "rate there", ("each update multiplies the error by ", rate)


def _at_step(scheme: SchemeStability) -> Iterator[tuple[str, Sentence]]:
    there = scheme.at_step
    if there is None:
        return
    verdict = f"{there.verdict} [{there.known}]"
    if scheme.map.step == scheme.step:
        yield "this step", (scheme.step, " = ", there.step, f": {verdict}")
    else:
        yield "verdict", (verdict,)
    yield "spectral radius", (there.spectral_radius.evalf(12), ", the rate in the long run")
    yield (
        "one-step gain",
        (
            there.one_step_gain.evalf(12),
            ", the most that one update can enlarge an error",
        ),
    )


def comparison_section(findings: Findings) -> Section:
    """The verdict, in plain words."""
    if findings.comparison is None:
        return Section("Verdict", (Paragraph((f"{findings.unanalysed}.",)),))
    blocks: list[Block] = []
    if not is_one_map(findings.schemes):
        blocks.append(Paragraph((" ".join(findings.comparison.verdict.split()),)))
        if findings.comparison.two_blocks is not None:
            blocks += _explained(findings.comparison.two_blocks)
    blocks.append(Paragraph(tuple(_promise(findings))))
    return Section("Verdict", tuple(blocks), findings.comparison.known.value)


def _explained(both: TwoBlocks) -> list[Block]:
    """T, D and q: why the two schemes agree or differ."""
    if not is_short(both.q, both.simultaneous_trace, both.simultaneous_determinant):
        return []
    q = ("q", "q")
    opening: Sentence = (
        "Reading the new value adds the same q to trace and determinant of the Jacobian: ",
    )
    if both.q == 0:
        tail = "here q = 0, because neither parameter acts on the other to first order."
        return [Paragraph((*opening, tail))]
    return [
        Paragraph(
            (
                *opening,
                "q is positive where the parameters act on each other, which moves "
                "the multipliers away from -1.",
            )
        ),
        Formulas((Formula(Label(*q), both.q),)),
    ]


def _promise(findings: Findings) -> Iterator[str]:
    if findings.estimator.kind.value == "closed":
        yield "The estimate is a closed form, so no iteration is needed to compute it. "
    yield (
        "A stable step is a promise about starts near the estimate. It says nothing of a start "
        "far away, which may be thrown farther still by its first update."
    )
    if any(each.known is Known.UNKNOWN for each in findings.schemes):
        yield " Where symbols leave a range open, `stability` with --at or --data decides it."
