"""Documents as Markdown with $...$ mathematics."""

import re
from collections.abc import Iterable, Sequence

from symmle.report.document import (
    Block,
    Document,
    Facts,
    Formulas,
    MatrixFormula,
    Paragraph,
    Section,
    Sentence,
    Table,
)
from symmle.report.mathematics import aligned, formula, matrix


def render(document: Document) -> str:
    """The document, with the mark of symmle's files in its first line."""
    lines = [f"<!-- made by symmle: {_comment(document.command)} -->", f"# {document.title}"]
    for section in document.sections:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def _comment(command: str) -> str:
    return " ".join(command.split()).replace("-->", "-- >")


def _section(section: Section) -> Iterable[str]:
    level = f" ({section.level})" if section.level else ""
    yield f"## {section.heading}{level}"
    for block in section.blocks:
        yield ""
        yield from _block(block)


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph():
            return [_sentence(block.sentence)]
        case Formulas():
            return ["$$", *aligned(block.rows), "$$"]
        case MatrixFormula():
            return ["$$", *matrix(block), "$$"]
        case Facts():
            return _facts(block.rows)
        case Table():
            return _table(block)


def _facts(rows: Sequence[tuple[str, Sentence]]) -> list[str]:
    """A list; a row without a name belongs to the name above it."""
    lines: list[str] = []
    for name, sentence in rows:
        if name:
            lines.append(f"- **{name}:** {_sentence(sentence)}")
        else:
            lines[-1] += f", {_sentence(sentence)}"
    return lines


def _table(block: Table) -> list[str]:
    rule = ("--:" if i in block.right else "---" for i in range(len(block.header)))
    rows = [[_sentence(cell).replace("|", "\\|") for cell in row] for row in block.rows]
    return [f"| {' | '.join(cells)} |" for cells in (block.header, rule, *rows)]


def _sentence(sentence: Sentence) -> str:
    return "".join(
        _escaped(piece) if isinstance(piece, str) else f"${formula(piece)}$" for piece in sentence
    )


def _escaped(prose: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", prose)
