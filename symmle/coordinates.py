"""A model in other coordinates: each parameter replaced by a one-to-one expression of itself.

    sigma=log          the coordinate log_sigma
    v=sigma**2         the coordinate v, any invertible expression in one parameter
    p=log(p/(1 - p))   the coordinate logit_p

The estimate is invariant, standard errors follow the delta method, score and Hessian the chain
rule; the steps at which gradient ascent is stable are *not* invariant.
Source: Lehmann & Casella, Theory of Point Estimation (1998), section 2.5.
Imports `model`, `parsing`, `fraction` and `invertible`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import mpmath
import sympy as sp

from symmle.domain import Datum, Domain, Variable
from symmle.errors import InputError
from symmle.fraction import reduced_fraction
from symmle.invertible import agree, image, inverse
from symmle.model import Model, Origin, observed
from symmle.parsing import check_name, parse
from symmle.tree_value import tree_value

_DIGITS = 40

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "log": "log({})",
        "logit": "log({0}/(1 - {0}))",
        "sqrt": "sqrt({})",
        "square": "({})**2",
        "reciprocal": "1/({})",
        "exp": "exp({})",
        "identity": "{}",
    }
)


@dataclass(frozen=True, slots=True)
class _Coordinate:
    """A new parameter: its variable, itself in the old one, the old one in it, its direction."""

    variable: Variable
    image: sp.Expr
    place: sp.Expr
    increasing: bool


def in_coordinates(model: Model, choices: Sequence[str]) -> Model:
    """The same model with parameters replaced by coordinates; its `origin` tells how.

    choices: `NAME=WORD` with a word of `WORDS`, `NAME=EXPRESSION` in that parameter, or
    `NEW=EXPRESSION` in one parameter, several joined by commas.  Each domain follows.
    Raises InputError for an expression that is not known to be one-to-one on the domain, or has
    no inverse here, for a parameter chosen twice and for a name that is taken.
    """
    if model.complete is not None:
        return observed(
            in_coordinates(model.complete, choices), {each.name for each in model.latent}
        )
    chosen: dict[sp.Symbol, _Coordinate] = {}
    for text in assignments(choices):
        name, parameter, expression = _read(model, text)
        if parameter.symbol in chosen:
            raise InputError(f"--coordinates gives {parameter.name!r} two coordinates; give it one")
        if expression != parameter.symbol:
            chosen[parameter.symbol] = _coordinate(text, name, parameter, expression)
    if not chosen:
        return model
    _require_own_names(model, chosen)
    every = [
        chosen.get(each.symbol, _Coordinate(each, each.symbol, each.symbol, True))
        for each in model.parameters
    ]
    places = {each.symbol: new.place for each, new in zip(model.parameters, every, strict=True)}
    return Model(
        model.name,
        placed(model.log_density, places),
        tuple(Variable(each.symbol, each.domain.at(places)) for each in model.data),
        tuple(Variable(new.variable.symbol, new.variable.domain.at(places)) for new in every),
        Origin(
            model,
            tuple(new.place for new in every),
            tuple(new.image for new in every),
            tuple(new.increasing for new in every),
        ),
        model.given,
    )


@dataclass(frozen=True, slots=True)
class Original:
    """A parameter that a coordinate stands for: itself in the coordinate, and its slope there."""

    name: str
    coordinate: sp.Symbol
    place: sp.Expr
    increasing: bool

    def value(self, number: float) -> float:
        """The parameter where the coordinate is a number."""
        return self._at(self.place, number)

    def slope(self, number: float) -> float:
        """Its derivative by the coordinate there: the factor of the delta method."""
        return self._at(self.place.diff(self.coordinate), number)

    def _at(self, expr: sp.Expr, number: float) -> float:
        with mpmath.workdps(_DIGITS):
            return float(tree_value(expr, {self.coordinate: mpmath.mpf(number)}))


def originals(model: Model) -> tuple[Original, ...]:
    """The parameters of the model's origin that have another coordinate; none without one."""
    if model.origin is None:
        return ()
    origin = model.origin
    rows = zip(
        origin.model.parameters, model.symbols, origin.places, origin.increasing, strict=True
    )
    return tuple(
        Original(parameter.name, symbol, place, increasing)
        for parameter, symbol, place, increasing in rows
        if parameter.symbol != symbol
    )


def assignments(texts: Iterable[str]) -> list[str]:
    """The pieces between commas that stand outside parentheses, of every text."""
    pieces: list[str] = []
    for text in texts:
        depth, piece = 0, ""
        for character in text:
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == "," and depth == 0:
                pieces.append(piece)
                piece = ""
            else:
                piece += character
        pieces.append(piece)
    return [piece.strip() for piece in pieces if piece.strip()]


def placed(expr: sp.Expr, places: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Parameters replaced by their places, and logs of what is free of the data split again.

    log(1 - p) at p = 1/(1 + exp(-eta)) is -eta - log(1 + exp(-eta)).
    """
    return expr.xreplace(dict(places)).replace(
        lambda part: isinstance(part, sp.log) and not part.atoms(Datum),
        lambda part: _split(part),
    )


def _split(log: sp.Expr) -> sp.Expr:
    wide = sp.expand_log(log)
    if not isinstance(wide, sp.log) or not wide.args[0].is_Add:
        return wide
    return sp.expand_log(sp.log(sp.factor_terms(reduced_fraction(sp.together(wide.args[0])))))


def _read(model: Model, text: str) -> tuple[str, Variable, sp.Expr]:
    """The coordinate's name, the parameter that it replaces, and itself in that parameter."""
    left, found, right = (part.strip() for part in text.partition("="))
    if not found or not left or not right:
        raise InputError(
            f"--coordinates {text!r} must have the form NAME=WORD or NAME=EXPRESSION, such as "
            "sigma=log or v=sigma**2"
        )
    scope = {each.name: each for each in model.parameters}
    if right in WORDS and right not in scope:
        model.symbol(left)  # refuses what is no parameter
        parameter = scope[left]
        expression = parse(WORDS[right].format(left), {left: parameter.symbol}, "coordinate")
        return _name(parameter, right), parameter, expression
    names = {each: variable.symbol for each, variable in scope.items()}
    expression = parse(right, names, f"coordinate {left}")
    inside = [each for each in model.parameters if each.symbol in expression.free_symbols]
    if len(inside) != 1 or (left in scope and inside[0].name != left):
        there = ", ".join(scope)
        raise InputError(
            f"--coordinates {text!r}: a coordinate is an expression in one parameter "
            f"({there}), its own; write one coordinate for each parameter, or a word such as log"
        )
    if left not in scope:
        return check_name(left, "coordinate"), inside[0], expression
    return _name_of(inside[0], expression), inside[0], expression


def _name(parameter: Variable, word: str) -> str:
    return parameter.name if word == "identity" else f"{word}_{parameter.name}"


def _name_of(parameter: Variable, expression: sp.Expr) -> str:
    """log_sigma for log(sigma) typed out; transformed_sigma for what has no word."""
    for word, form in WORDS.items():
        same = parse(form.format(parameter.name), {parameter.name: parameter.symbol}, "coordinate")
        if agree(same, expression, parameter.symbol, parameter.domain):
            return _name(parameter, word)
    return f"transformed_{parameter.name}"


def _coordinate(text: str, name: str, parameter: Variable, expression: sp.Expr) -> _Coordinate:
    where: Domain = parameter.domain
    if where.integer or where.depends_on:
        why = "is a whole number" if where.integer else "has a domain that other parameters move"
        raise InputError(
            f"--coordinates {text!r}: the parameter {parameter.name!r} {why}; "
            "only a parameter on a fixed interval can have another coordinate"
        )
    found = image(expression, parameter.symbol, where)
    if found is None:
        raise InputError(
            f"--coordinates {text!r}: {expression} is not known to be one-to-one on the domain "
            f"'{where.text}' of {parameter.name}; choose an expression whose derivative has one "
            f"sign there, or one of {', '.join(WORDS)}"
        )
    symbol = sp.Symbol(check_name(name, "coordinate"), **found.domain.assumptions())
    place = inverse(expression, parameter.symbol, where, symbol)
    if place is None:
        raise InputError(
            f"--coordinates {text!r}: no inverse of {expression} was found; choose a simpler "
            f"expression, or one of {', '.join(WORDS)}"
        )
    return _Coordinate(Variable(symbol, found.domain), expression, place, found.increasing)


def _require_own_names(model: Model, chosen: Mapping[sp.Symbol, _Coordinate]) -> None:
    taken = [each.name for each in (*model.parameters, *model.data)]
    for symbol, new in chosen.items():
        if new.variable.name in taken:
            raise InputError(
                f"--coordinates: the name {new.variable.name!r} is taken in {model.name}; "
                f"name the coordinate yourself, such as new_{symbol.name}={new.image}"
            )
        taken.append(new.variable.name)
