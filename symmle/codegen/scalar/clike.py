"""The scalar program in a language with braces: what C and JavaScript have in common.

Its syntax tree is spelled statement by statement; `expressions` spells what stands in them.
"""

import ast
from collections.abc import Mapping, Sequence

from symmle.codegen.layout import INDENT
from symmle.codegen.scalar.expressions import OPERATORS, Expressions, Scope, type_of


class CLike(Expressions):
    """Spells functions; a language says what differs."""

    # ---- what a language says

    def declare(self, name: str, kind: str, value: str) -> str:
        """A statement that makes a number known."""
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

    def return_matrix(self, rows: Sequence[Sequence[str]], depth: int) -> list[str]:
        raise NotImplementedError

    def return_text(self, text: str | None) -> str:
        raise NotImplementedError

    def is_told(self, name: str) -> str:
        """Whether a sentence is there."""
        raise NotImplementedError

    def add(self, total: str, rest: str, term: ast.expr, scope: Scope, depth: int) -> list[str]:
        """Statements that add a term to a sum and what its roundings lose to the rest."""
        raise NotImplementedError

    def over_rows(
        self,
        names: Sequence[str],
        arrays: Sequence[str],
        body: Sequence[ast.stmt],
        scope: Scope,
        depth: int,
    ) -> list[str]:
        """A loop over rows: names of the columns, the last that of the weight; its body."""
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
        return self.block(_without_doc(node.body), scope, 1)

    def block(self, statements: Sequence[ast.stmt], scope: Scope, depth: int) -> list[str]:
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
            scope.types.setdefault(target.id, self.type_in(statement.value, scope))
        elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            for one, value in zip(target.elts, statement.value.elts, strict=True):
                if isinstance(one, ast.Name):
                    scope.types.setdefault(one.id, self.type_in(value, scope))

    def _statement(self, node: ast.stmt, scope: Scope, depth: int) -> list[str]:
        pad = INDENT * depth
        match node:
            case ast.Assign():
                self._note(node, scope)
                return self._assign(node.targets[0], node.value, scope, depth)
            case ast.AugAssign():
                target = self.text(node.target, scope)
                sign = OPERATORS[type(node.op)][0]
                return [f"{pad}{target} {sign}= {self.text(node.value, scope, True)};"]
            case ast.If():
                return self._if(node, scope, depth)
            case ast.While():
                head = f"{pad}while ({self.text(node.test, scope)}) {{"
                return [head, *self.block(node.body, scope, depth + 1), f"{pad}}}"]
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
                total, rest = (self.text(each, scope) for each in value.args[:2])
                return self.add(total, rest, value.args[2], scope, depth)
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
            filled = pad + self.fill_point(
                name, self.name(function), self.arguments_of(value, scope)
            )
            if target.id in scope.declared:
                return [filled]
            scope.declared.add(target.id)
            return [pad + self.declare_point(name), filled]
        if kind == "Statistics":
            assert isinstance(value, ast.Call)
            scope.declared.add(target.id)
            function = self.name(ast.unparse(value.func))
            return self.take_statistics(name, function, self.arguments_of(value, scope), depth)
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
        lines += self.block(node.body, scope, depth + 1)
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            first, *rest = self._if(node.orelse[0], scope, depth)
            return [*lines, f"{pad}}} else {first.strip()}", *rest]
        if node.orelse:
            lines += [f"{pad}}} else {{", *self.block(node.orelse, scope, depth + 1)]
        return [*lines, f"{pad}}}"]

    def _test(self, node: ast.expr, scope: Scope) -> str:
        if isinstance(node, ast.Name) and scope.types.get(node.id) == "str":
            return self.is_told(self.name(node.id))
        return self.text(node, scope)

    def _for(self, node: ast.For, scope: Scope, depth: int) -> list[str]:
        pad = INDENT * depth
        assert isinstance(node.iter, ast.Call)
        inner = Scope(scope.returns, dict(scope.types), set(scope.declared))
        if ast.unparse(node.iter.func) == "zip":
            assert isinstance(node.target, ast.Tuple)
            names = [ast.unparse(each) for each in node.target.elts]
            for name in names:
                inner.types[name] = "float"
                inner.declared.add(name)
            arrays = [self.text(each, scope) for each in node.iter.args]
            return self.over_rows(names, arrays, node.body, inner, depth)
        assert isinstance(node.target, ast.Name)
        name = node.target.id
        if name == "_":
            name = self.counter(inner, "turn")
        inner.types[name] = "int"
        inner.declared.add(name)
        spelt = self.name(name)
        ends = [self.text(each, scope) for each in node.iter.args]
        low, high = ("0", ends[0]) if len(ends) == 1 else (ends[0], ends[1])
        move = f"{spelt} < {high}; {spelt}++"
        if len(ends) == 3:
            move = f"{spelt} > {high}; {spelt}--"
        head = self.declare(spelt, "int", low)
        lines = self.block(node.body, inner, depth + 1)
        return [f"{pad}for ({head} {move}) {{", *lines, f"{pad}}}"]

    def counter(self, scope: Scope, stem: str, taken: Sequence[str] = ()) -> str:
        """A name for what counts a loop that does not name it."""
        names = [stem, *(f"{stem}{k}" for k in range(2, 100))]
        name = next(n for n in names if n not in taken and n not in scope.types)
        scope.types[name] = "int"
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
            rows = [e.elts for e in value.elts if isinstance(e, ast.Tuple)]
            if rows:
                matrix = [[self.text(e, scope, True) for e in row] for row in rows]
                return self.return_matrix(matrix, depth)
            return self.return_point([self.text(e, scope, True) for e in value.elts], depth)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return [pad + self.return_text(value.value or None)]
        return [f"{pad}return {self.text(value, scope, scope.returns == 'float')};"]

    def _argument(self, node: ast.expr, scope: Scope) -> str:
        return self.text(node, scope, self.type_in(node, scope) == "float")


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


def names_in(body: Sequence[ast.stmt]) -> set[str]:
    """Every name that some statements use."""
    return {name for each in body for name in _names(each)}
