"""The verbs as Python users call them: any model, any data, and records that show themselves.

    found = symmle.fit("gamma", [1.3, 0.4, 2.2])

The engine's `fit` takes a Model and a Sample and returns a plain record; here a name or a path
is as good as a Model, a list or a data frame as good as a Sample, and the record has a face.
Last of the rooms before `cli`, because it needs both the engine and the reports.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Real
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from symmle.coordinates import in_coordinates
from symmle.data import Sample, from_columns, read
from symmle.diagnosis import Case, Diagnosis, case_of_model
from symmle.diagnosis import diagnose as diagnose_case
from symmle.em import em
from symmle.errors import InputError
from symmle.families import FAMILIES, dimension_of_columns, family_model
from symmle.fit import Fit, Weights
from symmle.fit import fit as fit_sample
from symmle.fit.ranking import Ranking
from symmle.fit.ranking import rank as rank_sample
from symmle.model import Model, load_model
from symmle.report.diagnosis import diagnosis_text
from symmle.report.fit import fit_html, fit_markdown, fit_short, fit_text
from symmle.report.ranking import ranking_text
from symmle.schemes import (
    Scheme,
    alternating,
    expectation_maximisation,
    newton,
    scoring,
    simultaneous,
)
from symmle.ties import fix as tied


@runtime_checkable
class Frame(Protocol):
    """What a data frame of pandas or polars has, and all that is used of it."""

    @property
    def columns(self) -> Iterable[object]: ...

    def __getitem__(self, name: str) -> ArrayLike: ...


Assignments = Mapping[str, float | str] | Sequence[str]
Data = Sample | str | Path | Mapping[str, ArrayLike] | Frame | ArrayLike


@dataclass(frozen=True, slots=True, repr=False)
class FitResult(Fit):
    """A fit that shows itself: `repr` in a line, `str` as the full table, and in notebooks."""

    def __repr__(self) -> str:
        return f"<{fit_short(self)}>"

    def __str__(self) -> str:
        return fit_text(self)

    def _repr_html_(self) -> str:
        return fit_html(self)

    def _repr_markdown_(self) -> str:
        return fit_markdown(self)


def fit(
    model: Model | str | Path,
    data: Data,
    *,
    column: str | Sequence[str] | None = None,
    weights: str | ArrayLike | None = None,
    weights_are: Weights | str = Weights.FREQUENCIES,
    fix: Assignments = (),
    coordinates: Assignments = (),
    level: float = 0.95,
    drop_missing: bool = False,
    all_maxima: bool = False,
) -> FitResult:
    """The maximum-likelihood estimate, with its errors and how it is known.

    model: the name of a family, a Model, or the path of a model file (`*.toml`).
    data: a list, an array, a column or frame of pandas or polars, a mapping of columns, a
    Sample, or the path of a file (see `read`).
    column: which columns of a frame, a mapping or a file; one for each data symbol, in order.
    weights: one number a row, or the name of a column.
    weights_are: "frequencies" (repetitions of a row) or "probabilities" (of a survey).
    fix: parameters held or tied, `{"shape": 2.5}` or `["sd=mean"]`.
    coordinates: other parameters, `{"sigma": "log"}`; both they and the first are reported.
    level: coverage of the intervals.  drop_missing: leave out rows with a missing value.
    all_maxima: enclose every stationary point, where a few unknowns are left.
    Returns a record in every case: where there is no estimate, `status` and `message` say why.
    Raises InputError for a name, a file, a number or data that cannot be used, in one sentence.

    >>> import symmle
    >>> found = symmle.fit("exponential", [1.0, 2.0, 6.0])
    >>> found.estimate["rate"]
    0.3333333333333333
    >>> found.status.value, found.known.value
    ('ok', 'proved')
    >>> found
    <exponential, n = 3: rate = 0.3333333 (0.192); ok [proved]>
    """
    chosen = _model(_of_size(model, data, column, weights), fix, coordinates)
    sample = _sample(chosen, data, column, weights, drop_missing)
    found = fit_sample(chosen, sample, _coverage(level), _weighting(weights_are), all_maxima)
    return FitResult(*(getattr(found, each.name) for each in fields(found)))


@dataclass(frozen=True, slots=True, repr=False)
class RankingResult(Ranking):
    """A ranking that shows itself as its tables."""

    def __repr__(self) -> str:
        return ranking_text(self)


def rank(
    data: Data,
    families: Sequence[str] | None = None,
    *,
    column: str | None = None,
    weights: str | ArrayLike | None = None,
    level: float = 0.95,
    seconds: float = 10.0,
    drop_missing: bool = False,
) -> RankingResult:
    """Fit every family whose support admits one column of data, and rank by AIC.

    data, column, weights, level, drop_missing: as in `fit`; weights are repetitions of a row.
    families: names of the catalogue; all of it without.  seconds: for each family.
    Returns the fits in order, mass functions and densities apart, and why the rest have none.
    Raises InputError as `fit` does.
    """
    names = list(FAMILIES) if families is None else list(families)
    if not names:
        raise InputError("families names none; leave it out for all of the catalogue")
    one = next((each for each in map(family_model, names) if len(each.data) == 1), None)
    sample = _sample(one or family_model(names[0]), data, column, weights, drop_missing)
    found = rank_sample(sample, names, level, seconds)
    return RankingResult(found.n, found.ranked, found.unranked)


class DiagnosisResult(Diagnosis):
    """A diagnosis that shows itself as the command line prints it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return diagnosis_text(self)


def diagnose(
    model: Model | str | Path,
    data: Data,
    *,
    step: float,
    start: Mapping[str, float],
    scheme: str | Scheme = "simultaneous",
    iterations: int | None = None,
    column: str | Sequence[str] | None = None,
    weights: str | ArrayLike | None = None,
    fix: Assignments = (),
    coordinates: Assignments = (),
    drop_missing: bool = False,
) -> DiagnosisResult:
    """What a run of an update does, why, and what to do instead.

    model, data, column, weights, fix, coordinates, drop_missing: as for `fit`.
    step: positive.  start: a number for every parameter, in its domain.
    scheme: "simultaneous", "alternating", "newton", "scoring", "em", or a Scheme.
    iterations: updates at most; a million, or 20,000 where each passes over the data.
    Raises InputError for what cannot be used, in one sentence.

    >>> import symmle
    >>> x = [1.0, 2.0, 6.0]
    >>> found = symmle.diagnose("exponential", x, scheme="newton", step=1, start={"rate": 0.9})
    >>> found.outcome.value, found.remedy is not None
    ('leaves_domain', True)
    """
    chosen = _model(_of_size(model, data, column, weights), fix, coordinates)
    sample = _sample(chosen, data, column, weights, drop_missing)
    case = case_of_model(chosen, sample)
    names = {each.name for each in case.variables}
    if set(start) != names:
        raise InputError(f"the start must give {', '.join(sorted(names))}, not {[*start]}")
    if not 0 < float(step) < float("inf"):
        raise InputError(f"the step {step!r} is no positive number; give one such as 0.1")
    place = {symbol: float(start[symbol.name]) for symbol in case.symbols}
    found = diagnose_case(case, _scheme(scheme, case), sp.Float(float(step), 17), place, iterations)
    return DiagnosisResult(*(getattr(found, each.name) for each in fields(found)))


_SCHEMES = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "newton": newton,
    "scoring": scoring,
}


def _scheme(given: str | Scheme, case: Case) -> Scheme:
    if isinstance(given, Scheme):
        return given
    if given == "em" and case.model is not None:
        return expectation_maximisation(case.symbols, em(case.model).explicit())
    if given not in _SCHEMES:
        there = ", ".join((*_SCHEMES, "em"))
        raise InputError(f"the scheme {given!r} is none of {there}; or give a Scheme")
    return _SCHEMES[given](case.symbols)


def _of_size(
    given: Model | str | Path,
    data: Data,
    column: str | Sequence[str] | None,
    weights: str | ArrayLike | None,
) -> Model | str | Path:
    """A family that has a dimension, in that of the data's columns."""
    _require_rows(data)
    if not isinstance(given, str) or dimension_of_columns(given, 1) is None:
        return given
    if column is not None:
        count = 1 if isinstance(column, str) else len(column)
    elif isinstance(data, Mapping | Frame):
        names = {str(name) for name in _keys(data)}
        count = len(names - ({weights} if isinstance(weights, str) else set()))
    elif isinstance(data, Sample):
        count = len(data.columns)
    elif isinstance(data, str | Path) or np.ndim(data) != 2:
        return given
    else:
        count = np.shape(data)[1]
    return family_model(given, dimension_of_columns(given, count))


def _model(given: Model | str | Path, held: Assignments, coordinates: Assignments) -> Model:
    if isinstance(given, Model):
        model = given
    elif isinstance(given, str | Path):
        is_file = str(given).endswith(".toml")
        model = load_model(given) if is_file else family_model(str(given))
    else:
        raise InputError(
            f"the model is a {type(given).__name__}; give a family's name, a Model, or the path "
            "of a model file"
        )
    model = tied(model, _texts(held))
    return in_coordinates(model, _texts(coordinates))


def _texts(given: Assignments) -> list[str]:
    """`{"shape": 2.5}` as the command line has it: `shape=2.5`."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Mapping):
        return list(given)
    return [f"{k}={float(v)!r}" if isinstance(v, float) else f"{k}={v}" for k, v in given.items()]


def _coverage(level: object) -> float:
    if isinstance(level, Real):
        return float(level)
    raise InputError(f"the level {level!r} is no number; give one between 0 and 1, such as 0.95")


def _weighting(given: Weights | str) -> Weights:
    try:
        return Weights(given)
    except ValueError:
        there = " or ".join(repr(each.value) for each in Weights)
        raise InputError(f"weights are {there}, not {given!r}") from None


def _sample(
    model: Model,
    data: Data,
    column: str | Sequence[str] | None,
    weights: str | ArrayLike | None,
    drop_missing: bool,
) -> Sample:
    """Whatever the data are, as a checked sample."""
    _require_rows(data)
    names = None if column is None else [column] if isinstance(column, str) else list(column)
    if isinstance(data, Sample):
        if names is not None or weights is not None:
            raise InputError("a Sample has its columns and weights; give `read` what you want")
        return data
    if isinstance(data, str | Path):
        if weights is not None and not isinstance(weights, str):
            raise InputError("the data are a file, so give the weights as the name of a column")
        symbols = [variable.name for variable in model.data]
        own = model.name not in FAMILIES  # a family of the catalogue names no column of a file
        return read(data, names, weights, drop_missing, symbols, by_name=own)
    if isinstance(data, Mapping):
        return _from_table(model, data, [str(name) for name in data], names, weights, drop_missing)
    if isinstance(data, Frame):
        there = [str(name) for name in _keys(data)]
        return _from_table(model, data, there, names, weights, drop_missing)
    if names is not None:
        raise InputError(f"column={column!r} was given, but the data have no named columns")
    if isinstance(weights, str):
        raise InputError(f"weights={weights!r} names a column, but the data have none")
    return from_columns(_unnamed(model, data), _weights(weights), drop_missing)


def _require_rows(data: Data) -> None:
    """Before anything is asked of the data: a table to be collected warns when it is looked at."""
    if type(data).__name__ == "LazyFrame":
        raise InputError("a LazyFrame holds no rows yet; give what its collect() returns")


def _keys(table: Mapping[str, ArrayLike] | Frame) -> list[str]:
    """What a table calls its columns: the names of a data frame may be numbers, too."""
    there = table if isinstance(table, Mapping) else getattr(table, "column_names", table.columns)
    return list(there)


def _from_table(
    model: Model,
    table: Mapping[str, ArrayLike] | Frame,
    there: list[str],
    names: list[str] | None,
    weights: str | ArrayLike | None,
    drop_missing: bool,
) -> Sample:
    """Some columns of a table: those asked for, else the only ones, else those the model names."""
    wanted = [variable.name for variable in model.data]
    if names is None:
        left = [name for name in there if not (isinstance(weights, str) and name == weights)]
        names = left if len(left) == len(wanted) else wanted
    for name in [*names, *([weights] if isinstance(weights, str) else [])]:
        if name not in there:
            if not there:
                raise InputError("the table has no columns; give one for each of the symbols")
            raise InputError(
                f"there is no column {name!r} among {', '.join(there)}; name one for each of "
                f"{', '.join(wanted)} with column="
            )
    keys = dict(zip(there, _keys(table), strict=True))
    columns = {name: _numbers(table[keys[name]]) for name in names}
    weight = table[keys[weights]] if isinstance(weights, str) else weights
    return from_columns(columns, _weights(weight), drop_missing, "the table")


def _unnamed(model: Model, data: ArrayLike) -> dict[str, ArrayLike]:
    """A bare column, or a two-dimensional array with one column for each data symbol."""
    names = [variable.name for variable in model.data]
    numbers = _numbers(data)
    if len(names) == 1:
        return {names[0]: numbers}
    array = np.asarray(numbers)
    if array.ndim != 2 or array.shape[1] != len(names):
        raise InputError(
            f"{model.name} needs {len(names)} data columns ({', '.join(names)}), and the data "
            f"have the shape {array.shape}; give a mapping of columns, or an array of n rows"
        )
    return {name: array[:, i] for i, name in enumerate(names)}


def _weights(values: ArrayLike | None) -> ArrayLike | None:
    return None if values is None else _numbers(values)


def _numbers(values: ArrayLike) -> ArrayLike:
    """A column as it is; pandas' columns of nullable numbers as doubles with NaN."""
    dtype = getattr(values, "dtype", None)
    if not hasattr(dtype, "na_value"):
        return values
    convert = getattr(values, "to_numpy", None)
    if convert is None:
        return values
    kind = getattr(dtype, "kind", "O")
    if kind in "bO":
        objects = np.asarray(values, dtype=object)
        if kind == "b" or any(isinstance(value, str) for value in objects):
            return objects  # no numbers, though `to_numpy` would take them for some
    try:
        return np.asarray(convert(dtype=float, na_value=np.nan))
    except (TypeError, ValueError):
        return values
