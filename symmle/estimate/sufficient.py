"""A condition that is enough for a maximum, where the condition for one is not known.

Where all parameters but one are profiled out, what is left is the slope of the profile likelihood.
If it is positive near the lower end of the unknown's range and negative near the upper end, the
profile has its largest value between them.  Where it has one sign at an end for some samples only,
that is a condition on statistics.  It need not hold for there to be a maximum: a profile that
rises again towards an end may have been higher before.
"""

import sympy as sp

from symmle.derive import Derivation
from symmle.domain import Datum
from symmle.estimate.existence import conjunction, is_positive
from symmle.estimate.expansion import leading_term
from symmle.estimate.records import Equation
from symmle.estimate.second_order import is_negative_definite
from symmle.order_statistics import Minimum
from symmle.sample_mean import masked


def exists_if(
    equation: Equation, hessian: sp.ImmutableMatrix, derivation: Derivation
) -> sp.Basic | None:
    """When the profile likelihood rises from its lower end and falls to its upper one.

    equation: the slope of the profile likelihood, in its own unknown.  hessian: where the score
    vanishes in the other parameters, of which there is at most one, and that a maximum.
    None where that or the sign of the slope near an end was not found.  A datum of zero that the
    expansion does not cover is excluded by a condition of its own.
    """
    others = [i for i, s in enumerate(derivation.score.parameters) if s != equation.unknown]
    blocks = (h.extract(others, others).as_immutable() for h in (derivation.score.hessian, hessian))
    if len(others) > 1:
        return None
    if others and not any(is_negative_definite(block, sp.true) for block in blocks):
        return None
    data = derivation.model.data
    slope, zeros = equation.expression, {}
    signs = [_rises(equation, slope, below) for below in (False, True)]
    if None in signs:
        zeros = {
            v.symbol: Datum(f"{v.name}_above", integer=v.symbol.is_integer, positive=True)
            for v in data
            if v.symbol.is_nonnegative and not v.symbol.is_positive
        }
        back = {letter: symbol for symbol, letter in zeros.items()}
        slope = slope.xreplace(zeros)
        signs = [_rises(equation, slope, below) for below in (False, True)]
        signs = [None if sign is None else sign.xreplace(back) for sign in signs]
    if None in signs:
        return None
    above = [sp.StrictGreaterThan(Minimum(s), 0, evaluate=False) for s in zeros]
    return conjunction([*above, *(sign for sign in signs if sign is not None)])


def _rises(equation: Equation, slope: sp.Expr, below: bool) -> sp.Basic | None:
    """When the slope is positive near the lower end, or negative near the upper one (`below`)."""
    end = equation.domain.upper if below else equation.domain.lower
    letters, back = masked(sp.together(slope), cautious=True)
    over, under = (part.xreplace(back) for part in sp.fraction(letters))
    for form, side in ((slope, 1), (over, _sign(under))):
        leading = leading_term(sp.expand(form), equation.unknown, end, below) if side else None
        if leading is not None:
            return is_positive(side * leading.coefficient * (-1 if below else 1))
    return None


def _sign(expr: sp.Expr) -> int:
    """1 or -1 where it has that sign for every sample, else 0."""
    if is_positive(expr) == sp.true:
        return 1
    return -1 if is_positive(-expr) == sp.true else 0
