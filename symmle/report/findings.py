"""All that was found about one model: what a derivation's document and JSON are written from."""

from dataclasses import dataclass

import sympy as sp

from symmle.derive import Derivation
from symmle.estimate import Estimator
from symmle.stability import Comparison, SchemeStability
from symmle.verify.case import Check


@dataclass(frozen=True, slots=True)
class Findings:
    """One model from density to verdict.

    schemes: the update maps at the fixed point.  factors: for each of them the Jacobians of its
    lines, in their order, at the point that each line reads; their product, the last one leftmost,
    is the Jacobian of the map at any point.  Both are empty, and `comparison` is None, where the
    score has no zero to look at; `unanalysed` then says why.
    checks: claims of this derivation that were doubted by another road, and what came of it.
    """

    derivation: Derivation
    estimator: Estimator
    schemes: tuple[SchemeStability, ...]
    factors: tuple[tuple[sp.ImmutableMatrix, ...], ...]
    comparison: Comparison | None
    checks: tuple[Check, ...]
    unanalysed: str = ""
