"""The functions of a scalar program that iterate: the ascents and the fit."""

import re
import textwrap
from typing import TYPE_CHECKING

import sympy as sp

from symmle.codegen.layout import INDENT, WIDTH, returned, signature, wrapped
from symmle.codegen.scalar.starting import maximise, start
from symmle.codegen.scalar.statistics import work_of
from symmle.codegen.starts import in_units

if TYPE_CHECKING:
    from symmle.codegen.plan import Condition
    from symmle.codegen.scalar.program import Program

_RUN = ("data: Statistics", "theta: list[float]")
_SAMPLE = 1001  # rows from which middles and sizes are taken
_NONE = "no estimate exists for these data: "
_NO_MAXIMUM = (
    "no maximum of the likelihood was found inside the domain for these data: it may be flat, or "
    "rise towards an end of the domain"
)


def fitting_functions(program: "Program") -> list[str]:
    """The ascents, what the fit needs, and the fit."""
    plan = program.plan
    found = [_ascend(program), _sweep(program)]
    if plan.fit.refusal is not None:
        return found
    if plan.fit.conditions:
        found.append(
            _why_not(
                program, plan.fit.conditions, "_why_not", "", "it needs {}, which does not hold"
            )
        )
    if plan.fit.equation is not None:
        found.append(_equation(program))
    if plan.fit.digits:
        found.append(_why_not(program, plan.fit.digits, "_why_not_there", _unknown(program),
                              "what a root is taken of cancels to nothing"))  # fmt: skip
    if plan.fit.values is not None:
        found.append(_given(program))
    if plan.fit.source is not None:
        found.append(_height(program))
    if plan.fit.values is None:
        found += [start(program), maximise(program)]
    if not plan.fit.certain and plan.fit.values is not None:
        found.append(_is_maximum(program))
    return [*found, _fit(program)]


def _told(sentence: str) -> list[str]:
    """`return sentence` two steps in, the text over several lines when it is long."""
    line = f'{INDENT * 2}return "{sentence}"'
    if len(line) <= WIDTH:
        return [line]
    room = WIDTH - 3 * len(INDENT) - 2
    texts = textwrap.wrap(sentence, room, drop_whitespace=False)
    inner = [f'{INDENT * 3}"{text}"' for text in texts]
    return [f"{INDENT * 2}return (", *inner, f"{INDENT * 2})"]


def _theta(program: "Program") -> str:
    return ", ".join(f"theta[{i}]" for i in range(len(program.parameters)))


def _ascend(program: "Program") -> str:
    p, theta = len(program.parameters), _theta(program)
    kept = [f"{INDENT * 2}theta[{i}] = point[{i}]" for i in range(p)]
    return "\n".join(
        [
            signature("_ascend", [*_RUN, "n_steps: int", "step: float", "in_turn: bool"], "None"),
            '    """Gradient steps from theta, in place; nan from the first point outside on."""',
            "    for _ in range(n_steps):",
            "        if in_turn:",
            f"            point = step_alternating(data, {theta}, step)",
            "        else:",
            f"            point = step_simultaneous(data, {theta}, step)",
            *kept,
            "        if not _is_inside(theta):",
            "            for i in range(_P):",
            "                theta[i] = math.nan",
            "            return",
        ]
    )


def _sweep(program: "Program") -> str:
    theta, lines = _theta(program), []
    for i, name in enumerate(program.parameters):
        lines += [
            f"{INDENT * 2}for _ in range(n_inner):",
            f"{INDENT * 3}theta[{i}] += step * _slope_{name}(data, {theta})",
            f"{INDENT * 3}if not _is_inside(theta):",
            f"{INDENT * 4}for i in range(_P):",
            f"{INDENT * 5}theta[i] = math.nan",
            f"{INDENT * 4}return",
        ]
    return "\n".join(
        [
            signature("_sweep", [*_RUN, "n_inner: int", "n_outer: int", "step: float"], "None"),
            '    """Sweeps from theta, in place: each parameter makes n_inner steps alone."""',
            "    for _ in range(n_outer):",
            *lines,
        ]
    )


def _unknown(program: "Program") -> str:
    source = program.plan.fit.source
    return "" if source is None else str(source.unknown)


def _why_not(
    program: "Program", conditions: "tuple[Condition, ...]", name: str, unknown: str, reason: str
) -> str:
    """A function that gives a sentence where a condition does not hold beyond rounding."""
    lines: list[str] = []
    for condition in conditions:
        names = program.names(condition.formula)
        more, (left, size) = program.results(condition.formula, names, 30)
        bound = "0.0" if size in (left, f"abs({left})") else f"16.0 * _EPSILON * ({size})"
        tested = f"abs({left})" if condition.unequal else left
        sentence = _NONE + reason.format(condition.text.replace('"', "'"))
        lines += [*more, f"{INDENT}if not {tested} > {bound}:", *_told(sentence)]
    given = [f"{program.data}: Statistics"] + ([f"{unknown}: float"] if unknown else [])
    return "\n".join(
        [
            signature(name, given, "str"),
            '    """Why there is no estimate; empty where nothing stands against one."""',
            *lines,
            '    return ""',
        ]
    )


def _equation(program: "Program") -> str:
    formula, source = program.plan.fit.equation, program.plan.fit.source
    assert formula is not None and source is not None
    names = program.names(formula)
    lines, texts = program.results(formula, names)
    return "\n".join(
        [
            signature(
                "_equation",
                [f"{program.data}: Statistics", f"{source.unknown}: float", "out: list[float]"],
                "None",
            ),
            f'    """Zero at the estimate of {source.unknown}; with its slope and rounding size.',
            "",
            *wrapped(f"{source.expression} = 0", 4),
            '    """',
            *lines,
            *(f"    out[{i}] = {text}" for i, text in enumerate(texts)),
        ]
    )


def _given(program: "Program") -> str:
    formula, unknown = program.plan.fit.values, _unknown(program)
    assert formula is not None
    names = program.names(formula)
    lines, texts = program.results(formula, names)
    claim = f"All parameters, given {unknown}." if unknown else "The closed form."
    given = [f"{program.data}: Statistics"] + ([f"{unknown}: float"] if unknown else [])
    return "\n".join(
        [signature("_given", given, "Point"), f'    """{claim}"""', *lines, *returned(texts)]
    )


def _height(program: "Program") -> str:
    point = ", ".join(f"point[{i}]" for i in range(len(program.parameters)))
    return "\n".join(
        [
            "def _height(data: Statistics, value: float) -> float:",
            '    """The average log-likelihood at a root of the equation."""',
            "    try:",
            "        point = _given(data, value)",
            f"        return average_log_likelihood(data, {point})",
            "    except (ArithmeticError, ValueError):",
            "        return -math.inf",
        ]
    )


def _is_maximum(program: "Program") -> str:
    """Minus the Hessian, of the parameters whose score vanishes, has only positive pivots."""
    free = program.plan.fit.free
    p = len(program.parameters)
    kept = tuple(range(p)) if free is None else free
    fixed = [i for i in range(p) if i not in kept]
    lines = []
    for i in fixed:
        for j in range(p):
            lines += [f"    bend[{i * p + j}] = 0.0", f"    bend[{j * p + i}] = 0.0"]
        lines.append(f"    bend[{i * p + i}] = -1.0")
    return "\n".join(
        [
            "def _is_maximum(data: Statistics, theta: list[float]) -> bool:",
            '    """Whether the Hessian is negative definite, beyond rounding."""',
            "    slope, bend = [0.0] * _P, [0.0] * (_P * _P)",
            "    _height_at(data, theta, slope, bend)",
            *lines,
            "    return _is_negative_definite(bend)",
        ]
    )


def scaled(program: "Program") -> bool:
    """Whether the data are taken in another unit for the fit."""
    plan = program.plan
    return plan.invariance.scale is not None and (
        plan.fit.values is None or plan.fit.equation is not None
    )


def moved(program: "Program") -> bool:
    """Whether an offset of the data is taken off for the fit."""
    plan = program.plan
    return plan.fit.values is None and any(any(shift or ()) for shift in plan.invariance.columns)


def copies(program: "Program") -> list[str]:
    """The arrays that the fit is given to write the data into, in their other unit."""
    if not (scaled(program) or moved(program)):
        return []
    return [f"{argument}_work" for argument in program.arguments]


def _fit(program: "Program") -> str:
    plan = program.plan
    rows = [f"{argument}_rows" for argument in program.arguments]
    lists = [*(f"{each}: Rows" for each in rows), "weights: Rows"]
    lists += [f"{each}: Work" for each in (*work_of(program), *copies(program))]
    lines: list[str] = []
    needs_sample = scaled(program) or moved(program) or plan.fit.values is None
    if needs_sample:
        lines.append(f"    sample = [0.0] * {_SAMPLE}")
        lines += _other_unit(program, rows)
    taken = [*(copies(program) or rows), "weights", *work_of(program)]
    lines.append(f"    data = _take({', '.join(taken)})")
    if plan.fit.values is None:
        lines.append(f"    count = _sampled({taken[0]}, sample, {_SAMPLE})")
    if plan.fit.conditions:
        lines += ["    reason = _why_not(data)", "    if reason:", "        return reason"]
    lines += _solved(program)
    if not plan.fit.certain and plan.fit.values is not None:
        sentence = "the stationary point found for these data is not a maximum"
        lines += ["    if not _is_maximum(data, theta):", *_told(sentence)]
    lines += _back(program)
    lines += [
        "    if not _is_inside(theta):",
        *_told(f"{_NONE}it would lie at an end of its domain"),
        '    return ""',
    ]
    return "\n".join(
        [
            signature("_fit", [*lists, "theta: list[float]"], "str"),
            '    """Leaves the estimate in theta; a sentence where there is none."""',
            *lines,
        ]
    )


def _other_unit(program: "Program", rows: list[str]) -> list[str]:
    """The lines that copy the data, less their middle and in units of their size."""
    lines: list[str] = []
    if not copies(program):
        return lines
    shifts = program.plan.invariance.columns if moved(program) else ()
    for j, row in enumerate(rows):
        off = j < len(shifts) and any(shifts[j] or ())
        middle = "_quantile(sample, count, 0.5)" if off else "0.0"
        lines.append(f"    count = _sampled({row}, sample, {_SAMPLE})")
        lines.append(f"    centre{j} = {middle}")
    unit = "_unit(sample, count, centre0)" if scaled(program) else "1.0"
    lines.append(f"    unit = {unit}")
    for j, (row, copy) in enumerate(zip(rows, copies(program), strict=True)):
        lines += [
            f"    for i in range(len({row})):",
            f"        {copy}[i] = ({row}[i] - centre{j}) / unit",
        ]
    return lines


def _solved(program: "Program") -> list[str]:
    plan, p = program.plan, len(program.parameters)
    if plan.fit.values is None:
        return [
            "    if not _maximise(data, sample, count, theta):",
            *_told(_NO_MAXIMUM),
        ]
    source, lines, call = plan.fit.source, [], "_given(data)"
    if source is not None:
        low, high = (
            _end(end, sign, program)
            for end, sign in ((source.domain.lower, "-"), (source.domain.upper, ""))
        )
        highest = not (source.own or source.falling)
        missing = (
            f"there is no finite estimate of {source.unknown} for these data: its equation has "
            "no root"
        )
        lines += [
            f"    value = _root(data, {low}, {high}, {highest})",
            "    if math.isnan(value):",
            *_told(missing),
        ]
        call = "_given(data, value)"
        if plan.fit.digits:
            lines += [
                "    reason = _why_not_there(data, value)",
                "    if reason:",
                "        return reason",
            ]
    lines.append(f"    point = {call}")
    return [*lines, *(f"    theta[{i}] = point[{i}]" for i in range(p))]


def _end(end: sp.Expr, sign: str, program: "Program") -> str:
    if end.is_infinite or not end.is_number:
        return f"{sign}math.inf"
    text = program.printer().text(end)
    return text + ".0" if re.fullmatch(r"-?\d+", text) else text


def _back(program: "Program") -> list[str]:
    """The lines that give the estimate its units and its offset back."""
    plan, lines = program.plan, []
    if scaled(program) and plan.invariance.scale is not None:
        for i, exponent in enumerate(plan.invariance.scale):
            if exponent:
                factor = in_units("unit", exponent)
                lines.append(f"    theta[{i}] *= {factor.replace('1 /', '1.0 /')}")
    if moved(program):
        for i in range(len(program.parameters)):
            for j, shift in enumerate(plan.invariance.columns):
                if shift is not None and shift[i]:
                    times = "" if shift[i] == 1 else f"{float(shift[i])!r} * "
                    lines.append(f"    theta[{i}] += {times}centre{j}")
    return lines
