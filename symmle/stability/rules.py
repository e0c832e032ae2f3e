"""A sweep of any rule near its fixed point, over any ring: the matrix of x, and of its memory.

With K the field's Jacobian, E the rows of a block and g the step, a block moves

    gradient        x <- x + g E K x
    heavy ball      d <- b d + g E K x,            x <- x + d          (Polyak 1964)
    Nesterov        d <- b d + g E K (x + b d),    x <- x + d          (Nesterov 1983)
    optimistic      x <- x + 2 g E K x - g p,      p <- E K x          (Popov 1980)
    extragradient   x <- x + g E K (x + g E K x)                       (Korpelevich 1976)
    implicit        x <- x + g K x', the new point                     (proximal point)

The memory d, p is zero at the fixed point, so the state is 2n numbers there, x first.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import sympy as sp

from symmle.errors import InputError
from symmle.schemes import Rule
from symmle.stability.parts import Part
from symmle.stability.polynomials import Element, Lift, Matrix, characteristic, identity, product
from symmle.stability.polynomials import sweep as plain_sweep

_DIGITS = 60


def sweep_of(part: Part, number: Callable[[Element], Element], step: Element, lift: Lift) -> Matrix:
    """The matrix of one sweep of a part, the blocks in turn.

    number: an entry of the field, or the momentum, -> an element of the ring.
    Raises InputError for an implicit rule, whose matrix is a quotient of polynomials.
    """
    field = [[number(entry) for entry in row] for row in part.field]
    if part.rule is Rule.GRADIENT:
        return plain_sweep(field, part.program, step, lift)
    if part.rule is Rule.IMPLICIT:
        raise InputError("an implicit update has no matrix without division")
    momentum = number(part.momentum)
    result = identity(part.order, lift)
    for rows, repeat in part.program:
        once = _block(part, field, rows, (step, momentum), lift)
        for _ in range(repeat):
            result = product(once, result)
    return result


def coefficients_of(
    part: Part, number: Callable[[Element], Element], step: Element, lift: Lift
) -> list[Element]:
    """The characteristic polynomial of a sweep, leading coefficient first, up to a factor.

    Implicitly, z (I - g K) x = x, so that its coefficients are those of I - g K, reversed.
    """
    if part.rule is not Rule.IMPLICIT:
        return characteristic(sweep_of(part, number, step, lift), lift)
    field = [[number(entry) for entry in row] for row in part.field]
    return characteristic(implicit_matrix(field, step, lift), lift)[::-1]


def implicit_matrix(field: Matrix, step: Element, lift: Lift) -> Matrix:
    """I - g K, which an implicit update is divided by."""
    return [
        [lift(int(i == j), 1) - step * entry for j, entry in enumerate(row)]
        for i, row in enumerate(field)
    ]


def _block(
    part: Part,
    field: Matrix,
    rows: Sequence[int],
    numbers: tuple[Element, Element],
    lift: Lift,
) -> Matrix:
    """One block of the program, on x and its memory."""
    step, momentum = numbers
    size, result = part.size, identity(part.order, lift)
    zero = lift(0, 1)
    for i in rows:
        pull = [step * entry for entry in field[i]]
        if part.rule is Rule.EXTRAGRADIENT:
            inner = [
                [pull[j] * field[j][k] * step if j in rows else zero for j in range(size)]
                for k in range(size)
            ]
            result[i] = [result[i][k] + pull[k] + _sum(inner[k]) for k in range(size)]
            continue
        own = [lift(int(i == j), 1) for j in range(size)]
        if part.rule is Rule.OPTIMISTIC:
            memory = [-step if i == j else zero for j in range(size)]
            result[i] = [one + pull[j] + pull[j] for j, one in enumerate(own)] + memory
            result[size + i] = list(field[i]) + [zero] * size
            continue
        ahead = part.rule is Rule.NESTEROV
        memory = [
            (momentum if i == j else zero) + (momentum * pull[j] if ahead and j in rows else zero)
            for j in range(size)
        ]
        result[size + i] = pull + memory
        result[i] = [one + p for one, p in zip(own, pull, strict=True)] + memory
    return result


def inverse_of(matrix: Matrix, lift: Lift) -> Matrix:
    """The inverse over a field, by elimination; ZeroDivisionError for a singular matrix."""
    size = len(matrix)
    rows = [[*row, *unit] for row, unit in zip(matrix, identity(size, lift), strict=True)]
    for k in range(size):
        pivot = next((i for i in range(k, size) if rows[i][k] != 0), k)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for i in range(size):
            if i != k:
                factor = rows[i][k]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[size:] for row in rows]


def exactly(part: Part) -> Part:
    """The same part with fractions in place of numbers that are none, right to 60 digits."""

    def rounded(entry: sp.Expr) -> sp.Expr:
        return sp.Rational(sp.N(entry, _DIGITS)) if not entry.is_Rational else entry

    field = tuple(tuple(rounded(entry) for entry in row) for row in part.field)
    return replace(part, field=field, momentum=rounded(part.momentum))


def _sum(terms: Sequence[Element]) -> Element:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
