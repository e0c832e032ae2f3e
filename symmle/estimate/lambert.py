"""Solve a line plus an exponential by Lambert's W, on the branch that the domain leaves.

a + b*v + c*exp(k*v) = 0 is u*exp(u) = z with u = -k*(v + a/b) and z = (c*k/b)*exp(-k*a/b).  For
z > 0 there is one real solution, on the main branch.  For z < 0 there may be two; if an end of
the domain is one of them, whatever the data, the other is on the other branch, and the one left.
Source: Corless, Gonnet, Hare, Jeffrey & Knuth, On the Lambert W function (1996), section 1.
"""

from dataclasses import dataclass, replace

import sympy as sp

from symmle.domain import Domain, Variable
from symmle.fraction import reduced_fraction

_MOST_OPERATIONS = 120  # of an equation that is looked at


@dataclass(frozen=True, slots=True)
class Root:
    """The value of a variable, and what must be positive for it to be the root in the domain."""

    value: sp.Expr
    positive: tuple[sp.Expr, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """a + b*v + c*exp(k*v)."""

    a: sp.Expr
    b: sp.Expr
    c: sp.Expr
    k: sp.Expr

    @property
    def ratio(self) -> sp.Expr:
        return reduced_fraction(self.c * self.k / self.b)

    def u(self, v: sp.Expr) -> sp.Expr:
        """The argument of w*exp(w) that belongs to v."""
        return reduced_fraction(-self.k * (v + self.a / self.b))


def root_by_lambert(equation: sp.Expr, variable: Variable) -> Root | None:
    """The one root in the variable's domain of a line plus an exponential, or None.

    equation: without sample means (letters stand for them).  An equation in v and log(c + d*v) is
    one in the logarithm and its exponential.
    """
    if equation.count_ops() > _MOST_OPERATIONS:
        return None
    symbol = variable.symbol
    logs = [call for call in equation.atoms(sp.log) if symbol in call.free_symbols]
    if len(logs) > 1:
        return None
    if not logs:
        found = _line(equation, symbol)
        return None if found is None else _root(found, variable.domain)
    return _through_the_log(equation, variable, logs[0])


def _through_the_log(equation: sp.Expr, variable: Variable, call: sp.log) -> Root | None:
    """Solve for t = log(c + d*v), then v = (exp(t) - c)/d."""
    symbol, inside = variable.symbol, call.args[0]
    slope = inside.diff(symbol)
    if not slope.is_number or slope == 0:
        return None
    t, start = sp.Dummy("t", real=True), inside.xreplace({symbol: sp.S.Zero})
    in_t = equation.xreplace({call: t}).xreplace({symbol: (sp.exp(t) - start) / slope})
    found = _line(in_t, t)
    ends = [
        inside.xreplace({symbol: end}) for end in (variable.domain.lower, variable.domain.upper)
    ]
    if found is None or any(not end.is_number for end in ends):
        return None
    lower, upper = (sp.log(end) if end != 0 else -sp.oo for end in sorted(ends, key=sp.N))
    if not (lower.is_extended_real and upper.is_extended_real):
        return None
    root = _root(found, Domain("", lower, upper))
    if root is None:
        return None
    u = next(iter(root.value.atoms(sp.LambertW)))
    power = reduced_fraction(found.b / (found.k * found.c)) * u  # exp(k*t), without cancelling
    return replace(root, value=(power ** (1 / found.k) - start) / slope)


def _line(equation: sp.Expr, symbol: sp.Symbol) -> _Line | None:
    """The equation as a + b*v + c*exp(k*v), up to factors that do not vanish."""
    wide = sp.expand_power_exp(sp.expand_mul(equation))
    rates = {
        call.args[0].coeff(symbol, 1)
        for call in wide.atoms(sp.exp)
        if symbol in call.free_symbols and call.args[0].coeff(symbol, 0) == 0
    }
    if not rates or any(symbol in each.free_symbols or each == 0 for each in rates):
        return None
    rate = min(rates, key=lambda each: (abs(each) if each.is_number else 0, str(each)))
    power = sp.Dummy("power", positive=True)
    multiples = {each: reduced_fraction(each / rate) for each in rates}
    if not all(each.is_Integer for each in multiples.values()):
        return None
    letters = wide.xreplace(
        {sp.exp(each * symbol): power**multiple for each, multiple in multiples.items()}
    )
    above = sp.fraction(reduced_fraction(sp.together(letters)))[0]
    if symbol in set().union(*(call.free_symbols for call in above.atoms(sp.Function)), set()):
        return None
    try:
        terms = dict(sp.Poly(above, symbol, power).terms())
    except sp.PolynomialError:
        return None
    least = min(of_power for _, of_power in terms)
    shape = {(of_v, of_power - least): value for (of_v, of_power), value in terms.items()}
    if set(shape) <= {(0, 0), (1, 0), (0, 1)}:
        lifted, sign = shape, 1
    elif set(shape) <= {(0, 1), (1, 1), (0, 0)}:
        flip = {(0, 1): (0, 0), (1, 1): (1, 0), (0, 0): (0, 1)}
        lifted, sign = {flip[key]: value for key, value in shape.items()}, -1
    else:
        return None
    a, b, c = (lifted.get(key, sp.S.Zero) for key in ((0, 0), (1, 0), (0, 1)))
    return None if b == 0 or c == 0 else _Line(a, b, c, sign * rate)


def _root(line: _Line, where: Domain) -> Root | None:
    """The root of the line plus exponential in the domain, where there is at most one."""
    if not (line.k.is_positive or line.k.is_negative):
        return None
    if line.ratio.is_positive:
        start = sp.expand_mul(line.u(sp.S.Zero))
        return Root(_value(line, sp.LambertW(line.ratio * sp.exp(start))), ())
    for end, inward in ((where.lower, 1), (where.upper, -1)):
        if not end.is_finite:
            continue
        at_end = line.a + line.b * end + line.c * sp.exp(line.k * end)
        if sp.expand_mul(at_end) != 0:
            continue
        trivial = line.u(end)
        below = line.k.is_positive == (inward > 0)  # which side of the trivial u the other is on
        if not trivial.is_negative and below:
            return None  # with z > 0 the end is the only root
        branch = sp.S.NegativeOne if below else sp.S.Zero
        z = trivial * sp.exp(trivial)
        w = sp.LambertW(z, branch, evaluate=False) if below else sp.LambertW(z, evaluate=False)
        return Root(_value(line, w), (1 + trivial if below else -1 - trivial,))
    return None


def _value(line: _Line, w: sp.Expr) -> sp.Expr:
    return reduced_fraction(-line.a / line.b) - w / line.k
