"""Expressions as a list of operations on earlier results, for a checker that knows no formulas."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import sympy as sp

from symmle.errors import InputError
from symmle.sample_mean import SampleMean

_SAME = {
    sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.atan: "atan", sp.erfc: "erfc",
    sp.loggamma: "loggamma",
}  # fmt: skip
_OTHERS: dict[type[sp.Function], Callable[[sp.Expr], sp.Expr]] = {  # by those
    sp.erf: lambda x: 1 - sp.erfc(x),
    sp.tanh: lambda x: 1 - 2 / (1 + sp.exp(2 * x)),
    sp.sinh: lambda x: (sp.exp(x) - sp.exp(-x)) / 2,
    sp.cosh: lambda x: (sp.exp(x) + sp.exp(-x)) / 2,
}
_GIVEN, _CONSTANT, _COLUMN, _ONCE, _EACH = range(5)

Place = tuple[int, int]  # of which list, and where in it
Known = dict[sp.Expr, Place]


class Operations:
    """Lists that are filled as expressions are written.

    variables: given anew each time.  constants: decimal balls, as text.  columns: of the data.
    once: operations that do not depend on the variables; each: those that do.
    """

    def __init__(
        self,
        variables: Sequence[sp.Symbol],
        letters: Mapping[sp.Symbol, str],
        columns: Sequence[sp.Symbol],
    ) -> None:
        self.variables = {symbol: (_GIVEN, i) for i, symbol in enumerate(variables)}
        self.constants: list[str] = []
        self._lists: dict[int, list[tuple[str, tuple[Place, ...]]]] = {_ONCE: [], _EACH: []}
        self._fixed: Known = {symbol: (_COLUMN, i) for i, symbol in enumerate(columns)}
        self._columns = len(columns)
        for letter, text in letters.items():
            self._fixed[letter] = self._constant(text)

    def place(self, expr: sp.Expr, known: Known) -> Place:
        """Where the value of an expression is found.

        known: places of the variables, to which those of other moving parts are added.
        Raises InputError for a function that is not among the operations.
        """
        found = known.get(expr) or self._fixed.get(expr)
        if found is None:
            found = self._written(expr, known)
            fixed = expr.free_symbols.isdisjoint(self.variables)
            (self._fixed if fixed else known)[expr] = found
        return found

    def numbered(self, place: Place) -> int:
        """The rank of a place among all results: given, constants, columns, once, each."""
        sizes = (len(self.variables), len(self.constants), self._columns, len(self._lists[_ONCE]))
        return sum(sizes[: place[0]]) + place[1]

    def listed(self) -> dict[str, list[list[str | int]]]:
        """The operations, `once` and `each`: a name, and the ranks of one or two results."""
        return {
            name: [
                [operation, *map(self.numbered, places)] for operation, places in self._lists[kind]
            ]
            for name, kind in (("once", _ONCE), ("each", _EACH))
        }

    def _constant(self, text: str) -> Place:
        if text not in self.constants:
            self.constants.append(text)
        return _CONSTANT, self.constants.index(text)

    def _done(self, name: str, *places: Place) -> Place:
        moving = any(kind in (_GIVEN, _EACH) for kind, _ in places)
        operations = self._lists[_EACH if moving else _ONCE]
        operations.append((name, places))
        return (_EACH if moving else _ONCE), len(operations) - 1

    def _written(self, expr: sp.Expr, known: Known) -> Place:
        def at(part: sp.Expr) -> Place:
            return self.place(part, known)

        match expr:
            case sp.Integer():
                return self._constant(str(expr))
            case sp.Float():
                return at(sp.Rational(expr))
            case sp.Rational():
                return self._done("/", at(sp.Integer(expr.p)), at(sp.Integer(expr.q)))
            case _ if expr is sp.pi:
                four, one = at(sp.Integer(4)), at(sp.S.One)
                return self._done("*", four, self._done("atan", one))
            case _ if expr is sp.E:
                return self._done("exp", at(sp.S.One))
            case sp.Add():
                return reduce(lambda a, b: self._done("+", a, b), map(at, expr.args))
            case sp.Mul():
                number, rest = expr.as_coeff_Mul()
                if number != 1:
                    return self._done("*", at(number), at(rest))
                above, below = sp.fraction(expr)
                if below != 1:
                    return self._done("/", at(above), at(below))
                return reduce(lambda a, b: self._done("*", a, b), map(at, expr.args))
            case sp.Pow():
                return self._power(expr.base, expr.exp, known)
            case sp.polygamma() if expr.args[0].is_Integer:
                order, inside = expr.args
                return self._done("polygamma", at(inside), at(order))
            case SampleMean():
                return self._done("mean", at(expr.args[0]))
            case _ if expr.func in _SAME:
                return self._done(_SAME[expr.func], at(expr.args[0]))
            case _ if expr.func in _OTHERS:
                return at(_OTHERS[expr.func](expr.args[0]))
        raise InputError(f"a certificate has no way to write {expr.func}; leave --certificate out")

    def _power(self, base: sp.Expr, exponent: sp.Expr, known: Known) -> Place:
        """Whole powers by products, others by exponential and logarithm."""
        if exponent.is_Integer and exponent < 0:
            return self._done("/", self._constant("1"), self.place(base**-exponent, known))
        if exponent.is_Integer:
            half = self.place(base ** (exponent // 2), known)
            square = self._done("*", half, half)
            even = exponent % 2 == 0
            return square if even else self._done("*", square, self.place(base, known))
        log = self._done("log", self.place(base, known))
        return self._done("exp", self._done("*", self.place(exponent, known), log))
