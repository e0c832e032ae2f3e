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
    shapes = []
    together = next((e for e in (first, second) if len(e.map.scheme.blocks) == 1), first)
    if same_matrix(together.jacobian, together.jacobian.T) is not True:
        return False
    for each in (first, second):
        scheme = each.map.scheme
        plain = scheme.metric is Metric.IDENTITY and scheme.rule is Rule.GRADIENT
        if not plain or any(b.repeat != 1 for b in scheme.blocks):
            return False
        shapes.append(len(scheme.blocks))
    return sorted(shapes) == [1, first.jacobian.rows]


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
