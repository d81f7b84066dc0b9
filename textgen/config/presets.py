"""Named settings: of the English base models, and of the field's benchmarks."""

from collections.abc import Mapping
from typing import Any

from textgen.config.merge import override
from textgen.errors import UsageError

# Of the base models: the learning rate stays, until a second training lets it fall to zero.
ENGLISH = {
    "tokenizer": "bpe",
    "tie_embeddings": True,
    "dropout": 0.0,
    "batch_size": 32,
    "window": 64,
    "schedule": "constant",
}

PRESETS: dict[str, dict[str, Any]] = {
    "english": {
        **ENGLISH,
        "vocab_size": 4096,
        "embedding_size": 256,
        "units": (640, 640),
        "learning_rate": 3e-3,
        "steps": 30_000,
    },
    "english-large": {
        **ENGLISH,
        "vocab_size": 8192,
        "embedding_size": 384,
        "units": (1024, 1024),
        "learning_rate": 2e-3,
        "steps": 60_000,
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
