"""The score of each row: what the sandwich is made of."""

from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.codegen.formula import straight_line
from symmle.codegen.layout import Body
from symmle.codegen.loading import load
from symmle.codegen.names import Names
from symmle.codegen.pieces import helpers_for
from symmle.codegen.printer import Printer
from symmle.codegen.stable import stable
from symmle.fit.setting import Columns
from symmle.model import Model

Floats = NDArray[np.float64]

_IMPORTED = ("np", "math", "special", "float")


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
    rows = frozenset(columns)
    slopes = [stable(model.log_density.diff(model.symbols[i]), rows) for i in kept]
    taken = [symbol.name for symbol in (*columns, *theta)]
    formula = straight_line([], [], slopes, columns, Names([*taken, *_IMPORTED]))
    alias = {name: f"_{name}" for name in _IMPORTED if name in taken}
    taken += _IMPORTED
    body = Body(formula, Printer(formula.rows, alias), Names({*taken, *formula.words()}), str)
    texts = body.named_results()
    arguments = ", ".join(symbol.name for symbol in (*columns, *theta))
    code = "\n".join(
        [f"def slopes({arguments}):", *body.lines, f"    return [{', '.join(texts)}]", ""]
    )
    constants, helpers = helpers_for(code)
    head = ["import math", "import numpy as np"]
    head += ["from scipy import special"] if "special." in "\n".join([code, *helpers]) else []
    types = ["from numpy.typing import ArrayLike, NDArray", "Floats = NDArray[np.float64]"]
    types += [f"{short} = {name}" for name, short in alias.items()]
    module = load("\n".join([*head, *types, *constants, code, *helpers]), "symmle_row_scores")
    n = len(next(iter(columns.values())))
    with np.errstate(all="ignore"):
        found = module.slopes(*columns.values(), *theta.values())
    return np.array([np.broadcast_to(np.asarray(each, dtype=float), n) for each in found])
