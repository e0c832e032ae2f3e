"""A whole-number parameter is searched for: the likelihood with the others profiled out.

The others must have a closed form given the whole number.  Then the profile log-likelihood is
evaluated at 60 digits where it still rises and where it falls: doubling brackets the change of
sign of its difference, bisection finds it.  That the place is the only one is checked on a ladder
of values, near and far, not proved.
Source: Olkin, Petkau & Zidek, A comparison of n estimators for the binomial distribution, JASA 76
(1981): with trials and probability unknown there is a finite maximum only if var(x) < mean(x).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp

from symmle.derive import Derivation
from symmle.domain import Domain
from symmle.estimate import Estimator
from symmle.estimate.boundary import End, moved_ends
from symmle.known import Known
from symmle.precise import evaluate
from symmle.tree_value import tree_value

Rows = Mapping[sp.Symbol, Sequence[mpmath.mpf]]

_DIGITS = 60
_FARTHEST = 2**60  # still rising there, the parameter is taken to run to infinity
_NEAR = 12  # neighbours on either side that are looked at
_EDGE = mpmath.mpf(10) ** -55
_ROUNDING = mpmath.mpf(10) ** (12 - _DIGITS)


@dataclass(frozen=True, slots=True)
class WholeSearch:
    """What the search came to.

    estimate: a number for every parameter; None where there is no finite maximum, or none could
    be searched for.  ties: all whole numbers that are equally likely, when more than one is.
    log_likelihood: of the whole sample there.  runs_away: whether the likelihood still rises at
    the largest number tried.  sentence: what was found, or why nothing.
    """

    estimate: Mapping[sp.Symbol, mpmath.mpf] | None
    ties: tuple[int, ...]
    log_likelihood: mpmath.mpf | None
    runs_away: bool
    sentence: str
    known: Known


def search_whole(
    derivation: Derivation, estimator: Estimator, rows: Rows, counts: Sequence[mpmath.mpf]
) -> WholeSearch | None:
    """Search for the whole-number parameter of an estimator, if it has one (`estimator.whole`).

    rows: distinct rows by data symbol; counts: how much each weighs.  None where the estimator
    has no parameter to be searched for.  Some hundred evaluations of the log-likelihood.
    """
    if not estimator.whole:
        return None
    symbol = estimator.whole[0]
    if len(estimator.whole) > 1 or set(estimator.unknowns) != {symbol}:
        others = ", ".join(str(s) for s in estimator.unknowns if s != symbol)
        why = f"{symbol} is a whole number, and {others} cannot be solved for given it"
        return WholeSearch(None, (), None, False, f"{why}; hold one with --fix", Known.UNKNOWN)
    with mpmath.workdps(_DIGITS):
        profile = _Profile(derivation, estimator, symbol, rows, list(counts))
        return _searched(profile)


class _Profile:
    """The log-likelihood of a whole number, the other parameters at their best."""

    def __init__(
        self,
        derivation: Derivation,
        estimator: Estimator,
        symbol: sp.Symbol,
        rows: Rows,
        counts: list[mpmath.mpf],
    ) -> None:
        self.symbol = symbol
        self.model = derivation.model
        self.where = next(p.domain for p in self.model.parameters if p.symbol == symbol)
        self._others = [p for p in self.model.parameters if p.symbol != symbol]
        self._average = derivation.average_log_likelihood
        self._values = estimator.values
        self._ends = moved_ends(self.model)
        self._rows, self._counts = rows, counts
        self.total = mpmath.fsum(counts)
        self._known: dict[int, mpmath.mpf] = {}

    def point(self, k: int) -> dict[sp.Symbol, mpmath.mpf]:
        here = {self.symbol: mpmath.mpf(k)}
        return here | {
            s: evaluate(value, self._rows, here, self._counts) for s, value in self._values.items()
        }

    def __call__(self, k: int) -> mpmath.mpf:
        """The average log-likelihood at k; -inf where k does not admit the data."""
        if k not in self._known:
            self._known[k] = self._height(k)
        return self._known[k]

    def _height(self, k: int) -> mpmath.mpf:
        try:
            point = self.point(k)
            if not self._admits(point):
                return -mpmath.inf
            inside = {p.symbol: _moved_inside(p.domain, point[p.symbol]) for p in self._others}
            height = evaluate(self._average, self._rows, point | inside, self._counts)
        except (ArithmeticError, ValueError):
            return -mpmath.inf
        return height if mpmath.isfinite(height) else -mpmath.inf

    def at_an_end(self, k: int) -> sp.Symbol | None:
        """Another parameter whose best value, given k, is an open end of its domain."""
        point = self.point(k)
        return next(
            (
                p.symbol
                for p in self._others
                if _moved_inside(p.domain, point[p.symbol]) != point[p.symbol]
            ),
            None,
        )

    def _admits(self, point: Mapping[sp.Symbol, mpmath.mpf]) -> bool:
        inside = all(_lies_in(p.domain, point[p.symbol]) for p in self.model.parameters)
        return inside and all(self._holds(end, point) for end in self._ends)

    def _holds(self, end: End, point: Mapping[sp.Symbol, mpmath.mpf]) -> bool:
        place, rows = tree_value(end.place, point), self._rows[end.column]
        if end.closed:
            return bool(place <= min(rows) if end.lower else place >= max(rows))
        return bool(place < min(rows) if end.lower else place > max(rows))


def _lies_in(where: Domain, value: mpmath.mpf) -> bool:
    if not (where.lower.is_number and where.upper.is_number):
        return True
    low = -mpmath.inf if where.lower.is_infinite else _number(where.lower)
    high = mpmath.inf if where.upper.is_infinite else _number(where.upper)
    return bool(low <= value <= high)


def _moved_inside(where: Domain, value: mpmath.mpf) -> mpmath.mpf:
    """The value, or one next to it where it is an open end: 0*log(0) is 0 as a limit."""
    if where.lower.is_number and where.lower.is_finite and value == _number(where.lower):
        return value if where.lower_closed else value + _EDGE
    if where.upper.is_number and where.upper.is_finite and value == _number(where.upper):
        return value if where.upper_closed else value - _EDGE
    return value


def _number(end: sp.Expr) -> mpmath.mpf:
    return mpmath.mpf(sp.N(end, _DIGITS))


def _searched(profile: _Profile) -> WholeSearch:
    name, lowest = profile.symbol, _lowest(profile)
    if lowest is None:
        why = f"no whole number {name} admits these data"
        return WholeSearch(None, (), None, False, why, Known.UNKNOWN)
    highest = _FARTHEST
    if profile.where.upper.is_finite:
        highest = int(sp.floor(profile.where.upper))
    step = 1
    while lowest + step < highest and _rises(profile, lowest + step):
        step *= 2
    top = min(lowest + step, highest)
    if top >= _FARTHEST or (top == highest and _rises(profile, highest - 1)):
        if profile.where.upper.is_infinite:
            why = f"the likelihood still rises at {name} = 2**60: {name} runs to infinity"
            return WholeSearch(None, (), None, True, why, Known.CHECKED)
        best = highest
    else:
        best = _first_fall(profile, lowest, top)
    near = range(max(lowest, best - _NEAR), min(best + _NEAR, highest) + 1)
    far = [k for j in range(60) if (k := lowest + 2**j) <= min(highest, 4 * best + 2**10)]
    height = profile(best)
    margin = _ROUNDING * (1 + abs(height))
    if any(profile(k) > height + margin for k in (*near, *far)):
        why = f"the likelihood has several tops in {name}, so that no search is sure of the highest"
        return WholeSearch(None, (), None, False, f"{why}; hold it with --fix", Known.UNKNOWN)
    end = profile.at_an_end(best)
    if end is not None:
        place = mpmath.nstr(profile.point(best)[end], 6)
        why = f"the likelihood is largest with {name} = {best} and {end} at {place}, the end"
        return WholeSearch(None, (), None, False, f"{why} of its domain", Known.CHECKED)
    ties = tuple(k for k in near if abs(profile(k) - height) <= margin)
    said = f"the likelihood rises in {name} up to {best} and falls beyond, as far as was looked"
    if len(ties) > 1:
        said = f"{' and '.join(map(str, ties))} are equally likely values of {name}"
    point = profile.point(best)
    ordered = {s: point[s] for s in profile.model.symbols}
    tied = ties if len(ties) > 1 else ()
    return WholeSearch(ordered, tied, height * profile.total, False, said, Known.CHECKED)


def _lowest(profile: _Profile) -> int | None:
    """The least whole number of the domain that admits the data, where larger ones do too."""
    start = 0
    if profile.where.lower.is_finite:
        start = int(sp.floor(profile.where.lower)) + (0 if profile.where.lower_closed else 1)
    step = 1
    at = start
    while profile(at) == -mpmath.inf:
        if step > _FARTHEST:
            return None
        start, at, step = at + 1, start + step, 2 * step
    while start < at:
        middle = (start + at) // 2
        start, at = (start, middle) if profile(middle) > -mpmath.inf else (middle + 1, at)
    return at


def _rises(profile: _Profile, k: int) -> bool:
    return bool(profile(k + 1) > profile(k) + _ROUNDING * (1 + abs(profile(k))))


def _first_fall(profile: _Profile, low: int, high: int) -> int:
    """The first k at which the likelihood does not rise to k + 1, by bisection."""
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _rises(profile, middle) else (low, middle)
    return low
