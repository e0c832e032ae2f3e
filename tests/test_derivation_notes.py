"""The hand-written notes in derivations/ are executed: a stale number or formula turns red.

A note may hold, outside its section "Sources", only

* fenced python blocks, run in order in one namespace; what a block prints must stand below it;
* inline code, evaluated after the last block: ``a = b`` must agree on both sides (a decimal agrees
  when it is the other side correctly rounded); a condition on symbols must be in the set ``shown``,
  to which a block adds it after proving it; anything else must evaluate, and may hold no digit;
* prose without a digit, so that no number escapes.
"""

import contextlib
import functools
import io
import itertools
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

FOLDER = Path(__file__).resolve().parent.parent / "derivations"
NOTES = (
    "why-it-blows-up.md",
    "sweeps.md",
    "householder-john-and-ostrowski-reich.md",
    "two-block-law.md",
    "schur-cohn.md",
    "flip-coefficient.md",
    "coordinate-ascent-of-the-gamma.md",
    "bilinear-games.md",
    "em-on-the-linkage-data.md",
    "known-maps.md",
    "claims-for-all-letters.md",
)
BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
NAME = re.compile(r"(?<!\w)[A-Za-z_]\w*")  # mu0 and s2 are names: their digits are no numbers
LITERAL = re.compile(r"-?[\d_]+(\.(?P<decimals>\d+))?(?P<exponent>e[+-]?\d+)?")
UNEVALUABLE = (
    SyntaxError,
    NameError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
)
Namespace = dict[str, Any]


@functools.cache
def read(name: str) -> str:
    """The text of a note, without its list of sources."""
    text, heading, _ = (FOLDER / name).read_text(encoding="utf-8").partition("\n## Sources\n")
    assert heading, f"{name} names no sources"
    return text


@functools.cache
def execute(name: str) -> tuple[Namespace, tuple[str, ...]]:
    """Run the blocks of a note in order: the namespace they leave, and what each one printed."""
    namespace: Namespace = {"__file__": str(FOLDER / name), "shown": set()}
    printed = []
    for number, code in enumerate(BLOCK.findall(read(name)), start=1):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, f"{name}, block {number}", "exec"), namespace)
        printed.append(out.getvalue().strip())
    return namespace, tuple(printed)


def prose_of(text: str, printed: tuple[str, ...]) -> tuple[str, list[str]]:
    """The text around the blocks without what they printed, and a complaint where that differs."""
    pieces = BLOCK.split(text)[0::2]
    if len(pieces) != len(printed) + 1:
        return "", ["the number of blocks changed"]
    faults = []
    prose = [pieces[0]]
    for number, (piece, output) in enumerate(zip(pieces[1:], printed, strict=True), start=1):
        below = piece.lstrip("\n")
        if not (below + "\n").startswith(output + "\n" if output else ""):
            faults.append(f"block {number} prints something else than what stands below it")
        prose.append(below[len(output) :])
    return "\n".join(prose), faults


def faults_of(text: str, namespace: Namespace, printed: tuple[str, ...]) -> list[str]:
    """Everything in a note's text that its blocks do not bear out; empty when the note is true."""
    prose, faults = prose_of(text, printed)
    faults += [fault for span in SPAN.findall(prose) if (fault := fault_in(span, namespace))]
    bare = SPAN.sub("", prose).splitlines()
    return faults + [f"a number in plain prose: {line}" for line in bare if has_number(line)]


def has_number(text: str) -> bool:
    """Whether a digit stands in the text outside the names."""
    return bool(re.search(r"\d", NAME.sub("", text)))


def fault_in(span: str, namespace: Namespace) -> str | None:
    """None when the inline code is borne out by the namespace, else what is wrong with it."""
    if span in namespace["shown"]:
        return None
    sides = [side.strip() for side in span.split(" = ")]
    if len(sides) == 1 and has_number(span):
        return f"a number that nothing checks: {span}"
    try:
        values = [eval(side, namespace) for side in sides]
        agree = all(
            same(values[i], values[j], sides[j]) for i, j in itertools.pairwise(range(len(sides)))
        )
    except UNEVALUABLE as error:
        return f"cannot be evaluated: {span} ({error})"
    return None if agree and values[0] is not False else f"false: {span}"


def same(left: Any, right: Any, text: str) -> bool:
    """Whether two values are equal; `text`, when it is a decimal, says to how many digits."""
    literal = LITERAL.fullmatch(text)
    if literal and (literal["decimals"] or literal["exponent"]):
        kind = "e" if literal["exponent"] else "f"
        rounded = format(float(left), f".{len(literal['decimals'] or '')}{kind}")
        return float(rounded) == float(text)
    if isinstance(left, sp.MatrixBase):
        return left.shape == right.shape and all(map(vanishes, left - right))
    if isinstance(left, sp.Expr) or isinstance(right, sp.Expr):
        return vanishes(sp.sympify(left) - right)
    return bool(left == right)


def vanishes(expression: sp.Expr) -> bool:
    """Zero at a random-looking exact point first (cheap), then as an identity (proof)."""
    symbols = sorted(expression.free_symbols, key=str)
    point = {s: sp.Rational(7 + 2 * i, 5 + i) for i, s in enumerate(symbols)}
    value = sp.N(expression.xreplace(point), 30, chop=1e-25)
    return bool(value == 0 and sp.simplify(expression) == 0)


@pytest.mark.parametrize("name", NOTES)
def test_every_number_and_formula_is_borne_out(name: str) -> None:
    """Law: a note says nothing that its own blocks do not show."""
    assert faults_of(read(name), *execute(name)) == []


@pytest.mark.parametrize("name", NOTES)
def test_every_link_leads_somewhere(name: str) -> None:
    """Law: a path that a note links to is there."""
    links = re.findall(r"\]\(([^)]+)\)", (FOLDER / name).read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (FOLDER / link).exists()] == []


def test_the_index_names_every_note() -> None:
    """Law: README.md lists the notes that are executed here, and no others."""
    listed = re.findall(r"^\| \[(.+?)\]\(\1\)", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(NOTES)


def digits_in_prose(name: str) -> list[int]:
    """Where the digits of a note's numbers stand, outside its blocks and its names."""
    text = read(name)
    spared = [*BLOCK.finditer(text), *NAME.finditer(text)]
    inside = {i for match in spared for i in range(match.start(), match.end())}
    return [m.start() for m in re.finditer(r"\d", text) if m.start() not in inside]


def differs(name: str, at: int) -> bool:
    """Whether changing the one digit at `at` turns the line's claims, or a printed table, red."""
    namespace, printed = execute(name)
    text = read(name)
    spoilt = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
    start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    spans = [m for m in SPAN.finditer(spoilt, start, end) if m.start() <= at < m.end()]
    if spans and (spans[0][1] in namespace["shown"] or fault_in(spans[0][1], namespace) is None):
        return False
    return bool(spans) or bool(prose_of(spoilt, printed)[1])


@pytest.mark.parametrize("name", NOTES)
def test_any_changed_digit_turns_red(name: str) -> None:
    """Law: no digit of a note, in prose or table, can be altered unnoticed (each one is tried)."""
    places = digits_in_prose(name)
    assert len(places) > 20
    unnoticed = [read(name)[at - 30 : at + 10] for at in places if not differs(name, at)]
    assert unnoticed == []


@pytest.mark.parametrize(
    ("addition", "complaint"),
    [
        ("It takes 12 sweeps.", "plain prose"),
        ("It takes `12` sweeps.", "nothing checks"),
        ("The rate is `1 + 1 = 3`.", "false"),
        ("The rate is `one_third_mistyped`.", "cannot be evaluated"),
        ("Then `undeclared < other`.", "cannot be evaluated"),
    ],
)
def test_an_unchecked_statement_turns_red(addition: str, complaint: str) -> None:
    """Law: a number or a formula that no block stands behind is refused, however it is written."""
    name = NOTES[0]
    faults = faults_of(read(name) + f"\n{addition}\n", *execute(name))
    assert len(faults) == 1 and complaint in faults[0]


def test_a_changed_block_turns_red() -> None:
    """Law: the prose hangs on the blocks: another table below a block, or none, is refused."""
    name = NOTES[0]
    namespace, printed = execute(name)
    spoilt = tuple(output and output + "\n| one more row |" for output in printed)
    faults = faults_of(read(name), namespace, spoilt)
    assert any("prints something else" in fault for fault in faults)


def random_problem(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A positive definite matrix A, and its block diagonal D for a random partition."""
    size = int(rng.integers(2, 8))
    root = rng.normal(size=(size, size))
    a = root @ root.T + 0.05 * np.eye(size)
    block = np.sort(rng.integers(0, size, size))
    return a, np.where(block[:, None] == block[None, :], a, 0.0)


def radius_of_a_run(a: np.ndarray, diagonal: np.ndarray, step: float) -> float:
    """Spectral radius of one alternating sweep, made by *running* it on the unit vectors."""
    columns = np.eye(len(a))
    for row in range(len(a)):
        block = diagonal[row] != 0
        if row > np.flatnonzero(block)[0]:
            continue
        columns[block] -= step * (a[block] @ columns)
    return float(max(abs(np.linalg.eigvals(columns))))


def test_the_theorem_on_random_problems() -> None:
    """Law: g < 2/max eig D makes alternating contract, and 2/max eig A never exceeds that bound."""
    rng = np.random.default_rng(20)
    wider = 0
    for _ in range(400):
        a, diagonal = random_problem(rng)
        bound = 2 / np.linalg.eigvalsh(diagonal)[-1]
        assert 2 / np.linalg.eigvalsh(a)[-1] <= bound * (1 + 1e-12)
        assert radius_of_a_run(a, diagonal, rng.uniform(0.01, 0.99) * bound) < 1
        wider += 1.01 * 2 / np.linalg.eigvalsh(a)[-1] < bound
    assert wider > 300


def test_a_false_theorem_would_be_noticed() -> None:
    """Law: with four in place of two in the bound, the same random problems refute the theorem."""
    rng = np.random.default_rng(20)
    radii = []
    for _ in range(400):
        a, diagonal = random_problem(rng)
        step = 3.9 / np.linalg.eigvalsh(diagonal)[-1]
        radii.append(radius_of_a_run(a, diagonal, step))
    assert max(radii) > 1


def test_the_energy_identity_in_exact_arithmetic() -> None:
    """Law: a sweep lowers x'Ax by z'(2/g - D)z, z = x - y, computed from the sweep as it is run."""
    rng = np.random.default_rng(21)
    for _ in range(50):
        size = int(rng.integers(2, 6))
        root = [[Fraction(int(v)) for v in row] for row in rng.integers(-3, 4, (size, size))]
        a = [
            [sum((p * q for p, q in zip(r, s, strict=True)), Fraction(r is s)) for s in root]
            for r in root
        ]
        x = [Fraction(int(v)) for v in rng.integers(-5, 6, size)]
        step = Fraction(int(rng.integers(1, 9)), int(rng.integers(1, 99)))
        y = list(x)
        for i in range(size):
            y[i] -= step * sum((a[i][j] * y[j] for j in range(size)), Fraction(0))
        fall = sum((2 / step - a[i][i]) * (x[i] - y[i]) ** 2 for i in range(size))
        assert energy(a, x) - energy(a, y) == fall


def energy(a: list[list[Fraction]], x: list[Fraction]) -> Fraction:
    """The quadratic form x'Ax."""
    return sum((x[i] * a[i][j] * x[j] for i in range(len(x)) for j in range(len(x))), Fraction(0))
