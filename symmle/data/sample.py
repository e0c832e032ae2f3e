"""A sample: named columns of finite doubles, with or without weights, and where they came from.

The checks live here, once, for files and arrays alike: numbers only (no text, no truth values,
no other Python objects), one column at a time, no infinities, missing values refused with their
count or dropped on request and counted, weights that are weights.
Integers become doubles, so nothing wraps around; integer-valued doubles are counts.
Imports `errors`, `moments` and `rounding` only.  `files` and the Python API build it, and `fit`
reads it.
"""

import math
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symmle.data.moments import blocks
from symmle.data.rounding import rounded, rounding_note
from symmle.errors import InputError

if TYPE_CHECKING:
    from sympy import Expr

    from symmle.domain import Domain
    from symmle.model import Model

Doubles = NDArray[np.float64]
Truths = NDArray[np.bool_]
Bad = Callable[[Doubles, slice], Truths]  # which of a block of values are bad; and its rows

_REFUSED_KINDS = MappingProxyType(
    {
        "U": "text; convert it to numbers, or give a file to symmle.read",
        "S": "bytes; convert them to numbers, or give a file to symmle.read",
        "T": "text; convert it to numbers, or give a file to symmle.read",
        "b": "truth values; write 0 and 1, for instance with x.astype(int)",
        "c": "complex numbers; take the part that was measured, such as x.real",
        "M": "dates; convert them to numbers, such as days since the first",
        "m": "durations; convert them to numbers of one unit",
        "V": "records of several fields; choose one, such as x['name']",
    }
)

_UNORDERED = (
    (Iterator, "it can be read only once, so give a list of its values"),
    ((set, frozenset), "a set has lost its repeated values, so give a list"),
    (Mapping, "for a table of columns use from_columns, for one column give a list"),
    (type(None), "give a list or an array of numbers"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """n observations; made by `read`, `from_array` or `from_columns`, which do the checking.

    columns: each name and its n finite doubles, read-only (a view where no conversion is due).
    weights: n finite numbers >= 0 that are not all zero, or None.
    source:  the file or array, as messages name it.
    dropped: how many rows were left out because a value was missing.
    rows:    the row in the source of each observation, from 1, the header not counted.
    lines:   its line in the file, from 1; None for arrays.
    notes:   what the reader assumed, in sentences that the user should see.
    """

    columns: Mapping[str, Doubles]
    weights: Doubles | None
    source: str
    dropped: int
    rows: Sequence[int]
    lines: Sequence[int] | None = None
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """The number of observations kept, whatever their weights."""
        return len(self.rows)

    @property
    def total_weight(self) -> float:
        """The sum of the weights; n without weights."""
        return float(self.n) if self.weights is None else float(np.add.reduce(self.weights))

    def place(self, index: int) -> str:
        """Where observation `index` (from 0) stands in its source: 'row 3 (line 4)'."""
        line = "" if self.lines is None else f" (line {self.lines[index]})"
        return f"row {self.rows[index]}{line}"


def from_array(
    values: ArrayLike,
    name: str = "x",
    weights: ArrayLike | None = None,
    drop_missing: bool = False,
) -> Sample:
    """A sample of one column: `from_columns({name: values}, weights, drop_missing)`."""
    return from_columns({name: values}, weights, drop_missing)


def from_columns(
    columns: Mapping[str, ArrayLike],
    weights: ArrayLike | None = None,
    drop_missing: bool = False,
    source: str = "the array",
) -> Sample:
    """A sample from lists, NumPy or masked arrays, pandas or polars columns.

    columns: at least one; each one-dimensional, of one length, of integers or floats.
    weights: one number >= 0 for each row, matched by position.
    drop_missing: leave out the rows where a value or weight is NaN or masked, and count them.
    Raises InputError, naming the column and the first bad row.
    """
    converted = {name: _doubles(values, name, source) for name, values in columns.items()}
    weight = None if weights is None else _doubles(weights, "weights", source)
    counts = {name: rounded(values, converted[name]) for name, values in columns.items()}
    notes = tuple(rounding_note(name, count) for name, count in counts.items() if count)
    origin = Sample({}, None, source, 0, range(0), notes=notes)
    return checked_sample(converted, weight, drop_missing, origin)


def checked_sample(
    columns: Mapping[str, Doubles], weights: Doubles | None, drop_missing: bool, origin: Sample
) -> Sample:
    """Check columns of doubles in which NaN means missing; `origin` says where they are from.

    origin: an empty sample with `source`, `lines` (of every row) and `notes`.
    """
    n = _common_length(columns, weights, origin.source)
    raw = Sample(columns, weights, origin.source, 0, range(1, n + 1), origin.lines, origin.notes)
    parts = _parts(raw)
    for name, values in parts:
        count, first = _bad(values, lambda x, _: np.isinf(x))
        if count:
            raise InputError(
                f"{raw.source}: {raw.place(first)}, column {name!r} is infinite; "
                "every value must be finite, correct it or remove the row"
            )
    missing = _missing(parts, n)
    kept = raw if missing is None else _without(raw, missing, drop_missing)
    _require_weights(kept)
    frozen = {name: _read_only(values) for name, values in kept.columns.items()}
    weight = None if kept.weights is None else _read_only(kept.weights)
    return Sample(
        MappingProxyType(frozen),
        weight,
        kept.source,
        kept.dropped,
        kept.rows,
        kept.lines,
        kept.notes,
    )


def require_domain(sample: Sample, model: "Model") -> None:
    """Refuse a sample with a value outside the domain of its data symbol.

    The symbols take the columns of their names; where these are not the names there are, the
    columns in order.  An end that another data symbol gives is checked row by row; one that
    depends on parameters only by its sign.
    Raises InputError: another number of columns than of symbols; the first bad row, its value,
    the domain and how many such rows there are.
    """
    names = [variable.name for variable in model.data]
    if len(names) != len(sample.columns):
        there = ", ".join(sample.columns)
        raise InputError(
            f"{model.name} needs {len(names)} data columns ({', '.join(names)}), and "
            f"{sample.source} gives {len(sample.columns)} ({there}); name them with --column"
        )
    chosen = names if set(names) == set(sample.columns) else list(sample.columns)
    columns = {v.name: sample.columns[name] for v, name in zip(model.data, chosen, strict=True)}
    for variable, column in zip(model.data, chosen, strict=True):
        values = sample.columns[column]
        for requirement, bad in _outside(variable.domain, columns):
            count, first = _bad(values, bad)
            if count:
                raise InputError(
                    f"{sample.source}: {sample.place(first)}, column {column!r} is "
                    f"{_shown(values[first])}, and {model.name} needs {requirement} "
                    f"(domain '{variable.domain.text}'; {count} of {sample.n} rows are outside); "
                    "correct the data or choose a model whose support holds them"
                )


def _outside(domain: "Domain", columns: Mapping[str, Doubles]) -> list[tuple[str, Bad]]:
    """What each end free of parameters asks for, and which values of a block of rows break it."""
    found: list[tuple[str, Bad]] = []
    if domain.integer:
        found.append(("whole numbers", lambda x, _: np.floor(x) != x))
    if not domain.lower.free_symbols - domain.follows:
        lower = _end(domain.lower, columns)
        below: Bad = (
            (lambda x, rows: x < lower(rows))
            if domain.lower_closed
            else (lambda x, rows: x <= lower(rows))
        )
        sign = ">=" if domain.lower_closed else ">"
        found.append((f"values {sign} {_written(domain.lower)}", below))
    elif domain.lower.is_positive:  # it moves, but never below zero
        found.append(("values > 0", lambda x, _: x <= 0))
    if not domain.upper.free_symbols - domain.follows:
        upper = _end(domain.upper, columns)
        above: Bad = (
            (lambda x, rows: x > upper(rows))
            if domain.upper_closed
            else (lambda x, rows: x >= upper(rows))
        )
        sign = "<=" if domain.upper_closed else "<"
        found.append((f"values {sign} {_written(domain.upper)}", above))
    return found


def _written(end: "Expr") -> str:
    return str(end) if end.free_symbols else f"{float(end):g}"


def _end(end: "Expr", columns: Mapping[str, Doubles]) -> Callable[[slice], Doubles | float]:
    """The end of a domain for a block of rows: a number, or read from the columns there."""
    if not end.free_symbols:
        number = float(end)
        return lambda _: number
    if end.is_Symbol:
        return lambda rows: columns[str(end)][rows]
    parts = [_end(part, columns) for part in end.args]
    if end.is_Add:
        return lambda rows: sum((part(rows) for part in parts), 0.0)
    if end.is_Mul:
        return lambda rows: math.prod((part(rows) for part in parts), start=1.0)
    raise InputError(
        f"the end {end} of a data symbol's domain is no sum or product of other data symbols; "
        "write a simpler one"
    )


def _doubles(values: object, name: str, source: str) -> Doubles:
    """One column as doubles, masked entries as NaN; InputError for what holds no numbers."""
    for kind, remedy in _UNORDERED:
        if isinstance(values, kind):
            given_kind = type(values).__name__
            raise InputError(f"{source}: column {name!r} is a {given_kind}; {remedy}")
    try:
        given = values if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(
            f"{source}: column {name!r} cannot be read as an array; give numbers of one shape"
        ) from None
    what = _REFUSED_KINDS.get(given.dtype.kind)
    if what is not None:
        raise InputError(f"{source}: column {name!r} holds {what}")
    if given.ndim == 0:
        held = type(values).__name__
        raise InputError(
            f"{source}: column {name!r} is no column but one value ({held}); give a list or an "
            "array of numbers"
        )
    if given.ndim != 1:
        raise InputError(
            f"{source}: column {name!r} has the shape {given.shape}; "
            "give one dimension, such as x[:, 0] or x.ravel()"
        )
    if given.dtype.kind == "O":
        return _from_objects(given, name, source)
    with np.errstate(over="ignore"):
        numbers = given.astype(np.float64, copy=False)
    if isinstance(numbers, np.ma.MaskedArray):
        return np.asarray(numbers.filled(np.nan))
    return np.ascontiguousarray(numbers)


def _from_objects(given: NDArray[np.object_], name: str, source: str) -> Doubles:
    """Python's own numbers of any kind, None and pandas' NA as NaN; InputError for the rest."""
    numbers = np.empty(len(given))
    masked = np.ma.getmaskarray(given) if isinstance(given, np.ma.MaskedArray) else None
    for row, value in enumerate(given.data if masked is not None else given):
        if (
            value is None
            or type(value).__name__ == "NAType"
            or (masked is not None and masked[row])
        ):
            numbers[row] = np.nan
            continue
        is_number = isinstance(value, Real | Decimal) and not isinstance(value, bool)
        try:
            numbers[row] = float(value) if is_number else np.nan
        except OverflowError:
            raise InputError(
                f"{source}: row {row + 1}, column {name!r} is beyond the largest double 1.8e308; "
                "rescale the data"
            ) from None
        except ValueError:
            is_number = False
        if not is_number:
            raise InputError(
                f"{source}: row {row + 1}, column {name!r} is a {type(value).__name__}, no "
                "number; convert the column to numbers"
            )
    return numbers


def _common_length(columns: Mapping[str, Doubles], weights: Doubles | None, source: str) -> int:
    if not columns:
        raise InputError(f"{source}: no column was given; give at least one")
    lengths = [(name, len(values)) for name, values in columns.items()]
    if weights is not None:
        lengths.append(("weights", len(weights)))
    if len({length for _, length in lengths}) > 1:
        given = ", ".join(f"{name} {length}" for name, length in lengths)
        raise InputError(f"{source}: the columns differ in length ({given}); give one for each row")
    n = lengths[0][1]
    if n == 0:
        raise InputError(f"{source}: there are no rows; at least one observation is needed")
    return n


def _parts(sample: Sample) -> list[tuple[str, Doubles]]:
    weights = [] if sample.weights is None else [("weights", sample.weights)]
    return [*sample.columns.items(), *weights]


def _bad(values: Doubles, bad: Bad) -> tuple[int, int]:
    """How many values are bad, and the index of the first; a block at a time."""
    count, first = 0, -1
    for rows in blocks(len(values)):
        here = np.flatnonzero(bad(values[rows], rows))
        if len(here) and first < 0:
            first = rows.start + int(here[0])
        count += len(here)
    return count, first


def _missing(parts: Sequence[tuple[str, Doubles]], n: int) -> Truths | None:
    """Which rows miss a value; None, at no cost in memory, when none does."""
    if not any(_bad(values, lambda x, _: np.isnan(x))[0] for _, values in parts):
        return None
    missing = np.zeros(n, dtype=np.bool_)
    for _, values in parts:
        missing |= np.isnan(values)
    return missing


def _without(raw: Sample, missing: Truths, drop_missing: bool) -> Sample:
    """The rows that miss nothing; InputError when dropping was not asked for, or leaves none."""
    count, n, first = int(np.count_nonzero(missing)), raw.n, int(np.argmax(missing))
    if not drop_missing:
        name = next(name for name, values in _parts(raw) if math.isnan(values[first]))
        raise InputError(
            f"{raw.source}: a value is missing in {count} of {n} rows, first in "
            f"{raw.place(first)}, column {name!r}; complete them, or ask for these rows to be "
            "dropped (--drop-missing, or drop_missing=True)"
        )
    if count == n:
        raise InputError(f"{raw.source}: a value is missing in each of the {n} rows; none is left")
    keep = ~missing
    return Sample(
        {name: values[keep] for name, values in raw.columns.items()},
        None if raw.weights is None else raw.weights[keep],
        raw.source,
        count,
        _integers(np.flatnonzero(keep) + 1),
        None if raw.lines is None else _integers(np.asarray(raw.lines)[keep]),
        raw.notes,
    )


def _require_weights(sample: Sample) -> None:
    if sample.weights is None:
        return
    count, first = _bad(sample.weights, lambda w, _: w < 0)
    if count:
        raise InputError(
            f"{sample.source}: {sample.place(first)} has the weight "
            f"{_shown(sample.weights[first])}; weights must not be negative"
        )
    with np.errstate(over="ignore"):
        total = sample.total_weight
    if not 0 < total < math.inf:
        raise InputError(
            f"{sample.source}: the weights sum to {total:g}; "
            "the sum must be positive and finite, rescale or correct them"
        )


def _shown(value: float) -> str:
    """The shortest text of a double."""
    return repr(float(value)).removesuffix(".0")


def _integers(values: NDArray[np.integer]) -> Sequence[int]:
    """Eight bytes each, and Python's own integers when read."""
    return array("q", values.astype(np.int64).tobytes())


def _read_only(values: Doubles) -> Doubles:
    view = values.view()
    view.flags.writeable = False
    return view
