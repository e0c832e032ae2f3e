"""A model made ready to be fitted: what depends on the density alone, done once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from symmle.codegen import generate, load
from symmle.derive import Derivation, derive
from symmle.estimate import Estimator, estimate
from symmle.model import Model


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model, its derivation, its estimator, and the module generated from them.

    module: made when it is first asked for, since data may show that no estimate exists, and then
    kept.  Raises what `generate` raises.
    """

    model: Model
    derivation: Derivation
    estimator: Estimator
    module: Callable[[], ModuleType]


def prepare(model: Model) -> Prepared:
    """Derive, solve and generate once; `fit` takes the answer for as many samples as there are.

    Raises InputError for a model with a constant that is no whole number and has no value.
    """
    model = model.freed()
    derivation = derive(model)
    return prepared(derivation, estimate(derivation))


def prepared(derivation: Derivation, estimator: Estimator) -> Prepared:
    """The same of what is derived and solved; the model has no constant without a value."""
    model = derivation.model

    @cache
    def module() -> ModuleType:
        return load(generate(derivation, estimator), f"symmle_{model.name}")

    return Prepared(model, derivation, estimator, module)
