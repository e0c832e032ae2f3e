"""Prove an estimate: exactly one stationary point lies in a box, and it is a maximum.

Krawczyk's operator on the score over the data rows, in ball arithmetic: with c the middle of a
box X, Y an approximate inverse of the Hessian and K(X) = c - Y score(c) + (1 - Y H(X)) (X - c),
K(X) inside X proves that X holds exactly one zero of the score, and that it lies in K(X)
(R. Krawczyk, Computing 4, 1969; A. Neumaier, Interval Methods for Systems of Equations, 1990,
chapter 5).  The exact doubles of the data are used, so nothing of the search is trusted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp
from flint import arb, arb_mat, ctx

from symmle.balls import ball
from symmle.derive import Derivation
from symmle.domain import Domain
from symmle.enclosed import Balls, Counts, Enclosed, Rows, enclosed, exactly
from symmle.errors import InputError

_PRECISION = 192
_NEWTON_STEPS = 8
_WIDTHS = (-100, -80, -64, -52)  # of the box, as powers of two beside scale and place
_MOST_OPERATIONS = 3_000_000  # rows times operations: about a second


@dataclass(frozen=True, slots=True)
class Certificate:
    """A proof that one stationary point, and no other, lies within `radius` of `centre`.

    centre: at 50 digits; radius: absolute, rounded up.
    maximum: whether minus the Hessian is proved positive definite on the whole box.
    curvature: 1 or -1 where the Hessian is proved positive or negative definite there, 0 where it
    is proved to have both signs, None where this was not decided.
    """

    centre: Mapping[sp.Symbol, mpmath.mpf]
    radius: Mapping[sp.Symbol, float]
    maximum: bool
    curvature: int | None

    def error_of(self, symbol: sp.Symbol, value: float) -> float:
        """A bound on the distance of a double from the stationary point."""
        distance = abs(mpmath.mpf(value) - self.centre[symbol])
        return float(distance) * (1 + 2.0**-50) + self.radius[symbol]


def certify(
    derivation: Derivation, rows: Rows, counts: Counts, theta: Mapping[sp.Symbol, float]
) -> Certificate | None:
    """Prove a stationary point of the likelihood next to theta; None where no proof was found.

    rows, counts: the distinct rows and what each weighs, exactly.  theta: a number for each
    parameter, close enough for Newton's method.
    None says nothing of theta: a function without an enclosure, too many rows, a kink within the
    box, or a singular Hessian.
    """
    size = len(derivation.score.parameters)
    try:
        laid = laid_out(derivation, rows, counts, _PRECISION)
    except InputError:
        return None
    if len(laid.steps) * len(counts) > _MOST_OPERATIONS:
        return None
    with ctx.workprec(_PRECISION):
        start = [arb(float(theta[s])) for s in laid.symbols]
        found = _newton(laid, start, size)
        if found is None:
            return None
        centre, inverse, unit = found
        for power in _WIDTHS:
            width = arb(2) ** power
            box = [
                c + arb(0, (width * (abs(c) + u)).upper())
                for c, u in zip(centre, unit, strict=True)
            ]
            image, hessian = krawczyk(laid, centre, box, inverse)
            if not all(inside(k, x) for k, x in zip(image, box, strict=True)):
                continue
            if not within_domains(derivation, box):
                return None
            definite = curvature(hessian)
            return _certificate(laid.symbols, image, definite)
    return None


def laid_out(derivation: Derivation, rows: Rows, counts: Counts, precision: int) -> Enclosed:
    """The score, then the Hessian row by row, ready for balls in the parameters."""
    score = derivation.score
    return enclosed([*score.gradient, *score.hessian], score.parameters, rows, counts, precision)


def inside(inner: arb, outer: arb) -> bool:
    """Whether one ball lies in the interior of another; never for what is not finite."""
    if not inner.is_finite():
        return False
    return bool(inner.upper() < outer.upper() and inner.lower() > outer.lower())


def krawczyk(
    laid: Enclosed, centre: Balls, box: Balls, inverse: arb_mat
) -> tuple[list[arb], arb_mat]:
    """(K(box), H(box)); not finite where the score or its slope is not, somewhere in the box."""
    return image_of(laid.at(centre), laid.at(box), centre, box, inverse)


def image_of(
    here: Balls, wide: Balls, centre: Balls, box: Balls, inverse: arb_mat
) -> tuple[list[arb], arb_mat]:
    """The same from the score and the Hessian `here`, at the centre, and `wide`, over the box."""
    size = len(box)
    slopes = arb_mat(size, 1, here[:size])
    # A score with a jump in the box is not finite there, though its slope between jumps is.
    if not all(each.is_finite() for each in wide):
        return [arb.nan()] * size, arb_mat(size, size, [arb.nan()] * size**2)
    hessian = arb_mat(size, size, wide[size:])
    one = arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
    away = arb_mat(size, 1, [x - c for x, c in zip(box, centre, strict=True)])
    moved = arb_mat(size, 1, list(centre)) - inverse * slopes + (one - inverse * hessian) * away
    return [moved[i, 0] for i in range(size)], hessian


def middle_inverse(hessian: arb_mat) -> arb_mat | None:
    """The inverse of the middle of a matrix, its own middle; None for a singular one."""
    size = hessian.nrows()
    try:
        found = hessian.mid().inv()
    except ZeroDivisionError:
        return None
    finite = all(found[i, j].is_finite() for i in range(size) for j in range(size))
    return found.mid() if finite else None


def curvature(matrix: arb_mat) -> int | None:
    """1, -1 or 0 for a symmetric matrix proved positive, negative definite or indefinite.

    By elimination without exchanges: the signs of the pivots are those of the form (Sylvester's
    law of inertia).  None where a pivot has no certain sign.
    """
    size = matrix.nrows()
    entry = [[matrix[i, j] for j in range(size)] for i in range(size)]
    signs: set[int] = set()
    for k in range(size):
        pivot = entry[k][k]
        if not (pivot > 0 or pivot < 0):
            return None
        signs.add(1 if pivot > 0 else -1)
        for i in range(k + 1, size):
            factor = entry[i][k] / pivot
            for j in range(k + 1, size):
                entry[i][j] = entry[i][j] - factor * entry[k][j]
    return signs.pop() if len(signs) == 1 else 0


def within_domains(derivation: Derivation, box: Balls) -> bool:
    """Whether every point of the box lies in the interior of the parameters' domains."""
    values = dict(zip(derivation.score.parameters, box, strict=True))
    domains: list[tuple[arb, Domain]] = [
        (values[parameter.symbol], parameter.domain) for parameter in derivation.model.parameters
    ]
    for value, domain in domains:
        lower, upper = domain.lower, domain.upper
        if lower != -sp.oo and not value > ball(lower, values):
            return False
        if upper != sp.oo and not value < ball(upper, values):
            return False
    return True


def _newton(
    laid: Enclosed, point: list[arb], size: int
) -> tuple[list[arb], arb_mat, list[arb]] | None:
    """(place, approximate inverse Hessian there, scale of each parameter); proves nothing."""
    for _ in range(_NEWTON_STEPS):
        values = laid.at(point)
        if not all(each.is_finite() for each in values):
            return None
        inverse = middle_inverse(arb_mat(size, size, values[size:]))
        if inverse is None:
            return None
        step = inverse * arb_mat(size, 1, [each.mid() for each in values[:size]])
        unit = [abs(inverse[i, i]).sqrt().mid() for i in range(size)]
        point = [(point[i] - step[i, 0]).mid() for i in range(size)]
        small = arb(2) ** (20 - laid.precision)
        if all(abs(step[i, 0]) < small * (abs(point[i]) + unit[i]) for i in range(size)):
            return point, inverse, unit
    return None


def _certificate(symbols: Sequence[sp.Symbol], image: Balls, definite: int | None) -> Certificate:
    centre, radius = {}, {}
    for symbol, place in zip(symbols, image, strict=True):
        with mpmath.workdps(50):
            middle = as_mpf(place)
        centre[symbol] = middle
        radius[symbol] = _rounded_up(abs(place - arb(exactly(middle))).upper())
    return Certificate(centre, radius, definite == -1, definite)


def as_mpf(place: arb) -> mpmath.mpf:
    """The middle of a ball, rounded to mpmath's working precision."""
    fraction = place.mid().fmpq()
    return mpmath.mpf(int(fraction.p)) / int(fraction.q)


def _rounded_up(bound: arb) -> float:
    return float(bound) * (1 + 2.0**-40) + 5e-324
