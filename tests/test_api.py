"""The Python face: any model, any data, records that show themselves."""

import doctest
import importlib
import json
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest
from numpy.typing import ArrayLike

import symmle
import symmle.api
from symmle.errors import InputError
from symmle.report.fit import fit_json

X = [1.3, 0.4, 2.2, 5.1]
BEEF = Path(__file__).parent / "data" / "groundbeef.csv"


@pytest.mark.parametrize(
    "data",
    [
        tuple(X),
        np.array(X),
        np.ma.masked_array([*X], mask=False),
        {"anything": X},
        pandas.Series(X, index=[7, 7, 3, 1]),
        pandas.DataFrame({"anything": X}),
        polars.Series("anything", X),
        polars.DataFrame({"anything": X}),
        symmle.data.from_array(X),
    ],
    ids=lambda data: type(data).__module__ + "." + type(data).__name__,
)
def test_every_container_of_the_same_numbers_gives_the_same_fit(data: object) -> None:
    """What holds the numbers says nothing about them."""
    found = symmle.fit("exponential", data)
    assert found.estimate == symmle.fit("exponential", X).estimate == {"rate": 4 / sum(X)}


def test_a_frame_a_mapping_and_a_file_select_columns_and_weights(tmp_path: Path) -> None:
    """Four roads to the column b with the weights w: the mean is a sum by hand."""
    table = {"a": [9.0, 9.0, 9.0], "b": [1.0, 2.0, 6.0], "w": [1, 2, 1]}
    path = tmp_path / "table.csv"
    pandas.DataFrame(table).to_csv(path, index=False)
    for data in (table, pandas.DataFrame(table), polars.DataFrame(table), path, str(path)):
        found = symmle.fit("exponential", data, column="b", weights="w")
        assert (found.n, found.estimate) == (4, {"rate": 4 / (1 + 2 * 2 + 6)})
    bare = symmle.fit("exponential", table["b"], weights=table["w"])
    assert bare.estimate == {"rate": 4 / 11}


def test_the_models_of_all_kinds_are_one(tmp_path: Path) -> None:
    """A name, a Model and a model file of the same density."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nlogpdf = "log(rate) - rate*x"\n[data]\nx = "nonnegative"\n'
        '[parameters]\nrate = "positive"\n',
        encoding="utf-8",
    )
    for model in ("exponential", symmle.family_model("exponential"), path, str(path)):
        assert symmle.fit(model, X).estimate == {"rate": 4 / sum(X)}


def test_fixed_parameters_are_held_in_either_form() -> None:
    """With the shape of a gamma at 2 the rate is 2/mean; tied ones follow the tie."""
    rate = pytest.approx(2 / np.mean(X), rel=1e-15)
    for held in ({"shape": 2.0}, {"shape": 2}, ["shape=2"], "shape=2"):
        assert symmle.fit("gamma", X, fix=held).estimate == {"rate": rate}
    tied = symmle.fit("gamma", X, fix={"rate": "shape"})
    assert list(tied.estimate) == ["shape"]


def test_two_columns_come_from_a_frame_by_name_or_an_array_in_order() -> None:
    """A regression through the origin: sum(x*y)/sum(x*x), whichever way the data are given."""
    model = symmle.build_model(
        "origin", "-(y - b*x)**2/2 - log(2*pi)/2", {"y": "real", "x": "real"}, {"b": "real"}
    )
    y, x = np.array([1.0, 2.5, 2.0]), np.array([1.0, 2.0, 3.0])
    expected = pytest.approx((x @ y) / (x @ x), rel=1e-14)
    frame = pandas.DataFrame({"x": x, "extra": x, "y": y})
    for data in (frame, np.column_stack([y, x]), {"x": x, "y": y}):
        assert symmle.fit(model, data).estimate["b"] == expected


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("form", ["array", "mapping"])
def test_the_columns_tell_the_dimension(size: int, form: str) -> None:
    """The shares of a multinomial are the shares of the totals, in as many cells as columns."""
    rows = np.arange(1, 2 * size + 1, dtype=float).reshape(2, size)
    data = rows if form == "array" else {f"cell{i}": rows[:, i] for i in range(size)}
    found = symmle.fit("multinomial", data)
    assert found.estimate is not None
    shares = rows.sum(axis=0) / rows.sum()
    assert list(found.estimate.values()) == pytest.approx(list(shares[:-1]), rel=1e-14)


@pytest.mark.parametrize(
    ("arguments", "piece"),
    [
        ({"model": "gama", "data": X}, "did you mean gamma"),
        ({"model": 3, "data": X}, "is a int"),
        ({"model": "gamma", "data": {"a": X, "b": X}}, "column="),
        ({"model": "gamma", "data": {"a": X}, "column": "c"}, "no column 'c'"),
        ({"model": "gamma", "data": X, "column": "c"}, "no named columns"),
        ({"model": "gamma", "data": X, "weights": "w"}, "names a column"),
        ({"model": "gamma", "data": X, "weights_are": "odd"}, "'frequencies' or 'probabilities'"),
        ({"model": "gamma", "data": str(BEEF), "weights": [1.0]}, "name of a column"),
        ({"model": "gamma", "data": X, "fix": {"shap": 2}}, "no parameter 'shap'"),
        ({"model": "gamma", "data": X, "level": 2.0}, "between 0 and 1"),
        ({"model": "gamma", "data": "nowhere.csv"}, "no such file"),
        ({"model": "gamma", "data": [1.0, None]}, "missing in 1 of 2"),
    ],
)
def test_refusals_name_what_was_given_and_what_to_do(
    arguments: dict[str, object], piece: str
) -> None:
    """One sentence for each mistake, and no other kind of error."""
    with pytest.raises(InputError, match=piece):
        symmle.fit(**arguments)


def test_missing_values_are_refused_or_dropped_and_counted() -> None:
    """NaN, a mask, and the NA of pandas and polars are the same: missing."""
    holes = (
        [1.0, np.nan, 3.0],
        np.ma.masked_array([1.0, 9.0, 3.0], mask=[False, True, False]),
        pandas.Series([1, None, 3], dtype="Int64"),
        polars.Series([1, None, 3]),
    )
    for data in holes:
        with pytest.raises(InputError, match="missing in 1 of 3"):
            symmle.fit("exponential", data)
        found = symmle.fit("exponential", data, drop_missing=True)
        assert (found.n, found.dropped, found.estimate) == (2, 1, {"rate": 0.5})
        assert "1 row was dropped" in str(found)


def test_the_record_shows_itself_in_every_form() -> None:
    """The estimate stands in each form, and the forms escape what a name may hold."""
    found = symmle.fit("gamma", BEEF)
    for text in (repr(found), str(found), found._repr_html_(), found._repr_markdown_()):
        assert "4.008339" in text and "ok [" in text
    assert repr(found).count("\n") == 0
    odd = symmle.build_model("<b>&", "log(r) - r*x", {"x": "positive"}, {"r": "positive"})
    assert "<b>" not in symmle.fit(odd, X)._repr_html_()
    none = symmle.fit("gamma", [1.0, 1.0])
    assert "no_finite_estimate" in repr(none) and "<table>" not in none._repr_html_()


def test_a_record_is_frozen() -> None:
    """Nothing changes what was found."""
    with pytest.raises(AttributeError):
        symmle.fit("exponential", X).level = 0.5


def test_json_has_every_key_of_the_contract_and_a_reason_for_each_null() -> None:
    """CONTRACT, `fit --json`; nothing in it is NaN, and nothing null is left unexplained."""
    keys = [
        "model",
        "n",
        "estimate",
        "standard_errors",
        "covariance",
        "confidence_intervals",
        "log_likelihood",
        "aic",
        "bic",
        "status",
        "message",
        "maxima",
        "kind",
        "known",
        "iterations",
    ]
    numbers = [
        "estimate",
        "standard_errors",
        "expected_standard_errors",
        "sandwich_standard_errors",
        "covariance",
        "correlation",
        "confidence_intervals",
        "profile_intervals",
        "log_likelihood",
        "aic",
        "aicc",
        "bic",
        "iterations",
    ]
    cases = (
        symmle.fit("gamma", X),
        symmle.fit("gamma", [2.0, 2.0]),
        symmle.fit("normal", [1.0, 2.0]),
        symmle.fit("normal", X, weights=[1, 2, 3, 4], weights_are="probabilities"),
    )
    for found in cases:
        record = json.loads(json.dumps(fit_json(found), allow_nan=False))
        assert set(keys) <= set(record)
        for key in numbers:
            assert record[key] is not None or record[f"{key}_reason"]


def test_the_examples_in_the_docstrings_run() -> None:
    """Prose that is executed."""
    assert doctest.testmod(symmle.api).attempted >= 4
    assert doctest.testmod(symmle.api).failed == 0


def test_tables_with_numbers_for_names_and_tables_of_arrow() -> None:
    """A name that is a number is found by its text; pyarrow lists columns and names apart."""
    frame = pandas.DataFrame([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    assert symmle.fit("exponential", frame, column="1").estimate == pytest.approx({"rate": 3 / 13})
    arrow = importlib.import_module("pyarrow").table({"a": [1.0, 2.0, 6.0]})
    assert symmle.fit("exponential", arrow).estimate == pytest.approx({"rate": 1 / 3})


def test_a_level_that_is_no_number_is_refused() -> None:
    """One sentence, no traceback."""
    with pytest.raises(InputError, match="no number"):
        symmle.fit("exponential", [1.0, 2.0], level="high")


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (pandas.Series(["1", "2"], dtype="string"), "is a str"),
        (pandas.Series(["1", "2"], dtype="category"), "is a str"),
        (pandas.array([True, False], dtype="boolean"), "is a bool"),
    ],
)
def test_text_and_truth_values_of_pandas_are_no_numbers(values: ArrayLike, what: str) -> None:
    """A nullable column is refused for what the same list is refused for."""
    for data in (values, {"x": values}):
        with pytest.raises(InputError, match=what):
            symmle.fit("exponential", data)


@pytest.mark.filterwarnings("error")
def test_tables_without_rows_or_columns() -> None:
    """A table still to be collected is told at once, and a table of nothing in its own words."""
    with pytest.raises(InputError, match="what its collect"):
        symmle.fit("exponential", polars.DataFrame({"x": X}).lazy())
    with pytest.raises(InputError, match="the table has no columns"):
        symmle.fit("exponential", {})
