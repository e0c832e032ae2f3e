"""The schemes and the step that the options ask for."""

import argparse
from collections.abc import Callable, Sequence

import sympy as sp

from symmle.errors import InputError
from symmle.parsing import parse
from symmle.schemes import Scheme, alternating, coordinate, newton, scoring, simultaneous

_DEFAULT = ("simultaneous", "alternating")


def chosen_schemes(
    symbols: Sequence[sp.Symbol], named: Callable[[str], sp.Symbol], arguments: argparse.Namespace
) -> list[Scheme]:
    """The schemes of --scheme over these symbols, or the usual two.

    named: the symbol of a name; raises InputError for one that is none.
    """
    names: Sequence[str] = arguments.scheme or _DEFAULT
    order = _order(named, arguments.order)
    inner, outer = (_count(arguments, name) for name in ("inner", "outer"))
    if (arguments.inner or arguments.outer) and "coordinate" not in names:
        raise InputError("--inner and --outer belong to --scheme coordinate; add it")
    makers = {
        "simultaneous": lambda: simultaneous(symbols),
        "alternating": lambda: alternating(symbols, order),
        "coordinate": lambda: coordinate(symbols, inner, outer, order),
        "newton": lambda: newton(symbols),
        "scoring": lambda: scoring(symbols),
    }
    return [makers[name]() for name in dict.fromkeys(names)]


def step_asked(arguments: argparse.Namespace) -> sp.Expr | None:
    """The number of --step; None without one."""
    if arguments.step is None:
        return None
    value = parse(arguments.step, {}, "--step")
    if not value.is_positive:
        raise InputError(
            f"--step {arguments.step!r} is not a positive number; give one such as 0.1 or 1/3"
        )
    return value


def _order(named: Callable[[str], sp.Symbol], text: str | None) -> tuple[sp.Symbol, ...] | None:
    if text is None:
        return None
    return tuple(named(name.strip()) for name in text.split(","))


def _count(arguments: argparse.Namespace, name: str) -> int:
    text = getattr(arguments, name)
    if text is None:
        return 1
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise InputError(f"--{name} {text!r} is no count; give a whole number from 1 to 1000")
    return int(text)
