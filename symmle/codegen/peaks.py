"""Sums of exponentials relative to their largest: mixtures, and whatever is a sum of peaks.

With M = peak(z1, z2, ...), the largest exponent,

    log(c1*exp(z1) + c2*exp(z2))          M + log(c1*exp(z1 - M) + c2*exp(z2 - M))
    exp(e)/(c1*exp(z1) + c2*exp(z2))**k   exp(e - k*M)/(c1*exp(z1 - M) + c2*exp(z2 - M))**k

so that far from every peak neither 0/0 nor log(0) is left.  Nothing is assumed of the signs of c.
Source: Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions,
IMA J. Numer. Anal. 41 (2021).
"""

from functools import reduce

import sympy as sp

peak = sp.Function("peak", real=True)
grown = sp.Function("stable_exp", positive=True)


def relative_to_peak(expr: sp.Expr, rows: frozenset[sp.Symbol]) -> sp.Expr:
    """One node over the rows, whose arguments have these forms already, in the form above."""
    if not expr.free_symbols & rows:
        return expr
    if isinstance(expr, sp.log):
        found = _relative(expr.args[0])
        return expr if found is None else found[0] + sp.log(found[1])
    if expr.is_Pow and expr.exp.is_Integer and expr.exp.is_negative:
        found = _relative(expr.base)
        return expr if found is None else grown(expr.exp * found[0]) * found[1] ** expr.exp
    if expr.is_Mul and any(_is_peak(factor) for factor in expr.args):
        return _joined(expr)
    return expr


def _relative(total: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(M, the sum relative to its largest exponential), where rounding or overflow calls for it."""
    if not total.is_Add:
        return None
    parts = [_split(term) for term in total.args]
    exponents = list(dict.fromkeys(exponent for _, exponent in parts))
    if len(exponents) < 2 or all(exponent.is_number for exponent in exponents):
        return None
    if 0 in exponents and all(e.is_nonpositive for e in exponents):
        return None  # bounded by its constant term, which never underflows
    if any(coefficient.has(sp.exp) for coefficient, _ in parts):
        return None
    largest = reduce(peak, sorted(exponents, key=sp.default_sort_key))
    return largest, sp.Add(*(c * grown(e - largest) for c, e in parts))


def _split(term: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """(c, e) with term = c*exp(e)."""
    exponents = [f.args[0] for f in sp.Mul.make_args(term) if isinstance(f, sp.exp)]
    rest = sp.Mul(*(f for f in sp.Mul.make_args(term) if not isinstance(f, sp.exp)))
    return rest, sp.Add(*exponents)


def _is_peak(factor: sp.Expr) -> bool:
    base = factor.as_base_exp()[0]
    return isinstance(base, grown) and base.has(peak)


def _joined(product: sp.Expr) -> sp.Expr:
    """The exponentials of a product in one, those of its sums too."""
    exponent, rest, sums = sp.S.Zero, [], []
    for factor in sp.Mul.make_args(product):
        base, power = factor.as_base_exp()
        if isinstance(base, grown):
            exponent += power * base.args[0]
        elif isinstance(factor, sp.exp):
            exponent += factor.args[0]
        elif base.is_Add and base.has(sp.exp) and power.is_Integer and 0 < power <= 4:
            sums += [base] * int(power)
        else:
            rest.append(factor)
    if not sums:
        return sp.Mul(*rest, grown(exponent))
    first, *others = sums
    terms = [_joined(sp.Mul(term, *others, grown(exponent))) for term in first.args]
    return sp.Mul(*rest, sp.Add(*terms))
