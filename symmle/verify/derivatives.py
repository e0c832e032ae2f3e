"""Doubt the derivation: the density's integral, the average, its derivatives, the information."""

import mpmath
import sympy as sp

from symmle.derive.quadrature import integrate_against
from symmle.known import Known
from symmle.model import Model
from symmle.precise import Point, evaluate
from symmle.trial import points
from symmle.verify.case import DIGITS, Case, Check, agree, raw_average

_QUADRATURE = mpmath.mpf(10) ** -7  # singular ends of a density cost the rule its digits
_HEAVY = "the tail is too heavy, or an end too steep, for the quadrature to settle"
_COLUMNS = "the quadrature takes one data column, and this model has several"


def check_normalised(doubted: Case) -> Check:
    """The density integrates, or sums, to one."""
    claim, road = "the density has total mass one", "quadrature at two points"
    if len(doubted.model.data) != 1:
        return Check(claim, road, Known.UNKNOWN, None, _COLUMNS)
    one = [sp.S.One]
    found = [integrate_against(doubted.model, one, point)[0] for point in points(doubted.model)]
    if any(_is_doubtful(mass, error) for mass, error in found):
        return Check(claim, road, Known.UNKNOWN, None, _HEAVY)
    masses = [mass for mass, _ in found]
    ok = all(agree(mass, mpmath.mpf(1), _QUADRATURE) for mass in masses)
    return Check(claim, road, Known.CHECKED, ok, _listed("mass", masses))


def _is_doubtful(value: mpmath.mpf, error: mpmath.mpf) -> bool:
    """Whether a quadrature is too far from its end to say anything of a claim."""
    return not (mpmath.isfinite(value) and error <= _QUADRATURE * (1 + abs(value)))


def total_mass(model: Model, point: Point) -> mpmath.mpf:
    """The integral of the density at a point, to some ten digits; nan where it is not found."""
    mass, error = integrate_against(model, [sp.S.One], point)[0]
    return mass if error < mpmath.mpf(10) ** -8 * (1 + abs(mass)) else mpmath.nan


def check_average(doubted: Case) -> Check:
    """The central form of the average log-likelihood equals the plain average."""
    with mpmath.workdps(DIGITS):
        claimed = evaluate(
            doubted.derivation.average_log_likelihood, doubted.columns, doubted.point
        )
        plain = raw_average(doubted)(*(doubted.point[s] for s in doubted.model.symbols))
        ok = agree(claimed, plain)
    return Check(
        "the average log-likelihood",
        "plain average of the density's log, 60 digits",
        Known.CHECKED,
        ok,
        _pair(claimed, plain),
    )


def check_score(doubted: Case) -> Check:
    """Each component of the score is the slope of the plain average."""
    theta = doubted.derivation.score.parameters
    average, at = raw_average(doubted), tuple(doubted.point[s] for s in theta)
    with mpmath.workdps(DIGITS):
        for i, (symbol, claimed) in enumerate(
            zip(theta, doubted.derivation.score.gradient, strict=True)
        ):
            order = tuple(int(i == j) for j in range(len(theta)))
            value = evaluate(claimed, doubted.columns, doubted.point)
            slope = mpmath.diff(average, at, order)
            if not agree(value, slope):
                detail = f"in {symbol}: {_pair(value, slope)}"
                return Check("the score", _DIFFERENCES, Known.CHECKED, False, detail)
    return Check("the score", _DIFFERENCES, Known.CHECKED, True)


def check_hessian(doubted: Case) -> Check:
    """Each entry of the Hessian is a second difference of the plain average."""
    theta = doubted.derivation.score.parameters
    average, at = raw_average(doubted), tuple(doubted.point[s] for s in theta)
    size = range(len(theta))
    with mpmath.workdps(DIGITS):
        for i in size:
            for j in size:
                order = tuple(int(i == k) + int(j == k) for k in size)
                claimed = doubted.derivation.score.hessian[i, j]
                value = evaluate(claimed, doubted.columns, doubted.point)
                bend = mpmath.diff(average, at, order)
                if not agree(value, bend, mpmath.mpf(10) ** -12):
                    detail = f"in {theta[i]}, {theta[j]}: {_pair(value, bend)}"
                    return Check("the Hessian", _DIFFERENCES, Known.CHECKED, False, detail)
    return Check("the Hessian", _DIFFERENCES, Known.CHECKED, True)


def check_information(doubted: Case) -> Check:
    """The Fisher information is E[score score'], by quadrature at two points."""
    claim, road = "the Fisher information", "E[score score'] by quadrature at two points"
    model, information = doubted.model, doubted.derivation.information
    if len(model.data) != 1:
        return Check(claim, road, Known.UNKNOWN, None, _COLUMNS)
    size = range(len(model.symbols))
    slopes = [model.log_density.diff(symbol) for symbol in model.symbols]
    pairs = [(i, j) for i in size for j in size if i <= j]
    for point in points(model):
        inner = [node.args[0] for node in information.unresolved]
        wanted = [slopes[i] * slopes[j] for i, j in pairs]
        found = integrate_against(model, [*wanted, *inner], point)
        if any(_is_doubtful(value, error) for value, error in found):
            return Check(claim, road, Known.UNKNOWN, None, _HEAVY)
        values = [value for value, _ in found]
        numbers = dict(
            zip(information.unresolved, map(sp.Float, values[len(wanted) :]), strict=True)
        )
        for (i, j), value in zip(pairs, values, strict=False):
            claimed = evaluate(information.matrix[i, j].xreplace(numbers), {}, point)
            if not agree(claimed, value, _QUADRATURE * 100):
                detail = f"entry {i + 1}, {j + 1}: {_pair(claimed, value)}"
                return Check(claim, road, Known.CHECKED, False, detail)
    return Check(claim, road, Known.CHECKED, True, information.road)


_DIFFERENCES = "differences of the plain average, 60 digits"


def _pair(claimed: mpmath.mpf, other: mpmath.mpf) -> str:
    return f"claimed {mpmath.nstr(claimed, 12)}, found {mpmath.nstr(other, 12)}"


def _listed(what: str, values: list[mpmath.mpf]) -> str:
    return f"{what} " + ", ".join(mpmath.nstr(value, 10) for value in values)
