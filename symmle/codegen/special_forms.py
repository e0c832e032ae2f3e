"""Special functions in forms that neither overflow nor cancel.

Exact identities, each from left to right (z real, u real, a and b positive):

    erfc(u), 1 - erf(u), 2 - erfc(-u)       tail(u), whose sign SymPy does not turn round
    log(tail(u))                            log_tail(u)
    exp(-u**2)/tail(u)                      1/erfcx(u)
    besseli(v, z), besselk(v, z)            ive(v, z)*exp(|z|), kve(v, z)*exp(-z)
    zeta(s), its derivatives                zeta_slope(order, s, 1); log(zeta(s)) from zeta(s) - 1
    LambertW(z), LambertW(z, -1)            lambert_w(z, branch), the real branches
    log(sinh(z)), log(cosh(z))              log_sinh(z), log_cosh(z)
    cosh(z)/sinh(z)                         1/tanh(z)
    loggamma(a) + loggamma(b) - loggamma(a + b)    log_beta(a, b)
    loggamma(a + b) - loggamma(a)           loggamma_rise(a, b)

The names on the right are opaque functions; `runtime/special.py` and SciPy compute them.
Source: DLMF (https://dlmf.nist.gov), 4.13, 7.2, 10.25, 25.2; W. J. Cody, Rational Chebyshev
approximations for the error function, Math. Comp. 23 (1969).
"""

import sympy as sp

tail = sp.Function("tail", positive=True)
log_tail = sp.Function("log_tail", real=True)
erfcx = sp.Function("erfcx", positive=True)
ive = sp.Function("ive", real=True)
kve = sp.Function("kve", positive=True)
zeta_slope = sp.Function("zeta_slope", real=True)
lambert_w = sp.Function("lambert_w", real=True)
log_sinh = sp.Function("log_sinh", real=True)
log_cosh = sp.Function("log_cosh", nonnegative=True)
log_beta = sp.Function("log_beta", real=True)
loggamma_rise = sp.Function("loggamma_rise", real=True)

_HIGHEST_SLOPE = 4  # of zeta: the derivatives that the module's helper gives


def opened(expr: sp.Expr) -> sp.Expr:
    """Derivatives of zeta as functions: the rules below work from the leaves and miss them."""
    if not expr.has(sp.Derivative):
        return expr
    found: dict[sp.Expr, sp.Expr] = {}
    for each in expr.atoms(sp.Subs):
        slope = _zeta_slope(each.expr)
        if slope is not None and len(each.variables) == 1:
            found[each] = slope.xreplace({each.variables[0]: each.point[0]})
    expr = expr.xreplace(found)
    return expr.xreplace(
        {
            each: slope
            for each in expr.atoms(sp.Derivative)
            if (slope := _zeta_slope(each)) is not None
        }
    )


def _zeta_slope(expr: sp.Expr) -> sp.Expr | None:
    if not isinstance(expr, sp.Derivative) or not isinstance(expr.expr, sp.zeta):
        return None
    if len(expr.variable_count) != 1:
        return None
    symbol, order = expr.variable_count[0]
    argument, *shift = expr.expr.args
    if argument != symbol or not order.is_Integer or order > _HIGHEST_SLOPE:
        return None
    return zeta_slope(order, argument, *(shift or [sp.S.One]))


def special_forms(expr: sp.Expr, rows: frozenset[sp.Symbol]) -> sp.Expr:
    """One node, whose arguments are in these forms already, in the form above.

    rows: the symbols that are whole columns; differences of loggamma stay as they are there.
    """
    if isinstance(expr, sp.log):
        return _logarithm(expr)
    if expr.is_Add:
        return _sum(expr, rows)
    if expr.is_Mul:
        return _product(expr)
    if isinstance(expr, sp.erfc):
        return tail(expr.args[0])
    if isinstance(expr, sp.besseli) and expr.args[1].is_real:
        return ive(*expr.args) * sp.exp(sp.Abs(expr.args[1]))
    if isinstance(expr, sp.besselk) and expr.args[1].is_positive:
        return kve(*expr.args) * sp.exp(-expr.args[1])
    if isinstance(expr, sp.zeta):
        return zeta_slope(0, expr.args[0], *(expr.args[1:] or [sp.S.One]))
    if isinstance(expr, sp.LambertW):
        return lambert_w(expr.args[0], *(expr.args[1:] or [sp.S.Zero]))
    return expr


def _logarithm(expr: sp.log) -> sp.Expr:
    """log of a product with such a function in it: the rest of the product must be positive."""
    inside = expr.args[0]
    factors = sp.Mul.make_args(inside)
    for factor in factors:
        base, exponent = factor.as_base_exp()
        rest = sp.Mul(*(each for each in factors if each != factor))
        if isinstance(base, tail) and (rest.is_positive or exponent.is_odd):
            return exponent * log_tail(*base.args) + sp.log(rest)
        if isinstance(base, sp.cosh) and base.args[0].is_real and rest.is_positive:
            return exponent * log_cosh(*base.args) + sp.log(rest)
        if isinstance(base, sp.sinh) and base.args[0].is_positive and rest.is_positive:
            return exponent * log_sinh(*base.args) + sp.log(rest)
    if isinstance(inside, zeta_slope) and inside.args[0] == 0 and inside.args[2] == 1:
        return sp.Function("log1p", real=True)(zeta_slope(0, inside.args[1], 2))
    return expr


def _sum(expr: sp.Add, rows: frozenset[sp.Symbol]) -> sp.Expr:
    number = expr.args[0] if expr.args[0].is_Rational else sp.S.Zero
    for term in expr.args:
        share, function = term.as_coeff_Mul()
        if isinstance(function, tail) and number != 0 and number == -2 * share:
            return expr - number - term - share * tail(-function.args[0])
        if isinstance(function, sp.erf) and number != 0 and abs(share) == abs(number):
            sign = -1 if share == number else 1
            return expr - number - term + number * tail(sign * function.args[0])
    expr = _gammas(expr, rows)
    return _common_growth(expr) if expr.is_Add and expr.has(ive, kve) else expr


def _common_growth(expr: sp.Add) -> sp.Expr:
    """An exponential that every term has, in front of the sum: it cancels against another there."""
    first, *others = ({f for f in sp.Mul.make_args(t) if isinstance(f, sp.exp)} for t in expr.args)
    common = first.intersection(*others)
    if not common:
        return expr
    front = sp.Mul(*common)
    return front * sp.Add(*(term / front for term in expr.args))


def _gammas(expr: sp.Add, rows: frozenset[sp.Symbol]) -> sp.Expr:
    """Differences of loggamma whose arguments differ by little."""
    terms = {rest: number for number, rest in (term.as_coeff_Mul() for term in expr.args)}
    calls = [rest.args[0] for rest in terms if isinstance(rest, sp.loggamma)]
    calls = [argument for argument in calls if not argument.free_symbols & rows]
    for whole in calls:
        number = terms[sp.loggamma(whole)]
        for part in calls:
            other = whole - part
            if part == whole or terms[sp.loggamma(part)] != -number:
                continue
            if not (part.is_positive and other.is_positive):
                continue
            old = number * (sp.loggamma(whole) - sp.loggamma(part))
            if terms.get(sp.loggamma(other)) == -number and other != part:
                old -= number * sp.loggamma(other)
                return expr - old - number * log_beta(part, other)
            return expr - old + number * loggamma_rise(part, other)
    return expr


def _product(expr: sp.Mul) -> sp.Expr:
    if expr.has(sp.cosh) and expr.has(sp.sinh):
        for factor in expr.args:
            base, exponent = factor.as_base_exp()
            if isinstance(base, sp.sinh) and exponent.is_negative:
                partner = sp.cosh(*base.args) ** -exponent
                if partner in expr.args:
                    return expr / factor / partner * sp.tanh(*base.args) ** exponent
    for factor in expr.args:
        base, exponent = factor.as_base_exp()
        if not isinstance(base, tail) or not exponent.is_Integer or exponent > 0:
            continue
        square = sp.expand(base.args[0] ** 2)
        for grown in expr.args:
            if isinstance(grown, sp.exp):
                over = sp.expand(grown.args[0] - exponent * square)
                if over.is_zero:
                    return expr / factor / grown * erfcx(*base.args) ** exponent
    return expr
