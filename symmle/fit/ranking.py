"""Many models on one sample, the best first.

Mass functions and densities are ranked apart: a density's likelihood has the unit of 1/x, a mass
function's has none, so their AIC are not comparable.  What has no estimate, or a sample outside
its support, is listed with the reason.
Source: Burnham & Anderson, Model Selection and Multimodel Inference (2002), section 2.11.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from symmle.data import Sample, require_domain
from symmle.errors import BudgetError, InputError
from symmle.families import FAMILIES, family_model
from symmle.fit.record import Fit
from symmle.fit.worker import Worker
from symmle.model import Model

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A model that was fitted, and how far its criteria are above the least of its kind.

    discrete: whether it is a mass function.
    """

    found: Fit
    discrete: bool
    delta_aic: float
    delta_bic: float


@dataclass(frozen=True, slots=True)
class Unranked:
    """A model without a likelihood to compare, and why, in one sentence."""

    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """Mass functions and densities, each by rising AIC, mass functions first; then the rest.

    n: observations, or the sum of the weights.
    """

    n: float
    ranked: tuple[Ranked, ...]
    unranked: tuple[Unranked, ...]


def rank(
    sample: Sample,
    families: Sequence[str] | None = None,
    level: float = 0.95,
    seconds: float = 10.0,
    progress: Progress | None = None,
) -> Ranking:
    """Fit every family whose support admits the sample, and rank by AIC.

    families: names of the catalogue; all of it without.  level: of the intervals.
    seconds: for each family, after which it is given up and says so.
    progress: called before each fit with (how many are done, of how many, the family).
    Raises InputError for an unknown name, or a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise InputError(f"the level {level} is no coverage; give a number between 0 and 1")
    names = list(dict.fromkeys(FAMILIES if families is None else families))
    models = [family_model(name) for name in names]
    found: list[tuple[Fit, bool]] = []
    failed: list[Unranked] = []
    worker = Worker(sample, level)
    try:
        for done, model in enumerate(models):
            if progress is not None:
                progress(done, len(models), model.name)
            outcome = _fitted(model, sample, worker, seconds)
            if isinstance(outcome, Fit) and outcome.aic is not None:
                found.append((outcome, model.discrete))
            else:
                failed.append(Unranked(model.name, _why(outcome)))
    finally:
        worker.stop()
    if progress is not None:
        progress(len(models), len(models), "")
    ranked = tuple(each for discrete in (True, False) for each in _ordered(found, discrete))
    return Ranking(sample.total_weight, ranked, tuple(failed))


def _fitted(model: Model, sample: Sample, worker: Worker, seconds: float) -> Fit | str:
    try:
        require_domain(sample, model)
    except InputError as error:  # the first bad row says enough in a long list
        return _without_source(str(error), sample).split(" (domain ")[0]
    turns = _more_than_a_turn(model, sample)
    if turns:
        return turns
    try:
        outcome = worker.fitted(model.name, seconds)
    except BudgetError as error:
        return str(error)
    return _without_source(outcome, sample) if isinstance(outcome, str) else outcome


def _more_than_a_turn(model: Model, sample: Sample) -> str:
    """Why a density of angles is not compared: on a circle and on a line it is not the same."""
    for variable, column in zip(model.data, sample.columns.values(), strict=True):
        period = variable.domain.period
        if period is not None and float(np.ptp(column)) > float(period):
            return f"{model.name} is of angles, and these data span more than one turn"
    return ""


def _without_source(sentence: str, sample: Sample) -> str:
    return sentence.removeprefix(f"{sample.source}: ")


def _why(outcome: Fit | str) -> str:
    if isinstance(outcome, str):
        return outcome
    if outcome.has_estimate:
        return "there is an estimate, but no likelihood that could be compared"
    return f"{outcome.status.value}: {outcome.message}"


def _ordered(found: list[tuple[Fit, bool]], discrete: bool) -> Iterator[Ranked]:
    """Those of one kind by rising AIC, with their distances from the least."""
    kind = [each for each, is_discrete in found if is_discrete is discrete]
    least_aic = min((each.aic for each in kind if each.aic is not None), default=0.0)
    least_bic = min((each.bic for each in kind if each.bic is not None), default=0.0)
    rows = [
        Ranked(each, discrete, each.aic - least_aic, each.bic - least_bic)
        for each in kind
        if each.aic is not None and each.bic is not None
    ]
    yield from sorted(rows, key=lambda row: (row.delta_aic, row.found.model))
