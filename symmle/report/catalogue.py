"""The catalogue as a table and as JSON."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from symmle.families import Family
from symmle.report.encoding import Object


def catalogue_json(families: Sequence[Family], kinds: Sequence[str]) -> Object:
    """`list --json`: one object for each family."""
    return {
        "families": [
            {
                "name": row.name,
                "parameters": dict(row.parameters),
                "given": list(row.given),
                "support": dict(row.data),
                "estimator": kind,
                "log_density": row.log_density,
                "scipy": _scipy(row),
                "r": row.r,
                "reference": row.reference,
            }
            for row, kind in zip(families, kinds, strict=True)
        ]
    }


def _scipy(row: Family) -> Object | None:
    return row.scipy and {"name": row.scipy[0], "parameters": dict(row.scipy[1])}


def catalogue_text(groups: Mapping[str, Sequence[Family]], kinds: Mapping[str, str]) -> str:
    """A table for each group, one line for each family: parametrisation, support, kind."""
    header = ("family", "support", "estimator", "names elsewhere")
    tables = {
        title: [_line(row, kinds[row.name]) for row in rows] for title, rows in groups.items()
    }
    every = [header, *(line for lines in tables.values() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    written = [header, tuple("-" * width for width in widths)]
    for title, lines in tables.items():
        written += [("", "", "", ""), (f"[{title}]", "", "", ""), *lines]
    return "".join("  ".join(map(str.ljust, line, widths)).rstrip() + "\n" for line in written)


def _line(row: Family, kind: str) -> tuple[str, str, str, str]:
    names = (
        f"scipy {row.scipy[0]}" if row.scipy else "",
        _in_r(row.r) if row.r else "",
    )
    return (
        f"{row.name}({', '.join(row.parameters)})",
        ", ".join(f"{name} {_domain(where)}" for name, where in row.data.items()),
        kind,
        ", ".join(filter(None, names)),
    )


def _in_r(density: str) -> str:
    """`R dnorm` where one call at the data is the density, `R from dt` where it is made of one."""
    name, _, rest = density.partition("(")
    depths = list(accumulate((each == "(") - (each == ")") for each in rest))
    is_whole = depths.index(-1) == len(rest) - 1 and rest.startswith(("x,", "c("))
    return f"R {name}" if is_whole else f"R from {name}"


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
