"""Why a run of an update does what it does, and what to do instead.

This room stands behind `fit`, whose estimate says where a run should come to.
"""

from symmle.diagnosis.case import Case, case_of_model, case_of_problem
from symmle.diagnosis.diagnose import diagnose
from symmle.diagnosis.record import Diagnosis, Outcome, Remedy

__all__ = [
    "Case",
    "Diagnosis",
    "Outcome",
    "Remedy",
    "case_of_model",
    "case_of_problem",
    "diagnose",
]
