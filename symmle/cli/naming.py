"""Which model a command means: a catalogue name, a model file, or a density typed as options."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from symmle.domain import read_declarations
from symmle.errors import InputError
from symmle.model import PROBLEM_TABLES, Model, build_model, load_model, read_toml

if TYPE_CHECKING:
    from symmle.data import Sample


def named_model(arguments: argparse.Namespace, default: str | None = None) -> Model:
    """The model that the arguments name, with --fix applied, and then --coordinates.

    default: the family meant when nothing is named.
    Raises InputError for no model or two, and what building the model raises.
    """
    model = _named(arguments.model or (None if arguments.logpdf else default), arguments)
    if arguments.fix:
        from symmle.ties import fix

        model = fix(model, arguments.fix)
    if arguments.coordinates:
        from symmle.coordinates import in_coordinates

        model = in_coordinates(model, arguments.coordinates)
    return model


def is_own_density(arguments: argparse.Namespace) -> bool:
    """Whether the density is the user's, so that it may not integrate to one."""
    return bool(arguments.logpdf) or _is_file(arguments.model or "")


def sample_for(model: Model, arguments: argparse.Namespace) -> "Sample":
    """The data of a verb that reads them: the columns of --column, else those the model means.

    A density of the user's own means columns by its symbols; one of the catalogue does not know
    what they are called, and takes a table that has just as many.
    """
    from symmle.data import read

    symbols = tuple(variable.name for variable in model.data)
    return read(
        arguments.data,
        arguments.column,
        arguments.weights,
        arguments.drop_missing,
        symbols,
        by_name=is_own_density(arguments),
    )


def _named(name: str | None, arguments: argparse.Namespace) -> Model:
    given = (arguments.data_symbol, arguments.latent, arguments.param)
    declared = [each for words in given for each in words or ()]
    if name and arguments.logpdf:
        raise InputError(f"both the model {name!r} and --logpdf were given; give one of them")
    if name and declared:
        raise InputError(
            f"{declared[0]!r} declares a symbol of --logpdf, but the model is {name!r}; "
            "remove the declaration, or give --logpdf instead of the model"
        )
    if name and _is_file(name) and arguments.dimension is not None:
        raise InputError(f"--dimension belongs to a family of the catalogue, not to {name!r}")
    if name:
        return load_model(name) if _is_file(name) else _from_catalogue(name, arguments)
    if arguments.dimension is not None:
        raise InputError("--dimension belongs to a family of the catalogue; leave it out here")
    if not arguments.logpdf:
        raise InputError(
            "no model was named; give a family (see `symmle list`), a model file "
            "*.toml, or --logpdf with --data-symbol and --param"
        )
    return build_model(
        "model",
        arguments.logpdf,
        read_declarations(arguments.data_symbol or ()),
        read_declarations(arguments.param or ()),
        latent=read_declarations(arguments.latent or ()),
    )


def _is_file(name: str) -> bool:
    return name.endswith(".toml")


def is_problem_file(name: str | None) -> bool:
    """Whether the argument is a file that holds a problem, and not a model."""
    if name is None or not _is_file(name):
        return False
    return bool(PROBLEM_TABLES & set(read_toml(Path(name), "file")))


def _from_catalogue(name: str, arguments: argparse.Namespace) -> Model:
    from symmle.families import dimension_of_columns, family_model

    if Path(name).suffix and Path(name).exists():
        raise InputError(f"the file {name!r} is no model file; give it the ending .toml")
    given = arguments.dimension
    if given is not None and not (given.isascii() and given.isdecimal() and len(given) < 4):
        raise InputError(f"--dimension {given} is no whole number; give one such as 3")
    columns = getattr(arguments, "column", None)  # only the verbs that read data have columns
    if given is None and columns:
        return family_model(name, dimension_of_columns(name, len(columns)))
    return family_model(name, None if given is None else int(given))
