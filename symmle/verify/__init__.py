"""Every claim again by another road."""

from symmle.model import Model
from symmle.verify.case import Check, case
from symmle.verify.derivatives import (
    check_average,
    check_hessian,
    check_information,
    check_normalised,
    check_score,
)
from symmle.verify.estimator import (
    check_concave,
    check_existence,
    check_falling,
    check_maximum,
    check_stationary,
)

CHECKS = (
    check_normalised,
    check_average,
    check_score,
    check_hessian,
    check_information,
    check_stationary,
    check_maximum,
    check_falling,
    check_existence,
    check_concave,
)


def verify(model: Model) -> tuple[Check, ...]:
    """Doubt every claim made of a model; a check that finds nothing claimed is left out."""
    doubted = case(model)
    answers = (check(doubted) for check in CHECKS)
    return tuple(answer for answer in answers if answer is not None)
