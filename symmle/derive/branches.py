"""Take the parameters out of the branches of a density, where the data alone choose the branch.

where(x > 0, x*log(r) - r, log(q)) is log(r)*where(x > 0, x, 0) - r*where(x > 0, 1, 0)
+ log(q)*(1 - where(x > 0, 1, 0)): the parameters stand outside, and what is left are statistics.
"""

import sympy as sp

from symmle.domain import Datum
from symmle.sample_mean import has_data


def split_branches(log_density: sp.Expr) -> sp.Expr:
    """The same log-density with every branch that parameters do not choose split into terms."""
    return log_density.replace(
        lambda each: isinstance(each, sp.Piecewise) and _is_chosen_by_data(each), _split
    )


def _is_chosen_by_data(branches: sp.Piecewise) -> bool:
    """Whether only data occur in the conditions, and parameters in the branches."""
    conditions = set().union(*(condition.free_symbols for _, condition in branches.args))
    return (
        all(isinstance(symbol, Datum) for symbol in conditions)
        and any(not isinstance(symbol, Datum) for symbol in branches.free_symbols)
        and branches.args[-1][1] == sp.true
    )


def _split(branches: sp.Piecewise) -> sp.Expr:
    last = len(branches.args) - 1
    indicators = [_only(branches, i, sp.S.One) for i in range(last)]
    indicators.append(1 - sp.Add(*indicators))
    total = sp.S.Zero
    for i, (value, _) in enumerate(branches.args):
        for term in _terms(value):
            outside, inside = term.as_independent(*term.atoms(Datum), as_Add=False)
            total += outside * (_only(branches, i, inside) if has_data(inside) else indicators[i])
    return total


def _only(branches: sp.Piecewise, which: int, value: sp.Expr) -> sp.Expr:
    """The value where that branch is taken, zero elsewhere."""
    condition = branches.args[which][1]
    if len(branches.args) == 2 and which == 0 and _vanishes_elsewhere(value, condition):
        return value
    return sp.Piecewise(
        *(
            (value if i == which else sp.S.Zero, condition)
            for i, (_, condition) in enumerate(branches.args)
        ),
        evaluate=False,
    )


def _vanishes_elsewhere(value: sp.Expr, condition: sp.Basic) -> bool:
    """Whether the condition is x > 0 for an x that is nowhere negative, and the value 0 at 0."""
    if not isinstance(condition, sp.StrictGreaterThan) or condition.rhs != 0:
        return False
    datum = condition.lhs
    counts = isinstance(datum, Datum) and datum.is_nonnegative
    return bool(counts and has_data(value) and value.xreplace({datum: sp.S.Zero}) == 0)


def _terms(value: sp.Expr) -> list[sp.Expr]:
    """The terms of a branch; a product is multiplied out where that parts data and parameters."""
    found: list[sp.Expr] = []
    for term in sp.Add.make_args(value):
        wide = sp.Add.make_args(sp.expand_mul(term))
        found += wide if all(_is_parted(each) for each in wide) else [term]
    return found


def _is_parted(term: sp.Expr) -> bool:
    """Whether the factors with data in them hold no parameter."""
    inside = term.as_independent(*term.atoms(Datum), as_Add=False)[1]
    return all(isinstance(each, Datum) for each in inside.free_symbols)
