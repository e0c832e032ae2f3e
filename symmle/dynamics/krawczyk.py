"""A point of a cycle, proved to be there: Krawczyk's operator on the iterated map, in balls."""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
from flint import acb, acb_mat, arb, arb_mat, ctx

from symmle.balls import ball, ends, operation, to_float
from symmle.domain import Variable
from symmle.dynamics.cycles import Cycle
from symmle.dynamics.recurrence import Recurrence
from symmle.known import Known
from symmle.stability.polynomials import characteristic, is_schur, scaled
from symmle.stability.records import Verdict

_BITS = 256
_STEPS = 12
_NARROW = 150  # bits, to which Newton's method settles before a box is put around the point
_WIDE = 1 << 24  # a box is so many times as wide as the last step of Newton's method
_MARGIN = arb("1e-20")  # about the unit circle, within which a multiplier is called marginal

_ROUGH = arb("1e-3")  # relative, beyond which a first step of Newton's method leads elsewhere

Orbit = list[list[arb]]


def shared_ball(expr: sp.Expr, known: dict[sp.Expr, arb]) -> arb:
    """What `ball` gives; the values of subexpressions are added to `known`.

    Slopes share most of their parts with each other and with the map.
    """
    if expr in known:
        return known[expr]
    if not expr.args:
        return ball(expr)
    function, arguments = operation(expr)
    known[expr] = function(*(shared_ball(each, known) for each in arguments))
    return known[expr]


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A box that contains exactly one solution of F^p(x) = x, its images, and the slopes of F^p."""

    orbit: Orbit
    slopes: list[list[arb]]


class NotIsolated(ValueError):
    """A solution to many digits, that no proof sets apart from others."""


def enclosed(recurrence: Recurrence, period: int, start: Sequence[float]) -> Enclosed | None:
    """The solution near a start; None where Newton's method leads to none.

    Raises NotIsolated where it stands on one that is singular.

    Raises InputError where the map is made of something that has no enclosure.
    """
    with ctx.workprec(_BITS):
        place = [arb(value) for value in start]
        for _ in range(_STEPS):
            orbit, slopes = _iterated(recurrence, period, place)
            gap = [x - y for x, y in zip(orbit[-1], place, strict=True)]
            if not all(each.is_finite() for each in gap):
                return None
            solved = all(
                abs(each) < arb(2) ** -_NARROW * (1 + abs(x))
                for each, x in zip(gap, place, strict=True)
            )
            step = _corrected(slopes, gap)
            if step is None:
                if solved:
                    raise NotIsolated
                return None
            place = [(x - s).mid() for x, s in zip(place, step, strict=True)]
            size = max(abs(s.mid()) / (1 + abs(x)) for x, s in zip(place, step, strict=True))
            if not size < _ROUGH:
                return None
            if size < arb(2) ** -_NARROW:
                found = proved(recurrence, period, place, size)
                if found is None:
                    raise NotIsolated
                return found
            if solved:
                raise NotIsolated
    return None


def _corrected(slopes: list[list[arb]], gap: Sequence[arb]) -> list[arb] | None:
    """What Newton's method takes off."""
    inverse = _inverse(slopes)
    return None if inverse is None else _times(inverse, gap)


def _iterated(
    recurrence: Recurrence, period: int, place: Sequence[arb]
) -> tuple[Orbit, list[list[arb]]]:
    """(the points F(x), ..., F^p(x); the Jacobian of F^p)."""
    size = recurrence.size
    matrix = [[arb(int(i == j)) for j in range(size)] for i in range(size)]
    here, orbit = list(place), []
    for _ in range(period):
        here, matrix = recurrence.run_with_slopes(here, matrix, shared_ball)
        orbit.append(here)
    return orbit, matrix


def _inverse(slopes: list[list[arb]]) -> list[list[arb]] | None:
    """Of slopes - I, at the midpoints."""
    size = len(slopes)
    if not all(entry.is_finite() for row in slopes for entry in row):
        return None
    matrix = [
        [entry.mid() - int(i == j) for j, entry in enumerate(r)] for i, r in enumerate(slopes)
    ]
    try:
        found = arb_mat(matrix).inv()
    except ZeroDivisionError:
        return None
    rows = [[found[i, j].mid() for j in range(size)] for i in range(size)]
    return rows if all(entry.is_finite() for row in rows for entry in row) else None


def _times(matrix: list[list[arb]], vector: Sequence[arb]) -> list[arb]:
    return [sum((a * b for a, b in zip(row, vector, strict=True)), arb(0)) for row in matrix]


def proved(recurrence: Recurrence, period: int, place: list[arb], size: arb) -> Enclosed | None:
    """Krawczyk: m - C g(m) + (I - C g'(X)) (X - m) inside X proves one zero of g = F^p - id."""
    floor = arb(2) ** (-_NARROW - 50)
    radii = [(size * _WIDE * (1 + abs(x)) + floor).upper() for x in place]
    box = [arb(x, r) for x, r in zip(place, radii, strict=True)]
    orbit, slopes = _iterated(recurrence, period, box)
    inverse = _inverse(slopes)
    if inverse is None:
        return None
    count = len(place)
    middle, _ = _iterated(recurrence, period, place)
    gap = _times(inverse, [x - y for x, y in zip(middle[-1], place, strict=True)])
    for i in range(count):
        spread = arb(0)
        for j in range(count):
            entry = sum(
                (inverse[i][k] * (slopes[k][j] - int(k == j)) for k in range(count)), arb(0)
            )
            spread += (int(i == j) - entry) * arb(0, radii[j])
        image = place[i] - gap[i] + spread
        if not box[i].contains_interior(image):
            return None
    return Enclosed([box, *orbit[:-1]], slopes)


def has_least_period(found: Enclosed) -> bool:
    """Whether no earlier image can be the point itself."""
    period = len(found.orbit)
    earlier = [found.orbit[d] for d in range(1, period) if period % d == 0]
    with ctx.workprec(_BITS):
        return all(
            any(not x.overlaps(y) for x, y in zip(found.orbit[0], other, strict=True))
            for other in earlier
        )


def is_inside(variables: Sequence[Variable], orbit: Orbit) -> bool:
    """Whether every point certainly lies in the domains."""
    with ctx.workprec(_BITS):
        for point in orbit:
            for variable, value in zip(variables, point, strict=False):
                low, high = variable.domain.lower, variable.domain.upper
                if not low.is_infinite and not value > ball(low):
                    return False
                if not high.is_infinite and not value < ball(high):
                    return False
    return True


def cycle_of(recurrence: Recurrence, found: Enclosed) -> Cycle:
    """The cycle with its multipliers and verdict; certified, or marginal and then checked."""
    with ctx.workprec(_BITS):
        verdict, known = _verdict(found.slopes)
        points = tuple(
            {
                variable.symbol: to_float(*ends(value))[0]
                for variable, value in zip(recurrence.variables, point, strict=False)
            }
            for point in found.orbit
        )
        return Cycle(len(points), points, _multipliers(found.slopes), verdict, known)


def _verdict(slopes: list[list[arb]]) -> tuple[Verdict, Known]:
    coefficients = characteristic(slopes, lambda p, q: arb(p) / q)
    if is_schur(coefficients) is True:
        return Verdict.STABLE, Known.CERTIFIED
    if is_schur(scaled(coefficients, 1 + _MARGIN)) is False:
        return Verdict.UNSTABLE, Known.CERTIFIED
    if is_schur(scaled(coefficients, 1 + _MARGIN)) is True:
        return Verdict.MARGINAL, Known.CHECKED
    return Verdict.UNKNOWN, Known.CERTIFIED


def _multipliers(slopes: list[list[arb]]) -> tuple[sp.Expr, ...]:
    """Eigenvalues, the largest modulus first; real ones as floats."""
    if len(slopes) == 1:
        return (to_float(*ends(slopes[0][0]))[0],)
    matrix = acb_mat([[acb(entry) for entry in row] for row in slopes])
    try:
        values = list(matrix.eig(multiple=False))
    except ValueError:  # a double one, or not separated
        values = list(matrix.eig(algorithm="approx"))
    values.sort(key=lambda z: -float(abs(z).mid()))
    return tuple(_number(z) for z in values)


def _number(value: acb) -> sp.Expr:
    if value.imag == 0 or value.imag.contains(0) or abs(value.imag) < arb("1e-30"):
        return to_float(*ends(value.real))[0]
    return to_float(*ends(value.real))[0] + sp.I * to_float(*ends(value.imag))[0]
