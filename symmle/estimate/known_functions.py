"""Functions that are known to rise: their limits, leading terms and sources, as a table.

SymPy knows no sign of the slope of a ratio of Bessel functions, nor its limit at infinity.  So an
expression is rewritten by `Rising` calls first, whose slope is a positive function.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp

Terms = Mapping[sp.Expr, sp.Expr]  # {power of t: coefficient}


@dataclass(frozen=True, slots=True)
class Known:
    """A strictly rising function on (start, oo).

    at_start, at_infinity: its leading terms in t, the distance from the start or 1/argument, and
    the power of t to which they are right.  sign: 1 or -1, that of its values.
    """

    name: str
    start: sp.Expr
    sign: int
    at_start: tuple[Terms, int]
    at_infinity: tuple[Terms, int]
    source: str


KNOWN: tuple[Known, ...] = (
    Known(
        "bessel_ratio",  # I1/I0, the mean resultant length of a von Mises law
        sp.S.Zero,
        1,
        (MappingProxyType({sp.S.One: sp.Rational(1, 2)}), 3),
        (MappingProxyType({sp.S.Zero: sp.S.One, sp.S.One: -sp.Rational(1, 2)}), 2),
        "Amos, Computation of modified Bessel functions and their ratios, Math. Comp. 28 (1974) "
        "239; DLMF 10.25.2 and 10.40.1",
    ),
    Known(
        "zeta_slope",  # zeta'/zeta, minus a Dirichlet series with the coefficients of von Mangoldt
        sp.S.One,
        -1,
        (MappingProxyType({-sp.S.One: -sp.S.One, sp.S.Zero: sp.EulerGamma}), 1),
        (MappingProxyType({}), 9),  # it vanishes like -log(2)*2**-s
        "DLMF 27.4.12 and 25.2.4",
    ),
)


class Slope(sp.Function):
    """The derivative of a `Rising`: positive."""

    nargs = 2

    def _eval_is_positive(self) -> bool:
        return True


class Rising(sp.Function):
    """Row number `args[0]` of the table at `args[1]`, which lies in its range."""

    nargs = 2

    @property
    def known(self) -> Known:
        """The row of the table."""
        return KNOWN[int(self.args[0])]

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return Slope(*self.args) * self.args[1].diff(symbol)

    def _eval_is_positive(self) -> bool:
        return self.known.sign > 0

    def _eval_is_negative(self) -> bool:
        return self.known.sign < 0


def with_known_functions(expr: sp.Expr) -> sp.Expr:
    """The expression with a `Rising` call for each product that the table knows."""
    if not expr.has(sp.besseli, sp.zeta):
        return expr
    return expr.replace(lambda part: part.is_Mul, _rewritten)


def _rewritten(product: sp.Mul) -> sp.Expr:
    for factor in product.args:
        row: int | None = None
        if isinstance(factor, sp.besseli) and factor.args[0] == 1:
            row, below, argument = 0, sp.besseli(0, factor.args[1]), factor.args[1]
        elif isinstance(factor, sp.Derivative) and factor.variable_count == sp.Tuple(
            sp.Tuple(factor.variables[0], 1)
        ):
            row, below, argument = 1, factor.expr, factor.variables[0]
            if factor.expr != sp.zeta(argument):
                row = None
        if row is not None and 1 / below in product.args:
            return product / factor * below * Rising(row, argument)
    return product
