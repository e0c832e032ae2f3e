"""Spell a plan as one C99 file and its header: no memory of its own but while it fits."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symmle.codegen.header import identity
from symmle.codegen.layout import INDENT, wrapped
from symmle.codegen.names import shown
from symmle.codegen.pieces import helpers_for
from symmle.codegen.plan import Plan
from symmle.codegen.rows import Tails
from symmle.codegen.scalar.clike import CLike, doc_of, type_of
from symmle.codegen.scalar.fitting import copies
from symmle.codegen.scalar.program import Program, functions
from symmle.codegen.scalar.statistics import work_of

_RESERVED = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline "
    "int long register restrict return short signed sizeof static struct switch typedef union "
    "unsigned void volatile out while NULL INFINITY NAN EOF errno rows array bool true false I "
    "isnan isinf isfinite signbit stdin stdout stderr size_t".split()
)
_MATH = {
    "lgamma": "lgamma",
    "gamma": "tgamma",
    "abs": "fabs",
    "max": "fmax",
    "min": "fmin",
    "int": "(long)",
}
_KINDS = {"float": "double", "int": "long", "bool": "bool", "str": "const char *"}


@dataclass(frozen=True, slots=True)
class Files:
    """The two texts of a C target."""

    source: str
    header: str


class C(CLike):
    """The program in C99."""

    def __init__(self, texts: Sequence[str], fields: Mapping[str, str], stem: str) -> None:
        super().__init__(texts, fields)
        self.stem = stem

    def name(self, word: str) -> str:
        if word in self.functions and not word.startswith("_"):
            return f"{self.stem}_{word}"
        if word.startswith("_"):
            return word[1:] + "_"
        return f"{word}_" if word in _RESERVED else word

    def number(self, value: float | int, as_float: bool) -> str:
        if not as_float:
            return str(value)
        text = repr(float(value))
        return text

    def call_math(self, name: str, arguments: Sequence[str]) -> str:
        if name == "pi":
            return "3.141592653589793"
        if name == "e":
            return "2.718281828459045"
        if name in ("inf", "nan"):
            return "INFINITY" if name == "inf" else "NAN"
        if name in ("max_int", "min_int"):
            one, other = arguments
            sign = ">" if name == "max_int" else "<"
            return f"({one} {sign} {other} ? {one} : {other})"
        if name in ("max", "min") and len(arguments) > 2:
            first, *rest = arguments
            return self.call_math(name, (first, self.call_math(name, rest)))
        called = f"{_MATH.get(name, name)}({', '.join(arguments)})"
        return f"(long){called}" if name == "ceil" else called

    def declare(self, name: str, kind: str, value: str) -> str:
        if kind == "str" and value == "0":
            value = "NULL"
        space = "" if kind == "str" else " "
        return f"{_KINDS[kind]}{space}{name} = {value};"

    def index(self, array: str, kind: str, place: str) -> str:
        return f"{array}.at[{place}]" if kind == "rows" else f"{array}[{place}]"

    def floats_of(self, rows: str) -> str:
        return f"{rows}.at"

    def length(self, array: str) -> str:
        return f"{array}.n"

    def read_field(self, record: str, name: str) -> str:
        return f"{record}->{self.name(name)}"

    def make_array(self, name: str, values: str, size: str, depth: int) -> list[str]:
        pad = INDENT * depth
        if not size:
            return [f"{pad}double {name}[] = {{{values}}};"]
        if values == "0.0":
            return [f"{pad}double {name}[{size}] = {{0.0}};"]
        return [
            f"{pad}double {name}[{size}];",
            f"{pad}for (long i = 0; i < {size}; i++) {{",
            f"{pad}{INDENT}{name}[i] = {values};",
            f"{pad}}}",
        ]

    def fill_point(self, name: str, call: str, arguments: Sequence[str]) -> str:
        return f"{call}({', '.join([*arguments, name])});"

    def declare_point(self, name: str) -> str:
        return f"double {name}[P_];"

    def return_point(self, values: Sequence[str], depth: int) -> list[str]:
        pad = INDENT * depth
        lines = [f"{pad}out[{i}] = {value};" for i, value in enumerate(values)]
        return lines if depth == 1 else [*lines, f"{pad}return;"]

    def return_text(self, text: str | None) -> str:
        return "return NULL;" if text is None else f"return {_quoted(text)};"

    def is_told(self, name: str) -> str:
        return f"{name} != NULL"

    def whole_division(self, left: str, right: str) -> str:
        return f"{left} / {right}"

    def add(self, total: str, rest: str, term: str, depth: int) -> list[str]:
        return [f"{INDENT * depth}add_(&{total}, &{rest}, {term});"]

    def over_rows(
        self, names: Sequence[str], arrays: Sequence[str], place: str, depth: int
    ) -> tuple[str, list[str]]:
        pad, inner = INDENT * depth, INDENT * (depth + 1)
        head = f"{pad}for (long {place} = 0; {place} < {arrays[0]}.n; {place}++) {{"
        *columns, weight = [f"{array}.at[{place}]" for array in arrays]
        read = [
            f"{inner}const double {name} = {column};"
            for name, column in zip(names, columns, strict=False)
            if name
        ]
        if names[-1]:
            read.append(f"{inner}const double {names[-1]} = {arrays[-1]}.at ? {weight} : 1.0;")
        return head, read

    def make_statistics(self, values: Mapping[str, str], depth: int) -> list[str]:
        pad = INDENT * depth
        return [f"{pad}out->{self.name(name)} = {text};" for name, text in values.items()]

    def take_statistics(
        self, name: str, call: str, arguments: Sequence[str], depth: int
    ) -> list[str]:
        pad, kind = INDENT * depth, f"{self.stem}_statistics"
        return [
            f"{pad}{kind} taken_{name};",
            f"{pad}{call}({', '.join([*arguments, f'&taken_{name}'])});",
            f"{pad}const {kind} *{name} = &taken_{name};",
        ]

    def function(self, node: ast.FunctionDef) -> list[str]:
        """A definition, with its comment in front."""
        lines = self.body(node)
        text = "\n".join(lines)
        unused = [
            f"{INDENT}(void){self.name(argument.arg)};"
            for argument in node.args.args
            if not re.search(rf"\b{self.name(argument.arg)}\b", text)
        ]
        doc = doc_of(node)
        comment = _comment(doc) if doc else []
        static = "static " if node.name.startswith("_") else ""
        return [*comment, f"{static}{self.signature(node)} {{", *unused, *lines, "}"]

    def signature(self, node: ast.FunctionDef) -> str:
        """The head of a function."""
        given = []
        for argument in node.args.args:
            name, kind = self.name(argument.arg), type_of(argument.annotation)
            given.append(
                {
                    "rows": f"{self.stem}_rows {name}",
                    "array": f"double *{name}",
                    "Statistics": f"const {self.stem}_statistics *{name}",
                }.get(kind)
                or f"{_KINDS[kind]} {name}"
            )
        returns = type_of(node.returns)
        if returns == "Point":
            given.append("double *out")
        if returns == "Statistics":
            given.append(f"{self.stem}_statistics *out")
        kind = _KINDS.get(returns, "void")
        space = "" if kind.endswith("*") else " "
        return f"{kind}{space}{self.name(node.name)}({', '.join(given)})"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _comment(lines: Sequence[str]) -> list[str]:
    if len(lines) == 1:
        return [f"/* {lines[0]} */"]
    return [f"/* {lines[0]}", *(f"   {line}".rstrip() for line in lines[1:]), "*/"]


_ADD = """\
/* One more term of a sum; what its rounding lost goes to the rest (Ogita, Rump & Oishi 2005). */
static inline void add_(double *total, double *rest, double term) {
    const double sum = *total + term;
    const double back = sum - *total;
    *rest += (*total - (sum - back)) + (term - back);
    *total = sum;
}"""


def write(plan: Plan, stem: str) -> Files:
    """The texts of stem.c and stem.h."""
    program = Program(plan)
    core = functions(plan)
    constants, helpers = helpers_for("\n".join(core), "scalar.library")
    fields = {each.field: "rows" if isinstance(each.node, Tails) else "float"
              for each in plan.statistics}  # fmt: skip
    fields[program.n_field] = "float"
    if plan.keeps_rows:
        fields |= dict.fromkeys([*program.columns, program.weights_field], "rows")
    sizes = f"_P = {len(program.parameters)}"
    spelt = C([sizes, *_domain(program), *constants, *core, *helpers], fields, stem)
    nodes = [n for n in spelt.trees if isinstance(n, ast.FunctionDef) and n.name != "_add"]
    parts = ["\n".join(_constants(spelt, "\n".join([*core, *helpers])))]
    inner = [n for n in nodes if n.name.startswith("_")]
    prototypes = [f"static {spelt.signature(node)};" for node in inner]
    parts += [_ADD, "\n".join(prototypes)]
    parts += ["\n".join(spelt.function(node)) for node in nodes]
    parts += _frame(program, spelt)
    includes = "\n".join(
        f"#include <{name}>" for name in ("math.h", "stdbool.h", "stddef.h", "stdlib.h")
    )
    source = "\n\n".join([_top(plan), f'#include "{stem}.h"\n\n{includes}', *parts])
    return Files(source + "\n", _header_file(program, spelt, stem))


def _constants(spelt: C, text: str) -> list[str]:
    from symmle.codegen.scalar.clike import Scope

    lines = []
    for name, value in spelt.constants.items():
        if not re.search(rf"\b{name}\b", text) and name != "_P":
            continue
        where = Scope("None")
        if isinstance(value, ast.Tuple):
            entries = ", ".join(spelt.text(each, where, True) for each in value.elts)
            lines += wrapped(f"static const double {spelt.name(name)}[] = {{{entries}}};", 0)
        elif spelt._type(value, where) == "int":
            lines.append(f"enum {{ {spelt.name(name)} = {spelt.text(value, where)} }};")
        else:
            text_ = spelt.text(value, where, True)
            lines.append(f"static const double {spelt.name(name)} = {text_};")
    return lines


def _domain(program: Program) -> list[str]:
    lines = []
    for name, sign in (("_LOW", "-"), ("_HIGH", "")):
        ends = []
        for parameter in program.plan.model.parameters:
            end = parameter.domain.lower if sign else parameter.domain.upper
            finite = end.is_number and end.is_finite
            ends.append(repr(float(end)) if finite else f"{sign}math.inf")
        lines.append(f"{name} = ({', '.join(ends)},)")
    return lines


def _top(plan: Plan) -> str:
    model = plan.model
    text = [f"Maximum likelihood for {model.name}.", ""]
    text += wrapped(f"log f = {model.log_density}", 0)
    text += ["", *(f"{each.name}: {each.domain.text}" for each in (*model.data, *model.parameters))]
    return "\n".join(_comment([*text, "", f"Generated by symmle: {', '.join(identity(plan))}"]))


def _columns(program: Program) -> list[str]:
    return [f"const double *{argument}" for argument in program.arguments]


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
    columns = ", ".join(_columns(program))
    rows = f"{columns}, const double *weights, size_t rows"
    lines = [
        "/* Each gives NULL when it is done, else a sentence that says why not.  weights: one a row,",
        "   or NULL.  The statistics point to the data where those are summed over again. */",
        f"const char *{stem}_take_statistics({rows}, {stem}_statistics *data);",
        f"void {stem}_release(const {stem}_statistics *data);",
    ]
    if program.plan.fit.refusal is None:
        lines.append(f"const char *{stem}_fit({rows}, double *estimate);")
    lines += [
        "/* Steps from theta, in place; nan from the first point outside the domain on. */",
        f"void {stem}_gradient_ascent(const {stem}_statistics *data, double *theta, long n_steps,",
        "    double step, bool alternating);",
        f"void {stem}_coordinate_ascent(const {stem}_statistics *data, double *theta, long n_inner,",
        "    long n_outer, double step);",
    ]
    return lines


def _frame(program: Program, spelt: C) -> list[str]:
    """How data come in and answers go out."""
    stem = spelt.stem
    columns = ", ".join(_columns(program))
    rows = f"{columns}, const double *weights, size_t rows"
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
                f"        count = {program.arguments[0]}[i] > (double)count ? (long){program.arguments[0]}[i] : count;",
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
        "    const char *reason = check_(" + ", ".join([*program.arguments, "weights", "rows"]) + ");",
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
    parts.append("\n".join([f"void {stem}_release(const {stem}_statistics *data) {{", *release, "}"]))
    for public, inner, given in (
        ("gradient_ascent", "ascend_", "long n_steps, double step, bool alternating"),
        ("coordinate_ascent", "sweep_", "long n_inner, long n_outer, double step"),
    ):
        passed = ", ".join(part.split()[-1] for part in given.split(", "))
        parts.append(
            f"void {stem}_{public}(\n    const {stem}_statistics *data, double *theta, {given}\n) {{\n"
            f"    {inner}(data, theta, {passed});\n}}"
        )
    if plan.fit.refusal is not None:
        return parts
    more = copies(program)
    made += [f"    {stem}_rows {name} = {{malloc(rows * sizeof(double)), (long)rows}};" for name in more]
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
        f"static const char *check_({', '.join(_columns(program))}, const double *weights, size_t rows) {{",
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
            f"            return {_quoted(f'{variable.name} must be finite and {text} in every row')};",
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
