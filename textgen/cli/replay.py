"""`textgen replay`: write the text of a receipt again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from textgen.cli.options import model_option, quiet_option
from textgen.errors import DataError, MissingInput

if TYPE_CHECKING:
    from textgen.receipt import Receipt


@click.command(short_help="Write the text of a receipt again.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@model_option
@quiet_option
def replay(file: Path, model: Path | None, quiet: bool) -> None:
    """Write the text of the receipt FILE again, or say what is different.

    'textgen generate --receipt FILE' wrote it. The model is the one at the path in the receipt,
    unless another path is given here.
    """
    from textgen.cli.written import as_text, collect
    from textgen.generator import TextGenerator
    from textgen.receipt import Receipt

    recorded = Receipt.read(file)
    folder = model or Path(recorded.model.folder)
    if not folder.exists():
        raise MissingInput(f"{folder}: the model of {file} is not there; pass -m MODEL")
    generator = TextGenerator.from_pretrained(folder, precision=recorded.precision)
    recorded.check_model(folder)
    total = sum(result.tokens for result in recorded.results)
    results = list(collect(generator, recorded.rows(), {}, quiet=quiet, total=total))
    texts = (as_text(number, result, "") for number, result in enumerate(results))
    click.echo("".join(texts))
    now = Receipt.of(folder, recorded.precision, recorded.settings, recorded.prompt, results)
    _compare(file, recorded, now)


def _compare(file: Path, recorded: "Receipt", now: "Receipt") -> None:
    """Tell whether the texts are the same.

    Raises:
        DataError: they are not; the message names all that differs.
    """
    if seeds := recorded.different_texts(now):
        which = ", ".join(map(str, seeds))
        others = recorded.differences(now) or ["nothing else that is recorded"]
        raise DataError(f"{file}: the text differs (seed {which}); so does {', '.join(others)}")
