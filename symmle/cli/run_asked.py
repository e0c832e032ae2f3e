"""Where a run starts and how long it is, as the options say it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symmle.coordinates import assignments
from symmle.domain import Variable
from symmle.errors import InputError
from symmle.parsing import parse

if TYPE_CHECKING:
    from symmle.pictures.view import Window

_MOST = 10**9


def start_asked(variables: Sequence[Variable], text: str | None) -> dict[sp.Symbol, float]:
    """A number for every variable; InputError where one is missing."""
    example = ",".join(f"{each.name}=..." for each in variables)
    if text is None:
        raise InputError(f"this needs the start of the run; add --start {example}")
    start = some_starts(variables, text)
    missing = [each.name for each in variables if each.symbol not in start]
    if missing:
        raise InputError(f"--start {text!r} has no value for {missing[0]}; add {missing[0]}=...")
    return start


def some_starts(variables: Sequence[Variable], text: str) -> dict[sp.Symbol, float]:
    """The numbers of --start, for the variables that it names."""
    names = {each.name: each.symbol for each in variables}
    example = ",".join(f"{name}=..." for name in names)
    start: dict[sp.Symbol, float] = {}
    for part in assignments([text]):
        name, found, written = (each.strip() for each in part.partition("="))
        if not found or name not in names or names[name] in start:
            raise InputError(f"--start {part!r} must be NAME=NUMBER, once for each of {example}")
        value = parse(written, {}, f"start of {name}")
        if not value.is_number or value.is_real is False:
            raise InputError(f"--start {part!r} is no number; write {name}=1.5")
        start[names[name]] = float(value)
    return start


def ranges_asked(texts: Sequence[str] | None, names: Sequence[str]) -> "dict[str, Window]":
    """The ends of --range NAME=LOW:HIGH for the axes that it names."""
    from symmle.pictures.view import Window

    found: dict[str, Window] = {}
    for part in assignments(list(texts or ())):
        name, sign, ends = (each.strip() for each in part.partition("="))
        low, colon, high = ends.partition(":")
        if not sign or not colon or name not in names or name in found:
            there = ", ".join(names)
            raise InputError(
                f"--range {part!r} must be NAME=LOW:HIGH, once for a name among {there}"
            )
        numbers = [parse(text, {}, f"end of {name}") for text in (low, high)]
        if not all(each.is_number and each.is_finite and each.is_real for each in numbers):
            raise InputError(f"--range {part!r} must have two numbers, as in {name}=0:1")
        if not numbers[0] < numbers[1]:
            raise InputError(f"--range {part!r} is empty; write the smaller end first")
        found[name] = Window(float(numbers[0]), float(numbers[1]))
    return found


def count_asked(text: str | None) -> int | None:
    """The updates of --iterations; None without it."""
    if text is None:
        return None
    try:
        count = int(float(text)) if text.isascii() else 0
    except (ValueError, OverflowError):
        count = 0
    if not 1 <= count <= _MOST:
        raise InputError(f"--iterations {text!r} is no count; give a whole number from 1 to 1e9")
    return count
