"""Pictures of what a small model does, which is trained here on corpora/tidewater.txt."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from figures.diagram import FAINT, INK, LOGIT
from textgen.config.tokens import EOS_ID
from textgen.generator import TextGenerator
from textgen.sampling import apply_temperature, apply_top_k, softmax
from textgen.trainer.backend import load_tensorflow

TIDEWATER = Path(__file__).parents[2] / "corpora" / "tidewater.txt"
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

# What a unit may have come to follow, as numbers made from the text read so far.
PROPERTIES: dict[str, Callable[[str], float]] = {
    "letters since\nthe word began": lambda read: len(read) - len(read.rstrip(LETTERS)),
    "a space\nwas read": lambda read: read.endswith(" "),
    "a vowel\nwas read": lambda read: read[-1] in "aeiou",
    "a capital\nwas read": lambda read: read[-1].isupper(),
}


@functools.cache
def trained() -> TextGenerator:
    """Train a small model on the text that comes with textgen."""
    load_tensorflow(quiet=True)
    with tempfile.TemporaryDirectory() as folder:
        made = TextGenerator.train(
            TIDEWATER, out=Path(folder) / "model", steps=400, units=128, embedding_size=32, seed=1
        )
    return TextGenerator(made.model, precision="fp32")


def draw_sampling() -> Figure:
    """The next character's probabilities, before and after filters."""
    prompt, shown = "She looked at the s", 9
    tokenizer, decoder = trained().tokenizer, trained().decoder
    tokens = np.concatenate([[EOS_ID], tokenizer.encode(prompt)])
    logits = decoder.score(tokens, decoder.initial_state())[0][-1]
    panels = {
        "temperature 0.5": apply_temperature(logits, 0.5),
        "temperature 1": logits,
        "temperature 2": apply_temperature(logits, 2.0),
        "top-k 3, temperature 1": apply_top_k(logits, 3),
    }
    likeliest = np.argsort(-logits)[:shown]
    places = [*range(shown), shown + 0.5]
    figure = Figure(figsize=(10, 2.8), facecolor="white", layout="constrained")
    for axes, (title, filtered) in zip(
        figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True
    ):
        bars = softmax(filtered)[likeliest]
        axes.bar(places, [*bars, 1 - bars.sum()], 0.72, color=[LOGIT] * shown + [FAINT])
        axes.set_xticks(places, [*map(tokenizer.decode, likeliest[:, None]), "rest"])
        axes.set_title(title, size=10, color=INK)
        axes.tick_params(length=0, labelsize=9, labelcolor=INK)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="y", color="#d0d7de", linewidth=0.6)
        axes.set_axisbelow(True)
    figure.suptitle(f"probability of the character after “{prompt}”", size=11, color=INK)
    return figure


def cell_states(text: str) -> NDArray[np.float32]:
    """Return tanh of every unit's cell state after each character, of shape (time, units)."""
    decoder, tokenizer = trained().decoder, trained().tokenizer
    _, state = decoder.step([EOS_ID], decoder.initial_state())
    rows = []
    for token in tokenizer.encode(text):
        _, state = decoder.step([token], state)
        rows.append(np.tanh(state[1][0]))  # hidden and cell state of the only layer
    return np.array(rows)


def draw_memory() -> Figure:
    """The cell states that follow some properties of a text best, over a sentence of it."""
    text = TIDEWATER.read_text(encoding="utf-8")
    held_out = text[int(0.9 * len(text)) :]
    sentence = '"Two shillings," said Tobias Crane, "to a stranger. Are you a stranger?"'
    start = held_out.index(sentence)
    states = cell_states(held_out)
    rows, names = [], []
    for name, value in PROPERTIES.items():
        values = [value(held_out[:stop]) for stop in range(1, len(held_out) + 1)]
        correlations = [np.corrcoef(values, unit)[0, 1] for unit in states.T]
        best = int(np.argmax(np.abs(correlations)))
        rows.append(states[start : start + len(sentence), best])
        names.append(f"{name}\nunit {best}, r = {correlations[best]:+.2f}")
    figure = Figure(figsize=(10, 2.5), facecolor="white", layout="constrained")
    axes = figure.subplots()
    grid = axes.pcolormesh(rows, cmap="PuOr_r", vmin=-1, vmax=1, edgecolors="white", linewidth=0.5)
    axes.invert_yaxis()
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(len(sentence)) + 0.5, sentence, family="DejaVu Sans Mono")
    axes.set_yticks(np.arange(len(rows)) + 0.5, names, size=8)
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(grid, pad=0.01, fraction=0.03, ticks=[-1, 0, 1])
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8, labelcolor=INK)
    return figure
