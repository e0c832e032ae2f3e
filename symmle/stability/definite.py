"""What a stationary point of one objective is: a maximum, a minimum, a saddle."""

from enum import StrEnum

import sympy as sp

from symmle.balls import sign as sign_at_numbers
from symmle.budget import bounded
from symmle.errors import BudgetError
from symmle.stability.algebra import sign

_LARGEST = 6  # rows of a Hessian whose minors are looked at
_SECONDS = 4.0


class Stationary(StrEnum):
    """The type of a stationary point of the field that is climbed, by its Hessian."""

    MAXIMUM = "strict maximum"
    MINIMUM = "strict minimum"
    SADDLE = "saddle"
    SINGULAR = "singular"  # the Hessian does not decide
    UNKNOWN = "unknown"  # it does, but the symbols leave it open

    @property
    def is_strict_maximum(self) -> bool:
        return self is Stationary.MAXIMUM


def kind_of_point(hessian: sp.Matrix) -> Stationary:
    """The type of the point at which the field's Jacobian is `hessian`, symmetric.

    By leading minors (Sylvester): all of -H positive for a maximum, all of H for a minimum; where
    the determinant is not zero and neither holds, a saddle.  UNKNOWN where that takes too long.
    """
    if hessian.rows > _LARGEST:
        return Stationary.UNKNOWN
    try:
        return bounded(_SECONDS, lambda: _by_minors(hessian))
    except BudgetError:
        return Stationary.UNKNOWN


def _by_minors(hessian: sp.Matrix) -> Stationary:
    size = hessian.rows
    minors = [hessian[:k, :k].det(method="berkowitz") for k in range(1, size + 1)]
    signs = [_sign(minor) for minor in minors]
    if signs[-1] == 0:
        return Stationary.SINGULAR
    if all(each == (-1) ** (k + 1) for k, each in enumerate(signs)):
        return Stationary.MAXIMUM
    if all(each == 1 for each in signs):
        return Stationary.MINIMUM
    if None in signs:
        return Stationary.UNKNOWN
    return Stationary.SADDLE


def _sign(expr: sp.Expr) -> int | None:
    if not expr.is_number:
        return sign(expr)
    found = sign_at_numbers(expr)
    return 0 if found is None and expr.equals(0) else found
