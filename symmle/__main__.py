"""`python -m symmle` and the script `symmle`."""

import gc

from symmle.cli import main


def run() -> int:
    """Run the command line as a process of its own.

    A command lives for seconds and what it makes mostly stays, so garbage is sought rarely: that
    is a tenth of the time of a derivation.
    """
    gc.set_threshold(100_000, 20, 20)
    return main()


if __name__ == "__main__":
    raise SystemExit(run())
