"""JSON objects as text."""

import json

from symmle import __version__

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Object = dict[str, Value]


def dumped(record: Object) -> str:
    """The text of one object, opened by who made it.

    A number that is not finite would be a fault of the caller and raises ValueError.
    """
    opening: Object = {"generator": f"made by symmle {__version__}"}
    return json.dumps(opening | record, indent=2, allow_nan=False) + "\n"
