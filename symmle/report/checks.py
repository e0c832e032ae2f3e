"""Checks as a table: what was claimed, by which road it was doubted, what came of it."""

from collections.abc import Sequence

from symmle.report.document import Table
from symmle.verify import Check

_OUTCOMES = {True: "ok", False: "FALSE", None: "open"}


def checks_table(checks: Sequence[Check]) -> Table:
    """One row for each check."""
    return Table(
        ("", "level", "claim: by which road it was doubted"),
        tuple(
            ((_OUTCOMES[each.ok],), (each.level.value,), (f"{each.claim}: {each.road}",))
            for each in checks
        ),
    )
