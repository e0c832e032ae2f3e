"""A density of place and spread: both scores of a row are functions of z = (x - place)/spread.

spread * d/dplace log f = g(z) and spread * d/dspread log f = h(z), shown by algebra.  Each is
enclosed once on cells that cover the whole line, in ball arithmetic; what it does on any interval
is then read off the cells, for many intervals at once.  A law of place and spread of the logarithm
of positive data is found likewise, as is one whose parameter is one over the spread.
"""

import itertools
from dataclasses import dataclass

import mpmath
import numpy as np
import sympy as sp
from flint import arb, ctx
from numpy.typing import NDArray

from symmle.derive import Derivation
from symmle.enclosed import Enclosed, enclosed
from symmle.errors import InputError
from symmle.fraction import reduced_fraction
from symmle.model import Model

Floats = NDArray[np.float64]

_PRECISION = 80
_FINE = 256  # cells of equal width next to zero, on either side
_NEAR = 4.0  # where these end, and cells of equal ratio begin
_RATIO = 1 + 2.0**-5
_FAR = 2.0**30
_MOST_OPERATIONS = 300


@dataclass(frozen=True, slots=True)
class Kernel:
    """place, spread: the parameters; z: a real letter; slopes: g and h, in z alone.

    of_logs: whether z is made of the logarithm of the data, and of the place if that is positive
    (`log_place`).  inverse: whether the parameter is one over the spread.
    """

    place: sp.Symbol
    spread: sp.Symbol
    z: sp.Symbol
    slopes: tuple[sp.Expr, sp.Expr]
    of_logs: bool = False
    log_place: bool = False
    inverse: bool = False

    def row(self, value: mpmath.mpf) -> tuple[float, float]:
        """Doubles below and above what z is made of, for a row."""
        if not self.of_logs:
            return float(value), float(value)
        with mpmath.workdps(30):
            middle = float(mpmath.log(value))
        return float(np.nextafter(middle, -np.inf)), float(np.nextafter(middle, np.inf))

    def places(self, low: float, high: float) -> tuple[float, float]:
        """An interval of places as one of the parameter, rounded outwards."""
        if not self.log_place:
            return low, high
        with ctx.workprec(_PRECISION):
            return _ends(arb(low).exp())[0], _ends(arb(high).exp())[1]

    def spreads(self, low: float, high: float) -> tuple[float, float]:
        """An interval of spreads as one of the parameter, rounded outwards."""
        if not self.inverse:
            return low, high
        return float(np.nextafter(1 / high, -np.inf)), float(np.nextafter(1 / low, np.inf))

    @property
    def has_one_top(self) -> bool:
        """Whether g is proved positive right of zero and negative left of it."""
        t = sp.Symbol("t", positive=True)
        right, left = (self._signed(sign * t) for sign in (1, -1))
        return right.is_positive is True and left.is_negative is True

    def rises_beyond(self, slope: sp.Expr, side: int) -> bool:
        """Whether a slope grows with the distance from zero on that side, by signs alone."""
        t = sp.Symbol("t", positive=True)
        found = _fraction(slope.xreplace({self.z: side * t}).diff(t))
        return found.is_nonnegative is True

    def _signed(self, place: sp.Expr) -> sp.Expr:
        return _fraction(self.slopes[0].xreplace({self.z: place}))


def kernel_of(derivation: Derivation) -> Kernel | None:
    """The kernel of a smooth density of place and spread with one column; or None.

    The place is a real parameter, or a positive one where the data are positive and the law is
    one of their logarithm; the spread is positive, or one over a positive parameter.
    """
    model = derivation.model
    if len(model.data) != 1 or len(model.parameters) != 2 or not derivation.smooth:
        return None
    data = model.data[0].domain
    if data.integer or data.depends_on or model.log_density.count_ops() > _MOST_OPERATIONS:
        return None
    if (data.lower, data.upper) not in ((-sp.oo, sp.oo), (0, sp.oo)):
        return None
    of_logs = bool(data.lower == 0)
    ends = {p.symbol: (p.domain.lower, p.domain.upper) for p in model.parameters}
    for place, spread in itertools.permutations(ends):
        log_place = ends[place] == (0, sp.oo)
        if ends[spread] != (0, sp.oo) or (ends[place] != (-sp.oo, sp.oo) and not log_place):
            continue
        if log_place and not of_logs:
            continue
        for inverse in (False, True):
            found = _kernel(model, place, spread, (of_logs, log_place, inverse))
            if found is not None:
                return found
    return None


def _kernel(
    model: Model, place: sp.Symbol, spread: sp.Symbol, forms: tuple[bool, bool, bool]
) -> Kernel | None:
    """The kernel in the forms (of_logs, log_place, inverse), where the slopes are so."""
    of_logs, log_place, inverse = forms
    p, z = sp.Symbol("place", real=True), sp.Symbol("z", real=True)
    q = sp.Symbol("spread", positive=True)
    row = p + q * z
    here = {
        place: sp.exp(p) if log_place else p,
        spread: 1 / q if inverse else q,
        model.data[0].symbol: sp.exp(row) if of_logs else row,
    }
    by_place, by_spread = (model.log_density.diff(s).xreplace(here) for s in (place, spread))
    by_place *= q * (here[place] if log_place else 1)
    by_spread *= -1 / q if inverse else q
    if of_logs:
        by_place, by_spread = (_put_together(slope) for slope in (by_place, by_spread))
    slopes = (_fraction(by_place), _fraction(by_spread))
    if any(slope.free_symbols - {z} for slope in slopes):
        return None
    return Kernel(place, spread, z, slopes, of_logs, log_place, inverse)


def _put_together(slope: sp.Expr) -> sp.Expr:
    """The same with exp(p + q*z)/exp(p) as one exponential, which it is not by itself."""
    joined = sp.powsimp(sp.expand_mul(sp.powsimp(slope, deep=True)), deep=True)
    return joined.replace(sp.exp, lambda power: sp.exp(sp.expand(power)))


def _fraction(expr: sp.Expr) -> sp.Expr:
    return sp.factor_terms(reduced_fraction(expr))


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """What a function does between any two places.

    edges: ascending, the outer two infinite.  low, high: its bounds on each cell, infinite where
    there are none.  least, most: the same over 1, 2, 4, ... cells from each.
    """

    edges: Floats
    low: Floats
    high: Floats
    least: tuple[Floats, ...]
    most: tuple[Floats, ...]

    def between(self, start: Floats, end: Floats) -> tuple[Floats, Floats]:
        """(lower bounds, upper bounds) on the closed intervals from `start` to `end`."""
        last = len(self.low) - 1
        first_cell = np.clip(np.searchsorted(self.edges, start, "left") - 1, 0, last)
        last_cell = np.clip(np.searchsorted(self.edges, end, "right") - 1, 0, last)
        level = np.frexp((last_cell - first_cell + 1).astype(float))[1] - 1
        second = last_cell - (1 << level) + 1
        least, most = np.stack(self.least), np.stack(self.most)
        return (
            np.minimum(least[level, first_cell], least[level, second]),
            np.maximum(most[level, first_cell], most[level, second]),
        )


def ranges(kernel: Kernel, slope: sp.Expr) -> Ranges | None:
    """Enclose a function of z on cells that cover the line; None without an enclosure."""
    try:
        laid = enclosed([slope, slope.diff(kernel.z)], (kernel.z,), {}, (), _PRECISION)
    except InputError:
        return None
    right = [_NEAR * i / _FINE for i in range(_FINE)]
    while not right or right[-1] < _FAR:
        right.append(max(_NEAR, right[-1] * _RATIO))
    inner = [-each for each in reversed(right[1:])] + right
    with ctx.workprec(_PRECISION):
        cells = [_on_cell(laid, a, b) for a, b in itertools.pairwise(inner)]
        tails = [_on_tail(kernel, laid, slope, inner[0], -1)]
        tails.append(_on_tail(kernel, laid, slope, inner[-1], 1))
    table = np.array([tails[0], *cells, tails[1]])
    edges = np.array([-np.inf, *inner, np.inf])
    low, high = table[:, 0].copy(), table[:, 1].copy()
    return Ranges(edges, low, high, _doubled(low, np.minimum), _doubled(high, np.maximum))


def _on_cell(laid: Enclosed, start: float, end: float) -> tuple[float, float]:
    """Bounds from the enclosure and from the mean-value form."""
    cell = arb(start).union(arb(end))
    value, slope = laid.at([cell])
    middle = cell.mid()
    if not value.is_finite():
        return -np.inf, np.inf
    low, high = _ends(value)
    if slope.is_finite():
        if slope > 0 or slope < 0:  # monotone: between its values at the two ends
            other = laid.at([arb(start)])[0].union(laid.at([arb(end)])[0])
        else:
            other = laid.at([middle])[0] + slope * (cell - middle)
        if other.is_finite():
            low, high = max(low, _ends(other)[0]), min(high, _ends(other)[1])
    return low, high


def _on_tail(
    kernel: Kernel, laid: Enclosed, slope: sp.Expr, end: float, side: int
) -> tuple[float, float]:
    """Bounds from there to infinity: a function that rises on the way is above its first value."""
    first = laid.at([arb(end)])[0]
    if not first.is_finite():
        return -np.inf, np.inf
    low = _ends(first)[0] if kernel.rises_beyond(slope, side) else -np.inf
    high = _ends(first)[1] if kernel.rises_beyond(-slope, side) else np.inf
    return low, high


def _ends(value: arb) -> tuple[float, float]:
    """The ends of a finite ball, rounded outwards to doubles."""
    low, high = float(value.lower()), float(value.upper())
    return float(np.nextafter(low, -np.inf)), float(np.nextafter(high, np.inf))


def _doubled(values: Floats, smaller: np.ufunc) -> tuple[Floats, ...]:
    """The extreme over 1, 2, 4, ... neighbours from each place on, to the end of the row."""
    found, width = [values], 1
    while 2 * width <= len(values):
        last = found[-1]
        following = np.concatenate([last[width:], np.repeat(last[-1:], width)])
        found.append(smaller(last, following))
        width *= 2
    return tuple(found)
