"""The figure of a run: loss, learning rate, gradient norm and throughput over its steps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textgen.report.plot_style import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    drawn,
    mark_decades,
    mark_evenly,
    print_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 50  # the most points of a curve that are marked one by one
SPAN = 30  # ratio of largest to smallest loss above which its axis is logarithmic
Points = list[tuple[int, float]]  # steps and values


def draw(events: list[dict[str, Any]], best_step: int) -> tuple[str, bytes]:
    """Draw a run; the same events give the same bytes.

    Args:
        events: see `History`.
        best_step: the step whose weights were kept.

    Returns:
        the figure as SVG and as PNG.
    """
    with drawn(7, 8.5) as figure:
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
        return print_figure(figure, "svg").decode(), print_figure(figure, "png")


def _draw_loss(axes: "Axes", events: list[dict[str, Any]], best_step: int) -> None:
    """Draw the loss in training and validation, and mark the kept weights."""
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
    axes: "Axes",
    events: list[dict[str, Any]],
    name: str,
    title: str,
    *,
    log: bool = False,
    label: str | None = None,
) -> None:
    """Draw a figure of the events about optimization in its panel."""
    steps, values = _columns([(event["step"], event[name]) for event in events if name in event])
    marker = "." if len(steps) < FEW else None
    axes.plot(steps, values, color=BLUE, marker=marker, label=label, gid=name)
    axes.set_title(title + ", log scale" * log)
    mark_evenly(axes.yaxis)
    if log:
        axes.set_yscale("log")
        mark_decades(axes.yaxis, min(values, default=1), max(values, default=1))


def _columns(points: Points) -> tuple[list[int], list[float]]:
    """Return the steps and the values of points."""
    return [step for step, _ in points], [value for _, value in points]


def _mark_resumes(panels: Sequence["Axes"], events: list[dict[str, Any]]) -> None:
    """Draw a line at each resume; the first is in the legend."""
    looks: dict[str, Any] = {"color": FAINT, "linestyle": "--", "linewidth": 0.8, "zorder": 1}
    steps = [event["step"] for event in events if "resumed" in event]
    lines = [axes.axvline(step, **looks) for step in steps for axes in panels]
    for line in lines[:1]:
        line.set_label("resumed")


def _scale_steps(axes: "Axes", last: int) -> None:
    """Set an axis of whole steps, which all panels share."""
    axes.set_xlim(0, 1.02 * last)
    mark_evenly(axes.xaxis, whole=True)
    axes.set_xlabel("optimizer step", color=INK)
