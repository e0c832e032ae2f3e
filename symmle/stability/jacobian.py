"""The Jacobian of a sweep, by the chain rule over its blocks.

Differentiating the composed update of five parameters in turn takes half a minute; the product
of its blocks' Jacobians takes milliseconds, and is the same matrix.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import sympy as sp

from symmle.budget import bounded
from symmle.derive import Score
from symmle.errors import BudgetError, InputError
from symmle.schemes import Metric, Rule, Scheme, direction, metric_matrix, require_fits
from symmle.stability.algebra import algebra, is_zero, tidied
from symmle.stability.parts import Part, parts, program, with_rule_of
from symmle.stability.polynomials import Matrix, characteristic, power, product, sweep
from symmle.stability.rules import sweep_of

_LARGEST_INVERSE = 3  # rows of I - step*K that are inverted in symbols
_LONG = 100  # operations of K, from which on its entries are letters in what is multiplied out
_LONG_ROWS = 400  # operations of two rows, from which on their determinant is not multiplied out
_SECONDS = 2.0  # for a characteristic polynomial of three parameters or more, in symbols


def field_jacobian(
    hessian: sp.Matrix,
    scheme: Scheme,
    parameters: Sequence[sp.Symbol],
    information: sp.Matrix | None = None,
) -> tuple[tuple[sp.Expr, ...], ...]:
    """P * H at the fixed point, n x n: the Jacobian of the field that the scheme follows.

    hessian, information: at the fixed point, in the order of `parameters`.  The gradient is zero
    there, so derivatives of P do not enter.
    Raises InputError for scoring without an information matrix.
    """
    rows = _field_jacobian(hessian, scheme, parameters, information)
    if not scheme.paces:
        return rows
    return tuple(
        tuple(scheme.pace(p) * entry for entry in row)
        for p, row in zip(parameters, rows, strict=True)
    )


def _field_jacobian(
    hessian: sp.Matrix,
    scheme: Scheme,
    parameters: Sequence[sp.Symbol],
    information: sp.Matrix | None,
) -> tuple[tuple[sp.Expr, ...], ...]:
    if scheme.metric is Metric.OBSERVED and len(scheme.blocks) == 1:
        if all(entry.is_Rational for entry in hessian):
            _require_invertible(hessian, scheme)
        return _rows(-sp.eye(hessian.rows))  # -H**-1 * H, whatever H is
    if scheme.metric is Metric.IDENTITY:
        return _rows(hessian)
    matrix, field = metric_matrix(hessian, scheme, information), sp.zeros(*hessian.shape)
    for rows, _ in program(scheme, parameters):
        block = sp.Matrix(matrix.extract(rows, rows))
        if all(entry.is_Rational for entry in block):
            _require_invertible(block, scheme)
        divided = block.LUsolve(hessian.extract(rows, range(hessian.cols)))
        for place, row in zip(rows, range(len(rows)), strict=True):
            field[place, :] = divided[row, :]
    return _rows(field)


def _require_invertible(block: sp.Matrix, scheme: Scheme) -> None:
    if block.rank() < block.rows:
        raise InputError(
            f"{scheme.name} divides by a matrix that is singular at the fixed point, so that its "
            "update is not defined there; choose another scheme"
        )


def _rows(matrix: sp.Matrix) -> tuple[tuple[sp.Expr, ...], ...]:
    return tuple(tuple(tidied(entry) for entry in row) for row in matrix.tolist())


def sweep_jacobian(
    hessian: sp.Matrix,
    scheme: Scheme,
    parameters: Sequence[sp.Symbol],
    step: sp.Expr,
    information: sp.Matrix | None = None,
) -> sp.ImmutableMatrix:
    """The Jacobian of one full update at a fixed point, n x n, in the order of `parameters`.

    hessian: there, n x n (of any field: it need not be symmetric for gradient ascent).
    Raises InputError for scoring without an information matrix.
    """
    field = field_jacobian(hessian, scheme, parameters, information)
    pieces = with_rule_of(parts(field, program(scheme, parameters), is_zero), scheme)
    return assembled([part_jacobian(part, scheme.sweeps, step) for part in pieces], pieces)


def part_jacobian(part: Part, sweeps: int, step: sp.Expr) -> Matrix:
    """The Jacobian of one independent part, `sweeps` times over.

    Multiplied out only where every block moves once: powers stay powers.  Long entries of K stay
    as they are.
    """
    short, back = _lettered(part)
    found = _part_jacobian(short, sweeps, step)
    return [[entry.xreplace(back) for entry in row] for row in found] if back else found


def _lettered(part: Part) -> tuple[Part, dict[sp.Symbol, sp.Expr]]:
    """(the part, what its letters stand for): a letter for each entry of K where K is long.

    Multiplied out, products of long entries take seconds and fill pages; so does a sum over a
    sum, of which each term gets its own copy of what is below.
    """
    entries = [entry for row in part.field for entry in row]
    if sum(map(sp.count_ops, entries)) <= _LONG and not any(map(_is_sum_over_sum, entries)):
        return part, {}
    letters: dict[sp.Expr, sp.Symbol] = {}
    field = tuple(
        tuple(
            entry if entry.is_number else letters.setdefault(entry, sp.Dummy(real=True))
            for entry in row
        )
        for row in part.field
    )
    return replace(part, field=field), {letter: entry for entry, letter in letters.items()}


def _is_sum_over_sum(entry: sp.Expr) -> bool:
    above, below = entry.as_numer_denom()
    return any(each.is_Add for each in sp.Mul.make_args(above)) and below.has(sp.Add)


def _part_jacobian(part: Part, sweeps: int, step: sp.Expr) -> Matrix:
    if not part.is_gradient:
        return _by_rule(part, sweeps, step)
    expanded = sweeps == 1 and all(repeat == 1 for _, repeat in part.program)
    numbers = all(entry.is_number for row in part.field for entry in row)
    once: Matrix = sp.eye(part.size).tolist()
    for rows, repeat in part.program:
        if len(rows) == 1:
            once = _moved(once, part, rows[0], repeat, step)
            if expanded and numbers:  # what nests through all rows takes seconds at the end
                once[rows[0]] = [sp.expand_mul(entry) for entry in once[rows[0]]]
        else:
            field = [list(row) for row in part.field]
            once = product(sweep(field, ((rows, repeat),), step, sp.Rational), once)
    if expanded:
        return [[sp.expand_mul(entry) for entry in row] for row in once]
    return once if sweeps == 1 else _repeated(once, sweeps)


def _repeated(once: Matrix, sweeps: int) -> Matrix:
    """A power of a matrix of long entries, by way of letters for them."""
    letters = [[sp.Dummy(real=True) for _ in row] for row in once]
    back = {
        letter: entry
        for own, row in zip(letters, once, strict=True)
        for letter, entry in zip(own, row, strict=True)
        if entry != 0
    }
    first = [[letter if letter in back else sp.S.Zero for letter in row] for row in letters]
    return [[entry.xreplace(back) for entry in row] for row in power(first, sweeps)]


def _by_rule(part: Part, sweeps: int, step: sp.Expr) -> Matrix:
    """Of a rule that is no plain gradient: the parameters, and then their memory."""
    if part.rule is Rule.IMPLICIT:
        if part.size > _LARGEST_INVERSE:
            raise BudgetError(f"a matrix of {part.size} rows would be inverted in symbols")
        found = sp.Matrix(part.size, part.size, lambda i, j: int(i == j) - step * part.field[i][j])
        inverse = found.inv(method="ADJ") ** sweeps
        return [[tidied(entry) for entry in row] for row in inverse.tolist()]
    once = sweep_of(part, lambda entry: entry, step, sp.Rational)
    result = power(once, sweeps)
    return [[sp.expand_mul(entry) for entry in row] for row in result]


def _moved(before: Matrix, part: Part, place: int, repeat: int, step: sp.Expr) -> Matrix:
    """One parameter moved `repeat` times: a geometric sum, with ratio 1 + step*K_ii."""
    own = part.field[place][place]
    if part.size == 1:
        return [[before[0][0] * (1 + step * own) ** repeat]]
    power = (1 + step * own) ** repeat
    total = step if repeat == 1 else (repeat * step if own == 0 else (power - 1) / own)
    weights = [power if j == place else total * entry for j, entry in enumerate(part.field[place])]
    row = [
        sp.Add(*(weight * before[j][k] for j, weight in enumerate(weights)))
        for k in range(part.size)
    ]
    return [row if i == place else old for i, old in enumerate(before)]


def assembled(blocks: Sequence[Matrix], pieces: Sequence[Part]) -> sp.ImmutableMatrix:
    """The matrix with the Jacobians of independent parts in their places, memory behind."""
    size = sum(part.size for part in pieces)
    order = sum(part.order for part in pieces)
    matrix = sp.zeros(order, order)
    for block, part in zip(blocks, pieces, strict=True):
        places = [*part.places, *(size + place for place in part.places)][: part.order]
        for i, row in zip(places, block, strict=True):
            for j, entry in zip(places, row, strict=True):
                matrix[i, j] = entry
    return sp.ImmutableMatrix(matrix)


def general_jacobian(
    score: Score, scheme: Scheme, step: sp.Expr, information: sp.Matrix | None = None
) -> sp.ImmutableMatrix:
    """The Jacobian of one full update at any point, n x n, in the parameters and the step.

    Every block's Jacobian is taken at the point that the blocks before it have reached.  Not
    simplified, and large for many blocks.  Raises InputError as `schemes.update` does.
    """
    require_fits(score, scheme, step)
    field = direction(score, scheme, information)
    derivative = score.hessian
    if scheme.metric is not Metric.IDENTITY or scheme.paces:
        derivative = sp.Matrix(field).jacobian(score.parameters)
    point: dict[sp.Symbol, sp.Expr] = {}
    result: Matrix = sp.eye(len(field)).tolist()
    for rows, repeat in program(scheme, score.parameters) * scheme.sweeps:
        for _ in range(repeat):
            local = [[e.xreplace(point) for e in row] for row in derivative.tolist()]
            result = product(sweep(local, ((rows, 1),), step, sp.Rational), result)
            point |= {
                score.parameters[i]: (score.parameters[i] + step * field[i]).xreplace(point)
                for i in rows
            }
    return sp.ImmutableMatrix(result)


def characteristic_polynomial(
    pieces: Sequence[Part],
    jacobians: Sequence[Matrix],
    sweeps: int,
    step: sp.Expr,
    seconds: float = _SECONDS,
) -> sp.Expr:
    """det(z - J) in `z`, a product over the independent parts with their Jacobians.

    Raises BudgetError where three or more parameters act on each other in too many letters.
    """
    z = sp.Symbol("z")
    factors = []
    for part, block in zip(pieces, jacobians, strict=True):
        if part.order == 1:
            factors.append(z - block[0][0])
            continue
        short, back = _lettered(part)
        if part.order == 2 and not part.is_gradient:
            trace, determinant = trace_and_determinant(block)
            factors.append(z**2 - trace * z + determinant)
        elif part.order == 2:
            trace = block[0][0] + block[1][1]
            determinant = _determinant(short, sweeps, step).xreplace(back)
            factors.append(z**2 - trace * z + determinant)
        else:
            matrix = _part_jacobian(short, sweeps, step) if back else block
            factors.append(bounded(seconds, partial(_gathered, matrix, z)).xreplace(back))
    return sp.Mul(*factors)


def _determinant(part: Part, sweeps: int, step: sp.Expr) -> sp.Expr:
    """The product of det(I + step*K_bb)**repeat over the blocks of one or two parameters."""
    result = sp.S.One
    for rows, repeat in part.program:
        own = [[int(i == j) + step * part.field[i][j] for j in rows] for i in rows]
        result *= determinant_of_two(own) ** (repeat * sweeps)
    return result


def determinant_of_two(rows: list[list[sp.Expr]]) -> sp.Expr:
    """A determinant of one or two rows; long entries are left unexpanded, which takes minutes."""
    if len(rows) == 2 and sum(sp.count_ops(entry) for row in rows for entry in row) > _LONG_ROWS:
        return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    return sp.Matrix(rows).det()


def _gathered(block: Matrix, z: sp.Symbol) -> sp.Expr:
    letters = algebra([entry for row in block for entry in row])
    rows = [[letters.element(entry) for entry in row] for row in block]
    found = characteristic(rows, lambda p, q: letters.field(letters.field.domain(p, q)))
    size = len(block)
    return sp.Add(*(letters.expression(c) * z ** (size - k) for k, c in enumerate(found)))


def trace_and_determinant(block: Matrix) -> tuple[sp.Expr, sp.Expr]:
    """Of a 2 x 2 matrix: the coefficients of Jury's conditions; multiplied out where not long."""
    (a, b), (c, d) = block
    if sum(sp.count_ops(entry) for entry in (a, b, c, d)) > _LONG:
        return a + d, a * d - b * c
    return sp.expand(a + d), sp.expand(a * d - b * c)


def multipliers(pieces: Sequence[Part], sweeps: int, step: sp.Symbol) -> tuple[sp.Expr, ...] | None:
    """The eigenvalues of one full update, where they are simple; None otherwise.

    A part of two parameters [[a, b], [c, d]] has 1 + step*k together, k the eigenvalues of K;
    in turn, with T = 2 + g*S + g**2*q, S = a + d, q = b*c, it has
    T**2 - 4*D = g**2 * ((S + g*q)**2 - 4*(a*d - q)).
    """
    found: list[sp.Expr] = []
    for part in pieces:
        turns = None if part.repeat is None else part.repeat * sweeps
        if not part.is_gradient:
            return None
        if part.size == 1:
            turns = sum(repeat for _, repeat in part.program) * sweeps
            found.append((1 + step * part.field[0][0]) ** turns)
            continue
        if part.size > 2 or turns is None or (len(part.program) > 1 and part.moves != 2):
            return None
        (a, b), (c, d) = part.field
        pull = b * c if len(part.program) > 1 else sp.S.Zero
        root = (
            sp.sqrt((a - d) ** 2 + 4 * b * c)
            if pull == 0
            else sp.sqrt((a + d + step * pull) ** 2 - 4 * (a * d - pull))
        )
        for side in (-1, 1):
            slope = (a + d + step * pull + side * root) / 2
            found.append((1 + step * slope) ** (turns if pull == 0 else sweeps))
    return tuple(found)
