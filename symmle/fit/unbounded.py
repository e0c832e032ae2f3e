"""Paths on which a likelihood grows without bound.

Two ways are looked for, by what stands in the log-density, whatever the family:

    end      log(B) or a power of B, with data and parameters in B: a parameter is moved until B
             vanishes at one observation and stays positive at the others (a threshold at the
             smallest observation, the end of a bounded tail at the largest)
    collapse a parameter sits on an observation while a scale goes to its end (a component of a
             mixture on a point, a heavy tail with few degrees of freedom); where all observations
             are equal also a scale that sits there, while a shape goes to zero or to infinity

The log-likelihood is evaluated at three points of the path, far beyond what doubles can hold; it
must rise by as much from the second to the third as from the first to the second, as a multiple
of log(1/distance) does.  Sources: Cheng & Traylor, Non-regular maximum likelihood problems, JRSS B
57 (1995); Hill, The three-parameter lognormal distribution and Bayesian analysis, JASA 58 (1963).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import mpmath
import sympy as sp

from symmle.codegen.invariance import invariance
from symmle.derive import Derivation
from symmle.derive.logs import split_logs
from symmle.domain import Datum, Domain, Variable
from symmle.errors import InputError
from symmle.estimate.elimination import back_substituted, eliminate
from symmle.estimate.isolate import isolate
from symmle.known import Known
from symmle.model import Model
from symmle.order_statistics import OrderStatistic
from symmle.precise import compiled
from symmle.sample_mean import OverData, SampleCovariance, has_data, nodes
from symmle.straight_line import steps
from symmle.tree_value import tree_value

Rows = Mapping[sp.Symbol, Sequence[mpmath.mpf]]
Numbers = dict[sp.Symbol, mpmath.mpf]

_DIGITS = 50
_ROW_EVALUATIONS = 15_000  # what a search may cost
_SCREENED = 48  # rows that a path is tried on before it is followed on all
_FARTHEST = 20_000  # decimal digits: the smallest distance is 10**-_FARTHEST
_COLLAPSE = 20  # the digits of the first distance of a collapsing scale
_STEADY = mpmath.mpf("0.5")  # of the first rise, which the second must reach
_MOST_PROFILED = 3  # parameters: more are not eliminated within a few seconds


@dataclass(frozen=True, slots=True)
class Path:
    """A path on which the log-likelihood was seen to grow without bound.

    sentence: which parameter goes where.  heights: (decimal digits of unit/distance, log-likelihood
    of the whole sample) at its three points.  rate: by how much it rises when log(1/distance)
    does by one.  known: CHECKED, at many digits; no proof.
    """

    sentence: str
    heights: tuple[tuple[int, float], ...]
    rate: float
    known: Known = Known.CHECKED


@dataclass(frozen=True, slots=True)
class _Site:
    """What vanishes where: `base` at the row `index`, by moving `parameter` to `place`.

    base None: nothing vanishes by itself, and `scale` goes to its end instead: to infinity where
    `far`, else to zero.
    unit: what a distance is measured in, so that the unit of the data does not matter.
    """

    parameter: sp.Symbol
    place: mpmath.mpf
    index: int
    base: sp.Expr | None
    scale: sp.Symbol | None
    unit: mpmath.mpf
    far: bool = False


def unbounded_path(
    derivation: Derivation,
    rows: Rows,
    counts: Sequence[mpmath.mpf],
    theta: Mapping[sp.Symbol, object],
) -> Path | None:
    """A path on which the likelihood of these data is unbounded, or None where none was found.

    rows: distinct rows by data symbol; counts: how much each weighs.  theta: a number for each
    parameter, such as the maximum found; the parameters that a path does not move stay there, or
    at a few other values.  None proves nothing.  Costs at most a few seconds.
    """
    model = derivation.model
    if model.discrete or not 0 < 3 * len(counts) <= _ROW_EVALUATIONS:
        return None  # a probability is at most one; and one path must be affordable
    with mpmath.workdps(_DIGITS):
        start = {s: mpmath.mpf(theta[s]) for s in model.symbols}
        search = _Search(derivation, rows, list(counts), start)
        for others in _elsewhere(model, start, mpmath.fsum(counts)):
            for site in search.sites(others):
                if search.left <= 0:
                    return None
                path = search.along(site, others)
                if path is not None:
                    return path
    return None


def _elsewhere(model: Model, start: Numbers, n: mpmath.mpf) -> Iterator[Numbers]:
    """The point itself, then with one parameter at a value that is often fatal."""
    yield start
    for parameter in model.parameters:
        where = parameter.domain
        values = [mpmath.mpf(-2)] if where.lower == -sp.oo else []
        if where.lower == 0 and where.upper == sp.oo:
            values = [mpmath.mpf(1) / 2, 1 / (4 * n)]
        for value in values:
            yield start | {parameter.symbol: value}


class _Search:
    """What the paths of one model on one sample share."""

    def __init__(
        self, derivation: Derivation, rows: Rows, counts: list[mpmath.mpf], start: Numbers
    ) -> None:
        self.model = derivation.model
        self.start = start
        self.average = derivation.average_log_likelihood
        self.rows = rows
        self.counts = counts
        self.total = mpmath.fsum(counts)
        self.left = _ROW_EVALUATIONS
        sizes = [abs(v) for column in rows.values() for v in column if v]
        self.decades = max((int(abs(mpmath.log10(size))) for size in sizes), default=0)
        self.density = split_logs(self.model)
        self.symbols = [*rows, *self.model.symbols]
        self.function = compiled(self.density, self.symbols)
        self.kept: list[int] = []
        self.shares: list[mpmath.mpf] = []
        self._profiles: dict[sp.Symbol, dict[sp.Symbol, sp.Expr]] = {}

    def row(self, index: int) -> Numbers:
        return {symbol: column[index] for symbol, column in self.rows.items()}

    def sites(self, others: Numbers) -> Iterator[_Site]:
        """Where to go from a point: ends first, then collapses."""
        for base in _bases(self.density):
            for parameter in self.model.parameters:
                yield from self._ends(base, parameter, others)
        scales = [
            p.symbol
            for p in self.model.parameters
            if p.domain.lower == 0 and p.domain.upper == sp.oo
        ]
        for parameter in self.model.parameters:
            column = _located(self.density, parameter.symbol) or self._scaled(parameter.symbol)
            if column is None:
                continue
            for index in self._marked(column):
                for scale in scales:
                    if scale != parameter.symbol:
                        place = self.rows[column][index]
                        unit = self.start[scale]
                        yield _Site(parameter.symbol, place, index, None, scale, unit)
                        if len(self.counts) == 1:
                            yield _Site(parameter.symbol, place, index, None, scale, unit, True)

    def _scaled(self, symbol: sp.Symbol) -> sp.Symbol | None:
        """The column in whose unit a parameter is measured, where all rows are equal."""
        if len(self.counts) > 1 or len(self.rows) > 1:
            return None
        exponents = invariance(self.model).scale
        own = exponents and exponents[self.model.symbols.index(symbol)] == 1
        return next(iter(self.rows)) if own else None

    def _marked(self, column: sp.Symbol) -> list[int]:
        """The heaviest row, the smallest and the largest."""
        values = self.rows[column]
        every = range(len(values))
        heaviest = max(every, key=lambda i: self.counts[i])
        return list(dict.fromkeys([heaviest, min(every, key=values.__getitem__)]))

    def _ends(self, base: sp.Expr, parameter: Variable, others: Numbers) -> Iterator[_Site]:
        symbol = parameter.symbol
        columns = [s for s in base.free_symbols if isinstance(s, Datum)]
        if symbol not in base.free_symbols or len(columns) != 1:
            return
        whole = Variable(symbol, Domain("real", -sp.oo, sp.oo))
        solution = isolate(base, whole)
        if solution is None or solution.value.has(symbol):
            return
        values = self.rows[columns[0]]
        every = range(len(values))
        for index in {min(every, key=values.__getitem__), max(every, key=values.__getitem__)}:
            try:
                place = tree_value(solution.value, others | self.row(index))
            except (ZeroDivisionError, InputError):
                continue
            if not _lies_in(parameter.domain, place):
                continue
            here = others | {symbol: place}
            inside = steps([base], list(self.rows))
            at_rows = inside.over(zip(*self.rows.values(), strict=True), here)
            rest = sorted(value for i, (value,) in enumerate(at_rows) if i != index)
            if all(value > 0 for value in rest):
                unit = rest[len(rest) // 2] if rest else mpmath.mpf(1)
                yield _Site(symbol, place, index, base, None, unit)

    def along(self, site: _Site, others: Numbers) -> Path | None:
        """The path through a site, if the likelihood grows on it."""
        for profiled in (True, False) if site.base is not None else (False,):
            values = self._profile(site.parameter) if profiled else {}
            if profiled and not values:
                continue
            first = _COLLAPSE + self.decades
            if site.base is not None:
                first = min(10 * max(3, int(self.total)) + self.decades, _FARTHEST // 3)
            heights: list[tuple[int, mpmath.mpf]] = []
            for few in (True, False):
                if few and len(self.counts) <= _SCREENED:
                    continue
                self._choose(site.index, few)
                heights = self._heights(site, others, values, first)
                if not heights:
                    break
            if heights:
                rate = (heights[2][1] - heights[1][1]) * self.total / (first * mpmath.log(10))
                told = tuple((d, float(h * self.total)) for d, h in heights)
                return Path(self._sentence(site, others, values), told, float(rate))
        return None

    def _choose(self, index: int, few: bool) -> None:
        """The rows to be passed over: all, or the site's own and a share of the others.

        A path that is none shows itself by few rows, whose weights stand for all the others.
        """
        every = range(len(self.counts))
        step = -(-len(self.counts) // _SCREENED) if few else 1
        self.kept = [i for i in every if i == index or i % step == 0]
        own = self.counts[index]
        rest = mpmath.fsum(self.counts[i] for i in self.kept if i != index)
        factor = (self.total - own) / rest if rest else mpmath.mpf(1)
        self.shares = [own if i == index else factor * self.counts[i] for i in self.kept]

    def _heights(
        self, site: _Site, others: Numbers, values: dict[sp.Symbol, sp.Expr], first: int
    ) -> list[tuple[int, mpmath.mpf]]:
        """(digits, height) at three points of a path on which it grows steadily; else none."""
        heights: list[tuple[int, mpmath.mpf]] = []
        for digits in (first, 2 * first, 3 * first):
            try:
                height = self._height(site, others, values, digits)
            except (ArithmeticError, ValueError, InputError):
                return []
            if not mpmath.isfinite(height) or (heights and not height > heights[-1][1]):
                return []
            heights.append((digits, height))
        rises = [b[1] - a[1] for a, b in pairwise(heights)]
        steady = rises[1] > _STEADY * rises[0] and rises[0] > mpmath.mpf("1e-6")
        return heights if steady else []

    def _profile(self, symbol: sp.Symbol) -> dict[sp.Symbol, sp.Expr]:
        """The other parameters in closed form given this one; empty where there is none."""
        if symbol not in self._profiles:
            rest = tuple(p for p in self.model.parameters if p.symbol != symbol)
            if len(rest) > _MOST_PROFILED:
                return {}
            gradient = {p.symbol: self.average.diff(p.symbol) for p in rest}
            left = eliminate(gradient, rest)
            solved = {} if left.unknowns else back_substituted(left.solved)
            self._profiles[symbol] = solved
        return self._profiles[symbol]

    def _height(
        self, site: _Site, others: Numbers, profile: dict[sp.Symbol, sp.Expr], digits: int
    ) -> mpmath.mpf:
        """The average log-likelihood where the distance is 10**-digits of its unit."""
        distance = site.unit * mpmath.mpf(10) ** -digits
        point = others | {site.parameter: site.place}
        if site.scale is not None:
            point[site.scale] = site.unit**2 / distance if site.far else distance
        for symbol, value in profile.items():
            point[symbol] = self._with_means(value, site, point, distance)
        return self._mean(self.density, site, point, distance, self.function)

    def _with_means(
        self, expr: sp.Expr, site: _Site, point: Numbers, distance: mpmath.mpf
    ) -> mpmath.mpf:
        letters: dict[OverData, sp.Symbol] = {}
        values: Numbers = {}
        for node in nodes([expr]):
            if isinstance(node, OrderStatistic) or nodes(node.args):
                raise InputError(f"{node} is not looked at on a path")
            letters[node] = sp.Dummy()
            values[letters[node]] = self._node(node, site, point, distance)
        return mpmath.re(tree_value(expr.xreplace(letters), point | values))

    def _node(
        self, node: OverData, site: _Site, point: Numbers, distance: mpmath.mpf
    ) -> mpmath.mpf:
        if not isinstance(node, SampleCovariance):
            return self._mean(node.args[0], site, point, distance)
        first, second = (self._column(arg, site, point, distance) for arg in node.args)
        centres = [self._average(column) for column in (first, second)]
        products = [(a - centres[0]) * (b - centres[1]) for a, b in zip(first, second, strict=True)]
        return self._average(products)

    def _mean(
        self,
        inside: sp.Expr,
        site: _Site,
        point: Numbers,
        distance: mpmath.mpf,
        function: Callable[..., mpmath.mpf] | None = None,
    ) -> mpmath.mpf:
        return self._average(self._column(inside, site, point, distance, function))

    def _average(self, column: Sequence[mpmath.mpf]) -> mpmath.mpf:
        return mpmath.fdot(self.shares, column) / self.total

    def _column(
        self,
        inside: sp.Expr,
        site: _Site,
        point: Numbers,
        distance: mpmath.mpf,
        function: Callable[..., mpmath.mpf] | None = None,
    ) -> list[mpmath.mpf]:
        """Row by row; at the site the vanishing base is the distance itself, not a difference."""
        call = function or compiled(inside, self.symbols)
        self.left -= len(self.kept)
        constants = [point[s] for s in self.model.symbols]
        found = []
        for i in self.kept:
            here = self.row(i)
            if i == site.index and site.base is not None:
                letter = sp.Dummy(positive=True)
                near = inside.xreplace({site.base: letter, -site.base: -letter})
                value = tree_value(near, point | here | {letter: distance})
            else:
                value = call(*here.values(), *constants)
            found.append(mpmath.re(value))
        return found

    def _sentence(self, site: _Site, others: Numbers, profile: Mapping[sp.Symbol, object]) -> str:
        place = f"{site.parameter} goes to {mpmath.nstr(site.place, 8)}"
        moved = {site.parameter, site.scale, *profile}
        held = ", ".join(f"{s} = {mpmath.nstr(v, 6)}" for s, v in others.items() if s not in moved)
        with_others = f" with {held}" if held else ""
        if site.scale is not None:
            end = "infinity" if site.far else "0"
            place = (
                f"{site.scale} goes to {end} with {site.parameter} at the observation "
                f"{mpmath.nstr(site.place, 8)}"
            )
            with_others = f" and {held}" if held else ""
        return f"the likelihood grows without bound as {place}{with_others}"


def _bases(density: sp.Expr) -> list[sp.Expr]:
    """What stands in a log or under a power and holds both data and parameters."""
    inside = [call.args[0] for call in density.atoms(sp.log)]
    inside += [power.base for power in density.atoms(sp.Pow)]
    found = dict.fromkeys(
        each
        for each in inside
        if each.is_Add
        and has_data(each)
        and any(not isinstance(s, Datum) for s in each.free_symbols)
        and not each.has(sp.exp)
    )
    return sorted(found, key=sp.default_sort_key)


def _located(density: sp.Expr, symbol: sp.Symbol) -> sp.Symbol | None:
    """The column x where x - symbol stands in the density."""
    for total in density.atoms(sp.Add):
        for column in total.free_symbols:
            if isinstance(column, Datum) and total in (column - symbol, symbol - column):
                return column
    return None


def _lies_in(where: Domain, value: mpmath.mpf) -> bool:
    if mpmath.im(value) != 0 or not (where.lower.is_number and where.upper.is_number):
        return bool(mpmath.im(value) == 0)
    return where.contains(sp.Float(value, _DIGITS)) is not False
