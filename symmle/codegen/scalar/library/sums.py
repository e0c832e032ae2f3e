"""Sums, and what is found by ordering."""

import math

from symmle.codegen.scalar.library.program import Rows, Work


def _add(total: float, rest: float, term: float) -> tuple[float, float]:
    """A sum and what its roundings lost, after one more term (Ogita, Rump & Oishi 2005)."""
    new = total + term
    back = new - total
    return new, rest + ((total - (new - back)) + (term - back))


def _log_gap(d: float) -> float:
    """d - log(1 + d) without the difference where d is small."""
    if abs(d) > 0.03:
        return d - math.log1p(d)
    short = 0.0
    for k in range(12, 1, -1):
        short = (1.0 if k % 2 == 0 else -1.0) / k + short * d
    return short * d * d


def _quantile(ordered: list[float], count: int, share: float) -> float:
    """A quantile of numbers in rising order: the least that `share` of them lie at or below."""
    place = math.ceil(share * count) - 1
    return ordered[max(place, 0)]


def _sort(values: list[float], weights: list[float], count: int) -> None:
    """Numbers into rising order, each with its weight (Shell 1959; gaps by Ciura 2001)."""
    gap = 1
    while gap < count // 3:
        gap = gap * 9 // 4 + 1
    while gap > 0:
        for i in range(gap, count):
            value, weight, place = values[i], weights[i], i
            while place >= gap and values[place - gap] > value:
                values[place], weights[place] = values[place - gap], weights[place - gap]
                place -= gap
            values[place], weights[place] = value, weight
        gap = gap * 4 // 9


def _put_in_order(rows: Rows, weights: Rows, ordered: Work, ordered_weights: Work) -> None:
    """Copies of the rows and their weights, in rising order."""
    i = 0
    for x, w in zip(rows, weights, strict=False):
        ordered[i], ordered_weights[i] = x, w
        i += 1
    _sort(ordered, ordered_weights, i)


def _sampled(rows: Rows, sample: list[float], most: int) -> int:
    """Fills a sample of the rows, evenly spread, in rising order; how many there are."""
    count = min(most, len(rows))
    beside = [0.0] * 1001
    for i in range(count):
        sample[i] = rows[i * len(rows) // count]
    _sort(sample, beside, count)
    return count


def _unit(sample: list[float], count: int, centre: float) -> float:
    """A power of two near the typical distance from the centre, 1 when that is zero."""
    sizes, beside = [0.0] * 1001, [0.0] * 1001
    for i in range(count):
        sizes[i] = abs(sample[i] - centre)
    _sort(sizes, beside, count)
    size = sizes[count // 2]
    return math.pow(2.0, math.floor(math.log2(size)) + 1.0) if size > 0.0 else 1.0


def _spread(sample: list[float], count: int, wide: bool) -> float:
    """Half the distance of the quartiles, or the root mean square distance from the median."""
    middle, total = _quantile(sample, count, 0.5), 0.0
    half = (_quantile(sample, count, 0.75) - _quantile(sample, count, 0.25)) / 2.0
    for i in range(count):
        total += (sample[i] - middle) * (sample[i] - middle)
    root = math.sqrt(total / count)
    if half > 0.0 and not wide:
        return half
    return root if root > 0.0 else 1.0


def _size(sample: list[float], count: int) -> float:
    """The median of the absolute values; where that is zero, their mean, then 1."""
    sizes, beside, total = [0.0] * 1001, [0.0] * 1001, 0.0
    for i in range(count):
        sizes[i] = abs(sample[i])
        total += sizes[i] / count
    _sort(sizes, beside, count)
    if sizes[count // 2] > 0.0:
        return sizes[count // 2]
    return total if total > 0.0 else 1.0


def _fill_tails(rows: Rows, weights: Rows, tails: Work) -> None:
    """The shares of the rows above 0, above 1, ... up to the largest count."""
    total, above = 0.0, 0.0
    for x, w in zip(rows, weights, strict=False):
        total += w
        if x >= 1.0:
            tails[int(x) - 1] += w
    for k in range(len(tails) - 1, -1, -1):
        above += tails[k]
        tails[k] = above / total


def _half(weights: Work) -> float:
    total = 0.0
    for i in range(len(weights)):
        total += weights[i]
    return total / 2.0


def _median_low(ordered: Work, weights: Work) -> float:
    """The lower of the two middle values of rows in rising order, each with its weight."""
    half, below = _half(weights), 0.0
    for i in range(len(ordered)):
        below += weights[i]
        if below >= half:
            return ordered[i]
    return ordered[len(ordered) - 1]


def _median_high(ordered: Work, weights: Work) -> float:
    """The higher of the two middle values."""
    half, below = _half(weights), 0.0
    for i in range(len(ordered)):
        below += weights[i]
        if below > half:
            return ordered[i]
    return ordered[len(ordered) - 1]


def _median(ordered: Work, weights: Work) -> float:
    """The midpoint of the two middle values."""
    low, high = _median_low(ordered, weights), _median_high(ordered, weights)
    return low if low == high else low / 2.0 + high / 2.0
