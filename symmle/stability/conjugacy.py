"""Maps of one variable that are a known map in another coordinate.

* x' = a x**2 + b x + c is z' = z**2 + k in z = a x + b/2, k = a c + b/2 - b**2/4, and so the
  logistic map with r = 1 + sqrt((b - 1)**2 - 4 a c), or r = b where c = 0, which is the same;
* x' = x exp(p - q x) is Ricker's map with r = p in z = q x/p, and x' = x + P + Q exp(B x) is it
  with r = B P in z = -Q/P exp(B x);
* x' = a x**3 + b x**2 + c x + d is r z -+ z**3 where it is odd about its centre -b/(3 a).

What is known of these maps is then known of the map at hand.  Sources: R. L. Devaney, An
Introduction to Chaotic Dynamical Systems (1989), 1.7; R. M. May and G. F. Oster, American
Naturalist 110 (1976) 573; T. D. Rogers and D. C. Whitley, Mathematical Modelling 4 (1983) 9.
"""

from dataclasses import dataclass, replace

import sympy as sp

from symmle.budget import bounded
from symmle.errors import BudgetError

_SECONDS = 1.0
_LONG = 200  # operations of a map, beyond which it is none of these
Threshold = tuple[sp.Expr, str]
_ENDLESS = "period doubling without end"


@dataclass(frozen=True, slots=True)
class Conjugacy:
    """A known map z' = image(z), with its parameter.

    variable, parameter: the letters in `image`, none of which the map at hand has; value: what
    the parameter is.  coordinate: z in the variable.
    thresholds: values of the parameter at which the map changes, and what happens there.
    """

    name: str
    image: sp.Expr
    variable: sp.Symbol
    parameter: sp.Symbol
    value: sp.Expr
    coordinate: sp.Expr
    thresholds: tuple[Threshold, ...]


_R, _Z = sp.Symbol("r"), sp.Symbol("z")
_QUADRATIC: tuple[Threshold, ...] = (
    (sp.Integer(1), "0 gives way to 1 - 1/{r}, which attracts"),
    (sp.Integer(3), "a 2-cycle takes over"),
    (1 + sp.sqrt(6), "a 4-cycle takes over"),
    (sp.Float("3.569946"), _ENDLESS),
    (1 + 2 * sp.sqrt(2), "a 3-cycle is born"),
    (sp.Integer(4), "beyond it almost every start escapes"),
)
_RICKER: tuple[Threshold, ...] = (
    (sp.Integer(2), "a 2-cycle takes over from {z} = 1"),
    (sp.Float("2.5265"), "a 4-cycle takes over"),
    (sp.Float("2.6924"), _ENDLESS),
)
_FALLING: tuple[Threshold, ...] = (
    (sp.Integer(1), "0 gives way to a pair of points, which attract"),
    (sp.Integer(2), "a pair of 2-cycles takes over"),
    (sp.sqrt(5), "a pair of 4-cycles takes over"),
    (sp.Integer(3), "beyond it almost every start escapes"),
)


def conjugacy(image: sp.Expr, variable: sp.Symbol) -> Conjugacy | None:
    """The known map that x' = image(x) is in another coordinate; None where it is none of them."""
    if image.count_ops() > _LONG or variable not in image.free_symbols:
        return None
    try:
        found = bounded(_SECONDS, lambda: _conjugacy(image, variable))
    except BudgetError:
        return None
    taken = {each.name for each in image.free_symbols}
    if found is not None and found.value.is_Symbol:
        taken -= {str(found.value)}  # it is r itself
    return found and _in_free_letters(found, taken)


def _in_free_letters(found: Conjugacy, taken: set[str]) -> Conjugacy:
    """The same, so that r is not said to be r + 1 of another r."""
    z = next(sp.Symbol(name) for name in ("z", "w", "u", "z_") if name not in taken)
    r = next(sp.Symbol(name) for name in ("r", "R", "rho", "r_") if name not in taken)
    words = {"r": r.name, "z": z.name}
    return replace(
        found,
        image=found.image.xreplace({_R: r, _Z: z}),
        parameter=r,
        variable=z,
        thresholds=tuple((at, what.format(**words)) for at, what in found.thresholds),
    )


def _conjugacy(image: sp.Expr, x: sp.Symbol) -> Conjugacy | None:
    expanded = sp.expand(image)
    if expanded.is_polynomial(x):
        coefficients = sp.Poly(expanded, x).all_coeffs()
        if len(coefficients) == 3:
            a, b, c = coefficients
            return _quadratic(a, b, c, x)
        if len(coefficients) != 4:
            return None
        a, b, c, d = coefficients
        return _cubic(a, b, c, d, x)
    return _product(image, x) or _sum(expanded, x)


def _quadratic(a: sp.Expr, b: sp.Expr, c: sp.Expr, x: sp.Symbol) -> Conjugacy | None:
    if c == 0 and b != 0:
        value, coordinate = sp.factor_terms(b), -a * x / b
    else:
        square = sp.expand((b - 1) ** 2 - 4 * a * c)
        if square.is_negative:
            return None  # no fixed point: to the left of the fold
        value = 1 + sp.sqrt(square)
        # r z (1 - z) is w**2 + k in w = r (1/2 - z), and here w = a x + b/2
        coordinate = sp.factor_terms(sp.Rational(1, 2) - (a * x + b / 2) / value)
    return Conjugacy("the logistic map", _R * _Z * (1 - _Z), _Z, _R, value, coordinate, _QUADRATIC)


def _cubic(a: sp.Expr, b: sp.Expr, c: sp.Expr, d: sp.Expr, x: sp.Symbol) -> Conjugacy | None:
    centre = -b / (3 * a)
    there = a * centre**3 + b * centre**2 + c * centre + d
    if sp.expand(there - centre) != 0:
        return None
    value = sp.factor_terms(sp.expand(c - b**2 / (3 * a)))
    if a.is_negative:
        z, image, known = sp.sqrt(-a) * (x - centre), _R * _Z - _Z**3, _FALLING
    elif a.is_positive:
        z, image, known = sp.sqrt(a) * (x - centre), _R * _Z + _Z**3, ()
    else:
        return None
    return Conjugacy("the cubic map", image, _Z, _R, value, z, known)


def _product(image: sp.Expr, x: sp.Symbol) -> Conjugacy | None:
    """x exp(p - q x)."""
    share = sp.powsimp(sp.expand(image / x))
    logarithm = sp.expand(sp.expand_log(sp.log(share), force=True))
    if not logarithm.is_polynomial(x):
        return None
    terms = sp.Poly(logarithm, x).all_coeffs()
    if len(terms) != 2:
        return None
    slope, start = terms
    return _ricker(start, -slope * x / start)


def _sum(expanded: sp.Expr, x: sp.Symbol) -> Conjugacy | None:
    """x + P + Q exp(B x)."""
    constant, rest = sp.expand(expanded - x).as_independent(x, as_Add=True)
    if constant == 0 or rest == 0:
        return None
    rate = sp.cancel(rest.diff(x) / rest)
    if rate.free_symbols & {x}:
        return None
    return _ricker(sp.expand(rate * constant), sp.powsimp(-rest / constant))


def _ricker(value: sp.Expr, coordinate: sp.Expr) -> Conjugacy | None:
    if value == 0:
        return None
    image = _Z * sp.exp(_R * (1 - _Z))
    return Conjugacy("Ricker's map", image, _Z, _R, value, sp.factor_terms(coordinate), _RICKER)
