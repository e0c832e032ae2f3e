"""Fits in a process of their own, which can be stopped when one takes too long.

Interrupting a fit inside this process could leave an import half done, or mpmath's global
precision changed, and every later number would be in doubt; a process takes its state with it.
The two talk over pipes, in lines of JSON (`wire`).
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from symmle.data import Sample
from symmle.errors import BudgetError, SymmleError
from symmle.families import family_model
from symmle.fit.record import Fit
from symmle.fit.run import fit
from symmle.fit.wire import fit_of, receive, receive_sample, send, send_sample

_FAULTS = (ArithmeticError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
_START_SECONDS = 120.0
_READY = "ready"
_PROGRAM = "import sys; sys.path[:] = {path!r}; from symmle.fit.worker import serve; serve()"


class Worker:
    """A process that fits families to one sample; started when needed, and anew when stopped."""

    def __init__(self, sample: Sample, level: float) -> None:
        self._sample, self._level = sample, level
        self._process: subprocess.Popen[bytes] | None = None

    def fitted(self, name: str, seconds: float) -> Fit | str:
        """The fit of a family, or why there is none.

        Raises BudgetError when it takes longer than that, not counting the start of the process.
        """
        answer = _asked(self._started(), lambda pipe: send(pipe, name), seconds)
        if answer is None:
            self.stop()
            raise BudgetError(f"it took more than {seconds:g} s and was given up")
        return answer if isinstance(answer, str) else fit_of(answer)

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
            if _asked(self._process, self._tell, _START_SECONDS) != _READY:
                self.stop()
                raise BudgetError("the process that fits families did not start")
        return self._process

    def _tell(self, pipe: IO[bytes]) -> None:
        send(pipe, self._level)
        send_sample(pipe, self._sample)


def _asked(
    process: "subprocess.Popen[bytes]", tell: Callable[[IO[bytes]], None], seconds: float
) -> Any:
    """The answer to what is told, a sentence or a fit as an object; None when it is late."""
    answers: list[Any] = []

    def wait() -> None:
        pipes = process.stdin, process.stdout
        if pipes[0] is None or pipes[1] is None:
            return
        try:
            tell(pipes[0])
            answers.append(receive(pipes[1]))
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
    sys.stdout = sys.stderr  # whatever is printed must not get between the lines
    level = receive(source)
    sample = receive_sample(source)
    send(answers, _READY)
    while True:
        try:
            name = receive(source)
        except EOFError:
            return
        send(answers, _fitted(name, sample, level))


def _fitted(name: str, sample: Sample, level: float) -> Fit | str:
    try:
        return fit(family_model(name), sample, level)
    except SymmleError as error:
        return str(error)
    except _FAULTS as error:  # one family's fault must not lose the others' answers
        return f"unexpected {type(error).__name__}, which is a fault of symmle"
