"""Turn a score into an update map.

Every scheme is one act repeated: move a *block* of parameters along its gradient, then let the
next block see the result.  So a scheme is a program of blocks:

    simultaneous   (mu, sigma)              one block: both read the old point
    alternating    (mu), (sigma)            two blocks: sigma reads the new mu
    coordinate     (mu) x 5, (sigma) x 5    each block repeated before the next one moves
    symmetric      (mu), (sigma), (sigma), (mu)   forth and back

A block moves by step * P * gradient.  P is the identity for gradient ascent, and the inverse of
the information, observed (Newton) or expected (scoring), of the block for the other two.
Imports `derive`, `errors` and `placed` only; what `stability`, `codegen` and `verify` consume are
`Scheme` and `Map`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import sympy as sp

from symmle.derive import Score
from symmle.errors import BudgetError, InputError
from symmle.placed import placed

Order = Sequence[sp.Symbol | Sequence[sp.Symbol]]

_LARGEST_IMAGE = 1500  # nodes of an expression; a longer composition is not worth printing
_LARGEST_INVERSE = 3  # parameters in a block whose information matrix is inverted in symbols


class Metric(Enum):
    """What the gradient of a block is divided by before it moves."""

    IDENTITY = "identity"
    OBSERVED = "observed information"
    EXPECTED = "expected information"
    DIAGONAL_OBSERVED = "diagonal of the observed information"
    DIAGONAL_EXPECTED = "diagonal of the expected information"
    COMPLETE = "information of the complete data"
    OWN = "own curvature of each, all the way to its maximum"


class Rule(Enum):
    """How a block moves along its direction F; see `stability.rules` for the formulas."""

    GRADIENT = "gradient"
    HEAVY_BALL = "heavy ball"
    NESTEROV = "Nesterov"
    OPTIMISTIC = "optimistic"
    EXTRAGRADIENT = "extragradient"
    IMPLICIT = "implicit"

    @property
    def memory(self) -> str:
        """What is remembered of each parameter from one update to the next; "" for nothing."""
        if self in (Rule.HEAVY_BALL, Rule.NESTEROV):
            return "move"
        return "slope" if self is Rule.OPTIMISTIC else ""


@dataclass(frozen=True, slots=True)
class Block:
    """Parameters that move together, `repeat` times in a row, reading the newest point."""

    parameters: tuple[sp.Symbol, ...]
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Scheme:
    """A program of block updates: the blocks in order, the whole of it `sweeps` times.

    Every parameter stands in a block, and may stand in several.
    momentum: the share of its last move that a block keeps, for the rules that have one.
    paces: (parameter, positive factor of its step), for those that have one of their own.
    image: (parameter, where it is on its way to), of a scheme that is the share `step` of another
    map, as EM.  Empty where the gradient tells the way.
    """

    name: str
    blocks: tuple[Block, ...]
    sweeps: int = 1
    metric: Metric = Metric.IDENTITY
    rule: Rule = Rule.GRADIENT
    momentum: sp.Expr = sp.S.Zero
    paces: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    image: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()

    def pace(self, parameter: sp.Symbol) -> sp.Expr:
        """What the step is multiplied by for one parameter."""
        return dict(self.paces).get(parameter, sp.S.One)

    @property
    def order(self) -> tuple[sp.Symbol, ...]:
        """The parameters in the order of updating."""
        return tuple(symbol for block in self.blocks for symbol in block.parameters)


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of an update: parameters <- values, at once, `repeat` times.

    values: in the parameters' own symbols; those in `renewed` were moved by an earlier line.
    implicit: whether the direction is taken at the new point, so that an equation is solved.
    solves: whether `values` are what must vanish at the new point (of step 1) instead.
    """

    parameters: tuple[sp.Symbol, ...]
    values: tuple[sp.Expr, ...]
    repeat: int
    renewed: tuple[sp.Symbol, ...]
    implicit: bool = False
    solves: bool = False


@dataclass(frozen=True, slots=True)
class Map:
    """One full update, theta -> image(theta).

    state: n symbols, the point before the update, and n more where the rule has a memory.
    statements: the update as it is read, a line for each block; run `scheme.sweeps` times.
    image: n expressions in `state`, or None where the composition is too long to be of use.
    """

    state: tuple[sp.Symbol, ...]
    statements: tuple[Statement, ...]
    image: tuple[sp.Expr, ...] | None
    step: sp.Expr
    scheme: Scheme


def simultaneous(parameters: Sequence[sp.Symbol]) -> Scheme:
    """All parameters move from the same old point (nonlinear Jacobi)."""
    return Scheme("simultaneous", (Block(_distinct(parameters)),))


def alternating(parameters: Sequence[sp.Symbol], order: Order | None = None) -> Scheme:
    """One parameter at a time, each from the newest point (nonlinear Gauss-Seidel).

    order: of the parameters, or of groups of them that move together; each at least once.
    Raises InputError for an order without one of the parameters.
    """
    return Scheme("alternating", _in_turn(parameters, order, 1))


def symmetric(parameters: Sequence[sp.Symbol], order: Order | None = None) -> Scheme:
    """The alternating sweep, and then its blocks in the opposite order.

    Raises as `alternating` does.
    """
    blocks = _in_turn(parameters, order, 1)
    return Scheme("symmetric", (*blocks, *reversed(blocks)))


def coordinate(
    parameters: Sequence[sp.Symbol],
    inner: int = 1,
    outer: int = 1,
    order: Order | None = None,
) -> Scheme:
    """Coordinate ascent: `inner` steps on each parameter in turn, and that `outer` times.

    inner, outer: at least 1.  One update of the map is all of it.
    Raises InputError for a count below 1, or an order without one of the parameters.
    """
    _require_count("inner", inner)
    _require_count("outer", outer)
    return Scheme("coordinate", _in_turn(parameters, order, inner), outer)


def exact_coordinate(
    parameters: Sequence[sp.Symbol],
    image: Mapping[sp.Symbol, sp.Expr],
    outer: int = 1,
    order: Order | None = None,
) -> Scheme:
    """Each parameter in turn moves by step * (its own maximum, the others held - itself).

    Step 1 is exact coordinate ascent, and others are over-relaxation (SOR; Young, Iterative
    Solution of Large Linear Systems, 1971).  image: those maxima that have a closed form; the
    others are told by their equation.
    Raises InputError for a count below 1, an order without one of the parameters, or groups.
    """
    _require_count("outer", outer)
    blocks = _in_turn(parameters, order, 1)
    if any(len(block.parameters) > 1 for block in blocks):
        raise InputError("exact coordinate ascent moves one parameter at a time; take + out")
    return Scheme("coordinate", blocks, outer, Metric.OWN, image=tuple(image.items()))


def newton(parameters: Sequence[sp.Symbol]) -> Scheme:
    """All parameters move by step * (-Hessian)^-1 * gradient; step 1 is Newton's own."""
    return Scheme("newton", (Block(_distinct(parameters)),), metric=Metric.OBSERVED)


def scoring(parameters: Sequence[sp.Symbol]) -> Scheme:
    """All parameters move by step * (Fisher information)^-1 * gradient."""
    return Scheme("scoring", (Block(_distinct(parameters)),), metric=Metric.EXPECTED)


def natural(parameters: Sequence[sp.Symbol]) -> Scheme:
    """Scoring, by its other name: gradient ascent in the metric of the Fisher information."""
    return Scheme("natural", (Block(_distinct(parameters)),), metric=Metric.EXPECTED)


def diagonal_newton(parameters: Sequence[sp.Symbol]) -> Scheme:
    """Each parameter's gradient is divided by its own entry of minus the Hessian."""
    blocks = (Block(_distinct(parameters)),)
    return Scheme("diagonal_newton", blocks, metric=Metric.DIAGONAL_OBSERVED)


def diagonal_scoring(parameters: Sequence[sp.Symbol]) -> Scheme:
    """Each parameter's gradient is divided by its own entry of the Fisher information."""
    blocks = (Block(_distinct(parameters)),)
    return Scheme("diagonal_scoring", blocks, metric=Metric.DIAGONAL_EXPECTED)


def expectation_maximisation(parameters: Sequence[sp.Symbol], image: Sequence[sp.Expr]) -> Scheme:
    """All parameters move by step * (image - themselves), the image of EM; step 1 is EM itself.

    To first order at a fixed point that is the gradient divided by the information of the complete
    data, which `update` and `stability` take for their `information`.
    """
    blocks = (Block(_distinct(parameters)),)
    named = tuple(zip(parameters, image, strict=True))
    return Scheme("em", blocks, metric=Metric.COMPLETE, image=named)


def em_gradient(parameters: Sequence[sp.Symbol]) -> Scheme:
    """All parameters move by step * (information of the complete data)^-1 * gradient."""
    return Scheme("em_gradient", (Block(_distinct(parameters)),), metric=Metric.COMPLETE)


def with_rule(scheme: Scheme, rule: Rule, momentum: sp.Expr = sp.S.Zero) -> Scheme:
    """The same blocks, moved by another rule.

    momentum: a number between -1 and 1, which only heavy ball and Nesterov have.
    Raises InputError for an implicit rule over several blocks, or a momentum out of range.
    """
    if rule is Rule.IMPLICIT and (len(scheme.blocks) > 1 or scheme.blocks[0].repeat > 1):
        raise InputError("implicit steps are taken by all parameters at once; leave the order out")
    if momentum.is_number and not -1 < momentum < 1:
        raise InputError(
            f"the momentum {momentum} is not between -1 and 1, so that no step is stable; "
            "give one such as 0.9"
        )
    return replace(scheme, rule=rule, momentum=momentum)


def update(
    score: Score, scheme: Scheme, step: sp.Expr, information: sp.Matrix | None = None
) -> Map:
    """Write one full update out, block by block and, where it stays readable, composed.

    step: free of the parameters.  information: n x n Fisher information, for scoring only.
    Raises InputError if the scheme does not move exactly the parameters of the score, if the step
    contains one of them, or if scoring is asked for without an information matrix.
    Raises BudgetError if a block of more than three parameters would have to be inverted.
    """
    require_fits(score, scheme, step)
    if scheme.metric is Metric.OWN:
        return _to_own_maxima(score, scheme, step)
    directions = dict(zip(score.parameters, direction(score, scheme, information), strict=True))
    memory = _memory(score, scheme)
    statements: list[Statement] = []
    for block in scheme.blocks:
        moved, values = _moved(scheme, block, directions, memory, step)
        renewed = tuple(p for earlier in statements for p in earlier.parameters)
        implicit = scheme.rule is Rule.IMPLICIT
        statements.append(Statement(moved, values, block.repeat, renewed, implicit))
    state = (*score.parameters, *memory.values())
    image = None if scheme.rule is Rule.IMPLICIT else _composed(state, statements, scheme.sweeps)
    return Map(state, tuple(statements), image, step, scheme)


def _to_own_maxima(score: Score, scheme: Scheme, step: sp.Expr) -> Map:
    """Exact coordinate ascent: a closed form where there is one, else the equation it solves."""
    slopes = dict(zip(score.parameters, score.gradient, strict=True))
    to = dict(scheme.image)
    statements: list[Statement] = []
    for p in scheme.order:
        renewed = tuple(each for earlier in statements for each in earlier.parameters)
        if p in to:
            value = p + step * scheme.pace(p) * (to[p] - p)
            statements.append(Statement((p,), (value,), 1, renewed))
        else:
            statements.append(Statement((p,), (slopes[p],), 1, renewed, True, True))
    explicit = not any(line.implicit for line in statements)
    image = _composed(score.parameters, statements, scheme.sweeps) if explicit else None
    return Map(score.parameters, tuple(statements), image, step, scheme)


def _memory(score: Score, scheme: Scheme) -> dict[sp.Symbol, sp.Symbol]:
    """{parameter: the symbol of what is remembered of it}, with a name that is free."""
    if not scheme.rule.memory:
        return {}
    taken = {s.name for slope in score.gradient for s in slope.free_symbols}
    found = {}
    for symbol in score.parameters:
        name = f"{scheme.rule.memory}_{symbol.name}"
        while name in taken:
            name += "_"
        found[symbol] = sp.Symbol(name, real=True)
    return found


def _moved(
    scheme: Scheme,
    block: Block,
    directions: Mapping[sp.Symbol, sp.Expr],
    memory: Mapping[sp.Symbol, sp.Symbol],
    step: sp.Expr,
) -> tuple[tuple[sp.Symbol, ...], tuple[sp.Expr, ...]]:
    """(what a block moves, its memory last; their new values)."""
    own, rule = block.parameters, scheme.rule
    pulls = [step * directions[p] for p in own]
    if rule is Rule.EXTRAGRADIENT:
        there = {p: p + pull for p, pull in zip(own, pulls, strict=True)}
        return own, tuple(p + step * placed(directions[p], there) for p in own)
    if rule is Rule.OPTIMISTIC:
        slopes = tuple(directions[p] for p in own)
        values = tuple(p + 2 * pull - step * memory[p] for p, pull in zip(own, pulls, strict=True))
        return (*own, *(memory[p] for p in own)), (*values, *slopes)
    if rule in (Rule.HEAVY_BALL, Rule.NESTEROV):
        kept = {p: scheme.momentum * memory[p] for p in own}
        if rule is Rule.NESTEROV:
            ahead = {p: p + kept[p] for p in own}
            pulls = [placed(pull, ahead) for pull in pulls]
        moves = tuple(kept[p] + pull for p, pull in zip(own, pulls, strict=True))
        values = tuple(p + move for p, move in zip(own, moves, strict=True))
        return (*own, *(memory[p] for p in own)), (*values, *moves)
    return own, tuple(p + pull for p, pull in zip(own, pulls, strict=True))


def direction(
    score: Score, scheme: Scheme, information: sp.Matrix | None = None
) -> tuple[sp.Expr, ...]:
    """P * gradient for each parameter, times its pace, in the order of `score.parameters`.

    Raises as `update` does.
    """
    plain = _direction(score, scheme, information)
    if not scheme.paces:
        return plain
    return tuple(scheme.pace(p) * each for p, each in zip(score.parameters, plain, strict=True))


def _direction(score: Score, scheme: Scheme, information: sp.Matrix | None) -> tuple[sp.Expr, ...]:
    if scheme.metric is Metric.IDENTITY:
        return tuple(score.gradient)
    if scheme.image:
        to = dict(scheme.image)
        return tuple(to[p] - p for p in score.parameters)
    place = {symbol: i for i, symbol in enumerate(score.parameters)}
    matrix = metric_matrix(score.hessian, scheme, information)
    moved: dict[sp.Symbol, sp.Expr] = {}
    for block in scheme.blocks:
        if len(block.parameters) > _LARGEST_INVERSE:
            raise BudgetError(
                f"{scheme.name} would invert a {len(block.parameters)} x {len(block.parameters)} "
                f"matrix in symbols; the map is written out up to {_LARGEST_INVERSE} parameters"
            )
        rows = [place[p] for p in block.parameters]
        own = sp.Matrix(matrix.extract(rows, rows))
        gradient = sp.Matrix([score.gradient[i] for i in rows])
        for place_in_block, symbol in enumerate(block.parameters):
            replaced = own.copy()  # Cramer's rule: no simplification, unlike Matrix.inv
            replaced[:, place_in_block] = gradient
            moved[symbol] = _determinant(replaced) / _determinant(own)
    return tuple(moved[p] for p in score.parameters)


def metric_matrix(
    hessian: sp.Matrix, scheme: Scheme, information: sp.Matrix | None = None
) -> sp.Matrix:
    """The n x n matrix whose diagonal blocks divide the gradient.

    Raises InputError if scoring is asked for without an information matrix.
    """
    if scheme.metric is Metric.IDENTITY:
        return sp.eye(hessian.rows)
    if scheme.metric in (Metric.OBSERVED, Metric.OWN):
        return -hessian
    if scheme.metric is Metric.DIAGONAL_OBSERVED:
        return sp.diag(*(-hessian.diagonal()))
    if information is None:
        own = scheme.metric is Metric.COMPLETE
        raise InputError(
            f"{scheme.name} divides by the {scheme.metric.value if own else 'Fisher information'}, "
            "which was not given; derive it first, or choose newton, which needs the Hessian only"
        )
    if scheme.metric is Metric.DIAGONAL_EXPECTED:
        return sp.diag(*information.diagonal())
    return information


def require_fits(score: Score, scheme: Scheme, step: sp.Expr) -> None:
    """Raise InputError unless the scheme moves the score's parameters by a constant step."""
    _require_all(score.parameters, scheme.order, f"the blocks of {scheme.name}")
    moving = sp.sympify(step, strict=True).free_symbols & set(score.parameters)
    if moving:
        raise InputError(
            f"the step {step} depends on {_names(moving)}, so every block would take a different "
            "step; give a step free of the parameters"
        )


def _composed(
    state: Sequence[sp.Symbol], statements: Sequence[Statement], sweeps: int
) -> tuple[sp.Expr, ...] | None:
    """The image, or None where it would be long: found out before, for building it is slow."""
    point: dict[sp.Symbol, sp.Expr] = {}
    sizes: dict[sp.Symbol, int] = dict.fromkeys(state, 1)
    lines = [line for line in statements for _ in range(line.repeat)] * sweeps
    for line in lines:
        new_sizes = [_size(value, sizes) for value in line.values]
        if max(new_sizes) > _LARGEST_IMAGE:
            return None
        sizes |= zip(line.parameters, new_sizes, strict=True)
        # all parameters are swapped at once; subs would rewrite inside its own output
        point |= zip(line.parameters, [placed(v, point) for v in line.values], strict=True)
    return tuple(point[p] for p in state)


def _size(expr: sp.Expr, sizes: Mapping[sp.Symbol, int]) -> int:
    return sum(sizes.get(node, 1) for node in sp.preorder_traversal(expr))


def _determinant(matrix: sp.Matrix) -> sp.Expr:
    """By expansion along the first row; for a handful of rows."""
    if matrix.rows == 1:
        return matrix[0, 0]
    return sp.Add(
        *(
            (-1) ** j * matrix[0, j] * _determinant(matrix.minor_submatrix(0, j))
            for j in range(matrix.cols)
            if matrix[0, j] != 0
        )
    )


def _in_turn(
    parameters: Sequence[sp.Symbol], order: Order | None, repeat: int
) -> tuple[Block, ...]:
    named = _distinct(parameters)
    groups = [(e,) if isinstance(e, sp.Symbol) else tuple(e) for e in order or named]
    _require_all(named, [s for group in groups for s in group], "the order of updating")
    for group in groups:
        _require_once(group, "symbols that move together")
    return tuple(Block(group, repeat) for group in groups)


def _distinct(parameters: Sequence[sp.Symbol]) -> tuple[sp.Symbol, ...]:
    if not parameters:
        raise InputError("a scheme was asked for with no parameters; name at least one")
    _require_once(parameters, "the scheme")
    return tuple(parameters)


def _require_once(given: Sequence[sp.Symbol], what: str) -> None:
    once = dict.fromkeys(given)
    if len(once) != len(given):
        raise InputError(
            f"{what} must name each of {_names(once)} exactly once, but it names {_names(given)}"
        )


def _require_all(parameters: Sequence[sp.Symbol], given: Sequence[sp.Symbol], what: str) -> None:
    if set(given) != set(parameters):
        raise InputError(
            f"{what} must name each of {_names(parameters)}, and nothing else, "
            f"but it names {_names(given)}"
        )


def _require_count(name: str, count: int) -> None:
    if count < 1:
        raise InputError(f"{name} is {count}, but a block moves at least once; give 1 or more")


def _names(symbols: Iterable[sp.Symbol]) -> str:
    return ", ".join(str(symbol) for symbol in symbols) or "nothing"
