"""What an estimator is: the records of this room."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import sympy as sp

from symmle.known import Known
from symmle.model import Domain


class Kind(StrEnum):
    """What solving score = 0 came to."""

    CLOSED = "closed"
    REDUCED = "reduced"
    SYSTEM = "system"
    BOUNDARY = "boundary"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation in one unknown: expression = 0 on the unknown's domain.

    falling: True where the expression is proved to decrease in the unknown, so that it has at
    most one root.
    slope_proved: True where that was read off the derivative of this very expression.
    """

    unknown: sp.Symbol
    expression: sp.Expr
    domain: Domain
    falling: bool
    slope_proved: bool


@dataclass(frozen=True, slots=True)
class Estimator:
    """What is known of the maximum-likelihood estimate, for any sample.

    values: {parameter: expression} in the statistics and in the `unknowns`; complete if closed.
    equations: what the unknowns must satisfy (score components, after substitution).
    exists: a condition on the statistics; None when it was not found.
    unique: whether there is at most one stationary point in the domain; None when not known.
    hessian: at the stationary point, with `values` substituted.
    maximum: how it is known to be a strict local maximum (UNKNOWN when it is not), and `road`.
    """

    kind: Kind
    values: Mapping[sp.Symbol, sp.Expr]
    unknowns: tuple[sp.Symbol, ...]
    equation: Equation | None
    exists: sp.Basic | None
    unique: bool | None
    hessian: sp.ImmutableMatrix
    maximum: Known
    road: str
    known: Known
