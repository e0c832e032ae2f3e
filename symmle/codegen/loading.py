"""Make a module from text that was generated here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from symmle.errors import DependencyError


def load(source: str, name: str) -> ModuleType:
    """A module from text that `generate` made; its `source` is that text.

    Never for text from elsewhere: it is executed.
    Raises DependencyError where it needs SciPy and there is none.
    """
    module = ModuleType(name)
    module.__dict__["source"] = source
    sys.modules[name] = module  # NamedTuple looks its module up
    with needing_scipy():
        exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module


@contextmanager
def needing_scipy() -> Iterator[None]:
    """A block that may import SciPy, whose absence is a DependencyError."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "scipy":
            raise
        raise DependencyError(
            "special functions on arrays need SciPy, which is not installed; install it with: "
            "pip install 'symmle[fit]'"
        ) from None
