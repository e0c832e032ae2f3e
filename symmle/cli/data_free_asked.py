"""`--data-free`: a model in coordinates that hold as little of the data as can be."""

import argparse

from symmle.cli.naming import is_problem_file, named_model
from symmle.cli.point import values_named
from symmle.data_free import DataFree, data_free
from symmle.derive import derive
from symmle.errors import InputError


def data_free_asked(arguments: argparse.Namespace, at_numbers: bool = False) -> DataFree:
    """The model in such coordinates, with the estimates of --at put in.

    at_numbers: every estimate that is left must have a number.
    """
    if is_problem_file(arguments.model):
        raise InputError(f"{arguments.model!r} holds a problem without data; leave --data-free out")
    if arguments.data:
        raise InputError("--data-free is without data; leave one of the two out")
    model = named_model(arguments)
    found = data_free(derive(model))
    values = {} if not arguments.at else values_named(model, arguments.at)
    for parameter in model.parameters:
        value = values.get(parameter.symbol)
        if value is not None and parameter.domain.at(values).contains(value) is not True:
            raise InputError(
                f"--at: {parameter.name} = {value} is outside its domain "
                f"'{parameter.domain.text}'; choose a value inside"
            )
    found = found.at_estimate(values)
    if at_numbers and found.problem.given:
        names = [parameter.name for parameter in model.parameters]
        raise InputError(
            f"the estimate of {model.name} is left in the update without data, and has no number "
            f"here; add --at {','.join(f'{name}=...' for name in names)}"
        )
    return found
