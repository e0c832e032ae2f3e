"""Every claim again by another road."""

from collections.abc import Callable
from dataclasses import replace

import mpmath

from symmle.budget import bounded
from symmle.errors import BudgetError, InputError
from symmle.known import Known
from symmle.model import Model
from symmle.precise import Columns, Point
from symmle.trial import samples
from symmle.verify.case import DIGITS, Case, Check, case
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
    estimate_on,
    has_claim,
)
from symmle.verify.generated import check_generated
from symmle.verify.sweeps import check_jacobian, check_ranges, check_rates, claims

_SECONDS = 8.0  # of one check

CHECKS: tuple[Callable[[Case], Check | None], ...] = (
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
    doubted = _with_zero(case(model))
    from symmle.codegen import generate  # imports NumPy, which the quick checks do without

    shipped = case(model.freed()) if model.given else doubted
    source = generate(shipped.derivation, shipped.estimator)
    return replace(doubted, stabilities=claims(doubted), source=source)


def verify(model: Model) -> tuple[Check, ...]:
    """Doubt every claim made of a model; a check that finds nothing claimed is left out.

    One that takes too long says so, and is unknown.
    """
    doubted = doubted_claims(model)
    answers = (_in_time(check, doubted) for check in CHECKS)
    return tuple(answer for answer in answers if answer is not None)


def _in_time(check: Callable[[Case], Check | None], doubted: Case) -> Check | None:
    try:
        return bounded(_SECONDS, lambda: check(doubted))
    except InputError as error:
        return Check(_claimed(check), "values at many digits", Known.UNKNOWN, None, str(error))
    except BudgetError:
        why = f"out of time: more than {_SECONDS:g} s of the processor"
        return Check(_claimed(check), "no road in time", Known.UNKNOWN, None, why)


def _claimed(check: Callable[[Case], Check | None]) -> str:
    """What a check doubts, by the first sentence that is said of it."""
    claim = (check.__doc__ or check.__name__).partition(".\n")[0].rstrip(".")
    return f"{claim[0].lower()}{claim[1:]}"


def _with_zero(doubted: Case) -> Case:
    """The case on the first sample with an estimate, and the zero of its score there.

    On the first sample of all, and without a zero, where none has one or that takes too long.
    """

    def with_zero(zero: Point | None, columns: Columns = doubted.columns) -> Case:
        of = (doubted.estimator, doubted.derivation, columns, zero)
        return replace(doubted, columns=columns, zero=of)

    seconds = _SECONDS
    for columns in samples(doubted.model) if has_claim(doubted) else ():
        zero = _zero_in_time(replace(doubted, columns=columns), seconds)
        seconds = _SECONDS / 2  # of each further sample
        if zero is not None:
            return with_zero(zero, columns)
    return with_zero(None)


def _zero_in_time(doubted: Case, seconds: float) -> Point | None:
    def found() -> Point | None:
        with mpmath.workdps(DIGITS):
            return estimate_on(doubted)

    try:
        return bounded(seconds, found)
    except BudgetError:
        return None
