"""What is run: a field with its variables, at data or without, and where the run should come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import sympy as sp

from symmle.data import Sample
from symmle.derive import Derivation, Score, derive
from symmle.diagnosis.running import NO_DATA, Columns, Floats, Runner, runner
from symmle.domain import Variable
from symmle.em import em
from symmle.errors import InputError
from symmle.fit import fit
from symmle.fixed_points import fixed_points
from symmle.model import Model
from symmle.placed import placed
from symmle.problem import Problem
from symmle.sample_mean import nodes
from symmle.schemes import Map, Metric, Scheme, Statement, simultaneous, update
from symmle.stability import SchemeStability, stability
from symmle.stability.of_problem import map_stability
from symmle.tree_value import tree_value

_DIGITS = 17


@dataclass(frozen=True, slots=True)
class Case:
    """A field that is climbed, or a map that is repeated.

    score: the field, its Jacobian and its variables.  information: of a model, for scoring; None
    where it holds an expectation without a closed form.
    targets: points where the run may rest, each {symbol: value}: the estimate, or fixed points.
    why_none: a sentence, where there is none.
    problem: None for a model.  model: None for a problem.
    """

    name: str
    variables: tuple[Variable, ...]
    score: Score
    information: sp.Matrix | None
    columns: Columns
    targets: tuple[Mapping[sp.Symbol, float], ...]
    why_none: str
    problem: Problem | None = None
    model: Model | None = None
    sample: Sample | None = None

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The variables' symbols, in order."""
        return tuple(each.symbol for each in self.variables)

    @property
    def is_map(self) -> bool:
        """Whether the update itself was given."""
        return self.problem is not None and self.problem.is_map

    @property
    def climbs(self) -> bool:
        """Whether one function of all the variables is climbed."""
        return self.problem is None or len(self.problem.objectives) == 1

    @property
    def goals(self) -> tuple[Mapping[sp.Symbol, float], ...]:
        """The targets that are sought: of one objective its strict maxima, where there are any."""
        if self.problem is None or not self.climbs:
            return self.targets
        tops = [t for t in self.targets if np.max(np.linalg.eigvalsh(self.hessian_at(t))) < 0]
        return tuple(tops) or self.targets

    def number(self, expr: sp.Expr, point: Mapping[sp.Symbol, float]) -> sp.Expr:
        """An expression at a point on the data, as a float; nan where it has no value."""
        there = placed(expr, {s: sp.Float(v, _DIGITS) for s, v in point.items()})
        letters = {n: sp.Float(self.columns.statistic(n), _DIGITS) for n in nodes([there])}
        plain = there.xreplace(letters)
        numbers = {s: mpmath.mpf(v) for s, v in point.items()}
        try:
            return sp.Float(mpmath.re(tree_value(plain, numbers)), _DIGITS)
        except (ArithmeticError, ValueError):
            return sp.nan

    def hessian_at(self, point: Mapping[sp.Symbol, float]) -> Floats:
        """The field's Jacobian at a point."""
        rows = self.score.hessian.tolist()
        return np.array([[float(self.number(each, point)) for each in row] for row in rows])

    def units(self, point: Mapping[sp.Symbol, float]) -> Floats:
        """The natural size of each variable there: 1/sqrt of its own curvature, or its value."""
        bends = np.abs(np.diag(self.hessian_at(point)))
        sizes = np.array([abs(value) or 1.0 for value in point.values()])
        usable = np.isfinite(bends) & (bends > 0) & (not self.is_map)
        found: Floats = np.where(usable, 1 / np.sqrt(np.where(usable, bends, 1.0)), sizes)
        return found

    def written(self, scheme: Scheme, step: sp.Symbol) -> Map:
        """The update map of a scheme; of a map, itself."""
        if self.problem is not None and self.problem.is_map:
            line = Statement(self.symbols, self.problem.image, 1, ())
            return Map(self.symbols, (line,), self.problem.image, sp.S.One, scheme)
        return update(self.score, scheme, step, self.divisor(scheme))

    def divisor(self, scheme: Scheme) -> sp.Matrix | None:
        """The information that a scheme divides by, where it does."""
        if scheme.metric is Metric.COMPLETE and self.model is not None:
            return em(self.model).information
        return self.information

    def runner(self, scheme: Scheme, step: sp.Expr, units: Sequence[float]) -> Runner:
        """The compiled map."""
        letter = sp.Symbol("step_of_the_map", positive=True)
        written = self.written(scheme, letter)
        gradient = list(self.score.gradient)
        return runner(written, step, gradient, self.variables, units, self.columns)

    def stability(
        self, scheme: Scheme, point: Mapping[sp.Symbol, float], step: sp.Expr | None
    ) -> SchemeStability:
        """The scheme at a target: its stable steps, and what it does at the step."""
        if self.problem is not None and self.problem.is_map:
            exact = {s: sp.Rational(sp.Float(v, _DIGITS)) for s, v in point.items()}
            return map_stability(self.problem, exact, None)
        letter = sp.Symbol("step", positive=True)
        return stability(
            self.score,
            scheme,
            letter,
            {},
            information=self.divisor(scheme),
            evaluate=lambda expr: self.number(expr, point),
            at=step,
            edges=step is not None,
        )


def case_of_model(model: Model, sample: Sample) -> Case:
    """The score of a model on data; the target is its estimate."""
    model = _with_whole_numbers(model)
    derivation = derive(model)
    if not derivation.smooth:
        raise InputError(
            f"the log-density of {model.name} has kinks in its parameters, and gradient ascent of "
            "fixed step has no fixed point there; fit it instead"
        )
    fitted = fit(model, sample)
    targets: tuple[Mapping[sp.Symbol, float], ...] = ()
    if fitted.estimate is not None:
        estimate = fitted.estimate
        targets = ({s: estimate[s.name] for s in model.symbols},)
    others = tuple({s: o.estimate[s.name] for s in model.symbols} for o in fitted.maxima)
    return Case(
        model.name,
        model.parameters,
        derivation.score,
        None if derivation.information.unresolved else derivation.information.matrix,
        columns_of(derivation, sample),
        (*targets, *others),
        "" if targets else fitted.message,
        model=model,
        sample=sample,
    )


def _with_whole_numbers(model: Model) -> Model:
    if model.given:
        name = model.given[0].name
        raise InputError(f"{name} has no number here; give it with --fix {name}=NUMBER")
    return model


def columns_of(derivation: Derivation, sample: Sample) -> Columns:
    """The data by symbol, and the share of each row."""
    names = [variable.name for variable in derivation.model.data]
    chosen = names if set(names) == set(sample.columns) else list(sample.columns)
    rows = {
        variable.symbol: np.asarray(sample.columns[name], dtype=float)
        for variable, name in zip(derivation.model.data, chosen, strict=True)
    }
    weights = np.ones(sample.n) if sample.weights is None else np.asarray(sample.weights)
    return Columns(rows, weights / weights.sum())


def case_of_problem(problem: Problem) -> Case:
    """An objective, a game or a map without data; the targets are its fixed points."""
    if problem.given:
        name = problem.given[0].name
        raise InputError(f"{name} has no number here; give it with --fix {name}=NUMBER")
    found = fixed_points(problem)
    numbers = [p for p in found.points if all(v.is_number for v in p.values.values())]
    targets = tuple({s: float(v) for s, v in each.values.items()} for each in numbers)
    why = "" if targets else f"{problem.name} has no fixed point to come to: {found.none}"
    return Case(
        problem.name, problem.variables, problem.field, None, NO_DATA, targets, why, problem
    )


def scheme_of_map(case: Case) -> Scheme:
    """The name under which an explicit map is run."""
    return replace(simultaneous(case.symbols), name="map")
