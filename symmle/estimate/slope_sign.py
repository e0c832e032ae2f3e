"""Whether a log-likelihood is monotone in one parameter, whatever the others and the data are."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

import mpmath
import sympy as sp

from symmle.domain import Datum, Domain, Variable
from symmle.errors import InputError
from symmle.estimate.isolate import isolate
from symmle.fraction import reduced_fraction
from symmle.known import Known
from symmle.model import Model
from symmle.sample_mean import log_by_sign, masked, mean
from symmle.tree_value import tree_value

_TRIALS = 60  # random points at which a sign is doubted that no rule decides
_DIGITS = 60


@dataclass(frozen=True, slots=True)
class Slope:
    """sign: 1, -1 or 0 (constant); known: by signs alone, or at random points."""

    sign: int
    known: Known


def slope_sign(
    model: Model,
    log_density: sp.Expr,
    symbol: sp.Symbol,
    coordinates: Mapping[sp.Symbol, sp.Expr],
) -> Slope | None:
    """The one sign of d/d symbol of the average log-likelihood, or None where it is not shown.

    log_density: in the coordinates.  Inside the support every row lies above its lower end and
    below its upper one, which enters as the sign of a new letter.  A slope without data whose
    sign no rule decides is looked at in random points; then the level is CHECKED.
    """
    slope = log_density.diff(symbol)
    if slope == 0:
        return Slope(0, Known.PROVED)
    inside = _inside(model, coordinates)
    for form in (mean(slope.xreplace(inside)), slope.xreplace(inside)):
        sign = _sign(form)
        if sign:
            return Slope(sign, Known.PROVED)
    if any(isinstance(each, Datum) for each in slope.free_symbols):
        return None
    seen = _sign_at_points(model, slope.xreplace(inside))
    return Slope(seen, Known.CHECKED) if seen else None


def _inside(model: Model, coordinates: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    """Letters of known sign for what the support keeps apart: rows and ends, end and end."""
    here = dict(coordinates)
    found: dict[sp.Symbol, sp.Expr] = {}
    for variable in model.data:
        where = variable.domain.at(here)
        lower, upper = where.lower, where.upper
        if lower.free_symbols and lower.is_finite is not False:
            above = Datum(f"{variable.name}_above", nonnegative=True)
            found[variable.symbol] = lower + above
        elif upper.free_symbols and upper.is_finite is not False:
            below = Datum(f"{variable.name}_below", nonnegative=True)
            found[variable.symbol] = upper - below
        if lower.is_finite is not False and upper.is_finite is not False:
            found |= _apart(lower, upper)
    return found


def _apart(lower: sp.Expr, upper: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """{a symbol of the upper end: itself by the lower end and a positive width}."""
    for symbol in sorted(upper.free_symbols - lower.free_symbols, key=str):
        width = sp.Dummy("width", positive=True)
        variable = Variable(symbol, Domain("real", -sp.oo, sp.oo))
        solution = isolate(upper - lower - width, variable)
        if solution is not None:
            return {symbol: solution.value}
    return {}


def _sign(slope: sp.Expr) -> int:
    """1 or -1 where the assumptions of symbols decide, 0 where they do not."""
    letters, _ = masked(slope.replace(sp.log, log_by_sign))
    for form in (letters, sp.factor_terms(reduced_fraction(sp.expand_mul(letters)))):
        if form.is_positive:
            return 1
        if form.is_negative:
            return -1
    return 0


def _sign_at_points(model: Model, slope: sp.Expr) -> int:
    """The sign at random points, if it is the same at all of them and never in doubt."""
    source = random.Random(7)
    domains = {v.symbol: v.domain for v in model.parameters}
    signs = set()
    with mpmath.workdps(_DIGITS):
        for _ in range(_TRIALS):
            point = {
                s: _drawn(s, domains.get(s), source) for s in sorted(slope.free_symbols, key=str)
            }
            try:
                value = tree_value(slope, point)
            except (InputError, ArithmeticError, ValueError):
                return 0
            if mpmath.im(value) != 0 or not abs(value) > mpmath.mpf(10) ** (10 - _DIGITS):
                return 0
            signs.add(int(mpmath.sign(value)))
    return signs.pop() if len(signs) == 1 else 0


def _drawn(symbol: sp.Symbol, where: Domain | None, source: random.Random) -> mpmath.mpf:
    """A number that the symbol may be, of a size between e**-2 and e**2."""
    size = mpmath.exp(mpmath.mpf(source.uniform(-2, 2)))
    if where is not None and where.lower.is_number and where.lower.is_finite:
        lower = mpmath.mpf(sp.N(where.lower, _DIGITS))
        if where.upper.is_number and where.upper.is_finite:
            upper = mpmath.mpf(sp.N(where.upper, _DIGITS))
            return lower + (upper - lower) * size / (1 + size)
        return lower + size
    return size if symbol.is_positive else mpmath.mpf(source.choice((-1, 1))) * size
