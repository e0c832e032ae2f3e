"""Whether a density is a scale family or a location family, found by linear algebra.

Multiply the data by c and each parameter by c**e: the log-density changes by a constant exactly
if x*f_x + sum(e*theta*f_theta) does not depend on the point.  That is linear in the exponents e,
so a few random points at many digits determine them; likewise for shifts.  A scale family can be
fitted in any unit, and the answer carried back exactly.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp

from symmle.domain import Domain
from symmle.model import Model
from symmle.precise import compiled
from symmle.real_slope import real_slope

_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Invariance:
    """How the parameters move with the data, in the parameters' order.

    scale: exponent of the unit for each parameter; None when the model is no scale family.
    shift: 1 where a parameter moves along with a shift of the data; None likewise.
    columns: the same for each data column shifted alone; None for a column that no shift leaves.
    """

    scale: tuple[int, ...] | None
    shift: tuple[int, ...] | None
    columns: tuple[tuple[int, ...] | None, ...] = ()


def invariance(model: Model) -> Invariance:
    """Find them for continuous data; for several columns only what each shifted alone does."""
    if any(variable.domain.integer for variable in model.data):
        return Invariance(None, None)
    if len(model.data) != 1:
        return Invariance(None, None, _columns(model))
    x, where = model.data[0].symbol, model.data[0].domain
    slopes = [real_slope(model.log_density, symbol) for symbol in (x, *model.symbols)]
    if any(slope.atoms(sp.Derivative, sp.Subs, sp.DiracDelta) for slope in slopes):
        return Invariance(None, None)
    symbols = [x, *model.symbols]
    domains = [where, *(parameter.domain for parameter in model.parameters)]
    with mpmath.workdps(_DIGITS):
        points = _points(domains, 3 * len(symbols) + 4)
        functions = [compiled(slope, symbols) for slope in slopes]
        try:
            rows = [[function(*point) for function in functions] for point in points]
        except (ZeroDivisionError, ValueError):
            return Invariance(None, None)
        scaled = [
            [*(t * s for t, s in zip(point[1:], row[1:], strict=True)), mpmath.mpf(1)]
            for point, row in zip(points, rows, strict=True)
        ]
        products = [-p[0] * r[0] for p, r in zip(points, rows, strict=True)]
        scale = _whole(scaled, products, len(model.symbols))
        shift = _whole([r[1:] for r in rows], [-r[0] for r in rows], len(model.symbols))
    if scale is not None and not all(
        _scales(domain) for domain, e in zip(domains, (1, *scale), strict=True) if e
    ):
        scale = None
    shift = _if_open(shift, where, model)
    return Invariance(scale, shift, (shift,))


def _columns(model: Model) -> tuple[tuple[int, ...] | None, ...]:
    """How the parameters move with a shift of each column of several."""
    variables = [*model.data, *model.parameters]
    slopes = [model.log_density.diff(variable.symbol) for variable in variables]
    if any(slope.atoms(sp.Derivative, sp.Subs, sp.DiracDelta) for slope in slopes):
        return ()
    symbols, count = [variable.symbol for variable in variables], len(model.data)
    with mpmath.workdps(_DIGITS):
        points = _points([variable.domain for variable in variables], 3 * len(symbols) + 4)
        functions = [compiled(slope, symbols) for slope in slopes]
        try:
            rows = [[function(*point) for function in functions] for point in points]
        except (ZeroDivisionError, ValueError):
            return ()
        found = [
            _whole([row[count:] for row in rows], [-row[j] for row in rows], len(model.symbols))
            for j in range(count)
        ]
    return tuple(
        _if_open(shift, variable.domain, model)
        for shift, variable in zip(found, model.data, strict=True)
    )


def _if_open(shift: tuple[int, ...] | None, where: Domain, model: Model) -> tuple[int, ...] | None:
    """A shift, if all that it moves has the whole line to move on."""
    domains = (where, *(parameter.domain for parameter in model.parameters))
    fits = shift is not None and all(
        domain.lower == -sp.oo and domain.upper == sp.oo
        for domain, moves in zip(domains, (1, *shift), strict=True)
        if moves
    )
    return shift if fits else None


def _scales(domain: Domain) -> bool:
    """Whether an interval is mapped to itself by multiplication."""
    return all(end in (0, sp.oo, -sp.oo) for end in (domain.lower, domain.upper))


def _points(domains: Sequence[Domain], count: int) -> list[list[mpmath.mpf]]:
    """Random points of the domains, always the same ones."""
    source = random.Random(20)
    return [[_inner(domain, source.random) for domain in domains] for _ in range(count)]


def _inner(domain: Domain, uniform: Callable[[], float]) -> mpmath.mpf:
    share = mpmath.mpf(uniform())
    low, high = domain.lower, domain.upper
    if not (low.is_number and high.is_number):
        return share
    if low.is_finite and high.is_finite:
        return _number(low) * (1 - share) + _number(high) * share
    if low.is_finite:
        return _number(low) + 3 * share
    if high.is_finite:
        return _number(high) - 3 * share
    return 4 * share - 2


def _number(end: sp.Expr) -> mpmath.mpf:
    return mpmath.mpf(sp.N(end, _DIGITS))


def _whole(
    matrix: list[list[mpmath.mpf]], right: list[mpmath.mpf], count: int
) -> tuple[int, ...] | None:
    """The first `count` unknowns of an overdetermined system, where they are small integers."""
    try:
        solution = mpmath.lu_solve(mpmath.matrix(matrix), mpmath.matrix(right))
    except (ZeroDivisionError, ValueError):
        return None  # the equations do not determine the exponents
    left_over = mpmath.norm(mpmath.matrix(matrix) * solution - mpmath.matrix(right))
    small = mpmath.mpf(10) ** (-_DIGITS // 2)
    if not left_over < small:
        return None
    wanted = list(solution)[:count]
    nearest = [round(float(value)) for value in wanted]
    if any(abs(v - n) > small or abs(n) > 4 for v, n in zip(wanted, nearest, strict=True)):
        return None
    return tuple(nearest)
