"""The scalar program in a language with braces: what C and JavaScript have in common.

The program is Python text in a small part of the language (see `library`); its syntax tree is
spelled statement by statement.  Types are those of the annotations and of what is assigned first:
float, int, bool, str, array (floats, as many as is known), rows (floats that know how many they
are), Statistics, and Point, a tuple of floats.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from symmle.codegen.layout import INDENT

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
_OPERATORS: Mapping[type, tuple[str, int]] = {
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
    counters: int = 0


def type_of(annotation: ast.expr | None) -> str:
    """The type that an annotation of the program stands for.  KeyError for one that is none."""
    return _TYPES[ast.unparse(annotation)] if annotation is not None else "None"


class CLike:
    """Spells functions; a language says what differs."""

    equals = "=="
    differs = "!="

    def __init__(self, texts: Iterable[str], fields: Mapping[str, str]) -> None:
        """texts: definitions of functions and constants; fields: of Statistics, with their types."""
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

    def declare(self, name: str, kind: str, value: str) -> str:
        """A statement that makes a number known."""
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

    def make_array(self, name: str, values: str, size: str, depth: int) -> list[str]:
        """Statements that make an array: of `size` numbers `values`, or (size empty) a list."""
        raise NotImplementedError

    def fill_point(self, name: str, call: str, arguments: Sequence[str]) -> str:
        """A statement that leaves the result of a function that returns a tuple in an array."""
        raise NotImplementedError

    def declare_point(self, name: str) -> str:
        raise NotImplementedError

    def return_point(self, values: Sequence[str], depth: int) -> list[str]:
        raise NotImplementedError

    def return_text(self, text: str | None) -> str:
        raise NotImplementedError

    def is_told(self, name: str) -> str:
        """Whether a sentence is there."""
        raise NotImplementedError

    def whole_division(self, left: str, right: str) -> str:
        raise NotImplementedError

    def add(self, total: str, rest: str, term: str, depth: int) -> list[str]:
        """Statements that add a term to a sum and what its roundings lose to the rest."""
        raise NotImplementedError

    def over_rows(
        self, names: Sequence[str], arrays: Sequence[str], place: str, depth: int
    ) -> tuple[str, list[str]]:
        """(the head of a loop over rows, the lines that read a row); the last is the weight.

        A name is empty where it is not used.
        """
        raise NotImplementedError

    def make_statistics(self, values: Mapping[str, str], depth: int) -> list[str]:
        raise NotImplementedError

    def take_statistics(
        self, name: str, call: str, arguments: Sequence[str], depth: int
    ) -> list[str]:
        """Statements that make a Statistics known."""
        raise NotImplementedError

    # ---- statements

    def body(self, node: ast.FunctionDef) -> list[str]:
        """The lines of a function's body."""
        scope = Scope(type_of(node.returns))
        for argument in node.args.args:
            scope.types[argument.arg] = type_of(argument.annotation)
            scope.declared.add(argument.arg)
        return self._block(_without_doc(node.body), scope, 1)

    def _block(self, statements: Sequence[ast.stmt], scope: Scope, depth: int) -> list[str]:
        lines: list[str] = []
        before = set(scope.declared)
        lines += self._needed_first(statements, scope, depth)
        for statement in statements:
            lines += self._statement(statement, scope, depth)
        scope.declared = before
        return lines

    def _needed_first(self, statements: Sequence[ast.stmt], scope: Scope, depth: int) -> list[str]:
        """Declarations of what is assigned inside one statement here and used in another."""
        found: dict[str, str] = {}
        for i, statement in enumerate(statements):
            if isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr | ast.Return):
                self._note(statement, scope)
                continue
            for name in self._assigned(statement, scope):
                used = any(name in _names(other) for other in statements[i + 1 :])
                twice = isinstance(statement, ast.If) and _in_both(statement, name)
                direct = any(
                    isinstance(other, ast.Assign) and name in _targets(other)
                    for other in statements[:i]
                )
                if name in scope.declared or direct or name in found:
                    continue
                if used or twice:
                    found[name] = scope.types[name]
        lines = []
        for name, kind in found.items():
            if kind == "array":
                continue
            spelt = self.name(name)
            point = kind == "Point"
            declared = self.declare_point(spelt) if point else self.declare(spelt, kind, "0")
            lines.append(INDENT * depth + declared)
            scope.declared.add(name)
        return lines

    def _assigned(self, statement: ast.stmt, scope: Scope) -> list[str]:
        names: dict[str, None] = {}
        for node in ast.walk(statement):
            if isinstance(node, ast.For):
                for each in ast.walk(node.target):
                    if isinstance(each, ast.Name):
                        kind = "int" if isinstance(node.target, ast.Name) else "float"
                        scope.types.setdefault(each.id, kind)
            elif isinstance(node, ast.Assign):
                self._note(node, scope)
                names |= dict.fromkeys(_targets(node))
        return list(names)

    def _note(self, statement: ast.stmt, scope: Scope) -> None:
        """The types of what a statement assigns."""
        if not isinstance(statement, ast.Assign):
            return
        (target,) = statement.targets
        if isinstance(target, ast.Name):
            scope.types.setdefault(target.id, self._type(statement.value, scope))
        elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            for one, value in zip(target.elts, statement.value.elts, strict=True):
                if isinstance(one, ast.Name):
                    scope.types.setdefault(one.id, self._type(value, scope))

    def _statement(self, node: ast.stmt, scope: Scope, depth: int) -> list[str]:
        pad = INDENT * depth
        match node:
            case ast.Assign():
                self._note(node, scope)
                return self._assign(node.targets[0], node.value, scope, depth)
            case ast.AugAssign():
                target = self.text(node.target, scope)
                sign = _OPERATORS[type(node.op)][0]
                return [f"{pad}{target} {sign}= {self.text(node.value, scope, True)};"]
            case ast.If():
                return self._if(node, scope, depth)
            case ast.While():
                head = f"{pad}while ({self.text(node.test, scope)}) {{"
                return [head, *self._block(node.body, scope, depth + 1), f"{pad}}}"]
            case ast.For():
                return self._for(node, scope, depth)
            case ast.Return():
                return self._return(node.value, scope, depth)
            case ast.Break():
                return [f"{pad}break;"]
            case ast.Continue():
                return [f"{pad}continue;"]
            case ast.Expr(value=ast.Call()):
                return [f"{pad}{self.text(node.value, scope)};"]
            case ast.Try():  # numbers overflow to infinity here, and nothing is thrown
                lines: list[str] = []
                for statement in node.body:
                    lines += self._statement(statement, scope, depth)
                return lines
        raise NotImplementedError(ast.unparse(node))

    def _assign(self, target: ast.expr, value: ast.expr, scope: Scope, depth: int) -> list[str]:
        pad = INDENT * depth
        if isinstance(target, ast.Tuple):
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "_add":
                total, rest, term = (self.text(each, scope, True) for each in value.args)
                return self.add(total, rest, term, depth)
            assert isinstance(value, ast.Tuple)
            _require_order(target, value)
            lines = []
            for one, other in zip(target.elts, value.elts, strict=True):
                lines += self._assign(one, other, scope, depth)
            return lines
        if isinstance(target, ast.Subscript):
            return [f"{pad}{self.text(target, scope)} = {self.text(value, scope, True)};"]
        assert isinstance(target, ast.Name)
        name, kind = self.name(target.id), scope.types[target.id]
        if kind == "array" and isinstance(value, ast.BinOp | ast.List):
            scope.declared.add(target.id)
            return self._array(name, value, scope, depth)
        if kind == "Point":
            assert isinstance(value, ast.Call)
            function = ast.unparse(value.func)
            filled = pad + self.fill_point(name, self.name(function), self._given(value, scope))
            if target.id in scope.declared:
                return [filled]
            scope.declared.add(target.id)
            return [pad + self.declare_point(name), filled]
        if kind == "Statistics":
            assert isinstance(value, ast.Call)
            scope.declared.add(target.id)
            function = self.name(ast.unparse(value.func))
            return self.take_statistics(name, function, self._given(value, scope), depth)
        text = self.text(value, scope, kind == "float")
        if target.id in scope.declared:
            return [f"{pad}{name} = {text};"]
        scope.declared.add(target.id)
        return [pad + self.declare(name, kind, text)]

    def _array(self, name: str, value: ast.expr, scope: Scope, depth: int) -> list[str]:
        if isinstance(value, ast.List):
            values = ", ".join(self.text(each, scope, True) for each in value.elts)
            return self.make_array(name, values, "", depth)
        if not (isinstance(value, ast.BinOp) and isinstance(value.left, ast.List)):
            raise NotImplementedError(f"{name} = {ast.unparse(value)}")
        (entry,) = value.left.elts
        return self.make_array(
            name, self.text(entry, scope, True), self.text(value.right, scope), depth
        )

    def _if(self, node: ast.If, scope: Scope, depth: int) -> list[str]:
        pad = INDENT * depth
        lines = [f"{pad}if ({self._test(node.test, scope)}) {{"]
        lines += self._block(node.body, scope, depth + 1)
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            first, *rest = self._if(node.orelse[0], scope, depth)
            return [*lines, f"{pad}}} else {first.strip()}", *rest]
        if node.orelse:
            lines += [f"{pad}}} else {{", *self._block(node.orelse, scope, depth + 1)]
        return [*lines, f"{pad}}}"]

    def _test(self, node: ast.expr, scope: Scope) -> str:
        if isinstance(node, ast.Name) and scope.types.get(node.id) == "str":
            return self.is_told(self.name(node.id))
        return self.text(node, scope)

    def _for(self, node: ast.For, scope: Scope, depth: int) -> list[str]:
        pad = INDENT * depth
        assert isinstance(node.iter, ast.Call)
        inner = Scope(scope.returns, dict(scope.types), set(scope.declared), scope.counters)
        if ast.unparse(node.iter.func) == "zip":
            assert isinstance(node.target, ast.Tuple)
            names = [ast.unparse(each) for each in node.target.elts]
            for name in names:
                inner.types[name] = "float"
                inner.declared.add(name)
            arrays = [self.text(each, scope) for each in node.iter.args]
            place = self._counter(inner, names)
            lines = self._block(node.body, inner, depth + 1)
            used = {name for each in node.body for name in _names(each)}
            wanted = [self.name(name) if name in used else "" for name in names]
            head, read = self.over_rows(wanted, arrays, place, depth)
            scope.counters = inner.counters
            return [head, *read, *lines, f"{pad}}}"]
        assert isinstance(node.target, ast.Name)
        name = node.target.id
        if name == "_":
            name = self._counter(inner, [])
        inner.types[name] = "int"
        inner.declared.add(name)
        spelt = self.name(name)
        ends = [self.text(each, scope) for each in node.iter.args]
        low, high = ("0", ends[0]) if len(ends) == 1 else (ends[0], ends[1])
        move = f"{spelt} < {high}; {spelt}++"
        if len(ends) == 3:
            move = f"{spelt} > {high}; {spelt}--"
        head = self.declare(spelt, "int", low)
        lines = self._block(node.body, inner, depth + 1)
        scope.counters = inner.counters
        return [f"{pad}for ({head} {move}) {{", *lines, f"{pad}}}"]

    def _counter(self, scope: Scope, taken: Sequence[str]) -> str:
        scope.counters += 1
        name = "row" if scope.counters == 1 and "row" not in taken else f"turn{scope.counters}"
        return name

    def _return(self, value: ast.expr | None, scope: Scope, depth: int) -> list[str]:
        pad = INDENT * depth
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            return [f"{pad}return;"]
        if scope.returns == "Statistics":
            assert isinstance(value, ast.Call)
            pairs = {k.arg or "": self._argument(k.value, scope) for k in value.keywords}
            return self.make_statistics(pairs, depth)
        if scope.returns == "Point":
            assert isinstance(value, ast.Tuple)
            return self.return_point([self.text(e, scope, True) for e in value.elts], depth)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return [pad + self.return_text(value.value or None)]
        return [f"{pad}return {self.text(value, scope, scope.returns == 'float')};"]

    def _argument(self, node: ast.expr, scope: Scope) -> str:
        return self.text(node, scope, self._type(node, scope) == "float")

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
                floats = as_float or self._type(node, scope) == "float"
                parts = [
                    self._in(node.test, scope, _OR),
                    self._in(node.body, scope, _OR, floats),
                    self._in(node.orelse, scope, _CHOICE, floats),
                ]
                kind = self._type(node, scope)
                return Text("{} ? {} : {}".format(*parts), _CHOICE, kind)
            case ast.Subscript():
                array = self.text(node.value, scope)
                kind = self._type(node.value, scope)
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
        sign, binding = _OPERATORS[type(node.op)]
        kind = self._type(node, scope)
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
        floats = any(self._type(each, scope) == "float" for each in sides)
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            sign = _COMPARED[type(op)]
            sign = {"==": self.equals, "!=": self.differs}.get(sign, sign)
            texts = [self._in(each, scope, _SUM, floats) for each in (left, right)]
            parts.append(f"{texts[0]} {sign} {texts[1]}")
        return Text(" && ".join(parts), _TEST if len(parts) == 1 else _AND, "bool")

    def _call(self, node: ast.Call, scope: Scope) -> Text:
        name = ast.unparse(node.func)
        kind = self._type(node, scope)
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
        return Text(f"{self.name(name)}({', '.join(self._given(node, scope))})", _ATOM, kind)

    def _given(self, node: ast.Call, scope: Scope) -> list[str]:
        """The arguments of a call of a function of the program."""
        found = []
        definition = self.functions[ast.unparse(node.func)]
        for each, argument in zip(node.args, definition.args.args, strict=True):
            wanted = type_of(argument.annotation)
            text = self.text(each, scope, wanted == "float")
            is_rows = self._type(each, scope) == "rows"
            found.append(self.floats_of(text) if wanted == "array" and is_rows else text)
        return found

    def _type(self, node: ast.expr, scope: Scope) -> str:
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
                return self._type(node.operand, scope)
            case ast.BinOp(left=ast.List()) | ast.List():
                return "array"
            case ast.BinOp(op=ast.Div() | ast.Pow()):
                return "float"
            case ast.BinOp():
                return _wider(self._type(e, scope) for e in (node.left, node.right))
            case ast.IfExp():
                return _wider(self._type(e, scope) for e in (node.body, node.orelse))
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
                    return _wider(self._type(each, scope) for each in node.args)
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
        return self._type(value, Scope("None"))


def _wider(kinds: Iterable[str]) -> str:
    found = set(kinds)
    return "float" if "float" in found else found.pop()


def _targets(node: ast.Assign) -> list[str]:
    (target,) = node.targets
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    return [each.id for each in parts if isinstance(each, ast.Name)]


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _in_both(node: ast.If, name: str) -> bool:
    sides = [node.body, node.orelse]
    return all(any(name in _names(each) for each in side) for side in sides)


def _require_order(target: ast.Tuple, value: ast.Tuple) -> None:
    """No value reads what an assignment before it in the same line has written."""
    written: set[str] = set()
    for one, other in zip(target.elts, value.elts, strict=True):
        if _names(other) & written:
            raise NotImplementedError(ast.unparse(target))
        written.add(ast.unparse(one.value) if isinstance(one, ast.Subscript) else ast.unparse(one))


def _without_doc(body: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    first = body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if is_doc else body


def doc_of(node: ast.FunctionDef) -> list[str]:
    """The lines of a function's docstring."""
    return (ast.get_docstring(node) or "").splitlines()
