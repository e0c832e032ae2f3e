"""Expectations under a density whose support begins, or ends, at a parameter.

With u the distance from that end, or from its logarithm, the density becomes one on u > 0 whose
integrals stand in the table: x = minimum + u of a shifted exponential, x = minimum*exp(u) of a
Pareto law.
Source: Lehmann & Casella, Theory of Point Estimation (1998), example 1.5.5 and problem 2.5.1
(where the support moves, what they call the information inequality does not follow).
"""

from collections.abc import Iterator

import sympy as sp

from symmle.derive.expectation import gamma_integral
from symmle.domain import Datum, Domain
from symmle.model import Model


def expectation_from_end(model: Model, log_density: sp.Expr, inside: sp.Expr) -> sp.Expr | None:
    """E[inside] for one continuous column, one of whose ends a parameter moves.

    None where neither the distance from the end nor that of logarithms is of the table's form.
    """
    if len(model.data) != 1 or model.data[0].domain.integer:
        return None
    x, where = model.data[0].symbol, model.data[0].domain
    u = Datum("u", positive=True)
    for place, stretch in _placed(where, u):
        density = _in(log_density, {x: place}) + stretch
        found = gamma_integral(sp.expand(density), _in(inside, {x: place}), u)
        if found is not None:
            return found
    return None


def _placed(where: Domain, u: sp.Symbol) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """(x, log|dx/du|) for each way to put u > 0 on the support."""
    lower, upper = where.lower, where.upper
    if upper == sp.oo and lower.free_symbols:
        yield lower + u, sp.S.Zero
        if lower.is_positive:
            yield lower * sp.exp(u), sp.log(lower) + u
    elif upper.free_symbols and lower == -sp.oo:
        yield upper - u, sp.S.Zero
    elif upper.free_symbols and lower == 0:
        yield upper * sp.exp(-u), sp.log(upper) - u


def _in(expr: sp.Expr, place: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression in u, its logarithms of products taken apart."""
    return sp.expand(sp.expand_log(expr.xreplace(place), force=True))
