"""`textgen info`: what a model folder holds."""

import json
from pathlib import Path
from typing import Any

import click

from textgen.cli.options import model_option, require_model
from textgen.config.duration import format_duration
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig


@click.command(short_help="Show what a model folder holds.")
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(model: Path | None, as_json: bool) -> None:
    """Show what a model is, what it was trained on, and how good it is."""
    from textgen.model_folder import read_model

    folder = require_model(model)
    loaded = read_model(folder)
    told = {
        "model": str(folder),
        "config": loaded.config.to_dict(),
        "parameters": loaded.config.parameter_count(),
        "tokenizer": {"kind": loaded.tokenizer.kind, "normalize": loaded.tokenizer.normal_form},
        "generation": loaded.generation.to_dict(),
        **loaded.provenance,
    }
    click.echo(json.dumps(told) if as_json else "\n".join(_lines(told, loaded.config)))


def _lines(told: dict[str, Any], config: ModelConfig) -> list[str]:
    """Put a model's description into lines of a name and a value."""
    usual, always = GenerationConfig().to_dict(), ("max_new_tokens", "temperature")
    generation = told["generation"]
    sampling = {k: v for k, v in generation.items() if k in always or v != usual[k]}
    rows = {
        "model": told["model"],
        "network": config.summary(),
        "parameters": f"{told['parameters']:,}",
        "tokens": f"{told['tokenizer']['kind']}, {config.vocab_size:,} types, "
        f"text {told['tokenizer']['normalize']}",
        "sampling": ", ".join(f"{name} {value}" for name, value in sampling.items()),
    }
    if corpus := told.get("corpus"):
        rows["corpus"] = f"{corpus['name']} (licence: {corpus['licence']})"
        rows["validation"] = corpus["cut"]
    if training := told.get("training"):
        quality = training["validation"]
        rows["training"] = (
            f"{training['steps_done']:,} of {training['steps']:,} steps, "
            f"{training['epochs']:g} epochs, {format_duration(training['seconds'])}, "
            f"{training['tokens_per_second']:,.0f} tokens/s"
        )
        rows["repeat"] = f"--steps {training['steps']} --seed {training['settings']['seed']}"
        rows["quality"] = (
            f"{quality['nats_per_token']:.4f} nats per token, perplexity "
            f"{quality['perplexity']:.2f}, {quality['bits_per_byte']:.4f} bits per byte"
            + "".join(f", {name} {value}" for name, value in training.get("metrics", {}).items())
        )
    return [f"{name:<11} {value}" for name, value in rows.items()]
