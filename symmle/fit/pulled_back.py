"""Parameters that every row pulls towards itself: no stationary point lies beyond the data.

Where the score of a row, in one parameter, has the sign of (row - parameter), whatever the other
parameters are, all rows pull the same way at a value above the largest or below the smallest one.
So it is with the location of a density with one top, and with the means of many mixtures.
"""

import sympy as sp

from symmle.fraction import reduced_fraction
from symmle.model import Model

_MOST_OPERATIONS = 150


def pulled_back(model: Model) -> tuple[sp.Symbol, ...]:
    """The parameters of which that is shown, by signs alone; none for several data columns."""
    if len(model.data) != 1 or model.log_density.count_ops() > _MOST_OPERATIONS:
        return ()
    return tuple(symbol for symbol in model.symbols if _is_pulled(model, symbol))


def _is_pulled(model: Model, symbol: sp.Symbol) -> bool:
    x, t = model.data[0].symbol, sp.Symbol("t", positive=True)
    slope = model.log_density.diff(symbol)
    above, below = (reduced_fraction(slope.xreplace({x: symbol + each})) for each in (t, -t))
    return above.is_positive is True and below.is_negative is True
