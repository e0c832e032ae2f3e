"""From a text to an expression: Python's syntax tree, read node by node."""

import ast
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches

import sympy as sp

from symmle.errors import InputError
from symmle.parsing.cost import bits, degree, log_bits, magnitude
from symmle.parsing.language import ANY, CHOOSING, CONSTANTS, DISCRETE, ELSEWHERE, FUNCTIONS
from symmle.parsing.source import Source, short

_LONGEST_TEXT, _DEEPEST = 10_000, 64  # characters; brackets, signs and powers within each other
_BITS, _ALL_BITS, _CHEAP = 4_000, 12_000, 200  # one exact number; all large ones; not counted
_CHOICES, _CHOICE_SIZE = 20, 300  # Abs, Min, ...: SymPy compares them slowly

_SINGULAR = (sp.zoo, sp.nan, sp.oo, -sp.oo)
_FAILURES = (
    ArithmeticError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    MemoryError,
)
_COMPARED = "a comparison, and, or, not stand only in where(condition, a, b)"
_JOINED = (
    "& and | join the conditions of where(condition, a, b), each in its own parentheses; "
    "write Abs(x) for |x|"
)
_NO_VALUE: Mapping[type[ast.AST], str] = {
    ast.Attribute: "a dot belongs inside a number only; there are no attributes",
    ast.Tuple: "a comma separates a function's arguments; write a decimal point as .",
    ast.Starred: "give each argument by itself, without *",
    ast.FloorDiv: "write floor(a/b)",
    ast.Compare: _COMPARED,
    ast.BoolOp: _COMPARED,
    ast.UnaryOp: _COMPARED,
    ast.BitAnd: _JOINED,
    ast.BitOr: _JOINED,
}
_JOINS: Mapping[type[ast.AST], Callable[..., sp.Basic]] = {
    ast.And: sp.And,
    ast.BitAnd: sp.And,
    ast.Or: sp.Or,
    ast.BitOr: sp.Or,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[..., sp.Basic]] = {
    ast.Lt: sp.Lt,
    ast.LtE: sp.Le,
    ast.Gt: sp.Gt,
    ast.GtE: sp.Ge,
    ast.Eq: sp.Eq,
    ast.NotEq: sp.Ne,
}


def parse(text: str, names: Mapping[str, sp.Basic], what: str = "expression") -> sp.Expr:
    """Read an expression, in bounded time and without executing any of it.

    text: at most 10,000 characters in the language above; line breaks count as spaces.
    names: what each declared name stands for; they shadow the constants.
    what: how an error calls the text.
    Returns an expression with exact numbers, real and finite as far as SymPy can tell;
    log(gamma(.)) and its kin come back as loggamma where the argument is known to be positive.
    Raises InputError, one sentence with the piece of the text, its position and the remedy.
    """
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"the {what} has {len(text)} characters; use at most {_LONGEST_TEXT}")
    if not text.strip():
        raise InputError(f"the {what} is empty; give a formula such as log(rate) - rate*x")
    source = Source(re.sub(r"\s", " ", text, flags=re.ASCII), what)
    source.check_tokens()
    try:
        tree = ast.parse(source.text.lstrip(" "), mode="eval")
    except SyntaxError as error:
        raise source.wrong_syntax(error.offset or 1) from None
    except (ValueError, RecursionError, MemoryError):
        raise InputError(f"the {what} is nested too deeply; split it into smaller parts") from None
    try:
        reader = _Reader(source, names)
        result = reader.value(tree.body, 0)
        reader.check_result(result)
    except _FAILURES:
        raise InputError(f"the {what} is too large for SymPy; write it more simply") from None
    return result


class _Reader:
    """One reading of one text; `spent` and `choices` count what it has cost so far."""

    def __init__(self, source: Source, names: Mapping[str, sp.Basic]) -> None:
        self.source, self.names = source, names
        self.spent = self.choices = 0

    def wrong(self, node: ast.expr, reason: str) -> InputError:
        """The refusal of a piece of the text."""
        indent = self.source.indent
        end = indent + (node.end_col_offset or 0)
        return self.source.wrong_at(indent + node.col_offset, end, reason)

    def value(self, node: ast.expr, depth: int) -> sp.Expr:
        """The number that a piece of the text stands for."""
        if depth > _DEEPEST:
            raise self.wrong(node, f"it is nested more than {_DEEPEST} levels deep; split it up")
        match node:
            case ast.Constant():
                written = self.source.text.lstrip(" ")[node.col_offset : node.end_col_offset]
                result = sp.Rational(written)
            case ast.Name():
                result = self.name(node)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign):
                inner = self.value(node.operand, depth + 1)
                result = -inner if isinstance(sign, ast.USub) else inner
            case ast.BinOp(op=ast.Pow()):
                base, exponent = self.value(node.left, depth + 1), self.value(node.right, depth + 1)
                result = self.build(node, self.power, node, base, exponent)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                result = self.chain(node, depth)
            case ast.Call():
                result = self.call(node, depth)
            case _:
                kind = type(node.op if isinstance(node, ast.BinOp) else node)
                raise self.wrong(
                    node,
                    _NO_VALUE.get(
                        kind, "only numbers, declared names, + - * / ** and functions are allowed"
                    ),
                )
        if result in _SINGULAR or not isinstance(result, sp.Expr):
            raise self.wrong(node, "it divides by zero, or has no finite value")
        return result

    def build(self, node: ast.expr, make: Callable[..., sp.Expr], *given: object) -> sp.Expr:
        """make(*given), with SymPy's own failures turned into a sentence."""
        try:
            return make(*given)
        except _FAILURES:
            raise self.wrong(node, "SymPy cannot evaluate it; check the arguments") from None

    def name(self, node: ast.Name) -> sp.Expr:
        if node.id in self.names:
            return self.names[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if node.id in FUNCTIONS or node.id == "where":
            raise self.wrong(node, f"{node.id} is a function; write {node.id}(...)")
        if not self.names:
            raise self.wrong(
                node,
                f"the name {short(node.id)} is not declared, for a number must stand here; write "
                "one such as 0.5, 1/3 or 1e-3",
            )
        near = get_close_matches(node.id, self.names, n=2, cutoff=0.5)
        there = f" (declared: {', '.join(list(self.names)[:12])})"
        hint = f", or did you mean {' or '.join(near)}?" if near else ""
        raise self.wrong(
            node,
            f"the name {short(node.id)} is not declared{there}; declare it "
            f"with --param {short(node.id)[1:-1]}{hint}",
        )

    def chain(self, node: ast.BinOp, depth: int) -> sp.Expr:
        """A sum or product of any length, taken along the left side without recursion."""
        links: list[ast.BinOp] = []
        left: ast.expr = node
        arithmetic = (ast.Add, ast.Sub, ast.Mult, ast.Div)
        while isinstance(left, ast.BinOp) and isinstance(left.op, arithmetic):
            links.append(left)
            left = left.left
        parts, adding = [self.value(left, depth + 1)], True
        for link in reversed(links):
            right = self.value(link.right, depth + 1)
            adds = isinstance(link.op, ast.Add | ast.Sub)
            if adds != adding:
                # gathered, not added one by one: SymPy sorts a sum anew at every addition
                parts, adding = [self.build(link, sp.Add if adding else sp.Mul, *parts)], adds
            if isinstance(link.op, ast.Sub):
                right = -right
            elif isinstance(link.op, ast.Div):
                if right == 0:
                    raise self.wrong(link, "it divides by zero")
                right = 1 / right
            parts.append(right)
        return self.build(node, sp.Add if adding else sp.Mul, *parts)

    def charge(self, node: ast.expr, more: float) -> None:
        """Refuse an exact number before it is computed, if it would be too large."""
        self.spent += int(min(more, 2 * _ALL_BITS)) if more > _CHEAP else 0
        if more > _BITS or self.spent > _ALL_BITS:
            raise self.wrong(node, "the number is too large to keep exactly; rescale it")

    def power(self, node: ast.expr, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.is_Rational and abs(exponent) > _BITS:
            raise self.wrong(node, f"the power is too large; use at most {_BITS}")
        if base.is_negative and exponent.is_number and exponent.is_integer is not True:
            raise self.wrong(node, "it is not real: a negative number has whole powers only")
        self.charge(node, bits(base) * degree(exponent) + log_bits(exponent))
        return sp.Pow(base, exponent)

    def call(self, node: ast.Call, depth: int) -> sp.Expr:
        """A whitelisted function of values."""
        if not isinstance(node.func, ast.Name):
            raise self.wrong(node, "only a function can be called; write a * for a product")
        name, given = node.func.id, node.args
        if name not in (*FUNCTIONS, "where"):
            raise self.unknown_function(node, name)
        build, fewest, most, largest = FUNCTIONS.get(name, (sp.Piecewise, 3, 3, ANY))
        if node.keywords or not fewest <= len(given) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise self.wrong(
                node,
                f"{name} takes {wanted} argument{'s' if most > 1 else ''}, "
                f"but {len(given)} stand here",
            )
        if name == "where":
            condition = self.condition(given[0], depth + 1)
            first, second = (self.value(each, depth + 1) for each in given[1:])
            self.choose(node, condition)
            return self.build(node, sp.Piecewise, (first, condition), (second, True))
        values = [self.value(each, depth + 1) for each in given]
        self.build(node, self.measure, node, name, values, largest)
        return self.build(node, build, *values)

    def unknown_function(self, node: ast.Call, name: str) -> InputError:
        if name in self.names:
            return self.wrong(node, f"{name} is a declared symbol; write {name}*(...)")
        known = ELSEWHERE.get(name) or " or ".join(get_close_matches(name, FUNCTIONS, n=3))
        there = f"did you mean {known}?" if known else f"the functions are {', '.join(FUNCTIONS)}"
        return self.wrong(node, f"there is no function {short(name)}; {there}")

    def measure(self, node: ast.Call, name: str, values: list[sp.Expr], largest: int) -> None:
        """Refuse a function whose value would be too large, before SymPy computes it."""
        if name in CHOOSING:
            self.choose(node, *values)
        if name in DISCRETE:
            self.plain(node, *values)
        for each in values:
            number = magnitude(each) if not each.free_symbols else 0
            if name in DISCRETE:
                number = max([number, *(abs(r) for r in each.atoms(sp.Rational))])
            if number > largest:
                raise self.wrong(node, f"{name} takes numbers up to {largest:.6g} here; rescale it")
            if largest == 2_700:
                self.charge(node, log_bits(each))
            elif name in ("sqrt", "log"):
                self.charge(node, bits(each))

    def plain(self, node: ast.expr, *given: sp.Basic) -> None:
        """Refuse a number such as zeta(digamma(1/3)) where SymPy would compute its digits."""
        functions = {each for one in given for each in one.atoms(sp.Function) if each.is_number}
        if not all(isinstance(each, sp.log | sp.exp) for each in functions):
            raise self.wrong(
                node,
                "a number in comparisons and special functions can only use "
                "+ - * / ** log exp; compute it first",
            )

    def choose(self, node: ast.expr, *compared: sp.Basic) -> None:
        self.plain(node, *compared)
        self.choices += 1
        size = sum(sum(1 for _ in sp.preorder_traversal(each)) for each in compared)
        if self.choices > _CHOICES or size > _CHOICE_SIZE:
            raise self.wrong(
                node,
                "the expression has too many or too large comparisons "
                "(Abs, Min, where, ...); write it more simply",
            )

    def condition(self, node: ast.expr, depth: int) -> sp.Basic:
        """The truth value that the first argument of `where` stands for."""
        if depth > _DEEPEST:
            raise self.wrong(node, f"it is nested more than {_DEEPEST} levels deep; split it up")
        match node:
            case ast.Compare() if all(type(op) in _COMPARISONS for op in node.ops):
                sides = [self.value(each, depth + 1) for each in (node.left, *node.comparators)]
                self.choose(node, *sides)
                pairs = zip(node.ops, sides, sides[1:], strict=False)
                return sp.And(
                    *(
                        self.build(node, _COMPARISONS[type(op)], low, high)
                        for op, low, high in pairs
                    )
                )
            case ast.BoolOp() | ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                joined = node.values if isinstance(node, ast.BoolOp) else (node.left, node.right)
                return _JOINS[type(node.op)](*(self.condition(v, depth + 1) for v in joined))
            case ast.UnaryOp(op=ast.Not()):
                return sp.Not(self.condition(node.operand, depth + 1))
        raise self.wrong(
            node,
            "a condition compares, as in x > 0, and each side of & and | needs its own parentheses",
        )

    def check_result(self, result: sp.Expr) -> None:
        """Refuse what is not finite, not real, too long to print, or would be misread."""
        where = f"the {self.source.what} {short(self.source.text.strip())}"
        if result.has(*_SINGULAR):
            raise InputError(f"{where} divides by zero, or has no finite value")
        if result.has(sp.I) or any(map(_is_complex, sp.preorder_traversal(result))):
            raise InputError(f"{where} is not real; check the signs under roots and logs")
        if any(bits(number) > 3 * _BITS for number in result.atoms(sp.Rational)):
            raise InputError(f"{where} has a number too large to keep exactly; rescale it")
        called = {type(each).__name__ for each in result.atoms(sp.Function)}
        twice = sorted(called & {each.name for each in result.free_symbols})
        if twice:
            raise InputError(
                f"{where} has {twice[0]!r} both as a function and as a name; "
                f"rename the parameter, say {twice[0]}_"
            )


def _is_complex(piece: sp.Basic) -> bool:
    """Whether a number, or a negative number's broken power, is certainly not real."""
    if isinstance(piece, sp.Pow):
        base, exponent = piece.args
        return bool(base.is_negative and exponent.is_Rational and not exponent.is_Integer)
    return isinstance(piece, sp.Function) and piece.is_number and piece.is_extended_real is False
