"""The one way in which pictures look and are written: the same bytes for the same numbers.

Colours are those of Okabe & Ito, Color universal design (2008), which the colour-blind tell
apart; line styles, markers and letters say the same in grey.
"""

import contextlib
import importlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import wrap
from types import MappingProxyType
from typing import TYPE_CHECKING

from symmle import __version__
from symmle.errors import DependencyError, InputError

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import LineStyleType as LineStyle

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
LINES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
STYLES: tuple["LineStyle", ...] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (5, 1, 1, 1, 1, 1)),
    (0, (7, 3)),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_WIDTH, _HANDLE = 104, 7  # of a legend, and of what stands before a label, in letters
_ROWS, _ROW = 4, 0.2  # rows of a legend that there is room for, and inches for each more
_TITLE, _LINE = 80, 108  # letters in a line of a title, and of the smaller text
ENDINGS = (".svg", ".png")

_SETTINGS: Mapping[str, object] = MappingProxyType(
    {
        "svg.hashsalt": "symmle",
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.formatter.useoffset": False,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "savefig.dpi": 160,
        "figure.dpi": 100,
    }
)


def require_matplotlib() -> None:
    """Raise DependencyError, with the command that brings it, where matplotlib is not there."""
    try:
        with _quiet():
            importlib.import_module("matplotlib")
    except ImportError as missing:
        raise DependencyError(
            "a picture needs matplotlib, which is not installed; install it with: "
            'pip install "symmle[plot]"'
        ) from missing


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without matplotlib's remarks on its caches and fonts, which would go to stderr."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box
            yield
    finally:
        logger.setLevel(level)


def ending_of(name: str) -> str:
    """`.svg` or `.png`; InputError for another ending."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending not in ENDINGS:
        raise InputError(f"{name!r} is no picture file; give it the ending .svg or .png")
    return ending


def rendered(draw: Callable[["Figure"], None], ending: str) -> bytes:
    """The bytes of a picture.

    draw: fills an empty figure.  The same numbers give the same bytes: no date, and identifiers
    that do not change.
    """
    require_matplotlib()
    made_by = f"made by symmle {__version__}"
    said = {"Creator": made_by, "Date": None} if ending == ".svg" else {"Software": made_by}
    stream = io.BytesIO()
    with _quiet():
        from matplotlib import style
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        with style.context(["default", dict(_SETTINGS)]):
            figure = Figure(figsize=(7.2, 4.8), layout="constrained")
            FigureCanvasAgg(figure)
            draw(figure)
            figure.savefig(stream, format=ending[1:], metadata=said)
    return stream.getvalue()


def titled(axes: "Axes", title: str, *below: str) -> None:
    """A title, and lines of smaller text under it, broken where they are long."""
    lines = [part for line in below for part in wrap(line, _LINE) or [line]]
    axes.set_title(plain("\n".join(lines)), fontsize=8.5, color="0.25")
    pad = 8 + 11 * len(lines)
    above = plain("\n".join(wrap(title, _TITLE)))
    axes.annotate(above, (0, 1), xytext=(0, pad), xycoords="axes fraction",
                  textcoords="offset points", fontsize=11, va="bottom", ha="left")  # fmt: skip


def look(place: int) -> tuple[str, "LineStyle", str]:
    """(colour, line style, marker) of a curve; no two of the first forty are alike in grey."""
    return LINES[place % len(LINES)], STYLES[place % len(STYLES)], MARKERS[place % len(MARKERS)]


def plain(text: str) -> str:
    """A user's text, in which a dollar sign is one and does not begin a formula."""
    return text.replace("$", r"\$")


def legend(
    figure: "Figure", handles: Sequence["Artist"], labels: Sequence[str], title: str = ""
) -> None:
    """Under the axes, in as many columns as the longest label leaves room for.

    Many rows make the figure higher, not the axes smaller.
    """
    longest = max(map(len, labels), default=0)
    columns = max(1, min(3, _WIDTH // (longest + _HANDLE), len(labels)))
    rows = -(-len(labels) // columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + _ROW * max(0, rows - _ROWS))
    figure.legend(handles, [plain(each) for each in labels], loc="outside lower center",
                  ncols=columns, title=plain(title) or None, title_fontsize=9)  # fmt: skip


def number(value: float, digits: int = 6) -> str:
    """A few digits, with a true minus."""
    return f"{value:.{digits}g}".replace("-", "\u2212")
