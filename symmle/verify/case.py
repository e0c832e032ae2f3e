"""What a check is made of: a claim to doubt, data and a point to doubt it at."""

from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import sympy as sp

from symmle import trial
from symmle.derive import Derivation, derive
from symmle.estimate import Estimator, estimate
from symmle.known import Known
from symmle.model import Model
from symmle.precise import Columns, Point, evaluate
from symmle.stability import SchemeStability
from symmle.straight_line import steps

DIGITS = 60  # working precision of the checks
AGREEMENT = mpmath.mpf(10) ** -25  # what a difference quotient of that precision can show


@dataclass(frozen=True, slots=True)
class Check:
    """One claim, doubted by one road.

    level: what `ok` amounts to; UNKNOWN when the road could not be taken (then `ok` is None).
    """

    claim: str
    road: str
    level: Known
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A model's claims, with a small sample and a point inside the domains to test them at.

    stabilities: what is claimed of the schemes; filled in by `sweeps.claims`.
    source: the generated module.
    zero: (estimator, derivation and sample that it is of, where they lead there or None):
    worked out once for all checks.
    """

    model: Model
    derivation: Derivation
    estimator: Estimator
    columns: Columns
    point: Point
    stabilities: tuple[SchemeStability, ...] = ()
    source: str = ""
    zero: tuple[Estimator, Derivation, Columns, Point | None] | None = None

    @property
    def given(self) -> dict[sp.Symbol, mpmath.mpf]:
        """The numbers that the model is given, at the point."""
        return {each.symbol: self.point[each.symbol] for each in self.model.given}

    def value(self, expr: sp.Expr, theta: Point) -> mpmath.mpf:
        """An expression with means, on the sample and at parameters."""
        return evaluate(expr, self.columns, {**self.given, **theta})


def case(model: Model) -> Case:
    """The claims of a model, and where to doubt them; the choice is fixed, not random."""
    derivation = derive(model)
    estimator = estimate(derivation)
    return Case(model, derivation, estimator, trial.sample(model), trial.points(model)[0])


def raw_average(doubted: Case) -> Callable[..., mpmath.mpf]:
    """The average of the typed log-density over the rows, as a function of the parameters.

    Nothing that symmle derived is in it: this is what every derivative is checked against.
    """
    density = steps([doubted.model.log_density], list(doubted.columns))
    table = list(zip(*doubted.columns.values(), strict=True))
    given, names = doubted.given, doubted.model.symbols

    def average(*theta: mpmath.mpf) -> mpmath.mpf:
        found = density.over(table, {**given, **dict(zip(names, theta, strict=True))})
        return mpmath.fsum(mpmath.re(value) for (value,) in found) / len(table)

    return average


def agree(first: mpmath.mpf, second: mpmath.mpf, tolerance: mpmath.mpf = AGREEMENT) -> bool:
    """Whether two numbers are equal up to the tolerance, relative where they are large."""
    return bool(abs(first - second) <= tolerance * (1 + abs(second)))
