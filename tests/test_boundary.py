"""Estimates where the score does not decide: ends that the data set, and medians."""

from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType

import mpmath
import numpy as np
import pytest
import sympy as sp
from numpy.typing import NDArray

from symmle.codegen import generate, load
from symmle.data import from_array
from symmle.derive import Derivation, derive
from symmle.errors import InputError
from symmle.estimate import Estimator, Kind, estimate
from symmle.fit import fit
from symmle.known import Known
from symmle.model import build_model
from symmle.precise import evaluate
from symmle.report.printer import text
from symmle.tree_value import tree_value
from symmle.verify import verify

Column = NDArray[np.float64]
Numbers = tuple[float, ...]

# name: (log-density, data, parameters, the textbook's estimate of the rows)
CASES: Mapping[str, tuple[str, str, dict[str, str], Callable[[Column], Numbers]]] = {
    "interval": (
        "-log(b - a)",
        "[a, b]",
        {"a": "real", "b": "real"},
        lambda x: (x.min(), x.max()),
    ),
    "centre and half width": (
        "-log(2*w)",
        "[c - w, c + w]",
        {"c": "real", "w": "positive"},
        lambda x: ((x.max() + x.min()) / 2, (x.max() - x.min()) / 2),
    ),
    "about zero": (
        "-log(2*t)",
        "[-t, t]",
        {"t": "positive"},
        lambda x: (max(x.max(), -x.min()),),
    ),
    "power tail": (
        "log(k) + k*log(m) - (k + 1)*log(x)",
        "[m, oo)",
        {"m": "positive", "k": "positive"},
        lambda x: (x.min(), 1 / np.mean(np.log(x) - np.log(x.min()))),
    ),
    "power": (
        "log(k) + (k - 1)*log(x) - k*log(t)",
        "(0, t]",
        {"t": "positive", "k": "positive"},
        lambda x: (x.max(), 1 / np.mean(np.log(x.max()) - np.log(x))),
    ),
    "shifted waiting time": (
        "log(r) - r*(x - m)",
        "[m, oo)",
        {"m": "real", "r": "positive"},
        lambda x: (x.min(), 1 / (x.mean() - x.min())),
    ),
    "end at a difference": (
        "-log(s) - (x - m + s)/s",
        "[m - s, oo)",
        {"m": "real", "s": "positive"},
        lambda x: (x.mean(), x.mean() - x.min()),
    ),
    "half a bell, shifted": (
        "-log(s) - (x - m)**2/(2*s**2) - log(pi/2)/2",
        "[m, oo)",
        {"m": "real", "s": "positive"},
        lambda x: (x.min(), np.sqrt(np.mean((x - x.min()) ** 2))),
    ),
    "evenly in the logs": (
        "-log(x) - log(log(b/a))",
        "[a, b]",
        {"a": "positive", "b": "positive"},
        lambda x: (x.min(), x.max()),
    ),
    "two sides": (
        "-log(2*b) - Abs(x - m)/b",
        "real",
        {"m": "real", "b": "positive"},
        lambda x: (np.median(x), np.mean(np.abs(x - np.median(x)))),
    ),
    "two sides in the logs": (
        "-log(2*b) - log(x) - Abs(log(x/m))/b",
        "positive",
        {"m": "positive", "b": "positive"},
        lambda x: (
            np.exp(np.median(np.log(x))),
            np.mean(np.abs(np.log(x) - np.median(np.log(x)))),
        ),
    ),
    "whole numbers to a top": (
        "-log(top)",
        "integer in [1, top]",
        {"top": "positive integer"},
        lambda x: (x.max(),),
    ),
}
ROWS = {
    name: np.random.default_rng(4).integers(1, 30, 9).astype(float)
    if "whole" in name
    else np.random.default_rng(3).gamma(2.0, 3.0, 9)
    for name in CASES
}


@cache
def derived(name: str) -> tuple[Derivation, Estimator]:
    density, data, parameters, _ = CASES[name]
    derivation = derive(build_model("typed", density, {"x": data}, parameters))
    return derivation, estimate(derivation)


@cache
def module(name: str) -> ModuleType:
    return load(generate(*derived(name)), "typed")


@pytest.mark.parametrize("name", CASES)
def test_the_textbook_estimate(name: str) -> None:
    """Min, max, median and means of the rows, as NumPy takes them: at 40 digits and in a module."""
    _, found = derived(name)
    wanted = CASES[name][3](ROWS[name])
    columns = {found_x: [mpmath.mpf(v) for v in ROWS[name]] for found_x in _data(name)}
    with mpmath.workdps(40):
        exact = [float(evaluate(value, columns, {})) for value in found.values.values()]
    assert exact == pytest.approx(wanted, rel=1e-13)
    assert tuple(module(name).fit(ROWS[name])) == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_weights_are_repetitions(name: str) -> None:
    """A row of weight three is three rows, one of weight zero none; also where it is an end."""
    x = ROWS[name]
    weights = np.array([3.0, 1, 2, 0, 1, 1, 2, 1, 1])
    weights[np.argmax(x)] = 0.0
    assert tuple(module(name).fit(x, weights=weights)) == pytest.approx(
        tuple(module(name).fit(np.repeat(x, weights.astype(int)))), rel=1e-13
    )


@pytest.mark.parametrize("name", CASES)
def test_no_point_of_the_support_is_higher(name: str) -> None:
    """The typed density itself, at 400 random points near and far, is nowhere larger."""
    derivation, found = derived(name)
    model, x = derivation.model, ROWS[name]
    best = CASES[name][3](x)
    source = np.random.default_rng(8)
    top = _log_likelihood(name, best)
    assert np.isfinite(top)
    tried = 0
    for _ in range(400):
        size = 10.0 ** source.uniform(-6, 0.5)
        point = tuple(b + size * source.normal() for b in best)
        if any(p.domain.integer for p in model.parameters):
            point = tuple(float(round(value * 5)) for value in point)
        value = _log_likelihood(name, point)
        tried += np.isfinite(value)
        assert value <= top + 1e-9
    assert tried > 30
    assert found.known is Known.PROVED or name == "evenly in the logs"


def _data(name: str) -> list[sp.Symbol]:
    return [variable.symbol for variable in derived(name)[0].model.data]


def _log_likelihood(name: str, point: Numbers) -> float:
    """The sum of the typed log-density over the rows; -inf outside the domains or the support."""
    model = derived(name)[0].model
    here = {s: mpmath.mpf(v) for s, v in zip(model.symbols, point, strict=True)}
    for parameter in model.parameters:
        if parameter.domain.contains(sp.Float(here[parameter.symbol])) is False:
            return -np.inf
    where = model.data[0].domain
    low, high = (
        float(end) if end.is_number else float(tree_value(end, here))
        for end in (where.lower, where.upper)
    )
    rows, slack = ROWS[name], 1e-12
    if not low < high or rows.min() < low - slack or rows.max() > high + slack:
        return -np.inf
    symbol = model.data[0].symbol
    return float(
        sum(tree_value(model.log_density, here | {symbol: mpmath.mpf(v)}) for v in ROWS[name])
    )


def test_what_is_pinned_is_said() -> None:
    """The ends are named, the others are not; a median is no end but has its interval."""
    assert [s.name for s in derived("power tail")[1].pinned] == ["m"]
    assert [s.name for s in derived("interval")[1].pinned] == ["a", "b"]
    median = derived("two sides")[1]
    assert median.pinned == () and median.unique is None
    ((symbol, ends),) = median.optima.items()
    assert (symbol.name, *map(str, ends)) == ("m", "median_low(x)", "median_high(x)")


def test_differences_are_taken_row_by_row() -> None:
    """mean(log(x/min(x))) and mean(x - min(x)): at an offset of 1e9 the module keeps its digits."""
    tail = derived("power tail")[1]
    assert [text(v) for v in tail.values.values()] == ["min(x)", "1/mean(log(x/min(x)))"]
    x = 1e9 + np.array([0.0, 1.0, 2.0, 5.0])
    assert module("shifted waiting time").fit(x).r == 0.5
    assert module("two sides").fit(x) == (1e9 + 1.5, 1.5)
    exact = 4 / float(sum(mpmath.log1p(mpmath.mpf(k) / 10**9) for k in (1, 2, 5)))
    assert module("power tail").fit(x).k == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("interval", [2.0, 2.0]),
        ("power tail", [2.0, 2.0]),
        ("power tail", [-1.0, 2.0]),
        ("shifted waiting time", [3.0]),
        ("two sides", [1.0, 1.0, 1.0]),
    ],
)
def test_data_without_an_estimate(name: str, x: list[float]) -> None:
    """All equal (the likelihood is unbounded), or no parameter whose support holds the data."""
    with pytest.raises(ValueError, match=r"no estimate exists|overflow|x must be"):
        module(name).fit(x)


def test_an_interval_of_optima_of_a_moving_window() -> None:
    """Uniform on (t, t + 1): every t from max(x) - 1 to min(x), and the road says it is open."""
    model = build_model("typed", "0*t", {"x": "(t, t + 1)"}, {"t": "real"})
    found = estimate(derive(model))
    ((_, ends),) = found.optima.items()
    assert (found.kind, found.unique) == (Kind.BOUNDARY, None)
    assert [str(each) for each in ends] == ["max(x) - 1", "min(x)"]
    assert "open at its end" in found.road
    assert [check.ok for check in verify(model)].count(False) == 0


UNDECIDED = [
    ("log(k)-k*log(s)+(k-1)*log(x-m)-((x-m)/s)**k", "(m, oo)", ["m", "s>0", "k>0"], Kind.BOUNDARY),
    ("log(x-m)-2*log(s)-(x-m)**2/(2*s**2)", "(m, oo)", ["m", "s>0"], Kind.BOUNDARY),
    (
        "-log(x-m)-log(s)-(log(x-m)-c)**2/(2*s**2)-log(2*pi)/2",
        "(m, oo)",
        ["m", "c", "s>0"],
        Kind.BOUNDARY,
    ),
    (
        "-Abs((x-m)/s)**p-log(s)-loggamma(1+1/p)-log(2)",
        "real",
        ["m", "s>0", "p>0"],
        Kind.SYSTEM,
    ),
    ("-log(2*b)-Abs(x-m-c)/b", "real", ["m", "c", "b>0"], Kind.SYSTEM),
    ("-log(t)+k", "[0, t]", ["t>0", "k"], Kind.NONE),
]


@pytest.mark.parametrize(("density", "data", "parameters", "kind"), UNDECIDED)
def test_no_end_is_claimed_where_the_likelihood_turns(
    density: str, data: str, parameters: list[str], kind: Kind
) -> None:
    """Thresholds where the slope has no one sign, other kinks: no values, nothing known."""
    domains = {p.removesuffix(">0"): "positive" if ">" in p else "real" for p in parameters}
    found = estimate(derive(build_model("typed", density, {"x": data}, domains)))
    assert found.kind is kind
    assert not found.values and not found.pinned and not found.optima
    assert found.maximum is Known.UNKNOWN


@pytest.mark.parametrize("name", ["power tail", "centre and half width", "two sides"])
def test_every_claim_is_doubted(name: str) -> None:
    """All checks are green, the one of the ends among them, and no scheme is said to converge."""
    derivation, _ = derived(name)
    checks = verify(derivation.model)
    assert [check for check in checks if check.ok is not True] == []
    assert any(check.claim.startswith("the data set") for check in checks)
    assert not any("steps" in check.claim for check in checks)


def test_the_information_of_a_location_at_a_kink() -> None:
    """1/b**2 for the location and the scale, though the score jumps; in the logs 1/(b*m)**2."""
    for name, at in (("two sides", "b"), ("two sides in the logs", "b*m")):
        derivation, _ = derived(name)
        names = {s.name: s for s in derivation.model.symbols}
        first = names["b"] * (names["m"] if "m" in at else 1)
        assert derivation.information.matrix == sp.diag(first**-2, names["b"] ** -2)
        assert derivation.information.known is Known.PROVED


@pytest.mark.parametrize(
    ("data", "parameters", "rows", "wanted"),
    [
        ("integer in [1, top]", {"top": "positive integer"}, [1.0, 4, 2], 4),
        ("integer in [0, top)", {"top": "positive integer"}, [1.0, 4, 2], 5),
        ("integer in [-top, top]", {"top": "positive integer"}, [1.0, -4, 2], 4),
        ("integer in [0, 2*top]", {"top": "positive integer"}, [1.0, 5, 2], None),
    ],
)
def test_whole_numbers_to_an_end(
    data: str, parameters: dict[str, str], rows: list[float], wanted: int | None
) -> None:
    """The next whole number where the end is open; no half ones: those are searched for."""
    derivation = derive(build_model("typed", "-log(top)", {"x": data}, parameters))
    found = estimate(derivation)
    if wanted is None:
        assert not found.values and [s.name for s in found.whole] == ["top"]
    else:
        assert load(generate(derivation, found), "typed").fit(rows) == (wanted,)


def test_a_threshold_that_is_positive_has_positive_data() -> None:
    """x >= m > 0: a row at or below zero is named, by the module and by the fit."""
    with pytest.raises(ValueError, match="row 1"):
        module("power tail").fit([2.0, -1.0])
    with pytest.raises(InputError, match="values > 0"):
        fit(derived("power tail")[0].model, from_array([2.0, -1.0]))
