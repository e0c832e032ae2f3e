"""The estimator of a model in other coordinates, from that of the model it comes from.

A one-to-one change of the parameters maps stationary points to stationary points, maxima to
maxima and nothing to nothing: so what is proved of the estimate in the first parameters is proved
of its image.  Source: Casella & Berger, Statistical Inference (2002), theorem 7.2.10.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import sympy as sp

from symmle.coordinates import placed
from symmle.derive import Derivation
from symmle.estimate.elimination import shortened
from symmle.estimate.records import Equation, Estimator, Kind
from symmle.model import Origin
from symmle.sample_mean import masked, separate

_ROAD = "; the coordinates are one-to-one, so the estimate and its maximality carry over"


def in_coordinates(found: Estimator, derivation: Derivation) -> Estimator:
    """The same estimate in the coordinates of `derivation`, whose model has an origin.

    found: the estimator of the model in its first parameters.  A Hessian H becomes J' H J at a
    point where the score vanishes.
    """
    origin = derivation.model.origin
    if origin is None:
        return found
    first, theta = origin.model.symbols, derivation.model.symbols
    new = dict(zip(first, theta, strict=True))
    places = dict(zip(first, origin.places, strict=True))
    values = {
        new[symbol]: _image(origin, i, found.values, places)
        for i, symbol in enumerate(first)
        if symbol in found.values
    }
    stationary = found.kind is not Kind.NONE and values and not found.pinned and not found.optima
    return replace(
        found,
        values=MappingProxyType(values),
        unknowns=tuple(new[symbol] for symbol in found.unknowns),
        equation=_equation(found.equation, derivation, origin, places),
        hessian=_hessian(found, derivation, origin, values),
        road=found.road + (_ROAD if stationary else ""),
        pinned=tuple(new[symbol] for symbol in found.pinned),
        optima=MappingProxyType(
            {
                new[symbol]: _ends(origin, first.index(symbol), ends, places)
                for symbol, ends in found.optima.items()
            }
        ),
        whole=tuple(new[symbol] for symbol in found.whole),
        identified=tuple(placed(each, places) for each in found.identified),
    )


def _image(
    origin: Origin,
    i: int,
    values: Mapping[sp.Symbol, sp.Expr],
    places: Mapping[sp.Symbol, sp.Expr],
) -> sp.Expr:
    """Coordinate i where its parameter has its value, in the unknowns of the coordinates."""
    symbol = origin.model.symbols[i]
    here = origin.images[i].xreplace({symbol: values[symbol]})
    if here == values[symbol]:
        return here.xreplace(dict(places))
    letters, back = masked(here)
    return placed(letters, places).xreplace(back).xreplace(dict(places))


def _ends(
    origin: Origin,
    i: int,
    ends: tuple[sp.Expr, sp.Expr],
    places: Mapping[sp.Symbol, sp.Expr],
) -> tuple[sp.Expr, sp.Expr]:
    symbol = origin.model.symbols[i]
    low, high = (_image(origin, i, {symbol: end}, places) for end in ends)
    return (low, high) if origin.increasing[i] else (high, low)


def _equation(
    equation: Equation | None,
    derivation: Derivation,
    origin: Origin,
    places: Mapping[sp.Symbol, sp.Expr],
) -> Equation | None:
    """The same equation in the coordinate of its unknown, falling if it fell."""
    if equation is None:
        return None
    i = origin.model.symbols.index(equation.unknown)
    expression = placed(equation.expression, places)
    parameter = derivation.model.parameters[i]
    if not origin.increasing[i]:
        expression = -expression
    return replace(
        equation, unknown=parameter.symbol, expression=expression, domain=parameter.domain
    )


def _hessian(
    found: Estimator,
    derivation: Derivation,
    origin: Origin,
    values: Mapping[sp.Symbol, sp.Expr],
) -> sp.ImmutableMatrix:
    """J' H J where a closed form makes the score vanish; else H in the coordinates, values in."""
    if found.kind is not Kind.CLOSED or found.pinned or not derivation.smooth:
        return derivation.score.hessian.applyfunc(
            lambda entry: shortened(separate(entry).xreplace(dict(values))) if values else entry
        )
    slopes = [
        1 / image.diff(symbol).xreplace({symbol: found.values[symbol]})
        for symbol, image in zip(origin.model.symbols, origin.images, strict=True)
    ]
    size = len(slopes)
    return sp.ImmutableMatrix(
        size,
        size,
        lambda i, j: shortened(found.hessian[i, j] * slopes[i] * slopes[j]),
    )
