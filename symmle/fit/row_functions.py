"""Expressions evaluated row by row, in doubles, in the stable forms of a generated module."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symmle.codegen.formula import straight_line
from symmle.codegen.layout import Body
from symmle.codegen.loading import load
from symmle.codegen.names import Names
from symmle.codegen.pieces import helpers_for
from symmle.codegen.printer import Printer
from symmle.codegen.stable import stable

Floats = NDArray[np.float64]
RowFunction = Callable[[Mapping[sp.Symbol, Floats], Sequence[float]], Floats]

_IMPORTED = ("np", "math", "special", "float")


def row_function(
    data: Sequence[sp.Symbol], symbols: Sequence[sp.Symbol], expressions: Sequence[sp.Expr]
) -> RowFunction:
    """A function of (columns by data symbol, parameters) -> one row of numbers per expression.

    Raises InputError for an expression that no generated code can hold.
    """
    columns = dict.fromkeys(data, np.empty(0))
    rows = frozenset(data)
    forms = [stable(each, rows) for each in expressions]
    taken = [symbol.name for symbol in (*data, *symbols)]
    formula = straight_line([], [], forms, columns, Names([*taken, *_IMPORTED]))
    alias = {name: f"_{name}" for name in _IMPORTED if name in taken}
    taken += _IMPORTED
    body = Body(formula, Printer(formula.rows, alias), Names({*taken, *formula.words()}), str)
    texts = body.named_results()
    arguments = ", ".join(symbol.name for symbol in (*data, *symbols))
    code = "\n".join(
        [f"def rows({arguments}):", *body.lines, f"    return [{', '.join(texts)}]", ""]
    )
    constants, helpers = helpers_for(code)
    head = ["import math", "import numpy as np"]
    head += ["from scipy import special"] if "special." in "\n".join([code, *helpers]) else []
    types = ["from numpy.typing import ArrayLike, NDArray", "Floats = NDArray[np.float64]"]
    types += [f"{short} = {name}" for name, short in alias.items()]
    module = load("\n".join([*head, *types, *constants, code, *helpers]), "symmle_rows")

    def evaluated(values: Mapping[sp.Symbol, Floats], theta: Sequence[float]) -> Floats:
        n = len(values[data[0]])
        with np.errstate(all="ignore"):
            found = module.rows(*(values[symbol] for symbol in data), *theta)
        return np.array([np.broadcast_to(np.asarray(each, dtype=float), n) for each in found])

    return evaluated
