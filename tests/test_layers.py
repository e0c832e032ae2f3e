"""The house: imports point one way only, and what is light stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "symmle"

# A room may import from the rooms before it, never from those after it.
ROOMS = (
    "errors", "known", "budget", "exp_quotient", "bessel_ratio", "complement", "factors",
    "quotient", "fraction", "placed", "parsing", "domain", "latent", "model",
    "families", "hyperbolic", "zero_log", "sample_mean", "real_slope", "squares",
    "order_statistics", "tree_value", "straight_line", "precise", "trial", "invertible",
    "coordinates", "ties", "balls", "polynomial_system", "enclosed", "derive", "estimate", "em",
    "problem", "fixed_points", "schemes", "stability",
    "dynamics", "codegen", "data_free", "data", "fit", "diagnosis", "pictures", "verify",
    "report", "api", "cli", "__main__",
)  # fmt: skip


def imports(path: Path) -> set[str]:
    """The rooms of symmle that one file imports, wherever in the file the import stands.

    Imports under `if TYPE_CHECKING:` do not run and are left out.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    idle = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    names: list[str] = []
    for node in ast.walk(tree):
        if id(node) in idle:
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, path)
            names += [f"{base}.{a.name}" for a in node.names] if base == "symmle" else [base]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names += [a.value for a in node.args if isinstance(a, ast.Constant)]
    rooms = {name.split(".")[1] for name in names if name.startswith("symmle.")}
    return rooms - {"__version__"}


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = [*path.relative_to(PACKAGE.parent).with_suffix("").parts][: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def room(path: Path) -> str:
    """The room a file belongs to: its own name, or that of its folder."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_upwards(path: Path) -> None:
    """A room imports only from itself and from rooms above it in the list of the design."""
    here = room(path)
    allowed = {here, *ROOMS[: ROOMS.index(here)]}
    # `families` makes a model of a row, lazily, so that reading rows imports no SymPy; `model`
    # imports nothing of `families`.
    assert imports(path) <= allowed, f"{here} imports {sorted(imports(path) - allowed)}"


def test_every_room_is_in_the_list() -> None:
    """A new room takes its place in the order before it takes imports."""
    assert {room(path) for path in FILES} <= set(ROOMS)


def test_the_reader_of_imports_sees() -> None:
    """The guard on the guard: two imports known to be there, one of them inside a function."""
    assert "sample_mean" in imports(PACKAGE / "derive" / "score.py")
    assert "model" in imports(PACKAGE / "families" / "__init__.py")


def test_the_reader_sees_every_form(tmp_path: Path) -> None:
    """import a, from a import b, from the package, relative, dynamic; not under TYPE_CHECKING."""
    text = (
        "import symmle.fit\n"
        "from symmle.cli import main\n"
        "from symmle import verify\n"
        "def f():\n    from symmle.report.text import table\n"
        "import_module('symmle.codegen')\n"
        "if TYPE_CHECKING:\n    from symmle.data import files\n"
        "import sympy\n"
    )
    path = tmp_path / "any.py"
    path.write_text(text, encoding="utf-8")
    assert imports(path) == {"fit", "cli", "verify", "report", "codegen"}
    inside = PACKAGE / "estimate" / "nowhere.py"
    relative = ast.parse("from ..model import Model\nfrom .records import Kind").body
    assert [_absolute(node, inside) for node in relative if isinstance(node, ast.ImportFrom)] == [
        "symmle.model",
        "symmle.estimate.records",
    ]


@pytest.mark.parametrize("name", ["symmle", "symmle.families", "symmle.errors", "symmle.known"])
def test_the_light_rooms_are_light(name: str) -> None:
    """Importing the package, the catalogue or the errors loads neither SymPy nor NumPy."""
    heavy = "sympy", "numpy", "mpmath", "scipy", "flint"
    code = f"import sys, {name}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        cwd=PACKAGE.parent,
    )
    assert done.stdout.strip() == "[]"


def test_the_engine_knows_no_family_by_name() -> None:
    """No string of the engine, docstrings aside, is the name of a family of the catalogue."""
    from symmle.families import FAMILIES

    engine = "model sample_mean precise balls derive estimate schemes stability dynamics fit verify"
    for path in FILES:
        if room(path) not in engine.split():
            continue
        said = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not said & set(FAMILIES), path
