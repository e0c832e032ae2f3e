"""Lay out statements as `ruff format` leaves them (line length 100)."""

import re
import textwrap
from collections.abc import Callable, Sequence

import sympy as sp

from symmle.codegen.formula import Assignment, Formula, Over
from symmle.codegen.names import Names
from symmle.codegen.printer import Printer

WIDTH = 100
INDENT = "    "


def signature(name: str, arguments: Sequence[str], returns: str) -> str:
    """`def name(arguments) -> returns:`, on one line, on three, or one line an argument."""
    line = f"def {name}({', '.join(arguments)}) -> {returns}:"
    if len(line) <= WIDTH:
        return line
    inner = f"{INDENT}{', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return f"def {name}(\n{inner}\n) -> {returns}:"
    listed = "".join(f"{INDENT}{argument},\n" for argument in arguments)
    return f"def {name}(\n{listed}) -> {returns}:"


def wrapped(text: str, indent: int) -> list[str]:
    """Text in lines of at most the width, the first with `indent` spaces, the others with more."""
    return textwrap.wrap(
        text,
        WIDTH - 2,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def bracketed(head: str, items: Sequence[str], tail: str, depth: int = 1) -> list[str]:
    """`head item, item tail`, broken as the formatter does when it is too long.

    The arguments of a call may then share one line; the items of a tuple or table never do.
    """
    pad = INDENT * depth
    line = f"{pad}{head}{', '.join(items)}{tail}"
    if len(line) <= WIDTH:
        return [line]
    inner = f"{pad}{INDENT}{', '.join(items)}"
    if len(inner) <= WIDTH and re.search(r"\w\($", head):
        return [pad + head, inner, pad + tail]
    listed = [line for item in items for line in _item(f"{item},", depth + 1)]
    return [pad + head, *listed, pad + tail.lstrip(",")]


def _item(item: str, depth: int) -> list[str]:
    """One argument on a line of its own; a call that is too long for that has its own inside."""
    line = INDENT * depth + item
    call = re.fullmatch(r"(?P<head>[\w.]+=[\w.]+\()(?P<inner>[^()]*)\),", item)
    if len(line) <= WIDTH or call is None:
        return [line]
    return bracketed(call["head"], call["inner"].split(", "), "),", depth)


def broken(line: str) -> list[str]:
    """A line of a language with braces over several, where it is too long: after a comma, or
    before an operator, outside of texts in quotes.
    """
    indent, lines = len(line) - len(line.lstrip()) + 2 * len(INDENT), []
    while len(line) > WIDTH:
        found = re.finditer(r'"[^"]*"|(?P<comma>, )|(?P<sign> (?:[-+*?:]|&&|\|\|) )', line)
        places = [
            m.end() if m["comma"] else m.start() + 1 for m in found if m["comma"] or m["sign"]
        ]
        places = [place for place in places if indent + 8 < place <= WIDTH]
        if not places:
            break
        lines.append(line[: max(places)].rstrip())
        line = " " * indent + line[max(places) :]
    return [*lines, line]


def returned(values: Sequence[str]) -> list[str]:
    """`return` of a tuple."""
    if len(values) == 1:
        return [f"    return ({values[0]},)"]
    line = f"    return {', '.join(values)}"
    return [line] if len(line) <= WIDTH else bracketed("return (", values, ")")


def raised(message: str, depth: int = 1) -> list[str]:
    """`raise ValueError(message)`, the text over several lines when it is long."""
    pad = INDENT * depth
    line = f'{pad}raise ValueError("{message}")'
    if len(line) <= 100:
        return [line]
    inner = f'{pad}{INDENT}"{message}"'
    if len(inner) <= 100:
        return [f"{pad}raise ValueError(", inner, f"{pad})"]
    texts = textwrap.wrap(message, 80 - len(pad), drop_whitespace=False)
    return [f"{pad}raise ValueError(", *(f'{pad}{INDENT}"{text}"' for text in texts), f"{pad})"]


class Body:
    """The lines of a formula's assignments, with overlong expressions taken apart."""

    def __init__(
        self,
        formula: Formula,
        printer: Printer,
        names: Names,
        mean: Callable[[str], str],
        depth: int = 1,
    ) -> None:
        self.lines: list[str] = []
        self._pad = INDENT * depth
        self._printer = printer
        self._names = names
        self._mean = mean
        for each in formula.assignments:
            self._assign(each)
        self._results = formula.results

    def named_results(self, room: int = 60) -> list[str]:
        """The results as texts of at most `room`; longer ones are given a name first."""
        return [self._short(each, room) for each in self._results]

    def whole(self) -> list[str]:
        """All lines, the last of them returning the results as a tuple, or the only one."""
        if len(self._results) == 1:
            head = f"{self._pad}{self._results[0]} = "
            if self.lines and self.lines[-1].startswith(head):
                return [*self.lines[:-1], f"{self._pad}return {self.lines[-1].removeprefix(head)}"]
            self._statement("return ", self._results[0])
            return self.lines
        last = returned(self.named_results())
        return [*self.lines, *last]

    def _assign(self, each: Assignment) -> None:
        if each.over is Over.MEAN:
            value = self._short(each.value, 60)
            self.lines.append(f"{self._pad}{each.target} = {self._mean(value)}")
        else:
            self._statement(f"{each.target} = ", each.value)

    def _statement(self, target: str, value: sp.Expr) -> None:
        room = WIDTH - len(self._pad) - len(target)
        text = self._printer.text(value)
        if isinstance(value, sp.Piecewise) and text.startswith("("):
            text = text[1:-1]
        if len(text) <= room:
            self.lines.append(f"{self._pad}{target}{text}")
            return
        if value.is_Add and len(value.args) > 2:
            (sign, first), *rest = self._printer.terms(value)
            if len(text) <= WIDTH - len(self._pad) - len(INDENT):
                self._in_parentheses(target, [text])
                return
            texts = [first if sign == "+" else f"-{first}", *(f"{s} {t}" for s, t in rest)]
            if max(map(len, texts)) <= WIDTH - len(self._pad) - len(INDENT):
                self._in_parentheses(target, texts)
                return
        self._statement(target, self._taken_apart(value))

    def _in_parentheses(self, target: str, lines: Sequence[str]) -> None:
        inner = [f"{self._pad}{INDENT}{line}" for line in lines]
        self.lines += [f"{self._pad}{target}(", *inner, f"{self._pad})"]

    def _taken_apart(self, value: sp.Expr) -> sp.Expr:
        """The expression with its longest part that is not a name assigned to one before."""
        parts = [arg for arg in _inner_parts(value) if arg.args]
        if not parts:  # names only: half of them together
            parts = [value.func(*value.args[: len(value.args) // 2])]
            value = value.func(parts[0], *value.args[len(value.args) // 2 :], evaluate=False)
        longest = max(parts, key=lambda part: len(self._printer.text(part)))
        if value.is_Pow or longest.is_Pow:  # 1/base: name the base, not the reciprocal
            inner = (longest if longest.is_Pow else value).base
            longest = inner if inner.args else longest
        rows = bool(longest.free_symbols & self._printer.rows)
        name = sp.Symbol(self._names.numbered("r" if rows else "t"), real=True)
        self._printer = self._printer.knowing(name) if rows else self._printer
        self._statement(f"{name} = ", longest)
        return value.xreplace({longest: name})

    def _short(self, value: sp.Expr, room: int) -> str:
        """The text of an expression, which is given a name first when it is longer than `room`."""
        text = self._printer.text(value)
        if len(text) <= room:
            return text
        rows = bool(value.free_symbols & self._printer.rows)
        name = sp.Symbol(self._names.numbered("r" if rows else "t"), real=True)
        self._printer = self._printer.knowing(name) if rows else self._printer
        self._statement(f"{name} = ", value)
        return str(name)


def _inner_parts(value: sp.Expr) -> list[sp.Expr]:
    """The expressions that an expression is made of; of a choice, its alternatives."""
    if isinstance(value, sp.Piecewise):
        return [branch.expr for branch in value.args]
    return list(value.args)
