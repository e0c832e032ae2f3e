"""Every stationary point in a box: isolated exactly where the score is rational, else by bisection.

A rational score in one unknown is put over its common denominator exactly, the data being
rational numbers, and every real root of the numerator is isolated.  Otherwise boxes are divided
and thrown away where the score has no zero (its enclosure, its mean-value form, or Krawczyk's
operator excludes one), until each that is left holds exactly one point, proved as in `certify`
(A. Neumaier, Interval Methods for Systems of Equations, 1990, chapter 5).  For a density of place
and spread the whole half-plane is brought down to a few boxes beforehand (`half_plane`).
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import sympy as sp
from flint import arb, ctx, fmpq

from symmle.balls import ball
from symmle.derive import Derivation
from symmle.enclosed import Counts, Enclosed, Rows, enclosed, exactly
from symmle.errors import InputError
from symmle.fit.certify import Certificate, certify, laid_out
from symmle.fit.divided import divided
from symmle.fit.first_box import Box, default_box, growing, pulls
from symmle.fit.grown import Searching, grown, units_of
from symmle.fit.half_plane import Remaining, remaining
from symmle.fit.highest import is_smooth_inside, rises_to_all
from symmle.fit.one_unknown import OneUnknown, in_one_unknown
from symmle.fit.pulled_back import pulled_back
from symmle.fit.rational_score import rational_roots
from symmle.fit.turns import once_round, turns, without_repeats

_PRECISION = 80
_MOST_UNKNOWNS = 4  # round a stationary point
_MOST_BLIND = 2  # in a box that is not made round one
_FLAT = 1e-10  # score, and curvature beside the largest, that rounding leaves of zero
_NOTHING = (
    "the search for other stationary points decided no box in its time: nothing is claimed of them"
)
_KINDS = {-1: "maximum", 1: "minimum", 0: "saddle"}


@dataclass(frozen=True, slots=True)
class Stationary:
    """One stationary point within `radius` of `estimate`.

    kind: maximum, minimum, saddle, or undecided where the Hessian has no certain sign.
    log_likelihood: of the whole sample.
    """

    estimate: Mapping[sp.Symbol, mpmath.mpf]
    radius: Mapping[sp.Symbol, float]
    kind: str
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class Search:
    """What a search of a box found.

    points: the highest first.  box: by parameter that was searched, infinite ends where the whole
    line was; the parameters that follow from these are not in it.
    complete: whether every stationary point in the box is listed; what is not is proved absent.
    undecided: boxes in which there may be more.  road: a sentence that says so.
    whole: whether no stationary point anywhere in the domain is missing.
    highest: whether the highest maximum is proved to be that over the whole domain.
    """

    points: tuple[Stationary, ...]
    box: Mapping[sp.Symbol, tuple[float, float]]
    complete: bool
    undecided: tuple[Box, ...]
    road: str
    whole: bool = False
    highest: bool = False


def stationary_points(
    derivation: Derivation,
    rows: Rows,
    counts: Counts,
    box: Mapping[sp.Symbol, tuple[float, float]] | None = None,
    seconds: float = 6.0,
    near: Mapping[sp.Symbol, float] | None = None,
) -> Search | None:
    """Every stationary point of the likelihood in a box, for a few unknowns.

    rows, counts: the distinct rows and what each weighs, exactly.  box: closed, by parameter,
    inside its domain; without it the whole domain is searched where the score comes down to one
    unknown, or to functions of a row's place in units of the spread; else a wide box is made of
    the data.  near: a point to search from, best a stationary one.
    None for more than four unknowns (two without a point), kinks in the parameters, or a function
    without enclosure.  Never longer than about `seconds` of the processor, or half as long again:
    what is not decided by then is listed.
    """
    symbols = derivation.score.parameters
    if not derivation.smooth:
        return None
    if box is None and len(symbols) == 1:
        exact = _rational(derivation, rows, counts)
        if exact is not None:
            return exact
    one = None if box else in_one_unknown(derivation, rows, counts, near, seconds / 2)
    line = None if one is None else _of_line(derivation, one, rows, counts)
    many = len(symbols) > (_MOST_UNKNOWNS if near else _MOST_BLIND)
    if many or (line is not None and (line.whole or len(symbols) == 1)):
        return line
    plane = _in_box(derivation, rows, counts, box, near, seconds)
    if line is None or plane is None:
        return line or plane
    return plane if plane.whole or not line.complete else _both(line, plane)


def _both(line: Search, plane: Search) -> Search:
    """The search of the one unknown left, and what that of a box adds to it."""
    if not (plane.complete and plane.box):
        return line
    where = ", ".join(f"{low:.6g} <= {s} <= {high:.6g}" for s, (low, high) in plane.box.items())
    added = [p for p in plane.points if not any(_is_same(p, other) for other in line.points)]
    road = f"{line.road}, but for the box {where}, in which every one is listed too"
    return replace(line, points=_highest_first([*line.points, *added]), road=road)


def _is_same(one: Stationary, other: Stationary) -> bool:
    return all(
        abs(one.estimate[s] - other.estimate[s]) <= one.radius[s] + other.radius[s]
        for s in one.estimate
    )


def _of_line(derivation: Derivation, one: OneUnknown, rows: Rows, counts: Counts) -> Search:
    """The search of the one unknown that was left, as one of all parameters."""
    points = _highest_first([_stationary(derivation, each, rows, counts) for each in one.found])
    listed = {one.unknown: (one.low, one.high)}
    left = tuple((each,) for each in one.doubtful)
    return Search(points, listed, not left, left, one.sentence, one.whole, one.highest)


def _in_box(
    derivation: Derivation,
    rows: Rows,
    counts: Counts,
    box: Mapping[sp.Symbol, tuple[float, float]] | None,
    near: Mapping[sp.Symbol, float] | None,
    seconds: float,
) -> Search | None:
    """The search of a box in all parameters, or of the whole half-plane."""
    symbols = derivation.score.parameters
    try:
        laid = laid_out(derivation, rows, counts, _PRECISION)
    except InputError:
        return None
    if box is None and near is not None and certify(derivation, rows, counts, near) is None:
        if _is_flat(laid, near):
            seconds /= 8  # a curve of stationary points is never divided
        near = None
        if len(symbols) > _MOST_BLIND:
            return Search((), {}, False, (), _NOTHING)
    rest = remaining(derivation, rows, counts, seconds) if box is None else None
    free = rest is None and box is None
    pulled = pulled_back(derivation.model) if free else ()
    periods = turns(derivation.model) if free else {}
    round_ = once_round(near, periods)
    searched = box or (_ends_of(rest) if rest else default_box(derivation, rows, pulled))
    if searched is None:
        return None
    searched = {**searched, **round_}
    outside = rest.bounds if rest else (*pulls(searched, pulled, rows), *_repeated(round_))
    whole = rest.whole if rest else len(outside) == len(symbols)
    stop = time.process_time() + seconds
    if rest is None and box is None and near is not None and not whole:
        held = {s: searched[s] for s in (*pulled, *periods)}
        units = units_of(laid, near)
        boxes = growing(derivation, near, units, held)
        decided, found = grown(Searching(derivation, laid, rows, counts), boxes, units, stop)
        found = without_repeats(found, periods)
        points = _highest_first([_stationary(derivation, p, rows, counts) for p in found])
        if decided is None:
            return Search(points, {}, False, (), _NOTHING)
        road = _sentence(decided, 0, (*pulls(decided, pulled, rows), *_repeated(round_)), False)
        return Search(points, decided, True, (), road)
    parts = _clusters(rest, symbols) if rest else [tuple(searched[s] for s in symbols)]
    found, left = [], []
    with ctx.workprec(_PRECISION):
        if rest is None:
            unit = [(high - low) / 64 for low, high in parts[0]]
            searching = Searching(derivation, laid, rows, counts)
            parts = searching.few(parts[0], unit, stop - seconds / 2)
        for part in parts:
            left += divided(derivation, laid, rows, counts, part, stop, found)
    found = without_repeats(found, periods)
    points = _highest_first([_stationary(derivation, each, rows, counts) for each in found])
    road = _sentence(searched, len(left), outside, whole)
    settled = whole and not left
    listed = _everywhere(derivation) if settled else searched
    # Outside of the region the likelihood rises towards it, and a highest point is stationary.
    return Search(points, listed, not left, tuple(left), road, settled, settled)


def _is_flat(laid: Enclosed, near: Mapping[sp.Symbol, float]) -> bool:
    """Whether the score vanishes there, to rounding, and the Hessian is singular."""
    size = len(laid.symbols)
    values = [float(each.mid()) for each in laid.at([arb(near[s]) for s in laid.symbols])]
    if not all(map(math.isfinite, values)):
        return False
    bends = np.abs(np.linalg.eigvalsh(np.reshape(values[size:], (size, size))))
    return bool(np.max(np.abs(values[:size])) < _FLAT and bends.min() <= _FLAT * bends.max())


def _repeated(round_: Mapping[sp.Symbol, tuple[float, float]]) -> list[str]:
    return [f"in every other turn of {s} the law is the same" for s in round_]


def _ends_of(rest: Remaining) -> dict[sp.Symbol, tuple[float, float]]:
    return {rest.kernel.place: rest.place, rest.kernel.spread: rest.spread}


def _clusters(rest: Remaining, symbols: Sequence[sp.Symbol]) -> list[Box]:
    place_first = symbols[0] == rest.kernel.place
    return [(place, spread) if place_first else (spread, place) for place, spread in rest.clusters]


def _everywhere(derivation: Derivation) -> dict[sp.Symbol, tuple[float, float]]:
    domains = {p.symbol: p.domain for p in derivation.model.parameters}
    return {s: (float(domain.lower), float(domain.upper)) for s, domain in domains.items()}


def _sentence(
    box: Mapping[sp.Symbol, tuple[float, float]], left: int, outside: Sequence[str], whole: bool
) -> str:
    """What was proved, and what was not."""
    where = ", ".join(f"{low:.6g} <= {s} <= {high:.6g}" for s, (low, high) in box.items())
    if left:
        boxes = "1 box there stays" if left == 1 else f"{left} boxes there stay"
        return f"searched {where}; {boxes} undecided and may hold more points"
    reasons = "; ".join(outside)
    if whole:
        return (
            "every stationary point in the whole domain is listed; proved: no other with "
            f"{where}, and none elsewhere: {reasons}"
        )
    claimed = f"and outside: {reasons}" if outside else "and nothing is claimed outside"
    return (
        f"every stationary point with {where} is listed; any other there is proved absent, "
        f"{claimed}"
    )


def _stationary(
    derivation: Derivation, proof: Certificate, rows: Rows, counts: Counts
) -> Stationary:
    kind = "undecided" if proof.curvature is None else _KINDS[proof.curvature]
    place = {s: arb(exactly(value)) for s, value in proof.centre.items()}
    height = log_likelihood(derivation, place, rows, counts)
    return Stationary(proof.centre, proof.radius, kind, height)


def log_likelihood(
    derivation: Derivation, place: Mapping[sp.Symbol, arb], rows: Rows, counts: Counts
) -> float:
    """Of the whole sample, with every constant."""
    symbols = derivation.score.parameters
    laid = enclosed([derivation.average_log_likelihood], symbols, rows, counts, _PRECISION)
    total = sum((exactly(count) for count in counts), fmpq(0))
    with ctx.workprec(_PRECISION):
        return float((laid.at([place[s] for s in symbols])[0] * arb(total)).mid())


def _highest_first(points: Sequence[Stationary]) -> tuple[Stationary, ...]:
    return tuple(sorted(points, key=lambda point: -point.log_likelihood))


def _rational(derivation: Derivation, rows: Rows, counts: Counts) -> Search | None:
    """Every stationary point in the domain, where the score is a rational function."""
    (symbol,) = derivation.score.parameters
    (parameter,) = derivation.model.parameters
    if not (parameter.domain.lower.is_number and parameter.domain.upper.is_number):
        return None
    roots = rational_roots(derivation.score.gradient[0], symbol, rows, counts)
    if roots is None:
        return None
    domain, points = parameter.domain, []
    for root in roots:
        with ctx.workprec(256):
            above = domain.lower == -sp.oo or root.place > ball(domain.lower)
            below = domain.upper == sp.oo or root.place < ball(domain.upper)
            if not (above and below):
                continue
            with mpmath.workdps(50):
                p = root.place.mid().fmpq()
                middle = mpmath.mpf(int(p.p)) / int(p.q)
            radius = float(abs(root.place - arb(exactly(middle))).upper()) * (1 + 2.0**-40)
        height = log_likelihood(derivation, {symbol: root.place}, rows, counts)
        points.append(Stationary({symbol: middle}, {symbol: radius + 5e-324}, root.kind, height))
    ends_of = (float(domain.lower), float(domain.upper))
    road = (
        f"the score is a rational function of {symbol}, and every real root of its numerator is "
        "isolated exactly; any other stationary point is proved absent"
    )
    kinds = [each.kind for each in sorted(points, key=lambda point: point.estimate[symbol])]
    highest = rises_to_all(kinds) and is_smooth_inside(derivation)
    return Search(_highest_first(points), {symbol: ends_of}, True, (), road, True, highest)
