"""Named settings: those that the benchmarks of this field are trained with here."""

from collections.abc import Mapping
from typing import Any

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
LENGTHS = {"budget", "steps", "epochs"}  # of which a run has one


def with_preset(name: str | None, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that were chosen, and beneath them those of a preset, if one is named."""
    preset = PRESETS[name] if name else {}
    if LENGTHS & chosen.keys():
        preset = {key: value for key, value in preset.items() if key not in LENGTHS}
    return {**preset, **chosen}
