"""Model -> Derivation (being written by the lead; this stub fixes the shape of Score)."""

from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True, slots=True)
class Score:
    """Gradient and Hessian of an objective in its parameters.

    parameters: n symbols; gradient: n expressions; hessian: n x n, symmetric for one objective.
    """

    parameters: tuple[sp.Symbol, ...]
    gradient: tuple[sp.Expr, ...]
    hessian: sp.ImmutableMatrix
