"""`symmle fit --families`: every family on the data, the best first."""

import argparse
import sys
from typing import TextIO

from symmle.data import Sample
from symmle.errors import InputError
from symmle.fit.ranking import rank
from symmle.report.encoding import dumped
from symmle.report.ranking import ranking_json, ranking_text

_BAR = 30
_ALL = "all"


def run_ranking(arguments: argparse.Namespace, sample: Sample, level: float) -> int:
    """Print the ranking; 0 where some family has an estimate, 1 where none has."""
    for option, given in (
        ("--logpdf", arguments.logpdf),
        ("--fix", arguments.fix),
        ("--coordinates", arguments.coordinates),
    ):
        if given:
            raise InputError(f"{option} belongs to one model, and --families fits many; drop one")
    names = [name.strip() for name in arguments.families.split(",") if name.strip()]
    if not names:
        raise InputError("--families names none; write `all` or names such as normal,gamma")
    chosen = None if names == [_ALL] else names
    progress = Bar(sys.stderr) if sys.stderr.isatty() else None
    found = rank(sample, chosen, level, progress=progress)
    record = dumped(ranking_json(found)) if arguments.json else ranking_text(found)
    sys.stdout.write(record)
    return 0 if found.ranked else 1


class Bar:
    """One line that is drawn anew for each family and taken away at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, done: int, every: int, name: str) -> None:
        """Show how many of them are done, and which is being fitted."""
        full = _BAR * done // max(every, 1)
        bar = f"[{'#' * full}{'.' * (_BAR - full)}] {done}/{every} {name}"
        self._stream.write(f"\r\x1b[K{bar if done < every else ''}")
        self._stream.flush()
