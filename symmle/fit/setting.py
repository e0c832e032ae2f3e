"""What every stage of a fit reads: the derivation, the data, and what was asked for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.data import Sample
from symmle.derive import Derivation
from symmle.estimate import Estimator
from symmle.fit.record import Fit, Status, Weights
from symmle.known import Known
from symmle.model import Model
from symmle.precise import evaluate

Columns = Mapping[sp.Symbol, NDArray[np.float64]]
Rows = dict[sp.Symbol, list[mpmath.mpf]]
Counts = list[mpmath.mpf]

DIGITS = 40
_DIGITS_FAR = 4 * DIGITS  # where parameters are 1e60, and 1e-60 is added to one
_WIDEST = 10  # powers of ten from one, beyond which sizes are not compared in doubles
_MOST_PRECISE_ROWS = 5_000  # distinct rows that are evaluated at 40 digits; doubles beyond


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A question put to the data.

    columns: one for each data symbol.  rows, counts: the distinct rows and what each weighs,
    exactly; None where they are too many to be evaluated at many digits.
    """

    derivation: Derivation
    estimator: Estimator
    sample: Sample
    level: float
    weighting: Weights
    columns: Columns
    rows: Rows | None
    counts: Counts | None

    @property
    def model(self) -> Model:
        return self.derivation.model

    @property
    def n(self) -> float:
        """How many observations there are: the sum of frequencies, else the number of rows."""
        if self.weighting is Weights.PROBABILITIES or self.sample.weights is None:
            return float(self.sample.n)
        return self.sample.total_weight

    @property
    def weights(self) -> Weights | None:
        return None if self.sample.weights is None else self.weighting

    @property
    def decades(self) -> int:
        """How many powers of ten the data's sizes reach up or down from one."""
        sizes = [np.abs(column[column != 0]) for column in self.columns.values()]
        logs = np.abs(np.log10(np.concatenate(sizes)))
        return math.ceil(float(logs.max())) if len(logs) else 0

    @property
    def spans_much(self) -> bool:
        """Whether what doubles say of a point far from some data may be wrong of the others."""
        return self.decades > _WIDEST

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader assumed, and a doubt where frequencies sum to one, as shares do."""
        total, rows = self.sample.total_weight, self.sample.n
        if self.weights is not Weights.FREQUENCIES or rows < 2 or abs(total - 1) > 1e-6:
            return self.sample.notes
        doubt = (
            f"the weights of {rows} rows sum to one, as shares do, and are taken for the "
            "frequencies of one observation; ask for probabilities if that is what they are "
            "(--weights-are probabilities)"
        )
        return (*self.sample.notes, doubt)

    def value(
        self, expr: sp.Expr, point: Mapping[sp.Symbol, mpmath.mpf], digits: int = DIGITS
    ) -> mpmath.mpf:
        """An expression with means at a point, at many digits; `rows` must be there."""
        with mpmath.workdps(digits):
            return evaluate(expr, self.rows or {}, point, self.counts)

    def exact_height(self, point: Sequence[float]) -> float | None:
        """The average log-likelihood, also far out; None where there is none, or too many rows."""
        if self.rows is None:
            return None
        theta = {s: mpmath.mpf(v) for s, v in zip(self.model.symbols, point, strict=True)}
        try:
            found = float(self.value(self.derivation.average_log_likelihood, theta, _DIGITS_FAR))
        except (ArithmeticError, ValueError, TypeError):
            return None
        return found if math.isfinite(found) else None

    def without(
        self,
        status: Status,
        message: str,
        limit: tuple[str, str, float | None] | None = None,
        path: str | None = None,
    ) -> Fit:
        """The record of a fit that has no estimate to give."""
        settled = status in (Status.NO_FINITE_ESTIMATE, Status.BOUNDARY, Status.UNBOUNDED)
        known = Known.CHECKED if settled and self.rows is not None else Known.UNKNOWN
        return Fit(
            self.model.name,
            self.n,
            status,
            message,
            self.estimator.kind.value,
            self.estimator.known if status is Status.NOT_IDENTIFIED else known,
            self.level,
            identified=tuple(map(str, self.estimator.identified)),
            unbounded_path=path,
            limit=limit,
            weights=self.weights,
            dropped=self.sample.dropped,
        )


def setting(
    derivation: Derivation,
    estimator: Estimator,
    sample: Sample,
    level: float,
    weighting: Weights,
) -> Setting:
    """Put the pieces together; the sample must suit the model."""
    columns = _columns(derivation.model, sample)
    rows, counts = _distinct(columns, sample.weights)
    return Setting(derivation, estimator, sample, level, weighting, columns, rows, counts)


def _columns(model: Model, sample: Sample) -> Columns:
    """The data symbols with their columns: by name where the names agree, else in order."""
    names = [variable.name for variable in model.data]
    chosen = names if set(names) == set(sample.columns) else list(sample.columns)
    return {v.symbol: sample.columns[name] for v, name in zip(model.data, chosen, strict=True)}


def _distinct(
    columns: Columns, weights: NDArray[np.float64] | None
) -> tuple[Rows, Counts] | tuple[None, None]:
    """The distinct rows and how much each weighs, exactly; None when they are too many."""
    table = np.column_stack(list(columns.values()))
    unique, inverse = np.unique(table, axis=0, return_inverse=True)
    if len(unique) > _MOST_PRECISE_ROWS:
        return None, None
    counts = np.bincount(inverse.ravel(), weights=weights)
    kept = counts > 0
    rows = {
        symbol: [mpmath.mpf(float(value)) for value in unique[kept, i]]
        for i, symbol in enumerate(columns)
    }
    return rows, [mpmath.mpf(float(count)) for count in counts[kept]]
