"""Quotients of Bessel functions by the one of the next order, so that nothing cancels.

With R = I_(v+1)(z)/I_v(z), every I_(v+k)/I_v is a polynomial in R, v and 1/z; the large parts of
a second derivative of log(I_v(z)), about (v/z)**2, then cancel in symbols and not in digits.
Source: NIST DLMF 10.29.1, I_(v-1)(z) - I_(v+1)(z) = (2*v/z)*I_v(z).
"""

import sympy as sp

from symmle.sample_mean import SampleMean

_FARTHEST = 4  # order from that of the denominator


def by_next_order(expr: sp.Expr) -> sp.Expr:
    """Means of such quotients in terms of R, and the sums of them gathered."""
    if not expr.has(sp.besseli):
        return expr
    found = expr.replace(
        lambda e: isinstance(e, SampleMean) and e.has(sp.besseli),
        lambda e: SampleMean(_by_next_order(e.args[0])),
    )
    return expr if found == expr else sp.expand(found, power_base=False, power_exp=False, log=False)


def _by_next_order(inside: sp.Expr) -> sp.Expr:
    below = {
        power.base
        for power in inside.atoms(sp.Pow)
        if isinstance(power.base, sp.besseli) and power.exp.is_negative
    }
    if len(below) != 1:
        return inside
    (denominator,) = below
    order, z = denominator.args
    ratio, one = sp.Dummy("R"), sp.Dummy("I")
    here = {}
    for call in inside.atoms(sp.besseli):
        k = call.args[0] - order
        if call.args[1] != z or not k.is_Integer or abs(k) > _FARTHEST:
            return inside
        here[call] = one * _share(int(k), order, z, ratio)
    if set(here) == {denominator, sp.besseli(order + 1, z)}:
        return inside  # it is in that form already
    found = sp.expand(inside.xreplace(here), power_base=False, power_exp=False, log=False)
    if found.has(one):
        return inside
    return found.xreplace({ratio: sp.besseli(order + 1, z) / denominator})


def _share(k: int, order: sp.Expr, z: sp.Expr, ratio: sp.Expr) -> sp.Expr:
    """I_(v+k)/I_v by R."""
    if k in (0, 1):
        return ratio if k else sp.S.One
    if k > 1:
        near, far = (_share(k - back, order, z, ratio) for back in (1, 2))
        return sp.expand(far - 2 * (order + k - 1) / z * near)
    near, far = (_share(k + ahead, order, z, ratio) for ahead in (1, 2))
    return sp.expand(far + 2 * (order + k + 1) / z * near)
