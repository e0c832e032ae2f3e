"""What an estimate is: the only maximum, one of several, a value at an end, a local maximum."""

from dataclasses import replace

from symmle.fit.locate import Located, is_as_high
from symmle.fit.record import Fit, Searched, Status
from symmle.fit.relabelled import is_same_law
from symmle.fit.set_by_data import with_path
from symmle.fit.setting import DIGITS, Setting


def with_status(asked: Setting, found: Fit, located: Located) -> Fit:
    """The record with its status, and the sentence that says why."""
    if asked.estimator.optima:
        return _among_optima(asked, found)
    if asked.estimator.pinned:
        return _pinned(asked, found)
    if located.ties:
        told = f"{' and '.join(map(str, located.ties))} are equally likely; the first is reported"
        return replace(found, status=Status.NOT_UNIQUE, message=told)
    if found.log_likelihood is not None:
        height = found.log_likelihood / asked.n
        ties = [top for top in located.others if is_as_high(top, height)]
        here = tuple((found.estimate or {}).get(s.name, 0.0) for s in asked.model.symbols)
        other_laws = [top for top in ties if not is_same_law(asked.model, here, top.point)]
        if ties and not other_laws:
            return _relabelled(asked, found, located, len(ties))
        if ties:
            same = f"{len(ties) + 1} maxima are equally high"
            local = with_path(asked, found)
            if local.status is Status.LOCAL_MAXIMUM:
                return replace(local, message=f"{local.message}; {same} inside")
            told = (
                f"{same}, so the data do not choose among them; "
                "see the others, and collect more data or hold a parameter with --fix"
            )
            return replace(found, status=Status.NOT_UNIQUE, message=told)
    return _single(asked, found, located)


def _relabelled(asked: Setting, found: Fit, located: Located, count: int) -> Fit:
    """The only highest maximum, but for parameters that may change places in the density."""
    single = _single(asked, found, located)
    often = "once more" if count == 1 else f"{count} times more"
    note = (
        "the density is the same law when its parameters change places or signs, so this maximum "
        f"is listed {often} under other names"
    )
    return replace(single, notes=(*single.notes, note))


def _single(asked: Setting, found: Fit, located: Located) -> Fit:
    if asked.estimator.unique:
        told = "the only stationary point of the likelihood, and a maximum"
        return replace(found, message=told)
    if located.search is not None and located.search.whole and located.search.points:
        plain = replace(found, message=over_the_whole(located.search))
        return plain if located.search.highest else with_path(asked, plain)
    told = located.said or "a stationary point of the likelihood, and a maximum"
    if located.searched:
        told = f"{told}; no higher one was found from {located.searched} other starts"
    return with_path(asked, replace(found, message=told))


def over_the_whole(search: Searched) -> str:
    """What the highest maximum is, where every stationary point in the domain is listed."""
    tops = sum(each.kind == "maximum" for each in search.points)
    only = "the only stationary point of the likelihood"
    if len(search.points) > 1:
        only = f"the highest of the {tops} maxima" if tops > 1 else "the only maximum there is"
        only += f" among all {len(search.points)} stationary points of the likelihood"
    if search.highest:
        return f"the maximum over the whole domain, and {only}"
    return f"{only}, and a maximum" if len(search.points) == 1 else only


def _pinned(asked: Setting, found: Fit) -> Fit:
    """Estimates at an end that the data set."""
    names = [str(symbol) for symbol in asked.estimator.pinned]
    values = found.estimate or {}
    place = ", ".join(f"{name} = {values[name]:.7g}" for name in names)
    told = (
        f"{asked.estimator.road}, so it is largest at {place}, where the score does not vanish "
        "and gives no standard error; use the exact law of that order statistic"
    )
    return replace(found, status=Status.BOUNDARY, message=told)


def _among_optima(asked: Setting, found: Fit) -> Fit:
    """Estimates that are a whole interval, where it is more than a point."""
    optima: dict[str, tuple[float, float]] = {}
    for symbol, ends in asked.estimator.optima.items():
        if asked.rows is not None:
            low, high = (float(asked.value(end, {}, DIGITS)) for end in ends)
            if low < high:
                optima[str(symbol)] = (low, high)
    if not optima:
        told = f"{asked.estimator.road}; the middle observation is the only maximum"
        return replace(found, message=told)
    shown = ", ".join(
        f"{name} from {low:.7g} to {high:.7g}" for name, (low, high) in optima.items()
    )
    told = f"every {shown} is equally likely; the middle of the interval is reported"
    return replace(found, status=Status.NOT_UNIQUE, message=told, optima=optima)
