"""What else was found to attract, and what was searched."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from symmle.report.cycles import cycle_json, cycle_told
from symmle.report.document import Block, Facts, Paragraph, Section
from symmle.report.encoding import Object, Value

if TYPE_CHECKING:
    from symmle.diagnosis.attractors import Attractors

Search: TypeAlias = "Attractors | str"


def attractor_sections(
    found: "Sequence[Search | None]", names: Sequence[str], symbols: Sequence[str]
) -> tuple[Section, ...]:
    """A section for each scheme that was searched; symbols: of the variables, in order."""
    sections = []
    for each, name in zip(found, names, strict=True):
        if each is None:
            continue
        title = f"What else attracts {name} updates"
        if isinstance(each, str):
            sections.append(Section(title, (Paragraph((f"Not searched: {each}.",)),)))
            continue
        rows = tuple(
            (_kind(cycle.period), (f"{cycle_told(cycle)}; {met} of the starts came to it",))
            for cycle, met in zip(each.others, each.met, strict=True)
        )
        blocks: list[Block] = [Facts(rows)] if rows else []
        blocks.append(Paragraph((sentence(each, symbols),)))
        sections.append(Section(title, tuple(blocks)))
    return tuple(sections)


def attractors_json(each: Search) -> Object:
    """`attractors` of one scheme; the symbols of the box are those of the points."""
    if isinstance(each, str):
        return {"attractors": None, "attractors_reason": each}
    return {
        "attractors": {
            "starts": each.starts,
            "updates": each.updates,
            "box": [[low, high] for low, high in each.box],
            "to_the_point": each.to_point,
            "left_the_domain": each.left,
            "grew": each.grew,
            "wander": each.wander,
            "on_their_way": each.slow,
            "found": [
                {**cycle_json(cycle), "starts": met}
                for cycle, met in zip(each.others, each.met, strict=True)
            ],
            "searched": sentence(each, ()),
        }
    }


def with_attractors(record: Object, found: "Sequence[Search | None]") -> Object:
    """The JSON of `stability` with `attractors` in the schemes that were searched."""
    schemes = record["schemes"]
    if not isinstance(schemes, list) or not any(found):
        return record
    more = [{} if each is None else attractors_json(each) for each in found]
    joined: list[Value] = []
    for scheme, extra in zip(schemes, more, strict=True):
        joined.append({**scheme, **extra} if isinstance(scheme, dict) else scheme)
    return {**record, "schemes": joined}


def sentence(each: "Attractors", symbols: Sequence[str]) -> str:
    """What was searched, where the runs ended, and that no search is a proof."""
    where = ", ".join(
        f"{name} from {low:.3g} to {high:.3g}"
        for name, (low, high) in zip(symbols, each.box, strict=False)
    )
    ends = [
        (each.to_point, "came to the point"),
        (sum(each.met), "to what is listed above"),
        (each.left, "left the domain"),
        (each.grew, "grew without bound"),
        (each.wander, "went to and fro without a period up to 12"),
        (each.slow, "were still on their way"),
    ]
    told = ", ".join(f"{count} {what}" for count, what in ends if count)
    closing = "No other attractor was met, but some may exist."
    if each.others or each.wander:
        closing = "More may exist."
    starts = f"{each.starts} starts" + (f" ({where})" if where else "")
    return f"Searched: runs of up to {each.updates} updates from {starts}; {told}. {closing}"


def _kind(period: int) -> str:
    return "point" if period == 1 else f"period {period}"
