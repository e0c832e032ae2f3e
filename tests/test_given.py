"""Numbers that a model is given and does not estimate: symbols until they are told."""

import mpmath
import pytest
import sympy as sp

from symmle.cli import main
from symmle.derive import derive
from symmle.errors import InputError
from symmle.estimate import Kind, estimate
from symmle.families import family_model
from symmle.known import Known
from symmle.model import build_model
from symmle.sample_mean import mean
from symmle.ties import fix
from symmle.verify import verify
from tests.by_rows import close, value


def test_a_constant_may_be_known_without_being_said() -> None:
    """A Weibull of known shape: the scale is closed in the symbol, and data need its number."""
    text = "log(k) - k*log(s) + (k-1)*log(x) - (x/s)**k"
    model = build_model("m", text, {"x": "positive"}, {"s": "positive"}, {"k": "positive"})
    (shape,) = (each.symbol for each in model.given)
    found = estimate(derive(model))
    (scale,) = model.symbols
    assert found.kind is Kind.CLOSED
    held = estimate(derive(fix(model, ["k=2"]))).values[scale]
    x = [mpmath.mpf(each) for each in (1, 2, 4)]
    rows = {model.data[0].symbol: x}
    assert close(value(found.values[scale] ** 2, rows, {shape: mpmath.mpf(2)}), 7)
    assert close(value(held**2, rows, {}), 7)
    with pytest.raises(InputError, match="give it with --fix k=NUMBER"):
        model.freed()


def test_trials_are_known_and_searched_for_only_on_data() -> None:
    """p = mean/trials, information trials/(p(1-p)); where no number was told they are freed."""
    model = family_model("binomial")
    trials, p = model.symbol("trials"), model.symbols[0]
    derivation = derive(model)
    x = model.data[0].symbol
    found = estimate(derivation)
    assert found.values == {p: mean(x) / trials}
    assert found.unique and found.maximum is Known.PROVED
    assert sp.simplify(derivation.information.matrix[0] - trials / (p * (1 - p))) == 0
    assert [each.name for each in model.freed().parameters] == ["trials", "p"]
    assert not fix(model, ["trials=10"]).given


def test_claims_with_a_given_number_are_checked_at_one() -> None:
    """Every check of the binomial holds, and the ranges and the module are among them."""
    checks = verify(family_model("binomial"))
    assert all(check.ok for check in checks)
    assert {"the ranges of stable steps", "the generated module"} <= {c.claim for c in checks}


def test_stability_wants_the_given_number_too(capsys: pytest.CaptureFixture[str]) -> None:
    """0 < step < 2/I with I = trials/(p(1-p)): at 10 trials and p = 1/2 that is 1/20."""
    assert main(["stability", "binomial", "--at", "p=1/2"]) == 2
    assert "add trials=" in capsys.readouterr().err
    assert main(["stability", "binomial", "--at", "p=1/2,trials=10"]) == 0
    assert "0 < step < 1/20" in capsys.readouterr().out


def test_expectations_over_a_few_whole_numbers_are_sums() -> None:
    """The information of three categories is diag(1/p) + 1/p3 throughout, and every check holds."""
    model = family_model("categorical")
    p, q = model.symbols
    rest = 1 - p - q
    wanted = sp.Matrix([[1 / p + 1 / rest, 1 / rest], [1 / rest, 1 / q + 1 / rest]])
    information = derive(model).information
    assert not information.unresolved
    assert (information.matrix - wanted).applyfunc(sp.cancel) == sp.zeros(2, 2)
    assert all(check.ok is not False for check in verify(model))
