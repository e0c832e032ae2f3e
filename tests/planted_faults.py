"""Faults planted in programs, one at a time: the tool that measures what `verify` catches.

    python -m tests.planted_faults normal gamma ...

prints how many of the faults planted in the modules of some families are caught, and those that
are not.  A change is a fault if it changes what some function gives somewhere: that is found by
running both programs at random places, which are not those of `verify`.
"""

import ast
import copy
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np

from symmle.codegen import TARGETS, load
from symmle.families import FAMILIES, family_model
from symmle.verify.places import Place
from symmle.verify.program_checks import Doubts, check_refusals, check_statistics, faults_of
from symmle.verify.programs import FAULTS, FUNCTIONS, POINTWISE, PythonProgram, Refused

_FORMULAS = (
    "average_log_likelihood", "score", "hessian", "_everything", "_evaluate", "_given", "_taken",
    "_take", "step_simultaneous", "step_alternating", "newton_step", "_equation", "_moments",
    "_sums_about", "_covariance", "_mean", "_ascend", "_sweep", "_move", "fit", "statistics",
)  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """A program with a fault: its kind, where it stands, and the text."""

    kind: str
    where: str
    change: str
    text: str


def planted(text: str, draw: Random, kinds: Sequence[str]) -> Iterator[Planted]:
    """For each kind asked for, one fault of it, at a place that is drawn; none where none fits."""
    tree = ast.parse(text)
    for kind in kinds:
        found = [
            (function.name, node, field, changed)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef) and _is_formula(function.name)
            for node, field, changed in _changes(kind, function)
        ]
        if not found:
            continue
        where, node, field, changed = draw.choice(found)
        before = getattr(node, field)
        setattr(node, field, changed)
        ast.fix_missing_locations(tree)
        change = f"{_shown(before)}  ->  {_shown(changed)}"
        yield Planted(kind, where, change, ast.unparse(tree))
        setattr(node, field, before)


def _shown(code: object) -> str:
    if isinstance(code, ast.AST):
        return ast.unparse(code)
    if isinstance(code, list):
        return "; ".join(map(_shown, code))
    return str(code)


def _is_formula(name: str) -> bool:
    return name in _FORMULAS or name.startswith("_slope_")


Change = tuple[ast.AST, str, object]


def _places_of_expressions(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    """Every single expression of a function's body, with what holds it; no text, no annotation."""
    for statement in function.body:
        for node in ast.walk(statement):
            for field in ("value", "left", "right", "operand", "test"):
                child = getattr(node, field, None)
                if isinstance(child, ast.expr) and not isinstance(node, ast.AnnAssign | ast.Expr):
                    yield node, field, child


def _changes(kind: str, function: ast.FunctionDef) -> Iterator[Change]:
    if kind in ("order", "old for new"):
        yield from _in_steps(kind, function)
        return
    names = [each.arg for each in function.args.args if each.arg not in ("data", "step", "x", "w")]
    for node, field, child in _places_of_expressions(function):
        for changed in _CHANGED[kind](child, names):
            yield node, field, changed
    calls = [n for line in function.body for n in ast.walk(line) if isinstance(n, ast.Call)]
    for node in calls:
        for k, child in enumerate(node.args):
            for changed in _CHANGED[kind](child, names):
                yield node, "args", [*node.args[:k], changed, *node.args[k + 1 :]]


def _sign(child: ast.expr, _: list[str]) -> Iterator[ast.expr]:
    if isinstance(child, ast.BinOp) and isinstance(child.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(child.op, ast.Add) else ast.Add()
        yield ast.BinOp(child.left, other, child.right)
    if isinstance(child, ast.UnaryOp) and isinstance(child.op, ast.USub):
        yield child.operand


def _factor(child: ast.expr, _: list[str]) -> Iterator[ast.expr]:
    if isinstance(child, ast.BinOp) and isinstance(child.op, ast.Mult | ast.Div):
        yield ast.BinOp(ast.Constant(2), ast.Mult(), child)
    if isinstance(child, ast.Constant) and _is_number(child.value) and child.value not in (0,):
        yield ast.Constant(child.value * 2)


def _symbol(child: ast.expr, names: list[str]) -> Iterator[ast.expr]:
    if isinstance(child, ast.Name) and child.id in names:
        for name in names:
            if name != child.id:
                yield ast.Name(name, ast.Load())


def _exponent(child: ast.expr, _: list[str]) -> Iterator[ast.expr]:
    if isinstance(child, ast.BinOp):
        if isinstance(child.op, ast.Mult) and ast.dump(child.left) == ast.dump(child.right):
            yield child.left
            yield ast.BinOp(child, ast.Mult(), child.left)
        if isinstance(child.op, ast.Div) and isinstance(child.right, ast.Name):
            yield child.left
            yield ast.BinOp(child, ast.Div(), child.right)
        if isinstance(child.op, ast.Pow):
            yield ast.BinOp(child, ast.Mult(), child.left)


def _term(child: ast.expr, _: list[str]) -> Iterator[ast.expr]:
    if isinstance(child, ast.BinOp) and isinstance(child.op, ast.Add | ast.Sub):
        yield child.left
        if isinstance(child.op, ast.Add):
            yield child.right


def _constant(child: ast.expr, _: list[str]) -> Iterator[ast.expr]:
    if isinstance(child, ast.Constant) and _is_number(child.value) and child.value:
        yield ast.Constant(child.value * (1 + 1e-9))


def _count(child: ast.expr, _: list[str]) -> Iterator[ast.expr]:
    counts = ("rows", "total", "n")
    if isinstance(child, ast.BinOp) and isinstance(child.op, ast.Div):
        right = child.right
        called = isinstance(right, ast.Call) and ast.unparse(right.func) == "len"
        if called or (isinstance(right, ast.Name) and right.id in counts):
            fewer = ast.BinOp(right, ast.Sub(), ast.Constant(1))
            yield ast.BinOp(child.left, child.op, fewer)


def _modulus(child: ast.expr, _: list[str]) -> Iterator[ast.expr]:
    if isinstance(child, ast.Call) and ast.unparse(child.func) in ("abs", "np.abs", "math.fabs"):
        yield child.args[0]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_CHANGED: dict[str, Callable[[ast.expr, list[str]], Iterator[ast.expr]]] = {
    "sign": _sign,
    "factor": _factor,
    "symbol": _symbol,
    "exponent": _exponent,
    "term": _term,
    "constant": _constant,
    "n - 1": _count,
    "modulus": _modulus,
}
KINDS = (*_CHANGED, "order", "old for new")


def _in_steps(kind: str, function: ast.FunctionDef) -> Iterator[Change]:
    """Faults of alternating steps: two moves exchanged, or one that reads what is no longer new."""
    if function.name not in ("step_alternating", "_sweep", "_ascend"):
        return
    for node in ast.walk(function):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        moves = [k for k, line in enumerate(body) if _is_move(line)]
        for first, second in pairwise(moves):
            changed = list(body)
            if kind == "order":
                changed[first], changed[second] = changed[second], changed[first]
            else:
                target = changed[first].targets[0]
                kept = ast.Assign([ast.Name("the_old", ast.Store())], copy.deepcopy(target))
                for each in ast.walk(kept.value):
                    if isinstance(each, ast.Name | ast.Subscript):
                        each.ctx = ast.Load()
                later = copy.deepcopy(changed[second])
                old = ast.unparse(target)
                text = ast.unparse(later.value).replace(f" {old},", " the_old,")
                text = text.replace(f" {old})", " the_old)")
                later.value = ast.parse(text, mode="eval").body
                changed = [
                    *changed[:first],
                    kept,
                    *changed[first:second],
                    later,
                    *changed[second + 1 :],
                ]
            yield node, "body", changed


def _is_move(line: ast.stmt) -> bool:
    return (
        isinstance(line, ast.Assign)
        and isinstance(line.value, ast.BinOp)
        and "_slope_" in ast.unparse(line.value)
    )


def answers(program: PythonProgram, there: Sequence[Place], doubts: Doubts) -> list[object]:
    """What every function gives at every place, or that it gives nothing."""
    found: list[object] = []
    for place in there:
        for name in FUNCTIONS:
            if name == "newton_step" and doubts.wanted(name, place) is None:
                continue  # of a singular Hessian: many points, or none
            try:
                found.append(_answer(program, name, place, doubts))
            except (Refused, *FAULTS) as error:
                found.append(str(error))
    return found


def _answer(program: PythonProgram, name: str, place: Place, doubts: Doubts) -> list[float]:
    columns, weights = place.all_columns, place.all_weights
    if name == "fit":
        return program.fit(columns, weights) if place.weights or place.repeat > 1 else []
    step = doubts.step(place)
    if name == "gradient_ascent":
        both = (program.climb(columns, weights, 2, step, place.theta, way) for way in (False, True))
        return [number for each in both for number in each]
    if name == "coordinate_ascent":
        return program.sweep(columns, weights, (1, 1), step, place.theta)
    more = () if name in POINTWISE else (step,)
    return program.numbers(name, program.take(columns, weights), (*place.theta, *more))


def alike(one: object, other: object) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return np.allclose(one, other, rtol=1e-11, atol=1e-13, equal_nan=True)


def elsewhere(doubts: Doubts) -> list[Place]:
    """Places that are not those of `verify`, with weights, and with many rows."""
    draw = Random(2024)
    found = []
    for place in doubts.places:
        theta = tuple(v * math.exp(draw.gauss(0, 0.02)) for v in place.theta)
        moved = Place(place.columns, theta)
        if doubts.jet(moved) is not None:
            found += [moved, moved.weighted()]
    many = Place(doubts.samples[-1].columns, doubts.samples[-1].theta, None, 4000)
    return [*found, many, *(sample.weighted() for sample in doubts.samples)]


def is_caught(program: PythonProgram, doubts: Doubts) -> bool:
    """Whether `verify` finds a failure in some function."""
    for name in FUNCTIONS:
        if any(found is not None for found in faults_of(name, program, doubts)):
            return True
    checks = check_statistics(program, doubts), check_refusals(program, doubts)
    return any(check.ok is False for check in checks)


def score(
    doubts: Doubts, target: str, seed: int, kinds: Sequence[str] = KINDS
) -> tuple[list[Planted], list[Planted]]:
    """The faults planted in the module of a family for a target in Python: caught, and missed."""
    text = TARGETS[target].spell(doubts.plan, "made")[".py"]
    caught, missed = [], []
    for each in planted(text, Random(seed), kinds):
        try:
            program = PythonProgram(load(each.text, "symmle_faulty"))
        except FAULTS:
            continue  # it cannot even be loaded
        if is_caught(program, doubts):
            caught.append(each)
        elif not _computes_the_same(program, text, doubts):
            missed.append(each)
    return caught, missed


def _computes_the_same(program: PythonProgram, text: str, doubts: Doubts) -> bool:
    """Whether a change is no fault."""
    there = elsewhere(doubts)
    true = answers(PythonProgram(load(text, "symmle_true")), there, doubts)
    return all(map(alike, answers(program, there, doubts), true))


def main(names: Sequence[str]) -> None:
    total = [0, 0]
    for name in names or list(FAMILIES):
        doubts = Doubts(family_model(name).freed())
        for target in ("numpy", "python"):
            for seed in (1, 2, 3):
                here = score(doubts, target, seed)
                total = [a + len(b) for a, b in zip(total, here, strict=True)]
                for each in here[1]:
                    print(f"MISSED {name} {target} {each.kind}, {each.where}: {each.change}")
        print(f"{name}: {total[0]} caught, {total[1]} missed so far", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
