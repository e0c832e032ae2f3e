"""A user's own gradient against the derived score."""

import importlib.util
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import sympy as sp

from symmle.diagnosis.case import Case
from symmle.diagnosis.running import Floats
from symmle.errors import InputError

_ALIKE = 1e-6  # relative difference of two values that are the same gradient
_NAMES = ("score", "gradient", "grad")
_FAULTS = (
    ArithmeticError, AttributeError, ImportError, LookupError, NameError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError,
)  # fmt: skip
_SHARES = (0.0, 0.35, 0.7, 1.1, 1.4)  # of the way from the start to the target, compared at


def compared(case: Case, file: str, start: Mapping[sp.Symbol, float]) -> str:
    """What is wrong with the gradient of a file, as a sentence; "" where it is right.

    The file's function `score` (or `gradient`, `grad`) takes the columns of the data, then the
    parameters by name, and returns one number a parameter, in their order: of the average
    log-likelihood.  Running the file is running the user's own program.
    Raises InputError for a file or a function that cannot be used.
    """
    function = _function(file)
    theirs, ours, points = [], [], []
    for point in _points(case, start):
        slopes = [float(case.number(each, point)) for each in case.score.gradient]
        if not all(map(math.isfinite, slopes)):
            continue
        ours.append(slopes)
        theirs.append(_called(case, function, file, point))
        points.append(point)
    return _difference(case, np.array(theirs), np.array(ours), points)


def _function(file: str) -> Callable[..., object]:
    path = Path(file)
    if not path.is_file():
        raise InputError(f"--gradient: the file {file!r} was not found")
    found = importlib.util.spec_from_file_location("their_gradient", path)
    if found is None or found.loader is None:
        raise InputError(f"--gradient: {file!r} is no Python file; give one that ends with .py")
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except _FAULTS as error:
        raise InputError(f"--gradient: {file!r} cannot be run: {error}") from error
    for name in _NAMES:
        function = getattr(module, name, None)
        if callable(function):
            return cast(Callable[..., object], function)
    raise InputError(f"--gradient: {file!r} has no function named {' or '.join(_NAMES)}")


def _points(case: Case, start: Mapping[sp.Symbol, float]) -> Iterator[dict[sp.Symbol, float]]:
    """The start, and points on the line through the target, inside the domains."""
    ends = case.targets[0] if case.targets else {s: 2 * v + 1 for s, v in start.items()}
    for k, share in enumerate(_SHARES):
        bent = [share + 0.05 * i * k for i in range(len(start))]  # not all on one line
        point = {s: v + t * (ends[s] - v) for t, (s, v) in zip(bent, start.items(), strict=True)}
        inside = (v.domain.contains(sp.Float(point[v.symbol])) is not False for v in case.variables)
        if all(inside):
            yield point


def _called(
    case: Case, function: Callable[..., object], file: str, point: Mapping[sp.Symbol, float]
) -> list[float]:
    names = {symbol.name: value for symbol, value in point.items()}
    try:
        found = function(*case.columns.rows.values(), **names)
        slopes = [float(each) for each in np.ravel(np.asarray(found, dtype=float))]
    except _FAULTS as error:
        raise InputError(
            f"--gradient: {file!r} failed at {', '.join(f'{n}={v:.4g}' for n, v in names.items())}"
            f": {error}"
        ) from error
    if len(slopes) != len(point):
        raise InputError(
            f"--gradient: {file!r} gives {len(slopes)} numbers, and there are {len(point)} "
            f"parameters: {', '.join(names)}"
        )
    return slopes


def _difference(
    case: Case, theirs: Floats, ours: Floats, points: list[dict[sp.Symbol, float]]
) -> str:
    """The first parameter whose slope differs, and how, where a rule is seen."""
    if not len(ours):
        return ""
    size = np.max(np.abs(ours), axis=0)
    wrong = np.any(np.abs(theirs - ours) > _ALIKE * (np.abs(ours) + 1e-3 * size), axis=0)
    if not np.any(wrong):
        return ""
    rows = len(case.columns.shares)
    shares = theirs / np.where(ours == 0, np.nan, ours)
    common = _constant(shares.ravel())
    if common is not None:
        told = " (that is the number of rows: a sum instead of a mean)" if common == rows else ""
        return f"the gradient is wrong by a factor {common:.6g} in every parameter{told}"
    place = int(np.argmax(wrong))
    name = case.variables[place].name
    told = f"the gradient is wrong in {name}"
    own = _constant(shares[:, place])
    if own is not None:
        return f"{told}: it is {own:.6g} times the derivative of the average log-likelihood"
    gap = theirs[:, place] - ours[:, place]
    for term in sp.Add.make_args(sp.expand(case.score.gradient[place])):
        values = np.array([float(case.number(term, point)) for point in points])
        taken = _constant(gap / np.where(values == 0, np.nan, values))
        if taken is not None:
            how = f"is taken {1 + taken:.6g} times"
            if abs(taken + 1) < _ALIKE:
                how = "is missing"
            elif abs(taken + 2) < _ALIKE:
                how = "has the wrong sign"
            return f"{told}: the term {term} {how}"
    at = ", ".join(f"{s.name} = {v:.4g}" for s, v in points[0].items())
    return (
        f"{told}: at {at} it is {theirs[0, place]:.7g}, and the derivative of the average "
        f"log-likelihood is {ours[0, place]:.7g}"
    )


def _constant(values: Floats) -> float | None:
    """The number that all of them are, but for rounding; None where they differ."""
    if len(values) < 2 or not np.all(np.isfinite(values)):
        return None
    middle = float(np.median(values))
    alike = np.all(np.abs(values - middle) <= 10 * _ALIKE * (1 + abs(middle)))
    return float(f"{middle:.6g}") if alike and abs(middle) > 1e-9 else None
