"""What is said of a map that is a known one in another coordinate."""

from collections.abc import Iterator

from symmle.report.document import Sentence
from symmle.report.encoding import Object
from symmle.report.printer import exact, text
from symmle.report.words import chain
from symmle.stability import SchemeStability
from symmle.stability.conjugacy import Conjugacy, conjugacy


def known_map(scheme: SchemeStability) -> Conjugacy | None:
    """The known map that a scheme of one parameter, without a memory, is."""
    update = scheme.map
    if update.image is None or len(update.state) != 1:
        return None
    return conjugacy(update.image[0], update.state[0])


def conjugacy_facts(scheme: SchemeStability) -> Iterator[tuple[str, Sentence]]:
    """Its name and parameter, and where that map changes."""
    found = known_map(scheme)
    if found is None:
        return
    yield (
        "conjugate to",
        (
            f"{found.name} ",
            chain((f"{found.variable}'", "=", found.image)),
            " with ",
            chain((found.parameter, "=", found.value)),
            " and ",
            chain((found.variable, "=", found.coordinate)),
        ),
    )
    if found.thresholds:
        told = (f"at {found.parameter} = {text(at)} {what}" for at, what in found.thresholds)
        yield "known of it", ("; ".join(told),)


def conjugacy_json(scheme: SchemeStability) -> Object:
    """`conjugate_to`, where there is one."""
    found = known_map(scheme)
    if found is None:
        return {}
    return {
        "conjugate_to": {
            "name": found.name,
            "map": exact(found.image),
            "parameter": found.parameter.name,
            "value": exact(found.value),
            "coordinate": exact(found.coordinate),
            "thresholds": [{"at": float(at), "what": what} for at, what in found.thresholds],
        }
    }
