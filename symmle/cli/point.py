"""Where a scheme is analysed: at the estimate of any sample, at numbers, or at data."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import sympy as sp

from symmle.cli.naming import sample_for
from symmle.coordinates import assignments
from symmle.derive import Derivation
from symmle.errors import InputError, NoEstimateError
from symmle.estimate import Estimator, Kind
from symmle.estimate.elimination import reduced
from symmle.known import Known
from symmle.model import Model
from symmle.parsing import parse
from symmle.sample_mean import nodes, recentred, separate
from symmle.stability import SchemeStability

if TYPE_CHECKING:
    from mpmath import mpf

    from symmle.data import Sample

_DIGITS = 30
_LARGE, _MANY = 1000, 40  # whole numbers from the first on are floats of so many digits
_SECONDS = 20.0  # of the integrals of one information matrix
_MOST_ROWS = 20_000
_LONG = 500  # operations of H, from which on closed forms stay letters in it


@dataclass(frozen=True, slots=True)
class Point:
    """A fixed point, and how an expression is evaluated there.

    values: numbers for the parameters; empty when they stay symbols.
    meaning: what H is there, in words.  level: no claim at this point is stronger.
    letters: what parameters that stay symbols stand for, where that is known but long.
    rows, counts: of the data, where there are data.
    """

    values: Mapping[sp.Symbol, sp.Expr]
    evaluate: Callable[[sp.Expr], sp.Expr] | None
    meaning: str
    strict_maximum: bool
    level: Known = Known.PROVED
    letters: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    rows: Mapping[sp.Symbol, "Sequence[mpf]"] = field(default_factory=dict)
    counts: "Sequence[mpf]" = ()

    def weakened(self, found: SchemeStability) -> SchemeStability:
        """The same result at a level that the numbers of this point allow."""
        return found.weakened(self.level)


def at_estimate(derivation: Derivation, estimator: Estimator) -> Point:
    """The estimate of any sample, in symbols.

    Long closed forms are not put in where H equals -I at every zero of the score: everything is
    then said in the parameters, which stand for their estimates.
    """
    if stays_in_letters(derivation, estimator):
        return _in_letters(derivation, estimator)
    known = dict(zip(derivation.score.hessian, estimator.hessian, strict=True))
    values = dict(estimator.values)

    @cache  # both schemes ask for the same derivatives
    def place(expr: sp.Expr) -> sp.Expr:
        if expr in known:
            return known[expr]
        return recentred(reduced(separate(expr).xreplace(values)))

    meaning = "at the estimate of any sample"
    strict = estimator.maximum is Known.PROVED
    return Point({}, place if values else None, meaning, strict)


def stays_in_letters(derivation: Derivation, estimator: Estimator) -> bool:
    """Whether the estimate is a closed form that is better left a letter for each parameter."""
    if estimator.kind is not Kind.CLOSED or not derivation.information.from_score:
        return False
    put_in = sum(entry.count_ops() for entry in estimator.hessian)
    return bool(put_in > max(_LONG, derivation.information.matrix.count_ops()))


def _in_letters(derivation: Derivation, estimator: Estimator) -> Point:
    hessian = -derivation.information.matrix
    known = dict(zip(derivation.score.hessian, hessian, strict=True))

    def place(expr: sp.Expr) -> sp.Expr:
        return known[expr] if expr in known else separate(expr)

    names = " and ".join(symbol.name for symbol in estimator.values)
    meaning = f"at the estimate of any sample, for which {names} stand"
    strict = estimator.maximum is Known.PROVED
    return Point({}, place, meaning, strict, letters=estimator.values)


def at_values(derivation: Derivation, text: str) -> Point:
    """Numbers for every parameter: there H is minus the Fisher information.

    Raises InputError for a parameter that is missing, unknown, named twice or outside its domain.
    """
    values = _assigned(derivation, text)
    level = Known.PROVED
    if derivation.information.known is Known.UNKNOWN:
        raise NoEstimateError(
            f"{derivation.model.name} has no fixed point to analyse: its support moves with the "
            "parameters, so that the score does not vanish at the estimate"
        )
    large = any(abs(value) >= _LARGE for value in values.values() if value.is_Integer)
    if large and derivation.information.matrix.has(sp.Function):
        # A polygamma at a whole number is a sum of as many fractions, to SymPy.
        values = {s: sp.Float(v, _MANY) if v.is_Integer else v for s, v in values.items()}
        level = Known.CHECKED
    information = derivation.information.matrix.xreplace(values)
    if derivation.information.unresolved:
        information, level = _by_quadrature(derivation, values), Known.CHECKED
    known = dict(zip(derivation.score.hessian, -information, strict=True))
    if derivation.passes:
        meaning = "H is minus the Fisher information, its limit for large samples"
    else:
        meaning = "H is minus the Fisher information, as it is exactly where this is the estimate"

    def place(expr: sp.Expr) -> sp.Expr:
        there = known[expr] if expr in known else expr.xreplace(values)
        return sp.nan if nodes([there]) else there  # a mean has no value without data

    return Point(
        values,
        place,
        meaning,
        strict_maximum=False,
        level=level,
    )


def values_named(model: Model, text: str) -> dict[sp.Symbol, sp.Expr]:
    """The numbers of --at, for the parameters that it names.

    Raises InputError for a name that is unknown or given twice.
    """
    values: dict[sp.Symbol, sp.Expr] = {}
    for part in assignments([text]):
        name, found, written = part.partition("=")
        if not found:
            raise InputError(f"--at {part!r} must have the form NAME=VALUE, joined by commas")
        symbol = model.symbol(name.strip())
        if symbol in values:
            raise InputError(f"--at names {name.strip()!r} twice; give it one value")
        values[symbol] = parse(written, {}, f"value of {name.strip()}")
    return values


def _assigned(derivation: Derivation, text: str) -> dict[sp.Symbol, sp.Expr]:
    model = derivation.model
    values = values_named(model, text)
    variables = (*model.given, *model.parameters)
    missing = [each.name for each in variables if each.symbol not in values]
    if missing:
        raise InputError(
            f"--at {text!r} has no value for {', '.join(missing)}; add {missing[0]}=..."
        )
    for parameter in variables:
        if parameter.domain.at(values).contains(values[parameter.symbol]) is not True:
            raise InputError(
                f"--at: {parameter.name} = {values[parameter.symbol]} is outside its domain "
                f"'{parameter.domain.text}'; choose a value inside"
            )
    return {each.symbol: values[each.symbol] for each in variables}


def _by_quadrature(derivation: Derivation, values: dict[sp.Symbol, sp.Expr]) -> sp.Matrix:
    """The information with its unresolved expectations integrated at the point."""
    import mpmath

    from symmle.derive.information_at import information_at

    point = {symbol: mpmath.mpf(sp.N(value, _DIGITS)) for symbol, value in values.items()}
    found = information_at(derivation, point, _SECONDS)
    return sp.Matrix([[sp.Float(value, 17) for value in row] for row in found.matrix])


def sample_rows(
    model: Model, sample: "Sample"
) -> tuple[dict[sp.Symbol, list["mpf"]], list["mpf"] | None]:
    """The columns and weights as exact multiprecision numbers."""
    import mpmath

    if sample.n > _MOST_ROWS:
        raise InputError(
            f"the data have {sample.n} rows, and stability evaluates at most {_MOST_ROWS} at "
            f"{_DIGITS} digits; fit them first, and give the estimate with --at"
        )
    names = [variable.name for variable in model.data]
    chosen = names if set(names) == set(sample.columns) else list(sample.columns)
    rows = {
        variable.symbol: [mpmath.mpf(float(value)) for value in sample.columns[name]]
        for variable, name in zip(model.data, chosen, strict=True)
    }
    if sample.weights is None:
        return rows, None
    return rows, [mpmath.mpf(float(weight)) for weight in sample.weights]


def at_data(derivation: Derivation, estimator: Estimator, arguments: argparse.Namespace) -> Point:
    """The estimate on the data; H and its derivatives are evaluated there.

    Raises NoEstimateError where the data have no estimate.
    """
    import mpmath

    from symmle.fit import fit
    from symmle.fit.prepare import prepared
    from symmle.precise import evaluate

    model = derivation.model
    sample = sample_for(model, arguments)
    fitted = fit(model if model.given else prepared(derivation, estimator), sample)
    if fitted.estimate is None:
        raise NoEstimateError(f"{arguments.data!r} gives no estimate to analyse: {fitted.message}")
    variables = (*derivation.model.given, *derivation.model.parameters)
    values = {v.symbol: sp.Float(fitted.estimate[v.name], 17) for v in variables}
    rows, weights = sample_rows(derivation.model, sample)
    closed = estimator.kind is Kind.CLOSED and not model.given and fitted.kind == "closed"
    # with the closed form put in, an entry that vanishes there does so to the last digit
    entries = zip(derivation.score.hessian, estimator.hessian, strict=True) if closed else ()
    known = {entry: there for entry, there in entries if there.count_ops() <= _LONG}

    def place(expr: sp.Expr) -> sp.Expr:
        expr = known.get(expr, expr)
        if not nodes([expr]) and not expr.free_symbols:
            return expr
        with mpmath.workdps(_DIGITS):
            point = {symbol: mpmath.mpf(value) for symbol, value in values.items()}
            return sp.Float(evaluate(expr, rows, point, weights), _DIGITS)

    if closed:
        values = {symbol: place(estimator.values[symbol]) for symbol in model.symbols}

    meaning = f"H is evaluated at the estimate on {arguments.data}"
    counts = [mpmath.mpf(1)] * sample.n if weights is None else weights
    return Point(values, place, meaning, False, Known.CHECKED, rows=rows, counts=counts)
