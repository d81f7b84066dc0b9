"""How long and how a model is trained."""

from dataclasses import dataclass

from textgen.config.base import Config, option
from textgen.config.duration import parse_duration
from textgen.errors import UsageError

DEFAULT_BUDGET = "5m"


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Config):
    """Length, optimization and seed of a training run."""

    budget: str | None = option(
        None,
        f"Training time, as 90s, 10m or 1h30m: optimization and validation alone. "
        f"[default: {DEFAULT_BUDGET} unless --steps or --epochs is given]",
    )
    steps: int | None = option(None, "Number of optimizer steps, instead of a time.", minimum=1)
    epochs: int | None = option(
        None, "Number of passes over the training split, instead of a time.", minimum=1
    )
    batch_size: int = option(32, "Streams of text trained side by side.", minimum=1)
    window: int = option(
        64, "Tokens through which the gradient runs back (truncated back-propagation).", minimum=1
    )
    state_reset: float = option(
        0.02, "Probability that a stream begins a window with an empty state.", minimum=0, maximum=1
    )
    learning_rate: float = option(8e-3, "Peak learning rate of AdamW.", above=0)
    warmup: float = option(
        0.02, "Share of the steps in which the learning rate rises.", minimum=0, maximum=1
    )
    weight_decay: float = option(0.01, "Weight decay of AdamW, on matrices.", minimum=0)
    clip_norm: float = option(1.0, "Largest global norm of the gradient.", above=0)
    validations: int = option(
        10,
        "Most times that validation is measured; fewer if it took over 5% of the time.",
        minimum=1,
    )
    seed: int = option(
        1337, "Seed of weights, dropout and batches.", flags=("-s",), minimum=0, maximum=2**63 - 1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [n for n in ("budget", "steps", "epochs") if getattr(self, n) is not None]
        if len(given) > 1:
            raise UsageError(f"{' and '.join(given)} exclude each other; give one of them")
        if self.budget is not None:
            parse_duration(self.budget)

    @property
    def budget_seconds(self) -> float | None:
        """The time budget in seconds, or None when the length is given in steps or epochs."""
        if self.steps is not None or self.epochs is not None:
            return None
        return parse_duration(self.budget or DEFAULT_BUDGET)
