"""Every claim again by another road."""

from symmle.verify.case import Case, Check, case
from symmle.verify.derivatives import (
    check_average,
    check_hessian,
    check_information,
    check_normalised,
    check_score,
)
from symmle.verify.estimator import check_maximum, check_stationary
from symmle.model import Model

CHECKS = (
    check_normalised,
    check_average,
    check_score,
    check_hessian,
    check_information,
    check_stationary,
    check_maximum,
)


def verify(model: Model) -> tuple[Check, ...]:
    """Doubt every claim made of a model; see `Check` for what an answer amounts to."""
    doubted = case(model)
    return tuple(check(doubted) for check in CHECKS)
