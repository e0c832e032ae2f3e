"""Expressions as they are read: statistics first, no leading minus where one can be avoided.

    text(expr)   one line of Python-like text, for terminals
    latex(expr)  LaTeX, for papers and pages
    exact(expr)  what SymPy reads back, given mean, var, cov, min, max and
               median as functions

Only the order in which a sum is written differs from SymPy, and the names of a few functions;
no expression is transformed, so what is printed is what was derived.
"""

import re
from collections.abc import Sequence

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from symmle.order_statistics import OrderStatistic
from symmle.sample_mean import OverData, SampleCovariance

_POLYGAMMA = {0: "digamma", 1: "trigamma"}
_ORDER_STATISTICS = {
    "min": "\\min",
    "max": "\\max",
    "median": "\\operatorname{median}",
    "median_low": "\\operatorname{median}_{-}",
    "median_high": "\\operatorname{median}_{+}",
}
_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|"
    "upsilon|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)


def text(expr: sp.Basic) -> str:
    """One line of text in the language of `parsing`, with digamma, trigamma and mean(...)."""
    return str(_Text().doprint(expr))


def latex(expr: sp.Basic) -> str:
    r"""LaTeX without dollar signs; mean(T) is \overline{T}, var and cov are operators."""
    return str(_Latex().doprint(expr))


def exact(expr: sp.Basic) -> str:
    """A string that SymPy reads back to an equal expression, given the statistics as functions."""
    return str(expr)


def reading_order(terms: Sequence[sp.Expr]) -> list[sp.Expr]:
    """The terms of a sum as one writes them by hand.

    The first positive statistic opens the sum, or else a positive number in front of products,
    or else the first positive term; a constant that is no plain number (log(2*pi)/2) closes it.
    All others keep their order.
    """
    varying = any(each.free_symbols or each.has(OverData) for each in terms)
    constants = [each for each in terms if varying and _is_constant(each)]
    rest = [each for each in terms if each not in constants]
    positive = [each for each in rest if not each.could_extract_minus_sign()]
    statistics = [each for each in positive if isinstance(each.as_coeff_Mul()[1], OverData)]
    products = any(each.as_coeff_Mul()[1].is_Mul for each in rest)
    numbers = [each for each in positive if each.is_Number and products]
    opening = (statistics or numbers or positive)[:1]
    return [*opening, *(each for each in rest if each not in opening), *constants]


def reading_terms(total: sp.Add) -> list[sp.Expr]:
    """The terms of a sum in reading order, with the signs that they are printed with."""
    return _Text().reading_terms(total)


def _is_constant(term: sp.Expr) -> bool:
    return not term.is_Number and not term.free_symbols and not term.has(OverData)


def _signed(product: sp.Expr) -> sp.Expr:
    """The same product with `-(mu - mean(x))` as `mean(x) - mu` and `(-a - b)` as `-(a + b)`."""
    if not product.is_Mul:
        return product
    negative = product.could_extract_minus_sign()
    for factor in product.args:
        base, exponent = factor.as_base_exp()
        if not base.is_Add or abs(exponent) != 1:
            continue
        minus = [term.could_extract_minus_sign() for term in base.args]
        if all(minus) or (negative and any(minus)):
            others = (each for each in product.args if each is not factor)
            turned = sp.Mul(-1, (-base) ** exponent, *others)
            return turned if turned.is_Mul else product
    return product


def _indicated(expr: sp.Expr) -> sp.Basic | None:
    """The condition C of `1 where C, else 0`: its mean is the share of the rows with C."""
    if not isinstance(expr, sp.Piecewise) or len(expr.args) != 2:
        return None
    (first, condition), (second, _) = expr.args
    return condition if (first, second) == (1, 0) else None


def _primed(expr: sp.Basic) -> tuple[sp.Expr, int] | None:
    """(f(a, ...), n) where the expression is the n-th derivative of f in its first argument."""
    place: sp.Expr | None = None
    if isinstance(expr, sp.Subs) and len(expr.variables) == 1:
        place, inner = expr.point[0], expr.expr
        if not isinstance(inner, sp.Derivative) or inner.variables[0] != expr.variables[0]:
            return None
        expr = inner
    if not isinstance(expr, sp.Derivative) or len(expr.variable_count) != 1:
        return None
    (symbol, order), function = expr.variable_count[0], expr.expr
    if not (isinstance(function, sp.Function) and order.is_Integer):
        return None
    first, *others = function.args
    if first != symbol or any(each.has(symbol) for each in others):
        return None
    return function.func(first if place is None else place, *others), int(order)


_PRIMES = 2  # derivatives of a higher order have their number instead


class _Text(StrPrinter):
    printmethod = "_symmle_text"  # the nodes' own methods print for SymPy to read

    def _as_ordered_terms(self, expr: sp.Add, order: str | None = None) -> list[sp.Expr]:
        return reading_order([_signed(t) for t in super()._as_ordered_terms(expr, order=order)])

    def reading_terms(self, total: sp.Add) -> list[sp.Expr]:
        return self._as_ordered_terms(total)

    def _print_Mul(self, expr: sp.Mul) -> str:
        return str(super()._print_Mul(_signed(expr)))

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        if expr.exp.is_Integer and expr.exp < -1:
            return f"1/{self._print(sp.Pow(expr.base, -expr.exp))}"
        return str(super()._print_Pow(expr, rational=rational))

    def _print_Float(self, expr: sp.Float) -> str:
        return f"{float(expr):.12g}"

    def _print_polygamma(self, expr: sp.polygamma) -> str:
        order, argument = expr.args
        if order in _POLYGAMMA:
            return f"{_POLYGAMMA[order]}({self._print(argument)})"
        return f"polygamma({self._print(order)}, {self._print(argument)})"

    def _print_Derivative(self, expr: sp.Expr) -> str:
        primed = _primed(expr)
        if primed is None:
            return str(getattr(super(), f"_print_{type(expr).__name__}")(expr))
        function, order = primed
        mark = "'" * order if order <= _PRIMES else f"^({order})"
        arguments = ", ".join(map(self._print, function.args))
        return f"{function.func.__name__}{mark}({arguments})"

    _print_Subs = _print_Derivative

    def _print_And(self, expr: sp.And) -> str:
        conditions = sorted(expr.args, key=sp.default_sort_key)
        return " and ".join(map(self._print, conditions))

    def _print_Relational(self, expr: sp.core.relational.Relational) -> str:
        sign = {"==": "=", "!=": "is not"}.get(expr.rel_op, expr.rel_op)
        return f"{self._print(expr.lhs)} {sign} {self._print(expr.rhs)}"

    def _print_SampleCovariance(self, expr: SampleCovariance) -> str:
        first, second = sorted(map(self._print, expr.args), key=lambda each: (len(each), each))
        return f"var({first})" if first == second else f"cov({first}, {second})"

    def _print_SampleMean(self, expr: sp.Expr) -> str:
        condition = _indicated(expr.args[0])
        if condition is not None:
            return f"share({self._print(condition)})"
        return f"mean({self._print(expr.args[0])})"

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        *first, (last, _) = expr.args
        written = self._print(last)
        for value, condition in reversed(first):
            written = f"where({self._print(condition)}, {self._print(value)}, {written})"
        return str(written)

    def _print_order_statistic(self, expr: OrderStatistic) -> str:
        return f"{expr.word}({self._print(expr.args[0])})"

    _print_Minimum = _print_Maximum = _print_order_statistic
    _print_Median = _print_MedianLow = _print_MedianHigh = _print_order_statistic

    def _print_Expectation(self, expr: sp.Expr) -> str:
        return f"E[{self._print(expr.args[0])}]"


class _Latex(LatexPrinter):
    def __init__(self) -> None:
        super().__init__({"mul_symbol": r" \, "})

    def _as_ordered_terms(self, expr: sp.Add, order: str | None = None) -> list[sp.Expr]:
        return reading_order([_signed(t) for t in super()._as_ordered_terms(expr, order=order)])

    def _print_Mul(self, expr: sp.Mul) -> str:
        return str(super()._print_Mul(_signed(expr)))

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        bare = expr.name.rstrip("'")
        stem = bare.rstrip("0123456789")
        digits, prime = bare[len(stem) :], expr.name[len(bare) :]
        stem = stem.removesuffix("_")
        name = f"\\{stem}" if _GREEK.fullmatch(stem) else _upright(stem)
        return f"{name}_{{{digits}}}{prime}" if digits else name + prime

    _print_Datum = _print_Symbol

    def _print_Float(self, expr: sp.Float) -> str:
        mantissa, _, exponent = f"{float(expr):.12g}".partition("e")
        return f"{mantissa} \\cdot 10^{{{int(exponent)}}}" if exponent else mantissa

    def _print_SampleMean(self, expr: sp.Expr, exp: str | None = None) -> str:
        return self._raised(f"\\overline{{{self._print(expr.args[0])}}}", exp)

    def _print_Piecewise(self, expr: sp.Piecewise, exp: str | None = None) -> str:
        condition = _indicated(expr)
        if condition is None:
            written = str(super()._print_Piecewise(expr))
            return written if exp is None else f"\\left({written}\\right)^{{{exp}}}"
        return self._raised(f"\\left[{self._print(condition)}\\right]", exp)

    def _print_SampleCovariance(self, expr: SampleCovariance, exp: str | None = None) -> str:
        first, second = sorted(map(self._print, expr.args), key=lambda each: (len(each), each))
        if first == second:
            return self._raised(f"\\operatorname{{var}}\\left({first}\\right)", exp)
        return self._raised(f"\\operatorname{{cov}}\\left({first}, {second}\\right)", exp)

    def _print_order_statistic(self, expr: OrderStatistic, exp: str | None = None) -> str:
        name = _ORDER_STATISTICS[expr.word]
        return self._raised(f"{name}\\left({self._print(expr.args[0])}\\right)", exp)

    _print_Minimum = _print_Maximum = _print_order_statistic
    _print_Median = _print_MedianLow = _print_MedianHigh = _print_order_statistic

    def _print_Expectation(self, expr: sp.Expr, exp: str | None = None) -> str:
        inside = self._print(expr.args[0])
        return self._raised(f"\\operatorname{{E}}\\left[{inside}\\right]", exp)

    def _print_Derivative(self, expr: sp.Expr) -> str:
        primed = _primed(expr)
        if primed is None:
            return str(getattr(super(), f"_print_{type(expr).__name__}")(expr))
        function, order = primed
        mark = "'" * order if order <= _PRIMES else f"^{{({order})}}"
        return str(self._print(function)).replace("\\left(", f"{mark}\\left(", 1)

    _print_Subs = _print_Derivative

    def _print_polygamma(self, expr: sp.polygamma, exp: str | None = None) -> str:
        order, argument = expr.args
        name = "\\psi" if order == 0 else f"\\psi_{{{self._print(order)}}}"
        return self._raised(f"{name}\\left({self._print(argument)}\\right)", exp)

    def _print_loggamma(self, expr: sp.loggamma, exp: str | None = None) -> str:
        inside = f"\\log \\Gamma\\left({self._print(expr.args[0])}\\right)"
        return inside if exp is None else f"\\left({inside}\\right)^{{{exp}}}"

    @staticmethod
    def _raised(base: str, exponent: str | None) -> str:
        return base if exponent is None else f"{base}^{{{exponent}}}"


def _upright(name: str) -> str:
    if len(name) == 1:
        return name
    escaped = name.replace("_", "\\_")
    return f"\\mathrm{{{escaped}}}"
