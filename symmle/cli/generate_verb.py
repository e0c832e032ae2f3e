"""`symmle generate`: a standalone module, and its own test file."""

import argparse
import keyword
import sys
from pathlib import Path

from symmle.cli.files import write
from symmle.cli.main import warn
from symmle.cli.naming import is_own_density, named_model
from symmle.cli.normalised import mass_warning
from symmle.derive import derive
from symmle.errors import InputError
from symmle.estimate import estimate
from symmle.report.encoding import dumped


def run(arguments: argparse.Namespace) -> int:
    """Write the module to its file, or print it."""
    from symmle.codegen import generate, generate_tests

    if not arguments.output:
        for option, given in (("--tests", arguments.tests), ("--json", arguments.json)):
            if given:
                raise InputError(f"{option} needs a file; add -o FILE")
    path = _checked(Path(arguments.output)) if arguments.output else None
    model = named_model(arguments).freed()
    if is_own_density(arguments):
        sentence = mass_warning(model)
        if sentence:
            warn(sentence)
    derivation = derive(model)
    estimator = estimate(derivation)
    source = generate(derivation, estimator)
    if path is None:
        sys.stdout.write(source)
        return 0
    written = {path: source}
    if arguments.tests:
        tests = path.with_name(f"test_{path.stem}.py")
        written[tests] = generate_tests(derivation, estimator, path.stem)
    for each, content in written.items():
        write(each, content, arguments.force)
    if arguments.json:
        files = [str(each) for each in written]
        sys.stdout.write(dumped({"model": model.name, "files": [*files]}))
    else:
        for each in written:
            print(f"wrote {each}")
    return 0


def _checked(path: Path) -> Path:
    """The path, if Python can import a module of that name."""
    name = path.stem
    if path.suffix != ".py":
        raise InputError(f"{str(path)!r} is no Python file; give it the ending .py")
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise InputError(
            f"the file name {path.name!r} is no name of a module; use letters, digits and _, "
            "a letter first"
        )
    return path
