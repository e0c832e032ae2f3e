"""`symmle list`: the catalogue, and what solving each family's score comes to."""

import argparse
import sys

from symmle.families import FAMILIES, family_model
from symmle.report.catalogue import catalogue_json, catalogue_text
from symmle.report.json_report import dumped


def run(arguments: argparse.Namespace) -> int:
    """Print the families; the kind of estimator is derived, not stored."""
    families = tuple(FAMILIES.values())
    kinds = [_kind(row.name) for row in families]
    if arguments.json:
        sys.stdout.write(dumped(catalogue_json(families, kinds)))
    else:
        sys.stdout.write(catalogue_text(families, kinds))
    return 0


def _kind(name: str) -> str:
    from symmle.derive import derive
    from symmle.estimate import estimate

    return estimate(derive(family_model(name))).kind.value
