"""The event at an end of the stable steps, and on which side its cycle or circle lives.

A coefficient whose sign was not decided is None, never guessed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import sympy as sp

from symmle.errors import InputError
from symmle.stability.algebra import algebra, without_radicals
from symmle.stability.normal_form import (
    Element,
    Local,
    Sweep,
    flip_coefficient,
    fold_coefficients,
    lyapunov_term,
)
from symmle.stability.records import Criticality, Edge, Event, Interval, Passage

_BITS = 256


@dataclass(frozen=True, slots=True)
class _Found:
    """A coefficient, its sign, and of a multiplier +1 the passage."""

    coefficient: sp.Expr
    sign: int
    passage: Passage | None = None


def edge(step: sp.Expr, event: Event | None, error: sp.Expr, local: Local | None) -> Edge:
    """What happens where the step crosses an end.

    error: of `step`.  local: the scheme at the fixed point, None where it is not known.
    """
    born = event in (Event.FLIP, Event.NEIMARK_SACKER, Event.FOLD) and step.is_finite is not False
    if born and local is not None and local.jet.is_linear:
        return Edge(step, event, Criticality.DEGENERATE, sp.S.Zero)
    if local is None or not may_have_coefficient(step, event):
        return Edge(step, event, None, None)
    flips = event is Event.FLIP or (event is Event.FOLD and local.sweeps % 2 == 0)
    find = _flip if flips else _fold
    found = None
    numbers = all(entry.is_number for entry in (step, *local.entries()))
    if event is Event.NEIMARK_SACKER:
        found = _circle_at_numbers(step, error, local) if numbers else None
    elif error == 0:
        found = _in_symbols(step, local, find)
    if found is None and event is not Event.NEIMARK_SACKER and numbers:
        found = _at_numbers(step, error, local, find)
    if found is None:
        return Edge(step, event, None, None)
    if flips and event is Event.FOLD:  # of an even number of sweeps, each of which flips
        found = replace(found, passage=Passage.PITCHFORK if found.sign else None)
    turned = found.sign if flips else -found.sign
    criticality = {1: Criticality.SUPERCRITICAL, -1: Criticality.SUBCRITICAL}.get(
        turned, Criticality.DEGENERATE
    )
    if event is Event.FOLD and found.sign and found.passage is not Passage.PITCHFORK:
        return Edge(step, event, None, found.coefficient, found.passage)
    return Edge(step, event, criticality, found.coefficient, found.passage)


def may_have_coefficient(step: sp.Expr, event: Event | None) -> bool:
    """Whether a normal form can be reached: in symbols, at a rational step in them only."""
    if event not in (Event.FLIP, Event.NEIMARK_SACKER, Event.FOLD) or step.is_infinite:
        return False
    if step.is_number:
        return True
    rooted = any(p.base.is_Add and not p.exp.is_Integer for p in step.atoms(sp.Pow))
    return event is not Event.NEIMARK_SACKER and not rooted and not step.has(sp.Min, sp.Max)


def with_criticality(interval: Interval, lower: Edge | None, upper: Edge | None) -> Interval:
    """The interval with what is known of its two ends."""
    return replace(
        interval,
        lower_criticality=None if lower is None else lower.criticality,
        upper_criticality=None if upper is None else upper.criticality,
        lower_passage=None if lower is None else lower.passage,
        upper_passage=None if upper is None else upper.passage,
    )


def _flip(sweep: Sweep) -> tuple[Element, Passage | None] | None:
    found = flip_coefficient(sweep)
    return None if found is None else (found, None)


def _fold(sweep: Sweep) -> tuple[Element, Passage | None] | None:
    """At a step: the point itself does not move with it, so that it goes on."""
    return coefficient_at_one(sweep, True)


def coefficient_at_one(sweep: Sweep, continues: bool) -> tuple[Element, Passage | None] | None:
    """(the coefficient that decides at a multiplier +1, what happens); None where none does.

    continues: whether the fixed point goes on smoothly beyond the end.
    """
    found = fold_coefficients(sweep)
    if found is None:
        return None
    quadratic, cubic = found
    if sweep.is_nonzero(quadratic):
        return quadratic, Passage.TRANSCRITICAL if continues else Passage.FOLD
    if cubic is None:
        return None
    return cubic, Passage.PITCHFORK if sweep.is_nonzero(cubic) else None


Coefficient = Callable[[Sweep], tuple[Element, Passage | None] | None]


def _in_symbols(step: sp.Expr, local: Local, find: Coefficient) -> _Found | None:
    entries = list(dict.fromkeys([step, *local.entries()]))
    rescaled, back = without_radicals(entries)
    letters = algebra(rescaled)
    element = {old: letters.element(new) for old, new in zip(entries, rescaled, strict=True)}
    sweep = local.sweep(element.__getitem__, element[step], letters.field.one, bool)
    found = find(sweep)
    if found is None:
        return None
    coefficient, passage = found
    sign = letters.sign(coefficient)
    if sign is None:
        return None
    return _Found(letters.expression(coefficient).xreplace(back), sign, passage)


def _at_numbers(step: sp.Expr, error: sp.Expr, local: Local, find: Coefficient) -> _Found | None:
    from flint import arb, ctx  # not needed for a derivation in symbols

    from symmle.balls import ball, enclosure, ends, sign_of, to_float

    with ctx.workprec(_BITS):
        try:
            sweep = local.sweep(ball, enclosure(step, error), arb(1), lambda e: e != 0, _middle)
        except InputError:  # a mean that is still a symbol
            return None
        found = find(sweep)
        if found is None:
            return None
        coefficient, passage = found
        sign = sign_of(coefficient)
        if sign is None:
            return None
        return _Found(to_float(*ends(coefficient))[0], sign, passage)


def _middle(number: Element) -> complex:
    """A number in the middle of a ball, real or complex."""
    return complex(float(number.real.mid()), float(number.imag.mid()))


def _circle_at_numbers(step: sp.Expr, error: sp.Expr, local: Local) -> _Found | None:
    from flint import acb, ctx

    from symmle.balls import ball, enclosure, ends, to_float

    with ctx.workprec(_BITS):
        try:
            sweep = local.sweep(
                lambda entry: acb(ball(entry)),
                acb(enclosure(step, error)),
                acb(1),
                lambda e: not e.contains(0),
                _middle,
            )
        except InputError:
            return None
        for multiplier in _on_the_circle(sweep):
            term = lyapunov_term(sweep, multiplier, lambda e: e.conjugate())
            if term is not None and (term.real > 0 or term.real < 0):
                return _Found(to_float(*ends(term.real))[0], 1 if term.real > 0 else -1)
    return None


def _on_the_circle(sweep: Sweep) -> list[Element]:
    """Enclosures of the multipliers of positive imaginary part that may have modulus 1."""
    from flint import acb_mat

    try:
        values = acb_mat(sweep.linear()).eig(multiple=False)
    except ValueError:  # multiple, or not separated at this precision
        return []
    return [value for value in values if value.imag > 0 and abs(value).overlaps(abs(value) * 0 + 1)]
