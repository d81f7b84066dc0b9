"""The figure of a run: loss, learning rate, gradient norm and throughput over its steps."""

import io
import logging
from collections.abc import Sequence
from typing import Any

# Otherwise it talks to stderr about its folders and fonts where nobody has set up logging.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())

from matplotlib import style  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter  # noqa: E402

# Of the palette by Okabe and Ito (2008), which colour-blind people can tell apart.
BLUE, ORANGE = "#0072b2", "#d55e00"
INK, FAINT = "#333333", "#999999"
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
    "figure.figsize": (7, 8.5),
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
FEW = 50  # points up to which each is marked
SPAN = 30  # largest over smallest loss, above which its axis is logarithmic
Points = list[tuple[int, float]]  # steps and values


def draw(events: list[dict[str, Any]], best_step: int) -> tuple[str, bytes]:
    """Draw a run; the same events give the same bytes.

    Args:
        events: see `History`.
        best_step: the step whose weights were kept.

    Returns:
        the figure as SVG and as PNG.
    """
    with style.context(["default", STYLE]):
        figure = Figure()
        panels = figure.subplots(4, sharex=True, height_ratios=(3, 1, 1, 1))
        loss, rate, norm, pace = panels
        _draw_loss(loss, events, best_step)
        _draw_line(rate, events, "learning_rate", "Learning rate")
        _draw_line(norm, events, "gradient_norm", "Gradient norm, before clipping", log=True)
        _draw_line(pace, events, "tokens_per_second", "Throughput, tokens/s")
        for axes in (rate, pace):
            axes.set_ylim(bottom=0)
        _mark_resumes(panels, events)
        _scale_steps(pace, max([1, *(event["step"] for event in events)]))
        figure.legend(loc="outside upper left", ncols=4)
        return _print(figure, "svg").decode(), _print(figure, "png")


def _draw_loss(axes: Axes, events: list[dict[str, Any]], best_step: int) -> None:
    """Draw the loss in training and validation, and where the kept weights stand."""
    losses = [event["loss"] for event in events if "loss" in event] or [1.0]
    wide = max(losses) > SPAN * min(losses)
    _draw_line(axes, events, "loss", "Loss, nats per token", log=wide, label="training")
    course = [(e["step"], e["validation"]["nats_per_token"]) for e in events if "validation" in e]
    kept = [point for point in course if point[0] == best_step]
    looks: dict[str, Any] = {"marker": "o", "color": ORANGE}
    if course:
        axes.plot(*_columns(course), label="validation", gid="validation", **looks)
    if kept:
        label = f"kept: step {best_step:,}"
        looks |= {"fillstyle": "none", "linestyle": "", "markersize": 9}
        axes.plot(*_columns(kept), label=label, gid="kept", **looks)


def _draw_line(
    axes: Axes,
    events: list[dict[str, Any]],
    name: str,
    title: str,
    *,
    log: bool = False,
    label: str | None = None,
) -> None:
    """Draw a figure that events about optimization tell, in a panel of its own."""
    steps, values = _columns([(event["step"], event[name]) for event in events if name in event])
    marker = "." if len(steps) < FEW else None
    axes.plot(steps, values, color=BLUE, marker=marker, label=label, gid=name)
    axes.set_title(title + ", log scale" * log)
    axes.yaxis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10), min_n_ticks=3))
    if log:
        axes.set_yscale("log")
        decades = max(values, default=1) > 100 * min(values, default=1)
        axes.yaxis.set_major_locator(LogLocator(subs=(1,) if decades else (1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter("{x:,g}")


def _columns(points: Points) -> tuple[list[int], list[float]]:
    """Return the steps and the values of points."""
    return [step for step, _ in points], [value for _, value in points]


def _mark_resumes(panels: Sequence[Axes], events: list[dict[str, Any]]) -> None:
    """Draw a line where the run was taken up again; one of them all is in the legend."""
    looks: dict[str, Any] = {"color": FAINT, "linestyle": "--", "linewidth": 0.8, "zorder": 1}
    steps = [event["step"] for event in events if "resumed" in event]
    lines = [axes.axvline(step, **looks) for step in steps for axes in panels]
    for line in lines[:1]:
        line.set_label("resumed")


def _scale_steps(axes: Axes, last: int) -> None:
    """Give the lowest panel, and so all of them, an axis of whole steps."""
    axes.set_xlim(0, 1.02 * last)
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10), integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("optimizer step", color=INK)


def _print(figure: Figure, form: str) -> bytes:
    """Return a figure as a file, without what would tell when or by what it was drawn."""
    untold = {"svg": ("Date", "Creator", "Format", "Type"), "png": ("Software",)}
    file = io.BytesIO()
    figure.savefig(file, format=form, metadata=dict.fromkeys(untold[form]))
    return file.getvalue()
