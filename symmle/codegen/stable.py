"""Rewrite expressions into forms that keep their digits and do not overflow.

Exact identities only, each from left to right, applied from the leaves up:

    log(1 + z)               log1p(z)
    log(1 + exp(z))          logaddexp(0, z), and so on for sums of positive multiples of exp
    log(a/(a + c))           -log1p(c/a)
    log(a) - log(a + c)      -log1p(c/a)
    exp(z) - 1               expm1(z)
    exp(z)/(1 + exp(z))      expit(z), and so for B**k/(1 + B**k)
    B**k over the rows       exp(k*log(B)), for B > 0
    log(1 - exp(z))          log1mexp(z), and log(exp(z) - 1) = z + log1mexp(-z) for z > 0
    exp(k*z)/(exp(z) - 1)**b ratios of expm1(-z) and exp(-z) for z > 0 and 0 <= k <= b
    log(u) - digamma(u)      log_minus_digamma(u)

`special_forms` has those of special functions, `peaks` those of sums of exponentials.

The names on the right are opaque functions here: SymPy would undo what is written with its own.
Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 1.14.
"""

import sympy as sp

from symmle.codegen.peaks import relative_to_peak
from symmle.codegen.special_forms import opened, special_forms

log1p = sp.Function("log1p", real=True)
expm1 = sp.Function("expm1", real=True)
logaddexp = sp.Function("logaddexp", real=True)
stable_exp = sp.Function("stable_exp", positive=True)
expit = sp.Function("expit", positive=True)
log1mexp = sp.Function("log1mexp", negative=True)
log_minus_digamma = sp.Function("log_minus_digamma", positive=True)
inverse_minus_trigamma = sp.Function("inverse_minus_trigamma", negative=True)

_GROWN = (sp.exp, stable_exp)


def stable(expr: sp.Expr, rows: frozenset[sp.Symbol]) -> sp.Expr:
    """The expression in stable forms; rows: the symbols that are whole columns."""
    return _from_the_leaves(opened(expr), rows)


def _from_the_leaves(expr: sp.Expr, rows: frozenset[sp.Symbol]) -> sp.Expr:
    if not expr.args or expr.is_number:
        return expr
    expr = expr.func(*(_from_the_leaves(arg, rows) for arg in expr.args))
    expr = special_forms(_power_of_rows(expr, rows), rows)
    expr = relative_to_peak(_falling(_products(_logarithm(expr))), rows)
    return _differences(expr)


def rounding_size(expr: sp.Expr) -> sp.Expr:
    """What the rounding error of an expression is at most a small multiple of, in units of eps.

    The expression with every term of every sum made positive; below a division, relative to the
    divisor.  Functions are taken to be computed to their last digit from exact arguments.
    Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.1.
    """
    if expr.is_Add:
        return sp.Add(*(rounding_size(term) for term in expr.args))
    if expr.is_Mul:
        return sp.Mul(*(rounding_size(factor) for factor in expr.args))
    if expr.is_Pow and expr.exp.is_Integer and expr.base.is_Add:
        if expr.exp > 0:
            return rounding_size(expr.base) ** expr.exp
        return rounding_size(expr.base) * sp.Abs(expr.base) ** (expr.exp - 1)
    return sp.Abs(expr)


def _power_of_rows(expr: sp.Expr, rows: frozenset[sp.Symbol]) -> sp.Expr:
    if isinstance(expr, sp.Pow) and not expr.exp.is_number and expr.free_symbols & rows:
        base, exponent = expr.as_base_exp()
        if isinstance(expr, sp.exp) or not base.is_positive:
            return expr
        return stable_exp(exponent * sp.log(base))
    return expr


def _logarithm(expr: sp.Expr) -> sp.Expr:
    if not isinstance(expr, sp.log):
        return expr
    inside = expr.args[0]
    number, rest = inside.as_coeff_Mul()
    if isinstance(rest, expm1) and number == -1:
        return log1mexp(*rest.args)
    if isinstance(rest, expm1) and number == 1 and rest.args[0].is_positive:
        return rest.args[0] + log1mexp(-rest.args[0])
    if inside.is_Mul:
        grown = [factor for factor in inside.args if isinstance(factor, _GROWN)]
        if grown:
            rest = sp.Mul(*(factor for factor in inside.args if factor not in grown))
            return sp.Add(*(factor.args[0] for factor in grown), _logarithm(sp.log(rest)))
        return _log_of_share(inside) or expr
    if not inside.is_Add:
        return expr
    exponents = [_exponent(term) for term in inside.args]
    known = [each for each in exponents if each is not None]
    if len(known) == len(exponents) and any(term.has(*_GROWN) for term in inside.args):
        total = known[0]
        for each in known[1:]:
            total = logaddexp(total, each)
        return total
    return log1p(inside - 1) if sp.S.One in inside.args else expr


def _exponent(term: sp.Expr) -> sp.Expr | None:
    """log(term) for a positive number times exp(z)."""
    number, rest = term.as_coeff_Mul()
    if not number.is_positive:
        return None
    if rest == 1:
        return sp.log(number)
    return sp.log(number) + rest.args[0] if isinstance(rest, _GROWN) else None


def _log_of_share(product: sp.Expr) -> sp.Expr | None:
    """log(a/(a + c)) for positive a and c."""
    top, bottom = sp.fraction(product)
    if bottom.is_Add and top in bottom.args and top.is_positive and (bottom - top).is_positive:
        return -log1p((bottom - top) / top)
    return None


def _products(expr: sp.Expr) -> sp.Expr:
    """exp(z)**a/(1 + exp(z))**b with 0 < a <= b is expit(z)**a * expit(-z)**(b - a)."""
    if not expr.is_Mul and not expr.is_Pow:
        return expr
    if expr.is_Mul and expr.has(expit) and expr.has(*_GROWN):
        return _shares(expr)
    for factor in sp.Mul.make_args(expr):
        base, exponent = factor.as_base_exp()
        if not (base.is_Add and len(base.args) == 2 and sp.S.One in base.args):
            continue
        grown = base - 1
        if not (isinstance(grown, _GROWN) and exponent.is_Integer and exponent < 0):
            continue
        z, b = grown.args[0], -exponent
        rest = _in_powers_of(grown, expr / factor)
        for a in range(int(b), -1, -1):
            others = rest / grown**a
            if not others.has(*_GROWN):
                return others * expit(z) ** a * expit(-z) ** (b - a)
    return expr


def _in_powers_of(grown: sp.Expr, expr: sp.Expr) -> sp.Expr:
    """The expression with B**(2*k) as the square of B**k, where both are columns."""
    if not isinstance(grown, stable_exp):
        return expr
    squares = {}
    for other in expr.atoms(stable_exp):
        times = sp.cancel(other.args[0] / grown.args[0])
        if times.is_Integer:
            squares[other] = grown**times
    return expr.xreplace(squares)


def _falling(expr: sp.Expr) -> sp.Expr:
    """exp(k*z)/expm1(z)**b = (-1)**b*exp((k - b)*z)/expm1(-z)**b for z > 0 and 0 <= k <= b."""
    if not expr.is_Mul and not expr.is_Pow:
        return expr
    factors = sp.Mul.make_args(expr)
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if not (isinstance(base, expm1) and exponent.is_Integer and exponent < 0):
            continue
        z, b = base.args[0], -exponent
        grown = [each for each in factors if isinstance(each, sp.exp)]
        k = sp.cancel(sp.Add(*(each.args[0] for each in grown)) / z)
        if z.is_positive and k.is_Integer and 0 <= k <= b:
            rest = sp.Mul(*(each for each in factors if each not in (factor, *grown)))
            return rest * (-1) ** b * sp.exp((k - b) * z) * expm1(-z) ** -b
    return expr


def _shares(expr: sp.Mul) -> sp.Expr:
    """exp(-k*z)*expit(z)**b with 0 < k <= b is expit(-z)**k * expit(z)**(b - k)."""
    exponents = [each.args[0] for each in expr.args if isinstance(each, _GROWN)]
    others = [each for each in expr.args if not isinstance(each, _GROWN)]
    for factor in others:
        base, b = factor.as_base_exp()
        if not isinstance(base, expit):
            continue
        z = base.args[0]
        k = sp.cancel(-sp.Add(*exponents) / z)
        if k.is_Integer and 0 <= k <= b:
            rest = (each for each in others if each != factor)
            return sp.Mul(*rest, expit(-z) ** k * expit(z) ** (b - k))
    return expr


def _differences(expr: sp.Expr) -> sp.Expr:
    if not expr.is_Add:
        return expr
    terms = {rest: number for number, rest in (term.as_coeff_Mul() for term in expr.args)}
    for rest, number in terms.items():
        if isinstance(rest, sp.exp) and terms.get(sp.S.One) == -number:
            return _differences(expr - number * (rest - 1)) + number * expm1(rest.args[0])
        if isinstance(rest, sp.log):
            found = _log_difference(rest, number, terms)
            if found is not None:
                old, new = found
                return _differences(expr - old + new)
        if rest.is_Pow and rest.exp == -1 and rest.base.is_positive and rest.base.free_symbols:
            partner = sp.polygamma(1, rest.base)
            if terms.get(partner) == -number:
                new = number * inverse_minus_trigamma(rest.base)
                return _differences(expr - number * (rest - partner) + new)
    return expr


def _log_difference(
    rest: sp.log, number: sp.Expr, terms: dict[sp.Expr, sp.Expr]
) -> tuple[sp.Expr, sp.Expr] | None:
    """(what is taken out of the sum, what stands for it) where a log meets its counterpart."""
    inside = rest.args[0]
    if inside.is_number:
        return None  # SymPy would add up digamma(10**7) term by term
    partner = sp.polygamma(0, inside)
    if inside.is_positive and terms.get(partner) == -number:
        return number * (rest - partner), number * log_minus_digamma(inside)
    for other, weight in terms.items():
        if isinstance(other, sp.log) and weight == -number and inside.is_positive:
            more = other.args[0] - inside
            if more.is_positive and inside in sp.Add.make_args(other.args[0]):
                return number * (rest - other), -number * log1p(more / inside)
    return None
