"""Documents for a terminal: ASCII, laid out for its width."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

import sympy as sp

from symmle.report.document import (
    Block,
    Document,
    Facts,
    Formula,
    Formulas,
    Label,
    MatrixFormula,
    Paragraph,
    Section,
    Sentence,
    Table,
)
from symmle.report.printer import text

_INDENT = "  "
_NARROWEST = 24  # characters that a wrapped formula is given at least
_HARD = "\0"  # stands for a blank that no line may break at


def render(document: Document, width: int = 80) -> str:
    """The document as lines of at most `width` characters, where formulas can be broken at all."""
    lines = [document.title, "=" * len(document.title)]
    for section in document.sections:
        lines += ["", *_section(section, width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _section(section: Section, width: int) -> Iterable[str]:
    level = f"[{section.level}]" if section.level else ""
    yield section.heading + level.rjust(width - len(section.heading)) if level else section.heading
    yield "-" * len(section.heading)
    for i, block in enumerate(section.blocks):
        if i and _is_apart(section.blocks[i - 1], block):
            yield ""
        for line in render_block(block, width - len(_INDENT)):
            yield _INDENT + line


def _is_apart(before: Block, after: Block) -> bool:
    return not (isinstance(before, Paragraph) and isinstance(after, Formulas | MatrixFormula))


def render_block(block: Block, width: int) -> list[str]:
    """The lines of one block."""
    match block:
        case Paragraph():
            return _filled(block.sentence, width)
        case Formulas():
            return _formulas(block.rows, width)
        case MatrixFormula():
            return _matrix(block, width)
        case Facts():
            return _facts(block.rows, width)
        case Table():
            return _table(block, width)


def plain(sentence: Sentence) -> str:
    """A sentence on one line."""
    return "".join(piece if isinstance(piece, str) else _formula(piece) for piece in sentence)


def _formula(piece: sp.Basic | Label) -> str:
    return piece.text if isinstance(piece, Label) else text(piece)


def _filled(sentence: Sentence, width: int) -> list[str]:
    """Prose broken at blanks; a formula in it stays whole where it fits a line."""
    lines, prose = [], ""
    for piece in sentence:
        formula = "" if isinstance(piece, str) else _formula(piece)
        if isinstance(piece, str):
            prose += piece
        elif len(formula) <= width:
            prose += formula.replace(" ", _HARD)
        else:
            *before, last = wrap(prose, width, break_long_words=False) or [""]
            near = f"{last} " if prose.endswith(" ") and len(last) < _NARROWEST else ""
            lines += before if near else [line for line in (*before, last) if line]
            *broken, prose = broken_formula(near + formula, width)
            lines += broken
            prose = prose.replace(" ", _HARD)
    lines += wrap(prose, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_HARD, " ") for line in lines]


def _formulas(rows: Sequence[Formula], width: int) -> list[str]:
    lefts = [_formula(row.left) for row in rows]
    column = max(map(len, lefts))
    lines = []
    for left, row in zip(lefts, rows, strict=True):
        start = f"{left.ljust(column)} {row.sign} "
        broken = broken_formula(text(row.right), max(width - len(start), _NARROWEST))
        if row.note and len(start) + len(broken[-1]) + len(row.note) + 2 <= width:
            broken[-1] += f"  {row.note}"
        elif row.note:
            broken.append(row.note)
        lines += [start + broken[0], *(" " * len(start) + line for line in broken[1:])]
    return lines


def broken_formula(formula: str, width: int) -> list[str]:
    """Lines that break before a plus or minus, outside parentheses where there is such a place.

    Lines inside parentheses are indented by their depth.  A formula without a place to break
    stays longer than the width.
    """
    places = _breaks(formula)
    lines, start, indent = [], 0, ""
    while len(indent) + len(formula) - start > width:
        reach = start + width - len(indent)
        left = [(depth, at) for depth, at in places if at > start + width // 3]
        fitting = [(depth, at) for depth, at in left if at <= reach] or left[:1]
        if not fitting:
            break
        shallowest = min(depth for depth, _ in fitting)
        at = max(at for depth, at in fitting if depth == shallowest)
        lines.append(indent + formula[start:at].strip())
        start, indent = at, _INDENT * min(int(shallowest + 0.5), 8)
    return [*lines, indent + formula[start:].strip()]


def _breaks(formula: str) -> list[tuple[float, int]]:
    """(depth, position) of every place where a line may end; depth counts parentheses.

    A product is worse to break than a sum, but a quotient is better broken than its denominator.
    """
    depth = 0
    found: list[tuple[float, int]] = []
    for i, character in enumerate(formula):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == " " and formula[i + 1 : i + 3] in ("+ ", "- ", "< ", "> "):
            found.append((depth, i))
        elif character == ",":
            found.append((depth, i + 1))
        elif character == "/":
            found.append((depth + 0.5, i))
        elif character == "*" and "*" not in formula[i - 1] + formula[i + 1]:
            found.append((depth + 2, i))
    return found


def _matrix(block: MatrixFormula, width: int) -> list[str]:
    """Rows in brackets where they fit, else one formula for each entry, equal ones once."""
    rows = [[text(entry) for entry in row] for row in block.matrix.tolist()]
    columns = [max(map(len, column)) for column in zip(*rows, strict=True)]
    start = f"{block.left.text} = "
    whole = len(start) + sum(columns) + 3 * (len(columns) - 1) + 4
    if whole <= width:
        padded = ("   ".join(map(str.ljust, row, columns)) for row in rows)
        lines = [f"[ {row} ]" for row in padded]
        return [start + lines[0], *(" " * len(start) + line for line in lines[1:])]
    symmetric = block.is_symmetric and block.matrix.rows > 1
    entries = [
        Formula(_entry(block, i, j), block.matrix[i, j])
        for i in range(block.matrix.rows)
        for j in range(i if symmetric else 0, block.matrix.cols)
    ]
    return _formulas(entries, width) + (["(symmetric)"] if symmetric else [])


def _entry(block: MatrixFormula, i: int, j: int) -> Label:
    first, second = text(block.symbols[i]), text(block.symbols[j])
    return Label(f"{block.left.text}[{first}, {second}]", "")


def _facts(rows: Sequence[tuple[str, Sentence]], width: int) -> list[str]:
    column = max(len(name) for name, _ in rows) + 2
    lines = []
    for name, sentence in rows:
        filled = _filled(sentence, width - column)
        lines += [name.ljust(column) + filled[0], *(" " * column + line for line in filled[1:])]
    return lines


def _table(block: Table, width: int) -> list[str]:
    rows = [[plain(cell) for cell in row] for row in block.rows]
    widths = [max(map(len, column)) for column in zip(block.header, *rows, strict=True)]
    last = len(widths) - 1
    widths[last] = max(_NARROWEST, min(widths[last], width - sum(widths[:last]) - 2 * last))
    lines = ["  ".join(map(str.ljust, block.header, widths)), "  ".join("-" * w for w in widths)]
    for row in rows:
        cells = [
            cell.rjust(size) if i in block.right else cell.ljust(size)
            for i, (cell, size) in enumerate(zip(row[:last], widths[:last], strict=True))
        ]
        if last in block.right:
            tail = [row[last].rjust(widths[last])]
        else:
            tail = wrap(row[last], widths[last], break_long_words=False) or [""]
        start = "".join(f"{cell}  " for cell in cells)
        lines += [start + tail[0], *(" " * len(start) + line for line in tail[1:])]
    return lines
