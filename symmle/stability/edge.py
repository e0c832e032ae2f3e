"""The event at an end of the stable steps, and on which side its cycle or circle lives.

A coefficient whose sign was not decided is None, never guessed.
"""

from dataclasses import replace
from typing import Any

import sympy as sp

from symmle.errors import InputError
from symmle.stability.algebra import algebra, without_radicals
from symmle.stability.normal_form import Jet, Sweep, flip_coefficient, lyapunov_term
from symmle.stability.parts import Program
from symmle.stability.records import Criticality, Edge, Event, Interval

_BITS = 256


def edge(
    step: sp.Expr, event: Event | None, error: sp.Expr, jet: Jet | None, program: Program
) -> Edge:
    """What happens where the step crosses an end.

    error: of `step`.  jet: of the field at the fixed point, None where it is not known.
    """
    if jet is None or not may_have_coefficient(step, event):
        return Edge(step, event, None, None)
    found = None
    if event is Event.FLIP:
        positive = Criticality.SUPERCRITICAL, Criticality.SUBCRITICAL
        if error == 0:
            found = _flip_in_symbols(step, jet, program)
    else:
        positive = Criticality.SUBCRITICAL, Criticality.SUPERCRITICAL
    if found is None and all(entry.is_number for entry in (step, *jet.entries())):
        at_numbers = _flip_at_numbers if event is Event.FLIP else _circle_at_numbers
        found = at_numbers(step, error, jet, program)
    if found is None:
        return Edge(step, event, None, None)
    coefficient, sign = found
    return Edge(
        step,
        event,
        {1: positive[0], -1: positive[1]}.get(sign, Criticality.DEGENERATE),
        coefficient,
    )


def may_have_coefficient(step: sp.Expr, event: Event | None) -> bool:
    """Whether a normal form can be reached: in symbols, at a rational step in them only."""
    if event not in (Event.FLIP, Event.NEIMARK_SACKER):
        return False
    if step.is_number:
        return True
    rooted = any(p.base.is_Add and not p.exp.is_Integer for p in step.atoms(sp.Pow))
    return event is Event.FLIP and not rooted and not step.has(sp.Min, sp.Max)


def with_criticality(interval: Interval, lower: Edge | None, upper: Edge | None) -> Interval:
    """The interval with what is known of its two ends."""
    return replace(
        interval,
        lower_criticality=None if lower is None else lower.criticality,
        upper_criticality=None if upper is None else upper.criticality,
    )


def _flip_in_symbols(step: sp.Expr, jet: Jet, program: Program) -> tuple[sp.Expr, int] | None:
    entries = list(dict.fromkeys([step, *jet.entries()]))
    rescaled, back = without_radicals(entries)
    letters = algebra(rescaled)
    element = {old: letters.element(new) for old, new in zip(entries, rescaled, strict=True)}
    sweep = Sweep(jet.mapped(element.__getitem__), program, element[step], letters.field.one, bool)
    coefficient = flip_coefficient(sweep)
    if coefficient is None:
        return None
    sign = letters.sign(coefficient)
    return None if sign is None else (letters.expression(coefficient).xreplace(back), sign)


def _flip_at_numbers(
    step: sp.Expr, error: sp.Expr, jet: Jet, program: Program
) -> tuple[sp.Expr, int] | None:
    from flint import arb, ctx  # not needed for a derivation in symbols

    from symmle.balls import ball, enclosure, ends, sign_of, to_float

    with ctx.workprec(_BITS):
        try:
            mapped = jet.mapped(ball)
        except InputError:  # a mean that is still a symbol
            return None
        sweep = Sweep(mapped, program, enclosure(step, error), arb(1), lambda e: e != 0, _middle)
        coefficient = flip_coefficient(sweep)
        sign = sign_of(coefficient) if coefficient is not None else None
        return (to_float(*ends(coefficient))[0], sign) if coefficient is not None and sign else None


def _middle(number: Any) -> complex:
    """A number in the middle of a ball, real or complex."""
    return complex(float(number.real.mid()), float(number.imag.mid()))


def _circle_at_numbers(
    step: sp.Expr, error: sp.Expr, jet: Jet, program: Program
) -> tuple[sp.Expr, int] | None:
    from flint import acb, ctx

    from symmle.balls import ball, enclosure, ends, to_float

    with ctx.workprec(_BITS):
        try:
            mapped = jet.mapped(lambda entry: acb(ball(entry)))
        except InputError:
            return None
        sweep = Sweep(
            mapped,
            program,
            acb(enclosure(step, error)),
            acb(1),
            lambda e: not e.contains(0),
            _middle,
        )
        for multiplier in _on_the_circle(sweep):
            term = lyapunov_term(sweep, multiplier, lambda e: e.conjugate())
            if term is not None and term.real != 0:
                return to_float(*ends(term.real))[0], 1 if term.real > 0 else -1
    return None


def _on_the_circle(sweep: Sweep) -> list[object]:
    """Enclosures of the multipliers of positive imaginary part that may have modulus 1."""
    from flint import acb_mat

    try:
        values = acb_mat(sweep.linear()).eig(multiple=False)
    except ValueError:  # multiple, or not separated at this precision
        return []
    return [value for value in values if value.imag > 0 and abs(value).overlaps(abs(value) * 0 + 1)]
