"""symmle: symbolic derivation, stability analysis and verification of maximum likelihood.

    model = symmle.family_model("gamma")
    derivation = symmle.derive(model)
    estimator = symmle.estimate(derivation)
    found = symmle.fit("gamma", [1.3, 0.4, 2.2])  # or an array, a data frame, a file

A verb is imported when it is first used, so that `import symmle` costs nothing.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symmle.api import diagnose as diagnose
    from symmle.api import fit as fit
    from symmle.api import rank as rank
    from symmle.data import read as read
    from symmle.derive import derive as derive
    from symmle.errors import SymmleError as SymmleError
    from symmle.estimate import estimate as estimate
    from symmle.families import family_model as family_model
    from symmle.known import Known as Known
    from symmle.model import build_model as build_model
    from symmle.model import load_model as load_model
    from symmle.schemes import alternating as alternating
    from symmle.schemes import coordinate as coordinate
    from symmle.schemes import simultaneous as simultaneous
    from symmle.stability import stability as stability
    from symmle.verify import verify as verify

__version__ = "0.1.0"

_ROOMS = {
    "Known": "known",
    "SymmleError": "errors",
    "alternating": "schemes",
    "build_model": "model",
    "coordinate": "schemes",
    "derive": "derive",
    "diagnose": "api",
    "estimate": "estimate",
    "family_model": "families",
    "fit": "api",
    "load_model": "model",
    "rank": "api",
    "read": "data",
    "simultaneous": "schemes",
    "stability": "stability",
    "verify": "verify",
}

__all__ = ["__version__", *_ROOMS]


class _Package(ModuleType):
    """The package itself, in which a verb and the room it lives in may share a name.

    Importing symmle.derive makes the import system bind that module to the name `derive` here,
    over the function that `symmle.derive(...)` means; this keeps the function.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _ROOMS or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'symmle' has no attribute {name!r}")
    return getattr(import_module(f"symmle.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})


sys.modules[__name__].__class__ = _Package
