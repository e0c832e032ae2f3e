"""Whole numbers that no double holds: identifiers and time stamps in nanoseconds lose digits."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

_EXACT = 2.0**53  # up to it every whole number is a double


def rounded(given: object, doubles: NDArray[np.float64]) -> int:
    """How many of a column's whole numbers are no doubles."""
    large = _large(doubles)
    values = np.asarray(given) if large else np.empty(0)
    if values.dtype.kind not in "iuO":
        return 0
    return sum(isinstance(values[i], Integral) and int(values[i]) != int(doubles[i]) for i in large)


def rounded_cells(cells: Sequence[str], doubles: NDArray[np.float64]) -> int:
    """The same of text: cells of digits only, with a sign."""
    found = 0
    for i in _large(doubles):
        text = cells[i].strip()
        found += text.lstrip("+-").isdecimal() and int(text) != int(doubles[i])
    return found


def _large(doubles: NDArray[np.float64]) -> list[int]:
    """Where the values are 2**53, to which the next rounds, or more, and finite."""
    size = np.abs(doubles)
    return [int(i) for i in np.flatnonzero((size >= _EXACT) & np.isfinite(size))]


def rounding_note(name: str, count: int) -> str:
    """The sentence on whole numbers of a column that no double holds."""
    return (
        f"{count} whole numbers of column {name!r} are beyond 2**53 and were rounded to doubles; "
        "take a constant off them if their last digits count"
    )
