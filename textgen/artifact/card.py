"""The model card: corpus, network, training and quality of a model, for people."""

import textwrap

from textgen.artifact.provenance import CopyingRecord, PrecisionRecord, Provenance
from textgen.config.duration import format_duration
from textgen.config.model import ModelConfig

LONGEST_LIST = 300  # characters of labels


def describe_precision(record: PrecisionRecord) -> str:
    """Describe the precision that a model runs in, and the cost of int8."""
    cost = round(100 * (record.int8 / record.fp32 - 1), 2) + 0.0  # + 0.0 makes -0 a 0
    return (
        f"{record.default}; int8 takes {cost:+g}% bits per byte "
        f"on {record.tokens:,} tokens of the held-out text"
    )


def describe_copying(record: CopyingRecord) -> str:
    """Describe the longest copied span."""
    return (
        f"the longest span of {record.characters:,} generated characters that the training text "
        f"holds has {record.longest:,}"
    )


def make_card(name: str, config: ModelConfig, tokenizer: str, provenance: Provenance) -> str:
    """Return the `README.md` of a model folder.

    Args:
        name: of the folder.
        config: of the model.
        tokenizer: kind of its tokenizer.
        provenance: the records of its corpus, training and quality, if they are known.
    """
    corpus, training, precision = provenance.corpus, provenance.training, provenance.precision
    lines = [
        f"# {name}",
        "",
        "A text generator: token embedding, stacked LSTM, made with textgen.",
        "",
        f"- Corpus: {corpus.name if corpus else 'unknown'}",
        f"- Licence of the corpus: {corpus.licence if corpus else 'unknown'}",
        f"- Tokens: {tokenizer}, {config.vocab_size:,} types",
        f"- Network: {config.summary()}, {config.parameter_count():,} parameters",
    ]
    if config.labels:
        lines.append(f"- Labels: {textwrap.shorten(', '.join(config.labels), LONGEST_LIST)}")
    if training:
        quality, ended = training.validation, training.ended or "complete"
        lines += [
            f"- Training: {training.steps_done:,} steps, {training.epochs:g} epochs, "
            f"{format_duration(training.seconds)}" + f" ({ended})" * (ended != "complete"),
            f"- Quality on the held-out text: {quality['bits_per_byte']:.3f} bits per byte, "
            f"perplexity {quality['perplexity']:.2f} per token",
        ]
        if training.init_from and (before := training.first_bits_per_byte):
            lines.append(
                f"- Start: the weights of {training.init_from['model']}, {before:.3f} bits per "
                f"byte on the same text"
            )
    if copying := provenance.copying:
        lines.append(f"- Copying: {describe_copying(copying)}")
    if precision:
        lines.append(f"- Precision: {describe_precision(precision)}")
    return "\n".join([*lines, "", f"    textgen generate -m {name}", ""])
