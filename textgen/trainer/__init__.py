"""Training: the job (folder, lock, resume), the trainer (the loop), the train step (TensorFlow).

`Trainer` is resolved on first use, because it imports TensorFlow; `backend` must be loaded before.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textgen.trainer.trainer import Trainer as Trainer

__all__ = ["Trainer"]


def __getattr__(name: str) -> Any:
    """Import the trainer on first use."""
    if name != "Trainer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from textgen.trainer.trainer import Trainer

    return Trainer
