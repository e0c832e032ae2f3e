"""`stability MODEL --over NAME`: for which values of a parameter a step converges to it."""

import argparse
import shutil
import sys
from collections.abc import Sequence

import sympy as sp

from symmle.cli.chosen_schemes import step_asked
from symmle.cli.point import values_named
from symmle.derive import Derivation
from symmle.errors import InputError, NoEstimateError
from symmle.known import Known
from symmle.report.encoding import dumped
from symmle.report.stability import stability_document, stability_json
from symmle.report.text import render
from symmle.schemes import Metric, Scheme, update
from symmle.stability import SchemeStability, sweep_jacobian
from symmle.stability.of_problem import over_values
from symmle.stability.over import Moving

_MEANING = "H is minus the Fisher information, at the parameters as they stand"


def print_over(
    derivation: Derivation, schemes: Sequence[Scheme], arguments: argparse.Namespace
) -> int:
    """Print the stable values of one parameter, the others being numbers, at a step."""
    model = derivation.model
    over = model.symbol(arguments.over)
    at = step_asked(arguments)
    if at is None:
        raise InputError(f"--over {over} needs the step as a number; add --step")
    for name in ("data", "cycles", "basin", "certificate"):
        if getattr(arguments, name, None):
            raise InputError(f"--{name} is of one point, and --over of many; leave one of them out")
    variables = (*model.given, *model.parameters)
    values = values_named(model, arguments.at) if arguments.at else {}
    missing = [v.name for v in variables if v.symbol not in values and v.symbol != over]
    if missing or over in values:
        raise InputError(
            f"--over {over} needs numbers for the others alone; give them with --at: "
            + ", ".join(f"{v.name}=..." for v in variables if v.symbol != over)
        )
    if derivation.information.known is Known.UNKNOWN or derivation.information.unresolved:
        raise NoEstimateError(
            f"{model.name} has no information in closed form to follow over {over}; "
            "give numbers for all parameters with --at"
        )
    found = tuple(_over(derivation, scheme, over, values, at) for scheme in schemes)
    where = {v.name: values.get(v.symbol, v.symbol) for v in variables}
    if arguments.json:
        sys.stdout.write(dumped(stability_json(model, where, _MEANING, found, ())))
        return 0
    width = max(60, min(shutil.get_terminal_size((80, 24)).columns, 120))
    sys.stdout.write(render(stability_document(model, where, _MEANING, found, ()), width))
    return 0


def _over(
    derivation: Derivation,
    scheme: Scheme,
    over: sp.Symbol,
    values: dict[sp.Symbol, sp.Expr],
    at: sp.Expr,
) -> SchemeStability:
    model, score = derivation.model, derivation.score
    information = sp.Matrix(derivation.information.matrix).xreplace(values)
    if scheme.metric is Metric.COMPLETE:
        raise InputError(
            f"--over does not take {scheme.name}, whose information is known at numbers only; "
            "give --at for one value after the other"
        )
    jacobian = sweep_jacobian(-information, scheme, score.parameters, at, information)
    where = next(v.domain for v in (*model.given, *model.parameters) if v.symbol == over)
    moving = Moving(
        over,
        where.at(values),
        jacobian.applyfunc(sp.factor_terms),
        tuple(values.get(s, s) for s in score.parameters),
        (),
        None,
        at,
    )
    return over_values(moving, update(score, scheme, at, derivation.information.matrix))
