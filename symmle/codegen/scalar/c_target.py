"""Spell a plan as one C99 file and its header: no memory of its own but while it fits."""

import ast
from dataclasses import dataclass

from symmle.codegen.header import heading
from symmle.codegen.layout import broken
from symmle.codegen.names import shown
from symmle.codegen.pieces import helpers_for
from symmle.codegen.plan import Plan
from symmle.codegen.rows import Tails
from symmle.codegen.scalar.c_language import C, comment_of, constants_of, quoted
from symmle.codegen.scalar.c_sums import sums_for
from symmle.codegen.scalar.fitting import copies
from symmle.codegen.scalar.program import Program, ends_of_domains, field_types, functions
from symmle.codegen.scalar.statistics import work_of


@dataclass(frozen=True, slots=True)
class Files:
    """The two texts of a C target."""

    source: str
    header: str


def write(plan: Plan, stem: str) -> Files:
    """The texts of stem.c and stem.h."""
    program = Program(plan)
    core = functions(plan)
    constants, helpers = helpers_for("\n".join(core), "scalar.library")
    texts = [f"_P = {len(program.parameters)}", *ends_of_domains(program), *constants]
    spelt = C([*texts, *core, *helpers], field_types(program), stem)
    nodes = [n for n in spelt.trees if isinstance(n, ast.FunctionDef) and n.name != "_add"]
    parts = ["\n".join(constants_of(spelt, "\n".join([*core, *helpers])))]
    inner = [n for n in nodes if n.name.startswith("_")]
    prototypes = [f"static {spelt.signature(node)};" for node in inner]
    bodies = ["\n".join(spelt.function(node)) for node in nodes]
    parts += [*sums_for("\n".join(bodies)), "\n".join(prototypes), *bodies]
    parts += _frame(program, spelt)
    includes = "\n".join(
        f"#include <{name}>"
        for name in ("math.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h")
    )
    parts = ["\n".join(one for line in part.split("\n") for one in broken(line)) for part in parts]
    source = "\n\n".join([_top(plan), f'#include "{stem}.h"\n\n{includes}', *parts])
    return Files(source + "\n", _header_file(program, spelt, stem))


def _top(plan: Plan) -> str:
    return "\n".join(comment_of(heading(plan)))


def _rows(program: Program) -> str:
    """The arguments that data come in by."""
    columns = ", ".join(f"const double *{argument}" for argument in program.arguments)
    return f"{columns}, const double *weights, size_t rows"


def _header_file(program: Program, spelt: C, stem: str) -> str:
    plan = program.plan
    guard = f"{stem.upper()}_H"
    fields = []
    for name, kind in spelt.fields.items():
        each = next((s for s in plan.statistics if s.field == name), None)
        told = f"  /* {shown(each.node)} */" if each is not None else ""
        typed = f"{stem}_rows" if kind == "rows" else "double"
        fields.append(f"    {typed} {spelt.name(name)};{told}")
    public = [
        f"{spelt.signature(node)};"
        for name, node in spelt.functions.items()
        if not name.startswith("_")
    ]
    return "\n".join(
        [
            _top(plan),
            "",
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#include <stdbool.h>",
            "#include <stddef.h>",
            "",
            f"enum {{ {stem}_parameters = {len(program.parameters)} }};",
            "",
            f"typedef struct {stem}_rows {{",
            "    double *at;",
            "    long n;",
            f"}} {stem}_rows;",
            "",
            "/* What the data enter through. */",
            f"typedef struct {stem}_statistics {{",
            *fields,
            f"}} {stem}_statistics;",
            "",
            *_prototypes(program, stem),
            *public,
            "",
            "#endif",
            "",
        ]
    )


def _prototypes(program: Program, stem: str) -> list[str]:
    rows = _rows(program)
    lines = [
        "/* Each gives NULL when it is done, else a sentence that says why not.  weights: one a",
        "   row, or NULL.  The statistics point to the data where those are summed over again. */",
        f"const char *{stem}_take_statistics({rows}, {stem}_statistics *data);",
        f"void {stem}_release(const {stem}_statistics *data);",
    ]
    if program.plan.fit.refusal is None:
        lines.append(f"const char *{stem}_fit({rows}, double *estimate);")
    lines += [
        "/* Steps from theta, in place; nan from the first point outside the domain on. */",
        f"void {stem}_gradient_ascent(const {stem}_statistics *data, double *theta, long n_steps,",
        "    double step, bool alternating);",
        f"void {stem}_coordinate_ascent(const {stem}_statistics *data, double *theta,",
        "    long n_inner, long n_outer, double step);",
    ]
    return lines


def _frame(program: Program, spelt: C) -> list[str]:
    """How data come in and answers go out."""
    stem = spelt.stem
    rows = _rows(program)
    plan = program.plan
    arrays = [f"(rows_){{(double *){a}, (long)rows}}" for a in program.arguments]
    arrays = [each.replace("rows_", f"{stem}_rows") for each in arrays]
    arrays.append(f"({stem}_rows){{(double *)weights, (long)rows}}")
    names = work_of(program)
    checks = _checks(program)
    made, freed = [], []
    for name in names:
        size = "count" if name == "tails" else "(long)rows"
        if name == "tails":
            made += [
                "    long count = 1;",
                "    for (size_t i = 0; i < rows; i++) {",
                f"        const double value = {program.arguments[0]}[i];",
                "        count = value > (double)count ? (long)value : count;",
                "    }",
            ]
        made += [
            f"    {stem}_rows {name} = {{calloc((size_t){size}, sizeof(double)), {size}}};",
        ]
        freed.append(name)
    failed = " || ".join(f"{name}.at == NULL" for name in names)
    if failed:
        made += [
            f"    if ({failed}) {{",
            *(f"        free({name}.at);" for name in names),
            '        return "there is not enough memory";',
            "    }",
        ]
    kept = ["tails"] if "tails" in names else []
    finite = [f"isfinite(data->{spelt.name(f)})" for f, k in spelt.fields.items() if k == "float"]
    take = [
        f"const char *{stem}_take_statistics({rows}, {stem}_statistics *data) {{",
        "    const char *reason = check_("
        + ", ".join([*program.arguments, "weights", "rows"])
        + ");",
        "    if (reason != NULL) {",
        "        return reason;",
        "    }",
        *made,
        f"    take_({', '.join([*arrays, *names, 'data'])});",
        *(f"    free({name}.at);" for name in names if name not in kept),
        f"    return {' && '.join(finite)}",
        "        ? NULL",
        '        : "a sample mean overflows double precision; divide the data by a constant";',
        "}",
    ]
    parts = ["\n".join(checks), "\n".join(take)]
    release = [f"    free(data->{each.field}.at);" for each in plan.statistics
               if isinstance(each.node, Tails)] or ["    (void)data;"]  # fmt: skip
    parts.append(
        "\n".join([f"void {stem}_release(const {stem}_statistics *data) {{", *release, "}"])
    )
    for public, inner, given in (
        ("gradient_ascent", "ascend_", "long n_steps, double step, bool alternating"),
        ("coordinate_ascent", "sweep_", "long n_inner, long n_outer, double step"),
    ):
        passed = ", ".join(part.split()[-1] for part in given.split(", "))
        parts.append(
            f"void {stem}_{public}(\n    const {stem}_statistics *data, double *theta, {given}\n"
            f") {{\n    {inner}(data, theta, {passed});\n}}"
        )
    if plan.fit.refusal is not None:
        return parts
    more = copies(program)
    made += [
        f"    {stem}_rows {name} = {{malloc(rows * sizeof(double)), (long)rows}};" for name in more
    ]
    if more:
        made += [
            f"    if ({' || '.join(f'{name}.at == NULL' for name in more)}) {{",
            *(f"        free({name}.at);" for name in (*names, *more)),
            '        return "there is not enough memory";',
            "    }",
        ]
    parts.append(
        "\n".join(
            [
                f"const char *{stem}_fit({rows}, double *estimate) {{",
                "    const char *reason = check_("
                + ", ".join([*program.arguments, "weights", "rows"])
                + ");",
                "    if (reason != NULL) {",
                "        return reason;",
                "    }",
                *made,
                f"    reason = fit_({', '.join([*arrays, *names, *more, 'estimate'])});",
                *(f"    free({name}.at);" for name in (*names, *more)),
                "    return reason;",
                "}",
            ]
        )
    )
    return parts


def _checks(program: Program) -> list[str]:
    """The function that checks data."""
    lines = [
        "/* Why data are refused; NULL where they are not. */",
        f"static const char *check_({_rows(program)}) {{",
        "    if (rows == 0) {",
        '        return "the data must have at least one row";',
        "    }",
        "    double total = weights ? 0.0 : 1.0;",
        "    for (size_t i = 0; i < rows; i++) {",
    ]
    for argument, variable in zip(program.arguments, program.plan.model.data, strict=True):
        tests = [f"isfinite({argument}[i])"]
        domain = variable.domain
        for end, closed, sign in (
            (domain.lower, domain.lower_closed, ">"),
            (domain.upper, domain.upper_closed, "<"),
        ):
            if end.is_number and end.is_finite:
                tests.append(f"{argument}[i] {sign}{'=' if closed else ''} {float(end)!r}")
            elif sign == ">" and end.free_symbols and end.is_positive:
                tests.append(f"{argument}[i] > 0.0")
        if domain.integer:
            tests.append(f"{argument}[i] == floor({argument}[i])")
        text = domain.text if not domain.depends_on else "inside its domain"
        lines += [
            f"        if (!({' && '.join(tests)})) {{",
            f"            return {quoted(f'{variable.name} must be finite and {text}')};",
            "        }",
        ]
    lines += [
        "        if (weights) {",
        "            if (!(weights[i] >= 0.0 && isfinite(weights[i]))) {",
        '                return "the weights must be finite and nonnegative";',
        "            }",
        "            total += weights[i];",
        "        }",
        "    }",
        '    return total > 0.0 ? NULL : "the weights are all zero; at least one row must count";',
        "}",
    ]
    return lines
