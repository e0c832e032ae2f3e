"""`symmle verify`: every claim again by another road; of a model, or of a program."""

import argparse
import shutil
import sys
from pathlib import Path

from symmle.cli.naming import named_model
from symmle.errors import InputError
from symmle.model import Model
from symmle.report.checks import verification_document, verification_json
from symmle.report.encoding import dumped
from symmle.report.text import render
from symmle.verify import verify
from symmle.verify.case import Check
from symmle.verify.own_file import ENDINGS, is_program, verify_file


def run(arguments: argparse.Namespace) -> int:
    """Print every check of one model, or of the whole catalogue; 1 when one fails."""
    found: dict[str, tuple[Check, ...]]
    if is_program(arguments.model):
        found = _of_program(arguments)
    elif arguments.of:
        raise InputError(
            f"{arguments.model!r} is no program ({', '.join(ENDINGS)}), so nothing can follow it"
        )
    else:
        found = {model.name: verify(model) for model in _models(arguments)}
    if arguments.json:
        sys.stdout.write(dumped(verification_json(found)))
    else:
        width = max(60, min(shutil.get_terminal_size((80, 24)).columns, 120))
        sys.stdout.write(render(verification_document(found), width))
    return int(any(check.ok is False for checks in found.values() for check in checks))


def _of_program(arguments: argparse.Namespace) -> dict[str, tuple[Check, ...]]:
    """The checks of a program, whose model is named after it or by options."""
    path = Path(arguments.model)
    arguments.model = arguments.of
    is_named = arguments.of or arguments.logpdf or arguments.param or arguments.data_symbol
    _, checks = verify_file(path, named_model(arguments) if is_named else None)
    return {path.name: checks}


def _models(arguments: argparse.Namespace) -> list[Model]:
    if arguments.model or arguments.logpdf or arguments.param or arguments.data_symbol:
        return [named_model(arguments)]
    from symmle.families import FAMILIES, family_model

    for option, given in (("--fix", arguments.fix), ("--coordinates", arguments.coordinates)):
        if given:
            raise InputError(f"{option} changes a parameter of one model; name the model")
    return [family_model(name) for name in FAMILIES]
