"""What a map does away from its fixed points: its cycles, found, counted and judged."""

from symmle.dynamics.cycles import Cycle, Cycles, Searched, cycles
from symmle.dynamics.recurrence import Recurrence, of_map, of_scheme

__all__ = ["Cycle", "Cycles", "Recurrence", "Searched", "cycles", "of_map", "of_scheme"]
