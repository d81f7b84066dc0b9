"""Settings by name: split by configuration, and overridden by others."""

from collections.abc import Mapping
from typing import Any

from textgen.config.base import Config, reject_unknown


def split_by_config(
    settings: Mapping[str, Any], *configs: type[Config]
) -> tuple[dict[str, Any], ...]:
    """Return the settings of each configuration, with their types.

    Raises:
        UsageError: a setting of no configuration, or an illegal value.
    """
    reject_unknown(settings, [name for config in configs for name in config.names()])
    return tuple(config.held(settings) for config in configs)


def as_held(settings: Mapping[str, Any], *configs: type[Config]) -> dict[str, Any]:
    """Return settings with the types that their configurations give them.

    Raises:
        UsageError: as `split_by_config`.
    """
    parts = split_by_config(settings, *configs)
    return {name: value for part in parts for name, value in part.items()}


# When a setting of the first set changes, those of the second set lose their old values.
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
    """Return settings with some replaced; settings that depend on an old value are dropped.

    Args:
        settings: the old settings.
        chosen: the new values. A value equal to the old one changes nothing.
    """
    changed = {name for name, value in chosen.items() if settings.get(name) != value}
    dropped = {name for choices, names in GO_TOGETHER if choices & changed for name in names}
    return {**{name: value for name, value in settings.items() if name not in dropped}, **chosen}
