"""What can go wrong, as the person who caused it reads it.

Every message is one plain sentence that names what was given, what is required and the
remedy.  Nothing here imports anything of symmle.
"""


class SymmleError(Exception):
    """Base of every error that symmle raises on purpose; `exit_status` is what the CLI returns."""

    exit_status = 2


class InputError(SymmleError):
    """The input was wrong: a name, a text, a file, a number (exit status 2)."""


class NoEstimateError(SymmleError):
    """The question was well put, but no estimate exists for these data (exit status 1)."""

    exit_status = 1


class BudgetError(SymmleError):
    """A symbolic step used up its budget; callers fall back and say so."""

    exit_status = 1


class DependencyError(SymmleError):
    """An optional package is missing; the message names the extra that brings it."""
