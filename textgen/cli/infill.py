"""A text between two others, by `textgen generate --between`."""

from pathlib import Path
from typing import Any

import click

from textgen.cli.combinations import refuse_idle
from textgen.cli.output import as_json_lines, as_texts, put_out, tell_copy
from textgen.config.cowriting import JOINING_TOKENS
from textgen.generator import TextGenerator
from textgen.runtime.generation.infill import with_space


def write_between(
    generator: TextGenerator,
    texts: tuple[str, str],
    settings: dict[str, Any],
    *,
    echo: bool,
    as_json: bool,
    out: Path | None,
    quiet: bool,
) -> None:
    """Write what joins two texts, alone or with them.

    Args:
        generator: the model.
        texts: the one before and the one behind, which gets a space if it begins with a word.
        settings: that were chosen.
        echo: whether both are written, too.
        as_json: whether a JSON object is written.
        out: file to write to, instead of stdout.
        quiet: tell nothing on stderr.
    """
    before, behind = map(generator.tokenizer.clean_prompt, texts)
    session = generator.session(**{"max_new_tokens": JOINING_TOKENS, **settings})
    refuse_idle(session.config)
    session.feed(before)
    filling = session.infill(with_space(behind))
    if not quiet:
        click.echo(f"seed {session.config.seed}", err=True)
    results = [tell_copy(filling, quiet=quiet)]
    if as_json:
        put_out(as_json_lines(results), out)
    else:
        end = with_space(behind) if echo else ""
        put_out(as_texts(results, before if echo else "", f"{end}\n"), out)
