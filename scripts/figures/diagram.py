"""Boxes, arrows and notes on a sheet, for the diagrams of the documents."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

Point = tuple[float, float]

# One colour for each kind of thing, on every picture, and the tint that its boxes are filled with.
INK, FAINT = "#24292f", "#6e7781"
TOKEN, HIDDEN, MEMORY, LOGIT, GRADIENT = "#1a7f37", "#0969da", "#bc4c00", "#8250df", "#cf222e"
TINTS = {TOKEN: "#dafbe1", HIDDEN: "#ddf4ff", MEMORY: "#fff1e5", LOGIT: "#fbefff", FAINT: "#f6f8fa"}

# What lies over what.
GROUND, LINES, THINGS, TEXTS = range(1, 5)


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a white sheet whose units are inches, the origin below on the left."""
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return figure, axes


def box(  # noqa: PLR0913  # a rectangle, its colour and its text
    axes: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    color: str,
    text: str = "",
    *,
    size: float = 9,
    level: int = THINGS,
) -> None:
    """Draw a rounded box around its centre, with a text in it."""
    shape = FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        zorder=level,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=TINTS[color],
        edgecolor=color,
        linewidth=1.3,
    )
    axes.add_patch(shape)
    note(axes, x, y, text, INK, size=size)


def dot(axes: Axes, x: float, y: float, sign: str) -> None:
    """Draw an operation as a small circle."""
    shape = Circle((x, y), 0.17, facecolor="white", edgecolor=INK, linewidth=1.3, zorder=THINGS)
    axes.add_patch(shape)
    note(axes, x, y - 0.01, sign, INK, size=13)


def note(axes: Axes, x: float, y: float, text: str, color: str = FAINT, **options: Any) -> None:
    """Write a remark, centred unless told otherwise."""
    chosen: dict[str, Any] = {"size": 9, "ha": "center", "va": "center", "zorder": TEXTS} | options
    axes.text(x, y, text, color=color, **chosen)


def line(axes: Axes, *points: Point, color: str = INK, dashes: Any = "-") -> None:
    """Draw a line through points."""
    xs, ys = zip(*points, strict=True)
    axes.plot(xs, ys, color=color, linewidth=1.5, linestyle=dashes, zorder=LINES)


def arrow(axes: Axes, *points: Point, color: str = INK, dashes: Any = "-") -> None:
    """Draw a line through points, with a head at the last one."""
    shape = FancyArrowPatch(
        path=Path(points),
        arrowstyle="-|>",
        mutation_scale=11,
        color=color,
        linewidth=1.5,
        linestyle=dashes,
        zorder=LINES,
    )
    axes.add_patch(shape)
