"""Files -> samples: CSV, TSV, white-space text, .npy, Parquet, Feather, standard input.

Delimited text is read by the standard `csv` module and numbers by Python's `float`, which rounds
decimal text correctly.  The delimiter follows from the file's name; nothing is guessed from the
content but whether there is a header row, and that is said.  Only the columns asked for are
converted, so a table may hold text elsewhere.
Imports `errors`, `rounding` and `sample` only; pyarrow (extra `data`) for Parquet and Feather.
"""

import csv
import importlib
import io
import math
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

import numpy as np

from symmle.data.rounding import rounded_cells, rounding_note
from symmle.data.sample import Doubles, Sample, checked_sample, from_columns
from symmle.errors import DependencyError, InputError

if TYPE_CHECKING:
    from _csv import Reader

_SPACE = " "
_DELIMITERS = MappingProxyType(
    {"": ",", ".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": _SPACE, ".dat": _SPACE}
)
_ARROW = MappingProxyType({".parquet": "parquet", ".feather": "feather", ".arrow": "feather"})
_REMEDIES = MappingProxyType(
    {
        **dict.fromkeys((".gz", ".bz2", ".xz", ".zst", ".zip"), "unpack it first"),
        **dict.fromkeys((".xls", ".xlsx", ".ods"), "save the sheet as CSV"),
        ".npz": "save the one array with numpy.save",
        ".json": "save the table as CSV",
    }
)
_MARKS = MappingProxyType({";": "semicolons", "\t": "tabs"})
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
_NAMES_SHOWN = 20
_BATCH = 8_192  # rows of text held at a time


def read(
    source: str | Path,
    columns: str | Sequence[str] | None = None,
    weights: str | None = None,
    drop_missing: bool = False,
    symbols: Sequence[str] = (),
    by_name: bool = True,
) -> Sample:
    """Read the columns of a file as a checked sample.

    source:  a path; .csv (also without extension), .tsv, .tab, .txt, .dat (white space), .npy,
             .parquet, .feather, .arrow; or "-" for CSV on standard input.
    columns: names, in the order wanted; not needed when only one column is left.
    symbols: what the model calls its columns, of use where it has several and no columns are
             named: all that are left are meant if they are as many; else, if `by_name`, those
             that are called by these symbols.
    weights: the name of the column of weights.
    drop_missing: leave out, and count, the rows where a wanted cell is empty, NA, NaN or null.
    A first row of numbers is data: the columns are then column1, column2, ..., as a note says.
    Raises InputError naming the file, the row and the line; DependencyError without pyarrow.
    """
    names = (columns,) if isinstance(columns, str) else tuple(columns or ())
    wish = _Wish(names, tuple(symbols), by_name, weights)
    if str(source) == "-":
        with _standard_input() as stream:
            return _from_text(stream, ",", "standard input", wish, drop_missing)
    if not str(source) or "\0" in str(source):
        raise InputError(f"{str(source)!r} names no file; give the path of one")
    path = Path(source)
    kind = path.suffix.lower()
    if kind not in {*_DELIMITERS, *_ARROW, ".npy"}:
        known = ", ".join([*filter(None, _DELIMITERS), ".npy", *_ARROW])
        remedy = f"; {_REMEDIES[kind]}" if kind in _REMEDIES else ""
        raise InputError(
            f"{path}: the kind of file {kind!r} is not known; there are {known}{remedy}"
        )
    try:
        if path.is_dir():
            raise InputError(f"{path}: this is a folder; name a file in it")
        if kind == ".npy":
            return _from_npy(path, wish, drop_missing)
        if kind in _ARROW:
            return _from_arrow(path, wish, drop_missing)
        with path.open(encoding="utf-8-sig") as stream:
            return _from_text(stream, _DELIMITERS[kind], str(path), wish, drop_missing)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the name and the folder") from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror or error})") from None


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked of a table: columns by name, else those that a model calls by its symbols."""

    columns: tuple[str, ...]
    symbols: tuple[str, ...]
    by_name: bool
    weights: str | None


@contextmanager
def _standard_input() -> Iterator[TextIO]:
    if sys.stdin is None:
        raise InputError("standard input is closed; send the data to it, or name a file")
    stream = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig")
    try:
        yield stream
    finally:
        stream.detach()


def _from_text(
    stream: TextIO,
    delimiter: str,
    source: str,
    wish: _Wish,
    drop_missing: bool,
) -> Sample:
    reader = csv.reader(_lines(stream, delimiter, source), delimiter=delimiter, strict=True)
    with _refusing_what_is_no_table(reader, source):
        first = next((cells for cells in reader if not _blank(cells)), None)
        if first is None:
            raise InputError(f"{source}: the file is empty; give a header and at least one row")
        header, data_row, notes = _header(first, reader.line_num, source)
        nameless = [] if data_row else _nameless(header, first)
        wanted = _select(header, wish, source, nameless)
        if not wish.columns and (left_out := [name for name in nameless if name not in wanted]):
            notes += (f"{source}: what has no name is left out ({_listed(left_out)})",)
        values: list[array[float]] = [array("d") for _ in wanted]
        lines: array[int] = array("q")
        rounds: dict[str, int] = {}
        for batch_lines, rows in _batches(reader, data_row, header, source):
            for name, column in zip(wanted, values, strict=True):
                place = header.index(name)
                try:
                    cells = [row[place] for row in rows]
                    numbers = array("d", _numbers(cells))
                    column.extend(numbers)
                    rounds[name] = rounds.get(name, 0) + rounded_cells(
                        cells, np.frombuffer(numbers)
                    )
                except _BadCell as bad:
                    where = f"row {len(lines) + bad.index + 1} (line {batch_lines[bad.index]})"
                    raise InputError(f"{source}: {where}, column {name!r} {bad}") from None
            lines.extend(batch_lines)
    if not lines:
        raise InputError(f"{source}: there is a header but no row below it; add observations")
    notes += tuple(rounding_note(name, count) for name, count in rounds.items() if count)
    consecutive = lines[-1] - lines[0] == len(lines) - 1
    where_from: Sequence[int] = range(lines[0], lines[-1] + 1) if consecutive else lines
    table: dict[str, Doubles] = {
        name: np.frombuffer(column) for name, column in zip(wanted, values, strict=True)
    }
    weight = None if wish.weights is None else table.pop(wish.weights)
    origin = Sample({}, None, source, 0, range(0), where_from, notes)
    return checked_sample(table, weight, drop_missing, origin)


@contextmanager
def _refusing_what_is_no_table(reader: "Reader", source: str) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise InputError(
            f"{source}: line {reader.line_num} is no row of a table ({error}); correct its quotes"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{source}: this is no UTF-8 text; save the table as UTF-8 CSV") from None


def _lines(stream: Iterable[str], delimiter: str, source: str) -> Iterator[str]:
    for line in stream:
        if "\0" in line:
            raise InputError(f"{source}: this is no text; save the table as UTF-8 CSV")
        yield _SPACE.join(line.split()) if delimiter == _SPACE else line


def _blank(cells: list[str]) -> bool:
    return not cells or (len(cells) == 1 and cells[0].isspace())


def _header(
    first: list[str], line: int, source: str
) -> tuple[list[str], list[list[str]], tuple[str, ...]]:
    """The names of the columns, the first row where that is data, and what must be said."""
    cells = [cell.strip() for cell in first]
    numbered = [f"column{i}" for i in range(1, len(cells) + 1)]
    if all(_is_number(cell) or cell.lower() in _MISSING for cell in cells):
        if not any(_is_number(cell) for cell in cells):
            raise InputError(
                f"{source}: line {line} is neither names nor numbers; "
                "give a header row with the names of the columns"
            )
        note = f"{source}: there is no header row; the columns are named {_listed(numbered)}"
        return numbered, [first], (note,)
    return [cell or name for cell, name in zip(cells, numbered, strict=True)], [], ()


def _nameless(header: Sequence[str], first: Sequence[str]) -> list[str]:
    """The columns that the header row does not name: row numbers, or what trailing commas make."""
    return [name for name, cell in zip(header, first, strict=True) if not cell.strip()]


def _batches(
    reader: "Reader", start: list[list[str]], header: Sequence[str], source: str
) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    """The rows below the header and their lines, many at a time, each as wide as the header.

    A blank line between rows is a row whose every cell is missing; at the end it is nothing.
    """
    width = len(header)
    blank: list[int] = []
    number = 0
    line = reader.line_num - len(start)
    while rows := start + list(islice(reader, _BATCH)):
        start = []
        lines: Sequence[int] = range(line + 1, reader.line_num + 1)
        regular = len(lines) == len(rows) and set(map(len, rows)) == {width} and not blank
        if not regular or (width == 1 and any(map(_blank, rows))):
            lines, rows = _settled(rows, line, header, number, blank, source)
        yield lines, rows
        number += len(rows)
        line = reader.line_num


def _settled(
    rows: list[list[str]],
    line: int,
    header: Sequence[str],
    number: int,
    blank: list[int],
    source: str,
) -> tuple[list[int], list[list[str]]]:
    """Rows with blank lines, or with quoted line ends, among them; `blank` waits for a row."""
    width = len(header)
    lines: list[int] = []
    settled: list[list[str]] = []
    for cells in rows:
        line += 1 + sum(cell.count("\n") for cell in cells)
        if _blank(cells):
            blank.append(line)
            continue
        lines += [*blank, line]
        settled += [[""] * width for _ in blank]
        blank.clear()
        settled.append(cells)
        if len(cells) != width:
            raise InputError(
                f"{source}: row {number + len(settled)} (line {line}) has "
                f"{_counted(len(cells))}, and the first row has {width}; "
                f"{_remedy(header, cells)}"
            )
    return lines, settled


def _counted(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells} cells"


def _remedy(header: Sequence[str], cells: Sequence[str]) -> str:
    """What to do about a row that is not as wide as the first."""
    if mark := _other_mark(header):
        return f"the columns seem to be separated by {mark}; save the table with commas"
    if len(cells) == 2 * len(header) and all(_is_number(cell) for cell in cells):
        return "write decimals with a point, if a comma stands for it"
    return "correct the row"


def _other_mark(header: Sequence[str]) -> str:
    """What separates the cells of a table that has one column when it is split at commas."""
    return next((w for mark, w in _MARKS.items() if len(header) == 1 and mark in header[0]), "")


class _BadCell(ValueError):
    """A cell that is no finite number; `index` counts from 0 in the cells that were given."""

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(problem)
        self.index = index


def _numbers(cells: list[str]) -> Iterable[float]:
    """The doubles nearest to the cells, NaN for the missing; _BadCell at the first bad one."""
    try:
        values = array("d", map(float, cells))
    except ValueError:
        values = array("d")
    plain = len(values) > 0 and "_" not in "".join(cells)
    if plain and np.isfinite(np.frombuffer(values)).all():
        return values
    found = []
    for index, cell in enumerate(cells):
        try:
            found.append(_number(cell))
        except ValueError as error:
            raise _BadCell(index, str(error)) from None
    return found


def _number(cell: str) -> float:
    """The double nearest to a cell, NaN for a missing one; ValueError completes the sentence."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and "_" not in cell:
        return value
    text = cell.strip().lower()
    if text in _MISSING:
        return math.nan
    shown = repr(cell if len(cell) <= 40 else cell[:40] + "...")
    if not _is_number(text):
        hint = "correct it or choose another column"
        if ";" in text:
            hint = "separate the columns with commas"
        elif "," in text:
            hint = "write decimals with a point and thousands without a mark"
        raise ValueError(f"is {shown}, which is not a number; {hint}")
    if text.lstrip("+-").startswith("inf"):
        raise ValueError(f"is infinite ({shown}); every value must be finite, correct it")
    raise ValueError(f"is {shown}, beyond the largest double 1.8e308; rescale the data")


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text)) and "_" not in text
    except ValueError:
        return False


def _select(
    there: Sequence[str], wish: _Wish, source: str, nameless: Sequence[str] = ()
) -> list[str]:
    """The columns to read, the weights last; one without a name is not meant beside others."""
    names = wish.columns or _meant(there, wish, source, nameless)
    wanted = [*names, *([] if wish.weights is None else [wish.weights])]
    for name in wanted:
        if there.count(name) != 1:
            raise InputError(f"{source}: {_unfound(name, there)}")
        if wanted.count(name) > 1:
            raise InputError(f"{source}: the column {name!r} is asked for twice; name it once")
    return wanted


def _meant(
    there: Sequence[str], wish: _Wish, source: str, nameless: Sequence[str]
) -> Sequence[str]:
    """The columns where none is named: the only one left, or those that the model asks for."""
    left = [name for name in there if name != wish.weights]
    several = len(wish.symbols) > 1
    for choice in (left, [name for name in left if name not in nameless]):
        if len(choice) == max(1, len(wish.symbols)):
            return choice
    if not left:
        raise InputError(
            f"{source}: its only column, {wish.weights!r}, holds the weights; give a column of "
            "observations beside it"
        )
    if several and wish.by_name and set(wish.symbols) <= set(left):
        return wish.symbols
    each = f"one for each of {', '.join(wish.symbols)}" if several else "one"
    raise InputError(
        f"{source}: there are {len(left)} columns to choose from ({_listed(left)}); "
        f"name {each} with --column"
    )


def _unfound(name: str, there: Sequence[str]) -> str:
    if name in there:
        return f"the column {name!r} occurs {there.count(name)} times; give each its own name"
    if mark := _other_mark(there):
        return (
            f"there is no column {name!r}, but one of the name {there[0]!r}, which seems to be "
            f"separated by {mark}; save the table with commas"
        )
    near = get_close_matches(name, there, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no column {name!r} among {_listed(there)}{hint}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _from_npy(path: Path, wish: _Wish, drop_missing: bool) -> Sample:
    """One unnamed column, called x; mapped, not loaded, and never unpickled."""
    _select(["x"], wish, str(path))
    try:
        values = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError):
        raise InputError(
            f"{path}: this is no .npy file of numbers; write one with numpy.save(name, x)"
        ) from None
    return from_columns({"x": values}, None, drop_missing, str(path))


def _from_arrow(path: Path, wish: _Wish, drop_missing: bool) -> Sample:
    kind = _ARROW[path.suffix.lower()]
    try:
        arrow = importlib.import_module("pyarrow.dataset")
    except ImportError:
        raise DependencyError(
            f"{path}: reading {kind.title()} files needs pyarrow; "
            'install it with: pip install "symmle[data]"'
        ) from None
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        dataset = arrow.dataset(str(path), format=kind)
        wanted = _select(dataset.schema.names, wish, str(path))
        table = dataset.to_table(columns=wanted)
        values = {name: table.column(name).to_numpy() for name in wanted}
    except ValueError:
        raise InputError(f"{path}: this is no {kind.title()} file; write it again") from None
    weight = None if wish.weights is None else values.pop(wish.weights)
    return from_columns(values, weight, drop_missing, str(path))
