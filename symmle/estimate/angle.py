"""Solve a*cos(v) + b*sin(v) = 0 for an angle, at the one of its two roots that is a maximum.

On the circle the roots lie half a turn apart; where the left side is the slope of a likelihood,
that likelihood has its maximum over the circle at one and its minimum at the other.
Source: Mardia & Jupp, Directional Statistics (2000), section 2.2.
"""

import sympy as sp

from symmle.domain import Domain, Variable
from symmle.fraction import reduced_fraction


def peak_on_circle(slope: sp.Expr, variable: Variable) -> sp.Expr | None:
    """The angle in the domain at which the slope falls through zero, or None.

    slope: a derivative in the variable, without sample means.  The domain must be one turn,
    or the whole line (then the angle between -pi and pi).  At a = b = 0 every angle will do.
    """
    symbol = variable.symbol
    sine, cosine = sp.Dummy("sine"), sp.Dummy("cosine")
    letters = sp.expand_mul(slope).xreplace({sp.sin(symbol): sine, sp.cos(symbol): cosine})
    if symbol in letters.free_symbols or not {sine, cosine} <= letters.free_symbols:
        return None
    middle = _middle(variable.domain)
    a, b = letters.diff(cosine), letters.diff(sine)
    if middle is None or {sine, cosine} & (a.free_symbols | b.free_symbols):
        return None
    if sp.expand_mul(letters - a * cosine - b * sine) != 0:
        return None
    first = sp.expand_mul(a * sp.cos(middle) + b * sp.sin(middle))
    second = sp.expand_mul(b * sp.cos(middle) - a * sp.sin(middle))
    return middle + _direction(first, -second)


def _direction(sine: sp.Expr, cosine: sp.Expr) -> sp.Expr:
    """atan2 with the factors that are positive taken out of both arguments."""
    size = cosine.count_ops()
    factors = (each for each in sp.Mul.make_args(sp.factor_terms(sine)) if each.is_positive)
    positive = sp.Mul(*(f for f in factors if reduced_fraction(cosine / f).count_ops() <= size))
    return sp.atan2(
        *(sp.factor_terms(reduced_fraction(each / positive)) for each in (sine, cosine))
    )


def _middle(where: Domain) -> sp.Expr | None:
    if where.lower == -sp.oo and where.upper == sp.oo:
        return sp.S.Zero
    if where.lower.is_finite and where.upper - where.lower == 2 * sp.pi:
        return (where.lower + where.upper) / 2
    return None
