"""The model card: what a model was made of and how good it is, for people."""

from typing import Any

from textgen.config.duration import format_duration
from textgen.config.model import ModelConfig


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
    if training := provenance.get("training"):
        quality, ended = training["validation"], training.get("ended", "complete")
        lines += [
            f"- Training: {training['steps_done']:,} steps, {training['epochs']:g} epochs, "
            f"{format_duration(training['seconds'])}" + f" ({ended})" * (ended != "complete"),
            f"- Quality on the held-out text: {quality['bits_per_byte']:.3f} bits per byte, "
            f"perplexity {quality['perplexity']:.2f} per token",
        ]
    if precision := provenance.get("precision"):
        cost = precision["int8"] / precision["fp32"] - 1
        lines += [
            f"- Precision: {precision['default']}; int8 costs {100 * cost:+.2f}% bits per byte, "
            f"measured on {precision['tokens']:,} tokens of the held-out text"
        ]
    return "\n".join([*lines, "", f"    textgen generate -m {name}", ""])
