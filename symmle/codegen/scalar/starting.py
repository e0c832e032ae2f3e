"""Where a scalar program starts to climb, and how it takes the highest place."""

from typing import TYPE_CHECKING

from symmle.codegen.layout import signature
from symmle.codegen.starts import in_units
from symmle.domain import Domain
from symmle.trial import points as trial_points

if TYPE_CHECKING:
    from symmle.codegen.scalar.program import Program

_MOST_STARTS = 12
_GIVEN = ("data: Statistics", "sample: list[float]", "count: int", "theta: list[float]")


def start(program: "Program") -> str:
    """Start k of several: what moves with the data at their middle and size, the rest guesses."""
    moves = program.plan.invariance
    values: list[str] = []
    guesses = 0
    sized = located = False
    for i, parameter in enumerate(program.plan.model.parameters):
        domain = parameter.domain
        if moves.shift is not None and moves.shift[i] == 1:
            values.append("middle")
            located = True
        elif moves.scale is not None and moves.scale[i] and domain.lower == 0:
            values.append(in_units("size", moves.scale[i]).replace("1 /", "1.0 /"))
            sized = True
        else:
            text, used = _guess(domain, guesses)
            guesses += used
            values.append(text)
    middles = [i for i, text in enumerate(values) if text == "middle"]
    if len(middles) > 1:
        for k, i in enumerate(middles):
            values[i] = f"_quantile(sample, count, {(k + 0.5) / len(middles)!r})"
    lines = []
    if located:
        lines.append("    middle = _quantile(sample, count, 0.5)")
    sizes = 2 if sized and located else 1
    if sized:
        size = "_spread(sample, count, k % 2 == 1)" if located else "_size(sample, count)"
        lines.append(f"    size = {size}")
    for g in range(guesses):
        lines.append(f"    guess{g + 1} = k // {sizes * 3**g} % 3 - 1.0")
    if not (located and len(middles) == 1):
        lines = [line for line in lines if not line.startswith("    middle")]
    kept = [f"    theta[{i}] = {text}" for i, text in enumerate(values)]
    extra = _bound_together(program)
    count = sizes * 3**guesses
    more: list[str] = []
    for e, point in enumerate(extra):
        more.append(f"    if k == {count + e}:")
        more += [f"        theta[{i}] = {value!r}" for i, value in enumerate(point)]
    return "\n".join(
        [
            f"_STARTS = {count + len(extra)}",
            "",
            "",
            "def _start(k: int, sample: list[float], count: int, theta: list[float]) -> None:",
            '    """Start k of a few, from what the data tell of their size."""',
            *lines,
            *kept,
            *more,
        ]
    )


def _guess(domain: Domain, number: int) -> tuple[str, int]:
    """(the text of a parameter's start, how many guesses it takes)."""
    low, high = domain.lower, domain.upper
    if low.is_number and high.is_number and low.is_finite and high.is_finite:
        return repr(float((low + high) / 2)), 0
    guess = f"guess{number + 1}"
    if not (low.is_number and high.is_number) or (low.is_infinite and high.is_infinite):
        return ("0.0", 0) if number >= 2 else (guess, 1)
    if number >= 2:
        return repr(float(low + 1 if low.is_finite else high - 1)), 0
    grown = f"math.pow(8.0, {guess})"
    if low == 0:
        return grown, 1
    return (f"{float(low)!r} + {grown}" if low.is_finite else f"{float(high)!r} - {grown}"), 1


def _bound_together(program: "Program") -> list[tuple[float, ...]]:
    model = program.plan.model
    bounded = [p for p in model.parameters if p.domain.depends_on or p.domain.upper.is_finite]
    if len(bounded) < 2:
        return []
    return [tuple(float(value) for value in point.values()) for point in trial_points(model)]


def maximise(program: "Program") -> str:
    p = len(program.parameters)
    return "\n".join(
        [
            signature("_maximise", _GIVEN, "bool"),
            '    """Leaves a maximum in theta, from the likeliest start that leads to one."""',
            "    heights, used = [-math.inf] * _STARTS, [0.0] * _STARTS",
            f"    slope, bend = [0.0] * {p}, [0.0] * {p * p}",
            "    for k in range(_STARTS):",
            "        _start(k, sample, count, theta)",
            "        here = _height_at(data, theta, slope, bend)",
            "        heights[k] = here if math.isfinite(here) else -math.inf",
            f"    for _ in range(min(_STARTS, {_MOST_STARTS})):",
            "        best = -1",
            "        for k in range(_STARTS):",
            "            if used[k] == 0.0 and (best < 0 or heights[k] > heights[best]):",
            "                best = k",
            "        used[best] = 1.0",
            "        _start(best, sample, count, theta)",
            "        if _climb(data, theta) and _is_peak(data, theta):",
            "            return True",
            "    return False",
        ]
    )
