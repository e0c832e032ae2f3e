"""Model -> Derivation: average log-likelihood, score, Hessian, information, statistics."""

from symmle.derive.expectation import Expectation
from symmle.derive.information import Information
from symmle.derive.score import Derivation, Score, derive

__all__ = ["Derivation", "Expectation", "Information", "Score", "derive"]
