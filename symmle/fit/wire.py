"""Fits and samples on their way between two processes: JSON, and columns as the bytes they are.

No pickle: what is read makes plain records and nothing else, whoever wrote it.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import IO, Any

import numpy as np

from symmle.data import Sample
from symmle.fit.record import Fit, Maximum, Searched, Status, Weights
from symmle.known import Known


def send(pipe: IO[bytes], message: object) -> None:
    """One line of JSON."""
    pipe.write(json.dumps(_plain(message)).encode() + b"\n")
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """The next line; EOFError where there is none."""
    line = pipe.readline()
    if not line:
        raise EOFError
    return json.loads(line)


def send_sample(pipe: IO[bytes], sample: Sample) -> None:
    """A line that tells names and sizes, then the columns, the weights last.

    Where the rows stood in their source is not told: what is sent has been checked.
    """
    weights = [] if sample.weights is None else [sample.weights]
    columns = [*sample.columns.values(), *weights]
    head = {"names": list(sample.columns), "n": sample.n, "weights": len(weights)}
    send(pipe, {**head, "source": sample.source, "dropped": sample.dropped})
    for column in columns:
        pipe.write(np.ascontiguousarray(column, dtype="<f8").tobytes())
    pipe.flush()


def receive_sample(pipe: IO[bytes]) -> Sample:
    """The sample that was sent."""
    head = receive(pipe)
    size = 8 * head["n"]
    columns = [
        np.frombuffer(pipe.read(size), dtype="<f8")
        for _ in range(len(head["names"]) + head["weights"])
    ]
    weights = columns.pop() if head["weights"] else None
    named = dict(zip(head["names"], columns, strict=True))
    rows = range(1, head["n"] + 1)
    return Sample(named, weights, head["source"], head["dropped"], rows)


def fit_of(record: Mapping[str, Any]) -> Fit:
    """The fit that `send` wrote as an object."""
    values = {name: _frozen(value) for name, value in record.items()}
    values["status"] = Status(record["status"])
    values["known"] = Known(record["known"])
    values["weights"] = None if record["weights"] is None else Weights(record["weights"])
    values["maxima"] = tuple(Maximum(**_frozen(each)) for each in record["maxima"])
    if record["search"] is not None:
        points = tuple(Maximum(**_frozen(each)) for each in record["search"]["points"])
        values["search"] = Searched(**{**_frozen(record["search"]), "points": points})
    return Fit(**values)


def _plain(value: object) -> object:
    """Records, tables and tuples as objects and lists; doubles keep every digit."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(each) for key, each in value.items()})
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
