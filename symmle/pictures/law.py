"""A model at numbers, in the place of data: what large samples of that law come to."""

from collections.abc import Mapping

import mpmath
import numpy as np
import sympy as sp

from symmle.derive import derive
from symmle.derive.quadrature import masses_at
from symmle.diagnosis import Case
from symmle.diagnosis.running import Columns
from symmle.errors import InputError
from symmle.model import Model

_RIGHT = 1e-9  # of the mass, and of the score in units: what a rule may be off


def case_of_law(model: Model, values: Mapping[sp.Symbol, sp.Expr]) -> Case:
    """The score of a model whose data are its own law at these parameters, which is the target.

    The sample means are expectations, taken by a rule with masses at some hundred places.
    values: a number for every parameter.
    Raises InputError for several data columns, a density with kinks in its parameters, and where
    the rule does not give the mass one and the score zero.
    """
    derivation = derive(model)
    if not derivation.smooth:
        raise InputError(
            f"the log-density of {model.name} has kinks in its parameters, and gradient ascent of "
            "fixed step has no fixed point there"
        )
    point = {symbol: mpmath.mpf(sp.N(value, 20)) for symbol, value in values.items()}
    places, masses = masses_at(model, point)
    rows = {model.data[0].symbol: np.array([float(x) for x in places])}
    shares = np.array([float(mass) for mass in masses])
    target = {symbol: float(value) for symbol, value in values.items()}
    case = Case(
        model.name,
        model.parameters,
        derivation.score,
        None if derivation.information.unresolved else derivation.information.matrix,
        Columns(rows, shares),
        (target,),
        "",
        model=model,
    )
    slopes = [float(case.number(each, target)) for each in derivation.score.gradient]
    off = np.max(np.abs(slopes * case.units(target)))
    if not (abs(float(np.sum(shares)) - 1) < _RIGHT and off < _RIGHT):
        raise InputError(
            f"the expectations of {model.name} at these numbers could not be integrated to enough "
            "digits; give data instead of --at"
        )
    return case
