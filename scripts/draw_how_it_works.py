#!/usr/bin/env python
"""Draws the figures of docs/explanation/how-it-works.md.

    .venv/bin/python scripts/draw_how_it_works.py [--only NAME] [--out FOLDER]

The diagrams are the same bytes every time. The pictures show a small model that is trained first,
in half a minute, so they differ a little from machine to machine.
"""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import matplotlib
import numpy as np
from figures.diagram import (
    FAINT,
    GRADIENT,
    GROUND,
    HIDDEN,
    INK,
    LOGIT,
    MEMORY,
    TOKEN,
    arrow,
    box,
    dot,
    line,
    note,
    sheet,
)
from figures.model_pictures import draw_memory, draw_sampling
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from textgen.tokenization.tokenizer import Tokenizer

ROOT = Path(__file__).parent.parent

# Names inside the files that do not change, and letters as shapes: the same picture everywhere.
STYLE: Any = {  # matplotlib's own type for it is a list of all its settings
    "svg.hashsalt": "textgen",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "figure.constrained_layout.w_pad": 0.1,
    "figure.constrained_layout.h_pad": 0.1,
}


def draw_flow() -> Figure:
    """From text to the next token, and around again."""
    figure, axes = sheet(10, 2.75)
    prompt = "The t"
    tokenizer = Tokenizer.train("char", [prompt], normal_form="nfc", vocab_size=0)
    stages = [
        ("text", TOKEN, f"“{prompt}”"),
        ("tokens", TOKEN, " ".join(map(str, tokenizer.encode(prompt)))),
        ("embedding", HIDDEN, "a row of numbers\nfor each token"),
        ("LSTM layers", HIDDEN, "what was read so far,\nin a few hundred numbers"),
        ("logits", LOGIT, "one number for\neach token type"),
        ("filters, softmax", LOGIT, "a probability for\neach token type"),
        ("draw", TOKEN, "“i”"),
    ]
    places = np.linspace(0.75, 9.25, len(stages))
    for x, (name, color, example) in zip(places, stages, strict=True):
        box(axes, x, 1.55, 1.12, 0.52, color, name, size=9.5)
        note(axes, x, 1.15, example, size=7.5, va="top", linespacing=1.4)
    for left, right in itertools.pairwise(places):
        arrow(axes, (left + 0.56, 1.55), (right - 0.58, 1.55))
    lstm, last, first = places[3], places[-1], places[1]
    loop = [(lstm + 0.3, 1.81), (lstm + 0.3, 2.2), (lstm - 0.3, 2.2), (lstm - 0.3, 1.83)]
    arrow(axes, *loop, color=MEMORY)
    note(axes, lstm, 2.42, "state, kept for the next token", MEMORY)
    arrow(axes, (last, 0.95), (last, 0.48), (first, 0.48), (first, 0.95), color=TOKEN)
    note(axes, (first + last) / 2, 0.27, "the token drawn is the next one read", TOKEN)
    return figure


def draw_cell() -> Figure:
    """One step of an LSTM cell."""
    figure, axes = sheet(10, 4.9)
    box(axes, 5, 2.65, 7.5, 3.9, FAINT, level=GROUND)
    draw_gates(axes)
    for left, right in [(0.55, 2.51), (2.87, 4.61), (4.97, 9.45)]:
        arrow(axes, (left, 4.1), (right, 4.1), color=MEMORY)
    arrow(axes, (4.8, 3.27), (4.8, 3.91))
    arrow(axes, (7.8, 4.1), (7.8, 3.64), color=MEMORY)
    box(axes, 7.8, 3.4, 0.8, 0.46, MEMORY, "tanh", size=11)
    arrow(axes, (7.8, 3.17), (7.8, 2.79))
    arrow(axes, (7.8, 2.43), (7.8, 1.15), (9.45, 1.15), color=HIDDEN)
    for x, y, sign in [(2.7, 4.1, "×"), (4.8, 4.1, "+"), (4.8, 3.1, "×"), (7.8, 2.6, "×")]:
        dot(axes, x, y, sign)
    for x, y, meaning in [(2.96, 3.82, "keep"), (5.06, 3.82, "add"), (8.06, 2.6, "show")]:
        note(axes, x, y, meaning, ha="left", style="italic")
    for x, when in [(0.6, "before"), (9.4, "after")]:
        note(axes, x, 4.32, f"c {when}", MEMORY, size=10)
        note(axes, x, 1.37, f"h {when}", HIDDEN, size=10)
    return figure


def draw_gates(axes: Axes) -> None:
    """Draw the four gates of a cell: what they see, and where what they say goes."""
    gates = [
        (2.7, HIDDEN, "σ", "f  forget gate", [(2.7, 3.91)]),
        (4.0, HIDDEN, "σ", "i  input gate", [(4.0, 3.1), (4.61, 3.1)]),
        (5.6, MEMORY, "tanh", "g  cell gate", [(5.6, 3.1), (4.99, 3.1)]),
        (7.0, HIDDEN, "σ", "o  output gate", [(7.0, 2.6), (7.61, 2.6)]),
    ]
    line(axes, (0.55, 1.15), (7.0, 1.15), color=HIDDEN)
    arrow(axes, (1.75, 0.45), (1.75, 1.14), color=TOKEN)
    note(axes, 1.75, 0.27, "x, the input", TOKEN, size=10)
    for x, color, function, name, way in gates:
        arrow(axes, (x, 1.15), (x, 1.55), color=HIDDEN)
        box(axes, x, 1.8, 0.8, 0.48, color, function, size=11)
        note(axes, x, 0.92, name, INK)
        arrow(axes, (x, 2.04), *way)


def draw_unrolled() -> Figure:
    """Two layers over six steps, in two windows."""
    figure, axes = sheet(10, 5.0)
    text = ["<eos>", "T", "h", "e", "space", "t", "i"]
    rows = {"embedding": 1.35, "lstm_0": 2.15, "lstm_1": 3.05, "logits": 3.85}
    places = [1.75, 3.05, 4.35, 6.05, 7.35, 8.65]
    for x, read, predicted in zip(places, text[:-1], text[1:], strict=True):
        note(axes, x, 0.7, read, TOKEN, size=11)
        note(axes, x, 4.5, predicted, TOKEN, size=11)
        arrow(axes, (x, 0.83), (x, 1.13))
        for name, y in rows.items():
            box(axes, x, y, 0.86, 0.4, LOGIT if name == "logits" else HIDDEN, name)
        for y, above in zip(rows.values(), [*list(rows.values())[1:], 4.58], strict=True):
            arrow(axes, (x, y), (x, above - 0.22))
    for y in (rows["lstm_0"], rows["lstm_1"]):
        note(axes, 0.55, y, "0", MEMORY, size=11)
        for left, right in zip([0.27, *places], [*places, 10.2], strict=True):
            arrow(axes, (left + 0.43, y), (right - 0.45, y), color=MEMORY)
    note(axes, 0.55, 0.7, "read")
    note(axes, 0.55, 4.5, "to predict")
    draw_windows(axes)
    return figure


def draw_windows(axes: Axes) -> None:
    """Mark two windows on the unrolled network, and what does and does not cross their border."""
    line(axes, (5.2, 0.15), (5.2, 4.75), color=FAINT, dashes=(0, (1, 2)))
    note(axes, 5.2, 2.6, "the state\ngoes on", MEMORY, backgroundcolor="white")
    remarks = {3.05: "the gradient runs back through a window", 7.35: "and stops where it begins"}
    for middle, remark in remarks.items():
        note(axes, middle, 4.82, "one window")
        ends = (middle + 1.65, 0.35), (middle - 1.65, 0.35)
        arrow(axes, *ends, color=GRADIENT, dashes=(0, (4, 2)))
        note(axes, middle, 0.16, remark, GRADIENT)


DRAWINGS: dict[str, Callable[[], Figure]] = {
    "flow.svg": draw_flow,
    "cell.svg": draw_cell,
    "unrolled.svg": draw_unrolled,
    "sampling.svg": draw_sampling,
    "memory.svg": draw_memory,
}


def save(name: str, folder: Path) -> None:
    """Draw one figure into a folder."""
    with matplotlib.rc_context(STYLE):
        DRAWINGS[name]().savefig(folder / name, metadata={"Date": None, "Creator": None})


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(list(DRAWINGS)), help="Draw one figure alone.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "figures")
def main(only: str | None, out: Path) -> None:
    """Draw the figures."""
    out.mkdir(parents=True, exist_ok=True)
    for name in [only] if only else DRAWINGS:
        save(name, out)
        click.echo(out / name)


if __name__ == "__main__":
    main()
