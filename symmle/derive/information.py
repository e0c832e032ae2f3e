"""Expected information of one observation, without integrals where possible.

E[score] = 0 is linear in the unknown expectations E[T], so an exponential family of full rank
yields them all and the information follows by algebra.  What is left is looked up in a small
table of integrals (`expectation`); what is left then stays an unevaluated expectation, which
`expectation.quadrature` evaluates at numbers.
Source: Lehmann & Casella, Theory of Point Estimation (1998), sections 2.5 and 1.5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from symmle.budget import bounded
from symmle.derive.about_end import expectation_from_end
from symmle.derive.about_kink import expectation_about_kink
from symmle.derive.expectation import Expectation, expectation
from symmle.derive.mean_equations import MeanEquations
from symmle.errors import BudgetError
from symmle.fraction import reduced_fraction, reduced_fractions
from symmle.known import Known
from symmle.model import Model, Origin
from symmle.sample_mean import SampleMean, masked, mean, nodes, tidy

_MOST_OF_ALL = 5_000  # of a score that is larger, no expectation is solved for
_MOST_OPERATIONS = 400  # an entry larger than this is left as it comes
_SECONDS = 2.0  # to solve E[score] = 0


@dataclass(frozen=True, slots=True)
class Information:
    """-E[Hessian of log f] for one observation; n times this for a sample of n.

    road: how it was reached, in words.  unresolved: expectations that have no closed form here;
    they stand unevaluated in the matrix, which is otherwise exact.
    from_score: whether E[score] = 0 alone gave it.  Then -H, too, is this matrix wherever the score
    of a sample vanishes: the same algebra with the sample's means for the expectations.
    """

    matrix: sp.ImmutableMatrix
    known: Known
    road: str
    unresolved: tuple[Expectation, ...]
    from_score: bool = False


def fisher_information(
    model: Model, log_density: sp.Expr, regular: bool, means: MeanEquations | None = None
) -> Information:
    """The Fisher information matrix as an expression in the parameters.

    log_density: of the model, in the form that is differentiated.
    regular: whether -E[Hessian] is the information: no kinks, and a support that stays in place.
    means: what E[score] = 0 gives for the statistics, where that is known already.
    Otherwise E[score score'] stands unevaluated; with a moving support it bounds nothing, and is
    marked UNKNOWN.
    """
    theta = model.symbols
    if not regular:
        slopes = [log_density.diff(symbol) for symbol in theta]
        moved = any(variable.domain.depends_on & set(theta) for variable in model.data)
        matrix = sp.ImmutableMatrix(
            len(theta),
            len(theta),
            lambda i, j: _product(model, log_density, slopes[i] * slopes[j], moved),
        )
        unresolved = tuple(sorted(matrix.atoms(Expectation), key=sp.default_sort_key))
        road = "E[score score'] " + ("unevaluated" if unresolved else "in closed form")
        if not unresolved and not moved:
            road = "E[score score'], by symmetry about the kink and a table of integrals"
        if moved:
            road = f"{road}; {_no_bound(model)}"
        return Information(matrix, Known.UNKNOWN if moved else Known.PROVED, road, unresolved)
    if means is not None and means.information is not None:
        return Information(means.information, Known.PROVED, "E[score] = 0", (), True)
    gradient = [mean(log_density.diff(symbol)) for symbol in theta]
    size = len(theta)
    hessian = _symmetric(size, lambda i, j: gradient[i].diff(theta[j]))
    needed = nodes(hessian)
    if not needed:
        return Information(
            sp.ImmutableMatrix(-hessian).applyfunc(tidy),
            Known.PROVED,
            "the Hessian is free of the data",
            (),
        )
    if means is not None and set(needed) <= set(means.expected):
        entries = [-entry.xreplace(dict(means.expected)) for entry in hessian]
        matrix = sp.ImmutableMatrix(size, size, reduced_fractions(entries))
        return Information(matrix, Known.PROVED, "E[score] = 0", (), True)
    try:
        known = bounded(_SECONDS, lambda: _expectations_from_score(gradient, needed))
    except BudgetError:
        known = {}
    roads = ["E[score] = 0"] if known else []
    for node in needed:
        if node not in known:
            value = expectation(model, log_density, node.args[0])
            known[node] = Expectation(node.args[0]) if value is None else value
            table = "a sum" if model.discrete else "a table of integrals"
            if value is not None and table not in roads:
                roads.append(table)
    matrix = _symmetric(size, lambda i, j: _compact(-hessian[i, j].xreplace(known)))
    unresolved = tuple(sorted(matrix.atoms(Expectation), key=sp.default_sort_key))
    from_score = roads == ["E[score] = 0"] and not unresolved
    road = ", then ".join(roads) or "unevaluated"
    return Information(matrix, Known.PROVED, road, unresolved, from_score)


def _no_bound(model: Model) -> str:
    """Why E[score score'] is no more than that where the support moves."""
    ends = {s for variable in model.data for s in variable.domain.depends_on}
    moving = [each for each in model.parameters if each.symbol in ends]
    names = [each.name for each in moving]
    whole = [each.name for each in moving if each.domain.integer]
    told = (
        f"the support moves with {' and '.join(names)}, so E[score] need not vanish, this need not "
        "be -E[H], and its inverse bounds no variance and gives no standard error of "
        f"{' or '.join(names)}"
    )
    if whole:
        told += f"; derivatives in {' and '.join(whole)} say nothing of whole numbers"
    return told


def _product(model: Model, log_density: sp.Expr, product: sp.Expr, moved: bool) -> sp.Expr:
    """E[product] of two slopes, evaluated from a kink or an end of the support where that goes."""
    road = expectation_from_end if moved else expectation_about_kink
    found = road(model, log_density, product) if product.free_symbols else None
    return Expectation(product) if found is None else _compact(tidy(found))


def in_coordinates(
    information: Information, origin: Origin, theta: Sequence[sp.Symbol]
) -> Information:
    """J' I J with J the derivative of the first parameters by the coordinates `theta`.

    information: in the parameters of `origin.model`.
    Source: Lehmann & Casella, section 2.6, equation (6.16).
    """
    places = dict(zip(origin.model.symbols, origin.places, strict=True))
    slopes = [place.diff(symbol) for place, symbol in zip(origin.places, theta, strict=True)]
    size = len(slopes)
    matrix = _symmetric(
        size,
        lambda i, j: _compact(information.matrix[i, j].xreplace(places) * slopes[i] * slopes[j]),
    )
    unresolved = tuple(sorted(matrix.atoms(Expectation), key=sp.default_sort_key))
    road = f"{information.road}, then the chain rule"
    return Information(matrix, information.known, road, unresolved, information.from_score)


def _symmetric(size: int, entry: Callable[[int, int], sp.Expr]) -> sp.ImmutableMatrix:
    """The matrix of an entry that is asked for on and above the diagonal, once each."""
    upper = {(i, j): entry(i, j) for i in range(size) for j in range(i, size)}
    return sp.ImmutableMatrix(size, size, lambda i, j: upper[min(i, j), max(i, j)])


def _expectations_from_score(
    gradient: list[sp.Expr], needed: tuple[SampleMean, ...]
) -> dict[sp.Expr, sp.Expr]:
    """Solve E[score] = 0 for the expectations that the Hessian needs, as far as it goes."""
    if sum(each.count_ops() for each in gradient) > _MOST_OF_ALL:
        return {}
    letters = {node: sp.Dummy() for node in nodes([*gradient, *needed])}
    equations = [sp.expand_mul(each.xreplace(letters)) for each in gradient]
    solved: dict[sp.Symbol, sp.Expr] = {}
    for node in needed:
        unknown = letters[node]
        rows = [each for each in equations if each.coeff(unknown, 1) != 0]
        if not rows:
            continue
        row = min(rows, key=lambda each: len(each.free_symbols & set(letters.values())))
        value = _compact(-row.coeff(unknown, 0) / row.coeff(unknown, 1))
        here = {unknown: value}
        equations = [sp.expand_mul(each.xreplace(here)) for each in equations if each is not row]
        solved = {symbol: _compact(old.xreplace(here)) for symbol, old in solved.items()} | here
    back = {symbol: node for node, symbol in letters.items()}
    unknowns = set(back)
    return {
        back[symbol]: value for symbol, value in solved.items() if not value.free_symbols & unknowns
    }


def _compact(expr: sp.Expr) -> sp.Expr:
    """One reduced fraction; unevaluated expectations are treated as letters."""
    if expr.count_ops() > _MOST_OPERATIONS:
        return expr
    letters, back = masked(sp.expand_mul(expr))
    return sp.factor_terms(reduced_fraction(sp.powsimp(letters))).xreplace(back)
