"""Estimates on data: with standard errors, intervals, and how they are known."""

from symmle.fit.record import Fit, Maximum, Status, Weights
from symmle.fit.run import fit

__all__ = ["Fit", "Maximum", "Status", "Weights", "fit"]
