"""The stages of the house in their order, for one model: density to verdict."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import sympy as sp

from symmle import trial
from symmle.cli.point import Point, at_estimate, stays_in_letters
from symmle.derive import Derivation, derive
from symmle.errors import SymmleError
from symmle.estimate import Estimator, Kind, estimate
from symmle.known import Known
from symmle.model import Model
from symmle.report.findings import Findings
from symmle.schemes import Scheme, alternating, simultaneous
from symmle.stability import SchemeStability, comparison, stability
from symmle.stability.parts import program
from symmle.stability.polynomials import sweep
from symmle.verify.case import Case, Check
from symmle.verify.derivatives import check_average, check_score
from symmle.verify.ends import check_ends
from symmle.verify.estimator import check_stationary

_MOST_OPERATIONS = 1_000  # of a Hessian; update maps of larger ones say nothing in symbols
_QUICK: Mapping[str, Callable[[Case], Check | None]] = MappingProxyType(
    {
        "the average log-likelihood": check_average,
        "the score": check_score,
        "the estimate is a stationary point": check_stationary,
        "the data set the estimate": check_ends,
    }
)  # `verify` makes all of them


def analysed(model: Model) -> Findings:
    """Everything that `derive` tells of a model."""
    derivation = derive(model)
    estimator = estimate(derivation)
    checks = tuple(_quick_checks(derivation, estimator))
    undecided = estimator.kind in (Kind.BOUNDARY, Kind.NONE) or bool(estimator.whole)
    if undecided or not derivation.smooth:
        why = f"No update map is analysed: {_without_map(estimator)}"
        return Findings(derivation, estimator, (), (), None, checks, why)
    matrix = estimator.hessian
    if stays_in_letters(derivation, estimator):
        matrix = derivation.information.matrix
    size = sum(entry.count_ops() for entry in matrix)
    if size > _MOST_OPERATIONS:
        why = f"The Hessian has {size} operations, too many for symbols; use `stability --at`"
        return Findings(derivation, estimator, (), (), None, checks, why)
    step = step_symbol(model)
    schemes = (simultaneous(model.symbols), alternating(model.symbols))
    point = at_estimate(derivation, estimator)
    found = tuple(_in_symbols(derivation, point, scheme, step) for scheme in schemes)
    factors = tuple(tuple(_factors(derivation, scheme, step)) for scheme in schemes)
    return Findings(derivation, estimator, found, factors, comparison(*found), checks)


def _without_map(estimator: Estimator) -> str:
    """Why gradient ascent has no fixed point to be looked at."""
    if estimator.pinned:
        names = " and ".join(map(str, estimator.pinned))
        return (
            f"the score does not vanish at the estimate of {names}, so gradient ascent does not "
            "come to rest there"
        )
    if estimator.optima:
        return (
            "the score jumps at the estimate, so gradient ascent of fixed step goes to and fro "
            "about it"
        )
    return estimator.road


def step_symbol(model: Model) -> sp.Symbol:
    """The symbol of the step: `step`, or `step_` where a parameter has that name."""
    taken = {symbol.name for symbol in model.log_density.free_symbols}
    return sp.Symbol("step_" if "step" in taken else "step", positive=True)


def _in_symbols(
    derivation: Derivation, point: Point, scheme: Scheme, step: sp.Symbol
) -> SchemeStability:
    """The stability of a scheme at the estimate, for any sample."""
    return stability(
        derivation.score,
        scheme,
        step,
        {},
        information=derivation.information.matrix,
        evaluate=point.evaluate,
        strict_maximum=point.strict_maximum,
    )


def _factors(derivation: Derivation, scheme: Scheme, step: sp.Symbol) -> list[sp.ImmutableMatrix]:
    """The Jacobian of each line of a scheme, in the parameters as that line reads them."""
    rows = derivation.score.hessian.tolist()
    return [
        sp.ImmutableMatrix(sweep(rows, [block], step, sp.Rational))
        for block in program(scheme, derivation.score.parameters)
    ]


def _quick_checks(derivation: Derivation, estimator: Estimator) -> Iterator[Check]:
    model = derivation.model
    doubted = Case(model, derivation, estimator, trial.sample(model), trial.points(model)[0])
    no_root = estimator.kind is Kind.NONE or (
        estimator.kind is Kind.BOUNDARY and not estimator.complete
    )
    for claim, check in _QUICK.items():
        if check is check_stationary and no_root:
            continue
        try:
            answer = check(doubted)
            if answer is not None:
                yield answer
        except (SymmleError, ArithmeticError, ValueError) as error:
            yield Check(claim, "values at many digits", Known.UNKNOWN, None, str(error))
