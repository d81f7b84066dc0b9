"""`textgen train`: from a corpus to a model folder."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.command import command, option
from textgen.cli.options import config_options, overwrite_option, quiet_option
from textgen.cli.param_types import CorpusName, PathName, StartName
from textgen.cli.prepare import describe_store
from textgen.cli.progress import CorpusProgress
from textgen.config.corpus import CorpusConfig
from textgen.config.duration import format_duration
from textgen.config.model import NetworkConfig
from textgen.config.presets import PRESETS
from textgen.config.start import AUTO, STARTS
from textgen.config.training import TrainingConfig

if TYPE_CHECKING:
    from textgen.artifact.provenance import TrainingRecord


@command(short_help="Train a model on a corpus.")
@click.argument("corpus", type=CorpusName())
@option("-o", "--out", required=True, type=PathName(), help="Model folder to write.")
@config_options(CorpusConfig, NetworkConfig, TrainingConfig)
@option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    help="Named settings of a benchmark, or of an English base model; options you pass override "
    "them.",
)
@option(
    "--resume",
    is_flag=True,
    help="Resume from the last checkpoint in the output, with its settings; without a checkpoint, "
    "start a new run.",
)
@option(
    "--from",
    "--init-from",
    "start",
    type=StartName(),
    metavar=f"[{'|'.join(STARTS)}|MODEL]",
    default=AUTO,
    show_default=True,
    help="What to start from: english, the base model that comes with textgen, or a MODEL folder, "
    "to fine-tune its weights with its tokens; none, for random weights; auto takes the base model "
    "if the other options allow it and it suits the text.",
)
@option(
    "--allow-changed-data",
    group="Other",
    is_flag=True,
    help="Resume even if the corpus has changed.",
)
@overwrite_option
@quiet_option
def train(corpus: str, out: Path, settings: dict[str, Any], quiet: bool, **choices: Any) -> None:
    """Train a model on CORPUS and write it to a folder.

    CORPUS is a text file, a table (.csv .tsv .jsonl .parquet), a folder or glob of them, each also
    packed (.gz .zst), '-' for standard input, hf:org/name[:config][@revision], a recipe, or a token
    store made by 'prepare'. Ctrl-C ends the training early; it keeps the best model so far, and a
    checkpoint for --resume.
    """
    from textgen.trainer.job import TrainingJob

    def tell(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    with TrainingJob(out, settings, **choices) as run:
        if run.is_finished:
            with CorpusProgress(quiet) as progress:
                run.require_corpus(corpus, progress)
            tell(
                f"{out}: complete; nothing is left to do; to train on: textgen train CORPUS -o NEW "
                f"--from {shlex.quote(str(out))}"
            )
            return
        with CorpusProgress(quiet) as progress:
            store = run.open(corpus, progress)
        tell("\n".join([describe_store(store), run.describe(), "loading TensorFlow ..."]))
        run.load_tensorflow(quiet=True)

        from textgen.trainer.display import TrainingDisplay

        with TrainingDisplay(quiet=quiet) as display:
            model = run.finish(run.make_trainer([display]).run())
    if model.provenance.training:
        tell(_summary(out, model.provenance.training))


def _summary(out: Path, training: "TrainingRecord") -> str:
    """Return what was made and the command to use it."""
    quality = training.validation
    before = training.first_bits_per_byte
    began = f", {before:.3f} before training" if before else ""
    return (
        f"{out}: {training.steps_done:,} steps in {format_duration(training.seconds)}, "
        f"validation {quality['nats_per_token']:.4f} nats per token, "
        f"{quality['bits_per_byte']:.3f} bits per byte{began}\n"
        f"textgen generate -m {out}"
    )
