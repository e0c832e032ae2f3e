"""Spell a plan as a standalone module for NumPy."""

import ast
import re
from collections.abc import Sequence

import sympy as sp

from symmle import __version__
from symmle.codegen.fitting import WORDS, iterating_functions
from symmle.codegen.formula import Formula
from symmle.codegen.layout import INDENT, WIDTH, Body, bracketed, returned, signature, wrapped
from symmle.codegen.names import Names, slug
from symmle.codegen.pieces import helpers_for
from symmle.codegen.plan import Plan
from symmle.codegen.printer import Printer
from symmle.codegen.rows import Largest, LogGap, Smallest, Tails
from symmle.model import Domain
from symmle.sample_mean import SampleCovariance, SampleMean

_IMPORTED = ("np", "math", "special", "float")


class Module:
    """What the writers of the single functions share: the plan and how things are called in it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        model = plan.model
        self.parameters = [parameter.name for parameter in model.parameters]
        self.columns = [variable.name for variable in model.data]
        self.data = plan.data_name
        taken = {*self.parameters, *self.columns}
        self.alias = {name: f"_{name}" for name in (*_IMPORTED, "score") if name in taken}
        names = Names(WORDS)
        self.arguments = [names.fresh(column) for column in self.columns]
        names = Names(taken)
        self.step = names.fresh("step")
        self.fields = Names(self.columns)
        self.n_field, self.weights_field = self.fields.fresh("n"), self.fields.fresh("weights")

    def body(self, formula: Formula) -> Body:
        """The lines of a formula that reads its statistics from `data`."""
        used = {*self.parameters, *self.columns, self.data, self.step, *_IMPORTED, *formula.words()}
        weights = f"{self.data}.{self.weights_field}"
        body = Body(
            formula, Printer(formula.rows, self.alias), Names(used),
            lambda text: f"_average({text}, {weights})",
        )
        text = "\n".join(body.lines)
        rows = [
            f"{INDENT}{column} = {self.data}.{column}"
            for column in self.columns
            if self.plan.keeps_rows and re.search(rf"(?<![\w.]){column}\b", text)
        ]
        body.lines[:0] = rows
        return body

    def summary(self) -> str:
        return f"{INDENT}{self.data} = _summary({self.data})"


def write(plan: Plan) -> str:
    """The text of the module, as `ruff format` leaves it."""
    module = Module(plan)
    records = [_statistics_record(module), _estimate_record(module)]
    functions = [
        _statistics(module),
        _read(module),
        _taken(module),
        _summary(module),
        _likelihood(module),
        _score(module),
        _hessian(module),
        *(_slope(module, i) for i in range(len(module.parameters))),
        _simultaneous(module),
        _alternating(module),
        _newton(),
        *iterating_functions(module),
    ]
    slopes = [f"_slope_{name}" for name in module.parameters]
    table = bracketed("_SLOPES = (", slopes, ",)" if len(slopes) == 1 else ")", 0)
    if "score" in module.alias:
        table.append("_score = score")
    constants, helpers = helpers_for("\n".join(functions))
    code = "\n\n\n".join([*records, *functions, "\n".join(table), *helpers])
    constants.append(_domain(module))
    top = [
        *_imports("\n".join([code, *constants])),
        "",
        *bracketed("__symmle__ = {", _identity(plan), "}", 0),
        "",
        *(f"{short} = {name}" for name, short in module.alias.items() if name != "score"),
        *constants,
    ]
    return "\n".join([_header(plan), "", *top, "", "", code, ""])


def _domain(module: Module) -> str:
    """The table of the parameters' domains; an end that another parameter moves is left open."""
    printer = Printer(frozenset())
    pairs = []
    for parameter in module.plan.model.parameters:
        ends = [
            printer.text(end) + (".0" if end.is_Integer else "")
            if end.is_number and end.is_finite
            else f"{sign}math.inf"
            for end, sign in ((parameter.domain.lower, "-"), (parameter.domain.upper, ""))
        ]
        pairs.append(f"({', '.join(ends)})")
    return "\n".join(bracketed("_DOMAIN = (", pairs, ",)" if len(pairs) == 1 else ")", 0))


def _imports(code: str) -> list[str]:
    words = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    lines = ["import math"] if "math" in words else []
    for room, names in (
        ("collections.abc", ("Callable", "Iterable", "Sequence")),
        ("itertools", ("pairwise", "repeat")),
    ):
        used = [name for name in names if name in words]
        if used:
            lines.append(f"from {room} import {', '.join(used)}")
    lines += ["from typing import NamedTuple", "", "import numpy as np"]
    typing = [name for name in ("ArrayLike", "NDArray") if name in words]
    lines.append(f"from numpy.typing import {', '.join(typing)}")
    if words & {"special", "_special"}:
        lines.append("from scipy import special")
    return lines


def _identity(plan: Plan) -> list[str]:
    pairs = {"version": __version__, "model": _one_line(plan.model.name), "digest": plan.digest}
    return [f'"{key}": "{value}"' for key, value in pairs.items()]


def _header(plan: Plan) -> str:
    model = plan.model
    formula = wrapped(f"log f = {model.log_density}", 4)
    where = [f"    {each.name}: {each.domain.text}" for each in (*model.data, *model.parameters)]
    return "\n".join([
        f'"""Maximum likelihood for {_one_line(model.name)}.',
        "",
        *formula,
        "",
        *where,
        "",
        f"Generated by symmle {__version__} from the density with digest {plan.digest}.",
        '"""',
    ])


def _one_line(name: str) -> str:
    return re.sub(r"[^\w ().,+-]", " ", name)


def _statistics_record(module: Module) -> str:
    plan = module.plan
    lines = ["class Statistics(NamedTuple):", '    """What the data enter through.', ""]
    for each in plan.statistics:
        lines += wrapped(f"{each.field}: {each.node}", 4)
    lines.append(f"    {module.n_field}: the number of rows, or the sum of the weights")
    if plan.keeps_rows:
        kept = ", ".join(module.columns)
        lines.append(f"    {kept}, {module.weights_field}: the rows, for what is summed over them")
    lines += ['    """', ""]
    for each in plan.statistics:
        kind = "Floats" if isinstance(each.node, Tails) else "float"
        lines.append(f"    {each.field}: {kind}")
    lines.append(f"    {module.n_field}: float")
    if plan.keeps_rows:
        lines += [f"    {column}: Floats" for column in module.columns]
        lines.append(f"    {module.weights_field}: Floats | None")
    return "\n".join(lines)


def _estimate_record(module: Module) -> str:
    lines = ["class Estimate(NamedTuple):", '    """One value for each parameter."""', ""]
    return "\n".join([*lines, *(f"    {name}: float" for name in module.parameters)])


def _statistics(module: Module) -> str:
    given = [f"{argument}: ArrayLike" for argument in module.arguments]
    columns = ", ".join(module.arguments)
    return "\n".join([
        signature("statistics", [*given, "weights: ArrayLike | None = None"], "Statistics"),
        '    """Check the data and take from them what the likelihood needs.',
        "",
        "    weights: one a row, counting as repetitions of it; all 1 when None.",
        "    Raises ValueError naming the first row that is not finite or outside the support.",
        '    """',
        f"    return _taken(*_read({columns}, weights))",
    ])


def _read(module: Module) -> str:
    given = [f"{argument}: ArrayLike" for argument in module.arguments]
    returns = f"tuple[{', '.join(['Floats'] * len(given))}, Floats | None]"
    lines = [
        signature("_read", [*given, "weights: ArrayLike | None"], returns),
        '    """The data and weights as arrays, checked."""',
    ]
    for argument, variable in zip(module.arguments, module.plan.model.data, strict=True):
        lines.append(f'    {argument} = _column({argument}, "{variable.name}")')
        lines += _domain_checks(argument, variable.name, variable.domain)
    first, *others = module.arguments
    for other in others:
        lines += [
            f"    if len({other}) != len({first}):",
            f'        raise ValueError("{first} and {other} must have equally many rows")',
        ]
    columns = ", ".join(module.arguments)
    return "\n".join([
        *lines,
        f"    w = None if weights is None else _checked_weights(weights, len({first}))",
        f"    return {columns}, w",
    ])


def _taken(module: Module) -> str:
    """The function that computes the statistics from checked columns."""
    plan = module.plan
    renamed = {
        variable.symbol: sp.Symbol(argument, real=True)
        for variable, argument in zip(plan.model.data, module.arguments, strict=True)
    }
    formula = plan.tabulated.renamed(renamed)
    body = Body(formula, Printer(formula.rows), Names({*WORDS, *formula.words()}), str)
    texts = body.named_results()
    lines, known = list(body.lines), {}
    names = Names({*WORDS, *formula.words(), *re.findall(r"\w+", "\n".join(body.lines))})
    for arg, text in zip(_arguments(plan), texts, strict=True):
        known[arg] = text if text.isidentifier() else names.fresh(slug(arg) or "column")
        if not text.isidentifier():
            lines.append(f"    {known[arg]} = {text}")
    if lines:
        lines = ['    with np.errstate(all="ignore"):', *(f"    {line}" for line in lines)]
    values = [f"{each.field}={_value(each.node, known)}" for each in plan.statistics]
    first = module.arguments[0]
    values.append(f"{module.n_field}=float(len({first})) if w is None else _sum(w)")
    if plan.keeps_rows:
        values += [
            f"{column}={argument}"
            for column, argument in zip(module.columns, module.arguments, strict=True)
        ]
        values.append(f"{module.weights_field}=w")
    given = [f"{argument}: Floats" for argument in module.arguments]
    return "\n".join([
        signature("_taken", [*given, "w: Floats | None"], "Statistics"),
        '    """The statistics of checked data."""',
        *lines,
        *bracketed("return Statistics(", values, ")"),
    ])


def _arguments(plan: Plan) -> list[sp.Expr]:
    return list(dict.fromkeys(arg for each in plan.statistics for arg in each.node.args))


def _value(node: sp.Expr, known: dict[sp.Expr, str]) -> str:
    columns = [known[arg] for arg in node.args]
    if isinstance(node, SampleMean):
        return f"_mean({columns[0]}, w)"
    if isinstance(node, SampleCovariance):
        return f"_covariance({columns[0]}, {columns[1]}, w)"
    if isinstance(node, Tails):
        return f"_tails({columns[0]}, w)"
    if isinstance(node, LogGap):
        return f"_log_gap({columns[0]}, w)"
    return f"float({columns[0]}.{'max' if isinstance(node, Largest) else 'min'}())"


def _domain_checks(argument: str, name: str, domain: Domain) -> list[str]:
    """Lines that refuse a column outside its domain; ends that parameters move are not checked."""
    tests = []
    printer = Printer(frozenset())
    for end, closed, strict in (
        (domain.lower, domain.lower_closed, ">"),
        (domain.upper, domain.upper_closed, "<"),
    ):
        if end.is_number and end.is_finite:
            sign = f"{strict}=" if closed else strict
            tests.append(f"({argument} {sign} {printer.text(end)})")
    if domain.integer:
        tests.append(f"({argument} == np.floor({argument}))")
    if not tests:
        return []
    test = " & ".join(tests) if len(tests) > 1 else tests[0][1:-1]
    text = domain.text if not domain.depends_on else "inside its domain"
    return bracketed("_require(", [test, argument, f'"{name}"', f'"{text}"'], ")")


def _summary(module: Module) -> str:
    given = "data" if len(module.columns) == 1 else "*data"
    return "\n".join([
        "def _summary(data: Statistics | ArrayLike) -> Statistics:",
        f"    return data if isinstance(data, Statistics) else statistics({given})",
    ])


def _given(module: Module) -> list[str]:
    data = f"{module.data}: Statistics | ArrayLike"
    return [data, *(f"{name}: float" for name in module.parameters)]


def _likelihood(module: Module) -> str:
    body = module.body(module.plan.likelihood)
    return "\n".join([
        signature("average_log_likelihood", _given(module), "float"),
        '    """The mean over the data of the log-density.',
        "",
        *wrapped(str(module.plan.average), 4),
        "",
        f"    {module.data}: Statistics, or data as `statistics` takes them.",
        '    """',
        module.summary(),
        *body.whole(),
    ])


def _score(module: Module) -> str:
    body = module.body(module.plan.score)
    formulas = []
    for name, slope in zip(module.parameters, module.plan.gradient, strict=True):
        formulas += wrapped(f"d/d{name}: {slope}", 4)
    return "\n".join([
        signature("score", _given(module), "Point"),
        '    """The gradient of the average log-likelihood.',
        "",
        *formulas,
        '    """',
        module.summary(),
        *_tuple(body),
    ])


def _tuple(body: Body) -> list[str]:
    """The lines of a formula, its results returned as a tuple, also if there is only one."""
    texts = body.named_results()
    return [*body.lines, *returned(texts)]


def _hessian(module: Module) -> str:
    p = len(module.parameters)
    body = module.body(module.plan.hessian)
    entries = body.named_results()
    rows = [f"[{', '.join(entries[i * p : (i + 1) * p])}]" for i in range(p)]
    line = f"    return {module.alias.get('np', 'np')}.array([{', '.join(rows)}])"
    back = [line]
    if len(line) > WIDTH:
        inner = f"        [{', '.join(rows)}]"
        start = f"    return {module.alias.get('np', 'np')}.array("
        back = [start, inner, "    )"]
        if len(inner) > WIDTH:
            back = [start, "        [", *_matrix_rows(entries, p), "        ]", "    )"]
    return "\n".join([
        signature("hessian", _given(module), "Floats"),
        f'    """Second derivatives of the average log-likelihood, {p} x {p}."""',
        module.summary(), *body.lines, *back,
    ])


def _matrix_rows(entries: Sequence[str], p: int) -> list[str]:
    lines = []
    for i in range(p):
        row = f"            [{', '.join(entries[i * p : (i + 1) * p])}],"
        if len(row) <= WIDTH:
            lines.append(row)
        else:
            lines.append("            [")
            lines += [f"                {each}," for each in entries[i * p : (i + 1) * p]]
            lines.append("            ],")
    return lines


def _slope(module: Module, i: int) -> str:
    body = module.body(module.plan.slopes[i])
    name = module.parameters[i]
    given = [f"{module.data}: Statistics", *_given(module)[1:]]
    return "\n".join([
        signature(f"_slope_{name}", given, "float"),
        *body.whole(),
    ])


def _simultaneous(module: Module) -> str:
    score = module.alias.get("score", "score")
    names = Names([*module.parameters, module.data, module.step, score])
    slopes = [names.fresh(f"slope_{name}") for name in module.parameters]
    call = f"{score}({', '.join([module.data, *module.parameters])})"
    point = ", ".join(
        f"{name} + {module.step} * {slope}"
        for name, slope in zip(module.parameters, slopes, strict=True)
    )
    unpacked = ", ".join(slopes) if len(slopes) > 1 else f"({slopes[0]},)"
    lines = [
        signature("step_simultaneous", [*_given(module), f"{module.step}: float"], "Point"),
        '    """One step up the gradient: every parameter moves from the same old point."""',
        f"    {unpacked} = {call}",
        f"    return {point}" if len(slopes) > 1 else f"    return ({point},)",
    ]
    if max(map(len, lines[2:])) > WIDTH:
        gradient = names.fresh("gradient")
        moved = [
            f"{name} + {module.step} * {gradient}[{i}]" for i, name in enumerate(module.parameters)
        ]
        given = [module.data, *module.parameters]
        lines[2:] = [*bracketed(f"{gradient} = {score}(", given, ")"), *returned(moved)]
    return "\n".join(lines)


def _alternating(module: Module) -> str:
    step, data = module.step, module.data
    lines = [
        signature("step_alternating", [*_given(module), f"{step}: float"], "Point"),
        '    """One step a parameter, in order: each reads the new values of those before it."""',
        module.summary(),
    ]
    for name in module.parameters:
        head = f"{name} = {name} + {step} * _slope_{name}("
        lines += bracketed(head, [data, *module.parameters], ")")
    return "\n".join([*lines, *returned(module.parameters)])


def _newton() -> str:
    return "\n".join([
        "def newton_step(data: Statistics | ArrayLike, *theta: float) -> Point:",
        '    """One step of Newton\'s method on score = 0, from the point theta."""',
        "    data = _summary(data)",
        "    move = np.linalg.solve(hessian(data, *theta), score(data, *theta))",
        "    return tuple((np.array(theta) - move).tolist())",
    ])
