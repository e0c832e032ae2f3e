"""What a document is made of, before it is text, Markdown or LaTeX.

A sentence is a tuple of pieces: strings are prose, SymPy objects and labels are mathematics.
Whoever writes a document knows no page, and whoever renders one knows no statistics.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp

from symmle.stability.compare import same_matrix


@dataclass(frozen=True, slots=True)
class Label:
    """A formula that SymPy has no object for, in text and in LaTeX."""

    text: str
    latex: str


Piece: TypeAlias = "str | sp.Basic | Label"
Sentence: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Prose with formulas in it."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Formula:
    """left = right; `sign` stands between the two, `note` is prose behind them."""

    left: Label | sp.Basic
    right: sp.Basic
    sign: str = "="
    note: str = ""


@dataclass(frozen=True, slots=True)
class Formulas:
    """Formulas below one another, aligned at their signs."""

    rows: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class MatrixFormula:
    """left = a matrix; rows and columns belong to `symbols`."""

    left: Label
    matrix: sp.ImmutableMatrix
    symbols: tuple[sp.Symbol, ...]

    @property
    def is_symmetric(self) -> bool:
        """Whether it is certainly symmetric; SymPy would simplify each difference for seconds."""
        return self.matrix.is_square and same_matrix(self.matrix, self.matrix.T) is True


@dataclass(frozen=True, slots=True)
class Facts:
    """Named statements, such as "best step: ..."; an empty name continues the one above."""

    rows: tuple[tuple[str, Sentence], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of sentences under a header; `right` names the columns of numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[Sentence, ...], ...]
    right: frozenset[int] = frozenset()


Block = Paragraph | Formulas | MatrixFormula | Facts | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, the level at which its content is known (or ""), and the content."""

    heading: str
    blocks: tuple[Block, ...]
    level: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A title, the command that makes the document again, and its sections."""

    title: str
    command: str
    sections: tuple[Section, ...]


def listed(items: Sequence[Sentence] | Sequence[Piece], last: str = "and") -> Sentence:
    """`a`, `a and b`, `a, b and c` as one sentence."""
    sentences = [item if isinstance(item, tuple) else (item,) for item in items]
    joined: list[Piece] = []
    for i, sentence in enumerate(sentences):
        if i:
            joined.append(f" {last} " if i == len(sentences) - 1 else ", ")
        joined += sentence
    return tuple(joined)
