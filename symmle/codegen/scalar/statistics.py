"""The function of a scalar program that takes the statistics from checked columns."""

import re
from typing import TYPE_CHECKING

import sympy as sp

from symmle.codegen.formula import Formula
from symmle.codegen.layout import INDENT, Body, bracketed, signature
from symmle.codegen.names import Names
from symmle.codegen.overflow import Largest
from symmle.codegen.rows import LogGap, Tails
from symmle.errors import SymmleError
from symmle.order_statistics import Maximum, Minimum, OrderStatistic
from symmle.sample_mean import OverData, SampleCovariance, SampleMean

if TYPE_CHECKING:
    from symmle.codegen.scalar.program import Program

_PAD = INDENT * 2


def work_of(program: "Program") -> list[str]:
    """The arrays that `_take` is given to fill: rows in rising order, tails of counts."""
    nodes = [each.node for each in program.plan.statistics]
    found = []
    if any(_is_middle(node) for node in nodes):
        found += ["ordered", "ordered_weights"]
    if any(isinstance(node, Tails) for node in nodes):
        found.append("tails")
    return found


def _is_middle(node: OverData) -> bool:
    return isinstance(node, OrderStatistic) and not isinstance(node, Minimum | Maximum)


class _Taking:
    """Gathers the lines of two loops: sums and ends, then what is about the means."""

    def __init__(self, program: "Program") -> None:
        plan = program.plan
        renamed = {
            variable.symbol: sp.Symbol(argument, real=True)
            for variable, argument in zip(plan.model.data, program.arguments, strict=True)
        }
        formula = plan.tabulated.renamed(renamed)
        fields = {each.field for each in plan.statistics}
        own = ("n", "math", "i", "ordered", "ordered_weights", "tails", "weights", program.weight)
        names = Names({*program.arguments, *formula.words(), *fields, *own})
        plain = Formula(formula.assignments, formula.results, frozenset())
        body = Body(plain, program.printer(), names, str, 2)
        texts = body.named_results(40)
        self.program, self.names, self.rows = program, names, body.lines
        self.w = program.weight
        arguments = list(dict.fromkeys(arg for each in plan.statistics for arg in each.node.args))
        self.text = dict(zip(arguments, texts, strict=True))
        self.before: list[str] = []
        self.first: list[str] = []
        self.between: list[str] = []
        self.second: list[str] = []
        self.after: list[str] = []
        self._means: dict[sp.Expr, str] = {}

    def summed(self, term: str, first: bool = True) -> str:
        """The text of a sum over the rows of w * term."""
        total, rest = self.names.numbered("total"), self.names.numbered("rest")
        (self.before if first else self.between).append(f"{INDENT}{total}, {rest} = 0.0, 0.0")
        loop = self.first if first else self.second
        loop.append(f"{_PAD}{total}, {rest} = _add({total}, {rest}, {term})")
        return f"({total} + {rest})"

    def mean(self, argument: sp.Expr) -> str:
        """The name of the mean of a column."""
        if argument not in self._means:
            text = self.text[argument]
            total = self.summed(f"{self.w} * {_atom(text)}")
            name = self.names.numbered("mean")
            self.between.insert(0, f"{INDENT}{name} = {total} / n")
            self._means[argument] = name
        return self._means[argument]

    def covariance(self, one: sp.Expr, other: sp.Expr) -> str:
        left, right = (f"({_atom(self.text[each])} - {self.mean(each)})" for each in (one, other))
        both = self.summed(f"{self.w} * {left} * {right}", first=False)
        # the means' own rounding, which the deviations tell
        lost = self.summed(f"{self.w} * {left}", first=False)
        more = lost if one == other else self.summed(f"{self.w} * {right}", first=False)
        name = self.names.numbered("covariance")
        self.after.append(f"{INDENT}{name} = {both} / n - {lost} / n * ({more} / n)")
        return name

    def log_gap(self, argument: sp.Expr) -> str:
        mean = self.mean(argument)
        term = f"_log_gap(({_atom(self.text[argument])} - {mean}) / {mean})"
        return f"{self.summed(f'{self.w} * {term}', first=False)} / n"

    def end(self, argument: sp.Expr, largest: bool) -> str:
        name = self.names.fresh("largest" if largest else "smallest")
        word, start = ("max", "-math.inf") if largest else ("min", "math.inf")
        self.before.append(f"{INDENT}{name} = {start}")
        counted = f"{_atom(self.text[argument])} if {self.w} > 0.0 else {start}"
        self.first.append(f"{_PAD}{name} = {word}({name}, {counted})")
        return name


def _atom(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+(\([^()]*\))?|\([^()]*\)", text) else f"({text})"


def take(program: "Program") -> str:
    """`_take`: every statistic, in one read of the data or in two."""
    plan, taking = program.plan, _Taking(program)
    weights_of = program.weights_field
    taking.before.append(f"{INDENT}total, rest = 0.0, 0.0")
    values = [f"{each.field}={_value(taking, each.node)}" for each in plan.statistics]
    values.append(f"{program.n_field}=n")
    if plan.keeps_rows:
        pairs = zip(program.columns, program.arguments, strict=True)
        values += [f"{column}={_plural(argument)}" for column, argument in pairs]
        values.append(f"{weights_of}=weights")
    lists = [f"{_plural(argument)}: Rows" for argument in program.arguments]
    lists += ["weights: Rows", *(f"{name}: Work" for name in work_of(program))]
    arrays = ", ".join(_plural(argument) for argument in program.arguments)
    names = ", ".join((*program.arguments, program.weight))
    head = f"{INDENT}for {names} in zip({arrays}, weights, strict=False):"
    loop = [
        head,
        *taking.rows,
        f"{_PAD}total, rest = _add(total, rest, {program.weight})",
        *taking.first,
    ]
    lines = [*taking.before, *loop, f"{INDENT}n = total + rest", *taking.between]
    if taking.second:
        lines += [head, *taking.rows, *taking.second]
    return "\n".join(
        [
            signature("_take", lists, "Statistics"),
            '    """The statistics of checked columns."""',
            *lines,
            *taking.after,
            *bracketed("return Statistics(", values, ")"),
        ]
    )


def _plural(argument: str) -> str:
    return f"{argument}_rows"


def _value(taking: _Taking, node: OverData) -> str:
    argument = node.args[0]
    if isinstance(node, SampleMean):
        return taking.mean(argument)
    if isinstance(node, SampleCovariance):
        return taking.covariance(*node.args)
    if isinstance(node, LogGap):
        return taking.log_gap(argument)
    column = taking.text[argument]
    if isinstance(node, Tails) and column in taking.program.arguments:
        taking.after.append(f"{INDENT}_fill_tails({_plural(column)}, weights, tails)")
        return "tails"
    if _is_middle(node) and column in taking.program.arguments:
        word = {"Median": "_median"}.get(type(node).__name__, f"_{node.word}")
        filled = f"{INDENT}_put_in_order({_plural(column)}, weights, ordered, ordered_weights)"
        if filled not in taking.after:
            taking.after.append(filled)
        return f"{word}(ordered, ordered_weights)"
    if isinstance(node, OrderStatistic | Largest) or type(node).__name__ == "Smallest":
        return taking.end(argument, isinstance(node, Largest | Maximum))
    raise SymmleError(f"{node} has no form in scalar code here; use the target numpy")
