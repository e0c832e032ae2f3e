"""Short fractions for letters, to try a claim at: the simple ones first."""

import random
from collections.abc import Iterator, Mapping, Sequence

import sympy as sp

from symmle.domain import Variable

_MANY = 24
_SIMPLE = tuple(map(sp.Rational, ("1", "2", "1/2", "3", "1/3", "5", "1/4", "8")))
_SEED = 7  # the same numbers in every run


def trials(
    letters: Sequence[sp.Expr], domains: Sequence[Variable] = ()
) -> Iterator[dict[sp.Expr, sp.Expr]]:
    """Values for the letters, each within its sign and its domain."""
    source = random.Random(_SEED)
    for count in range(_MANY):
        values = {each: _value(each, source, count) for each in letters}
        for variable in domains:
            if variable.symbol in values:
                values[variable.symbol] = _within(variable, values, source)
        if are_inside(values, domains):
            yield values


def are_inside(values: Mapping[sp.Expr, sp.Expr], domains: Sequence[Variable]) -> bool:
    """Whether the values of symbols lie in their domains, which may depend on others."""
    here = {symbol: value for symbol, value in values.items() if symbol.is_Symbol}
    return all(
        each.domain.at(here).contains(here[each.symbol]) is not False
        for each in domains
        if each.symbol in here
    )


def _value(letter: sp.Expr, source: random.Random, count: int) -> sp.Rational:
    size = _SIMPLE[count] if count < 2 else source.choice(_SIMPLE)
    if letter.is_positive or letter.is_nonnegative:
        return size
    if letter.is_negative or letter.is_nonpositive:
        return -size
    return size * source.choice((1, -1))


def _within(
    variable: Variable, values: Mapping[sp.Expr, sp.Expr], source: random.Random
) -> sp.Expr:
    """The value itself where it is inside, else a point of a finite interval."""
    domain, value = variable.domain.at(dict(values)), values[variable.symbol]
    if domain.contains(value) is not False:
        return value
    if domain.integer:
        return sp.Integer(source.randint(1, 9))
    if domain.lower.is_number and domain.upper.is_number:
        share = sp.Rational(source.randint(1, 7), 8)
        if domain.lower.is_finite and domain.upper.is_finite:
            return domain.lower + share * (domain.upper - domain.lower)
        if domain.lower.is_finite:
            return domain.lower + value**2
    return value
