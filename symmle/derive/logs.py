"""Bring the logs of a typed density into their simplest form, by what the domains say.

log(p*(1 - p)**(x - 1)) is log(p) + (x - 1)*log(1 - p) for p between 0 and 1, and
exp(k*log(x/s)) is (x/s)**k.  SymPy knows the first of neither, because 1 - p > 0 is no assumption
of a symbol but a fact about an interval.
"""

from collections.abc import Mapping

import sympy as sp

from symmle.domain import Datum, Domain
from symmle.model import Model


def split_logs(model: Model) -> sp.Expr:
    """The log-density with logs of products and powers split wherever the factors are positive."""
    domains = {v.symbol: v.domain for v in (*model.data, *model.parameters)}
    powers = model.log_density.replace(_is_power_in_disguise, _as_power)
    return powers.replace(sp.log, lambda inside: _log(inside, domains))


def _is_power_in_disguise(expr: sp.Expr) -> bool:
    return (
        isinstance(expr, sp.exp)
        and expr.args[0].is_Mul
        and any(isinstance(factor, sp.log) for factor in expr.args[0].args)
    )


def _as_power(expr: sp.Expr) -> sp.Expr:
    log = next(factor for factor in expr.args[0].args if isinstance(factor, sp.log))
    return log.args[0] ** (expr.args[0] / log)


def _log(inside: sp.Expr, domains: Mapping[sp.Symbol, Domain]) -> sp.Expr:
    total, left = sp.S.Zero, sp.S.One
    if inside.is_number:
        return sp.log(inside)
    number, rest = inside.as_coeff_Mul()
    constants = sp.Mul(number, *(each for each in sp.Mul.make_args(rest) if each.is_number))
    if constants.is_positive and constants != 1:
        total, inside = sp.log(constants), inside / constants
    for factor in sp.Mul.make_args(inside):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sp.exp) and factor.args[0].is_real:
            total += factor.args[0]
        elif _is_positive(base, domains) and exponent.is_real:
            total += exponent * sp.log(base)
        elif isinstance(factor, sp.gamma) and factor.is_positive:
            total += sp.loggamma(factor.args[0])
        else:
            left *= factor
    return total if left == 1 else total + sp.log(left)


def _is_positive(base: sp.Expr, domains: Mapping[sp.Symbol, Domain]) -> bool:
    """By assumptions; or because a line in one variable is >= 0 at both ends of its domain."""
    if base.is_positive or (isinstance(base, Datum) and base.is_nonnegative):
        return True  # log(0) is minus infinity on both sides
    symbols = base.free_symbols
    if len(symbols) != 1:
        return False
    symbol = next(iter(symbols))
    where = domains.get(symbol)
    if where is None or where.depends_on or where.follows or base.diff(symbol, 2) != 0:
        return False
    ends = [base.xreplace({symbol: end}) for end in (where.lower, where.upper) if end.is_finite]
    closed = where.lower_closed or where.upper_closed
    if len(ends) == 1:  # a half line: the slope must point away from the end
        slope = base.diff(symbol)
        outward = slope.is_positive if where.lower.is_finite else slope.is_negative
        return bool(outward and (ends[0].is_positive or (ends[0] == 0 and not closed)))
    return len(ends) == 2 and all(end.is_positive or (end == 0 and not closed) for end in ends)
