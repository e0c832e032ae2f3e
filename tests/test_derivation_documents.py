"""The documents in derivations/ are what the command in their first line makes today."""

from pathlib import Path

import pytest

from symmle.cli import main
from symmle.families import FAMILIES
from tests.by_rows import WORKED

FOLDER = Path(__file__).resolve().parent.parent / "derivations"
DOCUMENTED = sorted({path.stem for path in FOLDER.glob("*.md")} & set(FAMILIES))


def test_each_sort_has_a_document() -> None:
    """Those worked through everywhere, and one of each sort of estimate besides."""
    others = {"binomial", "laplace", "multivariate_normal", "pareto", "student_t", "uniform"}
    assert {*WORKED, *others, "von_mises", "zero_inflated_poisson"} == set(DOCUMENTED)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_document_is_not_stale(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To renew it: python -m symmle derive NAME -o derivations/"""
    assert main(["derive", name, "-o", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""
    kept = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert (tmp_path / f"{name}.md").read_text(encoding="utf-8") == kept
