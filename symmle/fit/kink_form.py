"""The one kink of a log-density: where it lies, and what the density is on each side of it.

A kink is where the argument of an absolute value, a sign, a minimum or maximum of two, or a
condition of `where` passes zero.  One u(data, parameters) is looked for, of which every such
argument is a multiple of known sign, and which is affine in parameters: x - m, or y - a - c*x.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from symmle.errors import InputError
from symmle.model import Model
from symmle.sample_mean import has_data
from symmle.tree_value import tree_value
from symmle.trial import points, sample

_DIGITS = 60
_JUMP = 1e-9  # between two sides of a kink, 1e-60 apart
_UNBOUND = (sp.nan, sp.zoo, sp.oo, -sp.oo)


@dataclass(frozen=True, slots=True)
class KinkForm:
    """u = offset + sum(slopes * moving), zero on the kink.

    moving: parameters; offset, slopes: of the data only.  above, below: the log-density where u
    is positive and negative; on: where it is zero.
    """

    moving: tuple[sp.Symbol, ...]
    offset: sp.Expr
    slopes: tuple[sp.Expr, ...]
    above: sp.Expr
    below: sp.Expr
    on: sp.Expr


def kink_form(model: Model) -> KinkForm | None:
    """The kink of a density; None where it has several, or they are no planes in parameters."""
    density, theta = model.log_density, set(model.symbols)
    if density.atoms(sp.floor, sp.ceiling, sp.Mod):
        return None
    arguments = [each for each in _arguments(density) if each.free_symbols & theta]
    if not arguments or not all(has_data(each) for each in arguments):
        return None
    top, bottom = sp.fraction(sp.together(arguments[0]))
    u = top if bottom.is_positive else arguments[0]
    moving = tuple(s for s in model.symbols if s in u.free_symbols)
    signs = {each: sign for each in arguments if (sign := _sign(each, u)) is not None}
    if len(signs) < len(set(arguments)):
        return None
    polynomial = sp.Poly(u, *moving) if u.is_polynomial(*moving) else None
    if polynomial is None or polynomial.total_degree() != 1:
        return None
    slopes = tuple(polynomial.coeff_monomial(symbol) for symbol in moving)
    offset = polynomial.coeff_monomial(1)
    if any(each.free_symbols & theta for each in (offset, *slopes)):
        return None
    above, below = (_on_side(density, signs, side) for side in (1, -1))
    zero = sp.Dummy("zero", positive=True)
    on = above.xreplace({u: zero, -u: -zero}).xreplace({zero: sp.S.Zero})
    if any(each.has(*_UNBOUND) for each in (above, below, on)):
        return None
    found = KinkForm(moving, offset, slopes, above, below, on)
    return found if _is_continuous(model, found) else None


def _is_continuous(model: Model, form: KinkForm) -> bool:
    """Whether the two sides meet on the kink: at numbers, with the first parameter moved to it."""
    columns = sample(model)
    gap = form.above - form.below
    near = mpmath.mpf(10) ** -_DIGITS
    for point in points(model):
        for i in range(3):
            row = {symbol: column[i] for symbol, column in columns.items()}
            here = {**point, **row}
            try:
                with mpmath.workdps(2 * _DIGITS):
                    first, *rest = (tree_value(each, row) for each in form.slopes)
                    away = tree_value(form.offset, row)
                    away += sum(
                        (c * point[m] for c, m in zip(rest, form.moving[1:], strict=True)),
                        mpmath.mpf(0),
                    )
                    here[form.moving[0]] = (near - away) / first
                    jump = abs(tree_value(gap, here))
            except (ArithmeticError, ValueError, TypeError, InputError):
                continue  # outside the support there
            if jump > _JUMP:
                return False
    return True


def _arguments(density: sp.Expr) -> Iterator[sp.Expr]:
    """What passes zero at the kinks of a density."""
    for call in density.atoms(sp.Abs, sp.sign, sp.Heaviside):
        yield call.args[0]
    for call in density.atoms(sp.Min, sp.Max):
        yield call.args[0] - call.args[1] if len(call.args) == 2 else sp.nan
    for branches in density.atoms(sp.Piecewise):
        for _, condition in branches.args:
            for each in condition.atoms(Relational):
                yield each.lhs - each.rhs


def _sign(argument: sp.Expr, u: sp.Expr) -> int | None:
    """The sign of argument/u where that is the same everywhere."""
    ratio = sp.cancel(argument / u)
    if ratio.is_positive:
        return 1
    return -1 if ratio.is_negative else None


def _on_side(density: sp.Expr, signs: dict[sp.Expr, int], side: int) -> sp.Expr:
    """The density where u has the sign `side`, without kinks."""
    truths: dict[sp.Basic, sp.Basic] = {}
    for branches in density.atoms(sp.Piecewise):
        for _, condition in branches.args:
            for each in condition.atoms(Relational):
                sign = signs.get(each.lhs - each.rhs)
                if sign is not None:
                    truths[each] = each.func(sp.Integer(sign * side), 0)
    density = density.xreplace(truths)
    values: dict[sp.Basic, sp.Expr] = {}
    for call in density.atoms(sp.Abs, sp.sign, sp.Heaviside):
        sign = signs.get(call.args[0])
        if sign is not None:
            values[call] = _value(call, sign * side)
    for call in density.atoms(sp.Min, sp.Max):
        sign = signs.get(call.args[0] - call.args[1])
        if sign is not None:
            first = (sign * side > 0) == isinstance(call, sp.Max)
            values[call] = call.args[0 if first else 1]
    return density.xreplace(values)


def _value(call: sp.Expr, sign: int) -> sp.Expr:
    if isinstance(call, sp.Abs):
        return sign * call.args[0]
    return sp.Integer(sign) if isinstance(call, sp.sign) else sp.Integer((1 + sign) // 2)
