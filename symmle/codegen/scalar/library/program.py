"""What the library calls by name and every program holds: stands here for the types alone."""

from collections.abc import Sequence
from typing import NamedTuple

Rows = Sequence[float]
Work = list[float]

_P = 0
_LOW: tuple[float, ...] = ()
_HIGH: tuple[float, ...] = ()


class Statistics(NamedTuple):
    """What the data enter through; a program's own has more fields."""

    n: float


def _equation(data: Statistics, value: float, out: list[float]) -> None:
    raise NotImplementedError


def _height(data: Statistics, value: float) -> float:
    raise NotImplementedError


def _evaluate(data: Statistics, theta: list[float], slope: list[float], bend: list[float]) -> float:
    raise NotImplementedError
