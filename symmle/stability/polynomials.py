"""Characteristic polynomials in the step, their boundary polynomials, and Schur-Cohn.

Written once for every kind of number: fractions, balls, and polynomials over either.  A ring is
known by `lift`, which makes one of its elements from a fraction.
"""

from collections.abc import Callable, Sequence
from typing import Any

Element = Any  # of a commutative ring that contains the fractions
Matrix = list[list[Element]]
Lift = Callable[[int, int], Element]


def product(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product, over any ring."""
    columns = list(zip(*right, strict=True))
    return [[_dot(row, column) for column in columns] for row in left]


def power(matrix: Matrix, exponent: int) -> Matrix:
    """A positive power, by squaring: expressions that are not multiplied out stay short so."""
    if exponent == 1:
        return matrix
    half = power(product(matrix, matrix), exponent // 2)
    return product(matrix, half) if exponent % 2 else half


def identity(size: int, lift: Lift) -> Matrix:
    """The identity matrix over the ring of `lift`."""
    return [[lift(int(i == j), 1) for j in range(size)] for i in range(size)]


def sweep(
    field: Matrix, blocks: Sequence[tuple[Sequence[int], int]], step: Element, lift: Lift
) -> Matrix:
    """The product of (I + step * E_b * K)**repeat over the blocks, the first block rightmost.

    field: K, n x n.  blocks: (places of the parameters, repeat), in the order of updating.
    """
    result = identity(len(field), lift)
    for rows, repeat in blocks:
        for _ in range(repeat):
            moved = {i: [step * entry for entry in _combined(field[i], result)] for i in rows}
            result = [
                [old + new for old, new in zip(row, moved[i], strict=True)] if i in moved else row
                for i, row in enumerate(result)
            ]
    return result


def characteristic(matrix: Matrix, lift: Lift) -> list[Element]:
    """[1, a1, ..., an] with det(z - matrix) = z**n + a1*z**(n-1) + ... + an.

    Faddeev and LeVerrier: only integers are divided by.
    """
    size = len(matrix)
    coefficients, power = [lift(1, 1)], identity(size, lift)
    for k in range(1, size + 1):
        current = product(matrix, power)
        trace = current[0][0]
        for i in range(1, size):
            trace = trace + current[i][i]
        coefficients.append(trace * lift(-1, k))
        power = [
            [entry + coefficients[k] if i == j else entry for j, entry in enumerate(row)]
            for i, row in enumerate(current)
        ]
    return coefficients


def at_plus_one(coefficients: Sequence[Element]) -> Element:
    """P(1): zero where a multiplier is +1."""
    return _sum(coefficients)


def at_minus_one(coefficients: Sequence[Element]) -> Element:
    """(-1)**n P(-1): zero where a multiplier is -1, and positive for a stable polynomial."""
    return _sum([c if i % 2 == 0 else -c for i, c in enumerate(coefficients)])


def pairs(coefficients: Sequence[Element]) -> Element:
    """The product of (1 - multiplier_i * multiplier_j) over i < j; None for n = 1.

    With a leading coefficient c, times c**(n - 1): proved in derivations/schur-cohn.md.
    Zero where a complex pair is on the unit circle (and where two real multipliers are
    reciprocal).  The inner determinant of Jury and Pavlidis (Stability and aperiodicity
    constraints for system design, IEEE Trans. Circuit Theory 10, 1963).
    """
    size = len(coefficients) - 1
    if size < 2:
        return None
    return determinant(
        [[_inner(coefficients, i, j) for j in range(size - 1)] for i in range(size - 1)]
    )


def _inner(a: Sequence[Element], i: int, j: int) -> Element:
    size = len(a) - 1
    toeplitz = a[j - i] if j >= i else None
    place = i + j + 2
    hankel = a[place] if place <= size else None
    if toeplitz is None:
        return 0 * a[0] if hankel is None else -hankel
    return toeplitz if hankel is None else toeplitz - hankel


def determinant(matrix: Matrix) -> Element:
    """Without division: expansion by rows, each minor once.  For a handful of rows."""
    minors: dict[tuple[int, ...], Element] = {(j,): entry for j, entry in enumerate(matrix[-1])}
    for row in reversed(matrix[:-1]):
        minors = _larger_minors(row, minors)
    return minors[tuple(range(len(matrix)))]


def _larger_minors(
    row: Sequence[Element], minors: dict[tuple[int, ...], Element]
) -> dict[tuple[int, ...], Element]:
    larger: dict[tuple[int, ...], Element] = {}
    for columns, minor in minors.items():
        for j in range(len(row)):
            if j in columns:
                continue
            place = sum(1 for column in columns if column < j)
            term = row[j] * minor if place % 2 == 0 else -(row[j] * minor)
            key = tuple(sorted((*columns, j)))
            larger[key] = larger[key] + term if key in larger else term
    return larger


def is_schur(coefficients: Sequence[Element]) -> bool | None:
    """Whether every root of a polynomial, leading coefficient first, is inside the unit circle.

    Exact for fractions.  In balls None when they are too wide to tell.
    The recursion of Schur and Cohn.
    """
    current = list(coefficients)
    while len(current) > 1:
        first, last = current[0], current[-1]
        gap = (first - last) * (first + last)
        if gap <= 0:
            return False
        if not gap > 0:
            return None
        current = [
            (first * here - last * there) / gap
            for here, there in zip(current[:-1], current[:0:-1], strict=True)
        ]
    return True


def scaled(coefficients: Sequence[Element], radius: Element) -> list[Element]:
    """The polynomial whose roots are those of the given one divided by `radius`."""
    result, factor = [], 1 / radius**0
    for coefficient in coefficients:
        result.append(coefficient * factor)
        factor = factor / radius
    return result


def _combined(weights: Sequence[Element], rows: Matrix) -> list[Element]:
    return [_dot(weights, column) for column in zip(*rows, strict=True)]


def _dot(left: Sequence[Element], right: Sequence[Element]) -> Element:
    return _sum([a * b for a, b in zip(left, right, strict=True)])


def _sum(terms: Sequence[Element]) -> Element:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
