"""The style of figures, and their files: the same data give the same bytes.

Only this module imports matplotlib, handles its absence and silences it.
"""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from textgen.errors import NotInstalled

# Without logging set up, matplotlib would write about its folders and fonts to stderr.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())

try:
    from matplotlib import style
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
except ImportError:
    raise NotInstalled("drawing", "matplotlib", "corpora") from None

# From the palette by Okabe and Ito (2008), for colour-blind people.
BLUE, ORANGE = "#0072b2", "#d55e00"
INK, FAINT = "#333333", "#999999"
LABEL = "{x:,.10g}"  # of a tick; without an exponent below ten digits
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.color": "#e8e8e8",
    "legend.frameon": False,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "savefig.dpi": 150,
    "svg.fonttype": "none",  # text stays searchable
    "svg.hashsalt": "textgen",  # reproducible ids
    "text.color": INK,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}


@contextmanager
def drawn(width: float, height: float) -> Iterator[Figure]:
    """Yield a figure of a size in inches; within the block, drawings have the style."""
    with style.context(["default", STYLE]):
        yield Figure(figsize=(width, height))


def mark_evenly(axis: Axis, *, whole: bool = False) -> None:
    """Set ticks at round numbers, or at whole numbers only."""
    fewest = 1 if whole else 3  # there are only two from 0 to 1
    axis.set_major_locator(
        MaxNLocator("auto", steps=(1, 2, 5, 10), integer=whole, min_n_ticks=fewest)
    )
    axis.set_major_formatter(LABEL)


def mark_decades(axis: Axis, smallest: float, largest: float) -> None:
    """Set plain numbers as ticks of a logarithmic axis, also within decades if there are few.

    Args:
        axis: its scale must be set before.
        smallest: the smallest value on it.
        largest: the largest value on it.
    """
    decades = largest > 100 * smallest
    axis.set_major_locator(LogLocator(subs=(1,) if decades else (1, 2, 5)))
    axis.set_major_formatter(LABEL)
    axis.set_minor_formatter(NullFormatter())


def print_figure(figure: Figure, form: str) -> bytes:
    """Return a figure as a file without date and program, for reproducible bytes."""
    omitted = {"svg": ("Date", "Creator", "Format", "Type"), "png": ("Software",)}
    file = io.BytesIO()
    figure.savefig(file, format=form, metadata=dict.fromkeys(omitted[form]))
    return file.getvalue()
