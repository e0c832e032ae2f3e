"""Integrals and sums over a density at numbers: the fallback of `expectation`, and a check.

Continuous variables are integrated by tanh-sinh between points placed where the density has
its mass; whole-number variables are summed until the tail no longer counts.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise

import mpmath
import sympy as sp

from symmle.budget import bounded
from symmle.domain import Domain
from symmle.errors import BudgetError, InputError
from symmle.model import Model
from symmle.precise import Point, compiled
from symmle.straight_line import steps
from symmle.trial import points

Function = Callable[..., mpmath.mpf]

_SECONDS = 3.0
_NO_MASS = -100_000  # log-density: below it mpmath's exp takes a second, and the answer is zero
_MOST_TERMS = 20_000  # of a sum over whole numbers
_RULE_DIGITS = 25
_RULE_DEGREES = (4, 5, 6, 7)  # of a rule, tried until it has mass one
_RIGHT = 1e-13
_TAIL = 4  # how far the exp-sinh rule runs: to exp(42) widths
_TINY = 1e-20  # mass that is left out of a rule
_DOUBLING = (250, 500, 1000)  # distances from the first term at which a tail is looked at


def integrate_against(
    model: Model, integrands: Sequence[sp.Expr], point: Point, digits: int = 15
) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    """[(integral of g times the density, error estimate)] for each g, one data column only.

    point: a number for each parameter.  Raises InputError for several data columns.
    """
    if len(model.data) != 1:
        raise InputError(f"{model.name} has several data columns; integrals take one at a time")
    variable = model.data[0]
    where = variable.domain.at({s: sp.Float(v, digits + 10) for s, v in point.items()})
    symbols = [variable.symbol, *point]
    constants = tuple(point.values())
    density = compiled(sp.exp(model.log_density), symbols)
    functions = [compiled(each, symbols) for each in integrands]
    with mpmath.workdps(digits + 10):
        if where.integer:
            return _sum(where, density, functions, constants, digits)
        kinks = [compiled(each, symbols) for each in _turning(model)]
        height = _real(model.log_density, symbols)
        together = _together(integrands, variable.symbol, point)
        return _integrate(where, height, functions, together, constants, kinks)


def masses_at(model: Model, point: Point) -> tuple[list[mpmath.mpf], list[mpmath.mpf]]:
    """(places, masses) so that sums over them are integrals against the density, to about 1e-12.

    A discrete law is itself; a continuous one is the tanh-sinh rule over its breakpoints.  What
    has less than 1e-20 of the mass is left out.  Whether the rule is good enough for a use is for
    the caller to see: the masses are as computed, and add up to one as far as the rule is right.
    Raises InputError for several data columns.
    """
    if len(model.data) != 1:
        raise InputError(f"{model.name} has several data columns; integrals take one at a time")
    variable = model.data[0]
    with mpmath.workdps(_RULE_DIGITS):
        where = variable.domain.at({s: sp.Float(v, _RULE_DIGITS) for s, v in point.items()})
        symbols, constants = [variable.symbol, *point], tuple(point.values())
        if where.integer:
            density = compiled(sp.exp(model.log_density), symbols)
            found = _whole_numbers(where, lambda k: mpmath.re(density(k, *constants)))
        else:
            height = _real(model.log_density, symbols)
            found = _rule(where.once(), lambda x: height(x, *constants))
        kept = [(x, mass) for x, mass in found if mass > _TINY]
        return [x for x, _ in kept], [mass for _, mass in kept]


def _whole_numbers(where: Domain, mass: Function) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    first = int(where.lower) + (not where.lower_closed) if where.lower.is_finite else None
    last = int(where.upper) - (not where.upper_closed) if where.upper.is_finite else None
    mode = _mode(mass, first, last)
    found = []
    for direction in (-1, 1):
        end = first if direction < 0 else last
        for beyond in range(direction > 0, _MOST_TERMS):
            k = mode + direction * beyond
            if end is not None and direction * (k - end) > 0:
                break
            found.append((mpmath.mpf(k), mass(k)))
            if found[-1][1] < _TINY and beyond > 60:
                break
    return found


def _rule(where: Domain, height: Function) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    """Tanh-sinh between the breakpoints, exp-sinh beyond them, where a tail may be heavy.

    Source: H. Takahasi & M. Mori, Double exponential formulas for numerical integration,
    Publ. RIMS 9 (1974) 721.
    """
    points = _breakpoints(where, height)
    if len(points) < 4:
        return []
    for degree in _RULE_DEGREES:
        found = []
        for x, weight in _nodes(points, degree):
            top = height(x)
            found.append((x, weight * mpmath.exp(top) if top > _NO_MASS else mpmath.mpf(0)))
        if abs(mpmath.fsum(mass for _, mass in found) - 1) < _RIGHT:
            break
    return found


def _nodes(points: Sequence[mpmath.mpf], degree: int) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    nodes = mpmath.calculus.quadrature.TanhSinh(mpmath.mp)
    finite = [x for x in points if mpmath.isfinite(x)]
    step = mpmath.mpf(2) ** -degree
    found = [
        (x, weight * step)
        for low, high in pairwise(finite)
        for each in range(1, degree + 1)  # each gives the nodes that the last had not
        for x, weight in nodes.get_nodes(low, high, each, mpmath.mp.prec)
    ]
    for end, inner in ((points[0], finite[:2]), (points[-1], finite[:-3:-1])):
        if mpmath.isinf(end):
            found += _tail(inner[0], inner[0] - inner[1], step)
    return found


def _tail(
    edge: mpmath.mpf, width: mpmath.mpf, step: mpmath.mpf
) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    """The exp-sinh rule from an edge to infinity; width: of the first part of it, with its sign."""
    found = []
    for k in range(int(-_TAIL / step), int(_TAIL / step) + 1):
        t = k * step
        away = width * mpmath.exp(mpmath.pi / 2 * mpmath.sinh(t))
        found.append((edge + away, step * abs(away) * mpmath.pi / 2 * mpmath.cosh(t)))
    return found


def _together(
    integrands: Sequence[sp.Expr], symbol: sp.Symbol, point: Point
) -> Callable[[mpmath.mpf], list[mpmath.mpf] | None]:
    """The integrands at a place, what they share worked out once; None where one has no value."""
    try:
        inside = steps(integrands, [symbol])
    except InputError:  # a function that only mpmath knows by its name
        return lambda _: None

    def values(x: mpmath.mpf) -> list[mpmath.mpf] | None:
        try:
            (found,) = inside.over([(x,)], point)
        except (ArithmeticError, ValueError):
            return None
        return [mpmath.re(value) for value in found]

    return values


def _real(log_density: sp.Expr, symbols: Sequence[sp.Symbol]) -> Function:
    """The log-density as a function, minus infinity where it is not real: no support there."""
    function = sp.lambdify(list(symbols), log_density, "mpmath", cse=False)

    def height(*values: mpmath.mpf) -> mpmath.mpf:
        found = function(*values)
        return mpmath.re(found) if mpmath.im(found) == 0 else -mpmath.inf

    return height


def integrates_to_one(model: Model) -> bool | None:
    """Whether the density's total mass is one at two points, to six digits.

    None where that cannot be found: several data columns, a tail too heavy to be summed, or
    more than a few seconds of work.
    """
    if len(model.data) != 1:
        return None
    try:
        return bounded(_SECONDS, lambda: _has_mass_one(model))
    except BudgetError:
        return None


def _has_mass_one(model: Model) -> bool | None:
    for point in points(model):
        mass, error = integrate_against(model, [sp.S.One], point, digits=8)[0]
        if error > mpmath.mpf("1e-7"):
            return None
        if abs(mass - 1) > mpmath.mpf("1e-6"):
            return False
    return True


def _sum(
    where: Domain,
    density: Function,
    functions: Sequence[Function],
    constants: tuple[mpmath.mpf, ...],
    digits: int,
) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    """Sum outwards until what comes adds nothing; all of it between a finite end and the mode."""
    ends = [int(end) if end.is_finite else None for end in (where.lower, where.upper)]
    first = None if ends[0] is None else ends[0] + (0 if where.lower_closed else 1)
    last = None if ends[1] is None else ends[1] - (0 if where.upper_closed else 1)
    mode = _mode(lambda k: density(k, *constants), first, last)
    tiny = mpmath.mpf(10) ** -(digits + 3)

    def terms(k: int) -> list[mpmath.mpf]:
        mass = density(k, *constants)
        return [mass, *(mass * function(k, *constants) for function in functions)]

    if first is not None:
        return _one_way(
            terms,
            range(first, mode + _MOST_TERMS if last is None else last + 1),
            mode,
            tiny,
            last is not None,
        )
    down = _one_way(terms, range(mode, mode - _MOST_TERMS, -1), mode, tiny, False)
    upper = mode + _MOST_TERMS if last is None else last + 1
    up = _one_way(terms, range(mode + 1, upper), mode, tiny, last is not None)
    return [(a + b, e + f) for (a, e), (b, f) in zip(down, up, strict=True)]


def _mode(mass: Function, first: int | None, last: int | None) -> int:
    """The whole number of largest mass that is found by doubling from an end, and halving."""

    def inside(k: int) -> bool:
        return (first is None or k >= first) and (last is None or k <= last)

    origin = 0 if inside(0) else first if first is not None else last or 0
    sizes = (side * 2**j for side in (-1, 1) for j in range(_MOST_TERMS.bit_length()))
    best: int = max((k for k in (origin, *(origin + s for s in sizes)) if inside(k)), key=mass)
    step = abs(best - origin) // 2
    while step:
        higher = max((k for k in (best - step, best, best + step) if inside(k)), key=mass)
        best, step = higher, step // 2 if higher == best else step
    return best


def _one_way(
    terms: Callable[[int], Sequence[mpmath.mpf]],
    numbers: range,
    mode: int,
    tiny: mpmath.mpf,
    ends: bool,
) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    """[(sum, error estimate)] of all but the first of the terms, which is the mass.

    ends: whether the numbers are all there are.
    """
    totals: list[mpmath.mpf] = []
    tail: list[mpmath.mpf] = []
    quiet = 0
    masses = {}  # at doubling distances, to see a tail that will not end in time
    for k in numbers:
        mass, *values = terms(k)
        totals = [s + v for s, v in zip(totals, values, strict=True)] if totals else values
        tail = [abs(value) for value in values]
        beyond = (k - mode) * numbers.step
        if beyond in _DOUBLING:
            masses[beyond] = mass
            if not ends and _has_heavy_tail(masses, tiny):
                return [(s, mpmath.inf) for s in totals]
        small = all(t <= tiny * (1 + abs(s)) for t, s in zip(tail, totals, strict=True))
        quiet = quiet + 1 if small else 0
        if quiet > 40 and mass < tiny and beyond > 60 and not _rises(terms, k, numbers, mass):
            break
    else:  # every term of a finite sum, or too few of an infinite one
        tail = [mpmath.mpf(0) if ends else mpmath.inf] * len(totals)
    return [(s, 40 * t) for s, t in zip(totals, tail, strict=True)]


def _rises(
    terms: Callable[[int], Sequence[mpmath.mpf]], k: int, numbers: range, mass: mpmath.mpf
) -> bool:
    """Whether there is more mass at some doubling distance ahead: another mode."""
    ahead = (k + numbers.step * 2**j for j in range(_MOST_TERMS.bit_length()))
    return any(terms(each)[0] > mass for each in ahead if each in numbers)


def _has_heavy_tail(masses: dict[int, mpmath.mpf], tiny: mpmath.mpf) -> bool:
    """Whether the masses fall no faster than a power that is not tiny after the last term."""
    if len(masses) < len(_DOUBLING):
        return False
    near, middle, far = (masses[k] for k in _DOUBLING)
    if near == 0 or middle == 0 or 10 * far / middle < 9 * middle / near:
        return False
    doublings = mpmath.log(mpmath.mpf(_MOST_TERMS) / _DOUBLING[-1], 2)
    return bool(far * (far / middle) ** doublings > tiny)


def _integrate(
    where: Domain,
    log_density: Function,
    functions: Sequence[Function],
    together: Callable[[mpmath.mpf], list[mpmath.mpf] | None],
    constants: tuple[mpmath.mpf, ...],
    kinks: Sequence[Function] = (),
) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    where = where.once()
    if not where.lower < where.upper:
        return [(mpmath.mpf(0), mpmath.inf)] * len(functions)
    points = _breakpoints(where, lambda x: log_density(x, *constants))
    if not points:
        return [(mpmath.mpf(0), mpmath.inf)] * len(functions)
    lower, *_, upper = points
    inner = [x for kink in kinks for x in _roots(lambda x, k=kink: k(x, *constants), where)]
    points = sorted({*points, *(x for x in inner if lower < x < upper)})

    @cache  # every integrand is asked for at the same nodes
    def density(x: mpmath.mpf) -> mpmath.mpf:
        height = log_density(x, *constants)
        return mpmath.mpf(0) if height < _NO_MASS else mpmath.exp(height)

    @cache
    def values(x: mpmath.mpf) -> list[mpmath.mpf] | None:
        return together(x) if density(x) else None

    def product(x: mpmath.mpf, i: int) -> mpmath.mpf:
        found = values(x)
        if found is None:
            return _product(functions[i], density(x), x, constants)
        return density(x) * found[i]

    return [mpmath.quad(partial(product, i=i), points, error=True) for i in range(len(functions))]


def _product(
    function: Function, density: mpmath.mpf, x: mpmath.mpf, constants: tuple[mpmath.mpf, ...]
) -> mpmath.mpf:
    """g times the density; where that is zero, g need have no value."""
    return density * function(x, *constants) if density else density


def _turning(model: Model) -> list[sp.Expr]:
    """What is zero where the density has a kink in the data: a rule must not run over it."""
    found = (each.args[0] for each in model.log_density.atoms(sp.Abs))
    return [each for each in found if each.has(model.data[0].symbol)]


def _roots(function: Function, where: Domain) -> list[mpmath.mpf]:
    """Where a function changes its sign between the points of a grid."""
    grid = _grid(*(_number(end) for end in (where.lower, where.upper)))
    values = [function(x) for x in grid]
    return [
        mpmath.findroot(function, (low, high), solver="illinois", verify=False)
        for low, high, before, after in zip(grid, grid[1:], values, values[1:], strict=False)
        if before * after < 0
    ]


def _breakpoints(where: Domain, height: Function) -> list[mpmath.mpf]:
    """The ends of the support and points between that bracket the mass; [] where none is seen."""
    lower, upper = (_number(end) for end in (where.lower, where.upper))
    grid = [x for x in _grid(lower, upper) if _finite(height, x)]
    if not grid:
        return []
    for _ in range(6):  # zoom in on the highest point
        best = max(range(len(grid)), key=lambda i: height(grid[i]))
        left, right = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        between = (left + (right - left) * mpmath.mpf(j) / 8 for j in range(1, 8))
        grid = sorted({*grid, *(x for x in between if _finite(height, x))})
    top = max(height(x) for x in grid)
    massive = [x for x in grid if height(x) > top - 40 and lower < x < upper]
    if not massive:
        return []
    keep = massive[:: max(1, len(massive) // 8)]
    return [lower, *sorted({*keep, massive[-1]}), upper]


def _grid(lower: mpmath.mpf, upper: mpmath.mpf) -> list[mpmath.mpf]:
    steps = [mpmath.mpf(10) ** (mpmath.mpf(j) / 2) for j in range(-20, 21)]
    if mpmath.isinf(lower) and mpmath.isinf(upper):
        return sorted([-s for s in steps] + [mpmath.mpf(0)] + steps)
    if mpmath.isinf(upper):
        return [lower + s for s in steps]
    if mpmath.isinf(lower):
        return [upper - s for s in reversed(steps)]
    return [lower + (upper - lower) * mpmath.mpf(j) / 64 for j in range(1, 64)]


def _number(end: sp.Expr) -> mpmath.mpf:
    if end.is_infinite:
        return mpmath.inf if end == sp.oo else -mpmath.inf
    return mpmath.mpf(sp.N(end, mpmath.mp.dps))


def _finite(height: Function, x: mpmath.mpf) -> bool:
    return bool(mpmath.isfinite(height(x)))
