"""Score, Hessian and information against difference quotients, quadrature and hand algebra."""

import random
from functools import cache
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import integrate

from symmle.derive import Derivation, Expectation, derive
from symmle.families import family_model
from symmle.known import Known
from symmle.model import Model
from symmle.parsing import parse
from symmle.sample_mean import OverData, nodes
from tests.by_rows import (
    DIGITS,
    WORKED,
    close,
    log_likelihood,
    point_of,
    rows_of,
    slope,
    typed,
    value,
)

NAMES = tuple(WORKED)

# Densities that no row of the catalogue has, with several columns, special functions and choices.
TYPED = {
    "lindley": typed("2*log(t)-log(1+t)+log(1+x)-t*x", ["x>0"], ["t>0"]),
    "logistic": typed("-(x-m)/s-log(s)-2*log(1+exp(-(x-m)/s))", ["x"], ["m", "s>0"]),
    "gumbel": typed("-log(s)-(x-m)/s-exp(-(x-m)/s)", ["x"], ["m", "s>0"]),
    "lomax": typed("log(a)-log(s)-(a+1)*log(1+x/s)", ["x>0"], ["a>0", "s>0"]),
    "student": typed(
        "loggamma((v+1)/2)-loggamma(v/2)-log(v*pi)/2-log(s)-(v+1)/2*log(1+((x-m)/s)**2/v)",
        ["x"],
        ["m", "s>0", "v>0"],
    ),
    "log series": typed("x*log(p)-log(x)-log(-log(1-p))", ["x: positive integer"], ["p: unit"]),
    "zero-inflated": typed(
        "where(x>0, log(1-z)+x*log(r)-r-loggamma(x+1), log(z+(1-z)*exp(-r)))",
        ["x: nonnegative integer"],
        ["r>0", "z: unit"],
    ),
    "regression": typed("-log(s)-(y-a-b*x)**2/(2*s**2)-log(2*pi)/2", ["x", "y"], ["a", "b", "s>0"]),
    "logistic regression": typed(
        "y*(a+b*x)-log(1+exp(a+b*x))", ["x", "y: integer in [0, 1]"], ["a", "b"]
    ),
    "poisson regression": typed(
        "y*(a+b*x)-exp(a+b*x)-loggamma(y+1)", ["x", "y: nonnegative integer"], ["a", "b"]
    ),
    "quartic": typed("-(x-m)**4", ["x"], ["m"]),
    "mixture": typed(
        "log(w*exp(-(x-a)**2/2)+(1-w)*exp(-(x-b)**2/2))-log(2*pi)/2", ["x"], ["w: unit", "a", "b"]
    ),
    "skew normal": typed(
        "log(2)-log(s)-log(2*pi)/2-((x-m)/s)**2/2+log(erfc(-l*(x-m)/s/sqrt(2))/2)",
        ["x"],
        ["m", "s>0", "l"],
    ),
    "von mises": typed("k*cos(x-m)-log(2*pi*besseli(0,k))", ["x in (-pi, pi)"], ["m", "k>0"]),
    "bivariate": typed(
        "-log(s)-log(t)-log(1-r**2)/2-((x-a)**2/s**2-2*r*(x-a)*(y-b)/(s*t)+(y-b)**2/t**2)"
        "/(2*(1-r**2))",
        ["x", "y"],
        ["a", "b", "s>0", "t>0", "r in (-1, 1)"],
    ),
    "laplace": typed("-log(2*b)-Abs(x-m)/b", ["x"], ["m", "b>0"]),
    "weibull with location": typed(
        "log(k)-k*log(s)+(k-1)*log(x-m)-((x-m)/s)**k", ["x in (m, oo)"], ["m", "s>0", "k>0"]
    ),
    "gompertz": typed("log(b)+log(e)+e+b*x-e*exp(b*x)", ["x>0"], ["b>0", "e>0"]),
    "birnbaum-saunders": typed(
        "log(x+b)-log(2*a)-log(2*pi*b)/2-3*log(x)/2-(x/b+b/x-2)/(2*a**2)", ["x>0"], ["a>0", "b>0"]
    ),
    "generalised gamma": typed(
        "log(p)-d*log(a)+(d-1)*log(x)-(x/a)**p-loggamma(d/p)", ["x>0"], ["a>0", "d>0", "p>0"]
    ),
    "zeta": typed("-s*log(x)-log(zeta(s))", ["x: positive integer"], ["s in (2, oo)"]),
    "rice": typed(
        "log(x)-2*log(s)-(x**2+n**2)/(2*s**2)+log(besseli(0,x*n/s**2))", ["x>0"], ["n>0", "s>0"]
    ),
}
MODELS = {name: family_model(name) for name in NAMES} | TYPED


@cache
def derived(name: str) -> Derivation:
    return derive(MODELS[name])


def data_and_point(model: Model, seed: str):
    """Random rows inside the support and a random point, the support being put in its place."""
    draw = random.Random(seed)
    point = point_of(model, draw)
    here = {symbol: sp.Float(str(v), 20) for symbol, v in point.items()}
    placed = Model(
        model.name,
        model.log_density,
        tuple(type(v)(v.symbol, v.domain.at(here)) for v in model.data),
        model.parameters,
    )
    return rows_of(placed, draw), point


# --- score and Hessian -------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_score_and_hessian_are_difference_quotients(name: str) -> None:
    """At 60 digits, of the log-density's mean over random rows at random points."""
    model = MODELS[name]
    found = derived(name)
    for seed in (f"{name} 1", f"{name} 2") if len(model.parameters) < 4 else (name,):
        columns, point = data_and_point(model, seed)
        average, at = log_likelihood(model, columns), list(point.values())
        assert close(value(found.average_log_likelihood, columns, point), average(*at), 40)
        for i, component in enumerate(found.score.gradient):
            assert close(value(component, columns, point), slope(average, at, i), 18)
            for j in range(i, len(at)):
                entry = found.score.hessian[i, j]
                assert entry == found.score.hessian[j, i]
                assert close(value(entry, columns, point), slope(average, at, i, j), 18)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_listed_is_what_there_is(name: str) -> None:
    """Statistics are free of the parameters, passes are not; both are just the nodes used."""
    found = derived(name)
    used = nodes([found.average_log_likelihood, *found.score.gradient, *found.score.hessian])
    theta = set(found.model.symbols)
    assert set(found.statistics) | set(found.passes) == set(used)
    assert not any(node.free_symbols & theta for node in found.statistics)
    assert all(node.free_symbols & theta for node in found.passes)
    for expr in (found.average_log_likelihood, *found.score.gradient, *found.score.hessian):
        assert expr.free_symbols <= theta
        assert not expr.has(sp.Sum, sp.Integral, Expectation)


@pytest.mark.parametrize(
    ("name", "moving"),
    [
        ("normal", 0),
        ("lognormal", 0),
        ("exponential", 0),
        ("gamma", 0),
        ("inverse_gaussian", 0),
        ("beta", 0),
        ("rayleigh", 0),
        ("poisson", 0),
        ("bernoulli", 0),
        ("geometric", 0),
        ("regression", 0),
        ("lindley", 0),
        ("weibull", 1),
        ("cauchy", 1),
        ("negative_binomial", 1),
    ],
)
def test_an_exponential_family_has_no_passes(name: str, moving: int) -> None:
    """Sufficiency is found: where the log-density is theta.T(x) + c(theta) + h(x), none is left."""
    assert bool(derived(name).passes) is bool(moving)


def test_second_moments_are_central() -> None:
    """A normal's likelihood holds var(x), no mean(x**2): the raw difference loses its digits."""
    for name in ("normal", "lognormal", "regression"):
        listed = [str(node) for node in derived(name).statistics]
        assert any(each.startswith("var(") for each in listed)
        assert not [each for each in listed if each.startswith("mean(") and "**2" in each]


# --- one density, several ways of writing it ---------------------------------------------------

SPELLINGS = {
    "normal": [
        "-log(s)-(x-m)**2/(2*s**2)-log(2*pi)/2",
        "-log(s)-x**2/(2*s**2)+x*m/s**2-m**2/(2*s**2)-log(2*pi)/2",
        "log(exp(-(x-m)**2/(2*s**2))/(s*sqrt(2*pi)))",
        "log(exp(-((x-m)/s)**2/2)/sqrt(2*pi*s**2))",
        "-log(s**2)/2-((x-m)/s)**2/2-log(sqrt(2*pi))",
        "-((x-m)**2/s**2+2*log(s)+log(2*pi))/2",
    ],
    "gamma": [
        "m*log(s)-loggamma(m)+(m-1)*log(x)-s*x",
        "log(s**m*x**(m-1)*exp(-s*x)/gamma(m))",
        "m*log(s)-log(gamma(m))+m*log(x)-log(x)-x*s",
        "log(s)-loggamma(m)+(m-1)*log(s*x)-s*x",
    ],
    "weibull": [
        "log(m)-m*log(s)+(m-1)*log(x)-(x/s)**m",
        "log(m/s*(x/s)**(m-1)*exp(-(x/s)**m))",
        "log(m)-m*log(s)+log(x**(m-1))-exp(m*log(x/s))",
        "log(m)-log(s)+(m-1)*(log(x)-log(s))-x**m*s**(-m)",
    ],
}
SUPPORT = {"normal": ("x", "m"), "gamma": ("x>0", "m>0"), "weibull": ("x>0", "m>0")}


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_spelling_does_not_matter(name: str) -> None:
    """However a density is written, score, Hessian and information have the same values."""
    data, parameter = SUPPORT[name]
    models = [typed(text, [data], [parameter, "s>0"]) for text in SPELLINGS[name]]
    columns, point = data_and_point(models[0], name)
    first, *others = (derive(model) for model in models)
    expected = [value(e, columns, point) for e in (*first.score.gradient, *first.score.hessian)]
    for other in others:
        here = [value(e, columns, point) for e in (*other.score.gradient, *other.score.hessian)]
        assert all(close(a, b, 30) for a, b in zip(here, expected, strict=True))
        assert other.statistics == first.statistics
        assert len(other.passes) == len(first.passes)
        for a, b in zip(other.information.matrix, first.information.matrix, strict=True):
            if not a.has(Expectation) and not b.has(Expectation):
                assert close(value(a, columns, point), value(b, columns, point), 30)


def test_names_do_not_matter() -> None:
    """A normal in symbols of other names, and of the other order, has the renamed score."""
    usual = family_model("normal")
    other = typed("-log(zeta1)-(q-beta)**2/(2*zeta1**2)-log(2*pi)/2", ["q"], ["zeta1>0", "beta"])
    rename = {
        other.symbol("beta"): usual.symbol("mu"),
        other.symbol("zeta1"): usual.symbol("sigma"),
        other.data[0].symbol: usual.data[0].symbol,
    }
    swapped = [derive(other).score.gradient[i].xreplace(rename) for i in (1, 0)]
    assert all(
        (a - b).expand() == 0 for a, b in zip(swapped, derive(usual).score.gradient, strict=True)
    )


REPARAMETRISED = [
    (
        "normal",
        "log(b)/2-(a*x-b*x**2)*(-1)-a**2/(4*b)-log(pi)/2",
        ["x"],
        ["a", "b>0"],
        {"mu": "a/(2*b)", "sigma": "1/sqrt(2*b)"},
    ),
    (
        "normal",
        "-log(v)/2-(x-m)**2/(2*v)-log(2*pi)/2",
        ["x"],
        ["m", "v>0"],
        {"mu": "m", "sigma": "sqrt(v)"},
    ),
    (
        "normal",
        "-t-(x-m)**2*exp(-2*t)/2-log(2*pi)/2",
        ["x"],
        ["m", "t"],
        {"mu": "m", "sigma": "exp(t)"},
    ),
    (
        "gamma",
        "-k*log(t)-loggamma(k)+(k-1)*log(x)-x/t",
        ["x>0"],
        ["k>0", "t>0"],
        {"shape": "k", "rate": "1/t"},
    ),
    (
        "gamma",
        "k*log(k/m)-loggamma(k)+(k-1)*log(x)-k*x/m",
        ["x>0"],
        ["k>0", "m>0"],
        {"shape": "k", "rate": "k/m"},
    ),
    (
        "weibull",
        "log(k)+log(l)+(k-1)*log(x)-l*x**k",
        ["x>0"],
        ["l>0", "k>0"],
        {"shape": "k", "scale": "l**(-1/k)"},
    ),
    ("bernoulli", "x*t-log(1+exp(t))", ["x: integer in [0, 1]"], ["t"], {"p": "1/(1+exp(-t))"}),
    (
        "poisson",
        "x*t-exp(t)-log(factorial(x))",
        ["x: nonnegative integer"],
        ["t"],
        {"rate": "exp(t)"},
    ),
    (
        "negative_binomial",
        "loggamma(x+n)-loggamma(n)-loggamma(x+1)+n*log(p)+x*log(1-p)",
        ["x: nonnegative integer"],
        ["n>0", "p: unit"],
        {"size": "n", "mu": "n*(1-p)/p"},
    ),
]


@pytest.mark.parametrize(("name", "density", "data", "parameters", "old"), REPARAMETRISED)
def test_other_parameters_obey_the_chain_rule(name, density, data, parameters, old) -> None:
    """With J = d old / d new: the score becomes J' score, the information J' information J."""
    usual, other = family_model(name), typed(density, data, parameters)
    columns, point = data_and_point(other, density)
    rows = {usual.data[0].symbol: columns[other.data[0].symbol]}
    names = {p.name: p.symbol for p in other.parameters}
    maps = [parse(old[p.name], names) for p in usual.parameters]
    there = {s: value(e, columns, point) for s, e in zip(usual.symbols, maps, strict=True)}
    with mpmath.workdps(DIGITS):
        jacobian = mpmath.matrix(
            [[value(e.diff(s), columns, point) for s in other.symbols] for e in maps]
        )
        first, second = derive(usual), derive(other)
        score = jacobian.T * mpmath.matrix([value(e, rows, there) for e in first.score.gradient])
        for i, component in enumerate(second.score.gradient):
            assert close(value(component, columns, point), score[i], 30)
        if first.information.unresolved or second.information.unresolved:
            return
        size = len(maps)
        info = [value(e, rows, there) for e in first.information.matrix]
        square = mpmath.matrix([info[size * i : size * (i + 1)] for i in range(size)])
        moved = jacobian.T * square * jacobian
        for i in range(size):
            for j in range(size):
                here = value(second.information.matrix[i, j], columns, point)
                assert close(here, moved[i, j], 30)


# --- expected information ----------------------------------------------------------------------


def expected(model: Model, integrands: list[sp.Expr], point: dict) -> np.ndarray:
    """E[g(x)] for each g, from the density itself: scipy's adaptive quadrature, or a long sum."""
    x, where = model.data[0].symbol, model.data[0].domain
    theta = [float(each) for each in point.values()]
    modules = ["scipy", "numpy"]
    height = sp.lambdify([x, *model.symbols], model.log_density, modules)
    values = sp.lambdify([x, *model.symbols], integrands, modules)

    def weighted(t: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            mass = np.exp(height(t, *theta))
            found = [np.where(mass > 1e-60, mass * each, 0.0) for each in values(t, *theta)]
        return np.array(np.broadcast_arrays(*found))

    if where.integer:
        last = int(where.upper) if where.upper.is_finite else 2000
        return weighted(np.arange(float(where.lower), last + 1)).sum(axis=1)
    ends = [float(where.lower), 1.5, float(where.upper)] if where.upper.is_infinite else [0.0, 1.0]
    return sum(
        integrate.quad_vec(weighted, *piece, epsabs=1e-12, epsrel=1e-12, limit=2000)[0]
        for piece in pairwise(ends)
    )


def test_the_quadrature_knows_a_moment() -> None:
    """The road itself: E[x**2] of a normal is mu**2 + sigma**2, E[x] of a Poisson the rate."""
    normal, poisson = family_model("normal"), family_model("poisson")
    mu, sigma = normal.symbols
    point = {mu: mpmath.mpf("0.7"), sigma: mpmath.mpf("1.2")}
    assert expected(normal, [normal.data[0].symbol ** 2], point) == pytest.approx([0.49 + 1.44])
    rate = {poisson.symbols[0]: mpmath.mpf("2.5")}
    assert expected(poisson, [poisson.data[0].symbol], rate) == pytest.approx([2.5])


ONE_COLUMN = [*NAMES, "lindley", "logistic", "gumbel", "lomax", "student", "log series",
              "zero-inflated", "gompertz", "birnbaum-saunders",
              "generalised gamma", "skew normal"]  # fmt: skip


@pytest.mark.parametrize("name", ONE_COLUMN)
def test_information_is_minus_the_expected_hessian(name: str) -> None:
    """-E[Hessian] and E[score score'] of one row by quadrature, at random points: I is both."""
    model = MODELS[name]
    information = derived(name).information
    draw = random.Random(f"information {name}")
    theta = model.symbols
    slopes = [model.log_density.diff(s) for s in theta]
    pairs = [(i, j) for i in range(len(theta)) for j in range(i, len(theta))]
    for _ in range(2 if name in NAMES else 1):
        point = {
            p.symbol: mpmath.mpf(round(draw.uniform(0.2, 0.8), 3))
            if p.domain.upper.is_finite
            else mpmath.mpf(round(draw.uniform(1.1, 2.6), 3))
            for p in model.parameters
        }
        unresolved = [node.args[0] for node in information.unresolved]
        wanted = [slopes[i] * slopes[j] for i, j in pairs]
        wanted += [-slopes[i].diff(theta[j]) for i, j in pairs] if derived(name).smooth else []
        known = expected(model, unresolved + wanted, point)
        dummies = {node: sp.Dummy() for node in information.unresolved}
        letters = zip(dummies.values(), known, strict=False)
        numbers = point | {letter: mpmath.mpf(float(each)) for letter, each in letters}
        for k, quadrature in enumerate(known[len(unresolved) :]):
            i, j = pairs[k % len(pairs)]
            for entry in (information.matrix[i, j], information.matrix[j, i]):
                here = float(_at(entry.xreplace(dummies), numbers))
                assert here == pytest.approx(quadrature, rel=1e-7, abs=1e-8)


def _at(expr: sp.Expr, numbers: dict) -> mpmath.mpf:
    assert not expr.atoms(OverData)
    names = sorted(expr.free_symbols, key=str)
    with mpmath.workdps(DIGITS):
        return mpmath.mpmathify(sp.lambdify(names, expr, "mpmath")(*(numbers[n] for n in names)))


@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        ("normal", [["1/sigma**2", "0"], ["0", "2/sigma**2"]]),
        ("exponential", [["1/rate**2"]]),
        ("gamma", [["trigamma(shape)", "-1/rate"], ["-1/rate", "shape/rate**2"]]),
        ("cauchy", [["1/(2*scale**2)", "0"], ["0", "1/(2*scale**2)"]]),
        ("poisson", [["1/rate"]]),
        ("bernoulli", [["1/(p*(1-p))"]]),
        ("geometric", [["1/(p**2*(1-p))"]]),
        ("rayleigh", [["4/scale**2"]]),
        ("inverse_gaussian", [["shape/mu**3", "0"], ["0", "1/(2*shape**2)"]]),
        ("weibull", [["(1+2*digamma(2)+digamma(2)**2+trigamma(2)-2*digamma(2)-1)/shape**2"
                      "+1/shape**2", "-digamma(2)/scale"],
                     ["-digamma(2)/scale", "shape**2/scale**2"]]),
        ("beta", [["trigamma(a)-trigamma(a+b)", "-trigamma(a+b)"],
                  ["-trigamma(a+b)", "trigamma(b)-trigamma(a+b)"]]),
    ],
)  # fmt: skip
def test_the_information_of_the_textbooks(name: str, matrix: list[list[str]]) -> None:
    """As printed in Lehmann & Casella and Johnson, Kotz & Balakrishnan."""
    found = derive(family_model(name)).information
    assert not found.unresolved
    names = {p.name: p.symbol for p in family_model(name).parameters}
    _, point = data_and_point(family_model(name), name)
    for i, row in enumerate(matrix):
        for j, text in enumerate(row):
            assert close(_at(found.matrix[i, j], point), _at(parse(text, names), point), 30)


def test_the_hessian_of_the_gamma() -> None:
    """[[-psi1(a), 1/b], [1/b, -a/b**2]], free of the data."""
    model = family_model("gamma")
    a, b = model.symbols
    assert derive(model).score.hessian == sp.Matrix(
        [[-sp.polygamma(1, a), 1 / b], [1 / b, -a / b**2]]
    )


@pytest.mark.parametrize(
    ("density", "data", "parameters"),
    [
        ("log(r)-r*(x-m)", ["x in (m, oo)"], ["m", "r>0"]),
        ("log(a)+a*log(m)-(a+1)*log(x)", ["x in (m, oo)"], ["m>0", "a>0"]),
        ("log(a)-a*log(t)+(a-1)*log(x)", ["x in (0, t)"], ["t>0", "a>0"]),
        ("-log(b-a)", ["x in (a, b)"], ["a", "b in (a, oo)"]),
    ],
)
def test_no_information_where_the_support_moves(density, data, parameters) -> None:
    """E[score] = 0 fails there, so no matrix may be called the information."""
    found = derive(typed(density, data, parameters))
    assert found.information.known is Known.UNKNOWN


def test_kinks_are_seen() -> None:
    """Abs(x - m) has a kink that m moves; Abs(x) has none that a parameter moves."""
    assert not derived("laplace").smooth
    assert derive(typed("-log(2*b)-Abs(x)/b", ["x"], ["b>0"])).smooth
    assert not derive(
        typed("where(x<c, log(2*x/c), log(2*(1-x)/(1-c)))", ["x: unit"], ["c: unit"])
    ).smooth
    assert derived("zero-inflated").smooth
    kinked = derived("laplace")  # the score jumps, yet 1/b**2 is the information of the location
    b = kinked.score.parameters[1]
    assert kinked.information.matrix == sp.diag(b**-2, b**-2)
