"""The scalar program in C99."""

import ast
import re
from collections.abc import Mapping, Sequence

from symmle.codegen.layout import INDENT, wrapped
from symmle.codegen.scalar.clike import CLike, doc_of, names_in
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
_SUMMED = {  # by a product of mantissas, and one logarithm of it
    "math.log": "sum_log_",
    "math.log1p": "sum_log1p_",
    "_log_gap": "sum_log_gap_",
}
_KINDS = {"float": "double", "int": "long", "bool": "bool", "str": "const char *"}


class C(CLike):
    """The program in C99."""

    def __init__(self, texts: Sequence[str], fields: Mapping[str, str], stem: str) -> None:
        super().__init__(texts, fields)
        self.stem = stem
        self._sums: list[tuple[str, str, str, str]] = []
        self._weight = ""

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

    def add(self, total: str, rest: str, term: ast.expr, scope: Scope, depth: int) -> list[str]:
        """The term of a row into a block of terms, which `over_rows` sums."""
        terms = f"terms{len(self._sums) + 1}_"
        plain = _without_weight(term, self._weight)
        if plain is None:  # the weights themselves
            self._sums.append((total, rest, "", "sum_"))
            return []
        function = "sum_"
        if isinstance(plain, ast.Call) and ast.unparse(plain.func) in _SUMMED:
            function, (plain,) = _SUMMED[ast.unparse(plain.func)], plain.args
        self._sums.append((total, rest, terms, function))
        return [f"{INDENT * depth}{terms}[i_] = {self.text(plain, scope, True)};"]

    def over_rows(
        self,
        names: Sequence[str],
        arrays: Sequence[str],
        body: Sequence[ast.stmt],
        scope: Scope,
        depth: int,
    ) -> list[str]:
        """Block by block: the terms of a block's rows, which compilers vectorise, then its sums."""
        pads = [INDENT * (depth + k) for k in range(3)]
        outer, self._sums = self._sums, []
        self._weight = names[-1]
        inner = self.block(body, scope, depth + 2)
        sums, self._sums = self._sums, outer
        text, used = "\n".join(inner), names_in(body)
        needed = [
            (self.name(name), array)
            for name, array in zip(names[:-1], arrays, strict=False)
            if name in used and re.search(rf"\b{self.name(name)}\b", text)
        ]
        columns = [
            f"{pads[1]}const double *restrict {name}_at = {array}.at + start_;"
            for name, array in needed
        ]
        read = [f"{pads[2]}const double {name} = {name}_at[i_];" for name, _ in needed]
        weight, n = f"{arrays[-1]}.at", f"{arrays[0]}.n"
        name = self.name(names[-1])
        weighted = bool(re.search(rf"\b{name}\b", text))
        if weighted:
            read.append(f"{pads[2]}const double {name} = weight_ ? weight_[i_] : 1.0;")
        kept = [terms for _, _, terms, _ in sums if terms]
        lines = [
            f"{pads[0]}for (long start_ = 0; start_ < {n}; start_ += BLOCK_) {{",
            f"{pads[1]}const long count_ = {n} - start_ < BLOCK_ ? {n} - start_ : BLOCK_;",
        ]
        if sums or weighted:
            lines.append(f"{pads[1]}const double *weight_ = {weight} ? {weight} + start_ : NULL;")
        lines += columns
        if kept:
            lines.append(f"{pads[1]}double {', '.join(f'{each}[BLOCK_]' for each in kept)};")
        if inner:
            lines += [
                f"{pads[1]}for (long i_ = 0; i_ < count_; i_++) {{",
                *read,
                *inner,
                f"{pads[1]}}}",
            ]
        for total, rest, terms, function in sums:
            term = f"{function}({terms or 'NULL'}, weight_, count_)"
            lines.append(f"{pads[1]}add_(&{total}, &{rest}, {term});")
        return [*lines, f"{pads[0]}}}"]

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


def _without_weight(term: ast.expr, weight: str) -> ast.expr | None:
    """A term w*a*b/c without its first factor, the weight; None for the weight alone."""
    if isinstance(term, ast.Name):
        return None
    assert isinstance(term, ast.BinOp)
    if isinstance(term.left, ast.Name) and term.left.id == weight and isinstance(term.op, ast.Mult):
        return term.right
    left = _without_weight(term.left, weight)
    assert left is not None
    return ast.BinOp(left, term.op, term.right)


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
