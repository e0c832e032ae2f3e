"""The command line: arguments in, verbs called, report out, exit status."""

from symmle.cli.main import main

__all__ = ["main"]
