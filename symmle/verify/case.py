"""What a check is made of: a claim to doubt, data and a point to doubt it at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import mpmath
import sympy as sp

from symmle.derive import Derivation, derive
from symmle.estimate import Estimator, estimate
from symmle.known import Known
from symmle.model import Domain, Model
from symmle.precise import Columns, Point, compiled

DIGITS = 60  # working precision of the checks
AGREEMENT = mpmath.mpf(10) ** -25  # what a difference quotient of that precision can show


@dataclass(frozen=True, slots=True)
class Check:
    """One claim, doubted by one road.

    level: what `ok` amounts to; UNKNOWN when the road could not be taken (then `ok` is None).
    """

    claim: str
    road: str
    level: Known
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A model's claims, with a small sample and a point inside the domains to test them at."""

    model: Model
    derivation: Derivation
    estimator: Estimator
    columns: Columns
    point: Point


def case(model: Model) -> Case:
    """The claims of a model, and where to doubt them; the choice is fixed, not random."""
    derivation = derive(model)
    estimator = estimate(derivation)
    columns = {
        variable.symbol: rows(variable.domain, shift) for shift, variable in enumerate(model.data)
    }
    return Case(model, derivation, estimator, columns, points(model)[0])


_ROWS: Mapping[str, tuple[str, ...]] = {
    "real": ("0.37", "-1.9", "2.71", "0.05", "5.3", "-0.6", "1.44"),
    "positive": ("0.31", "1.7", "0.92", "4.4", "2.05", "0.66", "7.9"),
    "unit": ("0.13", "0.58", "0.34", "0.91", "0.47", "0.72", "0.06"),
    "whole": ("0", "3", "1", "9", "0", "2", "14"),
}


def rows(domain: Domain, shift: int = 0) -> list[mpmath.mpf]:
    """Seven values inside a domain; another order for each shift."""
    if domain.integer:
        kind = "whole"
    elif domain.lower.is_finite and domain.upper.is_finite:
        kind = "unit"
    else:
        kind = "positive" if domain.lower.is_finite or domain.upper.is_finite else "real"
    with mpmath.workdps(DIGITS):
        values = [_placed(domain, mpmath.mpf(text)) for text in _ROWS[kind]]
    return values[shift:] + values[:shift]


def _placed(domain: Domain, value: mpmath.mpf) -> mpmath.mpf:
    """A value of the list moved into the domain; a moving end counts as 0 or infinite."""
    lower, upper = (end if end.is_number else sp.oo for end in (domain.lower, domain.upper))
    low = mpmath.mpf(sp.N(lower, DIGITS)) if lower.is_finite else None
    high = mpmath.mpf(sp.N(upper, DIGITS)) if upper.is_finite else None
    if domain.integer:
        first = mpmath.mpf(0) if low is None else low + (0 if domain.lower_closed else 1)
        return first + value if high is None else first + value % (high - first + 1)
    if low is not None and high is not None:
        return low + (high - low) * value
    if low is not None:
        return low + value
    return value if high is None else high - value


def points(model: Model) -> list[Point]:
    """Two points inside the parameters' domains, at no special place."""
    with mpmath.workdps(DIGITS):
        found = []
        for texts in (("1.3", "0.8", "2.1", "0.45"), ("0.6", "2.7", "1.2", "3.4")):
            point: dict[sp.Symbol, mpmath.mpf] = {}
            for i, parameter in enumerate(model.parameters):
                where = parameter.domain.at({s: sp.Float(v, DIGITS) for s, v in point.items()})
                value = mpmath.mpf(texts[i % 4]) + i // 4
                inside = value / (value + 1) if where.upper.is_finite else value
                point[parameter.symbol] = _placed(where, inside)
            found.append(point)
        return found


def raw_average(doubted: Case) -> Callable[..., mpmath.mpf]:
    """The average of the typed log-density over the rows, as a function of the parameters.

    Nothing that symmle derived is in it: this is what every derivative is checked against.
    """
    function = compiled(doubted.model.log_density, [*doubted.columns, *doubted.model.symbols])
    table = list(zip(*doubted.columns.values(), strict=True))

    def average(*theta: mpmath.mpf) -> mpmath.mpf:
        return mpmath.fsum(function(*row, *theta) for row in table) / len(table)

    return average


def agree(first: mpmath.mpf, second: mpmath.mpf, tolerance: mpmath.mpf = AGREEMENT) -> bool:
    """Whether two numbers are equal up to the tolerance, relative where they are large."""
    return bool(abs(first - second) <= tolerance * (1 + abs(second)))
