"""Estimates on data: with standard errors, intervals, and how they are known."""

from symmle.fit.record import Fit, Status
from symmle.fit.run import fit

__all__ = ["Fit", "Status", "fit"]
