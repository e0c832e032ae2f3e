"""Every enclosure is attacked with values of mpmath at 300 bits.

A finite ball must hold the value at every point of the balls that were put in: at their ends and in
between.  Where the value is no real number, no finite ball may be given.
"""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

import mpmath as mp
import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symmle.balls import ball, enclosed_roots
from symmle.bessel_ratio import BesselRatio
from symmle.domain import Datum, Variable, domain
from symmle.dynamics.basin import Basin
from symmle.dynamics.certificate import certificate
from symmle.dynamics.checker import Proof
from symmle.dynamics.moves import moves
from symmle.enclosed import enclosed
from symmle.errors import InputError
from symmle.exp_quotient import ExpQuotient
from symmle.sample_mean import cov, mean, var
from symmle.schemes import Scheme, alternating, coordinate, simultaneous, update
from tests.sweeps import score_of

BITS = 300
EXAMPLES = 15  # of each function
u, v, w = sp.symbols("u v w", real=True)
x, y = Datum("x", real=True), Datum("y", real=True)

Box = tuple[Fraction, Fraction]


def exp_quotient(order: mp.mpf, at: mp.mpf) -> mp.mpf:
    return mp.hyp1f1(order + 1, order + 2, at) / (order + 1)


def bessel_ratio(first: mp.mpf, second: mp.mpf, z: mp.mpf) -> mp.mpf:
    return mp.besseli(first, z) / mp.besseli(second, z)


# name in `balls`: (expressions in u, v, w; the same of mpmath).  Orders are put in as they are.
CALLS: dict[str, list[tuple[sp.Expr, Callable[..., mp.mpf]]]] = {
    "Add": [(u + 2 * v - w / 3, lambda a, b, c: a + 2 * b - c / 3)],
    "Mul": [(-3 * u * v * w, lambda a, b, c: -3 * a * b * c)],
    "exp": [(sp.exp(u), lambda a, *_: mp.exp(a))],
    "log": [
        (sp.log(u), lambda a, *_: mp.log(a)),
        (sp.log(u, 7, evaluate=False), lambda a, *_: mp.log(a, 7)),
    ],
    "Abs": [(sp.Abs(u), lambda a, *_: abs(a))],
    "Min": [(sp.Min(u, v, w), lambda *p: min(p))],
    "Max": [(sp.Max(u, v, w), lambda *p: max(p))],
    "sin": [(sp.sin(u), lambda a, *_: mp.sin(a))],
    "cos": [(sp.cos(u), lambda a, *_: mp.cos(a))],
    "tan": [(sp.tan(u), lambda a, *_: mp.tan(a))],
    "atan": [(sp.atan(u), lambda a, *_: mp.atan(a))],
    "sinh": [(sp.sinh(u), lambda a, *_: mp.sinh(a))],
    "cosh": [(sp.cosh(u), lambda a, *_: mp.cosh(a))],
    "tanh": [(sp.tanh(u), lambda a, *_: mp.tanh(a))],
    "gamma": [(sp.gamma(u), lambda a, *_: mp.gamma(a))],
    "loggamma": [(sp.loggamma(u), lambda a, *_: mp.loggamma(a))],
    "polygamma": [
        (sp.polygamma(n, u), lambda a, *_, n=n: mp.psi(n, a)) for n in (0, 1, 2, 3, 6)
    ],
    "digamma": [(sp.digamma(u), lambda a, *_: mp.psi(0, a))],
    "sign": [(sp.sign(u), lambda a, *_: mp.sign(a))],
    "asin": [(sp.asin(u), lambda a, *_: mp.asin(a))],
    "atan2": [(sp.atan2(u, v), lambda a, b, _: mp.atan2(a, b))],
    "lowergamma": [(sp.lowergamma(u, v), lambda a, b, _: mp.gammainc(a, 0, b))],
    "uppergamma": [(sp.uppergamma(u, v), lambda a, b, _: mp.gammainc(a, b))],
    "beta": [(sp.beta(u, v), lambda a, b, _: mp.gamma(a) * mp.gamma(b) * mp.rgamma(a + b))],
    "binomial": [
        (
            sp.binomial(u, v),
            lambda a, b, _: mp.gamma(a + 1) * mp.rgamma(b + 1) * mp.rgamma(a - b + 1),
        )
    ],
    "factorial": [(sp.factorial(u), lambda a, *_: mp.gamma(a + 1))],
    "erf": [(sp.erf(u), lambda a, *_: mp.erf(a))],
    "erfc": [(sp.erfc(u), lambda a, *_: mp.erfc(a))],
    "erfi": [(sp.erfi(u), lambda a, *_: mp.erfi(a))],
    "besseli": [
        (sp.besseli(0, u), lambda a, *_: mp.besseli(0, a)),
        (sp.besseli(v, u), lambda a, b, _: mp.besseli(b, a)),
    ],
    "besselk": [
        (sp.besselk(1, u), lambda a, *_: mp.besselk(1, a)),
        (sp.besselk(v, u), lambda a, b, _: mp.besselk(b, a)),
    ],
    "besselj": [(sp.besselj(2, u), lambda a, *_: mp.besselj(2, a))],
    "zeta": [
        (sp.zeta(u), lambda a, *_: mp.zeta(a)),
        (sp.zeta(u, v), lambda a, b, _: mp.zeta(a, b)),
        *(
            (sp.zeta(u).diff(u, k), lambda a, *_, k=k: mp.zeta(a, derivative=k))
            for k in (1, 2, 3)
        ),
        (sp.zeta(u).diff(u).subs(u, v + 1), lambda _, b, __: mp.zeta(b + 1, derivative=1)),
    ],
    "LambertW": [
        (sp.LambertW(u), lambda a, *_: mp.lambertw(a)),
        (sp.LambertW(u, -1), lambda a, *_: mp.lambertw(a, -1)),
    ],
    "ExpQuotient": [
        (ExpQuotient(n, u), lambda a, *_, n=n: exp_quotient(mp.mpf(n), a)) for n in (0, 1, 4)
    ],
    "BesselRatio": [
        (BesselRatio(i, j, u), lambda a, *_, i=i, j=j: bessel_ratio(i, j, a))
        for i, j in ((1, 0), (0, 1), (2, -1), (sp.Rational(1, 2), sp.Rational(3, 2)))
    ],
    "Pow": [
        (u**3, lambda a, *_: a**3),
        (u**-2, lambda a, *_: a**-2),
        (sp.sqrt(u), lambda a, *_: mp.sqrt(a)),
        (u ** sp.Rational(-5, 3), lambda a, *_: mp.power(a, mp.mpf(-5) / 3)),
        (u**v, lambda a, b, _: mp.power(a, b)),
        (sp.exp(-(u**2)), lambda a, *_: mp.exp(-a * a)),
    ],
    "Piecewise": [
        (
            sp.Piecewise((u * w, u > v), (w, sp.Eq(u, v)), (v / 7, True)),
            lambda a, b, c: a * c if a > b else c if a == b else b / 7,
        ),
    ],
    "complement": [
        (1 - sp.erf(u), lambda a, *_: mp.erfc(a)),
        (2 - sp.erfc(u), lambda a, *_: mp.erfc(-a)),
        (3 * v * sp.erf(u) + 3 * v, lambda a, b, _: 3 * b * mp.erfc(-a)),
    ],
}  # fmt: skip
PAIRS = [(name, k) for name, calls in CALLS.items() for k in range(len(calls))]

numbers = st.one_of(
    st.fractions(-4, 4, max_denominator=12),
    st.fractions(-60, 60, max_denominator=1000),
    st.sampled_from([Fraction(n) for n in (-3, -2, -1, 0, 1, 2, 3)]),
    st.integers(-40, -3).map(lambda k: Fraction(1, 10**-k)),
)
widths = st.one_of(
    st.just(Fraction(0)),
    st.fractions(0, 1, max_denominator=1000),
    st.integers(-25, 0).map(lambda k: Fraction(1, 10**-k)),
    st.fractions(0, 12, max_denominator=7),
)
boxes = st.tuples(numbers, widths).map(lambda pair: (pair[0], pair[0] + pair[1]))
shares = st.fractions(0, 1, max_denominator=97)


def as_ball(box: Box) -> arb:
    low, high = (fmpq(each.numerator, each.denominator) for each in box)
    return arb(low) if low == high else arb(low).union(arb(high))


def real(number: Fraction) -> mp.mpf:
    return mp.mpf(number.numerator) / number.denominator


def value(reference: Callable[..., mp.mpf], point: Sequence[mp.mpf]) -> mp.mpf | None:
    """The real value at 300 bits; None where there is none."""
    with mp.workprec(BITS + 100):
        try:
            found = mp.mpmathify(reference(*point))
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
        if not mp.isfinite(found) or abs(mp.im(found)) > abs(found) * mp.mpf(2) ** -BITS:
            return None
        return mp.re(found)


def as_arb(number: mp.mpf) -> arb:
    sign, mantissa, exponent, _ = number._mpf_
    whole = fmpq(-int(mantissa) if sign else int(mantissa))
    return arb(whole * fmpq(2) ** exponent)


def holds(found: arb, number: mp.mpf) -> bool:
    """Whether a ball holds a value, but for the last of its 300 bits."""
    with ctx.workprec(2 * BITS):
        exact = as_arb(number)
        return bool(abs(found.mid() - exact) <= found.rad() + abs(exact) * arb(2) ** -(BITS - 20))


def points_of(here: Sequence[Box], parts: Sequence[Fraction]) -> list[list[mp.mpf]]:
    """Both corners, and a point in between."""
    with mp.workprec(BITS + 100):
        inside = [low + (high - low) * part for (low, high), part in zip(here, parts, strict=True)]
        corners = [[low for low, _ in here], [high for _, high in here], inside]
        return [list(map(real, each)) for each in corners]


def test_every_function_with_an_enclosure_is_attacked() -> None:
    """The functions that a refusal names are those of the table, and no more."""
    with pytest.raises(InputError) as refused:
        ball(sp.Function("unheard_of")(u), {u: arb(1)})
    named = re.findall(r"\w+", str(refused.value).split("with one of")[1])
    assert set(named) == set(CALLS) - {"Pow", "Piecewise", "complement"}


@pytest.mark.parametrize(("name", "k"), PAIRS)
@settings(max_examples=EXAMPLES)
@given(
    here=st.tuples(boxes, boxes, boxes), parts=st.tuples(shares, shares, shares),
    precision=st.sampled_from([53, 96, 200]),
)  # fmt: skip
def test_one_function(
    name: str, k: int, here: Sequence[Box], parts: Sequence[Fraction], precision: int
) -> None:
    """A finite ball holds every value over the box, and there is one at each of its points."""
    expr, reference = CALLS[name][k]
    with ctx.workprec(precision):
        put_in = [as_ball(each) for each in here]
        found = ball(expr, dict(zip((u, v, w), put_in, strict=True)))
    if not found.is_finite():
        return
    for point in points_of(here, parts):
        number = value(reference, point)
        assert number is not None, (expr, point, found)
        assert holds(found, number), (expr, point, found, number)


@pytest.mark.parametrize(("name", "k"), PAIRS)
def test_an_enclosure_is_found_where_there_is_a_value(name: str, k: int) -> None:
    """At points where all of the functions are real, and over small boxes about them."""
    expr, reference = CALLS[name][k]
    box = [(Fraction(3, 5), Fraction(3, 5)), (Fraction(7, 5), Fraction(7, 5))]
    box.append((Fraction(5, 2), Fraction(5, 2)))
    if name == "LambertW" and k == 1:
        box[0] = (Fraction(-1, 5), Fraction(-1, 5))
    if name == "zeta":
        box[0] = (Fraction(8, 5), Fraction(8, 5))
    for width in (Fraction(0), Fraction(1, 10**6)):
        here = [(low, high + width) for low, high in box]
        with ctx.workprec(120):
            found = ball(expr, dict(zip((u, v, w), map(as_ball, here), strict=True)))
        assert found.is_finite() and found.rad() < (1 + abs(found)) * 1e-3
        assert holds(found, value(reference, points_of(here, [Fraction(0)] * 3)[0]))


# one of each kind that composes: (of expressions, of numbers)
GROWN: list[tuple[Callable[..., sp.Expr], Callable[..., mp.mpf]]] = [
    (lambda a, _: sp.exp(-(a**2)), lambda a, _: mp.exp(-a * a)),
    (lambda a, _: sp.log(1 + a**2), lambda a, _: mp.log(1 + a * a)),
    (lambda a, _: sp.tanh(a), lambda a, _: mp.tanh(a)),
    (lambda a, _: sp.erfc(a), lambda a, _: mp.erfc(a)),
    (lambda a, b: 1 - sp.erf(a * b), lambda a, b: mp.erfc(a * b)),
    (lambda a, _: sp.loggamma(a), lambda a, _: mp.loggamma(a)),
    (lambda a, _: sp.polygamma(1, a), lambda a, _: mp.psi(1, a)),
    (lambda a, _: sp.atan(a), lambda a, _: mp.atan(a)),
    (lambda a, _: sp.sqrt(a), lambda a, _: mp.sqrt(a)),
    (lambda a, _: sp.cos(a), lambda a, _: mp.cos(a)),
    (lambda a, _: ExpQuotient(0, a), lambda a, _: exp_quotient(mp.mpf(0), a)),
    (lambda a, b: a + b, lambda a, b: a + b),
    (lambda a, b: a - b / 3, lambda a, b: a - b / 3),
    (lambda a, b: a * b, lambda a, b: a * b),
    (lambda a, b: a / b, lambda a, b: a / b),
    (lambda a, b: sp.Max(a, b), lambda a, b: max(a, b)),
    (
        lambda a, b: sp.Piecewise((a, a - b > 0), (a * b, True)),
        lambda a, b: a if a - b > 0 else a * b,
    ),
]
Pair = tuple[sp.Expr, Callable[..., mp.mpf]]


def leaves(symbols: Sequence[sp.Symbol]) -> st.SearchStrategy[Pair]:
    """A symbol or a fraction, and what it is of the numbers for the symbols."""
    named = [(s, lambda *p, i=i: p[i]) for i, s in enumerate(symbols)]
    fixed = st.fractions(-3, 3, max_denominator=9).map(
        lambda q: (sp.Rational(q.numerator, q.denominator), lambda *_: real(q))
    )
    return st.one_of(st.sampled_from(named), st.sampled_from(named), fixed)


def grown(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    def joined(kind: int, first: Pair, second: Pair) -> Pair:
        build, compute = GROWN[kind]
        return (
            build(first[0], second[0]),
            lambda *p: compute(required(first[1](*p)), required(second[1](*p))),
        )

    return st.builds(joined, st.integers(0, len(GROWN) - 1), inner, inner)


def required(number: mp.mpf) -> mp.mpf:
    """A real number; SymPy's functions take nothing else here."""
    if mp.im(number) != 0 or not mp.isfinite(number):
        raise ValueError
    return mp.re(number)


def expressions(symbols: Sequence[sp.Symbol], size: int = 7) -> st.SearchStrategy[Pair]:
    return st.recursive(leaves(symbols), grown, max_leaves=size)


def is_plain(expr: sp.Expr) -> bool:
    return not expr.has(sp.nan, sp.zoo, sp.oo, sp.I)


@settings(max_examples=150)
@given(
    pair=expressions((u, v, w)), here=st.tuples(boxes, boxes, boxes),
    parts=st.tuples(shares, shares, shares), precision=st.sampled_from([53, 120]),
)  # fmt: skip
def test_random_expressions(
    pair: Pair, here: Sequence[Box], parts: Sequence[Fraction], precision: int
) -> None:
    """Compositions of them, at points and over boxes, as `ball` and as a list of steps."""
    expr, reference = pair
    assume(is_plain(expr))
    with ctx.workprec(precision):
        put_in = [as_ball(each) for each in here]
        found = ball(expr, dict(zip((u, v, w), put_in, strict=True)))
    (again,) = enclosed([expr], (u, v, w), {}, (), precision).at(put_in)
    for each in (found, again):
        if not each.is_finite():
            continue
        for point in points_of(here, parts):
            number = value(reference, point)
            if number is not None:  # where it is None, SymPy may have cancelled what was undefined
                assert holds(each, number), (expr, point, each, number)


# as numbers of 60 bits are: the rows are taken for exact
ROWS = [
    (Fraction(3, 8), Fraction(-2)),
    (Fraction(7, 4), Fraction(1, 16)),
    (Fraction(-3), Fraction(4)),
]
COUNTS = (1, 3, 2)


def average(values: Sequence[mp.mpf]) -> mp.mpf:
    return mp.fdot(zip(COUNTS, values, strict=True)) / sum(COUNTS)


@settings(max_examples=80)
@given(
    first=expressions((x, y, u, v), 5), second=expressions((x, y, u), 4),
    here=st.tuples(boxes, boxes), parts=st.tuples(shares, shares),
)  # fmt: skip
def test_random_means_over_rows(
    first: Pair, second: Pair, here: Sequence[Box], parts: Sequence[Fraction]
) -> None:
    """Means, variances and covariances of weighted rows, in one expression."""
    assume(is_plain(first[0]) and is_plain(second[0]))
    exprs = [mean(first[0]), u * mean(first[0]) - cov(first[0], second[0]), var(second[0])]
    columns = {s: [real(row[i]) for row in ROWS] for i, s in enumerate((x, y))}
    laid = enclosed(exprs, (u, v), columns, [mp.mpf(c) for c in COUNTS], 96)

    def numbers_at(*point: mp.mpf) -> list[mp.mpf]:
        rows = [tuple(map(real, row)) for row in ROWS]
        one = [required(first[1](*row, *point)) for row in rows]
        two = [required(second[1](*row, point[0])) for row in rows]
        spread = average([a * b for a, b in zip(one, two, strict=True)])
        squares = average([b * b for b in two])
        return [
            average(one),
            point[0] * average(one) - spread + average(one) * average(two),
            squares - average(two) ** 2,
        ]

    for k, found in enumerate(laid.at([as_ball(each) for each in here])):
        if not found.is_finite():
            continue
        for point in points_of(here, parts):
            number = value(lambda *p, k=k: numbers_at(*p)[k], point)
            if number is not None:
                slack = found + as_arb(mp.mpf(2) ** -(BITS - 60)) * arb(0, 1)
                assert holds(slack, number), (exprs[k], point, found, number)


m, s = sp.Symbol("m", real=True), sp.Symbol("s", positive=True)
NORMAL = -sp.log(s) - ((m - sp.Rational(1, 3)) ** 2 + 2) / (2 * s**2)
GAMMA_LIKE = s * sp.log(2) - sp.loggamma(s) - sp.exp(m) * s + m
STEP = sp.Rational(1, 7)


def once(objective: sp.Expr, scheme: Scheme, point: Sequence[mp.mpf]) -> list[mp.mpf]:
    """One update by hand, line by line; slopes of mpmath's own formulas."""
    slopes = [sp.lambdify((m, s), objective.diff(each), "mpmath") for each in (m, s)]
    here = list(point)
    for block in scheme.blocks:
        for _ in range(block.repeat):
            new = {k: here[k] + real(Fraction(1, 7)) * slopes[k](*here)
                   for k, each in enumerate((m, s)) if each in block.parameters}  # fmt: skip
            for k, number in new.items():
                here[k] = number
            if here[1] <= 0:
                raise ValueError
    return here


@pytest.mark.parametrize("objective", [NORMAL, GAMMA_LIKE], ids=["normal", "gamma"])
@pytest.mark.parametrize("make", [simultaneous, alternating, lambda p: coordinate(p, 2, 1)])
@settings(max_examples=12, deadline=None)
@given(
    low=st.tuples(
        st.fractions(-2, 2, max_denominator=9), st.fractions("1/2", 3, max_denominator=9)
    ),
    width=st.sampled_from([Fraction(0), Fraction(1, 1000), Fraction(1, 10), Fraction(1, 2)]),
    parts=st.tuples(shares, shares),
)  # fmt: skip
def test_an_update_of_a_box_holds_the_updates_of_its_points(
    objective: sp.Expr, make: Callable[..., Scheme], low: Box, width: Fraction, parts: Box
) -> None:
    """Image and Jacobian, by the moves and by the checker of certificates."""
    scheme = make((m, s))
    written = update(score_of(objective, m, s), scheme, sp.Symbol("g", positive=True))
    laid = moves(
        written, STEP, [Variable(m, domain("real")), Variable(s, domain("positive"))], {}, ()
    )
    here = [(each, each + width) for each in low]
    box = [as_ball(each) for each in here]
    nowhere = Basin((fmpq(0),) * 2, (fmpq(1),) * 2, 1, fmpq(1, 2))
    with ctx.workprec(96):
        ours = laid.advanced(box, [[arb(1), arb(0)], [arb(0), arb(1)]])
        theirs = Proof(certificate(laid, nowhere, "")).image(box)
    for found in (ours, theirs):
        if found is None:
            assert width > Fraction(1, 1000) or low[1] < 1
            continue
        image, jacobian = found
        for point in points_of(here, parts):
            with mp.workprec(BITS):
                exact = once(objective, scheme, point)
                tiny = mp.mpf(2) ** -100
                for j in range(2):
                    moved = [
                        [p + k * tiny * (i == j) for i, p in enumerate(point)] for k in (1, -1)
                    ]
                    ends = [once(objective, scheme, each) for each in moved]
                    for i in range(2):
                        slope = (ends[0][i] - ends[1][i]) / (2 * tiny)
                        near = arb(jacobian[i][j]) + as_arb(mp.mpf(2) ** -90) * arb(0, 1)
                        assert holds(near, slope)
            assert all(holds(ball_, number) for ball_, number in zip(image, exact, strict=True))


@settings(max_examples=25, deadline=None)
@given(roots=st.lists(st.fractions("1/10", "49/10", max_denominator=30), min_size=1, max_size=4))
def test_all_roots_of_a_function_are_enclosed(roots: list[Fraction]) -> None:
    """exp(u) times a product: every root once, where it is, and no other."""
    expr = sp.exp(u) * sp.prod([u - sp.Rational(r.numerator, r.denominator) for r in set(roots)])
    found = enclosed_roots(expr, u, fmpq(0), fmpq(5))
    assert len(found) == len(set(roots))
    for each, root in zip(found, sorted(set(roots)), strict=True):
        exact = fmpq(root.numerator, root.denominator)
        assert each.lower <= exact <= each.upper
