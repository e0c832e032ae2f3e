"""The part of a generated module that reads data: records, checks, statistics."""

import re

import sympy as sp

from symmle.codegen.layout import Body, bracketed, signature, wrapped
from symmle.codegen.module import WORDS, Module
from symmle.codegen.names import Names, shown, slug
from symmle.codegen.overflow import Largest
from symmle.codegen.plan import Plan
from symmle.codegen.printer import Printer
from symmle.codegen.rows import LogGap, Tails
from symmle.domain import Domain
from symmle.order_statistics import Maximum, Minimum, OrderStatistic
from symmle.sample_mean import OverData, SampleCovariance, SampleMean


def records(module: Module) -> list[str]:
    """The classes Statistics and Estimate."""
    return [_statistics_record(module), _estimate_record(module)]


def data_functions(module: Module) -> list[str]:
    """`statistics` and what it consists of."""
    return [_statistics(module), read(module), _taken(module), _summary(module)]


def _statistics_record(module: Module) -> str:
    plan = module.plan
    lines = ["class Statistics(NamedTuple):", '    """What the data enter through.', ""]
    for each in plan.statistics:
        lines += wrapped(f"{each.field}: {shown(each.node)}", 4)
    lines.append(f"    {module.n_field}: the number of rows, or the sum of the weights")
    if plan.keeps_rows:
        kept = ", ".join(module.columns)
        lines.append(f"    {kept}, {module.weights_field}: the rows, for what is summed over them")
    lines += ['    """', ""]
    for each in plan.statistics:
        kind = "Floats" if isinstance(each.node, Tails) else "float"
        lines.append(f"    {each.field}: {kind}")
    lines.append(f"    {module.n_field}: float")
    if plan.keeps_rows:
        lines += [f"    {column}: Floats" for column in module.columns]
        lines.append(f"    {module.weights_field}: Floats | None")
    return "\n".join(lines)


def _estimate_record(module: Module) -> str:
    lines = ["class Estimate(NamedTuple):", '    """One value for each parameter."""', ""]
    return "\n".join([*lines, *(f"    {name}: float" for name in module.parameters)])


def _statistics(module: Module) -> str:
    given = [f"{argument}: ArrayLike" for argument in module.arguments]
    columns = ", ".join(module.arguments)
    return "\n".join(
        [
            signature("statistics", [*given, "weights: ArrayLike | None = None"], "Statistics"),
            '    """Check the data and take from them what the likelihood needs.',
            "",
            "    weights: one a row, counting as repetitions of it; all 1 when None.",
            "    Raises ValueError naming the first row that is not finite or outside the support.",
            '    """',
            f"    return _taken(*_read({columns}, weights))",
        ]
    )


def read(module: Module) -> str:
    """The function that checks columns and weights."""
    given = [f"{argument}: ArrayLike" for argument in module.arguments]
    returns = f"tuple[{', '.join(['Floats'] * len(given))}, Floats | None]"
    lines = [
        signature("_read", [*given, "weights: ArrayLike | None"], returns),
        '    """The data and weights as arrays, checked, without the rows of weight 0."""',
    ]
    for argument, variable in zip(module.arguments, module.plan.model.data, strict=True):
        lines.append(f'    {argument} = _column({argument}, "{variable.name}")')
        lines += _domain_checks(argument, variable.name, variable.domain)
    first, *others = module.arguments
    for other in others:
        lines += [
            f"    if len({other}) != len({first}):",
            f'        raise ValueError("{first} and {other} must have equally many rows")',
        ]
    columns = ", ".join(module.arguments)
    return "\n".join(
        [
            *lines,
            "    if weights is None:",
            f"        return {columns}, None",
            f"    w = _checked_weights(weights, len({first}))",
            f"    return {', '.join(f'{each}[w > 0]' for each in module.arguments)}, w[w > 0]",
        ]
    )


def _taken(module: Module) -> str:
    """The function that computes the statistics from checked columns."""
    plan = module.plan
    renamed = {
        variable.symbol: sp.Symbol(argument, real=True)
        for variable, argument in zip(plan.model.data, module.arguments, strict=True)
    }
    formula = plan.tabulated.renamed(renamed)
    body = Body(formula, Printer(formula.rows), Names({*WORDS, *formula.words()}), str)
    texts = body.named_results()
    lines, known = list(body.lines), {}
    names = Names({*WORDS, *formula.words(), *re.findall(r"\w+", "\n".join(body.lines))})
    for arg, text in zip(_arguments(plan), texts, strict=True):
        known[arg] = text if text.isidentifier() else names.fresh(slug(arg) or "column")
        if not text.isidentifier():
            lines.append(f"    {known[arg]} = {text}")
    lines = ['    with np.errstate(all="ignore"):', *(f"    {line}" for line in lines)]
    found = {each.node: _value(each.node, known) for each in plan.statistics}
    for node in [
        node for node in found if _is_variance(node) and SampleMean(node.args[0]) in found
    ]:
        mean = SampleMean(node.args[0])
        pair = [names.fresh(f"{word}_{known[node.args[0]]}") for word in ("mean", "variance")]
        lines.append(f"        {', '.join(pair)} = _moments({known[node.args[0]]}, w)")
        found[mean], found[node] = pair
    values = [f"{each.field}={found[each.node]}" for each in plan.statistics]
    first = module.arguments[0]
    values.append(f"{module.n_field}=float(len({first})) if w is None else _sum(w)")
    if plan.keeps_rows:
        values += [
            f"{column}={argument}"
            for column, argument in zip(module.columns, module.arguments, strict=True)
        ]
        values.append(f"{module.weights_field}=w")
    given = [f"{argument}: Floats" for argument in module.arguments]
    return "\n".join(
        [
            signature("_taken", [*given, "w: Floats | None"], "Statistics"),
            '    """The statistics of checked data; what overflows is refused by the sums."""',
            *lines,
            *bracketed("return Statistics(", values, ")", depth=2),
        ]
    )


def _is_variance(node: OverData) -> bool:
    return isinstance(node, SampleCovariance) and node.args[0] == node.args[1]


def _arguments(plan: Plan) -> list[sp.Expr]:
    return list(dict.fromkeys(arg for each in plan.statistics for arg in each.node.args))


def _value(node: sp.Expr, known: dict[sp.Expr, str]) -> str:
    columns = [known[arg] for arg in node.args]
    if isinstance(node, SampleMean):
        return f"_mean({columns[0]}, w)"
    if isinstance(node, SampleCovariance):
        return f"_covariance({columns[0]}, {columns[1]}, w)"
    if isinstance(node, Tails):
        return f"_tails({columns[0]}, w)"
    if isinstance(node, LogGap):
        return f"_log_gap({columns[0]}, w)"
    if isinstance(node, OrderStatistic) and not isinstance(node, Minimum | Maximum):
        return f"_{node.word}({columns[0]}, w)"
    return f"float({columns[0]}.{'max' if isinstance(node, Largest | Maximum) else 'min'}())"


def _domain_checks(argument: str, name: str, domain: Domain) -> list[str]:
    """Lines that refuse a column outside its domain; of one that parameters move, the sign."""
    tests = []
    printer = Printer(frozenset())
    for end, closed, strict in (
        (domain.lower, domain.lower_closed, ">"),
        (domain.upper, domain.upper_closed, "<"),
    ):
        if end.is_number and end.is_finite:
            sign = f"{strict}=" if closed else strict
            tests.append(f"({argument} {sign} {printer.text(end)})")
        elif strict == ">" and end.free_symbols and end.is_positive:
            tests.append(f"({argument} > 0)")
    if domain.integer:
        tests.append(f"({argument} == np.floor({argument}))")
    if not tests:
        return []
    test = " & ".join(tests) if len(tests) > 1 else tests[0][1:-1]
    text = domain.text if not domain.depends_on else "inside its domain"
    return bracketed("_require(", [test, argument, f'"{name}"', f'"{text}"'], ")")


def _summary(module: Module) -> str:
    given = "data" if len(module.columns) == 1 else "*data"
    return "\n".join(
        [
            "def _summary(data: Statistics | ArrayLike) -> Statistics:",
            f"    return data if isinstance(data, Statistics) else statistics({given})",
        ]
    )
