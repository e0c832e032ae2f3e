"""One expression -> Python text for NumPy columns or for plain floats.

A whitelist: what is not in the tables is refused in one sentence, never printed wrongly.
Columns use NumPy and scipy.special, numbers use `math`, which is ten times faster on a float.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import sympy as sp

from symmle.errors import SymmleError

_ATOM, _SIGN, _PRODUCT, _SUM, _TEST, _CHOICE = 6, 5, 4, 3, 2, 1
_MOST_BITS = 10  # of a denominator that is written as an exact decimal fraction

# SymPy's name: (on columns, on numbers); special.* is scipy.special, _* a helper of the module.
_FUNCTIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "exp": ("np.exp", "math.exp"),
        "stable_exp": ("np.exp", "math.exp"),
        "log": ("np.log", "math.log"),
        "log1p": ("np.log1p", "math.log1p"),
        "expm1": ("np.expm1", "math.expm1"),
        "logaddexp": ("np.logaddexp", "float(np.logaddexp"),
        "expit": ("_expit", "float(_expit"),
        "sin": ("np.sin", "math.sin"),
        "cos": ("np.cos", "math.cos"),
        "tan": ("np.tan", "math.tan"),
        "asin": ("np.arcsin", "math.asin"),
        "acos": ("np.arccos", "math.acos"),
        "atan2": ("np.arctan2", "math.atan2"),
        "asinh": ("np.arcsinh", "math.asinh"),
        "atan": ("np.arctan", "math.atan"),
        "sinh": ("np.sinh", "math.sinh"),
        "cosh": ("np.cosh", "math.cosh"),
        "tanh": ("np.tanh", "math.tanh"),
        "Abs": ("np.abs", "abs"),
        "sign": ("np.sign", "float(np.sign"),
        "floor": ("np.floor", "math.floor"),
        "loggamma": ("special.gammaln", "math.lgamma"),
        "gamma": ("special.gamma", "math.gamma"),
        "beta": ("special.beta", "float(special.beta"),
        "binomial": ("special.binom", "float(special.binom"),
        "polygamma": ("special.polygamma", "float(special.polygamma"),
        "ive": ("_ive", "float(_ive"),
        "kve": ("special.kve", "float(special.kve"),
        "erf": ("special.erf", "math.erf"),
        "tail": ("special.erfc", "math.erfc"),
        "log_tail": ("_log_erfc", "float(_log_erfc"),
        "erfcx": ("special.erfcx", "float(special.erfcx"),
        "zeta_slope": ("_zeta", "_zeta"),
        "lambert_w": ("_lambert_w", "float(_lambert_w"),
        "log_sinh": ("_log_sinh", "float(_log_sinh"),
        "log_cosh": ("_log_cosh", "float(_log_cosh"),
        "log1mexp": ("_log1mexp", "float(_log1mexp"),
        "log_beta": ("_log_beta", "_log_beta"),
        "loggamma_rise": ("_loggamma_rise", "_loggamma_rise"),
        "peak": ("np.maximum", "max"),
        "log_ratio": ("_log_ratio", "_log_ratio"),
        "rise": ("_rise", "_rise"),
        "log_minus_digamma": ("_log_minus_digamma", "_log_minus_digamma"),
        "inverse_minus_trigamma": ("_inverse_minus_trigamma", "_inverse_minus_trigamma"),
    }
)
_ONLY_NUMBERS = frozenset(
    {
        "rise",
        "log_minus_digamma",
        "inverse_minus_trigamma",
        "zeta_slope",
        "log_beta",
        "loggamma_rise",
    }
)
_PLAIN_ORDERS = {"0": "special.i0e", "1": "special.i1e"}  # ten times as fast as any order
_COMPARED = {
    sp.StrictGreaterThan: ">",
    sp.GreaterThan: ">=",
    sp.StrictLessThan: "<",
    sp.LessThan: "<=",
    sp.Equality: "==",
    sp.Unequality: "!=",
}


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints expressions; rows: symbols that are columns; alias: how to spell np, math, special."""

    rows: frozenset[sp.Symbol]
    alias: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, str]] = field(default_factory=lambda: _FUNCTIONS)

    def text(self, expr: sp.Basic) -> str:
        """The expression as Python text.  Raises SymmleError for what has no entry here."""
        return self._print(expr)[0]

    def factor(self, expr: sp.Basic) -> str:
        """The expression as text that may stand in a product."""
        return self._in(expr, _PRODUCT)

    def knowing(self, column: sp.Symbol) -> "Printer":
        """The same printer with one more symbol that is a column."""
        return replace(self, rows=self.rows | {column})

    def terms(self, expr: sp.Expr) -> list[tuple[str, str]]:
        """The (sign, text) of each term of a sum, the first positive one in front."""
        found = []
        for term in expr.as_ordered_terms():
            text, binding = self._print(term)
            if binding == _SIGN and text.startswith("-"):
                found.append(("-", text[1:]))
            else:
                found.append(("+", text if binding > _SUM else f"({text})"))
        first = next((i for i, (sign, _) in enumerate(found) if sign == "+"), 0)
        return [found[first], *found[:first], *found[first + 1 :]]

    def _over_rows(self, expr: sp.Basic) -> bool:
        return bool(expr.free_symbols & self.rows)

    def _in(self, expr: sp.Basic, binding: int) -> str:
        text, own = self._print(expr)
        return text if own >= binding else f"({text})"

    def _spelt(self, function: str) -> str:
        """A function's name with the aliases of this module in it."""
        return re.sub(r"\b(np|math|special|float)\b", self._alias, function)

    def _alias(self, found: re.Match[str]) -> str:
        return self.alias.get(found[0], found[0])

    def _print(self, expr: sp.Basic) -> tuple[str, int]:
        if expr.is_Symbol:
            return str(expr), _ATOM
        if expr.is_number and not expr.is_Rational:
            return self._constant(expr)
        if expr.is_Rational:
            return self._rational(expr)
        if expr.is_Add:
            (sign, text), *rest = self.terms(expr)
            text = text if sign == "+" else f"-{text}"
            return text + "".join(f" {s} {t}" for s, t in rest), _SUM
        if expr.is_Mul:
            return self._product(expr)
        if isinstance(expr, sp.exp):
            return self._call(expr)
        if expr.is_Pow:
            return self._power(expr)
        if isinstance(expr, sp.Piecewise):
            return self._piecewise(expr)
        if isinstance(expr, sp.Min | sp.Max):
            return self._extreme(expr)
        if type(expr) in _COMPARED:
            left, right = (self._in(arg, _SUM) for arg in expr.args)
            return f"{left} {_COMPARED[type(expr)]} {right}", _TEST
        if isinstance(expr, sp.And | sp.Or) and self._over_rows(expr):
            sign = " & " if isinstance(expr, sp.And) else " | "
            return sign.join(f"({self.text(arg)})" for arg in expr.args), _CHOICE
        if expr.is_Function:
            return self._call(expr)
        raise _refusal(expr)

    def _constant(self, expr: sp.Expr) -> tuple[str, int]:
        if expr == sp.pi:
            return self._spelt("math.pi"), _ATOM
        exact = sp.N(expr, 30)  # besseli(0, 3) is a number, though SymPy does not say it is real
        if not (isinstance(exact, sp.Float | sp.Rational) and exact.is_finite):
            raise _refusal(expr)
        value = float(exact)
        return repr(value), _SIGN if value < 0 else _ATOM

    def _rational(self, number: sp.Rational) -> tuple[str, int]:
        if number.is_Integer and abs(number) < 2**53:
            text = str(int(number))
        else:
            text = repr(int(number.p) / int(number.q))
        return text, _SIGN if number < 0 else _ATOM

    def _product(self, expr: sp.Expr) -> tuple[str, int]:
        """Numerator, then one division for each factor below, so that none overflows alone."""
        number, rest = expr.as_coeff_Mul()
        above, below = [], []
        for factor in rest.as_ordered_factors() if rest.is_Mul else [rest]:
            exponent = factor.as_base_exp()[1]
            if exponent.is_Rational and exponent < 0 and not isinstance(factor, sp.exp):
                below.append(1 / factor)
            else:
                above.append(factor)
        sign = "-" if number.is_negative else ""
        p, q = (abs(int(number.p)), int(number.q)) if number.is_Rational else (0, 1)
        if number.is_Float:
            front = [repr(abs(float(number)))]
        elif q != 1 and q & (q - 1) == 0 and q.bit_length() <= _MOST_BITS:
            front, q = [repr(p / q)], 1
        else:
            front = [str(p)] if p != 1 else []
        tops = front + [text for each in above for text in self._factors(each)]
        text = " * ".join(tops or ["1"])
        if q != 1:
            text += f" / {q}"
        for each in below:
            text += "".join(f" / {one}" for one in self._divisors(each))
        alone = len(tops) == 1 and not below and q == 1
        if sign:
            return "-" + text, _SIGN
        return text, _ATOM if alone else _PRODUCT

    def _factors(self, expr: sp.Expr) -> list[str]:
        if expr.is_Pow and expr.exp.is_Integer and expr.exp > 1 and not isinstance(expr, sp.exp):
            return [self._in(expr.base, _ATOM)] * int(expr.exp)
        return [self._in(expr, _ATOM)]

    def _divisors(self, expr: sp.Expr) -> list[str]:
        factors = self._factors(expr)
        if self._over_rows(expr) and len(factors) > 1:
            return [f"({' * '.join(factors)})"]
        return factors

    def _power(self, expr: sp.Expr) -> tuple[str, int]:
        base, exponent = expr.as_base_exp()
        if exponent.is_Integer and exponent > 0:
            return " * ".join(self._factors(expr)), _PRODUCT
        if exponent.is_Rational and exponent < 0:
            return f"1 / {' / '.join(self._divisors(1 / expr))}", _PRODUCT
        rows = self._over_rows(expr)
        if exponent == sp.S.Half:
            return self._spelt("np.sqrt" if rows else "math.sqrt") + f"({self.text(base)})", _ATOM
        name = self._spelt("np.power" if rows else "math.pow")
        return f"{name}({self.text(base)}, {self.text(exponent)})", _ATOM

    def _call(self, expr: sp.Expr) -> tuple[str, int]:
        name = expr.func.__name__
        rows = self._over_rows(expr)
        if name not in self.functions or (rows and name in _ONLY_NUMBERS):
            raise _refusal(expr)
        function = self._spelt(self.functions[name][0 if rows else 1])
        arguments = expr.args
        if name == "polygamma" and arguments[0] == 0:
            function = function.replace("polygamma", "digamma")
            arguments = arguments[1:]
        plain = _PLAIN_ORDERS.get(str(arguments[0])) if self.functions is _FUNCTIONS else None
        if name == "ive" and plain is not None:
            function = function.replace("_ive", self._spelt(plain))
            arguments = arguments[1:]
        inside = ", ".join(self.text(arg) for arg in arguments)
        return f"{function}({inside})" + ")" * function.count("("), _ATOM

    def _piecewise(self, expr: sp.Piecewise) -> tuple[str, int]:
        if expr.args[-1][1] != sp.true:
            raise SymmleError(f"{expr} is not defined everywhere; give `where` a last alternative")
        text = self.text(expr.args[-1][0])
        for value, condition in reversed(expr.args[:-1]):
            if self._over_rows(expr):
                where = self._spelt("np.where")
                text = f"{where}({self.text(condition)}, {self.text(value)}, {text})"
            else:
                text = f"({self.text(value)} if {self.text(condition)} else {text})"
        return text, _ATOM if self._over_rows(expr) or text.startswith("(") else _CHOICE

    def _extreme(self, expr: sp.Expr) -> tuple[str, int]:
        least = isinstance(expr, sp.Min)
        parts = [self.text(arg) for arg in expr.args]
        if not self._over_rows(expr):
            return f"{'min' if least else 'max'}({', '.join(parts)})", _ATOM
        name = self._spelt("np.minimum" if least else "np.maximum")
        text = parts[0]
        for part in parts[1:]:
            text = f"{name}({text}, {part})"
        return text, _ATOM


def _refusal(expr: sp.Basic) -> SymmleError:
    name = getattr(expr.func, "__name__", str(expr))
    name = "zeta of a data column" if name == "zeta_slope" else name
    return SymmleError(
        f"{name}, as in {expr}, has no NumPy form here, so no module can be generated; "
        "write the density without it"
    )
