"""Drawings of sets: spectral radii with stable steps, bifurcations, basins."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from symmle.diagnosis.running import Floats
from symmle.pictures.basin import Basin, End, Kind
from symmle.pictures.bifurcation import Bifurcation
from symmle.pictures.canvas import (
    BLACK,
    BLUE,
    GREEN,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    legend,
    look,
    number,
    titled,
)
from symmle.pictures.radius import Radius
from symmle.stability.records import Verdict

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_MOST_PANELS = 4  # of a bifurcation diagram
_APART = 0.17  # of the width, below which the next end has no number of its own
_SEEN = 0.002  # of the values, below which a hatched strip is too narrow to be seen
_EDGE = 0.1  # of the width, in which a number is written inwards
_CONVERGES = (SKY, YELLOW, BLUE)
_MARK = 0.03  # of the width, what the mark of a target covers to each side
_CYCLES = (VERMILLION, PURPLE, GREEN, BLUE)
_OTHERS = {End.LEAVES: BLACK, End.DIVERGES: "0.35", End.UNDECIDED: "0.93"}
_ROOM_BESIDE = 0.77  # of the width: a number that begins before it has room beside its bar
_SMALLEST = 24  # starts along the side of a square that a letter is written in
_EVENTS = {"flip": "flip", "neimark_sacker": "Neimark-Sacker", "fold": "fold", "none": ""}


def draw_radius(figure: "Figure", found: Radius) -> None:
    """The largest modulus of the multipliers against the step; below, the sets of stable steps."""
    count = len(found.curves)
    figure.set_size_inches(7.2, 4.3 + 0.25 * count)
    upper, lower = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [8, 0.7 + count]}
    )
    upper.axhline(1.0, color=BLACK, lw=0.9)
    for i, curve in enumerate(found.curves):
        colour, style, marker = look(i)
        upper.plot(found.steps, curve.radii, linestyle=style, color=colour, lw=1.8)
        if curve.best is not None and found.steps[0] <= curve.best[0] <= found.steps[-1]:
            upper.plot(*curve.best, marker, color=colour, mec=BLACK, ms=7)
    upper.set_ylim(0, found.highest)
    upper.set_xlim(found.steps[0], found.steps[-1])
    upper.set_ylabel("spectral radius, per update")
    _sets(lower, found)
    lower.set_xlabel(f"{found.step_name} (bars: where the radius is below 1)")
    titled(upper, f"{found.model}{f', {found.where}' if found.where else ''}: rate against step")
    handles = [_curve_handle(found, i) for i in range(count)]
    legend(figure, handles, [str(each.get_label()) for each in handles])


def draw_bifurcation(figure: "Figure", found: Bifurcation) -> None:
    """Where runs end up against a constant or the step, a panel for each variable."""
    names = found.names[:_MOST_PANELS]
    figure.set_size_inches(7.2, 4.8 if len(names) < 3 else 6.4)
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    colours = (BLACK, VERMILLION, BLUE, SKY)
    order = range(len(found.points) - 1, -1, -1)  # the first start on top
    for i, axes in enumerate(panels):
        for k in order:
            values = np.broadcast_to(found.values[:, None], found.points[k, :, :, i].shape)
            axes.plot(values.ravel(), found.points[k, :, :, i].ravel(), ".", alpha=0.35,
                      ms=1.3, mew=0, color=colours[k % len(colours)], rasterized=True)  # fmt: skip
        _limits(axes, found.points[:, :, :, i], found.units[i])
        axes.set_ylabel(names[i])
        for end, _ in found.ends:
            axes.axvline(end, color=GREEN, lw=1.2, ls="--", zorder=3)
        _gone(axes, found)
    panels[0].set_xlim(found.values[0], found.values[-1])
    _numbers_on_top(panels[0], found)
    panels[-1].set_xlabel(found.over)
    how = "the map" if found.scheme == "map" else f"{found.scheme} ascent"
    data = f", {found.data}" if found.data else ""
    titled(panels[0], f"{found.model}{data}: where {how} settles", " ")
    _bifurcation_legend(figure, found, colours)


def draw_basin(figure: "Figure", found: Basin) -> None:
    """A colour, and a letter, for what the run from each start comes to."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    axes = figure.add_subplot()
    colours = colours_of(found.kinds)
    (x, y) = found.window
    axes.imshow(
        found.codes, origin="lower", extent=(x.low, x.high, y.low, y.high), aspect="auto",
        cmap=ListedColormap(colours), vmin=-0.5, vmax=len(colours) - 0.5, interpolation="nearest",
    )  # fmt: skip
    free = _away_from_targets(found)
    for i, colour in enumerate(colours):
        place = widest((found.codes == i) & free)
        if place is not None:
            row, column = place
            axes.text(found.x[column], found.y[row], _letter(i), color=_ink(colour), fontsize=12,
                      fontweight="bold", ha="center", va="center")  # fmt: skip
    for one, other, verdict in found.targets:
        stays = verdict is not Verdict.UNSTABLE
        axes.plot(one, other, "*" if stays else "X", color="white", mec=BLACK, mew=1.2,
                  ms=15 if stays else 9, clip_on=True)  # fmt: skip
    axes.set_xlim(x.low, x.high)
    axes.set_ylim(y.low, y.high)
    signs = [_sign(stays) for stays in (True, False) if _is_shown(found, stays)]
    axes.set_xlabel(f"{found.names[0]} at the start")
    axes.set_ylabel(f"{found.names[1]} at the start")
    how = "the map" if found.step is None else f"{found.scheme}, step {number(found.step)}"
    held = [f"{name} = {number(value)}" for name, value in found.held.items()]
    titled(axes, f"{found.model}{f', {found.data}' if found.data else ''}: {how}",
           f"what each start comes to{''.join(f', {each}' for each in held)}")  # fmt: skip
    handles = [
        Patch(facecolor=colour, edgecolor=BLACK, linewidth=0.6,
              label=f"{_letter(i)}: {words(kind, found)}")
        for i, (kind, colour) in enumerate(zip(found.kinds, colours, strict=True))
    ]  # fmt: skip
    legend(figure, [*handles, *signs], [str(each.get_label()) for each in [*handles, *signs]])


def _sign(stays: bool) -> "Line2D":
    from matplotlib.lines import Line2D

    label = "a point that attracts" if stays else "a fixed point that does not attract"
    return Line2D([], [], ls="", marker="*" if stays else "X", color="white", mec=BLACK, mew=1.2,
                  ms=12 if stays else 8, label=label)  # fmt: skip


def _is_shown(found: Basin, stays: bool) -> bool:
    x, y = found.window
    return any(
        x.low <= one <= x.high and y.low <= other <= y.high
        for one, other, verdict in found.targets
        if (verdict is not Verdict.UNSTABLE) is stays
    )


def words(kind: Kind, found: Basin) -> str:
    """What one colour means, with the share of the starts."""
    share = f"{100 * kind.share:.3g} %"
    if kind.end is End.CONVERGES:
        many = sum(each.end is End.CONVERGES for each in found.kinds) > 1 or len(found.targets) > 1
        where = f" to ({', '.join(number(value, 4) for value in kind.target)})" if many else ""
        return f"converges{where} ({share})"
    if kind.end is End.CYCLE:
        return f"cycle of period {kind.period} ({share})"
    if kind.end is End.UNDECIDED:
        return f"undecided after {found.updates:,} updates: slow, or still moving ({share})"
    return f"{kind.end.value} ({share})"


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else str(place)


def _away_from_targets(found: Basin) -> NDArray[np.bool_]:
    """The starts where a letter would not lie on the mark of a target."""
    x, y = found.window
    free = np.ones(found.codes.shape, dtype=bool)
    for one, other, _ in found.targets:
        near = np.abs(found.x - one) < _MARK * (x.high - x.low)
        free &= ~(near[None, :] & (np.abs(found.y - other) < 2 * _MARK * (y.high - y.low))[:, None])
    return free


def colours_of(kinds: tuple[Kind, ...]) -> list[str]:
    """A colour for each kind; many points that attract share out a scale from dark to light."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    points = sum(kind.end is End.CONVERGES for kind in kinds)
    scale = [to_hex(each) for each in colormaps["cividis"](np.linspace(0.15, 1, points))]
    found, met = [], {End.CONVERGES: 0, End.CYCLE: 0}
    for kind in kinds:
        if kind.end in met:
            few = _CONVERGES if points <= len(_CONVERGES) else scale
            palette = few if kind.end is End.CONVERGES else _CYCLES
            found.append(palette[met[kind.end] % len(palette)])
            met[kind.end] += 1
        else:
            found.append(_OTHERS[kind.end])
    return found


def widest(where: NDArray[np.bool_]) -> tuple[int, int] | None:
    """(row, column) of the middle of the largest square of a set; None where all are small.

    By sums over rectangles from a table of partial sums, and halving of the side.
    """
    sums = np.zeros((where.shape[0] + 1, where.shape[1] + 1), dtype=np.int64)
    sums[1:, 1:] = where.cumsum(axis=0).cumsum(axis=1)

    def squares(side: int) -> NDArray[np.bool_]:
        total = (
            sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
        )
        return np.asarray(total == side * side)

    low, high = 0, min(where.shape)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.any(squares(middle)) else (low, middle - 1)
    if low < _SMALLEST * min(where.shape) / 1000:
        return None
    row, column = np.argwhere(squares(low))[0] if low else (0, 0)
    return int(row) + low // 2, int(column) + low // 2


def _ink(colour: str) -> str:
    """Black on what is light, white on what is dark."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return BLACK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.45 else "white"


def _sets(axes: "Axes", found: Radius) -> None:
    for i, curve in enumerate(found.curves):
        colour, height = look(i)[0], len(found.curves) - i
        for each in curve.intervals or ():
            low = max(float(each.lower), float(found.steps[0]))
            high = float(each.upper) if each.upper.is_finite else float(found.steps[-1]) * 2
            axes.plot([low, high], [height, height], color=colour, lw=6, solid_capstyle="butt")
        for end, event in curve.ends:
            if not found.steps[0] <= end <= found.steps[-1]:
                continue
            text = f"{number(end)}{f' {_EVENTS[event]}' if _EVENTS.get(event) else ''}"
            place = (end - found.steps[0]) / (found.steps[-1] - found.steps[0])
            axes.plot(end, height, "|", color=BLACK, ms=11, mew=1.5)
            beside = end == curve.ends[-1][0] and place < _ROOM_BESIDE
            side = "left" if beside or place < 1 - _ROOM_BESIDE else "right"
            axes.annotate(text, (end, height), xytext=(6, 0) if beside else (0, 8), ha=side,
                          va="center", textcoords="offset points", fontsize=8)  # fmt: skip
    axes.set_ylim(0.5, len(found.curves) + 0.8)
    axes.set_yticks(range(len(found.curves), 0, -1), [each.scheme for each in found.curves])
    axes.tick_params(axis="y", length=0, labelsize=8)


def _curve_handle(found: Radius, place: int) -> "Line2D":
    from matplotlib.lines import Line2D

    curve = found.curves[place]
    label = curve.scheme
    if curve.intervals is None:
        label += ", stable steps not known"
    elif not curve.intervals:
        label += ", no step is stable"
    if curve.best is not None:
        label += f"; best step {number(curve.best[0])}, rate {number(curve.best[1])}"
    colour, style, marker = look(place)
    return Line2D([], [], color=colour, linestyle=style, lw=1.8, mec=BLACK, label=label,
                  marker=marker if curve.best else "")  # fmt: skip


def _limits(axes: "Axes", points: Floats, unit: float) -> None:
    finite = points[np.isfinite(points)]
    if len(finite):
        low, high = np.quantile(finite, [0.001, 0.999])
        least = unit or 0.05 * max(abs(low), abs(high)) or 1.0
        room = max(0.06 * (high - low), (least - (high - low)) / 2)
        axes.set_ylim(low - room, high + room)


def _gone(axes: "Axes", found: Bifurcation) -> None:
    """Hatch the values for which every run left the domain."""
    left = np.all(found.periods == -1, axis=0)
    if np.any(left):
        axes.fill_between(
            found.values, 0, 1, where=left.tolist(), transform=axes.get_xaxis_transform(),
            facecolor="0.92", edgecolor="0.6", hatch="//", linewidth=0, step="mid",
        )  # fmt: skip


def _numbers_on_top(axes: "Axes", found: Bifurcation) -> None:
    width, last = found.values[-1] - found.values[0], -np.inf
    for end, event in found.ends:
        if end - last < _APART * width:
            continue
        last = end
        name = _EVENTS.get(event, "")
        place = (end - found.values[0]) / width
        side = "left" if place < _EDGE else "right" if place > 1 - _EDGE else "center"
        axes.annotate(
            f"{number(end)}{f' {name}' if name else ''}", (end, 1), xytext=(0, 4), fontsize=8,
            xycoords=("data", "axes fraction"), textcoords="offset points", color=GREEN, ha=side,
            va="bottom",
        )  # fmt: skip


def _bifurcation_legend(figure: "Figure", found: Bifurcation, colours: tuple[str, ...]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Artist] = [
        Line2D([], [], marker="s", ls="", ms=5, color=colours[k % len(colours)],
               label=start)
        for k, start in enumerate(found.starts)
    ]  # fmt: skip
    if found.ends:
        handles.append(Line2D([], [], color=GREEN, ls="--", lw=1.2, label="end of a stable set"))
    if np.mean(np.all(found.periods == -1, axis=0)) > _SEEN:
        handles.append(
            Patch(facecolor="0.92", edgecolor="0.6", hatch="//", label="every run escapes")
        )
    kept = f"{found.points.shape[2]} updates after {found.settling:,}, from a start"
    legend(figure, handles, [str(each.get_label()) for each in handles], kept)
