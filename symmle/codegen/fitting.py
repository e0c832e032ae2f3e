"""The functions of a generated module that iterate: the ascents and `fit`.

No function here has an argument or local named by a user but the data columns, and those are
renamed wherever a word of these texts is in the way.
"""

import re
from collections.abc import Sequence

from symmle.codegen.layout import Body, raised, returned, signature, wrapped
from symmle.codegen.module import Module
from symmle.codegen.plan import Condition
from symmle.codegen.printer import Printer
from symmle.codegen.starts import begin, in_units, starts

_ASCENT = """\
    {columns}, w = _read({columns}, weights)
    data = _taken({columns}, w)
    point = {begin}[0] if start is None else _checked_start(start, _DOMAIN)
"""

_GRADIENT_DOC = '''\
    """Climb by `n_steps` gradient steps of fixed size: (mu, ...) + step * score.

    step: for a step that contracts, see the range that the stability analysis gives.
    start: one value a parameter; when None, the likeliest of a few points made from the data.
    scheme: "simultaneous" (all from the old point) or "alternating" (each from the newest).
    Returns the last point; with trajectory=True also all points, one a row, the start first.
    From the first point that leaves the domain on, every value is nan.
    """
'''

_GRADIENT = """\
    schemes = {"simultaneous": step_simultaneous, "alternating": step_alternating}
    if scheme not in schemes:
        raise ValueError(f"scheme must be 'simultaneous' or 'alternating', not {scheme!r}")
    update = schemes[scheme]
    steps = repeat(lambda theta: update(data, *theta, step), n_steps)
    path = _iterate(steps, point, _DOMAIN)
    return (Estimate(*path[-1].tolist()), path) if trajectory else Estimate(*path[-1].tolist())
"""

_COORDINATE_DOC = '''\
    """Climb by `n_outer` sweeps: each parameter in order makes `n_inner` gradient steps alone.

    step: of every move; when None, 1 over the largest curvature at {place}, which is half
    of what alternating steps bear near a maximum (Householder-John).
    start, trajectory, what is returned: as in `gradient_ascent`; every single move is a row.
    """
'''

_COORDINATE = """\
    size = {cautious} if step is None else step
    moves = [_move(data, i, size) for i in range(len(_SLOPES)) for _ in range(n_inner)]
    path = _iterate(moves * n_outer, point, _DOMAIN)
    return (Estimate(*path[-1].tolist()), path) if trajectory else Estimate(*path[-1].tolist())
"""

_MOVE = '''\
def _move(data: Statistics, i: int, step: float) -> Callable[[Point], Point]:
    """The update of parameter i alone by one gradient step."""

    def update(theta: Point) -> Point:
        return (*theta[:i], theta[i] + step * _SLOPES[i](data, *theta), *theta[i + 1 :])

    return update'''

_FINISH = """\
    _require_inside(path[-1], _DOMAIN)
    estimate = Estimate(*path[-1].tolist())
    return (estimate, path) if trajectory else estimate
"""

Moves = Sequence[tuple[int, ...] | None]

_RESULT = "Estimate | tuple[Estimate, Floats]"
_STEADY = ("weights: ArrayLike | None = None", "trajectory: bool = False")


def iterating_functions(module: Module) -> list[str]:
    """`_start`, the two ascents, and `fit` with what it needs."""
    return [
        starts(module),
        _gradient_ascent(module),
        _MOVE,
        _coordinate_ascent(module),
        *_fit(module),
    ]


def _ascent(module: Module) -> list[str]:
    columns = ", ".join(module.arguments)
    text = _ASCENT.replace("{columns}", columns)
    return text.replace("{begin}", begin(module, columns)).splitlines()


def _gradient_ascent(module: Module) -> str:
    given = [f"{argument}: ArrayLike" for argument in module.arguments]
    more = ["start: Sequence[float] | None = None", 'scheme: str = "simultaneous"']
    head = signature(
        "gradient_ascent", [*given, "n_steps: int", "step: float", *more, *_STEADY], _RESULT
    )
    return "\n".join([head, _GRADIENT_DOC.rstrip(), *_ascent(module), _GRADIENT.rstrip()])


def _coordinate_ascent(module: Module) -> str:
    given = [f"{argument}: ArrayLike" for argument in module.arguments]
    more = ["step: float | None = None", "start: Sequence[float] | None = None"]
    head = signature(
        "coordinate_ascent",
        [*given, "n_inner: int", "n_outer: int", *more, *_STEADY],
        _RESULT,
    )
    from_fit = module.plan.fit.refusal is None
    columns = ", ".join(module.arguments)
    point = f"fit({columns}, weights)" if from_fit else "point"
    loop = _COORDINATE.replace("{cautious}", f"_cautious_step(hessian(data, *{point}))")
    doc = _COORDINATE_DOC.replace("{place}", "the estimate" if from_fit else "the start")
    return "\n".join([head, doc.rstrip(), *_ascent(module), loop.rstrip()])


def _fit(module: Module) -> list[str]:
    plan = module.plan
    given = [f"{argument}: ArrayLike" for argument in module.arguments]
    head = signature("fit", [*given, *_STEADY], _RESULT)
    if plan.fit.refusal is not None:
        return [_refusing_fit(module, head)]
    scaled = plan.invariance.scale is not None and (
        plan.fit.values is None or plan.fit.equation is not None
    )
    moved = plan.invariance.columns if plan.fit.values is None else ()
    moved = moved if any(any(shift or ()) for shift in moved) else ()
    parts, lines = [], [head, *_fit_doc(module, scaled, moved), *_fit_data(module, scaled, moved)]
    if plan.fit.conditions:
        parts.append(_require_estimate(module))
        lines.append("    _require_estimate(data)")
    if plan.fit.values is None:
        lines += _started(module)
        lines += [
            "    points = _maximise(",
            "        lambda now: _evaluated(_everything, data, now),",
            "        lambda now: _valued_at(average_log_likelihood, data, now),",
            "        starts,",
            "        _DOMAIN,",
            "    )",
            "    path = np.array(points)",
        ]
    else:
        parts += _reduced_functions(module)
        lines += _fit_from_formula(module)
    if not plan.fit.certain and plan.fit.values is not None:
        block = "" if plan.fit.free is None else f"[np.ix_({plan.fit.free}, {plan.fit.free})]"
        lines.append(f"    _require_maximum(hessian(data, *path[-1].tolist()){block})")
    if scaled and plan.invariance.scale is not None:
        units = ", ".join(in_units("unit", e) for e in plan.invariance.scale)
        lines.append(f"    path = path * np.array([{units}])")
    if moved:
        back = ", ".join(_put_back(moved, i) for i in range(len(module.parameters)))
        lines.append(f"    path = path + np.array([{back}])")
    return [*parts, "\n".join([*lines, _FINISH.rstrip()])]


def _started(module: Module) -> list[str]:
    """The lines that find starts; many rows that are passed over again are led by a few."""
    columns = module.arguments
    if not module.plan.keeps_rows:
        return [f"    starts = {begin(module, ', '.join(columns))}"]
    some = [f"some_{one}" for one in columns]
    listed = ", ".join([*some, "some_w"])
    return [
        f"    step = 1 + len({columns[0]}) // _FEW",
        *(f"    {few} = {one}[::step]" for few, one in zip(some, columns, strict=True)),
        "    some_w = None if w is None else w[::step]",
        f"    some = _taken({listed})",
        f"    starts = {begin(module, ', '.join(some), 'some', 'some_w')}",
        "    if step > 1:",
        "        starts = _led(lambda now: _evaluated(_everything, some, now), starts, _DOMAIN)",
    ]


def _put_back(moved: Moves, i: int) -> str:
    """What parameter i moves by when the columns are given back what was taken off them."""
    parts = [
        f"{'' if shift[i] == 1 else f'{shift[i]} * '}centre[{j}]"
        for j, shift in enumerate(moved)
        if shift is not None and shift[i]
    ]
    return " + ".join(parts) or "0.0"


def _refusing_fit(module: Module, head: str) -> str:
    reason = re.sub(r"[\"\\]", "'", module.plan.fit.refusal or "")
    return "\n".join(
        [
            head,
            '    """Raises ValueError: the score does not tell where the likelihood is largest."""',
            f"    del {', '.join(module.arguments)}, weights, trajectory",
            *raised(f"there is no fit for this density: {reason}"),
        ]
    )


def _fit_doc(module: Module, scaled: bool, moved: Moves) -> list[str]:
    plan = module.plan
    if plan.fit.values is None:
        how = ["Newton's method on the average log-likelihood, uphill everywhere."]
    elif plan.fit.source is not None:
        how = [f"One equation for {plan.fit.source.unknown} is solved; the rest follows from it."]
    else:
        how = ["The closed form."]
    how += [line.strip() for line in wrapped(plan.fit.note, 4)]
    if scaled:
        how.append("The data are divided by a power of two near their size, and the answer")
        how.append("is given its units back: nothing overflows, and no digit is lost.")
    if moved:
        how.append("Their median is taken off first and put back last: an offset costs no digit.")
    return [
        '    """The maximum-likelihood estimate.',
        "",
        *(f"    {line}" for line in how),
        "    Returns the estimate; with trajectory=True also all iterates, one a row.",
        "    Raises ValueError for data outside the support, and where no estimate exists.",
        '    """',
    ]


def _fit_data(module: Module, scaled: bool, moved: Moves) -> list[str]:
    columns = ", ".join(module.arguments)
    lines = [f"    {columns}, w = _read({columns}, weights)"]
    if moved:
        medians = [
            f"_quantile({each}, None, 0.5)" if shift is not None else "0.0"
            for each, shift in zip(module.arguments, moved, strict=True)
        ]
        lines.append(f"    centre = ({', '.join(medians)}{',' if len(moved) == 1 else ''})")
        lines += [
            f"    {each} = {each} - centre[{j}]"
            for j, (each, shift) in enumerate(zip(module.arguments, moved, strict=True))
            if shift is not None
        ]
    if scaled:
        lines += [f"    unit = _unit({columns})", f"    {columns} = {columns} / unit"]
    return [*lines, f"    data = _taken({columns}, w)"]


def _require_estimate(module: Module) -> str:
    lines = [
        f"def _require_estimate({module.data}: Statistics) -> None:",
        '    """ValueError unless the data have what the estimate needs to exist."""',
    ]
    for condition in module.plan.fit.conditions:
        reason = f"it needs {condition.text}, which does not hold"
        lines += _tested(module, condition, f"no estimate exists for these data: {reason}")
    return "\n".join(lines)


def _require_digits(module: Module, unknown: str) -> str:
    lines = [
        signature("_require_digits", [f"{module.data}: Statistics", f"{unknown}: float"], "None"),
        '    """ValueError where rounding decides what a root is taken of."""',
    ]
    for condition in module.plan.fit.digits:
        reason = "what a root is taken of cancels to nothing"
        lines += _tested(module, condition, f"no estimate exists for these data: {reason}")
    return "\n".join(lines)


def _tested(module: Module, condition: Condition, message: str) -> list[str]:
    """Lines that raise unless the condition holds beyond rounding."""
    body = module.body(condition.formula)
    left, size = body.named_results(room=30)
    bound = "0" if size in (left, f"abs({left})") else f"16 * _EPSILON * ({size})"
    tested = f"abs({left})" if condition.unequal else left
    return [*body.lines, f"    if not {tested} > {bound}:", *raised(message, depth=2)]


def _reduced_functions(module: Module) -> list[str]:
    plan = module.plan
    source, values = plan.fit.source, plan.fit.values
    unknown = [] if source is None else [f"{source.unknown}: float"]
    found = []
    name = "" if source is None else str(source.unknown)
    if source is not None and plan.fit.equation is not None:
        body = module.body(plan.fit.equation)
        found.append(
            "\n".join(
                [
                    signature(
                        "_equation",
                        [f"{module.data}: Statistics", *unknown],
                        "tuple[float, float, float]",
                    ),
                    f'    """Zero at the estimate of {name}; with its slope and rounding size.',
                    "",
                    *wrapped(f"{source.expression} = 0", 4),
                    '    """',
                    *_tuple(body),
                ]
            )
        )
    if plan.fit.digits:
        found.append(_require_digits(module, name))
    if values is not None:
        body = module.body(values)
        given = [f"{module.data}: Statistics"] if _reads_data(module) else []
        claim = "The closed form." if source is None else f"All parameters, given {source.unknown}."
        found.append(
            "\n".join(
                [
                    signature("_given", [*given, *unknown], "Point"),
                    f'    """{claim}"""',
                    *_tuple(body),
                ]
            )
        )
    return found


def _reads_data(module: Module) -> bool:
    """Whether the parameters depend on the data beyond the unknown of the equation."""
    plan = module.plan
    if plan.fit.values is None or plan.fit.source is None:
        return True
    return bool(plan.fit.values.words() - {str(plan.fit.source.unknown)})


def _tuple(body: Body) -> list[str]:
    texts = body.named_results()
    return [*body.lines, *returned(texts)]


def _fit_from_formula(module: Module) -> list[str]:
    source = module.plan.fit.source
    if source is None:
        return ["    path = np.array([_given(data)])"]
    printer = Printer(frozenset())
    low, high = (
        f"{sign}math.inf" if end.is_infinite or not end.is_number else printer.text(end)
        for end, sign in ((source.domain.lower, "-"), (source.domain.upper, ""))
    )
    name = source.unknown
    given = "data, value" if _reads_data(module) else "value"
    digits = ["    _require_digits(data, roots[-1])"] if module.plan.fit.digits else []
    equation = "lambda value: _equation(data, value)"
    if source.own or source.falling:
        roots = [f'    roots = _root({equation}, {low}, {high}, "{name}")']
    else:
        height = f"lambda value: average_log_likelihood(data, *_given({given}))"
        inner = (equation, low, high, f'"{name}"', height)
        roots = ["    roots = _highest_root(", *(f"        {each}," for each in inner), "    )"]
    return [
        *roots,
        *digits,
        f"    path = np.array([_given({given}) for value in roots])",
    ]
