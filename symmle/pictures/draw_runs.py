"""Drawings of runs: a trajectory over contours, a cobweb, a convergence curve."""

from typing import TYPE_CHECKING

import numpy as np

from symmle.diagnosis.running import Stop
from symmle.pictures.canvas import BLACK, VERMILLION, legend, look, number, titled
from symmle.pictures.cobweb import Cobweb
from symmle.pictures.convergence import Convergence, Descent
from symmle.pictures.paths import Path, Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKED = 60  # points of a path that have a marker of their own
_ENDED = {
    Stop.LEFT: ", then out of the domain",
    Stop.BROKE: ", then a number is too large",
}
_FLOOR = 1e-17  # distances below are no part of a logarithmic picture
_NO_RATE = 1e-12  # a rate below is nothing but the rounding of an estimate
_ARROWS, _HALF = 3, 0.55  # steps with an arrowhead, and where on the way it is
_UNLABELLED = 2  # contours, the innermost, where the path and the marks are


def draw_trajectory(figure: "Figure", found: Trajectory) -> None:
    """Paths over the contours of what they climb."""
    axes = figure.add_subplot()
    if found.heights is not None and found.levels:
        _contours(axes, found)
    for i, path in enumerate(found.paths):
        _path(axes, path, i)
    cut = [i for i, path in enumerate(found.paths) if _is_cut_in_view(path, found)]
    for i in cut:
        colour, _, marker = look(i)
        axes.plot(*found.paths[i].points[-1], marker, color=colour, mec=BLACK, mew=1.4, ms=8,
                  zorder=8)  # fmt: skip
    if cut:
        axes.plot([], [], look(cut[0])[2], color="0.75", mec=BLACK, mew=1.4, ms=8,
                  label="last point of a run that was cut")  # fmt: skip
    start = found.paths[0].points[0]
    axes.plot(*start, "o", color="white", mec=BLACK, mew=1.6, ms=9, zorder=6, label="start")
    what = "maximum" if found.height_name.endswith("log-likelihood") else "fixed point"
    for i, target in enumerate(found.targets):
        label = what if i == 0 else None
        axes.plot(*target, "*", color="white", mec=BLACK, mew=1.2, ms=15, zorder=7, label=label)
    axes.set_xlim(found.window[0].low, found.window[0].high)
    axes.set_ylim(found.window[1].low, found.window[1].high)
    axes.set_xlabel(found.names[0])
    axes.set_ylabel(found.names[1])
    below = []
    if found.heights is not None and found.levels:
        below = [f"contours: {found.height_name} against its {_best(found)}, {number(found.top)}"]
    for scheme, update, name, value in found.beyond:
        when = "the first update" if update == 1 else f"update {update:,}"
        below.append(f"{scheme} leaves the view: {name} = {number(value)} after {when}")
    titled(axes, _headed(found.model, found.data, "runs from one start"), *below)
    legend(figure, *axes.get_legend_handles_labels())


def draw_cobweb(figure: "Figure", found: Cobweb) -> None:
    """The graph of a map, the diagonal, and the staircase of a run between them."""
    axes = figure.add_subplot()
    low, high = found.window.low, found.window.high
    axes.plot(found.x, found.image, "-", color=BLACK, lw=1.8, label="the map", zorder=3)
    axes.plot([low, high], [low, high], ":", color="0.45", lw=1.4, label="diagonal: nothing moves")
    x, y = [found.orbit[0]], [found.orbit[0]]
    for now, then in zip(found.orbit, found.orbit[1:], strict=False):
        x += [now, then]
        y += [then, then]
    updates = len(found.orbit) - 1
    label = f"{_counted(updates)}{_ENDED.get(found.stop, '')}"
    axes.plot(x, y, "-", color=VERMILLION, lw=0.9, label=label, zorder=2)
    axes.plot(x[0], y[0], "o", color="white", mec=BLACK, mew=1.6, ms=8, zorder=6, label="start")
    for i, target in enumerate(found.targets):
        said = "fixed point" if i == 0 else None
        axes.plot(target, target, "*", color="white", mec=BLACK, mew=1.2, ms=14, zorder=7,
                  label=said)  # fmt: skip
    shown = np.concatenate([found.image[np.isfinite(found.image)], [low, high]])
    room = high - low
    axes.set_xlim(low, high)
    axes.set_ylim(max(float(shown.min()), low - room), min(float(shown.max()), high + room))
    axes.set_xlabel(f"{found.name} before the update")
    axes.set_ylabel(f"{found.name} after it")
    how = "a run" if found.step is None else f"{found.scheme}, step {number(found.step)}"
    begun = f"{how} from {found.name} = {number(float(found.orbit[0]))}"
    titled(axes, _headed(found.model, found.data, begun))
    legend(figure, *axes.get_legend_handles_labels())


def draw_convergence(figure: "Figure", found: Convergence) -> None:
    """Distance against update on a logarithmic scale, each with its predicted rate as a line."""
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_subplot()
    for i, each in enumerate(found.descents):
        _descent(axes, each, i)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("update")
    axes.set_ylabel("distance to the target")
    axes.grid(True, color="0.9", lw=0.6)
    units = ", ".join(f"{number(unit)} in {name}" for name, unit in found.units.items())
    target = ", ".join(f"{name} = {number(value)}" for name, value in found.target.items())
    titled(
        axes,
        _headed(found.model, found.data, "convergence"),
        f"target {target}",
        f"distance: the largest over the variables, in units of {units}",
    )
    legend(figure, *axes.get_legend_handles_labels())


def _counted(updates: int) -> str:
    return "1 update" if updates == 1 else f"{updates:,} updates"


def _headed(model: str, data: str, what: str) -> str:
    return f"{model}{f', {data}' if data else ''}: {what}"


def _best(found: Trajectory) -> str:
    return "maximum" if found.levels[-1] <= found.top else "minimum"


def _contours(axes: "Axes", found: Trajectory) -> None:
    assert found.heights is not None
    lines = axes.contour(
        found.x, found.y, found.heights, levels=found.levels, colors="0.55", linewidths=0.9,
        linestyles="-", zorder=1,
    )  # fmt: skip
    best_first = sorted(found.levels, key=lambda level: abs(level - found.top))
    texts = {level: f"{level - found.top:+.6g}".replace("-", "\u2212") for level in best_first}
    axes.clabel(lines, levels=sorted(best_first[_UNLABELLED:]), fmt=texts, fontsize=7.5)


def _is_cut_in_view(path: Path, found: Trajectory) -> bool:
    """Whether a run ended because it was long enough, at a place that is shown."""
    return path.stop is Stop.COUNT and all(
        side.low <= value <= side.high
        for side, value in zip(found.window, path.points[-1].tolist(), strict=True)
    )


def _path(axes: "Axes", path: Path, place: int) -> None:
    colour, style, marker = look(place)
    label = f"{path.scheme}, step {number(path.step)}: {_counted(path.updates)}"
    label += _ENDED.get(path.stop, "")
    x, y = path.points.T
    axes.plot(x[:_MARKED], y[:_MARKED], linestyle=style, color=colour, lw=1.4, marker=marker,
              ms=3.5, markevery=slice(1, _MARKED), zorder=4, label=label)  # fmt: skip
    axes.plot(x[_MARKED - 1 :], y[_MARKED - 1 :], linestyle=style, color=colour, lw=0.8, alpha=0.6,
              zorder=3)  # fmt: skip
    for now, then in zip(path.points[:_ARROWS], path.points[1:], strict=False):
        if np.all(np.isfinite(then)) and np.any(now != then):
            axes.annotate("", xy=tuple(now + _HALF * (then - now)), zorder=5,
                          xytext=tuple(now + (_HALF - 0.2) * (then - now)),
                          arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 0,
                                      "mutation_scale": 14, "shrinkA": 0, "shrinkB": 0},
                          annotation_clip=True)  # fmt: skip


def _descent(axes: "Axes", found: Descent, place: int) -> None:
    colour, style, marker = look(place)
    path = found.path
    shown = np.isfinite(found.distances) & (found.distances > _FLOOR)
    rate = "" if found.observed_rate is None else f", observed rate {found.observed_rate:.4g}"
    end = _ENDED.get(path.stop, "")
    every = max(1, int(np.sum(shown)) // 25)
    axes.plot(path.iterations[shown], found.distances[shown], linestyle=style, color=colour, lw=1.5,
              marker=marker, ms=4, markevery=every,
              label=f"{path.scheme}, step {number(path.step)}{rate}{end}")  # fmt: skip
    predicted = found.predicted_rate
    if predicted is None:
        return
    predicted = 0.0 if predicted < _NO_RATE else predicted
    name = f"{path.scheme}: predicted rate {predicted:.4g}"
    if found.anchor is None or not 0 < predicted < 1:
        axes.plot([], [], " ", label=name)
        return
    at, distance = found.anchor
    k = np.linspace(path.iterations[0], path.iterations[-1], 200)
    line = distance * np.exp((k - at) * np.log(predicted))
    top = float(np.nanmax(found.distances[shown])) * 10
    near = (line < top) & (line > _FLOOR)
    axes.plot(k[near], line[near], "-", color=colour, lw=5, alpha=0.3, zorder=1, label=name)
