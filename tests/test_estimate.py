"""Estimators against difference quotients of the likelihood, searches and scipy.

No formula of the engine is used to check it: stationary means that the difference quotients of
the average log-likelihood vanish, a maximum that no other point is higher.
"""

import json
import math
import random
from functools import cache
from itertools import pairwise
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import optimize

from symmle.derive import derive
from symmle.domain import Domain
from symmle.estimate import Estimator, Kind, estimate
from symmle.families import family_model
from symmle.known import Known
from symmle.model import Model
from symmle.sample_mean import OverData
from tests.by_rows import (
    DIGITS,
    WORKED,
    Columns,
    close,
    log_likelihood,
    point_of,
    prepared,
    rows_of,
    slope,
    typed,
    value,
)

REFERENCE = json.loads((Path(__file__).parent / "ref" / "estimates.json").read_text())
C, R, S, B, N = Kind.CLOSED, Kind.REDUCED, Kind.SYSTEM, Kind.BOUNDARY, Kind.NONE
COUNT, BIT, WHOLE = "nonnegative integer", "integer in [0, 1]", "positive integer"

# name: (model, kind); the kind is what FACTS or algebra by hand asks for.
ZOO: dict[str, tuple[Model, Kind]] = {
    **{name: (family_model(name), C) for name in (
        "normal", "lognormal", "exponential", "inverse_gaussian", "rayleigh", "poisson",
        "bernoulli", "geometric",
    )},
    **{name: (family_model(name), R) for name in ("gamma", "weibull", "negative_binomial")},
    **{name: (family_model(name), S) for name in ("beta", "cauchy")},
    "lindley": (typed("2*log(t)-log(1+t)+log(1+x)-t*x", ["x>0"], ["t>0"]), C),
    "maxwell": (typed("2*log(x)-3*log(s)-x**2/(2*s**2)+log(2/pi)/2", ["x>0"], ["s>0"]), C),
    "half-normal": (typed("log(2/pi)/2-log(s)-x**2/(2*s**2)", ["x>=0"], ["s>0"]), C),
    "pareto above 2": (typed("log(a)+a*log(2)-(a+1)*log(x)", ["x in (2, oo)"], ["a>0"]), C),
    "power": (typed("(a-1)*log(x)+log(a)", ["x: unit"], ["a>0"]), C),
    "levy": (typed("log(c)/2-log(2*pi)/2-3*log(x)/2-c/(2*x)", ["x>0"], ["c>0"]), C),
    "laplace about 0": (typed("-log(2*b)-Abs(x)/b", ["x"], ["b>0"]), C),
    "geometric from 1": (typed("log(p*(1-p)**(x-1))", [f"x: {WHOLE}"], ["p: unit"]), C),
    "binomial": (typed("log(binomial(10,x))+x*log(p)+(10-x)*log(1-p)",
                       ["x: integer in [0, 10]"], ["p: unit"]), C),
    "borel": (typed("-m*x+(x-1)*log(m*x)-loggamma(x+1)", [f"x: {WHOLE}"], ["m: unit"]), C),
    "log odds": (typed("x*t-log(1+exp(t))", [f"x: {BIT}"], ["t"]), C),
    "log rate": (typed("x*t-exp(t)-loggamma(x+1)", [f"x: {COUNT}"], ["t"]), C),
    "normal, natural": (typed("a*x-b*x**2-a**2/(4*b)+log(b)/2-log(pi)/2", ["x"], ["a", "b>0"]), C),
    "normal, variance": (typed("-log(v)/2-(x-m)**2/(2*v)", ["x"], ["m", "v>0"]), C),
    "normal, log scale": (typed("-t-(x-m)**2*exp(-2*t)/2", ["x"], ["m", "t"]), C),
    "normal, precision": (typed("log(b)-(b*x-m)**2/2", ["x"], ["m", "b>0"]), C),
    "normal, sd = mean": (typed("-log(m)-(x-m)**2/(2*m**2)", ["x"], ["m>0"]), C),
    "normal, variance = mean": (typed("-log(m)/2-(x-m)**2/(2*m)", ["x"], ["m>0"]), C),
    "normal, square": (typed("-(x-m**2)**2/2", ["x"], ["m>0"]), C),
    "normal, root": (typed("-(x-sqrt(m))**2/2", ["x"], ["m>0"]), C),
    "normal, reciprocal": (typed("-(x-1/m)**2/2", ["x"], ["m"]), C),
    "normal, mean between": (typed("-(x-m)**2/2", ["x"], ["m in (1, 2)"]), C),
    "exponential, slow": (typed("log(r)-r*x", ["x>0"], ["r in (0, 2)"]), C),
    "regression": (typed("-log(s)-(y-a-b*x)**2/(2*s**2)", ["x", "y"], ["a", "b", "s>0"]), C),
    "autoregression": (typed("-log(s)-(y-p*x)**2/(2*s**2)", ["x", "y"], ["p", "s>0"]), C),
    "trinomial": (typed("x*log(p)+y*log(q)+(1-x-y)*log(1-p-q)",
                        ["x: unit", "y in (0, 1/4)"], ["p: unit", "q in (0, 1-p)"]), C),
    "hardy-weinberg": (typed("2*x*log(p)+y*log(2*p*(1-p))+2*(1-x-y)*log(1-p)",
                             ["x: unit", "y in (0, 1/4)"], ["p: unit"]), C),
    "gamma, scale": (typed("(a-1)*log(x)-x/t-loggamma(a)-a*log(t)", ["x>0"], ["a>0", "t>0"]), R),
    "gamma, mean": (typed("a*log(a/m)+(a-1)*log(x)-a*x/m-loggamma(a)", ["x>0"],
                          ["a>0", "m>0"]), R),
    "inverse gamma": (typed("a*log(b)-loggamma(a)-(a+1)*log(x)-b/x", ["x>0"], ["a>0", "b>0"]), R),
    "nakagami": (typed("log(2)+m*log(m)-loggamma(m)-m*log(w)+(2*m-1)*log(x)-m*x**2/w", ["x>0"],
                       ["m>0", "w>0"]), R),
    "frechet": (typed("log(a)-log(s)-(a+1)*log(x/s)-(x/s)**(-a)", ["x>0"], ["a>0", "s>0"]), R),
    "weibull, typed": (typed("log(k)+(k-1)*log(x)-k*log(s)-exp(k*log(x/s))", ["x>0"],
                             ["k>0", "s>0"]), R),
    "gumbel": (typed("-log(s)-(x-m)/s-exp(-(x-m)/s)", ["x"], ["m", "s>0"]), R),
    "lomax": (typed("log(a)-log(s)-(a+1)*log(1+x/s)", ["x>0"], ["a>0", "s>0"]), R),
    "log series": (typed("x*log(p)-log(x)-log(-log(1-p))", [f"x: {WHOLE}"], ["p: unit"]), C),
    "kumaraswamy": (typed("log(a)+log(b)+(a-1)*log(x)+(b-1)*log(1-x**a)", ["x: unit"],
                          ["a>0", "b>0"]), R),
    "cut exponential": (typed("log(r)-r*x-log(1-exp(-r))", ["x: unit"], ["r>0"]), R),
    "poisson regression": (typed("y*(a+b*x)-exp(a+b*x)-loggamma(y+1)", ["x", f"y: {COUNT}"],
                                 ["a", "b"]), R),
    "cauchy, scale 1": (typed("-log(1+(x-m)**2)-log(pi)", ["x"], ["m"]), R),
    "quartic": (typed("-(x-m)**4", ["x"], ["m"]), R),
    "logistic": (typed("-(x-m)/s-log(s)-2*log(1+exp(-(x-m)/s))", ["x"], ["m", "s>0"]), S),
    "student, 3": (typed("-log(s)-2*log(1+((x-m)/s)**2/3)", ["x"], ["m", "s>0"]), S),
    "logistic regression": (typed("y*(a+b*x)-log(1+exp(a+b*x))", ["x", f"y: {BIT}"],
                                  ["a", "b"]), S),
}  # fmt: skip
OF_KIND = {kind: [name for name, (_, k) in ZOO.items() if k is kind] for kind in (C, R, S)}


@cache
def estimator(name: str) -> Estimator:
    return estimate(derive(ZOO[name][0]))


def sample(name: str, seed: int, count: int = 9) -> Columns:
    """Random rows; a heavy tail for the family that has no estimate without one (FACTS 8)."""
    if name == "lomax":
        draw = random.Random(seed)
        return {ZOO[name][0].data[0].symbol: [mpmath.mpf(draw.random()) ** -1 for _ in range(25)]}
    return rows_of(ZOO[name][0], random.Random(f"{name} {seed}"), count)


def holds(condition: object, columns: Columns) -> bool:
    """A condition on statistics, decided at data with 40 digits to spare."""
    if condition in (True, sp.true):
        return True
    if condition in (False, sp.false):
        return False
    if isinstance(condition, sp.And):
        return all(holds(each, columns) for each in condition.args)
    gap = value(condition.lhs - condition.rhs, columns, {})
    assert mpmath.im(gap) == 0, f"{condition} compares what is not real"
    if isinstance(condition, sp.Ne):
        return bool(abs(gap) > mpmath.mpf(10) ** -40)
    assert isinstance(condition, sp.StrictGreaterThan | sp.GreaterThan)
    return bool(gap > mpmath.mpf(10) ** -40)


def inside(point: dict, model: Model) -> bool:
    """Whether a point is real and inside the parameters' domains."""
    here = {s: sp.Float(str(v), 30) for s, v in point.items() if not isinstance(v, mpmath.mpc)}
    return len(here) == len(point) and all(
        p.domain.at(here).contains(here[p.symbol]) for p in model.parameters
    )


def at_unknown(name: str, columns: Columns, unknown: mpmath.mpf) -> dict:
    """The whole point that a value of the one unknown gives."""
    found, model = estimator(name), ZOO[name][0]
    point = {found.unknowns[0]: unknown}
    return {s: point[s] if s in point else value(found.values[s], columns, point)
            for s in model.symbols}  # fmt: skip


def is_stationary(model: Model, columns: Columns, point: dict, digits: int = 18) -> bool:
    """Whether every difference quotient of the likelihood vanishes there."""
    average, at = log_likelihood(model, columns), list(point.values())
    return all(close(slope(average, at, i), 0, digits) for i in range(len(at)))


def is_strict_maximum(model: Model, columns: Columns, point: dict) -> bool:
    """Whether the matrix of second difference quotients is negative definite."""
    average, at = log_likelihood(model, columns), list(point.values())
    size = range(len(at))
    with mpmath.workdps(DIGITS):
        minus = mpmath.matrix([[-slope(average, at, i, j) for j in size] for i in size])
        return all(mpmath.det(minus[: k + 1, : k + 1]) > 0 for k in size)


def searched(model: Model, columns: Columns, seed: int = 0) -> tuple[list[float], float]:
    """The best point of a Nelder-Mead search from two starts, in doubles, free coordinates."""
    names = [variable.symbol for variable in model.data]
    rows = [np.array([float(each) for each in columns[name]]) for name in names]
    density = sp.lambdify([*names, *model.symbols], model.log_density, ["scipy", "numpy"])
    draw = random.Random(seed)

    def loss(free: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            height = np.mean(density(*rows, *_placed(model, free)))
        return -float(height) if np.isfinite(height) else 1e300

    best = min(
        (
            optimize.minimize(loss, [draw.uniform(-1, 1) for _ in model.symbols],
                              method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12})
            for _ in range(2)
        ),
        key=lambda result: result.fun,
    )  # fmt: skip
    return _placed(model, best.x), -best.fun


def _placed(model: Model, free: np.ndarray) -> list[float]:
    """Free numbers moved into the domains: exp for a half-line, a logistic for an interval."""
    point: dict[sp.Symbol, float] = {}
    for parameter, t in zip(model.parameters, free, strict=True):
        where, t = parameter.domain, max(min(float(t), 30.0), -30.0)
        if where.depends_on:
            where = where.at({s: sp.Float(v) for s, v in point.items()})
        lower, upper = (_end(end) for end in (where.lower, where.upper))
        if upper is not None and lower is not None:
            t = lower + (upper - lower) / (1 + math.exp(-t))
        elif lower is not None:
            t = lower + math.exp(t)
        point[parameter.symbol] = t
    return list(point.values())


def _end(end: sp.Expr) -> float | None:
    return float(end) if end.is_finite else None


# --- kinds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ZOO)
def test_the_kind(name: str) -> None:
    """Closed, reduced or a system, as the algebra by hand says; and the record hangs together."""
    found, (model, kind) = estimator(name), ZOO[name]
    assert found.kind is kind
    assert set(found.values) | set(found.unknowns) == set(model.symbols)
    assert not set(found.values) & set(found.unknowns)
    assert (found.equation is not None) is (kind is R)
    for expr in found.values.values():
        assert expr.free_symbols <= set(found.unknowns)
    if found.equation is not None:
        assert found.equation.expression.free_symbols == {found.equation.unknown}
        assert found.unknowns == (found.equation.unknown,)
    for entry in found.hessian:
        assert entry.free_symbols <= set(found.unknowns)


# --- closed forms ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OF_KIND[C])
def test_a_closed_form_is_where_the_score_vanishes(name: str) -> None:
    """On random data: inside the domain and stationary exactly when `exists` says so."""
    found, model = estimator(name), ZOO[name][0]
    for seed in range(3):
        columns = sample(name, seed)
        if found.exists is not None and not holds(found.exists, columns):
            continue
        point = {s: value(found.values[s], columns, {}) for s in model.symbols}
        assert inside(point, model)
        assert is_stationary(model, columns, point)


@pytest.mark.parametrize("name", [*OF_KIND[C], *OF_KIND[R]])
def test_no_search_finds_a_higher_point(name: str) -> None:
    """Where the stationary point is said to be unique and a maximum, none is higher."""
    found, model = estimator(name), ZOO[name][0]
    columns = sample(name, 5)
    if not found.unique or found.exists is None or not holds(found.exists, columns):
        return
    if found.kind is C:
        point = {s: value(found.values[s], columns, {}) for s in model.symbols}
    else:
        point = at_unknown(name, columns, only_root(name, columns))
    height = log_likelihood(model, columns)(*point.values())
    assert float(height) >= searched(model, columns)[1] - 1e-9


@pytest.mark.parametrize("name", [n for n in ZOO if ZOO[n][1] in (C, R)])
def test_a_proved_maximum_is_one(name: str) -> None:
    """The matrix of second differences is negative definite there; and the Hessian is that one."""
    found, model = estimator(name), ZOO[name][0]
    columns = sample(name, 7)
    if found.exists is None or not holds(found.exists, columns):
        return
    if found.kind is C:
        point = {s: value(found.values[s], columns, {}) for s in model.symbols}
    else:
        point = at_unknown(name, columns, only_root(name, columns))
    average, at = log_likelihood(model, columns), list(point.values())
    left = {s: point[s] for s in found.unknowns}
    for i in range(len(at)):
        for j in range(len(at)):
            entry = value(found.hessian[i, j], columns, left)
            assert close(entry, slope(average, at, i, j), 15)
    if found.maximum is not Known.UNKNOWN:
        assert is_strict_maximum(model, columns, point)


BY_HAND = {
    "normal": lambda x: [np.mean(x), np.std(x)],
    "lognormal": lambda x: [np.mean(np.log(x)), np.std(np.log(x))],
    "exponential": lambda x: [1 / np.mean(x)],
    "inverse_gaussian": lambda x: [np.mean(x), 1 / (np.mean(1 / x) - 1 / np.mean(x))],
    "rayleigh": lambda x: [np.sqrt(np.mean(x**2) / 2)],
    "maxwell": lambda x: [np.sqrt(np.mean(x**2) / 3)],
    "half-normal": lambda x: [np.sqrt(np.mean(x**2))],
    "levy": lambda x: [1 / np.mean(1 / x)],
    "poisson": lambda x: [np.mean(x)],
    "bernoulli": lambda x: [np.mean(x)],
    "geometric": lambda x: [1 / (1 + np.mean(x))],
    "geometric from 1": lambda x: [1 / np.mean(x)],
    "binomial": lambda x: [np.mean(x) / 10],
    "pareto above 2": lambda x: [1 / np.mean(np.log(x / 2))],
    "power": lambda x: [-1 / np.mean(np.log(x))],
    "laplace about 0": lambda x: [np.mean(np.abs(x))],
    "borel": lambda x: [1 - 1 / np.mean(x)],
    "log odds": lambda x: [np.log(np.mean(x) / (1 - np.mean(x)))],
    "lindley": lambda x: [
        (1 - np.mean(x) + np.sqrt((np.mean(x) - 1) ** 2 + 8 * np.mean(x))) / (2 * np.mean(x))
    ],
    "normal, variance": lambda x: [np.mean(x), np.var(x)],
    "normal, natural": lambda x: [np.mean(x) / np.var(x), 1 / (2 * np.var(x))],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_closed_forms_of_the_textbooks(name: str) -> None:
    """The printed formulas, in NumPy, on random data."""
    columns = sample(name, 3)
    x = np.array([float(each) for each in next(iter(columns.values()))])
    here = [float(value(e, columns, {})) for e in estimator(name).values.values()]
    assert here == pytest.approx(BY_HAND[name](x), rel=1e-10)


def test_regression_is_least_squares() -> None:
    """a, b are NumPy's polyfit and s the root mean square of its residuals."""
    columns = sample("regression", 3)
    x, y = (np.array([float(each) for each in column]) for column in columns.values())
    b, a = np.polyfit(x, y, 1)
    here = [float(value(e, columns, {})) for e in estimator("regression").values.values()]
    assert here == pytest.approx([a, b, np.sqrt(np.mean((y - a - b * x) ** 2))], rel=1e-9)


@pytest.mark.parametrize("name", WORKED)
def test_scipy_finds_nothing_higher(name: str) -> None:
    """tests/ref: our point is scipy's to 5 digits and its log-likelihood not below scipy's."""
    record, model, found = REFERENCE[name], ZOO[name][0], estimator(name)
    columns = {model.data[0].symbol: [mpmath.mpf(str(each)) for each in record["data"]]}
    if found.kind is C:
        point = {s: value(found.values[s], columns, {}) for s in model.symbols}
    elif found.kind is R:
        point = at_unknown(name, columns, only_root(name, columns))
    else:
        point = _polished(model, columns, record["estimate"])
    assert [float(v) for v in point.values()] == pytest.approx(record["estimate"], rel=1e-5)
    height = len(record["data"]) * log_likelihood(model, columns)(*point.values())
    assert float(height) >= record["log_likelihood"] - 1e-9


def _polished(model: Model, columns: Columns, start: list[float]) -> dict:
    """A root of the engine's score near a start, by mpmath's secant method."""
    gradient = derive(model).score.gradient

    def score(*at: mpmath.mpf) -> list[mpmath.mpf]:
        point = dict(zip(model.symbols, at, strict=True))
        return [value(each, columns, point) for each in gradient]

    with mpmath.workdps(30):
        root = mpmath.findroot(score, [mpmath.mpf(each) for each in start])
    point = dict(zip(model.symbols, list(root), strict=True))
    assert is_stationary(model, columns, point, 12)
    return point


# --- reduced equations -------------------------------------------------------------------------


def grid(where: Domain) -> list[mpmath.mpf]:
    """Numbers across a domain, from near one end to near the other."""
    steps = [mpmath.mpf(10) ** (mpmath.mpf(k) / 3) for k in range(-6, 6)]
    lower, upper = _end(where.lower), _end(where.upper)
    if lower is not None and upper is not None:
        return [lower + (upper - lower) * mpmath.mpf(k) / 16 for k in range(1, 16)]
    if lower is not None:
        return [lower + step for step in steps]
    half = [each for each in steps if each > mpmath.mpf("0.2")]
    return [-each for each in reversed(half)] + half


def equation_at(name: str, columns: Columns):
    equation = estimator(name).equation
    assert equation is not None
    at = prepared(equation.expression, columns)
    return lambda t: at({equation.unknown: t})


def roots(name: str, columns: Columns) -> list[mpmath.mpf]:
    """The roots that sign changes over the grid betray, by bisection to 30 digits."""
    function = equation_at(name, columns)
    found = []
    values = [(t, function(t)) for t in grid(estimator(name).equation.domain)]
    for (left, below), (right, above) in pairwise(values):
        if mpmath.sign(below) * mpmath.sign(above) < 0:
            with mpmath.workdps(40):
                ends = left, right
                found.append(
                    mpmath.findroot(function, ends, solver="anderson", tol=1e-60, maxsteps=60)
                )
    return found


def only_root(name: str, columns: Columns) -> mpmath.mpf:
    found = roots(name, columns)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", OF_KIND[R])
def test_a_root_of_the_equation_is_stationary(name: str) -> None:
    """Put into `values`, every root gives a point where the difference quotients vanish."""
    model = ZOO[name][0]
    met = 0
    for seed in range(2):
        columns = sample(name, seed, 12)
        for root in roots(name, columns):
            point = at_unknown(name, columns, root)
            assert inside(point, model)
            assert is_stationary(model, columns, point, 15)
            met += 1
    assert met


@pytest.mark.parametrize("name", OF_KIND[R])
def test_no_maximum_is_lost(name: str) -> None:
    """The equation changes sign at the point that a search of the whole likelihood finds."""
    found, model = estimator(name), ZOO[name][0]
    columns = sample(name, 1, 12)
    point, _ = searched(model, columns)
    unknown = point[model.symbols.index(found.unknowns[0])]
    function = equation_at(name, columns)
    near = abs(unknown) * 1e-3 + 1e-5
    signs = {mpmath.sign(function(mpmath.mpf(unknown + shift))) for shift in (-near, near)}
    assert signs == {-1, 1}


@pytest.mark.parametrize("name", OF_KIND[R])
def test_what_is_said_to_fall_falls(name: str) -> None:
    """`falling`: over a grid, on random data of several sizes, each value is below the last."""
    equation = estimator(name).equation
    if not equation.falling:
        return
    for seed in range(3):
        function = equation_at(name, sample(name, seed, 2 + 4 * seed))
        values = [function(t) for t in grid(equation.domain)]
        assert all(second < first for first, second in pairwise(values))


@pytest.mark.parametrize(
    "name",
    [
        "gamma",
        "gamma, scale",
        "gamma, mean",
        "inverse gamma",
        "nakagami",
        "weibull",
        "frechet",
        "weibull, typed",
        "cut exponential",
    ],
)
def test_what_is_known_to_be_unique_is_said_to_be(name: str) -> None:
    """FACTS 1 and 2: gamma, Weibull and their kin have one root unless the data are all equal."""
    found = estimator(name)
    assert found.equation.falling
    assert found.unique is True
    assert found.exists is not None
    assert found.maximum is not Known.UNKNOWN


@pytest.mark.parametrize("name", ["cauchy, scale 1", "lomax"])
def test_what_is_not_known_is_not_claimed(name: str) -> None:
    """Cauchy's location has 1 to n maxima; a Lomax law may have none, one or two."""
    found = estimator(name)
    assert found.unique is not True
    assert not found.equation.falling
    assert (found.exists == sp.true) is name.startswith("cauchy")


def test_two_cauchy_points_have_two_maxima() -> None:
    """At -c, c with c > 1 the roots are 0 (a minimum) and +-sqrt(c**2 - 1); with c < 1 only 0."""
    model = ZOO["cauchy, scale 1"][0]
    x = model.data[0].symbol
    c = mpmath.mpf(3)
    for root in (mpmath.mpf(0), mpmath.sqrt(8), -mpmath.sqrt(8)):
        assert close(equation_at("cauchy, scale 1", {x: [-c, c]})(root), 0, 12)
    assert len(roots("cauchy, scale 1", {x: [mpmath.mpf(-2), mpmath.mpf(2)]})) == 3


# --- existence ---------------------------------------------------------------------------------


NO_ESTIMATE = [
    ("normal", {"x": [2, 2, 2]}),
    ("lognormal", {"x": [2, 2, 2]}),
    ("exponential", {"x": [0, 0, 0]}),
    ("inverse_gaussian", {"x": [3, 3, 3]}),
    ("half-normal", {"x": [0, 0]}),
    ("laplace about 0", {"x": [0, 0]}),
    ("poisson", {"x": [0, 0, 0]}),
    ("log rate", {"x": [0, 0, 0]}),
    ("bernoulli", {"x": [0, 0]}),
    ("bernoulli", {"x": [1, 1]}),
    ("log odds", {"x": [0, 0]}),
    ("log odds", {"x": [1, 1, 1]}),
    ("geometric", {"x": [0, 0]}),
    ("geometric from 1", {"x": [1, 1]}),
    ("binomial", {"x": [0, 0]}),
    ("binomial", {"x": [10, 10]}),
    ("borel", {"x": [1, 1]}),
    ("normal, root", {"x": [-2, -1]}),
    ("normal, square", {"x": [-2, -1]}),
    ("normal, reciprocal", {"x": [-1, 1]}),
    ("normal, mean between", {"x": [4, 5]}),
    ("normal, mean between", {"x": [0, 1]}),
    ("exponential, slow", {"x": ["0.1", "0.2"]}),
    ("gamma", {"x": [2, 2, 2]}),
    ("gamma, scale", {"x": [2, 2, 2]}),
    ("weibull", {"x": [2, 2, 2]}),
    ("frechet", {"x": [2, 2, 2]}),
    ("regression", {"x": [1, 1, 1], "y": [0, 1, 3]}),
    ("regression", {"x": [0, 1, 2], "y": [1, 3, 5]}),
    ("trinomial", {"x": ["0.75", "0.75"], "y": ["0.25", "0.25"]}),
    ("cut exponential", {"x": ["0.9", "0.8"]}),
]


@pytest.mark.parametrize(("name", "data"), NO_ESTIMATE)
def test_no_estimate_where_there_is_none(name: str, data: dict) -> None:
    """Constant data, zeros only, all successes, ...: `exists` is false at such data."""
    condition = estimator(name).exists
    columns = {v.symbol: [mpmath.mpf(each) for each in data[v.name]] for v in ZOO[name][0].data}
    assert condition is not None
    assert not holds(condition, columns)


@pytest.mark.parametrize("name", ZOO)
def test_existence_is_not_denied(name: str) -> None:
    """Where a search ends at a point inside where the score vanishes, `exists` is not false."""
    found, model = estimator(name), ZOO[name][0]
    if found.exists is None:
        return
    for seed in range(2):
        columns = sample(name, seed)
        point, _ = searched(model, columns, seed)
        average = log_likelihood(model, columns)
        at = [mpmath.mpf(each) for each in point]
        small = max(abs(each) for each in at) < 1e4 and all(
            abs(slope(average, at, i)) < 1e-3 for i in range(len(at))
        )
        interior = small and is_strict_maximum(
            model, columns, dict(zip(model.symbols, at, strict=True))
        )
        if interior:
            assert holds(found.exists, columns)


# --- the answer is honest where there is no interior stationary point ---------------------------


HONEST = [
    ("two means summed", "-(x-a-b)**2/2", ["x"], ["a", "b"], {N}),
    ("product", "-(x-a*b)**2/2", ["x"], ["a", "b>0"], {N}),
    ("rate a*b", "log(a*b)-a*b*x", ["x>0"], ["a>0", "b>0"], {N}),
    ("exponent a+b", "x*(a+b)-exp(a+b)-loggamma(x+1)", [f"x: {COUNT}"], ["a", "b"], {N}),
    ("constant score", "a-x", ["x>0"], ["a"], {N}),
    ("a scale forgotten", "-x**2/(2*s**2)", ["x"], ["s>0"], {N}),
    ("a minus forgotten", "(x-m)**2/2", ["x"], ["m"], {N, S}),
    ("both signs wrong", "log(s)+x**2/(2*s**2)", ["x"], ["s>0"], {N, S}),
    ("a saddle", "(x-a)**2/2-(x-b)**2", ["x"], ["a", "b"], {N, S}),
    ("never inside", "-x**2*t-x**4*t**2", ["x"], ["t>0"], {N}),
    ("weibull from m", "log(k)-k*log(s)+(k-1)*log(x-m)-((x-m)/s)**k", ["x in (m, oo)"],
     ["m", "s>0", "k>0"], {B}),
    ("distance to |m|", "-(x-Abs(m))**2/2", ["x"], ["m"], {S}),
    ("mixture", "log(w*exp(-(x-a)**2/2)+(1-w)*exp(-(x-b)**2/2))", ["x"], ["w: unit", "a", "b"],
     {S}),
    ("two roots", "-m*x-1/m**2+m**2/100", ["x>0"], ["m>0"], {R, S}),
    ("any angle", "-(x-sin(m))**2/2", ["x"], ["m"], {R, S}),
    ("either sign", "-log(s**2)/2-x**2/(2*s**2)", ["x"], ["s"], {R, S}),
    ("exponential power", "-Abs(x/s)**p-log(s)-loggamma(1+1/p)-log(2)", ["x"], ["s>0", "p>0"],
     {R, S}),
    ("gompertz", "log(b)+log(e)+e+b*x-e*exp(b*x)", ["x>0"], ["b>0", "e>0"], {R, S}),
    ("bivariate", "-log(s)-log(t)-log(1-r**2)/2-((x-a)**2/s**2-2*r*(x-a)*(y-b)/(s*t)"
     "+(y-b)**2/t**2)/(2*(1-r**2))", ["x", "y"], ["a", "b", "s>0", "t>0", "r in (-1, 1)"],
     {C, S, R}),
    ("zeta", "-s*log(x)-log(zeta(s))", [f"x: {WHOLE}"], ["s in (1, oo)"], {R}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "density", "data", "parameters", "kinds"), HONEST, ids=[row[0] for row in HONEST]
)
def test_no_claim_beyond_what_is_known(name, density, data, parameters, kinds) -> None:
    """Nothing invented: none, boundary, or an answer that leaves the maximum open."""
    found = estimate(derive(typed(density, data, parameters)))
    assert found.kind in kinds
    if found.kind in (N, B):
        assert found.exists is not sp.true
        assert found.unique is not True
    if name not in ("bivariate", "zeta", "gompertz"):
        assert found.maximum is Known.UNKNOWN
        assert found.unique is not True
        assert found.equation is None or not found.equation.falling
    assert found.road or found.kind is C


# --- invariance --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "moved"),
    [
        ("normal", "normal, variance", lambda p: [p[0], p[1] ** 2]),
        ("normal", "normal, log scale", lambda p: [p[0], mpmath.log(p[1])]),
        ("normal", "normal, precision", lambda p: [p[0] / p[1], 1 / p[1]]),
        ("normal", "normal, natural", lambda p: [p[0] / p[1] ** 2, 1 / (2 * p[1] ** 2)]),
        ("bernoulli", "log odds", lambda p: [mpmath.log(p[0] / (1 - p[0]))]),
        ("poisson", "log rate", lambda p: [mpmath.log(p[0])]),
        ("gamma", "gamma, scale", lambda p: [p[0], 1 / p[1]]),
        ("gamma", "gamma, mean", lambda p: [p[0], p[0] / p[1]]),
        ("weibull", "weibull, typed", lambda p: p),
    ],
)
def test_the_estimate_moves_with_the_parameters(first: str, second: str, moved) -> None:
    """The maximum-likelihood estimate of g(theta) is g of the estimate (Zehna 1966)."""
    columns = sample(first, 11)
    rows = {ZOO[second][0].data[0].symbol: next(iter(columns.values()))}
    with mpmath.workdps(DIGITS):
        wanted = moved(_estimate(first, columns))
    for here, there in zip(_estimate(second, rows), wanted, strict=True):
        assert close(here, there, 25)


def _estimate(name: str, columns: Columns) -> list[mpmath.mpf]:
    found, model = estimator(name), ZOO[name][0]
    if found.kind is C:
        return [value(found.values[s], columns, {}) for s in model.symbols]
    return list(at_unknown(name, columns, only_root(name, columns)).values())


@pytest.mark.parametrize(
    ("name", "scaled"),
    [
        ("normal", [1, 1]),
        ("exponential", [-1]),
        ("gamma", [0, -1]),
        ("weibull", [0, 1]),
        ("inverse_gaussian", [1, 1]),
        ("rayleigh", [1]),
        ("frechet", [0, 1]),
        ("lindley", None),
    ],
)
def test_the_unit_of_the_data_does_not_matter(name: str, scaled: list[int] | None) -> None:
    """Data times 1024: scales grow by it, rates shrink by it, shapes stay (a Lindley has none)."""
    columns = sample(name, 13)
    here = _estimate(name, columns)
    times = {s: [1024 * each for each in column] for s, column in columns.items()}
    there = _estimate(name, times) if name not in ("gamma", "weibull", "frechet") else None
    if scaled is None:
        assert not close(there[0], here[0] / 1024, 5)
        return
    if there is None:  # the unknown of a reduced equation is the shape: same root
        function = equation_at(name, times)
        assert close(function(here[0]), 0, 25)
        return
    with mpmath.workdps(DIGITS):
        wanted = [a * mpmath.mpf(1024) ** k for a, k in zip(here, scaled, strict=True)]
        assert all(close(b, a, 25) for a, b in zip(wanted, there, strict=True))


def test_random_points_are_stationary_only_by_chance() -> None:
    """The guard on the guard: at a random point the difference quotients do not vanish."""
    for name in ("normal", "gamma", "lindley", "regression"):
        model = ZOO[name][0]
        point = point_of(model, random.Random(name))
        assert not is_stationary(model, sample(name, 0), point)


def test_a_condition_is_about_data_alone() -> None:
    """No parameter and no data symbol is free in a condition of existence."""
    for name in ZOO:
        condition = estimator(name).exists
        if condition is not None:
            assert not condition.free_symbols
            assert condition in (sp.true, sp.false) or condition.atoms(OverData)


# --- traps, each met by a search over random densities -----------------------------------------


def test_a_branch_where_a_factor_vanishes_is_not_forgotten() -> None:
    """b*(x - a*b) = 0 is solved by b = 0 too: a = -1/x, b = 0 is stationary, so not unique."""
    model = typed("-(x-a*b)**2/2-(b-1)**2/2", ["x"], ["a", "b"])
    columns = {model.data[0].symbol: [mpmath.mpf(1), mpmath.mpf(3)]}
    other = dict(zip(model.symbols, [-mpmath.mpf(1) / 2, mpmath.mpf(0)], strict=True))
    assert is_stationary(model, columns, other)
    assert estimate(derive(model)).unique is not True


def test_a_whole_number_is_not_found_by_a_derivative() -> None:
    """A Poisson rate among the whole numbers: mean(x) = 2.5 is no estimate."""
    model = typed("x*log(r)-r-loggamma(x+1)", [f"x: {COUNT}"], ["r: positive integer"])
    found = estimate(derive(model))
    assert found.kind not in (C, R)
    assert found.unique is not True
    assert found.maximum is Known.UNKNOWN


@pytest.mark.parametrize(
    ("density", "data", "parameters"),
    [
        ("sqrt(a)*sqrt(x)+2*log(a)*b*sqrt(x)", "x>0", ["b", "a>0"]),
        ("log(1-b)*a*exp(-x**2)+loggamma(a)-(b+1)*x**3", f"x: {BIT}", ["b: unit", "a: unit"]),
        ("-log(1+(x-b)**2)-3*log(b)*a*x**3-exp(b)*x**2-3*log(b)*a-sqrt(b)*a*x**3", "x",
         ["a>0", "b: unit"]),
        ("2*(x-a)**2-3*sqrt(s)*a+2*log(1+(x-a)**2)", f"x: {WHOLE}", ["s>0", "a"]),
    ],
)  # fmt: skip
def test_a_root_outside_is_not_promised(density, data, parameters) -> None:
    """Squaring and dividing bring roots that are none, or lie outside: nothing is claimed there."""
    found = estimate(derive(typed(density, [data], parameters)))
    assert found.exists is None or found.exists == sp.false
    assert found.unique is not True


@pytest.mark.parametrize(
    ("density", "size"),
    [
        ("-(y-s*x)**2-(s+1)+(x-s)**2-(s+1)*x", 20),
        ("-(y-s*x)**2/2-s**2*(x-1)**2-s*y", 60),
        ("-(x-s)**2*(1+s)-(y-s*x)**2", 120),
    ],
)
def test_a_polynomial_stays_one(density: str, size: int) -> None:
    """Central form is not bought with nested fractions: a quadratic's Hessian stays a line long."""
    found = derive(typed(density, ["x>=0", "y>0"], ["s"]))
    assert found.score.hessian[0, 0].count_ops() < size
    assert estimate(found).hessian[0, 0].count_ops() < 3 * size


def test_a_negative_mean_has_no_root() -> None:
    """sqrt(m) = mean(x) at mean(x) = -2: m = 4 is where the squared equation has its root."""
    model = ZOO["normal, root"][0]
    columns = {model.data[0].symbol: [mpmath.mpf(-3), mpmath.mpf(-1)]}
    point = {model.symbols[0]: mpmath.mpf(4)}
    assert not is_stationary(model, columns, point)
    assert not holds(estimator("normal, root").exists, columns)


@pytest.mark.parametrize("shift", [0, 10**4, 10**8])
def test_a_poisson_regression_has_its_estimate(shift: int) -> None:
    """Wherever 0 < y at both ends of x there is one, and moving x does not take it away."""
    model = ZOO["poisson regression"][0]
    x, y = (variable.symbol for variable in model.data)
    columns = {x: [mpmath.mpf(each + shift) for each in (-1, 0, 1, 2)],
               y: [mpmath.mpf(each) for each in (3, 0, 2, 5)]}  # fmt: skip
    condition = estimator("poisson regression").exists
    assert condition is None or holds(condition, columns)
