"""What goes between two processes comes out as it went in, and is made of plain records only."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symmle.data import from_array
from symmle.families import family_model
from symmle.fit import fit
from symmle.fit.ranking import rank
from symmle.fit.record import Maximum, Weights
from symmle.fit.wire import fit_of, receive, receive_sample, send, send_sample


@pytest.mark.parametrize(
    ("family", "x"),
    [
        ("gamma", [0.1, 0.2, 1 / 3, 5e-9]),
        ("laplace", [1.0, 2.0, 3.0, 7.0]),
        ("uniform", [0.25, 0.5]),
        ("poisson", [0, 0, 0]),
        ("normal", [1.0]),
    ],
)
def test_a_fit_comes_back_equal(family: str, x: list[float]) -> None:
    """Estimate, intervals, reasons and limits, to the last digit; other maxima as well."""
    found = fit(family_model(family), from_array(x))
    found = replace(
        found, maxima=(Maximum({"m": 1 / 3}, -1e-300, "maximum"),), weights=Weights.FREQUENCIES
    )
    pipe = io.BytesIO()
    send(pipe, found)
    pipe.seek(0)
    assert fit_of(receive(pipe)) == found
    with pytest.raises(EOFError):
        receive(pipe)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_sample_comes_back_to_the_bit(values: list[float], weighted: bool) -> None:
    """Every double, subnormals and minus zero too, with its weight."""
    weights = [1.0 + i for i in range(len(values))] if weighted else None
    sample = from_array(values, weights=weights)
    pipe = io.BytesIO()
    send_sample(pipe, sample)
    pipe.seek(0)
    again = receive_sample(pipe)
    assert again.columns["x"].tobytes() == np.array(values, dtype=float).tobytes()
    assert again.n == sample.n and again.total_weight == sample.total_weight


def test_angles_are_ranked_within_one_turn_only() -> None:
    """The density on the circle of 0, 1, ..., 12 is no rival of densities on the line."""
    ranking = rank(from_array([0.0, 3.0, 12.0, 5.0]), ["von_mises", "normal"])
    assert [each.found.model for each in ranking.ranked] == ["normal"]
    assert "more than one turn" in ranking.unranked[0].why
    within = rank(from_array([0.1, 3.0, 1.2, 5.0]), ["von_mises"])
    assert [each.found.model for each in within.ranked] == ["von_mises"]
