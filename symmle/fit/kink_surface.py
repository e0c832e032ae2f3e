"""The average log-likelihood with every row held on its side of a kink: smooth everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from symmle.fit.climb import Point, tried
from symmle.fit.kink_form import KinkForm
from symmle.fit.row_functions import RowFunction, row_function
from symmle.fit.setting import Setting

Floats = NDArray[np.float64]
Sides = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Branch:
    """The density on one side of the kink: per row its value, its p slopes, its p(p+1)/2 bends."""

    value: RowFunction
    slopes: RowFunction
    bends: RowFunction


@dataclass(frozen=True, slots=True, eq=False)
class KinkRows:
    """The rows of a sample, and the three branches of a density with a kink.

    planes: k + 1 numbers per row: u = planes[:, 0] + planes[:, 1:] @ moving.
    """

    form: KinkForm
    symbols: tuple[sp.Symbol, ...]
    columns: Mapping[sp.Symbol, Floats]
    shares: Floats
    planes: Floats
    branches: Mapping[int, Branch]

    @property
    def places(self) -> tuple[int, ...]:
        """Where the parameters that move the kink stand among all."""
        return tuple(self.symbols.index(symbol) for symbol in self.form.moving)

    @property
    def others(self) -> tuple[int, ...]:
        return tuple(i for i in range(len(self.symbols)) if i not in self.places)

    def kink(self, moving: ArrayLike) -> Floats:
        """u, row by row."""
        found: Floats = self.planes[:, 0] + self.planes[:, 1:] @ np.asarray(moving, dtype=float)
        return found

    def surface(self, sides: Sides) -> "SidedSurface":
        """The likelihood with each row on the side given, wherever its kink lies."""
        parts = []
        for side, branch in self.branches.items():
            here = np.flatnonzero(sides == side)
            if len(here):
                columns = {symbol: column[here] for symbol, column in self.columns.items()}
                parts.append((branch, columns, self.shares[here]))
        return SidedSurface(tuple(parts))


@dataclass(frozen=True, slots=True, eq=False)
class SidedSurface:
    """The surface of `KinkRows.surface`: (branch, columns, shares) for each side with rows."""

    parts: tuple[tuple[Branch, Mapping[sp.Symbol, Floats], Floats], ...]
    passes: bool = True

    def height(self, point: Point) -> float:
        """The average log-likelihood; -inf where it has no value."""
        return tried(lambda: float(sum((b.value(c, point) @ w)[0] for b, c, w in self.parts)))

    def slope(self, point: Point) -> Floats:
        """The score, p numbers."""
        return np.asarray(sum(b.slopes(c, point) @ w for b, c, w in self.parts), dtype=float)

    def bend(self, point: Point) -> Floats:
        """The Hessian, p x p."""
        p = len(point)
        upper = np.asarray(sum(b.bends(c, point) @ w for b, c, w in self.parts), dtype=float)
        found = np.zeros((p, p))
        found[np.triu_indices(p)] = upper
        return found + np.triu(found, 1).T


@dataclass(frozen=True, slots=True, eq=False)
class KinkedSurface:
    """The likelihood itself: every row on the side that the point puts it on."""

    rows: KinkRows
    passes: bool = True

    def height(self, point: Point) -> float:
        """The average log-likelihood; -inf where it has no value."""
        return self._here(point).height(point)

    def slope(self, point: Point) -> Floats:
        """The score between the kinks, p numbers."""
        return self._here(point).slope(point)

    def bend(self, point: Point) -> Floats:
        """The Hessian between the kinks, p x p."""
        return self._here(point).bend(point)

    def _here(self, point: Point) -> SidedSurface:
        u = self.rows.kink([point[i] for i in self.rows.places])
        return self.rows.surface(np.sign(u).astype(np.int8))


def kink_rows(asked: Setting, form: KinkForm) -> KinkRows:
    """The sample's distinct rows, or all of positive weight where the distinct ones are too many.

    Raises InputError where no code can be generated.
    """
    model = asked.model
    names = [variable.symbol for variable in model.data]
    columns, weights = _weighted(asked)
    planes = row_function(names, (), (form.offset, *form.slopes))(columns, ()).T
    branches = {
        side: _branch(density, names, model.symbols)
        for side, density in ((1, form.above), (-1, form.below), (0, form.on))
    }
    shares = weights / weights.sum()
    return KinkRows(form, model.symbols, columns, shares, planes, branches)


def _weighted(asked: Setting) -> tuple[dict[sp.Symbol, Floats], Floats]:
    """The columns, and what each row weighs; in the order of the exact rows where there are."""
    if asked.rows is not None and asked.counts is not None:
        exact = {symbol: np.array(column, dtype=float) for symbol, column in asked.rows.items()}
        return exact, np.array(asked.counts, dtype=float)
    weights = asked.sample.weights
    every = np.ones(asked.sample.n) if weights is None else np.asarray(weights, dtype=float)
    kept = every > 0
    return {symbol: np.asarray(c)[kept] for symbol, c in asked.columns.items()}, every[kept]


def _branch(density: sp.Expr, names: Sequence[sp.Symbol], symbols: Sequence[sp.Symbol]) -> Branch:
    slopes = [density.diff(symbol) for symbol in symbols]
    bends = [
        slopes[i].diff(symbols[j]) for i in range(len(symbols)) for j in range(i, len(symbols))
    ]
    return Branch(
        row_function(names, symbols, [density]),
        row_function(names, symbols, slopes),
        row_function(names, symbols, bends),
    )
