"""The model that a command works with."""

from pathlib import Path

from textgen.artifact.conditioning import read_mix
from textgen.generator import TextGenerator


def load_generator(
    folder: Path, *, precision: str | None, labels: tuple[str, ...] = ()
) -> TextGenerator:
    """Load a model, for the kind of text that is wanted.

    Args:
        folder: of the model.
        precision: that was chosen, if one was.
        labels: that were chosen; see `labels.read_mix`.

    Raises:
        UsageError: a label that nobody trained.
        MissingInput, DataError, UnsafeModel: as `TextGenerator.from_pretrained`.
    """
    generator = TextGenerator.from_pretrained(folder, precision=precision)
    if not labels:
        return generator
    column = generator.model.provenance.corpus_settings.get("label_column")
    mix = read_mix(labels, generator.model.config.labels, column)
    return generator.labelled(mix)
