"""Names in generated code: readable, and never one that a user already took.

Symbols of a user start with a letter (`parsing.check_name`), helpers of ours with an underscore,
so those two cannot meet.  What remains are our arguments, locals and imports: each is taken from
`Names`, which moves out of the way.
"""

import keyword
import re
from collections.abc import Iterable

import sympy as sp
from sympy.printing.str import StrPrinter

_LONGEST = 36
_SPELT = (
    ("**2", "_squared"),
    ("**3", "_cubed"),
    ("**", "_to_"),
    ("1/", "inverse_"),
    ("*", "_"),
    ("/", "_over_"),
    ("+", "_plus_"),
    (" - ", "_minus_"),
    ("-", "minus_"),
)


class Names:
    """The names taken in one scope; `fresh` takes another."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def fresh(self, wish: str) -> str:
        """The wished name, with as many underscores behind it as it takes to be new."""
        while wish in self._taken or keyword.iskeyword(wish):
            wish += "_"
        self._taken.add(wish)
        return wish

    def numbered(self, stem: str) -> str:
        """The first of stem1, stem2, ... that is new."""
        number = 1
        while f"{stem}{number}" in self._taken:
            number += 1
        return self.fresh(f"{stem}{number}")

    def copy(self) -> "Names":
        """A scope of its own that knows the same names."""
        return Names(self._taken)


class _Shown(StrPrinter):
    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        *first, (last, _) = expr.args
        written = self._print(last)
        for value, condition in reversed(first):
            written = f"where({self._print(condition)}, {self._print(value)}, {written})"
        return str(written)


def shown(expr: sp.Basic) -> str:
    """An expression as a density is typed, for a docstring."""
    return str(_Shown().doprint(expr))


def slug(expr: sp.Basic) -> str | None:
    """A name that says what an expression is: `log_x`, `x_squared`; None when it gets too long."""
    text = shown(expr).replace("polygamma(0, ", "digamma(").replace("polygamma(1, ", "trigamma(")
    text = re.sub(r"where\((\w+) > 0, \1, 1\)", r"\1", text)  # 0*log(0), which is 0
    for sign, word in _SPELT:
        text = text.replace(sign, word)
    name = re.sub(r"_+", "_", re.sub(r"\W+", "_", text)).strip("_")
    return name if name.isidentifier() and len(name) <= _LONGEST else None
