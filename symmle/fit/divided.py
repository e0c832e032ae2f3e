"""A box divided until each part holds one stationary point, proved, or none: in ball arithmetic.

Source: A. Neumaier, Interval Methods for Systems of Equations (1990), chapter 5.
"""

import time
from collections.abc import Sequence

import sympy as sp
from flint import arb, arb_mat

from symmle.derive import Derivation
from symmle.enclosed import Counts, Enclosed, Rows
from symmle.fit.certify import Certificate, certify, image_of, inside, middle_inverse
from symmle.fit.first_box import Box

_NARROW = 2.0**-30  # of its first width, at which a box that is not decided is left


def divided(
    derivation: Derivation,
    laid: Enclosed,
    rows: Rows,
    counts: Counts,
    box: Box,
    stop: float,
    found: list[Certificate],
) -> list[Box]:
    """The boxes left undecided; the points that are proved are added to `found`."""
    left: list[Box] = []
    pending = [box]
    while pending:
        here = pending.pop()
        if time.process_time() > stop:
            return [*left, *pending, here]
        verdict = _looked_at(derivation, laid, rows, counts, here)
        if isinstance(verdict, Certificate):
            if not any(_same(verdict, other) for other in found):
                found.append(verdict)
        elif verdict is not None:
            halves = _halves(verdict, box)
            (pending if halves else left).extend(halves or [verdict])
    return left


def _looked_at(
    derivation: Derivation, laid: Enclosed, rows: Rows, counts: Counts, here: Box
) -> Certificate | Box | None:
    """None: no stationary point; a certificate: exactly that one; a box: what is left of it."""
    size = len(here)
    wide = [arb(low).union(arb(high)) for low, high in here]
    values = laid.at(wide)
    if any(each > 0 or each < 0 for each in values[:size]):
        return None
    centre = [each.mid() for each in wide]
    slopes = laid.at(centre)
    if not all(each.is_finite() for each in [*values, *slopes]):
        return here
    for i in range(size):
        mean_value = slopes[i] + sum(
            (values[size + i * size + j] * (wide[j] - centre[j]) for j in range(size)), arb(0)
        )
        if mean_value > 0 or mean_value < 0:
            return None
    inverse = middle_inverse(arb_mat(size, size, slopes[size:]))
    if inverse is None:
        return here
    image, _ = image_of(slopes, values, centre, wide, inverse)
    if not all(each.is_finite() for each in image):
        return here
    if any(not k.overlaps(x) for k, x in zip(image, wide, strict=True)):
        return None
    if all(inside(k, x) for k, x in zip(image, wide, strict=True)):
        theta = {s: float(k.mid()) for s, k in zip(laid.symbols, image, strict=True)}
        proof = certify(derivation, rows, counts, theta)
        # The certified point is the one of this box only if it lies in it.
        if proof is not None and _within(proof, laid.symbols, here):
            return proof
    return tuple(
        (max(low, _down(k)), min(high, _up(k))) for (low, high), k in zip(here, image, strict=True)
    )


def _within(proof: Certificate, symbols: Sequence[sp.Symbol], here: Box) -> bool:
    return all(
        low <= proof.centre[s] - proof.radius[s] and proof.centre[s] + proof.radius[s] <= high
        for s, (low, high) in zip(symbols, here, strict=True)
    )


def _down(number: arb) -> float:
    value = float(number.lower())
    return value - abs(value) * 2.0**-50 - 5e-324


def _up(number: arb) -> float:
    value = float(number.upper())
    return value + abs(value) * 2.0**-50 + 5e-324


def _halves(here: Box, first: Box) -> list[Box]:
    """The box divided across its relatively widest side; none when it is narrow already."""
    shares = [(b - a) / (d - c) for (a, b), (c, d) in zip(here, first, strict=True)]
    widest = max(range(len(here)), key=shares.__getitem__)
    if shares[widest] < _NARROW:
        return []
    low, high = here[widest]
    # Off the middle, so that symmetric data do not have a point on every edge.
    middle = (low * high) ** 0.5 if low > 0 and high > 4 * low else low + (high - low) * 0.4871
    parts = ((low, middle), (middle, high))
    return [tuple(part if i == widest else each for i, each in enumerate(here)) for part in parts]


def _same(one: Certificate, other: Certificate) -> bool:
    return all(
        abs(one.centre[s] - other.centre[s]) <= one.radius[s] + other.radius[s] for s in one.centre
    )
