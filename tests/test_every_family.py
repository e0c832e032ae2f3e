"""Every family of the catalogue, in one table of cases: forty rows, few rows, extreme rows.

The other road: the row's log-density in mpmath, whose difference quotients are the score; the
heights that a plain maximiser reached on SciPy's densities (tests/ref/family_fits.json); laws of
change of unit; and a table of statuses that was made by thinking (tests/small_samples.py).
"""

import importlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest
import scipy.stats
import sympy as sp

from symmle.data import from_columns
from symmle.families import FAMILIES, family_model
from symmle.fit import Fit, Prepared, Status, fit, prepare
from symmle.parsing import parse
from tests.small_samples import EXPECTED, samples_of

REFERENCE = json.loads((Path(__file__).parent / "ref" / "family_fits.json").read_text())["fits"]
NAMES = tuple(FAMILIES)
DIGITS = 110
STEP = mpmath.mpf("1e-28")  # of a difference quotient: its error is of the order of the square

# on the forty rows; every other family has one maximum
STATUS_ON_FORTY = {
    "laplace": Status.NOT_UNIQUE,  # an even number of rows
    "student_t": Status.LOCAL_MAXIMUM,  # free degrees of freedom
    "generalised_extreme_value": Status.LOCAL_MAXIMUM,  # a shape below -1
    "generalised_pareto": Status.LOCAL_MAXIMUM,
    "shifted_exponential": Status.BOUNDARY,
    "pareto": Status.BOUNDARY,
    "power_function": Status.BOUNDARY,
    "uniform": Status.BOUNDARY,
    "discrete_uniform": Status.BOUNDARY,
    "zipf": Status.BOUNDARY,
    "generalised_normal": Status.LOCAL_MAXIMUM,  # a spike on one row, of a shape near zero
    "two_piece_generalised_normal": Status.LOCAL_MAXIMUM,
    "two_piece_student_t": Status.LOCAL_MAXIMUM,
}
# refused, with the reason: no number is claimed
REFUSED = {"beta_binomial"}  # trials unknown, and no closed form of a and b given them
# by what power of the unit a parameter moves; only those of families whose data have a unit
EXPONENTS = {
    "location": 1, "scale": 1, "minimum": 1, "lower": 1, "upper": 1, "sigma": 1, "distance": 1,
    "mu": 1, "spread": 2, "rate": -1, "shape": 0, "df": 0, "skew": 0, "alpha": 0, "tail": 0,
    "head": 0, "power": 0,
}  # fmt: skip
OWN_EXPONENTS = {"inverse_gaussian": {"shape": 1}, "gompertz": {"shape": -1}}
WITHOUT_UNIT = {"lognormal", "log_gamma", "logit_normal", "topp_leone"}
SHIFTED = ("location", "minimum", "lower", "upper", "mu")


@cache
def ready(name: str) -> Prepared:
    return prepare(family_model(name))


def columns_of(name: str, rows: Sequence[object]) -> dict[str, list[float]]:
    table = np.array(rows, dtype=float).reshape(len(rows), -1)
    return dict(zip(FAMILIES[name].data, table.T.tolist(), strict=True))


def plainly(name: str, rows: Sequence[object], weights: Sequence[float] | None = None) -> Fit:
    """A fit without profiles and without integrals of the information: no status needs them."""
    judge = importlib.import_module("symmle.fit.judge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "expected_errors", lambda *_: (None, "not asked for"))
        patch.setattr(
            judge,
            "profile_intervals",
            lambda _, names, __: (dict.fromkeys(names, (None, None)), {}, 0),
        )
        return fit(ready(name), from_columns(columns_of(name, rows), weights=weights))


@cache
def on_forty(name: str) -> Fit:
    return plainly(name, REFERENCE[name]["rows"])


@cache
def row_density(name: str) -> tuple[Callable[..., mpmath.mpf], Callable[..., mpmath.mpf]]:
    """The log-density as mpmath evaluates it: what is free of the data, and the rest of a row."""
    model = ready(name).model
    data = [variable.symbol for variable in model.data]
    alike, rest = model.log_density.as_independent(*data, as_Add=True)
    symbols = list(model.symbols)
    return (
        sp.lambdify(symbols, alike, "mpmath", cse=False),
        sp.lambdify([*data, *symbols], rest, "mpmath", cse=False),
    )


def height(name: str, rows: Sequence[object], theta: Sequence[object]) -> mpmath.mpf:
    columns = columns_of(name, rows).values()
    alike, rest = row_density(name)
    values = [rest(*map(mpmath.mpf, row), *theta) for row in zip(*columns, strict=True)]
    total = len(rows) * mpmath.mpmathify(alike(*theta)) + mpmath.fsum(values)
    return mpmath.re(total) if mpmath.im(total) == 0 else -mpmath.inf


def smooth_parameters(name: str) -> list[int]:
    """The parameters in which the likelihood is stationary at the estimate.

    Not those that order statistics set, whole numbers, and a location on a row with its kink.
    """
    estimator, found = ready(name).estimator, on_forty(name).estimate
    held = {*estimator.pinned, *estimator.optima, *estimator.whole}
    kinks = REFERENCE[name]["rows"] if ready(name).model.log_density.has(sp.Abs) else ()
    symbols = ready(name).model.symbols
    return [i for i, s in enumerate(symbols) if s not in held and found[s.name] not in kinks]


def has_estimate(name: str) -> bool:
    return name not in REFUSED


@pytest.mark.parametrize("name", NAMES)
def test_the_status_on_forty_rows(name: str) -> None:
    found = on_forty(name)
    if name in REFUSED:
        assert found.status is Status.NOT_CONVERGED and found.estimate is None
    else:
        assert found.status is STATUS_ON_FORTY.get(name, Status.OK), found.message


@pytest.mark.parametrize("name", [name for name in NAMES if name not in REFUSED])
def test_no_other_maximiser_came_higher(name: str) -> None:
    """The likelihood is as large as at the best point of Nelder-Mead."""
    found, reached = on_forty(name), REFERENCE[name]["log_likelihood"]
    assert found.log_likelihood >= reached - 1e-9 * (1 + abs(reached))


@pytest.mark.parametrize("name", [n for n in NAMES if has_estimate(n) and FAMILIES[n].scipy])
def test_the_log_likelihood_is_scipys_at_the_estimate(name: str) -> None:
    """SciPy's own density, at the point that was found, with every constant."""
    found, (other, mapping) = on_forty(name), FAMILIES[name].scipy
    point = {s.name: sp.Float(found.estimate[s.name], 17) for s in ready(name).model.symbols}
    symbols = {key: sp.Symbol(key) for key in point}
    given = {
        key: float(parse(text, symbols).subs({symbols[k]: v for k, v in point.items()}))
        for key, text in mapping.items()
    }
    law = getattr(scipy.stats, other)(**given)
    x = np.array(REFERENCE[name]["rows"])
    theirs = float(np.sum(law.logpmf(x) if hasattr(law.dist, "logpmf") else law.logpdf(x)))
    assert found.log_likelihood == pytest.approx(theirs, rel=1e-11)


@pytest.mark.parametrize("name", [n for n in NAMES if has_estimate(n)])
def test_the_score_vanishes_to_fifty_digits_beside_the_estimate(name: str) -> None:
    """Newton's method on difference quotients of the rows' log-density ends where it began.

    It ends where what is left of the score moves the point by less than 1e-50 of itself; that
    point is the estimate, but for its last digits in double precision.
    """
    found, free, rows = on_forty(name), smooth_parameters(name), REFERENCE[name]["rows"]
    symbols = ready(name).model.symbols
    start = [mpmath.mpf(found.estimate[symbol.name]) for symbol in symbols]
    if not free:
        return
    with mpmath.workdps(DIGITS):
        units = [abs(start[i]) or mpmath.mpf(1) for i in free]

        def top(moves: Sequence[mpmath.mpf]) -> mpmath.mpf:
            theta = list(start)
            for i, unit, move in zip(free, units, moves, strict=True):
                theta[i] += unit * move
            return height(name, rows, theta)

        at, left = settled(top, len(free))
        assert left < mpmath.mpf("1e-50")
        assert max(map(abs, at)) < 1e-12


def settled(
    top: Callable[[Sequence[mpmath.mpf]], mpmath.mpf], size: int
) -> tuple[list[mpmath.mpf], mpmath.mpf]:
    """(where the score vanishes, how far its last value would still move the point)."""
    at = [mpmath.mpf(0)] * size
    every = range(size)

    def moved(*moves: tuple[int, mpmath.mpf]) -> mpmath.mpf:
        there = list(at)
        for i, by in moves:
            there[i] += by
        return top(there)

    def score() -> mpmath.matrix:
        return mpmath.matrix([(moved((i, STEP)) - moved((i, -STEP))) / (2 * STEP) for i in every])

    wide = mpmath.mpf("1e-18")
    middle = top(at)
    bend = mpmath.matrix(size)
    for i in every:
        for j in range(i + 1):
            corners = moved((i, wide), (j, wide)) - moved((i, wide)) - moved((j, wide)) + middle
            bend[i, j] = bend[j, i] = corners / wide**2
    for _ in range(6):
        step = mpmath.lu_solve(bend, score())
        at = [a - s for a, s in zip(at, step, strict=True)]
        if max(map(abs, step)) < mpmath.mpf("1e-50"):
            break
    return at, max(map(abs, step))


def exponents_of(name: str) -> Mapping[str, int] | None:
    """By what power of the unit each parameter moves; None where the data have no unit."""
    where = next(iter(FAMILIES[name].data.values()))
    counted = "integer" in where or where in ("unit", "(1, oo)", "angle")
    known = EXPONENTS | OWN_EXPONENTS.get(name, {})
    names = FAMILIES[name].parameters
    if (
        counted
        or name in WITHOUT_UNIT
        or not set(names) <= set(known)
        or len(FAMILIES[name].data) > 1
    ):
        return None
    measured = {key: known[key] for key in names}
    return measured if any(measured.values()) else None


@pytest.mark.parametrize("name", [n for n in NAMES if has_estimate(n)])
def test_order_repetition_and_unit_of_rows(name: str) -> None:
    """Backwards, each row of weight two, and where the data have a unit, in another one.

    The unit: rows times four, and eight more where they may lie anywhere.  Each parameter follows
    its own power of it, and the log-likelihood falls by log 4 a row.
    """
    found, rows = on_forty(name), np.array(REFERENCE[name]["rows"])[::-1]
    exponents = exponents_of(name)
    anywhere = exponents is not None and next(iter(FAMILIES[name].data.values())) == "real"
    unit = 1.0 if exponents is None else 4.0
    other = plainly(name, (unit * rows + 8 * anywhere).tolist(), [2.0] * len(rows))
    assert other.status is found.status
    fallen = found.log_likelihood - len(rows) * math.log(unit)
    assert other.log_likelihood == pytest.approx(2 * fallen, rel=1e-12, abs=1e-11)
    for key, value in found.estimate.items():
        there = unit ** (exponents or {}).get(key, 0) * value + 8 * (anywhere and key in SHIFTED)
        assert other.estimate[key] == pytest.approx(there, rel=1e-10, abs=1e-10), key


@pytest.mark.parametrize("name", NAMES)
def test_few_rows_equal_rows_and_extreme_rows(name: str) -> None:
    """The status, and the parameter that runs off with its end, as theory has them.

    Where there is an estimate, the rows' log-density is no higher one per mille beside it.
    """
    told = {}
    for case, rows in samples_of(name).items():
        found = plainly(name, rows)
        told[case] = said(found)
        if found.status is Status.OK:
            assert is_top(name, rows, found), (case, found)
    expected = EXPECTED[name].split()
    wrong = {
        case: (found, right)
        for (case, found), right in zip(told.items(), expected, strict=True)
        if not agrees(found, right)
    }
    assert not wrong


def said(found: Fit) -> str:
    if found.limit is None:
        return found.status.value
    end = {"infinity": "oo", "minus infinity": "-oo"}.get(found.limit[1], found.limit[1])
    return f"{found.status.value}:{found.limit[0]}={end}"


def agrees(found: str, right: str) -> bool:
    """Whether it was said; what stands without an end leaves the end open."""
    if right == "exists":
        return found.split(":")[0] in ("ok", "boundary", "not_converged")
    if right == "none":
        return not found.startswith(("ok", "local_maximum"))
    return found == right or found.startswith(f"{right}:")


def is_top(name: str, rows: Sequence[object], found: Fit) -> bool:
    with mpmath.workdps(40):
        theta = [mpmath.mpf(found.estimate[s.name]) for s in ready(name).model.symbols]
        here = height(name, rows, theta)
        for i in smooth_parameters(name):
            for factor in (mpmath.mpf("0.999"), mpmath.mpf("1.001")):
                beside = [*theta[:i], theta[i] * factor, *theta[i + 1 :]]
                try:
                    there = height(name, rows, beside)
                except (ValueError, ZeroDivisionError):
                    continue  # outside the domain
                if mpmath.isfinite(there) and there > here:
                    return False
    return True
