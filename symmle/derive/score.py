"""Differentiate a log-density once, in terms of sample means.

The average log-likelihood is brought to central form first and differentiated after, so the
score and the Hessian inherit a form that does not cancel.  Nothing is simplified: terms that
share a factor are gathered, no more.
"""

from dataclasses import dataclass

import sympy as sp

from symmle.derive.branches import split_branches
from symmle.derive.information import Information, fisher_information, in_coordinates
from symmle.derive.logs import split_logs
from symmle.derive.mean_equations import MeanEquations, mean_equations
from symmle.derive.signs import positive_where_defined
from symmle.model import Model
from symmle.real_slope import real_slope
from symmle.sample_mean import SampleMean, mean, passes, statistics, tidy
from symmle.squares import central
from symmle.trial import require_finite
from symmle.zero_log import zero_times_log

_MANY = 3  # parameters, from which on the score is solved for all statistics at once
_LONGEST = 300  # operations of a derivative, from which on no terms are gathered
_LONG = 80  # operations of a Hessian, from which on it is solved for them with two, too


@dataclass(frozen=True, slots=True)
class Score:
    """Gradient and Hessian of an objective in its parameters.

    parameters: n symbols; gradient: n expressions; hessian: n x n, symmetric for one objective.
    """

    parameters: tuple[sp.Symbol, ...]
    gradient: tuple[sp.Expr, ...]
    hessian: sp.ImmutableMatrix


@dataclass(frozen=True, slots=True)
class Derivation:
    """All that follows from a log-density by differentiation.

    statistics: the means that the data enter through, free of the parameters.
    passes: the means that are not; empty for an exponential family.
    Both list what the average log-likelihood, the score and the Hessian contain.
    smooth: False where the log-density has kinks in a parameter (an absolute value, a minimum):
    score and Hessian then hold between the kinks only, and no claim is built on the Hessian.
    original: of the model in its first parameters, where this one is in other coordinates.
    mean_equations: mean(T) = E[T], looked for with three and more parameters, or a long Hessian.
    """

    model: Model
    average_log_likelihood: sp.Expr
    statistics: tuple[SampleMean, ...]
    passes: tuple[SampleMean, ...]
    score: Score
    information: Information
    smooth: bool
    original: "Derivation | None" = None
    mean_equations: MeanEquations | None = None


def derive(model: Model) -> Derivation:
    """Derive everything that holds for a sample of any size.

    Milliseconds for a density of ordinary size.  What the likelihood's maximum is, and whether
    there is one, is the next stage's question (`estimate`).
    Raises InputError for a log-density that is not finite at a point of its support.
    """
    require_finite(model)
    log_density = split_branches(split_logs(model))
    average = zero_times_log(central(mean(log_density)))
    theta = model.symbols
    smooth = is_smooth(model)
    gradient = tuple(_between_kinks(real_slope(average, symbol)) for symbol in theta)
    upper = {
        (i, j): _between_kinks(real_slope(gradient[i], theta[j]))
        for i in range(len(theta))
        for j in range(i, len(theta))
    }
    size = len(theta)
    hessian = sp.ImmutableMatrix(size, size, lambda i, j: upper[min(i, j), max(i, j)])
    everything = (average, *gradient, *hessian)
    original = None if model.origin is None else derive(model.origin.model)
    means = None
    if original is None or model.origin is None:
        regular = smooth and not moves_support(model)
        many = size >= _MANY or (size > 1 and sum(h.count_ops() for h in hessian) > _LONG)
        positive = positive_where_defined(model.log_density)
        means = mean_equations(gradient, model.parameters, positive) if many and regular else None
        information = fisher_information(model, log_density, regular, means)
    else:
        information = in_coordinates(original.information, model.origin, theta)
    return Derivation(
        model,
        average,
        statistics(everything, theta),
        passes(everything, theta),
        Score(theta, gradient, hessian),
        information,
        smooth,
        original,
        means,
    )


def moves_support(model: Model) -> bool:
    """Whether the support depends on a parameter, so that E[score] = 0 does not hold."""
    theta = set(model.symbols)
    return any(variable.domain.depends_on & theta for variable in model.data)


def is_smooth(model: Model) -> bool:
    """Whether no parameter moves a kink or a jump of the log-density."""
    theta = set(model.symbols)
    kinks: set[sp.Basic] = model.log_density.atoms(sp.Abs, sp.sign, sp.Min, sp.Max, sp.floor)
    for branches in model.log_density.atoms(sp.Piecewise):
        kinks |= {condition for _, condition in branches.args}
    return not any(kink.free_symbols & theta for kink in kinks)


def _between_kinks(derivative: sp.Expr) -> sp.Expr:
    """Gathered terms; the impulses that sit on the kinks themselves are left out."""
    impulses = derivative.atoms(sp.DiracDelta)
    if impulses:
        derivative = derivative.xreplace(dict.fromkeys(impulses, sp.S.Zero))
    return derivative if derivative.count_ops() > _LONGEST else tidy(derivative)
