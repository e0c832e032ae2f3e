"""`symmle list`: the catalogue, and what solving each family's score comes to.

What was found is kept in `kinds.json` beside this file, so that a list needs no algebra; a test
derives every family and compares.  A family that is not in it is derived on the spot.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from symmle.families import FAMILIES, GROUPS, family_model
from symmle.report.catalogue import catalogue_json, catalogue_text
from symmle.report.encoding import dumped

KINDS = Path(__file__).with_name("kinds.json")


def run(arguments: argparse.Namespace) -> int:
    """Print the families."""
    families = tuple(FAMILIES.values())
    kept: Mapping[str, str] = json.loads(KINDS.read_text(encoding="utf-8"))
    kinds = [kept[row.name] if row.name in kept else kind_found(row.name) for row in families]
    if arguments.json:
        sys.stdout.write(dumped(catalogue_json(families, kinds)))
    else:
        sys.stdout.write(catalogue_text(GROUPS, dict(zip(FAMILIES, kinds, strict=True))))
    return 0


def kind_found(name: str) -> str:
    """The kind of estimator that deriving the family comes to."""
    from symmle.derive import derive
    from symmle.estimate import estimate

    return estimate(derive(family_model(name))).kind.value
