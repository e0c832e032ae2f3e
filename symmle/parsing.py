"""Text -> SymPy, through a whitelist over Python's `ast`: nothing of the text is ever executed.

The language is arithmetic (`+ - * / **`), exact numbers (`0.1` is 1/10), declared names, the
constants pi, E, EulerGamma and the functions of `_FUNCTIONS`; `where(condition, a, b)` chooses.
A name that is called is the function, the same name not called is the declared symbol.

SymPy evaluates numbers eagerly (10**10**10, factorial(10**9)), so every power and every
function is measured before it is built.  Imports `errors` only.
"""

import ast
import keyword
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from math import prod
from typing import NoReturn

import sympy as sp

from symmle.errors import InputError

_LONGEST_TEXT, _DEEPEST = 10_000, 64  # characters; brackets, signs and powers within each other
_BITS, _ALL_BITS, _CHEAP = 4_000, 12_000, 200  # one exact number; all large ones; not counted
_CHOICES, _CHOICE_SIZE = 20, 300  # Abs, Min, ...: SymPy compares them slowly
_ANY = 10**1200

_SINGULAR = (sp.zoo, sp.nan, sp.oo, -sp.oo)
_FAILURES = (ArithmeticError, ValueError, TypeError, AttributeError, NotImplementedError,
             RecursionError, MemoryError)
_CONSTANTS = {"pi": sp.pi, "E": sp.E, "EulerGamma": sp.EulerGamma}
_SHADOWABLE = ("beta", "gamma", "zeta")  # functions whose names statisticians give to parameters


def _loggamma(argument: sp.Expr) -> sp.Expr:
    # Not left to SymPy: for an integer symbol it makes log(gamma(n)), which overflows at 171.
    return sp.loggamma(argument, evaluate=argument.is_number)


def _log_factor(factor: sp.Expr) -> sp.Expr | None:
    """log(factor) without overflow, if the factor is a power of a positive gamma, beta, ..."""
    base, exponent = factor.as_base_exp()
    unsure: list[sp.Expr] = []
    match base:
        case sp.gamma():
            above, below = [*base.args], []
        case sp.factorial():
            above, below = [base.args[0] + 1], []
        case sp.beta():
            above, below = [*base.args], [sp.Add(*base.args)]
        case sp.binomial():
            n, k = base.args
            above, below = [n + 1], [k + 1, n - k + 1]
            if n.is_integer and k.is_integer:
                unsure = below[1:]  # not positive for k > n, where both sides are -oo
        case _:
            return None
    if not exponent.is_real or not all(g.is_positive or g in unsure for g in above + below):
        return None
    return exponent * (sp.Add(*map(_loggamma, above)) - sp.Add(*map(_loggamma, below)))


def _log(argument: sp.Expr, base: sp.Expr | None = None) -> sp.Expr:
    """log, with loggamma for the logs of gamma, beta, factorial, binomial: those overflow."""
    if base is not None:
        return _log(argument) / _log(base)
    factors = {each: _log_factor(each) for each in sp.Mul.make_args(argument)}
    rest = sp.Mul(*(each for each, value in factors.items() if value is None))
    return sp.Add(sp.log(rest), *(value for value in factors.values() if value is not None))


# name: (what it builds, its fewest and most arguments, the largest number that may stand in it)
_FUNCTIONS: Mapping[str, tuple[Callable[..., sp.Expr], int, int, int]] = {
    "log": (_log, 1, 2, _ANY), "log1p": (lambda x: _log(1 + x), 1, 1, _ANY),
    "exp": (sp.exp, 1, 1, 2_700), "expm1": (lambda x: sp.exp(x) - 1, 1, 1, 2_700),
    "logaddexp": (lambda a, b: _log(sp.exp(a) + sp.exp(b)), 2, 2, 2_700),
    "sqrt": (sp.sqrt, 1, 1, _ANY), "sign": (sp.sign, 1, 1, _ANY), "floor": (sp.floor, 1, 1, _ANY),
    "Abs": (sp.Abs, 1, 1, _ANY), "abs": (sp.Abs, 1, 1, _ANY),
    "Min": (sp.Min, 2, 8, _ANY), "min": (sp.Min, 2, 8, _ANY),
    "Max": (sp.Max, 2, 8, _ANY), "max": (sp.Max, 2, 8, _ANY),
    "gamma": (sp.gamma, 1, 1, 500), "loggamma": (_loggamma, 1, 1, 500),
    "factorial": (sp.factorial, 1, 1, 500), "binomial": (sp.binomial, 2, 2, 500),
    "beta": (sp.beta, 2, 2, 500), "digamma": (sp.digamma, 1, 1, 500),
    "trigamma": (sp.trigamma, 1, 1, 500), "polygamma": (sp.polygamma, 2, 2, 50),
    "besseli": (sp.besseli, 2, 2, 50), "zeta": (sp.zeta, 1, 2, 50),
    "erf": (sp.erf, 1, 1, 10**6), "erfc": (sp.erfc, 1, 1, 10**6),
    "LambertW": (sp.LambertW, 1, 1, 10**6),
    "sin": (sp.sin, 1, 1, 10**6), "cos": (sp.cos, 1, 1, 10**6), "tan": (sp.tan, 1, 1, 10**6),
    "atan": (sp.atan, 1, 1, _ANY), "sinh": (sp.sinh, 1, 1, 2_700),
    "cosh": (sp.cosh, 1, 1, 2_700), "tanh": (sp.tanh, 1, 1, 2_700),
}
_CHOOSING = {"Abs", "abs", "sign", "floor", "Min", "min", "Max", "max", "where"}
_DISCRETE = {"gamma", "loggamma", "factorial", "binomial", "beta", "digamma", "trigamma",
             "polygamma", "besseli", "zeta"}  # a number inside x + 1000 costs as much as x = 1000
_ELSEWHERE = {"ln": "log", "lgamma": "loggamma", "gammaln": "loggamma", "psi": "digamma",
              "choose": "binomial", "arctan": "atan", "ifelse": "where", "Piecewise": "where",
              "pow": "**", "lbeta": "log(beta(a, b))", "log10": "log(x, 10)", "log2": "log(x, 2)"}

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?P<glued>[A-Za-z_]?)"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>\*\*|<=|>=|==|!=|[-+*/(),<>&|. ])|(?P<other>.)",
    re.DOTALL,
)
_NOT_HERE = {
    "^": "write ** for powers", "!": "write factorial(x) for x!", "=": "one = assigns or names an "
    "argument, which has no place here; write == in a condition, and arguments by their order",
    "[": "an index has no place here; use ( )", "{": "use ( ) for grouping",
    "%": "write x - n*floor(x/n)", "'": "text in quotes has no place here",
    '"': "text in quotes has no place here", ";": "give one expression only",
    ":": "lambda, := and slices have no place here",
}
_KEYWORDS = {"lambda": "write lam or rate", "if": "write where(condition, a, b)"}
_COMPARED = "a comparison, and, or, not stand only in where(condition, a, b)"
_JOINED = ("& and | join the conditions of where(condition, a, b), each in its own parentheses; "
           "write Abs(x) for |x|")
_NO_VALUE: Mapping[type[ast.AST], str] = {
    ast.Attribute: "a dot belongs inside a number only; there are no attributes",
    ast.Tuple: "a comma separates a function's arguments; write a decimal point as .",
    ast.Starred: "give each argument by itself, without *", ast.FloorDiv: "write floor(a/b)",
    ast.Compare: _COMPARED, ast.BoolOp: _COMPARED, ast.UnaryOp: _COMPARED,
    ast.BitAnd: _JOINED, ast.BitOr: _JOINED,
}
_JOINS: Mapping[type[ast.AST], Callable[..., sp.Basic]] = {
    ast.And: sp.And, ast.BitAnd: sp.And, ast.Or: sp.Or, ast.BitOr: sp.Or,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[..., sp.Basic]] = {
    ast.Lt: sp.Lt, ast.LtE: sp.Le, ast.Gt: sp.Gt, ast.GtE: sp.Ge, ast.Eq: sp.Eq, ast.NotEq: sp.Ne,
}


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:25]} ... {text[-10:]}")


def check_name(name: str, what: str = "parameter") -> str:
    """Return `name` if it can name a symbol here, in SymPy and in generated code.

    It must be an ASCII identifier of at most 40 characters that is no Python keyword, does not
    start with an underscore, and means nothing else: no function of the language (except beta,
    gamma and zeta, which stay functions where they are called), no constant of SymPy (E, I, pi,
    oo: an expression printed with such a symbol would be read back as the number, silently),
    none of mean, var, cov.  SymPy's other names (S, N, shape, ...) are free; to read printed
    expressions, give SymPy the symbols: `sympify(text, locals={...})`.
    Raises InputError saying which rule is broken and what to write instead.
    """
    if not (name.isascii() and name.isidentifier() and name[0] != "_" and len(name) <= 40):
        reason = "use at most 40 letters, digits and _, with a letter first"
    elif keyword.iskeyword(name):
        other = "lam or rate" if name == "lambda" else f"{name}_"
        reason = f"it is a keyword of Python; write {other}"
    elif name in (*_FUNCTIONS, "where") and name not in _SHADOWABLE:
        reason = f"it is a function; write {name}_"
    elif name in ("mean", "var", "cov"):
        reason = f"it denotes a sample statistic; write {name}_"
    elif isinstance(getattr(sp, name, None), sp.Basic):
        reason = f"SymPy reads it as a constant; write {name}_"
    else:
        return name
    raise InputError(f"{_short(name)} cannot name a {what}: {reason}")


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
    reader = _Reader(re.sub(r"\s", " ", text, flags=re.ASCII), names, what)
    reader.check_tokens()
    try:
        tree = ast.parse(reader.text.lstrip(" "), mode="eval")
    except SyntaxError as error:
        reader.refuse_syntax(error.offset or 1)
    except (ValueError, RecursionError, MemoryError):
        raise InputError(f"the {what} is nested too deeply; split it into smaller parts") from None
    try:
        result = reader.value(tree.body, 0)
        reader.check_result(result)
    except _FAILURES:
        raise InputError(f"the {what} is too large for SymPy; write it more simply") from None
    return result


class _Reader:
    """One reading of one text; `spent` and `choices` count what it has cost so far."""

    def __init__(self, text: str, names: Mapping[str, sp.Basic], what: str) -> None:
        self.text, self.names, self.what = text, names, what
        self.indent = len(text) - len(text.lstrip(" "))
        self.spent = self.choices = 0

    def refuse(self, start: int, end: int, reason: str) -> NoReturn:
        """Raise InputError for text[start:end]."""
        piece, position = _short(self.text[start:end]), start + 1
        raise InputError(f"the {self.what} is wrong at {piece} (position {position}): {reason}")

    def refuse_node(self, node: ast.expr, reason: str) -> NoReturn:
        self.refuse(node.col_offset + self.indent, (node.end_col_offset or 0) + self.indent, reason)

    def refuse_syntax(self, offset: int) -> NoReturn:
        start = min(offset - 1 + self.indent, len(self.text) - 1)
        reason = "this is no formula; check the brackets, operators and commas around it"
        if "|" in self.text:
            reason = "write Abs(x) for |x|"
        elif re.search(r"[\w)]\s+\w", self.text[max(start - 3, 0):]):
            reason += ", and write a * between two factors"
        self.refuse(start, min(start + 12, len(self.text)), reason)

    def check_tokens(self) -> None:
        """Refuse by its letters alone whatever no formula contains."""
        for token in _TOKEN.finditer(self.text):
            start, end, piece = token.start(), token.end(), token.group()
            match token.lastgroup:
                case "other":
                    self.refuse(start, end, _NOT_HERE.get(
                        piece, "write it in plain ASCII: a Greek letter by its name, minus as -"
                        if not piece.isascii() else "this character has no place in a formula"))
                case "glued" if token["glued"]:
                    self.refuse(start, end, f"write {token['number']}*{token['glued']} for a "
                                            "product; a number ends where letters begin")
                case "glued":
                    digits, _, power = token["number"].lower().partition("e")
                    if len(digits) > 1000 or len(power) > 5 or abs(int(power or 0)) > 1000:
                        self.refuse(start, end, "the number is too large to keep exactly; "
                                                "rescale it to under 1000 digits")
                case "word" if piece.startswith("_"):
                    self.refuse(start, end, "a name begins with a letter")
                case "word" if keyword.iskeyword(piece) and piece not in ("and", "or", "not"):
                    self.refuse(start, end, "this is a keyword of Python and no part of a formula; "
                                + _KEYWORDS.get(piece, "choose another name"))

    def value(self, node: ast.expr, depth: int) -> sp.Expr:
        """The number that a piece of the text stands for."""
        if depth > _DEEPEST:
            self.refuse_node(node, f"it is nested more than {_DEEPEST} levels deep; split it up")
        match node:
            case ast.Constant():
                written = self.text[self.indent:][node.col_offset:node.end_col_offset]
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
                self.refuse_node(node, _NO_VALUE.get(kind, "only numbers, declared names, "
                                                     "+ - * / ** and functions are allowed"))
        if result in _SINGULAR or not isinstance(result, sp.Expr):
            self.refuse_node(node, "it divides by zero, or has no finite value")
        return result

    def build(self, node: ast.expr, make: Callable[..., sp.Expr], *given: object) -> sp.Expr:
        """make(*given), with SymPy's own failures turned into a sentence."""
        try:
            return make(*given)
        except _FAILURES:
            self.refuse_node(node, "SymPy cannot evaluate it; check the arguments")

    def name(self, node: ast.Name) -> sp.Expr:
        if node.id in self.names:
            return self.names[node.id]
        if node.id in _CONSTANTS:
            return _CONSTANTS[node.id]
        if node.id in _FUNCTIONS or node.id == "where":
            self.refuse_node(node, f"{node.id} is a function; write {node.id}(...)")
        near = get_close_matches(node.id, self.names, n=2, cutoff=0.5)
        there = f" (declared: {', '.join(list(self.names)[:12])})" if self.names else ""
        hint = f", or did you mean {' or '.join(near)}?" if near else ""
        self.refuse_node(node, f"the name {_short(node.id)} is not declared{there}; declare it "
                               f"with --param {_short(node.id)[1:-1]}{hint}")

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
                    self.refuse_node(link, "it divides by zero")
                right = 1 / right
            parts.append(right)
        return self.build(node, sp.Add if adding else sp.Mul, *parts)

    def charge(self, node: ast.expr, bits: float) -> None:
        """Refuse an exact number before it is computed, if it would be too large."""
        self.spent += int(min(bits, 2 * _ALL_BITS)) if bits > _CHEAP else 0
        if bits > _BITS or self.spent > _ALL_BITS:
            self.refuse_node(node, "the number is too large to keep exactly; rescale it")

    def power(self, node: ast.expr, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        degree = abs(exponent) if exponent.is_Rational else 0
        self.charge(node, max(degree, _bits(base) * _factor(exponent) + _logs(exponent)))
        return sp.Pow(base, exponent)

    def call(self, node: ast.Call, depth: int) -> sp.Expr:
        """A whitelisted function of values."""
        if not isinstance(node.func, ast.Name):
            self.refuse_node(node, "only a function can be called; write a * for a product")
        name, given = node.func.id, node.args
        if name not in (*_FUNCTIONS, "where"):
            self.refuse_call(node, name)
        build, fewest, most, largest = _FUNCTIONS.get(name, (sp.Piecewise, 3, 3, _ANY))
        if node.keywords or not fewest <= len(given) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            self.refuse_node(node, f"{name} takes {wanted} argument{'s' if most > 1 else ''}, "
                                   f"but {len(given)} stand here")
        if name == "where":
            condition = self.condition(given[0], depth + 1)
            first, second = (self.value(each, depth + 1) for each in given[1:])
            self.choose(node, condition)
            return self.build(node, sp.Piecewise, (first, condition), (second, True))
        values = [self.value(each, depth + 1) for each in given]
        self.build(node, self.measure, node, name, values, largest)
        return self.build(node, build, *values)

    def refuse_call(self, node: ast.Call, name: str) -> NoReturn:
        if name in self.names:
            self.refuse_node(node, f"{name} is a declared symbol; write {name}*(...)")
        known = _ELSEWHERE.get(name) or " or ".join(get_close_matches(name, _FUNCTIONS, n=3))
        there = f"did you mean {known}?" if known else f"the functions are {', '.join(_FUNCTIONS)}"
        self.refuse_node(node, f"there is no function {_short(name)}; {there}")

    def measure(self, node: ast.Call, name: str, values: list[sp.Expr], largest: int) -> None:
        """Refuse a function whose value would be too large, before SymPy computes it."""
        if name in _CHOOSING:
            self.choose(node, *values)
        for each in values:
            number = _magnitude(each) if not each.free_symbols else 0
            if name in _DISCRETE:
                number = max([number, *(abs(r) for r in each.atoms(sp.Rational))])
            if number > largest:
                self.refuse_node(node, f"{name} takes numbers up to {largest:.6g} here; rescale it")
            self.charge(node, _logs(each) if largest == 2_700 else
                        _bits(each) if name in ("sqrt", "log") else 0)

    def choose(self, node: ast.expr, *compared: sp.Basic) -> None:
        self.choices += 1
        size = sum(sum(1 for _ in sp.preorder_traversal(each)) for each in compared)
        if self.choices > _CHOICES or size > _CHOICE_SIZE:
            self.refuse_node(node, "the expression has too many or too large comparisons "
                                   "(Abs, Min, where, ...); write it more simply")

    def condition(self, node: ast.expr, depth: int) -> sp.Basic:
        """The truth value that the first argument of `where` stands for."""
        if depth > _DEEPEST:
            self.refuse_node(node, f"it is nested more than {_DEEPEST} levels deep; split it up")
        match node:
            case ast.Compare() if all(type(op) in _COMPARISONS for op in node.ops):
                sides = [self.value(each, depth + 1) for each in (node.left, *node.comparators)]
                self.choose(node, *sides)
                pairs = zip(node.ops, sides, sides[1:], strict=False)
                return sp.And(*(self.build(node, _COMPARISONS[type(op)], low, high)
                                for op, low, high in pairs))
            case ast.BoolOp() | ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                joined = node.values if isinstance(node, ast.BoolOp) else (node.left, node.right)
                return _JOINS[type(node.op)](*(self.condition(v, depth + 1) for v in joined))
            case ast.UnaryOp(op=ast.Not()):
                return sp.Not(self.condition(node.operand, depth + 1))
        self.refuse_node(node, "a condition compares, as in x > 0, and each side of & and | "
                               "needs its own parentheses")

    def check_result(self, result: sp.Expr) -> None:
        """Refuse what is not finite, not real, too long to print, or would be misread."""
        where = f"the {self.what} {_short(self.text.strip())}"
        if result.has(*_SINGULAR):
            raise InputError(f"{where} divides by zero, or has no finite value")
        if result.has(sp.I) or any(map(_is_complex, sp.preorder_traversal(result))):
            raise InputError(f"{where} is not real; check the signs under roots and logs")
        if any(_bits(number) > 3 * _BITS for number in result.atoms(sp.Rational)):
            raise InputError(f"{where} has a number too large to keep exactly; rescale it")
        called = {type(each).__name__ for each in result.atoms(sp.Function)}
        twice = sorted(called & {each.name for each in result.free_symbols})
        if twice:
            raise InputError(f"{where} has {twice[0]!r} both as a function and as a name; "
                             f"rename the parameter, say {twice[0]}_")


def _is_complex(piece: sp.Basic) -> bool:
    """Whether a number, or a negative number's broken power, is certainly not real."""
    if isinstance(piece, sp.Pow):
        base, exponent = piece.args
        return bool(base.is_negative and exponent.is_Rational and not exponent.is_Integer)
    return isinstance(piece, sp.Function) and piece.is_number and piece.is_extended_real is False


def _bits(base: sp.Expr) -> int:
    """How many bits of exact numbers a power of `base` may multiply out."""
    sizes = [abs(r.p).bit_length() + r.q.bit_length() - 1 for r in base.atoms(sp.Rational)]
    return max(sizes, default=0) if base.is_Add and base.free_symbols else sum(sizes)


def _factor(exponent: sp.Expr) -> float:
    """A bound for the integer power that an exponent may amount to."""
    if exponent.is_Rational:
        return float(max(1, min(abs(exponent), 10**9)))
    if exponent.is_Add:
        return sum(map(_factor, exponent.args))
    return prod(map(_factor, exponent.args)) if exponent.is_Mul else 1.0


def _logs(exponent: sp.Expr) -> float:
    """Bits that exp(exponent) may produce, because exp(5*log(3)) is 3**5 at once."""
    return _factor(exponent) * sum(_bits(each.args[0]) for each in exponent.atoms(sp.log))


def _magnitude(number: sp.Expr) -> float:
    return float(abs(complex(number.evalf(5)))) if not number.is_Rational else abs(number)
