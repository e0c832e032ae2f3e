"""A time budget for a symbolic step that may not return.

The step is interrupted between two bytecodes by an exception raised in its own thread, which
works in any thread and on any platform, unlike an alarm signal.  Budgets are a safety net: what
can be bounded by the size of an expression is bounded by that, so that answers do not depend on
the speed of the machine.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from symmle.errors import BudgetError


@contextmanager
def budget(seconds: float) -> Iterator[None]:
    """Raise BudgetError in the block once it has run for that many seconds.

    Does not interrupt one long call into compiled code; budgets may nest.
    """

    class Expired(BaseException):  # no library code may take it for an error of its own
        pass

    lock = threading.Lock()
    thread = ctypes.c_ulong(threading.get_ident())
    running = True

    def interrupt(what: object) -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, what)

    def expire() -> None:
        with lock:
            if running:
                interrupt(ctypes.py_object(Expired))

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        try:
            yield
        finally:
            with lock:
                running = False
                timer.cancel()
    except Expired:
        raise BudgetError(
            f"a symbolic step took more than {seconds:g} s and was given up"
        ) from None
