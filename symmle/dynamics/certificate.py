"""A certified basin as a record that `checker.py` reads without the rest of the program."""

from collections.abc import Sequence

import sympy as sp

from symmle.dynamics.basin import Basin
from symmle.dynamics.moves import Ends, Moves
from symmle.dynamics.operations import Operations, Place
from symmle.enclosed import exactly
from symmle.sample_mean import raw

Record = dict[str, object]


def certificate(moves: Moves, basin: Basin, claim: str) -> Record:
    """The map as text, in exact numbers, and what is claimed of it.

    claim: in words, for a reader.  Raises InputError for a function that the checker does not know.
    """
    return {
        "claim": claim,
        "variables": [str(each) for each in moves.variables],
        "statements": [
            {
                "moves": [str(each) for each in line.written.parameters],
                "values": [_text(value) for value in line.written.values],
                "repeat": line.written.repeat,
            }
            for line in moves.lines
        ],
        "sweeps": moves.sweeps,
        "statistics": {
            str(each.letter): [str(each.statistic), each.text] for each in moves.constants
        },
        **_operations(moves),
        "rows": {
            str(symbol): [str(exactly(value)) for value in column]
            for symbol, column in moves.rows.items()
        },
        "weights": [str(exactly(count)) for count in moves.counts],
        "contraction": {
            "centre": [str(each) for each in basin.centre],
            "radii": [str(each) for each in basin.radii],
            "updates": basin.updates,
            "bound": str(basin.bound),
        },
        "boxes": [_ends(box) for box in basin.boxes],
        "way": basin.way,
    }


def _ends(box: Ends) -> list[list[str]]:
    return [[str(low), str(high)] for low, high in box]


def _operations(moves: Moves) -> Record:
    """One update, with what must stay positive before and after each of its lines."""
    letters = {each.letter: each.text for each in moves.constants}
    written = Operations(moves.variables, letters, list(moves.rows))
    here = dict(written.variables)

    def places(exprs: Sequence[sp.Expr]) -> list[Place]:
        known = dict(here)
        return [written.place(_exact(expr), known) for expr in exprs]

    positive = places(moves.positive)
    for line in moves.lines * moves.sweeps:
        for _ in range(line.written.repeat):
            new = places(line.written.values)
            here |= zip(line.written.parameters, new, strict=True)
            positive += places(moves.positive)
    return {
        "constants": written.constants,
        **written.listed(),
        "image": [written.numbered(here[each]) for each in moves.variables],
        "positive": sorted({written.numbered(each) for each in positive}),
    }


def _exact(expr: sp.Expr) -> sp.Expr:
    """The expression in raw moments, with every number exact."""
    plain = raw(expr)
    return plain.xreplace({each: sp.Rational(each) for each in plain.atoms(sp.Float)})


def _text(expr: sp.Expr) -> str:
    return str(_exact(expr))
