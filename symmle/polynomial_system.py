"""Every real solution of polynomial equations with rational coefficients, where all are isolated.

The ideal is written in one unknown t, a linear form of the variables that tells its points apart:
then each variable is a polynomial in t, and t a root of one polynomial (the shape lemma; F.
Rouillier, Solving zero-dimensional systems through the rational univariate representation, 1999).
A point is real exactly when its t is.  Multiplicities are taken away first, where they are in the
way, by Seidenberg's lemma: the squarefree parts of the polynomials in one variable.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sympy as sp
from flint import acb, arb, ctx, fmpq, fmpq_mat, fmpz_poly

from symmle.balls import ball, ends, fraction, rational, to_float

_DIGITS = 40
_FORMS = (1, 2, 3, 5, 7)  # t = x + k*y + k**2*z + ...

Solution = dict[sp.Symbol, sp.Expr]


def real_solutions(
    equations: Sequence[sp.Expr], symbols: Sequence[sp.Symbol]
) -> list[Solution] | None:
    """All real points at which polynomials with rational coefficients vanish.

    Exact where radicals say the coordinate simply, else a Float of 40 digits, of a real root that
    was isolated.  None where the solutions over the complex numbers are not isolated, or where
    a coefficient is no rational number.
    """
    polynomials = [sp.Poly(each, *symbols) for each in equations]
    if not all(each.domain.is_ZZ or each.domain.is_QQ for each in polynomials):
        return None
    basis = sp.groebner(polynomials, *symbols, order="grevlex")
    if basis.exprs == [1]:
        return []
    if not basis.is_zero_dimensional:
        return None
    for radical in (False, True):
        own = list(basis.exprs)
        if radical:
            own += [_squarefree(basis, symbol) for symbol in symbols]
        for factor in _FORMS if len(symbols) > 1 else _FORMS[:1]:
            shape = _shape(own, symbols, factor)
            if shape is not None:
                return list(_points(symbols, *shape))
    return None


def real_roots(polynomial: sp.Poly) -> list[sp.Expr]:
    """The real roots of a polynomial with rational coefficients, each once, in ascending order.

    As radicals where they are short, else as a Float of 40 digits.
    """
    _, factors = polynomial.factor_list()
    found = [_written(sp.Poly(polynomial.gen, polynomial.gen), f) for f, _ in factors]
    return sorted((root for each in found for (root,) in each), key=lambda root: sp.N(root, 30))


def _squarefree(basis: sp.GroebnerBasis, symbol: sp.Symbol) -> sp.Expr:
    """The squarefree polynomial in one variable alone that the ideal holds."""
    order = [*(each for each in basis.gens if each != symbol), symbol]
    turned = sp.groebner(basis.exprs, *order, order="grevlex").fglm("lex")
    return sp.Poly(turned.exprs[-1], symbol).sqf_part().as_expr()


def _shape(
    equations: Sequence[sp.Expr], symbols: Sequence[sp.Symbol], factor: int
) -> tuple[sp.Poly, list[sp.Poly]] | None:
    """(the polynomial of t, each variable as a polynomial in t); None where t does not tell."""
    t = sp.Dummy("t")
    form = t - sum(factor**i * symbol for i, symbol in enumerate(symbols))
    basis = sp.groebner([*equations, form], *symbols, t, order="grevlex").fglm("lex")
    if len(basis.exprs) != len(symbols) + 1:
        return None
    values = []
    for symbol, each in zip(symbols, basis.exprs, strict=False):
        line = sp.Poly(each, symbol)
        others = line.free_symbols_in_domain - {t}
        if line.degree() != 1 or others or not line.LC().is_number:
            return None
        values.append(sp.Poly(-line.TC() / line.LC(), t, domain="QQ"))
    return sp.Poly(basis.exprs[-1], t, domain="QQ"), values


def _points(
    symbols: Sequence[sp.Symbol], polynomial: sp.Poly, values: Sequence[sp.Poly]
) -> Iterator[Solution]:
    for factor, _ in polynomial.factor_list()[1]:
        for point in _written(*values, factor):
            yield dict(zip(symbols, point, strict=True))


def _written(*polynomials: sp.Poly) -> list[list[sp.Expr]]:
    """At each real root of the last polynomial, which is irreducible, the values of the others."""
    *values, factor = polynomials
    here = [each.rem(factor) for each in values]
    short = [_radicals(each, factor) for each in here]
    return [
        [_value(each, factor, i, those) for each, those in zip(here, short, strict=True)]
        for i in range(len(_isolated(factor)))
    ]


def _isolated(factor: sp.Poly) -> list[arb]:
    """Balls about the real roots of an irreducible polynomial, at the present precision."""
    _, whole = factor.clear_denoms(convert=True)
    pairs: list[Any] = fmpz_poly([int(c) for c in reversed(whole.all_coeffs())]).complex_roots()
    # Flint gives the real roots of a real polynomial an imaginary part that is exactly zero.
    real = [acb(root).real for root, _ in pairs if acb(root).imag == 0]
    return sorted(real, key=lambda root: root.mid().fmpq())


def _value(value: sp.Poly, factor: sp.Poly, index: int, radicals: Sequence[sp.Expr]) -> sp.Expr:
    """A polynomial at one real root: as one of the radicals, or to 40 digits."""
    coefficients = [fraction(c) for c in value.all_coeffs()]
    bits = 4 * _DIGITS
    while True:
        with ctx.workprec(bits):
            root, found = _isolated(factor)[index], arb(0)
            for each in coefficients:
                found = found * root + each
            if found.is_zero() or found.rel_accuracy_bits() > 3.5 * _DIGITS:
                near = [each for each in radicals if ball(each).overlaps(found)]
                return near[0] if len(near) == 1 else to_float(*ends(found), _DIGITS)[0]
        bits *= 2


def _radicals(value: sp.Poly, factor: sp.Poly) -> list[sp.Expr]:
    """The real values of a polynomial at the roots of a factor that short radicals give."""
    roots = sp.real_roots(_minimal(value, factor))
    return [root for root in roots if not root.has(sp.CRootOf, sp.I)]


def _minimal(value: sp.Poly, factor: sp.Poly) -> sp.Poly:
    """The polynomial of least degree, over the rationals, of a polynomial in a root of a factor."""
    size, power = factor.degree(), sp.Poly(1, *factor.gens, domain="QQ")
    rows: list[list[fmpq]] = []
    while True:
        rows.append([fraction(power.coeff_monomial((i,))) for i in range(size)])
        reduced, rank = fmpq_mat(rows).transpose().rref()
        if rank < len(rows):
            low = [-rational(reduced[i, len(rows) - 1]) for i in range(rank)]
            return sp.Poly([1, *reversed(low)], *factor.gens, domain="QQ")
        power = (power * value).rem(factor)
