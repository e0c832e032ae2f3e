"""Numbers of every kind are the same numbers; what is none is refused by its row."""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from symmle.cli.main import main
from symmle.data import from_array, from_columns, read, require_domain, variance, weighted_mean
from symmle.errors import InputError
from symmle.families import family_model
from symmle.fit import fit
from symmle.model import build_model

KINDS: dict[str, ArrayLike] = {
    "float32": np.array([250, 255, 3], np.float32),
    "float16": np.array([250, 255, 3], np.float16),
    "int64": np.array([250, 255, 3]),
    "uint8": np.array([250, 255, 3], np.uint8),
    "long double": np.array([250, 255, 3], np.longdouble),
    "masked": np.ma.array([250, 255, 7, 3], mask=[0, 0, 1, 0]),
    "list": [250, 255.0, 3],
    "range of a tuple": (250, 255, 3),
    "None": [250, None, 255, 3],
    "exact": [Decimal(250), Fraction(255), 3],
}

# made where the package is installed, by the name of its maker
SERIES: dict[str, list[tuple[list[object], str]]] = {
    "pandas": [
        ([250, 255, 3], "uint8"),
        ([250, 255, None, 3], "Int64"),
        ([250, 255, None, 3], "Float64"),
        ([250, None, 255, 3], "object"),
    ],
    "polars": [
        ([250, 255, 3], "UInt8"),
        ([250, 255, None, 3], "Int64"),
        ([250, 255, None, 3], "Float32"),
    ],
}
for _package, _cases in SERIES.items():
    if find_spec(_package):
        _library = import_module(_package)
        for _values, _kind in _cases:
            _type = _kind if _package == "pandas" else getattr(_library, _kind)
            KINDS[f"{_package} {_kind}"] = _library.Series(_values, dtype=_type)


@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_number(values: ArrayLike) -> None:
    """The same three doubles, nothing wrapped around, what is missing dropped and counted."""
    sample = from_columns({"x": values}, drop_missing=True)
    assert sample.columns["x"].tolist() == [250.0, 255.0, 3.0]
    assert sample.columns["x"].dtype == np.float64
    assert sample.dropped in (0, 1)
    assert sum(sample.columns["x"]) == 508  # uint8 would say 252


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: (i for i in range(3)), "is a generator; it can be read only once"),
        (lambda: map(float, [1, 2]), "is a map; it can be read only once"),
        (lambda: {1.0, 2.0}, "is a set; a set has lost its repeated values"),
        (lambda: {"a": 1}, "is a dict; for a table of columns"),
        (lambda: None, "is a NoneType; give a list"),
        (lambda: [1, None, "2"], "row 3, column 'x' is a str, no number"),
        (lambda: [None, True], "row 2, column 'x' is a bool, no number"),
        (lambda: np.array([None, [1]], dtype=object), "row 2, column 'x' is a list, no number"),
        (lambda: [1, None, 2], "missing in 1 of 3 rows, first in row 2"),
    ],
)
def test_what_is_no_column_of_numbers(make: Callable[[], ArrayLike], said: str) -> None:
    """Each refusal is one sentence that says what it was and what to give."""
    with pytest.raises(InputError) as caught:
        from_columns({"x": make()})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def _numacc() -> dict[str, np.ndarray]:
    """NIST's numerical accuracy sets, by their rules."""
    alternating = np.tile([0.1, 0.3], 500)
    return {
        "NumAcc1": np.array([10000001.0, 10000003.0, 10000002.0]),
        "NumAcc2": np.concatenate([[1.2], 1 + alternating]),
        "NumAcc3": np.concatenate([[1000000.2], 1000000 + alternating]),
        "NumAcc4": np.concatenate([[10000000.2], 10000000 + alternating]),
    }


@pytest.mark.parametrize("x", _numacc().values(), ids=_numacc().keys())
def test_numacc(x: np.ndarray) -> None:
    """Mean and deviation to 14 digits of the exact ones of the stored doubles, also in a fit."""
    exact = [Fraction(value) for value in x.tolist()]
    mean = sum(exact) / len(exact)
    spread = sum((value - mean) ** 2 for value in exact) / len(exact)
    assert abs(Fraction(weighted_mean(x)) / mean - 1) < Fraction(1, 10**14)
    assert abs(Fraction(variance(x)) / spread - 1) < Fraction(1, 10**14)
    found = fit(family_model("normal"), from_array(x)).estimate
    assert found is not None
    assert abs(Fraction(found["mu"]) / mean - 1) < Fraction(1, 10**14)
    assert abs(Fraction(found["sigma"]) ** 2 / spread - 1) < Fraction(2, 10**14)


@pytest.mark.parametrize("power", [-1000, -500, -20, 20, 500])
def test_scale_is_exact(power: int) -> None:
    """Times a power of two, mean and variance change by it and its square, bit for bit."""
    x = np.array([0.3, 1.7, 2.9, 4.1])
    scaled = np.ldexp(x, power)
    assert weighted_mean(scaled) == np.ldexp(weighted_mean(x), power)
    if abs(power) < 510:
        assert variance(scaled) == np.ldexp(variance(x), 2 * power)
    else:
        with pytest.raises(InputError, match="below 2"):
            variance(scaled)


@pytest.mark.parametrize(
    ("family", "values", "piece"),
    [
        ("gamma", [1.0, 0.0, 2.0], "row 2, column 'x' is 0, and gamma needs values > 0"),
        ("poisson", [1.0, 2.5], "row 2, column 'x' is 2.5, and poisson needs whole numbers"),
        ("bernoulli", [0, 1, 2], "row 3, column 'x' is 2, and bernoulli needs values <= 1"),
    ],
)
def test_outside_the_support(
    family: str, values: list[float], piece: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first bad row is named, and the exit status is 2."""
    with pytest.raises(InputError) as caught:
        require_domain(from_array(values), family_model(family))
    assert piece in str(caught.value)
    path = tmp_path / "x.csv"
    path.write_text("x\n" + "\n".join(map(str, values)) + "\n", encoding="utf-8")
    assert main(["fit", family, str(path)]) == 2
    assert piece.split(",")[1].strip() in capsys.readouterr().err


TRIALS = (
    "--logpdf",
    "log(binomial(n, k)) + k*log(p) + (n - k)*log(1 - p)",
    "--data-symbol",
    "n: positive integer",
    "--data-symbol",
    "k: integer in [0, n]",
    "--param",
    "p in (0, 1)",
)


@pytest.mark.parametrize(
    ("rows", "status", "piece"),
    [
        (["5,3", "9,7", "2,0"], 0, ""),
        (["9,3", "5,7"], 2, "row 2 (line 3), column 'k' is 7, and model needs values <= n"),
        (["5,-1"], 2, "values >= 0"),
        (["5,2.5"], 2, "whole numbers"),
    ],
)
def test_successes_are_bounded_by_trials(
    rows: list[str], status: int, piece: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """7 of 5 trials is refused by its row; 10 of 16 give 10/16 in closed form."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["n,k", *rows]) + "\n", encoding="utf-8")
    where = [str(path), "--column", "n", "--column", "k", "--json"]
    assert main(["fit", *TRIALS, *where]) == status
    out, err = capsys.readouterr()
    assert piece in err
    if status == 0:
        told = json.loads(out)
        assert told["kind"] == "closed"
        assert told["estimate"]["p"] == pytest.approx(10 / 16, rel=1e-15)


def test_a_column_that_bounds_is_no_parameter() -> None:
    """The support follows the data, not a parameter, so score and estimate stay regular."""
    model = build_model(
        "m",
        "log(binomial(2*n + 1, k)) + k*log(p) + (2*n + 1 - k)*log(1 - p)",
        {"n": "positive integer", "k": "integer in [0, 2*n + 1]"},
        {"p": "unit"},
    )
    assert not model.data[1].domain.depends_on
    good = from_columns({"n": [1, 2], "k": [3, 5]})
    require_domain(good, model)
    with pytest.raises(InputError, match=r"row 2, column 'k' is 6, and m needs values <= 2"):
        require_domain(from_columns({"n": [1, 2], "k": [3, 6]}), model)


@pytest.mark.parametrize("family", ["normal", "gamma"])
@pytest.mark.parametrize("factor", [1e-6, 1e6, 1e150, 1e300, 1e-300, 1e-320])
def test_scale_changes_an_estimate_as_theory_says_or_is_refused(family: str, factor: float) -> None:
    """The scale follows the data to 12 digits, or a sentence asks for a constant; never silence.

    So do its errors and intervals, and the log-likelihood loses the log of the factor a row.
    """
    x = np.array([0.31, 1.7, 0.92, 4.4, 2.05, 0.66, 7.9])
    plain = fit(family_model(family), from_array(x))
    found = fit(family_model(family), from_array(x * factor))
    if factor == 1e-320:  # its digits are lost, and the rate is beyond all doubles
        assert found.estimate is None and found.status.value == "not_converged"
        assert re.search(
            r"beyond the ends of double precision; multiply the data by 2\*\*\d+", found.message
        )
        return
    units = {"mu": factor, "sigma": factor, "shape": 1.0, "rate": 1 / factor}
    for field in ("estimate", "standard_errors", "expected_standard_errors"):
        values, before = getattr(found, field), getattr(plain, field)
        for name, value in values.items():
            assert value == pytest.approx(before[name] * units[name], rel=1e-12)
    for field in ("confidence_intervals", "profile_intervals"):
        values, before = getattr(found, field), getattr(plain, field)
        for name, ends in values.items():
            wanted = [end * units[name] for end in before[name]]
            assert list(ends) == pytest.approx(wanted, rel=1e-7)
    assert found.log_likelihood is not None and plain.log_likelihood is not None
    shift = len(x) * math.log(factor)
    assert found.log_likelihood == pytest.approx(plain.log_likelihood - shift, rel=1e-12)
    assert found.aic == pytest.approx(-2 * found.log_likelihood + 2 * len(plain.estimate or {}))
    names = list(units)[:2] if family == "normal" else list(units)[2:]
    assert found.covariance is not None and plain.covariance is not None
    for a, row, old in zip(names, found.covariance, plain.covariance, strict=True):
        for b, value, before in zip(names, row, old, strict=True):
            size = abs(math.log10(units[a]) + math.log10(units[b]))
            if size < 300:
                assert value == pytest.approx(before * units[a] * units[b], rel=1e-9)
            elif size > 310 and before:
                assert value is None and "double precision" in found.reasons["covariance"]


def test_whole_numbers_that_no_double_holds_are_said_to_be_rounded(tmp_path: Path) -> None:
    """2**53 + 1 is the first one; an even one beside it is a double; fractions round anyway."""
    values = [2**53 + 1, 2**53 + 2, 7]
    file = tmp_path / "ids.csv"
    file.write_text("id\n" + "\n".join(map(str, values)) + "\n")
    for sample in (from_array(values), from_array(np.array(values)), read(file)):
        assert len(sample.notes) == 1 and sample.notes[0].startswith("1 whole numbers")
    assert not from_array([2.0**60, 0.1, 2**53 + 2]).notes
