"""Held and tied parameters: the density that is left, and where its parameters may lie."""

import math

import numpy as np
import pytest
import sympy as sp

from symmle.data import from_array
from symmle.derive import derive
from symmle.domain import Datum
from symmle.errors import InputError
from symmle.families import family_model
from symmle.fit import fit
from symmle.model import Model, build_model
from symmle.parsing import parse
from symmle.ties import fix

GAMMA = build_model(
    "g",
    "a*log(b) - loggamma(a) + (a - 1)*log(x) - b*x",
    {"x": "positive"},
    {"a": "positive", "b": "positive"},
)


def test_fixing_at_a_number() -> None:
    """a = 1 turns the gamma into the exponential."""
    (b,), x = (fixed := fix(GAMMA, ["a=1"])).symbols, GAMMA.data[0].symbol
    assert fixed.log_density.equals(sp.log(b) - b * x)
    half = fix(GAMMA, ["a = 5/2"]).log_density.subs({b: 1, x: 1})
    assert float(half) == pytest.approx(-math.lgamma(2.5) - 1, rel=1e-14)


@pytest.mark.parametrize("number", ["500", "170.5", "1000000"])
def test_fixing_at_a_large_number(number: str) -> None:
    """loggamma of a large number stays what doubles can hold: no exact factorial is written out."""
    (b,), x = (fixed := fix(GAMMA, [f"a={number}"])).symbols, GAMMA.data[0].symbol
    assert len(str(fixed.log_density)) < 200
    here = float(sp.lambdify([x, b], fixed.log_density, "mpmath")(2.0, 3.0))
    a = float(number)
    assert here == pytest.approx(
        a * math.log(3) - math.lgamma(a) + (a - 1) * math.log(2) - 6, rel=1e-12
    )


def test_tying_to_another_parameter() -> None:
    """sd=mean: one parameter left, everywhere; the tie may be an expression."""
    tied = fix(GAMMA, ["a=2*b"])
    assert [p.name for p in tied.parameters] == ["b"]
    assert tied.log_density.free_symbols == {tied.symbols[0], tied.data[0].symbol}


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["a"], "NAME=VALUE"),
        (["c=1"], "no parameter 'c'"),
        (["a=-1"], "outside the domain"),
        (["a=0"], "outside the domain"),
        (["a=1", "b=1"], "no parameter of g to estimate"),
        (["a=1, b=a"], "no parameter of g to estimate"),
        (["a=-b"], "never lies"),
        (["a=b - b**3"], "cannot be seen"),
        (["a=a"], "ties a to itself"),
        (["a=2*b", "b=a"], "ties a to itself"),
        (["a=x"], "'x'"),
        (["a="], "empty"),
        (["a=1", "a=2"], "two values"),
    ],
)
def test_wrong_fixes(assignments: list[str], said: str) -> None:
    """Each refusal names the assignment or the parameter."""
    with pytest.raises(InputError, match=said):
        fix(GAMMA, assignments)


@pytest.mark.parametrize(
    ("tie", "domain"),
    [
        ("sigma=mu", "positive"),
        ("sigma=2*mu", "positive"),
        ("sigma=3 - mu", "(-oo, 3)"),
        ("sigma=mu**3", "positive"),
        ("sigma=mu**2", "real"),
        ("sigma=exp(mu)", "real"),
        ("sigma=exp(mu) - 1", "positive"),
        ("mu=sigma", "positive"),
        ("mu=-log(sigma)", "positive"),
    ],
)
def test_the_tied_domain_follows_from_both(tie: str, domain: str) -> None:
    """sigma = mu needs mu > 0: the parameter that stays lies where both are defined."""
    (left,) = fix(family_model("normal"), [tie]).parameters
    assert left.domain.text == domain
    assert left.symbol.assumptions0.get("positive") is (True if domain == "positive" else None)


def test_a_tie_into_an_interval() -> None:
    """p = q/2 in (0, 1) leaves q in (0, 2); p = 1 - q the same interval."""
    model = build_model(
        "two",
        "x*log(p) + (1 - x)*log(1 - p) - q",
        {"x": "integer in [0, 1]"},
        {"p": "unit", "q": "real"},
    )
    assert fix(model, ["p=q/2"]).parameters[0].domain.text == "(0, 2)"
    assert fix(model, ["p=1 - q"]).parameters[0].domain.text == "unit"


def test_ties_may_follow_what_is_held() -> None:
    """In any order: sigma = 2*mu and mu = 3 leave nothing; with a third parameter, that."""
    model = build_model(
        "three",
        "-(x - a)**2/b - log(b) + c",
        {"x": "real"},
        {"a": "real", "b": "positive", "c": "real"},
    )
    for texts in (["b=2*a, a=3"], ["a=3", "b=2*a"]):
        left = fix(model, texts)
        assert [each.name for each in left.parameters] == ["c"]
        assert not left.log_density.has(*model.symbols[:2])
    with pytest.raises(InputError, match="outside the domain"):
        fix(model, ["b=2*a, a=-3"])


def test_the_curved_normal_is_fitted() -> None:
    """sigma = mu: mu**2 + m1*mu - m2 = 0 for the raw moments, by hand from the score."""
    x = np.array([1.2, 0.4, 2.2, 1.9, 0.1])
    found = fit(fix(family_model("normal"), ["sigma=mu"]), from_array(x))
    m1, m2 = x.mean(), (x**2).mean()
    assert found.estimate is not None
    assert found.estimate["mu"] == pytest.approx((-m1 + math.sqrt(m1**2 + 4 * m2)) / 2, rel=1e-12)


def test_coordinates_come_after() -> None:
    """A model in other coordinates is not held any more: its parameters are gone."""
    from symmle.coordinates import in_coordinates

    model: Model = in_coordinates(family_model("normal"), ["sigma=log"])
    with pytest.raises(InputError, match="before coordinates"):
        fix(model, ["mu=0"])
    assert isinstance(model.data[0].symbol, Datum)


@pytest.mark.parametrize(
    ("tie", "slope"), [("sigma=mu/2", "1/2"), ("sigma=mu**2 + 1", "2*mu"), ("mu=2*sigma", "2")]
)
def test_the_information_of_a_tied_normal_is_that_of_the_free_one_along_the_tie(
    tie: str, slope: str
) -> None:
    """J' I J with J the direction of the tie: in closed form, no expectation left."""
    free, tied = family_model("normal"), fix(family_model("normal"), [tie])
    (left,) = tied.symbols
    held, _, value = tie.partition("=")
    names = {left.name: left}
    place = {free.symbol(held): parse(value, names), free.symbol(left.name): left}
    along = sp.Matrix([1 if s.name == left.name else parse(slope, names) for s in free.symbols])
    wanted = (along.T * derive(free).information.matrix.xreplace(place) * along)[0, 0]
    information = derive(tied).information
    assert not information.unresolved
    assert sp.cancel(information.matrix[0, 0] - wanted) == 0
