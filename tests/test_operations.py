"""What a certificate writes is the map: each operation, with its derivatives, against SymPy."""

import mpmath
import pytest
import sympy as sp
from flint import arb, ctx

from symmle.domain import Datum
from symmle.dynamics.checker import Proof
from symmle.dynamics.operations import Operations
from symmle.errors import InputError
from symmle.sample_mean import SampleMean

X, Y = sp.symbols("x y", positive=True)
D = Datum("d", real=True)
LETTER = sp.Symbol("letter", real=True)
ROWS = [-2, 1, 3]
WEIGHTS = [1, 2, 5]
POINT = {X: sp.Rational(7, 5), Y: sp.Rational(3, 4), LETTER: sp.Rational(1, 8)}

EXPRESSIONS = [
    X + 2 * Y - 3,
    X * Y / (X - 5) - sp.Rational(2, 7) * Y,
    X**5 - Y**-4 + X**6,
    X**Y + sp.sqrt(X) * Y ** sp.Rational(-5, 3),
    sp.exp(X * Y) - sp.exp(-X) * sp.log(Y),
    sp.sin(X) * sp.cos(Y) + sp.atan(X / Y),
    sp.erf(X) + sp.erfc(X + Y) + sp.tanh(X - Y) + sp.sinh(X) * sp.cosh(Y),
    sp.loggamma(X) - sp.polygamma(0, Y) * sp.polygamma(1, X) + sp.polygamma(2, Y),
    sp.pi * X + sp.E * Y + LETTER * X,
    SampleMean(sp.exp(D * X) * Y) / SampleMean(D**2 + Y) + SampleMean(D),
    sp.Integer(3),
]


def exact(expr: sp.Expr) -> sp.Expr:
    """At the point, means written out."""
    total = sum(WEIGHTS)

    def written(node: sp.Expr) -> sp.Expr:
        pairs = zip(ROWS, WEIGHTS, strict=True)
        return sp.Add(*(w * node.args[0].xreplace({D: sp.Integer(x)}) for x, w in pairs)) / total

    return expr.xreplace({node: written(node) for node in expr.atoms(SampleMean)})


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_values_and_derivatives_are_those_of_the_formula(expr: sp.Expr) -> None:
    """To 25 digits, and the balls hold them."""
    written = Operations([X, Y], {LETTER: "0.125"}, [D])
    place = written.place(expr, dict(written.variables))
    record = {
        "variables": ["x", "y"],
        "constants": written.constants,
        "rows": {"d": list(map(str, ROWS))},
        "weights": list(map(str, WEIGHTS)),
        **written.listed(),
    }
    with ctx.workprec(128):
        proof = Proof(record)
        point = [(arb(POINT[X].p) / POINT[X].q, [1, 0]), (arb(POINT[Y].p) / POINT[Y].q, [0, 1])]
        results = proof.results(record["each"], [*point, *proof.known])
        value, slopes = results[written.numbered(place)]
        plain = exact(expr)
        for found, formula in zip(
            (value, *slopes), (plain, plain.diff(X), plain.diff(Y)), strict=True
        ):
            with mpmath.workdps(60):
                truth = arb(sp.N(formula.xreplace(POINT), 50).__str__())
            assert abs(arb(found) - truth) <= arb(10) ** -25 * (1 + abs(truth))


def test_a_function_without_an_operation_is_refused() -> None:
    """One sentence, that names it."""
    written = Operations([X], {}, [])
    with pytest.raises(InputError, match="besselj"):
        written.place(sp.besselj(0, X), dict(written.variables))


def test_what_moves_is_worked_out_again() -> None:
    """A part of the old variables is not taken for that of the new ones."""
    written = Operations([X], {}, [])
    here = dict(written.variables)
    once = written.place(X**2, dict(here))
    here[X] = once
    twice = written.place(X**2, dict(here))
    assert once != twice
    assert written.place(sp.Integer(2), {}) == written.place(sp.Integer(2), dict(here))
