"""Cut the helpers out of `runtime/`, or `scalar/library/`, that a module's text needs."""

import ast
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

_FILES = {
    "runtime": ("types", "columns", "special", "functions", "climb", "root", "maximum"),
    "scalar.library": ("sums", "special", "root", "climb"),
}


@cache
def _pieces(room: str) -> Mapping[str, str]:
    """{name: source} of each definition in a room of helpers, in order."""
    folder = resources.files(f"symmle.codegen.{room}")
    found = {}
    for file in _FILES[room]:
        text = folder.joinpath(f"{file}.py").read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if isinstance(node, ast.FunctionDef):
                found[node.name] = source
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = source
    return found


def helpers_for(
    text: str, room: str = "runtime", instead: Mapping[str, str] = MappingProxyType({})
) -> tuple[list[str], list[str]]:
    """(constants and aliases, functions) of a room that the text uses, also indirectly.

    instead: {function: another that is called in its place}, for a language that has none.
    """
    pieces = {name: called_instead(piece, instead) for name, piece in _pieces(room).items()}
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


def called_instead(text: str, instead: Mapping[str, str]) -> str:
    """The text with some functions called in the place of others."""
    for old, new in instead.items():
        text = re.sub(rf"\b{re.escape(old)}\(", f"{new}(", text)
    return text
