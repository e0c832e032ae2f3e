"""Doubt a program, function by function, against the density at one row and 60 digits."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import mpmath

from symmle.budget import bounded
from symmle.codegen import Plan, generate, load, make_plan
from symmle.derive import Derivation, derive
from symmle.errors import BudgetError, InputError
from symmle.estimate import Estimator, estimate
from symmle.known import Known
from symmle.model import Model
from symmle.precise import evaluate
from symmle.sample_mean import SampleCovariance, SampleMean
from symmle.verify.case import Check
from symmle.verify.places import Place, joined, places, simpler
from symmle.verify.programs import FAULTS, FUNCTIONS, POINTWISE, Program, PythonProgram, Refused
from symmle.verify.truth import DIGITS, Jet, Number, Numbers, Rows, Truth, averages

_ROOM = mpmath.mpf(2) ** -39  # of the condition: 16,384 roundings
_ROOM_OF_FIT = mpmath.mpf(2) ** -42  # its condition is that of a root, and often large
_POLISHINGS = 4
_MANY = 3000  # repetitions of a sample of seven rows: more than any block of a sum
_MOST = 10  # places of a step: it takes many derivatives
_SECONDS = 60.0  # of one function
_NAMES = f"their definitions at {DIGITS} digits"
_BAD = "rows that are no data, and weights that are no weights"
_ROAD = f"the typed density, row by row at {DIGITS} digits"


class Doubts:
    """A model's truth at the places where programs are doubted; made once for many programs."""

    def __init__(self, model: Model) -> None:
        """Raises InputError where the density has a function without values at many digits."""
        self.model = model
        self.truth = Truth(model)
        self._rows: dict[tuple[object, ...], Rows | None] = {}
        self._slopes: dict[tuple[object, ...], tuple[Numbers, ...] | None] = {}
        self._wanted: dict[tuple[str, Place], Numbers | None] = {}
        self.places = places(model, lambda place: self.jet(place) is not None)
        if not self.places:
            raise InputError(f"no point was found at which {model.name} has a finite density")

    @cached_property
    def samples(self) -> tuple[Place, ...]:
        """The first place of each sample."""
        found = {place.columns: place for place in reversed(self.places)}
        return tuple(reversed(found.values()))

    def jet(self, place: Place) -> Jet | None:
        """Value, score and Hessian; None where the density has no finite value."""
        key = place.columns, place.theta
        if key not in self._rows:
            self._rows[key] = self._jet_of_rows(place)
        rows = self._rows[key]
        return None if rows is None else rows.average(place.weights)

    def _jet_of_rows(self, place: Place) -> Rows | None:
        try:
            found = self.truth.jet(place.columns, place.theta)
        except (ArithmeticError, ValueError):
            return None
        values = [number.value for row in found.rows for number in row]
        return found if all(map(mpmath.isfinite, values)) else None

    def slopes(self, place: Place, theta: Sequence[mpmath.mpf]) -> Numbers | None:
        """The score at a point of many digits."""
        key = place.columns, *theta
        if key not in self._slopes:
            try:
                self._slopes[key] = self.truth.slopes(place.columns, theta)
            except (ArithmeticError, ValueError):
                self._slopes[key] = None
        rows = self._slopes[key]
        return None if rows is None else averages(rows, place.weights)

    def wanted(self, name: str, place: Place) -> Numbers | None:
        """What a function should give; None where there is nothing to compare."""
        key = name, place
        if key not in self._wanted:
            with mpmath.workdps(DIGITS):
                self._wanted[key] = _WANTED[name](self, place)
        return self._wanted[key]

    def step(self, place: Place) -> float:
        """A step that stays well inside the domain, and does not enlarge a rounding error."""
        jet = self.jet(place)
        assert jet is not None
        room = mpmath.mpf("0.37")
        for value, slope, parameter in zip(
            place.theta, jet.score, self.model.parameters, strict=True
        ):
            ends = [
                end for end in (parameter.domain.lower, parameter.domain.upper) if end.is_finite
            ]
            near = [abs(value - float(end)) for end in ends if end.is_number]
            if slope.value:
                room = min(room, min([1.0, *near]) / 20 / abs(slope.value))
        for entry in jet.hessian:
            if entry.value:
                room = min(room, 1 / abs(4 * entry.value))
        return float(f"{float(room):.2g}")

    @cached_property
    def derivation(self) -> Derivation:
        """What is derived of the model; used to say which data have an estimate, no more."""
        return derive(self.model)

    @cached_property
    def estimator(self) -> Estimator:
        """What is known of its estimate."""
        return estimate(self.derivation)

    @cached_property
    def plan(self) -> Plan:
        """The plan of its module: what the statistics are called."""
        return make_plan(self.derivation, self.estimator)

    @cached_property
    def trusted(self) -> Program:
        """The module that is generated for NumPy."""
        made = load(generate(self.derivation, self.estimator), "symmle_trusted")
        return PythonProgram(made)


@dataclass(frozen=True, slots=True)
class Fault:
    """What a function gave at a place, for a step if it takes one, and what it should give."""

    place: Place
    step: float | None
    given: str
    wanted: str

    def text(self, model: Model) -> str:
        """The smallest failing example, as a person reads it."""
        at = self.place.text(model) + ("" if self.step is None else f", step = {self.step!r}")
        return f"at {at} it gives {self.given}, not {self.wanted}"


def check_program(program: Program, doubts: Doubts, is_ours: bool) -> Iterator[Check]:
    """Every function that the program offers, at every place; the smallest failure is told.

    is_ours: whether symmle wrote it, so that it also promises statistics by name and refusals.
    """
    for name in FUNCTIONS:
        if name in program.offers:
            yield _in_time(name, _ROAD, partial(check_function, name, program, doubts))
    if is_ours:
        yield _in_time("the statistics", _NAMES, lambda: check_statistics(program, doubts))
        yield _in_time("refusals", _BAD, lambda: check_refusals(program, doubts))


def _in_time(claim: str, road: str, check: Callable[[], Check]) -> Check:
    try:
        return bounded(_SECONDS, check)
    except BudgetError:
        why = f"out of time: more than {_SECONDS:g} s of the processor"
        return Check(claim, road, Known.UNKNOWN, None, why)


def check_function(name: str, program: Program, doubts: Doubts) -> Check:
    """One function at its places."""
    count = 0
    for found in faults_of(name, program, doubts):
        count += 1
        if found is not None:
            smallest = simpler(
                found.place,
                doubts.model,
                lambda other: fault_at(name, program, doubts, other) is not None,
            )
            found = fault_at(name, program, doubts, smallest) or found
            if name == "fit":  # no point is given to it
                found = replace(found, place=replace(found.place, theta=()))
            return Check(name, _ROAD, Known.CHECKED, False, found.text(doubts.model))
    if not count:
        return Check(name, _ROAD, Known.UNKNOWN, None, "no place was found to compare at")
    return Check(name, _ROAD, Known.CHECKED, True, f"{count} places")


def faults_of(name: str, program: Program, doubts: Doubts) -> Iterator[Fault | None]:
    """The fault of a function at each of its places; None where there is none."""
    for place in _places_of(name, doubts):
        is_taken = place.weights is None or program.takes_weights(name)
        if is_taken and doubts.wanted(name, place) is not None:
            yield fault_at(name, program, doubts, place)


def _places_of(name: str, doubts: Doubts) -> Iterator[Place]:
    """Where a function is compared: the tame places first; then weights, and many rows."""
    if name == "fit":
        kept = (*doubts.samples, joined(doubts.samples))
    else:
        kept = doubts.places if name in POINTWISE else doubts.places[:_MOST]
    yield from kept
    for place in kept if name in POINTWISE or name == "fit" else kept[:3]:
        yield place.weighted()
    if name in (*POINTWISE[:3], "fit"):
        yield replace(kept[0], repeat=_MANY)
    if name in (POINTWISE[0], "fit"):
        yield replace(kept[0].weighted(), repeat=_MANY)


def fault_at(name: str, program: Program, doubts: Doubts, place: Place) -> Fault | None:
    """What is wrong with a function at one place; None where nothing is."""
    wanted = doubts.wanted(name, place)
    if wanted is None:
        return None
    step = None if name in (*POINTWISE, "fit") else doubts.step(place)
    try:
        given = _CALLS[name](program, doubts, place)
    except Refused as error:
        return Fault(place, step, f"the error {error!s}", _told(wanted))
    except FAULTS as error:
        return Fault(place, step, f"{type(error).__name__}: {error}", _told(wanted))
    if len(given) != len(wanted):
        many = f"{len(given)} number{'s' * (len(given) != 1)}"
        return Fault(place, step, f"{many}: {_listed(given)}", _told(wanted))
    scale = max((number.condition for number in wanted if number.is_finite), default=mpmath.mpf(0))
    labels = _labels(name, doubts.model, len(wanted))
    for label, mine, true in zip(labels, given, wanted, strict=True):
        if not true.is_finite:
            continue
        # beside large entries, a 0 may be rounded
        room = (_ROOM_OF_FIT if name == "fit" else _ROOM) * max(true.condition, scale / 1000)
        if not math.isfinite(mine) or abs(mpmath.mpf(mine) - true.value) > room:
            if name == "fit" and _is_another_maximum(doubts, place, given, wanted):
                return None
            return Fault(place, step, f"{mine!r}{label}", _number(true))
    return None


def _labels(name: str, model: Model, count: int) -> list[str]:
    names = [parameter.name for parameter in model.parameters]
    if name == "average_log_likelihood":
        return [""]
    if name == "hessian":
        return [f" in {one}, {other}" for one in names for other in names]
    return [f" in {each}" for each in names] * (count // len(names))


def _told(wanted: Numbers) -> str:
    return ", ".join(_number(each) for each in wanted)


def _number(true: Number) -> str:
    near = float(true.value)
    text = repr(near) if math.isfinite(near) and near else str(mpmath.nstr(true.value, 17))
    return text.removesuffix(".0")


def _listed(values: Sequence[float]) -> str:
    return f"[{', '.join(map(repr, values))}]"


# what each function should give


def _value(doubts: Doubts, place: Place) -> Numbers | None:
    jet = doubts.jet(place)
    return None if jet is None else (jet.value,)


def _score(doubts: Doubts, place: Place) -> Numbers | None:
    jet = doubts.jet(place)
    return None if jet is None else jet.score


def _hessian(doubts: Doubts, place: Place) -> Numbers | None:
    jet = doubts.jet(place)
    return None if jet is None else jet.hessian


def _newton(doubts: Doubts, place: Place) -> Numbers | None:
    """theta - H^-1 s, with the condition of elimination (Higham 2002, theorem 9.5)."""
    jet = doubts.jet(place)
    if jet is None or (inverse := _inverse(jet)) is None:
        return None  # of a singular Hessian: many points, or none
    p = range(len(place.theta))
    moves = [-mpmath.fsum(inverse[i, j] * jet.score[j].value for j in p) for i in p]
    largest = max(entry.condition for entry in jet.hessian)
    sizes = [jet.score[j].condition + largest * mpmath.fsum(map(abs, moves)) for j in p]
    return tuple(
        Number(
            place.theta[i] + moves[i],
            abs(place.theta[i]) + mpmath.fsum(abs(inverse[i, j]) * sizes[j] for j in p),
        )
        for i in p
    )


def _inverse(jet: Jet) -> mpmath.matrix | None:
    p = len(jet.score)
    bend = mpmath.matrix(p, p)
    for k, entry in enumerate(jet.hessian):
        bend[k // p, k % p] = entry.value
    try:
        inverse = bend**-1
    except ZeroDivisionError:
        return None
    size = mpmath.mnorm(bend, 1) * mpmath.mnorm(inverse, 1)
    return inverse if size < mpmath.mpf(10) ** 12 else None


def _simultaneous(doubts: Doubts, place: Place) -> Numbers | None:
    return _moved(doubts, place, [range(len(place.theta))])


def _alternating(doubts: Doubts, place: Place) -> Numbers | None:
    return _moved(doubts, place, [[i] for i in range(len(place.theta))])


def _gradient_ascent(doubts: Doubts, place: Place) -> Numbers | None:
    p = len(place.theta)
    one = _moved(doubts, place, [range(p)] * 2)
    other = _moved(doubts, place, [[i] for i in range(p)] * 2)
    return None if one is None or other is None else (*one, *other)


def _coordinate_ascent(doubts: Doubts, place: Place) -> Numbers | None:
    return _moved(doubts, place, [[i] for i in range(len(place.theta)) for _ in range(2)])


def _moved(doubts: Doubts, place: Place, moves: Sequence[Sequence[int]]) -> Numbers | None:
    """Gradient steps from a place; each move is of the parameters by number."""
    if doubts.jet(place) is None:
        return None
    g = mpmath.mpf(doubts.step(place))
    theta = [mpmath.mpf(value) for value in place.theta]
    sizes = [abs(value) for value in theta]
    for move in moves:
        slopes = doubts.slopes(place, theta)
        if slopes is None or not all(slope.is_finite for slope in slopes):
            return None
        for i in move:
            theta[i] += g * slopes[i].value
            sizes[i] += g * slopes[i].condition
    return tuple(Number(value, 2 * size) for value, size in zip(theta, sizes, strict=True))


def _fit(doubts: Doubts, place: Place) -> Numbers | None:
    """The estimate: the root of the score near the one that our own module gives.

    With the condition that the score and the Hessian leave it.  Where the score does not vanish
    at an estimate, or has kinks, it is the one that our module gives.
    """
    try:
        found = doubts.trusted.fit(place.all_columns, place.all_weights)
    except Refused:
        return None
    if not (doubts.estimator.follows_score and doubts.derivation.smooth):
        return tuple(Number(mpmath.mpf(v), 4 * (1 + abs(mpmath.mpf(v)))) for v in found)
    theta = [mpmath.mpf(value) for value in found]
    p = range(len(theta))
    for _ in range(_POLISHINGS):
        jet = doubts.jet(replace(place, theta=tuple(theta), repeat=1))
        inverse = None if jet is None else _inverse(jet)
        if jet is None or inverse is None:
            return None  # flat: the digits of an estimate mean nothing
        moves = [mpmath.fsum(inverse[i, j] * jet.score[j].value for j in p) for i in p]
        theta = [value - move for value, move in zip(theta, moves, strict=True)]
        sizes = [mpmath.fsum(abs(inverse[i, j]) * jet.score[j].condition for j in p) for i in p]
    if any(abs(move) > abs(value) * _ROOM**2 for value, move in zip(theta, moves, strict=True)):
        return None  # no root is near
    return tuple(Number(v, 4 * abs(v) + size) for v, size in zip(theta, sizes, strict=True))


def _is_another_maximum(
    doubts: Doubts, place: Place, given: Sequence[float], wanted: Numbers
) -> bool:
    """Whether an estimate is as good as ours, and not the same one but for a small error."""
    far = any(
        abs(mine - other.value) > (1 + abs(other.value)) / 1000
        for mine, other in zip(given, wanted, strict=True)
    )
    if not (far or doubts.estimator.optima) or not all(map(math.isfinite, given)):
        return False
    ours = tuple(float(each.value) for each in wanted)
    one = doubts.jet(replace(place, theta=tuple(given), repeat=1))
    other = doubts.jet(replace(place, theta=ours, repeat=1))
    if one is None or other is None:
        return False
    return bool(one.value.value >= other.value.value - _ROOM * other.value.condition)


_WANTED: dict[str, Callable[[Doubts, Place], Numbers | None]] = {
    "average_log_likelihood": _value,
    "score": _score,
    "hessian": _hessian,
    "newton_step": _newton,
    "step_simultaneous": _simultaneous,
    "step_alternating": _alternating,
    "gradient_ascent": _gradient_ascent,
    "coordinate_ascent": _coordinate_ascent,
    "fit": _fit,
}


# what each function gives


def _called_at(name: str) -> Callable[[Program, Doubts, Place], list[float]]:
    def called(program: Program, doubts: Doubts, place: Place) -> list[float]:
        data = program.take(place.all_columns, place.all_weights)
        more = () if name in POINTWISE else (doubts.step(place),)
        return program.numbers(name, data, (*place.theta, *more))

    return called


def _climbed(program: Program, doubts: Doubts, place: Place) -> list[float]:
    columns, weights, step = place.all_columns, place.all_weights, doubts.step(place)
    ways = (program.climb(columns, weights, 2, step, place.theta, way) for way in (False, True))
    return [number for way in ways for number in way]


def _swept(program: Program, doubts: Doubts, place: Place) -> list[float]:
    rows = place.all_columns, place.all_weights
    return program.sweep(*rows, (2, 1), doubts.step(place), place.theta)


def _fitted(program: Program, _: Doubts, place: Place) -> list[float]:
    return program.fit(place.all_columns, place.all_weights)


_CALLS: dict[str, Callable[[Program, Doubts, Place], list[float]]] = {
    **{name: _called_at(name) for name in (*POINTWISE, "step_simultaneous", "step_alternating")},
    "gradient_ascent": _climbed,
    "coordinate_ascent": _swept,
    "fit": _fitted,
}


def check_statistics(program: Program, doubts: Doubts) -> Check:
    """The statistics by their names, and the number of rows."""
    claim, road = "the statistics", _NAMES
    for sample in doubts.samples:
        for place in (sample, sample.weighted(), replace(sample, repeat=_MANY)):
            try:
                data = program.take(place.all_columns, place.all_weights)
            except (Refused, *FAULTS) as error:
                return Check(claim, road, Known.CHECKED, False, f"{type(error).__name__}: {error}")
            for field, wanted in _statistics(doubts, place).items():
                given = program.field(data, field)
                if given is None:
                    continue
                if not abs(given - wanted.value) <= _ROOM * wanted.condition:
                    at = replace(place, theta=()).text(doubts.model)
                    detail = f"at {at} {field} is {given!r}, not {_number(wanted)}"
                    return Check(claim, road, Known.CHECKED, False, detail)
    return Check(claim, road, Known.CHECKED, True, f"{len(doubts.samples)} samples")


def _statistics(doubts: Doubts, place: Place) -> dict[str, Number]:
    """Means, variances and the sum of the weights, each with its condition."""
    symbols = [variable.symbol for variable in doubts.model.data]
    found: dict[str, Number] = {}
    with mpmath.workdps(DIGITS):
        rows = dict(zip(symbols, ([*map(mpmath.mpf, c)] for c in place.columns), strict=True))
        weights = None if place.weights is None else [*map(mpmath.mpf, place.weights)]
        total = len(place.columns[0]) if weights is None else mpmath.fsum(weights)
        found["n"] = Number(mpmath.mpf(total * place.repeat), mpmath.mpf(total * place.repeat))
        for each in doubts.plan.statistics:
            if isinstance(each.node, SampleMean):
                sizes = SampleMean(abs(each.node.args[0]))
            elif isinstance(each.node, SampleCovariance):
                sizes = each.node.func(each.node.args[0], each.node.args[0]) + each.node.func(
                    each.node.args[1], each.node.args[1]
                )
            else:
                continue
            value, size = (evaluate(e, rows, {}, weights) for e in (each.node, sizes))
            found[each.field] = Number(value, abs(value) + size)
    return found


def check_refusals(program: Program, doubts: Doubts) -> Check:
    """Bad data are refused with a sentence."""
    claim, road = "refusals", _BAD
    place = doubts.samples[0]
    good = [list(column) for column in place.columns]
    rows = len(good[0])
    cases: list[tuple[str, list[list[float]], list[float] | None]] = [
        ("nan", [[math.nan, *column[1:]] for column in good], None),
        ("infinity", [[math.inf, *column[1:]] for column in good], None),
        ("no rows", [[] for _ in good], None),
        ("a negative weight", good, [-1.0, *([1.0] * (rows - 1))]),
        ("weights that are all zero", good, [0.0] * rows),
    ]
    for k, variable in enumerate(doubts.model.data):
        domain = variable.domain
        if domain.lower.is_number and domain.lower.is_finite and domain.period is None:
            outside = [list(column) for column in good]
            outside[k][0] = float(domain.lower) - 1
            cases.append(
                (f"{variable.name} = {outside[k][0]:g}, outside its domain", outside, None)
            )
    for what, columns, weights in cases:
        try:
            program.take(columns, weights)
        except Refused:
            continue
        except FAULTS as error:
            detail = f"{what}: {type(error).__name__}: {error}"
            return Check(claim, road, Known.CHECKED, False, detail)
        return Check(claim, road, Known.CHECKED, False, f"{what} is taken for data")
    for sample in doubts.samples:
        if _has_no_estimate(doubts, sample) and "fit" in program.offers:
            try:
                given = program.fit(sample.columns, None)
            except (Refused, *FAULTS):
                continue
            detail = f"at {replace(sample, theta=()).text(doubts.model)} there is no estimate, "
            return Check(
                claim, road, Known.CHECKED, False, f"{detail}but fit gives {_listed(given)}"
            )
    return Check(claim, road, Known.CHECKED, True, f"{len(cases)} cases")


def _has_no_estimate(doubts: Doubts, sample: Place) -> bool:
    try:
        doubts.trusted.fit(sample.columns, None)
    except Refused:
        return True
    return False
