"""Profile parameters out of score = 0, one after the other.

Each step solves one equation for one parameter where that has exactly one solution in the
parameter's domain, so no stationary point is lost and none is invented.  Every order is tried;
the one that leaves the fewest unknowns wins, then the one that keeps solved parameters out of
special functions (a gamma is reduced to its shape, not to its rate).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp
from sympy.polys.fields import sfield

from symmle.budget import bounded
from symmle.derive.mean_equations import MeanEquations, mean_equations
from symmle.domain import Variable
from symmle.errors import BudgetError
from symmle.estimate.isolate import Solution, isolate
from symmle.estimate.linear import linear_block
from symmle.fraction import reduced_fraction
from symmle.sample_mean import masked, nodes, recentred, separate, tidy

_MOST_OPERATIONS = 500  # of an entry of a Hessian that is gathered
_FEW = 2  # parameters, with which every order is tried
_SECONDS = 6.0  # of an elimination, after which the system is left as it stands


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
    opposites: angles whose opposite solves their equations too; all else is complete if `regular`.
    """

    equations: tuple[tuple[sp.Symbol, sp.Expr], ...]
    unknowns: tuple[Variable, ...]
    solved: tuple[tuple[sp.Symbol, sp.Expr], ...]
    buried: int
    own: bool
    positive: tuple[sp.Expr, ...] = ()
    complete: bool = True
    opposites: tuple[sp.Symbol, ...] = ()
    regular: bool = True


def eliminate(
    gradient: Mapping[sp.Symbol, sp.Expr],
    parameters: tuple[Variable, ...],
    means: MeanEquations | None = None,
) -> Elimination:
    """The best elimination of score = 0; gradient holds one component per parameter.

    First the score is solved for the statistics (`mean_equations`), where that gives a closed form.
    Else one parameter is solved for after the other: with two parameters in every order, unless the
    first choices give a closed form; with more, several at once where they are linear together.

    means: the mean equations, if they have been looked for already.
    """
    equations = tuple((symbol, separate(each)) for symbol, each in gradient.items())
    start = Elimination(equations, parameters, (), 0, True)
    through = _within_budget(lambda: _through_means(start, means))
    closed = through is not None and not through.unknowns
    few = len(parameters) <= _FEW
    if through is not None and closed and (through.complete or not few):
        return through
    best = _within_budget(
        lambda: _by_isolation(start) if few else _with_block(_after_pivots(start))
    )
    if through is not None and closed and (best is None or best.unknowns):
        return through
    return best or start


def one_equation(
    gradient: Mapping[sp.Symbol, sp.Expr],
    parameters: tuple[Variable, ...],
    means: MeanEquations | None = None,
) -> Elimination | None:
    """The score brought down to one equation that no stationary point escapes; None where not.

    For a search: the equation may have zeros that are none of the score, where a solved value is
    not inside its domain (`positive`), so each zero is to be judged again.
    """
    found = eliminate(gradient, parameters, means)
    if len(found.unknowns) == _FEW == len(parameters):
        equations = tuple((symbol, separate(each)) for symbol, each in gradient.items())
        start = Elimination(equations, parameters, (), 0, True)
        found = _within_budget(lambda: min(_eliminations(start, greedy=False), key=_cost)) or found
    return found if len(found.unknowns) == 1 and found.complete else None


def _within_budget(work: Callable[[], Elimination | None]) -> Elimination | None:
    try:
        return bounded(_SECONDS, work)
    except BudgetError:
        return None


def _by_isolation(start: Elimination) -> Elimination:
    """One parameter after the other: first choices, or with few parameters the best order."""
    best = next(_eliminations(start, greedy=True))
    if len(start.unknowns) <= _FEW and (best.unknowns or best.buried or not best.own):
        best = min(_eliminations(start, greedy=False), key=_cost)
    # with unknowns left, a side condition cannot be decided: the equation may have extra roots
    return start if best.unknowns and best.positive else best


def _through_means(start: Elimination, found: MeanEquations | None) -> Elimination | None:
    """The elimination of mean(T) = E[T] instead, taking what stands in fewest unknowns first."""
    if found is None and len(start.unknowns) == _FEW:
        found = mean_equations([equation for _, equation in start.equations], start.unknowns)
    if found is None:
        return None
    equations = zip(
        (symbol for symbol, _ in start.equations),
        (statistic - value for statistic, value in found.expected.items()),
        strict=True,
    )
    step = replace(start, equations=tuple(equations), own=False)
    step = replace(step, complete=found.equivalent, regular=found.equivalent)
    while step.unknowns:
        names = {variable.symbol for variable in step.unknowns}
        choices = [
            (i, variable, solution)
            for i in _with_fewest(step.equations, names)
            for variable in step.unknowns
            if variable.symbol in step.equations[i][1].free_symbols
            if (solution := isolate(step.equations[i][1], variable)) is not None
        ]
        choice = min(
            choices, key=lambda each: _calls_around(step.equations, each[1].symbol), default=None
        )
        if choice is None:
            break
        step = _after(step, *choice)
        step = replace(
            step, equations=tuple((owner, recentred(each)) for owner, each in step.equations)
        )
    return step


def _with_fewest(
    equations: Sequence[tuple[sp.Symbol, sp.Expr]], names: set[sp.Symbol]
) -> list[int]:
    """The equations in which the fewest of the unknowns stand."""
    counts = [len(equation.free_symbols & names) for _, equation in equations]
    return [i for i, count in enumerate(counts) if count == min(counts)]


def _calls_around(equations: Iterable[tuple[sp.Symbol, sp.Expr]], symbol: sp.Symbol) -> int:
    """In how many functions the symbol stands."""
    calls = set().union(*(equation.atoms(sp.Function) for _, equation in equations))
    return sum(symbol in call.free_symbols for call in calls)


def _after_pivots(step: Elimination) -> Elimination:
    """Solve for what enters its own equation linearly, with a coefficient free of the data.

    Such a step divides by nothing that may vanish: the intercept of a regression is one.
    """
    for i, (owner, equation) in enumerate(step.equations):
        variable = next((each for each in step.unknowns if each.symbol == owner), None)
        if variable is None or nodes([equation.diff(owner)]):
            continue
        solution = isolate(equation, variable)
        if solution is not None and solution.complete and not solution.positive:
            return _after_pivots(_after(step, i, variable, solution))
    return step


def _with_block(step: Elimination) -> Elimination:
    """Solve together what is linear together, then the rest by isolation.

    The block's parameters stay in what is solved after it, so that its values are put in once, at
    the end, and nothing is multiplied out.
    """
    names = [variable.symbol for variable in step.unknowns]
    block = linear_block(step.equations, names)
    if block is None or any(v.free_symbols & set(names) for v in block.values.values()):
        return _by_isolation(step)
    others = tuple(each for each in step.equations if each[0] not in block.values)
    rest = replace(
        step,
        equations=tuple((owner, reduced(_at_summit(each, block.values))) for owner, each in others),
        unknowns=tuple(each for each in step.unknowns if each.symbol not in block.values),
        buried=step.buried + sum(_is_buried(step.equations, symbol) for symbol in block.values),
        complete=step.complete and block.complete,
        regular=step.regular and block.complete,
    )
    left = _by_isolation(rest)
    return replace(
        left,
        equations=tuple(
            (owner, reduced(each.xreplace(block.values))) for owner, each in left.equations
        ),
        solved=(*left.solved, *block.values.items()),
    )


def _at_summit(equation: sp.Expr, values: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """An equation that is quadratic in some v and flat at their values, as one linear in them.

    Where the slope of q(v) = q0 + l*v + v*M*v/2 vanishes, q is q0 + l*v/2: the residual sum of
    squares is var(y) - b*cov(x, y), and no squares are subtracted from each other.
    """
    symbols = [symbol for symbol in values if symbol in equation.free_symbols]
    letters, back = masked(sp.Tuple(equation, *values.values()))
    wide = sp.expand_mul(letters[0])
    try:
        quadratic = sp.Poly(wide, *symbols)
    except sp.PolynomialError:
        return equation
    at_values = dict(zip(values, letters[1:], strict=True))
    slopes = [quadratic.diff(symbol).as_expr().xreplace(at_values) for symbol in symbols]
    if quadratic.total_degree() != 2 or any(slope.numer for slope in sfield(slopes)[1]):
        return equation
    nothing = dict.fromkeys(symbols, sp.S.Zero)
    half = [quadratic.diff(symbol).as_expr().xreplace(nothing) * symbol / 2 for symbol in symbols]
    return sp.Add(wide.xreplace(nothing), *half).xreplace(back)


def _eliminations(step: Elimination, greedy: bool) -> Iterator[Elimination]:
    """Every state in which nothing more can be solved for; the first choices only if greedy."""
    choices = [
        (i, variable, solution)
        for i, (owner, equation) in enumerate(step.equations)
        for variable in step.unknowns
        if (solution := isolate(equation, variable, step.own and owner == variable.symbol))
        is not None
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
        step.opposites + ((variable.symbol,) if solution.opposite else ()),
        step.regular and (solution.complete or solution.opposite),
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


def shortened(entry: sp.Expr) -> sp.Expr:
    """An entry of a Hessian with values put in, gathered unless it is long."""
    long = entry.count_ops() > _MOST_OPERATIONS or entry.has(sp.LambertW)
    return entry if long else recentred(reduced(entry))


def back_substituted(
    solved: tuple[tuple[sp.Symbol, sp.Expr], ...],
) -> dict[sp.Symbol, sp.Expr]:
    """Later solutions put into earlier ones, so that only unknowns and statistics are left."""
    values: dict[sp.Symbol, sp.Expr] = {}
    for symbol, value in reversed(solved):
        values[symbol] = recentred(_one_fraction(value.xreplace(values)))
    return values


def _one_fraction(value: sp.Expr) -> sp.Expr:
    """A rational value reduced, unless that makes it longer.

    One with a root or a power in it is left in its stable form.
    """
    letters, back = masked(value)
    if letters.has(sp.Function) or any(not power.exp.is_Integer for power in letters.atoms(sp.Pow)):
        return value
    short = sp.factor_terms(reduced_fraction(letters))
    return min(short, sp.factor_terms(letters), key=lambda each: each.count_ops()).xreplace(back)
