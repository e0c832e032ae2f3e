"""Solve one equation for one parameter, where that has exactly one solution in its domain.

What is handled is what can be undone in closed form: a power, a logarithm, an exponential; a
quadratic whose signs leave one root; a line plus an exponential (`lambert`); a sine and a cosine
(`angle`).  No general solver is called.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symmle.domain import Variable
from symmle.estimate.angle import peak_on_circle
from symmle.estimate.lambert import root_by_lambert
from symmle.fraction import reduced_fraction
from symmle.sample_mean import masked, tidy


@dataclass(frozen=True, slots=True)
class Solution:
    """The value of a variable, and what must be positive for it to solve the equation.

    complete: whether the equation is known not to vanish identically in the variable.
    opposite: whether the angle half a turn away solves it too, and none other does unless it
    vanishes identically.
    """

    value: sp.Expr
    positive: tuple[sp.Expr, ...] = ()
    complete: bool = True
    opposite: bool = False


def isolate(equation: sp.Expr, variable: Variable, owns: bool = False) -> Solution | None:
    """The one value of the variable in its domain at which the equation holds, or None.

    Handles c0 + c1*r(v) = 0 for r a power, a log or an exponential of a multiple of v, and a
    quadratic in a power when signs decide that just one root lies in the domain; a line plus an
    exponential likewise.
    owns: whether the equation is the slope of the likelihood in this variable, up to a positive
    factor.  Then of an angle's two roots the one that is no maximum is left out.
    """
    symbol = variable.symbol
    letters, back = masked(equation)
    if any(symbol in node.free_symbols for node in back.values()):
        return None
    coefficients = _by_shape(letters, symbol)
    if coefficients is None:
        return _by_transcendental(letters, variable, back, owns)
    shapes = [shape for shape in coefficients if shape != 1]
    positive = bool(symbol.is_positive)
    needed: tuple[sp.Expr, ...] = ()
    complete = True
    if len(shapes) == 1:
        ratio = -coefficients.get(sp.S.One, sp.S.Zero) / coefficients[shapes[0]]
        complete = any(sp.factor_terms(each).is_zero is False for each in coefficients.values())
        value = _inverse(shapes[0], symbol, reduced_fraction(ratio), positive)
        is_power = shapes[0].as_base_exp()[0] == symbol and shapes[0].as_base_exp()[1] not in (
            1,
            -1,
        )
        needed = (ratio.xreplace(back),) if is_power and not ratio.is_positive else ()
    else:
        value = _positive_root(coefficients, shapes, symbol) if positive else None
    if value is None:
        return _by_transcendental(letters, variable, back, owns)
    if value.has(sp.zoo, sp.nan, sp.I):
        return None
    value = value.xreplace(back)
    return Solution(tidy(value) if value.is_Add else value, needed, complete)


def _by_transcendental(
    letters: sp.Expr, variable: Variable, back: Mapping[sp.Symbol, sp.Expr], owns: bool
) -> Solution | None:
    if not owns and letters.has(sp.sin, sp.cos):
        return None
    peak = peak_on_circle(letters, variable) if owns else None
    if peak is not None:  # the other stationary point, half a turn away, is not kept
        return Solution(peak.xreplace(dict(back)), (), False, True)
    root = root_by_lambert(letters, variable)
    if root is None:
        return None
    needed = tuple(each.xreplace(dict(back)) for each in root.positive)
    return Solution(root.value.xreplace(dict(back)), needed)


def _by_shape(equation: sp.Expr, symbol: sp.Symbol) -> dict[sp.Expr, sp.Expr] | None:
    """{how the symbol enters: coefficient}, divided by one shape so that 1 is among them."""
    sums_below = any(
        power.base.is_Add and symbol in power.base.free_symbols for power in equation.atoms(sp.Pow)
    )
    if sums_below:
        equation = sp.fraction(reduced_fraction(equation))[0]
    gathered: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(equation, power_base=False, power_exp=False, log=True)):
        coefficient, shape = term.as_independent(symbol, as_Add=False)
        gathered[shape] = gathered.get(shape, sp.S.Zero) + coefficient
    gathered = {shape: sp.expand_mul(each) for shape, each in gathered.items()}
    gathered = {shape: each for shape, each in gathered.items() if each != 0}
    if len(gathered) < 2 or len(gathered) > 3:
        return None
    unit = max(gathered, key=lambda shape: _rank(shape, symbol))
    return {sp.powsimp(shape / unit): each for shape, each in gathered.items()}


def _rank(shape: sp.Expr, symbol: sp.Symbol) -> tuple[bool, sp.Rational]:
    """Divide by the highest pure power of the symbol, never by a log or a symbolic power."""
    base, exponent = shape.as_base_exp()
    pure = shape == 1 or (base == symbol and exponent.is_Rational)
    return pure, exponent if pure and shape != 1 else sp.S.Zero


def _inverse(shape: sp.Expr, symbol: sp.Symbol, ratio: sp.Expr, positive: bool) -> sp.Expr | None:
    """Solve shape(symbol) = ratio for the symbol where that has one solution in the domain."""
    if shape == sp.log(symbol):
        return sp.exp(ratio)
    if isinstance(shape, sp.exp):
        slope = shape.args[0].diff(symbol)
        if symbol in slope.free_symbols or shape.args[0].coeff(symbol, 0) != 0:
            return None
        return sp.expand_log(sp.log(ratio)) / slope
    base, exponent = shape.as_base_exp()
    if base != symbol or symbol in exponent.free_symbols:
        return None
    if exponent.could_extract_minus_sign():
        ratio, exponent = reduced_fraction(1 / ratio), -exponent
    if exponent.is_Integer and (abs(exponent) == 1):
        return reduced_fraction(ratio**exponent)
    if positive or (exponent.is_Integer and exponent.is_odd and ratio.is_nonnegative):
        return sp.powdenest(ratio ** (1 / exponent))
    return None


def _positive_root(
    coefficients: Mapping[sp.Expr, sp.Expr], shapes: list[sp.Expr], symbol: sp.Symbol
) -> sp.Expr | None:
    """The positive root of a*t**2 + b*t + c with t a power of the symbol and a*c < 0."""
    first, second = shapes if shapes[1] == shapes[0] ** 2 else reversed(shapes)
    base, exponent = first.as_base_exp()
    if second != first**2 or base != symbol or sp.S.One not in coefficients:
        return None
    a, b, c = (coefficients[key] for key in (second, first, sp.S.One))
    if not (a * c).is_negative:
        return None
    root = sp.sqrt(sp.expand_mul(b**2 - 4 * a * c))
    t = 2 * c / (-b - root) if (a.is_positive) else 2 * c / (-b + root)
    return t ** (1 / exponent)
