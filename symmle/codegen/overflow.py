"""Powers and exponentials under a mean, taken relative to their largest.

mean(B**k*T) is M**k*mean(exp(k*l)*T) with M = largest(B) and l = log(B/M) <= 0: no power overflows,
and where means are divided by one another M cancels.  Likewise mean(exp(w*x)*T) with the gaps
x - M, from the mean where w may have either sign.  What else depends on B or x in the same
expression is written by l or the gaps too, so that an offset of the data cancels in the formula
and not in the arithmetic.
Source: Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions,
IMA J. Numer. Anal. 41 (2021).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy as sp

from symmle.codegen.names import Names
from symmle.domain import Datum
from symmle.sample_mean import OverData, SampleMean, has_data, masked, nodes

log_ratio = sp.Function("log_ratio", real=True)  # log_ratio(B, M): log(B/M) to the last digit


class Largest(OverData):
    """largest(T): the maximum of T over the rows."""

    nargs = 1

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_positive else None

    def _sympystr(self, printer: sp.printing.StrPrinter) -> str:
        return f"largest({printer.doprint(self.args[0])})"


class Smallest(OverData):
    """smallest(T): the minimum of T over the rows."""

    nargs = 1

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_positive else None

    def _sympystr(self, printer: sp.printing.StrPrinter) -> str:
        return f"smallest({printer.doprint(self.args[0])})"


@dataclass(frozen=True, slots=True)
class _Relative:
    """A column B, its end or mean M, and the column that stands for log(B/M) or B - M."""

    base: sp.Expr
    end: sp.Expr
    column: Datum
    is_power: bool

    @property
    def value(self) -> sp.Expr:
        return log_ratio(self.base, self.end) if self.is_power else self.base - self.end

    def substitution(self) -> dict[sp.Expr, sp.Expr]:
        """What stands for the column where it is no power."""
        if self.is_power:
            return {sp.log(self.base): sp.log(self.end) + self.column}
        return {self.base: self.end + self.column}


def without_overflow(
    exprs: Sequence[sp.Expr], names: Names
) -> tuple[list[sp.Expr], dict[Datum, sp.Expr]]:
    """(equal expressions in relative columns, {column: what it is}); see the top of this file."""
    known: dict[sp.Expr, _Relative] = {}
    means = [node for node in nodes(exprs) if isinstance(node, SampleMean)]
    for node in means:
        for factor in sp.Mul.make_args(node.args[0]):
            _note(factor, known, names)
    if any(_grows_inside(node.args[0]) for node in means):
        return list(exprs), {}
    if not known:
        return list(exprs), {}
    new = [_rewritten(each, known) for each in exprs]
    return new, {each.column: each.value for each in known.values()}


def _note(factor: sp.Expr, known: dict[sp.Expr, _Relative], names: Names) -> None:
    """Record the column that a factor is a power or an exponential of."""
    base, weight, is_power = _growth(factor)
    if base is None or base in known:
        return
    end: sp.Expr = SampleMean(base)
    if weight.is_negative or weight.is_positive:
        end = Smallest(base) if weight.is_negative else Largest(base)
    column = Datum(names.fresh("log_ratio" if is_power else "gap"), real=True)
    known[base] = _Relative(base, end, column, is_power)


def _grows_inside(product: sp.Expr) -> bool:
    """Whether such a power or exponential stands in a sum or function: as in exp(x)/(1 + exp(x)).

    Those quotients are bounded already, and taken apart they would not be.
    """
    return any(
        _growth(part)[0] is not None
        for factor in sp.Mul.make_args(product)
        if _growth(factor)[0] is None
        for part in sp.preorder_traversal(factor)
        if part.is_Pow or isinstance(part, sp.exp)
    )


def _growth(factor: sp.Expr) -> tuple[sp.Expr | None, sp.Expr, bool]:
    """(B, k, True) for B**k, (x, w, False) for exp(w*x), with B, x of the data only; or None."""
    if isinstance(factor, sp.exp):
        columns = [symbol for symbol in factor.free_symbols if isinstance(symbol, Datum)]
        weight, base = factor.args[0].as_independent(*columns, as_Add=False)
        if weight.is_number:
            return None, weight, False
        return (base if base.free_symbols <= set(columns) else None), weight, False
    base, exponent = factor.as_base_exp()
    columns_only = all(isinstance(symbol, Datum) for symbol in base.free_symbols)
    moving = not exponent.is_number and not has_data(exponent)
    fits = moving and columns_only and bool(base.free_symbols) and base.is_positive
    return (base if fits else None), exponent, True


def _rewritten(expr: sp.Expr, known: dict[sp.Expr, _Relative]) -> sp.Expr:
    done = {node: _relative(node, known) for node in nodes([expr]) if isinstance(node, SampleMean)}
    if all(node == new for node, new in done.items()):
        return expr
    letters, back = masked(expr.xreplace(done))
    split = letters.replace(  # (M**k*m)**(1/k) is M*m**(1/k), for positive M
        lambda e: e.is_Pow and e.base.is_Mul and not e.exp.is_Integer, sp.expand_power_base
    )
    return sp.expand_mul(sp.expand_log(split)).xreplace(back)


def _relative(node: SampleMean, known: dict[sp.Expr, _Relative]) -> sp.Expr:
    outside, inside = sp.S.One, sp.S.One
    elsewhere = _joined(each.substitution() for each in known.values())
    for factor in sp.Mul.make_args(node.args[0]):
        base, weight, is_power = _growth(factor)
        if base is None:
            inside *= factor.xreplace(elsewhere)
            continue
        each = known[base]
        outside *= each.end**weight if is_power else sp.exp(weight * each.end)
        inside *= sp.exp(weight * each.column)
    return outside * SampleMean(sp.expand_mul(inside))


def _joined(parts: Iterable[dict[sp.Expr, sp.Expr]]) -> dict[sp.Expr, sp.Expr]:
    return {old: new for part in parts for old, new in part.items()}
