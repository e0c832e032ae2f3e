"""Files -> samples: what is read, and what each wrong file is told."""

import io
import math
import sys
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmle.data import read
from symmle.errors import DependencyError, InputError

DATA = Path(__file__).parent / "data"


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(call, *arguments, **options):
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    assert caught.value.exit_status == 2
    text = str(caught.value)
    assert "\n" not in text
    return text


# ---- what is read ------------------------------------------------------------------------------


def test_real_files_by_hand_counts():
    """Law: the rows and sums are those of the published data."""
    newcomb = read(DATA / "newcomb.csv")
    assert (newcomb.n, newcomb.columns["x"].sum(), newcomb.dropped) == (66, 1730, 0)
    assert read(str(DATA / "groundbeef.csv")).n == 254
    kicks = read(DATA / "horsekicks.csv", weights="freq")
    assert list(kicks.columns) == ["x"]
    assert (kicks.n, kicks.total_weight) == (5, 200)
    faithful = read(DATA / "faithful.csv", columns=["waiting", "eruptions"])
    assert list(faithful.columns) == ["waiting", "eruptions"]
    assert (faithful.columns["waiting"][0], faithful.columns["eruptions"][0]) == (79, 3.6)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "x,y\n1,a\n-2.5,b\n3e2,\n"),
        ("a.csv", b"\xef\xbb\xbfx,y\r\n1,a\r\n-2.5,b\r\n3e2,c\r\n"),
        ("a.CSV", "x,y\r1,a\r-2.5,b\r3e2,c"),
        ("a.csv", '\n"x","y"\n"1","a, b"\n" -2.5 ","b\nb"\n3e2,\n\n  \n\n'),
        ("a", " x ,y\n1,a\n-2.5,b\n+300,c\n"),
        ("a.tsv", "x\ty\n1\ta,b\n-2.5\tb\n3e2\t\n"),
        ("a.txt", "  x   y\n 1\t a \n-2.5  'b'\n3e2 c\n\n"),
        ("a.dat", 'x y\n1 "a b"\n-2.5 b\n3e2 c\n'),
    ],
)
def test_each_text_format_gives_the_same_column(tmp_path, name, content):
    """Law: delimiter, quotes, byte-order mark, line ends and blank last lines are only dress."""
    sample = read(write(tmp_path, name, content), "x")
    assert sample.columns["x"].tolist() == [1.0, -2.5, 300.0]
    assert sample.columns["x"].dtype == np.float64
    assert sample.notes == ()


def test_standard_input(monkeypatch):
    """Law: '-' is CSV on standard input, which stays open."""
    stream = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfx\n4\n5\n"))
    monkeypatch.setattr(sys, "stdin", stream)
    assert read("-").columns["x"].tolist() == [4, 5]
    assert not stream.closed
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\n4\nabc\n")))
    assert refusal(read, "-").startswith("standard input: row 2 (line 3)")


def test_no_header_row_is_said(tmp_path):
    """Law: a first row of numbers is an observation, and the reader says that it took it so."""
    sample = read(write(tmp_path, "a.csv", "1.5\n2\n"))
    assert sample.columns["column1"].tolist() == [1.5, 2]
    assert "no header row; the columns are named column1" in sample.notes[0]
    path = write(tmp_path, "b.csv", "1.5,NA\n2,3\n")
    assert read(path, "column2", drop_missing=True).columns["column2"].tolist() == [3]
    named = read(write(tmp_path, "c.csv", '"",x\n1,2\n'), "column1")  # R's row names
    assert (named.columns["column1"].tolist(), named.notes) == ([1], ())


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-290, 290))
def test_decimal_text_is_rounded_correctly(value, digits):
    """Law: repr of a double is read back bit by bit; any decimal to the nearest double."""
    text = f"{abs(Fraction(value).numerator) % 10**17}.{abs(digits)}e{digits}"
    sample = from_text_lines([repr(value), text])
    assert sample[0] == value
    assert math.copysign(1, sample[0]) == math.copysign(1, value)
    whole, rest = text.split("e")
    exact = Fraction(whole) * Fraction(10) ** int(rest)
    near = [np.nextafter(sample[1], -np.inf), np.nextafter(sample[1], np.inf)]
    off = abs(Fraction(float(sample[1])) - exact)
    assert all(off <= abs(Fraction(float(other)) - exact) for other in near)


def from_text_lines(lines):
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO("\n".join(["x", *lines]).encode()))
    try:
        return read("-").columns["x"]
    finally:
        sys.stdin = stdin


def test_missing_rows_are_dropped_on_request_and_counted(tmp_path):
    """Law: kept + dropped = rows, and each kept row still knows its place in the file."""
    path = write(tmp_path, "a.csv", "x,w,z\n1,1,\n,1,\n\nnan,2,\n5,NA,\n6,null,\n7,3,\n\n")
    sample = read(path, "x", weights="w", drop_missing=True)
    assert sample.columns["x"].tolist() == [1, 7]
    assert sample.weights.tolist() == [1, 3]
    assert (sample.n, sample.dropped) == (2, 5)
    assert sample.place(1) == "row 7 (line 8)"
    text = refusal(read, path, "x", weights="w")
    assert "missing in 5 of 7 rows, first in row 2 (line 3), column 'x'" in text
    assert "--drop-missing" in text


# ---- what each wrong file is told --------------------------------------------------------------


def test_rows_and_lines_beyond_one_batch(tmp_path):
    """Law: rows and lines are counted through a long file, with blank lines wherever they fall."""
    gaps = (3, 8_192, 8_193, 8_194, 16_385, 19_999)
    text = "".join("\n" if i in gaps else f"{i}\n" for i in range(1, 20_001))
    sample = read(write(tmp_path, "a.csv", "x\n" + text), drop_missing=True)
    assert (sample.n, sample.dropped) == (19_994, 6)
    x = sample.columns["x"]
    assert all(sample.place(i) == f"row {x[i]:.0f} (line {x[i] + 1:.0f})" for i in range(sample.n))
    path = write(tmp_path, "b.csv", "x\n" + text + "abc\n")
    assert "row 20001 (line 20002), column 'x' is 'abc'" in refusal(read, path)
    path = write(tmp_path, "c.csv", "x\n" + text + "1,2\n")
    assert "row 20001 (line 20002) has 2 cells" in refusal(read, path)
    path = write(tmp_path, "e.csv", "x\n" + "1\n" * 8_191 + "\n" + "2\n" * 10)
    assert "missing in 1 of 8202 rows, first in row 8192 (line 8193)" in refusal(read, path)
    assert read(write(tmp_path, "d.csv", "x\n" + "1\n" * 8_190 + "\n" * 9_000)).n == 8_190


WRONG_FILES = {
    "empty": ("a.csv", "", {}, "the file is empty"),
    "blank": ("a.csv", "\n\n \n", {}, "the file is empty"),
    "header only": ("a.csv", "x\n\n", {}, "a header but no row below it"),
    "several columns": ("a.csv", "a,b\n1,2\n", {}, "2 columns to choose from (a, b); name one"),
    "only weights": ("a.csv", "w\n1\n", {"weights": "w"}, "its only column, 'w', holds"),
    "missing column": ("a.csv", "height,b\n1,2\n", {"columns": "hieght"},
                       "no column 'hieght' among height, b; did you mean 'height'?"),
    "missing weights": ("a.csv", "a,b\n1,2\n", {"columns": "a", "weights": "w"},
                        "no column 'w' among a, b"),
    "column twice in the file": ("a.csv", "a,a\n1,2\n", {"columns": "a"}, "'a' occurs 2 times"),
    "asked twice": ("a.csv", "a,b\n1,2\n", {"columns": ["a", "a"]}, "asked for twice"),
    "data as weights": ("a.csv", "a\n1\n", {"columns": "a", "weights": "a"}, "asked for twice"),
    "many columns": ("a.csv", ",".join(f"c{i}" for i in range(30)) + "\n", {}, "c19 and 10 more"),
    "text": ("a.csv", "x\n1\nabc\nde\n", {}, "row 2 (line 3), column 'x' is 'abc', which is not"),
    "text after a blank": ("a.csv", "x\n1\n\nabc\n", {}, "row 3 (line 4)"),
    "text after quotes": ("a.csv", 'x,y\n1,"a\nb"\nabc,\n', {"columns": "x"}, "row 2 (line 4)"),
    "long text": ("a.csv", "x\n" + "y" * 99, {}, "'" + "y" * 40 + "...'"),
    "semicolons": ("a.csv", "x;y\n1;2\n", {}, "separate the columns with commas"),
    "semicolons by name": ("a.csv", "x;y\n1;2\n", {"columns": "x"}, "separated by semicolons"),
    "semicolons and commas": ("a.csv", "x;y\n1,5;2\n", {}, "separated by semicolons"),
    "tabs": ("a.csv", "x\ty\n1\t2\n", {"columns": "y"}, "separated by tabs; save the table with"),
    "decimal commas alone": ("a.csv", "x\n1,5\n", {}, "2 cells, and the first row has 1; write"),
    "packed": ("a.csv.gz", b"\x1f\x8b", {}, "the kind of file '.gz' is not known"),
    "archive": ("a.npz", b"PK", {}, "save the one array with numpy.save"),
    "decimal comma": ("a.tsv", "x\n1,5\n", {}, "decimals with a point"),
    "underscore": ("a.csv", "x\n1_000\n", {}, "'1_000', which is not a number"),
    "hexadecimal": ("a.csv", "x\n0x10\n", {}, "not a number"),
    "infinity": ("a.csv", "x\n1\n-inf\n", {}, "row 2 (line 3), column 'x' is infinite ('-inf')"),
    "overflow": ("a.csv", "x\n1e400\n", {}, "beyond the largest double"),
    "missing": ("a.csv", "x\n1\nNA\n\n", {}, "missing in 1 of 2 rows, first in row 2 (line 3)"),
    "missing quoted": ("a.csv", 'x\n1\n""\n', {}, "missing in 1 of 2 rows"),
    "all missing": ("a.csv", "x\nNA\nnan\n", {"drop_missing": True}, "each of the 2 rows"),
    "nameless": ("a.csv", "NA\n1\n", {}, "line 1 is neither names nor numbers"),
    "short row": ("a.csv", "x,y\n1,2\n3\n", {"columns": "x"},
                  "row 2 (line 3) has 1 cell, and the first row has 2; correct the row"),
    "long row": ("a.csv", "1,2\n3,4,5\n", {"columns": "column1"}, "row 2 (line 2) has 3 cells"),
    "open quote": ("a.csv", 'x\n1\n"2\n', {}, "no row of a table"),
    "UTF-16": ("a.csv", "x\n1\n".encode("utf-16"), {}, "this is no"),
    "binary": ("a.csv", b"x\n1\n\0\0\n", {}, "this is no text"),
    "Latin-1": ("a.csv", b"x,y\n1,\xe9\n", {"columns": "x"}, "this is no UTF-8 text"),
    "spreadsheet": ("a.xlsx", b"PK", {}, "the kind of file '.xlsx' is not known; there are .csv"),
    "negative weight": ("a.csv", "x,w\n1,1\n2,-1\n", {"weights": "w"},
                        "row 2 (line 3) has the weight -1; weights must not be negative"),
    "zero weights": ("a.csv", "x,w\n1,0\n2,0\n", {"weights": "w"}, "the weights sum to 0"),
    "infinite weight": ("a.csv", "x,w\n1,inf\n", {"weights": "w"}, "column 'w' is infinite"),
    "missing weight": ("a.csv", "x,w\n1,1\n2,\n", {"weights": "w"}, "missing in 1 of 2 rows"),
    "no npy": ("a.npy", "x\n1\n", {}, "no .npy file of numbers"),
    "empty npy": ("a.npy", "", {}, "no .npy file of numbers"),
    "column of npy": ("a.npy", "", {"columns": "y"}, "no column 'y' among x"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_FILES)
def test_wrong_file(tmp_path, case):
    """Law: each wrong file has its own sentence, which names the file, and exit status 2."""
    name, content, options, expected = WRONG_FILES[case]
    path = write(tmp_path, name, content)
    text = refusal(read, path, **options)
    assert text.startswith(f"{path}: ")
    assert expected in text


def test_what_is_no_file(tmp_path):
    """Law: a missing file, a folder and an unreadable file are told apart."""
    assert "no such file" in refusal(read, tmp_path / "none.csv")
    assert "no such file" in refusal(read, tmp_path / "none.npy")
    (tmp_path / "folder.csv").mkdir()
    assert "this is a folder" in refusal(read, tmp_path / "folder.csv")
    assert "this is a folder" in refusal(read, tmp_path)
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    assert "cannot be read" in refusal(read, tmp_path / "loop.csv")


def test_no_name_of_a_file(monkeypatch):
    """Law: what cannot be a name, and a standard input that is closed, are told as well."""
    assert "'' names no file" in refusal(read, "")
    assert "names no file" in refusal(read, "a\0.csv")
    monkeypatch.setattr("sys.stdin", None)
    assert "standard input is closed" in refusal(read, "-")


@pytest.mark.parametrize("text", ["x,\n1,\n2,\n", ",x\n7,1\n8,2\n", "x,,w\n1,,3\n2,9,4\n"])
def test_columns_without_a_name(tmp_path, text):
    """Law: row numbers and trailing commas, which no header names, are left out, and that is said.

    Asked for by the place it has, such a column is read all the same.
    """
    path = write(tmp_path, "a.csv", text)
    sample = read(path, weights="w" if "w" in text else None)
    assert dict(sample.columns)["x"].tolist() == [1, 2] and len(sample.columns) == 1
    place = text.split("\n")[0].split(",").index("") + 1
    assert sample.notes == (f"{path}: what has no name is left out (column{place})",)
    if text.startswith(","):
        assert read(path, "column1").columns["column1"].tolist() == [7, 8]
        assert read(path, "column1").notes == ()


def save(path, values, allow_pickle=False):
    np.save(path, values, allow_pickle=allow_pickle)
    return path


def test_npy(tmp_path):
    """Law: one column of numbers of any width and byte order; never a pickle."""
    for kind in ("<f8", ">f8", "<f4", "i2", ">u8"):
        sample = read(save(tmp_path / "a.npy", np.array([1, 2, 300], dtype=kind)))
        assert sample.columns["x"].tolist() == [1, 2, 300]
        assert sample.columns["x"].dtype == np.dtype(float)
    pickled = save(tmp_path / "p.npy", np.array([1, None]), allow_pickle=True)
    assert "no .npy file of numbers" in refusal(read, pickled)
    assert "the shape (2, 2)" in refusal(read, save(tmp_path / "b.npy", np.eye(2)))
    assert "complex" in refusal(read, save(tmp_path / "c.npy", np.array([1j])))
    assert "no rows" in refusal(read, save(tmp_path / "d.npy", np.array([])))
    assert "row 2" in refusal(read, save(tmp_path / "e.npy", np.array([1, np.nan])))


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_arrow_files(tmp_path, kind):
    """Law: the file is read where pyarrow is installed, and elsewhere refused by the extra's name.

    Where it is installed, its own writer is the other road.
    """
    path = tmp_path / f"a.{kind}"
    if find_spec("pyarrow") is None:
        with pytest.raises(DependencyError, match=r'pip install "symmle\[data\]"'):
            read(path)
        return
    import pyarrow
    from pyarrow import feather, parquet

    table = pyarrow.table({"x": [1, None, 3], "w": [1.0, 1.0, 2.0], "t": ["a", "b", "c"]})
    {"parquet": parquet.write_table, "feather": feather.write_feather}[kind](table, str(path))
    sample = read(path, "x", weights="w", drop_missing=True)
    assert (sample.columns["x"].tolist(), sample.weights.tolist()) == ([1, 3], [1, 2])
    assert "missing in 1 of 3 rows, first in row 2" in refusal(read, path, "x")
    assert "no column 'y' among x, w, t" in refusal(read, path, "y")
    assert "row 1, column 't' is a str" in refusal(read, path, "t")
    assert "no such file" in refusal(read, tmp_path / f"none.{kind}")
    assert f"no {kind.title()} file" in refusal(read, write(tmp_path, f"b.{kind}", "x\n1\n"))


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    """Law: a missing optional package is one sentence with the command that brings it."""
    monkeypatch.setitem(sys.modules, "pyarrow.dataset", None)
    with pytest.raises(DependencyError, match=r'pip install "symmle\[data\]"') as caught:
        read(tmp_path / "a.parquet")
    assert caught.value.exit_status == 2
