"""A box of starts that certainly converge: a proof by Banach's theorem, enlarged by enclosure.

In the norm max(|x_i|/r_i) a box with the half-widths r about c is a ball.  If `updates` steps of
the map have there a Jacobian D with sum(|D_ij|*r_j)/r_i <= bound < 1 for every i, and move c by no
more than (1 - bound)*r_i, they map the box into itself and every start in it converges to the one
fixed point inside.  A larger box is in the basin too if each of the cells that it is cut into is
inside that box after some updates.  All of it is ball arithmetic on rational boxes, so that a
checker of a page can repeat it: `symmle.dynamics.checker`.
Source: R. E. Moore, R. B. Kearfott & M. J. Cloud, Introduction to Interval Analysis (2009), ch. 8.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import arb, fmpq

from symmle.dynamics.moves import Box, Ends, Matrix, Moves, box_of, identity

_MOST_UPDATES = 32  # taken together until they contract
_MOST_CELLS = 256  # that a box is cut into for a contraction
_MOST_WORK = 30_000  # updates of cells of a short map, for one basin
_WAY = 80  # updates until a cell is to be inside
_ROUNDS = 12  # in which every end of the box is moved outwards
_CLOSER = fmpq(1, 3)  # of a move outwards that failed, the next
_LEAST = fmpq(1, 8)  # of a box's width, which is no move worth trying


@dataclass(frozen=True, slots=True)
class Basin:
    """A certified basin: contraction on a box about `centre`, and larger boxes round it.

    centre, radii: of the box on which `updates` steps contract by `bound`, in the order of the
    map's variables.  boxes: each contains the one before, the first that box; its points are in
    the one before after at most `way` updates.
    """

    centre: tuple[fmpq, ...]
    radii: tuple[fmpq, ...]
    updates: int
    bound: fmpq
    boxes: tuple[Ends, ...] = ()
    way: int = _WAY

    @property
    def own(self) -> Ends:
        """The box on which the map contracts."""
        return [(c - r, c + r) for c, r in zip(self.centre, self.radii, strict=True)]

    @property
    def largest(self) -> Ends:
        """The largest box whose points are proved to converge."""
        return self.boxes[-1] if self.boxes else self.own


@dataclass(frozen=True, slots=True)
class Start:
    """What is known of the basin of one scheme; basin: None with a reason why."""

    scheme: str
    variables: tuple[str, ...]
    basin: Basin | None
    reason: str = ""


class _Work:
    """How many updates of cells are left, so that an answer does not depend on the machine."""

    def __init__(self, moves: Moves) -> None:
        self.moves = moves
        self.left = _MOST_WORK // moves.cost

    def advanced(self, box: Box, matrix: Matrix | None) -> tuple[Box, Matrix | None] | None:
        self.left -= 1
        return self.moves.advanced(box, matrix) if self.left >= 0 else None


def certified_basin(moves: Moves, centre: Sequence[fmpq], scales: Sequence[float]) -> Basin | None:
    """The basin about a fixed point, as large as was found; None where none was.

    centre: near the fixed point, in fractions.  scales: a natural size of each variable, positive.
    """
    work = _Work(moves)
    shape = _norm(work, centre, scales)
    if shape is None:
        return None
    updates, weights, limit = shape
    found = None
    factor = fmpq(1, 64)
    for _ in range(20):  # doubled while it contracts; halved until it does
        radii = tuple(factor * weight for weight in weights)
        bound = _contracts(work, centre, radii, updates, limit)
        if bound is not None:
            found = Basin(tuple(centre), radii, updates, bound)
            factor *= 2
        elif found is not None:
            break
        else:
            factor /= 4
    return None if found is None else _enlarged(work, found)


def _norm(
    work: _Work, centre: Sequence[fmpq], scales: Sequence[float]
) -> tuple[int, list[fmpq], fmpq] | None:
    """(updates, weights, a bound below one) of a norm in which so many updates contract."""
    box, matrix = [arb(c) for c in centre], identity(len(centre))
    here = np.array(scales)
    for updates in range(1, _MOST_UPDATES + 1):
        found = work.advanced(box, matrix)
        if found is None or found[1] is None:
            return None
        box, matrix = [each.mid() for each in found[0]], found[1]
        sizes = np.array([[abs(float(entry)) for entry in row] for row in matrix])
        scaled = sizes * here / here[:, None]
        radius = max(abs(np.linalg.eigvals(scaled)))
        if radius < 1 - 1e-6:
            # (1 - S/r)w = 1 has w > 0 with S*w <= r*w, also where Perron's vector has zeros
            bound = (1 + radius) / 2
            weights = np.linalg.solve(np.eye(len(here)) - scaled / bound, np.ones(len(here)))
            shares = weights * here / max(weights)
            rounded = [fmpq(*float(f"{share:.9g}").as_integer_ratio()) for share in shares]
            return updates, rounded, fmpq(*float(1 - (1 - radius) / 32).as_integer_ratio())
    return None


def _contracts(
    work: _Work, centre: Sequence[fmpq], radii: Sequence[fmpq], updates: int, limit: fmpq
) -> fmpq | None:
    """A bound below `limit` on the norm of the Jacobian of so many updates, over the whole box."""
    whole = [(c - r, c + r) for c, r in zip(centre, radii, strict=True)]
    if not work.moves.stays_inside(box_of(whole)):
        return None
    worst, cells = fmpq(0), 0
    pending = [whole]
    while pending:
        cell = pending.pop()
        cells += 1
        if cells > _MOST_CELLS:
            return None
        box = box_of(cell)
        norm = _norm_over(work, box, radii, updates)
        if norm is None or norm >= limit:
            at_middle = _norm_over(work, [each.mid() for each in box], radii, updates)
            if at_middle is None or at_middle >= limit:
                return None  # no cutting helps
            pending += halves(cell, radii)
        else:
            worst = max(worst, norm)
    bound = (worst + limit) / 2
    moved: list[arb] | None = [arb(c) for c in centre]
    for _ in range(updates):
        found = None if moved is None else work.advanced(moved, None)
        moved = None if found is None else found[0]
    if moved is None:
        return None
    kept = all(
        abs(m - arb(c)) <= arb((1 - bound) * r)
        for m, c, r in zip(moved, centre, radii, strict=True)
    )
    return bound if kept else None


def _norm_over(work: _Work, box: Box, radii: Sequence[fmpq], updates: int) -> fmpq | None:
    matrix: Matrix | None = identity(len(radii))
    for _ in range(updates):
        found = work.advanced(box, matrix)
        if found is None or found[1] is None:
            return None
        box, matrix = found
    rows = [
        sum((abs(entry) * arb(r) for entry, r in zip(row, radii, strict=True)), arb(0)) / arb(own)
        for row, own in zip(matrix or [], radii, strict=True)
    ]
    if not all(row.is_finite() for row in rows):
        return None
    return max(row.upper().fmpq() for row in rows)


def halves(cell: Ends, unit: Sequence[fmpq]) -> list[Ends]:
    """A box cut in two across its widest side, in units of its own."""
    sides = [(high - low) / one for (low, high), one in zip(cell, unit, strict=True)]
    widest = sides.index(max(sides))
    low, high = cell[widest]
    middle = (low + high) / 2
    return [[*cell[:widest], part, *cell[widest + 1 :]] for part in ((low, middle), (middle, high))]


def _enlarged(work: _Work, found: Basin) -> Basin:
    """Every end in turn moved outwards, while all that is added comes inside again."""
    boxes: list[Ends] = []
    here = found.own
    shares = {(i, side): fmpq(1) for i in range(len(here)) for side in (0, 1)}
    for _ in range(_ROUNDS):
        for end, share in list(shares.items()):
            wider = _wider(work.moves, here, *end, share)
            if wider is not None and _comes_inside(work, wider, here, found.radii):
                boxes.append(wider)
                here = wider
            elif share > _LEAST:
                shares[end] = share * _CLOSER
            else:
                del shares[end]
        if not shares or work.left <= 0:
            break
    return replace(found, boxes=tuple(boxes))


def _wider(moves: Moves, here: Ends, place: int, side: int, share: fmpq) -> Ends | None:
    """The box with one end farther out: by a share of its width, or nearer the domain's end."""
    low, high = here[place]
    shift = (high - low) * share
    for _ in range(8):
        moved = (low - shift, high) if side == 0 else (low, high + shift)
        wider = [*here[:place], moved, *here[place + 1 :]]
        if moves.stays_inside(box_of(wider)):
            return wider
        shift *= _CLOSER
    return None


def _comes_inside(work: _Work, wider: Ends, target: Ends, unit: Sequence[fmpq]) -> bool:
    """Whether every point that is new in a box is in the target after some updates."""
    pending, cells = list(_beyond(wider, target)), 0
    while pending:
        cell = pending.pop()
        cells += 1
        if cells > _MOST_CELLS or work.left <= 0:
            return False
        if not _arrives(work, cell, target):
            pending += halves(cell, unit)
    return True


def _arrives(work: _Work, cell: Ends, target: Ends) -> bool:
    box = box_of(cell)
    for _ in range(_WAY):
        found = work.advanced(box, None)
        if found is None:
            return False
        box = found[0]
        if all(
            low <= each.lower().fmpq() and each.upper().fmpq() <= high
            for each, (low, high) in zip(box, target, strict=True)
        ):
            return True
        if max(float(each.rad()) / max(abs(float(each.mid())), 1e-300) for each in box) > 1e3:
            return False
    return False


def _beyond(wider: Ends, inner: Ends) -> Iterator[Ends]:
    """The part of a box outside another inside it, as boxes."""
    core = list(wider)
    for i, (low, high) in enumerate(inner):
        if core[i][0] < low:
            yield [*core[:i], (core[i][0], low), *core[i + 1 :]]
        if core[i][1] > high:
            yield [*core[:i], (high, core[i][1]), *core[i + 1 :]]
        core[i] = (low, high)
