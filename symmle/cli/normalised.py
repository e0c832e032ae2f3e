"""Whether a density that a user typed has total mass one: people drop constants."""

import mpmath
import sympy as sp

from symmle import trial
from symmle.budget import bounded
from symmle.errors import BudgetError, InputError
from symmle.model import Model
from symmle.precise import Point
from symmle.verify.derivatives import total_mass

_SECONDS = 5.0
_ENDLESS = mpmath.mpf(10) ** 12  # a mass that no missing factor explains
_TOLERANCE = mpmath.mpf(10) ** -6


def mass_warning(model: Model) -> str:
    """A sentence when the density has another mass than one; "" when it has one or is too hard."""
    if len(model.data) != 1:
        return ""
    points = [point for point in trial.points(model) if trial.has_support(model, point)]
    if len(points) < 2:
        return ""
    try:
        masses = bounded(_SECONDS, lambda: [total_mass(model, point) for point in points])
    except (BudgetError, InputError, ArithmeticError, ValueError, TypeError):
        return ""
    if all(_is_near(mass, mpmath.mpf(1)) for mass in masses):
        return ""
    if not all(map(mpmath.isfinite, masses)):
        return ""  # a node where rounding made a pole, as of log(1 - exp(-x)) next to zero
    if max(masses) > _ENDLESS:
        name = model.data[0].name
        return (
            f"the density has no finite mass over '{model.data[0].domain.text}' {name}; declare "
            f"where it lies, such as '{name}>0'"
        )
    kind = "sums" if model.discrete else "integrates"
    first = f"{mpmath.nstr(masses[0], 6)} at {_written(points[0])}"
    opening = f"the density {kind} to {first}, not to 1"
    if all(_is_near(mass, masses[0]) for mass in masses):
        return (
            f"{opening}: a constant factor is missing, which leaves the estimate as it is but "
            "shifts the log-likelihood"
        )
    return (
        f"{opening}, and to {mpmath.nstr(masses[1], 6)} at {_written(points[1])}: a factor that "
        "depends on the parameters is missing, so what is maximised is no likelihood"
    )


def _is_near(mass: mpmath.mpf, other: mpmath.mpf) -> bool:
    return bool(mpmath.isfinite(mass) and abs(mass - other) <= _TOLERANCE * abs(other))


def _written(point: Point) -> str:
    return ", ".join(f"{symbol} = {sp.Float(value, 3)}" for symbol, value in point.items())
