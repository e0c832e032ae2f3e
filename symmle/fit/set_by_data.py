"""Where the score does not decide: whole numbers, and likelihoods with no bound elsewhere."""

from collections.abc import Mapping
from dataclasses import replace

import mpmath

from symmle.fit.locate import Located
from symmle.fit.record import Fit, Status
from symmle.fit.setting import DIGITS, Setting
from symmle.fit.unbounded import Path, unbounded_path
from symmle.fit.whole import search_whole
from symmle.known import Known


def searched(asked: Setting) -> Located | Fit | None:
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
    return Located(theta, 0, said=found.sentence, ties=found.ties)


def with_path(asked: Setting, found: Fit) -> Fit:
    """The record as that of a local maximum, where the likelihood is unbounded elsewhere."""
    if found.estimate is None or asked.estimator.unique or found.status is not Status.OK:
        return found
    path = path_from(asked, found.estimate)
    if path is None:
        return found
    way = way_of(path)
    message = (
        "an interior maximum, which is what is usually reported; elsewhere the likelihood has no "
        f"bound, as {way}"
    )
    return replace(found, status=Status.LOCAL_MAXIMUM, message=message, unbounded_path=way)


def way_of(path: Path) -> str:
    """Which parameter goes where, without the rest of the sentence."""
    return path.sentence.removeprefix("the likelihood grows without bound as ")


def path_from(asked: Setting, estimate: Mapping[str, float]) -> Path | None:
    """A path on which the likelihood is unbounded, looked for about an estimate."""
    if asked.rows is None or asked.counts is None:
        return None
    with mpmath.workdps(DIGITS):
        theta = {s: estimate[s.name] for s in asked.model.symbols}
        return unbounded_path(asked.derivation, asked.rows, asked.counts, theta)
