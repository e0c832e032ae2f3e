"""What a program should tell: from the typed density, row by row, at 60 digits.

Nothing that was derived of means, statistics or estimators is in it, only the density and its
derivatives at one row.  Beside each number stands its condition, so that nobody blames a program
for digits that no arithmetic of doubles can keep: how far the number moves, per unit of relative
change, as the row and the parameters do (Higham 2002, Accuracy and Stability, 1.6).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp

from symmle.model import Model
from symmle.real_slope import real_slope
from symmle.straight_line import Steps, steps

DIGITS = 60
_NUDGE = mpmath.mpf(2) ** -80  # relative change of a datum or parameter that shows the condition
Doubles = Sequence[float]


@dataclass(frozen=True, slots=True)
class Number:
    """A value, and its condition: the size of what its rounding errors are relative to."""

    value: mpmath.mpf
    condition: mpmath.mpf

    @property
    def is_finite(self) -> bool:
        """Whether there is a value to compare with, and a bound on what doubles can keep."""
        return bool(mpmath.isfinite(self.value) and mpmath.isfinite(self.condition))


Numbers = tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Jet:
    """Value, gradient and Hessian (row by row) of the average log-likelihood at a point."""

    value: Number
    score: Numbers
    hessian: Numbers


class Truth:
    """The average log-likelihood of a density and its derivatives, for any rows and parameters."""

    def __init__(self, model: Model) -> None:
        theta = model.symbols
        self.model = model
        self._p = len(theta)
        slopes = [_slope(model.log_density, s) for s in theta]
        self._pairs = [(i, j) for i in range(self._p) for j in range(i, self._p)]
        bends = [_slope(slopes[i], theta[j]) for i, j in self._pairs]
        self._columns = [variable.symbol for variable in model.data]
        self._all: Steps = steps([model.log_density, *slopes, *bends], self._columns)
        self._slopes: Steps = steps(slopes, self._columns)

    def jet(self, columns: Sequence[Doubles], theta: Doubles) -> "Rows":
        """All derivatives at each row."""
        return Rows(self._p, tuple(self._numbers(self._all, columns, theta)))

    def slopes(
        self, columns: Sequence[Doubles], theta: Sequence[mpmath.mpf]
    ) -> tuple[Numbers, ...]:
        """The score alone at each row, at parameters of any precision."""
        return tuple(self._numbers(self._slopes, columns, theta))

    def _numbers(
        self, program: Steps, columns: Sequence[Doubles], theta: Sequence[mpmath.mpf | float]
    ) -> Iterator[Numbers]:
        with mpmath.workdps(DIGITS):
            names = self.model.symbols
            point = dict(zip(names, map(mpmath.mpf, theta), strict=True))
            table = [tuple(map(mpmath.mpf, row)) for row in zip(*columns, strict=True)]
            here = program.over(table, point)
            moved = []
            for name in names:
                if point[name]:
                    nudged = {**point, name: point[name] * (1 + _NUDGE)}
                    moved.append(program.over(table, nudged))
            for k in range(len(columns)):
                rows = [(*r[:k], r[k] * (1 + _NUDGE), *r[k + 1 :]) for r in table]
                moved.append(program.over(rows, point))
            for i, values in enumerate(here):
                yield tuple(
                    Number(
                        mpmath.nan if mpmath.im(value) else mpmath.re(value),
                        abs(value) + sum(abs(each[i][k] - value) for each in moved) / _NUDGE,
                    )
                    for k, value in enumerate(values)
                )


@dataclass(frozen=True, slots=True)
class Rows:
    """The derivatives at each row."""

    p: int
    rows: tuple[Numbers, ...]

    def average(self, weights: Doubles | None) -> Jet:
        """Their (weighted) means."""
        value, *rest = averages(self.rows, weights)
        upper = dict(
            zip(
                ((i, j) for i in range(self.p) for j in range(i, self.p)),
                rest[self.p :],
                strict=True,
            )
        )
        square = [upper[min(i, j), max(i, j)] for i in range(self.p) for j in range(self.p)]
        return Jet(value, tuple(rest[: self.p]), tuple(square))


def _slope(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """The derivative beside the kinks, where a second one would have a spike."""
    found = real_slope(expr, symbol)
    return found.replace(sp.DiracDelta, lambda *_: sp.S.Zero)


def averages(rows: Sequence[Numbers], weights: Doubles | None) -> Numbers:
    """(Weighted) means over the rows."""
    with mpmath.workdps(DIGITS):
        shares = [mpmath.mpf(1)] * len(rows) if weights is None else list(map(mpmath.mpf, weights))
        kept = [(w, row) for w, row in zip(shares, rows, strict=True) if w]
        total = mpmath.fsum(w for w, _ in kept)
        return tuple(
            Number(
                mpmath.fsum(w * row[k].value for w, row in kept) / total,
                mpmath.fsum(w * row[k].condition for w, row in kept) / total,
            )
            for k in range(len(rows[0]))
        )
