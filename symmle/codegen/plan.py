"""What a generated module computes, and in which order, whatever the language it is written in.

    statistics    taken in one read of the data
    formulas      straight lines for the average log-likelihood, score and Hessian: passes over
                  the rows first, then numbers
    fit           closed form, one equation, a system, or the reason why there is none

A plan is data and prints itself; an emitter only spells it.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sympy as sp

from symmle.codegen.formula import Formula, straight_line
from symmle.codegen.invariance import Invariance, invariance
from symmle.codegen.names import Names, slug
from symmle.codegen.overflow import log_ratio, without_overflow
from symmle.codegen.recurrence import by_next_order
from symmle.codegen.rows import as_means, in_ratios, over_counts, with_log_gaps
from symmle.codegen.stable import rounding_size, stable
from symmle.derive import Derivation
from symmle.domain import Datum
from symmle.estimate import Equation, Estimator, Kind
from symmle.known import Known
from symmle.model import Model
from symmle.order_statistics import OrderStatistic
from symmle.sample_mean import OverData, SampleMean, has_data, nodes


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number that the data enter through: its field name and what it is."""

    field: str
    node: OverData


@dataclass(frozen=True, slots=True)
class Condition:
    """What the data must satisfy for the estimate to exist: left > 0, or left != 0.

    text: as a person reads it; formula: (left, the size of its terms), for the rounding.
    """

    text: str
    formula: Formula
    unequal: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """How the estimate is computed.

    digits: what must not vanish within rounding at the root of the reduced equation.
    equation: value, slope and size of terms of the reduced equation, when there is one.
    values: every parameter, in order, from statistics and the unknown; None for a system.
    refusal: why there is no fit; None when there is one.
    certain: whether the stationary point is known to be a maximum.
    free: the parameters whose score vanishes there, by number, when those are not all.
    note: what else is to be known of the estimate.
    """

    conditions: tuple[Condition, ...]
    digits: tuple[Condition, ...]
    equation: Formula | None
    source: Equation | None
    values: Formula | None
    refusal: str | None
    certain: bool
    free: tuple[int, ...] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an emitter needs.

    keeps_rows: whether evaluations pass over the data again.
    everything: the value, the score and the Hessian, row by row, in one formula.
    """

    model: Model
    digest: str
    average: sp.Expr
    gradient: tuple[sp.Expr, ...]
    data_name: str
    statistics: tuple[Statistic, ...]
    tabulated: Formula
    keeps_rows: bool
    likelihood: Formula
    score: Formula
    slopes: tuple[Formula, ...]
    hessian: Formula
    everything: Formula
    fit: Fit
    invariance: Invariance

    def __str__(self) -> str:
        parts = [f"{each.field} = {each.node}" for each in self.statistics]
        for title in ("likelihood", "score", "hessian"):
            parts += [f"{title}:", str(getattr(self, title))]
        if self.fit.equation is not None:
            parts += ["equation, slope, size:", str(self.fit.equation)]
        if self.fit.values is not None:
            parts += ["estimate:", str(self.fit.values)]
        return "\n".join(parts)


def digest(model: Model) -> str:
    """Sixteen hexadecimal digits that change when the density, a domain or a name does."""
    names = [f"{each.name}: {each.domain.text}" for each in (*model.data, *model.parameters)]
    text = "\n".join([str(model.log_density), *names])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_plan(derivation: Derivation, estimator: Estimator) -> Plan:
    """Plan the module of a model.  Raises SymmleError for what no formula can be given for."""
    model, score = derivation.model, derivation.score
    plan = _Planner(model)
    average = [derivation.average_log_likelihood]
    gradient, hessian = list(score.gradient), list(score.hessian)
    fitted = [*estimator.values.values()]
    equation = estimator.equation
    if equation is not None:
        fitted.append(equation.expression)
    fitted = [as_means(each, set(model.symbols)) for each in fitted]
    fitted, plan.relative = without_overflow(fitted, plan.names)
    conditions = _conditions(estimator)
    likelihood, slope = plan.formula(average), plan.formula(gradient)
    bend = plan.formula(hessian)
    everything = plan.formula([*average, *gradient, *hessian])
    fit = _plan_fit(plan, estimator, fitted, conditions, derivation.smooth)
    return Plan(
        model,
        digest(model),
        derivation.average_log_likelihood,
        score.gradient,
        plan.data_name,
        tuple(plan.statistics),
        plan.tabulated(),
        plan.has_passes,
        likelihood,
        slope,
        tuple(plan.formula([each]) for each in gradient),
        bend,
        everything,
        fit,
        invariance(model),
    )


def _conditions(estimator: Estimator) -> list[tuple[sp.Expr, bool]]:
    """(left, whether it is `left != 0` and not `left > 0`) for each condition on the data."""
    exists = estimator.exists
    if exists is None or exists in (sp.true, sp.false):
        return []
    found = []
    for each in exists.args if isinstance(exists, sp.And) else (exists,):
        if isinstance(each, sp.StrictGreaterThan | sp.Unequality):
            found.append((each.lhs - each.rhs, isinstance(each, sp.Unequality)))
    # a mean about others may divide by what another condition says is not zero
    return sorted(found, key=lambda one: any(nodes(node.args) for node in nodes([one[0]])))


def _plan_fit(
    plan: "_Planner",
    estimator: Estimator,
    fitted: list[sp.Expr],
    conditions: list[tuple[sp.Expr, bool]],
    smooth: bool,
) -> Fit:
    tests = tuple(
        Condition(f"{left} {'!=' if unequal else '>'} 0", _compared(plan, left), unequal)
        for left, unequal in conditions
    )
    certain = estimator.maximum is Known.PROVED
    decided = estimator.complete and not estimator.follows_score
    if estimator.kind is Kind.NONE or (
        not decided and (estimator.kind is Kind.BOUNDARY or not smooth or estimator.whole)
    ):
        refusal = (
            estimator.road
            if estimator.kind in (Kind.BOUNDARY, Kind.NONE) or estimator.whole
            else ("the log-density has kinks in its parameters, so the maximum may lie on one")
        )
        return Fit((), (), None, None, None, refusal, False)
    if estimator.kind is Kind.SYSTEM or (estimator.kind is Kind.REDUCED and not estimator.equation):
        return Fit((), (), None, None, None, None, False)
    solved = dict(zip(estimator.values, fitted, strict=False))
    values = plan.formula([solved.get(symbol, symbol) for symbol in plan.model.symbols])
    equation = None
    if estimator.equation is not None:
        value = fitted[-1]
        slope = value.diff(estimator.equation.unknown)
        equation = plan.formula([value, slope], sized=True)
    digits = (
        ()
        if equation is None
        else tuple(
            Condition(f"{base} != 0", plan.formula([base], sized=True), True)
            for base in _roots_of_sums(solved.values())
        )
    )
    free = None
    if decided:
        special = {*estimator.pinned, *estimator.optima}
        free = tuple(i for i, s in enumerate(plan.model.symbols) if s not in special)
        certain = certain or not free
    return Fit(
        tests, digits, equation, estimator.equation, values, None, certain, free, _note(estimator)
    )


def _compared(plan: "_Planner", left: sp.Expr) -> Formula:
    """The left side of a condition and its size; observations are compared as they are."""
    exact = all(isinstance(node, OrderStatistic) for node in nodes([left]))
    if exact:
        return plan.formula([left, left])
    if isinstance(left, SampleMean) and left.args[0].is_Pow and left.args[0].base.is_Add:
        # of squares of sums: an error of eps in each sum is one of eps**2 here
        size = SampleMean(rounding_size(left.args[0]), evaluate=False)
        return plan.formula([left, size / 2**52])
    return plan.formula([left], sized=True)


def _note(estimator: Estimator) -> str:
    told = [
        f"Every {symbol} from {low} to {high} is a maximum; the middle is returned."
        for symbol, (low, high) in estimator.optima.items()
    ]
    pinned = [str(symbol) for symbol in estimator.pinned if symbol not in estimator.optima]
    if pinned:
        told.append(f"The data set {' and '.join(pinned)}: the score does not vanish there.")
    return " ".join(told)


def _roots_of_sums(exprs: Iterable[sp.Expr]) -> list[sp.Expr]:
    """The sums of uncertain sign under a root or a log: where they cancel, rounding decides."""
    found: dict[sp.Expr, None] = {}
    for expr in exprs:
        inside = [power.base for power in expr.atoms(sp.Pow) if not power.exp.is_Integer]
        inside += [call.args[0] for call in expr.atoms(sp.log)]
        for base in inside:
            for factor in sp.Mul.make_args(base):
                if factor.is_Add and not factor.is_positive and not has_data(factor):
                    found[factor] = None
    return list(found)


class _Planner:
    """Gathers statistics and names while the formulas are made."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.columns = [variable.symbol for variable in model.data]
        taken = [each.name for each in (*model.data, *model.parameters)]
        self.names = Names([*taken, "np", "math", "special", "float"])
        self.data_name = self.names.fresh("data")
        self.fields = Names([*(symbol.name for symbol in self.columns), "n", "weights"])
        self.statistics: list[Statistic] = []
        self.has_passes = False
        self.relative: dict[Datum, sp.Expr] = {}
        self._letters: dict[sp.Expr, sp.Symbol] = {}

    def _letter(self, node: OverData) -> sp.Symbol:
        """The statistic as a symbol; a new one is given a field."""
        if node not in self._letters:
            field = self.fields.fresh(slug(node) or "statistic")
            self.statistics.append(Statistic(field, node))
            self._letters[node] = sp.Symbol(
                f"{self.data_name}.{field}", real=True, positive=node.is_positive
            )
        return self._letters[node]

    def _is_pass(self, node: OverData, ratios: Iterable[Datum]) -> bool:
        """Whether a node depends on the parameters, by itself or through a ratio."""
        moving = node.free_symbols & set(self.model.symbols) or nodes(node.args)
        return bool(moving) or node.args[0].has(*ratios)

    def tabulated(self) -> Formula:
        """The columns T that the statistics are means of, in the order of their arguments."""
        inside = [arg for each in self.statistics for arg in each.node.args]
        rows = frozenset(self.columns)
        inside = [stable(arg, rows) for arg in dict.fromkeys(inside)]
        names = Names([*(symbol.name for symbol in self.columns), "np", "special", "weights"])
        return straight_line([], [], inside, rows, names)

    def formula(self, exprs: Sequence[sp.Expr], sized: bool = False) -> Formula:
        """A straight line for expressions with means, in stable forms.

        sized: append the size that rounding errors of the first are proportional to.
        """
        names = self.names.copy()
        theta = set(self.model.symbols)
        exprs = [by_next_order(as_means(each, theta)) for each in exprs]
        exprs = [with_log_gaps(over_counts(each, self.model)) for each in exprs]
        here, ratios = in_ratios(exprs, self.model, names)
        ratios |= self.relative
        known: dict[sp.Expr, sp.Symbol] = {}
        means = []
        rows = frozenset([*self.columns, *ratios])
        for node in nodes(here):
            inside = _log_ratios(node.args[0]).xreplace(
                {each: self._letter(each) for each in nodes(node.args)}
            )
            if self._is_pass(node, ratios):
                self.has_passes = True
                letter = names.numbered("mean")
                known[node] = sp.Symbol(letter, real=True, positive=node.is_positive)
                means.append((known[node], stable(inside, rows)))
            else:
                known[node] = self._letter(node)
        results = [stable(each.xreplace(known), rows) for each in here]
        if sized:
            results.append(rounding_size(results[0]))
        columns = [
            (symbol, stable(_with_letters(ratio, self._letter), rows))
            for symbol, ratio in ratios.items()
        ]
        return straight_line(columns, means, results, self.columns, names)


def _log_ratios(inside: sp.Expr) -> sp.Expr:
    """log(T/M) for an order statistic M without the quotient, which rounds away what is near 1."""
    for call in inside.atoms(sp.log):
        for end in call.args[0].atoms(OrderStatistic):
            top = call.args[0] * end
            if not top.has(end):
                inside = inside.xreplace({call: log_ratio(top, end)})
    return inside


def _with_letters(expr: sp.Expr, letter: Callable[[OverData], sp.Symbol]) -> sp.Expr:
    return expr.xreplace({node: letter(node) for node in nodes([expr])})
