"""A fit as text, as JSON, and as a notebook shows it."""

from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite
from textwrap import wrap

from symmle.fit import Fit, Searched
from symmle.report.encoding import Object, Value

_DIGITS = 7
_WIDTH = 88
_MOST_OTHERS = 8  # other maxima that the text lists
_POINTS = {
    "minimum": "a minimum",
    "saddle": "a saddle",
    "inflection": "a stationary point that is neither maximum nor minimum",
    "undecided": "a stationary point of a kind that was not decided",
}
_KNOWN = {
    "proved": "the formula is proved, and the score was evaluated at 40 digits",
    "certified": "ball arithmetic encloses the estimate",
    "checked": "the score is zero and the Hessian negative definite, at the numbers",
    "unknown": "nothing was settled",
}


def fit_json(found: Fit) -> Object:
    """`fit --json`; what has no finite value is null, with the reason beside it."""
    record: Object = {"model": found.model, "n": _whole(found.n)}
    numbers: dict[str, Value] = {
        "estimate": _by_name(found.estimate),
        "standard_errors": _by_name(found.standard_errors),
        "expected_standard_errors": _by_name(found.expected_standard_errors),
        "sandwich_standard_errors": _by_name(found.sandwich_standard_errors),
        "covariance": _matrix(found.covariance),
        "correlation": _matrix(found.correlation),
        "confidence_intervals": _pairs(found.confidence_intervals),
        "profile_intervals": _pairs(found.profile_intervals),
        "log_likelihood": found.log_likelihood,
        "aic": found.aic,
        "aicc": found.aicc,
        "bic": found.bic,
        "iterations": found.iterations,
    }
    for key, value in numbers.items():
        record[key] = value
        parts = _reasons(found, key)
        if value is None:
            record[f"{key}_reason"] = found.reasons.get(key, found.message)
        elif parts:
            record[f"{key}_reason"] = dict(parts)
    return record | _rest(found)


def _rest(found: Fit) -> Object:
    return {
        "level": found.level,
        "status": found.status.value,
        "message": found.message,
        "maxima": [
            {
                "estimate": dict(each.estimate),
                "log_likelihood": each.log_likelihood,
                "kind": each.kind,
            }
            for each in found.maxima
        ],
        "search": _search(found.search),
        "kind": found.kind,
        "known": found.known.value,
        "radius": _by_name(found.radius),
        "optima": _pairs(found.optima),
        "identified": list(found.identified),
        "unbounded_path": found.unbounded_path,
        "limit": None
        if found.limit is None
        else dict(zip(("parameter", "end", "log_likelihood"), found.limit, strict=True)),
        "weights": None if found.weights is None else found.weights.value,
        "effective_n": found.effective_n,
        "dropped": found.dropped,
        "notes": list(found.notes),
    }


def _search(found: Searched | None) -> Value:
    """An end that is infinite is null: the range goes on to that end of the domain."""
    if found is None:
        return None
    box: Object = {}
    for name, ends in found.box.items():
        box[name] = [end if isfinite(end) else None for end in ends]
    points: list[Value] = []
    for each in found.points:
        point: Object = {"estimate": dict(each.estimate), "kind": each.kind}
        points.append({**point, "log_likelihood": each.log_likelihood})
    return {
        "whole_domain": found.whole,
        "global_maximum": found.highest,
        "box": box if found.whole or found.box else None,
        "stationary_points": points,
        "sentence": found.sentence,
    }


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _by_name(values: Mapping[str, float | None] | Mapping[str, float] | None) -> Value:
    return None if values is None else dict(values)


def _matrix(rows: Sequence[Sequence[float | None]] | None) -> Value:
    return None if rows is None else [list(row) for row in rows]


def _pairs(ends: Mapping[str, Sequence[float | None] | None] | None) -> Value:
    if ends is None:
        return None
    return {name: None if pair is None else list(pair) for name, pair in ends.items()}


def _reasons(found: Fit, key: str) -> list[tuple[str, str]]:
    """(parameter, why) for each parameter for which a quantity has no value."""
    head = f"{key}."
    return [
        (name.removeprefix(head), why)
        for name, why in found.reasons.items()
        if name.startswith(head)
    ]


def fit_text(found: Fit) -> str:
    """The table of the parameters, the likelihood, how the estimate is known, and notes."""
    lines = [f"{found.model}, n = {_count(found)}: {found.status.value} [{found.known}]"]
    lines += wrap(f"{_capital(found.message)}.", _WIDTH)
    if found.estimate:
        lines += ["", *_laid_out(_table(found))]
    likelihood = _likelihood(found)
    if likelihood:
        lines += ["", likelihood]
    if found.estimate:
        lines += wrap(f"Known: {found.known} ({_how(found)}).", _WIDTH)
    notes = _notes(found)
    return "\n".join([*lines, *([""] if notes else []), *notes]) + "\n"


def _count(found: Fit) -> str:
    return f"{_whole(found.n)}" if found.n == int(found.n) else f"{found.n:g}"


def _capital(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"


def _how(found: Fit) -> str:
    if found.radius:
        off = max(found.radius.values())
        return f"{_KNOWN['certified']}, within {off:.1g}"
    return _KNOWN[found.known.value]


def _likelihood(found: Fit) -> str:
    values = (
        ("log-likelihood", found.log_likelihood),
        ("AIC", found.aic),
        ("AICc", found.aicc),
        ("BIC", found.bic),
    )
    return ", ".join(f"{name} {_written(value)}" for name, value in values if value is not None)


def _table(found: Fit) -> list[list[str]]:
    """Header and rows; the profile's interval where there is one, and Wald's where there is not."""
    errors = found.standard_errors or {}
    wald, profile = found.confidence_intervals or {}, found.profile_intervals or {}
    coverage = f"{100 * found.level:g} % interval"
    rows = [["parameter", "estimate", "std. error", coverage, "profile interval"]]
    for name, value in (found.estimate or {}).items():
        error = errors.get(name)
        shown = "-" if error is None else _written(error)
        rows.append(
            [name, _written(value), shown, _interval(wald.get(name)), _interval(profile.get(name))]
        )
    return [row[:4] for row in rows] if not profile else rows


def _interval(ends: Sequence[float | None] | None) -> str:
    if ends is None:
        return "-"
    return f"({', '.join('none' if end is None else _written(end) for end in ends)})"


def _laid_out(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _notes(found: Fit) -> list[str]:
    """What else should be known, each a sentence or two in wrapped lines."""
    told = list(found.notes)
    if found.dropped:
        rows = "row was" if found.dropped == 1 else "rows were"
        told.append(f"{found.dropped} {rows} dropped, because a value is missing there")
    if found.weights is not None:
        meaning = {
            "frequencies": "the weights count as repetitions of a row",
            "probabilities": "the weights are probabilities: the standard errors are the "
            "sandwich's, and there is no likelihood to compare",
        }[found.weights.value]
        if found.effective_n is not None:
            meaning += f"; the effective number of rows is {found.effective_n:.4g}"
        told.append(meaning)
    for name, (low, high) in (found.optima or {}).items():
        told.append(f"every {name} from {_written(low)} to {_written(high)} is as likely")
    if found.unbounded_path:
        told.append(f"the likelihood is unbounded elsewhere: {found.unbounded_path}")
    for other in found.maxima[:_MOST_OTHERS]:
        place = ", ".join(f"{name} = {_written(value)}" for name, value in other.estimate.items())
        told.append(
            f"another {other.kind}: {place}, log-likelihood {_written(other.log_likelihood)}"
        )
    if len(found.maxima) > _MOST_OTHERS:
        told.append(f"and {len(found.maxima) - _MOST_OTHERS} more")
    told += _other_kinds(found)
    reasons = [why for key, why in found.reasons.items() if key.startswith("profile_intervals.")]
    told += [f"no end: {why}" for why in dict.fromkeys(reasons)]
    lines = []
    for each in told:
        lines += wrap(f"{_capital(each)}.", _WIDTH, subsequent_indent="  ", initial_indent="- ")
    return lines


def _other_kinds(found: Fit) -> list[str]:
    """The stationary points that are no maxima, where every one was asked for."""
    points = () if found.search is None else found.search.points
    others = [each for each in points if each.kind != "maximum"]
    told = []
    for each in others[:_MOST_OTHERS]:
        place = ", ".join(f"{name} = {_written(value)}" for name, value in each.estimate.items())
        what = _POINTS.get(each.kind, each.kind)
        told.append(f"{what}: {place}, log-likelihood {_written(each.log_likelihood)}")
    if len(others) > _MOST_OTHERS:
        more = len(others) - _MOST_OTHERS
        told.append(f"and {more} more that {'is no maximum' if more == 1 else 'are no maxima'}")
    return told


def _written(value: float) -> str:
    return f"{value:.{_DIGITS}g}"


def fit_short(found: Fit) -> str:
    """One line: the model, the status, and each estimate with its standard error."""
    if found.estimate is None:
        return f"{found.model}, n = {_count(found)}: {found.status.value}; {found.message}"
    errors = found.standard_errors or {}
    values = ", ".join(
        f"{name} = {_written(value)}"
        + ("" if errors.get(name) is None else f" ({errors[name]:.3g})")
        for name, value in found.estimate.items()
    )
    return f"{found.model}, n = {_count(found)}: {values}; {found.status.value} [{found.known}]"


def fit_markdown(found: Fit) -> str:
    """A heading, the table and the sentences, as Markdown."""
    parts = [f"**{found.model}**, n = {_count(found)}: {found.status.value} [{found.known}]"]
    parts.append(f"{_capital(found.message)}.")
    if found.estimate:
        header, *rows = (f"| {' | '.join(row)} |" for row in _table(found))
        width = header.count("|") - 1
        parts.append("\n".join([header, "|---" + "|---:" * (width - 1) + "|", *rows]))
    if _likelihood(found):
        parts.append(_likelihood(found))
    parts.append("\n".join(_notes(found)))
    return "\n\n".join(part for part in parts if part) + "\n"


def fit_html(found: Fit) -> str:
    """The same as an HTML fragment without scripts or styles."""
    title = f"{found.model}, n = {_count(found)}: {found.status.value} [{found.known}]"
    parts = [f"<p><strong>{escape(title)}</strong><br>{escape(_capital(found.message))}.</p>"]
    if found.estimate:
        header, *rows = _table(found)
        head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
        )
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    if _likelihood(found):
        parts.append(f"<p>{escape(_likelihood(found))}</p>")
    notes = _notes(found)
    if notes:
        parts.append(f"<p>{'<br>'.join(escape(line) for line in notes)}</p>")
    return "\n".join(parts)
