"""Check a certificate of convergence without the program that found it.

    python checker.py CERTIFICATE.json

Needs python-flint and NumPy only.  The certificate writes one update as operations, each on results
before it: the variables, the constants, the columns of data, what is worked out `once`, and `each`
time.  They are carried out here on boxes, in balls that hold every rounding, and their derivatives
with them.  Claimed is that (1) where each variable is within its `radii` of `centre`, `updates`
updates have a Jacobian D with sum(|D_ij|*r_j)/r_i <= bound < 1, and move the centre by at most
(1 - bound)*r_i, so that by Banach's theorem every start there converges to one point; and that
(2) each of `boxes` holds the one before, in which its points are after at most `way` updates; on
none of them does what is listed in `positive` come to 0: the distances to the domains' ends.
"""

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
from flint import acb, arb, ctx, fmpq

Cell = list[tuple[fmpq, fmpq]]

MOST = 20_000  # cells of a box; fewer where each takes all rows of the data
ARITHMETIC: dict[str, Callable[..., Any]] = {  # value, derivative in x, derivative in y
    "+": lambda x, y: (x + y, 1, 1),
    "*": lambda x, y: (x * y, y, x),
    "/": lambda x, y: (x / y, 1 / y, -x / y / y),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": lambda x, _: (x.exp(), x.exp(), 0),
    "log": lambda x, _: (x.log(), 1 / x, 0),
    "sin": lambda x, _: (x.sin(), x.cos(), 0),
    "cos": lambda x, _: (x.cos(), -x.sin(), 0),
    "atan": lambda x, _: (x.atan(), 1 / (1 + x * x), 0),
    "erfc": lambda x, _: (x.erfc(), -2 * (-x * x).exp() / arb.pi().sqrt(), 0),
    "loggamma": lambda x, _: (x.lgamma(), x.digamma(), 0),
    "polygamma": lambda x, k: (acb(x).polygamma(k).real, acb(x).polygamma(k + 1).real, 0),
}
OPERATIONS = ARITHMETIC | {name: np.frompyfunc(f, 2, 3) for name, f in FUNCTIONS.items()}


class Proof:
    """The update of a certificate; a result is a pair (value, derivatives)."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.record, self.size = record, len(record["variables"])
        weights = np.array([arb(number(each)) for each in record["weights"]], dtype=object)
        self.shares = weights / weights.sum() if len(weights) else weights
        columns = [np.array([arb(number(x)) for x in each]) for each in record["rows"].values()]
        given = [*[arb(0)] * self.size, *map(arb, record["constants"]), *columns]
        known = self.results(record["once"], [(x, [0] * self.size) for x in given])
        self.known = known[self.size :]  # without the places of the variables
        self.cells = max(512, MOST // (1 + len(weights)))

    def results(self, operations: list[list[Any]], known: list[Any]) -> list[Any]:
        """What is known, and behind it the result of each operation."""
        found = list(known)
        for name, *places in operations:
            (x, dx), (y, dy) = found[places[0]], found[places[-1]]
            if name == "mean":
                found.append(((x * self.shares).sum(), [(d * self.shares).sum() for d in dx]))
            else:
                value, p, q = OPERATIONS[name](x, y)
                found.append((value, [p * s + q * t for s, t in zip(dx, dy, strict=True)]))
        return found

    def image(self, box: list[arb]) -> tuple[list[arb], Any] | None:
        """(the box after one update, the Jacobian over it); None where it may leave the domain."""
        middle, unit = [each.mid() for each in box], np.eye(self.size, dtype=int).tolist()
        over, at = (
            self.results(self.record["each"], [*zip(place, unit, strict=True), *self.known])
            for place in (box, middle)
        )
        if not all(over[k][0] > 0 for k in self.record["positive"]):
            return None
        new, rows = [], [over[k][1] for k in self.record["image"]]
        away = [b - m for b, m in zip(box, middle, strict=True)]
        for k, row in zip(self.record["image"], rows, strict=True):
            moved = sum((d * a for d, a in zip(row, away, strict=True)), at[k][0])
            if not (moved.is_finite() and over[k][0].is_finite()):
                return None
            new.append(moved.intersection(over[k][0]))  # both hold the image
        return new, np.array(rows, dtype=object)

    def contracts(self, updates: int, bound: fmpq, radii: list[fmpq], cell: Cell) -> bool:
        box, jacobian = balls(cell), np.eye(self.size, dtype=int).astype(object)
        for _ in range(updates):
            found = self.image(box)
            if found is None:
                return False
            box, jacobian = found[0], found[1] @ jacobian
        sizes = abs(jacobian) @ np.array(radii, dtype=object)
        return all(size <= bound * own for size, own in zip(sizes, radii, strict=True))

    def comes_into(self, inner: Cell, way: int, cell: Cell) -> bool:
        box = balls(cell)
        for _ in range(way):
            if is_within(box, inner):
                return True
            found = self.image(box)
            if found is None:
                return False
            box = found[0]
        return is_within(box, inner)


def number(text: str) -> fmpq:
    return fmpq(*map(int, text.split("/")))


def balls(cell: Cell) -> list[arb]:
    return [arb(low).union(arb(high)) for low, high in cell]


def is_within(box: list[arb], cell: Cell) -> bool:
    return all(arb(low) <= b <= arb(high) for b, (low, high) in zip(box, cell, strict=True))


def everywhere(
    holds: Callable[[Cell], bool], parts: list[Cell], radii: list[fmpq], left: int
) -> bool:
    """Whether a property holds of cells that are cut as often as is needed."""
    pending = list(parts)
    while pending:
        cell, left = pending.pop(), left - 1
        if holds(cell):
            continue
        if left < 0 or not holds([((low + high) / 2,) * 2 for low, high in cell]):
            return False
        k = max(range(len(cell)), key=lambda i: (cell[i][1] - cell[i][0]) / radii[i])
        low, high = cell[k]
        halves = (low, (low + high) / 2), ((low + high) / 2, high)
        pending += [[*cell[:k], half, *cell[k + 1 :]] for half in halves]
    return True


def accepts(record: dict[str, Any]) -> bool:
    """Whether every claim of a certificate, read from JSON, was found to hold."""
    with ctx.workprec(96):
        proof, claim = Proof(record), record["contraction"]
        centre, radii = (list(map(number, claim[key])) for key in ("centre", "radii"))
        bound, updates = number(claim["bound"]), claim["updates"]
        if not (0 <= bound < 1 <= updates and all(r > 0 for r in radii)):
            return False
        box = [arb(c) for c in centre]
        for _ in range(updates):
            found = proof.image(box)
            if found is None:
                return False
            box = found[0]
        slack = [(1 - bound) * r for r in radii]
        if not is_within(box, [(c - s, c + s) for c, s in zip(centre, slack, strict=True)]):
            return False
        inner = [(c - r, c + r) for c, r in zip(centre, radii, strict=True)]
        contracts = partial(proof.contracts, updates, bound, radii)
        if not everywhere(contracts, [inner], radii, proof.cells):
            return False
        for box_ends in record["boxes"]:
            outer = [(number(low), number(high)) for low, high in box_ends]
            cuts = [(a, *i, b) for (a, b), i in zip(outer, inner, strict=True)]
            if not all(list(each) == sorted(each) for each in cuts):
                return False
            parts = [list(each) for each in product(*map(pairwise, cuts))]
            comes = partial(proof.comes_into, inner, record["way"])
            if not everywhere(comes, parts, radii, proof.cells):
                return False
            inner = outer
    return True


def main(paths: Sequence[str]) -> int:
    """The exit status for the one file named: 0 accepted, 1 refused, 2 not to be read."""
    try:
        (path,) = paths
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"checker: give one certificate, a JSON file ({error})", file=sys.stderr)
        return 2
    try:
        accepted = accepts(record)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        print(f"refused: this is no certificate ({type(error).__name__}: {error})")
        return 1
    print("accepted" if accepted else "refused")
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
