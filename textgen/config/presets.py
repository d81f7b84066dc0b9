"""Named settings: of the model in the package, and of the field's benchmarks."""

from collections.abc import Mapping
from typing import Any

from textgen.config.merge import override
from textgen.errors import UsageError

PRESETS: dict[str, dict[str, Any]] = {
    "english": {
        "tokenizer": "bpe",
        "vocab_size": 2048,
        "embedding_size": 192,
        "tie_embeddings": True,
        "units": (480,),
        "dropout": 0.1,
        "batch_size": 32,
        "window": 64,
        "learning_rate": 5e-3,
        "steps": 13_000,
        "storage": "fp16",
    },
    "tiny-shakespeare": {"tokenizer": "char", "budget": "10m"},
    "wikitext-2": {
        "tokenizer": "word",
        "strict": True,
        "units": (650,),
        "dropout": 0.3,
        "batch_size": 32,
        "window": 35,
        "learning_rate": 3e-3,
        "budget": "30m",
    },
}


def with_preset(name: str | None, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a preset, overridden by the chosen ones.

    Args:
        name: name of the preset; None for no preset.
        chosen: the chosen settings.

    Raises:
        UsageError: no preset has that name.
    """
    if name not in (None, *PRESETS):
        raise UsageError(f"preset is {name!r}; it must be one of {', '.join(PRESETS)}")
    return override(PRESETS[name] if name else {}, chosen)
