"""Letters for what a long formula repeats, so that it fits on a page.

Only formulas that are long get any; what stands for a letter is told below them.  Nothing is
expanded or simplified: each letter stands for a part that occurs as it is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import sympy as sp

from symmle.domain import Datum
from symmle.report.document import (
    Block,
    Formula,
    Formulas,
    Label,
    MatrixFormula,
    Paragraph,
    Section,
)
from symmle.report.printer import latex, reading_terms, text
from symmle.sample_mean import OverData, has_data

_LONG_TERM, _LONG_BLOCK = 180, 900  # characters of text, from which on letters are sought
_LEAST_SAVED = 60  # characters that a letter must spare, its own line counted
_SHORTEST = 12  # what is shorter is as quickly read as a letter
_MOST_LETTERS = 8


def abbreviated(section: Section) -> Section:
    """The section with letters in its long formulas."""
    return replace(section, blocks=tuple(new for old in section.blocks for new in _blocks(old)))


def _blocks(block: Block) -> Iterator[Block]:
    if not isinstance(block, Formulas | MatrixFormula):
        yield block
        return
    right = [row.right for row in block.rows] if isinstance(block, Formulas) else [*block.matrix]
    short, letters = _with_letters([sp.sympify(each) for each in right])
    if not letters:
        yield block
        return
    if isinstance(block, Formulas):
        rows = (replace(row, right=new) for row, new in zip(block.rows, short, strict=True))
        yield Formulas(tuple(rows))
    else:
        yield replace(block, matrix=sp.ImmutableMatrix(*block.matrix.shape, short))
    yield Paragraph(("where",))
    yield Formulas(tuple(Formula(Label(text(s), latex(s)), part) for s, part in letters.items()))


def _with_letters(
    exprs: Sequence[sp.Expr],
) -> tuple[list[sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """The expressions with letters, and what these stand for, each before it is used."""
    short, letters = list(exprs), dict[sp.Symbol, sp.Expr]()
    for name in _names(exprs):
        if not _is_long(short):
            break
        part = _worthiest([*short, *letters.values()])
        if part is None:
            break
        # a part that varies with the rows is no constant that a mean lets out
        letter = Datum(name, real=True) if has_data(part) else sp.Symbol(name, real=True)
        short = [_put(each, part, letter) for each in short]
        letters = {s: _put(old, part, letter) for s, old in letters.items()}
        letters[letter] = part
    ordered = dict(_in_order(letters))
    named = {
        old: type(old)(name, real=True) for old, name in zip(ordered, _names(exprs), strict=False)
    }
    return [_renamed(each, named) for each in short], {
        named[letter]: _renamed(part, named) for letter, part in ordered.items()
    }


def _names(exprs: Sequence[sp.Expr]) -> list[str]:
    """w1, w2, ... or the same with a longer stem, should the expressions have such names."""
    stem = "w"
    while any(s.name.startswith(stem) for each in exprs for s in each.atoms(sp.Symbol)):
        stem += "w"
    return [f"{stem}{i}" for i in range(1, _MOST_LETTERS + 1)]


def _renamed(expr: sp.Expr, names: Mapping[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """All at once: the new names are among the old."""
    between = {old: type(old)(f"_{old.name}", real=True) for old in names}
    for old, new in between.items():
        expr = _put(expr, old, new)
    for old, new in between.items():
        expr = _put(expr, new, names[old])
    return expr


def _put(expr: sp.Expr, part: sp.Expr, letter: sp.Symbol) -> sp.Expr:
    """The letter for the part, wherever it stands; means are not worked out anew."""
    if expr == part:
        return letter
    if not expr.args or not expr.has(part):
        return expr
    args = [_put(arg, part, letter) for arg in expr.args]
    if isinstance(expr, OverData):
        return expr.func(*args, evaluate=False)
    return expr.func(*args)


def _is_long(exprs: Sequence[sp.Expr]) -> bool:
    terms = (term for each in exprs for term in (reading_terms(each) if each.is_Add else [each]))
    return sum(len(text(each)) for each in set(exprs)) > _LONG_BLOCK or any(
        len(text(term)) > _LONG_TERM for term in terms
    )


def _worthiest(exprs: Iterable[sp.Expr]) -> sp.Expr | None:
    """The part that a letter would spare most of; None where none spares enough."""
    counts = Counter(part for each in set(exprs) for part in sp.preorder_traversal(each))
    best, most = None, _LEAST_SAVED
    for part, count in sorted(counts.items(), key=lambda item: sp.default_sort_key(item[0])):
        if count < 2 or not isinstance(part, sp.Expr) or part.is_Atom:
            continue
        size = len(text(part))
        spared = (count - 1) * (size - 2) - 6
        if size >= _SHORTEST and spared > most:
            best, most = part, spared
    return best


def _in_order(letters: dict[sp.Symbol, sp.Expr]) -> Iterator[tuple[sp.Symbol, sp.Expr]]:
    left = dict(letters)
    while left:
        ready = [s for s, part in left.items() if not part.free_symbols & set(left)]
        for symbol in ready:
            yield symbol, left.pop(symbol)
