"""A time budget for a symbolic step that may not return.

The step is interrupted between two bytecodes by an exception raised in its own thread, which
works in any thread and on any platform, unlike an alarm signal.  Seconds are those of the
processor, so that a busy machine finds what an idle one does; on the clock a step may take
`_PATIENCE` times as long.  Budgets are a safety net: what can be bounded by the size of an
expression is bounded by that, so that answers do not depend on the speed of the machine.
"""

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from symmle.errors import BudgetError

Result = TypeVar("Result")

_AGAIN = 0.05  # seconds until an interruption that something swallowed is repeated
_PATIENCE = 6  # seconds on the clock for one of the processor, after which a step is ended anyway
_inside = threading.local()  # a budget within a budget is governed by the outer one


class _Expired(BaseException):
    """No library code may take it for an error of its own."""


class _Watch:
    """Interrupts the thread that made it until it is dismissed."""

    def __init__(self, seconds: float) -> None:
        self._thread = ctypes.c_ulong(threading.get_ident())
        self._left = _countdown(seconds)
        self._lock = threading.Lock()
        self._done = threading.Event()
        threading.Thread(target=self._run, args=(seconds,), daemon=True).start()

    def _run(self, seconds: float) -> None:
        while not self._done.wait(max(seconds, _AGAIN / 10)):
            seconds = self._left()
            if seconds > 0:
                continue
            with self._lock:
                if not self._done.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        self._thread, ctypes.py_object(_Expired)
                    )
            seconds = _AGAIN

    def dismiss(self) -> None:
        """After this no interruption comes any more; one that is pending strikes in here.

        It is not cleared by PyThreadState_SetAsyncExc(thread, NULL): that leaves CPython 3.11's
        request to look for it set for ever, and under a tracer it then never leaves a frame.
        """
        with self._lock:
            self._done.set()
        for _ in range(100):  # a pending interruption is delivered at the end of a loop's turn
            pass


def _countdown(seconds: float) -> Callable[[], float]:
    """How many seconds of this thread's processor time are left; callable from any thread."""
    start = time.monotonic()
    clock_of = getattr(time, "pthread_getcpuclockid", None)  # not on every platform
    if clock_of is None:
        return lambda: start + seconds - time.monotonic()
    clock = clock_of(threading.get_ident())
    used = time.clock_gettime(clock)

    def left() -> float:
        on_the_clock = start + _PATIENCE * seconds - time.monotonic()
        return min(used + seconds - time.clock_gettime(clock), on_the_clock)

    return left


@contextmanager
def allowance(seconds: float) -> Iterator[None]:
    """All budgets in the block together have so much; each has its own limit as well.

    Interrupts nothing by itself: once it is used up, each `bounded` step is given up at once.
    """
    before: Callable[[], float] | None = getattr(_inside, "left", None)
    own = _countdown(seconds)
    _inside.left = own if before is None else (lambda: min(own(), before()))
    try:
        yield
    finally:
        _inside.left = before


def bounded(seconds: float, work: Callable[[], Result]) -> Result:
    """The result of `work()`; BudgetError once it has run for that many seconds of the processor.

    Does not interrupt one long call into compiled code.
    """
    if getattr(_inside, "budget", False):
        return work()
    left = getattr(_inside, "left", None)
    if left is not None:
        seconds = min(seconds, left())
        if seconds <= 0:
            raise BudgetError("the time for this derivation is used up")
    expired = False
    try:
        _inside.budget = True
        watch = _Watch(seconds)
        result = work()
    except _Expired:
        expired = True
    finally:
        while True:  # an interruption may still strike in here
            try:
                watch.dismiss()
                _inside.budget = False
                break
            except _Expired:
                expired = True
    if expired:
        raise BudgetError(f"a symbolic step took more than {seconds:g} s and was given up")
    return result
