"""From the words of a command to its exit status; nothing but sentences reaches the user."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import TracebackType
from typing import Self

from symmle.cli.options import overview, read, verb_named
from symmle.errors import NoEstimateError, SymmleError

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, given without the program's name; returns its exit status.

    0 done; 1 a check failed or there is no estimate; 2 wrong input; 130 interrupted.
    SYMMLE_TRACEBACK=1 in the environment lets an unexpected error through with its traceback.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    with _Outcome() as outcome:
        outcome.status = _run(words)
        sys.stdout.flush()
    return outcome.status


def _run(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        return _overview(words)
    verb = verb_named(words[0])
    arguments = read(verb, words[1:])
    call: Callable[..., int] = import_module(f"symmle.cli.{verb.name}_verb").run
    try:
        return call(arguments)
    except NoEstimateError as error:
        if getattr(arguments, "json", False):  # stdout stays parsable
            import json

            record = {"status": "no_estimate", "message": " ".join(str(error).split())}
            print(json.dumps(record, indent=2))
        raise


def _overview(words: list[str]) -> int:
    parser = overview()
    asked = parser.parse_args(words)
    if asked.version:
        from symmle import __version__

        print(f"symmle {__version__}")
    else:
        parser.print_help()
    return 0


class _Outcome:
    """Turns whatever ends a command into an exit status and, if something is wrong, a sentence."""

    def __init__(self) -> None:
        self.status = 0

    def __enter__(self) -> Self:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a terminal may know ASCII only
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        match error:
            case None:
                return True
            case SystemExit():  # argparse after --help
                self.status = error.code if isinstance(error.code, int) else 0
            case SymmleError():
                self._say(str(error), error.exit_status)
            case KeyboardInterrupt():
                self._say("interrupted", INTERRUPTED)
            case BrokenPipeError():
                _silence_stdout()
            case OSError():
                where = f"{error.filename!r}: " if error.filename else ""
                self._say(f"{where}{(error.strerror or str(error)).lower()}", 2)
            case MemoryError() | RecursionError():
                self._say("the model is too large for this machine; write it more simply", 1)
            case _:
                if os.environ.get("SYMMLE_TRACEBACK"):
                    return False
                name = type(error).__name__
                self._say(
                    f"unexpected {name}, which is a fault of symmle; please report it "
                    "with the command and SYMMLE_TRACEBACK=1",
                    1,
                )
        return True

    def _say(self, sentence: str, status: int) -> None:
        self.status = status
        print(f"symmle: {' '.join(sentence.split())}", file=sys.stderr)


def _silence_stdout() -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn(sentence: str) -> None:
    """A warning on stderr; stdout stays parsable."""
    print(f"symmle: warning: {sentence}", file=sys.stderr)
