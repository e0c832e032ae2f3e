"""Checks as a table: what was claimed, by which road it was doubted, what came of it."""

from collections.abc import Iterator, Mapping, Sequence

from symmle.known import Known
from symmle.report.document import Document, Paragraph, Section, Table
from symmle.report.encoding import Object
from symmle.report.json_report import check_json
from symmle.verify.case import Check

_OUTCOMES = {True: "ok", False: "FALSE", None: "open"}


def checks_table(checks: Sequence[Check], details: bool = False) -> Table:
    """One row for each check; details: whether what was found is shown too."""
    rows = []
    for each in checks:
        found = f" ({each.detail})" if details and each.detail else ""
        claim = f"{each.claim}: {each.road}{found}"
        rows.append(((_OUTCOMES[each.ok],), (each.level.value,), (claim,)))
    return Table(("", "level", "claim: by which road it was doubted"), tuple(rows))


def verification_document(found: Mapping[str, Sequence[Check]]) -> Document:
    """The checks of each model, and how many hold."""
    sections = [Section(name, (checks_table(checks, True),)) for name, checks in found.items()]
    summary = Section("Summary", (Paragraph((" ".join(_summary(found)),)),))
    return Document("Verification", "", (*sections, summary))


def _summary(found: Mapping[str, Sequence[Check]]) -> Iterator[str]:
    every = [check for checks in found.values() for check in checks]
    counts = {outcome: sum(check.ok is outcome for check in every) for outcome in _OUTCOMES}
    levels = ", ".join(
        f"{count} {level}"
        for level in Known
        if (count := sum(check.ok is True and check.level is level for check in every))
    )
    yield (
        f"{counts[True]} of {len(every)} checks hold ({levels})."
        if levels
        else (f"None of {len(every)} checks holds.")
    )
    if counts[None]:
        yield f"{counts[None]} stay open: the road could not be taken."
    if counts[False]:
        failed = [name for name, checks in found.items() if any(c.ok is False for c in checks)]
        yield f"{counts[False]} FAILED, in {', '.join(failed)}."


def verification_json(found: Mapping[str, Sequence[Check]]) -> Object:
    """`verify --json`; ok is false when a check failed."""
    return {
        "checks": [
            {"model": name, **check_json(check)}
            for name, checks in found.items()
            for check in checks
        ],
        "ok": all(check.ok is not False for checks in found.values() for check in checks),
    }
