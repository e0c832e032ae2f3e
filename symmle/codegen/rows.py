"""Passes over the rows in forms that neither overflow nor depend on the unit of the data.

`in_ratios` writes passes in (x - location)/scale where the density does; `over_counts` and
`with_log_gaps` turn differences that cancel into sums that do not.
"""

from collections.abc import Sequence

import sympy as sp

from symmle.codegen.names import Names, slug
from symmle.domain import Datum
from symmle.model import Model
from symmle.sample_mean import OverData, SampleCovariance, SampleMean, has_data, nodes


class Tails(OverData):
    """tails(x): the shares of the rows with x > 0, x > 1, ..., for counts x."""

    nargs = 1

    def _sympystr(self, printer: sp.printing.StrPrinter) -> str:
        return f"tails({printer.doprint(self.args[0])})"


class LogGap(OverData):
    """log_gap(T): log(mean(T)) - mean(log(T)) for T > 0, computed without the difference."""

    nargs = 1

    def _eval_is_positive(self) -> bool | None:
        return True

    def _sympystr(self, printer: sp.printing.StrPrinter) -> str:
        return f"log_gap({printer.doprint(self.args[0])})"


rise = sp.Function("rise", real=True)  # rise(order, a, tails): see `over_counts`


def over_counts(expr: sp.Expr, model: Model) -> sp.Expr:
    """mean(f(x + a)) - f(a) for counts x as a sum over the tails of x.

    f is loggamma (order -1) or polygamma(order, .): by the recurrences f rises by log(a + j) or
    by +-order!/(a + j)**(order + 1) at each step, so nothing is subtracted.  Source: DLMF 5.5.1,
    5.15.5; for the negative binomial, Fisher (1941), The negative binomial distribution.
    """
    counts = {
        variable.symbol
        for variable in model.data
        if variable.domain.integer and variable.domain.lower == 0
    }
    if not expr.args or isinstance(expr, OverData) or not counts:
        return expr
    expr = expr.func(*(over_counts(arg, model) for arg in expr.args))
    if not expr.is_Add:
        return expr
    for term in expr.args:
        number, node = term.as_independent(SampleMean, as_Add=False)
        call = node.args[0] if isinstance(node, SampleMean) else node
        if not isinstance(call, sp.loggamma | sp.polygamma):
            continue
        column = call.args[-1].free_symbols & counts
        shift = call.args[-1] - sp.Add(*column)
        base = call.func(*call.args[:-1], shift)
        if len(column) == 1 and not has_data(shift) and -number * base in expr.args:
            order = sp.S.NegativeOne if isinstance(call, sp.loggamma) else call.args[0]
            risen = number * rise(order, shift, Tails(*column))
            return over_counts(expr - term + number * base + risen, model)
    return expr


def as_means(expr: sp.Expr, theta: set[sp.Symbol]) -> sp.Expr:
    """Covariances that the parameters move as means over the rows, which a pass can take.

    mean(A*B) - mean(A)*mean(B) cancels where the spread is small beside the mean; those that
    depend on the data alone stay, and are taken about the mean.
    """
    moving = [
        node
        for node in nodes([expr])
        if isinstance(node, SampleCovariance) and node.free_symbols & theta
    ]
    return expr.xreplace(
        {
            node: SampleMean(node.args[0] * node.args[1])
            - SampleMean(node.args[0]) * SampleMean(node.args[1])
            for node in moving
        }
    )


def with_log_gaps(expr: sp.Expr) -> sp.Expr:
    """log(mean(T)) - mean(log(T)) as one statistic: the difference cancels for alike T."""
    if not expr.args or isinstance(expr, OverData):
        return expr
    expr = expr.func(*(with_log_gaps(arg) for arg in expr.args))
    if not expr.is_Add:
        return expr
    for term in expr.args:
        number, node = term.as_coeff_Mul()
        if isinstance(node, sp.log) and isinstance(node.args[0], SampleMean):
            inside = node.args[0].args[0]
            partner = -number * SampleMean(sp.log(inside))
            if inside.is_positive and partner in expr.args:
                return with_log_gaps(expr - term - partner + number * LogGap(inside))
    return expr


def in_ratios(
    exprs: Sequence[sp.Expr], model: Model, names: Names
) -> tuple[list[sp.Expr], dict[Datum, sp.Expr]]:
    """(the expressions with passes in ratios u = A/scale, {u: A/scale}).

    Only for ratios that the log-density itself contains; names: the scope the u are added to.
    """
    theta = set(model.symbols)
    passes = [node for node in nodes(exprs) if node.free_symbols & theta]
    ratios: dict[Datum, sp.Expr] = {}
    done: dict[sp.Expr, sp.Expr] = {}
    found = _ratios(model.log_density, theta) if passes else {}
    for top, bottom in found.items():
        wish = slug(top / bottom) if top.is_Symbol else "z"
        ratios[Datum(names.fresh(wish or "z"), real=True, positive=top.is_positive)] = top / bottom
    inside = {
        found_top: bottom * u for (found_top, bottom), u in zip(found.items(), ratios, strict=True)
    }
    ordered = sorted(inside, key=lambda top: -top.count_ops())
    for node in passes:
        new = node.args[0]
        for top in ordered:
            if inside[top].free_symbols & theta <= node.free_symbols:
                new = new.xreplace({top: inside[top]})
        done[node] = SampleMean(new)
    return [each.xreplace(done) for each in exprs], ratios


def _ratios(log_density: sp.Expr, theta: set[sp.Symbol]) -> dict[sp.Expr, sp.Symbol]:
    """{A: scale} for each A/scale in the density, A with data and the scale a positive symbol."""
    found: dict[sp.Expr, sp.Symbol] = {}
    for product in sp.preorder_traversal(log_density):
        if not product.is_Mul:
            continue
        parts = [factor.as_base_exp() for factor in product.args]
        for top, power in parts:
            for bottom, other in parts:
                if (
                    has_data(top)
                    and (top.is_Add or isinstance(top, Datum))
                    and bottom in theta
                    and bottom.is_positive
                    and bottom not in top.free_symbols
                    and power == -other
                ):
                    found.setdefault(top, bottom)
    return found
