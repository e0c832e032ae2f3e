"""Ranking: the criteria by hand, the order, the reasons, and the time a family may take."""

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from symmle.cli.main import main
from symmle.cli.ranking import Bar
from symmle.data import Sample, from_array
from symmle.errors import InputError
from symmle.fit.ranking import Ranking, rank

X = np.array([0.8, 1.9, 0.3, 2.6, 1.1, 4.2, 0.6, 1.5])
NAMES = ["normal", "exponential", "lognormal", "poisson"]


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    """Four families on eight positive numbers that are not whole."""
    return rank(from_array(X), NAMES)


def test_criteria_agree_with_scipy(ranking: Ranking) -> None:
    """AIC = 2k - 2 log L and BIC = k log n - 2 log L, log L summed from scipy's densities."""
    likelihoods = {
        "normal": (2, stats.norm(X.mean(), X.std()).logpdf(X).sum()),
        "exponential": (1, stats.expon(scale=X.mean()).logpdf(X).sum()),
        "lognormal": (
            2,
            stats.lognorm(np.log(X).std(), scale=np.exp(np.log(X).mean())).logpdf(X).sum(),
        ),
    }
    aic = {name: 2 * k - 2 * height for name, (k, height) in likelihoods.items()}
    bic = {name: k * math.log(8) - 2 * height for name, (k, height) in likelihoods.items()}
    assert [each.found.model for each in ranking.ranked] == sorted(aic, key=lambda n: aic[n])
    for each in ranking.ranked:
        assert each.found.aic == pytest.approx(aic[each.found.model], rel=1e-12)
        assert each.delta_aic == pytest.approx(aic[each.found.model] - min(aic.values()), abs=1e-10)
        assert each.delta_bic == pytest.approx(bic[each.found.model] - min(bic.values()), abs=1e-10)


def test_what_fails_says_why(ranking: Ranking) -> None:
    """A support that does not hold the data names the first bad row, in one short line."""
    (only,) = ranking.unranked
    assert only.model == "poisson"
    assert only.why == "row 1, column 'x' is 0.8, and poisson needs whole numbers"


def test_mass_functions_and_densities_are_apart() -> None:
    """Each kind has its own least AIC: the two likelihoods have different units."""
    found = rank(from_array([1, 0, 2, 5, 1, 3, 0, 2]), ["normal", "poisson", "geometric"])
    assert [each.discrete for each in found.ranked] == [True, True, False]
    assert found.ranked[0].delta_aic == found.ranked[2].delta_aic == 0


def test_no_estimate_is_listed_not_ranked() -> None:
    """Constant data: the normal has no estimate, and the list says so."""
    found = rank(from_array([2.0, 2.0, 2.0]), ["normal", "exponential"])
    assert [each.found.model for each in found.ranked] == ["exponential"]
    assert found.unranked[0].model == "normal" and found.unranked[0].why


def test_a_family_that_takes_too_long_says_so() -> None:
    """With next to no time each family is given up, and none of them hangs."""
    found = rank(from_array(X), ["negative_binomial", "weibull"], seconds=1e-3)
    assert not found.ranked
    assert "took more than" in found.unranked[1].why


def test_wrong_names_and_levels_are_refused() -> None:
    """An unknown family, or no coverage, is wrong input before anything is fitted."""
    with pytest.raises(InputError, match="did you mean"):
        rank(from_array(X), ["gama"])
    with pytest.raises(InputError, match="no coverage"):
        rank(from_array(X), NAMES, level=1.0)


def test_progress_is_told_once_for_each() -> None:
    """(done, of how many, which), and the end."""
    seen: list[tuple[int, int, str]] = []
    rank(from_array(X), ["normal", "exponential"], progress=lambda *each: seen.append(each))
    assert seen == [(0, 2, "normal"), (1, 2, "exponential"), (2, 2, "")]


def test_the_bar_draws_and_erases() -> None:
    """A line that is drawn anew, and taken away at the end."""
    stream = io.StringIO()
    bar = Bar(stream)
    bar(1, 2, "gamma")
    bar(2, 2, "")
    assert "1/2 gamma" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.fixture
def data(tmp_path: Path) -> str:
    """The numbers in a file."""
    path = tmp_path / "x.csv"
    path.write_text("x\n" + "\n".join(map(str, X)) + "\n", encoding="utf-8")
    return str(path)


def test_the_command(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object with the fits in order; a table; no bar where stderr is no terminal."""
    assert main(["fit", "--families", ",".join(NAMES), data, "--json"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert [each["delta_aic"] for each in told["ranking"]] == sorted(
        each["delta_aic"] for each in told["ranking"]
    )
    assert told["ranking"][0]["estimate"] and told["not_ranked"][0]["model"] == "poisson"
    assert err == ""
    assert main(["fit", "--families", "normal,exponential", data]) == 0
    assert "delta AIC" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "piece"),
    [
        (["normal", "--families", "all"], "both the model"),
        (["--families", ","], "names none"),
        (["--families", "all", "--fix", "mu=0"], "belongs to one model"),
    ],
)
def test_what_the_command_refuses(
    words: list[str], piece: str, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong input, one sentence."""
    assert main(["fit", *words, data]) == 2
    assert piece in capsys.readouterr().err


def test_python_takes_any_column() -> None:
    """A list, or a column of a table by its name, gives the same ranking; it shows its table."""
    import symmle

    found = symmle.rank(X.tolist(), ["normal", "exponential"])
    table = {"other": X[::-1], "x": X}
    again = symmle.rank(table, ["normal", "exponential"], column="x")
    told, twice = ([each.found.aic for each in made.ranked] for made in (found, again))
    assert told == twice and told == sorted(told)
    assert "delta AIC" in repr(found)


def test_every_family_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without names, all of the catalogue is listed."""
    from symmle.families import FAMILIES
    from symmle.fit.worker import Worker

    monkeypatch.setattr(Worker, "fitted", lambda *_: "not now")
    sample: Sample = from_array([1.0, 2.0])
    assert [each.model for each in rank(sample).unranked] == list(FAMILIES)
