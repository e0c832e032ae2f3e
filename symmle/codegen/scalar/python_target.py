"""Spell a plan as a module of plain Python numbers, which needs the standard library only."""

from symmle.codegen.header import docstring, identity_items
from symmle.codegen.layout import bracketed, raised, signature
from symmle.codegen.names import shown
from symmle.codegen.pieces import helpers_for
from symmle.codegen.plan import Plan
from symmle.codegen.rows import Tails
from symmle.codegen.scalar.fitting import copies
from symmle.codegen.scalar.program import Program, ends_of_domains, functions
from symmle.codegen.scalar.statistics import work_of
from symmle.domain import Domain

_TYPES = """\
Rows = Sequence[float]
Work = list[float]
Point = tuple[float, ...]
Matrix = tuple[Point, ...]"""

_CHECKS = '''\
def _column(values: Iterable[float], name: str) -> list[float]:
    """One column as floats; ValueError unless it is one, not empty and finite."""
    try:
        column = [float(value) for value in values]
    except TypeError:
        raise ValueError(f"{name} must be a sequence of numbers, and this is none") from None
    if not column:
        raise ValueError(f"{name} must have at least one row")
    for row, value in enumerate(column):
        if not math.isfinite(value):
            _refuse(name, "finite", row, value)
    return column


def _refuse(name: str, what: str, row: int, value: float) -> NoReturn:
    raise ValueError(f"{name} must be {what}, but row {row} (counted from 0) is {value!r}")


def _checked_weights(weights: Iterable[float] | None, rows: int) -> list[float]:
    """Weights as floats; ValueError unless nonnegative, one a row and not all zero."""
    if weights is None:
        return [1.0] * rows
    column = _column(weights, "weights")
    if len(column) != rows:
        raise ValueError(f"weights has {len(column)} rows and the data have {rows}; give one a row")
    for row, weight in enumerate(column):
        if weight < 0:
            _refuse("weights", "nonnegative", row, weight)
    if not any(column):
        raise ValueError("the weights are all zero; at least one row must count")
    return column


def _checked_start(start: Sequence[float]) -> list[float]:
    """A start as floats; ValueError unless it has one value inside its domain a parameter."""
    theta = [float(value) for value in start]
    if len(theta) != _P:
        raise ValueError(f"start has {len(theta)} values; give one for each of {_P}")
    for value, low, high in zip(theta, _LOW, _HIGH, strict=True):
        if not low < value < high:
            raise ValueError(f"start holds {value!r}, which is not between {low!r} and {high!r}")
    return theta'''


def write(plan: Plan) -> str:
    """The text of the module, as `ruff format` leaves it."""
    program = Program(plan)
    core = functions(plan)
    front = [_statistics(program), _read(program)]
    back = [_gradient_ascent(program), _coordinate_ascent(program), _fit(program)]
    text = "\n".join([*front, *core, *back])
    constants, helpers = helpers_for(text, "scalar.library")
    code = "\n\n\n".join(
        [_record(program), _estimate(program), *front, *core, *back, _CHECKS, *helpers]
    )
    top = [
        "import math",
        "from collections.abc import Iterable, Sequence",
        "from typing import NamedTuple, NoReturn",
        "",
        *bracketed("__symmle__ = {", identity_items(plan), "}", 0),
        "",
        _TYPES,
        *constants,
        f"_P = {len(program.parameters)}",
        *ends_of_domains(program),
    ]
    return "\n".join([docstring(plan), "", *top, "", "", code, ""])


def _record(program: Program) -> str:
    plan = program.plan
    lines = ["class Statistics(NamedTuple):", '    """What the data enter through.', ""]
    lines += [f"    {each.field}: {shown(each.node)}" for each in plan.statistics]
    lines.append(f"    {program.n_field}: the number of rows, or the sum of the weights")
    if plan.keeps_rows:
        kept = ", ".join(program.columns)
        lines.append(f"    {kept}, {program.weights_field}: the rows, for what is summed over them")
    lines += ['    """', ""]
    for each in plan.statistics:
        lines.append(
            f"    {each.field}: {'list[float]' if isinstance(each.node, Tails) else 'float'}"
        )
    lines.append(f"    {program.n_field}: float")
    if plan.keeps_rows:
        lines += [f"    {column}: Rows" for column in program.columns]
        lines.append(f"    {program.weights_field}: Rows")
    return "\n".join(lines)


def _estimate(program: Program) -> str:
    lines = ["class Estimate(NamedTuple):", '    """One value for each parameter."""', ""]
    return "\n".join([*lines, *(f"    {name}: float" for name in program.parameters)])


def _given(program: Program) -> list[str]:
    return [f"{argument}: Iterable[float]" for argument in program.arguments]


_WEIGHTS = "weights: Iterable[float] | None = None"


def _read(program: Program) -> str:
    """The function that checks data."""
    lists = ["list[float]"] * (len(program.arguments) + 1)
    lines = [
        signature(
            "_read",
            [*_given(program), "weights: Iterable[float] | None"],
            f"tuple[{', '.join(lists)}]",
        ),
        '    """The data and weights as floats, checked, without the rows of weight 0."""',
    ]
    names = []
    for argument, variable in zip(program.arguments, program.plan.model.data, strict=True):
        rows = f"{argument}_rows"
        names.append(rows)
        lines.append(f'    {rows} = _column({argument}, "{variable.name}")')
        lines += _domain_check(rows, variable.name, variable.domain, program)
    for other in names[1:]:
        lines.append(f"    if len({other}) != len({names[0]}):")
        lines += raised("the columns must have equally many rows", 2)
    lines.append(f"    w = _checked_weights(weights, len({names[0]}))")
    lines.append("    if not all(w):")
    lines += [
        f"        {name} = [x for x, weight in zip({name}, w, strict=True) if weight > 0]"
        for name in names
    ]
    lines.append("        w = [weight for weight in w if weight > 0]")
    return "\n".join([*lines, f"    return {', '.join(names)}, w"])


def _domain_check(rows: str, name: str, domain: Domain, program: Program) -> list[str]:
    tests, printer = [], program.printer()
    for end, closed, sign in (
        (domain.lower, domain.lower_closed, ">"),
        (domain.upper, domain.upper_closed, "<"),
    ):
        if end.is_number and end.is_finite:
            tests.append(f"value {sign}{'=' if closed else ''} {printer.text(end)}")
        elif sign == ">" and end.free_symbols and end.is_positive:
            tests.append("value > 0")
    if domain.integer:
        tests.append("value == math.floor(value)")
    if not tests:
        return []
    text = domain.text if not domain.depends_on else "inside its domain"
    return [
        f"    for row, value in enumerate({rows}):",
        f"        if not ({' and '.join(tests)}):"
        if len(tests) > 1
        else f"        if not {tests[0]}:",
        f'            _refuse("{name}", "{text}", row, value)',
    ]


def _work(program: Program, first: str) -> tuple[list[str], list[str]]:
    """(lines, the arrays that the core is given to work in)."""
    lines, names = [], work_of(program)
    for name in names:
        size = f"int(max({first}))" if name == "tails" else f"len({first})"
        lines.append(f"    {name} = [0.0] * {size}")
    return lines, names


def _statistics(program: Program) -> str:
    columns = [f"{argument}_rows" for argument in program.arguments]
    lines, work = _work(program, columns[0])
    return "\n".join(
        [
            signature("statistics", [*_given(program), _WEIGHTS], "Statistics"),
            '    """Check the data and take from them what the likelihood needs.',
            "",
            "    weights: one a row, counting as repetitions of it; all 1 when None.",
            "    Raises ValueError naming the first row that is not finite or outside the support.",
            '    """',
            f"    {', '.join(columns)}, w = _read({', '.join(program.arguments)}, weights)",
            *lines,
            f"    data = _take({', '.join([*columns, 'w', *work])})",
            "    if not all(math.isfinite(each) for each in data if isinstance(each, float)):",
            *raised("a sample mean overflows double precision; divide the data by a constant", 2),
            "    return data",
        ]
    )


def _gradient_ascent(program: Program) -> str:
    return "\n".join(
        [
            signature(
                "gradient_ascent",
                [
                    *_given(program),
                    "n_steps: int",
                    "step: float",
                    "start: Sequence[float]",
                    'scheme: str = "simultaneous"',
                    _WEIGHTS,
                ],
                "Estimate",
            ),
            '    """Climb by n_steps gradient steps of fixed size from a start.',
            "",
            '    scheme: "simultaneous" or "alternating", where each reads the newest values.',
            "    From the first point that leaves the domain on, every value is nan.",
            '    """',
            '    if scheme not in ("simultaneous", "alternating"):',
            "        raise ValueError("
            "f\"scheme must be 'simultaneous' or 'alternating', not {scheme!r}\")",
            "    theta = _checked_start(start)",
            f"    data = statistics({', '.join(program.arguments)}, weights)",
            "    try:",
            '        _ascend(data, theta, n_steps, step, scheme == "alternating")',
            "    except (ArithmeticError, ValueError):",
            "        theta = [math.nan] * _P",
            "    return Estimate(*theta)",
        ]
    )


def _coordinate_ascent(program: Program) -> str:
    return "\n".join(
        [
            signature(
                "coordinate_ascent",
                [
                    *_given(program),
                    "n_inner: int",
                    "n_outer: int",
                    "step: float",
                    "start: Sequence[float]",
                    _WEIGHTS,
                ],
                "Estimate",
            ),
            '    """Climb by n_outer sweeps: each parameter in order makes n_inner steps alone."""',
            "    theta = _checked_start(start)",
            f"    data = statistics({', '.join(program.arguments)}, weights)",
            "    try:",
            "        _sweep(data, theta, n_inner, n_outer, step)",
            "    except (ArithmeticError, ValueError):",
            "        theta = [math.nan] * _P",
            "    return Estimate(*theta)",
        ]
    )


def _fit(program: Program) -> str:
    plan = program.plan
    head = signature("fit", [*_given(program), _WEIGHTS], "Estimate")
    if plan.fit.refusal is not None:
        reason = plan.fit.refusal.replace('"', "'").replace("\\", "'")
        return "\n".join(
            [
                head,
                '    """Raises ValueError: the score does not tell where the maximum is."""',
                f"    del {', '.join(program.arguments)}, weights",
                *raised(f"there is no fit for this density: {reason}"),
            ]
        )
    columns = [f"{argument}_rows" for argument in program.arguments]
    lines, work = _work(program, columns[0])
    work = [*work, *copies(program)]
    lines += [f"    {name} = [0.0] * len({columns[0]})" for name in copies(program)]
    return "\n".join(
        [
            head,
            '    """The maximum-likelihood estimate.',
            "",
            "    Raises ValueError for data outside the support, and where no estimate exists.",
            '    """',
            f"    {', '.join(columns)}, w = _read({', '.join(program.arguments)}, weights)",
            *lines,
            "    theta = [0.0] * _P",
            f"    reason = _fit({', '.join([*columns, 'w', *work, 'theta'])})",
            "    if reason:",
            "        raise ValueError(reason)",
            "    return Estimate(*theta)",
        ]
    )
