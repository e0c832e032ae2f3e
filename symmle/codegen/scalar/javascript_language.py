"""The scalar program in JavaScript."""

import ast
import json
import re
from collections.abc import Mapping, Sequence

from symmle.codegen.layout import INDENT, wrapped
from symmle.codegen.scalar.clike import CLike, doc_of, names_in
from symmle.codegen.scalar.expressions import Scope

_WORDS = """
arguments await break case catch class const continue debugger default delete do else enum eval
export extends false finally for function if implements import in instanceof interface let new
null package private protected public return static super switch this throw true try typeof var
void while with yield undefined NaN Infinity Math Number Array Float64Array
"""
_RESERVED = frozenset(_WORDS.split())
INSTEAD = {
    "math.lgamma": "_loggamma",
    "math.gamma": "_gamma",
    "math.erf": "_erf",
    "math.erfc": "_erfc",
}


class JavaScript(CLike):
    """The program in JavaScript."""

    equals = "==="
    differs = "!=="

    def name(self, word: str) -> str:
        return f"{word}_" if word in _RESERVED else word

    def number(self, value: float | int, as_float: bool) -> str:
        text = repr(value)
        return text.removesuffix(".0") if as_float else text

    def call_math(self, name: str, arguments: Sequence[str]) -> str:
        match name:
            case "pi":
                return "Math.PI"
            case "e":
                return "Math.E"
            case "inf" | "nan":
                return "Infinity" if name == "inf" else "NaN"
            case "isnan" | "isfinite":
                word = "isNaN" if name == "isnan" else "isFinite"
                return f"Number.{word}({arguments[0]})"
            case "isinf":
                return f"(Math.abs({arguments[0]}) === Infinity)"
            case "fmod":
                return f"(({arguments[0]}) % ({arguments[1]}))"
            case "int":
                return f"Math.trunc({arguments[0]})"
        return f"Math.{name.removesuffix('_int')}({', '.join(arguments)})"

    def declare(self, name: str, kind: str, value: str) -> str:
        del kind
        return f"let {name} = {value};"

    def index(self, array: str, kind: str, place: str) -> str:
        del kind
        return f"{array}[{place}]"

    def floats_of(self, rows: str) -> str:
        return rows

    def length(self, array: str) -> str:
        return f"{array}.length"

    def read_field(self, record: str, name: str) -> str:
        return f"{record}.{name}"

    def make_array(self, name: str, values: str, size: str, depth: int) -> list[str]:
        pad = INDENT * depth
        if not size:
            return [f"{pad}const {name} = [{values}];"]
        filled = "" if values == "0" else f".fill({values})"
        return [f"{pad}const {name} = new Float64Array({size}){filled};"]

    def fill_point(self, name: str, call: str, arguments: Sequence[str]) -> str:
        return f"{name} = {call}({', '.join(arguments)});"

    def declare_point(self, name: str) -> str:
        return f"let {name};"

    def return_point(self, values: Sequence[str], depth: int) -> list[str]:
        return [f"{INDENT * depth}return [{', '.join(values)}];"]

    def return_matrix(self, rows: Sequence[Sequence[str]], depth: int) -> list[str]:
        inner = [f"{INDENT * (depth + 1)}[{', '.join(row)}]," for row in rows]
        return [f"{INDENT * depth}return [", *inner, f"{INDENT * depth}];"]

    def return_text(self, text: str | None) -> str:
        return f"return {json.dumps(text or '')};"

    def is_told(self, name: str) -> str:
        return name

    def whole_division(self, left: str, right: str) -> str:
        return f"Math.floor({left} / {right})"

    def add(self, total: str, rest: str, term: ast.expr, scope: Scope, depth: int) -> list[str]:
        pad, inner = INDENT * depth, INDENT * (depth + 1)
        return [
            f"{pad}{{",
            f"{inner}const term = {self.text(term, scope, True)};",
            f"{inner}const sum = {total} + term;",
            f"{inner}const back = sum - {total};",
            f"{inner}{rest} += ({total} - (sum - back)) + (term - back);",
            f"{inner}{total} = sum;",
            f"{pad}}}",
        ]

    def over_rows(
        self,
        names: Sequence[str],
        arrays: Sequence[str],
        body: Sequence[ast.stmt],
        scope: Scope,
        depth: int,
    ) -> list[str]:
        pad, inner = INDENT * depth, INDENT * (depth + 1)
        place, used = self.counter(scope, "row", names), names_in(body)
        read = [
            f"{inner}const {self.name(name)} = {array}[{place}];"
            for name, array in zip(names[:-1], arrays, strict=False)
            if name in used
        ]
        if names[-1] in used:
            weight = f"{arrays[-1]} === null ? 1 : {arrays[-1]}[{place}]"
            read.append(f"{inner}const {self.name(names[-1])} = {weight};")
        head = f"{pad}for (let {place} = 0; {place} < {arrays[0]}.length; {place}++) {{"
        return [head, *read, *self.block(body, scope, depth + 1), f"{pad}}}"]

    def make_statistics(self, values: Mapping[str, str], depth: int) -> list[str]:
        pad, inner = INDENT * depth, INDENT * (depth + 1)
        return [
            f"{pad}return {{",
            *(f"{inner}{name}: {text}," for name, text in values.items()),
            f"{pad}}};",
        ]

    def take_statistics(
        self, name: str, call: str, arguments: Sequence[str], depth: int
    ) -> list[str]:
        return [f"{INDENT * depth}const {name} = {call}({', '.join(arguments)});"]

    def function(self, node: ast.FunctionDef) -> list[str]:
        """A definition, with its comment in front."""
        doc = doc_of(node)
        given = ", ".join(self.name(argument.arg) for argument in node.args.args)
        public = "" if node.name.startswith("_") else "export "
        head = f"{public}function {self.name(node.name)}({given}) {{"
        return [*comment_of(doc), head, *self.body(node), "}"]

    def constant_lines(self, text: str) -> list[str]:
        """The constants that a text uses."""
        lines, where = [], Scope("None")
        for name, value in self.constants.items():
            if not re.search(rf"\b{name}\b", text):
                continue
            if isinstance(value, ast.Tuple):
                entries = ", ".join(self.text(each, where, True) for each in value.elts)
                lines += wrapped(f"const {name} = [{entries}];", 0)
            else:
                lines.append(f"const {name} = {self.text(value, where)};")
        return lines


def comment_of(lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    if len(lines) == 1:
        return [f"/** {lines[0]} */"]
    return ["/**", *(f" * {line}".rstrip() for line in lines), " */"]
