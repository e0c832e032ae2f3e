"""Hold parameters at numbers, or tie them to others: curved families.

    shape=2.5    a parameter less
    sd=mean      one too, and what is left of `mean` is where `sd` is defined: mean > 0

Imports `model`, `parsing`, `invertible` and `coordinates`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from symmle.coordinates import assignments
from symmle.domain import Domain, Variable, interval
from symmle.errors import InputError
from symmle.invertible import image, inverse, sign_on
from symmle.model import Model, observed
from symmle.parsing import parse

_LARGEST_EXACT = 30  # a number above, or a denominator, is long


@dataclass(frozen=True, slots=True)
class _Held:
    """A parameter that is given a value: as it was typed, and in the parameters that stay."""

    parameter: Variable
    text: str
    value: sp.Expr


def fix(model: Model, choices: Sequence[str]) -> Model:
    """The model with parameters held (`shape=2.5`) or tied to others (`sd=mean, a=2*b`).

    choices: several may be joined by commas; a value may use any parameter that stays, or that
    is held itself.  Where a tied value lies in the domain only for some values of the parameter
    that it follows, that parameter's domain shrinks accordingly.
    Raises InputError when an assignment has no `=`, names no parameter or one twice, ties
    parameters in a circle, leaves a domain, or when no parameter is left to estimate.
    """
    if model.complete is not None:
        return observed(fix(model.complete, choices), {each.name for each in model.latent})
    read = _read(model, assignments(choices))
    if not read:
        return model
    held = _resolved(read)
    free = [each for each in model.parameters if each.symbol not in read]
    given = tuple(each for each in model.given if each.symbol not in read)
    if not free:
        listed = ", ".join(each.text for each in read.values())
        raise InputError(f"--fix {listed!r} leaves no parameter of {model.name} to estimate")
    values = {symbol: each.value for symbol, each in held.items()}
    for each in held.values():
        free = _inside(each, each.parameter.domain.at(values), free)
    renamed = {
        old.symbol: new.symbol
        for old in model.parameters
        for new in free
        if old.name == new.name and old.symbol != new.symbol
    }
    places = {symbol: value.xreplace(renamed) for symbol, value in values.items()} | renamed
    return Model(
        model.name,
        _placed(model.log_density, places),
        tuple(Variable(each.symbol, each.domain.at(places)) for each in model.data),
        tuple(Variable(each.symbol, each.domain.at(places)) for each in free),
        given=given,
    )


def _read(model: Model, texts: Sequence[str]) -> dict[sp.Symbol, _Held]:
    if texts and model.origin is not None:
        raise InputError(f"--fix {texts[0]!r}: hold parameters before coordinates are changed")
    variables = (*model.given, *model.parameters)
    names = {each.name: each.symbol for each in variables}
    read: dict[sp.Symbol, _Held] = {}
    for text in texts:
        name, found, typed = (part.strip() for part in text.partition("="))
        if not found:
            raise InputError(f"--fix {text!r} must have the form NAME=VALUE")
        symbol = model.symbol(name)
        if symbol in read:
            raise InputError(f"--fix gives {name!r} two values; give it one")
        value = parse(typed, names, f"value of {name}")
        parameter = next(each for each in variables if each.symbol == symbol)
        read[symbol] = _Held(parameter, text, value)
    return read


def _placed(density: sp.Expr, places: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The density with parameters held; exactly, but for special functions of a long number.

    SymPy turns loggamma of a large whole number into the log of an exact factorial, and digamma
    of a fraction p/q into a sum of q terms; a Float elsewhere would stall polynomial algebra.
    """
    long = {
        symbol: sp.Float(value, 30)
        for symbol, value in places.items()
        if value.is_number and _is_long(value)
    }
    if long:
        density = density.replace(
            lambda call: (
                isinstance(call, sp.Function)
                and not isinstance(call, sp.log | sp.exp)
                and bool(call.free_symbols)
                and call.free_symbols <= set(long)
            ),
            lambda call: call.xreplace(long),
        )
    return density.xreplace(places)


def _is_long(number: sp.Expr) -> bool:
    """Whether SymPy would write special functions of a number out at length."""
    denominator = number.q if number.is_Rational else 1
    return bool(abs(number) > _LARGEST_EXACT or denominator > _LARGEST_EXACT)


def _resolved(read: Mapping[sp.Symbol, _Held]) -> dict[sp.Symbol, _Held]:
    """Each value in the parameters that stay; InputError for ties in a circle."""
    values = {symbol: each.value for symbol, each in read.items()}
    for _ in read:
        values = {symbol: value.xreplace(values) for symbol, value in values.items()}
    for symbol, value in values.items():
        if value.free_symbols & set(read):
            raise InputError(
                f"--fix {read[symbol].text!r} ties {symbol.name} to itself; "
                "tie it to a parameter that stays free"
            )
    return {
        symbol: _Held(each.parameter, each.text, values[symbol]) for symbol, each in read.items()
    }


def _inside(held: _Held, where: Domain, free: list[Variable]) -> list[Variable]:
    """The free parameters, their domains shrunk to where the held value lies in its own."""
    value = held.value
    if value.is_number:
        if where.contains(value) is False:
            raise InputError(
                f"--fix {held.text!r}: {value} is outside the domain '{where.text}' of "
                f"{held.parameter.name}"
            )
        return free
    followed = [each for each in free if each.symbol in value.free_symbols]
    if where.integer and not (len(followed) == 1 and value == followed[0].symbol):
        raise InputError(
            f"--fix {held.text!r}: {held.parameter.name} is a whole number; hold it at one"
        )
    if _lies_in(value, where):
        return free
    shrunk = _shrunk(value, where, followed[0]) if len(followed) == 1 else None
    if shrunk is None:
        raise InputError(
            f"--fix {held.text!r}: it cannot be seen where {value} lies in the domain "
            f"'{where.text}' of {held.parameter.name}; tie it to an expression that does, or "
            "write the density with --logpdf"
        )
    if (shrunk.lower < shrunk.upper) != sp.true:
        raise InputError(
            f"--fix {held.text!r}: {value} never lies in the domain '{where.text}' of "
            f"{held.parameter.name}"
        )
    old = followed[0]
    new = Variable(sp.Symbol(old.name, **shrunk.assumptions()), shrunk)
    return [new if each == old else each for each in free]


def _lies_in(value: sp.Expr, where: Domain) -> bool:
    """Whether a value lies in a domain by the signs of its parts; at single points it may touch.

    mu**2 lies in `positive` for a real mu, but for one point at which the density vanishes.
    """
    gaps = [value - where.lower] if where.lower.is_finite is not False else []
    gaps += [where.upper - value] if where.upper.is_finite is not False else []
    return all(gap.is_positive or gap.is_nonnegative for gap in gaps)


def _shrunk(value: sp.Expr, where: Domain, old: Variable) -> Domain | None:
    """The part of a parameter's domain on which an expression in it lies in `where`, an interval.

    None where it cannot be told, or is no interval.
    """
    if where.depends_on or old.domain.depends_on or old.domain.integer or where.integer:
        return None
    positive = Domain("", sp.S.Zero, sp.oo)
    if _is(where, positive) and old.domain.lower == -sp.oo and old.domain.upper == sp.oo:
        signs = [
            sign_on(value, old.symbol, half) for half in (positive, Domain("", -sp.oo, sp.S.Zero))
        ]
        if signs in ([1, -1], [-1, 1]):
            return interval(sp.S.Zero, sp.oo) if signs[0] == 1 else interval(-sp.oo, sp.S.Zero)
    reach = image(value, old.symbol, old.domain)
    if reach is None:
        return None
    number = sp.Dummy("number", real=True)
    back = inverse(value, old.symbol, old.domain, number)
    if back is None:
        return None
    ends = old.domain.lower, old.domain.upper
    closed = old.domain.lower_closed, old.domain.upper_closed
    low, high = (0, 1) if reach.increasing else (1, 0)
    new_ends, new_closed = list(ends), list(closed)
    if (where.lower > reach.domain.lower) == sp.true:
        new_ends[low], new_closed[low] = back.xreplace({number: where.lower}), where.lower_closed
    if (where.upper < reach.domain.upper) == sp.true:
        new_ends[high], new_closed[high] = back.xreplace({number: where.upper}), where.upper_closed
    if not all(end.is_extended_real for end in new_ends):
        return interval(sp.S.Zero, sp.S.Zero)  # the two ranges do not meet
    return interval(new_ends[0], new_ends[1], bool(new_closed[0]), bool(new_closed[1]))


def _is(one: Domain, other: Domain) -> bool:
    return (one.lower, one.upper) == (other.lower, other.upper)
