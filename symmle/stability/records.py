"""The records of this room: what is said about one scheme, and about two."""

from dataclasses import dataclass, replace
from enum import StrEnum

import sympy as sp

from symmle.known import Known
from symmle.schemes import Map
from symmle.stability.parts import Part


class Event(StrEnum):
    """What a multiplier does where a range of stable steps ends."""

    FLIP = "flip"  # it leaves through -1: period doubling
    NEIMARK_SACKER = "neimark_sacker"  # a complex pair leaves: an invariant circle
    FOLD = "fold"  # it leaves through +1
    NONE = "none"  # nothing leaves: the end at step 0, or at infinity


class Criticality(StrEnum):
    """Which side of the edge the new cycle or circle lives on.

    Supercritical: outside the range, and it attracts; the iteration stays near the point.
    Subcritical: inside the range, and it repels; the basin shrinks to nothing at the edge.
    """

    SUPERCRITICAL = "supercritical"
    SUBCRITICAL = "subcritical"
    DEGENERATE = "degenerate"


class Passage(StrEnum):
    """What happens to the point itself where a multiplier passes +1."""

    FOLD = "fold"  # it meets another, and both vanish
    TRANSCRITICAL = "transcritical"  # another passes through it, and they exchange stability
    PITCHFORK = "pitchfork"  # it goes on, and two others (or a 2-cycle) branch off


class Verdict(StrEnum):
    """What one number as the step does at the fixed point."""

    STABLE = "stable"
    MARGINAL = "marginal"
    UNSTABLE = "unstable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Interval:
    """An open interval of stable steps.

    error: no end lies farther than this from its true place; 0 where both are exact.
    An event is None where several may happen and the symbols do not decide which.  A passage is
    told of an event FOLD alone, and only where it was decided.
    """

    lower: sp.Expr
    upper: sp.Expr
    lower_event: Event | None
    upper_event: Event | None
    lower_criticality: Criticality | None = None
    upper_criticality: Criticality | None = None
    error: sp.Expr = sp.S.Zero
    lower_passage: Passage | None = None
    upper_passage: Passage | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """What happens at the upper end of the first range of stable steps.

    coefficient: the normal-form coefficient whose sign is the criticality (positive at a
    supercritical flip; the first Lyapunov coefficient, negative at a supercritical
    Neimark-Sacker), for an eigenvector with an entry 1, the first that is not zero where the
    coefficient is exact, else the largest; None where it was not reached.
    """

    step: sp.Expr
    event: Event | None
    criticality: Criticality | None
    coefficient: sp.Expr | None
    passage: Passage | None = None


@dataclass(frozen=True, slots=True)
class AtStep:
    """What is known of one number as the step.

    spectral_radius is asymptotic; one_step_gain, the largest singular value, is one update's.
    """

    step: sp.Expr
    spectral_radius: sp.Expr
    one_step_gain: sp.Expr
    verdict: Verdict
    known: Known


@dataclass(frozen=True, slots=True)
class StableSet:
    """The steps at which the fixed point attracts.

    intervals: open, disjoint, ascending; empty when no step is stable; None when undecided.
    conditions: with `known` UNKNOWN, the intervals hold where all of these do; where intervals
    is None, a step is stable exactly where all of these hold (none given: nothing is known).
    """

    intervals: tuple[Interval, ...] | None
    best_step: sp.Expr | None
    rate: sp.Expr | None
    known: Known
    conditions: tuple[sp.Basic, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SchemeStability:
    """Everything that is said about one scheme at one fixed point.

    jacobian: n x n, of one full update in `step`, at the fixed point.
    eigenvalues: in `step`, when simple; None otherwise.
    characteristic_polynomial: in `z`; None where it is too long to write out.
    stable_steps, best_step, rate, conditions, reason: as in `StableSet`.
    rate: the spectral radius at best_step, per full update.
    parts: the sweep to first order, in its independent parts; empty where they are not told.
    """

    name: str
    order: tuple[sp.Symbol, ...]
    step: sp.Symbol
    map: Map
    jacobian: sp.ImmutableMatrix
    eigenvalues: tuple[sp.Expr, ...] | None
    characteristic_polynomial: sp.Expr | None
    stable_steps: tuple[Interval, ...] | None
    best_step: sp.Expr | None
    rate: sp.Expr | None
    edge: Edge | None
    known: Known
    conditions: tuple[sp.Basic, ...] = ()
    reason: str = ""
    at_step: AtStep | None = None
    parts: tuple[Part, ...] = ()

    def weakened(self, level: Known) -> "SchemeStability":
        """The same at a level that the numbers it rests on allow; nothing at UNKNOWN."""
        there = self.at_step and replace(self.at_step, known=self.at_step.known.weaker(level))
        if level is Known.UNKNOWN:
            return replace(
                self,
                stable_steps=None,
                best_step=None,
                rate=None,
                edge=None,
                known=level,
                conditions=(),
                reason="the digits of the point do not tell whether a multiplier is exactly 1",
                at_step=there and replace(there, verdict=Verdict.UNKNOWN),
                parts=(),
            )
        return replace(self, known=self.known.weaker(level), at_step=there)


@dataclass(frozen=True, slots=True)
class TwoBlocks:
    """Trace and determinant of two Jacobians of two parameters, at equal steps.

    q = step**2 * K12 * K21 for the field's Jacobian K: the alternating trace and determinant are
    the simultaneous ones plus q.  explained: what the sign of q says, in words.
    """

    simultaneous_trace: sp.Expr
    simultaneous_determinant: sp.Expr
    alternating_trace: sp.Expr
    alternating_determinant: sp.Expr
    q: sp.Expr
    explained: str = ""


class Side(StrEnum):
    """One of two schemes, or both alike."""

    FIRST = "first"
    SECOND = "second"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class Sets:
    """Two stable sets of steps.

    first_in_second, second_in_first: None where undecided.  only_first, only_second: a step that
    is stable for one of them and not for the other, where there is an interval of them.
    same_multipliers: whether both schemes have the same ones at every step.
    """

    first_in_second: bool | None
    second_in_first: bool | None
    known: Known
    only_first: sp.Expr | None = None
    only_second: sp.Expr | None = None
    reason: str = ""
    same_multipliers: bool = False


@dataclass(frozen=True, slots=True)
class Faster:
    """An open interval of steps on which one spectral radius is the smaller one.

    error: no end lies farther than this from its true place.
    """

    lower: sp.Expr
    upper: sp.Expr
    side: Side
    error: sp.Expr = sp.S.Zero


@dataclass(frozen=True, slots=True)
class SameSteps:
    """Who is the faster at equal steps, over all that are stable for either; None if undecided."""

    intervals: tuple[Faster, ...] | None
    known: Known
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BestSteps:
    """Whose rate is the smaller one, each at its own best step; None if undecided."""

    side: Side | None
    known: Known
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence about all values of the symbols.

    holds: None where it was neither proved nor refuted.  counterexample: what refutes it, as
    {symbol or statistic: number}; the step of it, where it is about one.  road: how it is known,
    in words.  strict: of one that holds, that no multiplier reaches the unit circle either.
    """

    text: str
    holds: bool | None
    known: Known
    road: str
    counterexample: tuple[tuple[sp.Expr, sp.Expr], ...] = ()
    step: sp.Expr | None = None
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two schemes at the same fixed point.

    same_jacobian: None when it was not decided.
    sets, best_steps, same_steps: None where they were not asked for.  claims: about all values of
    the symbols; empty at numbers.
    """

    same_jacobian: bool | None
    verdict: str
    known: Known
    two_blocks: TwoBlocks | None = None
    sets: Sets | None = None
    best_steps: BestSteps | None = None
    same_steps: SameSteps | None = None
    claims: tuple[Claim, ...] = ()

    def weakened(self, level: Known) -> "Comparison":
        """The same at a level that the numbers it rests on allow."""
        sets, best, same = self.sets, self.best_steps, self.same_steps
        return replace(
            self,
            known=self.known.weaker(level),
            sets=sets and replace(sets, known=sets.known.weaker(level)),
            best_steps=best and replace(best, known=best.known.weaker(level)),
            same_steps=same and replace(same, known=same.known.weaker(level)),
            claims=tuple(replace(each, known=each.known.weaker(level)) for each in self.claims),
        )
