"""Every check of `verify` is seen to fail: for each there is a saboteur that plants one fault.

The laws: a fault of the size named turns its check red, and the same case without it is green.
"""

from collections.abc import Callable
from dataclasses import replace

import mpmath
import pytest
import sympy as sp

from symmle.families import FAMILIES, family_model
from symmle.known import Known
from symmle.model import Model, build_model
from symmle.tree_value import tree_value
from symmle.verify import CHECKS, doubted_claims, verify
from symmle.verify.case import Case, case
from symmle.verify.derivatives import check_information
from symmle.verify.estimator import check_stationary
from tests.by_rows import WORKED

TINY = sp.Rational(1, 10**9)


def _double_the_density(doubted: Case) -> Case:
    model = replace(doubted.model, log_density=doubted.model.log_density + sp.log(2))
    return replace(doubted, model=model)


def _negate_the_density(doubted: Case) -> Case:
    model = replace(doubted.model, log_density=-doubted.model.log_density)
    return replace(doubted, model=model)


def _shift_the_average(doubted: Case) -> Case:
    claimed = doubted.derivation.average_log_likelihood + TINY
    return replace(doubted, derivation=replace(doubted.derivation, average_log_likelihood=claimed))


def _bend_the_score(doubted: Case) -> Case:
    score = doubted.derivation.score
    gradient = (*score.gradient[:-1], score.gradient[-1] * (1 + TINY))
    changed = replace(score, gradient=gradient)
    return replace(doubted, derivation=replace(doubted.derivation, score=changed))


def _bend_the_hessian(doubted: Case) -> Case:
    score = doubted.derivation.score
    changed = replace(score, hessian=score.hessian * (1 + TINY))
    return replace(doubted, derivation=replace(doubted.derivation, score=changed))


def _negate_the_hessian(doubted: Case) -> Case:
    score = doubted.derivation.score
    changed = replace(score, hessian=-score.hessian)
    return replace(doubted, derivation=replace(doubted.derivation, score=changed))


def _inflate_the_information(doubted: Case) -> Case:
    information = doubted.derivation.information
    changed = replace(information, matrix=information.matrix * sp.Rational(1001, 1000))
    return replace(doubted, derivation=replace(doubted.derivation, information=changed))


def _divide_by_n_minus_one(doubted: Case) -> Case:
    values = {
        symbol: value * sp.sqrt(sp.Rational(7, 6)) if value.has(sp.sqrt(2), sp.Pow) else value
        for symbol, value in doubted.estimator.values.items()
    }
    return replace(doubted, estimator=replace(doubted.estimator, values=values))


def _turn_the_equation(doubted: Case) -> Case:
    equation = doubted.estimator.equation
    assert equation is not None
    turned = replace(equation, expression=-equation.expression)
    return replace(doubted, estimator=replace(doubted.estimator, equation=turned))


def _forget_the_condition(doubted: Case) -> Case:
    return replace(doubted, estimator=replace(doubted.estimator, exists=sp.true))


def _claim_the_parameters_as_they_are(doubted: Case) -> Case:
    """Not concave in location and scale themselves."""
    same = {s: s for s in doubted.model.symbols}
    return replace(doubted, estimator=replace(doubted.estimator, concave_in=same))


def _change_the_jacobian(doubted: Case) -> Case:
    first, *others = doubted.stabilities
    wrong = replace(first, jacobian=first.jacobian * (1 + TINY))
    return replace(doubted, stabilities=(wrong, *others))


def _widen_the_range(doubted: Case) -> Case:
    first, *others = doubted.stabilities
    assert first.stable_steps
    wide = replace(first.stable_steps[0], upper=first.stable_steps[0].upper * sp.Rational(103, 100))
    wrong = replace(first, stable_steps=(wide,))
    return replace(doubted, stabilities=(wrong, *others))


def _flatter_the_rate(doubted: Case) -> Case:
    *others, last = doubted.stabilities
    return replace(doubted, stabilities=(*others, replace(last, rate=last.rate / 2)))


def _turn_a_sign_in_the_module(doubted: Case) -> Case:
    faulty = doubted.source.replace("- 1 / sigma", "+ 1 / sigma")
    assert faulty != doubted.source
    return replace(doubted, source=faulty)


def _move_the_end(doubted: Case) -> Case:
    """A hair beyond the data: the likelihood is lower, and every row is still inside."""
    moved = {s: value * (1 + TINY**3) for s, value in doubted.estimator.values.items()}
    return replace(doubted, estimator=replace(doubted.estimator, values=moved))


SABOTEURS: dict[str, tuple[str, Callable[[Case], Case]]] = {
    "check_normalised": ("normal", _double_the_density),
    "check_average": ("normal", _shift_the_average),
    "check_score": ("weibull", _bend_the_score),
    "check_hessian": ("gamma", _bend_the_hessian),
    "check_information": ("negative_binomial", _inflate_the_information),
    "check_stationary": ("normal", _divide_by_n_minus_one),
    "check_maximum": ("normal", _negate_the_density),
    "check_ends": ("a top of its own", _move_the_end),
    "check_falling": ("gamma", _turn_the_equation),
    "check_existence": ("weibull", _forget_the_condition),
    "check_concave": ("gamma", _negate_the_hessian),
    "check_one_maximum": ("logistic", _claim_the_parameters_as_they_are),
    "check_jacobian": ("normal", _change_the_jacobian),
    "check_ranges": ("gamma", _widen_the_range),
    "check_rates": ("normal", _flatter_the_rate),
    "check_generated": ("normal", _turn_a_sign_in_the_module),
}


def _model(name: str) -> Model:
    """A family of the catalogue, or the one density here whose estimate the data set."""
    if name in FAMILIES:
        return family_model(name)
    return build_model(name, "-log(top)", {"x": "[0, top]"}, {"top": "positive"})


def test_every_check_has_its_saboteur() -> None:
    """No check is merged before it was seen red: the two lists agree."""
    assert {check.__name__ for check in CHECKS} == set(SABOTEURS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_planted_fault_turns_the_check_red(check: Callable[[Case], object]) -> None:
    """Green on the claims as they are, red on the same claims with one fault."""
    family, sabotage = SABOTEURS[check.__name__]
    honest = doubted_claims(_model(family))
    assert check(honest).ok is True
    assert check(sabotage(honest)).ok is False


@pytest.mark.parametrize("family", WORKED)
def test_every_claim_of_the_catalogue_holds(family: str) -> None:
    """All checks of all families are green, and none claims more than `checked` by a road."""
    checks = verify(family_model(family))
    assert len(checks) >= 8
    assert [check for check in checks if check.ok is not True] == []
    assert {check.level for check in checks} == {Known.CHECKED}


@pytest.mark.parametrize("name", ["yule_simon", "log_gamma"])
def test_a_tail_that_cannot_be_summed_fails_no_check(name: str) -> None:
    """Total mass and information stay open there, and no check is false."""
    checks = {check.claim: check for check in verify(family_model(name))}
    assert not any(check.ok is False for check in checks.values())
    assert checks["the density has total mass one"].level is Known.UNKNOWN


@pytest.mark.parametrize("name", ["kumaraswamy", "lomax", "generalised_pareto"])
def test_an_estimate_is_looked_for_on_three_samples(name: str) -> None:
    """Where the first sample has none, another has: the claims of the estimate are all doubted."""
    checks = {check.claim: check for check in verify(family_model(name))}
    assert [check for check in checks.values() if check.ok is not True] == []
    assert any("stationary point" in claim for claim in checks)


def test_a_zero_of_the_score_at_an_end_is_no_estimate() -> None:
    """The likelihood of rice is even in its distance: the score vanishes at distance zero, too.

    Where sum(x**4) > 2*sum(x**2)**2/n that is where Newton's iteration ends, and no estimate.
    """
    honest = case(family_model("rice"))
    squares = [x**2 for (rows,) in [honest.columns.values()] for x in rows]
    assert sum(s**2 for s in squares) > 2 * sum(squares) ** 2 / len(squares)
    asked = check_stationary(honest)
    assert asked is not None and asked.ok is None and "may have no estimate" in asked.detail


def test_the_information_of_a_zipf_law_is_doubted_by_its_sum() -> None:
    """A derivative of zeta has a value at many digits: zeta'(3) as OEIS A244115 prints it."""
    s, a = sp.symbols("s a", positive=True)
    slope = sp.Derivative(sp.zeta(s, a), s)
    with mpmath.workdps(30):
        numbers = {s: mpmath.mpf(3), a: mpmath.mpf(2)}
        printed = -mpmath.mpf("0.19812624288563685333068182150328")
        assert abs(tree_value(slope, numbers) - printed) < mpmath.mpf(10) ** -28
    found = check_information(case(family_model("zipf")))
    assert found.ok is True and found.level is Known.CHECKED


def test_a_pinned_parameter_is_not_said_to_have_a_flat_score() -> None:
    """The end of the data is no stationary point: only the other parameter's score vanishes."""
    found = check_stationary(case(family_model("pareto")))
    assert found is not None and found.ok is True
    assert found.claim == "the score in shape vanishes at the boundary estimate"
