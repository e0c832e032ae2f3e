"""A likelihood in coordinates in which it holds less of the data, or none: one picture for all.

Where a family is one of location and scale, x = t + c*x' brings the log-likelihood of theta on the
data x to that of theta' on the standardised data x', but for a constant; each parameter is
theta_j = c**e_j*theta_j' + d_j*t.  With c and t from the estimate, gradient ascent on theta with
the step g is that on theta' with g/c**(2*e_j), and Newton's or any other step that does not depend
on the coordinates is itself.  The data are left in x' alone, and of these the estimate is known
(its scale is 1, its location 0), which may settle every statistic.  The same of log(x) where x is
positive: laws of a power of x are those of location and scale of log(x).

E. L. Lehmann & G. Casella, Theory of Point Estimation (1998), section 3.1, on equivariance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import sympy as sp

from symmle.budget import bounded
from symmle.codegen.invariance import invariance
from symmle.derive import Derivation, derive
from symmle.domain import Datum, Variable, domain
from symmle.errors import BudgetError, InputError
from symmle.known import Known
from symmle.model import Model
from symmle.problem import Objective, Problem
from symmle.sample_mean import nodes
from symmle.stability.algebra import is_zero, tidied

_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class DataFree:
    """A likelihood in coordinates of its own.

    problem: what is climbed, a function of the new variables and of the estimates that are left,
    which are constants called NAME_hat; its fixed point is the estimate.
    coordinates: {new variable: what it is, in a parameter and estimates}, in order.
    estimates: {constant: what it is}, of estimates of new variables that are left.
    unit, exponent: a gradient step there is the step on the parameters over unit**(2*exponent);
    what other exponents make of it is in `problem.paces`.
    observation: what stands for a row of the data.
    numbers: estimates that were given as numbers, by parameter.
    known: PROVED where the two log-likelihoods were proved to differ by a constant, CHECKED where
    that was found at random points.
    """

    problem: Problem
    coordinates: Mapping[sp.Symbol, sp.Expr]
    estimates: Mapping[sp.Symbol, sp.Expr]
    unit: sp.Expr
    exponent: int
    observation: sp.Expr
    known: Known
    numbers: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    @property
    def step_symbol(self) -> sp.Symbol:
        """The step on the parameters."""
        return sp.Symbol("step", positive=True)

    @property
    def step(self) -> sp.Expr:
        """A gradient step in the new coordinates, by the step on the parameters."""
        return self.step_symbol / self.unit ** (2 * self.exponent)

    def at_estimate(self, values: Mapping[sp.Symbol, sp.Expr]) -> "DataFree":
        """The same with numbers for the estimates of some parameters."""
        here = {_hat(symbol): value for symbol, value in values.items()}
        own = {letter: value.xreplace(here) for letter, value in self.estimates.items()}
        here |= {letter: value for letter, value in own.items() if value.is_number}
        return replace(
            self,
            problem=self.problem.at_constants(here),
            coordinates={new: value.xreplace(here) for new, value in self.coordinates.items()},
            estimates={letter: value for letter, value in own.items() if letter not in here},
            unit=self.unit.xreplace(here),
            observation=self.observation.xreplace(here),
            numbers=dict(values),
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """x' = (x - shift)/unit, in estimates.

    scale, move: e_j and d_j of each parameter.  settled: the new value of estimates that are known.
    """

    unit: sp.Expr
    shift: sp.Expr
    scale: tuple[int, ...]
    move: tuple[int, ...]
    settled: Mapping[sp.Symbol, sp.Expr]


def data_free(derivation: Derivation) -> DataFree:
    """The coordinates in which fewest estimates are left.

    Where the family has no such symmetry they are the parameters themselves, and the data may
    still enter by the estimate alone.
    Raises InputError where the likelihood passes over the standardised rows.
    """
    model, why = derivation.model, ""
    if len(model.data) != 1:
        why = "its data have several columns"
    best: DataFree | None = None
    for each in () if why else _variants(derivation):
        try:
            found = bounded(_SECONDS, partial(_found, each))
        except BudgetError:
            why = "the algebra took too long"
            continue
        if isinstance(found, str):
            why = why or found
        elif best is None or len(found.problem.given) < len(best.problem.given):
            best = found
    if best is None:
        raise InputError(
            f"no coordinates free of the data were found for {model.name}: {why}; give data or "
            "numbers with --data or --at, and leave --data-free out"
        )
    return best


def _variants(derivation: Derivation) -> Iterator[Derivation]:
    """Of x, and of log(x) where x is positive."""
    yield derivation
    model = derivation.model
    (variable,) = model.data
    where = variable.domain
    if where.integer or where.lower != 0 or where.upper != sp.oo or where.depends_on:
        return
    y = Datum(f"log_{variable.name}", real=True)
    density = sp.expand_log(model.log_density.xreplace({variable.symbol: sp.exp(y)})) + y
    data = (Variable(y, domain("real")),)
    yield derive(Model(model.name, density, data, model.parameters, given=model.given))


def _found(derivation: Derivation) -> DataFree | str:
    """The likelihood on standardised data; why not, where there is none."""
    model = derivation.model
    group = _group(model)
    new = {symbol: _renamed(symbol, model) for symbol in model.symbols}
    place, estimates = _estimate(model, group, new)
    values = _settled(derivation, place)
    objective = tidied(derivation.average_log_likelihood.xreplace(values).xreplace(new))
    objective = objective.as_independent(*new.values(), as_Add=True)[1]
    left = nodes([objective])
    coordinates = {
        new[s]: (s - d * group.shift) / group.unit**e
        for s, e, d in zip(model.symbols, group.scale, group.move, strict=True)
    }
    if left:
        told = ", ".join(f"{u} = {value}" for u, value in coordinates.items())
        return f"with {told} its update still passes over the rows, by {left[0]}"
    slopes = [slope.xreplace(values).xreplace(new) for slope in derivation.score.gradient]
    if not all(
        is_zero(slope - objective.diff(symbol))
        for slope, symbol in zip(slopes, new.values(), strict=True)
    ):
        return "its statistics are not settled by the estimate"
    there = {new[s]: value for s, value in place.items()}
    if not all(is_zero(slope.xreplace(there)) for slope in slopes):
        return "its score does not vanish at the estimate"
    first = group.scale[0]
    paces = {
        symbol: group.unit ** (2 * (first - e))
        for symbol, e in zip(new.values(), group.scale, strict=True)
    }
    exprs = [objective, *paces.values()]
    where = {new[each.symbol]: each.domain for each in model.parameters}
    letters = {_hat(each.symbol): each.domain for each in model.parameters}
    letters |= {letter: where[u] for u, letter in there.items() if letter in estimates}
    given = [
        Variable(letter, d) for letter, d in letters.items() if any(e.has(letter) for e in exprs)
    ]
    problem = Problem(
        f"{model.name} without data",
        tuple(Variable(new[each.symbol], each.domain) for each in model.parameters),
        (Objective(tuple(new.values()), 1, objective),),
        (),
        (*model.given, *given),
        there,
        paces if any(pace != 1 for pace in paces.values()) else {},
    )
    (variable,) = model.data
    observation = (variable.symbol - group.shift) / group.unit
    level = Known.PROVED if _is_proved(model, group, new) else Known.CHECKED
    return DataFree(problem, coordinates, estimates, group.unit, first, observation, level)


def _group(model: Model) -> _Group:
    """The change of location and scale that the estimate fixes; none at all without a symmetry."""
    found = invariance(model)
    none = (0,) * len(model.symbols)
    scale, move = found.scale or none, found.shift or none
    settled: dict[sp.Symbol, sp.Expr] = {}
    unit, shift = sp.S.One, sp.S.Zero
    of_unit = [
        i for i, e in enumerate(scale) if abs(e) == 1 and not move[i] and _is_positive(model, i)
    ]
    if of_unit:
        symbol = model.symbols[of_unit[0]]
        unit = _hat(symbol) ** scale[of_unit[0]]
        settled[symbol] = sp.S.One
    of_shift = [i for i, d in enumerate(move) if d == 1]
    if of_shift:
        symbol = model.symbols[of_shift[0]]
        shift = _hat(symbol)
        settled[symbol] = sp.S.Zero
    return _Group(unit, shift, scale if of_unit else none, move if of_shift else none, settled)


def _is_positive(model: Model, place: int) -> bool:
    return bool(model.symbols[place].is_positive)


def _hat(symbol: sp.Symbol) -> sp.Symbol:
    return sp.Symbol(f"{symbol.name}_hat", **symbol.assumptions0)


def _renamed(symbol: sp.Symbol, model: Model) -> sp.Symbol:
    taken = {s.name for s in model.log_density.free_symbols}
    name = f"u_{symbol.name}"
    while name in taken:
        name += "_"
    return sp.Symbol(name, **symbol.assumptions0)


def _estimate(
    model: Model, group: _Group, new: Mapping[sp.Symbol, sp.Symbol]
) -> tuple[dict[sp.Symbol, sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """(the estimate on standardised data by parameter, {its letters: what they are})."""
    place: dict[sp.Symbol, sp.Expr] = {}
    estimates: dict[sp.Symbol, sp.Expr] = {}
    for s, e, d in zip(model.symbols, group.scale, group.move, strict=True):
        value = (_hat(s) - d * group.shift) / group.unit**e
        place[s] = group.settled.get(s, value)
        if place[s].free_symbols - {_hat(s)}:
            place[s] = _hat(new[s])
            estimates[place[s]] = value
    return place, estimates


def _settled(derivation: Derivation, at: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Expr, sp.Expr]:
    """Statistics of the standardised data, as the equations of its estimate settle them."""
    theta = derivation.model.symbols
    own = nodes([*derivation.score.gradient, derivation.average_log_likelihood])
    letters = {n: sp.Dummy(real=True) for n in own if n.free_symbols.isdisjoint(theta)}
    equations = [
        tidied(slope.xreplace(letters).xreplace(at))
        for slope in derivation.score.gradient
        if not _passes(slope, theta)
    ]
    solved = sp.solve(equations, list(letters.values()), dict=True) if letters and equations else []
    if len(solved) != 1:
        return {}
    back = {letter: node for node, letter in letters.items()}
    return {
        node: sp.sympify(solved[0][letter]).xreplace(back)
        for node, letter in letters.items()
        if letter in solved[0]
    }


def _passes(slope: sp.Expr, theta: Sequence[sp.Symbol]) -> bool:
    """Whether it holds a mean over data and parameters."""
    return any(node.free_symbols & set(theta) for node in nodes([slope]))


def _is_proved(model: Model, group: _Group, new: Mapping[sp.Symbol, sp.Symbol]) -> bool:
    """Whether log f(t + c x'; theta) - log f(x'; theta') has no slope in theta'."""
    (variable,) = model.data
    theta = {
        s: group.unit**e * new[s] + d * group.shift
        for s, e, d in zip(model.symbols, group.scale, group.move, strict=True)
    }
    x = variable.symbol
    there = model.log_density.xreplace(theta | {x: group.unit * x + group.shift})
    gap = there - model.log_density.xreplace(dict(new))
    plain = {x: sp.Symbol(f"{x.name}_row", **x.assumptions0)}
    return all(is_zero(sp.expand_log(gap).diff(u).xreplace(plain)) for u in new.values())
