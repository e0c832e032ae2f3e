"""Profile parameters out of score = 0, one after the other.

Each step solves one equation for one parameter where that has exactly one solution in the
parameter's domain, so no stationary point is lost and none is invented.  Every order is tried;
the one that leaves the fewest unknowns wins, then the one that keeps solved parameters out of
special functions (a gamma is reduced to its shape, not to its rate).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sympy as sp

from symmle.budget import bounded
from symmle.errors import BudgetError
from symmle.fraction import reduced_fraction
from symmle.model import Variable
from symmle.sample_mean import masked, recentred, separate, tidy

_SECONDS = 2.0  # of an elimination, after which the system is left as it stands


@dataclass(frozen=True, slots=True)
class Elimination:
    """Where the elimination stands.

    equations: (parameter, score component of that parameter after substitution), each = 0.
    solved: (parameter, value), a value may hold parameters solved later and unknowns.
    buried: how many of the solved parameters sat inside special functions or passes.
    own: whether each parameter was solved from its own score component, so that what is left is
    the gradient of the profile likelihood.
    positive: what must be positive for the solved values to solve their equations.
    complete: whether no equation that was solved can vanish identically, so that no stationary
    point was lost.
    """

    equations: tuple[tuple[sp.Symbol, sp.Expr], ...]
    unknowns: tuple[Variable, ...]
    solved: tuple[tuple[sp.Symbol, sp.Expr], ...]
    buried: int
    own: bool
    positive: tuple[sp.Expr, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Solution:
    """The value of a variable, and what must be positive for it to solve the equation.

    complete: whether the equation is known not to vanish identically in the variable.
    """

    value: sp.Expr
    positive: tuple[sp.Expr, ...] = ()
    complete: bool = True


def eliminate(
    gradient: Mapping[sp.Symbol, sp.Expr], parameters: tuple[Variable, ...]
) -> Elimination:
    """The best elimination of score = 0; gradient holds one component per parameter.

    Each step takes the best choice there is; unless that gives a closed form at once, every order
    is tried with two parameters.
    """
    equations = tuple((symbol, separate(each)) for symbol, each in gradient.items())
    start = Elimination(equations, parameters, (), 0, True)
    try:
        return bounded(_SECONDS, lambda: _best(start))
    except BudgetError:
        return start


def _best(start: Elimination) -> Elimination:
    best = next(_eliminations(start, greedy=True))
    if len(start.unknowns) <= 2 and (best.unknowns or best.buried or not best.own):
        best = min(_eliminations(start, greedy=False), key=_cost)
    # with unknowns left, a side condition cannot be decided: the equation may have extra roots
    return start if best.unknowns and best.positive else best


def _eliminations(step: Elimination, greedy: bool) -> Iterator[Elimination]:
    """Every state in which nothing more can be solved for; the first choices only if greedy."""
    choices = [
        (i, variable, solution)
        for i, (_, equation) in enumerate(step.equations)
        for variable in step.unknowns
        if (solution := isolate(equation, variable)) is not None
    ]
    if not choices:
        yield step
    next_states = [_after(step, *choice) for choice in choices]
    if greedy and choices:
        next_states = [min(next_states, key=lambda state: _cost(state)[1:])]
    for state in next_states:
        yield from _eliminations(state, greedy)


def _after(step: Elimination, i: int, variable: Variable, solution: Solution) -> Elimination:
    """The state after equation i was solved for the variable."""
    owner, others = step.equations[i][0], step.equations[:i] + step.equations[i + 1 :]
    here = {variable.symbol: solution.value}
    return Elimination(
        tuple((symbol, reduced(each.xreplace(here))) for symbol, each in others),
        tuple(each for each in step.unknowns if each != variable),
        (*step.solved, (variable.symbol, solution.value)),
        step.buried + _is_buried(step.equations, variable.symbol),
        step.own and owner == variable.symbol,
        (*(each.xreplace(here) for each in step.positive), *solution.positive),
        step.complete and solution.complete,
    )


def _cost(step: Elimination) -> tuple[int, int, bool, int]:
    size = sum(each.count_ops() for _, each in step.equations)
    size += sum(value.count_ops() for _, value in step.solved)
    return len(step.unknowns), step.buried, not step.own, size


def _is_buried(equations: Iterable[tuple[sp.Symbol, sp.Expr]], symbol: sp.Symbol) -> bool:
    """Whether the symbol sits inside a function other than log, or inside a pass."""
    return any(
        symbol in call.free_symbols
        for _, equation in equations
        for call in equation.atoms(sp.Function)
        if not isinstance(call, sp.log) and not isinstance(call, sp.exp)
    )


def isolate(equation: sp.Expr, variable: Variable) -> Solution | None:
    """The one value of the variable in its domain at which the equation holds, or None.

    Handles c0 + c1*r(v) = 0 for r a power, a log or an exponential of a multiple of v, and a
    quadratic in a power when signs decide that just one root lies in the domain.
    """
    symbol = variable.symbol
    letters, back = masked(equation)
    if any(symbol in node.free_symbols for node in back.values()):
        return None
    coefficients = _by_shape(letters, symbol)
    if coefficients is None:
        return None
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
    if value is None or value.has(sp.zoo, sp.nan, sp.I):
        return None
    value = value.xreplace(back)
    return Solution(tidy(value) if value.is_Add else value, needed, complete)


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


def reduced(equation: sp.Expr) -> sp.Expr:
    """An equation after a substitution: logs split, passes separated, fractions cancelled."""
    wide = sp.expand_mul(sp.expand_log(separate(equation), deep=True))
    letters, back = masked(wide)
    terms = sp.Add.make_args(letters)
    fractions = sp.Add(*(term for term in terms if not term.has(sp.Function)))
    sums_below = any(power.base.is_Add for power in fractions.atoms(sp.Pow))
    if sums_below:
        fractions = sp.factor_terms(reduced_fraction(fractions))
    rest = (term for term in terms if term.has(sp.Function))
    return tidy(sp.Add(fractions, *rest).xreplace(back))


def back_substituted(
    solved: tuple[tuple[sp.Symbol, sp.Expr], ...],
) -> dict[sp.Symbol, sp.Expr]:
    """Later solutions put into earlier ones, so that only unknowns and statistics are left."""
    values: dict[sp.Symbol, sp.Expr] = {}
    for symbol, value in reversed(solved):
        values[symbol] = recentred(_one_fraction(value.xreplace(values)))
    return values


def _one_fraction(value: sp.Expr) -> sp.Expr:
    """A rational value reduced; one with a root or a power in it is left in its stable form."""
    letters, back = masked(value)
    if letters.has(sp.Function) or any(not power.exp.is_Integer for power in letters.atoms(sp.Pow)):
        return value
    return sp.factor_terms(reduced_fraction(letters)).xreplace(back)
