"""Arrays -> samples, and samples -> domains: what passes, and what each wrong input is told."""

import numpy as np
import pytest

from symmle.data import from_array, from_columns, read, require_domain
from symmle.errors import InputError
from symmle.model import build_model


def refusal(call, *arguments, **options):
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    assert caught.value.exit_status == 2
    text = str(caught.value)
    assert "\n" not in text
    return text


class Series:
    """What pandas and polars columns look like to NumPy."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


@pytest.mark.parametrize(
    "values",
    [
        [200, 250, 255],
        (200.0, 250, 255),
        range(200, 300, 50),
        np.array([200, 250, 255], dtype=np.uint8),
        np.array([200, 250, 255], dtype=np.int64)[::-1],
        np.array([200, 250, 255], dtype=np.float32),
        np.array([200, 250, 255], dtype=np.longdouble),
        np.ma.masked_array([200, 250, 255], mask=[0, 0, 0]),
        Series([200, 250, 255]),
    ],
)
def test_numbers_of_any_kind_become_doubles(values):
    """Law: the sum of squares is that of the integers: nothing wraps around."""
    x = from_array(values).columns["x"]
    assert x.dtype == np.float64
    assert x.flags.c_contiguous
    assert int((x * x).sum()) == sum(int(v) ** 2 for v in np.asarray(values).astype(int).tolist())


def test_a_sample_is_frozen_and_leaves_the_array_alone():
    """Law: no column of a sample can be written, the caller's array stays as it was."""
    x = np.array([1.0, 2.0])
    sample = from_array(x, weights=[1, 2])
    for column in (sample.columns["x"], sample.weights):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 5
    with pytest.raises(TypeError):
        sample.columns["y"] = x
    assert x.flags.writeable
    assert np.shares_memory(sample.columns["x"], x)
    assert (sample.n, sample.total_weight, from_array(x).total_weight) == (2, 3, 2)


def test_masked_and_nan_are_missing():
    """Law: a masked entry is a missing value, whatever number lies under the mask."""
    masked = np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
    assert "missing in 1 of 3 rows, first in row 2, column 'x'" in refusal(from_array, masked)
    sample = from_array(masked, drop_missing=True)
    assert (sample.columns["x"].tolist(), sample.dropped, sample.place(1)) == ([1, 3], 1, "row 3")
    both = from_columns({"a": [1, np.nan, 3], "weights": [1, 2, 3]}, [np.nan, 1, 1], True)
    assert (both.columns["weights"].tolist(), both.dropped) == ([3], 2)
    tail = np.append(np.ones(70_000), np.nan)
    assert "row 70001" in refusal(from_array, tail)


WRONG_ARRAYS = {
    "empty": ([], {}, "no rows"),
    "scalar": (3.0, {}, "no column but one value (float)"),
    "2-D": (np.eye(2), {}, "the shape (2, 2)"),
    "ragged": ([[1], [1, 2]], {}, "cannot be read as an array"),
    "objects": ([1, None], {}, "missing in 1 of 2 rows, first in row 2"),
    "huge integers": ([10**400], {}, "beyond the largest double 1.8e308"),
    "text": (["1", "2"], {}, "holds text"),
    "a path": ("newcomb.csv", {}, "symmle.read"),
    "bytes": ([b"1"], {}, "holds bytes"),
    "truth values": ([True, False], {}, "write 0 and 1"),
    "complex": ([1j], {}, "complex numbers"),
    "dates": (np.array(["2020-01-01"], dtype="M8[D]"), {}, "dates"),
    "durations": (np.array([1], dtype="m8[D]"), {}, "durations"),
    "records": (np.zeros(2, dtype="f8,f8"), {}, "records"),
    "infinite": ([1.0, np.inf], {}, "row 2, column 'x' is infinite"),
    "minus infinity": ([1.0, -np.inf], {}, "row 2, column 'x' is infinite"),
    "second block": ([1.0] * 70_000 + [np.inf], {}, "row 70001, column 'x' is infinite"),
    "long overflow": (np.array([1, 2], np.longdouble) * np.longdouble("1e4000"), {}, "infinite"),
    "missing": ([np.nan, 1.0], {}, "row 1, column 'x'"),
    "weights length": ([1.0, 2.0], {"weights": [1.0]}, "differ in length (x 2, weights 1)"),
    "weights negative": ([1.0, 2.0], {"weights": [1, -2]}, "row 2 has the weight -2"),
    "weights zero": ([1.0, 2.0], {"weights": [0, 0]}, "sum to 0"),
    "weights NaN": ([1.0, 2.0], {"weights": [1, np.nan]}, "row 2, column 'weights'"),
    "weights infinite": ([1.0], {"weights": [np.inf]}, "column 'weights' is infinite"),
    "weights overflow": ([1.0, 2.0], {"weights": [1.5e308] * 2}, "sum to inf"),
    "weights text": ([1.0], {"weights": ["1"]}, "column 'weights' holds text"),
}


@pytest.mark.parametrize("case", WRONG_ARRAYS)
def test_wrong_array(case):
    """Law: each wrong array has its own sentence."""
    values, options, expected = WRONG_ARRAYS[case]
    assert expected in refusal(from_array, values, **options)


def test_wrong_tables():
    """Law: at least one column, all of one length."""
    assert "no column was given" in refusal(from_columns, {})
    assert "(a 1, b 2)" in refusal(from_columns, {"a": [1], "b": [1, 2]})


# ---- domains -----------------------------------------------------------------------------------


def model(domain):
    return build_model("toy", "k*x", {"x": domain}, {"k": "positive"})


@pytest.mark.parametrize(
    ("domain", "inside", "outside", "need"),
    [
        ("real", [-1e308, 0, 1e308], None, ""),
        ("positive", [5e-324, 3], 0, "values > 0"),
        ("nonnegative", [0, 3], -5e-324, "values >= 0"),
        ("unit", [0.5], 1, "values < 1"),
        ("unit", [0.5], 0, "values > 0"),
        ("[0, 1]", [0, 1], 1.5, "values <= 1"),
        ("integer", [-2.0, 0, 1e300], 2.5, "whole numbers"),
        ("nonnegative integer", [0, 7.0], -1, "values >= 0"),
        ("positive integer", [1], 0, "values >= 1"),
        ("integer in [0, 5]", [0, 5], 7, "values <= 5"),
        ("(k, oo)", [3, 8], -3, "values > 0"),
        ("[0, k]", [0, 8], -1, "values >= 0"),
    ],
)
def test_domain(domain, inside, outside, need):
    """Law: every value in the domain passes, the first outside it is named with its row."""
    toy = model(domain)
    assert require_domain(from_array(inside), toy) is None
    if outside is not None:
        text = refusal(require_domain, from_array([*inside, outside, outside]), toy)
        assert f"row {len(inside) + 1}, column 'x' is {outside}, and toy needs {need}" in text
        assert f"'{domain}'; 2 of {len(inside) + 2} rows" in text


def test_domain_row_is_that_of_the_file(tmp_path):
    """Law: after dropping, a bad row is named by its own number and line."""
    path = tmp_path / "a.csv"
    path.write_text("x\n1\nNA\n\n-1\n")
    sample = read(path, drop_missing=True)
    assert "row 4 (line 5), column 'x' is -1" in refusal(require_domain, sample, model("positive"))


def test_columns_meet_symbols_by_name_or_else_in_order():
    """Law: (y, x) take the columns of their names, or the columns in order."""
    toy = build_model("toy", "k*x*y", {"y": "positive", "x": "real"}, {"k": "real"})
    require_domain(from_columns({"x": [-1], "y": [1]}), toy)
    assert "column 'a' is -1" in refusal(require_domain, from_columns({"a": [-1], "b": [1]}), toy)
    text = refusal(require_domain, from_array([1]), toy)
    assert "needs 2 data columns (y, x), and the array gives 1 (x)" in text
