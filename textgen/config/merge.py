"""Sharing settings given by name out among the configurations that know them."""

from collections.abc import Mapping
from typing import Any

from textgen.config.base import Config, reject_unknown


def split_by_config(
    settings: Mapping[str, Any], *configs: type[Config]
) -> tuple[dict[str, Any], ...]:
    """Return for each configuration the settings that are its own, as it holds them.

    Raises:
        UsageError: a setting that none of them knows, or an impossible value.
    """
    reject_unknown(settings, [name for config in configs for name in config.names()])
    return tuple(config.held(settings) for config in configs)


def as_held(settings: Mapping[str, Any], *configs: type[Config]) -> dict[str, Any]:
    """Return settings as the configurations that know them hold them.

    Raises:
        UsageError: as `split_by_config`.
    """
    parts = split_by_config(settings, *configs)
    return {name: value for part in parts for name, value in part.items()}


# What an old choice brought with it goes when another is made.
GO_TOGETHER = (
    ({"tokenizer"}, {"strict", "vocab_size"}),
    ({"column", "template"}, {"column", "template"}),
    ({"budget", "steps", "epochs"}, {"budget", "steps", "epochs"}),
    (
        {"size"},
        {"units", "embedding_size", "tie_embeddings", "dropout"}
        | {"batch_size", "learning_rate", "max_epochs"},
    ),
    ({"optimizer"}, {"learning_rate"}),
    ({"label_smoothing"}, {"softmax_samples"}),
)


def override(settings: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings overridden by chosen ones; what belonged to an old choice goes with it.

    What is chosen as it was is no other choice.
    """
    others = {name for name, value in chosen.items() if settings.get(name) != value}
    gone = {name for choices, names in GO_TOGETHER if choices & others for name in names}
    return {**{name: value for name, value in settings.items() if name not in gone}, **chosen}
