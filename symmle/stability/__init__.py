"""Jacobian, stable steps, best step and rate of a scheme at a fixed point; comparison of two."""

from symmle.stability.analysis import stability
from symmle.stability.compare import comparison
from symmle.stability.in_full import compared
from symmle.stability.jacobian import field_jacobian, general_jacobian, sweep_jacobian
from symmle.stability.records import (
    AtStep,
    Comparison,
    Criticality,
    Edge,
    Event,
    Interval,
    Passage,
    SchemeStability,
    Side,
    StableSet,
    TwoBlocks,
    Verdict,
)

__all__ = [
    "AtStep",
    "Comparison",
    "Criticality",
    "Edge",
    "Event",
    "Interval",
    "Passage",
    "SchemeStability",
    "Side",
    "StableSet",
    "TwoBlocks",
    "Verdict",
    "compared",
    "comparison",
    "field_jacobian",
    "general_jacobian",
    "stability",
    "sweep_jacobian",
]
