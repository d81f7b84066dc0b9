"""Named settings: those that the benchmarks of this field are trained with here."""

from collections.abc import Mapping
from typing import Any

from textgen.config.settings import changed
from textgen.errors import UsageError

PRESETS: dict[str, dict[str, Any]] = {
    "tiny-shakespeare": {
        "tokenizer": "char",
        "budget": "10m",
    },
    "wikitext-2": {
        "tokenizer": "word",
        "strict": True,
        "budget": "30m",
    },
}


def with_preset(name: str | None, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that were chosen, and beneath them those of a preset, if one is named.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in (None, *PRESETS):
        raise UsageError(f"preset is {name!r}; it must be one of {', '.join(PRESETS)}")
    return changed(PRESETS[name] if name else {}, chosen)
