"""`stability --basin`: boxes of starts that certainly converge, and their certificates."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import sympy as sp

from symmle.cli.chosen_schemes import step_asked
from symmle.cli.files import write
from symmle.domain import Variable
from symmle.dynamics.basin import Start, certified_basin
from symmle.dynamics.certificate import certificate
from symmle.dynamics.moves import moves, rational_point
from symmle.enclosed import Counts, Rows
from symmle.errors import InputError
from symmle.stability import SchemeStability
from symmle.stability.records import Verdict


def starts(
    arguments: argparse.Namespace,
    schemes: Sequence[SchemeStability],
    domains: Sequence[Variable],
    data: tuple[Rows, Counts],
    place: Sequence[sp.Expr],
    bends: Sequence[sp.Expr],
) -> tuple[Start, ...]:
    """The basin of each scheme about a fixed point, and the file of --certificate.

    place: the fixed point.  bends: the second derivatives there, which give each variable a size.
    Raises InputError without a number for the step, or for a certificate of several schemes.
    """
    step = sp.S.One if schemes[0].map.step == 1 else step_asked(arguments)
    if step is None:
        raise InputError("--basin is of one map: give its step as a number with --step")
    if arguments.certificate and len(schemes) > 1:
        raise InputError("--certificate is of one scheme; choose it with --scheme NAME")
    return tuple(_start(arguments, each, step, domains, data, place, bends) for each in schemes)


def _start(
    arguments: argparse.Namespace,
    scheme: SchemeStability,
    step: sp.Expr,
    domains: Sequence[Variable],
    data: tuple[Rows, Counts],
    place: Sequence[sp.Expr],
    bends: Sequence[sp.Expr],
) -> Start:
    names = tuple(str(each) for each in scheme.map.state)
    try:
        written = moves(scheme.map, step, domains, *data)
    except InputError as error:
        return Start(scheme.name, names, None, str(error))
    memory = len(names) - len(domains)
    sizes = [_size(value, bend) for value, bend in zip(place, bends, strict=True)]
    centre = rational_point([*place, *[sp.S.Zero] * memory])
    found = certified_basin(written, centre, [*sizes, *sizes[:memory]])
    if found is None:
        reason = "no box was found on which the map contracts"
        if scheme.at_step is not None and scheme.at_step.verdict is not Verdict.STABLE:
            reason = f"the fixed point is {scheme.at_step.verdict} at this step"
        return Start(scheme.name, names, None, reason)
    if arguments.certificate:
        claim = (
            f"made by symmle: every start in the last of the boxes converges to the fixed point of "
            f"{scheme.name} updates at step {step}"
        )
        record = certificate(written, found, claim)
        write(Path(arguments.certificate), json.dumps(record, indent=1) + "\n", arguments.force)
    return Start(scheme.name, names, found)


def _size(value: sp.Expr, bend: sp.Expr) -> float:
    """The scale on which an objective bends, or the size of the value itself."""
    curved = abs(float(bend)) if bend.is_number else 0.0
    return float(curved**-0.5) if curved > 0 else abs(float(value)) or 1.0
