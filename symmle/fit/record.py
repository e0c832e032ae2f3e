"""What a fit is: the record of this room, and the ways in which there may be none."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from symmle.known import Known


class Status(StrEnum):
    """What became of the search for the maximum."""

    OK = "ok"
    LOCAL_MAXIMUM = "local_maximum"
    BOUNDARY = "boundary"
    NO_FINITE_ESTIMATE = "no_finite_estimate"
    UNBOUNDED = "unbounded"
    NOT_UNIQUE = "not_unique"
    NOT_IDENTIFIED = "not_identified"
    NOT_CONVERGED = "not_converged"

    @property
    def has_estimate(self) -> bool:
        """Whether the record holds an estimate that may be used."""
        return self in (Status.OK, Status.LOCAL_MAXIMUM)


@dataclass(frozen=True, slots=True)
class Fit:
    """The maximum-likelihood estimate on a sample.

    n: observations, or the sum of the weights, which count as repetitions of a row.
    estimate, standard_errors: by parameter; covariance: in the parameters' order, the inverse of
    n times the observed information.
    confidence_intervals: Wald, `level` coverage, made in coordinates that respect the domain (log
    for a positive parameter, logit for an interval) and mapped back.
    log_likelihood: of the whole sample with every constant; aic, bic follow from it.
    All of these are None where there is no estimate; `message` then says why and what to do.
    """

    model: str
    n: float
    status: Status
    message: str
    kind: str
    known: Known
    level: float = 0.95
    estimate: Mapping[str, float] | None = None
    standard_errors: Mapping[str, float] | None = None
    covariance: tuple[tuple[float, ...], ...] | None = None
    confidence_intervals: Mapping[str, tuple[float, float]] | None = None
    log_likelihood: float | None = None
    aic: float | None = None
    bic: float | None = None
    iterations: int | None = None
