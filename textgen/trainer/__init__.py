"""Training: batches of streams, schedule, compiled step, validation, display.

`Trainer` is resolved on first use: it loads TensorFlow, and `backend` must come before that.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textgen.trainer.trainer import Trainer as Trainer

__all__ = ["Trainer"]


def __getattr__(name: str) -> Any:
    """Import the trainer when its name is first used."""
    if name != "Trainer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from textgen.trainer.trainer import Trainer

    return Trainer
