"""Expectations under the model: sums over a few whole numbers, and three integrals of the tables.

    x**t*log(x)**j  under  x**a*exp(-b*x**c) on x > 0          (Gamma integral)
    u**t*(1 + u**2)**-n  under  (1 + u**2)**-m on the line     (Beta integral)
    x**t                 under  exp(-a*x**2 + b*x) on the line (normal moments)

Powers of log come from the first by differentiating in t.
Source: NIST Digital Library of Mathematical Functions, 5.9.1 and 5.12.3.
"""

import sympy as sp

from symmle.domain import Domain
from symmle.model import Model
from symmle.sample_mean import OverData, has_data, linear_in_means, mean, separate

_MOST_VALUES = 12


class Expectation(OverData):
    """expectation(T): the mean of T over the model's distribution, not evaluated."""

    nargs = 1

    @classmethod
    def eval(cls, arg: sp.Expr) -> sp.Expr | None:
        return None if has_data(arg) else arg

    def _sympystr(self, printer: sp.printing.StrPrinter) -> str:
        return f"expectation({printer.doprint(self.args[0])})"


def expectation(model: Model, log_density: sp.Expr, inside: sp.Expr) -> sp.Expr | None:
    """E[inside] in closed form by what stands above, or None where it does not reach."""
    if len(model.data) != 1:
        return None
    x, where = model.data[0].symbol, model.data[0].domain
    if where.integer:
        return _finite_sum(log_density, inside, x, where)
    if (where.lower, where.upper) == (0, sp.oo):
        return gamma_integral(log_density, inside, x)
    if (where.lower, where.upper) == (-sp.oo, sp.oo):
        found = _normal_moments(log_density, inside, x)
        return _beta_integral(log_density, inside, x) if found is None else found
    return None


def _finite_sum(
    log_density: sp.Expr, inside: sp.Expr, x: sp.Symbol, where: Domain
) -> sp.Expr | None:
    """Over at most `_MOST_VALUES` whole numbers between fixed ends."""
    if not (where.lower.is_Integer and where.upper.is_Integer):
        return None
    first = int(where.lower) + (0 if where.lower_closed else 1)
    last = int(where.upper) - (0 if where.upper_closed else 1)
    if last - first >= _MOST_VALUES:
        return None
    values = [{x: sp.Integer(k)} for k in range(first, last + 1)]
    return sp.Add(*(sp.exp(log_density.xreplace(k)) * inside.xreplace(k) for k in values))


def gamma_integral(log_density: sp.Expr, inside: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """E[x**t*log(x)**j] summed over the terms of `inside`, under c*x**a*exp(-b*x**power).

    None where the density or a term is of another form.
    """
    kernel = _gamma_kernel(log_density, x)
    if kernel is None:
        return None
    a, b, power = kernel
    linear, total = linear_in_means(separate(mean(inside)))
    for term, weight in linear:
        t, logs = _power_and_logs(term, x)
        if t is None or not ((a + 1 + t) / power).is_positive:
            return None
        s = sp.Dummy("s", real=True)
        moment = b ** (-s / power) * sp.gamma((a + 1 + s) / power) / sp.gamma((a + 1) / power)
        total += weight * moment.diff(s, logs).xreplace({s: t})
    return total


def _gamma_kernel(log_density: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """(a, b, power) when the log-density is const + a*log(x) - b*x**power."""
    linear, _ = linear_in_means(separate(mean(log_density)))
    a, found = sp.S.Zero, []
    for term, weight in linear:
        base, exponent = term.as_base_exp()
        if term == sp.log(x):
            a += weight
        elif base == x:
            found.append((-weight, exponent))
        else:
            return None
    if len(found) != 1 or not found[0][0].is_positive:
        return None
    return a, *found[0]


def _power_and_logs(term: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr | None, int]:
    """(t, j) when the term is x**t*log(x)**j with a whole j >= 0; (None, 0) otherwise."""
    t, logs = sp.S.Zero, 0
    for factor in sp.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if base == x:
            t += exponent
        elif base == sp.log(x) and exponent.is_Integer and exponent > 0:
            logs += int(exponent)
        else:
            return None, 0
    return t, logs


def _normal_moments(log_density: sp.Expr, inside: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """E of a polynomial under exp of a quadratic: E[(x - m)**2j] = (2j - 1)!! v**j."""
    if not (log_density.is_polynomial(x) and inside.is_polynomial(x)):
        return None
    quadratic = sp.Poly(sp.expand(log_density), x)
    lead, slope = quadratic.coeff_monomial(x**2), quadratic.coeff_monomial(x)
    if quadratic.degree() != 2 or not lead.is_negative:
        return None
    place, variance = sp.cancel(-slope / (2 * lead)), sp.cancel(-1 / (2 * lead))
    centred = sp.Poly(sp.expand(inside.xreplace({x: x + place})), x)
    even = ((t, c) for (t,), c in centred.terms() if t % 2 == 0)
    return sp.Add(*(c * sp.factorial2(t - 1) * variance ** (t // 2) for t, c in even))


def _beta_integral(log_density: sp.Expr, inside: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """E of a rational function over powers of D under c*D**-m, D a quadratic without real root."""
    linear, _ = linear_in_means(mean(log_density))
    if len(linear) != 1 or not isinstance(linear[0][0], sp.log):
        return None
    quadratic, m = linear[0][0].args[0], -linear[0][1]
    top, bottom = sp.fraction(sp.together(inside))
    if not all(each.is_polynomial(x) for each in (quadratic, top, bottom)):
        return None
    poly = sp.Poly(quadratic, x)
    if poly.degree() != 2:
        return None
    lead, linear_term, constant = poly.all_coeffs()
    centre = sp.cancel(-linear_term / (2 * lead))
    width2 = sp.factor(sp.cancel(constant / lead - centre**2))
    power, rest = _multiplicity(sp.Poly(bottom, x), poly)
    if not width2.is_positive or rest.degree() > 0:
        return None
    total = sp.S.Zero
    numerator = sp.Poly(sp.expand(top.xreplace({x: x + centre})), x)
    for (t,), coefficient in numerator.terms():
        if t % 2:
            continue
        spare = power + m - sp.Rational(t + 1, 2)
        if not spare.is_positive:
            return None
        ratio = (
            sp.gamma(sp.Rational(t + 1, 2))
            * sp.gamma(spare)
            * sp.gamma(m)
            / (sp.gamma(power + m) * sp.gamma(sp.Rational(1, 2)) * sp.gamma(m - sp.Rational(1, 2)))
        )
        total += coefficient * width2 ** (t // 2 - power) * sp.gammasimp(ratio)
    return sp.cancel(total / (rest.as_expr() * lead**power))


def _multiplicity(polynomial: sp.Poly, factor: sp.Poly) -> tuple[int, sp.Poly]:
    """How often `factor` divides the polynomial, and what is left."""
    count = 0
    while polynomial.degree() >= factor.degree():
        quotient, remainder = sp.div(polynomial, factor)
        if not remainder.as_expr().equals(0):
            break
        polynomial, count = quotient, count + 1
    return count, polynomial
