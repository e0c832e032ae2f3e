"""A budget ends a step that does not return, and leaves nothing behind."""

import contextlib
import threading
import time

import pytest

from symmle.budget import allowance, bounded
from symmle.errors import BudgetError


def _spin(seconds: float) -> int:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return 7


def test_the_result_of_quick_work_comes_through() -> None:
    """What is done in time is returned, and an error of the work stays that error."""
    assert bounded(5.0, lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        bounded(5.0, lambda: 1 // 0)


def test_work_that_does_not_return_is_ended() -> None:
    """A loop without end is left soon after its time, even if it swallows errors on the way."""

    def stubborn() -> None:
        while True:
            with contextlib.suppress(Exception):
                _spin(0.01)

    start = time.perf_counter()
    with pytest.raises(BudgetError, match=r"0\.05 s"):
        bounded(0.05, stubborn)
    assert time.perf_counter() - start < 5


def test_nothing_strikes_after_the_block() -> None:
    """Work that ends just as its time does: an answer or BudgetError, and quiet afterwards."""
    outcomes = set()
    for i in range(60):
        try:
            outcomes.add(bounded(0.01, lambda i=i: _spin(0.0099 + i * 5e-6)))
        except BudgetError:
            outcomes.add("late")
    assert _spin(0.3) == 7
    assert outcomes <= {7, "late"}


def test_an_inner_budget_is_governed_by_the_outer_one() -> None:
    """Nested: the outer deadline counts, and holds inside the inner work."""
    assert bounded(5.0, lambda: bounded(0.01, lambda: _spin(0.05))) == 7
    with pytest.raises(BudgetError, match=r"0\.05 s"):
        bounded(0.05, lambda: bounded(5.0, lambda: _spin(10.0)))


def test_a_budget_works_in_any_thread() -> None:
    """Where an alarm signal would be refused."""
    told = []

    def work() -> None:
        try:
            bounded(0.05, lambda: _spin(10.0))
        except BudgetError:
            told.append("ended")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=5)
    assert told == ["ended"]


def test_time_that_others_take_does_not_count() -> None:
    """Work that waits for longer than its seconds, and computes for less, is done in peace."""

    def waiting() -> int:
        time.sleep(0.2)
        return _spin(0.02)

    assert bounded(0.1, waiting) == 7


def test_waiting_has_an_end_too() -> None:
    """Work that only sleeps is ended some times its seconds later, and not never."""

    def asleep() -> None:
        while True:
            time.sleep(0.005)

    start = time.perf_counter()
    with pytest.raises(BudgetError):
        bounded(0.05, asleep)
    assert time.perf_counter() - start < 5


def test_an_allowance_is_shared() -> None:
    """Two steps of 0.2 s have 0.25 s between them: the second is ended."""
    with allowance(0.25):
        assert bounded(1.0, lambda: _spin_cpu(0.2)) == 7
        with pytest.raises(BudgetError):
            bounded(1.0, lambda: _spin_cpu(0.2))


def _spin_cpu(seconds: float) -> int:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    return 7
