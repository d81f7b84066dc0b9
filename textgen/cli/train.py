"""`textgen train`: from a corpus to a model folder."""

from pathlib import Path
from typing import Any

import click

from textgen.cli.options import config_options, overwrite_option, quiet_option
from textgen.cli.prepare import describe_store
from textgen.cli.progress import corpus_progress
from textgen.config.corpus import CorpusConfig
from textgen.config.duration import format_duration
from textgen.config.model import NetworkConfig
from textgen.config.settings import share_out
from textgen.config.training import TrainingConfig


@click.command(short_help="Train a model on a corpus.")
@click.argument("corpus")
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="Model folder to make."
)
@config_options(CorpusConfig, NetworkConfig, TrainingConfig)
@overwrite_option
@quiet_option
def train(corpus: str, out: Path, settings: dict[str, Any], overwrite: bool, quiet: bool) -> None:
    """Train a model on CORPUS and write it to a folder.

    CORPUS is a text file, a table (.csv .tsv .jsonl .parquet), a folder or glob of them, each also
    packed (.gz .zst), '-' for standard input, hf:org/name[:config][@revision], a recipe, or a token
    store made by 'prepare'. Ctrl-C ends the training early and keeps the best so far.
    """
    from textgen.files import check_output
    from textgen.generator import TextGenerator
    from textgen.tokenization.corpus import open_corpus
    from textgen.trainer.backend import load_tensorflow, require_tensorflow

    require_tensorflow()
    check_output(out, overwrite=overwrite)
    chosen = share_out(settings, CorpusConfig, NetworkConfig, TrainingConfig)
    NetworkConfig(**chosen[1])  # refuse an impossible value before the corpus is read
    TrainingConfig(**chosen[2])
    with corpus_progress(quiet) as progress:
        store = open_corpus(corpus, chosen[0], progress)
    if not quiet:
        click.echo(f"{describe_store(store)}\nloading TensorFlow ...", err=True)
    load_tensorflow(quiet=True)

    from textgen.trainer.display import TrainingDisplay

    with TrainingDisplay(store.tokenizer, quiet=quiet) as display:
        generator = TextGenerator.train(
            store, out=out, overwrite=overwrite, callbacks=[display], **chosen[1], **chosen[2]
        )
    if not quiet:
        click.echo(_summary(out, generator.model.provenance["training"]), err=True)


def _summary(out: Path, training: dict[str, Any]) -> str:
    """Say what was made and what to do with it."""
    quality = training["validation"]
    return (
        f"{out}: {training['steps']:,} steps in {format_duration(training['seconds'])}, "
        f"validation {quality['nats_per_token']:.4f} nats per token, "
        f"{quality['bits_per_byte']:.3f} bits per byte\n"
        f"textgen generate -m {out}"
    )
