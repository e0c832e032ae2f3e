"""A small sample and a few points inside the domains, at no special place.

Used to doubt a claim (`verify`) and to refute one cheaply before it is made (`estimate`).  The
choice is fixed, so that an answer can be reproduced.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import TypeAlias

import mpmath
import sympy as sp

from symmle.domain import Datum, Domain
from symmle.errors import InputError
from symmle.model import Model
from symmle.precise import Columns, Point
from symmle.tree_value import tree_value

_DIGITS = 60

_Rows: TypeAlias = Mapping[str, tuple[str, ...]]

_ROWS: _Rows = {
    "real": ("0.37", "-1.9", "2.71", "0.05", "5.3", "-0.6", "1.44"),
    "positive": ("0.31", "1.7", "0.92", "4.4", "2.05", "0.66", "7.9"),
    "unit": ("0.13", "0.58", "0.34", "0.91", "0.47", "0.72", "0.06"),
    "whole": ("0", "3", "1", "9", "0", "2", "14"),
}

# rows that spread more, and less: some densities have an estimate only on one of them
_OTHER_ROWS: tuple[_Rows, ...] = (
    {
        "real": ("0.4", "-0.3", "0.7", "0.1", "9.5", "-12.6", "0.2"),
        "positive": ("0.04", "0.6", "0.3", "17.1", "1.4", "0.11", "153"),
        "unit": ("0.01", "0.58", "0.04", "0.97", "0.99", "0.72", "0.003"),
        "whole": ("0", "0", "1", "0", "37", "0", "2"),
    },
    {
        "real": ("-0.5", "0.1", "0.4", "0.7", "1.05", "2.3", "1.5"),
        "positive": ("1.3", "1.7", "0.9", "2.4", "2.05", "1.66", "2.9"),
        "unit": ("0.43", "0.58", "0.34", "0.67", "0.47", "0.52", "0.26"),
        "whole": ("0", "1", "0", "2", "0", "1", "5"),
    },
)


# two points, each with one of a wide scale beside it, should the support depend on the parameters
_POINTS = (
    (("1.3", "0.8", "2.1", "0.45"), ("0.3", "4.1", "0.2", "0.5")),
    (("0.6", "2.7", "1.2", "3.4"), ("0.1", "5.3", "0.15", "0.7")),
)


_SCALES = ("0.2", "0.3", "0.7", "1.6", "3.1", "5.9")
_MOST_DRAWN, _MOST_TRIES = 12, 60


def sample(model: Model) -> Columns:
    """Seven rows inside the support; the columns hold their values in different orders."""
    return _sample(model, _ROWS)


def samples(model: Model) -> Iterator[Columns]:
    """The sample, then one that spreads more and one that spreads less."""
    return (_sample(model, rows) for rows in (_ROWS, *_OTHER_ROWS))


def _sample(model: Model, texts: _Rows) -> Columns:
    columns: dict[sp.Symbol, list[mpmath.mpf]] = {}
    for shift, variable in enumerate(model.data):
        if variable.domain.follows:
            columns[variable.symbol] = _following(variable.domain, columns, shift, texts)
        else:
            columns[variable.symbol] = _rows(variable.domain, shift, texts)
    return columns


def _following(domain: Domain, columns: Columns, shift: int, texts: _Rows) -> list[mpmath.mpf]:
    """Values in a domain whose ends are read, row by row, from the columns before."""
    rows = _joined(columns)
    places = [domain.at({s: sp.Float(v, _DIGITS) for s, v in row.items()}) for row in rows]
    values = [_rows(where, shift, texts)[i] for i, where in enumerate(places)]
    return [mpmath.mpf(value) for value in values]


def points(model: Model) -> list[Point]:
    """Two points inside the parameters' domains, where the density of the sample is not zero.

    Where parameters move the ends of the support, it is not empty there.
    """
    rows = _joined(sample(model))
    with mpmath.workdps(_DIGITS):
        found: list[Point] = []
        for texts, wide in _POINTS:
            choices = (texts, tuple(sorted(texts, key=float)), wide, *_drawn(len(found)))
            tries = (_point(model, each) for each in choices)
            point = next((each for each in tries if _is_supported(model, each, rows)), None)
            found.append(_point(model, texts) if point is None else point)
        return found


def given_numbers(model: Model) -> Point:
    """What the first of the points says of the numbers that the model is given."""
    if not model.given:
        return {}
    first = points(model)[0]
    return {each.symbol: first[each.symbol] for each in model.given}


def _drawn(seed: int) -> list[tuple[str, ...]]:
    """More points, where the density asks for something particular: a positive definite matrix."""
    draw = Random(seed)
    return [tuple(draw.choices(_SCALES, k=_MOST_DRAWN)) for _ in range(_MOST_TRIES)]


def _joined(columns: Columns) -> list[Point]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _is_supported(model: Model, point: Point, rows: list[Point]) -> bool:
    """Whether the density is positive at every row; of a support that moves, not empty."""
    if any(variable.domain.depends_on for variable in model.data):
        return has_support(model, point)
    return all(is_finite(model.log_density, {**row, **point}) for row in rows)


def _point(model: Model, texts: tuple[str, ...]) -> Point:
    point: dict[sp.Symbol, mpmath.mpf] = {}
    for i, parameter in enumerate((*model.given, *model.parameters)):
        where = parameter.domain.at({s: sp.Float(v, _DIGITS) for s, v in point.items()})
        value = mpmath.mpf(texts[i % len(texts)]) + i // len(texts)
        inside = value / (value + 1) if where.upper.is_finite else value
        if where.integer and not where.upper.is_finite:
            inside += 14  # a number of trials, or a top, that no row of the sample exceeds
        point[parameter.symbol] = _placed(where, inside)
    return point


def has_support(model: Model, point: Point) -> bool:
    """Whether the support is no empty interval at a point, where parameters move its ends."""
    values = {symbol: sp.Float(value, 15) for symbol, value in point.items()}
    ends = (v.domain.at(values) for v in model.data if not v.domain.follows)
    return all(bool(where.lower < where.upper) for where in ends)


def _rows(domain: Domain, shift: int, texts: _Rows) -> list[mpmath.mpf]:
    if domain.integer:
        kind = "whole"
    elif domain.lower.is_finite and domain.upper.is_finite:
        kind = "unit"
    else:
        kind = "positive" if domain.lower.is_finite or domain.upper.is_finite else "real"
    with mpmath.workdps(_DIGITS):
        values = [_placed(domain, mpmath.mpf(text)) for text in texts[kind]]
    return values[shift:] + values[:shift]


def _placed(domain: Domain, value: mpmath.mpf) -> mpmath.mpf:
    """A value of the list moved into the domain; an end that parameters move counts as none."""
    lower, upper = (end if end.is_number else sp.oo for end in (domain.lower, domain.upper))
    low = mpmath.mpf(sp.N(lower, _DIGITS)) if lower.is_finite else None
    high = mpmath.mpf(sp.N(upper, _DIGITS)) if upper.is_finite else None
    if domain.integer:
        first = mpmath.mpf(0) if low is None else low + (0 if domain.lower_closed else 1)
        whole = mpmath.ceil(value)
        return first + whole if high is None else first + whole % (high - first + 1)
    if low is not None and high is not None:
        return low + (high - low) * value
    if low is not None:
        return low + value
    return value if high is None else high - value


def require_finite(model: Model) -> None:
    """Refuse a log-density that has no finite real value at some row, whatever the parameters.

    The rows are those of `sample`, and zero where the data may be any real number (minus infinity
    is let pass there, the density being zero); three points in the parameters are tried.  A
    support that parameters move is not looked at, nor a density with a function that has no value
    here.
    Raises InputError naming the point.
    """
    if any(variable.domain.depends_on for variable in model.data):
        return
    columns = sample(model)
    rows = _joined(columns)
    if all(variable.domain.text == "real" for variable in model.data):
        rows.append(dict.fromkeys(columns, mpmath.mpf(0)))
    with mpmath.workdps(_DIGITS):
        tried = [*points(model), _point(model, ("0.11", "0.13", "0.17", "0.19"))]
        for row in rows:
            if not any(is_finite(model.log_density, {**row, **point}) for point in tried):
                here = {**row, **tried[0]}
                shown = ", ".join(f"{symbol} = {mpmath.nstr(v, 4)}" for symbol, v in here.items())
                raise InputError(
                    f"the log-density of {model.name} is not a finite real number at {shown}, a "
                    "point of its support; correct the formula, or the domains of its symbols"
                )


def is_finite(expr: sp.Expr, here: Point) -> bool:
    """Whether a log-density has a finite real value at a point, or minus infinity at zero.

    True where a function in it has no value here, so that nothing can be said.
    """
    try:
        value = tree_value(expr, here)
    except InputError:
        return True
    except (ArithmeticError, ValueError):
        return False
    at_zero = not any(here[symbol] for symbol in expr.free_symbols if isinstance(symbol, Datum))
    if mpmath.im(value) != 0:
        return False
    return bool(mpmath.isfinite(value) or (at_zero and value == -mpmath.inf))
