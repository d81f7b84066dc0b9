"""The model card: what a model was made of and how good it is, for people."""

import textwrap
from typing import Any

from textgen.config.duration import format_duration
from textgen.config.model import ModelConfig

LONGEST_LIST = 300  # characters of labels


def tell_precision(record: dict[str, Any]) -> str:
    """Say what a model is run in, and what that costs it.

    Args:
        record: the manifest's `precision`.
    """
    cost = round(100 * (record["int8"] / record["fp32"] - 1), 2) + 0.0  # which makes -0 a 0
    return (
        f"{record['default']}; int8 takes {cost:+g}% bits per byte "
        f"on {record['tokens']:,} tokens of the held-out text"
    )


def make_card(name: str, config: ModelConfig, tokenizer: str, provenance: dict[str, Any]) -> str:
    """Return the `README.md` of a model folder.

    Args:
        name: of the folder.
        config: sizes of the layers.
        tokenizer: its kind.
        provenance: the manifest's `corpus`, `training` and `precision`, as far as they are known.
    """
    corpus = provenance.get("corpus", {})
    lines = [
        f"# {name}",
        "",
        "A text generator: token embedding, stacked LSTM, made with textgen.",
        "",
        f"- Corpus: {corpus.get('name', 'unknown')}",
        f"- Licence of the corpus: {corpus.get('licence', 'unknown')}",
        f"- Tokens: {tokenizer}, {config.vocab_size:,} types",
        f"- Network: {config.summary()}, {config.parameter_count():,} parameters",
    ]
    if config.labels:
        lines.append(f"- Labels: {textwrap.shorten(', '.join(config.labels), LONGEST_LIST)}")
    if training := provenance.get("training"):
        quality, ended = training["validation"], training.get("ended", "complete")
        lines += [
            f"- Training: {training['steps_done']:,} steps, {training['epochs']:g} epochs, "
            f"{format_duration(training['seconds'])}" + f" ({ended})" * (ended != "complete"),
            f"- Quality on the held-out text: {quality['bits_per_byte']:.3f} bits per byte, "
            f"perplexity {quality['perplexity']:.2f} per token",
        ]
    if precision := provenance.get("precision"):
        lines.append(f"- Precision: {tell_precision(precision)}")
    return "\n".join([*lines, "", f"    textgen generate -m {name}", ""])
