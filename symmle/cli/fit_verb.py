"""`symmle fit`: the estimate on data, or why there is none."""

import argparse
import sys

from symmle.cli.main import warn
from symmle.cli.naming import is_own_density, named_model, sample_for
from symmle.cli.normalised import mass_warning
from symmle.errors import InputError
from symmle.report.encoding import dumped
from symmle.report.fit import fit_json, fit_text


def run(arguments: argparse.Namespace) -> int:
    """Print the estimate; 0 where there is one, 1 where there is none."""
    from symmle.fit import Weights, fit

    if arguments.families:
        return _ranked(arguments)
    if not arguments.model and not arguments.logpdf:
        raise InputError(
            f"fit needs a model and data, but {arguments.data!r} is all it got; "
            "write `symmle fit MODEL DATA`"
        )
    model = named_model(arguments)
    level = _level(arguments.level)
    if is_own_density(arguments):
        sentence = mass_warning(model)
        if sentence:
            warn(sentence)
    sample = sample_for(model, arguments)
    kind = arguments.weights_are or Weights.FREQUENCIES.value
    if kind not in list(Weights):
        there = " or ".join(each.value for each in Weights)
        raise InputError(f"--weights-are {kind!r} is no kind of weights; write {there}")
    if arguments.weights_are and not arguments.weights:
        raise InputError(f"--weights-are {kind} needs --weights and the name of their column")
    found = fit(model, sample, level, Weights(kind), arguments.all)
    if arguments.json:
        sys.stdout.write(dumped(fit_json(found)))
    else:
        sys.stdout.write(fit_text(found))
    return 0 if found.has_estimate else 1


def _ranked(arguments: argparse.Namespace) -> int:
    from symmle.cli.ranking import run_ranking
    from symmle.data import read

    if arguments.model:
        raise InputError(
            f"both the model {arguments.model!r} and --families were given; give one of them"
        )
    level = _level(arguments.level)
    sample = read(arguments.data, arguments.column, arguments.weights, arguments.drop_missing)
    return run_ranking(arguments, sample, level)


def _level(text: str | None) -> float:
    if text is None:
        return 0.95
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--level {text!r} is no number; give one between 0 and 1") from None
