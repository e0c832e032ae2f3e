"""Multipliers of a sweep as polynomials in the step, its numbers kept as letters.

An entry that is no fraction becomes a letter, so that what cancels is seen to cancel: the same
polynomial of two schemes is known to be the same, which no ball can tell.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import sympy as sp
from flint import Ordering, arb, arb_poly, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from symmle.balls import ball, exact, fraction
from symmle.errors import BudgetError
from symmle.stability.parts import Part
from symmle.stability.polynomials import at_minus_one, at_plus_one, pairs
from symmle.stability.rules import coefficients_of

_MOST_TERMS = 600  # of a polynomial that is factored
_MOST_LETTERS = 12


@dataclass(frozen=True, slots=True)
class Ring:
    """Polynomials over the fractions in the step, z and the letters."""

    context: fmpq_mpoly_ctx
    letters: tuple[sp.Expr, ...]

    @property
    def step(self) -> fmpq_mpoly:
        return self.context.gens()[0]

    @property
    def z(self) -> fmpq_mpoly:
        return self.context.gens()[1]

    def lift(self, numerator: int, denominator: int) -> fmpq_mpoly:
        """A fraction as an element."""
        return self.context.constant(fmpq(numerator, denominator))

    def element(self, number: sp.Expr) -> fmpq_mpoly:
        """A number as a sum of fractions times letters."""
        total = self.context.constant(0)
        for term in sp.Add.make_args(number):
            factor, letter = _split(term)
            one = self.context.gens()[2 + self.letters.index(letter)] if letter != 1 else 1
            total = total + self.context.constant(factor) * one
        return total


@dataclass(frozen=True, slots=True)
class Factor:
    """An irreducible factor of a characteristic polynomial, in z, over the ring.

    real: whether its roots are known to be real.
    """

    polynomial: fmpq_mpoly
    coefficients: tuple[fmpq_mpoly, ...]
    real: bool

    @property
    def key(self) -> str:
        return str(self.polynomial)


def ring_of(parts: Iterable[Part]) -> Ring:
    """The ring that holds the entries of all parts.  Raises BudgetError for too many letters."""
    letters: dict[sp.Expr, None] = {}
    for part in parts:
        for entry in (*(e for row in part.field for e in row), part.momentum):
            for term in sp.Add.make_args(entry):
                letter = _split(term)[1]
                if letter != 1:
                    letters[letter] = None
    if len(letters) > _MOST_LETTERS:
        raise BudgetError("there are too many numbers that are no fractions")
    names = ("g", "z", *(f"t{i}" for i in range(len(letters))))
    return Ring(fmpq_mpoly_ctx.get(names, Ordering.lex), tuple(letters))


def _split(term: sp.Expr) -> tuple[fmpq, sp.Expr]:
    """A number as a fraction times what is none."""
    whole = exact(term)
    if whole is not None:
        return whole, sp.S.One
    factor, rest = term.as_coeff_Mul(rational=True)
    return fraction(factor), rest


def factors_of(part: Part, ring: Ring) -> list[Factor]:
    """The characteristic polynomial of a part, in irreducible factors, each once."""
    found = coefficients_of(part, ring.element, ring.step, ring.lift)
    size = len(found) - 1
    whole = ring.context.constant(0)
    for i, coefficient in enumerate(found):
        whole = whole + coefficient * ring.z ** (size - i)
    return [
        Factor(each, tuple(by_powers(each, ring, 1)[::-1]), part.has_real_multipliers)
        for each in irreducible(whole)
        if each.degrees()[1] > 0
    ]


def irreducible(polynomial: fmpq_mpoly) -> list[fmpq_mpoly]:
    """Its irreducible factors, each once; itself where it is too long to be factored."""
    if len(polynomial) > _MOST_TERMS:
        return [polynomial]
    return [factor for factor, _ in polynomial.factor()[1]]


def by_powers(polynomial: fmpq_mpoly, ring: Ring, place: int) -> list[fmpq_mpoly]:
    """The coefficients of the powers of one generator, the constant term first."""
    gathered: list[dict[tuple[int, ...], fmpq]] = [
        {} for _ in range(int(polynomial.degrees()[place]) + 1)
    ]
    for powers, coefficient in polynomial.to_dict().items():
        rest = tuple(0 if i == place else p for i, p in enumerate(powers))
        gathered[int(powers[place])][rest] = coefficient
    return [ring.context.from_dict(each) for each in gathered]


def walls_of(factor: Factor) -> list[fmpq_mpoly]:
    """Polynomials in the step, one of which vanishes where a multiplier is on the unit circle."""
    coefficients = list(factor.coefficients)
    found = [at_plus_one(coefficients), at_minus_one(coefficients)]
    if len(coefficients) > 2 and not factor.real:
        found.append(pairs(coefficients))
    return [each for each in found if not each.is_zero()]


def squares_of(factor: Factor, ring: Ring) -> list[fmpq_mpoly]:
    """Irreducible polynomials in z, one of which the square of the spectral radius is a root of.

    The radius is the size of a real root, whose square is a square of a root, or of a complex
    pair, whose product is a product of two roots.  By Newton's identities, of the roots times the
    leading coefficient, which are integral; so that the squares are as many times its square.
    """
    coefficients = factor.coefficients
    size = len(coefficients) - 1
    lead = coefficients[0]
    monic = [ring.lift(1, 1), *(c * lead**i for i, c in enumerate(coefficients[1:]))]
    sums = _power_sums(monic, size * max(size - 1, 2), ring)
    found = _from_power_sums([sums[2 * k] for k in range(1, size + 1)], ring)
    polynomials = [found]
    if size > 1 and not factor.real:
        number = size * (size - 1) // 2
        halves = [(sums[k] ** 2 - sums[2 * k]) * fmpq(1, 2) for k in range(1, number + 1)]
        polynomials.append(_from_power_sums(halves, ring))
    return [
        each
        for polynomial in polynomials
        for each in irreducible(_multiplied(polynomial, lead**2, ring))
        if each.degrees()[1] > 0
    ]


def _multiplied(polynomial: fmpq_mpoly, factor: fmpq_mpoly, ring: Ring) -> fmpq_mpoly:
    """The polynomial in z with z times the factor put in for z."""
    powers = enumerate(by_powers(polynomial, ring, 1))
    return reduce(lambda a, b: a + b, (c * (factor * ring.z) ** k for k, c in powers))


def _power_sums(monic: Sequence[fmpq_mpoly], most: int, ring: Ring) -> list[fmpq_mpoly]:
    """[n, p1, p2, ...]: the sums of powers of the roots, leading coefficient first."""
    size = len(monic) - 1
    sums = [ring.lift(size, 1)]
    for k in range(1, most + 1):
        total = ring.lift(0, 1) if k > size else -(monic[k] * k)
        for i in range(1, min(k - 1, size) + 1):
            total = total - monic[i] * sums[k - i]
        sums.append(total)
    return sums


def _from_power_sums(sums: Sequence[fmpq_mpoly], ring: Ring) -> fmpq_mpoly:
    """The monic polynomial in z with these sums of powers of its roots, p1 first."""
    monic = [ring.lift(1, 1)]
    for k in range(1, len(sums) + 1):
        total = ring.lift(0, 1)
        for i in range(1, k + 1):
            total = total + monic[k - i] * sums[i - 1]
        monic.append(total * fmpq(-1, k))
    size = len(sums)
    return reduce(lambda a, b: a + b, (c * ring.z ** (size - i) for i, c in enumerate(monic)))


def evaluator(ring: Ring) -> Callable[[fmpq_mpoly], fmpq_poly | arb_poly]:
    """Puts the letters' numbers into polynomials in the step, at Arb's present precision."""
    values = [ball(letter) for letter in ring.letters]

    def evaluated(polynomial: fmpq_mpoly) -> fmpq_poly | arb_poly:
        degree = int(polynomial.degrees()[0]) if not polynomial.is_zero() else 0
        if not values:
            plain = [fmpq(0)] * (degree + 1)
            for powers, coefficient in polynomial.to_dict().items():
                plain[int(powers[0])] += coefficient
            return fmpq_poly(plain)
        found = [arb(0)] * (degree + 1)
        for powers, coefficient in polynomial.to_dict().items():
            term = arb(coefficient)
            for value, power in zip(values, powers[2:], strict=True):
                for _ in range(int(power)):
                    term = term * value
            found[int(powers[0])] += term
        return arb_poly(found)

    return evaluated
