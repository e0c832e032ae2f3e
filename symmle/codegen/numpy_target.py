"""Spell a plan as a standalone module for NumPy."""

import ast
from collections.abc import Sequence

from symmle.codegen.data_functions import data_functions, records
from symmle.codegen.fitting import iterating_functions
from symmle.codegen.header import docstring, identity_items
from symmle.codegen.layout import WIDTH, Body, bracketed, returned, signature, wrapped
from symmle.codegen.module import Module
from symmle.codegen.names import Names, shown
from symmle.codegen.pieces import helpers_for
from symmle.codegen.plan import Plan
from symmle.codegen.printer import Printer


def write(plan: Plan) -> str:
    """The text of the module, as `ruff format` leaves it."""
    module = Module(plan)
    functions = [
        *data_functions(module),
        _likelihood(module),
        _score(module),
        _hessian(module),
        *(_slope(module, i) for i in range(len(module.parameters))),
        *([_everything(module)] if plan.fit.values is None and not plan.fit.refusal else []),
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
    code = "\n\n\n".join([*records(module), *functions, "\n".join(table), *helpers])
    constants.append(_domain(module))
    top = [
        *_imports("\n".join([code, *constants])),
        "",
        *bracketed("__symmle__ = {", identity_items(plan), "}", 0),
        "",
        *(f"{short} = {name}" for name, short in module.alias.items() if name != "score"),
        *constants,
    ]
    return "\n".join([docstring(plan), "", *top, "", "", code, ""])


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
        ("collections.abc", ("Callable", "Iterable", "Iterator", "Sequence")),
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


def _given(module: Module) -> list[str]:
    data = f"{module.data}: Statistics | ArrayLike"
    return [data, *(f"{name}: float" for name in module.parameters)]


def _likelihood(module: Module) -> str:
    body = module.body(module.plan.likelihood)
    return "\n".join(
        [
            signature("average_log_likelihood", _given(module), "float"),
            '    """The mean over the data of the log-density.',
            "",
            *wrapped(shown(module.plan.average), 4),
            "",
            f"    {module.data}: Statistics, or data as `statistics` takes them.",
            '    """',
            module.summary(),
            *body.whole(),
        ]
    )


def _score(module: Module) -> str:
    body = module.body(module.plan.score)
    formulas = []
    for name, slope in zip(module.parameters, module.plan.gradient, strict=True):
        formulas += wrapped(f"d/d{name}: {shown(slope)}", 4)
    return "\n".join(
        [
            signature("score", _given(module), "Point"),
            '    """The gradient of the average log-likelihood.',
            "",
            *formulas,
            '    """',
            module.summary(),
            *_tuple(body),
        ]
    )


def _tuple(body: Body) -> list[str]:
    """The lines of a formula, its results returned as a tuple, also if there is only one."""
    texts = body.named_results()
    return [*body.lines, *returned(texts)]


def _hessian(module: Module) -> str:
    p = len(module.parameters)
    body = module.body(module.plan.hessian)
    back = _matrix(module, "return ", body.named_results(), p)
    return "\n".join(
        [
            signature("hessian", _given(module), "Floats"),
            f'    """Second derivatives of the average log-likelihood, {p} x {p}."""',
            module.summary(),
            *body.lines,
            *back,
        ]
    )


def _everything(module: Module) -> str:
    """Value, gradient and Hessian in one go, for the fit."""
    p = len(module.parameters)
    body = module.body(module.plan.everything)
    value, *rest = body.named_results()
    names = Names([*module.parameters, module.data, *rest])
    slope, bend = names.fresh("slope"), names.fresh("bend")
    given = [f"{module.data}: Statistics", *_given(module)[1:]]
    return "\n".join(
        [
            signature("_everything", given, "tuple[float, Point, Floats]"),
            '    """The average log-likelihood, its gradient and its Hessian, in one go."""',
            *body.lines,
            *bracketed(f"{slope} = (", rest[:p], ",)" if p == 1 else ")"),
            *_matrix(module, f"{bend} = ", rest[p:], p),
            f"    return {value}, {slope}, {bend}",
        ]
    )


def _matrix(module: Module, head: str, entries: Sequence[str], p: int) -> list[str]:
    """`head np.array([[...], ...])`, broken as the formatter does when it is too long."""
    rows = [f"[{', '.join(entries[i * p : (i + 1) * p])}]" for i in range(p)]
    start = f"    {head}{module.alias.get('np', 'np')}.array("
    line = f"{start}[{', '.join(rows)}])"
    if len(line) <= WIDTH:
        return [line]
    inner = f"        [{', '.join(rows)}]"
    if len(inner) <= WIDTH:
        return [start, inner, "    )"]
    return [start, "        [", *_matrix_rows(entries, p), "        ]", "    )"]


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
    return "\n".join(
        [
            signature(f"_slope_{name}", given, "float"),
            *body.whole(),
        ]
    )


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
    return "\n".join(
        [
            "def newton_step(data: Statistics | ArrayLike, *theta: float) -> Point:",
            '    """One step of Newton\'s method on score = 0, from the point theta."""',
            "    data = _summary(data)",
            "    move = np.linalg.solve(hessian(data, *theta), score(data, *theta))",
            "    return tuple((np.array(theta) - move).tolist())",
        ]
    )
