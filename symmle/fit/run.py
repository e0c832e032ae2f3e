"""Derive, generate, evaluate, and judge the result by the score at many digits.

The numbers come from the generated module, the same that a user would take away; its answer is
doubted here and not believed: existence is decided beforehand from the condition that the
derivation found, the score is evaluated again at 40 digits, and the Hessian must be negative
definite.

    prepare   what depends on the density alone
    setting   what every stage reads
    statuses  why there is no estimate; limits: which parameter runs to which end
    locate    the module's answer, and a look around for a higher point
    ends      whether the likelihood is higher where a parameter runs to an end
    judge     whether that answer is believed, and how far it may be off
    verdict   what the estimate is: the only maximum, one of several, at an end
"""

import numpy as np

from symmle.data import Sample, require_domain
from symmle.errors import InputError
from symmle.estimate import Kind
from symmle.fit.climb import ModuleSurface, Surface
from symmle.fit.ends import higher_end, level_end
from symmle.fit.fading import runs_off_together
from symmle.fit.judge import judged, reported
from symmle.fit.kink_fit import kinked_fit
from symmle.fit.locate import Located, Missing, locate, plain_point, surface_of
from symmle.fit.many_digits import at_many_digits
from symmle.fit.originals import with_originals
from symmle.fit.other_unit import in_other_unit
from symmle.fit.others import with_every_maximum, with_search
from symmle.fit.prepare import Prepared, prepare
from symmle.fit.record import Fit, Searched, Status, Weights
from symmle.fit.set_by_data import path_from, searched, way_of
from symmle.fit.setting import Setting, setting
from symmle.fit.statuses import failed, refused, with_end
from symmle.fit.threshold import threshold_fit
from symmle.fit.verdict import with_status
from symmle.model import Model


def fit(
    model: Model | Prepared,
    sample: Sample,
    level: float = 0.95,
    weighting: Weights = Weights.FREQUENCIES,
    every_maximum: bool = False,
) -> Fit:
    """The maximum-likelihood estimate of a model on a sample.

    model: prepared with `prepare` where it is to be fitted to many samples.
    sample: one column per data symbol, by name or in order.
    level: coverage of the intervals, between 0 and 1.
    weighting: what the sample's weights say: repetitions of a row, or inverse probabilities.
    every_maximum: enclose every stationary point of a few unknowns, and list the maxima.
    Never raises for data without an estimate: `status` and `message` tell.
    Raises InputError for data outside the model's support or a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise InputError(f"the level {level} is no coverage; give a number between 0 and 1")
    require_domain(sample, model.model if isinstance(model, Prepared) else model.freed())
    ready = model if isinstance(model, Prepared) else prepare(model)

    def fitted(these: Sample) -> Fit:
        asked = setting(ready.derivation, ready.estimator, these, level, weighting)
        found, search = _answer(asked, ready, every_maximum)
        return with_search(asked, found, search) if every_maximum else found

    found = fitted(sample)
    if found.status is Status.NOT_CONVERGED:
        found = in_other_unit(ready.model, sample, found, fitted)
    return with_originals(found, ready.model)


def _with_end(asked: Setting, ready: Prepared, found: Fit) -> Fit:
    """A refusal with the end that the likelihood runs to, as a climb from a plain start has it."""
    infinite = found.limit is not None and found.limit[2] is None
    if infinite or asked.estimator.exists is None or asked.rows is None:
        return found
    if asked.estimator.kind not in (Kind.REDUCED, Kind.SYSTEM, Kind.CLOSED):
        return found
    with np.errstate(all="ignore"):
        try:
            return with_end(asked, surface_of(asked, ready.module()), found, plain_point(asked))
        except (ValueError, OverflowError):
            return found


def _or_no_bound(asked: Setting, located: Located, end: Fit | None) -> Fit | None:
    """The record of an end, or of a path on which the likelihood has no bound: that is higher."""
    if end is None or end.limit is None or end.limit[2] is None:
        return end
    path = path_from(asked, {symbol.name: value for symbol, value in located.theta.items()})
    if path is None:
        return end
    told = f"{path.sentence}; hold a parameter with --fix"
    return asked.without(Status.UNBOUNDED, told, path=way_of(path))


def _answer(asked: Setting, ready: Prepared, every: bool) -> tuple[Fit, Searched | None]:
    """(what the search comes to, in the model's own parameters; what it says of every point)."""
    no_estimate = refused(asked)
    if no_estimate is not None:
        other = threshold_fit(asked) or kinked_fit(asked, ready)
        return other or _with_end(asked, ready, no_estimate), None
    module = ready.module()
    with np.errstate(all="ignore"):  # what is not finite is judged below, not warned about
        try:
            surface = surface_of(asked, module)
        except ValueError as error:
            return asked.without(Status.NOT_CONVERGED, str(error)), None
        located = searched(asked) or locate(asked, surface)
        if isinstance(located, Fit):
            return located, None
        exact, located = at_many_digits(asked, surface, located)
        if isinstance(located, Missing):
            return failed(asked, surface, located.start, located.reason), None
        if every:
            located = with_every_maximum(asked, located)
        return _settled(asked, surface, exact, located), located.search


def _settled(asked: Setting, surface: ModuleSurface, exact: Surface, located: Located) -> Fit:
    """The record of the point found, judged, or of what was found to be higher."""
    end = _or_no_bound(asked, located, higher_end(asked, surface, located))
    if end is not None:
        return end
    found = judged(asked, exact, located)
    if isinstance(found, Fit) and found.status in (Status.NOT_IDENTIFIED, Status.NOT_UNIQUE):
        found = _or_no_bound(asked, located, level_end(asked, surface, located)) or found
    if isinstance(found, Fit):
        lost = found.status is Status.NOT_CONVERGED or asked.spans_much
        start = tuple(located.theta.values())
        if lost:
            found = failed(asked, surface, start, found.message)
        if lost and found.status is Status.NOT_CONVERGED:
            found = runs_off_together(asked, start) or level_end(asked, surface, located) or found
        return found
    return with_status(asked, reported(asked, exact, found, located), located)
