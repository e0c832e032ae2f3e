"""Displayed formulas in LaTeX, shared by the Markdown and the LaTeX of documents."""

from collections.abc import Sequence

import sympy as sp

from symmle.report.document import Formula, Label, MatrixFormula
from symmle.report.printer import latex, reading_terms, text

_WIDEST = 90  # characters of the text form of a formula that go on one line


def formula(piece: sp.Basic | Label) -> str:
    """LaTeX of a piece of mathematics, without dollar signs."""
    return piece.latex if isinstance(piece, Label) else latex(piece)


def aligned(rows: Sequence[Formula]) -> list[str]:
    """An aligned environment; long sums are broken before a plus or minus."""
    lines = []
    for row in rows:
        note = f" \\quad \\text{{{row.note}}}" if row.note else ""
        first, *others = _broken(row.right)
        lines.append(f"{formula(row.left)} &{row.sign} {first}" + ("" if others else note))
        lines += [f"&\\quad {other}" for other in others[:-1]]
        lines += [f"&\\quad {other}{note}" for other in others[-1:]]
    ended = [f"{line} \\\\" for line in lines[:-1]]
    return ["\\begin{aligned}", *ended, lines[-1], "\\end{aligned}"]


def _broken(expr: sp.Basic) -> list[str]:
    if not expr.is_Add or len(text(expr)) <= _WIDEST:
        return [latex(expr)]
    lines: list[str] = []
    width = _WIDEST
    for term in reading_terms(expr):
        written = latex(term)
        signed = written if written.startswith("-") else f"+ {written}"
        size = len(text(term)) + 3
        if not lines or width + size > _WIDEST:
            lines.append(signed if lines else written)
            width = size
        else:
            lines[-1] += f" {signed}"
            width += size
    return lines


def matrix(block: MatrixFormula) -> list[str]:
    """left = a matrix in square brackets, or its entries where it is too wide for a page."""
    rows = block.matrix.tolist()
    width = sum(max(len(text(entry)) for entry in column) for column in zip(*rows, strict=True))
    if width > _WIDEST:
        symmetric = block.is_symmetric
        entries = [
            Formula(_entry(block, i, j), block.matrix[i, j])
            for i in range(block.matrix.rows)
            for j in range(i if symmetric else 0, block.matrix.cols)
        ]
        return aligned(entries)
    inside = [" & ".join(latex(entry) for entry in row) for row in rows]
    return [
        f"{block.left.latex} = \\begin{{bmatrix}}",
        *(f"{row} \\\\[1ex]" for row in inside[:-1]),
        inside[-1],
        "\\end{bmatrix}",
    ]


def _entry(block: MatrixFormula, i: int, j: int) -> Label:
    row, column = latex(block.symbols[i]), latex(block.symbols[j])
    return Label("", f"{{{block.left.latex}}}_{{{row},\\,{column}}}")
