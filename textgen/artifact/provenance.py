"""What a model folder's manifest records of the model's corpus and training, checked."""

from pathlib import Path
from typing import Any

from textgen.config.model import PRECISIONS
from textgen.errors import DataError

# What the manifest's record of corpus and training must hold, where there is one.
RECORD: dict[str, dict[str, type]] = {
    "corpus": {"name": str, "licence": str, "cut": str, "settings": dict},
    "training": {
        **{"steps": int, "steps_done": int, "epochs": float, "seconds": float},
        **{"tokens_per_second": float, "validation": dict, "settings": dict},
    },
    "training.validation": {"nats_per_token": float, "perplexity": float, "bits_per_byte": float},
    "training.metrics": {},
    "training.settings": {"seed": int},
    "precision": {"default": str, "int8": float, "fp32": float, "tokens": int},
}


def check_provenance(path: Path, manifest: dict[str, Any]) -> None:
    """Refuse a record of corpus or training that lacks what is shown of it.

    Raises:
        DataError: it does.
    """
    for part, kinds in RECORD.items():
        told: Any = manifest
        for name in part.split("."):
            told = told.get(name) if isinstance(told, dict) else None
        if told is not None and not (isinstance(told, dict) and _holds(told, kinds)):
            raise DataError(f"{path}: damaged record of {part}; copy the model folder anew")
    if (told := manifest.get("precision")) and told["default"] not in PRECISIONS:
        raise DataError(f"{path}: damaged record of precision; copy the model folder anew")


def _holds(told: dict[str, Any], kinds: dict[str, type]) -> bool:
    """Tell whether values of these types are there; JSON may write a float as an integer."""
    return all(
        isinstance(told.get(key), int | float if kind is float else kind)
        for key, kind in kinds.items()
    )
