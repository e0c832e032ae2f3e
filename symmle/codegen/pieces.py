"""Cut the helpers out of `runtime/` that a module's text needs."""

import ast
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

_FILES = ("types", "columns", "special", "functions", "climb", "root", "maximum")


@cache
def _pieces() -> Mapping[str, str]:
    """{name: source} of each definition in `runtime/`, in order."""
    folder = resources.files("symmle.codegen.runtime")
    found = {}
    for file in _FILES:
        text = folder.joinpath(f"{file}.py").read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if isinstance(node, ast.FunctionDef):
                found[node.name] = source
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = source
    return found


def helpers_for(text: str) -> tuple[list[str], list[str]]:
    """(constants and aliases, functions) of `runtime/` that the text uses, also indirectly."""
    pieces = _pieces()
    needed: set[str] = set()
    waiting = [text]
    while waiting:
        words = set(re.findall(r"\w+", waiting.pop()))
        new = [name for name in pieces if name in words and name not in needed]
        needed.update(new)
        waiting += [pieces[name] for name in new]
    chosen = [name for name in pieces if name in needed]
    functions = [pieces[name] for name in chosen if pieces[name].startswith("def ")]
    return [pieces[name] for name in chosen if not pieces[name].startswith("def ")], functions
