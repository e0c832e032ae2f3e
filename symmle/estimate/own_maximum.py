"""The maximum in one parameter, the others held: what exact coordinate ascent moves to."""

from collections.abc import Sequence

import sympy as sp

from symmle.derive import Score
from symmle.domain import Variable
from symmle.estimate.isolate import isolate
from symmle.fraction import reduced_fraction
from symmle.sample_mean import raw
from symmle.squares import central


def own_maxima(score: Score, variables: Sequence[Variable]) -> dict[sp.Symbol, sp.Expr]:
    """{parameter: the zero of its own slope, in the others}, for those that have it closed.

    Only where the slope has exactly one zero in the parameter's domain, by its form.
    """
    slopes = dict(zip(score.parameters, score.gradient, strict=True))
    found = {}
    for variable in variables:
        value = _own_maximum(slopes[variable.symbol], variable)
        if value is not None:
            found[variable.symbol] = value
    return found


def _own_maximum(slope: sp.Expr, variable: Variable) -> sp.Expr | None:
    bend = slope.diff(variable.symbol)
    if bend != 0 and variable.symbol not in bend.free_symbols:
        return reduced_fraction(-slope.xreplace({variable.symbol: sp.S.Zero}) / bend)
    solution = isolate(slope, variable, owns=True)
    return None if solution is None else solution.value.replace(_is_root, _centred)


def _is_root(expr: sp.Expr) -> bool:
    return bool(expr.is_Pow and expr.base.is_Add and not expr.exp.is_Integer)


def _centred(root: sp.Expr) -> sp.Expr:
    """var(x) + (mean(x) - mu)**2 below the root, and not its terms multiplied out, which cancel."""
    return central(raw(root.base)) ** root.exp
