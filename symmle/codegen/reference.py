"""Values of a likelihood by a road that shares nothing with the generated formulas.

The raw log-density is evaluated with mpmath row by row and differentiated by differences; no
sample mean, no score and no estimator of the derivation is used.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import mpmath
import sympy as sp

from symmle.domain import Domain
from symmle.errors import SymmleError
from symmle.model import Model
from symmle.precise import compiled
from symmle.trial import is_finite

DIGITS = 50
_WORKING = 70

Vector = list[mpmath.mpf]


@dataclass(frozen=True, slots=True)
class Reference:
    """The average log-likelihood of fixed data; columns: one tuple of doubles a data symbol."""

    model: Model
    columns: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...] | None
    density: Callable[..., mpmath.mpf]

    def value(self, *theta: mpmath.mpf) -> mpmath.mpf:
        """The weighted mean of the log-density over the rows."""
        rows = list(zip(*self.columns, strict=True))
        weights = self.weights or (1.0,) * len(rows)
        terms = [
            mpmath.mpf(w) * self.density(*map(mpmath.mpf, row), *theta)
            for w, row in zip(weights, rows, strict=True)
        ]
        return mpmath.fsum(terms) / mpmath.fsum(map(mpmath.mpf, weights))

    def slope(self, theta: Sequence[mpmath.mpf], i: int) -> mpmath.mpf:
        """Derivative in parameter i, by differences at 70 digits and more."""
        return self._derivative(theta, i)

    def gradient(self, theta: Sequence[mpmath.mpf]) -> Vector:
        return [self.slope(theta, i) for i in range(len(theta))]

    def hessian(self, theta: Sequence[mpmath.mpf]) -> list[Vector]:
        p = len(theta)
        upper = {(i, j): self._derivative(theta, i, j) for i in range(p) for j in range(i, p)}
        return [[upper[min(i, j), max(i, j)] for j in range(p)] for i in range(p)]

    def _derivative(self, theta: Sequence[mpmath.mpf], *indices: int) -> mpmath.mpf:
        if len(theta) == 1:
            return mpmath.diff(self.value, theta[0], len(indices))
        orders = tuple(indices.count(i) for i in range(len(theta)))
        return mpmath.diff(self.value, tuple(theta), orders)

    def newton(self, theta: Sequence[mpmath.mpf]) -> Vector | None:
        """theta minus inverse Hessian times gradient; None where the Hessian is singular."""
        bend, slope = mpmath.matrix(self.hessian(theta)), mpmath.matrix(self.gradient(theta))
        try:
            move = mpmath.lu_solve(bend, slope)
        except ZeroDivisionError:
            return None
        return [value - change for value, change in zip(theta, move, strict=True)]

    def root(self, near: Sequence[float]) -> Vector | None:
        """The stationary point near a point, to 50 digits; None if Newton's method finds none."""
        theta = [mpmath.mpf(value) for value in near]
        for _ in range(8):
            new = self.newton(theta)
            if new is None:
                return None
            change = max(abs(a - b) / (1 + abs(b)) for a, b in zip(new, theta, strict=True))
            theta = new
            if change < mpmath.mpf(10) ** -DIGITS:
                return theta
        return None


def reference(
    model: Model,
    columns: Sequence[Sequence[float]],
    weights: Sequence[float] | None = None,
) -> Reference:
    """The average log-likelihood of data; call it inside `working_digits()`."""
    symbols = [*(variable.symbol for variable in model.data), *model.symbols]
    kept = None if weights is None else tuple(map(float, weights))
    return Reference(
        model,
        tuple(tuple(map(float, column)) for column in columns),
        kept,
        compiled(model.log_density, symbols),
    )


def working_digits() -> AbstractContextManager[object]:
    """The precision that leaves 50 digits after two numerical derivatives."""
    manager: AbstractContextManager[object] = mpmath.workdps(_WORKING)
    return manager


def sample_points(
    model: Model, which: int, columns: Sequence[Sequence[float]] = ()
) -> tuple[float, ...]:
    """A point inside the parameters' domains, of exact binary fractions.

    columns: rows at which the log-density must have a finite real value there.
    Raises SymmleError where no such point is found.
    """
    rows = [
        {v.symbol: mpmath.mpf(x) for v, x in zip(model.data, row, strict=True)}
        for row in zip(*columns, strict=True)
    ]
    for shift in range(5):
        values: dict[sp.Symbol, sp.Expr] = {}
        for i, parameter in enumerate(model.parameters):
            domain = parameter.domain.at(values)
            k = (3 * which + 2 * i + shift) % 5
            values[parameter.symbol] = sp.Rational(_inner(domain, k, False))
        support = [variable.domain.at(values) for variable in model.data]
        if any((where.lower < where.upper) == sp.false for where in support):
            continue
        theta = {symbol: mpmath.mpf(float(values[symbol])) for symbol in model.symbols}
        if all(is_finite(model.log_density, {**row, **theta}) for row in rows):
            return tuple(map(float, theta.values()))
    raise SymmleError(f"no parameters of {model.name} were found at which its support has points")


def sample_columns(model: Model, theta: Sequence[float], which: int) -> list[list[float]]:
    """Six rows inside the support, for which = 0, 1, 2 in different ways; 1 has heavy tails."""
    held = {s: sp.Rational(value) for s, value in zip(model.symbols, theta, strict=True)}
    steps = ((0, 1, 4, 2, 9, 3), (2, 0, 3, 5, 1, 12), (1, 3, 2, 6, 4, 2))[which]
    rows = []
    for k in steps:
        known: dict[sp.Symbol, sp.Expr] = dict(held)
        for i, variable in enumerate(model.data):
            domain = variable.domain.at(known)  # which an earlier column may bound
            x = _inner(domain, (k + 3 * i * (k % 3)) % 13, True)
            heavy = which == 1 and domain.upper == sp.oo and not domain.integer
            known[variable.symbol] = x**3 if heavy else x
        rows.append([float(known[variable.symbol]) for variable in model.data])
    return [list(column) for column in zip(*rows, strict=True)]


def _inner(domain: Domain, k: int, is_data: bool) -> sp.Rational:
    """A number of the domain for k = 0, 1, ..., 12."""
    low, high = domain.lower, domain.upper
    low = low if low.is_number else sp.S.Zero
    high = high if high.is_number else sp.oo
    if domain.integer:
        start = sp.floor(low) + (0 if domain.lower_closed else 1) if low.is_finite else -2
        count = min(13, int(high - start) + 1) if high.is_finite else 13
        inner = not is_data and count == 13  # a parameter is not put at the end of its domain
        return sp.Integer(start + k % count + inner)
    share = sp.Rational(2 * k + 3, 32)
    if low.is_finite and high.is_finite:
        return sp.Rational(float(low + (high - low) * share))
    if low.is_finite:
        return sp.Rational(float(low)) + (4 * share if is_data else 1 + 2 * share)
    if high.is_finite:
        return sp.Rational(float(high)) - 4 * share
    return 6 * share - sp.Rational(9, 8) if is_data else 2 * share - sp.Rational(1, 4)
