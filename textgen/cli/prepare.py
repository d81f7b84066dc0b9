"""`textgen prepare`: from a corpus to a token store."""

from pathlib import Path
from typing import Any

import click

from textgen.cli.command import command, option
from textgen.cli.options import config_options, overwrite_option, quiet_option
from textgen.cli.param_types import CorpusName, PathName
from textgen.cli.progress import CorpusProgress
from textgen.config.corpus import CorpusConfig, files_of


@command(short_help="Turn a corpus into a token store.")
@click.argument("corpus", type=CorpusName())
@option("-o", "--out", required=True, type=PathName(), help="Token store to make.")
@config_options(CorpusConfig)
@overwrite_option
@quiet_option
def prepare(corpus: str, out: Path, settings: dict[str, Any], overwrite: bool, quiet: bool) -> None:
    """Turn CORPUS into a token store, which 'train' takes in place of a corpus.

    CORPUS is a text file, a table (.csv .tsv .jsonl .parquet), a folder or glob of them, each also
    packed (.gz .zst), '-' for standard input, hf:org/name[:config][@revision], or a recipe.
    """
    from textgen.corpus.resolve import open_source
    from textgen.files import check_output
    from textgen.paths import refuse_inputs
    from textgen.tokenization.store_cache import prepare_once
    from textgen.tokenization.token_store import TokenStore

    refuse_inputs(out, files_of(settings), corpus)
    check_output(out, overwrite=overwrite or TokenStore.is_store(out))
    with CorpusProgress(quiet) as progress, open_source(corpus, settings, progress) as source:
        store = prepare_once(source, out, overwrite=overwrite, progress=progress)
    if not quiet:
        click.echo(describe_store(store), err=True)


def describe_store(store: Any) -> str:
    """Describe a token store in a few lines."""
    from textgen.tokenization.held_out import why_nothing_is_held_out

    manifest = store.manifest
    lines = [f"{manifest.corpus}: {store.tokenizer.kind}, {store.tokenizer.vocab_size:,} types"]
    for split, counts in manifest.counts.items():
        if counts.documents:
            lines.append(
                f"  {split:<10} {counts.documents:>9,} documents {counts.characters:>13,} "
                f"characters {counts.tokens:>13,} tokens"
            )
    missing = [why] if (why := why_nothing_is_held_out(manifest)) else []
    read_as = [f"{name} was read as {encoding}" for name, encoding in manifest.encodings.items()]
    changes = [f"{what}: {count:,}" for what, count in manifest.changes.items()]
    removed = [f"left out: {why}: {count:,}" for why, count in manifest.removed.items()]
    notes = (*read_as, *changes, *removed, *manifest.notes, *missing)
    return "\n".join([*lines, f"  ({manifest.cut})", *(f"  note: {note}" for note in notes)])
