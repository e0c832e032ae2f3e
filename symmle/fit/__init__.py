"""Estimates on data: with standard errors, intervals, and how they are known."""

from symmle.fit.prepare import Prepared, prepare
from symmle.fit.record import Fit, Maximum, Searched, Status, Weights
from symmle.fit.run import fit

__all__ = ["Fit", "Maximum", "Prepared", "Searched", "Status", "Weights", "fit", "prepare"]
