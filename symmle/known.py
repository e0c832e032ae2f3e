"""How a result is known: every claim of symmle carries one of these levels.

`enum` is the only import, so every room may use this one.
"""

from enum import StrEnum


class Known(StrEnum):
    """The level that a result has reached, strongest first; never one that was not reached."""

    PROVED = "proved"  # an exact identity reduced to zero, or an algebraic decision
    CERTIFIED = "certified"  # interval or ball arithmetic encloses it
    CHECKED = "checked"  # agrees at high precision, at random points, by another road
    UNKNOWN = "unknown"  # a legitimate answer

    def weaker(self, other: "Known") -> "Known":
        """The weaker of two levels: what holds of a claim that rests on both."""
        order = list(Known)
        return order[max(order.index(self), order.index(other))]
