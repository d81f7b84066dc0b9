"""The report of a run: one page and one picture that show how it went."""

from html import escape
from pathlib import Path
from string import Template
from typing import Any

from textgen.files import write_file
from textgen.model_folder import Model
from textgen.trainer.figure import draw
from textgen.trainer.story import spread, tell_model, tell_training

PAGE = "report.html"
PICTURE = "report.png"
SAMPLES = 8  # shown, at most
LAYOUT = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Training of $name</title>
<style>
:root { --ink: #222; --faint: #666; --line: #ddd; --page: #fafafa; --card: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ddd; --faint: #999; --line: #3a3a3a; --page: #181818; --card: #222; }
}
body { margin: 0 auto; max-width: 46rem; padding: 1rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1, h2 { line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid var(--line); padding: .3rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--faint); font-weight: normal; padding-right: 1rem; white-space: nowrap; }
figure { margin: 2rem 0; padding: .75rem; overflow-x: auto; border-radius: .5rem;
  border: 1px solid var(--line); background: #fff; }
svg { display: block; width: 100%; min-width: 30rem; height: auto; }
pre { margin: 0; padding: .75rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--card); white-space: pre-wrap; overflow-wrap: anywhere; }
h3 { margin: 1rem 0 .25rem; color: var(--faint); font-size: 1rem; font-weight: normal; }
</style>
</head>
<body>
<h1>Training of $name</h1>
<table>
$facts
</table>
<figure aria-label="Loss, learning rate, gradient norm and throughput over the steps">
$figure
</figure>
<h2>What it wrote meanwhile</h2>
$samples
</body>
</html>
""")


def write_report(folder: Path, model: Model, events: list[dict[str, Any]]) -> None:
    """Write the report of a run into its folder.

    Args:
        folder: of the model.
        model: with the record of its training.
        events: what happened; see `History`.

    Raises:
        OSError: the disk refused.
    """
    record = model.provenance["training"]
    vector, picture = draw(events, record["best_step"])
    page = LAYOUT.substitute(
        name=escape(folder.absolute().name),
        facts=_table(tell_model(model) | tell_training(record)),
        figure=vector[vector.index("<svg") :],  # no prologue within a page
        samples=_samples([event for event in events if "sample" in event]),
    )
    write_file(folder / PICTURE, picture)
    write_file(folder / PAGE, page.encode())


def _table(rows: dict[str, str]) -> str:
    """Return rows of a table."""
    return "\n".join(
        f'<tr><th scope="row">{escape(name.capitalize())}</th><td>{escape(value)}</td></tr>'
        for name, value in rows.items()
    )


def _samples(events: list[dict[str, Any]]) -> str:
    """Return some of the texts that the model wrote, each with its step."""
    shown = [
        f"<h3>After step {event['step']:,}</h3>\n<pre>{escape(event['sample'])}</pre>"
        for event in spread(events, SAMPLES)
    ]
    return "\n".join(shown) or "<p>Nothing: it ended before it was asked to.</p>"
