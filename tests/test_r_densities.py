"""The catalogue's R column against R: the log-density that R's own functions give.

tests/ref/r_densities.json holds what the calls of the rows return in R, word for word, with the
versions of R and its packages; its makers lie beside it.  No R is needed here: the stored numbers
are compared with the densities of the rows, evaluated by mpmath.
"""

import json
import re
from itertools import groupby
from pathlib import Path

import mpmath
import pytest
import sympy as sp

from symmle.families import FAMILIES, family, family_model
from symmle.families.several_columns import SIZED
from symmle.model import Model

REF = Path(__file__).parent / "ref"
STORED = json.loads((REF / "r_densities.json").read_text())
BY_ROW = {
    key: list(group)
    for key, group in groupby(STORED["answers"], lambda each: (each["family"], each["dimension"]))
}
SIZES = {name: (2, 3) if name in SIZED else (None,) for name in FAMILIES}
IN_R = [(name, k) for name, row in FAMILIES.items() if row.r for k in SIZES[name]]


@pytest.mark.parametrize(("name", "dimension"), IN_R)
def test_r_has_the_same_log_density(name: str, dimension: int | None) -> None:
    """To 1e-9 of what R returned; where R's density is zero, ours is none either."""
    model = family_model(name, dimension).freed()
    names = [each.symbol for each in (*model.given, *model.parameters, *model.data)]
    density = sp.lambdify(names, model.log_density, "mpmath")
    inside = 0
    for answer in BY_ROW[name, dimension]:
        assert answer["r"] == family(name, dimension).r, "stale: run tests/ref/make_r_densities.py"
        for row, theirs in zip(answer["rows"], answer["log_density"], strict=True):
            numbers = {**answer["parameters"], **row}
            if not in_domain(model, numbers):
                assert theirs is None, row
                continue
            with mpmath.workdps(40):
                found = density(*(mpmath.mpf(numbers[str(each)]) for each in names))
                ours = mpmath.mpmathify(found)
            if theirs is None:  # an end that the density itself holds, by a sign in a logarithm
                assert ours.imag != 0, row
                continue
            inside += 1
            assert ours.imag == 0, row
            assert float(ours.real) == pytest.approx(theirs, rel=1e-9, abs=1e-9), row
    assert inside >= 9, "three settings, and rows in the support of each"


def in_domain(model: Model, numbers: dict[str, float]) -> bool:
    """Whether the data are where the model says that they lie."""
    names = [each.symbol for each in (*model.given, *model.parameters, *model.data)]
    here = {each: sp.Float(numbers[str(each)]) for each in names}
    return all(each.domain.at(here).contains(here[each.symbol]) for each in model.data)


def test_what_is_stored_can_tell_parameters_apart() -> None:
    """No parameter has one value throughout, and no two in one setting are equal."""
    for (name, dimension), answers in BY_ROW.items():
        settings = [answer["parameters"] for answer in answers]
        assert list(settings[0]) == list(family(name, dimension).parameters)
        for parameter in settings[0]:
            assert len({each[parameter] for each in settings}) > 1, (name, parameter)
        assert any(len(set(each.values())) == len(each) for each in settings), name


def test_r_and_its_packages_are_named() -> None:
    """The versions that answered: R's, and that of each package which a row names."""
    assert STORED["made_by"].startswith("R version")
    named = {each for row in FAMILIES.values() for each in re.findall(r"(\w+)::", row.r or "")}
    assert named == set(STORED["packages"])
    assert all(STORED["packages"].values())
    assert (REF / "make_r_densities.py").exists()
    assert (REF / "r_densities.R").exists()
