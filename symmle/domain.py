"""Where a variable may lie: its symbol, its domain, and how both are written.

The symbols of the data are of a type of their own (`Datum`), so that the sample mean knows what it
binds and a parameter can never be mistaken for an observation.
Imports `errors` and `parsing` only.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from symmle.errors import InputError
from symmle.parsing import parse


class Datum(sp.Symbol):
    """One observation: a symbol that a sample mean binds.

    inside: itself by a letter of known sign, where that says more than SymPy's assumptions can, as
    t/(1 + t) with t > 0 on (0, 1); None elsewhere.
    """

    __slots__ = ("inside",)
    inside: sp.Expr | None

    def __new__(cls, name: str, inside: sp.Expr | None = None, **assumptions: bool) -> "Datum":
        datum: Datum = sp.Symbol.__xnew__(cls, name, **assumptions)
        datum.inside = inside
        return datum

    def _hashable_content(self) -> tuple[object, ...]:
        content: tuple[object, ...] = super()._hashable_content()
        return content if self.inside is None else (*content, self.inside)


@dataclass(frozen=True, slots=True)
class Domain:
    """An interval of the real line, of its integers when `integer`.

    lower, upper: numbers, infinities, or expressions in other parameters.
    period: of an angle, which may be given in any turn; None elsewhere.
    """

    text: str
    lower: sp.Expr
    upper: sp.Expr
    lower_closed: bool = False
    upper_closed: bool = False
    integer: bool = False
    period: sp.Expr | None = None

    @property
    def depends_on(self) -> frozenset[sp.Symbol]:
        """The parameters that move this domain; empty for a fixed one."""
        return frozenset(s for s in self._symbols() if not isinstance(s, Datum))

    @property
    def follows(self) -> frozenset[sp.Symbol]:
        """The data columns that move this domain from row to row, as trials bound successes."""
        return frozenset(s for s in self._symbols() if isinstance(s, Datum))

    def _symbols(self) -> set[sp.Symbol]:
        return set(self.lower.free_symbols | self.upper.free_symbols)

    def assumptions(self) -> dict[str, bool]:
        """What SymPy may assume of a symbol with this domain.

        Never `integer`: SymPy then turns loggamma(x + 1) into log(gamma(x + 1)), which overflows.
        """
        known = {"real": True}
        if self.lower.is_number and self.lower >= 0:
            known["nonnegative" if self.lower == 0 and self.lower_closed else "positive"] = True
        elif self.upper.is_number and self.upper <= 0:
            known["nonpositive" if self.upper == 0 and self.upper_closed else "negative"] = True
        return known

    def inside(self, name: str) -> sp.Expr | None:
        """A point of the domain by a letter of known sign; None where assumptions say as much."""
        lower, upper = self.lower, self.upper
        if self._symbols() or {lower, upper} <= {-sp.oo, sp.S.Zero, sp.oo}:
            return None
        if lower.is_finite and upper.is_finite and self.upper_closed:
            return None  # t/(1 + t) does not get there
        closed = self.lower_closed if lower.is_finite else self.upper_closed
        sign = "nonnegative" if closed else "positive"
        free = sp.Symbol(f"{name}_from_end", **{sign: True})
        if not lower.is_finite:
            return upper - free
        return lower + free if not upper.is_finite else (lower + upper * free) / (1 + free)

    def at(self, values: Mapping[sp.Symbol, sp.Expr]) -> "Domain":
        """The same domain with the parameters that move it replaced by values."""
        if not self._symbols() & set(values):
            return self
        lower, upper = self.lower.xreplace(values), self.upper.xreplace(values)
        brackets = "[" if self.lower_closed else "(", "]" if self.upper_closed else ")"
        text = f"{'integer in ' * self.integer}{brackets[0]}{lower}, {upper}{brackets[1]}"
        return replace(self, text=text, lower=lower, upper=upper)

    def once(self) -> "Domain":
        """One turn of an angle, over which a density has mass one; any other domain itself."""
        if self.period is None:
            return self
        return replace(self, lower=-self.period / 2, upper=self.period / 2, period=None)

    def contains(self, value: sp.Expr) -> bool | None:
        """Whether a number lies in a fixed domain; None when SymPy cannot decide."""
        above = value >= self.lower if self.lower_closed else value > self.lower
        below = value <= self.upper if self.upper_closed else value < self.upper
        whole = sp.true if not self.integer else sp.Integer(int(value)).equals(value)
        verdict = sp.And(above, below, whole)
        return bool(verdict) if verdict in (sp.true, sp.false) else None


_WORDS: Mapping[str, Domain] = {
    each.text: each
    for each in (
        Domain("real", -sp.oo, sp.oo),
        Domain("positive", sp.S.Zero, sp.oo),
        Domain("nonnegative", sp.S.Zero, sp.oo, lower_closed=True),
        Domain("unit", sp.S.Zero, sp.S.One),
        Domain("integer", -sp.oo, sp.oo, integer=True),
        Domain("nonnegative integer", sp.S.Zero, sp.oo, lower_closed=True, integer=True),
        Domain("positive integer", sp.S.One, sp.oo, lower_closed=True, integer=True),
        Domain("angle", -sp.oo, sp.oo, period=2 * sp.pi),
    )
}


def domain(text: str, names: Mapping[str, sp.Symbol] | None = None) -> Domain:
    """Read a domain word, an interval `(a, b)`, `[a, b)`, ..., `integer in [a, b]` or `{0, 1, 2}`.

    names: the symbols that the ends may mention; `oo` and `-oo` are infinite ends.
    Raises InputError for anything else, naming the words there are.
    """
    word = " ".join(text.split())
    if word in _WORDS:
        return _WORDS[word]
    if word[:1] == "{" and word[-1:] == "}":
        word = _listed(word)
    interval = word.removeprefix("integer in ")
    if interval[:1] in ("(", "[") and interval[-1:] in (")", "]") and interval.count(",") == 1:
        lower, upper = (_end(part.strip(), names or {}) for part in interval[1:-1].split(","))
        if lower.is_number and upper.is_number and not lower < upper:
            raise InputError(f"the domain {text!r} is empty; write the smaller end first")
        closed = interval[0] == "[" and lower.is_finite, interval[-1] == "]" and upper.is_finite
        return Domain(word, lower, upper, *closed, integer=interval != word)
    words = ", ".join(repr(name) for name in _WORDS)
    raise InputError(f"the domain {text!r} is none of {words} or an interval like '(0, 1)'")


def _listed(word: str) -> str:
    """`integer in [0, 2]` for `{0, 1, 2}`."""
    values = [each.strip() for each in word[1:-1].split(",")]
    if all(each.removeprefix("-").isdecimal() for each in values):
        whole = [int(each) for each in values]
        if len(whole) > 1 and whole == list(range(whole[0], whole[0] + len(whole))):
            return f"integer in [{whole[0]}, {whole[-1]}]"
    raise InputError(
        f"the domain {word!r} is no list of two or more successive whole numbers as in "
        f"'{{0, 1, 2}}'; of others, write 'integer in [a, b]' or map them to 0, 1, 2, ..."
    )


def interval(
    lower: sp.Expr, upper: sp.Expr, lower_closed: bool = False, upper_closed: bool = False
) -> Domain:
    """The interval with these ends; called by a domain word where there is one for it."""
    for word in _WORDS.values():
        if word == Domain(word.text, lower, upper, lower_closed, upper_closed):
            return word
    brackets = "[" if lower_closed else "(", "]" if upper_closed else ")"
    text = f"{brackets[0]}{lower}, {upper}{brackets[1]}"
    return Domain(text, lower, upper, lower_closed, upper_closed)


def _end(text: str, names: Mapping[str, sp.Symbol]) -> sp.Expr:
    infinite = {"oo": sp.oo, "inf": sp.oo, "-oo": -sp.oo, "-inf": -sp.oo}
    return infinite[text] if text in infinite else parse(text, names, "domain end")


@dataclass(frozen=True, slots=True)
class Variable:
    """A symbol and where it may lie."""

    symbol: sp.Symbol
    domain: Domain

    @property
    def name(self) -> str:
        return str(self.symbol.name)


def is_domain(text: str) -> bool:
    """Whether a constant is told by where it lies, and not by its value."""
    word = " ".join(text.split())
    bracketed = word[:1] in ("(", "[") and "," in word
    return word in _WORDS or bracketed or word.startswith(("integer in ", "{"))


def unknown_symbol(name: str, where: Domain) -> sp.Symbol:
    return sp.Symbol(name, **where.assumptions())


def observed_symbol(name: str, where: Domain) -> Datum:
    return Datum(name, where.inside(name), **where.assumptions())


def declare(
    domains: Mapping[str, str],
    symbol: Callable[[str, Domain], sp.Symbol],
    outer: Mapping[str, sp.Expr],
) -> tuple[Variable, ...]:
    """Symbols with the assumptions of their domains; a domain's ends may use earlier names."""
    scope = dict(outer)
    declared = []
    for name, text in domains.items():
        where = domain(text, scope)
        scope[name] = symbol(name, where)
        declared.append(Variable(scope[name], where))
    return tuple(declared)


def read_declarations(declarations: Iterable[str]) -> dict[str, str]:
    """Turn `x`, `x>0`, `x>=0`, `x in (a, b)` and `x: DOMAIN` into {name: domain text}.

    Raises InputError for any other form and for a name declared twice.
    """
    found: dict[str, str] = {}
    for text in declarations:
        name, where = _declaration(text)
        if name in found:
            raise InputError(f"{name!r} is declared twice; declare each symbol once")
        found[name] = where
    return found


def _declaration(text: str) -> tuple[str, str]:
    compact = text.strip()
    if ":" in compact:
        name, where = compact.split(":", 1)
        return name.strip(), where.strip()
    if " in " in compact:
        name, where = compact.split(" in ", 1)
        return name.strip(), where.strip()
    for sign, where in ((">=", "nonnegative"), (">", "positive")):
        name, found, bound = compact.partition(sign)
        if found:
            if bound.strip() != "0":
                closed = "[" if sign == ">=" else "("
                return name.strip(), f"{closed}{bound.strip()}, oo)"
            return name.strip(), where
    return compact, "real"
