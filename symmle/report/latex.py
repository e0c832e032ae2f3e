"""Documents as LaTeX: a whole file that pdflatex compiles, no formula wider than its page."""

import re
from collections.abc import Iterable, Sequence

import sympy as sp

from symmle.report.document import (
    Block,
    Document,
    Facts,
    Formulas,
    Label,
    MatrixFormula,
    Paragraph,
    Section,
    Sentence,
    Table,
)
from symmle.report.mathematics import aligned, formula, matrix
from symmle.report.printer import text

_PREAMBLE = r"""\documentclass[a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\usepackage{graphicx}
\setlength{\parindent}{0pt}
\setlength{\parskip}{1ex}
\allowdisplaybreaks
\sloppy
\newsavebox{\formula}
\newcommand{\fitted}[1]{\sbox{\formula}{$\displaystyle #1$}%
  \ifdim\wd\formula>0.9\linewidth\resizebox{0.9\linewidth}{!}{\usebox{\formula}}%
  \else\usebox{\formula}\fi}
"""
_INLINE = 60  # characters of text, from which on a formula in a sentence is not left to be broken
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{character: f"\\{character}" for character in "#$%&_{}"},
}


def render(document: Document) -> str:
    """The document, with the mark of symmle's files in its first line."""
    lines = [
        f"% made by symmle: {' '.join(document.command.split())}",
        _PREAMBLE + f"\\title{{{_escaped(document.title)}}}\n\\date{{}}",
        "\\begin{document}",
        "\\maketitle",
    ]
    for section in document.sections:
        lines += ["", *_section(section)]
    return "\n".join([*lines, "", "\\end{document}"]) + "\n"


def _section(section: Section) -> Iterable[str]:
    level = f" ({section.level})" if section.level else ""
    yield f"\\section*{{{_escaped(section.heading + level)}}}"
    for block in section.blocks:
        yield ""
        yield from _block(block)


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph():
            return [_sentence(block.sentence)]
        case Formulas():
            return ["\\[\\fitted{", *aligned(block.rows), "}\\]"]
        case MatrixFormula():
            return ["\\[\\fitted{", *matrix(block), "}\\]"]
        case Facts():
            return ["\\begin{description}", *_facts(block.rows), "\\end{description}"]
        case Table():
            return _table(block)


def _facts(rows: Sequence[tuple[str, Sentence]]) -> list[str]:
    """The items of a list; a row without a name belongs to the name above it."""
    lines: list[str] = []
    for name, sentence in rows:
        if name:
            lines.append(f"\\item[{_escaped(name)}] {_sentence(sentence)}")
        else:
            lines[-1] += f", {_sentence(sentence)}"
    return lines


def _table(block: Table) -> list[str]:
    count = len(block.header)
    columns = ["r" if i in block.right else "l" for i in range(count - 1)]
    columns.append("r" if count - 1 in block.right else "p{0.6\\linewidth}")
    rows = [" & ".join(_sentence(cell) for cell in row) + " \\\\" for row in block.rows]
    header = " & ".join(_escaped(cell) for cell in block.header) + " \\\\ \\hline"
    start = f"\\begin{{tabular}}{{{''.join(columns)}}}"
    return [start, header, *rows, "\\end{tabular}"]


def _sentence(sentence: Sentence) -> str:
    return "".join(_escaped(p) if isinstance(p, str) else _inline(p) for p in sentence)


def _inline(piece: sp.Basic | Label) -> str:
    long = len(piece.text if isinstance(piece, Label) else text(piece)) > _INLINE
    return f"\\fitted{{{formula(piece)}}}" if long else f"${formula(piece)}$"


def _escaped(prose: str) -> str:
    return re.sub(r"[\\~^<>|\"#$%&_{}]", lambda match: _SPECIAL[match[0]], prose)
