"""`symmle derive`: the whole derivation of one model."""

import argparse
import re
import shlex
import shutil
import sys
from pathlib import Path

from symmle.cli.analysis import analysed
from symmle.cli.files import write
from symmle.cli.main import warn
from symmle.cli.naming import is_own_density, named_model
from symmle.cli.normalised import mass_warning
from symmle.errors import InputError
from symmle.report.derivation import derivation_document
from symmle.report.findings import Findings

_ENDINGS = {"text": ".txt", "markdown": ".md", "latex": ".tex", "json": ".json"}
_PRINTED_WIDTH = 80
_DEFAULT = "normal"


def run(arguments: argparse.Namespace) -> int:
    """Print the derivation, or write it into a folder."""
    if arguments.json and arguments.format:
        raise InputError("both --json and --format were given; give one of them")
    model = named_model(arguments, default=_DEFAULT)
    if is_own_density(arguments):
        sentence = mass_warning(model)
        if sentence:
            warn(sentence)
    findings = analysed(model)
    if not arguments.output:
        form = "json" if arguments.json else arguments.format or "text"
        sys.stdout.write(_written(findings, form, _command(arguments, form), _width()))
        return 0
    form = "json" if arguments.json else arguments.format or "markdown"
    path = Path(arguments.output) / f"{_file_name(model.name)}{_ENDINGS[form]}"
    command = _command(arguments, form)
    content = _written(findings, form, command, _PRINTED_WIDTH)
    if form == "text":
        content = f"made by symmle: {command}\n\n{content}"
    Path(arguments.output).mkdir(exist_ok=True)
    write(path, content, arguments.force)
    print(f"wrote {path}")
    return 0


def _written(findings: Findings, form: str, command: str, width: int) -> str:
    if form == "json":
        from symmle.report.encoding import dumped
        from symmle.report.json_report import derivation_json

        return dumped(derivation_json(findings))
    document = derivation_document(findings, command)
    if form == "markdown":
        from symmle.report.markdown import render as render_markdown

        return render_markdown(document)
    if form == "latex":
        from symmle.report.latex import render as render_latex

        return render_latex(document)
    from symmle.report.text import render as render_text

    return render_text(document, width)


def _command(arguments: argparse.Namespace, form: str) -> str:
    """The command that makes the document again; where it is written to is left out."""
    named = [] if arguments.logpdf else [arguments.model or _DEFAULT]
    words = ["python", "-m", "symmle", "derive", *named]
    for option, values in (
        ("--logpdf", [arguments.logpdf] if arguments.logpdf else []),
        ("--data-symbol", arguments.data_symbol or []),
        ("--param", arguments.param or []),
        ("--fix", arguments.fix or []),
        ("--coordinates", arguments.coordinates or []),
    ):
        words += [word for value in values for word in (option, value)]
    return shlex.join([*words, "--format", form])


def _width() -> int:
    return max(60, min(shutil.get_terminal_size((_PRINTED_WIDTH, 24)).columns, 120))


def _file_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}", name):
        raise InputError(
            f"the model's name {name!r} cannot name a file; use letters, digits, - and _ in it"
        )
    return name
