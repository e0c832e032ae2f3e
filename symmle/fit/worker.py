"""Fits in a process of their own, which can be stopped when one takes too long.

Interrupting a fit inside this process could leave an import half done, or mpmath's global
precision changed, and every later number would be in doubt; a process takes its state with it.
The two talk over pipes in pickles, that only the two of them write.
"""

import contextlib
import io
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, BinaryIO

from symmle.data import Sample
from symmle.errors import BudgetError, SymmleError
from symmle.families import family_model
from symmle.fit.record import Fit
from symmle.fit.run import fit

_FAULTS = (ArithmeticError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
_START_SECONDS = 120.0
_READY = "ready"
_PROGRAM = "import sys; sys.path[:] = {path!r}; from symmle.fit.worker import serve; serve()"


class Worker:
    """A process that fits families to one sample; started when needed, and anew when stopped."""

    def __init__(self, sample: Sample, level: float) -> None:
        self._task = _pickled((sample, level))
        self._process: subprocess.Popen[bytes] | None = None

    def fitted(self, name: str, seconds: float) -> Fit | str:
        """The fit of a family, or why there is none.

        Raises BudgetError when it takes longer than that, not counting the start of the process.
        """
        process = self._started()
        answer = _asked(process, _pickled(name), seconds)
        if answer is None:
            self.stop()
            raise BudgetError(f"it took more than {seconds:g} s and was given up")
        return answer

    def stop(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            if _asked(self._process, self._task, _START_SECONDS) != _READY:
                self.stop()
                raise BudgetError("the process that fits families did not start")
        return self._process


def _asked(process: "subprocess.Popen[bytes]", message: bytes, seconds: float) -> Fit | str | None:
    """The answer to a message; None when it does not come in time."""
    answers: list[Fit | str] = []

    def wait() -> None:
        pipes = process.stdin, process.stdout
        if pipes[0] is None or pipes[1] is None:
            return
        try:
            pipes[0].write(message)
            pipes[0].flush()
            answers.append(pickle.load(pipes[1]))
        except EOFError:
            answers.append("the process that fits it ended unexpectedly")
        except (OSError, ValueError):  # the pipes were closed while this waited
            return

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(seconds)
    return answers[0] if answers else None


def serve() -> None:
    """The other side: read a sample and a level, then fit each family that is named."""
    source, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # whatever is printed must not get between the pickles
    sample, level = pickle.load(source)
    _answer(answers, _READY)
    while True:
        try:
            name = pickle.load(source)
        except EOFError:
            return
        _answer(answers, _fitted(name, sample, level))


def _fitted(name: str, sample: Sample, level: float) -> Fit | str:
    try:
        return fit(family_model(name), sample, level)
    except SymmleError as error:
        return str(error)
    except _FAULTS as error:  # one family's fault must not lose the others' answers
        return f"unexpected {type(error).__name__}, which is a fault of symmle"


class _Pickler(pickle.Pickler):
    """Sends a read-only view of a dictionary too, which has no pickle of its own."""

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, MappingProxyType):
            return _view, (dict(value),)
        return NotImplemented


def _view(values: dict[object, object]) -> Mapping[object, object]:
    return MappingProxyType(values)


def _pickled(value: object) -> bytes:
    target = io.BytesIO()
    _Pickler(target).dump(value)
    return target.getvalue()


def _answer(pipe: BinaryIO, answer: Fit | str) -> None:
    pipe.write(_pickled(answer))
    pipe.flush()
