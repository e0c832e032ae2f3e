"""Programs that claim to compute a likelihood: what they offer, and how each language is called."""

import ctypes
import importlib.util
import inspect
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from symmle.errors import DependencyError, InputError

Doubles = Sequence[float]
Columns = Sequence[Doubles]

POINTWISE = ("average_log_likelihood", "score", "hessian", "newton_step")
STEPS = ("step_simultaneous", "step_alternating")
ASCENTS = ("gradient_ascent", "coordinate_ascent")
FUNCTIONS = (*POINTWISE, *STEPS, *ASCENTS, "fit")

# what code of others may raise; not SystemExit and the like, which end the program
FAULTS = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError,
)  # fmt: skip
_SECONDS = 100  # for a compiler, or one answer of another process


class Refused(Exception):
    """The program says, as it should with a sentence, that it has no answer for such data."""


class Program(Protocol):
    """A program in some language; `offers` names the functions of the contract that it has.

    Every function raises Refused where the program refuses its data.
    """

    offers: frozenset[str]

    def takes_weights(self, name: str) -> bool:
        """Whether a function of the contract can be given weights, itself or by `statistics`."""

    def take(self, columns: Columns, weights: Doubles | None) -> Any:
        """What the program makes of the data: the first argument of its functions."""

    def field(self, data: Any, name: str) -> float | None:
        """A number among the statistics by its name; None where there is none."""

    def numbers(self, name: str, data: Any, arguments: Doubles) -> list[float]:
        """What a function of the data and of numbers gives, in one list."""

    def climb(
        self,
        columns: Columns,
        weights: Doubles | None,
        n: int,
        step: float,
        start: Doubles,
        alternating: bool,
    ) -> list[float]:
        """gradient_ascent from a start."""

    def sweep(
        self,
        columns: Columns,
        weights: Doubles | None,
        n: tuple[int, int],
        step: float,
        start: Doubles,
    ) -> list[float]:
        """coordinate_ascent from a start; n: moves of each parameter, and sweeps."""

    def fit(self, columns: Columns, weights: Doubles | None) -> list[float]:
        """The estimate."""

    def close(self) -> None:
        """End what was started."""


def run_python(path: Path) -> ModuleType:
    """The module in a file of the user's own, which is run: that is what they ask for.

    Raises InputError where it cannot be run.
    """
    found = importlib.util.spec_from_file_location(f"their_{path.stem}", path)
    if found is None or found.loader is None:
        raise InputError(f"{str(path)!r} is no Python file; give one that ends with .py")
    module = importlib.util.module_from_spec(found)
    sys.modules[module.__name__] = module  # NamedTuple looks its module up
    try:
        found.loader.exec_module(module)
    except FAULTS as error:
        raise InputError(f"{str(path)!r} cannot be run: {error}") from error
    return module


class PythonProgram:
    """A Python module; without `statistics` its functions take the columns themselves."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self.offers = frozenset(
            name for name in ("statistics", *FUNCTIONS) if callable(getattr(module, name, None))
        )

    def takes_weights(self, name: str) -> bool:
        taking = name if name in ("fit", *ASCENTS) else "statistics"
        return taking in self.offers and "weights" in _named(getattr(self._module, taking))

    def take(self, columns: Columns, weights: Doubles | None) -> Any:
        arrays = _arrays(columns)
        if "statistics" not in self.offers:
            return arrays
        return self._asked("statistics", *arrays, **_weighed(weights))

    def field(self, data: Any, name: str) -> float | None:
        value = getattr(data, name, None)
        try:
            return None if value is None else float(value)
        except (TypeError, ValueError):
            return None

    def numbers(self, name: str, data: Any, arguments: Doubles) -> list[float]:
        if "statistics" in self.offers:
            return _flat(self._asked(name, data, *arguments))
        return _flat(self._asked(name, *self._spread(name, data, len(arguments)), *arguments))

    def climb(
        self,
        columns: Columns,
        weights: Doubles | None,
        n: int,
        step: float,
        start: Doubles,
        alternating: bool,
    ) -> list[float]:
        scheme = "alternating" if alternating else "simultaneous"
        given = {"start": list(start), "scheme": scheme}
        name = "gradient_ascent"
        return _flat(self._asked(name, *_arrays(columns), n, step, **given, **_weighed(weights)))

    def sweep(
        self,
        columns: Columns,
        weights: Doubles | None,
        n: tuple[int, int],
        step: float,
        start: Doubles,
    ) -> list[float]:
        name = "coordinate_ascent"
        given = {"step": step, "start": list(start)}
        return _flat(self._asked(name, *_arrays(columns), *n, **given, **_weighed(weights)))

    def fit(self, columns: Columns, weights: Doubles | None) -> list[float]:
        return _flat(self._asked("fit", *_arrays(columns), **_weighed(weights)))

    def close(self) -> None:
        pass

    def _asked(self, name: str, *arguments: Any, **named: Any) -> Any:
        try:
            return getattr(self._module, name)(*arguments, **named)
        except ValueError as error:
            raise Refused(str(error)) from error

    def _spread(self, name: str, arrays: list[Any], numbers: int) -> list[Any]:
        """The columns as arguments of their own, or as one, as the function asks for."""
        asked = len([n for n in _named(getattr(self._module, name)) if n != "weights"])
        return arrays if asked != 1 + numbers or len(arrays) == 1 else [tuple(arrays)]


def _named(function: Callable[..., object]) -> list[str]:
    """The names of the arguments that a function can be given by place."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each.name for each in found if each.kind is not each.VAR_POSITIONAL]


def order_of(module: ModuleType, name: str, parameters: Sequence[str]) -> list[str]:
    """The model's parameters in the order in which a function names them; [] where it does not."""
    function = getattr(module, name, None)
    return [each for each in _named(function) if each in parameters] if callable(function) else []


def _arrays(columns: Columns) -> list[Any]:
    import numpy as np

    return [np.array(column, dtype=float) for column in columns]


def _weighed(weights: Doubles | None) -> dict[str, Any]:
    return {} if weights is None else {"weights": _arrays([weights])[0]}


def _flat(value: Any) -> list[float]:
    import numpy as np

    if isinstance(value, Mapping):
        value = list(value.values())
    return [float(each) for each in np.ravel(np.asarray(value, dtype=float))]


class CProgram:
    """A C file with its header beside it, as `generate --target c` writes them."""

    def __init__(self, path: Path, parameters: int) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise DependencyError(f"to verify {path.name} a C compiler is needed: cc, gcc or clang")
        self._folder = tempfile.TemporaryDirectory()
        library = Path(self._folder.name) / "program.so"
        words = [compiler, "-std=c99", "-O1", "-shared", "-fPIC", str(path), "-o", str(library)]
        done = subprocess.run([*words, "-lm"], capture_output=True, text=True, timeout=_SECONDS)
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if "error" in line), "")
            raise InputError(f"{path.name} cannot be compiled: {first}")
        self._called, self._stem = ctypes.CDLL(str(library)), path.stem
        self._record = _record(path.with_suffix(".h"))
        self._parameters = parameters
        self.offers = frozenset(name for name in FUNCTIONS if self._has(name)) | {"statistics"}

    def takes_weights(self, name: str) -> bool:
        return name in self.offers

    def take(self, columns: Columns, weights: Doubles | None) -> Any:
        record = self._record()
        rows = self._rows(columns, weights)
        self._reason("take_statistics", *rows, ctypes.byref(record))
        return record, rows  # the statistics point to the rows

    def field(self, data: Any, name: str) -> float | None:
        value = getattr(data[0], name, None)
        return value if isinstance(value, float) else None

    def numbers(self, name: str, data: Any, arguments: Doubles) -> list[float]:
        given = [ctypes.byref(data[0]), *map(ctypes.c_double, arguments)]
        function = getattr(self._called, f"{self._stem}_{name}")
        if name == "average_log_likelihood":
            function.restype = ctypes.c_double
            return [function(*given)]
        out = (ctypes.c_double * self._parameters ** (2 if name == "hessian" else 1))()
        function(*given, out)
        return list(out)

    def climb(
        self,
        columns: Columns,
        weights: Doubles | None,
        n: int,
        step: float,
        start: Doubles,
        alternating: bool,
    ) -> list[float]:
        given = ctypes.c_long(n), ctypes.c_double(step), ctypes.c_bool(alternating)
        return self._moved("gradient_ascent", columns, weights, start, given)

    def sweep(
        self,
        columns: Columns,
        weights: Doubles | None,
        n: tuple[int, int],
        step: float,
        start: Doubles,
    ) -> list[float]:
        given = ctypes.c_long(n[0]), ctypes.c_long(n[1]), ctypes.c_double(step)
        return self._moved("coordinate_ascent", columns, weights, start, given)

    def fit(self, columns: Columns, weights: Doubles | None) -> list[float]:
        estimate = (ctypes.c_double * self._parameters)()
        self._reason("fit", *self._rows(columns, weights), estimate)
        return list(estimate)

    def close(self) -> None:
        self._folder.cleanup()

    def _has(self, name: str) -> bool:
        return hasattr(self._called, f"{self._stem}_{name}")

    def _rows(self, columns: Columns, weights: Doubles | None) -> tuple[Any, ...]:
        told = None if weights is None else _doubles(weights)
        return (*map(_doubles, columns), told, ctypes.c_size_t(len(columns[0])))

    def _reason(self, name: str, *arguments: Any) -> None:
        function = getattr(self._called, f"{self._stem}_{name}")
        function.restype = ctypes.c_char_p
        reason = function(*arguments)
        if reason is not None:
            raise Refused(reason.decode())

    def _moved(
        self, name: str, columns: Columns, weights: Doubles | None, start: Doubles, given: Any
    ) -> list[float]:
        record, _ = data = self.take(columns, weights)
        theta = _doubles(start)
        getattr(self._called, f"{self._stem}_{name}")(ctypes.byref(record), theta, *given)
        del data
        return list(theta)


def _doubles(values: Doubles) -> Any:
    return (ctypes.c_double * len(values))(*values)


def _record(header: Path) -> type[ctypes.Structure]:
    """The struct of the statistics, as the header declares it."""

    class Rows(ctypes.Structure):
        _fields_ = (("at", ctypes.POINTER(ctypes.c_double)), ("n", ctypes.c_long))

    text = header.read_text(encoding="utf-8") if header.is_file() else ""
    if "_statistics {" not in text:
        raise InputError(f"the header {header.name!r} with the statistics must lie beside the file")
    body = text.split("_statistics {")[1].split("}")[0]
    found = re.findall(r"^    (\w+) (\w+);", body, re.MULTILINE)
    kinds = [(name, ctypes.c_double if kind == "double" else Rows) for kind, name in found]
    return type("Record", (ctypes.Structure,), {"_fields_": kinds})


_NODE = """
import { createInterface } from "node:readline";
const made = await import(process.argv[1]);
const tell = (v) => typeof v === "number" ? String(v)
  : v !== null && typeof v === "object" ? Object.values(v).map(tell) : [];
let data = null;
for await (const line of createInterface({ input: process.stdin })) {
  const [what, ...words] = JSON.parse(line, (_, v) => typeof v === "string" && v.startsWith("#")
    ? Number(v.slice(1)) : v);
  let answer;
  try {
    const told = data === null ? undefined : data[words[0]];
    if (what === "offers") answer = words.filter((name) => typeof made[name] === "function");
    else if (what === "take") { data = made.statistics(...words); answer = []; }
    else if (what === "field") answer = typeof told === "number" ? [tell(told)] : [];
    else if (what === "numbers") answer = [tell(made[words[0]](data, ...words.slice(1)))].flat(3);
    else answer = [tell(made[what](...words))].flat(3);
    answer = { answer };
  } catch (error) { answer = { reason: error.message }; }
  console.log(JSON.stringify(answer));
}
"""


class JavascriptProgram:
    """An ES module, run by Node in a process of its own that answers line by line."""

    def __init__(self, path: Path) -> None:
        node = shutil.which("node")
        if node is None:
            raise DependencyError(f"to verify {path.name} Node is needed, and it is not installed")
        self._taken = 0
        words = [node, "--input-type=module", "-e", _NODE, path.resolve().as_uri()]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            self.offers = frozenset(self._asked("offers", "statistics", *FUNCTIONS))
        except Refused as error:
            raise InputError(f"{path.name} cannot be run: {error}") from error

    def takes_weights(self, name: str) -> bool:
        return name in self.offers

    def take(self, columns: Columns, weights: Doubles | None) -> Any:
        self._asked("take", *_spelled(columns), _spelled(weights))
        self._taken += 1
        return self._taken

    def field(self, data: Any, name: str) -> float | None:
        self._require_newest(data)
        found = self._asked("field", name)
        return float(found[0]) if found else None

    def numbers(self, name: str, data: Any, arguments: Doubles) -> list[float]:
        self._require_newest(data)
        return self._floats("numbers", name, *_spelled(arguments))

    def climb(
        self,
        columns: Columns,
        weights: Doubles | None,
        n: int,
        step: float,
        start: Doubles,
        alternating: bool,
    ) -> list[float]:
        scheme = "alternating" if alternating else "simultaneous"
        given = n, step, _spelled(start), scheme, _spelled(weights)
        return self._floats("gradient_ascent", *_spelled(columns), *given)

    def sweep(
        self,
        columns: Columns,
        weights: Doubles | None,
        n: tuple[int, int],
        step: float,
        start: Doubles,
    ) -> list[float]:
        given = *n, step, _spelled(start), _spelled(weights)
        return self._floats("coordinate_ascent", *_spelled(columns), *given)

    def fit(self, columns: Columns, weights: Doubles | None) -> list[float]:
        return self._floats("fit", *_spelled(columns), _spelled(weights))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _require_newest(self, data: Any) -> None:
        """The other process holds the newest data only."""
        assert data == self._taken

    def _floats(self, *words: Any) -> list[float]:
        return [float(each.replace("Infinity", "inf")) for each in self._asked(*words)]

    def _asked(self, *words: Any) -> list[str]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(words) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            assert self._process.stderr is not None
            said = [each for each in self._process.stderr.read().splitlines() if "Error" in each]
            raise Refused(said[0] if said else "the program ended without a word")
        told = json.loads(line)
        if "reason" in told:
            raise Refused(told["reason"])
        found: list[str] = told["answer"]
        return found


def _spelled(value: Any) -> Any:
    """Numbers as JSON has them; those that it has not, as #NaN or #Infinity."""
    if isinstance(value, float):
        return value if abs(value) < float("inf") else f"#{value}".replace("inf", "Infinity")
    return value if value is None or isinstance(value, int | str) else [*map(_spelled, value)]
