"""Solve score = 0 by taking the parameters in turn.

A parameter that enters an equation as a power or a log, outside every pass, is solved for and
substituted ("profiled out").  Either nothing is left (closed), or one equation in one unknown
(reduced), or a smaller system.  Each step is an equivalence on the parameter's domain, so the
stationary points found this way are all there are.  No general solver is called.
Imports the rooms above only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import sympy as sp

from symmle.derive import Derivation
from symmle.known import Known
from symmle.model import Domain, Variable
from symmle.sample_mean import (
    SampleMean,
    is_variance,
    masked,
    nodes,
    recentred,
    separate,
    tidy,
)

_MOST_OPERATIONS = 400  # an expression larger than this is not brought to one fraction


class Kind(StrEnum):
    """What solving score = 0 came to."""

    CLOSED = "closed"
    REDUCED = "reduced"
    SYSTEM = "system"
    BOUNDARY = "boundary"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation in one unknown: expression = 0 on the unknown's domain.

    falling: True where the expression is proved to decrease in the unknown, so that it has at
    most one root.
    """

    unknown: sp.Symbol
    expression: sp.Expr
    domain: Domain
    falling: bool


@dataclass(frozen=True, slots=True)
class Estimator:
    """What is known of the maximum-likelihood estimate, for any sample.

    values: {parameter: expression} in the statistics and in the `unknowns`; complete if closed.
    equations: what the unknowns must satisfy (score components, after substitution).
    exists: a condition on the statistics; None when it was not found.
    unique: whether there is at most one stationary point in the domain; None when not known.
    hessian: at the stationary point, with `values` substituted.
    maximum: how it is known to be a strict local maximum (UNKNOWN when it is not), and `road`.
    """

    kind: Kind
    values: Mapping[sp.Symbol, sp.Expr]
    unknowns: tuple[sp.Symbol, ...]
    equation: Equation | None
    exists: sp.Basic | None
    unique: bool | None
    hessian: sp.ImmutableMatrix
    maximum: Known
    road: str
    known: Known


@dataclass(frozen=True, slots=True)
class _Step:
    """Where the elimination stands: `buried` counts solved parameters that sat in functions."""

    equations: tuple[sp.Expr, ...]
    unknowns: tuple[Variable, ...]
    solved: tuple[tuple[sp.Symbol, sp.Expr], ...]
    buried: int


def estimate(derivation: Derivation) -> Estimator:
    """Find the stationary points of the average log-likelihood, as far as algebra goes."""
    model, score = derivation.model, derivation.score
    monotone = [
        symbol
        for symbol, slope in zip(score.parameters, score.gradient, strict=True)
        if slope.is_positive or slope.is_negative
    ]
    moved = set().union(*(variable.domain.depends_on for variable in model.data))
    if monotone or moved:
        return _boundary(derivation, monotone, moved)
    start = _Step(tuple(separate(each) for each in score.gradient), model.parameters, (), 0)
    best = min(_eliminations(start), key=_cost)
    solved = _back_substituted(best.solved)
    values = {symbol: solved[symbol] for symbol in score.parameters if symbol in solved}
    hessian = _at(score.hessian, values)
    if any(each == 0 for each in best.equations) or len(best.equations) != len(best.unknowns):
        road = "an equation of the score follows from the others: not every parameter is identified"
        return Estimator(Kind.NONE, MappingProxyType(values), tuple(v.symbol for v in best.unknowns),
                         None, sp.false, False, hessian, Known.UNKNOWN, road, Known.PROVED)
    kind = (Kind.CLOSED, Kind.REDUCED, Kind.SYSTEM)[min(len(best.unknowns), 2)]
    concave = _data_free(score.hessian)
    equation = None
    if kind is Kind.REDUCED:
        unknown = best.unknowns[0]
        equation = _equation(best.equations[0], unknown, concave)
    maximum, road = _second_order(derivation, hessian, values)
    unique = kind is Kind.CLOSED or concave or (equation is not None and equation.falling)
    return Estimator(
        kind,
        MappingProxyType(values),
        tuple(variable.symbol for variable in best.unknowns),
        equation,
        _existence(values, model.parameters) if kind is Kind.CLOSED else None,
        unique or None,
        hessian,
        maximum,
        road,
        Known.PROVED,
    )


def _boundary(
    derivation: Derivation, monotone: list[sp.Symbol], moved: set[sp.Symbol]
) -> Estimator:
    """The answer where the score does not decide: the likelihood is pushed to an end."""
    names = ", ".join(str(symbol) for symbol in [*monotone, *sorted(moved - {*monotone}, key=str)])
    kind = Kind.BOUNDARY if moved else Kind.NONE
    road = (
        f"the support depends on {names}, so the maximum may lie where the score is not zero"
        if moved
        else f"the likelihood is monotone in {names}: its score never vanishes"
    )
    return Estimator(
        kind, MappingProxyType({}), derivation.score.parameters, None, None if moved else sp.false,
        None, derivation.score.hessian, Known.UNKNOWN, road, Known.PROVED,
    )


# --- elimination -----------------------------------------------------------------------------


def _eliminations(step: _Step) -> Iterator[_Step]:
    """Every state in which nothing more can be solved for."""
    stuck = True
    for i, equation in enumerate(step.equations):
        for variable in step.unknowns:
            value = isolate(equation, variable)
            if value is None:
                continue
            stuck = False
            others = step.equations[:i] + step.equations[i + 1 :]
            here = {variable.symbol: value}
            yield from _eliminations(
                _Step(
                    tuple(_reduced(each.xreplace(here)) for each in others),
                    tuple(each for each in step.unknowns if each != variable),
                    (*step.solved, (variable.symbol, value)),
                    step.buried + _is_buried(step.equations, variable.symbol),
                )
            )
    if stuck:
        yield step


def _cost(step: _Step) -> tuple[int, int, int]:
    size = sum(each.count_ops() for each in step.equations)
    size += sum(value.count_ops() for _, value in step.solved)
    return len(step.unknowns), step.buried, size


def _is_buried(equations: Iterable[sp.Expr], symbol: sp.Symbol) -> bool:
    """Whether the symbol sits inside a function other than log, or inside a pass."""
    return any(
        symbol in call.free_symbols
        for equation in equations
        for call in equation.atoms(sp.Function)
        if not isinstance(call, sp.log) and not isinstance(call, sp.exp)
    )


def isolate(equation: sp.Expr, variable: Variable) -> sp.Expr | None:
    """The one value of the variable in its domain at which the equation holds, or None.

    Handles c0 + c1*r(v) = 0 for r a power, a log or an exponential of a multiple of v, and a
    quadratic in a power when signs decide that just one root lies in the domain.
    """
    symbol = variable.symbol
    letters, back = masked(equation)
    if any(symbol in node.free_symbols for node in back.values()):
        return None
    coefficients = _by_shape(letters, symbol)
    if coefficients is None:
        return None
    shapes = [shape for shape in coefficients if shape != 1]
    positive = bool(symbol.is_positive)
    if len(shapes) == 1:
        ratio = -coefficients.get(sp.S.One, sp.S.Zero) / coefficients[shapes[0]]
        value = _inverse(shapes[0], symbol, sp.cancel(ratio), positive)
    elif len(shapes) == 2:
        value = _positive_root(coefficients, shapes, symbol) if positive else None
    else:
        value = None
    if value is None or value.has(sp.zoo, sp.nan, sp.I):
        return None
    return tidy(value.xreplace(back)) if value.is_Add else value.xreplace(back)


def _by_shape(equation: sp.Expr, symbol: sp.Symbol) -> dict[sp.Expr, sp.Expr] | None:
    """{how the symbol enters: coefficient}, divided by one of the shapes so that 1 is among them."""
    sums_below = any(
        power.base.is_Add and symbol in power.base.free_symbols for power in equation.atoms(sp.Pow)
    )
    if sums_below:
        if equation.count_ops() > _MOST_OPERATIONS:
            return None
        equation = sp.fraction(sp.cancel(equation))[0]
    gathered: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(equation, power_base=False, power_exp=False, log=True)):
        coefficient, shape = term.as_independent(symbol, as_Add=False)
        gathered[shape] = gathered.get(shape, sp.S.Zero) + coefficient
    gathered = {shape: sp.expand_mul(each) for shape, each in gathered.items()}
    gathered = {shape: each for shape, each in gathered.items() if each != 0}
    if len(gathered) < 2 or len(gathered) > 3:
        return None
    unit = max(gathered, key=lambda shape: _rank(shape, symbol))
    return {sp.powsimp(shape / unit): each for shape, each in gathered.items()}


def _rank(shape: sp.Expr, symbol: sp.Symbol) -> tuple[bool, sp.Rational]:
    """Divide by the highest pure power of the symbol, never by a log or a symbolic power."""
    base, exponent = shape.as_base_exp()
    pure = shape == 1 or (base == symbol and exponent.is_Rational)
    return pure, exponent if pure and shape != 1 else sp.S.Zero


def _inverse(
    shape: sp.Expr, symbol: sp.Symbol, ratio: sp.Expr, positive: bool
) -> sp.Expr | None:
    """Solve shape(symbol) = ratio for the symbol where that has one solution in the domain."""
    if shape == sp.log(symbol):
        return sp.exp(ratio)
    if isinstance(shape, sp.exp):
        slope = shape.args[0].diff(symbol)
        if symbol in slope.free_symbols or shape.args[0].coeff(symbol, 0) != 0:
            return None
        return sp.expand_log(sp.log(ratio)) / slope
    base, exponent = shape.as_base_exp()
    if base != symbol or symbol in exponent.free_symbols:
        return None
    if exponent.is_Integer and (abs(exponent) == 1):
        return sp.cancel(ratio**exponent)
    if positive or (exponent.is_Integer and exponent.is_odd and ratio.is_nonnegative):
        return sp.powdenest(ratio ** (1 / exponent))
    return None


def _positive_root(
    coefficients: Mapping[sp.Expr, sp.Expr], shapes: list[sp.Expr], symbol: sp.Symbol
) -> sp.Expr | None:
    """The positive root of a*t**2 + b*t + c with t a power of the symbol and a*c < 0."""
    first, second = sorted(shapes, key=lambda shape: abs(shape.as_base_exp()[1]))
    exponent = first.as_base_exp()[1]
    if second != first**2 or first.as_base_exp()[0] != symbol or sp.S.One not in coefficients:
        return None
    a, b, c = (coefficients[key] for key in (second, first, sp.S.One))
    if not (a * c).is_negative:
        return None
    root = sp.sqrt(sp.expand_mul(b**2 - 4 * a * c))
    t = 2 * c / (-b - root) if (a.is_positive) else 2 * c / (-b + root)
    return t ** (1 / exponent)


def _reduced(equation: sp.Expr) -> sp.Expr:
    """An equation after a substitution: logs split, passes separated, fractions cancelled."""
    wide = sp.expand_mul(sp.expand_log(separate(equation), deep=True))
    letters, back = masked(wide)
    terms = sp.Add.make_args(letters)
    fractions = sp.Add(*(term for term in terms if not term.has(sp.Function)))
    sums_below = any(power.base.is_Add for power in fractions.atoms(sp.Pow))
    if sums_below and fractions.count_ops() <= _MOST_OPERATIONS:
        fractions = sp.factor_terms(sp.cancel(fractions))
    rest = (term for term in terms if term.has(sp.Function))
    return tidy(sp.Add(fractions, *rest).xreplace(back))


def _back_substituted(solved: tuple[tuple[sp.Symbol, sp.Expr], ...]) -> dict[sp.Symbol, sp.Expr]:
    """Later solutions put into earlier ones, so that only unknowns and statistics are left."""
    values: dict[sp.Symbol, sp.Expr] = {}
    for symbol, value in reversed(solved):
        values[symbol] = recentred(value.xreplace(values))
    return values


# --- what is known of the stationary point ----------------------------------------------------


def _at(hessian: sp.ImmutableMatrix, values: Mapping[sp.Symbol, sp.Expr]) -> sp.ImmutableMatrix:
    """The Hessian with the solved parameters replaced, each entry reduced."""
    if not values:
        return hessian
    return hessian.applyfunc(lambda entry: recentred(_reduced(separate(entry).xreplace(values))))


def _data_free(hessian: sp.ImmutableMatrix) -> bool:
    """Whether no entry holds a mean and H is not singular: then H = -I is negative definite.

    The data then enter linearly, log f = theta.T(x) + c(theta) + h(x), so a combination of the T
    that is constant at one theta is constant at all: not singular somewhere is so everywhere.
    """
    if nodes(hessian):
        return False
    letters = {call: sp.Dummy() for call in hessian.atoms(sp.Function)}
    return bool(sp.cancel(hessian.xreplace(letters).det(method="berkowitz")) != 0)


def _second_order(
    derivation: Derivation, hessian: sp.ImmutableMatrix, values: Mapping[sp.Symbol, sp.Expr]
) -> tuple[Known, str]:
    """Whether the Hessian is negative definite at the stationary point, and by which road."""
    size = hessian.shape[0]
    letters, _ = masked(sp.Matrix(hessian).as_immutable())
    minors = [letters[:k, :k].det(method="berkowitz") for k in range(1, size + 1)]
    signs = [
        sp.factor_terms(sp.cancel((-1) ** (k + 1) * minor)).is_positive
        for k, minor in enumerate(minors)
        if minor.count_ops() <= _MOST_OPERATIONS
    ]
    if len(signs) == size and all(signs):
        return Known.PROVED, "every leading minor of -H is positive"
    if _data_free(derivation.score.hessian):
        return Known.PROVED, (
            "H is free of the data, so H = -I everywhere: minus a covariance matrix, that of the "
            "score, so the average log-likelihood is concave"
        )
    information = derivation.information.matrix.xreplace(dict(values))
    if not derivation.information.unresolved and all(
        _reduced(entry) == 0 for entry in hessian + information
    ):
        return Known.PROVED, "H equals minus the Fisher information there, a covariance matrix"
    return Known.UNKNOWN, "the sign of H is decided at numbers only"


def _existence(
    values: Mapping[sp.Symbol, sp.Expr], parameters: Iterable[Variable]
) -> sp.Basic:
    """When the closed form lies inside the domain, as conditions on the statistics."""
    conditions: list[sp.Basic] = []
    for variable in parameters:
        value, where = values[variable.symbol], variable.domain.at(dict(values))
        conditions += [_positive(node) for node in nodes([value]) if is_variance(node)]
        if where.lower.is_finite:
            conditions.append(_positive(value - where.lower))
        if where.upper.is_finite:
            conditions.append(_positive(where.upper - value))
    return sp.And(*conditions)


def _positive(expr: sp.Expr) -> sp.Basic:
    """`expr > 0` with the factors of known sign taken off.  A variance is not known: it may be 0."""
    letters, back = masked(sp.together(expr))
    uncertain, sign = [], 1
    for factor in sp.Mul.make_args(sp.factor_terms(sp.cancel(letters))):
        base, exponent = factor.as_base_exp()
        may_vanish = base in back and not isinstance(back[base], SampleMean)
        if factor.is_negative and not may_vanish:
            sign = -sign
        elif may_vanish or not factor.is_positive:
            uncertain.append(base if may_vanish or (exponent.is_Integer and exponent.is_odd)
                             else factor)
    left = sign * sp.Mul(*uncertain).xreplace(back)
    if left.is_Number:
        return sp.S(bool(left > 0))
    return sp.StrictGreaterThan(left, 0, evaluate=False)


def _equation(expression: sp.Expr, unknown: Variable, concave: bool) -> Equation:
    """The reduced equation, signed so that it falls where that can be proved."""
    slope = expression.diff(unknown.symbol)
    if _is_negative(slope):
        return Equation(unknown.symbol, expression, unknown.domain, True)
    if _is_negative(-slope):
        return Equation(unknown.symbol, -expression, unknown.domain, True)
    return Equation(unknown.symbol, expression, unknown.domain, concave)


def _is_negative(slope: sp.Expr) -> bool:
    """Whether signs decide it, once each mean(w*T**2) is written by a weighted variance of T.

    mean(w*T**2)/mean(w) - (mean(w*T)/mean(w))**2 is a variance with weights w > 0, by
    Cauchy-Schwarz positive unless T is constant.
    """
    present = {node.args[0]: node for node in nodes([slope]) if isinstance(node, SampleMean)}
    for whole, zeroth in list(present.items()):
        for part, first in present.items():
            factor = sp.cancel(part / whole)
            second = present.get(sp.powsimp(part * factor))
            if zeroth.is_positive and factor != 1 and second is not None:
                spread = sp.Dummy("spread", positive=True)
                slope = slope.xreplace({second: zeroth * spread + first**2 / zeroth})
    letters, _ = masked(sp.expand_mul(slope))
    return bool(sp.cancel(letters).is_negative)
