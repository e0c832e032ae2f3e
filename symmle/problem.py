"""A problem without data: what is maximised or minimised, a game, or an explicit map.

    [objective] maximise = "..."            one objective of all the variables
    [objective.x] minimise = "..."          a game: one objective for each block of variables,
    [objective."y, z"] maximise = "..."     which moves its own variables only
    [map] x = "r*x*(1 - x)"                 an update that is given as it is

with `[variables] x = "real"`, optional `[constants]` (a number, or a domain, which keeps the
symbol) and optional `[at]`, the fixed point meant.  An objective or a game comes to a field, the
direction in which each variable moves, and is analysed as the score of a likelihood is.
Imports `model`, `parsing` and `derive.Score`.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import sympy as sp

from symmle.derive import Score
from symmle.domain import Variable, declare, is_domain, unknown_symbol
from symmle.errors import InputError
from symmle.model import read_toml
from symmle.parsing import check_name, parse

_TABLES = ("name", "objective", "map", "variables", "constants", "at")
_SENSES = {"maximise": 1, "maximize": 1, "minimise": -1, "minimize": -1}


@dataclass(frozen=True, slots=True)
class Objective:
    """What one block of variables seeks: `sense` is 1 to maximise, -1 to minimise."""

    block: tuple[sp.Symbol, ...]
    sense: int
    expression: sp.Expr


@dataclass(frozen=True, slots=True)
class Problem:
    """Variables and what moves them: objectives, or an explicit map.

    objectives: each variable in the block of just one; empty for a map.
    image: the map, one expression a variable; empty for objectives.
    given: constants that stay symbols.  at: the fixed point meant; None where none was named.
    paces: what a gradient step is multiplied by in each variable; none where all are 1.
    """

    name: str
    variables: tuple[Variable, ...]
    objectives: tuple[Objective, ...]
    image: tuple[sp.Expr, ...]
    given: tuple[Variable, ...] = ()
    at: Mapping[sp.Symbol, sp.Expr] | None = None
    paces: Mapping[sp.Symbol, sp.Expr] = dataclasses.field(default_factory=dict)

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The variables' symbols, in order."""
        return tuple(variable.symbol for variable in self.variables)

    @property
    def is_map(self) -> bool:
        """Whether the update itself is given."""
        return bool(self.image)

    def symbol(self, name: str) -> sp.Symbol:
        """The variable of that name; InputError names those there are."""
        for variable in self.variables:
            if variable.name == name:
                return variable.symbol
        there = ", ".join(variable.name for variable in self.variables)
        raise InputError(f"{self.name} has no variable {name!r}; its variables are {there}")

    def at_constants(self, values: Mapping[sp.Symbol, sp.Expr]) -> "Problem":
        """The same with numbers for some of the given constants."""
        here = dict(values)
        return replace(
            self,
            variables=tuple(Variable(v.symbol, v.domain.at(here)) for v in self.variables),
            objectives=tuple(
                replace(each, expression=each.expression.xreplace(here)) for each in self.objectives
            ),
            image=tuple(each.xreplace(here) for each in self.image),
            given=tuple(each for each in self.given if each.symbol not in here),
            at=None if self.at is None else {s: e.xreplace(here) for s, e in self.at.items()},
            paces={s: e.xreplace(here) for s, e in self.paces.items()},
        )

    @property
    def field(self) -> Score:
        """The direction of each variable and its Jacobian, n x n, symmetric for one objective.

        For a map: the move x' - x, whose simultaneous update of step 1 is the map.
        """
        symbols = self.symbols
        if self.is_map:
            moves = [new - old for new, old in zip(self.image, symbols, strict=True)]
        else:
            slopes = {
                symbol: each.sense * each.expression.diff(symbol)
                for each in self.objectives
                for symbol in each.block
            }
            moves = [slopes[symbol] for symbol in symbols]
        jacobian = sp.ImmutableMatrix([[move.diff(s) for s in symbols] for move in moves])
        return Score(symbols, tuple(moves), jacobian)


def load_problem(path: str | Path) -> Problem:
    """Read a problem file.

    Raises InputError naming the entry, what is required and the remedy.
    """
    path = Path(path)
    return build_problem(path.stem, read_toml(path, "problem file"))


def build_problem(name: str, record: Mapping[str, object]) -> Problem:
    """A problem from the tables of a file.

    Raises InputError for a table that is missing or unknown, a variable that no objective or map
    moves, two that do, and an expression outside the language.
    """
    strange = [key for key in record if key not in _TABLES]
    if strange:
        raise InputError(
            f"the problem {name!r} has the entry {strange[0]!r}; it may have {', '.join(_TABLES)}"
        )
    if ("objective" in record) == ("map" in record):
        raise InputError(f"the problem {name!r} must have [objective] or [map], and not both")
    given_name = record.get("name", name)
    if not isinstance(given_name, str):
        raise InputError(f"the entry 'name' of {name!r} must be text, not {given_name!r}")
    domains = _texts(record, "variables")
    if not domains:
        raise InputError(f'the problem {name!r} has no variables; add [variables] x = "real"')
    constants = _texts(record, "constants")
    for each in (*domains, *constants):
        check_name(each, "variable" if each in domains else "constant")
        if each in domains and each in constants:
            raise InputError(f"the name {each!r} is declared twice; give each symbol its own name")
    told = {key: text for key, text in constants.items() if not is_domain(text)}
    fixed = {key: parse(text, {}, f"constant {key}") for key, text in told.items()}
    given = declare({k: v for k, v in constants.items() if k not in told}, unknown_symbol, fixed)
    scope = fixed | {each.name: each.symbol for each in given}
    variables = declare(domains, unknown_symbol, scope)
    scope |= {each.name: each.symbol for each in variables}
    if "map" in record:
        objectives: tuple[Objective, ...] = ()
        image = _image(record, variables, scope)
    else:
        objectives, image = _objectives(record["objective"], variables, scope), ()
    symbolic = {each.name: each.symbol for each in given} | fixed
    return Problem(
        given_name, variables, objectives, image, given, _at(record, variables, symbolic)
    )


def _objectives(
    table: object, variables: tuple[Variable, ...], scope: Mapping[str, sp.Expr]
) -> tuple[Objective, ...]:
    if not isinstance(table, Mapping):
        raise InputError('[objective] must hold maximise = "..." or minimise = "..."')
    symbols = {each.name: each.symbol for each in variables}
    if any(key in _SENSES for key in table):
        return (_objective("objective", table, tuple(symbols.values()), scope),)
    found, moved = [], []
    for key, entry in table.items():
        names = [name.strip() for name in key.split(",")]
        strange = [name for name in names if name not in symbols]
        if strange:
            raise InputError(
                f"[objective.{key}]: {strange[0]!r} is no variable; they are {', '.join(symbols)}"
            )
        found.append(_objective(f"objective.{key}", entry, tuple(map(symbols.get, names)), scope))
        moved += names
    left = [name for name in symbols if moved.count(name) != 1]
    if left:
        often = "two objectives move" if moved.count(left[0]) > 1 else "no objective moves"
        raise InputError(
            f"{often} the variable {left[0]!r}; each variable belongs to one [objective.NAME]"
        )
    return tuple(found)


def _objective(
    what: str, entry: object, block: tuple[sp.Symbol, ...], scope: Mapping[str, sp.Expr]
) -> Objective:
    senses = [key for key in entry if key in _SENSES] if isinstance(entry, Mapping) else []
    if not isinstance(entry, Mapping) or len(entry) != 1 or len(senses) != 1:
        raise InputError(f'[{what}] must hold maximise = "..." or minimise = "...", one of them')
    text = entry[senses[0]]
    if not isinstance(text, str):
        raise InputError(f"{what}.{senses[0]} must be text in quotes, not {text!r}")
    return Objective(block, _SENSES[senses[0]], parse(text, scope, what))


def _image(
    record: Mapping[str, object], variables: tuple[Variable, ...], scope: Mapping[str, sp.Expr]
) -> tuple[sp.Expr, ...]:
    table = _texts(record, "map")
    names = [each.name for each in variables]
    wrong = [name for name in names if name not in table] + [n for n in table if n not in names]
    if wrong:
        raise InputError(
            f"[map] must give a new value to each of the variables {', '.join(names)}, and to no "
            f"other; {wrong[0]!r} is {'missing' if wrong[0] in names else 'none of them'}"
        )
    return tuple(parse(table[name], scope, f"map of {name}") for name in names)


def _at(
    record: Mapping[str, object], variables: tuple[Variable, ...], scope: Mapping[str, sp.Expr]
) -> dict[sp.Symbol, sp.Expr] | None:
    if "at" not in record:
        return None
    table = _texts(record, "at")
    names = {each.name: each.symbol for each in variables}
    wrong = [n for n in names if n not in table] + [n for n in table if n not in names]
    if wrong:
        raise InputError(
            f"[at] must give a value to each of the variables {', '.join(names)}, and to no "
            f"other; {wrong[0]!r} is {'missing' if wrong[0] in names else 'none of them'}"
        )
    return {names[name]: parse(text, scope, f"value of {name}") for name, text in table.items()}


def _texts(record: Mapping[str, object], key: str) -> dict[str, str]:
    """A table of texts or numbers, as text."""
    table = record.get(key, {})
    if not isinstance(table, Mapping):
        raise InputError(f"[{key}] must be a table of names, not {table!r}")
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InputError(f"{key}.{name} must be a number, or text in quotes, not {value!r}")
    return {name: str(value) for name, value in table.items()}
