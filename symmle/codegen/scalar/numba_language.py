"""The scalar program as numba compiles it: arrays for lists, and sums over blocks of rows.

A loop over rows becomes a kernel that sums one block, and a function that runs the kernel over all
blocks side by side and adds what they give in order: the same bits with any number of threads.
"""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symmle.codegen.layout import INDENT, bracketed, returned, signature
from symmle.codegen.names import Names

_ADD = re.compile(r"^\s*(\w+), (\w+) = _add\((\w+), (\w+), (.*)\)$")
_LOG = re.compile(r"^\w+ \* (?:math\.|_)(?P<name>log|log1p|log_gap)\((?P<inside>.*)\)$")
_LIST = re.compile(r"(?<=[=,] )\[(-?[\w.]+)\] \* (\w+|\((?:[^()]|\([^()]*\))*\)|\w+\([^()]*\))")


@dataclass(frozen=True, slots=True)
class _Loop:
    """A loop over rows: its first and last line, names, arrays, and the lines of its body."""

    start: int
    stop: int
    names: tuple[str, ...]
    arrays: tuple[str, ...]
    body: tuple[str, ...]


def compiled(text: str, known: Iterable[str], data: str) -> list[str]:
    """A function of the program, decorated, with the kernels that it calls before it.

    known: the functions and constants of the module, which a kernel need not be given; data: what
    the statistics are called.
    """
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    lines = text.split("\n")
    kernels: list[str] = []
    for loop in reversed(list(_loops(node, lines))):
        sums = _sums(loop)
        if sums is None:
            lines[loop.start : loop.stop] = _by_index(loop)
            continue
        name = f"{node.name.lstrip('_')}_{len(kernels) + 1}"
        kernel, called = _kernel(name, loop, sums, set(known), data)
        kernels.append(kernel)
        lines[loop.start : loop.stop] = called
    text = "\n".join(_without_try(lines))
    text = _LIST.sub(_as_array, text)
    text = re.sub(r"^(\s+\w+ = )(\[[^\]]*\])$", r"\1np.array(\2)", text, flags=re.MULTILINE)
    text = re.sub(r"\bif reason:", "if len(reason) > 0:", text)
    return [*reversed(kernels), f"@_compiled\n{text}"]


def _as_array(found: re.Match[str]) -> str:
    entry, size = found[1], found[2]
    size = size[1:-1] if size.startswith("(") else size
    return f"np.zeros({size})" if entry == "0.0" else f"np.full({size}, {entry})"


def _loops(node: ast.FunctionDef, lines: Sequence[str]) -> Iterable[_Loop]:
    for each in ast.walk(node):
        if not isinstance(each, ast.For) or not isinstance(each.iter, ast.Call):
            continue
        if ast.unparse(each.iter.func) != "zip":
            continue
        assert isinstance(each.target, ast.Tuple) and each.end_lineno is not None
        names = tuple(ast.unparse(name) for name in each.target.elts)
        arrays = tuple(ast.unparse(array) for array in each.iter.args)
        first = each.body[0].lineno - 1
        body = tuple(lines[first : each.end_lineno])
        yield _Loop(each.lineno - 1, each.end_lineno, names, arrays, body)


def _sums(loop: _Loop) -> list[tuple[str, str, str]] | None:
    """(total, rest, term) of each sum; None where a row changes something else that lasts."""
    found, plain = [], []
    for line in loop.body:
        match = _ADD.match(line)
        if match:
            found.append((match[1], match[2], match[5]))
        else:
            plain.append(line)
    tree = ast.parse("\n".join(line[2 * len(INDENT) :] for line in plain))
    for each in tree.body:
        if not isinstance(each, ast.Assign) or not isinstance(each.targets[0], ast.Name):
            return None
        if each.targets[0].id in {n.id for n in ast.walk(each.value) if isinstance(n, ast.Name)}:
            return None
    return found or None


def _by_index(loop: _Loop) -> list[str]:
    """The same loop over numbers of rows."""
    row = Names(loop.names).fresh("row")
    pad = INDENT * 2
    read = [f"{pad}{n} = {a}[{row}]" for n, a in zip(loop.names[:-1], loop.arrays, strict=False)]
    *_, weights = loop.arrays
    weight = f"{pad}{loop.names[-1]} = 1.0 if {weights} is None else {weights}[{row}]"
    return [f"{INDENT}for {row} in range(len({loop.arrays[0]})):", *read, weight, *loop.body]


def _kernel(
    name: str, loop: _Loop, sums: Sequence[tuple[str, str, str]], known: set[str], data: str
) -> tuple[str, list[str]]:
    """(the kernel and what runs it over all blocks, the lines that call it)."""
    body = "\n".join(line[2 * len(INDENT) :] for line in loop.body)
    tree = ast.parse(body)
    words = {n.id: None for n in ast.walk(tree) if isinstance(n, ast.Name)}
    made = {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    own = {*loop.names, *made, *(total for total, _, _ in sums), "math", "abs", "min", "max"}
    more = [word for word in sorted(words) if word not in own | known]
    free = Names({*words, *loop.names})  # of ours, each in no one's way
    arrays = [free.fresh(f"{each}_rows") for each in loop.names[:-1]]
    weights, start, stop, row = (free.fresh(n) for n in ("weights", "start", "stop", "row"))
    rows, blocks, block, parts = (free.fresh(n) for n in ("rows", "blocks", "block", "parts"))
    part, k = free.fresh("part"), free.fresh("k")
    columns = [*(f"{each}: Rows" for each in arrays), f"{weights}: Rows | None"]
    numbers = [f"{each}: {'Statistics' if each == data else 'float'}" for each in more]
    cut = [*(f"{each}[{start}:{stop}]" for each in arrays), weights, start, *more]
    text = [
        "@_vectorised",
        signature(f"_block_of_{name}", [*columns, f"{start}: int", *numbers], "Point"),
        *_block(loop, sums, arrays, (row, weights, start)),
        "",
        "",
        "@_parallel",
        signature(f"_sums_of_{name}", [*columns, *numbers], "Floats"),
        f"    {rows} = len({arrays[0]})",
        f"    {blocks} = ({rows} + _BLOCK - 1) // _BLOCK",
        f"    {parts} = np.empty(({blocks}, {len(sums)}))",
        f"    for {block} in numba.prange({blocks}):",
        f"        {start} = {block} * _BLOCK",
        f"        {stop} = min({start} + _BLOCK, {rows})",
        *bracketed(f"{part} = _block_of_{name}(", cut, ")", 2),
        f"        for {k} in range({len(sums)}):",
        f"            {parts}[{block}, {k}] = {part}[{k}]",
        f"    return _folded({parts})",
    ]
    found = free.fresh("sums")
    called = bracketed(f"{found} = _sums_of_{name}(", [*loop.arrays, *more], ")")
    for i, (total, rest, _) in enumerate(sums):
        called.append(f"{INDENT}{total}, {rest} = {found}[{i}, 0], {found}[{i}, 1]")
    return "\n".join(text), called


def _block(
    loop: _Loop,
    sums: Sequence[tuple[str, str, str]],
    arrays: Sequence[str],
    ours: tuple[str, str, str],
) -> list[str]:
    """The lines of a kernel: sums over the rows of one block."""
    row, weights, start = ours
    lines: list[str] = []
    logs = {total: m for total, _, term in sums if (m := _LOG.match(term))}
    for total, _, _ in sums:
        lines.append(f"{INDENT}{total} = 0.0")
    for total in logs:
        lines.append(f"{INDENT}{total}_terms = np.empty(len({arrays[0]}))")
    lines.append(f"{INDENT}for {row} in range(len({arrays[0]})):")
    pad = INDENT * 2
    lines += [f"{pad}{n} = {a}[{row}]" for n, a in zip(loop.names[:-1], arrays, strict=True)]
    lines.append(
        f"{pad}{loop.names[-1]} = 1.0 if {weights} is None else {weights}[{start} + {row}]"
    )
    for line in loop.body:
        match = _ADD.match(line)
        if match is None:
            lines.append(line)
        elif match[1] in logs:
            lines.append(f"{pad}{match[1]}_terms[{row}] = {logs[match[1]]['inside']}")
        else:
            lines.append(f"{pad}{match[1]} += {match[5]}")
    for total, found in logs.items():
        lines.append(f"{INDENT}{total} = _sum_{found['name']}({total}_terms, {weights}, {start})")
    return [*lines, *returned([total for total, _, _ in sums])]


def _without_try(lines: Iterable[str]) -> list[str]:
    """Numbers overflow to infinity here, and nothing is raised: of `try` the body is left."""
    found: list[str] = []
    inside = skipping = False
    for line in lines:
        if line == f"{INDENT}try:":
            inside = True
        elif line.startswith(f"{INDENT}except "):
            inside, skipping = False, True
        elif inside:
            found.append(line.removeprefix(INDENT))
        elif not (skipping and line.startswith(INDENT * 2)):
            skipping = False
            found.append(line)
    return found
