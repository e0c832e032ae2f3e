"""A fit in other coordinates tells of the first parameters too, by invariance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from symmle.coordinates import Original, originals
from symmle.fit.record import Ends, Fit, Searched
from symmle.model import Model

Errors = Mapping[str, float | None]


def with_originals(found: Fit, model: Model) -> Fit:
    """The record with each first parameter beside its coordinate, where the model has an origin.

    estimate, maxima: mapped back; standard errors of every kind: by the delta method; intervals:
    the ends mapped back, so that they hold the same values.  Covariance, correlation and radius
    stay those of the coordinates.
    Source: Pawitan, In All Likelihood (2001), sections 2.8 and 4.7.
    """
    for each in originals(model):
        found = _with(found, each)
    return found


def _with(found: Fit, original: Original) -> Fit:
    estimate = found.estimate
    here = None if estimate is None else estimate.get(original.coordinate.name)
    if estimate is None or here is None:
        return found
    slope = abs(original.slope(here))
    return replace(
        found,
        estimate={**estimate, original.name: original.value(here)},
        standard_errors=_errors(found.standard_errors, original, slope),
        expected_standard_errors=_errors(found.expected_standard_errors, original, slope),
        sandwich_standard_errors=_errors(found.sandwich_standard_errors, original, slope),
        confidence_intervals=_intervals(found.confidence_intervals, original),
        profile_intervals=_profiles(found.profile_intervals, original),
        optima=_optima(found.optima, original),
        maxima=tuple(
            replace(each, estimate=_added(each.estimate, original)) for each in found.maxima
        ),
        search=_search(found.search, original),
        reasons={
            **found.reasons,
            **{
                name.removesuffix(original.coordinate.name) + original.name: why
                for name, why in found.reasons.items()
                if name.endswith(f".{original.coordinate.name}")
            },
        },
    )


def _added(point: Mapping[str, float], original: Original) -> dict[str, float]:
    name = original.coordinate.name
    return {**point, original.name: original.value(point[name])} if name in point else {**point}


def _search(found: Searched | None, original: Original) -> Searched | None:
    """The points in both; the ends of the box mapped back where they are finite."""
    if found is None:
        return None
    points = tuple(replace(p, estimate=_added(p.estimate, original)) for p in found.points)
    ends = found.box.get(original.coordinate.name, (math.inf, math.inf))
    box = found.box
    if all(map(math.isfinite, ends)):
        box = {**box, original.name: _ends(ends, original)}
    return replace(found, points=points, box=box)


def _errors(errors: Errors | None, original: Original, slope: float) -> Errors | None:
    name = original.coordinate.name
    if errors is None or name not in errors:
        return errors
    error = errors[name]
    return {**errors, original.name: None if error is None else slope * error}


def _ends(ends: Sequence[float], original: Original) -> tuple[float, float]:
    low, high = sorted(original.value(end) for end in ends)
    return low, high


def _intervals(
    intervals: Mapping[str, tuple[float, float] | None] | None, original: Original
) -> Mapping[str, tuple[float, float] | None] | None:
    name = original.coordinate.name
    if intervals is None or name not in intervals:
        return intervals
    ends = intervals[name]
    return {**intervals, original.name: None if ends is None else _ends(ends, original)}


def _profiles(profiles: Mapping[str, Ends] | None, original: Original) -> Mapping[str, Ends] | None:
    """An end that is not there stays so, on the side that it maps to."""
    name = original.coordinate.name
    if profiles is None or name not in profiles:
        return profiles
    low, high = (None if end is None else original.value(end) for end in profiles[name])
    ends = (low, high) if original.increasing else (high, low)
    return {**profiles, original.name: ends}


def _optima(
    optima: Mapping[str, tuple[float, float]] | None, original: Original
) -> Mapping[str, tuple[float, float]] | None:
    name = original.coordinate.name
    if optima is None or name not in optima:
        return optima
    return {**optima, original.name: _ends(optima[name], original)}
