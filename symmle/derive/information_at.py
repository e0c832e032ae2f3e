"""The expected information at numbers, with a bound on its error.

Expectations that have no closed form are integrated or summed; the bound is then that of the
quadrature, an estimate and no proof.  The matrix itself is exact in those expectations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import mpmath
import sympy as sp

from symmle.budget import bounded
from symmle.derive.quadrature import integrate_against
from symmle.derive.score import Derivation
from symmle.errors import InputError
from symmle.known import Known
from symmle.precise import evaluate

_DIGITS = (15, 40)  # tried in turn, where expectations cancel one another
_SPARE = 15
_WORST = 1e-6  # relative error of an integral that is believed

Numbers = tuple[tuple[mpmath.mpf, ...], ...]
_Expectations = dict[sp.Expr, tuple[sp.Float, mpmath.mpf]]


@dataclass(frozen=True, slots=True)
class InformationAt:
    """Of one observation, at a point.

    matrix: p x p.  errors: how far each entry may be off.  known: PROVED where the matrix is
    closed and only rounded, at 40 digits; CHECKED where integrals were taken, whose errors are
    estimated by comparing rules of two orders.
    """

    matrix: Numbers
    errors: Numbers
    known: Known


def information_at(
    derivation: Derivation, point: Mapping[sp.Symbol, mpmath.mpf], seconds: float = 3.0
) -> InformationAt:
    """The expected information of one observation at a number for each parameter.

    seconds: of the processor, for the integrals of one round.
    Raises InputError where an integral does not settle, or the density has not mass one, or its
    support moves with a parameter; BudgetError when it takes too long.
    """
    model = derivation.model
    if any(variable.domain.depends_on for variable in model.data):
        raise InputError(
            f"the support of {model.name} moves with a parameter, so its information bounds "
            "nothing; hold that parameter fixed"
        )
    needed = derivation.information.unresolved
    for digits in _DIGITS if needed else _DIGITS[-1:]:
        work = partial(_integrated, derivation, point, digits)
        numbers = bounded(seconds, work) if needed else {}
        with mpmath.workdps(digits + _SPARE):
            entries = [
                _entry(each, numbers, point, digits) for each in derivation.information.matrix
            ]
        diagonal = [abs(value) for value, _ in entries[:: len(model.symbols) + 1]]
        worst = max((error for _, error in entries), default=mpmath.mpf(0))
        if not needed or worst <= _WORST * min(diagonal):
            values, errors = zip(*entries, strict=True)
            known = Known.CHECKED if needed else Known.PROVED
            size = len(model.symbols)
            return InformationAt(_square(values, size), _square(errors, size), known)
    raise InputError(
        f"the expectations in the information of {model.name} cancel one another here, and no "
        "digits are left; choose another unit or origin for the data"
    )


def _square(values: tuple[mpmath.mpf, ...], size: int) -> Numbers:
    return tuple(values[i * size : (i + 1) * size] for i in range(size))


def _entry(
    entry: sp.Expr,
    numbers: _Expectations,
    point: Mapping[sp.Symbol, mpmath.mpf],
    digits: int,
) -> tuple[mpmath.mpf, mpmath.mpf]:
    """An entry with numbers for its expectations, and how far that may be off.

    The errors of the expectations, carried on to first order (entries are linear in them but for
    products that are as small), and the rounding of each term to `digits`.
    """
    values = {each: number for each, (number, _) in numbers.items()}
    value = mpmath.mpf(evaluate(entry.xreplace(values), {}, point))
    error = abs(value) * mpmath.mpf(10) ** -digits
    letters = {each: sp.Dummy(str(each)) for each in numbers if entry.has(each)}
    back = {letter: values[each] for each, letter in letters.items()}
    for each, letter in letters.items():
        slope = entry.xreplace(letters).diff(letter).xreplace(back)
        number, off = numbers[each]
        share = abs(mpmath.mpf(evaluate(slope, {}, point)))
        error += share * (off + abs(mpmath.mpf(number)) * mpmath.mpf(10) ** -digits)
    return value, error


def _integrated(
    derivation: Derivation, point: Mapping[sp.Symbol, mpmath.mpf], digits: int
) -> _Expectations:
    """{expectation: (number, error)}; InputError where one has not settled, or the mass is not one.

    The mass is integrated too: a rule that misses a narrow peak far out agrees with itself.
    """
    needed = derivation.information.unresolved
    integrands = [sp.S.One, *(each.args[0] for each in needed)]
    (mass, missed), *found = integrate_against(derivation.model, integrands, point, digits)
    lost = abs(mass - 1) + missed
    settled = (mpmath.isfinite(v) and error <= _WORST * (1 + abs(v)) for v, error in found)
    if not abs(mass - 1) <= _WORST or not all(settled):
        raise InputError(
            f"the expected information of {derivation.model.name} could not be integrated here: "
            "a mass that is not one, or an integral that does not settle; use the observed one"
        )
    return {
        each: (sp.Float(value, digits + _SPARE), error + lost * abs(value))
        for each, (value, error) in zip(needed, found, strict=True)
    }
