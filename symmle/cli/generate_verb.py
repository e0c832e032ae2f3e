"""`symmle generate`: a standalone module, and its own test file."""

import argparse
import keyword
import sys
from pathlib import Path

from symmle.cli.files import require_writable, write
from symmle.cli.main import warn
from symmle.cli.naming import is_own_density, named_model
from symmle.cli.normalised import mass_warning
from symmle.derive import derive
from symmle.errors import InputError
from symmle.estimate import estimate
from symmle.report.encoding import dumped


def run(arguments: argparse.Namespace) -> int:
    """Write the module to its file, or print it."""
    from symmle.codegen import TARGETS, generate_tests, make_plan

    target = TARGETS[arguments.target or "numpy"]
    if arguments.tests and target.name != "numpy":
        raise InputError(
            f"--tests writes tests for the target numpy, not for {target.name}; leave it out"
        )
    if not arguments.output:
        for option, given in (("--tests", arguments.tests), ("--json", arguments.json)):
            if given:
                raise InputError(f"{option} needs a file; add -o FILE")
    path = _checked(Path(arguments.output), target.ending) if arguments.output else None
    model = named_model(arguments).freed()
    if is_own_density(arguments):
        sentence = mass_warning(model)
        if sentence:
            warn(sentence)
    derivation = derive(model)
    estimator = estimate(derivation)
    stem = path.stem if path else "module"
    texts = target.spell(make_plan(derivation, estimator), stem)
    if path is None:
        if len(texts) > 1:
            raise InputError(f"the target {target.name} is several files; add -o FILE")
        sys.stdout.write(*texts.values())
        return 0
    written = {path.with_suffix(ending): text for ending, text in texts.items()}
    if arguments.tests:
        tests = path.with_name(f"test_{path.stem}.py")
        written[tests] = generate_tests(derivation, estimator, path.stem)
    for each in written:
        require_writable(each, arguments.force)
    for each, content in written.items():
        write(each, content, arguments.force)
    if arguments.json:
        files = [str(each) for each in written]
        sys.stdout.write(dumped({"model": model.name, "files": [*files]}))
    else:
        for each in written:
            print(f"wrote {each}")
    return 0


def _checked(path: Path, ending: str) -> Path:
    """The path, if a module of that name can be imported, or linked."""
    name = path.stem
    if path.suffix != ending:
        language = {".py": "Python", ".c": "C", ".mjs": "JavaScript"}[ending]
        raise InputError(f"{str(path)!r} is no {language} file; give it the ending {ending}")
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise InputError(
            f"the file name {path.name!r} is no name of a module; use letters, digits and _, "
            "a letter first"
        )
    return path
