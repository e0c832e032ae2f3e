"""Check a certificate of convergence without the program that found it.

    python checker.py CERTIFICATE.json

Needs python-flint only.  It reads the map as text, differentiates it by dual numbers, and repeats
in ball arithmetic what the certificate claims: (1) about `centre`, `updates` steps of the map have
a Jacobian D with sum(|D_ij|*r_j)/r_i <= bound < 1 and move the centre by at most (1 - bound)*r_i,
so that Banach's theorem gives one fixed point, to which every start in that box converges; (2) each
box of `boxes` contains the one before it, and each of its points is in that one after at most
`way` updates, never outside the domain on the way.
"""

import ast
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flint import acb, arb, ctx, fmpq

Box = list[arb]
Ends = list[tuple[fmpq, fmpq]]
Matrix = list[list[arb]]

_CELLS = 20_000  # of a box; fewer where each takes all the rows of the data


class Dual:
    """A ball and the balls of its derivatives."""

    def __init__(self, value: arb, slopes: list[arb]) -> None:
        self.value, self.slopes = value, slopes

    def chain(self, value: arb, slope: arb | int) -> "Dual":
        return Dual(value, [slope * each for each in self.slopes])


def _polygamma(order: int, x: arb) -> arb:
    return acb(x).polygamma(acb(order)).real


_FUNCTIONS: dict[str, tuple[Callable[[arb], arb], Callable[[arb], arb]]] = {
    "exp": (lambda x: x.exp(), lambda x: x.exp()),
    "log": (lambda x: x.log(), lambda x: 1 / x),
    "sqrt": (lambda x: x.sqrt(), lambda x: 1 / (2 * x.sqrt())),
    "sin": (lambda x: x.sin(), lambda x: x.cos()),
    "cos": (lambda x: x.cos(), lambda x: -x.sin()),
    "tanh": (lambda x: x.tanh(), lambda x: 1 / (x.cosh() * x.cosh())),
    "sinh": (lambda x: x.sinh(), lambda x: x.cosh()),
    "cosh": (lambda x: x.cosh(), lambda x: x.sinh()),
    "atan": (lambda x: x.atan(), lambda x: 1 / (1 + x * x)),
    "loggamma": (lambda x: x.lgamma(), lambda x: _polygamma(0, x)),
    "erf": (lambda x: x.erf(), lambda x: 2 * (-x * x).exp() / arb.pi().sqrt()),
    "erfc": (lambda x: x.erfc(), lambda x: -2 * (-x * x).exp() / arb.pi().sqrt()),
}


@dataclass(frozen=True)
class Scope:
    """What names mean: letters, and the rows of the data with the share of each."""

    letters: dict[str, Dual]
    size: int
    rows: list[dict[str, Dual]]
    shares: list[arb]

    def constant(self, number: arb) -> Dual:
        return Dual(number, [arb(0)] * self.size)

    def with_letters(self, letters: dict[str, Dual]) -> "Scope":
        return replace(self, letters=self.letters | letters)


def value(node: ast.expr, scope: Scope) -> Dual:
    """The dual value of an expression's tree."""
    match node:
        case ast.Constant(value=int(number)):
            return scope.constant(arb(number))
        case ast.Name(id="pi"):
            return scope.constant(arb.pi())
        case ast.Name(id=name):
            return scope.letters[name]
        case ast.UnaryOp(op=ast.USub(), operand=inside):
            inner = value(inside, scope)
            return inner.chain(-inner.value, -1)
        case ast.Call(func=ast.Name(id="mean"), args=[inside]):
            return _mean([value(inside, scope.with_letters(r)) for r in scope.rows], scope)
        case ast.Call(func=ast.Name(id="polygamma"), args=[ast.Constant(value=int(k)), inside]):
            inner = value(inside, scope)
            return inner.chain(_polygamma(k, inner.value), _polygamma(k + 1, inner.value))
        case ast.Call(func=ast.Name(id=name), args=[inside]):
            inner = value(inside, scope)
            function, slope = _FUNCTIONS[name]
            return inner.chain(function(inner.value), slope(inner.value))
        case ast.BinOp(left=left, op=operator, right=right):
            return _combined(operator, value(left, scope), value(right, scope))
    raise ValueError(f"no meaning is given to {ast.dump(node)}")


def _mean(rows: list[Dual], scope: Scope) -> Dual:
    slopes = [_weighted(scope.shares, [row.slopes[k] for row in rows]) for k in range(scope.size)]
    return Dual(_weighted(scope.shares, [row.value for row in rows]), slopes)


def _weighted(weights: list[arb], numbers: list[arb]) -> arb:
    return sum((w * x for w, x in zip(weights, numbers, strict=True)), arb(0))


def _combined(operator: ast.operator, left: Dual, right: Dual) -> Dual:
    a, b = left.value, right.value
    pairs = list(zip(left.slopes, right.slopes, strict=True))
    match operator:
        case ast.Add():
            return Dual(a + b, [s + t for s, t in pairs])
        case ast.Sub():
            return Dual(a - b, [s - t for s, t in pairs])
        case ast.Mult():
            return Dual(a * b, [s * b + a * t for s, t in pairs])
        case ast.Div():
            return Dual(a / b, [(s - a / b * t) / b for s, t in pairs])
        case ast.Pow() if b.is_exact() and b.is_integer():
            whole = int(b.fmpq())
            return left.chain(_whole_power(a, whole), whole * _whole_power(a, whole - 1))
        case ast.Pow():
            power = (b * a.log()).exp()
            return Dual(power, [power * (t * a.log() + b * s / a) for s, t in pairs])
    raise ValueError(f"no meaning is given to {ast.dump(operator)}")


def _whole_power(base: arb, exponent: int) -> arb:
    if exponent < 0:
        return 1 / _whole_power(base, -exponent)
    result = arb(1)
    for _ in range(exponent):
        result = result * base  # not base**exponent, which is nan for a ball round zero
    return result


class Certificate:
    """The map of a certificate, ready to be carried out on boxes."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.variables = record["variables"]
        self.lines = [
            (line["moves"], [_tree(text) for text in line["values"]], line["repeat"])
            for line in record["statements"]
        ] * record["sweeps"]
        self.positive = [_tree(text) for text in record["positive"]]
        size = len(self.variables)
        none = [arb(0)] * size
        constants = {name: Dual(arb(text), none) for name, text in record["constants"].items()}
        columns = {name: list(map(_fraction, each)) for name, each in record["rows"].items()}
        weights = list(map(_fraction, record["weights"]))
        rows = [
            {name: Dual(arb(column[i]), none) for name, column in columns.items()}
            for i in range(len(weights))
        ]
        shares = [arb(each / sum(weights, fmpq(0))) for each in weights]
        self.scope = Scope(constants, size, rows, shares)
        self.cells = max(512, _CELLS // (1 + len(rows)))

    def at(self, trees: list[ast.expr], box: Box) -> list[Dual]:
        """Values and derivatives over a box."""
        units = _identity(len(box))
        here = {n: Dual(b, u) for n, b, u in zip(self.variables, box, units, strict=True)}
        return [value(tree, self.scope.with_letters(here)) for tree in trees]

    def update(self, box: Box) -> tuple[Box, Matrix] | None:
        """(the box after one update, the Jacobian over it); None where it may leave the domain."""
        matrix = _identity(len(box))
        for names, trees, repeat in self.lines:
            for _ in range(repeat):
                middle = [each.mid() for each in box]
                whole, start = self.at(trees, box), self.at(trees, middle)
                new, rows = list(box), list(matrix)
                for name, over, at in zip(names, whole, start, strict=True):
                    i = self.variables.index(name)
                    moved = at.value + sum(
                        (s * (b - m) for s, b, m in zip(over.slopes, box, middle, strict=True)),
                        arb(0),
                    )  # the mean-value form
                    if not (moved.is_finite() and over.value.is_finite()):
                        return None
                    new[i] = moved.intersection(over.value)
                    rows[i] = [
                        sum((s * matrix[k][j] for k, s in enumerate(over.slopes)), arb(0))
                        for j in range(len(box))
                    ]
                box, matrix = new, rows
                if not self.inside(box):
                    return None
        return box, matrix

    def inside(self, box: Box) -> bool:
        return all(each.value > 0 for each in self.at(self.positive, box))


def contracts(certificate: Certificate, claim: dict[str, Any]) -> bool:
    """Whether claim (1) holds."""
    centre, radii = (list(map(_fraction, claim[key])) for key in ("centre", "radii"))
    bound, updates = _fraction(claim["bound"]), claim["updates"]
    if not (0 <= bound < 1 and updates >= 1 and all(r > 0 for r in radii)):
        return False
    point = [arb(c) for c in centre]
    for _ in range(updates):
        found = certificate.update(point)
        if found is None:
            return False
        point = found[0]
    if not all(abs(p - c) <= (1 - bound) * r for p, c, r in zip(point, centre, radii, strict=True)):
        return False

    def holds(cell: Ends) -> bool:
        box = [arb(low).union(arb(high)) for low, high in cell]
        product = _identity(len(box))
        for _ in range(updates):
            found = certificate.update(box)
            if found is None:
                return False
            box, product = found[0], _times(found[1], product)
        return all(
            sum((abs(d) * r for d, r in zip(row, radii, strict=True)), arb(0)) <= bound * own
            for row, own in zip(product, radii, strict=True)
        )

    whole = [(c - r, c + r) for c, r in zip(centre, radii, strict=True)]
    box = [arb(low).union(arb(high)) for low, high in whole]
    return certificate.inside(box) and _everywhere(holds, [whole], radii, certificate.cells)


def comes_inside(
    certificate: Certificate, outer: Ends, inner: Ends, way: int, radii: list[fmpq]
) -> bool:
    """Whether claim (2) holds of two boxes."""
    if not all(o[0] <= i[0] <= i[1] <= o[1] for o, i in zip(outer, inner, strict=True)):
        return False
    if not certificate.inside([arb(low).union(arb(high)) for low, high in outer]):
        return False

    def is_in(box: Box) -> bool:
        return all(arb(low) <= b <= arb(high) for b, (low, high) in zip(box, inner, strict=True))

    def holds(cell: Ends) -> bool:
        box = [arb(low).union(arb(high)) for low, high in cell]
        for _ in range(way):
            if is_in(box):
                return True
            found = certificate.update(box)
            if found is None:
                return False
            box = found[0]
        return is_in(box)

    shell, core = [], list(outer)
    for k, (low, high) in enumerate(inner):
        sides = [(core[k][0], low)] * (core[k][0] < low)
        sides += [(high, core[k][1])] * (high < core[k][1])
        shell += [[*core[:k], side, *core[k + 1 :]] for side in sides]
        core[k] = (low, high)
    return _everywhere(holds, shell, radii, certificate.cells)


def _everywhere(
    holds: Callable[[Ends], bool], cells: list[Ends], units: list[fmpq], left: int
) -> bool:
    """Whether a property of cells holds on all of them, each cut as often as is needed."""
    pending = list(cells)
    while pending:
        cell = pending.pop()
        left -= 1
        if left < 0:
            return False
        if not holds(cell):
            if not holds([((low + high) / 2,) * 2 for low, high in cell]):
                return False  # no cutting helps
            sides = [(high - low) / unit for (low, high), unit in zip(cell, units, strict=True)]
            k = sides.index(max(sides))
            low, high = cell[k]
            middle = (low + high) / 2
            pending += [
                [*cell[:k], part, *cell[k + 1 :]] for part in ((low, middle), (middle, high))
            ]
    return True


def _identity(size: int) -> Matrix:
    return [[arb(int(i == j)) for j in range(size)] for i in range(size)]


def _times(a: Matrix, b: Matrix) -> Matrix:
    columns = list(zip(*b, strict=True))
    return [[sum((x * y for x, y in zip(r, c, strict=True)), arb(0)) for c in columns] for r in a]


def _tree(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _fraction(text: str) -> fmpq:
    above, _, below = text.partition("/")
    return fmpq(int(above), int(below or 1))


def accepts(record: dict[str, Any]) -> bool:
    """Whether every claim of a certificate, read from JSON, was found to hold."""
    certificate = Certificate(record)
    with ctx.workprec(96):
        claim = record["contraction"]
        if not contracts(certificate, claim):
            return False
        centre, radii = (list(map(_fraction, claim[key])) for key in ("centre", "radii"))
        inner = [(c - r, c + r) for c, r in zip(centre, radii, strict=True)]
        for each in record["boxes"]:
            outer = [(_fraction(low), _fraction(high)) for low, high in each]
            if not comes_inside(certificate, outer, inner, record["way"], radii):
                return False
            inner = outer
    return True


if __name__ == "__main__":
    VERDICT = accepts(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print("accepted" if VERDICT else "refused")
    sys.exit(0 if VERDICT else 1)
