"""Where the score does not decide: what the data set, intervals of optima, whole numbers, and
likelihoods that have no bound elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import mpmath

from symmle.fit.locate import Located
from symmle.fit.record import Fit, Status
from symmle.fit.setting import DIGITS, Setting
from symmle.fit.unbounded import Path, unbounded_path
from symmle.fit.whole import WholeSearch, search_whole
from symmle.known import Known


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """The best whole number, as a point like any other, and what the search said."""

    located: Located
    whole: WholeSearch


def searched(asked: Setting) -> Searched | Fit | None:
    """The search for a whole number; a record where it has no result; None without such."""
    if not asked.estimator.whole:
        return None
    if asked.rows is None or asked.counts is None:
        why = "the data have too many distinct rows for a search at many digits"
        return asked.without(Status.NOT_CONVERGED, f"{why}; hold the whole number with --fix")
    found = search_whole(asked.derivation, asked.estimator, asked.rows, asked.counts)
    if found is None or found.estimate is None:
        told = "" if found is None else found.sentence
        gone = found is not None and found.runs_away
        status = Status.NO_FINITE_ESTIMATE if gone else Status.NOT_CONVERGED
        if found is not None and found.known is Known.CHECKED and not gone:
            status = Status.BOUNDARY
        return asked.without(status, told)
    theta = {symbol: float(value) for symbol, value in found.estimate.items()}
    return Searched(Located(theta, 0), found)


def set_by_data(asked: Setting, found: Fit, whole: WholeSearch | None) -> Fit:
    """The record with what is to be said of an estimate that the score does not give."""
    estimator = asked.estimator
    if whole is not None:
        status = Status.NOT_UNIQUE if whole.ties else Status.OK
        return replace(found, status=status, message=whole.sentence, known=whole.known)
    if not estimator.optima:
        return replace(found, message=estimator.road)
    ends: dict[str, tuple[float, float]] = {}
    if asked.rows is not None:
        for symbol, pair in estimator.optima.items():
            low, high = (float(asked.value(end, {})) for end in pair)
            ends[symbol.name] = (low, high)
    wide = {name: pair for name, pair in ends.items() if pair[0] < pair[1]}
    if not wide:
        return replace(found, message=estimator.road)
    told = "; ".join(f"every {name} from {a!r} to {b!r}" for name, (a, b) in wide.items())
    message = f"{told} is a maximum, and the middle is reported: {estimator.road}"
    return replace(found, message=message, optima=wide)


def with_path(asked: Setting, found: Fit) -> Fit:
    """The record as that of a local maximum, where the likelihood is unbounded elsewhere."""
    if found.estimate is None or asked.estimator.unique or found.status is not Status.OK:
        return found
    path = path_from(asked, found.estimate)
    if path is None:
        return found
    message = "an interior maximum; elsewhere the likelihood has no bound, and so no maximum"
    way = path.sentence.removeprefix("the likelihood grows without bound as ")
    return replace(found, status=Status.LOCAL_MAXIMUM, message=message, unbounded_path=way)


def path_from(asked: Setting, estimate: Mapping[str, float]) -> Path | None:
    """A path on which the likelihood is unbounded, looked for about an estimate."""
    if asked.rows is None or asked.counts is None:
        return None
    with mpmath.workdps(DIGITS):
        theta = {s: estimate[s.name] for s in asked.model.symbols}
        return unbounded_path(asked.derivation, asked.rows, asked.counts, theta)
