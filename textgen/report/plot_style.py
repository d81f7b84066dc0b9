"""How figures look, and how they become files: the same bytes from the same data.

The one module that loads matplotlib, so that nobody else has to keep it quiet or do without it.
"""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from textgen.errors import NotInstalled

# Otherwise it talks to stderr about its folders and fonts where nobody has set up logging.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())

try:
    from matplotlib import style
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
except ImportError:
    raise NotInstalled("drawing", "matplotlib", "corpora") from None

# Of the palette by Okabe and Ito (2008), which colour-blind people can tell apart.
BLUE, ORANGE = "#0072b2", "#d55e00"
INK, FAINT = "#333333", "#999999"
LABEL = "{x:,.10g}"  # of a mark; plain below ten digits
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
    "svg.fonttype": "none",  # text that can be searched and read out
    "svg.hashsalt": "textgen",  # the same names of parts each time
    "text.color": INK,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}


@contextmanager
def drawn(width: float, height: float) -> Iterator[Figure]:
    """Yield a figure of so many inches; while the block lasts, what is drawn looks like ours."""
    with style.context(["default", STYLE]):
        yield Figure(figsize=(width, height))


def mark_evenly(axis: Axis, *, whole: bool = False) -> None:
    """Give an axis marks at round numbers; at whole ones only, if that is asked for."""
    fewest = 1 if whole else 3  # between 0 and 1 there is no third whole number
    axis.set_major_locator(
        MaxNLocator("auto", steps=(1, 2, 5, 10), integer=whole, min_n_ticks=fewest)
    )
    axis.set_major_formatter(LABEL)


def mark_decades(axis: Axis, smallest: float, largest: float) -> None:
    """Give a logarithmic axis marks that are plain numbers, some within decades if there are few.

    Args:
        axis: its scale must be set before.
        smallest, largest: of the values on it.
    """
    decades = largest > 100 * smallest
    axis.set_major_locator(LogLocator(subs=(1,) if decades else (1, 2, 5)))
    axis.set_major_formatter(LABEL)
    axis.set_minor_formatter(NullFormatter())


def print_figure(figure: Figure, form: str) -> bytes:
    """Return a figure as a file, without what would tell when or by what it was drawn."""
    untold = {"svg": ("Date", "Creator", "Format", "Type"), "png": ("Software",)}
    file = io.BytesIO()
    figure.savefig(file, format=form, metadata=dict.fromkeys(untold[form]))
    return file.getvalue()
