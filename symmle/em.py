"""EM: the update of a model with latent variables, from its complete-data density.

The M-step is the estimator of the complete model, which `estimate` finds: an expression in sample
means of T(x, z).  The E-step puts E[T | x; theta] for T.  So where the complete model has a closed
estimator, EM is an explicit map theta -> M(theta), and a scheme as any other: theta moves by
step * (M(theta) - theta), and step 1 is EM itself.  Elsewhere one Newton step of the M-step, which
is step * C**-1 * gradient, does the same to first order (Lange, 1995, J. R. Statist. Soc. B 57).

At a fixed point its Jacobian is I + step * C**-1 * H, with H the Hessian of the average
log-likelihood and C = mean(E[-d2 l | x]), the information of the complete data: I - C**-1 (-H) is
the fraction of missing information (Dempster, Laird and Rubin, 1977, J. R. Statist. Soc. B 39,
theorem 4).  C + H is a mean of covariances, hence C >= -H: at a strict maximum every step below 2
is stable, and EM itself has its multipliers in [0, 1).

Imports `latent`, `model`, `sample_mean`, `derive` and `estimate`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import mpmath
import sympy as sp

from symmle.budget import bounded
from symmle.derive import derive
from symmle.derive.quadrature import integrate_against
from symmle.domain import Datum, Variable, domain
from symmle.errors import InputError
from symmle.estimate import Kind, estimate
from symmle.fraction import reduced_fraction
from symmle.latent import Conditional, State, conditional
from symmle.model import Model, Origin
from symmle.sample_mean import OverData, SampleCovariance, SampleMean, mean, nodes

_DIGITS = 20
_WORST = 1e-9  # relative error of an integral that is believed


@dataclass(frozen=True, slots=True)
class EM:
    """What EM does to a model.

    image: M(theta), one expression a parameter, in the parameters and means of the data; empty
    where the M-step is no closed form, and `why` says so.
    information: C at theta, n x n, likewise.
    """

    image: tuple[sp.Expr, ...]
    information: sp.Matrix
    why: str = ""

    def explicit(self) -> tuple[sp.Expr, ...]:
        """M(theta); InputError where it is no closed form."""
        if not self.image:
            raise InputError(self.why)
        return self.image


@lru_cache(maxsize=16)
def em(model: Model) -> EM:
    """The update map of EM and the information of the complete data.

    Raises InputError for a model without latent variables, or an E-step without a closed form.
    """
    if model.origin is not None:
        return _in_coordinates(em(model.origin.model), model, model.origin)
    if model.complete is None:
        raise InputError(
            f"em needs latent variables, and {model.name} has none; give the log-density of data "
            "and latent variables together, with --latent 'z in {0, 1}' or a table [latent]"
        )
    given = conditional(model.complete.log_density, model.latent)
    marks = _marks(given)
    whole = derive(_marked(model.complete, given, marks))
    found = estimate(whole)
    expected = _expectation(given, marks)
    total = {mean(marks[-1]): 1 - sp.Add(*(mean(mark) for mark in marks[:-1]))} if marks else {}
    information = whole.score.hessian.applyfunc(lambda entry: -_averaged(entry, expected))
    if found.kind is not Kind.CLOSED or not found.follows_score:
        why = (
            f"the M-step of {model.name} has no closed form, because the estimator of its complete "
            f"data is of the kind '{found.kind.value}'; take --scheme em_gradient, which has the "
            "same rate, or hold a parameter with --fix"
        )
        return EM((), information, why)
    values = [_shorter(found.values[symbol], total) for symbol in model.symbols]
    return EM(tuple(_averaged(value, expected) for value in values), information)


def _in_coordinates(first: EM, model: Model, origin: Origin) -> EM:
    """EM does not depend on the coordinates: M there, seen in these.

    C takes its factors as the Hessian does where the score vanishes.
    """
    old = origin.model.symbols
    there = dict(zip(old, first.image, strict=False))
    places = dict(zip(old, origin.places, strict=True))
    images = origin.images if first.image else ()
    image = tuple(each.xreplace(there).xreplace(places) for each in images)
    slopes = sp.diag(*(p.diff(s) for p, s in zip(origin.places, model.symbols, strict=True)))
    return EM(image, slopes * first.information.xreplace(places) * slopes, first.why)


def expected_information(
    model: Model, point: Mapping[sp.Symbol, sp.Expr], seconds: float = 20.0
) -> sp.Matrix:
    """C averaged over the data that the model gives at a point: numbers, n x n, by quadrature.

    Raises InputError for several data columns, and where an integral does not settle; BudgetError
    when it takes too long.
    """
    matrix = em(model).information.xreplace(point)
    means = nodes(matrix)
    numbers = {symbol: mpmath.mpf(sp.N(value, _DIGITS)) for symbol, value in point.items()}
    inside = [mean.args[0] for mean in means]
    found = bounded(seconds, lambda: integrate_against(model, inside, numbers, _DIGITS))
    if not all(error <= _WORST * (1 + abs(value)) for value, error in found):
        raise InputError(
            f"the information of the complete data of {model.name} could not be integrated here; "
            "give --data instead of --at"
        )
    values = {node: sp.Float(value, _DIGITS) for node, (value, _) in zip(means, found, strict=True)}
    return matrix.xreplace(values).applyfunc(lambda entry: entry.evalf(_DIGITS))


def _marks(given: Conditional) -> tuple[Datum, ...]:
    """A data symbol for each state, 1 where an observation is in it and else 0."""
    if len(given.states) == 1:
        return ()
    return tuple(Datum(f"in_state_{k}", nonnegative=True) for k in range(len(given.states)))


def _marked(complete: Model, given: Conditional, marks: tuple[Datum, ...]) -> Model:
    """The complete model with a mark for each state in place of the finite latent variables.

    Terms free of the parameters do not move the M-step, and are left out.
    """
    finite = set().union(*(state.values for state in given.states))
    kept = tuple(each for each in complete.data if each.symbol not in finite)
    theta = set(complete.symbols)
    joint = [
        {term for term in sp.Add.make_args(state.joint) if term.free_symbols & theta}
        for state in given.states
    ]
    shared = set.intersection(*joint)
    own = [sp.Add(*(terms - shared)) for terms in joint]
    log_density = sp.Add(*shared, *(m * each for m, each in zip(marks or (1,), own, strict=True)))
    if not marks:
        return replace(complete, log_density=log_density, origin=None)
    columns = tuple(Variable(mark, domain("integer in [0, 1]")) for mark in marks)
    return replace(complete, log_density=log_density, data=(*kept, *columns), origin=None)


def _expectation(given: Conditional, marks: tuple[Datum, ...]) -> Callable[[sp.Expr], sp.Expr]:
    def in_state(function: sp.Expr) -> Callable[[State], sp.Expr]:
        def there(state: State) -> sp.Expr:
            place = given.states.index(state)
            ones = {mark: sp.Integer(k == place) for k, mark in enumerate(marks)}
            return function.xreplace(ones)

        return there

    return lambda function: given.mean(in_state(function))


def _shorter(expr: sp.Expr, total: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    """The expression, with the states' shares adding up to one where that is shorter."""
    other = reduced_fraction(expr.xreplace(total))
    return other if other.count_ops() < expr.count_ops() else expr


def _averaged(expr: sp.Expr, expected: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    """The E-step: T becomes E[T | x] in every sample mean."""
    there: dict[sp.Expr, sp.Expr] = {}
    for node in nodes([expr]):
        there[node] = _averaged_node(node, expected)
    return expr.xreplace(there)


def _averaged_node(node: OverData, expected: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    if isinstance(node, SampleMean):
        return mean(expected(node.args[0]))
    if isinstance(node, SampleCovariance):
        first, second = node.args
        return mean(expected(first * second)) - mean(expected(first)) * mean(expected(second))
    raise InputError(
        f"the M-step takes {node} over latent variables, which has no E-step; choose another scheme"
    )
