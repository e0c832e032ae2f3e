"""The fit of a density with a kink in its parameters: searched, then judged at many digits.

kink_form     where the kink lies, and the density on each side of it
kink_surface  the likelihood with each row on its side: smooth
kinked        every maximum where one parameter moves the kink
kink_vertex   where several do: regressions
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import mpmath
import numpy as np
import sympy as sp

from symmle.errors import SymmleError
from symmle.fit.chart import charts
from symmle.fit.climb import Point, Surface, Top
from symmle.fit.judge import Judged, judged, reported
from symmle.fit.kink_form import kink_form
from symmle.fit.kink_surface import KinkedSurface, KinkRows, SidedSurface, Sides, kink_rows
from symmle.fit.kink_vertex import Vertex, search_vertices, sides_of
from symmle.fit.kinked import KinkSearch, search_places, sides_at
from symmle.fit.limits import RunOff, first_value, run_off_in_doubles
from symmle.fit.locate import Located, Missing, locate, plain_point, surface_of
from symmle.fit.prepare import Prepared
from symmle.fit.record import Fit, Status
from symmle.fit.set_by_data import path_from, way_of, with_path
from symmle.fit.setting import DIGITS, Setting
from symmle.fit.simple_root import is_simple_root, polished
from symmle.fit.statuses import told
from symmle.fit.uncertainty import standard_errors
from symmle.known import Known
from symmle.precise import compiled

_FLAT = 1e-6  # largest score, in standard errors of the estimate, that counts as zero
_MOST_ROWS = 20_000
_MOST_OTHERS = 10
_BESIDE = 1e-9  # of the estimate's distance to the next place, where the slopes are taken
_INTERIOR = (
    "an interior maximum, which is what is usually reported; elsewhere the likelihood has no "
    "bound, as"
)
_BETWEEN = (
    "the log-density has kinks, and the standard errors rest on the curvature between two of them; "
    "compare the sandwich errors"
)


def kinked_fit(asked: Setting, ready: Prepared) -> Fit | None:
    """The fit of a density whose maximum may sit on its kink; None for any other density."""
    derivation, estimator = asked.derivation, asked.estimator
    undecided = estimator.known is Known.UNKNOWN and not estimator.whole
    if derivation.smooth or not undecided or asked.sample.n > _MOST_ROWS:
        return None
    if any(p.domain.integer for p in asked.model.parameters):
        return None
    form = kink_form(asked.model)
    with np.errstate(all="ignore"):
        try:
            start = plain_point(asked)
            if form is None:
                return _between_kinks(asked, ready)
            rows = kink_rows(asked, form)
        except (SymmleError, ValueError, OverflowError):
            return None
        moved = len(form.moving)
        if np.linalg.matrix_rank(rows.planes[:, 1:]) < moved:
            return _undetermined(asked, rows)
        if moved == 1:
            return _by_places(asked, KinkedSurface(rows), rows, start)
        vertex = search_vertices(asked, rows, start)
        if isinstance(vertex, Top):
            return _off_vertex(asked, rows, vertex)
        return _between_kinks(asked, ready) if vertex is None else _on_vertex(asked, rows, vertex)


def _undetermined(asked: Setting, rows: KinkRows) -> Fit:
    """The answer where the columns beside the moving parameters are proportional, or too short."""
    names = ", ".join(map(str, rows.form.moving))
    needed = "a row that they move" if len(rows.form.moving) == 1 else "columns that vary apart"
    return asked.without(
        Status.NOT_IDENTIFIED,
        f"these data do not determine {names} apart from one another, which needs {needed}; hold "
        "a parameter with --fix",
    )


def _off_vertex(asked: Setting, rows: KinkRows, top: Top) -> Fit | None:
    """The answer where the other parameters ran to an end, with rows held on their kinks."""
    here = rows.surface(sides_of(rows, top.point))
    gone = first_value(partial(run_off_in_doubles, asked, here, top.point, rows.others))
    if gone is None:
        return None
    place = ", ".join(
        f"{s} = {top.point[i]:.7g}" for s, i in zip(rows.form.moving, rows.places, strict=True)
    )
    sentence = f"the likelihood is not highest inside: {gone.sentence}, with {place}"
    return told(asked, sentence, gone)


def _between_kinks(asked: Setting, ready: Prepared) -> Fit | None:
    """A stationary point inside, where the kinks are such that the score is continuous."""
    try:
        surface = surface_of(asked, ready.module())
    except (SymmleError, ValueError):
        return None
    located = locate(asked, surface)
    if isinstance(located, Missing) or not is_simple_root(
        surface, tuple(located.theta.values()), range(len(located.theta))
    ):
        return None
    judgement = judged(asked, surface, located)
    if isinstance(judgement, Fit):
        return None
    record = reported(asked, surface, judgement, located)
    shown = (
        f"a stationary point between the kinks of the log-density, and a maximum; {_seen(located)}"
    )
    notes = (*record.notes, _BETWEEN)
    return with_path(asked, replace(record, message=shown, notes=notes))


def _seen(located: Located) -> str:
    if located.searched:
        return f"no higher one was found from {located.searched} other starts"
    return "nothing was looked for elsewhere"


def _on_vertex(asked: Setting, rows: KinkRows, vertex: Vertex) -> Fit | None:
    """The record of a maximum in which several rows lie on their kinks."""
    sides = sides_of(rows, vertex.top.point)
    here = rows.surface(sides)
    top = polished(here, vertex.top, rows.others)
    theta = dict(zip(rows.symbols, top.point, strict=True))
    located = Located(theta, top.steps, on_kink=rows.form.moving)
    judgement = _judged(asked, rows, here, located, sides)
    if judgement is None:
        return None
    record = reported(asked, here, judgement, located)
    moving = ", ".join(map(str, rows.form.moving))
    if vertex.level is not None:
        far = dict(zip(rows.symbols, vertex.level, strict=True))
        ends = " and ".join(
            ", ".join(f"{s} = {end[s]:.7g}" for s in rows.form.moving) for end in (theta, far)
        )
        shown = f"every point between {ends} is equally likely; the first is reported"
        return replace(record, status=Status.NOT_UNIQUE, message=shown)
    shown = (
        f"{vertex.rows} rows lie on the kink of the log-density and fix {moving}; the likelihood "
        f"falls along every line of such rows, by {-vertex.slope * asked.n:.3g} per unit at least"
    )
    return with_path(asked, replace(record, message=shown))


def _by_places(asked: Setting, surface: Surface, rows: KinkRows, start: Point) -> Fit | None:
    """The fit where one parameter moves the kink."""
    found = search_places(asked, rows, start)
    if found.lost is not None:
        gone = _run_off(asked, rows, found.lost, start)
        if not found.peaks or gone is None or gone.height is not None:
            return _lost(asked, rows, found.lost, gone)
    if not found.peaks:
        return None
    record = _peak(asked, surface, rows, found)
    if record is None or found.lost is None or record.status is not Status.OK:
        return record
    way = f"{gone.parameter} runs to {gone.end}" if gone is not None else ""
    shown = f"{_INTERIOR} {way}"
    return replace(record, status=Status.LOCAL_MAXIMUM, message=shown, unbounded_path=way)


def _peak(asked: Setting, surface: Surface, rows: KinkRows, found: KinkSearch) -> Fit | None:
    """The record of the highest maximum."""
    (best, on_kink), *others = found.peaks
    i = rows.places[0]
    sides = sides_at(rows, best.point[i])
    best = polished(rows.surface(sides), best, rows.others if on_kink else range(len(best.point)))
    theta = dict(zip(asked.model.symbols, best.point, strict=True))
    tops = tuple(top for top, _ in others[:_MOST_OTHERS])
    symbol = rows.form.moving[0]
    few = f"{found.searched} of " if found.searched < found.places else ""
    said = (
        f"the highest of the maxima at and between {few}the {found.places} values of {symbol} "
        "with a kink"
    )
    located = Located(theta, best.steps, tops, 0, said)
    if not on_kink and found.level is None:
        judgement = judged(asked, surface, located)
        if isinstance(judgement, Fit):
            return judgement
        record = reported(asked, surface, judgement, located)
        notes = (*record.notes, _BETWEEN)
        return with_path(asked, replace(record, message=said, notes=notes))
    located = replace(located, on_kink=rows.form.moving)
    return _on_kink(asked, rows, located, found)


def _run_off(asked: Setting, rows: KinkRows, top: Top, start: Point) -> RunOff | None:
    """Which parameter runs to which end, with the kink where the likelihood was highest."""
    i = rows.places[0]
    here = rows.surface(sides_at(rows, top.point[i]))
    for begin in ((*start[:i], top.point[i], *start[i + 1 :]), top.point):
        gone = first_value(partial(run_off_in_doubles, asked, here, begin, rows.others))
        if gone is not None:
            return gone
    return None


def _lost(asked: Setting, rows: KinkRows, top: Top, gone: RunOff | None) -> Fit | None:
    """The answer where the likelihood is highest on the way to an end of the domain."""
    if gone is None or gone.height is not None:  # no end is as high as what has no bound
        path = path_from(asked, {s.name: v for s, v in zip(rows.symbols, top.point, strict=True)})
        if path is not None:
            shown = f"{path.sentence}; hold a parameter with --fix"
            return asked.without(Status.UNBOUNDED, shown, path=way_of(path))
    if gone is None:
        return None
    place = f"with {rows.form.moving[0]} = {top.point[rows.places[0]]:.7g}"
    sentence = f"the likelihood is not highest inside: {gone.sentence}, {place}"
    return told(asked, sentence, gone)


def _on_kink(asked: Setting, rows: KinkRows, located: Located, found: KinkSearch) -> Fit | None:
    """The record of a maximum on the kink, with its slopes on both sides at many digits."""
    symbol = rows.form.moving[0]
    value = located.theta[symbol]
    sides = sides_at(rows, value)
    here = rows.surface(sides)
    judgement = _judged(asked, rows, here, located, sides)
    if judgement is None:
        return None
    record = reported(asked, here, judgement, located)
    if found.level is not None:
        low, high = found.level
        shown = (
            f"every {symbol} from {low:.7g} to {high:.7g} is equally likely; the middle of the "
            "interval is reported"
        )
        ends = {str(symbol): (low, high)}
        return replace(record, status=Status.NOT_UNIQUE, message=shown, optima=ends)
    left, right = _slopes(asked, rows, tuple(located.theta.values()))
    if not left > 0 > right:
        return None
    shown = (
        f"{located.said}: the likelihood has a kink at {symbol} = {value:.7g}, where its slope "
        f"turns from {left * asked.n:.3g} to {right * asked.n:.3g}"
    )
    return with_path(asked, replace(record, message=shown))


def _judged(
    asked: Setting, rows: KinkRows, here: SidedSurface, located: Located, sides: Sides
) -> Judged | None:
    """What is believed of the parameters that move no kink; None where their score is not zero."""
    point, free = tuple(located.theta.values()), rows.others
    chart_of = charts(asked.model, located.theta)
    hessian = here.bend(point)[np.ix_(free, free)]
    if not free:
        return Judged(located.theta, chart_of, free, hessian, None, asked.rows is not None)
    spread = standard_errors(hessian, asked.n)
    if spread is None or not is_simple_root(here, point, free):
        return None
    slopes = here.slope(point)[list(free)]
    if asked.rows is not None:
        wanted = [rows.symbols[i] for i in free]
        slopes = np.array([float(each) for each in _exact(asked, rows, point, wanted, sides)])
    if not np.all(np.abs(slopes) * spread.errors * asked.n <= _FLAT * math.sqrt(asked.n)):
        return None
    return Judged(located.theta, chart_of, free, hessian, spread, asked.rows is not None)


def _slopes(asked: Setting, rows: KinkRows, point: Point) -> tuple[float, float]:
    """The slopes of the likelihood a little to the left and right of the kink."""
    symbol, i = rows.form.moving[0], rows.places[0]
    offset, slope = rows.planes.T
    places = -offset[slope != 0] / slope[slope != 0]
    gaps = np.abs(places - point[i])
    step = max(_BESIDE * float(np.min(gaps[gaps > 0], initial=1.0)), math.ulp(point[i]))
    found = []
    for side in (-1, 1):
        beside = (*point[:i], point[i] + side * step, *point[i + 1 :])
        sides = sides_at(rows, point[i], side)
        if asked.rows is None:
            found.append(float(rows.surface(sides).slope(beside)[i]))
        else:
            found.append(float(_exact(asked, rows, beside, [symbol], sides)[0]))
    return found[0], found[1]


def _exact(
    asked: Setting, rows: KinkRows, point: Point, wanted: Sequence[sp.Symbol], sides: Sides
) -> list[mpmath.mpf]:
    """Derivatives of the average log-likelihood at 40 digits, each row on its own side."""
    data, counts = asked.rows or {}, asked.counts or []
    symbols = [*data, *rows.symbols]
    branches = ((1, rows.form.above), (-1, rows.form.below), (0, rows.form.on))
    with mpmath.workdps(DIGITS):
        theta = [mpmath.mpf(value) for value in point]
        found = []
        for symbol in wanted:
            slopes = {side: compiled(each.diff(symbol), symbols) for side, each in branches}
            terms = [
                slopes[int(side)](*row, *theta)
                for side, row in zip(sides, zip(*data.values(), strict=True), strict=True)
            ]
            found.append(mpmath.fdot(counts, terms) / mpmath.fsum(counts))
        return found
