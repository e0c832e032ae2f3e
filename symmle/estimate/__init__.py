"""Derivation -> Estimator: score = 0 as closed form, reduced equation or system."""

from symmle.estimate.records import Equation, Estimator, Kind
from symmle.estimate.solve import estimate

__all__ = ["Equation", "Estimator", "Kind", "estimate"]
