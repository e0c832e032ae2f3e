"""Every stationary point of a density whose score comes down to one equation in one unknown.

The other parameters are solved for in closed form in it, so that no stationary point is lost.
A rational equation has all its zeros isolated exactly.  Else its zeros are enclosed from the
estimate outwards, as far as the time goes or until a rule shows that the equation keeps its sign
up to the end of the domain; each zero is then proved a stationary point in all parameters.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import sympy as sp
from flint import arb, ctx

from symmle.balls import ball
from symmle.derive import Derivation
from symmle.domain import Domain, Variable
from symmle.enclosed import Counts, Enclosed, Rows, enclosed
from symmle.errors import InputError
from symmle.estimate.elimination import back_substituted, one_equation
from symmle.fit.certify import Certificate, certify
from symmle.fit.highest import is_smooth_inside, profiles_are_maxima, rises_to_all
from symmle.fit.many_boxes import narrowed
from symmle.fit.near_end import clear_distance
from symmle.fit.rational_score import rational_roots
from symmle.fit.single_use import single_use
from symmle.fit.turns import once_round, turns, without_repeats
from symmle.fit.wide import Wide, wide
from symmle.fit.zeros_on_line import Zeros, zeros_on_line
from symmle.sample_mean import masked

_PRECISION = 128
_MOST_STEPS = 40  # outwards, each four times as far
_MOST_OPERATIONS = 500
_NARROW = 2.0**-24  # of the place, as the unit in which intervals are narrow


@dataclass(frozen=True, slots=True)
class OneUnknown:
    """found: the stationary points.  unknown: the one left.  low, high: where every one is listed.
    below, above: whether something of the domain is left there, of which nothing is known.
    doubtful: intervals of the unknown left undecided.  solved: the parameters that follow.
    exact: whether the equation was a rational function.
    highest: whether the highest point is proved to be the maximum over the whole domain."""

    found: tuple[Certificate, ...]
    unknown: sp.Symbol
    low: float
    high: float
    below: bool
    above: bool
    doubtful: tuple[tuple[float, float], ...]
    solved: tuple[sp.Symbol, ...]
    exact: bool
    highest: bool = False

    @property
    def whole(self) -> bool:
        return not self.doubtful and not self.below and not self.above

    @property
    def sentence(self) -> str:
        """What was proved, and what was not."""
        u, others = self.unknown, " and ".join(map(str, self.solved))
        how = f"{others} {'follow' if len(self.solved) > 1 else 'follows'} from {u}, and " * bool(
            others
        )
        where = " <= ".join(
            [f"{self.low:.6g}"] * self.below + [str(u)] + [f"{self.high:.6g}"] * self.above
        )
        if self.doubtful:
            count = len(self.doubtful)
            places = f"1 place of {u} stays" if count == 1 else f"{count} places of {u} stay"
            return (
                f"{how}the one equation left was searched over {where}; {places} undecided and "
                "may hold more points"
            )
        if self.whole:
            road = ", a rational function, are isolated exactly" if self.exact else " are enclosed"
            return (
                f"every stationary point in the whole domain is listed: {how}all zeros of the one "
                f"equation left in {u}{road}; any other point is proved absent"
            )
        sides = [f"below {u} = {self.low:.6g}"] * self.below
        sides += [f"above {u} = {self.high:.6g}"] * self.above
        return (
            f"every stationary point with {where} is listed: {how}all zeros there of the one "
            f"equation left are enclosed; nothing is claimed {' or '.join(sides)}"
        )


@dataclass(frozen=True, slots=True)
class _Problem:
    """The equation left, what it is in, and the values of the others."""

    derivation: Derivation
    rows: Rows
    counts: Counts
    unknown: Variable
    equation: sp.Expr
    values: Mapping[sp.Symbol, sp.Expr]


def in_one_unknown(
    derivation: Derivation,
    rows: Rows,
    counts: Counts,
    near: Mapping[sp.Symbol, float] | None,
    seconds: float,
) -> OneUnknown | None:
    """The stationary points; None where the score does not come down to one equation.

    near: a point to search from, best a stationary one.  seconds: of the processor, about.
    Also None where a function has no enclosure.
    """
    problem = _problem(derivation, rows, counts)
    if problem is None:
        return None
    exact = _exactly(problem)
    if exact is not None:
        return exact
    symbol = problem.unknown.symbol
    line = _numerator(problem.equation)
    try:
        laid = enclosed([line, line.diff(symbol)], (symbol,), rows, counts, _PRECISION)
    except InputError:
        return None
    quick = _quick(problem, line)
    start = _start(problem, near)
    stop = time.process_time() + seconds
    period = turns(derivation.model).get(symbol)
    around = {} if period is None else once_round({symbol: start}, {symbol: period})
    ends = around.get(symbol) or _ends(problem, line)
    reached, zeros = [start, start], []
    open_sides = [True, True]
    for side, a, b in _pieces(problem.unknown.domain, start, ends):
        if not open_sides[side]:
            continue
        try:
            found = _zeros(laid, quick, a, b, stop)
        except InputError:
            return None
        if not all(each.done for each in found):
            break
        zeros += found
        reached[side] = a if side == 0 else b
        open_sides[side] = reached[side] != ends[side]
    return _judged(problem, zeros, (reached[0], reached[1]), ends)


def _problem(derivation: Derivation, rows: Rows, counts: Counts) -> _Problem | None:
    model, score = derivation.model, derivation.score
    if derivation.original is not None or not derivation.smooth:
        return None
    gradient = dict(zip(score.parameters, score.gradient, strict=True))
    left = one_equation(gradient, model.parameters, derivation.mean_equations)
    if left is None:
        return None
    (unknown,), (_, equation) = left.unknowns, left.equations[0]
    domain = unknown.domain
    if not (domain.lower.is_number and domain.upper.is_number) or domain.integer:
        return None
    if equation.free_symbols != {unknown.symbol}:
        return None
    return _Problem(derivation, rows, counts, unknown, equation, back_substituted(left.solved))


def _numerator(equation: sp.Expr) -> sp.Expr:
    """What vanishes wherever the equation holds, without the fractions."""
    if equation.count_ops() > _MOST_OPERATIONS:
        return equation
    letters, back = masked(equation)
    return sp.fraction(sp.together(letters))[0].xreplace(back)


def _quick(problem: _Problem, line: sp.Expr) -> Wide | None:
    """The equation and its slope for many intervals at once; None where that is not laid out."""
    symbol = problem.unknown.symbol
    exprs = [single_use(line), single_use(line.diff(symbol))]
    try:
        return wide(exprs, (symbol,), problem.rows, problem.counts)
    except InputError:
        return None


def _zeros(laid: Enclosed, quick: Wide | None, a: float, b: float, stop: float) -> list[Zeros]:
    """The zeros from a to b, in the few narrow intervals that may hold one."""
    unit = max(abs(a), abs(b)) * _NARROW
    few = None if quick is None else narrowed(quick, ((a, b),), [unit], stop)
    if few is None:
        return [zeros_on_line(laid, a, b, stop)]
    return [zeros_on_line(laid, low, high, stop) for ((low, high),) in few]


def _exactly(problem: _Problem) -> OneUnknown | None:
    """Where the equation is a rational function of the unknown."""
    symbol, domain = problem.unknown.symbol, problem.unknown.domain
    roots = rational_roots(problem.equation, symbol, problem.rows, problem.counts)
    if roots is None:
        return None
    found, doubtful = _certified(problem, [root.place for root in roots])
    ends = float(domain.lower), float(domain.upper)
    solved = tuple(problem.values)
    result = OneUnknown(found, symbol, *ends, False, False, doubtful, solved, True)
    return replace(result, highest=_is_highest(problem, result))


def _start(problem: _Problem, near: Mapping[sp.Symbol, float] | None) -> float:
    """A place strictly inside the domain, to search from in both directions."""
    low, high = (float(end) for end in (problem.unknown.domain.lower, problem.unknown.domain.upper))
    here = None if near is None else near.get(problem.unknown.symbol)
    if here is not None and low < here < high:
        return here * (1 + 2.0**-12) if low < here * (1 + 2.0**-12) < high else here
    if low > -sp.oo:
        return (low + high) / 2 if high < sp.oo else low + 1.0
    return high - 1.0 if high < sp.oo else 0.0


def _ends(problem: _Problem, line: sp.Expr) -> tuple[float | None, float | None]:
    """Places beyond which the equation keeps its sign up to the end; None where it is not shown."""
    symbol, domain = problem.unknown.symbol, problem.unknown.domain
    found: list[float | None] = []
    for end, side in ((domain.lower, 1), (domain.upper, -1)):
        away = clear_distance(line, symbol, end, side, problem.rows, problem.counts)
        if away is None:
            found.append(None)
        elif end.is_infinite:
            found.append(-side / away * (1 + 2.0**-20))
        else:
            found.append(float(end) + side * away * (1 - 2.0**-20))
    return found[0], found[1]


def _pieces(
    domain: Domain, start: float, ends: tuple[float | None, float | None]
) -> Iterator[tuple[int, float, float]]:
    """(0 for downwards, 1 for upwards; from, to), by turns, from the start to the ends."""
    low, high = float(domain.lower), float(domain.upper)
    before = [start, start]
    for step in range(1, _MOST_STEPS + 1):
        for side in (0, 1):
            here = _outwards(low, high, start, side, 4.0**step)
            end = ends[side]
            if end is not None and (here <= end if side == 0 else here >= end):
                here = end
            if side == 0 and low < here < before[0]:
                yield 0, here, before[0]
                before[0] = here
            if side == 1 and before[1] < here < high:
                yield 1, before[1], here
                before[1] = here


def _outwards(low: float, high: float, start: float, side: int, factor: float) -> float:
    """A place that much nearer to a finite end, or further off towards an infinite one."""
    infinite = (-sp.oo, sp.oo)
    if side == 0:
        if low > infinite[0]:
            return low + (start - low) / factor
        return high - (high - start) * factor if high < infinite[1] else start - factor
    if high < infinite[1]:
        return high - (high - start) / factor
    return low + (start - low) * factor if low > infinite[0] else start + factor


def _judged(
    problem: _Problem,
    zeros: list[Zeros],
    reached: tuple[float, float],
    ends: tuple[float | None, float | None],
) -> OneUnknown | None:
    """What was found, each zero proved a stationary point, or proved to be none."""
    if reached[0] >= reached[1]:
        return None
    places = [place for part in zeros for place in part.places]
    # Parts overlap a little, so that a zero on an edge is met twice.
    apart = [p for i, p in enumerate(places) if not any(p.overlaps(q) for q in places[:i])]
    proved, doubtful = _certified(problem, apart)
    found = tuple(without_repeats(proved, turns(problem.derivation.model)))
    left = (*(each for part in zeros for each in part.undecided), *doubtful)
    domain = problem.unknown.domain
    below = ends[0] is None or reached[0] > ends[0]
    above = ends[1] is None or reached[1] < ends[1]
    low = reached[0] if below else float(domain.lower)
    high = reached[1] if above else float(domain.upper)
    solved = tuple(problem.values)
    symbol = problem.unknown.symbol
    result = OneUnknown(found, symbol, low, high, below, above, left, solved, False)
    return replace(result, highest=_is_highest(problem, result))


def _is_highest(problem: _Problem, result: OneUnknown) -> bool:
    """Whether no end of the domain is higher than the highest point."""
    if not result.whole:
        return False
    symbol = problem.unknown.symbol
    ordered = sorted(result.found, key=lambda proof: proof.centre[symbol])
    derivation = problem.derivation
    closed = symbol in turns(derivation.model)  # a circle has no ends
    if not closed and not rises_to_all(["maximum" if p.maximum else "" for p in ordered]):
        return False
    return is_smooth_inside(derivation) and profiles_are_maxima(derivation, problem.values)


def _certified(
    problem: _Problem, places: list[arb]
) -> tuple[tuple[Certificate, ...], tuple[tuple[float, float], ...]]:
    """(the stationary points, places that are neither proved to be one nor to be none)."""
    symbol = problem.unknown.symbol
    found: list[Certificate] = []
    doubtful: list[tuple[float, float]] = []
    laid = enclosed(
        list(problem.values.values()), (symbol,), problem.rows, problem.counts, _PRECISION
    )
    for place in places:
        with ctx.workprec(_PRECISION):
            values = dict(zip(problem.values, laid.at([place]), strict=True)) | {symbol: place}
            outside = _is_outside(problem, values)
        if outside:
            continue
        theta = {s: float(value.mid()) for s, value in values.items()}
        proof = None
        if all(value.is_finite() for value in values.values()):
            proof = certify(problem.derivation, problem.rows, problem.counts, theta)
        room = max(abs(theta[symbol]), _gap(place, places))
        if proof is None or proof.error_of(symbol, theta[symbol]) > 1e-9 * room:
            doubtful.append((float(place.lower()), float(place.upper())))
        else:
            found.append(proof)
    return tuple(found), tuple(doubtful)


def _gap(place: arb, places: list[arb]) -> float:
    """The distance to the nearest other zero, one at the most: for a zero at zero itself."""
    others = (float(abs(place - each).mid()) for each in places if each is not place)
    return min(1.0, *others, 1.0)


def _is_outside(problem: _Problem, values: Mapping[sp.Symbol, arb]) -> bool:
    """Whether a value is proved to lie outside of its domain."""
    for parameter in problem.derivation.model.parameters:
        value, domain = values[parameter.symbol], parameter.domain
        if domain.lower != -sp.oo and value < ball(domain.lower, values):
            return True
        if domain.upper != sp.oo and value > ball(domain.upper, values):
            return True
    return False
