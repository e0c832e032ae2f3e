"""A ranking as text and as JSON."""

from textwrap import wrap

from symmle.fit.ranking import Ranked, Ranking
from symmle.report.encoding import Object
from symmle.report.fit import fit_json

_WIDTH = 88


def ranking_json(found: Ranking) -> Object:
    """`fit --families all --json`: the fits in their order, then what was not fitted, and why."""
    return {
        "n": int(found.n) if found.n == int(found.n) else found.n,
        "ranking": [
            {
                **fit_json(each.found),
                "support": "whole numbers" if each.discrete else "continuous",
                "delta_aic": each.delta_aic,
                "delta_bic": each.delta_bic,
            }
            for each in found.ranked
        ],
        "not_ranked": [{"model": each.model, "why": each.why} for each in found.unranked],
    }


def ranking_text(found: Ranking) -> str:
    """A table for mass functions and one for densities, and a line for each that failed."""
    count = f"{found.n:.10g}"
    lines = [f"{len(found.ranked)} of {_tried(found)} families have an estimate, n = {count}"]
    for discrete, title in ((True, "Mass functions"), (False, "Densities")):
        rows = [each for each in found.ranked if each.discrete is discrete]
        if rows:
            lines += ["", title, *_table(rows)]
    kinds = {each.discrete for each in found.ranked}
    if len(kinds) == 2:
        note = (
            "A density has a unit and a mass function has none, so AIC and BIC compare "
            "families within a table only."
        )
        lines += ["", *wrap(note, _WIDTH)]
    if found.unranked:
        lines += ["", "Not ranked"]
    for each in found.unranked:
        lines += wrap(
            f"{each.model}: {each.why}", _WIDTH, initial_indent="  ", subsequent_indent="    "
        )
    return "\n".join(lines) + "\n"


def _tried(found: Ranking) -> int:
    return len(found.ranked) + len(found.unranked)


def _table(rows: list[Ranked]) -> list[str]:
    header = ("family", "AIC", "delta AIC", "BIC", "delta BIC", "log-likelihood", "status")
    cells = [
        (
            row.found.model,
            _written(row.found.aic),
            f"{row.delta_aic:.2f}",
            _written(row.found.bic),
            f"{row.delta_bic:.2f}",
            _written(row.found.log_likelihood),
            row.found.status.value,
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    last = len(header) - 1
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if i in (0, last) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (header, *cells)
    ]


def _written(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if abs(value) < 1e7 else f"{value:.8g}"
