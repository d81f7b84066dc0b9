"""`textgen replay`: generate the texts of a receipt again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from textgen.cli.command import command
from textgen.cli.options import model_option, quiet_option
from textgen.cli.param_types import PathName
from textgen.errors import DataError, MissingInput

if TYPE_CHECKING:
    from textgen.receipt.receipt import Receipt


@command(short_help="Generate the text of a receipt again.")
@click.argument("file", type=PathName(is_file=True))
@model_option(None, "that of the receipt")
@quiet_option
def replay(file: Path, model: Path | None, quiet: bool) -> None:
    """Generate the text of the receipt FILE again, and report differences.

    'textgen generate --receipt FILE' writes a receipt. The model is the folder that the receipt
    names, unless -m names another.
    """
    from textgen.cli.output import as_texts, collect, put_out
    from textgen.generator import TextGenerator
    from textgen.receipt.receipt import Receipt

    recorded = Receipt.read(file)
    folder = model or Path(recorded.model)
    if not folder.exists():
        raise MissingInput(f"{folder}: the model of {file} is not there; pass -m MODEL")
    generator = TextGenerator.from_pretrained(folder, precision=recorded.circumstances.precision)
    recorded.check_model(folder)
    total = sum(result.tokens for result in recorded.results)
    rows = [recorded.rows()]
    results = list(collect(generator, rows, recorded.settings, total=total, quiet=quiet))
    put_out(as_texts(results, ""), None)
    now = Receipt.of(folder, generator, recorded.settings, recorded.prompt, results)
    _compare(file, recorded, now)


def _compare(file: Path, recorded: "Receipt", now: "Receipt") -> None:
    """Compare the texts of two receipts.

    Raises:
        DataError: texts differ; the message names differences of the environment.
    """
    if seeds := recorded.different_texts(now):
        which = ", ".join(map(str, seeds))
        others = ", ".join(recorded.differences(now)) or "nothing that is recorded"
        raise DataError(f"{file}: the text differs (seed {which}); of what it depends on: {others}")
