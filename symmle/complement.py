"""1 - erf(u) and 2 - erfc(u) without the cancellation that leaves nothing of them far out.

SymPy writes erfc(-u) as 2 - erfc(u) by itself, and the tail of a normal distribution becomes a
difference that no precision is enough for.  Source: DLMF (https://dlmf.nist.gov), 7.4.1 and 7.4.2.
"""

from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True, slots=True)
class Complement:
    """share*erfc(argument) + rest, which is no expression: SymPy would turn the sign back."""

    share: sp.Expr
    argument: sp.Expr
    rest: sp.Expr


def complement(expr: sp.Add) -> Complement | None:
    """The sum with one complement in it taken together; None where it has none."""
    for term in expr.args:
        for call in sp.Mul.make_args(term):
            if not isinstance(call, sp.erf | sp.erfc):
                continue
            (u,), share = call.args, term / call
            whole = {-2 * share: (-share, -u)} if isinstance(call, sp.erfc) else {}
            if isinstance(call, sp.erf):
                whole = {share: (share, -u), -share: (-share, u)}
            for constant, (factor, argument) in whole.items():
                if constant in expr.args:
                    return Complement(factor, argument, expr - constant - term)
    return None
