"""A scheme at a fixed point, to first order: a matrix and a program of rows.

The gradient is zero at the fixed point, so a block update is there x -> (I + step * E_b * K) x,
K the field's Jacobian (the Hessian, for gradient ascent) and E_b the projector on the block.
Parameters that do not act on each other in K never meet: K falls into independent parts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from symmle.schemes import Rule, Scheme

Program = tuple[tuple[tuple[int, ...], int], ...]  # (places of the block, repeat), in order


@dataclass(frozen=True, slots=True)
class Part:
    """Parameters that act on no others to first order.

    places: where they stand among all n.  field: their K.  program: blocks of places within
    the part.  rule, momentum: how a block moves.
    """

    places: tuple[int, ...]
    field: tuple[tuple[sp.Expr, ...], ...]
    program: Program
    rule: Rule = Rule.GRADIENT
    momentum: sp.Expr = sp.S.Zero

    @property
    def size(self) -> int:
        return len(self.places)

    @property
    def order(self) -> int:
        """The size of the sweep's matrix: of the parameters, and of what is remembered of them."""
        return self.size * (2 if self.rule.memory else 1)

    @property
    def is_gradient(self) -> bool:
        """Whether a block moves along its direction and nothing else."""
        return self.rule is Rule.GRADIENT

    @property
    def repeat(self) -> int | None:
        """How often each block moves, when all of them agree."""
        counts = {repeat for _, repeat in self.program}
        return counts.pop() if len(counts) == 1 else None

    @property
    def moves(self) -> int:
        """Rows moved in a sweep: the degree in the step of the sweep's determinant."""
        return sum(len(rows) * repeat for rows, repeat in self.program)

    @property
    def is_symmetric(self) -> bool:
        """Whether K is: one objective, and gradient ascent."""
        return all(self.field[i][j] == self.field[j][i] for i in range(self.size) for j in range(i))

    @property
    def has_real_multipliers(self) -> bool:
        """Whether the sweep is a polynomial in one symmetric matrix."""
        return self.is_gradient and len(self.program) == 1 and self.is_symmetric


def program(scheme: Scheme, parameters: Sequence[sp.Symbol]) -> Program:
    """The blocks of a scheme as places in `parameters`, in the order of updating."""
    place = {symbol: i for i, symbol in enumerate(parameters)}
    return tuple(
        (tuple(place[p] for p in block.parameters), block.repeat) for block in scheme.blocks
    )


def parts(
    field: Sequence[Sequence[sp.Expr]], blocks: Program, is_zero: Callable[[sp.Expr], bool]
) -> tuple[Part, ...]:
    """The independent parts of a field's Jacobian, each with its own program.

    is_zero: whether an entry is certainly zero.
    """
    size = len(field)
    meets: Mapping[int, set[int]] = {
        i: {j for j in range(size) if not (is_zero(field[i][j]) and is_zero(field[j][i]))} | {i}
        for i in range(size)
    }
    left, found = set(range(size)), []
    while left:
        members: set[int] = set()
        border = {min(left)}
        while border:
            members |= border
            border = set().union(*(meets[i] for i in border)) - members
        left -= members
        found.append(_part(field, blocks, tuple(sorted(members))))
    return tuple(found)


def with_rule_of(pieces: Sequence[Part], scheme: Scheme) -> tuple[Part, ...]:
    """The same parts, moved by the rule of a scheme."""
    return tuple(replace(p, rule=scheme.rule, momentum=scheme.momentum) for p in pieces)


def _part(field: Sequence[Sequence[sp.Expr]], blocks: Program, places: tuple[int, ...]) -> Part:
    local = {place: i for i, place in enumerate(places)}
    own = [(tuple(local[i] for i in rows if i in local), repeat) for rows, repeat in blocks]
    entries = tuple(tuple(field[i][j] for j in places) for i in places)
    joined: list[tuple[tuple[int, ...], int]] = []
    for rows, repeat in own:
        if joined and rows == joined[-1][0]:  # with nothing between them
            joined[-1] = rows, joined[-1][1] + repeat
        elif rows:
            joined.append((rows, repeat))
    return Part(places, entries, tuple(joined))
