"""The catalogue as a table and as JSON."""

from collections.abc import Sequence

from symmle.families import Family
from symmle.report.encoding import Object


def catalogue_json(families: Sequence[Family], kinds: Sequence[str]) -> Object:
    """`list --json`: one object for each family."""
    return {
        "families": [
            {
                "name": row.name,
                "parameters": dict(row.parameters),
                "support": dict(row.data),
                "estimator": kind,
                "log_density": row.log_density,
                "scipy": {"name": row.scipy[0], "parameters": dict(row.scipy[1])},
                "r": row.r,
                "reference": row.reference,
            }
            for row, kind in zip(families, kinds, strict=True)
        ]
    }


def catalogue_text(families: Sequence[Family], kinds: Sequence[str]) -> str:
    """One line for each family: parametrisation, support, kind of estimator."""
    header = ("family", "support", "estimator", "names elsewhere")
    rows = [
        (
            f"{row.name}({', '.join(row.parameters)})",
            ", ".join(f"{name} {_domain(where)}" for name, where in row.data.items()),
            kind,
            f"scipy {row.scipy[0]}, R {row.r.partition('(')[0]}",
        )
        for row, kind in zip(families, kinds, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, tuple("-" * width for width in widths), *rows]
    return "".join("  ".join(map(str.ljust, line, widths)).rstrip() + "\n" for line in lines)


def _domain(text: str) -> str:
    shown = {
        "positive": "> 0",
        "nonnegative": ">= 0",
        "unit": "in (0, 1)",
        "nonnegative integer": "= 0, 1, 2, ...",
        "positive integer": "= 1, 2, ...",
        "integer in [0, 1]": "= 0, 1",
    }
    return shown.get(text, text)
