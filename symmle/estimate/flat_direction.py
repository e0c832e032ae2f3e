"""Which functions of the parameters are identified, where not every parameter is.

Where the score is orthogonal to a field v everywhere, the likelihood is constant along the paths
of v, the information has v in its null space, and the data can determine no more than what is
constant along those paths too.  Looked for in pairs of parameters: a sum, a difference, a product
and a ratio.
Source: Rothenberg, Identification in parametric models, Econometrica 39 (1971) 577.
"""

from dataclasses import dataclass
from itertools import combinations

import sympy as sp

from symmle.budget import bounded
from symmle.derive import Derivation
from symmle.errors import BudgetError
from symmle.estimate.elimination import reduced

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class FlatDirection:
    """along: {parameter: component of v}; identified: what is constant along v, and the others."""

    along: dict[sp.Symbol, sp.Expr]
    identified: tuple[sp.Expr, ...]


def flat_direction(derivation: Derivation) -> FlatDirection | None:
    """A direction in two parameters along which the likelihood is constant, proved; or None."""
    try:
        return bounded(_SECONDS, lambda: _found(derivation))
    except BudgetError:
        return None


def _found(derivation: Derivation) -> FlatDirection | None:
    slope = dict(zip(derivation.score.parameters, derivation.score.gradient, strict=True))
    for p, q in combinations(slope, 2):
        for v, w, constant in (
            (sp.S.One, -sp.S.One, p + q),
            (sp.S.One, sp.S.One, p - q),
            (p, -q, p * q),
            (p, q, p / q),
        ):
            if reduced(v * slope[p] + w * slope[q]) == 0:
                others = tuple(s for s in slope if s not in (p, q))
                return FlatDirection({p: v, q: w}, (constant, *others))
    return None
