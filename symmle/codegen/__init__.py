"""Derivation and estimator -> a standalone module for NumPy, and a test file for it.

    invariance     whether the density is a scale or a location family
    rows, stable   forms that keep their digits
    formula        expressions -> a straight line of assignments
    plan           what is computed in which order; target-independent, printable
    printer, layout, numpy_target, fitting, runtime, pieces
                   spell the plan for NumPy
    scalar         spells it one number at a time: plain Python, C, JavaScript
    targets        the languages by name
    module_tests   the test file, whose values come from the raw log-density at 50 digits

Imports `model`, `sample_mean`, `derive` and `estimate`; `fit`, `verify` and `cli` consume it.
"""

from symmle.codegen.loading import load
from symmle.codegen.module_tests import generate_tests
from symmle.codegen.numpy_target import write
from symmle.codegen.plan import Plan, digest, make_plan
from symmle.codegen.targets import TARGETS, Target
from symmle.derive import Derivation
from symmle.estimate import Estimator

__all__ = ["TARGETS", "Plan", "Target", "digest", "generate", "generate_tests", "load", "make_plan"]


def generate(derivation: Derivation, estimator: Estimator) -> str:
    """The source of a module that needs NumPy only, and SciPy where a special function does.

    Raises SymmleError where the density holds something that has no NumPy form.
    """
    return write(make_plan(derivation, estimator))
