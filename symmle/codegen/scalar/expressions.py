"""Expressions of the scalar program in a language with braces, and the types of their values.

The program is Python text in a small part of the language (see `library`).  Types are those of the
annotations and of what is assigned first: float, int, bool, str, array (floats, as many as is
known), rows (floats that know how many they are), Statistics, and Point, a tuple of floats.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_TYPES = {
    "float": "float",
    "int": "int",
    "bool": "bool",
    "str": "str",
    "None": "None",
    "Rows": "rows",
    "Work": "rows",
    "list[float]": "array",
    "Statistics": "Statistics",
    "Point": "Point",
    "Matrix": "Point",
    "tuple[float, float]": "Point",
}
_CHOICE, _OR, _AND, _TEST, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)
OPERATORS: Mapping[type, tuple[str, int]] = {
    ast.Add: ("+", _SUM),
    ast.Sub: ("-", _SUM),
    ast.Mult: ("*", _PRODUCT),
    ast.Div: ("/", _PRODUCT),
    ast.Mod: ("%", _PRODUCT),
    ast.FloorDiv: ("//", _PRODUCT),
}
_COMPARED: Mapping[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass(frozen=True, slots=True)
class Text:
    """An expression as it is spelled, how tightly it binds, and its type."""

    text: str
    binding: int
    type: str


@dataclass(slots=True)
class Scope:
    """What is known inside one function."""

    returns: str
    types: dict[str, str] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)


def type_of(annotation: ast.expr | None) -> str:
    """The type that an annotation of the program stands for.  KeyError for one that is none."""
    return _TYPES[ast.unparse(annotation)] if annotation is not None else "None"


class Expressions:
    """Spells expressions; a language says what differs."""

    equals = "=="
    differs = "!="

    def __init__(self, texts: Iterable[str], fields: Mapping[str, str]) -> None:
        """texts: definitions of functions and constants; fields: of Statistics, and types."""
        self.fields = fields
        self.trees = [node for text in texts for node in ast.parse(text).body]
        self.functions = {n.name: n for n in self.trees if isinstance(n, ast.FunctionDef)}
        self.constants: dict[str, ast.expr] = {}
        for node in self.trees:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value

    # ---- what a language says

    def name(self, word: str) -> str:
        """A name of the program in this language."""
        raise NotImplementedError

    def number(self, value: float | int, as_float: bool) -> str:
        raise NotImplementedError

    def call_math(self, name: str, arguments: Sequence[str]) -> str:
        raise NotImplementedError

    def index(self, array: str, kind: str, place: str) -> str:
        raise NotImplementedError

    def floats_of(self, rows: str) -> str:
        """Rows as an array that does not know how many they are."""
        raise NotImplementedError

    def length(self, array: str) -> str:
        raise NotImplementedError

    def read_field(self, record: str, name: str) -> str:
        raise NotImplementedError

    def whole_division(self, left: str, right: str) -> str:
        raise NotImplementedError

    # ---- expressions

    def text(self, node: ast.expr, scope: Scope, as_float: bool = False) -> str:
        """An expression; as_float: a whole number in it is written as a float."""
        return self._expr(node, scope, as_float).text

    def _in(self, node: ast.expr, scope: Scope, binding: int, as_float: bool = False) -> str:
        found = self._expr(node, scope, as_float)
        return found.text if found.binding >= binding else f"({found.text})"

    def _expr(self, node: ast.expr, scope: Scope, as_float: bool = False) -> Text:
        match node:
            case ast.Constant(value=bool()):
                return Text("true" if node.value else "false", _ATOM, "bool")
            case ast.Constant(value=int() | float()):
                assert isinstance(node.value, int | float)
                kind = "float" if as_float or isinstance(node.value, float) else "int"
                return Text(self.number(node.value, kind == "float"), _ATOM, kind)
            case ast.Name():
                kind = scope.types.get(node.id) or self._constant_type(node.id)
                return Text(self.name(node.id), _ATOM, kind)
            case ast.UnaryOp(op=ast.Not()):
                return Text(f"!{self._in(node.operand, scope, _SIGN)}", _SIGN, "bool")
            case ast.UnaryOp(op=ast.USub()):
                inner = self._expr(node.operand, scope, as_float)
                text = inner.text if inner.binding > _SIGN else f"({inner.text})"
                return Text(f"-{text}", _SIGN, inner.type)
            case ast.BinOp():
                return self._binary(node, scope, as_float)
            case ast.BoolOp():
                sign, binding = ("&&", _AND) if isinstance(node.op, ast.And) else ("||", _OR)
                parts = [self._in(each, scope, _TEST) for each in node.values]
                return Text(f" {sign} ".join(parts), binding, "bool")
            case ast.Compare():
                return self._compared(node, scope)
            case ast.IfExp():
                floats = as_float or self.type_in(node, scope) == "float"
                parts = [
                    self._in(node.test, scope, _OR),
                    self._in(node.body, scope, _OR, floats),
                    self._in(node.orelse, scope, _CHOICE, floats),
                ]
                kind = self.type_in(node, scope)
                return Text("{} ? {} : {}".format(*parts), _CHOICE, kind)
            case ast.Subscript():
                array = self.text(node.value, scope)
                kind = self.type_in(node.value, scope)
                text = self.index(array, kind, self.text(node.slice, scope))
                return Text(text, _ATOM, "float")
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.Call():
                return self._call(node, scope)
        raise NotImplementedError(ast.unparse(node))

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Text:
        if isinstance(node.value, ast.Name) and scope.types.get(node.value.id) == "Statistics":
            kind = self.fields[node.attr]
            return Text(self.read_field(self.name(node.value.id), node.attr), _ATOM, kind)
        return Text(self.call_math(node.attr, ()), _ATOM, "float")  # math.pi, math.inf

    def _binary(self, node: ast.BinOp, scope: Scope, as_float: bool) -> Text:
        if isinstance(node.op, ast.Pow):
            base, power = ast.literal_eval(node.left), ast.literal_eval(node.right)
            return Text(self.number(float(base) ** power, True), _ATOM, "float")
        sign, binding = OPERATORS[type(node.op)]
        kind = self.type_in(node, scope)
        whole = kind == "int" and isinstance(node.op, ast.FloorDiv | ast.Mod)
        floats = (as_float or kind == "float") and not whole
        left = self._in(node.left, scope, binding, floats)
        right = self._in(node.right, scope, binding + 1, floats)
        if isinstance(node.op, ast.FloorDiv):
            return Text(self.whole_division(left, right), _PRODUCT, "int")
        if isinstance(node.op, ast.Mod) and kind == "float":
            return Text(self.call_math("fmod", (left, right)), _ATOM, "float")
        return Text(f"{left} {sign} {right}", binding, kind)

    def _compared(self, node: ast.Compare, scope: Scope) -> Text:
        parts = []
        sides = [node.left, *node.comparators]
        floats = any(self.type_in(each, scope) == "float" for each in sides)
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            sign = _COMPARED[type(op)]
            sign = {"==": self.equals, "!=": self.differs}.get(sign, sign)
            texts = [self._in(each, scope, _SUM, floats) for each in (left, right)]
            parts.append(f"{texts[0]} {sign} {texts[1]}")
        return Text(" && ".join(parts), _TEST if len(parts) == 1 else _AND, "bool")

    def _call(self, node: ast.Call, scope: Scope) -> Text:
        name = ast.unparse(node.func)
        kind = self.type_in(node, scope)
        if name == "len":
            (array,) = node.args
            if isinstance(array, ast.Name) and array.id in self.constants:
                tuple_ = self.constants[array.id]
                assert isinstance(tuple_, ast.Tuple)
                return Text(str(len(tuple_.elts)), _ATOM, "int")
            return Text(self.length(self.text(array, scope)), _ATOM, "int")
        if name in ("abs", "min", "max", "int") or isinstance(node.func, ast.Attribute):
            floats = kind == "float" or isinstance(node.func, ast.Attribute)
            word = node.func.attr if isinstance(node.func, ast.Attribute) else name
            word = word + "_int" if kind == "int" and name in ("min", "max") else word
            texts = [self.text(each, scope, floats) for each in node.args]
            return Text(self.call_math(word, texts), _ATOM, kind)
        return Text(f"{self.name(name)}({', '.join(self.arguments_of(node, scope))})", _ATOM, kind)

    def arguments_of(self, node: ast.Call, scope: Scope) -> list[str]:
        """The arguments of a call of a function of the program."""
        found = []
        definition = self.functions[ast.unparse(node.func)]
        for each, argument in zip(node.args, definition.args.args, strict=True):
            wanted = type_of(argument.annotation)
            text = self.text(each, scope, wanted == "float")
            is_rows = self.type_in(each, scope) == "rows"
            found.append(self.floats_of(text) if wanted == "array" and is_rows else text)
        return found

    def type_in(self, node: ast.expr, scope: Scope) -> str:
        match node:
            case ast.Constant(value=bool()) | ast.Compare() | ast.BoolOp():
                return "bool"
            case ast.UnaryOp(op=ast.Not()):
                return "bool"
            case ast.Constant(value=int()):
                return "int"
            case ast.Constant(value=str()):
                return "str"
            case ast.Constant() | ast.Subscript():
                return "float"
            case ast.Name():
                return scope.types.get(node.id) or self._constant_type(node.id)
            case ast.UnaryOp():
                return self.type_in(node.operand, scope)
            case ast.BinOp(left=ast.List()) | ast.List():
                return "array"
            case ast.BinOp(op=ast.Div() | ast.Pow()):
                return "float"
            case ast.BinOp():
                return _wider(self.type_in(e, scope) for e in (node.left, node.right))
            case ast.IfExp():
                return _wider(self.type_in(e, scope) for e in (node.body, node.orelse))
            case ast.Attribute():
                known = isinstance(node.value, ast.Name)
                if known and scope.types.get(ast.unparse(node.value)) == "Statistics":
                    return self.fields[node.attr]
                return "float"
            case ast.Call():
                name = ast.unparse(node.func)
                if name in ("len", "int", "math.ceil"):
                    return "int"
                if name in ("abs", "min", "max"):
                    return _wider(self.type_in(each, scope) for each in node.args)
                if name == "math.isnan" or name == "math.isinf" or name == "math.isfinite":
                    return "bool"
                if name in self.functions:
                    return type_of(self.functions[name].returns)
                return "float"
        raise NotImplementedError(ast.unparse(node))

    def _constant_type(self, name: str) -> str:
        value = self.constants[name]
        if isinstance(value, ast.Tuple):
            return "array"
        return self.type_in(value, Scope("None"))


def _wider(kinds: Iterable[str]) -> str:
    found = set(kinds)
    return "float" if "float" in found else found.pop()
