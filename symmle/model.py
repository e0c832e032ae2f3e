"""What a density is: variables with domains, and a log-density over them.

A model is data, nothing more: no estimator, no formula derived from it.
Imports `domain`, `errors` and `parsing` only.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import sympy as sp

from symmle.domain import Datum, Variable, declare, is_domain, observed_symbol, unknown_symbol
from symmle.errors import InputError
from symmle.latent import conditional
from symmle.parsing import check_name, parse

_TABLES = ("data", "parameters", "constants", "latent")
PROBLEM_TABLES = frozenset({"objective", "map"})  # either of which makes a file no model


@dataclass(frozen=True, slots=True)
class Model:
    """A log-density (or log mass function) of one observation.

    data: the columns of one observation; parameters: what is estimated, in reading order.
    given: known numbers that stay symbols, as the trials of a binomial; nothing is differentiated
    by them.
    origin: the model that this one is in other coordinates, and how the two correspond.
    complete: where some columns are not observed (`latent` variables), the model with them.
    """

    name: str
    log_density: sp.Expr
    data: tuple[Variable, ...]
    parameters: tuple[Variable, ...]
    origin: "Origin | None" = None
    given: tuple[Variable, ...] = ()
    complete: "Model | None" = None

    @property
    def latent(self) -> tuple[Variable, ...]:
        """The variables of the complete model that are not observed."""
        if self.complete is None:
            return ()
        return tuple(each for each in self.complete.data if each not in self.data)

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The parameters' symbols, in order."""
        return tuple(parameter.symbol for parameter in self.parameters)

    @property
    def discrete(self) -> bool:
        """Whether every data column is integer, so that the density is a mass function."""
        return all(variable.domain.integer for variable in self.data)

    def symbol(self, name: str) -> sp.Symbol:
        """The parameter, or given number, of that name; InputError names those there are."""
        for parameter in (*self.given, *self.parameters):
            if parameter.name == name:
                return parameter.symbol
        there = ", ".join(parameter.name for parameter in (*self.given, *self.parameters))
        raise InputError(f"{self.name} has no parameter {name!r}; its parameters are {there}")

    def freed(self) -> "Model":
        """The model for data, which need numbers: given whole numbers become parameters.

        They are then searched for.  Raises InputError for a given number that is not whole.
        """
        for each in self.given:
            if not each.domain.integer:
                raise InputError(
                    f"{self.name} has the constant {each.name!r}, and data need its value; "
                    f"give it with --fix {each.name}=NUMBER"
                )
        if not self.given:
            return self
        return replace(self, parameters=(*self.given, *self.parameters), given=())


@dataclass(frozen=True, slots=True)
class Origin:
    """A model in its first parameters, one for one with the coordinates of another.

    places: each of its parameters in the coordinates; images: each coordinate in its parameters;
    increasing: whether the one grows with the other.  All in the order of `model.parameters`.
    """

    model: Model
    places: tuple[sp.Expr, ...]
    images: tuple[sp.Expr, ...]
    increasing: tuple[bool, ...]


def build_model(
    name: str,
    log_density: str,
    data: Mapping[str, str],
    parameters: Mapping[str, str],
    constants: Mapping[str, str] | None = None,
    latent: Mapping[str, str] | None = None,
) -> Model:
    """Make a model from texts: the log-density, and for each name its domain.

    latent: data symbols of the log-density that are not observed; they are summed or integrated
    out, which needs finitely many values or a law that `latent` knows.

    constants: names that stand for fixed numbers, given as text (`"1/2"`), or as a domain: the
    number is then known without being said, and stays a symbol.
    Raises InputError: a name that is no name or is used twice, an undeclared symbol, a declared
    parameter or data symbol that does not occur, an expression outside the whitelist.
    """
    if not data:
        raise InputError("no data symbol was declared; add one such as --data-symbol x")
    if latent:
        twice = sorted(set(data) & set(latent))
        if twice:
            raise InputError(f"{twice[0]!r} is both observed and latent; declare it once")
        both = {**data, **latent}
        return observed(build_model(name, log_density, both, parameters, constants), latent)
    if not parameters:
        raise InputError("no parameter was declared; add one such as --param 'rate>0'")
    names = [*data, *parameters, *(constants or {})]
    for each in names:
        check_name(each, "data symbol" if each in data else "parameter")
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise InputError(f"the name {twice[0]!r} is declared twice; give each symbol its own name")
    told = {key: text for key, text in (constants or {}).items() if not is_domain(text)}
    symbolic = {key: text for key, text in (constants or {}).items() if key not in told}
    fixed = {key: parse(text, {}, f"constant {key}") for key, text in told.items()}
    given = declare(symbolic, unknown_symbol, fixed)
    fixed |= {each.name: each.symbol for each in given}
    theta = declare(parameters, unknown_symbol, fixed)
    columns = declare(data, observed_symbol, {v.name: v.symbol for v in theta} | fixed)
    scope = {v.name: v.symbol for v in (*theta, *columns)} | fixed
    expression = parse(log_density, scope, "log-density")
    for variable in (*given, *theta, *columns):
        moved = any(
            variable.symbol in {column.symbol, *column.domain.depends_on}
            for column in columns
            if column.domain.depends_on
        )
        if variable.symbol not in expression.free_symbols and not moved:
            kind = "data symbol" if isinstance(variable.symbol, Datum) else "parameter"
            raise InputError(
                f"the {kind} {variable.name!r} was declared but does not occur in the "
                f"log-density {log_density!r}; remove it or correct the formula"
            )
    return Model(name, expression, columns, theta, given=given)


def observed(whole: Model, latent: Collection[str]) -> Model:
    """What is left of a model where the data columns named `latent` are not observed.

    Raises InputError where they cannot be integrated out by rule.
    """
    hidden = tuple(each for each in whole.data if each.name in latent)
    origin = whole.origin
    if origin is not None:
        origin = replace(origin, model=observed(origin.model, latent))
    return replace(
        whole,
        log_density=conditional(whole.log_density, hidden).log_density,
        data=tuple(each for each in whole.data if each not in hidden),
        origin=origin,
        complete=whole,
    )


def read_toml(path: Path, what: str) -> dict[str, object]:
    """The tables of a file; InputError, naming `what` it is, where it cannot be read."""
    import tomllib  # only files need it

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the {what} {str(path)!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"the {what} {str(path)!r} is no UTF-8 text; save it as such") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the {what} {str(path)!r} is no TOML: {error}") from None


def load_model(path: str | Path) -> Model:
    """Read a model file: name, logpdf or logpmf, [data], [parameters], [constants], [latent].

    Raises InputError when the file is missing, is no TOML, or lacks or mistypes an entry.
    """
    path = Path(path)
    record = read_toml(path, "model file")
    if PROBLEM_TABLES & set(record):
        raise InputError(
            f"the file {str(path)!r} holds a problem without data, which `stability` analyses; "
            "a model file has an entry 'logpdf'"
        )
    allowed = {"name", "logpdf", "logpmf", "expectations", *_TABLES}
    extra = sorted(set(record) - allowed)
    if extra:
        there = ", ".join(sorted(allowed))
        raise InputError(
            f"the model file {str(path)!r} has an unknown entry {extra[0]!r}; it may hold {there}"
        )
    density = [record[key] for key in ("logpdf", "logpmf") if key in record]
    if len(density) != 1 or not isinstance(density[0], str):
        raise InputError(
            f"the model file {str(path)!r} must have one text 'logpdf' or 'logpmf', "
            "the log-density of one observation"
        )
    tables = {key: _table(record, key, path) for key in _TABLES}
    name = record.get("name", path.stem)
    if not isinstance(name, str):
        raise InputError(f"the entry 'name' of {str(path)!r} must be text, not {name!r}")
    return build_model(name, density[0], **tables)


def _table(record: Mapping[str, object], key: str, path: Path) -> dict[str, str]:
    table = record.get(key, {})
    if not isinstance(table, dict):
        raise InputError(f"the entry {key!r} of {str(path)!r} must be a table [{key}]")
    numbers = key == "constants"
    for name, value in table.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(value, str) and not (numbers and number):
            raise InputError(f"{key}.{name} of {str(path)!r} must be text in quotes, not {value!r}")
    return {name: str(value) for name, value in table.items()}
