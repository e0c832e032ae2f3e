"""What an estimator is: the records of this room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import sympy as sp

from symmle.domain import Domain
from symmle.known import Known


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
    slope_proved: True where that was read off the derivative of this very expression, or where
    the root is known to be simple by its form.
    own: whether it is the unknown's own score where the other scores vanish, so that it falls
    through zero at a maximum (by the Schur complement of H); else it may rise there.
    crossing: where the form of the equation shows that it turns from positive to negative at one
    point at most, though it need not fall elsewhere: when it has that root, as a condition.
    """

    unknown: sp.Symbol
    expression: sp.Expr
    domain: Domain
    falling: bool
    slope_proved: bool
    own: bool = True
    crossing: sp.Basic | None = None

    @property
    def has_one_root(self) -> bool:
        """Whether it is proved to have at most one root."""
        return self.falling or self.crossing is not None


@dataclass(frozen=True, slots=True)
class Estimator:
    """What is known of the maximum-likelihood estimate, for any sample.

    Of kind BOUNDARY when the data set some parameters (`pinned`); then `values` and `equation`
    are of the whole maximum, and the score vanishes in the other parameters only.

    values: {parameter: expression} in the statistics and in the `unknowns`; complete if closed.
    equations: what the unknowns must satisfy (score components, after substitution).
    exists: a condition on the statistics; None when it was not found.
    exists_if: then perhaps one that is enough for an estimate, though not needed; None elsewhere.
    unique: whether there is at most one stationary point in the domain; None when not known.
    hessian: at the stationary point, with `values` substituted.
    maximum: how it is known to be a strict local maximum (UNKNOWN when it is not), and `road`.
    pinned: parameters whose estimate is an end of their range that the data set, where the score
    does not vanish; no standard error follows from the score there.
    optima: {parameter: (lowest, highest)} where every value between the two maximises.
    whole: parameters that are whole numbers, to be searched for.
    identified: functions of the parameters that are identified, where not every parameter is.
    concave_in: {parameter: expression in coordinates of their own, real or positive}, in which
    the likelihood is proved strictly concave; empty where none were found or none are needed.
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
    pinned: tuple[sp.Symbol, ...] = ()
    optima: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    whole: tuple[sp.Symbol, ...] = ()
    identified: tuple[sp.Expr, ...] = ()
    concave_in: Mapping[sp.Symbol, sp.Expr] = field(default_factory=lambda: MappingProxyType({}))
    exists_if: sp.Basic | None = None

    @property
    def complete(self) -> bool:
        """Whether every parameter has its value, or its place in the one equation left."""
        one = self.equation is not None and len(self.unknowns) == 1
        return one or (bool(self.values) and not self.unknowns)

    @property
    def follows_score(self) -> bool:
        """Whether the score vanishes at the estimate in every parameter, and H decides there."""
        return not self.pinned and not self.optima and not self.whole
