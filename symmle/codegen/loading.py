"""Make a module from text that was generated here."""

import sys
from types import ModuleType


def load(source: str, name: str) -> ModuleType:
    """A module from text that `generate` made; its `source` is that text.

    Never for text from elsewhere: it is executed.
    """
    module = ModuleType(name)
    module.__dict__["source"] = source
    sys.modules[name] = module  # NamedTuple looks its module up
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module
