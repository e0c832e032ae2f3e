"""A certified basin as a record that `checker.py` reads without the rest of the program."""

import sympy as sp

from symmle.dynamics.basin import Basin
from symmle.dynamics.moves import Ends, Moves
from symmle.enclosed import exactly
from symmle.errors import InputError
from symmle.sample_mean import SampleMean, raw

Record = dict[str, object]

_KNOWN = (
    sp.exp, sp.log, sp.sin, sp.cos, sp.tanh, sp.sinh, sp.cosh, sp.atan, sp.loggamma, sp.erf,
    sp.erfc, sp.polygamma, SampleMean,
)  # fmt: skip


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
        "positive": [_text(each) for each in moves.positive],
        "constants": {str(each.letter): each.text for each in moves.constants},
        "statistics": {str(each.letter): str(each.statistic) for each in moves.constants},
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


def _text(expr: sp.Expr) -> str:
    """The expression with every number exact."""
    there = {each: sp.Rational(each) for each in expr.atoms(sp.Float)}
    unknown = [f for f in expr.atoms(sp.Function) if not isinstance(f, _KNOWN)]
    if unknown:
        raise InputError(
            f"a certificate has no way to write {unknown[0].func}; leave --certificate out"
        )
    return str(raw(expr).xreplace(there))
