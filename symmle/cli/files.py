"""Written files: all or nothing, and never over what symmle did not write."""

import os
import tempfile
from pathlib import Path

from symmle.errors import InputError

MARK = "made by symmle"  # stands in the first lines of every file that symmle writes
_HEADER_LINES = 5


def write(path: Path, content: str, force: bool) -> None:
    """Write a file by way of a temporary name in the same folder.

    content: must carry MARK in its first lines, so that it can be told apart later.
    Raises InputError where the folder is missing or a file of others would be overwritten.
    """
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise InputError(f"the folder {str(path.parent)!r} does not exist; create it first")
    if path.exists() and not force and not _is_ours(path):
        raise InputError(f"{str(path)!r} was not written by symmle; "
                         "choose another name, or overwrite it with --force")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(content)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _is_ours(path: Path) -> bool:
    with path.open("rb") as stream:
        head = b"".join(stream.readline() for _ in range(_HEADER_LINES))
    return MARK.encode() in head


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
