"""The scalar program in C99."""

import ast
import re
from collections.abc import Mapping, Sequence

from symmle.codegen.layout import INDENT, wrapped
from symmle.codegen.scalar.clike import CLike, doc_of
from symmle.codegen.scalar.expressions import Scope, type_of

_WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline
    int long register restrict return short signed sizeof static struct switch typedef union
    unsigned void volatile while NULL INFINITY NAN EOF errno bool true false I isnan isinf isfinite
    signbit stdin stdout stderr size_t out
"""
_RESERVED = frozenset(_WORDS.split())
_MATH = {
    "lgamma": "lgamma",
    "gamma": "tgamma",
    "abs": "fabs",
    "max": "fmax",
    "min": "fmin",
    "int": "(long)",
}
_KINDS = {"float": "double", "int": "long", "bool": "bool", "str": "const char *"}


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
        return repr(float(value))

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

    def return_matrix(self, rows: Sequence[Sequence[str]], depth: int) -> list[str]:
        return self.return_point([entry for row in rows for entry in row], depth)

    def return_text(self, text: str | None) -> str:
        return "return NULL;" if text is None else f"return {quoted(text)};"

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
        comment = comment_of(doc) if doc else []
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


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def comment_of(lines: Sequence[str]) -> list[str]:
    if len(lines) == 1:
        return [f"/* {lines[0]} */"]
    return [f"/* {lines[0]}", *(f"   {line}".rstrip() for line in lines[1:]), "*/"]


def constants_of(spelt: C, text: str) -> list[str]:
    lines = []
    for name, value in spelt.constants.items():
        if not re.search(rf"\b{name}\b", text) and name != "_P":
            continue
        where = Scope("None")
        if isinstance(value, ast.Tuple):
            entries = ", ".join(spelt.text(each, where, True) for each in value.elts)
            lines += wrapped(f"static const double {spelt.name(name)}[] = {{{entries}}};", 0)
        elif spelt.type_in(value, where) == "int":
            lines.append(f"enum {{ {spelt.name(name)} = {spelt.text(value, where)} }};")
        else:
            text_ = spelt.text(value, where, True)
            lines.append(f"static const double {spelt.name(name)} = {text_};")
    return lines
