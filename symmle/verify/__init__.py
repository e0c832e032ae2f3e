"""Every claim again by another road."""

from dataclasses import replace

from symmle.model import Model
from symmle.verify.case import Case, Check, case
from symmle.verify.derivatives import (
    check_average,
    check_hessian,
    check_information,
    check_normalised,
    check_score,
)
from symmle.verify.ends import check_ends
from symmle.verify.estimator import (
    check_concave,
    check_existence,
    check_falling,
    check_maximum,
    check_one_maximum,
    check_stationary,
)
from symmle.verify.generated import check_generated
from symmle.verify.sweeps import check_jacobian, check_ranges, check_rates, claims

CHECKS = (
    check_normalised,
    check_average,
    check_score,
    check_hessian,
    check_information,
    check_stationary,
    check_maximum,
    check_ends,
    check_falling,
    check_existence,
    check_concave,
    check_one_maximum,
    check_jacobian,
    check_ranges,
    check_rates,
    check_generated,
)


def doubted_claims(model: Model) -> Case:
    """All that is claimed of a model, with the data and points to doubt it at."""
    doubted = case(model)
    from symmle.codegen import generate  # imports NumPy, which the quick checks do without

    shipped = case(model.freed()) if model.given else doubted
    source = generate(shipped.derivation, shipped.estimator)
    return replace(doubted, stabilities=claims(doubted), source=source)


def verify(model: Model) -> tuple[Check, ...]:
    """Doubt every claim made of a model; a check that finds nothing claimed is left out."""
    doubted = doubted_claims(model)
    answers = (check(doubted) for check in CHECKS)
    return tuple(answer for answer in answers if answer is not None)
