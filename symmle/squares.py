"""Second moments about the mean: what a likelihood says of them, as variances and squares.

mean(x**2) - mean(x)**2 loses every digit when the mean is large, and so does a square that is
multiplied out: where several means enter together, as those of a multivariate normal do, their
squares are completed at once, not one after the other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain

import sympy as sp
from sympy.polys.fields import sfield
from sympy.polys.matrices import DomainMatrix
from sympy.polys.matrices.exceptions import DMNonInvertibleMatrixError

from symmle.budget import bounded
from symmle.errors import BudgetError
from symmle.fraction import reduced_fraction
from symmle.sample_mean import SampleMean, cov, linear_in_means, outer_symbols

_SECONDS = 1.0

Pair = tuple[sp.Expr, sp.Expr]
Linear = list[tuple[sp.Expr, sp.Expr]]  # (T, its coefficient)


def central(expr: sp.Expr) -> sp.Expr:
    """Rewrite second moments about the mean and complete the square.

    In a sum linear in the means, a*mean(T**2) + b*mean(T) + c becomes
    a*var(T) + a*(mean(T) + b/(2*a))**2 + (c - b**2/(4*a)); products of two different T likewise,
    with cov.  Equal to `expr`; anything else in it is left as it is.
    """
    linear, rest = linear_in_means(expr)
    products = _products([inside for inside, _ in linear])
    if not products:
        return expr
    moving = any(weight.free_symbols for inside, weight in linear if inside in products)
    joint, linear, rest = _joint_squares(linear, rest, products)
    centre = {each: sp.Dummy() for pair in products.values() for each in pair}
    quadratic, moments = rest, joint
    for inside, weight in linear:
        if inside in products:
            first, second = products[inside]
            moments += weight * cov(first, second)
            quadratic += weight * centre[first] * centre[second]
        elif inside in centre and (weight.free_symbols or not moving):
            quadratic += weight * centre[inside]
        else:  # free of the parameters, like the -log(x) of a lognormal: no part of the square
            moments += weight * SampleMean(inside, evaluate=False)
    means = {dummy: SampleMean(each, evaluate=False) for each, dummy in centre.items()}
    return moments + _complete_squares(quadratic, tuple(means)).xreplace(means)


def _products(insides: list[sp.Expr]) -> dict[sp.Expr, Pair]:
    """Which of the T are products of two others that are present too and are no products."""
    present = [each for each in dict.fromkeys(insides) if not outer_symbols(each)]
    found: dict[sp.Expr, Pair] = {}
    for i, first in enumerate(present):
        for second in present[i:]:
            if first * second in present:
                found[first * second] = (first, second)
    return {
        product: pair for product, pair in found.items() if not any(one in found for one in pair)
    }


def _complete_squares(quadratic: sp.Expr, unknowns: tuple[sp.Symbol, ...]) -> sp.Expr:
    """A quadratic in the unknowns as a sum of squares and what is free of them."""
    if not quadratic.has_free(*unknowns):
        return quadratic
    squares = []
    left = sp.expand_mul(quadratic)
    for unknown in unknowns:
        a, b, c = (left.coeff(unknown, power) for power in (2, 1, 0))
        if a == 0:
            continue
        shift = reduced_fraction(b / (2 * a))
        if _is_ratio_of_sums(shift):
            continue  # a shift that is a ratio of sums is no simpler than what it replaces
        squares.append(a * (unknown + shift) ** 2)
        left = sp.expand_mul(c - sp.expand_mul(reduced_fraction(a * shift**2)))
    return sp.Add(*squares, left)


def _is_ratio_of_sums(expr: sp.Expr) -> bool:
    return any(power.base.is_Add and power.exp.is_negative for power in expr.atoms(sp.Pow))


def _joint_squares(
    linear: Linear, rest: sp.Expr, products: Mapping[sp.Expr, Pair]
) -> tuple[sp.Expr, Linear, sp.Expr]:
    """(squares of means that enter in products with each other, the terms left, the rest left).

    m'A m + b'm + k is (m + c)'A(m + c) + k - b'c/2 with 2 A c = b; kept where c is no ratio of
    sums, as it is -mu in a multivariate normal.
    """
    squares = sp.S.Zero
    for block in _entangled(products.values()):
        within = {product: pair for product, pair in products.items() if pair[0] in block}
        weights = dict.fromkeys([*within, *block], sp.S.Zero)
        for inside, weight in linear:
            if inside in weights:
                weights[inside] += weight
        found = _within_budget(partial(_joint, block, within, weights, rest))
        if found is not None:
            square, rest = found
            squares += square
            linear = [each for each in linear if each[0] not in weights]
    return squares, linear, rest


def _within_budget(work: Callable[[], Pair | None]) -> Pair | None:
    try:
        return bounded(_SECONDS, work)
    except BudgetError:
        return None


def _joint(
    block: Sequence[sp.Expr],
    products: Mapping[sp.Expr, Pair],
    weights: Mapping[sp.Expr, sp.Expr],
    rest: sp.Expr,
) -> Pair | None:
    """(the square with the covariances, what is left of `rest`) of one block; None: no such."""
    size = len(block)
    rational = [term for term in sp.Add.make_args(rest) if not term.atoms(sp.Function)]
    field, found = sfield(
        [
            *(weights[each] for each in block),
            *(weights[each] for each in products),
            sp.Add(*rational),
        ]
    )
    right, entries, constant = found[:size], found[size:-1], found[-1]
    rows = [[field.zero] * size for _ in block]
    for (first, second), entry in zip(products.values(), entries, strict=True):
        i, j = block.index(first), block.index(second)
        rows[i][j] += entry
        rows[j][i] += entry
    matrix = DomainMatrix(rows, (size, size), field.to_domain())
    try:
        solved = matrix.lu_solve(DomainMatrix([[b] for b in right], (size, 1), field.to_domain()))
    except DMNonInvertibleMatrixError:
        return None
    shift = [row[0] for row in solved.to_list()]
    shown = [sp.factor_terms(each.as_expr()) for each in shift]
    if any(map(_is_ratio_of_sums, shown)):
        return None
    left = constant - sum((b * c for b, c in zip(right, shift, strict=True)), field.zero) / 2
    away = {
        each: SampleMean(each, evaluate=False) + c for each, c in zip(block, shown, strict=True)
    }
    over: dict[sp.Expr, sp.Expr] = {}
    for product, (first, second) in products.items():
        above, below = sp.fraction(sp.factor_terms(weights[product]))
        number, below = below.primitive()
        moment = cov(first, second) + away[first] * away[second]
        over[below] = over.get(below, sp.S.Zero) + above / number * moment
    square = sp.Add(*(above / below for below, above in over.items()))
    return square, sp.Add(rest, *(-term for term in rational), sp.factor_terms(left.as_expr()))


def _entangled(pairs: Iterable[Pair]) -> list[list[sp.Expr]]:
    """The T that are multiplied with each other, by blocks; those that are not are left out."""
    blocks: list[list[sp.Expr]] = []
    for pair in pairs:
        if pair[0] != pair[1]:
            met = [block for block in blocks if pair[0] in block or pair[1] in block]
            blocks = [block for block in blocks if block not in met]
            blocks.append(list(dict.fromkeys([*chain(*met), *pair])))
    return blocks
