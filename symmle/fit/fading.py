"""Parameters that run to infinity together, as a logistic regression's do on separated data.

No end of one parameter's domain is reached: the likelihood rises along a line in the space of all
of them, for ever.  Where it has at most one stationary point, and that is proved, a rise that is
still there far along the line, at many digits, leaves no room for a maximum.
Source: A. Albert & J. A. Anderson, On the existence of maximum likelihood estimates in logistic
regression models, Biometrika 71 (1984) 1.
"""

import math
from itertools import pairwise

import mpmath
import sympy as sp

from symmle.fit.climb import Point
from symmle.fit.record import Fit, Status
from symmle.fit.setting import Setting

_DIGITS = 60
_FAR = 6  # doublings of the way that are followed
_ENOUGH = 1e6  # digits are many enough while heights differ by this times their rounding


def runs_off_together(setting: Setting, start: Point) -> Fit | None:
    """The record of a likelihood that rises along a line without end; None where it was not seen.

    start: where a search gave up; the line goes on from there by Newton's step, along which a
    score that fades leads.
    """
    model, score = setting.model, setting.derivation.score
    whole_line = all((p.domain.lower, p.domain.upper) == (-sp.oo, sp.oo) for p in model.parameters)
    regular = setting.estimator.unique and setting.rows is not None and len(start) > 1
    if not (regular and whole_line):
        return None
    with mpmath.workdps(_DIGITS):
        here = {s: mpmath.mpf(v) for s, v in zip(model.symbols, start, strict=True)}

        def value(expr: sp.Expr, point: dict[sp.Symbol, mpmath.mpf]) -> mpmath.mpf:
            return setting.value(expr, point, _DIGITS)

        try:
            slopes = mpmath.matrix([value(each, here) for each in score.gradient])
            bend = mpmath.matrix(
                [[value(each, here) for each in row] for row in score.hessian.tolist()]
            )
            move = mpmath.lu_solve(bend, -slopes)
            average = setting.derivation.average_log_likelihood
            ways = [0, *(2**k for k in range(_FAR))]
            heights = [
                value(average, {s: v + t * m for (s, v), m in zip(here.items(), move, strict=True)})
                for t in ways
            ]
        except (ArithmeticError, ValueError, TypeError):
            return None
        rounding = _ENOUGH * mpmath.eps * (1 + max(map(abs, heights)))
        rises = [b - a for a, b in pairwise(heights)]
        if not all(rise > rounding for rise in rises[:3]) or min(rises) < 0:
            return None
        largest = max(map(abs, move))
        direction = ", ".join(
            f"{symbol}: {float(each / largest):.3g}"
            for symbol, each in zip(model.symbols, move, strict=True)
        )
        top = float(heights[-1]) * setting.n
    name = model.symbols[max(range(len(start)), key=lambda i: abs(move[i]))]
    end = "oo" if move[model.symbols.index(name)] > 0 else "-oo"
    shown = 0.0 if math.isclose(top, 0.0, abs_tol=1e-12) else top
    message = (
        "the likelihood rises for ever as the parameters run off together (direction "
        f"{direction}), towards a log-likelihood of {shown:.7g}: the data are separated along a "
        "line; hold a parameter with --fix, or collect data that overlap"
    )
    return setting.without(Status.NO_FINITE_ESTIMATE, message, (name.name, end, shown))
