"""The languages that a plan can be spelled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from symmle.codegen.plan import Plan


@dataclass(frozen=True, slots=True)
class Target:
    """A language: what it is called, the ending of its main file, and how a plan is spelled.

    spell: plan, the file's name without its ending -> {ending: text}, the main file first.
    """

    name: str
    ending: str
    spell: Callable[[Plan, str], Mapping[str, str]]


def _numpy(plan: Plan, stem: str) -> Mapping[str, str]:
    from symmle.codegen.numpy_target import write

    del stem
    return {".py": write(plan)}


def _python(plan: Plan, stem: str) -> Mapping[str, str]:
    from symmle.codegen.scalar.python_target import write

    del stem
    return {".py": write(plan)}


def _numba(plan: Plan, stem: str) -> Mapping[str, str]:
    from symmle.codegen.scalar.numba_target import write

    del stem
    return {".py": write(plan)}


def _c(plan: Plan, stem: str) -> Mapping[str, str]:
    from symmle.codegen.scalar.c_target import write

    files = write(plan, stem)
    return {".c": files.source, ".h": files.header}


def _javascript(plan: Plan, stem: str) -> Mapping[str, str]:
    from symmle.codegen.scalar.javascript_target import write

    del stem
    return {".mjs": write(plan)}


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        each.name: each
        for each in (
            Target("numpy", ".py", _numpy),
            Target("python", ".py", _python),
            Target("numba", ".py", _numba),
            Target("c", ".c", _c),
            Target("javascript", ".mjs", _javascript),
        )
    }
)
