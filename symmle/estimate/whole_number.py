"""A parameter that is a whole number: no derivative decides, the likelihood is searched on data.

What derivatives still give is the others: given the whole number they are solved for where they
have a closed form, so that one profile is left to be searched (`fit.whole`).
"""

from types import MappingProxyType

import sympy as sp

from symmle.derive import Derivation
from symmle.estimate.elimination import back_substituted, eliminate
from symmle.estimate.records import Estimator, Kind
from symmle.known import Known


def whole_estimate(derivation: Derivation) -> Estimator | None:
    """What is known where parameters are whole numbers; None where none is.

    values: of the other parameters, in closed form given the whole numbers, if there is one.
    """
    model = derivation.model
    whole = tuple(p.symbol for p in model.parameters if p.domain.integer)
    if not whole:
        return None
    rest = tuple(p for p in model.parameters if not p.domain.integer)
    gradient = {p.symbol: derivation.average_log_likelihood.diff(p.symbol) for p in rest}
    values: dict[sp.Symbol, sp.Expr] = {}
    if derivation.smooth and rest:
        left = eliminate(gradient, rest)
        values = {} if left.unknowns else back_substituted(left.solved)
    names = " and ".join(map(str, whole))
    names = f"the parameter {names}" if len(whole) == 1 else f"the parameters {names}"
    numbers = "is a whole number" if len(whole) == 1 else "are whole numbers"
    return Estimator(
        Kind.SYSTEM,
        MappingProxyType({s: values[s] for s in model.symbols if s in values}),
        tuple(s for s in model.symbols if s not in values),
        None,
        None,
        None,
        derivation.score.hessian,
        Known.UNKNOWN,
        f"{names} {numbers}, to be searched for on the data: no derivative decides",
        Known.UNKNOWN,
        whole=whole,
    )
