"""The parameters that are left once others sit at order statistics of the data.

Where the data set a parameter (an end of the support, a median), the likelihood in the others is
smooth again and falls to the ordinary elimination.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symmle.domain import Datum, Domain, Variable
from symmle.estimate.elimination import back_substituted, eliminate, reduced
from symmle.estimate.existence import closed_form_exists, conjunction, is_positive, root_exists
from symmle.estimate.monotone import signed_equation
from symmle.estimate.records import Equation
from symmle.estimate.second_order import is_negative_definite
from symmle.known import Known
from symmle.model import Model
from symmle.order_statistics import Maximum, Minimum, OrderStatistic
from symmle.sample_mean import SampleMean, nodes, separate

Values = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the likelihood says of the parameters that the data did not set.

    values: of all parameters, in the model's order, as far as they are solved.
    equation: the one that is left, when there is one unknown.
    exists: the condition on the data; None when it was not found.
    complete: whether no stationary point was lost on the way.
    maximum: how the stationary point in the others is known to be a strict maximum.
    runaway: a parameter in which the likelihood is monotone without end, if there is one.
    """

    values: dict[sp.Symbol, sp.Expr]
    unknowns: tuple[sp.Symbol, ...]
    equation: Equation | None
    exists: sp.Basic | None
    complete: bool
    maximum: Known
    runaway: sp.Symbol | None = None


def remaining(
    model: Model, average: sp.Expr, held: Values, places: Values, needed: list[sp.Basic]
) -> Remaining:
    """Solve for the parameters that are not held.

    average: the average log-likelihood in those parameters, with letters where the data set
    something; places: {letter: order statistic}.  held: the values of the other parameters, in
    letters and the remaining parameters.  needed: further conditions on the data, in letters.
    """
    rest = tuple(v for v in model.parameters if v.symbol not in held)
    average, gaps, apart = _in_gaps(average, places)
    places = {**places, **gaps}
    gradient = {v.symbol: average.diff(v.symbol) for v in rest}
    runaway = next((s for s, g in gradient.items() if g.is_positive or g.is_negative), None)
    if runaway is not None or any(g == 0 for g in gradient.values()):
        nothing = sp.false if runaway is not None else None
        return Remaining({}, (), None, nothing, False, Known.UNKNOWN, runaway)
    left = eliminate(gradient, rest)
    open_symbols = {v.symbol for v in left.unknowns}
    if any(not equation.free_symbols & open_symbols for _, equation in left.equations):
        return Remaining({}, (), None, None, False, Known.UNKNOWN)
    solved = back_substituted(left.solved) | {v.symbol: v.symbol for v in left.unknowns}
    raw = {
        s: held[s].xreplace(solved) if s in held else solved[s].xreplace(places)
        for s in model.symbols
    }
    raw = {s: value.xreplace(places) for s, value in raw.items()}
    unknowns = tuple(v.symbol for v in left.unknowns)
    values = {s: value for s, value in raw.items() if s not in unknowns}
    conditions = [_on_data(each, solved, places) for each in needed]
    conditions += [is_positive(e.xreplace(solved).xreplace(places)) for e in left.positive]
    equation = None
    if len(unknowns) == 1:
        found_equation = left.equations[0][1]
        forms = (found_equation.xreplace(places), found_equation.xreplace(apart).xreplace(places))
        expression = min(forms, key=lambda form: form.count_ops())
        equation = signed_equation(expression, left.unknowns[0], False, left.own, model.data)
    found = _existence(model, values, average.xreplace(places), rest, equation, unknowns)
    exists = None if found is None else conjunction([*conditions, found])
    maximum = _second_order(average, rest, raw, places, sp.true if exists is None else exists)
    falling = equation is not None and equation.has_one_root
    complete = left.complete and (not unknowns or falling)
    return Remaining(values, unknowns, equation, exists, complete, maximum)


def _on_data(condition: sp.Basic, solved: Values, places: Values) -> sp.Basic:
    """A condition `left > 0` in letters as one on the statistics."""
    return is_positive((condition.lhs - condition.rhs).xreplace(solved).xreplace(places))


def _existence(
    model: Model,
    values: Values,
    average: sp.Expr,
    rest: tuple[Variable, ...],
    equation: Equation | None,
    unknowns: tuple[sp.Symbol, ...],
) -> sp.Basic | None:
    if not unknowns:
        doubtful = [v for v in model.parameters if not _fits(values[v.symbol], v.domain, model)]
        return closed_form_exists(values, doubtful, average)
    if equation is None:
        return None
    held = [v for v in model.parameters if v.symbol in values and v not in rest]
    ends = closed_form_exists(values, held, sp.S.Zero)
    root = root_exists(equation)
    return None if root is None else conjunction([root, ends])


def _fits(value: sp.Expr, where: Domain, model: Model) -> bool:
    """Whether a value is an observation of a column that lies in the parameter's closed domain."""
    if not isinstance(value, OrderStatistic):
        return False
    support = next((v.domain for v in model.data if v.symbol == value.args[0]), None)
    if support is None:
        return False
    low = where.lower.is_infinite or (
        support.lower.is_number and where.lower_closed and bool(support.lower >= where.lower)
    )
    high = where.upper.is_infinite or (
        support.upper.is_number and where.upper_closed and bool(support.upper <= where.upper)
    )
    return low and high and (support.integer or not where.integer)


def _second_order(
    average: sp.Expr,
    rest: tuple[Variable, ...],
    values: Values,
    places: Values,
    exists: sp.Basic,
) -> Known:
    if not rest:
        return Known.PROVED
    symbols = [v.symbol for v in rest]
    back = {place: letter for letter, place in places.items()}
    here = {s: values[s].xreplace(back) for s in symbols if values[s] != s}
    hessian = sp.ImmutableMatrix(
        len(rest), len(rest), lambda i, j: average.diff(symbols[i], symbols[j])
    ).applyfunc(lambda h: reduced(separate(h).xreplace(here)).xreplace(places))
    return Known.PROVED if is_negative_definite(hessian, exists) else Known.UNKNOWN


def _in_gaps(
    average: sp.Expr, places: Values
) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """(the average with mean(T) = T(end) + gap, {gap: mean(T(x) - T(end))}) for ends of the data.

    The difference mean(x) - min(x) would cancel, and its sign is known: the gap is a letter of
    that sign, mean(x - min(x)), and mean(log(x/min(x))) for T = log(x).  It is left unevaluated,
    because a mean of a difference falls apart where it is rebuilt.  Last, {gap: mean(T) - T(end)}
    with the letter of the end, for where nothing cancels.
    """
    gaps: dict[sp.Symbol, sp.Expr] = {}
    plain: dict[sp.Symbol, sp.Expr] = {}
    means = [node for node in nodes([average]) if isinstance(node, SampleMean)]
    for letter, end in places.items():
        if not isinstance(end, OrderStatistic) or not isinstance(end.args[0], Datum):
            continue
        for node in means:
            inside = node.args[0]
            if inside.free_symbols != {end.args[0]} or inside.has(sp.Abs):
                continue
            there = inside.xreplace({end.args[0]: end})
            apart = sp.log(inside.args[0] / there.args[0]) if isinstance(inside, sp.log) else None
            sign = {Minimum: "positive", Maximum: "negative"}.get(type(end))
            rises = inside in (end.args[0], sp.log(end.args[0]))
            gap = sp.Dummy("gap", **({sign: True} if sign and rises else {"real": True}))
            gaps[gap] = SampleMean(inside - there if apart is None else apart, evaluate=False)
            level = inside.xreplace({end.args[0]: letter})
            plain[gap] = node - level
            average = average.xreplace({node: level + gap})
    return average, gaps, plain
