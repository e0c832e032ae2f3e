"""Concavity in other coordinates: one maximum, though the likelihood is not concave as it stands.

A stationary point stays one under an invertible change of the parameters, and so does its being a
strict maximum.  So if the log-density of every single row is strictly concave in some coordinates
that fill a convex set (perhaps the given ones), the likelihood has at most one stationary point,
and it is the maximum: a location and a scale taken as (location/scale, 1/scale), a shape and a
scale as (shape*log(scale), shape), positive parameters as their logs or reciprocals.
Sources: Pratt, Concavity of the log likelihood, JASA 76 (1981) 103; Burridge, A note on maximum
likelihood estimation for regression models, JRSS B 43 (1981) 41; Rockafellar, Convex Analysis
(1970), theorem 27.1, for existence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import exp
from random import Random

import mpmath
import sympy as sp
from sympy.core.function import PoleError

from symmle.budget import bounded
from symmle.domain import Variable
from symmle.errors import BudgetError, InputError
from symmle.estimate.existence import is_positive
from symmle.estimate.exponentials import without_exponentials
from symmle.fraction import reduced_fraction
from symmle.model import Model
from symmle.sample_mean import has_data, var
from symmle.straight_line import Steps, steps
from symmle.tree_value import tree_value
from symmle.trial import given_numbers, sample

_SECONDS = 5.0
_LARGEST_HESSIAN = 500  # operations; the signs of a larger one are not looked for
_MOST_OPERATIONS = 80  # of a log-density; larger ones are not looked at


@dataclass(frozen=True, slots=True)
class ConcaveElsewhere:
    """coordinates: {parameter: expression in the new symbols}; new: those symbols, in order, each
    real or positive.  shown: the new coordinates in the parameters, as a person reads them.
    exists: the condition under which there is a maximum; None where it was not found.
    """

    coordinates: Mapping[sp.Symbol, sp.Expr]
    new: tuple[sp.Symbol, ...]
    shown: str
    exists: sp.Basic | None


def concave_elsewhere(model: Model) -> ConcaveElsewhere | None:
    """Coordinates in which each row's log-density is strictly concave, proved by signs; or None.

    Never raises; gives up after a few seconds.
    """
    if model.log_density.count_ops() > _MOST_OPERATIONS:
        return None
    try:
        return bounded(_SECONDS, lambda: next(_found(model), None))
    except (BudgetError, InputError):
        return None


def _found(model: Model) -> Iterator[ConcaveElsewhere]:
    rows = _rows(model)
    for coordinates, shown in _candidates(model.parameters):
        new = set().union(*(coordinates[p].free_symbols for p in model.symbols))
        symbols = tuple(sorted(new, key=lambda s: (bool(s.is_positive), s.name)))
        if rows.refute(coordinates, symbols):
            continue
        row = _row(model.log_density, coordinates)
        hessian = _hessian(row, symbols)
        if hessian is None or not _is_negative_definite(hessian):
            continue
        exists = _line_exists(row, *symbols) if len(symbols) == 2 else None
        yield ConcaveElsewhere(coordinates, symbols, shown, exists)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A log-density and some rows to evaluate it at, in any coordinates."""

    density: Steps
    table: tuple[tuple[mpmath.mpf, ...], ...]
    given: Mapping[sp.Symbol, mpmath.mpf]

    def refute(
        self, coordinates: Mapping[sp.Symbol, sp.Expr], symbols: tuple[sp.Symbol, ...]
    ) -> bool:
        """Whether some row lies below a chord: cheap, and settles most."""
        draw = Random(0)
        for row in self.table:
            ends = [
                [
                    mpmath.mpf(exp(draw.uniform(-2, 2)) if s.is_positive else draw.uniform(-4, 4))
                    for s in symbols
                ]
                for _ in range(2)
            ]
            middle = [(a + b) / 2 for a, b in zip(*ends, strict=True)]
            try:
                low, top, high = (
                    self._value(row, coordinates, dict(zip(symbols, at, strict=True)))
                    for at in (ends[0], middle, ends[1])
                )
                if not mpmath.re(2 * top - low - high) > 0:
                    return True
            except (ArithmeticError, ValueError, TypeError, InputError):
                return True  # no value here: nothing that could be proved by signs
        return False

    def _value(
        self,
        row: Sequence[mpmath.mpf],
        coordinates: Mapping[sp.Symbol, sp.Expr],
        at: dict[sp.Symbol, mpmath.mpf],
    ) -> mpmath.mpf:
        theta = {symbol: tree_value(place, at) for symbol, place in coordinates.items()}
        (found,) = self.density.over([row], {**self.given, **theta})
        return found[0]


def _rows(model: Model) -> _Rows:
    columns = sample(model)
    table = tuple(zip(*columns.values(), strict=True)) * 3
    return _Rows(steps([model.log_density], list(columns)), table, given_numbers(model))


def _hessian(row: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> sp.Matrix | None:
    """The second derivatives of a row; None where they are too long to look at."""
    size = 0
    upper: dict[tuple[int, int], sp.Expr] = {}
    for i, symbol in enumerate(symbols):
        slope = row.diff(symbol)
        for j, other in enumerate(symbols[i:], start=i):
            upper[i, j] = slope.diff(other)
            size += upper[i, j].count_ops() * (1 if i == j else 2)
            if size > _LARGEST_HESSIAN:
                return None
    return sp.Matrix(len(symbols), len(symbols), lambda i, j: upper[min(i, j), max(i, j)])


def _candidates(
    parameters: tuple[Variable, ...],
) -> Iterator[tuple[dict[sp.Symbol, sp.Expr], str]]:
    """({parameter: expression in new symbols}, how the new ones read), the likeliest first."""
    real = [p.symbol for p in parameters if (p.domain.lower, p.domain.upper) == (-sp.oo, sp.oo)]
    positive = [p.symbol for p in parameters if (p.domain.lower, p.domain.upper) == (0, sp.oo)]
    if len(real) + len(positive) < len(parameters):
        return
    same = {s: sp.Dummy(s.name, **s.assumptions0) for s in (*real, *positive)}
    yield same, _reads(parameters, {})
    line, rate = sp.Dummy("a", real=True), sp.Dummy("b", positive=True)
    for location in real:
        for scale in positive:
            taken = {**same, location: line / rate, scale: 1 / rate}
            yield taken, _reads(parameters, {location: location / scale, scale: 1 / scale})
    for shape, scale in permutations(positive, 2):
        taken = {**same, shape: rate, scale: sp.exp(line / rate)}
        yield taken, _reads(parameters, {scale: shape * sp.log(scale)})
    for inverse in (sp.exp, lambda u: 1 / u):
        news = {
            s: sp.Dummy(s.name, real=True, positive=inverse is not sp.exp or None) for s in positive
        }
        direct = sp.log if inverse is sp.exp else inverse
        if positive:
            taken = {**same, **{s: inverse(news[s]) for s in positive}}
            yield taken, _reads(parameters, {s: direct(s) for s in positive})


def _reads(parameters: tuple[Variable, ...], changed: Mapping[sp.Symbol, sp.Expr]) -> str:
    return "(" + ", ".join(str(changed.get(p.symbol, p.symbol)) for p in parameters) + ")"


def _row(log_density: sp.Expr, coordinates: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The log-density in the new symbols, powers and hyperbolic functions as exponentials."""
    row = log_density.xreplace(dict(coordinates)).rewrite((sp.cosh, sp.sinh, sp.tanh), sp.exp)
    row = row.replace(
        lambda e: e.is_Pow and not e.exp.is_number and e.base.is_positive,
        lambda e: sp.exp(e.exp * sp.expand_log(sp.log(e.base))),
    )
    return sp.expand_mul(sp.expand_log(sp.expand_mul(row)))


def _is_negative_definite(hessian: sp.Matrix) -> bool:
    """By Gauss's elimination: every pivot of -H is positive, an exponential being a letter."""
    left = (-without_exponentials(hessian)).applyfunc(reduced_fraction)
    while left.rows:
        pivot = sp.factor_terms(left[0, 0])
        if not pivot.is_positive:
            return False
        left = sp.Matrix(
            left.rows - 1,
            left.rows - 1,
            lambda i, j, m=left, p=pivot: reduced_fraction(
                m[i + 1, j + 1] - m[i + 1, 0] * m[0, j + 1] / p
            ),
        )
    return True


def _line_exists(row: sp.Expr, a: sp.Symbol, b: sp.Symbol) -> sp.Basic | None:
    """var(T) > 0 where the row is log(b) + h(b*T - a) + ... with h falling to both sides.

    Then every direction of recession lowers the mean unless all T are equal, and log(b) closes
    the end b = 0.
    """
    if a.is_positive or not b.is_positive:
        return None
    z = sp.Dummy("z", real=True)
    slope = row.diff(a)
    bend = slope.diff(a)
    if bend == 0:
        return None
    ratio = without_exponentials(sp.Matrix([[slope.diff(b), bend]]))
    inside = sp.factor_terms(reduced_fraction(-ratio[0, 0] / ratio[0, 1]))
    if inside.free_symbols & {a, b} or not has_data(inside):
        return None
    along = sp.expand_mul(slope.xreplace({a: b * inside - z}).expand())
    along = along.replace(
        lambda e: isinstance(e, sp.exp), lambda e: sp.exp(sp.expand_mul(e.args[0]))
    )
    rest = sp.expand_mul(row.diff(b).xreplace({a: b * inside - z}).expand() + along * inside)
    rest = sp.expand_mul(rest - 1 / b)
    if along.free_symbols - {z} or has_data(rest - inside * rest.coeff(inside)):
        return None
    try:
        low, high = sp.limit(along, z, -sp.oo), sp.limit(along, z, sp.oo)
    except (NotImplementedError, ValueError, TypeError, PoleError):
        return None
    return is_positive(var(inside)) if low < 0 < high else None
