"""Expectations under a density that is symmetric about a kink.

With y = |x - m| a density that depends on |x - m| alone is one on y > 0, so that the odd part of
what is integrated drops out and the even part is an integral of the table.  This is how the
information of a double exponential about its location is found: sign(x - m)**2 is one.
Source: Lehmann & Casella, Theory of Point Estimation (1998), example 2.5.11 (kinks are a null
set, and E[score score'] is the information).
"""

import sympy as sp

from symmle.derive.expectation import gamma_integral
from symmle.domain import Datum
from symmle.model import Model


def expectation_about_kink(model: Model, log_density: sp.Expr, inside: sp.Expr) -> sp.Expr | None:
    """E[inside] for one column x whose x, or log(x), lies symmetrically about the one kink.

    None where the density is of another kind or the table does not reach.
    """
    if len(model.data) != 1 or model.data[0].domain.integer:
        return None
    x, where = model.data[0].symbol, model.data[0].domain
    kinks = {each.args[0] for each in log_density.atoms(sp.Abs) if x in each.free_symbols}
    in_log = (where.lower, where.upper) == (0, sp.oo)
    if len(kinks) != 1 or not (in_log or (where.lower, where.upper) == (-sp.oo, sp.oo)):
        return None
    column = sp.log(x) if in_log else x
    shift = sp.expand_log(kinks.pop(), force=True)
    centre = column - shift * sp.sign(shift.coeff(column))
    if centre.has(x):
        return None
    y = Datum("y", positive=True)
    sides = [{x: sp.exp(centre + s * y) if in_log else centre + s * y} for s in (1, -1)]
    change = column if in_log else sp.S.Zero  # the density of log(x) is x times that of x
    right, left = (_at(log_density + change, side) for side in sides)
    if right != left:
        return None
    even = sp.expand(sum(_at(inside, side) for side in sides) / 2)
    return even if not even.has(y) else gamma_integral(right + sp.log(2), even, y)


def _at(expr: sp.Expr, side: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression on one side of the kink, where signs are known."""
    placed = sp.expand_log(expr.xreplace(side), force=True)
    split = placed.replace(sp.Abs, lambda u: sp.Abs(sp.expand_log(sp.expand(u), force=True)))
    return sp.expand(split.replace(sp.sign, lambda u: sp.sign(sp.expand_log(sp.expand(u)))))
