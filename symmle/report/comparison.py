"""Two schemes side by side, in words and as JSON."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import sympy as sp

from symmle.report.document import Facts, Formula, Formulas, Label, Paragraph, Section, Sentence
from symmle.report.encoding import Object, Value
from symmle.report.printer import exact
from symmle.report.schemes import is_short
from symmle.stability import Comparison, SchemeStability, Side, TwoBlocks
from symmle.stability.records import BestSteps, Claim, Faster, SameSteps, Sets

_DIGITS = 8


def comparison_sections(
    schemes: Sequence[SchemeStability], compared: Sequence[Comparison], where: str = ""
) -> list[Section]:
    """The verdict on every pair in words, and then what it rests on, pair by pair.

    compared: of each pair of schemes, as `combinations` gives them.  where: follows the title.
    """
    if not compared:
        return []
    pairs = list(zip(combinations(schemes, 2), compared, strict=True))
    verdicts = tuple(Paragraph((" ".join(each.verdict.split()),)) for each in compared)
    found = [Section(f"Verdict{where}", verdicts)]
    for (first, second), each in pairs:
        blocks = list(_facts(first, second, each))
        title = f"Comparison of {first.name} and {second.name}{where}"
        if blocks:
            found.append(Section(title if len(pairs) > 1 else f"Comparison{where}", tuple(blocks)))
    return found


def _facts(
    first: SchemeStability, second: SchemeStability, found: Comparison
) -> Iterator[Facts | Paragraph | Formulas]:
    rows: list[tuple[str, Sentence]] = []
    names = first.name, second.name
    rows += [row for claim in found.claims for row in _claim(claim, first.step)]
    if found.sets is not None and not found.claims:
        rows.append(("stable steps", (_sets(found.sets, names, first.step),)))
    if found.best_steps is not None:
        rows.append(("at best steps", (_best(found.best_steps, names),)))
    if found.same_steps is not None:
        rows += _same(found.same_steps, names, first.step)
    if found.sets is not None and found.two_blocks is not None:
        rows.append(("two blocks", (found.two_blocks.explained,)))
    if rows:
        yield Facts(tuple(rows))
    if found.sets is not None and found.two_blocks is not None:
        yield from two_blocks(found.two_blocks)


def two_blocks(both: TwoBlocks) -> Iterator[Formulas]:
    """T, D and q of the simultaneous update; the alternating one has T + q and D + q."""
    found = both.simultaneous_trace, both.simultaneous_determinant, both.q
    if is_short(*found):
        rows = zip(("T", "D", "q"), map(_decimal, found), strict=True)
        yield Formulas(tuple(Formula(Label(name, name), value) for name, value in rows))


def _decimal(expr: sp.Expr) -> sp.Expr:
    constants = expr.atoms(sp.NumberSymbol, sp.Function)
    if constants and all(each.is_number for each in constants):
        return sp.nfloat(sp.expand(expr), 12, exponent=False)
    return expr


def _sets(found: Sets, names: tuple[str, str], step: sp.Symbol) -> str:
    first, second = names
    inside, other = found.first_in_second, found.second_in_first
    level = f"  [{found.known}]"
    if found.same_multipliers:
        return f"the same for both: they have the same multipliers at every step{level}"
    if inside and other:
        return f"the same for both{level}"
    if inside is True:
        return f"{_contained(first, second, found.only_second, step, other is False)}{level}"
    if other is True:
        return f"{_contained(second, first, found.only_first, step, inside is False)}{level}"
    if inside is False and other is False:
        examples = [
            f"{step} = {value} is stable for {name} alone"
            for name, value in ((first, found.only_first), (second, found.only_second))
            if value is not None
        ]
        return f"neither set holds the other: {' and '.join(examples)}{level}"
    return f"not compared: {found.reason}" if found.reason else "not compared"


def _contained(inner: str, outer: str, only: sp.Expr | None, step: sp.Symbol, strict: bool) -> str:
    told = f"every one that is stable for {inner} is so for {outer}"
    if only is not None:
        return f"{told}, and not the other way round: {step} = {only} is stable for {outer} alone"
    return f"{told}, and not the other way round" if strict else told


def _best(found: BestSteps, names: tuple[str, str]) -> str:
    if found.side is None:
        return f"not compared: {found.reason}"
    if found.side is Side.EQUAL:
        return f"both have the same rate  [{found.known}]"
    return f"{_name(found.side, names)} has the smaller rate for an update  [{found.known}]"


def _name(side: Side, names: tuple[str, str]) -> str:
    return names[0] if side is Side.FIRST else names[1]


def _same(
    found: SameSteps, names: tuple[str, str], step: sp.Symbol
) -> Iterator[tuple[str, Sentence]]:
    if found.intervals is None:
        yield "at equal steps", (f"not compared: {found.reason}",)
        return
    if not found.intervals:
        yield "at equal steps", ("no step is stable for either",)
    title = "at equal steps"
    for each in found.intervals:
        who = "both are equally fast"
        if each.side is not Side.EQUAL:
            who = f"{_name(each.side, names)} has the smaller spectral radius"
        ends = f"{_end(each.lower)} < {step}"
        if each.upper.is_finite:
            ends += f" < {_end(each.upper)}"
        more = f"; {found.reason}" if found.reason else ""
        yield title, (f"{who} for {ends}  [{found.known}{more}]",)
        title = "and"


def _end(value: sp.Expr) -> str:
    return str(value) if value.is_Rational else str(sp.N(value, _DIGITS))


def _claim(claim: Claim, step: sp.Symbol) -> Iterator[tuple[str, Sentence]]:
    title = {True: "for all", False: "not for all", None: "for all?"}[claim.holds]
    told = claim.text
    if claim.counterexample:
        where = ", ".join(f"{exact(each)} = {value}" for each, value in claim.counterexample)
        told += f": it fails at {where}"
        told += f", {step} = {claim.step}" if claim.step is not None else ""
    yield title, (f"{told}  [{claim.known}: {claim.road}]",)


def pair_json(first: SchemeStability, second: SchemeStability, found: Comparison) -> Object:
    """What `comparison_json` leaves out: sets, rates and claims, where they were asked for."""
    record: Object = {}
    names = first.name, second.name
    if found.sets is not None:
        record["stable_sets"] = _sets_json(found.sets, found.claims)
    if found.best_steps is not None:
        best = found.best_steps
        record["best_steps"] = _known(
            {"smaller_rate": _winner(best.side, names)}, best.known.value, best.reason
        )
    if found.same_steps is not None:
        same = found.same_steps
        pieces: Value = None
        if same.intervals is not None:
            pieces = [_faster(each, names) for each in same.intervals]
        record["equal_steps"] = _known({"intervals": pieces}, same.known.value, same.reason)
    if found.sets is not None and found.two_blocks is not None:
        record["two_blocks_in_words"] = found.two_blocks.explained
    if found.claims:
        record["claims"] = [_claim_json(each) for each in found.claims]
    return record


def _known(record: Object, level: str, reason: str) -> Object:
    record["known"] = level
    if reason:
        record["reason"] = reason
    return record


def _winner(side: Side | None, names: tuple[str, str]) -> Value:
    if side is None:
        return None
    return "both" if side is Side.EQUAL else _name(side, names)


def _faster(each: Faster, names: tuple[str, str]) -> Object:
    return {
        "lower": float(each.lower),
        "upper": float(each.upper) if each.upper.is_finite else None,
        "smaller_radius": _winner(each.side, names),
    }


def _sets_json(found: Sets, claims: Sequence[Claim]) -> Object:
    record: Object = {
        "first_in_second": found.first_in_second,
        "second_in_first": found.second_in_first,
        "only_first": None if found.only_first is None else exact(found.only_first),
        "only_second": None if found.only_second is None else exact(found.only_second),
    }
    for key, claim in zip(("first_in_second", "second_in_first"), claims, strict=False):
        record[f"{key}_for_all"] = claim.holds if claim.strict else None
    return _known(record, found.known.value, found.reason)


def _claim_json(claim: Claim) -> Object:
    record: Object = {
        "claim": claim.text,
        "holds": claim.holds,
        "known": claim.known.value,
        "road": claim.road,
    }
    if claim.counterexample:
        record["counterexample"] = {exact(s): exact(value) for s, value in claim.counterexample}
    if claim.step is not None:
        record["step"] = exact(claim.step)
    return record
