"""Expressions in ball arithmetic: enclosures that cannot lie, signs and isolated real roots.

An expression is evaluated by a walk of our own, never through `lambdify`, which writes 1/3 and
0.1 as floats: the balls would then exclude the true value.  The arithmetic is Arb's, through
python-flint (F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval
arithmetic, IEEE Trans. Computers 66, 2017).
Imports `errors`, `bessel_ratio`, `complement` and `exp_quotient` only.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import acb, acb_series, arb, arb_poly, ctx, fmpq, fmpq_poly, fmpz_poly

from symmle.bessel_ratio import BesselRatio
from symmle.complement import complement
from symmle.errors import BudgetError, InputError
from symmle.exp_quotient import ExpQuotient

_FIRST_PRECISION = 64
_LAST_PRECISION = 4096
_PARTS = (fmpq(1, 2), fmpq(3, 7), fmpq(5, 9), fmpq(5, 11), fmpq(7, 13))  # where to divide
_MOST_INTERVALS = 200_000  # that are looked at for the zeros of an expression
_NARROWEST = fmpq(1, 2**80)
_SPLITS = 300  # halvings of an interval before a cluster of roots is left as it is


@dataclass(frozen=True, slots=True)
class Root:
    """A small closed interval [lower, upper], rational ends, that a polynomial may vanish in.

    single: exactly one root, simple, lies in it; otherwise none or several may.
    factor: coefficients, lowest first, of the irreducible integer polynomial that it is a root of,
    when exact.
    """

    lower: fmpq
    upper: fmpq
    single: bool
    factor: tuple[int, ...] | None = None


# A relation between an expression and zero, and the one that holds where it does not.
_TESTS: Mapping[type[sp.Basic], tuple[Callable[[arb], bool], Callable[[arb], bool]]] = {
    sp.StrictGreaterThan: (lambda gap: gap > 0, lambda gap: gap <= 0),
    sp.GreaterThan: (lambda gap: gap >= 0, lambda gap: gap < 0),
    sp.StrictLessThan: (lambda gap: gap < 0, lambda gap: gap >= 0),
    sp.LessThan: (lambda gap: gap <= 0, lambda gap: gap > 0),
    sp.Eq: (lambda gap: gap == 0, lambda gap: gap != 0),
    sp.Ne: (lambda gap: gap != 0, lambda gap: gap == 0),
}


def exact(expr: sp.Expr) -> fmpq | None:
    """A number as a fraction: rationals as they are, floats by their exact binary value."""
    return fraction(expr) if isinstance(expr, sp.Float | sp.Rational) and expr.is_finite else None


def fraction(number: sp.Float | sp.Rational) -> fmpq:
    """The same number for flint; a finite one."""
    exactly = sp.Rational(number)
    return fmpq(int(exactly.p), int(exactly.q))


def rational(number: fmpq) -> sp.Rational:
    """The same fraction for SymPy."""
    return sp.Rational(int(number.p), int(number.q))


def ball(expr: sp.Expr, values: Mapping[sp.Expr, arb] | None = None) -> arb:
    """Enclose an expression at Arb's present precision.

    values: balls for its symbols and for whole subexpressions, such as a mean.
    Not finite where the expression has no real value, or none that this precision can tell.
    Raises InputError for a symbol without a value or a function that has no enclosure here.
    """
    known = values or {}
    if expr in known:
        return arb(known[expr])
    if isinstance(expr, sp.Float | sp.Rational) and expr.is_finite:
        return arb(fraction(expr))
    if expr in _CONSTANTS:
        return _CONSTANTS[expr]()
    function, arguments = operation(expr)
    return function(*(ball(arg, known) for arg in arguments))


def operation(expr: sp.Expr) -> tuple[Callable[..., arb], tuple[sp.Expr, ...]]:
    """What the top of an expression does to balls, and which expressions it does it to.

    Not for a symbol, a number or a named constant.
    Raises InputError for a symbol or a function that has no enclosure here.
    """
    if isinstance(expr, sp.Pow):
        return _power(expr.base, expr.exp)
    if isinstance(expr, sp.Piecewise):
        return _choice(expr)
    if isinstance(expr, sp.Add) and (found := complement(expr)) is not None:
        return _with_tail, (found.share, found.argument, found.rest)
    if isinstance(expr, sp.Derivative | sp.Subs):
        order, place = _zeta_slope(expr)
        if order:
            return lambda s: _zeta_derivative(s, order), (place,)
    if expr.func not in _FUNCTIONS:
        what = "symbol" if expr.is_Symbol else "function"
        raise InputError(
            f"{expr} has no enclosure: give a value for this {what}, or rewrite it with one of "
            + ", ".join(sorted(head.__name__ for head in _FUNCTIONS))
        )
    return _FUNCTIONS[expr.func], expr.args


def enclose(
    expr: sp.Expr, values: Mapping[sp.Expr, sp.Expr] | None = None, digits: int = 30
) -> arb:
    """Enclose a number to that many significant digits, raising the precision until it is so.

    values: exact numbers for symbols and opaque subexpressions.
    Raises BudgetError when 4096 bits are not enough, as for a number that is exactly zero behind
    cancellation, or has no real value.
    """
    bits = int(3.33 * digits) + 2
    for found in _refined(expr, values, max(_FIRST_PRECISION, 2 * bits)):
        if found.is_zero() or (found.is_finite() and found.rel_accuracy_bits() >= bits):
            return found
    raise BudgetError(
        f"{expr} was not enclosed to {digits} digits with {_LAST_PRECISION} bits; it may be "
        "exactly zero, or have no real value"
    )


def sign(expr: sp.Expr, values: Mapping[sp.Expr, sp.Expr] | None = None) -> int | None:
    """-1, 0 or 1 when it is certain, None when the budget of precision does not decide."""
    for found in _refined(expr, values, _FIRST_PRECISION):
        if found.is_zero():
            return 0
        if decided := sign_of(found):
            return decided
    return None


def sign_of(number: arb | fmpq) -> int | None:
    """The sign of a fraction or a ball; None for a ball that contains zero, unless it is zero."""
    if number > 0:
        return 1
    if number < 0:
        return -1
    return 0 if number == 0 else None


def to_float(lower: fmpq, upper: fmpq, digits: int = 20) -> tuple[sp.Expr, sp.Rational]:
    """(a float in the middle of an interval, a bound on its distance from any point of it).

    digits: at most; fewer where the interval does not warrant them.  Zero is exact.
    """
    if lower == upper == 0:
        return sp.S.Zero, sp.S.Zero
    middle, width = rational((lower + upper) / 2), rational(upper - lower)
    if width and middle:
        warranted = int(sp.log(abs(middle) / width, 10).evalf(4)) + 1
        digits = max(1, min(digits, warranted))
    value = sp.Float(middle, digits)
    return value, abs(sp.Rational(value) - middle) + width / 2


def enclosure(value: sp.Expr, error: sp.Expr) -> arb:
    """A ball that contains every number within `error` of a value; both exact numbers."""
    middle, radius = exact(value), exact(error)
    if middle is None or radius is None or radius == 0:
        return ball(value)
    return arb(middle - radius).union(arb(middle + radius))


def ends(number: arb) -> tuple[fmpq, fmpq]:
    """The rational ends of a finite ball, rounded outwards."""
    return number.lower().fmpq(), number.upper().fmpq()


def _refined(
    expr: sp.Expr, values: Mapping[sp.Expr, sp.Expr] | None, precision: int
) -> Iterator[arb]:
    while precision <= _LAST_PRECISION:
        with ctx.workprec(precision):
            yield ball(expr, {key: ball(value) for key, value in (values or {}).items()})
        precision *= 2


def _power(base: sp.Expr, exponent: sp.Expr) -> tuple[Callable[..., arb], tuple[sp.Expr, ...]]:
    if exponent.is_Integer:
        return lambda x: _integer_power(x, int(exponent)), (base,)
    if base is sp.E:
        return lambda x: x.exp(), (exponent,)
    if exponent.is_Rational:
        return lambda x: _integer_power(x.root(int(exponent.q)), int(exponent.p)), (base,)
    return _real_power, (base, exponent)


def _real_power(x: arb, y: arb) -> arb:
    """x**y for a base that is positive, or zero with a positive exponent; else not finite."""
    return x if x == 0 and y > 0 else (y * x.log()).exp()


def _choice(branches: sp.Piecewise) -> tuple[Callable[..., arb], tuple[sp.Expr, ...]]:
    """The branch that holds; not finite where a ball does not tell, for the value may jump."""
    if branches.args[-1][1] != sp.true:
        raise InputError(f"{branches} has no enclosure, for it has no last alternative")
    tests, gaps = [], []
    for _, condition in branches.args[:-1]:
        if type(condition) not in _TESTS:
            raise InputError(f"the condition {condition} has no enclosure")
        tests.append(_TESTS[type(condition)])
        gaps.append(condition.lhs - condition.rhs)
    values = [value for value, _ in branches.args]

    def chosen(*found: arb) -> arb:
        for (holds, fails), gap, value in zip(tests, found, found[len(tests) :], strict=False):
            if holds(gap):
                return value
            if not fails(gap):
                return arb.nan()
        return found[-1]

    return chosen, (*gaps, *values)


def _zeta_slope(expr: sp.Expr) -> tuple[int, sp.Expr]:
    """(order, place) of a derivative of Riemann's zeta in its argument; order 0 for any other."""
    place = None
    if isinstance(expr, sp.Subs):
        if len(expr.variables) != 1:
            return 0, expr
        expr, place = expr.expr, expr.point[0]
    if not isinstance(expr, sp.Derivative) or len(expr.variable_count) != 1:
        return 0, expr
    symbol, order = expr.variable_count[0]
    inside = expr.expr
    if not (isinstance(inside, sp.zeta) and inside.args == (symbol,) and order.is_Integer):
        return 0, expr
    return int(order), symbol if place is None else place


def _zeta_derivative(s: arb, order: int) -> arb:
    """Only for s > 1, where the k-th derivative has the sign of (-1)**k and is monotone."""
    if not s > 1:
        return arb.nan()
    at_ends = [
        acb_series([end, 1], order + 1).zeta()[order].real * math.factorial(order)
        for end in (s.lower(), s.upper())
    ]
    return at_ends[0].union(at_ends[1])


def _integer_power(base: arb, exponent: int) -> arb:
    if exponent < 0:
        return 1 / _integer_power(base, -exponent)
    # Not arb.__pow__: a ball that contains zero, squared, is nan there; the product is sound.
    result, square = arb(1), base
    while exponent:
        if exponent & 1:
            result = result * square
        square, exponent = square * square, exponent >> 1
    return result


def _polygamma(order: arb, x: arb) -> arb:
    """Monotone on x > 0, so a wide ball is enclosed by its ends; Arb gives nan there."""
    if not order.is_exact() or not x > 0:
        return acb(x).polygamma(acb(order)).real if order.is_exact() else arb.nan()
    at_ends = [acb(end).polygamma(acb(order)).real for end in (x.lower(), x.upper())]
    return at_ends[0] if x.is_exact() else at_ends[0].union(at_ends[1])


def _exp_quotient(order: arb, y: arb) -> arb:
    """Rising in y, so a wide ball is enclosed by its ends."""
    at_ends = [
        end.hypgeom_1f1(order + 1, order + 2) / (order + 1) for end in (y.lower(), y.upper())
    ]
    return at_ends[0].union(at_ends[1])


def _bessel_ratio(first: arb, second: arb, z: arb) -> arb:
    """For whole orders and z >= 0: monotone, so a wide ball is enclosed by its ends."""
    if not (first.is_integer() and second.is_integer() and z >= 0):
        return z.bessel_i(first) / z.bessel_i(second)
    at_ends = [end.bessel_i(first) / end.bessel_i(second) for end in (z.lower(), z.upper())]
    return at_ends[0].union(at_ends[1])


def _sign(x: arb) -> arb:
    """Not a number at a jump: a ball that touches it has no one sign, and no slope."""
    return arb(1) if x > 0 else arb(-1) if x < 0 else arb.nan()


def _beta(a: arb, b: arb) -> arb:
    return a.gamma() * b.gamma() * (a + b).rgamma()


def _binomial(n: arb, k: arb) -> arb:
    return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()


def _with_tail(share: arb, argument: arb, rest: arb) -> arb:
    return share * argument.erfc() + rest


def _sum(*terms: arb) -> arb:
    return sum(terms, arb(0))


def _product(*factors: arb) -> arb:
    result = arb(1)
    for factor in factors:
        result = result * factor
    return result


def _extreme(choose: str) -> Callable[..., arb]:
    def extreme(first: arb, *rest: arb) -> arb:
        for other in rest:
            first = getattr(first, choose)(other)
        return first

    return extreme


_CONSTANTS: Mapping[sp.Expr, Callable[[], arb]] = {
    sp.pi: arb.pi,
    sp.E: arb.const_e,
    sp.EulerGamma: arb.const_euler,
    sp.Catalan: arb.const_catalan,
    sp.GoldenRatio: lambda: (1 + arb(5).sqrt()) / 2,
}

_FUNCTIONS: Mapping[type[sp.Basic], Callable[..., arb]] = {
    sp.Add: _sum,
    sp.Mul: _product,
    sp.exp: lambda x: x.exp(),
    sp.log: lambda x, base=None: x.log() if base is None else x.log() / base.log(),
    sp.Abs: lambda x: abs(x),
    sp.Min: _extreme("min"),
    sp.Max: _extreme("max"),
    sp.sin: lambda x: x.sin(),
    sp.cos: lambda x: x.cos(),
    sp.tan: lambda x: x.tan(),
    sp.atan: lambda x: x.atan(),
    sp.sinh: lambda x: x.sinh(),
    sp.cosh: lambda x: x.cosh(),
    sp.tanh: lambda x: x.tanh(),
    sp.gamma: lambda x: x.gamma(),
    sp.loggamma: lambda x: x.lgamma() if x > 0 else arb.nan(),
    sp.polygamma: _polygamma,
    sp.digamma: lambda x: _polygamma(arb(0), x),
    sp.sign: lambda x: _sign(x),
    sp.asin: lambda x: x.asin(),
    sp.atan2: lambda y, x: arb.atan2(y, x),
    sp.lowergamma: lambda s, x: s.gamma() * x.gamma_lower(s, regularized=1),
    sp.uppergamma: lambda s, x: x.gamma_upper(s),
    sp.beta: _beta,
    sp.binomial: _binomial,
    sp.factorial: lambda x: (x + 1).gamma(),
    sp.erf: lambda x: x.erf(),
    sp.erfc: lambda x: x.erfc(),
    sp.erfi: lambda x: x.erfi(),
    sp.besseli: lambda order, x: x.bessel_i(order),
    sp.besselk: lambda order, x: x.bessel_k(order),
    sp.besselj: lambda order, x: x.bessel_j(order),
    sp.zeta: lambda s, a=None: s.zeta() if a is None else s.zeta(a),
    sp.LambertW: lambda x, branch=None: _lambert(x, branch),
    ExpQuotient: lambda order, y: _exp_quotient(order, y),
    BesselRatio: lambda first, second, z: _bessel_ratio(first, second, z),
}


def _lambert(x: arb, branch: arb | None) -> arb:
    if branch is None or branch == 0:
        return x.lambertw()
    return x.lambertw(-1) if branch == -1 else arb.nan()


def exact_roots(polynomial: fmpq_poly, bits: int = 100) -> list[Root]:
    """Every positive real root of a polynomial with rational coefficients, isolated.

    Each is given once, whatever its multiplicity, to that many bits; a rational one exactly.
    Roots of different factors may still share an interval at low precision: see `separated`.
    """
    if polynomial.degree() < 1:
        return []
    _, factors = polynomial.numer().factor()
    return [root for factor, _ in factors for root in factor_roots(factor, bits)]


def factor_roots(factor: fmpz_poly, bits: int) -> list[Root]:
    """The positive real roots of an irreducible polynomial over the integers."""
    coefficients = tuple(int(c) for c in factor.coeffs())
    if factor.degree() == 1:
        root = fmpq(-factor[0], factor[1])
        return [Root(root, root, True, coefficients)] if root > 0 else []
    with ctx.workprec(bits + 20):
        pairs: list[Any] = list(factor.complex_roots())  # (root, multiplicity)
        found = [acb(root) for root, _ in pairs]
        # Flint gives the real roots of a real polynomial an imaginary part that is exactly zero.
        real = [root.real for root in found if root.imag == 0]
        return [Root(*ends(root), True, coefficients) for root in real if root > 0]


def ball_roots(polynomial: arb_poly, upper: fmpq, bits: int = 80) -> list[Root]:
    """Small intervals in (0, upper) outside of which the polynomial certainly has no root there.

    polynomial: coefficients as balls.  upper: positive.  bits: the width asked for, against
    the place of the root.  An interval that is not `single` may hold several roots, or none: an
    exactly multiple root can never be told from a close pair in ball arithmetic.
    Descartes' rule of signs on halved intervals (Vincent-Collins-Akritas).
    Raises BudgetError where the balls are so wide that most of the axis stays in doubt.
    """
    found: list[Root] = []
    pending = [(fmpq(0), upper, 0)]
    halvings = 0
    while pending:
        halvings += 1
        if halvings > _SPLITS + 10 * polynomial.degree():
            raise BudgetError("the roots of a polynomial were not isolated at this precision")
        lower, higher, depth = pending.pop()
        least, most = _sign_changes(polynomial, lower, higher)
        if most == 0:
            continue
        if least == most == 1 and lower > 0:
            found.append(_narrowed(polynomial, lower, higher, bits))
        elif depth > _SPLITS or (lower > 0 and (higher - lower) * 2**bits < lower):
            found.append(Root(lower, higher, False))
        else:
            middle, _ = _split(polynomial, lower, higher)
            pending += [(middle, higher, depth + 1), (lower, middle, depth + 1)]
    return merged(found)


def enclosed_roots(function: sp.Expr, symbol: sp.Symbol, lower: fmpq, upper: fmpq) -> list[Root]:
    """Small intervals outside of which an expression certainly has no zero in [lower, upper].

    An interval is `single` where the slope has one sign in it: at most one zero, then, and simple.
    Raises BudgetError where too much stays in doubt, as about a zero that is not simple.
    """
    slope, pending, found = function.diff(symbol), [(lower, upper)], []
    with ctx.workprec(4 * _FIRST_PRECISION):
        for _ in range(_MOST_INTERVALS):
            if not pending:
                break
            low, high = pending.pop()
            if _is_apart(function, symbol, low, high):
                continue
            if high - low < _NARROWEST * (1 + abs(low)):
                found.append((low, high))
                continue
            middle = (low + high) / 2
            pending += [(middle, high), (low, middle)]
        else:
            raise BudgetError(f"the zeros of {function} were not isolated in balls")
        joined = merged([Root(low, high, False) for low, high in sorted(found)])
        return [
            Root(root.lower, root.upper, _is_apart(slope, symbol, root.lower, root.upper))
            for root in joined
        ]


def _is_apart(function: sp.Expr, symbol: sp.Symbol, low: fmpq, high: fmpq) -> bool:
    value = ball(function, {symbol: arb(low).union(arb(high))})
    return bool(value > 0 or value < 0)


def merged(roots: Sequence[Root]) -> list[Root]:
    """The same intervals in ascending order, those that touch made one (and no longer single)."""
    result: list[Root] = []
    for root in sorted(roots, key=lambda each: each.lower):
        if result and root.lower <= result[-1].upper:
            last = result.pop()
            result.append(Root(last.lower, max(last.upper, root.upper), False))
        else:
            result.append(root)
    return result


def _sign_changes(polynomial: arb_poly, lower: fmpq, upper: fmpq) -> tuple[int, int]:
    """The least and the greatest number of sign changes that Descartes' rule may see."""
    local = polynomial(arb_poly([lower, upper - lower]))
    reverse = arb_poly([local[i] for i in range(polynomial.degree(), -1, -1)])
    shifted = reverse(arb_poly([1, 1]))
    extremes: dict[int, tuple[int, int]] = {}
    for i in range(polynomial.degree() + 1):
        decided = sign_of(shifted[i])
        if decided == 0:
            continue
        extremes = _after(extremes, (1, -1) if decided is None else (decided,))
    counts = list(extremes.values()) or [(0, 0)]
    return min(low for low, _ in counts), max(high for _, high in counts)


def _after(
    extremes: dict[int, tuple[int, int]], signs: Sequence[int]
) -> dict[int, tuple[int, int]]:
    if not extremes:
        return dict.fromkeys(signs, (0, 0))
    return {
        each: (
            min(low + (last != each) for last, (low, _) in extremes.items()),
            max(high + (last != each) for last, (_, high) in extremes.items()),
        )
        for each in signs
    }


def _narrowed(polynomial: arb_poly, lower: fmpq, upper: fmpq, bits: int) -> Root:
    """Halve an open interval with exactly one root until it is narrow."""
    rising = sign_of(polynomial(arb(upper)))
    falling = sign_of(polynomial(arb(lower)))
    side = -rising if rising else falling  # the sign to the left of the root
    while side and (upper - lower) * 2**bits > lower:
        middle, decided = _split(polynomial, lower, upper)
        if not decided:
            break
        lower, upper = (middle, upper) if decided == side else (lower, middle)
    return Root(lower, upper, True)


def _split(polynomial: arb_poly, lower: fmpq, upper: fmpq) -> tuple[fmpq, int | None]:
    """A point near the middle where the polynomial is not zero, if it can be told, and its sign.

    A root that sits on the point of division would be seen on neither side.
    """
    for part in _PARTS:
        middle = lower + (upper - lower) * part
        if decided := sign_of(polynomial(arb(middle))):
            return middle, decided
    return lower + (upper - lower) * _PARTS[0], None
