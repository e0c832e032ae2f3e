"""What else was found to attract, and what was searched."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import TYPE_CHECKING, TypeAlias

from symmle.dynamics.every_start import EveryStart
from symmle.report.cycles import cycle_json, cycle_told
from symmle.report.document import Block, Facts, Paragraph, Section
from symmle.report.encoding import Object, Value

if TYPE_CHECKING:
    from symmle.diagnosis.attractors import Attractors

_DIGITS = 6

Search: TypeAlias = "EveryStart | Attractors | str"


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
        if isinstance(each, EveryStart):
            told = f"Nothing. {proof_sentence(each)} ({each.known.value})"
            sections.append(Section(title, (Paragraph((told,)),)))
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
    if isinstance(each, EveryStart):
        proof: Object = {
            "along": each.along.name,
            "fading": [symbol.name for symbol in each.places],
            "sentence": proof_sentence(each),
            "known": each.known.value,
        }
        return {"attractors": {"every_start": proof, "found": []}}
    return {
        "attractors": {
            "every_start": None,
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


def proof_sentence(each: EveryStart) -> str:
    """What was proved, and by what."""
    claim = "Every start in the domain converges to the point, if slowly from far away"
    if each.above is None:
        return (
            f"{claim}: the update keeps to the domain, and has no other fixed point there and no "
            "cycle of period 2 (Coppel 1955)."
        )
    with localcontext(prec=_DIGITS, rounding=ROUND_FLOOR):
        floor = Decimal(int(each.above.p)) / Decimal(int(each.above.q))
    there = [f"{symbol} = {float(place):.6g}" for symbol, place in each.places.items()]
    return (
        f"{claim}: from the first update on {each.along} is greater than {floor}, where each "
        f"update brings {' and '.join(map(str, each.places))} nearer to the estimate; and where "
        f"{' and '.join(there)}, there is no other fixed point and no cycle of period 2 "
        "(Coppel 1955)."
    )


def _kind(period: int) -> str:
    return "point" if period == 1 else f"period {period}"
