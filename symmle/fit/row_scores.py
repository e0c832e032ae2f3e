"""The score of each row: what the sandwich is made of."""

from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.fit.row_functions import row_function
from symmle.fit.setting import Columns
from symmle.model import Model
from symmle.real_slope import real_slope

Floats = NDArray[np.float64]


def outer_product(
    model: Model,
    columns: Columns,
    theta: Mapping[sp.Symbol, float],
    shares: Floats | None,
    kept: Sequence[int],
    squared: bool,
) -> Floats | None:
    """The sum over the rows of share (or its square) times score score', kept x kept.

    shares: of the rows, summing to 1; equal when None.  squared: the share enters squared, as
    it does where a row was drawn once, whatever it stands for.
    None where a score is not finite, or the scores do not sum to zero as they must at a maximum.
    """
    scores = _scores(model, columns, theta, kept)
    n = scores.shape[1]
    w = np.full(n, 1 / n) if shares is None else shares
    used = w > 0
    scores, w = scores[:, used], w[used]
    if not np.all(np.isfinite(scores)):
        return None
    size = np.sqrt((w * scores * scores).sum(axis=1))
    if not np.all(np.abs((w * scores).sum(axis=1)) <= 1e-6 * size):
        return None
    outer: Floats = (w * w if squared else w) * scores @ scores.T
    return outer


def _scores(
    model: Model, columns: Columns, theta: Mapping[sp.Symbol, float], kept: Sequence[int]
) -> Floats:
    """len(kept) x n, in doubles, in the stable forms that a generated module uses."""
    slopes = [real_slope(model.log_density, model.symbols[i]) for i in kept]
    return row_function(list(columns), list(theta), slopes)(columns, list(theta.values()))
