"""Ask for r_densities.json: each R call of the catalogue, at random parameters and rows.

Run from the root of the project:

    python -m tests.ref.make_r_densities | Rscript tests/ref/r_densities.R > answers
    mv answers tests/ref/r_densities.json

A question is the row's `r` word for word, the numbers that its parameters take, and rows of data;
nothing that symmle computes goes into the answer.  Rows past the ends of the domain are asked too.
"""

import json
import random
import sys

import mpmath
import sympy as sp

from symmle.domain import Variable
from symmle.families import FAMILIES, family, family_model
from symmle.families.several_columns import SIZED
from symmle.model import Model
from tests.by_rows import point_in, point_of

POWERS = (1, 1, 3)  # the third setting: numbers between 0.06 and 40
ROWS = 6


def asked(name: str, dimension: int | None) -> list[dict[str, object]]:
    """The questions of one family: they depend on its name and on its domains alone."""
    draw = random.Random(f"{name} {dimension}")
    model = family_model(name, dimension).freed()
    found: list[dict[str, object]] = []
    while len(found) < len(POWERS):
        power = POWERS[len(found)]
        theta = moved(model, point_of(model, draw), dimension, power)
        rows = [row_of(model, theta, draw) for _ in range(ROWS)]
        if sum(is_inside(model, theta, row) for row in rows) < ROWS / 2:
            continue  # a covariance that is none, or an end that leaves little
        question = {"family": name, "dimension": dimension, "r": family(name, dimension).r}
        rows += beyond(model, theta)
        parameters = {str(symbol): float(number) for symbol, number in theta.items()}
        found.append({**question, "parameters": parameters, "rows": rows})
    return found


def moved(model: Model, theta: dict, dimension: int | None, power: int) -> dict:
    """The same point further out, for R's functions have ranges of their own; in a dimension,
    probabilities that leave something for the last and covariances below the variances.
    """
    positive = {each.symbol for each in (*model.given, *model.parameters) if is_positive(each)}
    if dimension:
        return {
            symbol: number if symbol in positive else round(number / dimension, 6)
            for symbol, number in theta.items()
        }
    return {
        symbol: round(number**power, 6) if symbol in positive else number
        for symbol, number in theta.items()
    }


def is_positive(variable: Variable) -> bool:
    """A domain from 0, or from 1 in whole numbers, to infinity."""
    return variable.domain.text in ("positive", "positive integer")


def row_of(model: Model, theta: dict[sp.Symbol, mpmath.mpf], draw: random.Random) -> dict:
    """One row; a column's domain may depend on the parameters and on the columns before it."""
    here = {symbol: sp.Float(str(number), 20) for symbol, number in theta.items()}
    row: dict[str, float] = {}
    for variable in model.data:
        where = variable.domain.at(here)
        if where.integer and where.upper.is_infinite:
            first = int(where.lower) if where.lower.is_finite else -5
            number = float(first + draw.randrange(10))
        else:
            number = float(point_in(where, draw))
        row[str(variable.symbol)] = number
        here[variable.symbol] = sp.Float(number)
    return row


def beyond(model: Model, theta: dict[sp.Symbol, mpmath.mpf]) -> list[dict[str, float]]:
    """The ends of a single column's whole numbers, and a row past each end of its domain."""
    if len(model.data) > 1:
        return []
    here = {symbol: sp.Float(str(number), 20) for symbol, number in theta.items()}
    where, name = model.data[0].domain.at(here), str(model.data[0].symbol)
    ends = [(end, way) for end, way in ((where.lower, -1), (where.upper, 1)) if end.is_finite]
    last = [{name: float(end)} for end, _ in ends if where.integer]
    return last + [{name: float(end + way)} for end, way in ends]


def is_inside(model: Model, theta: dict[sp.Symbol, mpmath.mpf], row: dict[str, float]) -> bool:
    """Whether the log-density is a real number there."""
    numbers = {each.symbol: row[str(each.symbol)] for each in model.data} | theta
    function = sp.lambdify(list(numbers), model.log_density, "mpmath")
    value = mpmath.mpmathify(function(*map(mpmath.mpf, numbers.values())))
    return mpmath.im(value) == 0 and mpmath.isfinite(value)


def main() -> None:
    """Every row of the catalogue that names R; a family of a dimension in two dimensions."""
    sizes = {name: (2, 3) if name in SIZED else (None,) for name in FAMILIES}
    questions = [
        question
        for name, dimensions in sizes.items()
        if FAMILIES[name].r
        for dimension in dimensions
        for question in asked(name, dimension)
    ]
    json.dump(questions, sys.stdout)


if __name__ == "__main__":
    main()
