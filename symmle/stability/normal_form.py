"""What is born at the edge: normal-form coefficients of a sweep, without composing it.

A curve of points theta* + x, x a short power series, is sent through the blocks: each adds
step * (K x + B(x, x)/2 + C(x, x, x)/6) to its rows, with K, B, C the derivatives of the field.
So the multilinear forms of the whole sweep never have to be written out.

* Flip: x = t q + t**2 (I - A)^-1 h, where A q = -q and h is the sweep's t**2 of t q.  The t**3 of
  the image, along the left eigenvector p with p.q = 1, is Kuznetsov's coefficient: the 2-cycle
  attracts, supercritical, when it is positive.
* Neimark-Sacker: the same with x = z q + conj, and the term z**2 conj(z) of the image, times the
  conjugate multiplier; its real part is the first Lyapunov coefficient, and supercritical when
  negative.
* A multiplier +1: the terms a t**2 and e t**3 of the image along p.  Where a is not zero two points
  meet, or cross where the point itself goes on; where it is, three meet in a pitchfork, which is
  supercritical when e is negative.

Y. A. Kuznetsov, Elements of Applied Bifurcation Theory, 3rd ed., sections 5.4, 4.2-4.7 and 7.4;
flips worked out in derivations/flip-coefficient.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import Any

import sympy as sp

from symmle.schemes import Rule
from symmle.stability.parts import Program

Element = Any  # of a field: fractions of letters, or balls, real or complex
Vector = list[Element]
Monomial = tuple[int, int]
Series = dict[Monomial, Vector]

_FLIP: tuple[Monomial, ...] = ((1, 0), (2, 0), (3, 0))
_CIRCLE: tuple[Monomial, ...] = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 1))


@dataclass(frozen=True, slots=True)
class Jet:
    """Derivatives of a field at a point, up to the third, as elements of one field.

    linear[i][j], quadratic[i][j, k], cubic[i][j, k, l] with j <= k <= l; zeros are left out of
    the two last.
    """

    linear: Sequence[Sequence[Element]]
    quadratic: Sequence[Mapping[tuple[int, ...], Element]]
    cubic: Sequence[Mapping[tuple[int, ...], Element]]

    def mapped(self, convert: Callable[[Element], Element]) -> "Jet":
        """The same derivatives in another field."""
        return Jet(
            [[convert(entry) for entry in row] for row in self.linear],
            [{key: convert(entry) for key, entry in row.items()} for row in self.quadratic],
            [{key: convert(entry) for key, entry in row.items()} for row in self.cubic],
        )

    @property
    def is_linear(self) -> bool:
        """Whether nothing but the first derivatives is there."""
        return not any(self.quadratic) and not any(self.cubic)

    def entries(self) -> list[Element]:
        """All of them, in a row."""
        higher = [e for rows in (self.quadratic, self.cubic) for row in rows for e in row.values()]
        return [entry for row in self.linear for entry in row] + higher


def jet(
    field: Sequence[sp.Expr],
    parameters: Sequence[sp.Symbol],
    linear: Sequence[Sequence[sp.Expr]],
    at: Callable[[sp.Expr], sp.Expr],
) -> Jet | None:
    """Differentiate a field twice more and evaluate; `linear` is its Jacobian at the point.

    at: an expression in the parameters -> its value at the point, nan where it has none.
    None where a derivative has none.
    """
    size = len(parameters)
    quadratic: list[dict[tuple[int, ...], sp.Expr]] = []
    cubic: list[dict[tuple[int, ...], sp.Expr]] = []
    for component in field:
        first = [component.diff(p) for p in parameters]
        second = {
            (j, k): first[j].diff(parameters[k])
            for j, k in combinations_with_replacement(range(size), 2)
        }
        quadratic.append({key: value for key, e in second.items() if (value := at(e)) != 0})
        if sp.nan in quadratic[-1].values():
            return None
        third = {
            (j, k, m): second[j, k].diff(parameters[m])
            for j, k, m in combinations_with_replacement(range(size), 3)
        }
        cubic.append({key: value for key, e in third.items() if (value := at(e)) != 0})
        if sp.nan in cubic[-1].values():
            return None
    return Jet(linear, quadratic, cubic)


@dataclass(frozen=True, slots=True)
class Local:
    """A scheme near its fixed point, to third order: what every `Sweep` of it is made from.

    sweeps: of one update; the coefficients are those of one sweep.
    """

    jet: Jet
    program: Program
    rule: Rule = Rule.GRADIENT
    momentum: sp.Expr = sp.S.Zero
    sweeps: int = 1

    def sweep(
        self,
        convert: Callable[[Element], Element],
        step: Element,
        one: Element,
        is_nonzero: Callable[[Element], bool],
        middle: Callable[[Element], complex] | None = None,
    ) -> "Sweep":
        """The same in another field, at one step of that field."""
        momentum = convert(self.momentum)
        jet = self.jet.mapped(convert)
        return Sweep(jet, self.program, step, one, is_nonzero, middle, self.rule, momentum)

    def entries(self) -> list[Element]:
        """All numbers that enter it, but for the step."""
        return [self.momentum, *self.jet.entries()]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep near its fixed point, to third order; of a rule with a memory on (x, memory).

    is_nonzero: whether an element is certainly not zero.  middle: a number near it; None in
    symbols.
    """

    jet: Jet
    program: Program
    step: Element
    one: Element
    is_nonzero: Callable[[Element], bool]
    middle: Callable[[Element], complex] | None = None
    rule: Rule = Rule.GRADIENT
    momentum: Element = 0

    @property
    def size(self) -> int:
        """Of the state: the parameters, and what is remembered of each."""
        return len(self.jet.linear) * (2 if self.rule.memory else 1)

    def image(self, point: Series, order: Sequence[Monomial]) -> Series:
        """Send a series through every block, keeping the monomials of `order`."""
        zero = self.one - self.one
        current = {m: list(point.get(m, [zero] * self.size)) for m in order}
        for rows, repeat in self.program:
            for _ in range(repeat):
                self._move(current, rows)
        return current

    def _move(self, current: Series, rows: Sequence[int]) -> None:
        """One block by the rule, as `stability.rules` writes it; in place."""
        size, step = len(self.jet.linear), self.step
        places = [(m, i) for m in current for i in rows]
        if self.rule in (Rule.HEAVY_BALL, Rule.NESTEROV):
            kept = {(m, i): self.momentum * current[m][size + i] for m, i in places}
            there = self._shifted(current, kept) if self.rule is Rule.NESTEROV else current
            slopes = self._slopes(there, places)
            for (m, i), slope in slopes.items():
                move = kept[m, i] + step * slope
                current[m][size + i] = move
                current[m][i] = current[m][i] + move
            return
        slopes = self._slopes(current, places)
        if self.rule is Rule.EXTRAGRADIENT:
            ahead = {place: step * slope for place, slope in slopes.items()}
            slopes = self._slopes(self._shifted(current, ahead), places)
        for (m, i), slope in slopes.items():
            current[m][i] = current[m][i] + step * slope
            if self.rule is Rule.OPTIMISTIC:
                current[m][i] = current[m][i] + step * (slope - current[m][size + i])
                current[m][size + i] = slope

    def _shifted(self, x: Series, moves: Mapping[tuple[Monomial, int], Element]) -> Series:
        moved = {m: list(values) for m, values in x.items()}
        for (m, i), move in moves.items():
            moved[m][i] = moved[m][i] + move
        return moved

    def _slopes(
        self, x: Series, places: Sequence[tuple[Monomial, int]]
    ) -> dict[tuple[Monomial, int], Element]:
        zero, size = self.one - self.one, len(self.jet.linear)
        own = {m: values[:size] for m, values in x.items()}
        return {(m, i): self._field(i, own, m, zero) for m, i in places}

    def linear(self) -> list[Vector]:
        """The Jacobian of the sweep, rows of the matrix."""
        units = [self._unit(j) for j in range(self.size)]
        columns = [self.image({(1, 0): unit}, _FLIP[:1])[1, 0] for unit in units]
        return [list(row) for row in zip(*columns, strict=True)]

    def _unit(self, place: int) -> Vector:
        zero = self.one - self.one
        return [self.one if i == place else zero for i in range(self.size)]

    def _field(self, i: int, x: Series, target: Monomial, zero: Element) -> Element:
        total = zero
        for entry, value in zip(self.jet.linear[i], x[target], strict=True):
            total = total + entry * value
        for degree, table in ((2, self.jet.quadratic[i]), (3, self.jet.cubic[i])):
            for split in _splits(target, degree, tuple(x)):
                for key, entry in table.items():
                    total = total + entry * _symmetric(x, split, key, zero) / _FACTORIAL[degree]
        return total


_FACTORIAL = {2: 2, 3: 6}


def _splits(
    target: Monomial, count: int, order: tuple[Monomial, ...]
) -> list[tuple[Monomial, ...]]:
    """Ordered ways to write a monomial as a product of `count` monomials of the series."""
    if count == 1:
        return [(target,)] if target in order else []
    found = []
    for first in order:
        rest = (target[0] - first[0], target[1] - first[1])
        if min(rest) >= 0 and rest != (0, 0):
            found += [(first, *others) for others in _splits(rest, count - 1, order)]
    return found


def _symmetric(
    x: Series, split: tuple[Monomial, ...], key: tuple[int, ...], zero: Element
) -> Element:
    """The sum over the distinct orders of `key` of the products of the entries of `split`."""
    total = zero
    for places in set(_orders(key)):
        term = x[split[0]][places[0]]
        for monomial, place in zip(split[1:], places[1:], strict=True):
            term = term * x[monomial][place]
        total = total + term
    return total


def _orders(key: tuple[int, ...]) -> list[tuple[int, ...]]:
    if len(key) <= 1:
        return [key]
    return [(key[i], *rest) for i in range(len(key)) for rest in _orders(key[:i] + key[i + 1 :])]


def flip_coefficient(sweep: Sweep) -> Element | None:
    """Kuznetsov's coefficient at a multiplier -1; None unless that multiplier is simple."""
    jacobian = sweep.linear()
    pair = _eigenvectors(jacobian, -sweep.one, sweep)
    if pair is None:
        return None
    right, left = pair
    second = sweep.image({(1, 0): right}, _FLIP[:2])[2, 0]
    correction = _solved(_shifted(jacobian, sweep.one), second, sweep.is_nonzero)
    if correction is None:
        return None
    return _dot(left, sweep.image({(1, 0): right, (2, 0): correction}, _FLIP)[3, 0])


def fold_coefficients(sweep: Sweep) -> tuple[Element, Element | None] | None:
    """(a, e) of the map y + a*y**2 + e*y**3 on the centre manifold of a multiplier +1.

    e only where a is exactly zero, and right only then; None unless the multiplier is simple.
    """
    jacobian = sweep.linear()
    pair = _eigenvectors(jacobian, sweep.one, sweep)
    if pair is None:
        return None
    right, left = pair
    second = sweep.image({(1, 0): right}, _FLIP[:2])[2, 0]
    quadratic = _dot(left, second)
    if quadratic != 0:
        return quadratic, None
    # (I - A) h = second is singular, and has one solution with left.h = 0
    zero = sweep.one - sweep.one
    bordered = [
        [*row, entry] for row, entry in zip(_shifted(jacobian, sweep.one), right, strict=True)
    ]
    solved = _solved([*bordered, [*left, zero]], [*second, zero], sweep.is_nonzero)
    if solved is None:
        return None
    curve = {(1, 0): right, (2, 0): solved[:-1]}
    return quadratic, _dot(left, sweep.image(curve, _FLIP)[3, 0])


def lyapunov_term(
    sweep: Sweep, multiplier: Element, conjugate: Callable[[Element], Element]
) -> Element | None:
    """The coefficient whose real part is the first Lyapunov coefficient.

    sweep: over complex numbers.  multiplier: on the unit circle, its square, cube and fourth power
    not 1.  None where a resonance or a double multiplier forbids the formula.
    """
    jacobian = sweep.linear()
    pair = _eigenvectors(jacobian, multiplier, sweep)
    power = multiplier * multiplier
    resonant = not all(sweep.is_nonzero(p - 1) for p in (power, power * multiplier, power * power))
    if pair is None or resonant:
        return None
    right, left = pair
    curve = {(1, 0): right, (0, 1): [conjugate(entry) for entry in right]}
    image = sweep.image(curve, _CIRCLE[:5])
    for monomial, factor in (((2, 0), power), ((1, 1), sweep.one), ((0, 2), conjugate(power))):
        found = _solved(_shifted(jacobian, factor), image[monomial], sweep.is_nonzero)
        if found is None:
            return None
        curve[monomial] = found
    return conjugate(multiplier) * _dot(left, sweep.image(curve, _CIRCLE)[2, 1])


def _eigenvectors(
    matrix: Sequence[Vector], value: Element, sweep: Sweep
) -> tuple[Vector, Vector] | None:
    """(right, left) for a simple eigenvalue: the largest entry of `right` is 1, in symbols the
    first that may be.
    """
    shifted = _shifted(matrix, value)
    right = _kernel(shifted, sweep)
    left = _kernel([list(row) for row in zip(*shifted, strict=True)], sweep)
    if right is None or left is None:
        return None
    scale = _dot(left, right)
    if not sweep.is_nonzero(scale):
        return None
    return right, [entry / scale for entry in left]


def _kernel(matrix: list[Vector], sweep: Sweep) -> Vector | None:
    """The solution of matrix * x = 0 with one entry 1, when the kernel is a line."""
    for j, dropped in _places(matrix, sweep):
        rows = [row for i, row in enumerate(matrix) if i != dropped]
        minor = [[entry for k, entry in enumerate(row) if k != j] for row in rows]
        rest = _solved(minor, [-row[j] for row in rows], sweep.is_nonzero)
        if rest is not None:
            found = [*rest[:j], sweep.one, *rest[j:]]
            residual = _dot(matrix[dropped], found)
            return None if sweep.is_nonzero(residual) else found
    return None


def _places(matrix: list[Vector], sweep: Sweep) -> list[tuple[int, int]]:
    """(the entry of a kernel vector that is made 1, the equation that then follows from the rest).

    At numbers those of the largest cofactor: by another one a rounding error is magnified.
    """
    if sweep.middle is None:
        return list(product(range(len(matrix)), range(len(matrix))))
    import numpy as np  # not needed for a derivation in symbols

    numbers = np.array([[sweep.middle(entry) for entry in row] for row in matrix])
    left, _, right = np.linalg.svd(numbers)
    return [(int(np.argmax(np.abs(right[-1]))), int(np.argmax(np.abs(left[:, -1]))))]


def _shifted(matrix: Sequence[Vector], value: Element) -> list[Vector]:
    """value * I - matrix."""
    return [
        [value - entry if i == j else -entry for j, entry in enumerate(row)]
        for i, row in enumerate(matrix)
    ]


def _solved(
    matrix: Sequence[Vector], right: Vector, is_nonzero: Callable[[Element], bool]
) -> Vector | None:
    """Gaussian elimination with pivots that are certainly not zero; None where there is none."""
    rows = [[*row, entry] for row, entry in zip(matrix, right, strict=True)]
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if is_nonzero(rows[i][k])), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for i in range(len(rows)):
            if i != k:
                factor = rows[i][k]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def _dot(left: Vector, right: Vector) -> Element:
    total = left[0] * right[0]
    for a, b in zip(left[1:], right[1:], strict=True):
        total = total + a * b
    return total
