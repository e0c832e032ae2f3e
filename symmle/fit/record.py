"""What a fit is: the record of this room, and the ways in which there may be none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from symmle.known import Known

Matrix = tuple[tuple[float, ...], ...]
Ends = tuple[float | None, float | None]


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


class Weights(StrEnum):
    """What a weight says of its row.

    FREQUENCIES: so many equal rows were seen; n is their sum.
    PROBABILITIES: the row stands for so many of the population, as in a survey; only the ratios
    of the weights matter.
    """

    FREQUENCIES = "frequencies"
    PROBABILITIES = "probabilities"


@dataclass(frozen=True, slots=True)
class Maximum:
    """Another stationary point that was found: where, how high, and what it is."""

    estimate: Mapping[str, float]
    log_likelihood: float
    kind: str


@dataclass(frozen=True, slots=True)
class Searched:
    """What was settled of the stationary points beside the estimate, where every one is asked for.

    points: each one found, the highest first: a maximum, a minimum, a saddle, an inflection, or
    undecided.  whole: whether none is missing anywhere in the domain.
    box: {parameter searched: its range} in which none is missing; empty where nothing is claimed.
    highest: whether the estimate is proved to be the maximum over the whole domain.
    sentence: how it is known, and what is not.
    """

    points: tuple[Maximum, ...]
    whole: bool
    box: Mapping[str, tuple[float, float]]
    highest: bool
    sentence: str


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fit:
    """The maximum-likelihood estimate on a sample.

    n: observations, or the sum of the weights where these are frequencies.
    estimate: by parameter; None where there is none, and `message` says why and what to do.
    standard_errors: from the observed information; expected_standard_errors: from the expected;
    sandwich_standard_errors: right as well where the density is wrong.  None for a parameter
    whose estimate sits at an end that the data set.
    covariance: in the parameters' order; correlation: the same, scaled.
    confidence_intervals: Wald, `level` coverage, made in coordinates that respect the domain (log
    for a positive parameter, logit for an interval) and mapped back.
    profile_intervals: where the profile likelihood is within the quantile of its maximum; an end
    is None where the profile never falls that far.
    log_likelihood: of the whole sample with every constant; aic, aicc, bic follow from it.
    radius: by how much a certified estimate may be off, by parameter.
    optima: the whole interval of estimates that are equally likely, by parameter.
    identified: functions of the parameters that the data determine, where not all are.
    maxima: other maxima found.  search: what is known of all stationary points, where asked.
    unbounded_path: where the likelihood has no bound.
    limit: (the parameter that runs off, its limit, that of the log-likelihood or None for none).
    dropped: rows left out for a missing value.  effective_n: with probabilities for weights.
    reasons: {field, or field.parameter: why it holds None}.  notes: what else should be known.
    """

    model: str
    n: float
    status: Status
    message: str
    kind: str
    known: Known
    level: float = 0.95
    estimate: Mapping[str, float] | None = None
    standard_errors: Mapping[str, float | None] | None = None
    covariance: tuple[tuple[float | None, ...], ...] | None = None
    confidence_intervals: Mapping[str, tuple[float, float] | None] | None = None
    log_likelihood: float | None = None
    aic: float | None = None
    bic: float | None = None
    iterations: int | None = None
    aicc: float | None = None
    correlation: tuple[tuple[float | None, ...], ...] | None = None
    expected_standard_errors: Mapping[str, float | None] | None = None
    sandwich_standard_errors: Mapping[str, float | None] | None = None
    profile_intervals: Mapping[str, Ends] | None = None
    radius: Mapping[str, float] | None = None
    optima: Mapping[str, tuple[float, float]] | None = None
    identified: tuple[str, ...] = ()
    maxima: tuple[Maximum, ...] = ()
    search: Searched | None = None
    unbounded_path: str | None = None
    limit: tuple[str, str, float | None] | None = None
    weights: Weights | None = None
    effective_n: float | None = None
    dropped: int = 0
    reasons: Mapping[str, str] = field(default_factory=_nothing)
    notes: tuple[str, ...] = ()

    @property
    def has_estimate(self) -> bool:
        """Whether the record holds an estimate that may be used."""
        return self.estimate is not None
