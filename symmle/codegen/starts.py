"""The function of a generated module that ranks starts, from the plan's invariance and domains.

What moves with the data starts at their middle and size; what else there is loops over a few
guesses in its domain, and the likelihood ranks the points.
"""

from symmle.codegen.layout import INDENT, WIDTH, signature
from symmle.codegen.module import Module
from symmle.codegen.printer import Printer
from symmle.trial import points as trial_points


def begin(module: Module, columns: str, data: str = "data", weights: str = "w") -> str:
    """The call of `_starts`, which reads the columns only where a start comes from them."""
    moves = module.plan.invariance
    from_data = any(moves.shift or ()) or any(
        exponent and parameter.domain.lower == 0
        for exponent, parameter in zip(
            moves.scale or (), module.plan.model.parameters, strict=False
        )
    )
    return f"_starts({data}, {columns}, {weights})" if from_data else f"_starts({data})"


def starts(module: Module) -> str:
    """The function that ranks starts: what moves with the data from the data, else by domain."""
    loops: dict[str, str] = {}
    first = module.arguments[0]
    values = _apart([_start_value(module, i, loops) for i in range(len(module.parameters))], first)
    lines: list[str] = []
    located = any(value == "middle" or "_quantile" in value for value in values)
    sized = any("size" in value for value in values)
    clauses = [f"for {name} in {guesses}" for name, guesses in loops.items()]
    if "middle" in values:
        lines.append(f"    middle = _quantile({first}, w, 0.5)")
    if sized and located:
        clauses.insert(0, f"for size in _spreads({first}, w)")
    elif sized:
        lines.append(f"    size = _size({first}, w)")
    point = f"({', '.join(values)}{',' if len(values) == 1 else ''})"
    listed = [f"    points = [{' '.join([point, *clauses])}]"]
    if len(listed[0]) > WIDTH:
        parts = [" ".join([point, *clauses])]
        if len(INDENT * 2 + parts[0]) > WIDTH:
            parts = [point, *clauses]
        inner = [f"{INDENT}{INDENT}{part}" for part in parts]
        listed = ["    points = [", *inner, "    ]"]
    given = [*_typed(module), "w: Floats | None"] if sized or located else []
    return "\n".join(
        [
            signature("_starts", ["data: Statistics", *given], "list[Point]"),
            '    """A few points, the likeliest first, from what the data tell of their size."""',
            *lines,
            *listed,
            *_bound_together(module),
            "    return _ranked(average_log_likelihood, data, points)",
        ]
    )


def _bound_together(module: Module) -> list[str]:
    """Points where several bounded parameters fit together: their middles may add up to too much.

    Two probabilities that leave something for a third have their middles at one half each.
    """
    model = module.plan.model
    bounded = [p for p in model.parameters if p.domain.depends_on or p.domain.upper.is_finite]
    if len(bounded) < 2:
        return []
    rows = [tuple(float(value) for value in point.values()) for point in trial_points(model)]
    return [f"    points += [{', '.join(map(repr, rows))}]"]


def _apart(values: list[str], column: str) -> list[str]:
    """The starts with several locations at different quantiles: alike, no step could part them."""
    locations = [i for i, value in enumerate(values) if value == "middle"]
    if len(locations) < 2:
        return values
    for k, i in enumerate(locations):
        share = repr((k + 0.5) / len(locations))
        values[i] = f"_quantile({column}, w, {share})"
    return values


def _start_value(module: Module, i: int, loops: dict[str, str]) -> str:
    """The text of parameter i's start; at most two parameters loop over guesses."""
    moves, domain = module.plan.invariance, module.plan.model.parameters[i].domain
    low, high = domain.lower, domain.upper
    printer = Printer(frozenset())
    if moves.shift is not None and moves.shift[i] == 1:
        return "middle"
    if moves.scale is not None and moves.scale[i] and low == 0:
        return in_units("size", moves.scale[i])
    if low.is_number and high.is_number and low.is_finite and high.is_finite:
        return printer.text((low + high) / 2)
    name = f"guess{len(loops) + 1}"
    if not (low.is_number and high.is_number) or (low.is_infinite and high.is_infinite):
        if len(loops) == 2:
            return "0.0"
        # Zero alone would not do: where a skewness is zero, its score can vanish for any data.
        loops[name] = "(-1.0, 0.0, 1.0)"
        return name
    if len(loops) == 2:
        return printer.text(low + 1 if low.is_finite else high - 1)
    loops[name] = "(0.125, 1.0, 8.0)"
    if low == 0:
        return name
    return f"{printer.text(low)} + {name}" if low.is_finite else f"{printer.text(high)} - {name}"


def _typed(module: Module) -> list[str]:
    return [f"{argument}: Floats" for argument in module.arguments]


def in_units(unit: str, exponent: int) -> str:
    if exponent == 0:
        return "1.0"
    text = " * ".join([unit] * abs(exponent))
    return text if exponent > 0 else f"1 / ({text})" if exponent < -1 else f"1 / {text}"
