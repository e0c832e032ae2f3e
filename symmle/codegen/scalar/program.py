"""A plan as functions of numbers, in the part of Python that `clike` reads.

What stands here is the mathematics, once for every scalar target: statistics, value, score,
Hessian, steps and fit.  How data come in and answers go out is each target's own.
"""

from collections.abc import Sequence

import sympy as sp

from symmle.codegen.formula import Assignment, Formula, Over
from symmle.codegen.layout import INDENT, Body, bracketed, returned, signature, wrapped
from symmle.codegen.module import Module
from symmle.codegen.names import Names, shown
from symmle.codegen.plan import Plan
from symmle.codegen.printer import Printer
from symmle.codegen.rows import Tails
from symmle.codegen.scalar.fitting import fitting_functions
from symmle.codegen.scalar.passes import Pass, passes
from symmle.codegen.scalar.spelling import FUNCTIONS
from symmle.codegen.scalar.statistics import take

_DATA = "data: Statistics"


class Program(Module):
    """How things are called in scalar code, and the lines of its formulas."""

    @property
    def weight(self) -> str:
        """What the weight of a row is called."""
        return Names({*self.parameters, *self.columns, *self.arguments}).fresh("w")

    def printer(self) -> Printer:
        """Numbers only: nothing is a whole column here."""
        return Printer(frozenset(), self.alias, FUNCTIONS)

    def names(self, formula: Formula) -> Names:
        """The scope of a function that computes a formula."""
        return Names({*self.parameters, *self.columns, self.data, self.step, "math", self.weight,
                      *self.arguments, *formula.words(), "theta", "slope", "bend", "theta_",
                      "slope_", "bend_", "out"})  # fmt: skip

    def lines(self, formula: Formula, names: Names) -> list[str]:
        """The lines that work out everything but the results."""
        found: list[str] = []
        for each in passes(formula):
            if isinstance(each, Pass):
                found += self._loop(each, names)
            else:
                found += self._body([each], (), names).lines
        return found

    def returning(self, formula: Formula) -> list[str]:
        """The lines of a function that returns the results, a number or a tuple."""
        names = self.names(formula)
        lines = self.lines(formula, names)
        return [*lines, *self._body((), formula.results, names).whole()]

    def results(
        self, formula: Formula, names: Names, room: int = 60
    ) -> tuple[list[str], list[str]]:
        """(lines, the texts of the results, none longer than the room)."""
        lines = self.lines(formula, names)
        body = self._body((), formula.results, names)
        texts = body.named_results(room)
        return [*lines, *body.lines], texts

    def _body(
        self,
        lines: Sequence[Assignment],
        results: tuple[sp.Expr, ...],
        names: Names,
        depth: int = 1,
    ) -> Body:
        formula = Formula(tuple(lines), results, frozenset())
        return Body(formula, self.printer(), names, str, depth)

    def _loop(self, each: Pass, names: Names) -> list[str]:
        """One pass: sums that carry what their roundings lose, then the means."""
        totals = [(names.numbered("total"), names.numbered("rest")) for _ in each.means]
        body = self._body(each.rows, (), names, 2)
        inner = list(body.lines)
        for mean, (total, rest) in zip(each.means, totals, strict=True):
            text = self._factor(mean.value, names, inner)
            inner.append(
                f"{INDENT}{INDENT}{total}, {rest} = _add({total}, {rest}, {self.weight} * {text})"
            )
        starts = [f"{INDENT}{total}, {rest} = 0.0, 0.0" for total, rest in totals]
        n = f"{self.data}.{self.n_field}"
        ends = [
            f"{INDENT}{mean.target} = ({total} + {rest}) / {n}"
            for mean, (total, rest) in zip(each.means, totals, strict=True)
        ]
        return [*starts, self.over_rows(), *inner, *ends]

    def _factor(self, value: sp.Expr, names: Names, inner: list[str]) -> str:
        """The text of a factor, which is given a name first when it is long."""
        text = self.printer().factor(value)
        if len(text) <= 45:
            return text
        name = sp.Symbol(names.numbered("r"), real=True)
        inner += self._body([Assignment(name, value, Over.ROWS)], (), names, 2).lines
        return str(name)

    def over_rows(self) -> str:
        """The head of a loop over the rows and their weights."""
        arrays = [f"{self.data}.{name}" for name in (*self.columns, self.weights_field)]
        names = ", ".join((*self.columns, self.weight))
        return f"{INDENT}for {names} in zip({', '.join(arrays)}, strict=False):"


def functions(plan: Plan) -> list[str]:
    """The functions of the program, in an order in which each is known before it is called."""
    program = Program(plan)
    return [
        take(program),
        _likelihood(program),
        _score(program),
        _hessian(program),
        *(_slope(program, i) for i in range(len(program.parameters))),
        _evaluate(program),
        _simultaneous(program),
        _alternating(program),
        _newton(program),
        *fitting_functions(program),
    ]


def field_types(program: Program) -> dict[str, str]:
    """{field of Statistics: "float" or "rows"}, in order."""
    plan = program.plan
    found = {
        each.field: "rows" if isinstance(each.node, Tails) else "float" for each in plan.statistics
    }
    found[program.n_field] = "float"
    if plan.keeps_rows:
        found |= dict.fromkeys([*program.columns, program.weights_field], "rows")
    return found


def ends_of_domains(program: Program) -> list[str]:
    """The tables of the ends of the parameters' domains; one that another moves is left open."""
    lines = []
    for name, sign in (("_LOW", "-"), ("_HIGH", "")):
        ends = []
        for parameter in program.plan.model.parameters:
            end = parameter.domain.lower if sign else parameter.domain.upper
            finite = end.is_number and end.is_finite
            ends.append(repr(float(end)) if finite else f"{sign}math.inf")
        lines += bracketed(f"{name} = (", ends, ",)" if len(ends) == 1 else ")", 0)
    return lines


def given(program: Program) -> list[str]:
    """The arguments of a function of the parameters."""
    return [_DATA.replace("data", program.data), *(f"{name}: float" for name in program.parameters)]


def _likelihood(program: Program) -> str:
    plan = program.plan
    return "\n".join(
        [
            signature("average_log_likelihood", given(program), "float"),
            '    """The mean over the data of the log-density.',
            "",
            *wrapped(shown(plan.average), 4),
            '    """',
            *program.returning(plan.likelihood),
        ]
    )


def _score(program: Program) -> str:
    plan, formulas = program.plan, []
    for name, slope in zip(program.parameters, plan.gradient, strict=True):
        formulas += wrapped(f"d/d{name}: {shown(slope)}", 4)
    names = program.names(plan.score)
    lines, texts = program.results(plan.score, names)
    return "\n".join(
        [
            signature("score", given(program), "Point"),
            '    """The gradient of the average log-likelihood.',
            "",
            *formulas,
            '    """',
            *lines,
            *returned(texts),
        ]
    )


def _hessian(program: Program) -> str:
    names = program.names(program.plan.hessian)
    lines, texts = program.results(program.plan.hessian, names)
    p = len(program.parameters)
    rows = [texts[i * p : (i + 1) * p] for i in range(p)]
    return "\n".join(
        [
            signature("hessian", given(program), "Matrix"),
            f'    """Second derivatives of the average log-likelihood, {p} x {p}."""',
            *lines,
            *returned([f"({', '.join(row)}{',' if p == 1 else ''})" for row in rows]),
        ]
    )


def _slope(program: Program, i: int) -> str:
    return "\n".join(
        [
            signature(f"_slope_{program.parameters[i]}", given(program), "float"),
            *program.returning(program.plan.slopes[i]),
        ]
    )


def _evaluate(program: Program) -> str:
    """Value, gradient and Hessian in one go."""
    formula, p = program.plan.everything, len(program.parameters)
    names = program.names(formula)
    taken = Names({*program.parameters, *program.columns, program.data})
    theta, slope, bend = (taken.fresh(name) for name in ("theta", "slope", "bend"))
    lines, texts = program.results(formula, names)
    unpacked = [f"    {name} = {theta}[{i}]" for i, name in enumerate(program.parameters)]
    value, *rest = texts
    kept = [f"    {slope}[{i}] = {text}" for i, text in enumerate(rest[:p])]
    kept += [f"    {bend}[{i}] = {text}" for i, text in enumerate(rest[p:])]
    arrays = [f"{name}: list[float]" for name in (theta, slope, bend)]
    return "\n".join(
        [
            signature("_evaluate", [f"{program.data}: Statistics", *arrays], "float"),
            '    """The average log-likelihood at a point; fills its gradient and its Hessian."""',
            *unpacked,
            *lines,
            *kept,
            f"    return {value}",
        ]
    )


def _simultaneous(program: Program) -> str:
    step, score = program.step, program.alias.get("score", "score")
    names = Names([*program.parameters, program.data, step, score])
    slope = names.fresh("slope")
    moved = [f"{name} + {step} * {slope}[{i}]" for i, name in enumerate(program.parameters)]
    call = f"{score}({', '.join([program.data, *program.parameters])})"
    return "\n".join(
        [
            signature("step_simultaneous", [*given(program), f"{step}: float"], "Point"),
            '    """One step up the gradient: every parameter moves from the same old point."""',
            f"    {slope} = {call}",
            *returned(moved),
        ]
    )


def _alternating(program: Program) -> str:
    step, lines = program.step, []
    for name in program.parameters:
        call = f"_slope_{name}({', '.join([program.data, *program.parameters])})"
        lines.append(f"    {name} = {name} + {step} * {call}")
    return "\n".join(
        [
            signature("step_alternating", [*given(program), f"{step}: float"], "Point"),
            '    """One step a parameter, in order: each reads the new values of those before."""',
            *lines,
            *returned(program.parameters),
        ]
    )


def _newton(program: Program) -> str:
    p = len(program.parameters)
    names = Names([*program.parameters, program.data])
    theta, slope, bend = (names.fresh(name) for name in ("theta", "slope", "bend"))
    moved = [f"{name} - {slope}[{i}]" for i, name in enumerate(program.parameters)]
    return "\n".join(
        [
            signature("newton_step", given(program), "Point"),
            '    """One step of Newton\'s method; nan where the Hessian is singular."""',
            f"    {theta} = [{', '.join(program.parameters)}]",
            f"    {slope} = [0.0] * {p}",
            f"    {bend} = [0.0] * {p * p}",
            f"    _evaluate({program.data}, {theta}, {slope}, {bend})",
            f"    if not _solved({bend}, {slope}):",
            f"    {returned(['math.nan'] * p)[0]}",
            *returned(moved),
        ]
    )
