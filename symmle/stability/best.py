"""The step with the smallest spectral radius, at numbers, with a proof that none is better.

Where all multipliers are real, 1 - step * eigenvalue, the best step is 2/(least + greatest).
Otherwise: {step: every multiplier is smaller than r} is found exactly, like the stable set, for
any r, and shrinks with r.  So the best rate lies between an r whose set is empty and one whose
set is not, and the best step in the latter.  A search in floats only proposes where to begin.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import sympy as sp
from flint import arb, arb_poly, fmpq, fmpq_poly

from symmle.balls import Root, ball, ball_roots, exact_roots, fraction, rational, sign_of, to_float
from symmle.errors import BudgetError
from symmle.known import Known
from symmle.stability.cells import Cell, Spectrum, Undecided, cells, is_exact, root_bound, simplest
from symmle.stability.parts import Part
from symmle.stability.polynomials import Element, Lift, characteristic
from symmle.stability.records import Interval

_HALVINGS = 60
_RATE_WIDTH = fmpq(1, 10**15)  # of the bracket of the best rate, against the rate
_STEP_WIDTH = fmpq(1, 10**9)  # of the steps that attain it, against the step
_FIRST_SLACK = fmpq(1, 10**14)
_AS_WIDE = fmpq(19, 20)  # of a range before: it shrinks no more, though the rate came nearer
_NEARLY_ZERO = fmpq(1, 10**9)


def best_step(
    spectra: Sequence[Spectrum], intervals: Sequence[Interval], sweeps: int
) -> tuple[sp.Expr, sp.Expr, Known]:
    """(step, spectral radius of one update there, how it is known) over stable intervals."""
    parts = [each.part for each in spectra]
    repeats = {part.repeat for part in parts}
    real = all(p.is_gradient and (p.size == 1 or p.has_real_multipliers) for p in parts)
    if real and len(repeats) == 1 and None not in repeats:
        step, rate, known = _between_extremes(parts)
        return step, rate ** (sweeps * (repeats.pop() or 1)), known
    step, rate, known = _bracketed(spectra, intervals)
    return step, rate**sweeps, known


def _between_extremes(parts: Sequence[Part]) -> tuple[sp.Expr, sp.Expr, Known]:
    """2/(least + greatest) and (greatest - least)/(greatest + least), eigenvalues of -K."""
    roots = sorted((r for part in parts for r in _eigenvalues(part)), key=lambda root: root.lower)
    least, greatest = roots[0], roots[-1]
    if least.lower == least.upper and greatest.lower == greatest.upper:
        total, gap = greatest.lower + least.lower, greatest.lower - least.lower
        return rational(2 / total), rational(gap / total), Known.PROVED
    if least.factor is not None and least.factor == greatest.factor and len(least.factor) == 3:
        constant, linear, leading = least.factor
        square = sp.Integer(linear * linear - 4 * constant * leading)
        return sp.Rational(-2 * leading, linear), sp.sqrt(square) / abs(linear), Known.PROVED
    totals = least.lower + greatest.lower, least.upper + greatest.upper
    gaps = greatest.lower - least.upper, greatest.upper - least.lower
    step, _ = to_float(2 / totals[1], 2 / totals[0])
    rate, _ = to_float(max(gaps[0], fmpq(0)) / totals[1], gaps[1] / totals[0])
    return step, rate, Known.CERTIFIED


def _eigenvalues(part: Part) -> list[Root]:
    """Enclosures of the extreme eigenvalues, all positive, of minus a symmetric matrix."""
    if is_exact(part):
        return exact_roots(fmpq_poly(_characteristic(part, fraction, fmpq)))
    polynomial = arb_poly(_characteristic(part, ball, lambda p, q: arb(fmpq(p, q))))
    found = ball_roots(polynomial, root_bound(polynomial))
    if not found[0].single and _above(polynomial, found[0].upper) == part.size:
        raise Undecided("the smallest eigenvalue was not enclosed")
    if not found[-1].single and _above(polynomial, found[-1].lower) == 0:
        raise Undecided("the greatest eigenvalue was not enclosed")
    return found


def _characteristic(part: Part, number: Callable[[sp.Expr], Element], lift: Lift) -> list[Element]:
    """Of -K, the constant term first."""
    return characteristic([[-number(entry) for entry in row] for row in part.field], lift)[::-1]


def _above(polynomial: arb_poly, place: fmpq) -> int:
    """How many roots of a polynomial with real roots only are greater: Descartes is exact there."""
    shifted = polynomial(arb_poly([place, 1]))
    signs = [sign_of(shifted[i]) for i in range(polynomial.degree() + 1)]
    if None in signs:
        raise Undecided("an eigenvalue was not told from the end of its enclosure")
    known = [each for each in signs if each]
    return sum(1 for here, after in pairwise(known) if here != after)


def _bracketed(
    spectra: Sequence[Spectrum], intervals: Sequence[Interval]
) -> tuple[sp.Expr, sp.Expr, Known]:
    guess = max(_proposed(spectra, intervals), _NEARLY_ZERO / 4)
    reached, low, high = _bracket(spectra, guess)
    flat = False  # many steps have the best rate: with a momentum all in a range may
    for _ in range(_HALVINGS):
        if _narrow((low, high), _RATE_WIDTH) and (flat or _narrow(_limits(reached), _STEP_WIDTH)):
            break
        middle = simplest(low + (high - low) * fmpq(2, 5), low + (high - low) * fmpq(3, 5))
        try:
            lower = _reached(spectra, middle)
        except BudgetError:
            break
        if lower is None:
            low = middle
        else:
            flat = _width(lower) > _width(reached) * _AS_WIDE
            reached, high = lower, middle
    if high < _NEARLY_ZERO and (finite := _nilpotent_step(spectra, reached)) is not None:
        return finite, sp.S.Zero, Known.PROVED
    return to_float(*_limits(reached))[0], to_float(low, high)[0], Known.CERTIFIED


def _bracket(spectra: Sequence[Spectrum], guess: fmpq) -> tuple[Cell, fmpq, fmpq]:
    """(steps that attain `high`, a rate `low` that none attains, `high`) around a guess."""
    slack, low, high = _FIRST_SLACK, fmpq(0), guess * (1 + _FIRST_SLACK)
    while (reached := _reached(spectra, high)) is None:
        slack = slack * 64
        low, high = high, guess * (1 + slack)
    slack = _FIRST_SLACK
    while low == 0 and slack < 1:
        lower = _reached(spectra, guess * (1 - slack))
        if lower is None:
            low = guess * (1 - slack)
        else:
            reached, high = lower, guess * (1 - slack)
        slack = slack * 64
    return reached, low, high


def _narrow(bracket: tuple[fmpq, fmpq], width: fmpq) -> bool:
    low, high = bracket
    return bool(high - low <= high * width)


def _width(cell: Cell) -> fmpq:
    low, high = _limits(cell)
    return high - low


def _limits(cell: Cell) -> tuple[fmpq, fmpq]:
    low = cell.lower.root.lower if cell.lower else fmpq(0)
    return low, cell.upper.root.upper if cell.upper else cell.sample


def _reached(spectra: Sequence[Spectrum], radius: fmpq) -> Cell | None:
    """A range of steps at which every multiplier is smaller than `radius`, if there is one."""
    return next((cell for cell in cells(spectra, radius) if cell.stable), None)


def _nilpotent_step(spectra: Sequence[Spectrum], cell: Cell) -> sp.Expr | None:
    """A simple step at which all multipliers are exactly zero: the sweep ends in finitely many."""
    if not all(is_exact(each.part) for each in spectra):
        return None
    step = simplest(*_limits(cell))
    rest = [c for each in spectra for c in each.at(step)[1:]]
    return rational(step) if all(c == 0 for c in rest) else None


def _proposed(spectra: Sequence[Spectrum], intervals: Sequence[Interval]) -> fmpq:
    """The smallest spectral radius that a search in floats meets; a hint, nothing more."""
    import numpy as np  # not needed for a derivation in symbols

    plain = [each.part for each in spectra if each.part.is_gradient]
    fields = [(np.array(part.field, dtype=float), part.program) for part in plain]
    others = [each for each in spectra if not each.part.is_gradient]

    def radius(step: float) -> float:
        largest = 0.0
        for field, program in fields:
            sweep = np.eye(len(field))
            for rows, repeat in program:
                move = np.eye(len(field))
                move[list(rows)] += step * field[list(rows)]
                sweep = np.linalg.matrix_power(move, repeat) @ sweep
            largest = max(largest, float(abs(np.linalg.eigvals(sweep)).max()))
        for each in others:
            values = [float(c) for c in each.at(fmpq(*step.as_integer_ratio()))]
            largest = max(largest, float(max(abs(np.roots(values)), default=0.0)))
        return largest

    best = 1.0
    for interval in intervals:
        low = float(interval.lower)
        high = float(interval.upper) if interval.upper.is_finite else 2 * low + 100.0
        grid = np.linspace(low, high, 202)
        values = [radius(step) for step in grid]
        middle = min(range(1, 201), key=values.__getitem__)
        best = min(best, _golden(radius, grid[middle - 1], grid[middle + 1]))
    return fmpq(*best.as_integer_ratio())


def _golden(function: Callable[[float], float], low: float, high: float) -> float:
    """The smallest value met while a bracket of a minimum shrinks by the golden section."""
    ratio = (5**0.5 - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    best = min(at_left, at_right)
    for _ in range(60):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
        best = min(best, at_left, at_right)
    return best
