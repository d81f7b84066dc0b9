"""The report of a run: a page and a picture."""

from html import escape
from pathlib import Path
from typing import Any

from textgen.artifact.model_folder import PAGE, PICTURE, Model
from textgen.files import write_file
from textgen.report.page import facts_table, figure, make_page
from textgen.report.run_figure import draw
from textgen.report.run_summary import model_rows, repeat_rows, spread, training_rows

SAMPLES = 8  # shown, at most
CURVES = "Loss, learning rate, gradient norm and throughput over the steps"


def write_report(folder: Path, model: Model, events: list[dict[str, Any]]) -> None:
    """Write the report of a run into its folder.

    Args:
        folder: of the model.
        model: made by the run, with the record of it.
        events: of the run; see `History`.

    Raises:
        OSError: the disk refused.
    """
    record = model.provenance.training
    if record is None:
        raise ValueError("the model has no record of its training")
    vector, picture = draw(events, record.best_step)
    parts = [
        facts_table(model_rows(model) | training_rows(record) | repeat_rows(model)),
        figure(vector, CURVES),
        "<h2>What it wrote meanwhile</h2>",
        _samples([event for event in events if "sample" in event]),
    ]
    write_file(folder / PICTURE, picture)
    write_file(folder / PAGE, make_page(f"Training of {folder.absolute().name}", parts))


def _samples(events: list[dict[str, Any]]) -> str:
    """Return some of the samples of a run, each with its step."""
    shown = [
        f"<h3>After step {event['step']:,}{_copied(event)}</h3>\n"
        f"<pre>{escape(event['sample'])}</pre>"
        for event in spread(events, SAMPLES)
    ]
    return "\n".join(shown) or "<p>Nothing: it ended before it was asked to.</p>"


def _copied(event: dict[str, Any]) -> str:
    """Return the length of the longest copied span of a sample in words, if it is known."""
    copied = event.get("copied")
    return "" if copied is None else f"; longest span of the training text: {copied} characters"
