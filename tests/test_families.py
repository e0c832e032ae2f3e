"""The catalogue: every row against scipy.stats and against the total mass one."""

import ast
import math
import random
import re
from dataclasses import replace
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
ENDS_IN_THE_DENSITY = {"generalised_pareto", "generalised_extreme_value"}  # by a sign, in a log
IN_SCIPY = tuple(name for name, row in FAMILIES.items() if row.scipy)
ELSEWHERE = tuple(name for name, row in FAMILIES.items() if not row.scipy and len(row.data) == 1)


def frozen(name: str, point: dict):
    """The scipy distribution that a row names, at a point."""
    row = family(name)
    scipy_name, mapping = row.scipy
    symbols = {str(symbol): symbol for symbol in point}
    numbers = {symbol: sp.Float(str(v), 30) for symbol, v in point.items()}
    given = {key: float(parse(text, symbols).subs(numbers)) for key, text in mapping.items()}
    return getattr(scipy.stats, scipy_name)(**given)


def drawn(name: str, draw: random.Random):
    """The model, a point, and the model's domains there: those may depend on parameters."""
    model = family_model(name).freed()
    point = point_of(model, draw)
    here = {symbol: sp.Float(str(v), 20) for symbol, v in point.items()}
    placed = tuple(replace(each, domain=each.domain.at(here)) for each in model.data)
    return replace(model, data=placed), point


@pytest.mark.parametrize("name", IN_SCIPY)
def test_scipy_has_the_same_log_density(name: str) -> None:
    """The average log-likelihood is the mean of scipy's logpdf or logpmf over the rows."""
    draw = random.Random(name)
    for _ in range(3):
        model, point = drawn(name, draw)
        columns = rows_of(model, draw, 12)
        x = np.array([float(each) for each in columns[model.data[0].symbol]])
        other = frozen(name, point)
        theirs = other.logpmf(x) if model.discrete else other.logpdf(x)
        seen = np.isfinite(theirs)
        assert np.all(seen) or name in ENDS_IN_THE_DENSITY, "the rows lie in scipy's support"
        columns = {
            symbol: [each for each, kept in zip(rows, seen, strict=True) if kept]
            for symbol, rows in columns.items()
        }
        theirs = theirs[seen]
        assert float(value(mean(model.log_density), columns, point)) == pytest.approx(
            float(np.mean(theirs)), rel=1e-10, abs=1e-10
        )


@pytest.mark.parametrize("name", IN_SCIPY)
def test_the_support_is_scipys(name: str) -> None:
    """The data's domain begins and ends where scipy's support does."""
    model, point = drawn(name, random.Random(name))
    where = model.data[0].domain
    lower, upper = frozen(name, point).support()
    if name in ENDS_IN_THE_DENSITY:
        middle = [mpmath.mpf(end) for end in (lower, upper) if math.isfinite(end)]
        beyond = {model.data[0].symbol: [middle[0] + (-1 if middle[0] == lower else 1)]}
        if model.data[0].domain.text == "real" or math.isfinite(upper):
            assert mpmath.im(_logpdf_at(model, beyond, point)) != 0, (
                "the density ends where scipy's does"
            )
        return
    assert float(where.lower) == pytest.approx(lower, rel=1e-12)
    assert float(where.upper) == pytest.approx(upper, rel=1e-12)


def _logpdf_at(model, columns, point) -> mpmath.mpc:
    names = [model.data[0].symbol, *point]
    function = sp.lambdify(names, model.log_density, "mpmath")
    return function(columns[names[0]][0], *point.values())


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_mass_is_one(name: str) -> None:
    """What scipy does not have integrates, or sums, to one: by mpmath, to 12 digits."""
    model, point = drawn(name, random.Random(name))
    with mpmath.workdps(30):  # an end may be singular
        assert abs(_mass(model, list(point.values())) - 1) < 1e-11


def _mass(model, theta) -> mpmath.mpf:
    """The total mass, by quadrature or summation; a kink may stand at the first parameter."""
    x, where = model.data[0].symbol, model.data[0].domain
    density = sp.lambdify([x, *model.symbols], sp.exp(model.log_density), "mpmath")
    if where.integer:
        return _summed(lambda k: density(k, *theta), where)
    low, high = mpmath.mpf(float(where.lower)), mpmath.mpf(float(where.upper))
    far = (-1000, -100, -30, -10, -3, 0, theta[0], 0.5, 1.5, 3, 10, 30, 100, 1000)
    ends = [low, *sorted(each for each in far if low < each < high), high]
    return mpmath.quad(lambda t: density(t, *theta), ends)


def test_several_columns() -> None:
    """The families of a dimension against scipy's, which take vectors and matrices."""
    law = scipy.stats.multivariate_normal([1, -2, 0.5], SPREAD)
    entries = [SPREAD[i][j] for i in range(3) for j in range(i, 3)]
    assert _at("multivariate_normal", [0.3, 0.1, 2], [1, -2, 0.5, *entries]) == pytest.approx(
        law.logpdf([0.3, 0.1, 2])
    )
    shares = [0.2, 0.5, 0.3]
    for dimension in (2, 3):
        counts, chances = [4, 1, 7][:dimension], [*shares[: dimension - 1]]
        chances.append(1 - sum(chances))
        assert _at("multinomial", counts, chances[:-1]) == pytest.approx(
            scipy.stats.multinomial(sum(counts), chances).logpmf(counts)
        )
        powers = [2.5, 0.7, 4.1][:dimension]
        assert _at("dirichlet", chances[:-1], powers) == pytest.approx(
            scipy.stats.dirichlet(powers).logpdf(chances)
        )
    for k, chance in enumerate(shares, 1):
        assert _at("categorical", [k], shares[:-1]) == pytest.approx(math.log(chance))


SPREAD = [[2.0, 0.3, -0.4], [0.3, 1.0, 0.2], [-0.4, 0.2, 3.0]]


def _at(name: str, row: list[float], theta: list[float]) -> float:
    """The log-density of one row; the dimension follows from how many numbers are given."""
    dimension = {"categorical": 3, "dirichlet": len(theta)}.get(name, len(row))
    model = family_model(name, dimension)
    symbols = [each.symbol for each in (*model.data, *model.parameters)]
    return float(sp.N(model.log_density.subs(dict(zip(symbols, [*row, *theta], strict=True)))))


@pytest.mark.parametrize(
    ("name", "dimension"), [("normal", 2), ("dirichlet", 1), ("dirichlet", 99)]
)
def test_a_dimension_that_is_none(name: str, dimension: int) -> None:
    """A family without a dimension, or one too small or too large: a sentence."""
    with pytest.raises(InputError, match=f"{name} .*{dimension}"):
        family(name, dimension)


def _summed(mass, where) -> mpmath.mpf:
    """The sum over the whole numbers of a domain, until a term falls below 1e-18."""
    total = mpmath.mpf(0)
    for k in count(int(where.lower)):
        term = mass(mpmath.mpf(k))
        total += term
        if (where.upper.is_finite and k == int(where.upper)) or (k > 50 and term < 1e-16):
            return total
    raise AssertionError


# --- the rows are data, and well-formed ---------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_row_names_every_parameter_to_scipy_and_r(name: str) -> None:
    """scipy's arguments and R's call each use every parameter; the keys exist there."""
    row = family(name)
    if row.scipy:
        scipy_name, mapping = row.scipy
        distribution = getattr(scipy.stats, scipy_name)
        shapes = (distribution.shapes or "").replace(" ", "").split(",")
        assert set(mapping) <= {*shapes, "loc", "scale"}
        assert set(row.parameters) <= set(re.findall(r"\w+", " ".join(mapping.values())))
    if row.r:
        assert set(row.parameters) <= set(re.findall(r"\w+", row.r))
    assert row.name == name
    assert row.reference


def test_the_families_of_the_contract() -> None:
    """The promised families, with the parameters that the contract gives them."""
    promised = {
        "normal": "mu sigma", "lognormal": "mu sigma", "exponential": "rate",
        "gamma": "shape rate", "weibull": "shape scale", "inverse_gaussian": "mu shape",
        "inverse_gamma": "shape scale", "beta": "a b", "cauchy": "location scale",
        "logistic": "location scale", "gumbel": "location scale", "laplace": "location scale",
        "student_t": "location scale df", "pareto": "minimum shape", "lomax": "shape scale",
        "rayleigh": "scale", "maxwell": "scale", "half_normal": "scale", "levy": "scale",
        "frechet": "shape scale", "log_logistic": "shape scale", "kumaraswamy": "a b",
        "nakagami": "shape spread", "lindley": "theta", "birnbaum_saunders": "shape scale",
        "skew_normal": "location scale alpha", "von_mises": "location concentration",
        "uniform": "lower upper", "poisson": "rate", "bernoulli": "p", "geometric": "p",
        "negative_binomial": "size mu", "log_series": "p", "zero_inflated_poisson": "rate zero",
        "binomial": "trials p", "multinomial": "p1 p2", "dirichlet": "a1 a2 a3",
        "multivariate_normal": "mu1 mu2 s11 s12 s22",
    }  # fmt: skip
    for name, parameters in promised.items():
        assert " ".join(family(name).parameters) == parameters
    assert len(FAMILIES) >= 60


def test_a_row_is_text_only() -> None:
    """No row holds anything but strings: no estimator, no derivative, no code."""
    for row in FAMILIES.values():
        texts = [row.name, row.log_density, row.r or "", row.reference]
        texts += [*row.data, *row.data.values(), *row.parameters, *row.parameters.values()]
        texts += [row.scipy[0], *row.scipy[1], *row.scipy[1].values()] if row.scipy else []
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
