"""The catalogue: a family is a row of text, and the engine knows none of them by name.

A row states a density, the domains, the names it goes by elsewhere and a reference.  It carries
no estimator and no derivative: those are found.  To add a family, add a row.
Reading the rows costs nothing: SymPy is imported only when a row is made a model.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from symmle.errors import InputError
from symmle.families import bounded, discrete, heavy_tails, positive, real_line
from symmle.families.row import Family
from symmle.families.several_columns import SIZED

if TYPE_CHECKING:
    from symmle.model import Model

__all__ = ["FAMILIES", "GROUPS", "Family", "dimension_of_columns", "family", "family_model"]

GROUPS: Mapping[str, tuple[Family, ...]] = MappingProxyType(
    {
        "on the whole line": real_line.ROWS,
        "on the positive half line": positive.ROWS,
        "on a half line, with the tail of a power": heavy_tails.ROWS,
        "on an interval": bounded.ROWS,
        "on whole numbers": discrete.ROWS,
        "of a dimension": tuple(make(default) for make, _, default, _, _ in SIZED.values()),
    }
)
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {row.name: row for rows in GROUPS.values() for row in rows}
)


def family(name: str, dimension: int | None = None) -> Family:
    """The row of that name, of that dimension if it has one.

    Raises InputError for an unknown name, naming the nearest ones, and for a dimension that the
    family does not have.
    """
    if name not in FAMILIES:
        near = get_close_matches(name.lower().replace("-", "_"), FAMILIES, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`list` shows those there are;"
        raise InputError(
            f"there is no family {name!r} in the catalogue; {hint} "
            "give a density of your own with --logpdf or a model file"
        )
    if dimension is None:
        return FAMILIES[name]
    if name not in SIZED:
        raise InputError(
            f"{name} has no dimension, but {dimension} was given; leave --dimension out "
            f"(those that have one are {', '.join(SIZED)})"
        )
    make, least, _, most, _ = SIZED[name]
    if not least <= dimension <= most:
        raise InputError(
            f"{name} was asked for in dimension {dimension}; give a whole number "
            f"from {least} to {most}"
        )
    return make(dimension)


def dimension_of_columns(name: str, columns: int) -> int | None:
    """The dimension that so many data columns mean; None where columns do not tell."""
    missing = SIZED[name][4] if name in SIZED else None
    return None if missing is None else columns + missing


def family_model(name: str, dimension: int | None = None) -> "Model":
    """The model of a catalogue row, parsed anew.  Raises what `family` raises."""
    from symmle.model import build_model

    row = family(name, dimension)
    given = {name: row.parameters[name] for name in row.given}
    estimated = {name: where for name, where in row.parameters.items() if name not in given}
    return build_model(row.name, row.log_density, row.data, estimated, given)
