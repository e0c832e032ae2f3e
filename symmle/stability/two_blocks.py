"""The law of two blocks: what one number q says of reading the new value.

Two parameters under a field with the Jacobian K, at a step g (steps of their own are in K):
q = g**2 K12 K21 is added to the trace T and to the determinant D, so that

    P_alt(z) = P_sim(z) + q (1 - z),

the value at -1 (the flip) grows by 2q, 1 - D (the Neimark-Sacker) shrinks by q, and P(1) stays.

With q >= 0 the multipliers of the simultaneous update are real, m >= n, and 1 + g K11, 1 + g K22
lie between them.  Where both are in [-r, r], so are these two, and |D_alt| = |product| <= r**2;
P_alt(r) and P_alt(-r) are not below P_sim(r), P_sim(-r) >= 0 for r <= 1.  So neither a complex pair
nor a real multiplier of the alternating update is outside: at every step with radius r <= 1 of the
simultaneous update the alternating radius is at most r.
The law is proved in derivations/two-block-law.md.
"""

from enum import Enum

import sympy as sp

from symmle.balls import sign as sign_at_numbers
from symmle.schemes import Metric, Rule
from symmle.stability.algebra import sign
from symmle.stability.jacobian import trace_and_determinant
from symmle.stability.records import SchemeStability, TwoBlocks


class Pull(Enum):
    """The sign of q = step**2 * K12 * K21."""

    TOWARDS = -1
    NONE = 0
    AWAY = 1


def two_blocks(first: SchemeStability, second: SchemeStability) -> TwoBlocks | None:
    """T, D and q for two parameters moved together by one scheme and in turn by the other.

    None for any other pair of schemes.
    """
    counts = [len(each.map.scheme.blocks) for each in (first, second)]
    schemes = [each.map.scheme for each in (first, second)]
    plain = all(b.repeat == 1 for scheme in schemes for b in scheme.blocks)
    plain = plain and all(scheme.rule is Rule.GRADIENT for scheme in schemes)
    plain = plain and Metric.OWN not in {scheme.metric for scheme in schemes}
    if first.jacobian.rows != 2 or sorted(counts) != [1, 2] or not plain:
        return None
    if any(scheme.sweeps != 1 for scheme in schemes) or not _same_field(first, second):
        return None
    together, in_turn = (first, second) if counts == [1, 2] else (second, first)
    matrix = together.jacobian
    q = matrix[0, 1] * matrix[1, 0]
    return TwoBlocks(
        *trace_and_determinant(matrix.tolist()),
        *trace_and_determinant(in_turn.jacobian.tolist()),
        q=q,
        explained=explained(_pull(q, together)),
    )


def _same_field(first: SchemeStability, second: SchemeStability) -> bool:
    """Whether both schemes follow the same directions, each parameter at the same pace."""
    one, other = first.map.scheme, second.map.scheme
    if one.metric is not other.metric or dict(one.paces) != dict(other.paces):
        return False
    fields = [{part.places: part.field for part in each.parts} for each in (first, second)]
    return one.metric is Metric.IDENTITY or fields[0] == fields[1]


def _pull(q: sp.Expr, together: SchemeStability) -> Pull | None:
    if q == 0:
        return Pull.NONE
    numbers = q.subs(together.step, 1)
    side = sign_at_numbers(numbers) if numbers.is_number else sign(sp.factor_terms(q))
    if side is not None:
        return Pull(side)
    matrix = together.jacobian
    return Pull.AWAY if matrix[0, 1] == matrix[1, 0] else None


def explained(pull: Pull | None) -> str:
    """What the sign of q says, in words."""
    if pull is Pull.NONE:
        return (
            "q = 0: one of the two does not act on the other to first order, so it makes no "
            "difference which value an update reads."
        )
    if pull is Pull.AWAY:
        return (
            "q >= 0, as for any two variables of one objective: reading the new value moves the "
            "multipliers away from -1, the flip, so every step that is stable for the simultaneous "
            "update is stable for the alternating one, which is no slower there; beyond, a complex "
            "pair may leave instead."
        )
    if pull is Pull.TOWARDS:
        return (
            "q <= 0, as in a zero-sum game: reading the new value moves the multipliers towards "
            "-1, the flip, and shrinks a complex pair, which damps the rotation of the game."
        )
    return (
        "The sign of q depends on the symbols.  Where q >= 0, away from -1, the flip, every step "
        "that is stable for the simultaneous update is stable for the alternating one; where "
        "q < 0 neither set need hold the other."
    )
