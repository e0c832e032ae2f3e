"""The documents in derivations/ are what the command in their first line makes today."""

from pathlib import Path

import pytest

from symmle.cli import main
from tests.by_rows import WORKED

FOLDER = Path(__file__).resolve().parent.parent / "derivations"


@pytest.mark.parametrize("name", WORKED)
def test_the_document_is_not_stale(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To renew it: python -m symmle derive NAME -o derivations/"""
    assert main(["derive", name, "-o", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""
    kept = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert (tmp_path / f"{name}.md").read_text(encoding="utf-8") == kept
