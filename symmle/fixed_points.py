"""The points at which nothing moves: zeros of a field inside the domains.

A named point is checked.  Otherwise the equations are solved: rational ones as polynomials, in
symbols too; others by isolating one variable after the other; and what neither does is searched
for at numbers, by Newton's method from many starts, which may miss points and says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import mpmath
import sympy as sp
from flint import fmpq

from symmle.balls import enclosed_roots, rational, sign
from symmle.budget import bounded
from symmle.domain import Variable
from symmle.errors import BudgetError, InputError
from symmle.estimate.elimination import back_substituted, eliminate
from symmle.estimate.isolate import isolate
from symmle.fraction import reduced_fraction
from symmle.known import Known
from symmle.polynomial_system import real_roots, real_solutions
from symmle.problem import Problem
from symmle.tree_value import tree_value

_SECONDS = 8.0  # for a system of polynomials
_DIGITS = 40
_WINDOW = 1000  # of one equation without a closed form: from minus this to this
_STARTS = (-30, -10, -4, -2, -1, "-0.4", "-0.1", "0.01", "0.1", "0.4", 1, 2, 4, 10, 30)
_MOST_STARTS = 400
_NEWTON_STEPS = 60
_ALMOST = sp.Float("1e-25")  # a determinant below it, beside its terms, may be zero


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """A zero of the field.

    known: how it is known to be one; UNKNOWN where its digits do not tell the Jacobian there from
    a singular one, so that nothing is to be said of it.
    """

    values: Mapping[sp.Symbol, sp.Expr]
    known: Known


@dataclass(frozen=True, slots=True)
class FixedPoints:
    """All that were found; `complete` where it is known that there is no other isolated one."""

    points: tuple[FixedPoint, ...]
    complete: bool
    road: str

    @property
    def none(self) -> str:
        """Why there are no points, to stand behind a colon."""
        if self.complete:
            return f"{self.road}, and none lies in the domains"
        return self.road


def fixed_points(problem: Problem) -> FixedPoints:
    """The fixed point that a problem names, or those that are found.

    Raises InputError where the named point is none.
    """
    if problem.at is not None:
        return FixedPoints((_named(problem, dict(problem.at)),), False, "as named")
    equations = [sp.together(each) for each in problem.field.gradient]
    if all(sp.expand(each) == 0 for each in equations):
        return FixedPoints((), False, "nothing moves at any point; name one with --at")
    try:
        found = bounded(_SECONDS, lambda: _of_polynomials(problem, equations))
    except BudgetError:
        found = None
    if found is not None:
        return FixedPoints(found, True, "every solution of the polynomial equations")
    if len(problem.variables) == 1:
        values = _of_factors(problem.variables[0], equations[0])
        if values is not None:
            (symbol,) = problem.symbols
            places = ({symbol: value} for value in values)
            points = tuple(FixedPoint(place, _level(place)) for place in places)
            return FixedPoints(points, True, "every factor of the equation solved")
    left = eliminate(
        dict(zip(problem.symbols, problem.field.gradient, strict=True)), problem.variables
    )
    if not left.unknowns and not left.positive:
        solved = back_substituted(left.solved)
        point = {symbol: solved[symbol] for symbol in problem.symbols}
        if _is_inside(problem.variables, point) is not False:
            return FixedPoints(
                (FixedPoint(point, Known.PROVED),), left.complete, "one variable after the other"
            )
    if problem.given:
        names = ", ".join(each.name for each in problem.given)
        return FixedPoints(
            (), False, f"no closed form was found; name the point in [at], or give {names} numbers"
        )
    if len(problem.variables) == 1:
        enclosed = _enclosed(problem)
        if enclosed is not None:
            return enclosed
    searched = tuple(_searched(problem))
    if not searched:
        none = "a search from many starts met none that is isolated; name one with --at"
        return FixedPoints((), False, none)
    return FixedPoints(searched, False, "found by a search from many starts; others may exist")


def _named(problem: Problem, point: dict[sp.Symbol, sp.Expr]) -> FixedPoint:
    left = {
        symbol: reduced_fraction(sp.together(move.xreplace(point)))
        for symbol, move in zip(problem.symbols, problem.field.gradient, strict=True)
    }
    moving = [symbol for symbol, move in left.items() if sp.expand(move) != 0]
    if not moving:
        return FixedPoint(point, Known.PROVED)
    numbers = all(move.is_number for move in left.values())
    if numbers and all(sign(left[symbol]) is None for symbol in moving):
        return FixedPoint(point, Known.CHECKED)  # zero to thousands of digits
    near = _newton(problem, point) if numbers else None
    scale = max(1, *(abs(sp.N(value, 20)) for value in point.values())) if numbers else sp.S.One
    if near is not None and all(abs(near[s] - sp.N(point[s], 30)) < 1e-6 * scale for s in point):
        return FixedPoint(near, Known.CHECKED)
    shown = sp.N(left[moving[0]], 6) if numbers else left[moving[0]]
    raise InputError(
        f"[at] names no fixed point of {problem.name}: there {moving[0]} still moves by {shown}; "
        "give a point at which nothing moves, or leave [at] out to have them found"
    )


def _of_polynomials(
    problem: Problem, equations: Sequence[sp.Expr]
) -> tuple[FixedPoint, ...] | None:
    """Every isolated solution of rational equations; None where they are not, or not isolated."""
    symbols = problem.symbols
    above, below = zip(*(sp.fraction(each) for each in equations), strict=True)
    if not all(each.is_polynomial(*symbols) for each in (*above, *below)):
        return None
    if any(each.has(sp.Float) for each in above):
        above = tuple(sp.nsimplify(each, rational=True) for each in above)
    solutions = _solved(above, symbols)
    if solutions is None:
        return None
    found = []
    for point in solutions:
        inside = _is_inside(problem.variables, point)
        regular = all(each.xreplace(point).is_zero is not True for each in below)
        if inside is not False and regular:
            level = Known.UNKNOWN if _is_lost(problem, point) else _level(point)
            found.append(FixedPoint(point, level))
    return tuple(found)


def _is_lost(problem: Problem, point: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether digits do not tell the Jacobian of the field from a singular one."""
    if not any(each.has(sp.Float) for each in point.values()):
        return False
    there = problem.field.hessian.xreplace(dict(point))
    rows = [sum(abs(entry) for entry in row) for row in there.tolist()]
    # Where all entries of a row vanish, what is left of them is small against the terms.
    terms = [
        max(abs(t.xreplace(dict(point))) for e in row for t in sp.Add.make_args(sp.expand(e)))
        for row in problem.field.hessian.tolist()
    ]
    size = sp.prod(max(row, term) for row, term in zip(rows, terms, strict=True))
    return bool(abs(there.det(method="berkowitz")) <= _ALMOST * size)


def _level(point: Mapping[sp.Symbol, sp.Expr]) -> Known:
    """Of a root that was isolated: exact, or to many digits."""
    return Known.CERTIFIED if any(each.has(sp.Float) for each in point.values()) else Known.PROVED


def _of_factors(variable: Variable, equation: sp.Expr) -> list[sp.Expr] | None:
    """The zeros of a product whose factors have one solution each, or are polynomials."""
    found: list[sp.Expr] = []
    for factor in sp.Mul.make_args(sp.factor_terms(sp.fraction(equation)[0])):
        if variable.symbol not in factor.free_symbols:
            continue
        if factor.is_polynomial(variable.symbol):
            roots = _real_roots(sp.Poly(factor, variable.symbol))
            if roots is None:
                return None
            found += roots
            continue
        solution = isolate(sp.expand_power_exp(sp.expand(factor)), variable)
        if solution is None or not solution.complete or solution.positive:
            return None
        found.append(solution.value)
    symbol = variable.symbol
    return [v for v in dict.fromkeys(found) if _is_inside((variable,), {symbol: v}) is not False]


def _solved(
    equations: Sequence[sp.Expr], symbols: Sequence[sp.Symbol]
) -> list[dict[sp.Symbol, sp.Expr]] | None:
    """Every solution that may be real; None where not all are found, or they are not isolated."""
    if not set().union(*(each.free_symbols for each in equations)) - set(symbols):
        found = real_solutions(equations, symbols)
        if found is not None:
            return found
    if len(symbols) == 1:
        (symbol,) = symbols
        roots = _real_roots(sp.Poly(equations[0], symbol))
        return None if roots is None else [{symbol: root} for root in roots]
    try:
        # Without `strict`, solutions that radicals do not give are left out without a word.
        solved = sp.solve_poly_system(equations, *symbols, strict=True)
    except (NotImplementedError, sp.polys.polyerrors.PolynomialError, ValueError):
        return None
    points = (dict(zip(symbols, map(sp.radsimp, each), strict=True)) for each in solved or ())
    return [p for p in points if all(value.is_real is not False for value in p.values())]


def _real_roots(polynomial: sp.Poly) -> list[sp.Expr] | None:
    """The roots that may be real; None where not all are found."""
    if polynomial.is_zero:
        return None
    if polynomial.domain.is_ZZ or polynomial.domain.is_QQ:
        return real_roots(polynomial)
    found = sp.roots(polynomial)
    if sum(found.values()) != polynomial.degree():
        return None
    return [root for root in found if root.is_real is not False]


def _is_inside(variables: Iterable[Variable], point: Mapping[sp.Symbol, sp.Expr]) -> bool | None:
    """Whether the point lies in the domains; None where symbols leave it open."""
    answers: list[None] = []
    for variable in variables:
        where, value = variable.domain.at(dict(point)), point[variable.symbol]
        if value.is_real is False:
            return False
        for gap, closed in (
            (value - where.lower, where.lower_closed),
            (where.upper - value, where.upper_closed),
        ):
            if gap.is_infinite:
                continue
            size = sign(gap) if gap.is_number else None
            if gap.is_number and size is None and gap.equals(0):
                size = 0
            if size is None:
                size = 1 if gap.is_positive else -1 if gap.is_negative else None
            if size is None:
                answers.append(None)
            elif size < 0 or (size == 0 and not closed):
                return False
    return None if None in answers else True


def _enclosed(problem: Problem) -> FixedPoints | None:
    """Every zero of one equation within a window, in balls; None where they do not tell."""
    (variable,) = problem.variables
    (move,) = problem.field.gradient
    ends = []
    for end, far in ((variable.domain.lower, -_WINDOW), (variable.domain.upper, _WINDOW)):
        ends.append(
            sp.Rational(max(-_WINDOW, min(_WINDOW, sp.nsimplify(end)))) if end.is_finite else far
        )
    try:
        lower, upper = (fmpq(int(end.p), int(end.q)) for end in map(sp.Rational, ends))
        roots = bounded(_SECONDS, lambda: enclosed_roots(move, variable.symbol, lower, upper))
    except (BudgetError, InputError, ZeroDivisionError):
        return None
    points = []
    for root in roots:
        middle = rational((root.lower + root.upper) / 2)
        near = _newton(problem, {variable.symbol: middle})
        if near is None or not root.single:
            return None
        if _is_inside(problem.variables, near) is not False:
            points.append(FixedPoint(near, Known.CERTIFIED))
    road = f"every zero between {ends[0]} and {ends[1]}, enclosed in balls"
    return FixedPoints(tuple(points), False, road)


def _searched(problem: Problem) -> list[FixedPoint]:
    """Zeros met by Newton's method from a grid of starts."""
    found: list[dict[sp.Symbol, sp.Expr]] = []
    for start in _grid(len(problem.symbols)):
        point = _newton(problem, dict(zip(problem.symbols, start, strict=True)))
        if point is None or _is_inside(problem.variables, point) is False:
            continue
        if not any(_same(point, other) for other in found):
            found.append(point)
    found.sort(key=lambda point: [float(value) for value in point.values()])
    return [FixedPoint(point, Known.CHECKED) for point in found]


def _same(point: Mapping[sp.Symbol, sp.Expr], other: Mapping[sp.Symbol, sp.Expr]) -> bool:
    return all(abs(point[s] - other[s]) <= sp.Float("1e-15") * (1 + abs(other[s])) for s in point)


def _grid(size: int) -> Iterable[tuple[sp.Expr, ...]]:
    values = [sp.Rational(str(each)) for each in _STARTS]
    if len(values) ** size <= _MOST_STARTS:
        return product(values, repeat=size)
    rows = (
        values[(7 * i + 3 * j * (i + 1)) % len(values)]
        for i in range(_MOST_STARTS)
        for j in range(size)
    )
    return zip(*[iter(rows)] * size, strict=True)


def _newton(
    problem: Problem, start: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr] | None:
    """A zero near a start, to 40 digits; None where Newton's method does not settle."""
    symbols, field = problem.symbols, problem.field
    with mpmath.workdps(_DIGITS + 10):
        place = [mpmath.mpf(sp.N(start[s], _DIGITS)) for s in symbols]
        for _ in range(_NEWTON_STEPS):
            here = dict(zip(symbols, place, strict=True))
            try:
                moves = mpmath.matrix([tree_value(each, here) for each in field.gradient])
                slopes = mpmath.matrix(
                    [[tree_value(each, here) for each in row] for row in field.hessian.tolist()]
                )
                step = mpmath.lu_solve(slopes, -moves)
            except (ArithmeticError, ValueError, TypeError, InputError):
                return None
            if any(mpmath.im(each) != 0 or not mpmath.isfinite(each) for each in step):
                return None
            place = [value + change for value, change in zip(place, step, strict=True)]
            size = max(1, *map(abs, place)) if len(place) > 1 else max(1, abs(place[0]))
            if max(map(abs, step)) < mpmath.mpf(10) ** -_DIGITS * size:
                return {s: sp.Float(v, _DIGITS) for s, v in zip(symbols, place, strict=True)}
    return None
