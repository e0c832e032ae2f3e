"""Spell a plan as a module that numba compiles: fused passes, side by side over blocks of rows."""

import ast
import re

from symmle.codegen.data_functions import read
from symmle.codegen.header import docstring, identity_items
from symmle.codegen.layout import bracketed, raised, signature
from symmle.codegen.names import shown
from symmle.codegen.pieces import helpers_for
from symmle.codegen.plan import Plan
from symmle.codegen.rows import Tails
from symmle.codegen.scalar.fitting import copies
from symmle.codegen.scalar.numba_language import compiled
from symmle.codegen.scalar.program import Program, ends_of_domains, functions
from symmle.codegen.scalar.statistics import work_of

_IMPORTS = """\
import math
from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray"""

_TYPES = """\
Floats = NDArray[np.float64]
Rows = NDArray[np.float64]
Work = NDArray[np.float64]
Point = tuple[float, ...]
Matrix = tuple[Point, ...]
_BLOCK = 1024  # rows that are summed together
_compiled = numba.njit(error_model="numpy", cache=True)
_vectorised = numba.njit(error_model="numpy", cache=True, fastmath={"reassoc", "nsz"})
_parallel = numba.njit(error_model="numpy", cache=True, parallel=True)"""

_FOLDED = '''\
@_compiled
def _folded(parts: Floats) -> Floats:
    """The sums of the blocks' sums, in order, each with what its roundings lost."""
    sums = np.zeros((parts.shape[1], 2))
    for block in range(parts.shape[0]):
        for k in range(parts.shape[1]):
            sums[k, 0], sums[k, 1] = _add(sums[k, 0], sums[k, 1], parts[block, k])
    return sums'''

_SUM_LOG = '''\
@_vectorised
def _sum_log(values: Floats, weights: Floats | None, start: int) -> float:
    """The sum of logarithms: mantissas in [1/sqrt(2), sqrt(2)) multiplied, exponents added.

    Weights, and what is not positive and normal, take a logarithm each.
    """
    rows = len(values)
    bits = values.view(np.int64)
    moved = np.empty(rows, np.int64)
    power, odd = 0, 0
    for i in range(rows):
        odd += (bits[i] < 0x0010000000000000) + (bits[i] >= 0x7FF0000000000000)
        up = (bits[i] + 0x00095F619980C433) >> 52
        power += up - 1023
        moved[i] = bits[i] - ((up - 1023) << 52)
    total = 0.0
    if odd > 0 or weights is not None:
        for i in range(rows):
            w = 1.0 if weights is None else weights[start + i]
            total += w * math.log(values[i])
        return total
    mantissas = moved.view(np.float64)
    product = 1.0
    for i in range(rows):
        product *= mantissas[i]
    return math.log(product) + power * 0.6931471805599453'''

_SUM_LOG1P = '''\
@_compiled
def _sum_log1p(values: Floats, weights: Floats | None, start: int) -> float:
    """The sum of log(1 + r): that of log(s) with s = 1 + r rounded, and what that rounded away.

    Where the logarithms are small that is not exact enough, and each is taken.
    """
    rows = len(values)
    total = 0.0
    if weights is None:
        whole = np.empty(rows)
        for i in range(rows):
            whole[i] = 1.0 + values[i]
            total += (values[i] - (whole[i] - 1.0)) / whole[i]
        logs = _sum_log(whole, None, 0)
        if abs(logs) > 0.02 * rows and math.isfinite(logs):
            return logs + total
    total = 0.0
    for i in range(rows):
        w = 1.0 if weights is None else weights[start + i]
        total += w * math.log1p(values[i])
    return total'''


_SUM_LOG_GAP = '''\
@_compiled
def _sum_log_gap(values: Floats, weights: Floats | None, start: int) -> float:
    """The sum of d - log(1 + d): from two sums where the d are spread, else one by one."""
    rows = len(values)
    total, spread = 0.0, 0.0
    if weights is None:
        for i in range(rows):
            total += values[i]
            spread += values[i] * values[i]
        if spread > 0.1 * rows:
            return total - _sum_log1p(values, None, 0)
    total = 0.0
    for i in range(rows):
        w = 1.0 if weights is None else weights[start + i]
        total += w * _log_gap(values[i])
    return total'''


def write(plan: Plan) -> str:
    """The text of the module."""
    program = Program(plan)
    core = functions(plan)
    constants, helpers = helpers_for("\n".join(core), "scalar.library")
    front = [_record(program), _estimate(program), read(program), _statistics(program)]
    back = [_gradient_ascent(program), _coordinate_ascent(program), _fit(program)]
    checks, checking = helpers_for("\n".join([*front, *back]))
    constants = [f"_P = {len(program.parameters)}", *ends_of_domains(program), *constants]
    words = set(re.findall(r"\b_\w+", "\n".join([*constants, *core, *helpers])))
    made = [part for text in [*core, *helpers] for part in _compiled(text, words, program.data)]
    text = "\n".join(made)
    sums = [_FOLDED] if "_folded(" in text else []
    needed = [name for name in ("_sum_log(", "_sum_log1p(", "_sum_log_gap(") if name in text]
    sums += [_SUM_LOG] if needed else []
    sums += [_SUM_LOG1P] if set(needed) - {"_sum_log("} else []
    sums += [_SUM_LOG_GAP] if "_sum_log_gap(" in needed else []
    top = [
        _IMPORTS,
        "",
        *bracketed("__symmle__ = {", identity_items(plan), "}", 0),
        "",
        _TYPES,
        *constants,
        *(each for each in checks if not each.startswith(("Floats", "Point"))),
    ]
    code = "\n\n\n".join([*front, *sums, *made, *back, *checking])
    return "\n".join([docstring(plan), "", *top, "", "", code, ""])


def _compiled(text: str, words: set[str], data: str) -> list[str]:
    """A function, or constants and a function after them, as numba takes it."""
    *before, last = ast.parse(text).body
    lines = text.split("\n")
    found = ["\n".join(lines[each.lineno - 1 : each.end_lineno]) for each in before]
    return [*found, *compiled("\n".join(lines[last.lineno - 1 :]), words, data)]


def _record(program: Program) -> str:
    plan = program.plan
    lines = ["class Statistics(NamedTuple):", '    """What the data enter through.', ""]
    lines += [f"    {each.field}: {shown(each.node)}" for each in plan.statistics]
    lines += [
        f"    {program.n_field}: the number of rows, or the sum of the weights",
        '    """',
        "",
    ]
    for each in plan.statistics:
        kind = "Floats" if isinstance(each.node, Tails) else "float"
        lines.append(f"    {each.field}: {kind}")
    lines.append(f"    {program.n_field}: float")
    if plan.keeps_rows:
        lines += [f"    {column}: Floats" for column in program.columns]
        lines.append(f"    {program.weights_field}: Floats | None")
    return "\n".join(lines)


def _estimate(program: Program) -> str:
    lines = ["class Estimate(NamedTuple):", '    """One value for each parameter."""', ""]
    return "\n".join([*lines, *(f"    {name}: float" for name in program.parameters)])


def _given(program: Program) -> list[str]:
    return [f"{argument}: ArrayLike" for argument in program.arguments]


_WEIGHTS = "weights: ArrayLike | None = None"


def _read_lines(program: Program) -> tuple[list[str], list[str], list[str]]:
    """(lines that read and make work, the columns, the work)."""
    columns = list(program.arguments)
    listed = ", ".join(columns)
    lines, names = [f"    {listed}, w = _read({listed}, weights)"], work_of(program)
    for name in names:
        size = f"int({columns[0]}.max())" if name == "tails" else f"len({columns[0]})"
        lines.append(f"    {name} = np.zeros({size})")
    return lines, columns, names


def _statistics(program: Program) -> str:
    lines, columns, work = _read_lines(program)
    sentence = "a sample mean overflows double precision; divide the data by a constant"
    return "\n".join(
        [
            signature("statistics", [*_given(program), _WEIGHTS], "Statistics"),
            '    """Check the data and take from them what the likelihood needs.',
            "",
            "    weights: one a row, counting as repetitions of it; all 1 when None.",
            "    Raises ValueError naming the first row that is not finite or outside the support.",
            '    """',
            *lines,
            f"    data = _take({', '.join([*columns, 'w', *work])})",
            "    if not all(math.isfinite(each) for each in data if isinstance(each, float)):",
            *raised(sentence, 2),
            "    return data",
        ]
    )


def _gradient_ascent(program: Program) -> str:
    more = ["n_steps: int", "step: float", "start: Sequence[float]"]
    more += ['scheme: str = "simultaneous"', _WEIGHTS]
    return "\n".join(
        [
            signature("gradient_ascent", [*_given(program), *more], "Estimate"),
            '    """Climb by n_steps gradient steps of fixed size from a start.',
            "",
            '    scheme: "simultaneous" or "alternating", where each reads the newest values.',
            "    From the first point that leaves the domain on, every value is nan.",
            '    """',
            '    if scheme not in ("simultaneous", "alternating"):',
            "        raise ValueError("
            "f\"scheme must be 'simultaneous' or 'alternating', not {scheme!r}\")",
            "    theta = np.array(_checked_start(start, tuple(zip(_LOW, _HIGH, strict=True))))",
            f"    data = statistics({', '.join(program.arguments)}, weights)",
            '    _ascend(data, theta, n_steps, step, scheme == "alternating")',
            "    return Estimate(*theta.tolist())",
        ]
    )


def _coordinate_ascent(program: Program) -> str:
    more = ["n_inner: int", "n_outer: int", "step: float", "start: Sequence[float]", _WEIGHTS]
    return "\n".join(
        [
            signature("coordinate_ascent", [*_given(program), *more], "Estimate"),
            '    """Climb by n_outer sweeps: each parameter in order makes n_inner steps alone."""',
            "    theta = np.array(_checked_start(start, tuple(zip(_LOW, _HIGH, strict=True))))",
            f"    data = statistics({', '.join(program.arguments)}, weights)",
            "    _sweep(data, theta, n_inner, n_outer, step)",
            "    return Estimate(*theta.tolist())",
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
    lines, columns, work = _read_lines(program)
    work = [*work, *copies(program)]
    lines += [f"    {name} = np.empty(len({columns[0]}))" for name in copies(program)]
    return "\n".join(
        [
            head,
            '    """The maximum-likelihood estimate.',
            "",
            "    Raises ValueError for data outside the support, and where no estimate exists.",
            '    """',
            *lines,
            "    theta = np.zeros(_P)",
            f"    reason = _fit({', '.join([*columns, 'w', *work, 'theta'])})",
            "    if reason:",
            "        raise ValueError(reason)",
            "    return Estimate(*theta.tolist())",
        ]
    )
