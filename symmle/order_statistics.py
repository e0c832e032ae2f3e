"""Order statistics as nodes: min(T), max(T), median(T) and the two middle values of T.

Like a sample mean they bind the data symbols in T and are free of the parameters.  Weights count
as repetitions of a row, and a row of weight zero is no row.  median_low(T) is the least value that
at least half of the rows lie at or below, median_high(T) the largest that at least half lie at or
above; median(T) is the midpoint of the two, which differ for an even number of rows only.
Imports `sample_mean` only.
"""

from collections.abc import Sequence
from typing import ClassVar

import mpmath
import sympy as sp

from symmle.sample_mean import OverData, has_data


class OrderStatistic(OverData):
    """The common part: `word` is what the node is called where it is printed."""

    nargs = 1
    keeps_sign = True
    word: ClassVar[str] = ""

    @classmethod
    def eval(cls, arg: sp.Expr) -> sp.Expr | None:
        return None if has_data(arg) else arg

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        if symbol in self.free_symbols:
            raise NotImplementedError(f"{self} has no derivative in {symbol} at a tie")
        return sp.S.Zero

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_positive else None

    def _eval_is_negative(self) -> bool | None:
        return True if self.args[0].is_negative else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.args[0].is_nonnegative else None

    def _eval_is_nonpositive(self) -> bool | None:
        return True if self.args[0].is_nonpositive else None

    def _sympystr(self, printer: sp.printing.StrPrinter) -> str:
        return f"{self.word}({printer.doprint(self.args[0])})"


class Minimum(OrderStatistic):
    """min(T): the least value of T over the rows."""

    word = "min"


class Maximum(OrderStatistic):
    """max(T): the largest value of T over the rows."""

    word = "max"


class Median(OrderStatistic):
    """median(T): the midpoint of median_low(T) and median_high(T)."""

    word = "median"


class MedianLow(OrderStatistic):
    """median_low(T): the lower of the two middle values."""

    word = "median_low"


class MedianHigh(OrderStatistic):
    """median_high(T): the higher of the two middle values."""

    word = "median_high"


KINDS: tuple[type[OrderStatistic], ...] = (Minimum, Maximum, Median, MedianLow, MedianHigh)


def order_value(
    node: OrderStatistic,
    values: Sequence[mpmath.mpf],
    weights: Sequence[mpmath.mpf] | None = None,
) -> mpmath.mpf:
    """What a node is on the values of its T, one a row; weights: one a row, at least one > 0."""
    held = [mpmath.mpf(1)] * len(values) if weights is None else weights
    rows = sorted((v, w) for v, w in zip(values, held, strict=True) if w > 0)
    if isinstance(node, Minimum):
        return rows[0][0]
    if isinstance(node, Maximum):
        return rows[-1][0]
    low = _first_half(rows)
    high = -_first_half(sorted((-value, weight) for value, weight in rows))
    return (
        low
        if isinstance(node, MedianLow)
        else high
        if isinstance(node, MedianHigh)
        else (low + (high - low) / 2)
    )


def _first_half(rows: Sequence[tuple[mpmath.mpf, mpmath.mpf]]) -> mpmath.mpf:
    """The least value at or below which half of the weight lies; rows in ascending order."""
    total, below = mpmath.fsum(weight for _, weight in rows), mpmath.mpf(0)
    for value, weight in rows:
        below += weight
        if 2 * below >= total:
            return value
    return rows[-1][0]
