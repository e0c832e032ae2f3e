"""Maxima on a kink of the log-density: where the absolute deviations are summed.

If a parameter m enters the average log-likelihood through -c*mean(Abs(T - h(m))) alone, with c > 0
and h monotone, then whatever the other parameters are, h(m) = median(T) maximises, and so does
every value between the two middle ones.  What is left is smooth in the others.
Source: Koenker, Quantile Regression (2005), section 1.3.
"""

from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp

from symmle.derive import Derivation
from symmle.domain import Variable
from symmle.estimate.isolate import isolate
from symmle.estimate.records import Estimator, Kind
from symmle.estimate.remaining import remaining
from symmle.known import Known
from symmle.order_statistics import Median, MedianHigh, MedianLow
from symmle.sample_mean import SampleMean, has_data, masked, nodes


@dataclass(frozen=True, slots=True)
class Deviation:
    """A parameter that enters through mean(Abs(T - h)) only: T has the data, h the parameter."""

    parameter: Variable
    node: SampleMean
    data: sp.Expr
    shift: sp.Expr

    def at(self, middle: sp.Expr) -> sp.Expr | None:
        """The parameter at which h is a middle value of T."""
        solution = isolate(self.shift - middle, self.parameter)
        return None if solution is None else solution.value


def median_estimate(derivation: Derivation) -> Estimator | None:
    """The estimate of a density with one such parameter; None for any other kinks."""
    model, average = derivation.model, derivation.average_log_likelihood
    found = [d for v in model.parameters if (d := _deviation(average, v)) is not None]
    if len(found) != 1 or any(v.domain.integer for v in model.parameters):
        return None
    deviation = found[0]
    symbol = deviation.parameter.symbol
    middle = sp.Dummy("middle", real=True)
    value = deviation.at(middle)
    places = (deviation.at(kind(deviation.data)) for kind in (MedianLow, MedianHigh))
    ends = [each for each in places if each is not None]
    if value is None or len(ends) < 2:
        return None
    turned = value.diff(middle).is_negative
    place = Median(deviation.data)
    spread = SampleMean(sp.Abs(deviation.data - middle))
    held = average.xreplace({deviation.node: spread})
    others = set(model.symbols) - {symbol}
    if _has_kinks(held, others):
        return None
    left = remaining(model, held, {symbol: value}, {middle: place}, [])
    if not left.values or left.runaway is not None or left.unknowns:
        return None
    low, high = (end.xreplace(left.values) for end in (reversed(ends) if turned else ends))
    loss = f"mean({sp.Abs(deviation.data - deviation.shift)})"
    road = f"the parameter {symbol} minimises {loss}, as a median does"
    if others and left.maximum is not Known.PROVED:
        road += "; in the other parameters the sign of H is decided at numbers only"
    hessian = derivation.score.hessian.applyfunc(lambda h: h.xreplace(left.values))
    return Estimator(
        Kind.CLOSED,
        MappingProxyType(left.values),
        (),
        None,
        left.exists,
        None,
        hessian,
        left.maximum,
        road,
        Known.PROVED,
        optima=MappingProxyType({symbol: (low, high)}),
    )


def _deviation(average: sp.Expr, parameter: Variable) -> Deviation | None:
    """How a parameter enters, if that is one mean absolute deviation with a negative weight."""
    symbol = parameter.symbol
    letters, back = masked(average)
    moved = [letter for letter, node in back.items() if symbol in node.free_symbols]
    if len(moved) != 1 or symbol in letters.free_symbols:
        return None
    node = back[moved[0]]
    weight = letters.diff(moved[0])
    inside = node.args[0]
    if not isinstance(node, SampleMean) or not isinstance(inside, sp.Abs):
        return None
    if moved[0] in weight.free_symbols or not weight.is_negative:
        return None
    terms = sp.Add.make_args(_without_minus(inside.args[0]))
    data = sp.Add(*(term for term in terms if symbol not in term.free_symbols))
    shift = -sp.Add(*(term for term in terms if symbol in term.free_symbols))
    if has_data(shift) or any(not _is_datum(s) for s in data.free_symbols):
        return None
    if data.could_extract_minus_sign():
        data, shift = -data, -shift
    rises = shift.diff(symbol)
    return (
        Deviation(parameter, node, data, shift) if rises.is_positive or rises.is_negative else None
    )


def _without_minus(expr: sp.Expr) -> sp.Expr:
    """Logs of products as sums; -1/(x - 1) is a product of one factor, 1/(1 - x)."""

    def split(call: sp.Expr) -> sp.Expr:
        factors = [factor.as_base_exp() for factor in sp.Mul.make_args(call.args[0])]
        minus = (sp.S.NegativeOne, sp.S.One)
        turned = next((f for f in factors if f[0].is_Add and f[1].is_odd), None)
        if minus in factors and turned is not None:
            factors.remove(minus)
            factors[factors.index(turned)] = (sp.expand(-turned[0]), turned[1])
        return sp.Add(*(exponent * sp.log(base) for base, exponent in factors))

    return sp.expand(expr.replace(lambda e: isinstance(e, sp.log), split))


def _is_datum(symbol: sp.Basic) -> bool:
    return has_data(symbol)


def _has_kinks(average: sp.Expr, others: set[sp.Symbol]) -> bool:
    """Whether a kink is left that the other parameters move."""
    kinks = average.atoms(sp.Abs, sp.sign, sp.Min, sp.Max, sp.floor, sp.Piecewise)
    return any(kink.free_symbols & others for kink in kinks) or not nodes([average])
