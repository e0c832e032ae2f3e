"""Spell a plan as one ES module, for browsers and Node; it needs nothing."""

import json
from collections.abc import Sequence

from symmle.codegen.header import heading, identity
from symmle.codegen.layout import broken
from symmle.codegen.names import shown
from symmle.codegen.pieces import called_instead, helpers_for
from symmle.codegen.plan import Plan
from symmle.codegen.scalar.fitting import copies
from symmle.codegen.scalar.javascript_language import INSTEAD, JavaScript, comment_of
from symmle.codegen.scalar.program import Program, ends_of_domains, field_types, functions
from symmle.codegen.scalar.statistics import work_of

_CHECKS = """\
/** The weights, checked; null where every row counts once. */
function _checkedWeights(weights, rows) {
    if (weights === null) {
        return null;
    }
    if (weights.length !== rows) {
        throw new Error(
            `weights has ${weights.length} rows and the data have ${rows}; give one a row`,
        );
    }
    let total = 0;
    for (let row = 0; row < rows; row++) {
        if (!(weights[row] >= 0 && Number.isFinite(weights[row]))) {
            _refuse("weights", "finite and nonnegative", row, weights[row]);
        }
        total += weights[row];
    }
    if (!(total > 0)) {
        throw new Error("the weights are all zero; at least one row must count");
    }
    return Float64Array.from(weights);
}

function _refuse(name, what, row, value) {
    throw new Error(`${name} must be ${what}, but row ${row} (counted from 0) is ${value}`);
}

/** A start, checked: one value inside its domain a parameter. */
function _checkedStart(start) {
    if (start.length !== _P) {
        throw new Error(`start has ${start.length} values; give one for each of ${_P}`);
    }
    for (let i = 0; i < _P; i++) {
        if (!(_LOW[i] < start[i] && start[i] < _HIGH[i])) {
            throw new Error(
                `start holds ${start[i]}, which is not between ${_LOW[i]} and ${_HIGH[i]}`,
            );
        }
    }
    return Float64Array.from(start);
}"""


def write(plan: Plan) -> str:
    """The text of the module."""
    program = Program(plan)
    core = [called_instead(text, INSTEAD) for text in functions(plan)]
    constants, helpers = helpers_for("\n".join(core), "scalar.library", INSTEAD)
    texts = [f"_P = {len(program.parameters)}", *ends_of_domains(program), *constants]
    spelt = JavaScript([*texts, *core, *helpers], field_types(program))
    public = _frame(program)
    nodes = [n for n in spelt.functions.values() if n.name != "_add"]
    code = "\n\n".join([*public, *("\n".join(spelt.function(node)) for node in nodes), _CHECKS])
    top = [
        _top(plan),
        f"export const __symmle__ = {json.dumps(identity(plan))};",
        "\n".join(spelt.constant_lines(code)),
    ]
    lines = "\n\n".join([*top, code]).split("\n")
    return "\n".join(one for line in lines for one in broken(line)) + "\n"


def _top(plan: Plan) -> str:
    return "\n".join(comment_of([*heading(plan), "", *_fields(plan)]))


def _fields(plan: Plan) -> list[str]:
    lines = [f"    {each.field}: {shown(each.node)}" for each in plan.statistics]
    return ["The statistics that the data enter through:", *lines] if lines else []


def _frame(program: Program) -> list[str]:
    """How data come in and answers go out."""
    plan = program.plan
    given = ", ".join(program.arguments)
    rows = [f"{argument}_rows" for argument in program.arguments]
    names = work_of(program)
    made = []
    for name in names:
        size = f"Math.max(...[1, ...{rows[0]}])" if name == "tails" else f"{rows[0]}.length"
        if name == "tails":
            made += [
                "    let most = 0;",
                f"    for (const count of {rows[0]}) {{",
                "        most = Math.max(most, count);",
                "    }",
            ]
            size = "most"
        made.append(f"    const {name} = new Float64Array({size});")
    listed = ", ".join(rows)
    read = f"    const [{listed}, w] = _read({given}, weights);"
    taken = ", ".join([*rows, "w", *names])
    parts = [
        _read(program, rows),
        "\n".join(
            [
                "/** Check the data and take from them what the likelihood needs.",
                " * weights: one a row, counting as repetitions of it; all 1 when null. */",
                f"export function statistics({given}, weights = null) {{",
                read,
                *made,
                f"    const data = _take({taken});",
                "    for (const each of Object.values(data)) {",
                '        if (typeof each === "number" && !Number.isFinite(each)) {',
                "            throw new Error(",
                '                "a sample mean overflows double precision; '
                'divide the data by a constant",',
                "            );",
                "        }",
                "    }",
                "    return data;",
                "}",
            ]
        ),
        "\n".join(
            [
                "/** Climb by n_steps gradient steps of fixed size from a start.",
                ' * scheme: "simultaneous" or "alternating".  From the first point that leaves the',
                " * domain on, every value is NaN. */",
                f"export function gradient_ascent({given}, n_steps, step, start, "
                'scheme = "simultaneous", weights = null) {',
                '    if (scheme !== "simultaneous" && scheme !== "alternating") {',
                "        throw new Error(\"scheme must be 'simultaneous' or 'alternating'\");",
                "    }",
                "    const theta = _checkedStart(start);",
                f"    const data = statistics({given}, weights);",
                '    _ascend(data, theta, n_steps, step, scheme === "alternating");',
                "    return Array.from(theta);",
                "}",
            ]
        ),
        "\n".join(
            [
                "/** Climb by n_outer sweeps: each parameter in turn makes n_inner steps alone. */",
                f"export function coordinate_ascent({given}, n_inner, n_outer, step, start, "
                "weights = null) {",
                "    const theta = _checkedStart(start);",
                f"    const data = statistics({given}, weights);",
                "    _sweep(data, theta, n_inner, n_outer, step);",
                "    return Array.from(theta);",
                "}",
            ]
        ),
    ]
    estimate = ", ".join(
        f"{json.dumps(name)}: theta[{i}]" for i, name in enumerate(program.parameters)
    )
    if plan.fit.refusal is not None:
        reason = json.dumps(f"there is no fit for this density: {plan.fit.refusal}")
        body = [f"    throw new Error({reason});"]
    else:
        more = copies(program)
        made += [f"    const {name} = new Float64Array({rows[0]}.length);" for name in more]
        passed = ", ".join([*rows, "w", *names, *more, "theta"])
        body = [
            read,
            *made,
            "    const theta = new Float64Array(_P);",
            f"    const reason = _fit({passed});",
            "    if (reason) {",
            "        throw new Error(reason);",
            "    }",
            f"    return {{ {estimate} }};",
        ]
    head = f"export function fit({given}, weights = null) {{"
    return [*parts, "\n".join(["/** The maximum-likelihood estimate. */", head, *body, "}"])]


def _read(program: Program, rows: Sequence[str]) -> str:
    lines = []
    spelt = JavaScript([], {})
    for argument, row, variable in zip(
        program.arguments, rows, program.plan.model.data, strict=True
    ):
        lines += [
            f"    const {row} = Float64Array.from({argument});",
            f"    if ({row}.length === 0) {{",
            f'        throw new Error("{variable.name} must have at least one row");',
            "    }",
        ]
        tests, domain = ["Number.isFinite(value)"], variable.domain
        for end, closed, sign in (
            (domain.lower, domain.lower_closed, ">"),
            (domain.upper, domain.upper_closed, "<"),
        ):
            if end.is_number and end.is_finite:
                number = spelt.number(float(end), True)
                tests.append(f"value {sign}{'=' if closed else ''} {number}")
            elif sign == ">" and end.free_symbols and end.is_positive:
                tests.append("value > 0")
        if domain.integer:
            tests.append("value === Math.floor(value)")
        text = domain.text if not domain.depends_on else "inside its domain"
        lines += [
            f"    {row}.forEach((value, row) => {{",
            f"        if (!({' && '.join(tests)})) {{",
            f'            _refuse("{variable.name}", "finite and {text}", row, value);',
            "        }",
            "    });",
        ]
        if row != rows[0]:
            lines += [
                f"    if ({row}.length !== {rows[0]}.length) {{",
                '        throw new Error("the columns must have equally many rows");',
                "    }",
            ]
    given = ", ".join(program.arguments)
    return "\n".join(
        [
            f"function _read({given}, weights) {{",
            *lines,
            f"    const w = _checkedWeights(weights, {rows[0]}.length);",
            f"    return [{', '.join(rows)}, w];",
            "}",
        ]
    )
