"""Two schemes at the same fixed point: is it the same matrix, and whose range is wider."""

import sympy as sp

from symmle.known import Known
from symmle.schemes import Metric, Rule, Scheme
from symmle.stability.algebra import is_zero
from symmle.stability.records import Comparison, SchemeStability
from symmle.stability.two_blocks import two_blocks


def comparison(first: SchemeStability, second: SchemeStability) -> Comparison:
    """Compare two schemes of the same score at the same fixed point, at equal steps.

    same_jacobian is proved when true; a difference is checked at a point before it is claimed.
    """
    same = same_matrix(first.jacobian, second.jacobian)
    blocks = two_blocks(first, second)
    if same:
        what = "the two are one update"
        if _differ_in_reading_alone(first.map.scheme, second.map.scheme):
            what = "it makes no difference which of the values an update reads"
        verdict = (
            f"The {first.name} and the {second.name} update have the same Jacobian at the fixed "
            "point, so they are stable for the same steps and converge at the same rate: to first "
            f"order {what}."
        )
        return Comparison(True, verdict, Known.PROVED, blocks)
    if same is None:
        verdict = "Whether the two Jacobians are the same was not decided."
        return Comparison(None, verdict, Known.UNKNOWN, blocks)
    verdict, known = _ranges(first, second)
    return Comparison(False, verdict, known, blocks)


def _differ_in_reading_alone(one: Scheme, other: Scheme) -> bool:
    """Whether both move along the same directions in the same way, and only in another order."""
    ways = [
        (each.metric, each.image, dict(each.paces), each.rule, each.momentum)
        for each in (one, other)
    ]
    return ways[0] == ways[1]


def same_matrix(first: sp.Matrix, second: sp.Matrix) -> bool | None:
    """Whether two matrices of expressions are equal, entry by entry; None if undecided."""
    if first.shape != second.shape:
        return False
    differences = [a - b for a, b in zip(first, second, strict=True)]
    left = [entry for entry in differences if entry != 0]
    if any(_is_not_zero_somewhere(entry) for entry in left):  # cheap, and settles most
        return False
    return True if all(is_zero(sp.expand_mul(entry)) for entry in left) else None


def _is_not_zero_somewhere(expr: sp.Expr) -> bool:
    """Whether an expression is certainly not the constant zero: a value of it is far from 0."""
    from symmle.stability.algebra import algebra

    letters = [base for base in algebra([expr]).letters if not base.is_number]
    values = {base: sp.Rational(7 * i + 5, 3 * i + 4) for i, base in enumerate(letters)}
    value = sp.N(expr.xreplace(values), 30)
    return bool(value.is_number and abs(value) > sp.Float("1e-12"))


def _ranges(first: SchemeStability, second: SchemeStability) -> tuple[str, Known]:
    one, other = _first_end(first), _first_end(second)
    start = (
        f"The {first.name} and the {second.name} update have different Jacobians at the fixed point"
    )
    if one is None or other is None or not (one.is_number and other.is_number):
        if not are_simultaneous_and_alternating(first, second):
            return f"{start}; their stable steps were not compared.", Known.UNKNOWN
        verdict = (
            f"{start}.  At a strict maximum every step that is stable for the simultaneous update "
            "is stable for the alternating one; the converse can fail."
        )
        return verdict, Known.PROVED
    words = [_described(each) for each in (first, second)]
    known = first.known.weaker(second.known)
    if one == other:
        return f"{start}, but the same first range of stable steps: {words[0]}.", known
    wider = first if one > other else second
    return (
        f"{start}: {words[0]}; {words[1]}.  The {wider.name} update allows the larger step from "
        "below.",
        known,
    )


def are_simultaneous_and_alternating(first: SchemeStability, second: SchemeStability) -> bool:
    """Whether the theorem of Householder and John compares these two: one objective, climbed."""
    counts = sorted(len(each.map.scheme.blocks) for each in (first, second))
    if counts != [1, first.jacobian.rows]:
        return False
    return is_one_objective_swept(first, second) or is_one_objective_swept(second, first)


def is_one_objective_swept(together: SchemeStability, swept: SchemeStability) -> bool:
    """Whether the second is stable where the first is: one objective, climbed by plain steps.

    Where 1 - g*A is stable for a symmetric A, all of g*A lies between 0 and 2, and so do its
    diagonal blocks: a step of any block raises -x'Ax, strictly unless the block's slope is zero.
    A sweep over all parameters that raises it nowhere has moved nothing, so that it started at
    rest.  Proved in derivations/claims-for-all-letters.md.
    """
    one, other = together.map.scheme, swept.map.scheme
    if len(one.blocks) != 1 or dict(one.paces) != dict(other.paces):
        return False
    if any(s.metric is not Metric.IDENTITY or s.rule is not Rule.GRADIENT for s in (one, other)):
        return False
    fields = [sp.Matrix(part.field) for part in together.parts]
    return bool(fields) and all(same_matrix(each, each.T) is True for each in fields)


def _first_end(each: SchemeStability) -> sp.Expr | None:
    if each.stable_steps is None:
        return None
    return each.stable_steps[0].upper if each.stable_steps else sp.S.Zero


def _described(each: SchemeStability) -> str:
    if not each.stable_steps:
        return f"no step is stable for {each.name}"
    ranges = " and ".join(
        f"{sp.N(i.lower, 8)} < {each.step} < {sp.N(i.upper, 8)}" for i in each.stable_steps
    )
    return f"{each.name} is stable for {ranges}"
