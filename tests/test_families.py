"""The catalogue: every row against scipy.stats and against the total mass one."""

import ast
import math
import random
import re
from itertools import count

import mpmath
import numpy as np
import pytest
import scipy.stats
import sympy as sp

from symmle.errors import InputError
from symmle.families import FAMILIES, family, family_model
from symmle.parsing import parse
from symmle.sample_mean import mean
from tests.by_rows import point_of, rows_of, value

NAMES = tuple(FAMILIES)


def frozen(name: str, point: dict):
    """The scipy distribution that a row names, at a point."""
    row = family(name)
    scipy_name, mapping = row.scipy
    symbols = {str(symbol): symbol for symbol in point}
    numbers = {symbol: sp.Float(str(v), 30) for symbol, v in point.items()}
    given = {key: float(parse(text, symbols).subs(numbers)) for key, text in mapping.items()}
    return getattr(scipy.stats, scipy_name)(**given)


@pytest.mark.parametrize("name", NAMES)
def test_scipy_has_the_same_log_density(name: str) -> None:
    """The average log-likelihood is the mean of scipy's logpdf or logpmf over the rows."""
    draw = random.Random(name)
    for _ in range(3):
        model = family_model(name)
        point, columns = point_of(model, draw), rows_of(model, draw, 12)
        x = np.array([float(each) for each in columns[model.data[0].symbol]])
        other = frozen(name, point)
        theirs = other.logpmf(x) if model.discrete else other.logpdf(x)
        assert np.all(np.isfinite(theirs)), "the rows lie in the support that scipy sees"
        assert float(value(mean(model.log_density), columns, point)) == pytest.approx(
            float(np.mean(theirs)), rel=1e-11, abs=1e-11
        )


@pytest.mark.parametrize("name", NAMES)
def test_the_support_is_scipys(name: str) -> None:
    """The data's domain begins and ends where scipy's support does."""
    model = family_model(name)
    where = model.data[0].domain
    lower, upper = frozen(name, point_of(model, random.Random(name))).support()
    assert float(where.lower) == lower
    assert float(where.upper) == upper


@pytest.mark.parametrize("name", NAMES)
def test_the_mass_is_one(name: str) -> None:
    """The density integrates, the mass function sums, to one: by mpmath, to 12 digits."""
    model = family_model(name)
    draw = random.Random(name)
    for _ in range(2):
        point = point_of(model, draw)
        assert abs(_mass(model, list(point.values())) - 1) < 1e-11


def _mass(model, theta) -> mpmath.mpf:
    """The total mass, by quadrature or summation."""
    x, where = model.data[0].symbol, model.data[0].domain
    density = sp.lambdify([x, *model.symbols], sp.exp(model.log_density), "mpmath")
    if where.integer:
        return _summed(lambda k: density(k, *theta), where)
    cut = [0, mpmath.mpf("0.5"), 1, 3, 10, 40] if where.upper.is_infinite else [0, 0.5, 1]
    ends = [-mpmath.inf, -40, -10, -3] if where.lower.is_infinite else []
    ends += [*cut, *([mpmath.inf] if where.upper.is_infinite else [])]
    return mpmath.quad(lambda t: density(t, *theta), ends)


def _summed(mass, where) -> mpmath.mpf:
    """The sum over the whole numbers of a domain, until a term falls below 1e-18."""
    total = mpmath.mpf(0)
    for k in count(int(where.lower)):
        term = mass(mpmath.mpf(k))
        total += term
        if (where.upper.is_finite and k == int(where.upper)) or (k > 50 and term < 1e-18):
            return total
    raise AssertionError


# --- the rows are data, and well-formed ---------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_row_names_every_parameter_to_scipy_and_r(name: str) -> None:
    """scipy's arguments and R's call together use each parameter; the keys exist there."""
    row = family(name)
    scipy_name, mapping = row.scipy
    distribution = getattr(scipy.stats, scipy_name)
    shapes = (distribution.shapes or "").replace(" ", "").split(",")
    assert set(mapping) <= {*shapes, "loc", "scale"}
    used = set(re.findall(r"\w+", " ".join(mapping.values())))
    assert set(row.parameters) <= used
    assert set(row.parameters) <= set(re.findall(r"\w+", row.r))
    assert row.name == name
    assert row.reference


def test_the_families_of_the_contract() -> None:
    """The families of the first issue, with the parameters that the contract gives them."""
    promised = {
        "normal": "mu sigma", "lognormal": "mu sigma", "exponential": "rate",
        "gamma": "shape rate", "weibull": "shape scale", "inverse_gaussian": "mu shape",
        "beta": "a b", "cauchy": "location scale", "rayleigh": "scale", "poisson": "rate",
        "bernoulli": "p", "geometric": "p", "negative_binomial": "size mu",
    }  # fmt: skip
    for name, parameters in promised.items():
        assert " ".join(family(name).parameters) == parameters


def test_a_row_is_text_only() -> None:
    """No row holds anything but strings: no estimator, no derivative, no code."""
    for row in FAMILIES.values():
        texts = [row.name, row.log_density, row.r, row.reference, row.scipy[0]]
        texts += [*row.data, *row.data.values(), *row.parameters, *row.parameters.values()]
        texts += [*row.scipy[1], *row.scipy[1].values()]
        assert all(isinstance(each, str) for each in texts)
        ast.parse(row.log_density, mode="eval")


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("gama", "gamma"),
        ("Normal", "normal"),
        ("wiebull", "weibull"),
        ("inverse-gaussian", "inverse_gaussian"),
        ("negbinomial", "negative_binomial"),
        ("poison", "poisson"),
    ],
)
def test_an_unknown_family_gets_the_nearest_names(wrong: str, near: str) -> None:
    """A slip of the finger is answered by the name that was meant, exit status 2."""
    with pytest.raises(InputError) as caught:
        family(wrong)
    assert f"{wrong!r}" in str(caught.value)
    assert near in str(caught.value)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("wrong", ["", "qqqqqqq", "normal.toml", "norm al\n", "x" * 10_000])
def test_far_from_every_name(wrong: str) -> None:
    """Nothing near: the sentence says how to see the list and how to bring one's own density."""
    with pytest.raises(InputError, match="--logpdf"):
        family_model(wrong)


def test_the_catalogue_cannot_be_changed() -> None:
    """A mapping that is read only, of rows that are frozen."""
    with pytest.raises(TypeError):
        FAMILIES["mine"] = family("normal")
    with pytest.raises(AttributeError):
        family("normal").name = "mine"


def test_the_hand_computed_density() -> None:
    """A normal at one standard deviation: -1/2 - log(sigma) - log(2*pi)/2, by hand."""
    model = family_model("normal")
    mu, sigma = model.symbols
    here = model.log_density.subs({mu: 1, sigma: 2, model.data[0].symbol: 3})
    assert float(here) == pytest.approx(-0.5 - math.log(2) - math.log(2 * math.pi) / 2)
