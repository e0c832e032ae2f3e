"""What a likelihood without data has to do with that of the parameters."""

from symmle.data_free import DataFree
from symmle.report.document import Facts, Formula, Formulas, Label, Paragraph, Section
from symmle.report.encoding import Object
from symmle.report.printer import exact, latex


def data_free_section(found: DataFree) -> Section:
    """The coordinates, the step in them, and what of the data is left."""
    rows = [Formula(new, value) for new, value in found.coordinates.items()]
    rows += [Formula(letter, value) for letter, value in found.estimates.items()]
    rows.append(Formula(Label("step here", r"\text{step here}"), found.step))
    for new, pace in found.problem.paces.items():
        label = Label(f"that of {new}", rf"\text{{that of }} {latex(new)}")
        rows.append(Formula(label, found.step * pace))
    hats = Paragraph(("A hat stands for the estimate; the step is that on the parameters.",))
    facts = Facts((("the data", (f"{_left(found)} [{found.known.value}]",)),))
    return Section("Coordinates without data", (Formulas(tuple(rows)), hats, facts))


def _left(found: DataFree) -> str:
    """What of the data is left."""
    if found.problem.given:
        names = " and ".join(each.name for each in found.problem.given)
        return f"enter by {names} alone"
    if found.numbers:
        place = ", ".join(f"{symbol} = {value}" for symbol, value in found.numbers.items())
        return f"enter no more: this is the same for all data whose estimate is {place}"
    return "enter no more: this is the same for all data"


def data_free_json(found: DataFree) -> Object:
    """`data_free` of `stability --data-free --json`."""
    return {
        "data_free": {
            "coordinates": {new.name: exact(value) for new, value in found.coordinates.items()},
            "estimates": {x.name: exact(value) for x, value in found.estimates.items()},
            "step": exact(found.step),
            "steps": {new.name: exact(pace) for new, pace in found.problem.paces.items()},
            "observation": exact(found.observation),
            "left": [each.name for each in found.problem.given],
            "known": found.known.value,
        }
    }
