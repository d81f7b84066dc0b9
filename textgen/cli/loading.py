"""Loader of the model that a command uses."""

from pathlib import Path

from textgen.artifact.conditioning import read_mix
from textgen.generator import TextGenerator


def load_generator(
    folder: Path, *, precision: str | None, labels: tuple[str, ...] = ()
) -> TextGenerator:
    """Load a model.

    Args:
        folder: the model folder.
        precision: the chosen precision; None for the model's best.
        labels: the chosen labels; see `conditioning.read_mix`.

    Raises:
        UsageError: a label that the model was not trained with.
        MissingInput, DataError, UnsafeModel: as `TextGenerator.from_pretrained`.
    """
    generator = TextGenerator.from_pretrained(folder, precision=precision)
    if not labels:
        return generator
    settings = generator.model.provenance.get("corpus", {}).get("settings", {})
    mix = read_mix(labels, generator.model.config.labels, settings.get("label_column"))
    return generator.labelled(mix)
