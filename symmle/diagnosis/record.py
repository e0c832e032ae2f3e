"""What a diagnosis says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from symmle.stability import Interval


class Outcome(StrEnum):
    """What became of the run."""

    CONVERGES = "converges"
    CYCLE = "cycle"
    DIVERGES = "diverges"
    LEAVES_DOMAIN = "leaves_domain"
    SLOW = "slow"
    CHAOTIC = "chaotic"


@dataclass(frozen=True, slots=True)
class Remedy:
    """A run that converges: it was made.

    coordinates: `NAME=WORD` where it climbs in others than the user's.
    predicted_iterations: from the spectral radius and the distance of the start; seen: what the
    run took.
    """

    scheme: str
    step: float
    start: Mapping[str, float]
    predicted_iterations: int | None
    seen: int
    coordinates: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A run, what it came to, why, and what to do instead.

    iterations: full updates that were made.  final, largest: by variable, the largest by size.
    target: the point that it should have come to; None where there is none.
    predicted_rate: the spectral radius at the target for this step; observed_rate: by what the
    distance to it was multiplied at each of the last steps.
    stable_steps: of the scheme at the target; None where they are not known.
    cycle: the points of the cycle it ends on.  lyapunov: exponent and its standard error.
    reasons: {field: why it holds None}.
    """

    model: str
    scheme: str
    step: float
    start: Mapping[str, float]
    outcome: Outcome
    iterations: int
    final: Mapping[str, float]
    largest: Mapping[str, float]
    max_gradient_norm: float
    cause: str
    target: Mapping[str, float] | None = None
    period: int | None = None
    cycle: tuple[Mapping[str, float], ...] = ()
    predicted_rate: float | None = None
    observed_rate: float | None = None
    stable_steps: tuple[Interval, ...] | None = None
    lyapunov: tuple[float, float] | None = None
    remedy: Remedy | None = None
    gradient: str = ""
    reasons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
